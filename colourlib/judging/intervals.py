"""How sure is a score? Judge the same photos again, as if chance had dealt out others.

The validation photos are a sample: with others the score would be another one. How far it would
move can be guessed by drawing from the photos that there are, as many, with replacement, a thousand
times (Efron 1979). What 95 % of these draws lie between is the interval.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

TIMES = 1000  # draws: their 2.5th and 97.5th percentile then waver by a few per cent of the width


def draws(
    statistic: Callable[..., np.ndarray], *columns: np.ndarray, times: int = TIMES
) -> np.ndarray:
    """The statistic of `times` random draws of photos: (times,), the same whenever it is called.

    columns: (N,) each, a number a photo; the statistic gets them as (times, N) and averages over
    the last axis. Columns of two networks on the same photos are drawn alike, so that their
    difference is not blurred by the choice of photos, which hits both.
    """
    count = len(columns[0])
    chosen = np.random.default_rng(0).integers(count, size=(times, count))
    return statistic(*(column[chosen] for column in columns))


def interval(values: np.ndarray, share: float = 0.95) -> tuple[float, float]:
    """(low, high) between which that share of the values lies, as much outside on either side."""
    outside = 50 * (1 - share)
    # Without interpolation, which would make "not a number" out of two infinite decibels.
    low, high = np.percentile(values, [outside, 100 - outside], method="nearest")
    return float(low), float(high)
