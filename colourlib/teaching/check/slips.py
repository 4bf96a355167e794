"""Slips: the wrong answers that an exercise knows, each with its name; `Wrong` is built here.

    slips = {
        "a and b added: That is 36 + 48, the way round the corner.": 84,
        "below zero: A length is never negative. Hint: square first.": given < 0,
        "another number: It should be 60. Hint: Pythagoras. More: √(36² + 48²)": ELSE,
    }
    recognise(slips, given, right=60, start=f"You have {given:g}.")

What is said of a slip stands first, what the slip gives behind it. The text is "mistake: message",
with the student's own numbers, and may end with " Hint: ..." and " More: ...".
"""

import numpy as np
import torch
from torch import Tensor

from .core import UNREADABLE, Wrong

ELSE = True  # the sign of a last slip: all that is not right and that no other one recognises


def near(one: float, other: float, share: float = 1e-3) -> bool:
    """Are two numbers the same to a thousandth, as one rounds by hand?"""
    return abs(one - other) <= share * max(abs(one), abs(other)) + 1e-9


def same(given: Tensor, wanted: Tensor, close: float = 1e-4) -> bool:
    """Do two tensors agree, up to `close` times the largest number wanted?"""
    if given.shape != wanted.shape:
        return False
    return bool(((given - wanted).abs() <= close * max(1e-9, wanted.abs().max().item())).all())


def _fits(given, sign) -> bool:
    if given is None or isinstance(sign, bool | np.bool_ | list | str):
        return bool(sign)
    if isinstance(sign, tuple):
        return any(_fits(given, one) for one in sign)
    if isinstance(given, Tensor):
        return same(given, sign.to(torch.float64))
    return near(given, float(sign))


def _parts(text: str) -> tuple[str, str, str, str]:
    """Mistake, message, hint and more of a text."""
    text, _, more = text.partition(" More: ")
    text, _, hint = text.partition(" Hint: ")
    mistake, _, message = text.partition(": ")
    return mistake, message, hint, more


def recognise(slips: dict, given=None, right=False, start: str = "") -> None:
    """Raise Wrong for the first slip that fits the answer, and for none if the answer is right.

    slips: {text: sign}. A sign is what the slip gives, a number or a tensor or a tuple of several;
    or whether it was made: True, False, or a list or text that says what is amiss. A text without
    hint or more takes those of the last text. given: the answer as a float or a tensor. right: the
    right answer, or whether this one is right. start: what each message begins with.
    """
    if _fits(given, right):
        return
    *_, (_, _, last_hint, last_more) = map(_parts, slips)
    for text, sign in slips.items():
        if _fits(given, sign):
            mistake, message, hint, more = _parts(text)
            message = f"{start} {message}".strip()
            raise Wrong(mistake, message, hint or last_hint, more or last_more)


def wrong_if(sign, text: str) -> None:
    """Raise Wrong where something is amiss: a table of one slip."""
    recognise({text: bool(sign)})


def must_be(right, answer, what: str) -> None:
    """Raise Wrong for an answer of another kind than the task asks for."""
    text = f"This is {answer!r:.60}, of type {type(answer).__name__}, but must be {what}."
    wrong_if(not right, f"{UNREADABLE}: {text} Hint: give {what}.")


def unreadable_if(sign, text: str) -> None:
    """Raise Wrong for an answer of the right kind that still cannot be read."""
    wrong_if(sign, f"{UNREADABLE}: {text}")
