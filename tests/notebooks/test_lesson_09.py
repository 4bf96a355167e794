"""What 09_hints writes by hand is what `levin` and `hints` do: values, not text.

Each comparison is also made with a mistake in the cells, and has to see it.
"""

import numpy as np
import pytest
import torch
from lessons import lesson

from colourlib import hints, levin

SAME, WRONG = 1e-9, 1e-4


def photo():
    """L (14, 18) with two things, and hints (3, 14, 18) in both."""
    dice = np.random.default_rng(2)
    L = 40 + dice.normal(0, 4, (14, 18))
    L[:, 9:] += 25
    seen = np.zeros((3, 14, 18))
    seen[:, 3:5, 2:4] = np.array([0.4, 0.2, 1])[:, None, None]
    seen[:, 10, 15] = -0.1, -0.5, 1
    return L, seen


def gap(one, other) -> float:
    one, other = np.asarray(one), np.asarray(other)
    return float(np.abs(one - other).max()) if one.shape == other.shape else np.inf


def spreading(taught) -> float:
    """Shares of neighbours, what is spread, and a photo without hints."""
    L, seen = photo()
    try:
        gaps = [gap(taught.likeness(L).toarray(), levin.likeness(L).toarray())]
        for mask in (seen[2], 0 * seen[2]):
            gaps.append(gap(taught.spread(L, seen[:2], mask), levin.spread(L, seen[:2], mask)))
    except (RuntimeError, ValueError):  # a system that has no solution
        return np.inf
    return max(gaps)


def simulating(taught) -> float:
    """Hints by the same dice: their places, sizes, colours and number, often none."""
    y = torch.randn(12, 2, 24, 31, generator=torch.Generator().manual_seed(1))
    gaps = []
    for number in (None, 0, 3):
        ours, theirs = (
            one.simulated(y, torch.Generator().manual_seed(7), number) for one in (taught, hints)
        )
        gaps.append(gap(ours, theirs))
    return max(gaps)


@pytest.mark.parametrize("look", [spreading, simulating])
def test_what_the_cells_do_is_what_the_package_does(look):
    assert look(lesson("09_hints")) <= SAME


MISTAKES = [
    (spreading, ("if (r, c) != (0, 0)", "if r == 0 or c == 0")),
    (spreading, ("bell /= bell.sum(0)", "bell /= bell.max(0)")),
    (spreading, ("0.3 * variance, 0.25", "3.0 * variance, 0.25")),
    (spreading, ("constant_values=np.nan", "constant_values=0.0")),
    (spreading, ("(~given).astype(float)", "given.astype(float)")),
    (spreading, ("np.where(given, ab.reshape(2, -1), 0)", "np.where(given, 0, ab.reshape(2, -1))")),
    (spreading, ("(of.ravel(), to.ravel())", "(to.ravel(), of.ravel())")),
    (spreading, ("return np.zeros(ab.shape)", "return np.ones(ab.shape)")),
    (simulating, ("< 0.5", "< 0.1")),
    (simulating, ("geometric_(1 / 7", "geometric_(1 / 3")),
    (simulating, ("randint(1, 10", "randint(1, 5")),
    (simulating, (".mean((1, 2))[:, None, None]", "")),
    (simulating, ("photo[2, rows, columns] = 1", "photo[2] = 1")),
    (simulating, ("if number is None else number", "")),
]


@pytest.mark.parametrize(("look", "mistake"), MISTAKES, ids=lambda m: getattr(m, "__name__", "-"))
def test_a_mistake_is_seen(look, mistake):
    assert not look(lesson("09_hints", mistake)) < WRONG
