"""Wrong answers to the exercises of chapter 02."""

import hashlib
import random

import numpy as np

from . import Answers, Case, Function

# ---- splits --------------------------------------------------------------------------------------


def by_group(choose):
    """A case's answer: sides by what `choose` makes of the sorted groups, a set of them."""

    def deal(groups):
        validating = choose(sorted(set(groups)))
        return ["validation" if group in validating else "train" for group in groups]

    return lambda n: deal


def by_picture(groups):
    dice = random.Random(1)
    return ["validation" if dice.random() < 0.15 else "train" for _ in groups]


def cut(groups):
    """The last 15 % of the pictures validate: right only where members lie side by side."""
    n = round(0.85 * len(groups))
    return ["train"] * n + ["validation"] * (len(groups) - n)


def by_dice(groups):
    names = sorted(set(groups))
    random.shuffle(names)
    return by_group(lambda _: set(names[: len(names) // 7]))(None)(groups)


def in_order_of_a_set(groups):
    names = list(set(groups))[: len(set(groups)) // 7]
    return ["validation" if group in names else "train" for group in groups]


def by_hash(groups):
    return ["validation" if hash(group) % 100 < 15 else "train" for group in groups]


def number(group):
    return int(hashlib.sha256(group.encode()).hexdigest(), 16)


FAIR = {
    "film frames": "film",
    "portraits": "person",
    "search results": "group of copies",
    "webcam": "year",
}
TEXT = (
    "X-ray pictures of a hospital: each patient comes several times, and each machine writes its "
    "name into the corner, so I would split by patient and by machine."
)


def split(mistake, name, unit, says):
    return Case(mistake, Answers((FAIR | {name: unit}, TEXT)), says)


WRONG = {
    "lamp_pixels": [
        Case(
            "exactly one in a hundred",
            100,
            ("the measure is 0.8", "9900 times 0, then 100 times 80"),
        ),
        Case("the mean, not the quantile", 250, "250 · 80 / 10000 = 2"),
        Case("too small a lamp", 1, "9999 pixels have chroma 0"),
        Case("too small a lamp", lambda n: n.torch.tensor(25.0), "turned away"),
        Case("counted from the other end", 9900, "99 % of the picture"),
        Case("counted from the other end", lambda n: n.np.int64(9901)),
        Case("a larger lamp than need be", 102, "With 101 pixels the measure is 80"),
        Case("a share, not pixels", 0.0101, "1 % is 100"),
        Case("no such lamp", 10_001, "10000 pixels"),
        Case("no such lamp", 0, "your lamp has 0"),
        Case("another kind of answer", "101", "pixels"),
    ],
    "dhash": [
        Case(
            "rows and columns swapped",
            lambda n: lambda grey: (grey[:, 1:] > grey[:, :-1]).T,
            ("Row 1 is [", "That is column 1"),
        ),
        Function(
            "uint8 has no numbers below zero",
            lambda grey: grey[:, 1:] != grey[:, :-1],
            "!= would give the same",
        ),
        Function(
            "another kind of answer",
            lambda grey: (grey[:, 1:] > grey[:, :-1]).astype(int).astype(str),
            "'1', of type str",
        ),
        Function("another kind of answer", lambda grey: "1" * 64, "of type str"),
        Function(
            "lighter and darker swapped",
            lambda grey: grey[:, 1:] < grey[:, :-1],
            ("Row 1 is [", "the left one is lighter"),
        ),
        Function(
            "equal taken for lighter",
            lambda grey: grey[:, 1:] >= grey[:, :-1],
            "Two that are equal",
        ),
        Function(
            "uint8 has no numbers below zero",
            lambda grey: np.diff(grey, axis=1) > 0,
            ("goes round to", "the right neighbour is darker"),
        ),
        Function("the neighbour below", lambda grey: grey[1:] > grey[:-1], "7 rows of 9"),
        Function("compared with the middle", lambda grey: grey > grey.mean(), ("72 bits", "aHash")),
        Function(
            "differences, not bits",
            lambda grey: np.diff(grey.astype(int), axis=1),
            "not only 0 and 1",
        ),
        Function("differences, not bits", lambda grey: grey[:, 1:] - grey[:, :-1], "uint8"),
        Function(
            "another shape",
            lambda grey: (grey[:, 1:] > grey[:, :-1]).T[:, :7],
            ("(8, 7)", "(8, 8)"),
        ),
        Function("another kind of answer", lambda grey: int(grey.sum()), "of type int"),
        Function("other bits", lambda grey: (grey[:, 1:] > grey[:, :-1])[:, ::-1], "of 64 differ"),
        Function("another kind of answer", lambda grey: np.full((8, 8), "1"), "True and False"),
        Function("the function stops with an error", lambda grey: grey[:, 9] > 0, "IndexError"),
    ],
    "best_limit": [
        Case(
            "too many photos lost",
            2,
            ("15 of 18 drawings and 2 of 18 photos", "15 / 17 = 0.88", "15 / 18 = 0.83"),
        ),
        Case("too many photos lost", 0.2, "16 / 28"),
        Case("a photo lost for nothing", 3, ("14 / 15 = 0.93", "At 3.3")),
        Case("recall left lying", 3.5, ("14 / 14 = 1.00", "at 2.6")),
        Case("recall left lying", lambda n: n.np.float64(5), "at 4.8"),
        Case("nothing is turned away", 14.3, "0 / 0"),
        Case("nothing is turned away", 90, "in %"),
        Case("everything is turned away", 0, ("above the limit", "18 of 18 photos")),
        Case("everything is turned away", -1, "precision 18 / 36 = 0.50"),
        Case("another kind of answer", float("nan"), "nan"),
        Case("another kind of answer", [2.3, 2.6], "limit"),
    ],
    "deal": [
        Function(
            "pictures dealt, not groups",
            by_picture,
            ("Groups on both sides: ", "0.85^4 + 0.15^4 = 52 %"),
        ),
        Function("pictures dealt, not groups", cut, "Groups on both sides: 1."),
        Case("the sides swapped", by_group(lambda g: g[len(g) // 7 :]), "86 of 100"),
        Case("nothing to validate", by_group(lambda g: []), "0 of 100 groups"),
        Case("another share", by_group(lambda g: g[::2]), ("50 of 100", "50 %")),
        Case("another share", by_group(lambda g: g[:1]), "1 of 100"),
        Function("other sides each time", by_dice, "pictures change sides"),
        Function(
            "other sides when Python starts anew",
            in_order_of_a_set,
            ("As if in a fresh Python", "sorted(set(groups))"),
        ),
        Function("other sides when Python starts anew", by_hash, "hash(text)"),
        Function(
            "a side for each group",
            lambda groups: {g: "train" for g in groups},
            "dict of 100 groups",
        ),
        Function(
            "not one side for each picture",
            lambda groups: ["train" for _ in sorted(set(groups))],
            "has 100 sides",
        ),
        Function(
            "another word for a side",
            lambda groups: ["test" if number(g) % 7 == 0 else "train" for g in groups],
            "'test'",
        ),
        Function("another kind of answer", lambda groups: "train", "list"),
    ],
    "fair_split": [
        split("neighbours on both sides", "film frames", "picture", ("0.98", "3 of 4")),
        split("dealt picture by picture", "portraits", "picture", "0.15^19"),
        split("dealt picture by picture", "search results", "picture", "one pair in four"),
        split("dealt picture by picture", "webcam", "picture", "the one before or after trains"),
        split("copies are not all that leaks", "portraits", "group of copies", "Another pose"),
        split("tested on the past", "webcam", "film", "1 of 5"),
        split("a unit that does not fit", "film frames", "year", ()),
        split("not one of the choices", "webcam", "day", "'day'"),
        Case("a choice is missing", Answers(({"webcam": "year"}, TEXT)), "1 of 4"),
        Case(
            "too short to discuss",
            Answers((FAIR, "Photos of my cat.")),
            ("choices are fair", "4 words"),
        ),
        Case("the same words again", Answers((FAIR, "cats and dogs " * 8)), "24 words"),
        Case("another kind of answer", Answers((FAIR, 20)), "int"),
    ],
}
