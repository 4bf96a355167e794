"""Exercises of chapter 06 on scores: a pooled share, a pooled PSNR, and the best factors."""

import math

import numpy as np
import torch
from torch import Tensor

from ....evaluate import psnr
from ..answers import number
from ..core import call, exercise
from ..slips import ELSE, recognise, same, wrong_if


@exercise("06.1", "Two photos, one share", "a number: the explained chroma of both, pooled")
def pooled_share(share):
    """Two photos: the network's errors are 600 and 300, the grey copy's 1800 and 200: 0.55."""
    share = number(share, "share")
    vivid, foggy = 1 - 600 / 1800, 1 - 300 / 200

    def is_(value: float) -> bool:  # two digits are enough
        return abs(share - value) < 0.006 * max(1.0, abs(value))

    slips = {
        "the mean of shares: Yours is (67 % - 50 %) / 2: the foggy photo, with 200 of the 2000 "
        "that there are to explain, has half of the say.": is_((vivid + foggy) / 2),
        "what is left: 900 / 2000 is what is not explained.": is_(0.45),
        "in per cent: 55 would be 5500 %. Hint: a share of the whole is between 0 and 1.": is_(55),
        "the vivid photo only: Yours is 1 - 600 / 1800.": is_(vivid),
        "the foggy photo only: Yours is 1 - 300 / 200.": is_(foggy),
        "upside down: Yours is 1 - 2000 / 900: grey is below.": is_(1 - 2000 / 900),
        "a share cannot be negative?: Yours takes the foggy photo's share as +50 %. It is 1 - 300 "
        "/ 200 = -50 %: the network did harm there.": is_((vivid - foggy) / 2),
        f"another share: Your {share:g} does not follow. Hint: first add up, then divide. More: "
        "The network's errors sum to 900. Put that in the place of MSE(network).": ELSE,
    }
    start = "The network's errors are 600 and 300, those of the grey copy 1800 and 200."
    recognise(slips, right=is_(0.55), start=start)
    return (
        "1 - (600 + 300) / (1800 + 200) = 55 %. The mean of the two shares, 67 % and -50 %, would "
        "be 8 %: the foggy photo, with a ninth of the colour, would count as much."
    )


@exercise("06.6", "PSNR, pooled", "a function of (guess, truth)")
def pooled_psnr(answer):
    """Three pictures with errors of very different sizes; one number in dB."""
    dice = torch.Generator().manual_seed(6)
    truth = 0.2 + 0.6 * torch.rand(3, 3, 4, 5, generator=dice)  # (N, 3, H, W)
    size = torch.tensor([0.2, 0.05, 0.01])[:, None, None, None]
    guess = truth + size * torch.randn(truth.shape, generator=dice)
    given = call(answer, guess, truth)
    shape = tuple(getattr(given, "shape", ()))
    wrong_if(
        math.prod(shape) != 1,
        f"a number each: Your function returns shape {shape}; all photos together have one PSNR. "
        "Hint: the mean of the squared errors goes over photos, too.",
    )
    given = number(given, "what your function returns")
    square, plain = (guess - truth) ** 2, (guess - truth).abs().mean().item()
    mse = square.mean((1, 2, 3)).tolist()  # of each picture
    mean, averaged = sum(mse) / 3, sum(map(psnr, mse)) / 3
    pooled, each = psnr(mean), ", ".join(f"{psnr(m):.1f}" for m in mse)
    slips = {
        f"the mean of PSNRs: It is the mean of {each} dB: first decibels, then the mean. "
        "Pooled is the other way round.": averaged,
        "20 instead of 10: It is twice that; 20 · log10 is for unsquared errors.": 2 * pooled,
        "of the root: It takes the root before the logarithm.": pooled / 2,
        "the natural logarithm: It is -10 · ln. Hint: `math.log10`.": -10 * math.log(mean),
        "the sign is turned: It falls when the error falls. Hint: -10 · log10, because the "
        "logarithm of a number below 1 is negative.": -pooled,
        "the sum, not the mean: It is of their sum.": psnr(square.sum().item()),
        "a peak of 255: It is 48.13 dB too high.": psnr(mean / 255**2),
        "not squared: It takes the mean of |difference|.": psnr(plain),
        "no decibels: It is that MSE itself.": mean,
        f"another PSNR: {pooled:.2f} dB is right. Hint: one MSE over everything, then -10 · log10 "
        "of it, as these pictures go from 0 to 1. More: `((guess - truth) ** 2).mean()` goes over "
        "photos, channels and pixels.": ELSE,
    }
    errors = ", ".join(f"{m:.5f}" for m in mse)
    start = f"The pictures' MSE is {errors}, all together {mean:.5f}; yours is {given:.2f} dB."
    recognise(slips, given, right=abs(given - pooled) <= 0.005, start=start)
    return (
        f"Pooled {pooled:.2f} dB. The three PSNRs, {each} dB, have a mean of {averaged:.2f}: there "
        "the nearly right one decides, here the worst. Not looked at: a perfect guess (infinite)."
    )


@exercise("06.3", "A factor for a, and one for b", "a function of (guess, truth)")
def best_factors(answer):
    """Four small pictures: both factors of the smallest squared error."""
    dice = torch.Generator().manual_seed(7)
    truth = torch.randn(4, 2, 5, 6, generator=dice) * torch.tensor([0.2, 0.3])[:, None, None] + 0.1
    guess = torch.tensor([0.5, 1.4])[:, None, None] * truth  # too pale in a, too vivid in b
    guess += 0.1 * torch.randn(truth.shape, generator=dice)
    guess[3] *= 3  # unlike the rest
    given = _two(call(answer, guess, truth))
    axes = (0, 2, 3)
    py, pp, yy = (x.sum(axes) for x in (guess * truth, guess**2, truth**2))  # (2,) each
    right, both = py / pp, (py.sum() / pp.sum()).expand(2)
    each = (guess * truth).sum((2, 3)) / guess.square().sum((2, 3))  # (N, 2)
    wide, narrow = (x.transpose(0, 1).flatten(1).std(1) for x in (truth, guess))  # (2,) each

    def is_(factors: Tensor) -> bool:
        return same(given, factors, 2e-3)

    def left(factors: Tensor) -> float:
        return (factors[:, None, None] * guess - truth).square().sum().item()

    slips = {
        "one factor for both: That is the factor of both channels together.": is_(both),
        "a and b swapped: The first has to be that of a.": is_(right.flip(0)),
        "divided by the truth's square: p · y / y² makes the truth like the guess.": is_(py / yy),
        "as vivid as the truth: Those are the roots of y² / p²: they make the guess as vivid as "
        "the truth even where it is wrong, and so pay more. Hint: equal spread is not the least "
        "error.": is_((yy / pp).sqrt()),
        "equal spread: std(truth) / std(guess) spreads the guess as widely as the truth, even "
        "where it is wrong. Hint: equal spread is not the least error.": is_(wide / narrow),
        "a quotient of means: Green and red cancel.": is_(truth.sum(axes) / guess.sum(axes)),
        "a mean of the photos' factors: Pool the sums of all photos first.": is_(each.mean(0)),
        "upside down: That is p² / p · y.": is_(pp / py),
        f"other factors: They leave an error of {left(given):.2f}; {left(right):.2f} can be had. "
        "Hint: the formula just before the slider, once for each channel. More: "
        "(guess * truth).sum(dim=(0, 2, 3)) is a sum for each channel: shape (2,).": ELSE,
    }
    named = zip(("p · y", "p²", "y²"), (py, pp, yy), strict=True)
    sums = ", ".join(f"of {name} {x[0]:.2f} and {x[1]:.2f}" for name, x in named)
    start = f"Sums in a and in b: {sums}. Yours are {given[0]:.3f} and {given[1]:.3f}."
    recognise(slips, right=left(given) <= 1.001 * left(right), start=start)  # a search will do
    return (
        f"Here the squared error is {left(torch.ones(2)):.1f} as guessed, {left(both):.1f} with "
        f"{both[0]:.2f} for both, and {left(right):.1f} with yours. Not looked at: your network. "
        "In the notebook `best_factors(guess, y)` gives its two factors."
    )


def _two(given) -> Tensor:
    """The two factors; one that stands for both twice, and without keepdim's axes of length 1."""
    shape = tuple(np.shape(given)) if not isinstance(given, dict | str) else None
    if isinstance(given, int | float | Tensor | np.generic) and shape in ((), (1,)):
        given = [given, given]
    elif isinstance(given, Tensor | np.ndarray) and np.prod(shape) == 2:
        given = given.reshape(2)
    wrong_if(
        not isinstance(given, Tensor | np.ndarray | tuple | list) or len(given) != 2,
        f"not two factors: Your function returns {type(given).__name__} of shape {shape}, but must "
        "return two numbers. Hint: sum over photos, rows and columns: axes 0, 2 and 3.",
    )
    return torch.tensor([number(one, "a factor") for one in given])
