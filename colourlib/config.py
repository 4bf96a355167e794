"""The settings of a training run, and what they ask for at each moment of it.

`Config` has every knob; `lr_at` and `size_at` say how large a step is and how large the photos are
when a share of the run is done. `train.train` is the loop that does it.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, fields, replace

import torch.nn.functional as F

from .data import BATCH_SIZE
from .model import SMALLEST
from .workspace import CourseError

LOSSES = {"mse": F.mse_loss}  # what the course teaches; another one would be added here


@dataclass(frozen=True)
class Config:
    """Every knob of a run."""

    loss: str = "mse"  # mean squared error of scaled ab
    lr: float = 1.2e-3  # Adam's largest step
    schedule: str = "cosine"  # up over the first 5 %, then down to 0; or 'constant'
    weight_decay: float = 1e-5  # L2, on convolution and linear weights only
    batch_size: int = BATCH_SIZE  # 20, the course's own
    epochs: float = 10  # passes over the training photos
    minutes: float | None = None  # a time limit instead of a number of epochs
    small_first: float = 0.5  # share of the run in which photos are shown smaller; 0: never
    average: float = 0.99  # weights are judged and kept as a running average of this decay; 0: off
    seed: int = 0  # of the order of the photos and of the crops; not of the model's first weights
    precision: str = "auto"  # 'fp32', 'bf16', or 'auto': the faster one, by a short measurement


CHOICES = {
    "loss": tuple(LOSSES),
    "schedule": ("cosine", "constant"),
    "precision": ("auto", "fp32", "bf16"),
}
MAY_BE_ZERO = ("weight_decay", "small_first", "average", "seed")


def configure(base: Config | None = None, **changes) -> Config:
    """A Config with some values changed.

    Raises CourseError for an unknown name, a bad value, or both a number of epochs and of minutes.
    """
    known = [f.name for f in fields(Config)]
    for name in changes:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise CourseError(f"fit knows no setting {name!r}. {hint}It knows {', '.join(known)}.")
    if "epochs" in changes and changes.setdefault("minutes", None) is not None:
        both = f"epochs={changes['epochs']!r} and minutes={changes['minutes']!r}"
        raise CourseError(f"Give {both} one at a time: minutes would decide, epochs be ignored.")
    config = replace(base or Config(), **changes)
    for name, allowed in CHOICES.items():
        if (value := getattr(config, name)) not in allowed:
            raise CourseError(f"{name} is one of {', '.join(map(repr, allowed))}, not {value!r}.")
    for name in known:
        value = getattr(config, name)
        if name not in CHOICES and not (value is None and name == "minutes"):
            _check_number(name, value)
    if config.average >= 1:
        raise CourseError(f"average has to be below 1, such as 0.99; it is {config.average!r}.")
    if config.small_first > 1:
        raise CourseError(f"small_first is a share, 1 at most; it is {config.small_first!r}.")
    return config


def _check_number(name: str, value) -> None:
    whole = name in ("batch_size", "seed")
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        kind = "a whole number" if whole else "a number"
        raise CourseError(f"{name} has to be {kind}; it is {value!r}.")
    if name in MAY_BE_ZERO and not 0 <= value < math.inf:
        raise CourseError(f"{name} has to be 0 or more; it is {value!r}.")
    if name not in MAY_BE_ZERO and not 0 < value < math.inf:
        raise CourseError(f"{name} has to be greater than 0; it is {value!r}.")


def lr_at(progress: float, config: Config) -> float:
    """The learning rate when a share `progress` (0..1) of the run is done: up, then down."""
    if config.schedule == "constant":
        return config.lr
    warm_up = min(1.0, progress / 0.05 + 0.01)
    return config.lr * warm_up * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def size_at(progress: float, config: Config, size: int) -> int:
    """The side of the photos, in pixels, when a share of the run is done: half, 3/4, then `size`.

    Half the side is a quarter of the work, and most of what there is to learn shows in small
    photos, too (progressive resizing, as in fast.ai's entry to DAWNBench 2018). The sizes are
    multiples of 16.
    """
    if progress >= config.small_first:
        return size
    share = 0.5 if progress < config.small_first / 2 else 0.75
    return min(size, max(SMALLEST, 16 * round(share * size / 16)))


def work_at(progress: float, config: Config, size: int) -> float:
    """The share of a run's pixels that has been shown when a share of its steps is done."""
    pixels = [size_at((i + 0.5) / 100, config, size) ** 2 for i in range(100)]
    return sum(pixels[: round(100 * progress)]) / sum(pixels)
