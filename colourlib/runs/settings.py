"""The settings of a run, checked: an unknown name or a bad value is told before any training."""

from __future__ import annotations

import difflib
import math
from dataclasses import fields, replace

from ..common.errors import CourseError
from ..train import LOSSES, Config

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
