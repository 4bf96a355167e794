"""Decisions by hand: a small text file that a person can read, share and take lines out of.

`decisions.txt` says what a person has decided about single pictures, and which limits of the rules
were moved. Every change is on the disk before the call returns, and two notebooks that decide at
the same time do not lose each other's lines.
"""

from __future__ import annotations

import difflib
import math
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from ..common.errors import CourseError
from ..common.files import printable, replace_text
from .rules import LIMITS

NAME = "decisions.txt"
_HEADER = """\
# Decisions by hand: they overrule the rules of the cleaning.
# One a line: keep or reject, the first digits of the picture's sha256, and a note if you like;
# or limit, a rule and a number, to move the limit of that rule.
# A later line counts more. Take a line out to undo it.
# Send this file to others, and they have your decisions.
"""
_DECISION = re.compile(r"(keep|reject)\s+([0-9a-f]{8,64})\s*(?:#(.*))?", re.IGNORECASE)
_LIMIT = re.compile(r"limit\s+([a-z][a-z -]*?)\s+([\d.]+(?:e[+-]?\d+)?)\s*(?:#(.*))?", re.I)
_SHARED = "# ---- shared by {}"
_SHARED_END = "# ---- end of what was shared by {}"
LARGEST = 10_000_000  # bytes of a file of decisions: over a hundred thousand lines
PATIENCE = 10  # seconds to wait for another notebook that is writing


class Line(NamedTuple):
    """One line that says something: a decision about a picture, or the limit of a rule."""

    what: str  # the start of a sha256, or the name of a rule
    value: bool | float  # True for keep, False for reject; or the limit
    note: str


def decisions(root: Path) -> dict[str, bool]:
    """sha256, or the start of one -> True for keep, False for reject; a later line counts.

    Raises CourseError, with the number of the line, for a line that cannot be read.
    """
    return _later_counts(line for line in _parse(_read(root)) if isinstance(line.value, bool))


def limits(root: Path) -> dict[str, float]:
    """Rule -> limit, for the rules whose limit was moved by hand; a later line counts.

    Raises CourseError, with the number of the line, for a line that cannot be read.
    """
    return _later_counts(line for line in _parse(_read(root)) if not isinstance(line.value, bool))


def decide(root: Path, sha256: str, keep: bool | None, note: str = "") -> None:
    """Write down a decision about one picture, saved at once; None takes it back.

    Every earlier line about the picture goes, also one with fewer digits or of a shared file.
    Raises CourseError for what is no sha256, nor at least its first 8 digits.
    """
    if not re.fullmatch("[0-9a-f]{8,64}", sha256):
        raise CourseError(f"{sha256!r} is no sha256: give at least its first 8 digits.")

    def about_it(line: Line) -> bool:
        return isinstance(line.value, bool) and _overlap(line.what, sha256)

    _replace_line(root, about_it, None if keep is None else Line(sha256[:16], keep, note))


def set_limit(root: Path, rule: str, value: float | None, note: str = "") -> None:
    """Move the limit of a rule for this workspace, saved at once; None takes it back.

    `clean.judge` goes by it from then on. Raises CourseError for an unknown rule, and for a value
    that is no number from 0 up.
    """
    rule = _rule(rule)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is not None and not (number and math.isfinite(value) and value >= 0):
        raise CourseError(f"A limit for {rule!r} is a number from 0 up, not {value!r}.")
    _replace_line(
        root,
        lambda line: line.what == rule,
        None if value is None else Line(rule, float(value), note),
    )


def about(root: Path, sha256: str) -> Line | None:
    """The line that counts for one picture, with its note; None where nobody has decided."""
    found = None
    for line in _parse(_read(root)):
        if isinstance(line.value, bool) and _overlap(line.what, sha256):
            found = line
    return found


def apply(root: Path, file: str | Path) -> str:
    """Put somebody else's decisions on top of ours: where both decide, theirs counts.

    file: their decisions.txt, under any name; that name stands in ours above their lines. What we
    decide later counts more again. Applied once more, a file takes its own place; `withdraw` takes
    it out. Returns what was done, in a sentence. Raises CourseError, with the number of the line,
    for a file that cannot be read, and has then changed nothing.
    """
    name = _shared_name(file)
    theirs = list(_parse(_lines(Path(file)), name))
    if not theirs:
        raise CourseError(f"{name} decides nothing: no line starts with keep, reject or limit.")
    block = [_SHARED.format(name), *map(_written, theirs), _SHARED_END.format(name)]
    ours: list[str] = []

    def put(lines: list[str]) -> list[str]:
        ours[:] = _without(lines, name)
        return [*ours, *block]

    _change(root, put)
    before, after = _by_start(_parse(ours)), _by_start(theirs)
    changed = sum(before.get(what, value) != value for what, value in after.items())
    one, overruling = len(after) == 1, changed == 1
    return (
        f"{len(after)} decision{'' if one else 's'} of {name} now count{'s' * one} on top of "
        f"yours; {changed} of them overrule{'s' * overruling} one of yours."
    )


def withdraw(root: Path, file: str | Path) -> str:
    """Take out again what `apply` has put in; our own decisions were never touched.

    Returns what was done, in a sentence. Raises CourseError where no such file was applied.
    """
    name = _shared_name(file)
    lines = _read(root)
    gone = len(lines) - len(_without(lines, name))
    if not gone:
        raise CourseError(f"{NAME} has nothing that was shared by {name!r}.")
    _change(root, lambda lines: _without(lines, name))
    return f"{gone - 2} line{'s' * (gone != 3)} of {name} taken out again."


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


# ---- lines ---------------------------------------------------------------------------------------


def _parse(lines: Iterable[str], name: str = NAME) -> Iterator[Line]:
    """What each line says; comments and empty lines say nothing."""
    for number, text in enumerate(lines, start=1):
        text = text.strip()
        if not text or text.startswith("#"):
            continue
        if found := _DECISION.fullmatch(text):
            yield Line(found[2].lower(), found[1].lower() == "keep", (found[3] or "").strip())
        elif (found := _LIMIT.fullmatch(text)) and _is_number(found[2]):
            rule = _rule(found[1], f"Line {number} of {name}: ")
            yield Line(rule, float(found[2]), (found[3] or "").strip())
        else:
            raise CourseError(
                f"Line {number} of {name} is no decision: {text[:60]!r}. Write 'keep' or 'reject' "
                "and at least 8 digits of the picture's sha256, or 'limit', a rule and a number, "
                "or remove it."
            )


def _rule(name: str, where: str = "") -> str:
    """The rule of that name. Raises CourseError for a name that is not one."""

    rule = " ".join(name.lower().split())
    if rule in LIMITS:
        return rule
    near = difflib.get_close_matches(rule, LIMITS, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise CourseError(f"{where}There is no rule {name!r}: {hint}Choose from {list(LIMITS)}.")


def _overlap(one: str, other: str) -> bool:
    """Whether two sha256, or their first digits, can be of one picture."""
    return one.startswith(other) or other.startswith(one)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _written(line: Line) -> str:
    note = " ".join(printable(line.note).split())[:200]
    decision = isinstance(line.value, bool)
    start = ("keep" if line.value else "reject") if decision else "limit"
    value = "" if decision else f" {line.value:.10g}"
    return f"{start} {line.what}{value}" + (f"  # {note}" if note else "")


def _later_counts(lines: Iterable[Line]) -> dict:
    """what -> value, in the order of the lines that count: `match` goes by it."""
    found: dict = {}
    for line in lines:
        found.pop(line.what, None)
        found[line.what] = line.value
    return found


def _by_start(lines: Iterable[Line]) -> dict:
    """what -> value, pictures by as many digits as every line has."""
    return {
        (line.what[:8] if isinstance(line.value, bool) else line.what): line.value for line in lines
    }


def _shared_name(file: str | Path) -> str:
    """The name of a shared file, fit to stand in a comment."""
    name = printable(Path(file).name, "_")
    return name[:80] or "somebody"


def _without(lines: list[str], name: str) -> list[str]:
    """The lines less what was shared under this name."""
    first, last = _SHARED.format(name), _SHARED_END.format(name)
    if first not in lines:
        return lines
    start = lines.index(first)
    if last not in lines[start:]:
        raise CourseError(f"{NAME} has the line {first!r}, but no line {last!r}: put it back.")
    return lines[:start] + lines[lines.index(last, start) + 1 :]


# ---- the file ------------------------------------------------------------------------------------


def _lines(path: Path) -> list[str]:
    """The lines of a file of decisions. Raises CourseError for what is none."""
    try:
        if path.stat().st_size > LARGEST:
            raise CourseError(f"{path.name} has over {LARGEST:,} bytes: that is no {NAME}.")
        with open(path, encoding="utf-8-sig") as file:  # editors on Windows may write such a mark
            return [line.rstrip("\n") for line in file]
    except UnicodeDecodeError as error:
        raise CourseError(
            f"{path.name} is no text in UTF-8 ({error.reason}). Save it as UTF-8 and try again."
        ) from error
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror or error}.") from error


def _read(root: Path) -> list[str]:
    path = Path(root) / NAME
    return _lines(path) if path.exists() else []


def _replace_line(root: Path, old: Callable[[Line], bool], new: Line | None) -> None:
    """Take out the lines of which `old` is true and add a new one; comments stay."""

    def replaced(lines: list[str]) -> list[str]:
        list(_parse(lines))  # a line that cannot be read is named before anything is changed
        kept = [line for line in lines if not any(map(old, _parse([line])))]
        return kept if new is None else [*kept, _written(new)]

    _change(root, replaced)


def _change(root: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Read, change and replace the file while no other notebook does."""
    root = Path(root)
    root.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(root / f".{NAME}.lock", timeout=PATIENCE):
            lines = change(_read(root) or _HEADER.splitlines())
            replace_text(root / NAME, "\n".join(lines) + "\n")
    except Timeout as error:
        raise CourseError(
            f"{root / NAME} is being written by another notebook for over {PATIENCE} seconds. "
            "Try again; if no other notebook is open, restart the kernel."
        ) from error
