"""The progress of a class: many students' progress files as one, and as a table.

python -m colourlib progress                          # one's own board
python -m colourlib progress -o ada.json              # to hand in
python -m colourlib progress ada.json bob.json -o class.json
python -m colourlib progress handed_in -o class.json  # a folder, with all .json files below it
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ...common.errors import CourseError
from ...common.files import printable, replace_text
from ...show import Table, table
from . import progress as kept
from .table import board

KIND = "colourlib class"
_STATES = ("done", "to read", "tried", "open")  # kept.STATES, as a teacher sees them


def progress(files: Sequence[str], out: str | None) -> int:
    """The command. 0: done; 1: a file could not be read, and is named; the others are in.

    Raises CourseError where there is nothing to show or the file to write is somebody else's.
    """
    if out is not None:
        _check_target(Path(out))
    if not files:
        print(board())
        if out is not None:
            content = {"kind": kept.KIND, "exercises": kept.read()}
            _write(Path(out), content)
        return 0
    students, bad = collected(_found(files, out))
    for line in [*bad, *_sent_twice(students)]:
        print(line, file=sys.stderr)
    if not students:
        raise CourseError("Not one of the files is a progress file of the course.")
    print(overview(students), roll(students), sep="\n\n")
    if out is not None:
        _write(Path(out), {"kind": KIND, "students": students})
    return 1 if bad else 0


def _found(names: Sequence[str], out: str | None) -> list[Path]:
    """The files named, and all .json files below the folders named, but not the one to write."""
    found = []
    for name in map(Path, names):
        if not name.exists():
            raise CourseError(f"There is no file {name}. Give progress files, or their folder.")
        below = sorted(name.rglob("*.json")) if name.is_dir() else [name]
        found += [path for path in below if not path.is_dir()]
    if not found:
        raise CourseError(
            "There is no .json file there. Each student makes one, and sends it: "
            "python -m colourlib progress -o ada.json"
        )
    written = Path(out).resolve() if out is not None else None
    return [path for path in dict.fromkeys(p.resolve() for p in found) if path != written]


def collected(paths: Sequence[Path]) -> tuple[dict[str, dict], list[str]]:
    """({student: exercises}, a line for each file that is no progress file).

    A student is called after the file; after its folder where the file is called progress.json.
    What a name could do to a terminal is left out of both.
    """
    students: dict[str, dict] = {}
    bad = []
    for path in paths:
        called = printable(path.parent.name if path.stem == kept.file().stem else path.stem, "?")
        name, number = called, 1
        while name in students:
            number += 1
            name = f"{called} ({number})"
        try:
            students[name] = kept.read(path)
        except CourseError as error:
            bad.append(printable(f"Left out: {path.parent.name}/{error}", "?"))
    return students, bad


def _sent_twice(students: dict[str, dict]) -> list[str]:
    """A line for each student whose exercises are another's, to the second."""
    first: dict[str, str] = {}
    found = []
    for name, exercises in students.items():
        known = first.setdefault(json.dumps(exercises, sort_keys=True), name)
        if exercises and known != name:
            found.append(f"{name} and {known} hold the same: sent twice? Both are counted.")
    return found


def overview(students: dict[str, dict]) -> Table:
    """A row an exercise: how many have done it, tried it, not begun; the commonest mistake.

    Exercises go by their checks' names, as in TEACHING.md and in the file: about 100 columns.
    """
    from .core import EXERCISES

    rows = []
    for exercise in sorted(EXERCISES.values(), key=lambda e: e.number):
        entries = [student.get(exercise.name) for student in students.values()]
        states = Counter(entry["state"] if entry else kept.OPEN for entry in entries)
        mistakes = sum((Counter(entry["mistakes"]) for entry in entries if entry), Counter())
        often = mistakes.most_common(1)
        worst = f"{often[0][1]} × {often[0][0]}" if often else ""
        counts = [states[state] for state in kept.STATES]
        rows.append([f"{exercise.number} {exercise.name}", *counts, worst])
    headers = ["exercise", *_STATES, "commonest mistake"]
    number = len(students)
    return table(rows, headers, f"Progress of {number} student{'s' * (number != 1)}")


def roll(students: dict[str, dict]) -> Table:
    """A row a student: how many exercises are done, to be read, tried and open."""
    from .core import EXERCISES

    rows = []
    for name, exercises in students.items():
        states = Counter(exercises.get(e, {"state": kept.OPEN})["state"] for e in EXERCISES)
        short = name if len(name) <= 40 else f"{name[:39]}…"
        rows.append([short, *(states[state] for state in kept.STATES)])
    return table(rows, ["student", *_STATES], f"Of {len(EXERCISES)} exercises each has")


def _check_target(path: Path) -> None:
    """Only what this command wrote is written over."""
    if not path.exists():
        return
    try:
        if json.loads(path.read_text(encoding="utf-8"))["kind"] in (KIND, kept.KIND):
            return
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise CourseError(f"{path} is there and is not ours: name another file with -o.")


def _write(path: Path, content: dict) -> None:
    try:
        text = json.dumps(content, indent=1, ensure_ascii=False)
        replace_text(path, text.encode("utf-8", "replace").decode())  # half an emoji, for one
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from error
    print(f"written: {path}")
