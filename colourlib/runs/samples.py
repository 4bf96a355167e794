"""Three validation photos that a run is shown by: grey, as the network colours them, and in truth.

Which three follows from the data alone, so that all runs on the same photos show the same ones.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..colour import to_picture
from ..data import PhotoSet
from ..evaluate import answer
from ..teaching.board import Sample


def choose(photos: PhotoSet) -> list[int]:
    """Indices of up to three photos of different queries, spread over the more colourful half.

    A grey photo would show nothing, and the most vivid ones are seldom what a network can learn.
    """
    chroma = [float(np.abs(photos.ab[i].astype(np.int16) - 128).mean()) for i in range(len(photos))]
    order = sorted(range(len(photos)), key=lambda i: (-chroma[i], photos.rows[i]["sha256"]))
    chosen: list[int] = []
    for share in (0.05, 0.2, 0.4):
        queries = {photos.rows[i]["query"] for i in chosen}
        rest = [i for i in order[int(share * len(order)) :] if i not in chosen]
        new = [i for i in rest if photos.rows[i]["query"] not in queries]
        chosen += (new or rest)[:1]
    return chosen


class Samples:
    """The chosen photos of a set, ready to be coloured again and again."""

    def __init__(self, photos: PhotoSet) -> None:
        chosen = choose(photos)
        self.rows = [photos.rows[i] for i in chosen]
        self.x, y = photos.__getitems__(chosen)  # (3, 1, H, W), (3, 2, H, W)
        self.truth = to_picture(self.x, y)
        self.grey = to_picture(self.x, torch.zeros_like(y))

    def coloured(self, network: Callable[[Tensor], Tensor]) -> list[Sample]:
        """The photos as the network colours them now; pictures are (h, w, 3) uint8."""
        y = answer(network, self.x)  # (3, 2, H, W)
        pictures = to_picture(self.x, torch.nan_to_num(y))
        return [
            Sample(row["query"], *three)
            for row, *three in zip(self.rows, self.grey, pictures, self.truth, strict=True)
        ]
