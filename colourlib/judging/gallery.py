"""Pictures before numbers: the grey photo, the guess and the truth, large.

gallery.show_photos(ws.root, data.validation, guess, [3, 14, 15], "Nobody picked these")
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from .. import show
from ..colour import lab_to_rgb, rgb_to_lab, to_bytes, to_tensor, unscale_ab
from ..common.pictures import square
from ..data import PhotoSet

SIDE = 192  # pixels: a photo in a figure
INCHES = 1.8  # the same on the page


def show_photos(
    root: Path, photos: PhotoSet, guess: Tensor, indices: Sequence[int], title: str
) -> show.Picture:
    """A column for each photo: grey, guess and truth; above it the share of chroma explained.

    root: the workspace's folder. guess: (N, 2, H, W) scaled ab, for all N photos of the set.
    """
    indices = [int(i) for i in indices]
    _, y = photos.__getitems__(indices)
    mine = guess[indices].float().cpu()  # (n, 2, H, W)
    error, grey = ((z**2).sum(dim=(1, 2, 3)) for z in (mine - y, y))
    shares = [share(value) for value in (1 - error / grey.clamp(min=1e-6)).tolist()]
    truth = truths(root, photos, indices)
    rows = {"in grey": coloured(truth, 0 * y), "the guess": coloured(truth, mine), "truth": truth}
    known = [f"{photos.rows[i]['query']}: {one}" for i, one in zip(indices, shares, strict=True)]
    return show.grid(
        sum(rows.values(), []), known + [""] * 2 * len(known), len(known), side=INCHES,
        title=title, row_labels=[*rows],
        alt=f"{title}: {len(known)} photos in the rows {', '.join(rows)}. By query, the share of "
        f"chroma that is explained: {', '.join(known)}.",
    )  # fmt: skip


def share(value: float) -> str:
    """Explained chroma as a caption; what is far below grey needs no digits."""
    return "< -999%" if value < -9.99 else f"{round(value, 2) + 0.0:.0%}"  # never "-0%"


def truths(root: Path, photos: PhotoSet, indices: Sequence[int]) -> list[Image.Image]:
    """The photos as they are, their middle squares at SIDE x SIDE."""
    files = [Path(root) / photos.rows[i]["file"] for i in indices]
    return [square(show.photo_or_reason(file, SIDE)[0], SIDE) for file in files]


def coloured(truth: list[Image.Image], y: Tensor) -> list[np.ndarray]:
    """The lightness of these pictures with the chroma y (n, 2, h, w): n of (SIDE, SIDE, 3)."""
    L, _ = rgb_to_lab(torch.cat([to_tensor(picture) for picture in truth]))  # (n, 1, SIDE, SIDE)
    ab = F.interpolate(unscale_ab(y), size=L.shape[2:], mode="bilinear", align_corners=False)
    return list(to_bytes(lab_to_rgb(L, ab)))
