"""Exercises of 07_vivid on distributions: a bin, soft shares, the loss, and a temperature."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..answers import number, numbers
from ..core import call, exercise
from ..slips import ELSE, must_be, recognise, same


def _is(given: Tensor, wanted: Tensor) -> bool:
    return same(given, wanted.double(), 2e-3)


@exercise("07.1", "Which bin?", "two numbers: a and b of the middle of a bin")
def which_bin(a, b):
    """A blue car, ab = (9, -36), and bins of 10 units around the multiples of 10: (10, -40)."""
    a, b = number(a, "a"), number(b, "b")

    def is_(x: float, y: float) -> bool:
        return (a, b) == (x, y)

    slips = {
        "rounded down: 9 is one unit from 10, and nine from 0. Hint: the middle that is nearest, "
        "not the one below.": is_(0, -40),
        "cut off: int() drops digits, toward 0: 9 / 10 becomes 0, and -3.6 becomes -3. Hint: "
        "round().": is_(0, -30),
        "rounded up: -36 is four units from -40, and six from -30.": is_(10, -30),
        "a and b swapped: The blue of this car is in b, below 0.": is_(-40, 10),
        "counted in bins: Those are steps from the middle of the plane. Hint: times 10.": is_(
            1, -4
        ),
        "not in a bin: That is the colour itself. All colours of one bin become one.": is_(9, -36),
        "the sign is lost: b is below 0; yours is yellow.": is_(10, 40),
        f"another bin: ({a:g}, {b:g}) is {((a - 9) ** 2 + (b + 36) ** 2) ** 0.5:.1f} units from "
        "it; the right middle is 4.1 away. Hint: round each to the nearest multiple of 10. More: "
        "10 * round(9 / 10) and 10 * round(-36 / 10).": ELSE,
    }
    recognise(slips, right=is_(10, -40), start=f"The car is (9, -36), your bin ({a:g}, {b:g}).")
    return (
        "(10, -40) is 4.1 units away. Nothing within a bin lies further off than 7.1, half of its "
        "diagonal: too little to see in a photo."
    )


@exercise("07.2", "Shares of five", "a function of (distance)")
def soft_shares(answer):
    """Distances (N, 5, H, W) of the five nearest bins: Gaussian shares that sum to 1."""
    dice = torch.Generator().manual_seed(2)
    distance = 14 * torch.rand(2, 5, 3, 4, generator=dice).sort(1).values
    given = numbers(call(answer, distance), (2, 5, 3, 4), "a share for each distance")
    bell = torch.exp(-(distance**2) / 50)
    sums = given.sum(1)

    def of(power: Tensor) -> Tensor:
        return power / power.sum(1, keepdim=True)

    slips = {
        "they do not sum to 1: Those are the bell's heights. Hint: divide by their sum over the "
        "five.": _is(given, bell),
        "the largest is 1: You divide by the largest height. Hint: by the sum.": _is(
            given, bell / bell.amax(1, keepdim=True)
        ),
        "summed over the wrong axis: Only all pixels together sum to something round. Hint: the "
        "five lie along axis 1: sum(dim=1, keepdim=True).": [
            True
            for axis in (0, 2, 3, (0, 1, 2, 3), (2, 3))
            if _is(given, bell / bell.sum(axis, keepdim=True))
        ],
        "the distance is not squared: exp(-d / 50) falls slowly at first: all five count nearly "
        "alike.": _is(given, of(torch.exp(-distance / 50))),
        "σ² without the 2: exp(-d² / 25) is too narrow. Hint: 2 σ² is 50.": _is(
            given, of(torch.exp(-(distance**2) / 25))
        ),
        "σ is not squared: exp(-d² / 10) gives nearly all to the nearest. Hint: 2 σ² = 50.": _is(
            given, of(torch.exp(-(distance**2) / 10))
        ),
        "the sign is turned: The farthest bin gets most. Hint: the exponent is below 0.": _is(
            given, of(torch.exp(distance**2 / 50))
        ),
        "all to the nearest: That is the hard bin, 1 and four times 0: orange and blue are equally "
        "wrong for red.": _is(given, F.one_hot(distance.argmin(1), 5).movedim(-1, 1)),
        "one over the distance: The nearest would get everything where the distance is 0.": _is(
            given, of(1 / distance)
        ),
        f"other shares: Those of the first pixel are {_listed(given[0, :, 0, 0])}; right is "
        f"{_listed(of(bell)[0, :, 0, 0])}. Hint: exp(-d² / (2 σ²)) with σ = 5, then divided by the "
        "sum over axis 1. More: torch.softmax(-distance**2 / 50, dim=1) does both.": ELSE,
    }
    start = f"At a pixel your five sum to {sums.min():.3g} up to {sums.max():.3g}."
    recognise(slips, right=_is(given, of(bell)), start=start)
    return (
        f"Each pixel's five sum to 1. At distances {_listed(distance[0, :, 0, 0], 1)} they are "
        f"{_listed(given[0, :, 0, 0])}. Not looked at: how the five are found."
    )


def _listed(values: Tensor, digits: int = 3) -> str:
    return ", ".join(f"{value:.{digits}f}" for value in values.tolist())


@exercise("07.3", "The loss of a distribution", "a function of (logits, target)")
def pixel_loss(answer):
    """Logits and target (N, Q, H, W): the cross-entropy, mean over pixels, one number."""
    dice = torch.Generator().manual_seed(3)
    logits = 2 * torch.randn(2, 6, 3, 5, generator=dice)
    target = torch.softmax(3 * torch.randn(2, 6, 3, 5, generator=dice), 1)
    result = call(answer, logits, target)
    if isinstance(result, Tensor) and result.numel() != 1:
        numbers(result, (), "one number")
    given = number(result, "what your function returns")

    def loss(axis) -> float:
        return -(target * F.log_softmax(logits, axis)).sum(1).mean().item()

    right, p = loss(1), logits.softmax(1)
    pixels = logits[:, 0].numel()
    log = -(target * p.log2()).sum(1).mean().item()
    slips = {
        "softmax over the wrong axis: It is over pixels or photos: then each colour is dealt out "
        "over the picture, and no pixel's shares sum to 1. Hint: the colours lie along axis 1.": (
            loss(0),
            loss(2),
            loss(3),
        ),
        "the mean over colours, too: It is divided by the number of bins. Hint: sum over axis 1, "
        "then the mean over the pixels.": (right / 6, loss(3) / 6),
        "a sum over the pixels: It grows with the photo. Hint: mean over the pixels.": (
            right * pixels,
            right * 15,
        ),
        "below zero: The logarithm of a share is below 0. Hint: a minus in front.": -right,
        "in bits: It is with log2. Torch takes the natural logarithm: log2 / 1.44.": log,
        "no softmax: log of logits, or the logits themselves, are no log-shares.": -(
            (target * logits).sum(1).mean().item()
        ),
        "no logarithm: It adds up shares that agree.": (
            -(target * p).sum(1).mean().item(),
            (target * p).sum(1).mean().item(),
        ),
        "guess and target exchanged: It is the log of the target, weighed by the guess.": -(
            (p * target.log()).sum(1).mean().item()
        ),
        "the divergence: It leaves out what nobody can know, the target's own entropy.": (
            right + (target * target.log()).sum(1).mean().item()
        ),
        f"another loss: {right:.4f} is right. Hint: log_softmax along axis 1, times target, summed "
        "over axis 1, the mean, a minus. More: -(target * log_p).sum(dim=1).mean().": ELSE,
    }
    recognise(slips, given, right=right, start=f"Your loss is {given:.4f}.")
    uniform = torch.log(torch.tensor(6.0)).item()
    return (
        f"{given:.4f}, as F.cross_entropy(logits, target) has it. Who knows nothing and gives all "
        f"six colours the same share pays log 6 = {uniform:.4f}."
    )


@exercise("07.4", "Where does T go?", "a function of (logits, bins, T)")
def tempered(answer):
    """Logits (N, Q, H, W), bins (Q, 2), T: the annealed mean (N, 2, H, W) in Lab units."""
    dice = torch.Generator().manual_seed(4)
    logits = 3 * torch.randn(2, 7, 3, 4, generator=dice)
    bins = 10.0 * torch.randint(-6, 7, (7, 2), generator=dice)
    T = 0.4

    def of(shares: Tensor) -> Tensor:
        return torch.einsum("nqhw,qc->nchw", shares, bins)

    must_be(callable(answer), answer, "a function of (logits, bins, T)")
    given = numbers(call(answer, logits, bins, T), (2, 2, 3, 4), "ab, (N, 2, H, W)")
    p = logits.softmax(1)
    right = of((logits / T).softmax(1))
    slips = {
        "no T at all: It is the mean, T = 1; or T went in where it cancels: p / T, divided by its "
        "sum, is p again. Hint: before the softmax.": _is(given, of(p)),
        "times T: T = 0.4 makes your distribution flatter, and the colours paler than the mean. "
        "Hint: divide.": _is(given, of((logits * T).softmax(1))),
        "T behind the softmax: The shares of p / T sum to 2.5, and all colours are 2.5 times too "
        "vivid: that is a saturation, not a choice. Hint: before the softmax.": (
            _is(given, of(p / T)) or _is(given, of(p) / T)
        ),
        "T times the colour: It is paler, and as undecided.": _is(given, T * of(p)),
        "not normalised: p ** (1 / T) sums to less than 1, so that all fades. Hint: divide by the "
        "sum over axis 1.": _is(given, of(p ** (1 / T))),
        "softmax twice: The softmax of p / T: p lies between 0 and 1, and nearly all bins end up "
        "alike. Hint: logits, not p.": (
            _is(given, of((p / T).softmax(1))) or _is(given, of(p.softmax(1)))
        ),
        "the mode: argmax takes one bin and ignores the second best.": _is(
            given, bins[logits.argmax(1)].movedim(-1, 1)
        ),
        "along the wrong axis: The shares of a pixel no longer sum to 1. Hint: dim=1.": [
            True for axis in (0, 2, 3) if _is(given, of((logits / T).softmax(axis)))
        ],
        "b before a: a is channel 0.": _is(given, right.flip(1)),
        "another colour: It is not the mean of the sharpened shares. Hint: softmax of logits / T "
        "along axis 1, then the mean of the bins. More: torch.einsum('nqhw,qc->nchw', shares, "
        "bins).": ELSE,
    }
    pixel, wanted = (_listed(z[0, :, 0, 0], 1) for z in (given, right))
    start = f"At T = 0.4 your first pixel is ab = ({pixel}), and should be ({wanted})."
    recognise(slips, right=_is(given, right), start=start)
    chroma = [of((logits / t).softmax(1)).norm(dim=1).mean().item() for t in (1.0, T, 0.01)]
    return (
        f"The mean chroma of these pixels is {chroma[0]:.0f} at T = 1, {chroma[1]:.0f} at 0.4 and "
        f"{chroma[2]:.0f} at 0.01, which is the mode."
    )
