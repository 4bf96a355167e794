"""The exercise of chapter 03 on scaling: from the network's numbers back to L and ab."""

from __future__ import annotations

import torch
from torch import Tensor

from .... import colour
from ..core import UNREADABLE, Wrong, call, exercise
from ..tensors import numbers, raise_matching, same, tensor


@exercise("03.4", "The way back", "a function of (x, y) that gives L and ab")
def way_back(answer):
    """L = 50 (x + 1) and ab = 110 y, on numbers from one end of the range to the other."""
    x = torch.linspace(-1, 1, 12).reshape(2, 1, 2, 3)  # (N, 1, H, W)
    y = torch.linspace(-0.9, 0.8, 24).flip(0).reshape(2, 2, 2, 3)  # (N, 2, H, W)
    result = call(answer, x, y)
    if not isinstance(result, tuple | list) or len(result) != 2:
        text = f"Your function gives a {type(result).__name__}; two tensors are wanted, L and ab."
        raise Wrong(UNREADABLE, text, "end with `return L, ab`.")
    first, second = (tensor(one, "L or ab") for one in result)
    if first.shape == y.shape and second.shape == x.shape:
        raise Wrong(
            "L and ab swapped",
            f"The first thing you return has the shape {tuple(first.shape)}, two channels: that is "
            f"ab. The second, {tuple(second.shape)}, is L.",
            "wanted is first L, then ab.",
        )
    L = numbers(first, x.shape, "(N, 1, H, W) for L")
    ab = numbers(second, y.shape, "(N, 2, H, W) for ab")
    x, y = x.double(), y.double()
    _back_to_L(L, x)
    _back_to_ab(ab, y)
    rgb = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    true_L, true_ab = colour.rgb_to_lab(rgb)
    back = call(answer, colour.scale_L(true_L), colour.scale_ab(true_ab))
    pairs = zip((tensor(one, "L or ab") for one in back), (true_L, true_ab), strict=True)
    gap = max((one - true).abs().max().item() for one, true in pairs)
    return (
        f"x = −1 is black again, 0 is L = {L.flatten()[5:7].mean():.0f}, 1 is white; y = 0.5 is 55 "
        f"units of chroma. There and back again 64 colours lose {gap:.6f} units at most, which is "
        f"rounding. Not looked at: what lies outside −1…1, where no photo is."
    )


def _back_to_L(L: Tensor, x: Tensor) -> None:
    ends = f"x = −1 becomes L = {L.flatten()[0]:.4g} and x = 1 becomes {L.flatten()[-1]:.4g}"
    hint = "solve x = L / 50 − 1 for L: what was done last is undone first."
    more = "Undo the −1 by adding 1, then undo the division by 50. Black is x = −1, white is x = 1."
    slips = [
        (
            x / 50 - 1,
            Wrong(
                "L is scaled a second time",
                f"{ends}: that is x / 50 − 1, the way there once more, not the way back.",
                hint,
                more,
            ),
        ),
        (
            50 * x + 1,
            Wrong(
                "the brackets are missing",
                f"{ends}: that is 50 · x + 1. Wanted is black, 0, and white, 100. Python "
                f"multiplies before it adds.",
                hint,
                more,
            ),
        ),
        (
            50 * x,
            Wrong(
                "the 1 is not added",
                f"{ends}: that is 50 · x, and half of the photo is darker than black.",
                hint,
                more,
            ),
        ),
        (
            100 * (x + 1),
            Wrong(
                "L up to 200",
                f"{ends}: x + 1 runs from 0 to 2, so that 100 is twice too much.",
                hint,
                more,
            ),
        ),
        (
            (x + 1) / 2,
            Wrong(
                "L from 0 to 1",
                f"{ends}: that is (x + 1) / 2, and L runs to 100.",
                hint,
                more,
            ),
        ),
    ]
    raise_matching(L, slips)
    if not same(L, 50 * (x + 1)):
        raise Wrong("another L", f"{ends}; wanted are 0, black, and 100, white.", hint, more)


def _back_to_ab(ab: Tensor, y: Tensor) -> None:
    one = (
        f"y = {y.flatten()[0]:.2f} becomes {ab.flatten()[0]:.4g}; it is {110 * y.flatten()[0]:.4g}"
    )
    hint = "solve y = ab / 110 for ab."
    more = "ab has nothing added: grey is 0 on both sides. Only the factor has to be undone."
    slips = [
        (
            y,
            Wrong(
                "forgot to multiply by 110",
                f"L is right. But {one}: as it came. Every picture would be almost grey.",
                hint,
                more,
            ),
        ),
        (
            y / 110,
            Wrong(
                "divided by 110 a second time",
                f"L is right. But {one}: that is y / 110, the way there once more.",
                hint,
                more,
            ),
        ),
        (
            128 * y,
            Wrong(
                "128 in place of 110",
                f"L is right. But {one}: that is 128 · y. (128 is where bytes of ab have their "
                f"grey; here the scale is 110.) All colours are {128 / 110 - 1:.0%} too strong.",
                hint,
                more,
            ),
        ),
        (
            110 * (y + 1),
            Wrong(
                "1 is added to y",
                f"L is right. But {one}: that is 110 · (y + 1), and grey, y = 0, becomes "
                f"(110, 110), a glaring orange.",
                hint,
                more,
            ),
        ),
        (
            50 * y,
            Wrong(
                "the scale of L for ab",
                f"L is right. But {one}: that is 50 · y, and the colours are less than half as "
                f"strong as they were.",
                hint,
                more,
            ),
        ),
    ]
    raise_matching(ab, slips)
    if not same(ab, 110 * y):
        raise Wrong("another ab", f"L is right. But {one}.", hint, more)
