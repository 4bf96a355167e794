"""From prepared photos to random batches of 20: a dataset and a loader.

`prepare` decodes every kept photo once, into uint8 arrays on disk: L, and ab at a quarter of its
side. They are memory-mapped, so the set may be larger than the memory. Photos are stored a quarter
larger than the network sees them, which leaves room for random crops.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from .colour import scale_ab, scale_L
from .common.errors import CourseError
from .common.memory import free_memory
from .common.processes import part

BATCH_SIZE = 20  # the course's own
PHOTO_CROP = 0.4  # photos are few: crops of 40-100 % of the area make many out of each
SCENE_CROP = 0.85  # practice scenes are small and plentiful: closer crops cost more than they teach
ON_DEVICE = 0.25  # share of a GPU's free memory that the photos may take; the network needs more


@dataclass(frozen=True)
class PhotoSet(Dataset):
    """Photos as uint8 arrays; an item is (x, y), a batch of items is read in one go.

    L: (N, S, S) uint8, L* 0..100 as 0..255. ab: (N, 2, s, s) uint8, ab + 128; s = S/4 for
    training photos, s = S for photos that judge, which they do at full resolution.
    rows: one dict a photo (query, sha256, url, file). size: side of what is served, in pixels.
    crop: smallest share of a photo's area that a random crop shows, None for whole photos.
    optimum: (N, 2, S, S) like ab, the best possible answer, for practice scenes only.
    """

    L: np.ndarray | Tensor
    ab: np.ndarray | Tensor
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
        size, dice, place = self.size, self.generator, ()
        if isinstance(indices, Batch):
            size, dice, place = indices.side or size, indices.dice(), indices.place
        L, ab = _take(self.L, indices)[:, None], _take(self.ab, indices)  # bytes until they are cut
        if self.crop is None:
            L, ab = resize(L, size), resize(ab, size)
        else:
            L, ab = random_crop(L, ab, size, self.crop, dice, *place)
        return scale_L(L * (100 / 255)), scale_ab(ab - 128)

    @property
    def nbytes(self) -> int:
        """Size of the photos in bytes."""
        return self.L.nbytes + self.ab.nbytes

    def best(self, index: int) -> Tensor:
        """The best possible answer for a practice scene, (2, H, W) scaled ab."""
        return scale_ab(resize(_take(self.optimum, [index]), self.size)[0] - 128)

    def to(self, device: str | torch.device) -> PhotoSet:
        """The same photos with L and ab as uint8 tensors on a device; batches are cut there."""
        return replace(self, L=_on(self.L, device), ab=_on(self.ab, device))


def _take(array: np.ndarray | Tensor, indices: list[int]) -> Tensor:
    """Some photos of an array, as a tensor on the device where the array lies."""
    taken = array[indices]
    return taken if isinstance(taken, Tensor) else torch.from_numpy(taken)


def _on(array: np.ndarray | Tensor, device: str | torch.device) -> Tensor:
    """A whole array on a device, read a thousand photos at a time."""
    if isinstance(array, Tensor):
        return array.to(device)
    tensor = torch.empty(array.shape, dtype=torch.uint8, device=device)
    for start in range(0, len(array), 1000):
        part = slice(start, start + 1000)
        tensor[part] = torch.tensor(array[part])
    return tensor


def resize(image: Tensor, size: int) -> Tensor:
    """(B, C, S, S) -> (B, C, size, size) floats, bilinear; unchanged if it has that size."""
    image = image.float()
    if image.shape[-1] == size:
        return image
    return F.interpolate(image, size=(size, size), mode="bilinear", antialias=True)


def random_crop(
    x: Tensor, y: Tensor, size: int, smallest: float, generator: torch.Generator | None = None,
    first: int = 0, whole: int | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Random squares of smallest..1 of the photos' area, mirrored or not, at size x size.

    x (B, 1, S, S) and y (B, 2, s, s), S a multiple of s, are cut alike; bytes or floats go in,
    floats come out. Five photos at a time share the size of their square, and each has its own
    place: resizing five is as quick as resizing one, and a batch still holds several sizes. (With
    one size a batch, BatchNorm learnt to rely on it, and whole photos scored far below grey.)
    first: where x begins in a batch of `whole` photos, of which other processes cut the rest: the
    numbers are drawn for all of it, so that together they cut what one process would.
    """
    step = x.shape[-1] // y.shape[-1]  # cuts fall between the pixels of y
    pairs, whole = [], whole or len(x)
    for start in range(0, whole, 5):
        five = min(5, whole - start)
        area = smallest + (1 - smallest) * torch.rand(1, generator=generator).item()
        side = round(y.shape[-1] * area**0.5)  # in pixels of y
        places = torch.randint(y.shape[-1] - side + 1, (five, 2), generator=generator)
        mirrored = torch.rand(five, generator=generator) < 0.5
        if ours := range(max(start, first), min(start + five, first + len(x))):
            here, drawn = (slice(ours[0] - n, ours[-1] + 1 - n) for n in (first, start))
            pairs.append(
                [
                    resize(cut(z[here], places[drawn] * scale, side * scale, mirrored[drawn]), size)
                    for z, scale in ((x, step), (y, 1))
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
    runs: Path | None = None  # the folder in which `fit` keeps its runs; None: it keeps none
    test: PhotoSet | None = None  # opened once, at the very end; None: there is none

    def to(self, device: str | torch.device) -> PhotoData:
        """The data with all training photos on a GPU that has room for them; else as it is."""
        device = torch.device(device)
        free = free_memory(device) if device.type == "cuda" else None
        if free is None or self.train.nbytes > ON_DEVICE * free:
            return self
        return replace(self, train=self.train.to(device))

    def loader(self, batch_size: int = BATCH_SIZE, seed: int = 0) -> DataLoader:
        """Random batches of training photos: x (B, 1, H, W), y (B, 2, H, W), shuffled each epoch.

        The last, smaller batch of an epoch is left out: BatchNorm would take its statistics from
        too few photos. The seed decides order and crops, see `Batches`.
        """
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise CourseError(f"batch_size is {batch_size!r}; give a whole number, 1 or more.")
        return DataLoader(
            self.train,
            batch_sampler=Batches(len(self.train), batch_size, seed),
            collate_fn=lambda batch: batch,  # the set already returns whole batches
            # Each iteration draws a number for worker processes. Out of torch's own generator it
            # would change what dropout draws in a run that begins its epoch a second time.
            generator=torch.Generator(),
        )


class Batch(list):
    """Indices of the photos in a batch, the seed of its crops, and their side if not the set's.

    place: where they begin in the whole batch, and its photos, if other processes have the rest.
    """

    def __init__(
        self, indices: list[int], seed: list[int], side: int | None = None, place: tuple = ()
    ) -> None:
        super().__init__(indices)
        self.seed, self.side, self.place = seed, side, place

    def dice(self) -> torch.Generator:
        """A generator of random numbers that is the same whenever this batch is made."""
        return _generator(self.seed)


def _generator(seed: list[int]) -> torch.Generator:
    state = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state))


class Batches(Sampler):
    """Deals the photos out in batches, in a different order each epoch.

    Order and crops follow from the seed, the epoch and the number of the batch, from nothing else:
    so a run that was stopped can go on in the middle of an epoch as if nothing had happened.
    """

    def __init__(self, photos: int, batch_size: int, seed: int) -> None:
        self.photos, self.batch_size, self.seed = photos, batch_size, seed
        self.epoch, self.first = 0, 0  # of the next iteration: its epoch, its first batch
        self.side: int | None = None  # of the photos in the next batch, pixels; None: the set's own
        self.part = (0, 1)  # which process this is, of how many that share each batch

    def __len__(self) -> int:
        """Batches an epoch; a last, smaller one is left out unless it is the only one."""
        return max(1, self.photos // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        epoch, first = self.epoch, self.first
        self.epoch, self.first = epoch + 1, 0
        order = torch.randperm(self.photos, generator=_generator([self.seed, epoch])).tolist()
        for number in range(first, len(self)):
            start = number * self.batch_size
            batch = order[start : start + self.batch_size]
            mine = part(len(batch), *self.part)
            place = mine.start, len(batch)
            yield Batch(batch[mine], [self.seed, epoch, number], self.side, place)
