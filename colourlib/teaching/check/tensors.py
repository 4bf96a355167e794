"""What a student's function gives, as a tensor that a check can compare with what a slip gives."""

from __future__ import annotations

import torch
from torch import Tensor

from .core import UNREADABLE, Wrong


def numbers(result, shape: tuple[int, ...], what: str) -> Tensor:
    """What a function gave, as float64 of this shape. Raises Wrong otherwise.

    Takes tensors (of any number format, with gradients or without), arrays and lists. what: the
    shape in words: '(N, 1, H, W)'.
    """
    given = tensor(result, what)
    if tuple(given.shape) != tuple(shape):
        raise Wrong(
            "a tensor of another shape",
            f"Your function gives a tensor of shape {tuple(given.shape)}; wanted is {what}, here "
            f"{tuple(shape)}.",
            "print the shape after each line, and see where it turns into another.",
        )
    return given


def tensor(result, what: str) -> Tensor:
    """What a function gave, as float64 of whatever shape. Raises Wrong where it is no tensor."""
    try:
        return torch.as_tensor(result).detach().to("cpu", torch.float64)
    except (TypeError, ValueError, RuntimeError):
        text = f"Your function gives a {type(result).__name__}; wanted is a tensor, {what}."
        raise Wrong(UNREADABLE, text, "return one tensor.") from None


def same(given: Tensor, wanted: Tensor, close: float = 1e-4) -> bool:
    """Do two tensors agree, up to `close` times the largest number wanted?"""
    if given.shape != wanted.shape:
        return False
    return bool(((given - wanted).abs() <= close * max(1e-9, wanted.abs().max().item())).all())


def raise_matching(given: Tensor, slips: list[tuple[Tensor, Wrong]]) -> None:
    """Raise the Wrong of the first slip that gives the same; slips: (what it gives, Wrong)."""
    for value, wrong in slips:
        if same(given, value.to(torch.float64)):
            raise wrong
