"""Answers as a check can judge them: a number, a tensor, choices, or words for the teacher.

A number may come as int, float or Fraction, as a tensor or an array of one element. Whatever
cannot be read raises a Wrong that says what the task asks for.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from numbers import Real

import numpy as np
import torch
from torch import Tensor

from .core import Noted, Open
from .slips import must_be, recognise, unreadable_if, wrong_if

FEWEST, DIFFERENT = 20, 12  # words of an answer to an open question, and different words among them


def number(value, name: str) -> float:
    """One finite number out of an answer; `name` is what the task calls it. Raises Wrong else."""
    if isinstance(value, np.ndarray | Tensor) and math.prod(value.shape) == 1:
        value = value.item()
    shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
    unreadable_if(
        isinstance(value, bool) or not isinstance(value, Real),
        f"`{name}` is of type {type(value).__name__}{shape}, but must be one number. Hint: give a "
        "number, or a line of code that comes out as one.",
    )
    unreadable_if(
        not math.isfinite(value),
        f"`{name}` is {value}, and nothing can be computed with that. Hint: somewhere there was a "
        "division by 0, or an overflow.",
    )
    return float(value)


def tensor(result, what: str) -> Tensor:
    """What a function gave, as float64 of whatever shape. Raises Wrong where it is no tensor."""
    try:
        return torch.as_tensor(result).detach().to("cpu", torch.float64)
    except (TypeError, ValueError, RuntimeError):
        must_be(False, result, f"one tensor, {what}")


def numbers(result, shape: tuple[int, ...], what: str) -> Tensor:
    """What a function gave, as float64 of this shape. Raises Wrong otherwise.

    Takes tensors (of any number format, with gradients or without), arrays and lists. what: the
    shape in words: '(N, 1, H, W)'.
    """
    given = tensor(result, what)
    wrong_if(
        tuple(given.shape) != tuple(shape),
        f"a tensor of another shape: Your function gives a tensor of shape {tuple(given.shape)}, "
        f"but the task asks for {what}, here {tuple(shape)}. Hint: print the shape after each "
        "line, and see where it turns into another.",
    )
    return given


def plain(choice):
    """A choice as it counts: of text neither capitals nor blanks around it."""
    return choice.strip().lower() if isinstance(choice, str) else choice


def chosen(answer, things: Collection[str], allowed: Sequence) -> dict:
    """{thing: choice}, one of `allowed` for each of `things`, in their order.

    answer: a dict. Raises Open while dots stand in it, and Wrong where it is no dict, lacks a
    thing, or holds what nobody can choose.
    """
    names = ", ".join(map(repr, allowed))
    must_be(isinstance(answer, Mapping), answer, "a dict with a choice for each thing")
    missing = [thing for thing in things if thing not in answer]
    wrong_if(
        missing,
        f"a choice is missing: There are {len(things) - len(missing)} of {len(things)} choices, "
        f"but none for {', '.join(missing)}. Hint: leave the keys of the dict as they were given.",
    )
    if left := [thing for thing in things if answer[thing] is ... or answer[thing] is None]:
        raise Open(
            f"{len(things) - len(left)} of {len(things)} choices are made. Write one of {names} in "
            f"place of the dots behind {left[0]!r}."
        )
    made = {thing: plain(answer[thing]) for thing in things}
    for thing, choice in made.items():
        wrong_if(
            choice not in allowed,
            f"not one of the choices: For {thing!r} you chose {choice!r}; there are {names}. Hint: "
            "copy a choice as it is written in the task; numbers have no quotation marks.",
        )
    return made


def words_for_teacher(text, before: str = "", hint: str = "") -> Noted:
    """Keep a free answer of at least FEWEST words; it is not judged.

    before: what is said first about a part of the answer that was judged and is right; hint: what
    the words should be about, in place of the general hints.
    """
    must_be(isinstance(text, str), text, "sentences, between three quotes on either side")
    words = text.split()
    different = len({word.lower().strip(".,;:!?()") for word in words})
    hint = hint or "a claim, a reason for it, and a case in which it fails: a sentence each."
    slips = {
        f"too short to discuss: Your answer has {len(words)} word{'s' * (len(words) != 1)}; with "
        f"fewer than {FEWEST} there is nothing to discuss.": len(words) < FEWEST,
        f"the same words again: Of your {len(words)} words {different} "
        f"differ{'s' * (different == 1)}. Hint: {hint}": different < DIFFERENT,
    }
    recognise(slips, start=before.strip())
    return Noted(f"Your {len(words)} words are kept for your teacher; nobody has graded them.")
