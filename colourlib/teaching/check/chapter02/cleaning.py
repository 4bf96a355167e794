"""Exercises of chapter 02 on measures: what a quantile sees, a fingerprint by hand, and a limit."""

import imagehash
import numpy as np
from PIL import Image, ImageOps

from .... import practice
from ....clean.rules import LIMITS
from ..answers import number
from ..core import call, exercise
from ..slips import ELSE, must_be, recognise, wrong_if

PIXELS, LAMP, ENOUGH = 100 * 100, 80.0, 101  # of the picture; chroma of the lamp; its pixels


def _measured(lamp: int) -> float:
    """What the rule grey measures where `lamp` of PIXELS pixels have chroma LAMP, the others 0."""
    return float(np.quantile(LAMP * (np.arange(PIXELS) < lamp), 0.99))


@exercise("02.1", "How small may the lamp be?", expects="a number of pixels")
def lamp_pixels(answer):
    """Works out what the rule measures for this lamp, and for one pixel less."""
    given = number(answer, "pixels")
    lamp, limit = int(given), LIMITS["grey"]
    slips = {
        f"a share, not pixels: {given:g} is not a whole number; of 10000 pixels, 1 % is 100. Hint: "
        "multiply a share by the number of pixels.": given != lamp,
        f"no such lamp: There are 100 · 100 = 10000 pixels; your lamp has {lamp}. "
        "Hint: from one pixel to all.": not 0 < lamp <= PIXELS,
    }
    recognise(slips)
    slips = {
        f"the mean, not the quantile: {lamp} · 80 / 10000 = {limit:g} is the mean; "
        "far fewer pixels are enough.": lamp * LAMP / PIXELS == limit,
        "exactly one in a hundred: In order they are 9900 times 0, then 100 times 80: the line "
        "falls before the first pixel of the lamp.": lamp == 100,
        f"counted from the other end: Here the lamp is {lamp / 100:.4g} % of the picture, but 99 % "
        "is the part that may be grey.": lamp > PIXELS // 2,
        f"too small a lamp: It is turned away: {PIXELS - lamp} pixels have chroma 0, "
        "and 99 % of all are among them.": lamp < 100,
        f"a larger lamp than need be: With {lamp - 1} pixels the measure is "
        f"{_measured(lamp - 1):.3g}: kept, too. Hint: how many pixels are the other 1 %?": ELSE,
    }
    start = f"With {lamp} pixels the measure is {_measured(lamp):.3g}, and the limit is {limit:g}."
    recognise(slips, right=lamp == ENOUGH, start=start)
    return (
        f"The rule measures {_measured(lamp):g} and keeps the photo; with one pixel less it "
        f"measures {_measured(lamp - 1):g}. The mean chroma is {lamp * LAMP / PIXELS:.2f}: a rule "
        "on the mean would throw this photo out. Not looked at: the rule measures a copy of 64 × "
        "64 pixels, in which a small lamp is mixed with its neighbours."
    )


def _tiny(image: Image.Image) -> np.ndarray:
    """(8, 9) uint8: the grey copy of a picture that dHash looks at."""
    return np.asarray(image.convert("L").resize((9, 8), Image.Resampling.LANCZOS))


@exercise("02.2", "dHash by hand", expects="a function of an (8, 9) array that gives (8, 8) bits")
def dhash(answer):
    """Compares the function with imagehash on chance numbers, on even areas and on a scene."""
    dice = np.random.default_rng(1)
    steps = (50 * dice.integers(0, 6, (8, 9))).astype(np.uint8)  # many neighbours are equal
    scene = Image.fromarray(practice.scene("mountains", 10_003, 216, 160).rgb())
    for grey in (steps, _tiny(scene)):
        _compare(_bits(call(answer, grey.copy()), grey), grey)
    others = {
        "at half the size": scene.resize((108, 80)),
        "brighter by a fifth": scene.point(lambda v: min(255, int(1.2 * v))),
        "mirrored": ImageOps.mirror(scene),
    }

    def bits(image) -> np.ndarray:
        return np.asarray(answer(_tiny(image)), bool).reshape(8, 8)

    mine, library = bits(scene), imagehash.dhash(scene).hash
    apart = [f"{name} is {(mine != bits(i)).sum()} bits away" for name, i in others.items()]
    return (
        f"{(mine == library).sum()} of your 64 bits of a practice scene are those of imagehash. "
        f"The same scene {', '.join(apart)}: it does not see through a mirror. Not looked at: how "
        "the picture is shrunk to 9 × 8."
    )


def _bits(given, grey: np.ndarray) -> np.ndarray:
    """What was given for grey (8, 9) uint8 as an array (8, 8). Raises Wrong for other shapes."""
    bits = np.asarray(given)
    must_be(bits.ndim > 0, given, "8 rows of 8 bits, True and False, or 1 and 0")
    middle = any(np.array_equal(bits, grey > m) for m in (grey.mean(), np.median(grey)))
    slips = {
        f"the neighbour below: Your function gives 7 rows of {bits.size // 7}: comparing each row "
        "with the one below leaves 7 of 8.": bits.shape in ((7, 9), (7, 8)),
        "compared with the middle: You compare each pixel with one value for all, and so get 8 · 9 "
        "= 72 bits. That is another fingerprint, aHash.": middle,
        f"another shape: Your function gives shape {bits.shape}, not (8, 8). Hint: grey[:, 1:] and "
        "grey[:, :-1] have that shape.": bits.shape not in ((8, 8), (64,)),
    }
    recognise(slips)
    first = bits.flat[0].item()
    must_be(bits.dtype.kind in "buif", first, "a bit: True and False, or 1 and 0")
    return bits.reshape(8, 8)


def _compare(bits: np.ndarray, grey: np.ndarray) -> None:
    """Raise Wrong where the bits (8, 8) given for grey (8, 9) uint8 are not those of dHash."""
    left, right = grey[:, :-1].astype(int), grey[:, 1:].astype(int)
    wanted = right > left
    row = int((bits != wanted).any(axis=1).argmax())
    yours, due = (one[row].astype(int).tolist() for one in (bits, wanted))
    start = f"Row {row + 1} is {grey[row].tolist()}. You make {yours} of it"
    wrong_if(
        not np.isin(bits, (0, 1)).all(),
        f"differences, not bits: {start}, not only 0 and 1. Hint: a bit says whether, not by how "
        "much: what is > 0? And in uint8, which has no numbers below 0, 50 - 100 is 206.",
    )
    at = int((right[row] < left[row]).argmax())
    before, after = left[row, at], right[row, at]

    def is_(other: np.ndarray) -> bool:
        return bool((bits == other).all())

    slips = {
        f"uint8 has no numbers below zero: At place {at + 1} the right neighbour is darker, but "
        f"{after} - {before} goes round to {(after - before) % 256}. (!= would give the same.) "
        "Hint: compare the two with >, or make them int first.": is_(left != right),
        "lighter and darker swapped: You note where the left one is lighter.": is_(right < left),
        "equal taken for lighter: Two that are equal are not one lighter than the other. Hint: > "
        "and not >=: a plain sky would be all ones.": is_(right >= left),
        f"rows and columns swapped: That is column {row + 1} of the right bits. Hint: the first "
        "index counts rows: bits[row, column].": is_(wanted.T),
        f"other bits: In all {(bits != wanted).sum()} of 64 differ. Hint: grey[:, 1:] has the "
        "right-hand neighbours: is the second larger than the first, and so on?": ELSE,
    }
    recognise(slips, right=is_(wanted), start=f"{start}; it should be {due}.")


# What the rule "drawing or poster" measures, in %, on the quick setting's practice pictures: all
# drawings and posters, and the photos that come nearest. The first four photos have a frame.
DRAWN = [14.3, 11.9, 11.6, 9.9, 9.7, 9.1, 8.4, 7.3, 7.1]
DRAWN += [6.6, 6.4, 5.4, 4.8, 3.9, 2.6, 1.3, 0.0, 0.0]
HONEST = [3.3, 2.3, 1.9, 1.8, 1.1, 0.9, 0.7, 0.6, 0.6, 0.5, 0.4, 0.4, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1]
PRECISION = 0.9  # at least


def _counted(limit: float) -> tuple[int, int, bool, str]:
    """(drawings, photos) turned away above a limit, whether that is precise, and in words."""
    drawn, honest = (sum(value > limit for value in values) for values in (DRAWN, HONEST))
    out = drawn + honest
    precision = f"{drawn} / {out} = {drawn / out:.2f}" if out else "0 / 0, which cannot be told"
    said = (
        f"At a limit of {limit:g} the rule turns away {drawn} of 18 drawings and {honest} of 18 "
        f"photos: precision {precision}, recall {drawn} / 18 = {drawn / 18:.2f}."
    )
    return drawn, honest, drawn > 0 and drawn / out >= PRECISION, said


@exercise("02.5", "Draw the line", expects="a limit, in % of the picture")
def best_limit(answer):
    """Counts what a limit turns away, and whether another one keeps to the terms and gets more."""
    limit, values = number(answer, "limit"), DRAWN + HONEST
    drawn, honest, precise, said = _counted(limit)
    higher = max([x for x in values if x > limit and _counted(x)[0] == drawn], default=limit)
    stays = max([x for x in DRAWN if x <= limit], default=0)
    above = "Hint: the rule turns away what is above the limit; the values are in %, up to 14.3."
    slips = {
        f"everything is turned away: No photo is left to learn from. {above}": honest == 18,
        f"nothing is turned away: The largest value is 14.3. {above}": drawn + honest == 0,
        "too many photos lost: Of ten that go, nine must be drawings. Hint: go up from value to "
        "value, and count on both lists.": not precise,
        f"a photo lost for nothing: At {higher:g} it finds just as many drawings. Hint: a limit is "
        "worth lowering only past a drawing.": _counted(higher)[1] < honest,
        f"recall left lying: Of the drawings that stay, the nearest to your limit is at {stays:g}. "
        "Hint: the terms are a precision of 0.9, not of 1.": ELSE,
    }
    best = max(_counted(x)[0] for x in values if _counted(x)[2])
    recognise(slips, right=precise and drawn == best, start=said)
    ours = LIMITS["drawing or poster"]
    return (
        f"{said} No other limit with a precision of {PRECISION:g} finds more. The course's limit "
        f"is {ours:g}. {_counted(ours)[3]} But the photos it would lose have a frame, and 'mostly "
        "border' is asked first. Not shown: what the line is worth on other drawings."
    )
