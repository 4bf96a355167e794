"""The settings of a training run, and what they ask for at each moment of it.

`Config` has every knob; `lr_at` says how large a step is when a share of the run is done, `stages`
how large the photos are. `train.train` is the loop that does it.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, fields, replace

import torch.nn.functional as F

from .course.workspace import CourseError
from .data import BATCH_SIZE

# [(from this share of a run on, side of the photos in pixels), ...], the first from 0 on
Stages = list[tuple[float, int]]
LEAST = 48  # pixels a side of small photos
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


def stages(config: Config, size: int) -> Stages:
    """How large photos of `size` pixels are shown: half the side, three quarters, then all of it.

    Half the side is a quarter of the work, and most of what there is to learn shows in small
    photos, too (progressive resizing, as in fast.ai's entry to DAWNBench 2018). The sides are
    multiples of 16 and no smaller than 48: from less, little carries over to large photos.
    """
    shares = {0.0: 0.5, config.small_first / 2: 0.75, config.small_first: 1.0}
    found: Stages = []
    for start, share in shares.items():
        side = min(size, max(LEAST, 16 * round(share * size / 16)))
        if not found or found[-1][1] != side:
            found.append((start, side))
    return found


def side_at(progress: float, plan: Stages) -> int:
    """The side of the photos, in pixels, when a share of the run is done."""
    return [side for start, side in plan if start <= progress][-1]


def done_at(progress: float, plan: Stages, power: int) -> float:
    """The share that is done of what goes with side ** power.

    In a run of epochs progress counts steps; the pixels shown, and so about the time, go with
    power 2. In a run of minutes it is time; the steps go with power -2, about.
    """
    return _amount(progress, plan, power) / _amount(1.0, plan, power)


def mean_rate(plan: Stages) -> float:
    """How many times as many photos a run of minutes shows as one with all at full size, about."""
    return _amount(1.0, plan, -2) * plan[-1][1] ** 2


def _amount(progress: float, plan: Stages, power: int) -> float:
    """side ** power, summed over a run from its beginning to `progress`."""
    ends = [start for start, _ in plan[1:]] + [1.0]
    return sum(
        max(0.0, min(progress, end) - start) * side**power
        for (start, side), end in zip(plan, ends, strict=True)
    )
