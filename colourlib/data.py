"""From cleaned photos to random batches of 20: prepared arrays, a dataset, a loader.

Every kept photo is decoded once: its L at full resolution and its ab at a quarter of it go into
uint8 arrays on disk, which are memory-mapped, so that the set may be larger than the memory.
Photos are stored a quarter larger than the network sees them: room for random crops.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm

from . import clean, practice
from .colour import rgb_to_lab, scale_ab, scale_L, to_tensor
from .workspace import CourseError, replace_text

BATCH_SIZE = 20  # the course's own
PHOTO_CROP = 0.4  # photos are few: crops of 40-100 % of the area make many out of each
SCENE_CROP = 0.85  # practice scenes are small and plenty: closer crops cost more than they teach
ROOM = 1.25  # stored side / trained side of a photo: room for random crops
LAYOUT = 2  # raise it when what is stored changes, and every prepared set is made anew


@dataclass(frozen=True)
class PhotoSet(Dataset):
    """Photos as uint8 arrays; an item is (x, y), a batch of items is read in one go.

    L: (N, S, S) uint8, L* 0..100 as 0..255. ab: (N, 2, s, s) uint8, ab + 128; s = S/4 for
    training photos, s = S for validation photos, which are judged at full resolution.
    rows: one dict a photo (query, sha256, url, file). size: side of what is served, in pixels.
    crop: smallest share of a photo's area that a random crop shows, None for whole photos.
    optimum: (N, 2, S, S) like ab, the best possible answer, for practice scenes only.
    """

    L: np.ndarray
    ab: np.ndarray
    rows: list[dict]
    size: int
    crop: float | None = None
    optimum: np.ndarray | None = None
    generator: torch.Generator | None = None  # of the random crops; torch's own where None

    def __len__(self) -> int:
        return len(self.L)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """x (1, H, W) scaled L and y (2, H, W) scaled ab of one photo."""
        x, y = self.__getitems__([index])
        return x[0], y[0]

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        """x (B, 1, H, W) scaled L and y (B, 2, H, W) scaled ab of several photos at once."""
        L = torch.from_numpy(self.L[indices]).float()[:, None] * (100 / 255)  # (B, 1, S, S)
        ab = torch.from_numpy(self.ab[indices]).float() - 128  # (B, 2, s, s)
        x, y = scale_L(L), scale_ab(ab)
        if self.crop is not None:
            return random_crop(x, y, self.size, self.crop, self.generator)
        return resize(x, self.size), resize(y, self.size)

    def best(self, index: int) -> Tensor:
        """The best possible answer for a practice scene, (2, H, W) scaled ab."""
        ab = torch.from_numpy(np.array(self.optimum[index])).float() - 128
        return resize(scale_ab(ab)[None], self.size)[0]


def resize(image: Tensor, size: int) -> Tensor:
    """(B, C, S, S) -> (B, C, size, size), bilinear; the picture itself where the size is right."""
    if image.shape[-1] == size:
        return image
    return F.interpolate(image, size=(size, size), mode="bilinear", antialias=True)


def random_crop(
    x: Tensor, y: Tensor, size: int, smallest: float, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Random squares of smallest..1 of the photos' area, mirrored or not, at size x size.

    x (B, 1, S, S) and y (B, 2, s, s), s a whole part of S, are cut alike. Five photos at a time
    share the size of their square, each has its own place: resizing five is as quick as resizing
    one, and a batch still holds several sizes. (With one size a batch, BatchNorm learnt to rely on
    it: whole photos then scored far below grey.) The filter is that of `resize`, as for photos.
    """
    step = x.shape[-1] // y.shape[-1]  # cuts fall between the pixels of y
    pairs = []
    for five in zip(x.split(5), y.split(5), strict=True):
        area = smallest + (1 - smallest) * torch.rand(1, generator=generator).item()
        side = round(y.shape[-1] * area**0.5)  # in pixels of y
        places = torch.randint(y.shape[-1] - side + 1, (len(five[0]), 2), generator=generator)
        mirrored = torch.rand(len(five[0]), generator=generator) < 0.5
        pairs.append(
            [
                resize(cut(images, places * scale, side * scale, mirrored), size)
                for images, scale in zip(five, (step, 1), strict=True)
            ]
        )
    xs, ys = zip(*pairs, strict=True)
    return torch.cat(xs), torch.cat(ys)  # (B, 1, size, size), (B, 2, size, size)


def cut(images: Tensor, places: Tensor, side: int, mirrored: Tensor) -> Tensor:
    """Squares of one size out of (B, C, S, S), at places (B, 2) top and left, some mirrored."""
    squares = []
    for image, (top, left), mirror in zip(images, places.tolist(), mirrored.tolist(), strict=True):
        square = image[:, top : top + side, left : left + side]
        squares.append(square.flip(-1) if mirror else square)
    return torch.stack(squares)  # (B, C, side, side)


@dataclass(frozen=True)
class PhotoData:
    """What a network is trained and judged on."""

    train: PhotoSet
    validation: PhotoSet
    mean_tint: Tensor  # (2,) scaled ab: the training photos' mean colour
    fingerprint: str  # changes with the pictures, the decisions, the split and the size

    def loader(self, batch_size: int = BATCH_SIZE, seed: int = 0) -> DataLoader:
        """Random batches of training photos: x (B, 1, H, W), y (B, 2, H, W), shuffled each epoch.

        The last, smaller batch of an epoch is left out: BatchNorm would take its statistics from
        too few photos. The seed decides order and crops.
        """
        generator = torch.Generator().manual_seed(seed)
        return DataLoader(
            replace(self.train, generator=generator),
            batch_size=batch_size,
            shuffle=True,
            drop_last=len(self.train) > batch_size,
            generator=generator,
            collate_fn=_as_it_is,  # the set already returns whole batches
        )


def _as_it_is(batch):
    return batch


def prepare(root: Path, verdicts: list, split: dict[str, str], size: int) -> PhotoData:
    """Decode every kept photo once into arrays under root/prepared, or reuse what lies there.

    split: sha256 -> "train" or "validation". Raises CourseError where a side has no photos left.
    """
    if size % 16:
        raise CourseError(f"The side of training pictures has to be a multiple of 16, not {size}.")
    sides = _sides(verdicts, split)
    fingerprint = _fingerprint(sides, size)
    folder = root / "prepared" / fingerprint
    if (folder / "meta.json").exists():
        print(f"Prepared photos are there already ({fingerprint}): nothing has changed.")
    else:
        _build(folder, root, sides, size)
    return _open(folder, size, fingerprint)


def _sides(verdicts: list, split: dict[str, str]) -> dict[str, list]:
    """The photos of each side; on practice scenes only those validate whose optimum is known."""
    sides = {"train": [], "validation": []}
    for verdict in verdicts:
        if verdict.keep and verdict.photo.sha256 in split:
            sides[split[verdict.photo.sha256]].append(verdict.photo)
    scenes = [photo for photo in sides["validation"] if practice.is_practice(photo.url)]
    if spoilt := len(sides["validation"]) - len(scenes) if scenes else 0:
        print(f"Not used for validation: {spoilt} spoilt scenes; their best colouring is unknown.")
        sides["validation"] = scenes
    for side, photos in sides.items():
        if not photos:
            raise CourseError(
                f"No photo is left for {side}: of {len(verdicts)} pictures, "
                f"{sum(v.keep for v in verdicts)} passed the cleaning (02_clean shows why). "
                f"Collect more, or loosen a rule."
            )
    return sides


def _fingerprint(sides: dict[str, list], size: int) -> str:
    content = [LAYOUT, size, {side: sorted(p.sha256 for p in ps) for side, ps in sides.items()}]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def _build(folder: Path, root: Path, sides: dict[str, list], size: int) -> None:
    """Fill a scratch folder, then give it its name: a half-built set is never found."""
    scratch = folder.with_name(f"building-{os.getpid()}")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    stored = round(size * ROOM / 4) * 4
    _store(scratch, root, "train", sides["train"], stored, stored // 4)
    _store(scratch, root, "validation", sides["validation"], stored, stored)
    rows = {
        s: [{"query": p.query, "url": p.url, "sha256": p.sha256, "file": p.file} for p in ps]
        for s, ps in sides.items()
    }
    replace_text(scratch / "meta.json", json.dumps({"rows": rows, "mean_ab": _mean_ab(scratch)}))
    for old in folder.parent.glob("*"):  # only ever our own arrays, of pictures that have changed
        if old != folder and not old.name.startswith("building-"):  # another notebook's, perhaps
            shutil.rmtree(old, ignore_errors=True)
    try:
        os.replace(scratch, folder)
    except OSError:  # another notebook was quicker, with the same result
        if not (folder / "meta.json").exists():
            raise
        shutil.rmtree(scratch, ignore_errors=True)


def _store(folder: Path, root: Path, side: str, photos: list, size: int, ab_size: int) -> None:
    """Write L (N, size, size), ab (N, 2, ab_size, ab_size) and, where it is known, the optimum."""
    n = len(photos)

    def array(name: str, shape: tuple[int, ...]) -> np.ndarray:
        path = folder / f"{side}_{name}.npy"
        return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)

    L, ab = array("L", (n, size, size)), array("ab", (n, 2, ab_size, ab_size))
    practised = side == "validation" and all(practice.is_practice(p.url) for p in photos)
    optimum = array("optimum", (n, 2, size, size)) if practised else None

    def one(i: int) -> None:
        picture = square(clean.open_picture(photos[i].path(root), size), size)
        lightness, chroma = rgb_to_lab(to_tensor(picture))  # (1, 1, S, S), (1, 2, S, S)
        L[i] = (lightness[0, 0] * 2.55).round().byte().numpy()
        ab[i] = to_byte(F.adaptive_avg_pool2d(chroma, ab_size)[0])
        if optimum is not None:
            best = practice.scene_of_url(photos[i].url).optimum()  # (H, W, 2)
            channels = [square(Image.fromarray(best[..., k]), size) for k in (0, 1)]
            optimum[i] = to_byte(torch.from_numpy(np.stack([np.asarray(c) for c in channels])))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(tqdm(pool.map(one, range(n)), total=n, desc=f"preparing {side}", unit="photo"))


def _mean_ab(folder: Path) -> list[float]:
    """The mean ab of the stored training photos, in Lab units."""
    ab = np.load(folder / "train_ab.npy", mmap_mode="r")  # (N, 2, s, s)
    return [float(ab[:, k].mean(dtype=np.float64)) - 128 for k in (0, 1)]


def to_byte(ab: Tensor) -> np.ndarray:
    """ab in Lab units as ab + 128 in uint8: steps of one unit, which nobody can see."""
    return (ab + 128).round().clamp(0, 255).byte().numpy()


def square(picture: Image.Image, side: int) -> Image.Image:
    """The middle square of a picture, resized to side x side."""
    return ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)


def _open(folder: Path, size: int, fingerprint: str) -> PhotoData:
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))

    def photo_set(side: str, **more) -> PhotoSet:
        arrays = {n: folder / f"{side}_{n}.npy" for n in ("L", "ab", "optimum")}
        mapped = {n: np.load(p, mmap_mode="r") for n, p in arrays.items() if p.exists()}
        return PhotoSet(**mapped, rows=meta["rows"][side], size=size, **more)

    validation = photo_set("validation")
    return PhotoData(
        photo_set("train", crop=PHOTO_CROP if validation.optimum is None else SCENE_CROP),
        validation,
        scale_ab(torch.tensor(meta["mean_ab"])),
        fingerprint,
    )
