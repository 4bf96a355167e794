"""Exercises of 05_train on what a step does: the squared error, a mask, and AdamW."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..answers import number
from ..core import Wrong, call, exercise
from ..slips import ELSE, near, recognise, same, wrong_if


@exercise("05.1", "The best answer, and its error", "two numbers: the best a, and its MSE")
def best_answer(answer, error):
    """Apples of which 30 % have a = 60 and 70 % -20: the answer of the smallest MSE, 4; its MSE."""
    answer, error = number(answer, "answer"), number(error, "error")
    slips = {
        "halfway between the two: That is the mean of 60 and -20.": 20,
        "the most frequent colour: It hits seven of ten, and misses the other three by 80.": -20,
        "grey, whatever the colours: Grey was best for as many red cars as green ones.": 0,
        "the sum, not the mean: That is a sum over the apples.": (40, 400),
        "the shares swapped: 30 % are red, not 70 %.": 36,
        "a sign is lost: 18 + 14: the green ones are at -20, and pull the other way.": 32,
        "another answer: It is not the best. Hint: the bottom of the bowl is the mean. More: Add "
        "up a over ten apples, three red and seven green, and divide by ten.": ELSE,
    }
    recognise(slips, answer, right=4, start=_bowl(answer))
    slips = {
        "nothing is left: It would be 0 only if it hit them all.": 0,
        f"the root: {error:.2f} is the root of the mean square.": 1344**0.5,
        "the sum of squares: Yours adds up a hundred apples.": 134400,
        "not squared: Yours is 0.3 · 56 + 0.7 · 24, unsquared.": 33.6,
        "divided by one less: Yours divides the sum over a hundred apples by 99, as `var` does by "
        "default. Hint: `.var(correction=0)` divides by how many there are.": 134400 / 99,
        "the error of grey: Yours is what the answer 0 costs: 0.3 · 60² + 0.7 · 20².": 1360,
        "as many red as green: Yours weighs both by one half.": 1856,
        f"another error: 56² = 3136, 24² = 576; your {error:g} is not their mean. Hint: square "
        "both distances, weigh the first with 0.3 and the second with 0.7, and add.": ELSE,
    }
    start = "The answer 4 misses every red apple by 56 and every green one by 24."
    recognise(slips, error, right=1344, start=start)
    return (
        "4 is the mean, and no apple has it. Its MSE, 0.3 · 56² + 0.7 · 24² = 1344, is the "
        "variance: no training gets below it while red and green look alike in grey."
    )


def _bowl(answer: float) -> str:
    """The MSE of an answer, written out, and that of an answer a little nearer to the mean."""

    def mse(a: float) -> float:
        return 0.3 * (a - 60) ** 2 + 0.7 * (a + 20) ** 2

    beside = answer + (1 if answer < 4 else -1) * min(1.0, abs(answer - 4))
    return (
        f"Your {answer:g} has an MSE of 0.3 · ({answer:g} - 60)² + 0.7 · ({answer:g} + 20)² = "
        f"{mse(answer):.6g}. The answer {beside:g} has {mse(beside):.6g}, which is less."
    )


@exercise("05.2", "A loss that skips the border", "a function of (guess, truth, mask)")
def masked_mse(answer):
    """Two pictures of 3 x 4 of which 7 and 2 pixels count, a gradient, and a mask of ones."""
    dice = torch.Generator().manual_seed(5)
    guess, truth = torch.randn(2, 2, 2, 3, 4, generator=dice)  # (N, 2, H, W) each
    mask = torch.zeros(2, 1, 3, 4)
    mask[0].view(-1)[:7], mask[1].view(-1)[4:6] = 1, 1
    given = _masked(answer, guess, truth, mask)
    shape = tuple(given.shape) if isinstance(given, Tensor) else ()
    wrong_if(
        math.prod(shape) != 1,
        f"no single number: Your function returns shape {shape}. Hint: add up what counts, then "
        "divide by how many numbers that are.",
    )
    loss = number(given, "the loss")
    _loss(loss, guess, truth, mask)
    ones = number(call(answer, guess, truth, torch.ones_like(mask)), "the loss")
    mse = F.mse_loss(guess, truth).item()
    slips = {
        f"no gradient: The value is right. But from a {type(given).__name__} `loss.backward()` has "
        "nowhere to go. Hint: return the tensor.": not getattr(given, "requires_grad", False),
        f"right for one mask only: With a mask of ones `F.mse_loss` is {mse:.4f}, and yours "
        f"{ones:.4f}. Hint: the mask says how many count.": not near(ones, mse),
    }
    recognise(slips)
    return (
        f"The squares of 18 numbers were averaged: {loss:.4f}. With a mask of ones it is "
        "`F.mse_loss`, and a gradient comes through. Not looked at: a mask without a single 1."
    )


def _masked(answer, guess: Tensor, truth: Tensor, mask: Tensor):
    """What the function gives; an index that does not fit is a mistake with a name of its own."""
    try:
        return call(answer, guess.clone().requires_grad_(), truth, mask)
    except Wrong as stop:
        wrong_if(
            isinstance(stop.__cause__, IndexError) and "mask" in str(stop.__cause__),
            "picked with a mask of one channel: `[mask == 1]` wants a mask of the shape of what it "
            f"picks from. That is {tuple(guess.shape)}, and the mask is {tuple(mask.shape)}. Hint: "
            "multiply by the mask: then its one channel serves both. More: `mask.expand_as(guess) "
            "== 1` has both channels, and picks, too.",
        )
        raise


def _loss(loss: float, guess: Tensor, truth: Tensor, mask: Tensor) -> None:
    square = (guess - truth) ** 2  # (2, 2, 3, 4)
    total, border = (square * mask).sum().item(), (square * (1 - mask)).sum().item()
    one, two = (square[i][:, mask[i, 0] > 0].mean().item() for i in range(2))
    half, plain = ((guess * mask - truth) ** 2).sum(), (square.sqrt() * mask).sum()
    slips = {
        "the mask is not used: That is the mean over all 48 numbers, border too.": square.mean(),
        f"divided by all pixels: That is {total:.2f} / 48: the border counts.": total / 48,
        f"one channel counted: That is {total:.2f} / 9: a and b both count.": total / 9,
        "the sum, not the mean: A photo with less border would weigh more.": total,
        "the mask the wrong way round: Yours is of the 30 numbers of the border.": border / 30,
        f"a mean of means: That is ({one:.3f} + {two:.3f}) / 2: the 2 pixels of the second picture "
        "weigh as much as the 7 of the first.": (one + two) / 2,
        "the root of it: That is a root.": (total / 18) ** 0.5,
        "without squares: You average the differences themselves.": plain / 18,
        "only the guess is masked: The truth is not 0.": (half / 18, half / 48),
        f"another loss: It should be {total:.2f} / 18 = {total / 18:.4f}. Hint: divide the squares "
        "that count by how many they are. More: In a product with (N, 2, H, W) the mask serves "
        "both channels, but mask.sum() counts each pixel once.": ELSE,
    }
    start = f"The squares of 9 pixels · 2 channels add up to {total:.2f}. Yours gives {loss:.4f}."
    recognise(slips, loss, right=total / 18, start=start)


BETA1, BETA2, EPS = 0.9, 0.999, 1e-8
LR, STRENGTH, CLOSE = 0.01, 0.1, 1e-6


def _averages(m: Tensor, v: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
    return m + (1 - BETA1) * (grad - m), v + (1 - BETA2) * (grad**2 - v)


def _step(grad: Tensor, m: Tensor, v: Tensor, t: int, fair: bool = True, root: bool = True):
    """Adam's step, to be taken off; m and v are those before this gradient."""
    m, v = _averages(m, v, grad)
    if fair:
        m, v = m / (1 - BETA1**t), v / (1 - BETA2**t)
    return LR * m / ((v.sqrt() if root else v) + EPS)


def _wanted(w: Tensor, *rest) -> Tensor:
    return w - LR * STRENGTH * w - _step(*rest)


def _slips(w: Tensor, grad: Tensor, *kept) -> dict[str, Tensor]:
    """{what is said of a slip: the w that it leads to}."""
    pull, step = LR * STRENGTH * w, _step(grad, *kept)
    unfair, rootless = _step(grad, *kept, fair=False), _step(grad, *kept, root=False)
    return {
        "L2 instead of decay: You add strength · w to the gradient: that is L2. "
        "Adam then divides the pull, too.": w - _step(grad + STRENGTH * w, *kept),
        "no pull: Your weights move as with plain Adam: nothing pulls.": w - step,
        "the pull without lr: It takes off a tenth of the weight.": w - STRENGTH * w - step,
        "pulled away from zero: Your pull has the sign +: w grows by it.": w + pull - step,
        "the penalty, not its slope: Your pull is lr · strength / 2 · w²: the same for w = 2 by "
        "chance. w² / 2 is the price, and its gradient is w.": w - pull * w / 2 - step,
        "the pull after the step: Your pull is taken of the weight that has "
        "moved already, not of the old w.": (w - step) * (1 - LR * STRENGTH),
        "without bias correction: In step 1 m by the root of v is 0.1 / 0.032 = 3.2, not 1. Hint: "
        "divide m by 1 - 0.9**t and v by 1 - 0.999**t, for the step only.": w - pull - unfair,
        "uphill: Your step is added to the weight.": w - pull + step,
        "no root: Your step is divided by v itself. Hint: `v_fair.sqrt()`.": w - pull - rootless,
    }


@exercise("05.6", "AdamW's step", "a function of (w, grad, m, v, t, lr, strength)")
def adamw_step(answer):
    """The first and the third step of four weights, then five steps beside torch.optim.AdamW."""
    w = torch.tensor([2.0, -1.0, 0.5, -3.0], dtype=torch.float64)
    grad = torch.tensor([0.5, -0.002, 1.0, 0.03], dtype=torch.float64)
    early = (w, grad, 0 * w, 0 * w, 1)
    late = (w, grad, *_averages(0.3 * grad.flip(0), grad.flip(0) ** 2 / 500, grad), 3)
    for given in (early, late):
        new, m, v = _three(call(answer, *given, LR, STRENGTH), w)
        if not same(new, _wanted(*given), CLOSE):
            _another_step(answer, early, late)
        next_m, next_v = _averages(given[2], given[3], grad)
        wrong_if(
            not (same(m, next_m, CLOSE) and same(v, next_v, CLOSE)),
            f"the averages are not kept: The weight is right. But you return m = {m[0]:.4f}, v = "
            f"{v[0]:.6f}; the next step needs {next_m[0]:.4f} and {next_v[0]:.6f}. Hint: return "
            "the averages after this gradient, without the correction.",
        )
    theirs = torch.nn.Parameter(w.clone())
    optimiser = torch.optim.AdamW([theirs], lr=LR, weight_decay=STRENGTH)
    m, v = 0 * w, 0 * w
    for t in range(1, 6):
        grad = torch.sin(w * t)
        w, m, v = _three(call(answer, w, grad, m, v, t, LR, STRENGTH), w)
        theirs.grad = torch.sin(theirs.detach() * t)
        optimiser.step()
        wrong_if(
            not torch.allclose(w, theirs.detach(), rtol=1e-6, atol=1e-8),
            f"no longer torch's: Wrong after {t} steps on end: your first weight is {w[0]:.8f}, "
            f"torch's {theirs[0]:.8f}. Hint: does your function use `t` and both averages?",
        )
    return (
        "Adam's step from w = 2 is 0.01, the pull 0.002, together 1.988. Five steps later your "
        "weights are those of `torch.optim.AdamW`. Not looked at: which weights should be pulled "
        "at; BatchNorm's scales and the biases should not."
    )


def _three(result, w: Tensor) -> list[Tensor]:
    """The answer's w, m and v."""
    pieces = list(result) if isinstance(result, tuple | list) else [result]
    kinds = [
        f"a tensor {tuple(p.shape)}" if isinstance(p, Tensor) else type(p).__name__ for p in pieces
    ]
    wrong_if(
        kinds != [f"a tensor {tuple(w.shape)}"] * 3,
        f"not three tensors: Your function returns {', '.join(kinds)}, but must return w, m and v, "
        f"each {tuple(w.shape)}. Hint: end with `return w, m, v`, in this order.",
    )
    return [p.detach().double() for p in pieces]


def _another_step(answer, early: tuple, late: tuple) -> None:
    """Name the slip that explains both steps, with the numbers of the first weight."""
    first, third = (_three(call(answer, *g, LR, STRENGTH), g[0])[0] for g in (early, late))
    rest = "It should be 1.988. (The order is w, m, v.)"
    if same(first, _wanted(*early), CLOSE):
        rest = f"That is right; in step 3 it is {third[0]:.6g}, not {_wanted(*late)[0]:.6g}."
    both = zip(_slips(*early).items(), _slips(*late).values(), strict=True)
    slips = {
        text: same(first, one, CLOSE) and same(third, three, CLOSE) for (text, one), three in both
    }
    slips |= {
        f"another step: {rest} Hint: AdamW's pull is lr · strength · w, beside Adam's step. More: "
        "Move m and v with the gradient; take Adam's step of them and the pull off w.": ELSE
    }
    start = (
        "From w = 2 with gradient 0.5 Adam's first step is 0.01, the pull 0.01 · 0.1 · 2 = 0.002."
    )
    recognise(slips, start=f"{start} Your w is {first[0]:.6g}, a move of {first[0] - 2:+.6g}.")
