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

from ..show import Table, table
from ..workspace import CourseError, replace_text
from . import progress as kept

KIND = "colourlib class"


def progress(files: Sequence[str], out: str | None) -> int:
    """The command. 0: done; 1: a file could not be read, and is named; the others are in.

    Raises CourseError where there is nothing to show or the file to write is somebody else's.
    """
    if out is not None:
        _check_target(Path(out))
    if not files:
        print(kept.board())
        if out is not None:
            content = {"kind": kept.KIND, "exercises": kept.read()}
            _write(Path(out), content)
        return 0
    students, bad = collected(_found(files, out))
    for line in bad:
        print(line, file=sys.stderr)
    if not students:
        raise CourseError("Not one of the files is a progress file of the course.")
    print(overview(students))
    if out is not None:
        _write(Path(out), {"kind": KIND, "students": students})
    return 1 if bad else 0


def _found(names: Sequence[str], out: str | None) -> list[Path]:
    """The files named, and all .json files below the folders named, but not the one to write."""
    found = []
    for name in map(Path, names):
        if not name.exists():
            raise CourseError(f"There is no file {name}. Give progress files, or their folder.")
        found += sorted(name.rglob("*.json")) if name.is_dir() else [name]
    if not found:
        raise CourseError("There is no .json file there. Each student sends one: data/README.md.")
    written = Path(out).resolve() if out is not None else None
    return [path for path in dict.fromkeys(p.resolve() for p in found) if path != written]


def collected(paths: Sequence[Path]) -> tuple[dict[str, dict], list[str]]:
    """({student: exercises}, a line for each file that is no progress file).

    A student is called after the file; after its folder where the file is called progress.json.
    """
    students: dict[str, dict] = {}
    bad = []
    for path in paths:
        name = path.parent.name if path.stem == kept.file().stem else path.stem
        number = 2
        while name in students:
            name, number = f"{name.removesuffix(f' ({number - 1})')} ({number})", number + 1
        try:
            students[name] = kept.read(path)
        except CourseError as error:
            bad.append(f"Left out: {error}")
    return students, bad


def overview(students: dict[str, dict]) -> Table:
    """A row an exercise: how many have done it, tried it, not begun; the commonest mistake."""
    from .core import EXERCISES

    rows = []
    for exercise in sorted(EXERCISES.values(), key=lambda e: e.number):
        entries = [student.get(exercise.name) for student in students.values()]
        states = Counter(entry["state"] if entry else kept.OPEN for entry in entries)
        mistakes = sum((Counter(entry["mistakes"]) for entry in entries if entry), Counter())
        often = mistakes.most_common(1)
        worst = f"{often[0][0]} ({often[0][1]} times)" if often else ""
        counts = [states[state] for state in kept.STATES]
        rows.append([f"{exercise.number} · {exercise.title}", *counts, worst])
    headers = ["exercise", *kept.STATES, "commonest mistake"]
    number = len(students)
    return table(rows, headers, f"Progress of {number} student{'s' * (number != 1)}")


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
        replace_text(path, json.dumps(content, indent=1, ensure_ascii=False))
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from error
    print(f"written: {path}")
