"""Hints that spread by likeness: what must hold on pictures of which the answer is known."""

import numpy as np
import pytest

from colourlib import CourseError, levin

RED, BLUE = (50.0, 30.0), (5.0, -40.0)


def halves(border=40.0):
    """L (12, 16): dark on the left, lighter by `border` on the right, and a little grain."""
    L = np.full((12, 16), 30.0) + np.random.default_rng(0).normal(0, 0.3, (12, 16))
    L[:, 8:] += border
    return L


def hinted(*hints):
    """ab (2, 12, 16) and mask (12, 16) of (row, column, colour)."""
    ab, mask = np.zeros((2, 12, 16)), np.zeros((12, 16))
    for row, column, colour in hints:
        ab[:, row, column], mask[row, column] = colour, 1
    return ab, mask


def test_each_pixel_takes_from_its_neighbours_and_shares_sum_to_one():
    shares = levin.likeness(halves()).toarray()  # (192, 192)
    assert np.allclose(shares.sum(1), 1) and not shares.diagonal().any() and shares.min() >= 0
    assert (shares[17] > 0).sum() == 8 and (shares[0] > 0).sum() == 3
    assert shares[7, 6] > 50 * shares[7, 8], "across the border it takes next to nothing"


def test_a_hint_fills_its_region_and_stops_at_the_border():
    ab = levin.spread(halves(), *hinted((3, 2, RED), (8, 13, BLUE)))
    left, right = ab[:, :, :7].reshape(2, -1).mean(1), ab[:, :, 9:].reshape(2, -1).mean(1)
    assert np.allclose(left, RED, atol=6) and np.allclose(right, BLUE, atol=6)
    assert np.allclose(ab[:, 3, 2], RED) and np.allclose(ab[:, 8, 13], BLUE)


def test_without_a_border_it_leaks_and_never_beyond_the_hints():
    ab = levin.spread(halves(border=0), *hinted((6, 1, RED), (6, 14, BLUE)))
    assert 10 < ab[0, 6, 8] < 45
    assert ab[0].max() <= RED[0] + 1e-6 and ab[1].min() >= BLUE[1] - 1e-6


def test_one_hint_colours_all_and_none_leaves_grey():
    ab = levin.spread(halves(), *hinted((3, 2, RED)))
    assert np.allclose(ab, np.array(RED)[:, None, None])
    assert not levin.spread(halves(), *hinted()).any()
    flat = levin.spread(np.full((12, 16), 50.0), *hinted((3, 2, RED)))
    assert np.isfinite(flat).all() and np.allclose(flat[1], RED[1])


def test_sides_that_differ_are_told():
    with pytest.raises(CourseError, match="different sizes"):
        levin.spread(halves(), np.zeros((2, 4, 4)), np.zeros((12, 16)))
