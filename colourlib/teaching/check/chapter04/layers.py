"""The exercises of chapter 04 on the brick's numbers: its padding and its parameters.

norms.py has BatchNorm by hand, networks.py whole networks.
"""

from __future__ import annotations

import torch
from torch import nn

from ..core import Wrong, exercise
from ..values import near, number, recognise

SIDE, KERNEL = 64, 7  # of the padding task
IN, OUT, WINDOW = 16, 32, 5  # of the brick whose parameters are counted
PLACES = SIDE * SIDE


@exercise("04.1", "Predict a padding", "a whole number")
def same_padding(answer):
    """The padding with which a kernel of 7 keeps a map of 64 rows: 3."""
    if answer == "same":
        raise Wrong(
            "left to torch",
            '`padding="same"` does work: torch finds the number itself. Here you are to find it.',
            "the formula above holds for 7 as it does for 3 and 5.",
        )
    p = number(answer, "padding")
    rows = SIDE + 2 * p - KERNEL + 1
    sum_ = (
        f"With your padding of {p:g} a map of {SIDE} rows becomes {SIDE} + 2·{p:g} − {KERNEL} + 1"
    )
    sum_ += f" = {rows:g} rows"
    more = f"Solve {SIDE} + 2·p − {KERNEL} + 1 = {SIDE} for p: 2·p = {KERNEL} − 1."
    if p < 0 or p != int(p):
        extra = f"{KERNEL} / 2 is {KERNEL / 2}" if p == KERNEL / 2 else "no padding is like that"
        raise Wrong(
            "no whole number of pixels",
            f"{sum_}, and zeros come in whole rows: {extra}.",
            "the pixel in the middle of the window needs no padding: halve what is left.",
            more,
        )
    if p == KERNEL // 2 + 1:
        raise Wrong(
            "half of the kernel, rounded up",
            f"{sum_}, not {SIDE}. {KERNEL} / 2 = {KERNEL / 2} was rounded up; the middle of "
            f"the window stands on the picture and needs no zeros.",
            "how many of the seven pixels lie to the left of the middle one?",
            more,
        )
    if p == KERNEL - 1:
        raise Wrong(
            "both sides counted",
            f"{sum_}, not {SIDE}. {KERNEL} − 1 is what both sides need together: the formula "
            f"holds 2·p.",
            "half of it goes to each side.",
            more,
        )
    if p == KERNEL:
        raise Wrong(
            "the kernel itself",
            f"{sum_}, not {SIDE}. The window would slide over nothing but zeros at both ends.",
            "zeros are needed only where the window sticks out while its middle is on the picture.",
            more,
        )
    if p == 1:
        raise Wrong(
            "as for a kernel of 3",
            f"{sum_}, not {SIDE}: 1 is what a kernel of 3 needs. A wider one sticks out farther.",
            "the padding grows with the kernel.",
            more,
        )
    if p == 0:
        raise Wrong(
            "no padding",
            f"{sum_}, not {SIDE}. The middle of the window never comes nearer to the edge than "
            f"three pixels; after ten such layers 60 of the 64 rows are gone.",
            "how far does the window stick out when its middle stands on the first pixel?",
            more,
        )
    if p != 3:
        raise Wrong("another padding", f"{sum_}, not {SIDE}.", "2·p has to undo − 7 + 1.", more)
    out = nn.Conv2d(1, 1, KERNEL, padding=3)(torch.zeros(1, 1, SIDE, SIDE)).shape[-2]
    return (
        f"{SIDE} + 2·3 − {KERNEL} + 1 = {out}: the size stays, and torch agrees. An odd kernel k "
        f"needs (k − 1) / 2, which is `k // 2`, as in the brick. An even one has no such padding: "
        f"4 would need 1.5; with 1 the map shrinks to 63, with 2 it grows to 65."
    )


# ---------------------------------------------------------------- parameters


@exercise("04.3", "Count the parameters of a brick", "a whole number")
def brick_parameters(answer):
    """conv_bn_relu(16, 32, kernel=5): 32 · 16 · 25 weights, and two numbers a channel: 12,864."""
    given = number(answer, "count")
    weights = OUT * IN * WINDOW**2
    want = weights + 2 * OUT
    recognise(given, _parameter_slips(given, weights))
    if not near(given, want, share=1e-9):
        raise Wrong(
            "another count",
            f"You have {given:,.0f}. A smaller brick, from 2 channels to 3 with a 3×3 window: "
            f"3 · 2 · 9 = 54 weights, and 2 · 3 = 6 numbers of BatchNorm, together 60.",
            "weights first: a window for each pair of one channel in and one out.",
            "weights = channels out · channels in · k · k; BatchNorm adds 2 for each channel out.",
        )
    brick = nn.Sequential(
        nn.Conv2d(IN, OUT, WINDOW, padding=2, bias=False), nn.BatchNorm2d(OUT), nn.ReLU()
    )
    counted = sum(p.numel() for p in brick.parameters())
    return (
        f"{OUT} · {IN} · {WINDOW}² = {weights:,} weights and 2 · {OUT} = {2 * OUT} numbers of "
        f"BatchNorm: {counted:,}, as torch counts. ReLU has none, and the size of the picture "
        f"does not matter. On a map of {SIDE} × {SIDE} the same weights make "
        f"{weights * PLACES / 1e6:.0f} million multiply-adds."
    )


def _parameter_slips(given: float, weights: int) -> list[tuple[float, Wrong]]:
    """What each slip would count, and what to say of it."""
    you = f"You have {given:,.0f}."
    norm = 2 * OUT
    both = "the brick is a convolution without bias, BatchNorm, and ReLU."
    return [
        (
            weights,
            Wrong(
                "BatchNorm is forgotten",
                f"{you} That is {OUT} · {IN} · {WINDOW}², the convolution's weights, all of them. "
                f"BatchNorm learns something for each of its {OUT} channels, too.",
                "BatchNorm multiplies and shifts.",
            ),
        ),
        (
            weights + OUT,
            Wrong(
                "one number a channel",
                f"{you} That is {weights:,} weights and {OUT}: one number for each channel. If "
                f"they are biases: the brick has none. If BatchNorm's: it learns two each.",
                "BatchNorm multiplies by one number and adds another.",
            ),
        ),
        (
            weights + OUT + norm,
            Wrong(
                "a bias is counted",
                f"{you} That is {weights:,} weights, {norm} numbers of BatchNorm and {OUT} biases. "
                f"The brick's convolution has `bias=False`: BatchNorm would subtract it again.",
                both,
            ),
        ),
        (
            weights + 2 * norm,
            Wrong(
                "the running averages are counted",
                f"{you} That is {weights:,} weights and four numbers for each of {OUT} channels. "
                f"Two of the four, the running mean and variance, are kept, but not learnt.",
                "parameters are what training changes by its gradients.",
            ),
        ),
        (
            OUT * IN * WINDOW + norm,
            Wrong(
                "the window is not squared",
                f"{you} That is {OUT} · {IN} · {WINDOW} + {norm}. The window is {WINDOW} pixels "
                f"high and {WINDOW} wide, {WINDOW**2} weights.",
                "a window is a square.",
            ),
        ),
        (
            OUT * WINDOW**2 + norm,
            Wrong(
                "one channel in",
                f"{you} That is {OUT} · {WINDOW**2} + {norm}: one window for each channel out. But "
                f"each needs a window of its own for each of the {IN} channels that come in.",
                "a channel out is a sum over all channels in.",
            ),
        ),
        (
            OUT * IN * 9 + norm,
            Wrong(
                "as for a kernel of 3",
                f"{you} That is {OUT} · {IN} · 9 + {norm}. This brick has `kernel=5`.",
                "how many weights has a window of 5 × 5?",
            ),
        ),
    ]
