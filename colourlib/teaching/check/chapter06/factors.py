"""The exercise of 06_evaluate on the best factor for each of the guessed a and b."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..core import Wrong, call, exercise
from ..values import number


def _pictures() -> tuple[Tensor, Tensor]:
    """Guess and truth (4, 2, 5, 6): too pale in a, too vivid in b; the last one unlike the rest."""
    dice = torch.Generator().manual_seed(7)
    truth = torch.randn(4, 2, 5, 6, generator=dice) * torch.tensor([0.2, 0.3])[:, None, None] + 0.1
    pale = torch.tensor([0.5, 1.4])[:, None, None]
    noise = torch.randn(truth.shape, generator=dice)
    guess = pale * truth + 0.1 * noise
    guess[3] *= 3
    return guess, truth


def _factors(guess: Tensor, truth: Tensor) -> Tensor:
    """(2,): for each channel the factor of the smallest squared error."""
    return (guess * truth).sum((0, 2, 3)) / guess.square().sum((0, 2, 3))


def _left(factors: Tensor, guess: Tensor, truth: Tensor) -> float:
    return (factors[:, None, None] * guess - truth).square().sum().item()


@exercise("06.4", "A factor for a, and one for b", "a function of (guess, truth)")
def best_factors(answer):
    """Four small pictures: both factors of the smallest squared error."""
    guess, truth = _pictures()
    given = _two(call(answer, guess, truth))
    right = _factors(guess, truth)
    if _left(given, guess, truth) > 1.001 * _left(right, guess, truth):  # a search finds it too
        _other_factors(given, guess, truth)
    both = ((guess * truth).sum() / guess.square().sum()).expand(2)
    errors = [_left(f, guess, truth) for f in (torch.ones(2), both, right)]
    return (
        f"On the check's pictures your factors are {_text(given)}: squared error {errors[0]:.1f} "
        f"as guessed, {errors[1]:.1f} with the one factor {both[0]:.2f} for both, {errors[2]:.1f} "
        "with yours. Not looked at: your network. `x, y, p = next(report.batches())` gives truth y "
        "and guesses p of twenty photos: try `best_factors(p, y)`."
    )


def _two(given) -> Tensor:
    if isinstance(given, int | float | Tensor | np.generic) and np.shape(given) in ((), (1,)):
        given = [given, given]  # one factor for both
    if isinstance(given, Tensor | np.ndarray) and np.prod(given.shape) == 2:
        given = given.reshape(2)  # (1, 2, 1, 1), as keepdim leaves it
    if isinstance(given, Tensor | np.ndarray | tuple | list) and len(given) == 2:
        return torch.tensor([number(one, "a factor") for one in given])
    shape = tuple(given.shape) if isinstance(given, Tensor | np.ndarray) else type(given).__name__
    raise Wrong(
        "not two factors",
        f"Your function returns {shape}; two numbers are wanted, for a and for b.",
        "sum over photos, rows and columns: axes 0, 2 and 3 of (N, 2, H, W).",
    )


def _text(factors: Tensor) -> str:
    return " and ".join(f"{f:.3f}" for f in factors.tolist())


def _other_factors(given: Tensor, guess: Tensor, truth: Tensor) -> None:
    py, pp, yy = (
        (one * other).sum((0, 2, 3))
        for one, other in ((guess, truth), (guess, guess), (truth, truth))
    )
    told = (
        f"In a, the sum of p · y is {py[0]:.2f}, of p² {pp[0]:.2f} and of y² {yy[0]:.2f}; in b "
        f"they are {py[1]:.2f}, {pp[1]:.2f} and {yy[1]:.2f}. Yours are {_text(given)}."
    )
    hint = "the formula below the figure, with sums over one channel at a time."
    more = "(guess * truth).sum(dim=(0, 2, 3)) is a sum for each channel: shape (2,)."
    each = (guess * truth).sum((2, 3)) / guess.square().sum((2, 3))  # (N, 2)
    slips = [
        (
            (py.sum() / pp.sum()).expand(2),
            Wrong(
                "one factor for both",
                f"{told} That is the factor of both channels together.",
                hint,
                more,
            ),
        ),
        (
            py.flip(0) / pp.flip(0),
            Wrong("a and b swapped", f"{told} The first is to be that of a.", hint, more),
        ),
        (
            py / yy,
            Wrong(
                "divided by the truth's square",
                f"{told} Yours are p · y / y²: the factor that makes the truth like the guess.",
                hint,
                more,
            ),
        ),
        (
            (yy / pp).sqrt(),
            Wrong(
                "as vivid as the truth",
                f"{told} Yours are the roots of y² / p²: they make the guess as vivid as the "
                "truth, wherever it is wrong, too, and so pay more.",
                hint,
                more,
            ),
        ),
        (
            truth.sum((0, 2, 3)) / guess.sum((0, 2, 3)),
            Wrong(
                "a quotient of means",
                f"{told} Yours are sum of y over sum of p: green and red cancel in such sums.",
                hint,
                more,
            ),
        ),
        (
            each.mean(0),
            Wrong(
                "a mean of the photos' factors",
                f"{told} Yours are means of a factor for each photo, "
                f"in a {', '.join(f'{f:.2f}' for f in each[:, 0].tolist())}. Pool the sums first.",
                hint,
                more,
            ),
        ),
        (pp / py, Wrong("upside down", f"{told} Yours are p² / p · y.", hint, more)),
    ]
    for factors, wrong in slips:
        if torch.allclose(given, factors, rtol=2e-3):
            raise wrong
    costs = f"They leave an error of {_left(given, guess, truth):.2f}; "
    costs += f"{_left(_factors(guess, truth), guess, truth):.2f} can be had."
    raise Wrong("other factors", f"{told} {costs}", hint, more)
