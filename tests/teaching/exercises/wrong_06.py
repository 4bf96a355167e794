"""Wrong answers to the exercises of 06_evaluate."""

import numpy as np
import torch

from exercises import Case, Function

POOLED_SHARE = [
    Case("the mean of shares", (0.6667 - 0.5) / 2, ("67 %", "half of the say")),
    Case("the mean of shares", 0.08, "half of the say"),
    Case("what is left", 0.45, "900 / 2000"),
    Case("in per cent", 55, "between 0 and 1"),
    Case("the vivid photo only", torch.tensor(2 / 3), "600 / 1800"),
    Case("the foggy photo only", -0.5, "300 / 200"),
    Case("upside down", 1 - 2000 / 900, "2000 / 900"),
    Case("a share cannot be negative?", 0.583, ("+50 %", "-50 %")),
    Case("another share", 0.9, "0.9"),
]


def db(of, factor=-10.0):
    """A Case's answer: decibels of what `of` makes of guess and truth."""
    return lambda n: lambda g, t: factor * torch.log10(of(g, t)).mean()


def square(g, t):
    return (g - t) ** 2


POOLED_PSNR = [
    Case(
        "the mean of PSNRs",
        db(lambda g, t: square(g, t).mean((1, 2, 3))),
        ("the other way round", "first decibels"),
    ),
    Case("20 instead of 10", db(lambda g, t: square(g, t).mean(), -20.0), "is twice"),
    Case("of the root", db(lambda g, t: square(g, t).mean().sqrt()), "the root"),
    Function(
        "the natural logarithm", lambda g, t: -10 * square(g, t).mean().log(), ("ln", "log10")
    ),
    Case("the sign is turned", db(lambda g, t: square(g, t).mean(), 10.0), "falls when"),
    Case("the sum, not the mean", db(lambda g, t: square(g, t).sum()), "of their sum"),
    Case("a peak of 255", db(lambda g, t: square(g, t).mean() / 255**2), "48.13"),
    Case("not squared", db(lambda g, t: (g - t).abs().mean()), "|difference|"),
    Case("no decibels", lambda n: n.F.mse_loss, "MSE itself"),
    Function("another PSNR", lambda g, t: 21.3, "yours is 21.30"),
    Function("a number each", lambda g, t: -10 * torch.log10(square(g, t).mean((1, 2, 3))), "(3,)"),
]


def interval(percents=(2.5, 97.5), apart=False, shares=False, sign=1, seed=None, replace=True):
    """A bootstrap with a mistake in it, as a Case's answer."""

    def between(error_a, error_b, error_grey):
        dice, n, scores = np.random.default_rng(0), len(error_a), []
        for _ in range(1000):
            if seed is not None:
                dice = np.random.default_rng(seed)
            drawn = dice.choice(n, n, replace=replace)
            other = dice.choice(n, n) if apart else drawn
            if shares:
                scores.append(((error_a - error_b) / error_grey)[drawn].mean())
                continue
            a = error_a[drawn].sum() / error_grey[drawn].sum()
            b = error_b[other].sum() / error_grey[other].sum()
            scores.append(sign * (a - b))
        if percents == "deviation":
            return np.mean(scores) - np.std(scores), np.mean(scores) + np.std(scores)
        return tuple(np.percentile(scores, percents))

    return lambda n: between


DIFFERENCE_INTERVAL = [
    Case("drawn apart", interval(apart=True), ("on others", "points wide")),
    Case("no spread", interval(seed=3), "same seed"),
    Case("no spread", interval(replace=False), "without replacement"),
    Case("A minus B", interval(sign=-1), "B is worse"),
    Case("the mean of shares", interval(shares=True), ("Pooled", "nearly grey")),
    Case("percentiles as shares", interval((0.025, 0.975)), "0.025 per cent"),
    Case("90 %, not 95 %", interval((5, 95)), "2.5 % on either side"),
    Case("one standard deviation", interval("deviation"), "68 %"),
    Case("high before low", interval((97.5, 2.5)), "down to"),
    Function("in per cent", lambda a, b, g: (1.3, 3.3), "a hundred times"),
    Function("another interval", lambda a, b, g: (-0.5, 0.5), "A thousand draws give"),
    Function("another kind of answer", lambda a, b, g: 0.02, "return low, high"),
]


def factors(of):
    """A Case's answer: factors from sums over photos and pixels of py, pp, yy, p, y."""

    def both(guess, truth):
        def add(x):
            return x.sum((0, 2, 3))

        return of(add(guess * truth), add(guess**2), add(truth**2), add(guess), add(truth))

    return lambda n: both


def each_photo(guess, truth):
    return ((guess * truth).sum((2, 3)) / guess.square().sum((2, 3))).mean(0)


BEST_FACTORS = [
    Function(
        "one factor for both", lambda p, y: (p * y).sum() / (p * p).sum(), "both channels together"
    ),
    Case("a and b swapped", factors(lambda py, pp, yy, p, y: (py / pp).flip(0)), "that of a"),
    Case(
        "divided by the truth's square",
        factors(lambda py, pp, yy, p, y: py / yy),
        "the truth like the guess",
    ),
    Case(
        "as vivid as the truth",
        factors(lambda py, pp, yy, p, y: (yy / pp).sqrt()),
        "roots of y² / p²",
    ),
    Case("a quotient of means", factors(lambda py, pp, yy, p, y: y / p), "cancel"),
    Function("a mean of the photos' factors", each_photo, "Pool the sums"),
    Case("upside down", factors(lambda py, pp, yy, p, y: pp / py), "p² / p · y"),
    Function("other factors", lambda p, y: [1.0, 1.0], ("1.000", "can be had")),
    Function("not two factors", lambda p, y: (p * y).sum((2, 3)) / (p * p).sum((2, 3)), "(4, 2)"),
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


def plan(mistake, says, **changes):
    """The good plan with a change; a key is written with _ for blanks."""
    return Case(mistake, GOOD | {k.replace("_", " "): v for k, v in changes.items()}, says=says)


FAIR_COMPARISON = [
    plan("the question is not asked", "nothing", what_differs=[]),
    plan("two things differ", "learning rate", what_differs=["width", "learning rate"]),
    plan("chance differs, too", "seed", what_differs=["seed", "width"]),
    plan("other photos for each", "cannot be compared", what_differs=["width", "photos"]),
    plan("too few pairs", ("1 pair ", "three pairs"), pairs_of_runs=1),
    plan("no runs", "0 pairs", pairs_of_runs=0),
    plan("no whole number", "3.5 pairs", pairs_of_runs=3.5),
    plan("each as long as it likes", "fixed before", each_trained_for="until it is at its best"),
    plan("judged on training photos", "by heart", judged_on="training photos"),
    plan("another kind of answer", "no list", judged_on=["training photos"]),
    plan("picked photos", "By query", judged_on="five photos picked by eye"),
    plan("forgot .eval()", "share a batch", mode="train mode"),
    plan("a score that is blind here", "nearly grey", score="mean of PSNRs"),
    plan("a score that is blind here", "90°", score="colourfulness"),
    plan("a score that is blind here", "structure", score="SSIM"),
    plan("no baseline", "two points", beside_it=[]),
    plan("the best of many", "1.16 standard", wider_wins_if="its best run is better"),
    plan("any difference counts", "half of all", wider_wins_if="its mean is better"),
    plan("no such choice", "'height'", what_differs=["height"]),
    plan("another kind of answer", "must be a list", beside_it="grey copy"),
    Case("a gap in the plan", {k: v for k, v in GOOD.items() if k != "mode"}, "mode"),
    Case("another kind of answer", "the same minutes", "dictionary"),
]

TEN_PEOPLE = [
    Case("too short to discuss", "Whether people believe it.", "4 words"),
    Case("too short to discuss", "", "0 words"),
    Case("the same words again", "true or coloured " * 10, "3 differ"),
    Case("another kind of answer", {"measure": "belief"}, "dict"),
    Case("another kind of answer", 10, "int"),
]

WRONG = {
    "pooled_share": POOLED_SHARE,
    "pooled_psnr": POOLED_PSNR,
    "difference_interval": DIFFERENCE_INTERVAL,
    "best_factors": BEST_FACTORS,
    "fair_comparison": FAIR_COMPARISON,
    "ten_people": TEN_PEOPLE,
}
