"""Exercises of chapter 03 on colours: chroma, the lightness of a byte, and the scales."""

import torch
from torch import Tensor

from .... import colour
from ..answers import number, numbers, tensor
from ..core import CRASHED, Wrong, call, exercise
from ..slips import ELSE, must_be, recognise, unreadable_if, wrong_if

CARET = ("bitwise_xor", "for ^:")  # what torch and Python say of 0.5 ^ 2.4


@exercise("03.1", "How far from grey?", "a number, the chroma")
def chroma(answer):
    """The chroma of a = -36, b = 48 (L = 65): the root of the sum of the squares, 60."""
    given = number(answer, "leaf")
    minus = "−36² came out negative, as Python reads `-36**2`. Hint: `(-36)**2`."
    from_black = (65**2 + 36**2 + 48**2) ** 0.5
    slips = {
        f"the minus is not squared: That is the root of −1296 + 2304 = 1008: {minus}": 1008**0.5,
        f"the minus is not squared: That is 1008, and the root is still to be taken: {minus}": 1008,
        f"the half, not the root: That is half of {2 * given:g}: Python reads `x ** 1/2` as (x ** "
        "1) / 2. Hint: brackets round the 1/2.": (1800, 504),
        "the root is missing: That is 1296 + 2304, but no chroma is larger than 134.": 3600,
        "a and b added with their signs: That is −36 + 48: green and yellow would cancel.": 12,
        "a and b added: That is 36 + 48, the way round the corner.": 84,
        "L is counted, too: That is √(65² + 36² + 48²), the distance from black.": from_black,
        "another number: For a = −3, b = 4 it is √(9 + 16) = 5. Hint: chroma is the length of the "
        "arrow from grey (0, 0) to (a, b). More: Square both, add, and take the root.": ELSE,
    }
    recognise(slips, given, right=60, start=f"You have {given:.4g}.")
    return (
        "√(1296 + 2304) = 60. Two colours with the same chroma are equally far from grey, whatever "
        "their hue: (36, −48) has 60, too, and is a violet."
    )


def _light(v: Tensor, dark: bool = True) -> Tensor:
    """Gamma-encoded 0..1 -> light 0..1; without the straight piece where dark is False."""
    curve = ((v + 0.055) / 1.055) ** 2.4
    return torch.where(v <= 0.04045, v / 12.92, curve) if dark else curve


def _lightness(Y: Tensor, dark: bool = True) -> Tensor:
    """Light 0..1 -> L* 0..100; without the straight piece where dark is False."""
    curve = 116 * Y ** (1 / 3) - 16
    return torch.where(Y <= 0.008856, 903.3 * Y, curve) if dark else curve


@exercise("03.2", "From a byte to L*", "a function of a tensor of bytes that gives L* 0..100")
def lightness(answer):
    """All 256 bytes, against the curve of CIE 1976 and against what colour.rgb_to_lab gives."""
    byte = torch.arange(256, dtype=torch.float64)
    try:
        given = numbers(call(answer, byte), (256,), "a number for each of the bytes")
    except Wrong as wrong:
        wrong_if(
            wrong.mistake == CRASHED and "Boolean value of Tensor" in str(wrong),
            "one question for the whole tensor: Your function asks `if` of 256 bytes at once, dark "
            "or not. Hint: torch.where(v <= 0.04045, v / 12.92, ...) asks at each place.",
        )
        wrong_if(
            wrong.mistake == CRASHED and any(sign in str(wrong) for sign in CARET),
            "^ for a power: In Python `^` is no power: it compares the bits of two whole numbers. "
            "Hint: a power is written `**`, as in 2 ** 3 = 8.",
        )
        raise
    v, Y = byte / 255, _light(byte / 255)
    true, no_dark_gamma, third = _lightness(Y), _light(v, dark=False), 116 * Y / 3 - 16
    encoded = torch.where(v <= 0.0031308, 12.92 * v, 1.055 * v ** (1 / 2.4) - 0.055)
    gap = (given - true).abs()
    at = int(gap.nan_to_num(1e9).argmax())
    middle = f"{given[119]:.4g} (it is {true[119]:.4g})"
    start = f"Byte 0 becomes L = {given[0]:.2f}, 119 {middle}, byte 255 becomes {given[255]:,.4g}."
    slips = {
        "the byte is taken for L: That is byte / 255 · 100, off by up to 3.4 units. Hint: the byte "
        "has to become light first, and the light lightness.": 100 * v,
        "the gamma is left out: Byte 119 sends out 18 % of the light of white, not 47 %. Hint: v "
        "is gamma-encoded: the first of the two steps makes light of it.": _lightness(v),
        "light is taken for lightness: You stop at the light, in per cent. A lamp of half the "
        "light looks lighter than half: L* = 76. Hint: the step from Y to L.": 100 * Y,
        "the gamma the wrong way round: Your power is 1 / 2.4, not 2.4: it encodes once more. "
        "Hint: decoding makes shades darker.": _lightness(encoded),
        "the dark part of L is missing: 116 · 0 − 16 = -16, but L* begins at 0. Hint: below Y = "
        "0.008856 the curve is the straight line 903.3 · Y.": _lightness(Y, dark=False),
        "the dark part of the gamma is missing: (0.055 / 1.055) ** 2.4 is not 0. Hint: up to v = "
        "0.04045 the curve is the straight line v / 12.92.": _lightness(no_dark_gamma),
        "both dark parts are missing: L* begins at 0. Hint: each of the two steps has a straight "
        "piece for the darkest shades.": _lightness(no_dark_gamma, dark=False),
        "the third, not the root: That is 116 / 3 − 16: Python reads `Y ** 1/3` as (Y ** 1) / 3. "
        "Hint: brackets round the 1/3.": (third, torch.where(Y <= 0.008856, 903.3 * Y, third)),
        "L from 0 to 1: L* of white is 100. Hint: 116 · Y ** (1 / 3) − 16 is 100 for Y = 1.": true
        / 100,
        "not divided by 255: v goes from 0 to 1.": _lightness(_light(byte)),
        f"another curve: At byte {at} you have {given[at]:.4g}, but L* is {true[at]:.4g}: v = "
        f"{v[at]:.3f}, so Y = {Y[at]:.4f}. Hint: compare Y first, then L: which of the two steps "
        "goes astray? More: v from the byte; Y from v, with torch.where for the darkest part; L "
        "from Y, with torch.where again.": ELSE,
    }
    recognise(slips, given, right=bool(gap.max() < 0.05), start=start)
    course = colour.rgb_to_lab(colour.to_tensor(byte.byte()[None].numpy()))[0].flatten()
    yours, linear = (f"{(one - course).abs().max():.2g}" for one in (given, 100 * v))
    return (
        f"All 256 bytes have their L*: from `colour.rgb_to_lab` yours differs by {yours} at most, "
        f"byte / 255 · 100 by {linear}. Not looked at: coloured pixels, whose Y is a weighted sum."
    )


@exercise("03.4", "The way back", "a function of (x, y) that gives L and ab")
def way_back(answer):
    """L = 50 (x + 1) and ab = 110 y, on numbers from one end of the range to the other."""
    x = torch.linspace(-1, 1, 12).reshape(2, 1, 2, 3)  # (N, 1, H, W)
    y = torch.linspace(-0.9, 0.8, 24).flip(0).reshape(2, 2, 2, 3)  # (N, 2, H, W)
    L, ab = _two(call(answer, x, y))
    wrong_if(
        L.shape == y.shape and ab.shape == x.shape,
        f"L and ab swapped: What you return first has the shape {tuple(L.shape)}, two channels: "
        "that is ab. Hint: return first L, then ab.",
    )
    L, x = numbers(L, x.shape, "(N, 1, H, W) for L"), x.double()
    slips = {
        "L is scaled a second time: That is x / 50 − 1, the way there once more.": x / 50 - 1,
        "the brackets are missing: Python multiplies in 50 · x + 1 before it adds.": 50 * x + 1,
        "the 1 is not added: That is 50 · x, and half of the photo is darker than black.": 50 * x,
        "L up to 200: x + 1 runs from 0 to 2, so that 100 is twice too much.": 100 * (x + 1),
        "L from 0 to 1: That is (x + 1) / 2, and L runs to 100.": (x + 1) / 2,
        "another L: Black is 0, and white 100. Hint: solve x = L / 50 − 1 for L: what was done "
        "last is undone first. More: Add 1, then multiply by 50.": ELSE,
    }
    start = f"x = −1 becomes L = {L.flatten()[0]:.4g} and x = 1 becomes {L.flatten()[-1]:.4g}."
    recognise(slips, L, right=50 * (x + 1), start=start)
    ab, y = numbers(ab, y.shape, "(N, 2, H, W) for ab"), y.double()
    slips = {
        "forgot to multiply by 110: It is as it came: every picture would be almost grey.": y,
        "divided by 110 a second time: That is y / 110, the way there once more.": y / 110,
        "128 in place of 110: That is 128 · y: all colours are 16% too strong.": 128 * y,
        "1 is added to y: That is 110 · (y + 1): grey becomes (110, 110), orange.": 110 * (y + 1),
        "the scale of L for ab: That is 50 · y: colours are less than half as strong.": 50 * y,
        "another ab: Grey is 0 on both sides. Hint: solve y = ab / 110 for ab.": ELSE,
    }
    first, its = y.flatten()[0], ab.flatten()[0]
    start = f"L is right. But y = {first:.2f} becomes {its:.4g}; it is {110 * first:.4g}."
    recognise(slips, ab, right=110 * y, start=start)
    true = colour.rgb_to_lab(torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)))
    back = _two(call(answer, colour.scale_L(true[0]), colour.scale_ab(true[1])))
    gap = max((one - lab).abs().max().item() for one, lab in zip(back, true, strict=True))
    return (
        "x = −1 is black again, 0 is L = 50, 1 is white; y = 0.5 is 55 units of chroma. There and "
        f"back again 64 colours lose {gap:.6f} units at most, which is rounding. Not looked at: "
        "what lies outside −1…1, where no photo is."
    )


def _two(result) -> list[Tensor]:
    unreadable_if(
        isinstance(result, Tensor),
        f"This is one tensor {tuple(getattr(result, 'shape', ()))}, but must be a pair. Hint: "
        "`return L, ab`, with a comma between the two, and without torch.cat.",
    )
    must_be(isinstance(result, tuple | list) and len(result) == 2, result, "a pair: `return L, ab`")
    return [tensor(one, "L or ab") for one in result]
