"""Exercises of chapter 02 about the split: deal groups so that nothing leaks; split by what?"""

import itertools
from collections.abc import Sequence

import numpy as np

from ..answers import chosen, words_for_teacher
from ..core import Noted, Wrong, call, exercise
from ..slips import ELSE, must_be, recognise, wrong_if

SIDES = ("train", "validation")
LEAST, MOST = 0.05, 0.30  # share of the groups that may validate: about 15 %


def _pictures(groups: int, start: str = "g") -> list[str]:
    """The group of each picture: most groups have one, each seventh has four, mixed up."""
    names = [f"{start}{i}" for i in range(groups) for _ in range(4 if i % 7 == 3 else 1)]
    return sorted(names, key=lambda name: name[::-1])  # members are apart, or side by side


@exercise("02.3", "Deal groups, not pictures", "a function of groups that gives their sides")
def deal(answer):
    """Deals 100 and 60 groups, twice, and 40 groups more."""
    apart = _pictures(60, "moon-")
    for groups in (_pictures(100), apart[::2] + apart[1::2]):  # members no longer side by side
        sides = _sides(answer, groups)
        _look(sides, groups)
        moved, anew = _moved(sides, _sides(answer, groups)), _moved_by_start(answer, groups)
        slips = {
            f"other sides each time: Dealt twice, {moved} of {len(groups)} pictures change sides. "
            "Hint: chance with a seed, made anew in each call.": moved > 0,
            f"other sides when Python starts anew: As if in a fresh Python, {anew} pictures change "
            "sides: hash(text), which orders a set, changes. Hint: sorted(set(groups)).": anew > 0,
        }
        recognise(slips)
    share = 100 * sides.count("validation") / len(sides)
    row = [side for _, side in sorted(set(zip(groups, sides, strict=True)))]
    neighbours = sum(a != b for a, b in itertools.pairwise(row)) <= 1
    remark = "But those that validate are neighbours in the alphabet. Shuffle first. " * neighbours
    old = _pictures(60)
    moved = _moved(_sides(answer, old), _sides(answer, old + _pictures(40, "new-"))[: len(old)])
    return (
        f"Of 160 groups not one is torn apart, and a second call gives the same. {share:.0f} % of "
        f"the second set's pictures validate, as groups differ in size. {remark}Not looked at: "
        f"more pictures. With 40 groups more, {moved} of {len(old)} old pictures would change "
        "sides with yours; the course writes the sides down in split.json."
    )


def _moved(sides: list[str], again: list[str]) -> int:
    return sum(a != b for a, b in zip(sides, again, strict=True))


def _moved_by_start(answer, groups: list[str]) -> int:
    """How many pictures change sides from one start of Python to the next.

    0 where that cannot be tried: names that went through numpy are plain texts again.
    """
    hashes = [lambda name, start=start: hash((start, str(name))) for start in (1, 2)]
    kinds = [type("Name", (str,), {"__hash__": one}) for one in hashes]
    try:
        return _moved(*(_sides(answer, list(map(kind, groups))) for kind in kinds))
    except Wrong:
        return 0


def _sides(answer, groups: list[str]) -> list[str]:
    """The side of each picture. Raises Wrong for what is not such a list."""
    given, names = call(answer, groups.copy()), set(groups)
    wrong_if(
        isinstance(given, dict) and set(map(str, given)) >= names,
        f"a side for each group: Your function gives a dict of {len(names)} groups. Hint: a list "
        f"with a side for each of {len(groups)} pictures: [side[group] for group in groups]",
    )
    given = given.tolist() if isinstance(given, np.ndarray) else given
    must_be(isinstance(given, Sequence) and not isinstance(given, str), given, "a list of sides")
    odd = [side for side in given if side not in SIDES]
    slips = {
        f"not one side for each picture: For {len(groups)} pictures in {len(names)} groups your "
        f"list has {len(given)} sides.": len(given) != len(groups),
        f"another word for a side: Your list has {str(odd[:1]):.40}. Hint: 'train' or 'validation' "
        "for each, in their order: [... for group in groups]": odd,
    }
    recognise(slips)
    return list(given)


def _look(sides: list[str], groups: list[str]) -> None:
    """Raise Wrong for groups on both sides, and for a share that is not about 15 %."""
    of_group: dict[str, list[str]] = {}
    for group, side in zip(groups, sides, strict=True):
        of_group.setdefault(group, []).append(side)
    torn = [group for group, its in of_group.items() if len(set(its)) == 2]
    size = len(of_group[torn[0]]) if torn else 0
    n = sum("validation" in its for its in of_group.values())
    share = n / len(of_group)
    said = f"{n} of {len(of_group)} groups validate, {100 * share:.0f} %, but about 15 % should."
    slips = {
        f"pictures dealt, not groups: Groups on both sides: {len(torn)}. {torn[:1]} stays together "
        f"at 0.85^{size} + 0.15^{size} = {100 * (0.85**size + 0.15**size):.0f} %.": torn,
        f"the sides swapped: {said} Hint: chance < 0.15 comes true in 15 of 100.": share > 1 - MOST,
        f"nothing to validate: {said} No leak, and no way to know how good the network is.": n == 0,
        f"another share: {said} Hint: shuffle the groups, and take the first round(0.15 * number "
        "of groups); then each picture gets its group's side. More: Dice for each "
        "group give 15 % only on average.": not LEAST <= share <= MOST,
    }
    recognise(slips)


UNITS = {
    "film frames": "film",
    "portraits": "person",
    "search results": "group of copies",
    "webcam": "year",
}
ALLOWED = ("picture", "group of copies", "film", "person", "year")
ALIKE = {  # two pictures that no fingerprint finds alike
    "film frames": "The same scene of a film a minute later",
    "portraits": "Another pose of the same person",
    "webcam": "The same yard an hour later",
}
TORN = {  # what becomes of such a pair when single pictures are dealt
    "portraits": "that the other 19 of 20 portraits of a person validate, too, is 0.15^19",
    "search results": "that a picture and its copy are torn is 0.255, one pair in four",
    "webcam": "of an hour that validates, that the one before or after trains is 0.98",
}


@exercise("02.4", "Split by what?", expects="a dict with a unit for each set, and a text")
def fair_split(answer, text=""):
    """Judges the four choices; keeps the text for the teacher."""
    made = chosen(answer, UNITS, ALLOWED)
    wrong = [name for name, unit in UNITS.items() if made[name] != unit]
    name = wrong[0] if wrong else "webcam"
    unit = made[name]
    slips = {
        "neighbours on both sides: A frame has a neighbour, nearly the same picture, in training "
        "with a chance of 1 - 0.15² = 0.98.": unit == "picture" and name == "film frames",
        f"dealt picture by picture: The chance {TORN.get(name)}.": unit == "picture",
        f"copies are not all that leaks: {ALIKE.get(name)} can differ in as many of the "
        "128 bits as any other picture.": unit == "group of copies",
        "tested on the past: It will colour next year's pictures, so the last of five years should "
        "validate: 1 of 5 is 20 %.": name == "webcam",
        f"a unit that does not fit: Nobody has written down a {unit} for each of these pictures. "
        "Hint: what have two pictures of this set in common, that a new one will not share?": ELSE,
    }
    start = f"{4 - len(wrong)} of 4 are fair. For {name!r} you split by {unit}."
    recognise(slips, right=not wrong, start=start)
    hint = "`text`: what do two pictures of your own set share, and by what would you split it?"
    kept = words_for_teacher(text, "The four choices are fair. ", hint)
    return Noted(
        "The four choices are fair: each is the largest thing that training and validation could "
        f"have in common and that later use will not. {kept}"
    )
