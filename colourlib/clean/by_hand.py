"""Decisions by hand: a small text file that a person can read, share and take lines out of.

`decisions.txt` says what a person has decided about single pictures, and which limits of the rules
were moved. Two notebooks that decide at the same time do not lose each other's lines. Whatever
reads the file raises CourseError, with the number of the line, for a line that cannot be read.
"""

import math
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from ..common.errors import CourseError
from ..common.files import printable, replace_text
from ..common.words import did_you_mean
from .rules import LIMITS

NAME = "decisions.txt"
_HEADER = """\
# Decisions by hand: they overrule the rules of the cleaning.
# One a line: keep or reject, the first digits of the picture's sha256, and a note if you like;
# or limit, a rule and a number, to move the limit of that rule.
# A later line counts more. Take a line out to undo it.
# Send this file to others, and they have your decisions.
"""
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
_LINE = re.compile(
    rf"(?:(keep|reject)\s+([0-9a-f]{{8,64}})|limit\s+([a-z][a-z -]*?)\s+({_NUMBER}))\s*(?:#(.*))?",
    re.IGNORECASE,
)
PATIENCE = 10  # seconds to wait for another notebook that is writing


class Line(NamedTuple):
    """One line that says something: a decision about a picture, or the limit of a rule."""

    what: str  # the start of a sha256, or the name of a rule
    value: bool | float  # True for keep, False for reject; or the limit
    note: str

    def is_about(self, sha256: str) -> bool:
        """Whether it is about the picture with this sha256, or these first digits of one."""
        return self.what.startswith(sha256) or sha256.startswith(self.what)  # no rule has digits


def decisions(root: Path) -> dict[str, bool]:
    """sha256, or the start of one -> True for keep, False for reject; a later line counts."""
    return {what: value for what, value in _values(root).items() if what not in LIMITS}


def limits(root: Path) -> dict[str, float]:
    """Rule -> limit, for the rules whose limit was moved by hand; a later line counts."""
    return {what: value for what, value in _values(root).items() if what in LIMITS}


def decide(root: Path, sha256: str, keep: bool | None, note: str = "") -> None:
    """Write down a decision about one picture, saved at once; None takes it back.

    Every earlier line about the picture goes, also one with fewer digits. Raises CourseError for
    anything but a sha256, or at least its first 8 digits.
    """
    if not re.fullmatch("[0-9a-f]{8,64}", sha256):
        raise CourseError(f"{sha256!r} is not a sha256. Give at least its first 8 digits.")
    new = None if keep is None else f"{'keep' if keep else 'reject'} {sha256[:16]}"
    _replace(root, lambda line: line.is_about(sha256), new, note)


def set_limit(root: Path, rule: str, value: float | None, note: str = "") -> None:
    """Move the limit of a rule for this workspace, saved at once; None takes it back.

    `clean.judge` goes by it from then on. Raises CourseError for an unknown rule, and for a value
    that is not a number from 0 up.
    """
    rule = rule_named(rule)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is not None and not (is_number and 0 <= value < math.inf):
        raise CourseError(f"A limit for {rule!r} is a number from 0 up, not {value!r}.")
    new = None if value is None else f"limit {rule} {value:.10g}"
    _replace(root, lambda line: line.what == rule, new, note)


def about(root: Path, sha256: str) -> Line | None:
    """The line that counts for one picture, with its note; None where nobody has decided."""
    found = [line for line in _parse(_read(root)) if line.is_about(sha256)]
    return found[-1] if found else None


def match(decided: Mapping[str, bool], shas: Iterable[str]) -> dict[str, bool]:
    """sha256 -> decision, for the pictures that are here."""
    here = sorted(set(shas))
    matched = {}
    for start, keep in decided.items():
        at = bisect_left(here, start)
        if at + 1 < len(here) and here[at + 1].startswith(start):
            raise CourseError(f"{NAME}: {start!r} fits several pictures; write more digits.")
        if at < len(here) and here[at].startswith(start):
            matched[here[at]] = keep
    return matched


def _parse(lines: Iterable[str]) -> Iterator[Line]:
    """The meaning of each line; comments and empty lines have none."""
    for number, text in enumerate(map(str.strip, lines), start=1):
        if not text or text.startswith("#"):
            continue
        found = _LINE.fullmatch(text)
        if not found or not math.isfinite(float(found[4] or 0)):
            raise CourseError(
                f"Line {number} of {NAME} is not a decision: {text[:60]!r}. Remove it, or write "
                "'keep' or 'reject' and 8 digits of a sha256, or 'limit', a rule and a number."
            )
        keep, sha256, rule, limit, note = found.groups(default="")
        if keep:
            yield Line(sha256.lower(), keep.lower() == "keep", note.strip())
        else:
            yield Line(rule_named(rule, f"Line {number} of {NAME}: "), float(limit), note.strip())


def rule_named(name: str, where: str = "") -> str:
    """The rule of that name. Raises CourseError for a name that no rule has."""
    rule = " ".join(name.lower().split())
    if rule not in LIMITS:
        hint = did_you_mean(rule, LIMITS)
        raise CourseError(f"{where}There is no rule {name!r}.{hint} Choose from {list(LIMITS)}.")
    return rule


def _values(root: Path) -> dict:
    """what -> value, in the order of the lines that count: `match` goes by it."""
    values = {}
    for line in _parse(_read(root)):
        values.pop(line.what, None)
        values[line.what] = line.value
    return values


def _read(root: Path) -> list[str]:
    """The lines of the file. Raises CourseError where it cannot be read."""
    path = Path(root) / NAME
    try:
        with open(path, encoding="utf-8-sig") as file:  # editors on Windows may write such a mark
            return [line.rstrip("\n") for line in file]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", "it is not text in UTF-8. Save it as UTF-8")
        raise CourseError(f"{path} cannot be read: {why}.") from error


def _replace(root: Path, old: Callable[[Line], bool], new: str | None, note: str) -> None:
    """Take out the lines of which `old` is true and add a new one; comments stay."""
    root, note = Path(root), " ".join(printable(note).split())[:200]
    root.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(root / f".{NAME}.lock", timeout=PATIENCE):
            lines = _read(root) or _HEADER.splitlines()
            list(_parse(lines))  # a line that cannot be read is named before anything is changed
            lines = [line for line in lines if not any(map(old, _parse([line])))]
            lines += [f"{new}  # {note}" if note else new] if new else []
            replace_text(root / NAME, "\n".join(lines) + "\n")
    except Timeout as error:
        raise CourseError(
            f"{root / NAME} has been written by another notebook for over {PATIENCE} seconds. Try "
            "again; if no other notebook is open, restart the kernel."
        ) from error
