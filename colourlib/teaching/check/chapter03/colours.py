"""The exercises of chapter 03 on single colours: chroma, and the lightness of a byte.

tints.py has those on many colours, scales.py the scaling, batches.py the batches.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .... import colour
from ..core import CRASHED, Wrong, call, exercise
from ..tensors import numbers, raise_matching
from ..values import near, number, recognise

LEAF_A, LEAF_B, LEAF_L = -36, 48, 65  # the pixel of the task


@exercise("03.1", "How far from grey?", "a number, the chroma")
def chroma(answer):
    """The chroma of a = -36, b = 48: the root of the sum of the squares, 60."""
    given = number(answer, "leaf")
    a2, b2 = LEAF_A**2, LEAF_B**2
    start = f"You have {given:.4g}."
    root = "chroma is the length of the arrow from grey (0, 0) to (a, b): Pythagoras."
    more = f"Square each of the two ({a2} and {b2}), add, and take the square root of the sum."
    recognise(given, _chroma_slips(start, root, more))
    if not near(given, 60):
        raise Wrong(
            "another number",
            f"{start} For the smaller colour a = −3, b = 4 the chroma is √(9 + 16) = 5; yours, "
            f"a = −36, b = 48, is that colour twelve times as strong.",
            root,
            more,
        )
    return (
        f"√({a2} + {b2}) = 60. Two colours with the same chroma are equally far from grey, "
        f"whatever their hue: (36, −48) has 60, too, and is a violet."
    )


def _chroma_slips(start: str, root: str, more: str) -> list[tuple[float, Wrong]]:
    """What each slip would give, and what to say of it."""
    a2, b2 = LEAF_A**2, LEAF_B**2
    return [
        (
            (b2 - a2) ** 0.5,
            Wrong(
                "the minus is not squared",
                f"{start} That is the root of −{a2} + {b2} = {b2 - a2}: the square of −36 came out "
                f"negative. Python reads `-36**2` as −(36²).",
                "a square is never negative: `(-36)**2`.",
                more,
            ),
        ),
        *(
            (
                half,
                Wrong(
                    "the half, not the root",
                    f"{start} That is half of {2 * half}: Python reads `x ** 1/2` as (x ** 1) / 2.",
                    "brackets round the 1/2, or `** 0.5`.",
                    more,
                ),
            )
            for half in ((a2 + b2) // 2, (b2 - a2) // 2)
        ),
        (
            b2 - a2,
            Wrong(
                "the minus is not squared",
                f"{start} That is −{a2} + {b2}: the square of −36 came out negative, since Python "
                f"reads `-36**2` as −(36²). And the root is still to be taken.",
                "a square is never negative: `(-36)**2`.",
                more,
            ),
        ),
        (
            a2 + b2,
            Wrong(
                "the root is missing",
                f"{start} That is {a2} + {b2}, the square of the distance. As a distance in the ab "
                f"plane it would lie far outside: no colour is farther from grey than about 134.",
                "one step is left.",
                more,
            ),
        ),
        (
            LEAF_A + LEAF_B,
            Wrong(
                "a and b added with their signs",
                f"{start} That is −36 + 48: green and yellow would cancel each other, and a colour "
                f"with a = −48, b = 48 would count as grey.",
                root,
                more,
            ),
        ),
        (
            abs(LEAF_A) + abs(LEAF_B),
            Wrong(
                "a and b added",
                f"{start} That is 36 + 48, the way round the corner: first along a, then along b. "
                f"The straight line is shorter.",
                root,
                more,
            ),
        ),
        (
            (LEAF_L**2 + a2 + b2) ** 0.5,
            Wrong(
                "L is counted, too",
                f"{start} That is the root of {LEAF_L}² + 36² + 48², the distance from black. A "
                f"white wall (L = 100, a = b = 0) would have a chroma of 100.",
                "chroma is about a and b alone.",
                more,
            ),
        ),
    ]


# ---------------------------------------------------------------- from a byte to L*


def _light(v: Tensor, dark: bool = True) -> Tensor:
    """Gamma-encoded 0..1 -> light 0..1; without the straight piece where dark is False."""
    curve = ((v + 0.055) / 1.055) ** 2.4
    return torch.where(v <= 0.04045, v / 12.92, curve) if dark else curve


def _lightness(Y: Tensor, dark: bool = True) -> Tensor:
    """Light 0..1 -> L* 0..100; without the straight piece where dark is False."""
    curve = 116 * Y ** (1 / 3) - 16
    return torch.where(Y <= 0.008856, 903.3 * Y, curve) if dark else curve


@exercise(
    "03.2", "From a byte to L*", "a function of a tensor of bytes 0..255 that gives L* 0..100"
)
def lightness(answer):
    """All 256 bytes, against the curve of CIE 1976 and against what colour.rgb_to_lab gives."""
    byte = torch.arange(256, dtype=torch.float64)
    given = _of_bytes(answer, byte)
    v = byte / 255
    true = _lightness(_light(v))
    off = (
        f"byte 119 becomes {given[119]:.4g}, and is {true[119]:.4g}; byte 0 becomes {given[0]:.3g}"
    )
    more = (
        "Three lines: v from the byte; Y from v, with torch.where for the darkest part; L from Y, "
        "with torch.where again. Print v, Y and L for byte 119: about 0.467, 0.184 and 50."
    )
    raise_matching(given, _curve_slips(given, byte, off, more))
    gap = (given - true).abs()
    if not gap.max() < 0.05:
        worst = int(gap.nan_to_num(1e9).argmax())
        raise Wrong(
            "another curve",
            f"At byte {worst} you have {given[worst]:.4g}, and L* is {true[worst]:.4g}: v = "
            f"{v[worst]:.3f}, so Y = {_light(v)[worst]:.4f}. Over all bytes: {off}.",
            "compare Y first, then L: which of the two steps goes astray?",
            more,
        )
    course = colour.rgb_to_lab(colour.to_tensor(byte.byte()[None].numpy()))[0].flatten()
    return (
        f"All 256 bytes have their L*: 0 for black, {given[119]:.1f} for byte 119, 100 for white. "
        f"From `colour.rgb_to_lab` yours differs by {(given - course).abs().max():.1g} at most; "
        f"byte / 255 · 100 by {(100 * v - course).abs().max():.1f}. Looked at were grey bytes "
        f"alone: of a coloured pixel, Y is a weighted sum of the light of R, G and B."
    )


def _curve_slips(given: Tensor, byte: Tensor, off: str, more: str) -> list[tuple[Tensor, Wrong]]:
    """What each slip would give for all bytes, and what to say of it."""
    v = byte / 255
    true = _lightness(_light(v))
    encoded = torch.where(v <= 0.0031308, 12.92 * v, 1.055 * v ** (1 / 2.4) - 0.055)
    return [
        (
            100 * v,
            Wrong(
                "the byte is taken for L",
                f"That is byte / 255 · 100: {off}. The straight line is off by up to "
                f"{(100 * v - true).abs().max():.1f} units.",
                "the byte has to become light first, and the light lightness.",
                more,
            ),
        ),
        (
            _lightness(v),
            Wrong(
                "the gamma is left out",
                f"Your curve goes from v = byte / 255 to L at once: {off}. Byte 119 sends out "
                f"{100 * _light(v)[119]:.0f} % of the light of white, not {100 * v[119]:.0f} %.",
                "v is gamma-encoded: the first of the two steps makes light of it.",
                more,
            ),
        ),
        (
            100 * _light(v),
            Wrong(
                "light is taken for lightness",
                f"You stop at the light, in per cent: {off}. A lamp of half the light "
                f"looks lighter than half: L* = {_lightness(torch.tensor(0.5)).item():.0f}.",
                "the second step is missing, from Y to L.",
                more,
            ),
        ),
        (
            _lightness(encoded),
            Wrong(
                "the gamma the wrong way round",
                f"The power is 1 / 2.4 where it has to be 2.4: {off}. You have encoded what was "
                f"encoded already, and all is too light.",
                "to decode takes shades down: Y is smaller than v.",
                more,
            ),
        ),
        (
            _lightness(_light(v), dark=False),
            Wrong(
                "the dark part of L is missing",
                f"Black, byte 0, gets 116 · 0 − 16 = {given[0]:.0f}: L* begins at 0. From byte 25 "
                f"up all is right.",
                "below Y = 0.008856 the curve is the straight line 903.3 · Y.",
                more,
            ),
        ),
        (
            _lightness(_light(v, dark=False)),
            Wrong(
                "the dark part of the gamma is missing",
                f"Black, byte 0, gets L = {given[0]:.2f} and not 0: (0.055 / 1.055)^2.4 is not 0. "
                f"From byte 11 up all is right.",
                "up to v = 0.04045 the curve is the straight line v / 12.92.",
                more,
            ),
        ),
        (
            _lightness(_light(v, dark=False), dark=False),
            Wrong(
                "both dark parts are missing",
                f"Black, byte 0, gets L = {given[0]:.2f}: L* begins at 0. The two curves are right "
                f"where it is not dark.",
                "each of the two steps has a straight piece for the darkest shades.",
                more,
            ),
        ),
        (
            torch.where(_light(v) <= 0.008856, 903.3 * _light(v), 116 * _light(v) / 3 - 16),
            _third(given, more),
        ),
        (116 * _light(v) / 3 - 16, _third(given, more)),
        (
            true / 100,
            Wrong(
                "L from 0 to 1",
                f"White, byte 255, becomes {given[255]:.3g}: L* runs to 100. All your numbers are "
                f"a hundredth of the right ones.",
                "116 · Y^(1/3) − 16 is 100 for Y = 1.",
                more,
            ),
        ),
        (
            _lightness(_light(byte)),
            Wrong(
                "not divided by 255",
                f"White, byte 255, becomes {given[255]:,.0f}. The formulas want v from 0 to 1, and "
                f"got the byte itself.",
                "begin with v = byte / 255.",
                more,
            ),
        ),
    ]


def _third(given: Tensor, more: str) -> Wrong:
    return Wrong(
        "the third, not the root",
        f"White, byte 255, becomes {given[255]:.4g}, which is 116 / 3 − 16: Python reads "
        f"`Y ** 1/3` as (Y ** 1) / 3.",
        "brackets round the 1/3.",
        more,
    )


def _of_bytes(answer, byte: Tensor) -> Tensor:
    """What the function gives for all bytes."""
    try:
        return numbers(call(answer, byte), (256,), "a number for each of the bytes")
    except Wrong as wrong:
        if wrong.mistake == CRASHED and "Boolean value of Tensor" in str(wrong):
            raise Wrong(
                "one question for the whole tensor",
                "Your function asks `if` of a tensor of 256 bytes: some are dark and some are not, "
                "so that there is neither one yes nor one no.",
                "`torch.where(question, where_yes, where_no)` asks at each place.",
                "torch.where(v <= 0.04045, v / 12.92, ...) computes both and picks place by place.",
            ) from None
        raise
