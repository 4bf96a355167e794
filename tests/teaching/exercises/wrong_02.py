"""Wrong answers to the exercises of chapter 02."""

import hashlib
import random

import numpy as np
import torch

from colourlib.teaching.check.chapter02.splitting import UNITS

from . import CRASHED, SAME_WORDS, SHORT, UNREADABLE, Answers, Case

WRONG = {}
WRONG["lamp_pixels"] = [
    Case("exactly one in a hundred", 100, "the measure is 0.8", "9900 times 0, then 100 times 80"),
    Case("the mean, not the quantile", 250, "250 · 80 / 10000 = 2"),
    Case("too small a lamp", 1, "9999 pixels have chroma 0"),
    Case("too small a lamp", torch.tensor(25.0), "turned away"),
    Case("counted from the other end", 9900, "99 % of the picture"),
    Case("counted from the other end", np.int64(9901)),
    Case("a larger lamp than need be", 102, "With 101 pixels the measure is 80"),
    Case("a share, not pixels", 0.0101, "1 % is 100"),
    Case("no such lamp", 10_001, "10000 pixels"),
    Case("no such lamp", 0, "your lamp has 0"),
    Case(UNREADABLE, "101", "pixels"),
]


BELOW_ZERO, SWAPPED = "uint8 has no numbers below zero", "lighter and darker swapped"


def bits(mistake, answer, *says):
    """`answer` makes one of a, the left pixels, b, their right neighbours, and the grey picture."""
    return Case(mistake, lambda grey: answer(grey[:, :-1], grey[:, 1:], grey), *says)


WRONG["dhash"] = [
    bits("rows and columns swapped", lambda a, b, _: (b > a).T, "Row 1 is [", "That is column 1"),
    bits(BELOW_ZERO, lambda a, b, _: b != a, "!= would give the same"),
    bits(BELOW_ZERO, lambda a, b, _: b - a > 0, "goes round to", "the right neighbour is darker"),
    bits(UNREADABLE, lambda a, b, _: (b > a).astype(int).astype(str), "'1', of type str"),
    bits(UNREADABLE, lambda *_: "1" * 64, "of type str"),
    bits(UNREADABLE, lambda a, b, grey: int(grey.sum()), "of type int"),
    bits(UNREADABLE, lambda *_: np.full((8, 8), "1"), "True and False"),
    bits(SWAPPED, lambda a, b, _: b < a, "Row 1 is [", "the left one is lighter"),
    bits("equal taken for lighter", lambda a, b, _: b >= a, "Two that are equal"),
    bits("the neighbour below", lambda a, b, grey: grey[1:] > grey[:-1], "7 rows of 9"),
    bits("compared with the middle", lambda a, b, grey: grey > grey.mean(), "72 bits", "aHash"),
    bits("differences, not bits", lambda a, b, _: b.astype(int) - a, "not only 0 and 1"),
    bits("differences, not bits", lambda a, b, _: b - a, "uint8"),
    bits("another shape", lambda a, b, _: (b > a).T[:, :7], "(8, 7)", "(8, 8)"),
    bits("other bits", lambda a, b, _: (b > a)[:, ::-1], "of 64 differ"),
    bits(CRASHED, lambda a, b, grey: grey[:, 9] > 0, "IndexError"),
]

LOST = ("15 of 18 drawings and 2 of 18 photos", "15 / 17 = 0.88", "15 / 18 = 0.83")
WRONG["best_limit"] = [
    Case("too many photos lost", 2, *LOST),
    Case("too many photos lost", 0.2, "16 / 28"),
    Case("a photo lost for nothing", 3, "14 / 15 = 0.93", "At 3.3"),
    Case("recall left lying", 3.5, "14 / 14 = 1.00", "at 2.6"),
    Case("recall left lying", np.float64(5), "at 4.8"),
    Case("nothing is turned away", 14.3, "0 / 0"),
    Case("nothing is turned away", 90, "in %"),
    Case("everything is turned away", 0, "above the limit", "18 of 18 photos"),
    Case("everything is turned away", -1, "precision 18 / 36 = 0.50"),
    Case(UNREADABLE, float("nan"), "nan"),
    Case(UNREADABLE, [2.3, 2.6], "limit"),
]


def sides(pictures, validating):
    return ["validation" if picture in validating else "train" for picture in pictures]


def by_group(mistake, choose, *says):
    """Sides by the groups that `choose` takes of all, which it is given sorted."""
    return Case(mistake, lambda groups: sides(groups, choose(sorted(set(groups)))), *says)


def by_picture(groups):
    dice = random.Random(1)
    return ["validation" if dice.random() < 0.15 else "train" for _ in groups]


def cut(groups):
    """The last 15 % of the pictures validate: right only where members lie side by side."""
    return sides(range(len(groups)), range(round(0.85 * len(groups)), len(groups)))


def tested(groups):
    numbers = (int(hashlib.sha256(group.encode()).hexdigest(), 16) for group in groups)
    return ["test" if number % 7 == 0 else "train" for number in numbers]


DEALT = "pictures dealt, not groups"
DICE, ANEW = "other sides each time", "other sides when Python starts anew"
WRONG["deal"] = [
    Case(DEALT, by_picture, "Groups on both sides: ", "0.85^4 + 0.15^4 = 52 %"),
    Case(DEALT, cut, "Groups on both sides: 1."),
    by_group("the sides swapped", lambda g: g[len(g) // 7 :], "86 of 100"),
    by_group("nothing to validate", lambda g: [], "0 of 100 groups"),
    by_group("another share", lambda g: g[::2], "50 of 100", "50 %"),
    by_group("another share", lambda g: g[:1], "1 of 100"),
    by_group(DICE, lambda g: random.sample(g, len(g) // 7), "pictures change sides"),
    by_group(
        ANEW, lambda g: [*set(g)][: len(g) // 7], "As if in a fresh Python", "sorted(set(groups))"
    ),
    by_group(ANEW, lambda g: [one for one in g if hash(one) % 100 < 15], "hash(text)"),
    Case("a side for each group", lambda g: dict.fromkeys(g, "train"), "dict of 100 groups"),
    Case("not one side for each picture", lambda g: ["train"] * len(set(g)), "has 100 sides"),
    Case("another word for a side", tested, "'test'"),
    Case(UNREADABLE, lambda groups: "train", "list"),
]

TEXT = (
    "X-ray pictures of a hospital: each patient comes several times, and each machine writes its "
    "name into the corner, so I would split by patient and by machine."
)


def split(mistake, name, unit, *says):
    return Case(mistake, Answers(UNITS | {name: unit}, TEXT), *says)


WRONG["fair_split"] = [
    split("neighbours on both sides", "film frames", "picture", "0.98", "3 of 4"),
    split("dealt picture by picture", "portraits", "picture", "0.15^19"),
    split("dealt picture by picture", "search results", "picture", "one pair in four"),
    split("dealt picture by picture", "webcam", "picture", "the one before or after trains"),
    split("copies are not all that leaks", "portraits", "group of copies", "Another pose"),
    split("tested on the past", "webcam", "film", "1 of 5"),
    split("a unit that does not fit", "film frames", "year"),
    split("not one of the choices", "webcam", "day", "'day'"),
    Case("a choice is missing", Answers({"webcam": "year"}, TEXT), "1 of 4"),
    Case(SHORT, Answers(UNITS, "Photos of my cat."), "choices are fair", "4 words"),
    Case(SAME_WORDS, Answers(UNITS, "cats and dogs " * 8), "24 words"),
    Case(UNREADABLE, Answers(UNITS, 20), "int"),
]
