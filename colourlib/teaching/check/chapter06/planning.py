"""Exercises of 06_evaluate on comparisons: how sure a difference is, a fair plan, a question."""

import numpy as np
from torch import Tensor

from ....judging.intervals import draws, interval
from ..answers import number, plain, words_for_teacher
from ..core import Noted, Open, call, exercise
from ..slips import ELSE, must_be, recognise, wrong_if


@exercise("06.2", "How sure is the difference?", "a function of (error_a, error_b, error_grey)")
def difference_interval(answer):
    """(low, high) of explained(B) - explained(A) over drawn photos, both drawn alike."""
    errors = one, other, grey = _three_errors()
    given = call(answer, *(error.copy() for error in errors))
    given = given.tolist() if isinstance(given, np.ndarray | Tensor) else given
    is_pair = isinstance(given, tuple | list) and len(given) == 2
    must_be(is_pair, given, "`return low, high`, a pair")
    low, high = number(given[0], "low"), number(given[1], "high")
    wanted = interval(draws(lambda a, b, g: (a - b).sum(-1) / g.sum(-1), *errors))
    shares = interval(draws(lambda a, b, g: ((a - b) / g).mean(-1), *errors))
    first, second = np.random.default_rng(1).integers(150, size=(2, 1000, 150))
    shared = one[first].sum(1) / grey[first].sum(1) - other[second].sum(1) / grey[second].sum(1)
    apart, pooled = interval(shared), (one - other).sum() / grey.sum()
    right = wanted[1] - wanted[0]
    width = (high - low) / right  # 1 where it is as wide as the right one
    off = abs((low + high) / 2 - sum(wanted) / 2) / right

    def at(ends) -> bool:
        return abs(low - ends[0]) + abs(high - ends[1]) < 0.3 * (ends[1] - ends[0])

    def of_width(share: float) -> bool:
        return off < 0.25 and abs(width - share) < 0.06

    slips = {
        "two intervals subtracted: Yours is one end minus another: the interval of B minus that of "
        "A. The ends of two intervals belong to different draws. Hint: subtract in every draw, "
        "then take the percentiles.": _ends_subtracted(np.array([low, high]), errors, right),
        "high before low: It goes down to the smaller one. Hint: `np.percentile` answers in the "
        "order in which it is asked: [2.5, 97.5].": width < 0,
        "in per cent: That is a hundred times too much.": at([100 * end for end in wanted]),
        "no spread: All draws are the same: without replacement, or with the same seed. Hint: make "
        "the dice once; `dice.integers(n, size=n)` puts each photo back.": width < 0.01,
        "A minus B: It says that B is worse. Hint: exchange A and B.": at((-wanted[1], -wanted[0])),
        f"the mean of shares: The nearly grey photos decide. Pooled, B is {100 * pooled:.1f} "
        "points ahead. Hint: sum errors, then divide.": at(shares),
        "drawn apart: A is scored on some photos and B on others. Drawn alike, it is "
        f"{100 * right:.2f} points wide.": abs(width * right / (apart[1] - apart[0]) - 1) < 0.15,
        "percentiles as shares: np.percentile(scores, 0.025) asks for the lowest 0.025 per cent. "
        "Hint: `np.percentile` counts from 0 to 100.": high < wanted[0],
        "90 %, not 95 %: It is 0.84 times as wide. Hint: 2.5 % on either side.": of_width(0.84),
        "one standard deviation: Mean ± one standard deviation holds 68 % of the draws. Hint: mean "
        "± 1.96 standard deviations.": of_width(0.51),
        f"another interval: A thousand draws give {points(wanted)}. Hint: draw "
        "indices once, and use them for all three arrays. More: A thousand times: drawn = "
        "dice.integers(n, size=n); explained(B) - explained(A) at [drawn]; then percentiles.": ELSE,
    }
    start = f"Your interval is {points((low, high))}, {100 * (high - low):.2f} points wide."
    recognise(slips, right=bool(abs(width - 1) <= 0.1 and off <= 0.1), start=start)
    return (
        f"B explains {100 * pooled:.1f} points more than A, and your interval, "
        f"{points((low, high))}, leaves out 0. Drawn apart, it would be {points(apart)}, and say "
        "nothing. Not looked at: what other first weights would have changed."
    )


def _three_errors() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Squared errors of 150 photos: of A, of B, of the grey copy."""
    dice = np.random.default_rng(6)
    grey = dice.lognormal(0, 1, 150)
    one = grey * dice.uniform(0.2, 0.8, 150)
    other = one * dice.uniform(0.85, 1.05, 150)  # B is a little better
    grey[::10] *= 0.02  # these are nearly grey; B is worse there, so shares and sums disagree
    one[::10], other[::10] = grey[::10], 2 * grey[::10]
    return one, other, grey


def _ends_subtracted(given: np.ndarray, errors: tuple, right: float) -> bool:
    """Is it B's own interval minus A's own, like ends or unlike? right: the width it should have.

    Like ends lie closer together than any interval of the difference, both near the difference.
    """
    one, other, grey = errors
    of_a, of_b = (
        np.array(interval(draws(lambda e, g: 1 - e.sum(-1) / g.sum(-1), error, grey)))
        for error in (one, other)
    )
    like = abs(given - (one - other).sum() / grey.sum()).max() < 0.36 * right
    unlike = abs(given - (of_b - of_a[::-1])).max() < 0.5 * right
    return bool(unlike or (like and 0.01 < abs(given[1] - given[0]) / right < 0.45))


def points(ends) -> str:
    """Two ends of an interval of shares, in points."""
    return f"{100 * ends[0]:.2f} to {100 * ends[1]:.2f} points"


LISTS = {
    "what differs": ("width", "learning rate", "seed", "photos"),
    "beside it": ("grey copy", "mean tint", "optimum"),
}
TRAINING, EYE = "training photos", "five photos picked by eye"
CHOICES = {
    "each trained for": ("the same steps", "the same epochs", "until it is at its best"),
    "judged on": (TRAINING, "validation photos", EYE),
    "mode": ("train mode", "eval mode"),
    "score": ("explained chroma, pooled", "mean of PSNRs", "colourfulness", "SSIM"),
    "wider wins if": (
        "its best run is better",
        "its mean is better",
        "the interval of the differences leaves out 0",
    ),
}
BLIND = {
    "mean of PSNRs": "It is ruled by nearly grey photos, where nothing can go wrong.",
    "colourfulness": "With all hues turned by 90° pictures scored as well as the truth.",
    "SSIM": "It hardly tells the grey copy from the network: structure is given.",
}


@exercise("06.4", "Plan a fair comparison", "a dictionary: your plan")
def fair_comparison(plan):
    """A plan to find out whether a ColourNet twice as wide is better."""
    plan = _read(plan)
    pairs = number(plan["pairs of runs"], "pairs of runs")
    others = set(plan["what differs"]) - {"width"}
    named = ", ".join(sorted(others)) or "nothing"
    score, rule, judged = plan["score"], plan["wider wins if"], plan["judged on"]
    runs = max(1, int(min(pairs, 100)))  # enough to see it, and few enough to draw
    best = np.random.default_rng(0).standard_normal((20_000, runs)).max(1).mean()
    pair = "Hint: a pair is one narrow and one wide training; three at least."
    slips = {
        f"the question is not asked: Between your runs differs: {named}, and the width does not. "
        "Hint: the question is whether wider is better.": "width" not in plan["what differs"],
        "other photos for each: Scores on other photos cannot be compared.": "photos" in others,
        "chance differs, too: Seeds alone make differences as large as many an edit. Hint: both of "
        "a pair have one seed; pairs differ in it.": "seed" in others,
        f"two things differ: Width and {named} differ: if the wider one wins, which was it? Hint: "
        "what stays the same cannot be the reason for a difference.": bool(others),
        "each as long as it likes: A longer run picks the best of more numbers. Hint: "
        "steps or epochs, fixed before.": plan["each trained for"] == "until it is at its best",
        "judged on training photos: A wider network learns more by heart.": judged == TRAINING,
        "picked photos: By query, explained chroma goes from below 0 to above 90 %.": judged == EYE,
        "forgot .eval(): In train mode the score depends on which photos share a batch: chapter 05 "
        "lost several dB by that. Hint: `net.eval()`.": plan["mode"] == "train mode",
        f"a score that is blind here: {score} alone decides. {BLIND.get(score)} Hint: "
        "`more/06_measures.ipynb` catches each of them out.": score in BLIND,
        "no baseline: The mean tint has two points for free. Hint: what scores without any "
        "training?": not plan["beside it"],
        "only the optimum: It says how far is left to go, and not what doing nothing scores. Hint: "
        "the grey copy or the mean tint as well.": set(plan["beside it"]) == {"optimum"},
        f"no runs: {pairs:g} pairs of runs train nothing. {pair}": pairs < 1,
        f"no whole number: {pairs:g} pairs of runs leave one in part. {pair}": pairs % 1 > 0,
        f"too few pairs: With {pairs:g} pair{'s' if pairs > 1 else ''} nobody knows how much "
        "chance makes. Hint: three pairs at least, with other first weights.": pairs < 3,
        f"the best of many: The best of {runs} lies, by chance alone, {best:.2f} "
        "standard deviations too high.": rule == "its best run is better",
        "any difference counts: If width did nothing, the wider would win in half of all trials. "
        "Hint: how far from 0 must the differences lie, so that chance cannot be it?": rule
        == "its mean is better",
    }
    recognise(slips)
    return (
        f"In {pairs:g} pairs of runs only the width differs. The wider one takes longer for its "
        "steps: say so beside the answer, which will be yes, no, or not known. Not looked at: "
        "whether each width wants its own learning rate."
    )


def _read(plan) -> dict:
    """The plan in the words of the cell: neither capitals nor blanks around a choice count."""
    keys = ("what differs", "pairs of runs", "beside it", *CHOICES)
    must_be(isinstance(plan, dict), plan, f"a dictionary with the keys {', '.join(keys)}")
    missing = [key for key in keys if key not in plan]
    wrong_if(
        missing,
        f"a gap in the plan: The plan says nothing of {', '.join(missing)}. Hint: the keys are "
        "those of the cell as it was given.",
    )
    if left := [key for key in keys if plan[key] is ... or plan[key] is None]:
        raise Open(f"Your plan leaves open: {', '.join(left)}.")
    read = dict(plan)
    for key, allowed in {**LISTS, **CHOICES}.items():
        if key in LISTS and isinstance(plan[key], str):
            plan = plan | {key: [plan[key]]}
        several = isinstance(plan[key], list | tuple | set)
        right = several if key in LISTS else isinstance(plan[key], str)
        what = "a list, which may be empty" if key in LISTS else "one choice, and no list"
        must_be(right, plan[key], what)
        words = {word.lower(): word for word in allowed}
        said = plan[key] if several else [plan[key]]
        strange = [one for one in said if plain(one) not in words]
        wrong_if(
            strange,
            f"no such choice: {key!r} is {strange[:1]}, but must be one of these: "
            f"{'; '.join(allowed)}. Hint: copy the words from the comment in the cell.",
        )
        found = [words[plain(one)] for one in said]
        read[key] = found if several else found[0]
    return read


@exercise("06.5", "True or coloured?", "your thoughts, twenty words or more, in quotes")
def ten_people(answer) -> Noted:
    """An open question; the words are kept."""
    return words_for_teacher(answer)
