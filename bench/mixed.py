"""Photos of several origins in one training, mixed in every batch, and shown at several sizes.

A network learns the white balance of the set that it is trained on and forgets that of the set
before; and one that has seen a single size loses at every other. The weights that come with the
repository have to serve photos from anywhere, so they are trained on mixtures (`bench/weights.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from scans import scanned
from torch import Tensor
from torch.utils.data import Dataset

from colourlib.colour import scale_ab
from colourlib.common.errors import CourseError
from colourlib.data import Batch, PhotoData, PhotoSet, resize
from colourlib.hints import simulated

SIZES = (64, 64, 96, 96, 96, 128, 128, 160)  # pixels; each batch draws one of them


@dataclass(frozen=True)
class MixedSet(Dataset):
    """Training photos of several sets, for `fit`: a batch holds photos of all, at one size.

    Photo i is one of sets[k], where the sets lie one behind the other, the k-th repeats[k] times.
    """

    sets: tuple[PhotoSet, ...]
    repeats: tuple[int, ...]  # how often an epoch shows each photo of a set, cut differently
    sizes: tuple[int, ...] = SIZES
    jitter: bool = True  # L as scans have it, see `scans`
    hinted: bool = False  # x (B, 4, S, S): hints from the truth, and where they are, behind L
    crop: float = 0.4  # smallest share of a photo's area that a crop shows
    size: int = field(init=False)  # the largest

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", max(self.sizes))

    def __len__(self) -> int:
        return sum(len(s) * n for s, n in zip(self.sets, self.repeats, strict=True))

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(s.nbytes for s in self.sets)

    def to(self, device: str | torch.device) -> MixedSet:
        """The same with the arrays of every set on a device."""
        return replace(self, sets=tuple(s.to(device) for s in self.sets))

    def __getitems__(self, indices: Batch) -> tuple[Tensor, Tensor]:
        """x (B, 1, S, S) scaled L and y (B, 2, S, S) scaled ab; S is drawn from `sizes`."""
        dice = indices.dice()
        size = self.sizes[int(torch.randint(len(self.sizes), (1,), generator=dice))]
        xs, ys, first = [], [], 0
        for photos, repeat in zip(self.sets, self.repeats, strict=True):
            last = first + len(photos) * repeat
            mine = [(i - first) % len(photos) for i in indices if first <= i < last]
            if mine:
                part = replace(photos, size=size, crop=self.crop, generator=dice)
                x, y = part.__getitems__(mine)
                xs.append(x)
                ys.append(y)
            first = last
        x, y = torch.cat(xs), torch.cat(ys)  # (B, 1, S, S), (B, 2, S, S)
        x = scanned(x, y, dice) if self.jitter else x
        return (torch.cat([x, simulated(y, dice)], dim=1) if self.hinted else x), y


@dataclass(frozen=True)
class Origin:
    """Photos from one place, prepared: what trains, what validates, and kinds never trained on."""

    name: str
    train: PhotoSet
    validation: dict[str, PhotoSet]  # "seen kinds", and "new kinds" where kinds were held out


def mixture(
    origins: Sequence[Origin],
    repeats: Sequence[int],
    sizes: Sequence[int] = SIZES,
    judged: int = 350,
    runs=None,
    jitter: bool = True,
    hinted: bool = False,
) -> PhotoData:
    """Data for `fit`: all origins train; the first `judged` photos of each kind of each validate.

    They validate as one set, at the middle one of the sizes, and so each photo counts alike. Raises
    CourseError where there are not as many repeats as origins.
    """
    if len(origins) != len(repeats):
        raise CourseError(f"{len(origins)} origins need as many repeats, not {len(repeats)}.")
    train = MixedSet(tuple(o.train for o in origins), tuple(repeats), tuple(sizes), jitter, hinted)
    chosen = [photos for o in origins for photos in o.validation.values()]
    middle = sorted(sizes)[len(sizes) // 2]
    weights = torch.tensor([float(len(o.train) * n) for o, n in zip(origins, repeats, strict=True)])
    tints = torch.stack([mean_ab(o.train) for o in origins])  # (K, 2)
    text = repr(
        [
            (o.name, [row["sha256"] for row in o.train.rows], n)
            for o, n in zip(origins, repeats, strict=True)
        ]
    )
    return PhotoData(
        train,
        one_set([some(photos, judged) for photos in chosen], middle),
        (tints * (weights / weights.sum())[:, None]).sum(0),
        hashlib.sha256(f"{text} {sizes} {jitter} {hinted}".encode()).hexdigest()[:12],
        runs,
    )


def mean_ab(photos: PhotoSet) -> Tensor:
    """Mean scaled ab of a set: (2,)."""
    mean = [float(photos.ab[:, k].mean(dtype=np.float64)) - 128 for k in (0, 1)]
    return scale_ab(torch.tensor(mean))


def some(photos: PhotoSet, count: int, kinds: set[str] | None = None) -> PhotoSet:
    """At most `count` photos of a set, spread evenly over it; only those of some kinds if named."""
    mine = [i for i, row in enumerate(photos.rows) if kinds is None or row["query"] in kinds]
    chosen = [mine[i * len(mine) // count] for i in range(count)] if len(mine) > count else mine
    return replace(
        photos, L=photos.L[chosen], ab=photos.ab[chosen], rows=[photos.rows[i] for i in chosen]
    )


def one_set(sets: Sequence[PhotoSet], size: int) -> PhotoSet:
    """Several validation sets as one, stored at `size` and served so."""
    L = [resize(torch.from_numpy(s.L[:])[:, None], size)[:, 0] for s in sets]
    ab = [resize(torch.from_numpy(s.ab[:]), size) for s in sets]
    L, ab = (torch.cat(parts).round().byte().numpy() for parts in (L, ab))
    return PhotoSet(L, ab, [row for s in sets for row in s.rows], size)
