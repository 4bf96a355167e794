"""Wrong answers to the exercises of chapter 02."""

import hashlib
import random

import numpy as np

from . import Answers, Case

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

WRONG = {
    "lamp_pixels": [
        Case(
            "exactly one in a hundred",
            100,
            says=("the measure is 0.8", "9900 times 0, then 100 times 80"),
        ),
        Case("the mean, not the quantile", 250, says="250 · 80 / 10000 = 2"),
        Case("too small a lamp", 1, says="9999 pixels have chroma 0"),
        Case("too small a lamp", lambda n: n.torch.tensor(25.0), says="turned away"),
        Case("counted from the other end", 9900, says="99 % of the picture"),
        Case("counted from the other end", lambda n: n.np.int64(9901)),
        Case("a larger lamp than need be", 102, says="With 101 pixels the measure is 80"),
        Case("a share, not pixels", 0.0101, says="1 % is 100"),
        Case("no such lamp", 10_001, says="10000 pixels"),
        Case("no such lamp", 0, says="your lamp has 0"),
        Case("another kind of answer", "101", says="pixels"),
    ],
    "dhash": [
        Case(
            "rows and columns swapped",
            lambda n: lambda grey: (grey[:, 1:] > grey[:, :-1]).T,
            says=("Row 1 is [", "which is column 1"),
        ),
        Case(
            "uint8 has no numbers below zero",
            lambda n: lambda grey: grey[:, 1:] != grey[:, :-1],
            says="!= would give the same",
        ),
        Case(
            "another kind of answer",
            lambda n: lambda grey: (grey[:, 1:] > grey[:, :-1]).astype(int).astype(str),
            says="'1', of type str",
        ),
        Case(
            "another kind of answer",
            lambda n: lambda grey: "1" * 64,
            says="one str",
        ),
        Case(
            "lighter and darker swapped",
            lambda n: lambda grey: grey[:, 1:] < grey[:, :-1],
            says=("Row 1 is [", "the left one is lighter"),
        ),
        Case(
            "equal taken for lighter",
            lambda n: lambda grey: grey[:, 1:] >= grey[:, :-1],
            says="Two that are equal",
        ),
        Case(
            "uint8 has no numbers below zero",
            lambda n: lambda grey: np.diff(grey, axis=1) > 0,
            says=("goes round to", "the right neighbour is darker"),
        ),
        Case(
            "the neighbour below",
            lambda n: lambda grey: grey[1:] > grey[:-1],
            says="7 rows of 9",
        ),
        Case(
            "compared with the middle",
            lambda n: lambda grey: grey > grey.mean(),
            says=("72 bits", "aHash"),
        ),
        Case(
            "differences, not bits",
            lambda n: lambda grey: np.diff(grey.astype(int), axis=1),
            says="not only 0 and 1",
        ),
        Case(
            "differences, not bits",
            lambda n: lambda grey: grey[:, 1:] - grey[:, :-1],
            says="uint8",
        ),
        Case(
            "another shape",
            lambda n: lambda grey: (grey[:, 1:] > grey[:, :-1]).T[:, :7],
            says=("(8, 7)", "(8, 8)"),
        ),
        Case("another kind of answer", lambda n: lambda grey: int(grey.sum()), says="one int"),
        Case(
            "other bits",
            lambda n: lambda grey: (grey[:, 1:] > grey[:, :-1])[:, ::-1],
            says="of 64 differ",
        ),
        Case(
            "another kind of answer",
            lambda n: lambda grey: np.full((8, 8), "1"),
            says="True and False",
        ),
        Case(
            "the function stops with an error",
            lambda n: lambda grey: grey[:, 9] > 0,
            says="IndexError",
        ),
    ],
    "best_limit": [
        Case(
            "too many photos lost",
            2,
            says=("15 of 18 drawings and 2 of 18 photos", "15 / 17 = 0.88", "15 / 18 = 0.83"),
        ),
        Case("too many photos lost", 0.2, says="16 / 28"),
        Case("a photo lost for nothing", 3, says=("14 / 15 = 0.93", "At 3.3")),
        Case("recall left lying", 3.5, says=("14 / 14 = 1.00", "at 2.6")),
        Case("recall left lying", lambda n: n.np.float64(5), says="at 4.8"),
        Case("nothing is turned away", 14.3, says="0 / 0"),
        Case("nothing is turned away", 90, says="in %"),
        Case("everything is turned away", 0, says=("above the limit", "18 of 18 photos")),
        Case("everything is turned away", -1, says="precision 18 / 36 = 0.50"),
        Case("another kind of answer", float("nan"), says="nan"),
        Case("another kind of answer", [2.3, 2.6], says="limit"),
    ],
    "deal": [
        Case(
            "pictures dealt, not groups",
            lambda n: by_picture,
            says=("Groups on both sides: ", "0.85^4 + 0.15^4 = 52 %"),
        ),
        Case("pictures dealt, not groups", lambda n: cut, says="Groups on both sides: 1."),
        Case("the sides swapped", by_group(lambda g: g[len(g) // 7 :]), says="86 of 100"),
        Case("nothing to validate", by_group(lambda g: []), says="0 of 100 groups"),
        Case("another share", by_group(lambda g: g[::2]), says=("50 of 100", "50 %")),
        Case("another share", by_group(lambda g: g[:1]), says="1 of 100"),
        Case("other sides each time", lambda n: by_dice, says="pictures change sides"),
        Case(
            "other sides when Python starts anew",
            lambda n: in_order_of_a_set,
            says=("As if in a fresh Python", "sorted(set(groups))"),
        ),
        Case("other sides when Python starts anew", lambda n: by_hash, says="hash(text)"),
        Case(
            "a side for each group",
            lambda n: lambda groups: {g: "train" for g in groups},
            says="dict of 100 groups",
        ),
        Case(
            "not one side for each picture",
            lambda n: lambda groups: ["train" for _ in sorted(set(groups))],
            says="has 100 sides",
        ),
        Case(
            "another word for a side",
            lambda n: lambda groups: ["test" if number(g) % 7 == 0 else "train" for g in groups],
            says="'test'",
        ),
        Case("another kind of answer", lambda n: lambda groups: "train", says="list"),
    ],
    "fair_split": [
        Case(
            "neighbours on both sides",
            Answers((FAIR | {"film frames": "picture"}, TEXT)),
            says=("0.98", "3 of 4"),
        ),
        Case(
            "dealt picture by picture",
            Answers((FAIR | {"portraits": "picture"}, TEXT)),
            says="0.15^19",
        ),
        Case(
            "dealt picture by picture",
            Answers((FAIR | {"search results": "picture"}, TEXT)),
            says="one pair in four",
        ),
        Case(
            "dealt picture by picture",
            Answers((FAIR | {"webcam": "picture"}, TEXT)),
            says="the one before or after trains",
        ),
        Case(
            "copies are not all that leaks",
            Answers((FAIR | {"portraits": "group of copies"}, TEXT)),
            says="Another pose",
        ),
        Case("tested on the past", Answers((FAIR | {"webcam": "film"}, TEXT)), says="1 of 5"),
        Case("a unit that does not fit", Answers((FAIR | {"film frames": "year"}, TEXT))),
        Case("not one of the choices", Answers((FAIR | {"webcam": "day"}, TEXT)), says="'day'"),
        Case("a choice is missing", Answers(({"webcam": "year"}, TEXT)), says="1 of 4"),
        Case(
            "too short to discuss",
            Answers((FAIR, "Photos of my cat.")),
            says=("choices are fair", "4 words"),
        ),
        Case("the same words again", Answers((FAIR, "cats and dogs " * 8)), says="24 words"),
        Case("another kind of answer", Answers((FAIR, 20)), says="int"),
    ],
}
