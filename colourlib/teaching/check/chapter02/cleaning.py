"""Exercises of chapter 02 about measuring: what a quantile sees, and a fingerprint by hand."""

from __future__ import annotations

import imagehash
import numpy as np
from PIL import Image, ImageOps

from .... import practice
from ....clean.rules import LIMITS
from ..core import UNREADABLE, Wrong, call, exercise
from ..values import number

# ---- the lamp ------------------------------------------------------------------------------------

PIXELS, LAMP, ENOUGH = 100 * 100, 80.0, 101  # of the picture; chroma of the lamp; its pixels


def _measured(lamp: int) -> float:
    """What the rule grey measures where `lamp` of PIXELS pixels have chroma LAMP, the others 0."""
    values = np.zeros(PIXELS)
    values[PIXELS - lamp :] = LAMP
    return float(np.quantile(values, 0.99))


@exercise("02.1", "How small may the lamp be?", expects="a number of pixels")
def lamp_pixels(answer):
    """Works out what the rule measures for this lamp, and for one pixel less."""
    given = number(answer, "pixels")
    if given != round(given):
        raise Wrong(
            "a share, not pixels",
            f"{given:g} is no number of pixels: of {PIXELS} pixels, 1 % is {PIXELS // 100}.",
            "whole pixels are asked for; a share has to be multiplied by their number, 100 · 100.",
        )
    lamp = int(given)
    if not 0 < lamp <= PIXELS:
        text = f"The picture has 100 · 100 = {PIXELS} pixels; your lamp has {lamp}."
        raise Wrong("no such lamp", text, "from one pixel to all of them.")
    if lamp == ENOUGH:
        return (
            f"With {lamp} of {PIXELS} pixels, a little more than 1 %, the rule measures "
            f"{_measured(lamp):g} and keeps the photo; with one pixel less it measures "
            f"{_measured(lamp - 1):g}, and it would go. The mean chroma is "
            f"{lamp * LAMP / PIXELS:.2f}: a rule on the mean would throw this photo out. Not "
            "looked at: the rule itself measures a copy of 64 × 64 pixels, in which a lamp of a "
            "few pixels is mixed with its neighbours."
        )
    _wrong_lamp(lamp)


def _wrong_lamp(lamp: int) -> None:
    limit, mean = LIMITS["grey"], lamp * LAMP / PIXELS
    said = (
        f"With {lamp} of {PIXELS} pixels the measure is {_measured(lamp):.3g}, and the limit is "
        f"{limit:g}"
    )
    if mean == limit:
        raise Wrong(
            "the mean, not the quantile",
            f"{said}. {lamp} · {LAMP:g} / {PIXELS} = {mean:g} is the mean; far fewer pixels are "
            "enough for a value that 99 % of the pixels stay below.",
            "how many pixels are the other 1 %?",
        )
    if lamp == PIXELS // 100:
        raise Wrong(
            "exactly one in a hundred",
            f"{said}. Put the pixels in order: {PIXELS - lamp} times 0, then {lamp} times "
            f"{LAMP:g}. The 99 % that stay below are just the zeros, and the line falls before "
            "the first pixel of the lamp.",
            "by how little is it missed?",
            f"np.quantile looks at place 0.99 · {PIXELS - 1} = {0.99 * (PIXELS - 1):.2f} of the "
            f"row, counted from 0: a hundredth of the way from the last 0 to the first {LAMP:g}. "
            "So it measures 0.8.",
        )
    if lamp > PIXELS // 2:
        raise Wrong(
            "counted from the other end",
            f"{said}: kept. But here the lamp is {100 * lamp / PIXELS:.4g} % of the picture. 99 % "
            "is the part that may be grey.",
            "how many pixels are left when 99 % are taken away?",
        )
    if lamp < PIXELS // 100:
        raise Wrong(
            "too small a lamp",
            f"{said}: turned away. {PIXELS - lamp} pixels have chroma 0, and 99 % of all, "
            f"{PIXELS * 99 // 100}, are among them.",
            "the lamp has to reach into the 99 %.",
        )
    raise Wrong(
        "a larger lamp than need be",
        f"{said}: kept. With {lamp - 1} pixels the measure is {_measured(lamp - 1):.3g}: kept, "
        "too. The smallest lamp is asked for.",
        "make it smaller, step by step, and see whether the photo would still be kept.",
    )


# ---- a fingerprint by hand -----------------------------------------------------------------------


def _tiny(image: Image.Image) -> np.ndarray:
    """(8, 9) uint8: the grey copy of a picture that dHash looks at."""
    return np.asarray(image.convert("L").resize((9, 8), Image.Resampling.LANCZOS))


def _distance(one: np.ndarray, other: np.ndarray) -> int:
    return int((one != other).sum())


@exercise("02.2", "dHash by hand", expects="a function of an (8, 9) array that gives (8, 8) bits")
def dhash(answer):
    """Compares the function with imagehash on chance numbers, on even areas and on a scene."""
    dice = np.random.default_rng(1)
    steps = (50 * dice.integers(0, 6, (8, 9))).astype(np.uint8)  # many neighbours are equal
    scene = Image.fromarray(practice.scene("mountains", 10_003, 216, 160).rgb())
    for grey in (steps, _tiny(scene)):
        _compare_bits(call(answer, grey.copy()), grey)
    bits = np.asarray(answer(_tiny(scene)), bool).reshape(8, 8)
    library = imagehash.dhash(scene).hash
    others = {
        "at half the size": scene.resize((108, 80)),
        "brighter by a fifth": scene.point(lambda v: min(255, int(1.2 * v))),
        "mirrored": ImageOps.mirror(scene),
    }
    apart = {
        name: _distance(bits, np.asarray(answer(_tiny(image)), bool).reshape(8, 8))
        for name, image in others.items()
    }
    return (
        f"{64 - _distance(bits, library)} of your 64 bits of a practice scene are those of the "
        "library imagehash. The same scene "
        + ", ".join(f"{name} is {n} bits away" for name, n in apart.items())
        + ". So it does not see through a mirror. Not looked at: how the picture is shrunk to "
        "9 × 8, which was done for you."
    )


def _compare_bits(given, grey: np.ndarray) -> None:
    """Raises Wrong where the bits given for grey (8, 9) uint8 are not those of dHash."""
    bits, whole = np.asarray(given), grey.astype(int)
    if bits.ndim == 0:
        text = f"Your function gives one {type(given).__name__}; wanted are 8 rows of 8 bits."
        raise Wrong(UNREADABLE, text, "an array, or a list of rows: True and False, or 1 and 0.")
    wanted = whole[:, 1:] > whole[:, :-1]  # (8, 8)
    if bits.shape in ((7, 9), (7, 8)):
        raise Wrong(
            "the neighbour below",
            f"Your function gives {bits.shape[0]} rows of {bits.shape[1]}: comparing each of 8 "
            "rows with the one below leaves 7. Comparing each of 9 columns with the next leaves 8.",
            "the right-hand neighbour is in the same row: grey[:, 1:] has the columns from the "
            "second on.",
        )
    mean = whole > whole.mean(), whole > np.median(whole)
    if any(bits.shape == m.shape and (bits == m).all() for m in mean):
        raise Wrong(
            "compared with the middle",
            f"You compare each pixel with one value for all, about {whole.mean():.0f}, and so get "
            "8 · 9 = 72 bits. That is another fingerprint, aHash.",
            "dHash asks about two neighbours: 8 comparisons in a row of 9.",
        )
    if bits.size != 64 or bits.shape not in ((8, 8), (64,)):
        raise Wrong(
            "another shape",
            f"For an array of shape {grey.shape} your function gives shape {bits.shape}; wanted "
            "is (8, 8): 8 rows of 8 comparisons.",
            "grey[:, 1:] and grey[:, :-1] both have shape (8, 8).",
        )
    bits = bits.reshape(8, 8)
    if bits.dtype.kind not in "buif":
        first = bits.tolist()[0][0]
        text = f"The first bit is {first!r:.40}, of type {type(first).__name__}."
        raise Wrong(UNREADABLE, text, "bits are True and False, or the numbers 1 and 0.")
    _compare_signs(bits, grey, whole, wanted)


def _compare_signs(bits: np.ndarray, grey: np.ndarray, whole: np.ndarray, wanted) -> None:
    """Raises Wrong where the comparison is another one: all four are (8, 8) or (8, 9)."""
    row = int((bits != wanted).any(axis=1).argmax())
    said = (
        f"Row {row + 1} is {whole[row].tolist()}. Of it you make {bits[row].astype(int).tolist()}"
    )
    if not np.isin(bits, (0, 1)).all():
        raise Wrong(
            "differences, not bits",
            f"{said}: numbers from {int(bits.min())} to {int(bits.max())}, not only 0 and 1.",
            "a bit says whether, not by how much: what is > 0?",
            "And mind the type: in uint8, which has no numbers below 0, 50 - 100 is 206.",
        )
    if (bits == wanted).all():
        return
    if (bits == ((grey[:, 1:] - grey[:, :-1]) > 0)).all():
        at = int((whole[row, 1:] < whole[row, :-1]).argmax())
        left, right = whole[row, at : at + 2].tolist()
        raise Wrong(
            "uint8 has no numbers below zero",
            f"{said}. At place {at + 1} the right neighbour is darker, and you note a 1: "
            f"{right} - {left} is {right - left}, but in uint8 it goes round to "
            f"{(right - left) % 256}, which is > 0. (!= would give the same bits.)",
            "compare the two with > and take no difference; or make them int first.",
        )
    if (bits == (whole[:, 1:] < whole[:, :-1])).all():
        raise Wrong(
            "lighter and darker swapped",
            f"{said}; wanted is {wanted[row].astype(int).tolist()}. You note where the left one is "
            "lighter.",
            "which of grey[:, 1:] and grey[:, :-1] holds the right-hand neighbours?",
        )
    if (bits == (whole[:, 1:] >= whole[:, :-1])).all():
        raise Wrong(
            "equal taken for lighter",
            f"{said}; wanted is {wanted[row].astype(int).tolist()}. Two that are equal are not "
            "one lighter than the other.",
            "> and not >=. A plain sky would be all ones, and one level of noise would turn them.",
        )
    if (bits == wanted.T).all():
        raise Wrong(
            "rows and columns swapped",
            f"{said}, which is column {row + 1} of the bits that are wanted; their row {row + 1} "
            f"is {wanted[row].astype(int).tolist()}.",
            "the first index counts rows: bits[row, column], and so the loop over rows is outside.",
        )
    raise Wrong(
        "other bits",
        f"{said}; wanted is {wanted[row].astype(int).tolist()}. In all "
        f"{_distance(bits, wanted)} of 64 differ.",
        "take that row with pencil and paper: is the second larger than the first, the third "
        "larger than the second, and so on?",
    )
