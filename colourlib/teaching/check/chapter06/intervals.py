"""The exercise of 06_evaluate on how sure a difference between two networks is."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ....judging.intervals import draws, interval
from ..core import UNREADABLE, Wrong, call, exercise
from ..values import number


def _errors() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Squared errors of 150 photos, (N,) each: of A, of B, which is a little better, and of grey.

    Every tenth photo is nearly grey; there B is worse than grey, so shares and sums disagree.
    """
    dice = np.random.default_rng(6)
    grey = dice.lognormal(0, 1, 150)
    one = grey * dice.uniform(0.2, 0.8, 150)
    other = one * dice.uniform(0.85, 1.05, 150)
    grey[::10] *= 0.02
    one[::10], other[::10] = grey[::10], 2 * grey[::10]
    return one, other, grey


@exercise("06.2", "How sure is the difference?", "a function of (error_a, error_b, error_grey)")
def difference_interval(answer):
    """(low, high) of explained(B) - explained(A) over drawn photos, both drawn alike."""
    one, other, grey = _errors()
    low, high = _pair(call(answer, one.copy(), other.copy(), grey.copy()))
    wanted = interval(draws(lambda a, b, g: (a - b).sum(-1) / g.sum(-1), one, other, grey))
    width, right = high - low, wanted[1] - wanted[0]
    centre, middle = (high + low) / 2, sum(wanted) / 2
    if abs(width / right - 1) > 0.1 or abs(centre - middle) > 0.1 * right:
        _another_interval(low, high, wanted)
    apart = _apart(one, other, grey)
    return (
        f"B explains {(one - other).sum() / grey.sum():.1%} more than A, and your interval, "
        f"{low:.1%} to {high:.1%}, leaves out 0. Drawn apart, A from some photos and B from "
        f"others, it would go from {apart[0]:.1%} to {apart[1]:.1%}, and say nothing. Not "
        "looked at: what other first weights would have changed."
    )


def _pair(given) -> tuple[float, float]:
    if isinstance(given, np.ndarray | Tensor):
        given = given.tolist()
    if not isinstance(given, tuple | list) or len(given) != 2:
        size = f" of {len(given)}" if isinstance(given, tuple | list) else ""
        text = f"Your function returns {type(given).__name__}{size}; a pair is wanted."
        raise Wrong(UNREADABLE, text, "`return low, high`.")
    return number(given[0], "low"), number(given[1], "high")


def _apart(one: np.ndarray, other: np.ndarray, grey: np.ndarray) -> tuple[float, float]:
    """The interval if the photos are drawn for A and for B separately."""
    dice = np.random.default_rng(1)
    first, second = dice.integers(len(grey), size=(2, 1000, len(grey)))
    share = one[first].sum(1) / grey[first].sum(1) - other[second].sum(1) / grey[second].sum(1)
    return interval(share)


def _another_interval(low: float, high: float, wanted: tuple[float, float]) -> None:
    one, other, grey = _errors()
    yours = f"Your interval is {low:.2%} to {high:.2%}, {100 * (high - low):.2f} points wide."
    hint = "draw indices once, and use them for all three arrays."
    more = (
        "A thousand times: drawn = dice.integers(n, size=n); explained chroma of B and of A from "
        "the arrays at [drawn]; keep the difference. Last, the 2.5th and the 97.5th percentile."
    )
    width, right = high - low, wanted[1] - wanted[0]
    middle = sum(wanted) / 2
    centred = abs((low + high) / 2 - middle) < 0.25 * right
    if width < 0:
        raise Wrong(
            "high before low",
            f"Your interval goes from {low:.2%} down to {high:.2%}.",
            "`np.percentile` answers in the order in which it is asked: [2.5, 97.5].",
        )
    if abs(low / 100 - wanted[0]) + abs(high / 100 - wanted[1]) < 0.3 * right:
        raise Wrong(
            "in per cent",
            f"{yours} That is a hundred times too much: 2 as a share would be 200 %.",
            "a share of the whole is between 0 and 1.",
        )
    if width < 0.01 * right:
        raise Wrong(
            "no spread",
            f"{yours} All of your draws are the same: drawn without replacement, or with the same "
            "seed each time.",
            "make the dice once, before the loop; `dice.integers(n, size=n)` puts each photo back.",
            more,
        )
    if abs(low + wanted[1]) < 0.15 * right and abs(high + wanted[0]) < 0.15 * right:
        raise Wrong(
            "A minus B",
            f"{yours} It says that B is worse; B's errors sum to {other.sum():.1f}, those of A to "
            f"{one.sum():.1f}.",
            "explained(B) - explained(A).",
            more,
        )
    shares = interval(draws(lambda a, b, g: ((a - b) / g).mean(-1), one, other, grey))
    if abs(low - shares[0]) + abs(high - shares[1]) < 0.3 * (shares[1] - shares[0]):
        raise Wrong(
            "the mean of shares",
            f"{yours} Yours averages a share for each photo, and lies around "
            f"{(low + high) / 2:.1%}. Pooled, B is ahead by {(one - other).sum() / grey.sum():.1%}"
            ": the nearly grey photos decide in yours.",
            "sum the errors of the drawn photos, then divide.",
            more,
        )
    apart = _apart(one, other, grey)
    if abs(width / (apart[1] - apart[0]) - 1) < 0.15:
        raise Wrong(
            "drawn apart",
            f"{yours} That is what comes out if A is scored on some photos and B on others: hard "
            f"photos then hit one of them only. Drawn alike, it is {100 * right:.2f} points wide.",
            hint,
            more,
        )
    if high < wanted[0]:
        raise Wrong(
            "percentiles as shares",
            f"{yours} All of it is below {wanted[0]:.2%}: `np.percentile(scores, [0.025, 0.975])` "
            "asks for the lowest 0.025 per cent and the lowest 0.975 per cent.",
            "`np.percentile` counts from 0 to 100, `np.quantile` from 0 to 1.",
            more,
        )
    if centred and abs(width / right - 0.84) < 0.06:
        raise Wrong(
            "90 %, not 95 %",
            f"{yours} Of a bell, 90 % are 0.84 times as wide as 95 %, and so is yours.",
            "5 % outside in all: 2.5 % on either side.",
            more,
        )
    if centred and abs(width / right - 0.51) < 0.06:
        raise Wrong(
            "one standard deviation",
            f"{yours} Mean ± one standard deviation holds 68 % of the draws.",
            "the 2.5th and the 97.5th percentile, or mean ± 1.96 standard deviations.",
            more,
        )
    text = f"{yours} A thousand draws give {wanted[0]:.2%} to {wanted[1]:.2%}."
    hint = "the percentiles 2.5 and 97.5 of a thousand differences; " + hint
    raise Wrong("another interval", text, hint, more)
