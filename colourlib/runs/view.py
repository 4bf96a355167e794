"""What is shown of a run at one moment."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..colour import to_picture
from ..common.copies import undisturbed
from ..data import PhotoSet
from ..evaluate import answer
from ..train import Stages


@dataclass(frozen=True)
class Sample:
    """One validation photo in three versions, each (h, w, 3) uint8 sRGB."""

    query: str  # the words that it was found with
    grey: np.ndarray
    network: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True)
class View:
    """A run at one moment. Explained chroma is a share: 0 the grey copy, 1 the truth, or < 0."""

    name: str
    state: str  # "training", "stopped", "finished" or "failed"
    sentence: str  # what goes on, or how it ended
    progress: float  # 0..1
    seconds: float  # so far
    left: float | None  # seconds that it still takes; None: not known yet
    rate: float  # photos a second
    losses: list[tuple[float, float]]  # (epochs done, mean training loss since the point before)
    history: list[dict]  # a row a validation, with "epoch" and "explained_chroma" at least
    levels: dict[str, float]  # explained chroma of the baselines
    grey_loss: float  # the loss of the grey copy on the validation photos
    samples: list[Sample]
    training_grey_loss: float | None = None  # on training crops; None: the same
    end: float | None = None  # epochs at the end of the run, about; None: not known yet


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
        """The photos as the network colours them now; none where it fails at it."""
        try:  # how often one looks must not change what dropout does in the training
            with undisturbed():
                pictures = to_picture(self.x, torch.nan_to_num(answer(network, self.x)))
        except Exception:  # training or validation tells of the same fault, or has done so
            return []
        return [
            Sample(row["query"], *three)
            for row, *three in zip(self.rows, self.grey, pictures, self.truth, strict=True)
        ]


def done_at(progress: float, plan: Stages, power: int) -> float:
    """The share that is done of what goes with side ** power.

    In a run of epochs or steps progress counts steps; the pixels shown, and so about the time, go
    with power 2. In a run of minutes it is time; the steps go with power -2, about.
    """
    return _amount(progress, plan, power) / _amount(1.0, plan, power)


def mean_cost(plan: Stages) -> float:
    """The time of a run of steps, about, as a share of one with all photos at full size."""
    return _amount(1.0, plan, 2) / plan[-1][1] ** 2


def _amount(progress: float, plan: Stages, power: int) -> float:
    """side ** power, summed over a run from its beginning to `progress`."""
    ends = [start for start, _ in plan[1:]] + [1.0]
    return sum(
        max(0.0, min(progress, end) - start) * side**power
        for (start, side), end in zip(plan, ends, strict=True)
    )


class Silent:
    """A board that draws nothing and asks for nothing."""

    def tick(self, look: Callable[[], View]) -> None:
        """Called after every step; look() gives the view, and is asked for where one is drawn."""

    def close(self, look: Callable[[], View]) -> None:
        """Called once at the end."""
