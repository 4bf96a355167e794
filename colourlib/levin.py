"""Colourisation using optimisation (Levin, Lischinski and Weiss 2004): hints that spread.

Neighbours of like lightness get like colours: each pixel without a hint becomes the weighted mean
of its eight neighbours, the liker in L the heavier. That is one sparse system of equations for each
photo, and nothing is learnt. 09_hints builds it by hand.
"""

import numpy as np
from scipy.sparse import csc_array, diags_array
from scipy.sparse.linalg import splu

from .common.errors import CourseError

WIDTH = 0.3  # of the bell, as a share of the variance of L around a pixel
LEAST = (
    0.25  # units of L squared: the narrowest bell, so that in a flat area nothing is divided by 0
)
AROUND = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0)]


def likeness(L: np.ndarray) -> csc_array:
    """What each pixel takes from each neighbour: (H*W, H*W), rows sum to 1; L (H, W), 0..100."""
    height, width = L.shape
    wide = np.pad(L.astype(float), 1, constant_values=np.nan)
    number = np.pad(np.arange(L.size).reshape(L.shape), 1)
    cut = [(slice(1 + r, 1 + r + height), slice(1 + c, 1 + c + width)) for r, c in AROUND]
    near = np.stack([wide[place] for place in cut])  # (8, H, W), nan beyond the border
    variance = np.nanvar(np.concatenate([near, L[None]]), axis=0)  # (H, W)
    bell = np.exp(-((near - L) ** 2) / (2 * np.maximum(WIDTH * variance, LEAST)))
    bell = np.nan_to_num(bell) + 1e-9 * np.isfinite(near)  # nobody is quite alone
    bell /= bell.sum(0)
    to = np.stack([number[place] for place in cut])  # (8, H, W)
    of = np.broadcast_to(np.arange(L.size).reshape(L.shape), to.shape)
    shape = (L.size, L.size)
    return csc_array((bell.ravel(), (of.ravel(), to.ravel())), shape=shape)


def spread(L: np.ndarray, ab: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Hints spread over a photo: (2, H, W), in the units of ab; grey where there is no hint at all.

    L (H, W) 0..100, ab (2, H, W), mask (H, W): where ab is a hint. Raises CourseError for sides
    that differ.
    """
    if ab.shape != (2, *L.shape) or mask.shape != L.shape:
        raise CourseError(
            f"L {L.shape}, ab {ab.shape} and mask {mask.shape} are of different sizes."
        )
    given = mask.ravel() > 0
    if not given.any():
        return np.zeros(ab.shape)
    free = diags_array((~given).astype(float)) @ likeness(L)  # rows of hints are empty: ab = hint
    system = (diags_array(np.ones(L.size)) - free).tocsc()
    right = np.where(given, ab.reshape(2, -1), 0).T.astype(float)  # (H*W, 2)
    return splu(system).solve(np.ascontiguousarray(right)).T.reshape(ab.shape)
