"""What it costs to make guesses more vivid: the price of the simplest remedy against brown."""

from typing import NamedTuple

from torch import Tensor

from ..colour import lab_to_rgb, unscale_ab, unscale_L
from ..evaluate import colourfulness


class Price(NamedTuple):
    """Scores of guesses whose ab is multiplied by a factor."""

    explained: float
    colourfulness: float  # predicted / true


def price(x: Tensor, y: Tensor, guess: Tensor, factor: float) -> Price:
    """What the factor does to some photos: x (N, 1, H, W), y and guess (N, 2, H, W), scaled."""
    L, total = unscale_L(x), (y**2).sum().item()
    left = ((factor * guess - y) ** 2).sum().item()
    true, vivid = (
        colourfulness(lab_to_rgb(L, unscale_ab(ab))).mean().item() for ab in (y, factor * guess)
    )
    return Price(1 - left / max(total, 1e-6) + 0.0, vivid / max(true, 1e-3))  # never "-0%"
