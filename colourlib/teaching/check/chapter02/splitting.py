"""Exercises of chapter 02 about the split: deal groups out so that nothing leaks, and say by what
a set of one's own would have to be split.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..choices import chosen
from ..core import UNREADABLE, Noted, Wrong, call, exercise
from ..values import words_for_teacher

SIDES = ("train", "validation")
LEAST, MOST = 0.05, 0.30  # share of the groups that may validate: about 15 %


def _pictures(groups: int, start: str = "g") -> list[str]:
    """The group of each picture: most groups have one, each seventh has four, mixed up."""
    names = [f"{start}{i}" for i in range(groups) for _ in range(4 if i % 7 == 3 else 1)]
    return sorted(names, key=lambda name: name[::-1])  # members are apart, or side by side


@exercise(
    "02.4", "Deal groups, not pictures", expects="a function of groups that gives their sides"
)
def deal(answer):
    """Deals 100 and 60 groups, twice, and 40 groups more."""
    for groups in (_pictures(100), _spread(_pictures(60, "moon-"))):
        sides = _sides(answer, groups)
        _look(sides, groups)
        if moved := _moved(sides, _sides(answer, groups)):
            raise Wrong(
                "other sides each time",
                f"Dealt twice, {moved} of {len(groups)} pictures change sides: a network trained "
                "today would be tested tomorrow on what it has seen.",
                "chance with a seed, made anew in each call: random.Random(1).",
            )
        if moved := _moved_by_start(answer, groups):
            raise Wrong(
                "other sides when Python starts anew",
                f"As if in a fresh Python, {moved} of {len(groups)} pictures change sides. Python "
                "works out hash(text) from another number each time it starts, and goes through a "
                "set in the order of these.",
                "bring the groups into an order that stays: sorted(set(groups)).",
            )
    torn = Counter(groups)
    largest = max(torn.values())
    share = sum(side == "validation" for side in sides) / len(sides)
    return (
        f"160 groups in two sets, some of {largest} pictures: not one is torn apart, and a second "
        f"call gives the same. Of the second set {100 * share:.0f} % of the pictures validate: "
        f"what is counted are the groups, and they differ in size. {_first_by_name(sides, groups)}"
        f"{_when_more_come(answer)}"
    )


def _spread(groups: list[str]) -> list[str]:
    """The same pictures, every other one first: members of a group no longer side by side."""
    return groups[::2] + groups[1::2]


class _Name(str):
    """A text whose hash is that of another start of Python."""

    start = 0

    def __hash__(self) -> int:
        return hash((self.start, str(self)))


def _moved(sides: list[str], again: list[str]) -> int:
    return sum(a != b for a, b in zip(sides, again, strict=True))


def _moved_by_start(answer, groups: list[str]) -> int:
    """How many pictures change sides from one start of Python to the next.

    0 where that cannot be tried: names that went through numpy are plain texts again.
    """
    try:
        one, other = (
            _sides(answer, list(map(type("Name", (_Name,), {"start": start}), groups)))
            for start in (1, 2)
        )
    except Wrong:
        return 0
    return _moved(one, other)


def _sides(answer, groups: list[str]) -> list[str]:
    """The side of each picture. Raises Wrong for what is no such list."""
    given = call(answer, groups.copy())
    if isinstance(given, dict) and set(map(str, given)) >= set(groups):
        raise Wrong(
            "a side for each group",
            f"Your function gives a dict of {len(given)} groups; wanted is a list with a side for "
            f"each of {len(groups)} pictures.",
            "[side[group] for group in groups]",
        )
    given = given.tolist() if isinstance(given, np.ndarray) else given
    if isinstance(given, str) or not isinstance(given, Sequence):
        text = (
            f"Your function gives {type(given).__name__}; a list of {len(groups)} sides is wanted."
        )
        raise Wrong(UNREADABLE, text, 'return a list of "train" and "validation".')
    if len(given) != len(groups):
        raise Wrong(
            "not one side for each picture",
            f"For {len(groups)} pictures in {len(set(groups))} groups your list has {len(given)} "
            "sides.",
            "one for each picture, in their order: [... for group in groups]",
        )
    if odd := [side for side in given if side not in SIDES]:
        raise Wrong(
            "another word for a side",
            f"Your list has {odd[0]!r:.40}; there are {SIDES[0]!r} and {SIDES[1]!r}.",
            "write them as text, in small letters, as split.json does.",
        )
    return list(given)


def _look(sides: list[str], groups: list[str]) -> None:
    """Raises Wrong for groups on both sides, and for a share that is not about 15 %."""
    of_group: dict[str, set[str]] = {}
    for group, side in zip(groups, sides, strict=True):
        of_group.setdefault(group, set()).add(side)
    torn = [group for group, its in of_group.items() if len(its) == 2]
    if torn:
        n = groups.count(torn[0])
        at = [side for group, side in zip(groups, sides, strict=True) if group == torn[0]]
        raise Wrong(
            "pictures dealt, not groups",
            f"Groups on both sides: {len(torn)}. {torn[0]!r} has {n} pictures, "
            f"{at.count('train')} train and {at.count('validation')} validate. Dealt one by one, "
            f"a group of {n} stays together with a chance of 0.85^{n} + 0.15^{n} = "
            f"{100 * (0.85**n + 0.15**n):.0f} %.",
            "first a side for each group, once: set(groups); then each picture gets its group's.",
        )
    n = sum(its == {"validation"} for its in of_group.values())
    share = n / len(of_group)
    said = f"{n} of {len(of_group)} groups validate, {100 * share:.0f} %"
    if share >= 1 - MOST:
        raise Wrong(
            "the sides swapped",
            f"{said}; wanted are about 15 %, and the others train.",
            "chance < 0.15 comes true in 15 of 100 cases: what are these to do?",
        )
    if n == 0:
        raise Wrong(
            "nothing to validate",
            f"{said}. No leak, and no way to know how good the network is.",
            "about 15 of 100 groups.",
        )
    if not LEAST <= share <= MOST:
        raise Wrong(
            "another share",
            f"{said}; wanted are about 15 %, from {100 * LEAST:.0f} to {100 * MOST:.0f} %.",
            "shuffle the groups, and take the first round(0.15 * number of groups).",
            "Throwing dice for each group gives 15 % only on average: of 20 groups one "
            "time in 25 none at all. A number that is counted off is always the same.",
        )


def _first_by_name(sides: list[str], groups: list[str]) -> str:
    """A remark where the groups that validate are the first or the last of the alphabet."""
    side = dict(zip(groups, sides, strict=True))
    row = [side[name] for name in sorted(side)]
    if sum(a != b for a, b in itertools.pairwise(row)) > 1:
        return ""
    return (
        "But those that validate are neighbours in the alphabet: with names such as 'moon-7', a "
        "few queries would validate whole and the others not at all. Shuffle first. "
    )


def _when_more_come(answer) -> str:
    """What becomes of the old pictures' sides where 40 groups are added. No mistake, a remark."""
    old = _pictures(60)
    new = old + _pictures(40, "new-")
    before, after = _sides(answer, old), _sides(answer, new)[: len(old)]
    moved = _moved(before, after)
    return (
        f"Not looked at: what is to be when more pictures come. With 40 groups more, {moved} of "
        f"{len(old)} old pictures would change sides with yours; the course writes the sides down "
        "in split.json, and so they stay."
    )


# ---- split by what? ------------------------------------------------------------------------------

UNITS = {
    "film frames": "film",
    "portraits": "person",
    "search results": "group of copies",
    "webcam": "year",
}
ALLOWED = ("picture", "group of copies", "film", "person", "year")


@exercise("02.5", "Split by what?", expects="a dict with a unit for each set, and a text")
def fair_split(answer, text=""):
    """Judges the four choices; keeps the text for the teacher."""
    made = chosen(answer, UNITS, ALLOWED)
    wrong = [name for name, unit in UNITS.items() if made[name] != unit]
    if wrong:
        _not_fair(wrong[0], made[wrong[0]], f"{4 - len(wrong)} of 4 are fair. ")
    kept = words_for_teacher(
        text,
        "The four choices are fair. ",
        "`text` wants your own set: what is in it, what do two of its pictures have in common, "
        "and by what would you split it?",
    )
    return Noted(
        "The four choices are fair: each is the largest thing that training and validation could "
        f"have in common and that later use will not. {kept}"
    )


_ALIKE = {
    "film frames": "The same scene of a film a minute later",
    "portraits": "Another pose of the same person",
    "webcam": "The same yard an hour later",
}


def _not_fair(name: str, unit: str, said: str) -> None:
    """Raises Wrong about a set that is split by a unit that leaks, or by one that it has not."""
    said = f"{said}For {name!r} you split by {unit}. "
    if unit == "picture" and name == "film frames":
        raise Wrong(
            "neighbours on both sides",
            f"{said}With 15 % of single frames validating, a frame has at least one of its two "
            f"neighbours in training with a chance of 1 - 0.15² = {1 - 0.15**2:.2f}. A 24th of a "
            "second apart, they are nearly one picture.",
            "what do all frames have in common that the next film will not have?",
        )
    if unit == "picture":
        how = {
            "portraits": "Of 20 portraits of a person who validates, the other 19 do so, too, with "
            "a chance of 0.15^19: never. Each face in validation was trained on.",
            "search results": "A picture and its copy are on different sides with a chance of "
            f"2 · 0.15 · 0.85 = {2 * 0.15 * 0.85:.3f}, one pair in four.",
        }.get(name, "Of an hour that validates, the one before or after trains with a chance of "
              f"1 - 0.15² = {1 - 0.15**2:.2f}.")  # fmt: skip
        raise Wrong(
            "dealt picture by picture",
            f"{said}{how}",
            "what have two pictures of this set in common, that a new picture will not share?",
        )
    if unit == "group of copies":
        raise Wrong(
            "copies are not all that leaks",
            f"{said}A fingerprint finds the same picture saved twice. {_ALIKE[name]} can differ in "
            "about as many of the 128 bits as any other picture: above, cropping by 10 % alone "
            "cost dozens.",
            "what stays the same although the picture looks different?",
        )
    if name == "webcam":
        raise Wrong(
            "tested on the past",
            f"{said}It is to colour next year's pictures, so the last of five years should "
            "validate: 1 of 5 is 20 %. All else asks how well it fills in a past that it knows.",
            "what will be new about the pictures that it meets later?",
        )
    raise Wrong(
        "a unit that does not fit",
        f"{said}Nobody has written down a {unit} for each of these pictures; and if so, two that "
        "are nearly the same could still be on different sides.",
        "read again what the set consists of, and on what the network is to work later.",
    )
