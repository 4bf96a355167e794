"""Exercises of 05_train on the squared error: what it prefers, and where it counts.

Each knows the numbers that common slips lead to, by making the slip itself.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..core import Wrong, call, exercise
from ..values import near, number, recognise

RED, GREEN, SHARE = 60.0, -20.0, 0.3  # a of the apples, and the share of red ones
MEAN = SHARE * RED + (1 - SHARE) * GREEN  # 4
LEFT = SHARE * (RED - MEAN) ** 2 + (1 - SHARE) * (GREEN - MEAN) ** 2  # 1344


@exercise("05.1", "The best answer, and its error", "two numbers: the best a, and its MSE")
def best_answer(answer, error):
    """Apples of which 30 % have a = 60 and 70 % -20: the answer of the smallest MSE, and that."""
    answer, error = number(answer, "answer"), number(error, "error")
    if not near(answer, MEAN):
        _another_answer(answer)
    if not near(error, LEFT):
        _another_error(error)
    return (
        "4 = 0.3 · 60 + 0.7 · (-20) is the mean, and no apple has it. Its MSE is 0.3 · 56² + 0.7 · "
        "24² = 1344, the variance of the colours: no training can get below it while red and green "
        "apples look alike in grey."
    )


def _bowl(answer: float) -> str:
    """The MSE of an answer, written out, and that of an answer a little nearer to the mean."""

    def mse(a: float) -> float:
        return SHARE * (RED - a) ** 2 + (1 - SHARE) * (GREEN - a) ** 2

    beside = answer + (1 if answer < MEAN else -1) * min(1.0, abs(answer - MEAN))
    return (
        f"Your {answer:g} has an MSE of 0.3 · ({answer:g} - 60)² + 0.7 · ({answer:g} + 20)² = "
        f"{mse(answer):.6g}. The answer {beside:g} has {mse(beside):.6g}, which is less."
    )


def _another_answer(answer: float) -> None:
    bowl = _bowl(answer)
    hint = "the bottom of the bowl is the mean over all apples: how many of each are there?"
    more = "Add up a over ten apples, three red and seven green, and divide by ten."
    summed = Wrong("the sum, not the mean", f"That is a sum over the apples. {bowl}", hint, more)
    slips = [
        (
            (RED + GREEN) / 2,
            Wrong("halfway between the two", f"That is the mean of 60 and -20. {bowl}", hint, more),
        ),
        (
            GREEN,
            Wrong(
                "the most frequent colour",
                f"It hits seven of ten, and misses the other three by 80. {bowl}",
                hint,
                more,
            ),
        ),
        (
            0.0,
            Wrong(
                "grey, whatever the colours",
                f"Grey was best when there were as many red cars as green ones. {bowl}",
                hint,
                more,
            ),
        ),
        (10 * MEAN, summed),
        (100 * MEAN, summed),
        (
            SHARE * GREEN + (1 - SHARE) * RED,
            Wrong("the shares swapped", f"30 % are red, not 70 %. {bowl}", hint, more),
        ),
        (
            SHARE * RED - (1 - SHARE) * GREEN,
            Wrong(
                "a sign is lost",
                f"18 + 14: the green ones are at -20, and pull the other way. {bowl}",
                hint,
                more,
            ),
        ),
    ]
    recognise(answer, slips)
    raise Wrong("another answer", bowl, hint, more)


def _another_error(error: float) -> None:
    far = "The answer 4 misses every red apple by 56 and every green one by 24."
    hint = "the MSE of the answer 4: its distances from red and green, squared and weighed."
    more = "Square both distances; weigh the first with 0.3 and the second with 0.7; add."
    slips = [
        (
            0.0,
            Wrong("nothing is left", f"{far} It would be 0 only if it hit them all.", hint, more),
        ),
        (
            LEFT**0.5,
            Wrong("the root", f"{far} {error:.2f} is the root of the mean square.", hint, more),
        ),
        (
            100 * LEFT,
            Wrong("the sum of squares", f"{far} Yours adds up a hundred apples.", hint, more),
        ),
        (
            SHARE * 56 + (1 - SHARE) * 24,
            Wrong("not squared", f"{far} Yours is 0.3 · 56 + 0.7 · 24, unsquared.", hint, more),
        ),
        (
            SHARE * RED**2 + (1 - SHARE) * GREEN**2,
            Wrong(
                "the error of grey",
                f"{far} Yours is what the answer 0 costs: 0.3 · 60² + 0.7 · 20².",
                hint,
                more,
            ),
        ),
        (
            (56**2 + 24**2) / 2,
            Wrong("as many red as green", f"{far} Yours weighs both by one half.", hint, more),
        ),
    ]
    if near(error, LEFT * 100 / 99):  # var() with its default: too near for the others' tolerance
        raise Wrong(
            "divided by one less",
            f"{far} Yours divides the sum over a hundred apples by 99, as `var` does by default.",
            hint,
            "`.var(correction=0)` divides by how many there are.",
        )
    recognise(error, slips)
    raise Wrong(
        "another error",
        f"{far} 56² = 3136, 24² = 576; your {error:g} is no mean of these.",
        hint,
        more,
    )


@exercise("05.2", "A loss that skips the border", "a function of (guess, truth, mask)")
def masked_mse(answer):
    """Two pictures of 3 x 4 of which 7 and 2 pixels count, a gradient, and a mask of ones."""
    dice = torch.Generator().manual_seed(5)
    guess, truth = torch.randn(2, 2, 2, 3, 4, generator=dice)  # (N, 2, H, W) each
    mask = torch.zeros(2, 1, 3, 4)
    mask[0].view(-1)[:7], mask[1].view(-1)[4:6] = 1, 1
    given = call(answer, guess.clone().requires_grad_(), truth, mask)
    if isinstance(given, Tensor) and given.numel() != 1:
        raise Wrong(
            "no single number",
            f"Your function returns a tensor of shape {tuple(given.shape)}; a loss is one number.",
            "add up what counts, then divide by how many numbers that are.",
        )
    loss = number(given, "the loss")
    if not near(loss, _masked(guess, truth, mask)):
        _another_loss(loss, guess, truth, mask)
    if not isinstance(given, Tensor) or not given.requires_grad:
        raise Wrong(
            "no gradient",
            f"The value, {loss:.4f}, is right. But what you return ({type(given).__name__}) "
            "does not know how it was made: `loss.backward()` has nowhere to go.",
            "return the tensor itself, without `.item()`, `float()`, `.detach()` or NumPy.",
        )
    ones = number(call(answer, guess, truth, torch.ones_like(mask)), "the loss")
    if not near(ones, mse := F.mse_loss(guess, truth).item()):
        raise Wrong(
            "right for one mask only",
            f"With a mask of ones it has to be `F.mse_loss`, {mse:.4f}, and yours is {ones:.4f}.",
            "how many numbers count has to be taken from the mask.",
        )
    return (
        f"9 of 24 pixels count, so the squares of 18 numbers were averaged: {loss:.4f}. With a "
        "mask of ones it is `F.mse_loss`, and a gradient comes through. Not looked at: a mask "
        "without a single 1, where it would divide by zero."
    )


def _masked(guess: Tensor, truth: Tensor, mask: Tensor) -> float:
    return (((guess - truth) ** 2 * mask).sum() / (2 * mask.sum())).item()


def _another_loss(loss: float, guess: Tensor, truth: Tensor, mask: Tensor) -> None:
    square = (guess - truth) ** 2  # (2, 2, 3, 4)
    total = (square * mask).sum().item()
    one, two = (_masked(guess[i], truth[i], mask[i]) for i in range(2))
    half = ((guess * mask - truth) ** 2).sum().item()
    plain = ((guess - truth).abs() * mask).sum().item()
    sums = f"The squares that count add up to {total:.2f}, and 9 pixels · 2 channels = 18 numbers."
    hint = (
        "two sums, one divided by the other: of the squares that count, and of how many they are."
    )
    more = "mask is (N, 1, H, W): in a product with (N, 2, H, W) it serves both channels, but "
    more += "mask.sum() counts each pixel once."
    border = Wrong(
        "only the guess is masked",
        f"{sums} In yours, {loss:.4f}, the guess is 0 in the border, and the truth is not.",
        hint,
        more,
    )
    slips = [
        (
            square.mean(),
            Wrong(
                "the mask is not used",
                f"{sums} Yours, {loss:.4f}, is the mean over all 48 numbers, border too.",
                hint,
                more,
            ),
        ),
        (
            total / 48,
            Wrong(
                "divided by all pixels",
                f"{sums} Yours is {total:.2f} / 48 = {loss:.4f}: the border is 0 above, and still "
                "counted below.",
                hint,
                more,
            ),
        ),
        (
            total / 9,
            Wrong(
                "one channel counted",
                f"{sums} Yours is {total:.2f} / 9 = {loss:.4f}: a and b both count.",
                hint,
                more,
            ),
        ),
        (
            total,
            Wrong(
                "the sum, not the mean",
                f"{sums} Yours is the sum: a photo with less border would weigh more.",
                hint,
                more,
            ),
        ),
        (
            _masked(guess, truth, 1 - mask),
            Wrong(
                "the mask the wrong way round",
                f"{sums} Yours, {loss:.4f}, is the mean over the 30 numbers of the border.",
                "1 is where the photo is.",
                more,
            ),
        ),
        (
            (one + two) / 2,
            Wrong(
                "a mean of means",
                f"{sums} Yours is ({one:.3f} + {two:.3f}) / 2, first a mean for each picture: the "
                "2 pixels of the second weigh as much as the 7 of the first.",
                hint,
                more,
            ),
        ),
        (
            (total / 18) ** 0.5,
            Wrong("the root of it", f"{sums} Yours, {loss:.4f}, is a root.", hint, more),
        ),
        (
            plain / 18,
            Wrong(
                "without squares",
                f"{sums} Yours, {loss:.4f}, averages the differences themselves.",
                hint,
                more,
            ),
        ),
        (half / 18, border),
        (half / 48, border),
    ]
    recognise(loss, slips)
    text = f"{sums} {total:.2f} / 18 = {total / 18:.4f}; yours gives {loss:.4f}."
    raise Wrong("another loss", text, hint, more)
