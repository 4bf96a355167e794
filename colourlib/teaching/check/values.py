"""What a student hands over, as the numbers it stands for, and what a wrong number tells.

A number may come as int, float or Fraction, as a tensor or an array of one element. Whatever
cannot be read is a Wrong that says what is wanted.
"""

from __future__ import annotations

import math
from numbers import Real

import numpy as np
import torch

from .core import UNREADABLE, Noted, Wrong

FEWEST, DIFFERENT = 20, 12  # words of an answer to an open question, and different words among them


def number(value, name: str) -> float:
    """One finite number out of an answer; `name` is what the task calls it. Raises Wrong else."""
    if isinstance(value, np.ndarray | torch.Tensor) and math.prod(value.shape) == 1:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        kind = type(value).__name__
        kind += f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
        text = f"`{name}` is of type {kind}; one number is wanted."
        raise Wrong(UNREADABLE, text, "a number, or a line of code that comes out as one.")
    if not math.isfinite(value):
        text = f"`{name}` is {value}, with which nothing can be computed."
        raise Wrong(UNREADABLE, text, "somewhere there was a division by 0, or an overflow.")
    return float(value)


def near(one: float, other: float, share: float = 1e-3) -> bool:
    """Are two numbers the same to a thousandth, as one rounds by hand?"""
    return abs(one - other) <= share * max(abs(one), abs(other)) + 1e-9


def recognise(given: float, slips: list[tuple[float, Wrong]]) -> None:
    """Raise the first Wrong whose number is the one given: what that slip would have led to."""
    for value, wrong in slips:
        if near(given, float(value)):
            raise wrong


def words_for_teacher(text, before: str = "", hint: str = "") -> Noted:
    """Keep a free answer of at least FEWEST words; it is not judged.

    before: what is said first, of a part of the answer that was judged and is right; hint: what
    the words are to be about, in place of the general hints.
    """
    if not isinstance(text, str):
        said = f"The answer is of type {type(text).__name__}; sentences in quotes are wanted."
        general = "write your sentences between three quotes on either side."
        raise Wrong(UNREADABLE, before + said, hint or general)
    words = text.split()
    if len(words) < FEWEST:
        raise Wrong(
            "too short to discuss",
            f"{before}Your answer has {len(words)} word{'s' * (len(words) != 1)}; fewer than "
            f"{FEWEST} leave nothing to discuss.",
            hint or "a claim, a reason for it, and a case in which it fails: a sentence each.",
        )
    if (different := len({word.lower().strip(".,;:!?()") for word in words})) < DIFFERENT:
        raise Wrong(
            "the same words again",
            f"{before}Of your {len(words)} words {different} differ{'s' * (different == 1)}.",
            hint or "say it as you would to a friend who has not seen the chapter.",
        )
    return Noted(f"Your {len(words)} words are kept for your teacher; nobody has graded them.")
