"""Exercises of 07_vivid: weights that lift rare colours, and reading a calibration curve."""

import torch
from torch import Tensor

from ..answers import number, numbers, plain
from ..core import call, exercise
from ..slips import ELSE, must_be, near, recognise, same, wrong_if


@exercise("07.5", "Weights for rare colours", "a function of (prior, even)")
def rare_weights(answer):
    """A prior (Q,) and λ: w = 1 / ((1 - λ) · prior + λ / Q), scaled to a mean of 1 in training."""
    prior = torch.tensor([0.6, 0.25, 0.1, 0.04, 0.01])
    even, count = 0.2, len(prior)
    given = numbers(call(answer, prior, even), (count,), "a weight for each bin, (Q,)")

    def of(mixed: Tensor) -> Tensor:
        return (1 / mixed) / (prior / mixed).sum()

    mixed = (1 - even) * prior + even / count
    right = of(mixed)

    def is_(wanted: Tensor) -> bool:
        return same(given, wanted.double(), 2e-3)

    mean = (prior * given).sum().item()
    slips = {
        "not normalised: Those are 1 / mixed. The loss would be larger by that, and the learning "
        "rate with it. Hint: divide by their mean in training.": is_(1 / mixed),
        "each bin counts the same in the mean: The mean over the *bins* is 1. But common colours "
        "come more often. Hint: weigh by the prior: (prior * w).sum().": is_(
            (1 / mixed) / (1 / mixed).mean()
        ),
        "they sum to 1: Then they are about Q times too small, and so is each step.": is_(
            (1 / mixed) / (1 / mixed).sum()
        ),
        "common colours are lifted: You left out the 1 / ...: the weight grows with the prior.": (
            is_(mixed) or is_(mixed / (prior * mixed).sum())
        ),
        "no even part: That is 1 / prior: the rarest colour weighs 60 times the commonest. Hint: "
        "mix in even / Q before you divide.": is_(of(prior)),
        "even is not divided by Q: An even distribution gives each bin 1 / Q.": is_(
            of((1 - even) * prior + even)
        ),
        "λ on the wrong side: At even = 1 all weights have to be 1. Hint: even belongs to 1 / Q, "
        "1 - even to the prior.": is_(of(even * prior + (1 - even) / count)),
        "another λ: That is for 0.5, whatever your function is given: here it was 0.2.": is_(
            of(0.5 * prior + 0.5 / count)
        ),
        "the mixture of weights: You mix 1 / prior with 1. Hint: mix first, then divide.": is_(
            _mean_one((1 - even) / prior + even, prior)
        ),
        f"other weights: Right are {_words(right)}. Hint: mixed = (1 - even) * prior + even / Q; "
        "w = 1 / mixed; w / (prior * w).sum(). More: the last line makes the mean over the "
        "training pixels 1.": ELSE,
    }
    start = f"Yours are {_words(given)}, with a mean of {mean:.2f} over the training pixels."
    recognise(slips, right=is_(right), start=start)
    return (
        f"The rarest colour now weighs {(right[-1] / right[0]).item():.1f} times the commonest; "
        f"with even = 0 it would be 60 times. The mean over the training pixels is {mean:.2f}."
    )


def _mean_one(weights: Tensor, prior: Tensor) -> Tensor:
    return weights / (prior * weights).sum()


def _words(values: Tensor) -> str:
    return ", ".join(f"{value:.2f}" for value in values.tolist())


VERDICTS = ("too sure", "not sure enough", "honest")


@exercise("07.6", "Read a calibration curve", "a number, one of three words, and a temperature")
def read_calibration(gap, verdict, T):
    """Of 400 pixels that were given 80 % red, 240 are red: 20 points, too sure, T above 1."""
    gap, T = number(gap, "gap"), number(T, "T")
    must_be(isinstance(verdict, str), verdict, f"one of {', '.join(map(repr, VERDICTS))}")
    said = plain(verdict)
    wrong_if(
        said not in VERDICTS,
        f"no such verdict: {verdict!r} is none of {', '.join(map(repr, VERDICTS))}. Hint: copy it "
        "from the comment in the cell.",
    )
    slips = {
        "pixels, not shares: 240 of 400 is a share: 60 %. Compare that with the 80 % that were "
        "said. Hint: 240 / 400.": near(gap, 160) or near(gap, 240) or near(gap, 80),
        "what came true: 60 % is how many are red. The gap is between that and what was said.": (
            near(gap, 60) or near(gap, 0.6)
        ),
        "a quotient: 60 / 80 is a share of a share. Hint: points are a difference.": (
            near(gap, 0.75) or near(gap, 75) or near(gap, 25)
        ),
        "a share, not points: 0.2 of 1 are 20 points. Hint: times 100.": near(abs(gap), 0.2),
        "the sign is turned: The gap is what was said less what came true, 80 - 60.": near(
            gap, -20
        ),
        "another gap: It is the difference of two shares. Hint: 80 - 100 * 240 / 400.": not near(
            gap, 20
        ),
        "the curve is read the other way round: It said 80 % and was right in 60 %: it promised "
        "more than it kept. Hint: below the diagonal is too sure.": said == "not sure enough",
        "20 points are not honest: Of 400 pixels chance makes about 4 points.": said == "honest",
        "no temperature: Logits are divided by T. Hint: a number above 0.": T <= 0,
        "T makes it surer still: Below 1 the largest share grows. Hint: flatten it.": T < 1,
        "T changes nothing: T = 1 is as it stands. Hint: above 1 is flatter.": T == 1,
        "T makes all alike: Such a T leaves nearly nothing of what it knows. Hint: 80 % and 20 % "
        "become 60 % and 40 % at about 3.4.": T > 10,
    }
    start = f"You have a gap of {gap:g} points, {said!r}, and T = {T:g}."
    recognise(slips, right=False, start=start)
    odds = 4 ** (1 / T)
    return (
        "80 % were said and 60 % came true: 20 points too sure. Of two colours with 80 and 20 %, "
        f"T = {T:g} makes {100 * odds / (1 + odds):.0f} % and {100 / (1 + odds):.0f} %. "
        "The right T is found on photos that were held back (Guo et al. 2017)."
    )
