"""Exercises of 06_evaluate on sums before quotients: a pooled share, a pooled PSNR."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ....evaluate import psnr
from ..core import Wrong, call, exercise
from ..values import number, recognise

# Squared errors of two photos, the vivid and the foggy one: of the network and of the grey copy.
NETWORK, GREY = (600.0, 300.0), (1800.0, 200.0)


@exercise("06.1", "Two photos, one share", "a number: the explained chroma of both, pooled")
def pooled_share(share):
    """Two photos of which one is nearly grey: the pooled share, 0.55."""
    share = number(share, "share")
    each = [1 - n / g for n, g in zip(NETWORK, GREY, strict=True)]  # 0.667, -0.5
    pooled = 1 - sum(NETWORK) / sum(GREY)
    if abs(share - pooled) < 0.006:  # two digits are enough
        return (
            "1 - (600 + 300) / (1800 + 200) = 55 %. The mean of the two shares, 67 % and -50 %, "
            "would be 8 %: the foggy photo, with a ninth of the colour, would count as much. "
            "Pooled, it weighs what it has to lose."
        )
    hint = "first add up, then divide: both photos together have how much error, of how much?"
    more = "The network's errors sum to 900. Put that in the place of MSE(network)."
    sums = "The network's errors are 600 and 300, those of the grey copy 1800 and 200."
    slips = [
        (
            sum(each) / 2,
            Wrong(
                "the mean of shares",
                f"{sums} Yours is (67 % - 50 %) / 2: the foggy photo, with 200 of the 2000 that "
                "there are to explain, has half of the say.",
                hint,
                more,
            ),
        ),
        (
            1 - pooled,
            Wrong("what is left", f"{sums} 900 / 2000 is what is not explained.", hint, more),
        ),
        (
            100 * pooled,
            Wrong(
                "in per cent",
                f"{sums} 55 as a share would be 5500 %.",
                "a share of the whole is between 0 and 1: 0.1 for 10 %.",
                more,
            ),
        ),
        (
            each[0],
            Wrong("the vivid photo only", f"{sums} Yours is 1 - 600 / 1800.", hint, more),
        ),
        (
            each[1],
            Wrong("the foggy photo only", f"{sums} Yours is 1 - 300 / 200.", hint, more),
        ),
        (
            1 - sum(GREY) / sum(NETWORK),
            Wrong("upside down", f"{sums} Yours is 1 - 2000 / 900: grey is below.", hint, more),
        ),
        (
            (each[0] - each[1]) / 2,
            Wrong(
                "a share cannot be negative?",
                f"{sums} Yours takes the foggy photo's share as +50 %. It is 1 - 300 / 200 = "
                "-50 %: the network did harm there.",
                hint,
                more,
            ),
        ),
    ]
    for value, wrong in slips:
        if abs(share - value) < 0.006 * max(1.0, abs(value)):
            raise wrong
    raise Wrong("another share", f"{sums} Your {share:g} does not follow.", hint, more)


@exercise("06.3", "PSNR, pooled", "a function of (guess, truth)")
def pooled_psnr(answer):
    """Three pictures with errors of very different sizes; one number in dB."""
    dice = torch.Generator().manual_seed(6)
    truth = 0.2 + 0.6 * torch.rand(3, 3, 4, 5, generator=dice)  # (N, 3, H, W)
    size = torch.tensor([0.2, 0.05, 0.01])[:, None, None, None]
    guess = truth + size * torch.randn(truth.shape, generator=dice)
    given = call(answer, guess, truth)
    if isinstance(given, Tensor | np.ndarray) and math.prod(given.shape) != 1:
        raise Wrong(
            "a number each",
            f"Your function returns shape {tuple(given.shape)}; all photos together have one PSNR.",
            "the mean of the squared errors goes over photos, too.",
        )
    given = number(given, "what your function returns")
    mse = (guess - truth).square().mean((1, 2, 3))  # (N,)
    pooled = psnr(mse.mean().item())
    if abs(given - pooled) > 0.005:
        _another_psnr(given, guess, truth)
    each = ", ".join(f"{psnr(m):.1f}" for m in mse.tolist())
    return (
        f"Three pictures with an MSE of {_list(mse)}: pooled {pooled:.2f} dB. Their own PSNRs are "
        f"{each} dB, with a mean of {sum(map(psnr, mse.tolist())) / 3:.2f}: there the nearly right "
        "one decides, here the worst one. Not looked at: a perfect guess, whose PSNR is infinite."
    )


def _list(mse: Tensor) -> str:
    return ", ".join(f"{m:.5f}" for m in mse.tolist())


def _another_psnr(given: float, guess: Tensor, truth: Tensor) -> None:
    square = (guess - truth) ** 2  # (N, 3, H, W)
    mse = square.mean((1, 2, 3))
    mean = mse.mean().item()
    sums = f"The three pictures have an MSE of {_list(mse)}, all together {mean:.5f}."
    hint = "one MSE over everything, then -10 · log10 of it."
    more = "`((guess - truth) ** 2).mean()` without an axis goes over photos, channels and pixels."
    slips = [
        (
            sum(map(psnr, mse.tolist())) / 3,
            Wrong(
                "the mean of PSNRs",
                f"{sums} Yours, {given:.2f} dB, is the mean of "
                f"{', '.join(f'{psnr(m):.1f}' for m in mse.tolist())} dB: first decibels, then the "
                "mean. Pooled is the other way round.",
                hint,
                more,
            ),
        ),
        (
            2 * psnr(mean),
            Wrong(
                "20 instead of 10",
                f"{sums} Yours, {given:.2f} dB, is twice {psnr(mean):.2f}. 20 · log10 is for an "
                "error that is not squared.",
                hint,
                more,
            ),
        ),
        (
            psnr(mean) / 2,
            Wrong("of the root", f"{sums} Yours takes the root of it before the log.", hint, more),
        ),
        (
            -10 * math.log(mean),
            Wrong(
                "the natural logarithm",
                f"{sums} Yours, {given:.2f}, is -10 · ln; decibels are made with log10.",
                "`math.log10`, `torch.log10` or `np.log10`.",
                more,
            ),
        ),
        (
            -psnr(mean),
            Wrong(
                "the sign is turned",
                f"{sums} Yours, {given:.2f} dB, falls when the error falls.",
                "-10 · log10, for the logarithm of a number below 1 is negative.",
                more,
            ),
        ),
        (
            psnr(square.sum().item()),
            Wrong(
                "the sum, not the mean",
                f"{sums} Yours, {given:.2f} dB, is of their sum {square.sum():.3f}: larger photos "
                "would score worse.",
                hint,
                more,
            ),
        ),
        (
            psnr(mean / 255**2),
            Wrong(
                "a peak of 255",
                f"{sums} Yours, {given:.2f} dB, is 48.13 dB too high: it takes 255 for the largest "
                "value, and these pictures go from 0 to 1.",
                hint,
                more,
            ),
        ),
        (
            psnr((guess - truth).abs().mean().item()),
            Wrong("not squared", f"{sums} Yours takes the mean of |difference|.", hint, more),
        ),
        (mean, Wrong("no decibels", f"{sums} Yours is that MSE itself.", hint, more)),
    ]
    recognise(given, slips)
    text = f"{sums} That is {psnr(mean):.2f} dB, and yours is {given:.2f}."
    raise Wrong("another PSNR", text, hint, more)
