"""Which photos make up a batch, with which crops: all of it follows from a seed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch.utils.data import Sampler


class Batch(list):
    """Indices of the photos in a batch, the seed of its crops, and their side if not the set's."""

    def __init__(self, indices: list[int], seed: list[int], side: int | None = None) -> None:
        super().__init__(indices)
        self.seed, self.side = seed, side

    def dice(self) -> torch.Generator:
        """A generator of random numbers that is the same whenever this batch is made."""
        return _generator(self.seed)


def _generator(seed: list[int]) -> torch.Generator:
    state = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state))


class Batches(Sampler):
    """Deals the photos out in batches, in another order each epoch.

    Order and crops follow from the seed, the epoch and the number of the batch, from nothing else:
    so a run that was stopped can go on in the middle of an epoch as if nothing had been.
    """

    def __init__(self, photos: int, batch_size: int, seed: int) -> None:
        self.photos, self.batch_size, self.seed = photos, batch_size, seed
        self.epoch, self.first = 0, 0  # of the next iteration: its epoch, its first batch
        self.side: int | None = None  # of the photos in the next batch, pixels; None: the set's own

    def __len__(self) -> int:
        """Batches an epoch; a last, smaller one is left out unless it is the only one."""
        return max(1, self.photos // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        epoch, first = self.epoch, self.first
        self.epoch, self.first = epoch + 1, 0
        order = torch.randperm(self.photos, generator=_generator([self.seed, epoch])).tolist()
        for number in range(first, len(self)):
            start = number * self.batch_size
            mine = order[start : start + self.batch_size]
            yield Batch(mine, [self.seed, epoch, number], self.side)
