"""How sure is a score? Judge the same photos again, as if chance had dealt out others.

The validation photos are a sample; others would give another score. How far it would move can be
estimated: draw as many photos from those that there are, with replacement, a thousand times (Efron
1979). The interval holds 95 % of these draws.
"""

from collections.abc import Callable

import numpy as np

TIMES = 1000  # draws: their 2.5th and 97.5th percentile then waver by a few per cent of the width


def draws(statistic: Callable[..., np.ndarray], *columns: np.ndarray) -> np.ndarray:
    """The statistic of random draws of photos: (TIMES,), the same whenever it is called.

    columns: (N,) each, a number for each photo; the statistic gets them as (TIMES, N) and averages
    over the last axis. Columns of two networks on the same photos are drawn alike, so that the
    choice of photos, which hits both, does not blur their difference.
    """
    count = len(columns[0])
    chosen = np.random.default_rng(0).integers(count, size=(TIMES, count))
    return statistic(*(column[chosen] for column in columns))


def interval(values: np.ndarray) -> tuple[float, float]:
    """(low, high) between which 95 % of the values lie, as many outside on either side."""
    # Without interpolation, which would make "not a number" out of two infinite decibels.
    low, high = np.percentile(values, [2.5, 97.5], method="nearest")
    return float(low), float(high)


def share(count: int, of: int) -> tuple[float, float]:
    """(low, high) of a share that was counted: the 95 % interval of Wilson (1927).

    Unlike draws it also says something where nothing or everything came true. of: 1 or more.
    """
    z = 1.96  # 95 % of a normal distribution lie within so many deviations
    p, shrunk = count / of, 1 + z**2 / of
    half = z * np.sqrt(p * (1 - p) / of + z**2 / (4 * of**2)) / shrunk
    middle = (p + z**2 / (2 * of)) / shrunk
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))
