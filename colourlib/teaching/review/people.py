"""Ask people: two pictures for a second, one true and one coloured. Which did the machine colour?

Each answer is in a text file of that person before the next pair is shown. The files of several
people, laid into one folder, are counted together (the test of Zhang, Isola and Efros 2016).
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ... import show
from ...common.errors import CourseError
from ...common.files import replace_text
from ...judging import intervals
from . import Page, script

SECONDS = 1.0  # for which a pair is seen
SIDE = 288  # pixels: each picture on the page
SIDES = ("left", "right")
LINE = re.compile(r"(fooled|seen) (\d+) (.+)")


def ask(
    root: Path, names: Sequence[str], truths: Sequence[np.ndarray],
    coloured: Mapping[str, Sequence[np.ndarray]], who: str = "me", seed: int = 0,
) -> Page:  # fmt: skip
    """A widget that asks which of two pictures the machine has coloured; the last thing in a cell.

    names: what tells the pictures from all others, such as their addresses. truths, and for each
    way of colouring as many: arrays (H, W, 3) of bytes. who: in the name of the file, answers-WHO
    .txt in the folder root; run again, the page goes on there. Raises CourseError for a file that
    cannot be read or is about other pictures.
    """
    return Pairs(Asking(root, names, truths, coloured, who, seed))


def title_of(names: Sequence[str], ways: Sequence[str]) -> str:
    """The first line of a file: which pictures and ways of colouring it is about."""
    told = "\n".join([*names, "", *ways])
    return f"pictures {hashlib.sha256(told.encode()).hexdigest()[:12]}"


def read(path: Path, title: str, ways: Sequence[str], pictures: int) -> dict[tuple, bool]:
    """(picture, way) -> whether this person was fooled; a later line counts.

    Raises CourseError, with the number of the line, for one that is no answer.
    """
    try:
        first, *lines = path.read_text(encoding="utf-8-sig").splitlines() or [""]
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{path.name} cannot be read ({error}): move it elsewhere.") from error
    if first != title:
        raise CourseError(
            f"{path.name} is about other pictures ({first[:40]!r}, here {title!r}): show the same "
            "scenes with the same names of ways, or move the file elsewhere."
        )
    answers = {}
    for number, line in enumerate(lines, start=2):
        found = LINE.fullmatch(line.strip())
        if not found or found[3] not in ways or int(found[2]) >= pictures:
            raise CourseError(
                f"Line {number} of {path.name} is not an answer: {line[:60]!r}. Remove the line, "
                "or write 'fooled' or 'seen', a picture's number, and how it was coloured."
            )
        answers[int(found[2]), found[3]] = found[1] == "fooled"
    return answers


class Asking:
    """What the page shows and keeps, without a browser."""

    def __init__(self, root, names, truths, coloured, who="me", seed=0):
        counts = {len(names), len(truths), *map(len, coloured.values())}
        if len(counts) != 1 or not re.fullmatch(r"[\w-]{1,30}", who):
            raise CourseError(
                f"Give as many names as pictures of each kind (here {sorted(counts)}), and letters "
                f"for who answers (here {who!r})."
            )
        self.root, self.truths, self.coloured = Path(root), truths, coloured
        self.ways, self.title = list(coloured), title_of(names, list(coloured))
        self.path = self.root / f"answers-{who}.txt"
        dice = np.random.default_rng(seed)
        every = [(i, way) for i in range(len(names)) for way in self.ways]
        self.pairs = [every[k] for k in dice.permutation(len(every))]
        self.machine = dice.integers(2, size=len(every)).tolist()  # its side: 0 left, 1 right
        self.answers = self.of(self.path)

    def of(self, path: Path) -> dict[tuple, bool]:
        """The answers in a file; none where it is missing."""
        known = path.exists()
        return read(path, self.title, self.ways, len(self.truths)) if known else {}

    @property
    def at(self) -> int:
        """The number of the first pair without an answer; as many as there are when all have."""
        left = (n for n, pair in enumerate(self.pairs) if pair not in self.answers)
        return next(left, len(self.pairs))

    def __repr__(self) -> str:
        return f"Ask people: {len(self.answers)} of {len(self.pairs)} pairs are answered."

    def counts(self) -> str:
        """For each way how many were fooled, with the interval, in all files of the folder."""
        files = sorted(self.root.glob("answers-*.txt"))
        people = [found for path in files if (found := self.of(path))]
        lines = []
        for way in self.ways:
            given = [fooled for one in people for (_, w), fooled in one.items() if w == way]
            if given:
                low, high = intervals.share(sum(given), len(given))
                lines.append(
                    f"{way}: fooled in {sum(given) / len(given):.0%} of {len(given)}, "
                    f"{100 * low:.0f} to {100 * high:.0f}"
                )
        some = f"{len(people)} {'person' if len(people) == 1 else 'people'}"
        return f"{some}. {'; '.join(lines)}. Who only guesses is fooled in 50 %."

    def answer(self, message: dict) -> dict:
        """Do what the browser asks for; the answer is what it then shows.

        message: {"do": "show" | "left" | "right", "number": of the pair}. A click on a pair that is
        no longer the one asked about changes nothing.
        """
        what, number, said = message.get("do"), self.at, ""
        try:
            if what in SIDES and message.get("number") == number < len(self.pairs):
                self.decide(number, SIDES.index(what))
            number = self.at
            if number == len(self.pairs):
                return {"done": True, "said": self.counts()}
        except CourseError as error:
            return {"done": True, "said": str(error)}
        except OSError as error:
            said = f"Not saved: {error.strerror or error}."
        told = {"done": False, "said": said, "number": number, "seconds": SECONDS}
        return told | {"of": len(self.pairs), "pictures": self.pictures(number)}

    def decide(self, number: int, side: int) -> None:
        """Keep that the machine's picture was taken to be on this side, in memory and on disk."""
        answers = self.of(self.path) | {self.pairs[number]: side != self.machine[number]}
        lines = [f"{'fooled' if f else 'seen'} {i} {way}" for (i, way), f in answers.items()]
        replace_text(self.path, "\n".join([self.title, *lines]) + "\n")
        self.answers = answers

    def pictures(self, number: int) -> list[str]:
        """Data addresses of a pair, left and right, both enlarged in the same way."""
        index, way = self.pairs[number]
        pair = [self.coloured[way][index], self.truths[index]]
        pair = pair[::-1] if self.machine[number] else pair
        large = [Image.fromarray(np.asarray(one)).resize((SIDE, SIDE)) for one in pair]
        return [show.data_address(one) for one in large]


class Pairs(Page):
    """The asking, in a browser."""

    _esm = script("people.js")
