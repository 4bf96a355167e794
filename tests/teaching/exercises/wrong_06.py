"""Wrong answers to the exercises of 06_evaluate."""

import numpy as np
import torch
import torch.nn.functional as F

from . import THOUGHTLESS, UNREADABLE, Case

WRONG = {}
WRONG["pooled_share"] = [
    Case("the mean of shares", (0.6667 - 0.5) / 2, "67 %", "half of the say"),
    Case("the mean of shares", 0.08, "half of the say"),
    Case("what is left", 0.45, "900 / 2000"),
    Case("in per cent", 55, "between 0 and 1"),
    Case("the vivid photo only", torch.tensor(2 / 3), "600 / 1800"),
    Case("the foggy photo only", -0.5, "300 / 200"),
    Case("upside down", 1 - 2000 / 900, "2000 / 900"),
    Case("a share cannot be negative?", 0.583, "+50 %", "-50 %"),
    Case("another share", 0.9, "0.9"),
]


def db(mistake, of, *says, factor=-10.0, then=torch.mean):
    """Decibels, and their mean, of what `of` makes of the squares (N, 2, H, W)."""
    return Case(mistake, lambda g, t: factor * then(torch.log10(of((g - t) ** 2))), *says)


def each(squares):
    return squares.mean((1, 2, 3))


WRONG["pooled_psnr"] = [
    db("the mean of PSNRs", each, "the other way round", "first decibels"),
    db("20 instead of 10", torch.mean, "is twice", factor=-20.0),
    db("of the root", lambda s: s.mean().sqrt(), "the root"),
    Case("the natural logarithm", lambda g, t: -10 * F.mse_loss(g, t).log(), "ln", "log10"),
    db("the sign is turned", torch.mean, "falls when", factor=10.0),
    db("the sum, not the mean", torch.sum, "of their sum"),
    db("a peak of 255", lambda s: s.mean() / 255**2, "48.13"),
    db("not squared", lambda s: s.sqrt().mean(), "|difference|"),
    Case("no decibels", F.mse_loss, "MSE itself"),
    Case("another PSNR", lambda g, t: 21.3, "yours is 21.30"),
    db("a number each", each, "(3,)", then=torch.clone),
]


def interval(
    mistake, *says, percents=(2.5, 97.5), apart=False, shares=False, sign=1, seed=None, replace=True
):
    """A bootstrap, right but for what is given."""

    def between(error_a, error_b, error_grey):
        dice, n, scores = np.random.default_rng(0), len(error_a), []
        for _ in range(1000):
            if seed is not None:
                dice = np.random.default_rng(seed)
            drawn = dice.choice(n, n, replace=replace)
            other = dice.choice(n, n) if apart else drawn
            a = error_a[drawn].sum() / error_grey[drawn].sum()
            b = error_b[other].sum() / error_grey[other].sum()
            each = ((error_a - error_b) / error_grey)[drawn].mean()
            scores.append(each if shares else sign * (a - b))
        if percents == "deviation":
            return np.mean(scores) - np.std(scores), np.mean(scores) + np.std(scores)
        return tuple(np.percentile(scores, percents))

    return Case(mistake, between, *says)


def ends(error, grey, seed=0):
    """The interval of one network alone, (2,)."""
    dice, n = np.random.default_rng(seed), len(error)
    drawn = dice.integers(n, size=(1000, n))
    return np.percentile(1 - error[drawn].sum(1) / grey[drawn].sum(1), [2.5, 97.5])


WRONG["difference_interval"] = [
    interval("drawn apart", "on others", "points wide", apart=True),
    interval("no spread", "same seed", seed=3),
    interval("no spread", "without replacement", replace=False),
    interval("A minus B", "B is worse", sign=-1),
    interval("the mean of shares", "Pooled", "nearly grey", shares=True),
    interval("percentiles as shares", "0.025 per cent", percents=(0.025, 0.975)),
    interval("90 %, not 95 %", "2.5 % on either side", percents=(5, 95)),
    interval("one standard deviation", "68 %", percents="deviation"),
    interval("high before low", "down to", percents=(97.5, 2.5)),
    Case("in per cent", lambda a, b, g: (1.3, 3.3), "a hundred times"),
    Case("two intervals subtracted", lambda a, b, g: ends(b, g, 1) - ends(a, g, 0), "every draw"),
    Case("two intervals subtracted", lambda a, b, g: ends(b, g, 2) - ends(a, g, 1), "every draw"),
    Case("two intervals subtracted", lambda a, b, g: ends(b, g) - ends(a, g)[::-1], "different"),
    Case("another interval", lambda a, b, g: (-0.5, 0.5), "A thousand draws give"),
    Case(UNREADABLE, lambda a, b, g: 0.02, "return low, high"),
]


def factors(mistake, of, *says, over=(0, 2, 3)):
    """Factors made of the sums py, pp, yy, p, y of guess p and truth y over photos and pixels."""

    def both(p, y):
        return of(*(sums.sum(over) for sums in (p * y, p * p, y * y, p, y)))

    return Case(mistake, both, *says)


def quotient(py, pp, *_):
    return py / pp


BY_TRUTH, MEAN = "divided by the truth's square", "a mean of the photos' factors"
WRONG["best_factors"] = [
    factors("one factor for both", quotient, "both channels together", over=(0, 1, 2, 3)),
    factors("a and b swapped", lambda py, pp, *_: (py / pp).flip(0), "that of a"),
    factors(BY_TRUTH, lambda py, pp, yy, *_: py / yy, "the truth like the guess"),
    factors("as vivid as the truth", lambda py, pp, yy, *_: (yy / pp).sqrt(), "roots of y² / p²"),
    Case(
        "equal spread",
        lambda p, y: y.transpose(0, 1).flatten(1).std(1) / p.transpose(0, 1).flatten(1).std(1),
        "as widely",
    ),
    factors("a quotient of means", lambda py, pp, yy, p, y: y / p, "cancel"),
    factors(MEAN, lambda py, pp, *_: (py / pp).mean(0), "Pool the sums", over=(2, 3)),
    factors("upside down", lambda py, pp, *_: pp / py, "p² / p · y"),
    factors("not two factors", quotient, "(4, 2)", over=(2, 3)),
    Case("other factors", lambda p, y: [1.0, 1.0], "1.000", "can be had"),
]

GOOD = {
    "what differs": ["width"],
    "pairs of runs": 5,
    "each trained for": "the same epochs",
    "judged on": "validation photos",
    "mode": "eval mode",
    "score": "explained chroma, pooled",
    "beside it": ["mean tint"],
    "wider wins if": "the interval of the differences leaves out 0",
}


def plan(mistake, *says, **changes):
    """The good plan with a change; a key is written with _ for blanks."""
    return Case(mistake, GOOD | {k.replace("_", " "): v for k, v in changes.items()}, *says)


WRONG["fair_comparison"] = [
    plan("the question is not asked", "nothing", what_differs=[]),
    plan("two things differ", "learning rate", what_differs=["width", "learning rate"]),
    plan("chance differs, too", "seed", what_differs=["seed", "width"]),
    plan("other photos for each", "cannot be compared", what_differs=["width", "photos"]),
    plan("too few pairs", "1 pair ", "three pairs", pairs_of_runs=1),
    plan("no runs", "0 pairs", pairs_of_runs=0),
    plan("no whole number", "3.5 pairs", pairs_of_runs=3.5),
    plan("each as long as it likes", "fixed before", each_trained_for="until it is at its best"),
    plan("judged on training photos", "by heart", judged_on="training photos"),
    plan(UNREADABLE, "no list", judged_on=["training photos"]),
    plan("picked photos", "By query", judged_on="five photos picked by eye"),
    plan("forgot .eval()", "share a batch", mode="train mode"),
    plan("a score that is blind here", "nearly grey", score="mean of PSNRs"),
    plan("a score that is blind here", "90°", score="colourfulness"),
    plan("a score that is blind here", "structure", score="SSIM"),
    plan("no baseline", "two points", beside_it=[]),
    plan("only the optimum", "doing nothing", beside_it=["optimum"]),
    plan("only the optimum", "doing nothing", beside_it="optimum"),
    plan("the best of many", "1.16 standard", wider_wins_if="its best run is better"),
    plan("any difference counts", "half of all", wider_wins_if="its mean is better"),
    plan("no such choice", "'height'", what_differs=["height"]),
    plan(UNREADABLE, "must be a list", beside_it=3),
    Case("a gap in the plan", {k: v for k, v in GOOD.items() if k != "mode"}, "mode"),
    Case(UNREADABLE, "the same steps", "dictionary"),
]

WRONG["ten_people"] = THOUGHTLESS
