"""The progress of a class: many students' progress files as one, and as a table.

python -m colourlib progress                          # one's own board
python -m colourlib progress -o ada.json              # to hand in
python -m colourlib progress ada.json bob.json -o class.json
python -m colourlib progress handed_in -o class.json  # a folder, with all .json files below it
"""

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

from ...common.errors import CourseError
from ...common.files import printable, replace_text
from . import progress as kept
from .table import board, overview, roll

KIND = "colourlib class"


def progress(files: Sequence[str], out: str | None) -> int:
    """The command. 0: done; 1: a file could not be read, and is named; the others are in.

    Raises CourseError where there is nothing to show or the file to write is somebody else's.
    """
    if out is not None:
        _check_target(Path(out))
    if not files:
        print(board())
        content, bad = {"kind": kept.KIND, "exercises": kept.read()}, []
    else:
        students, bad = collected(_found(files, out))
        for line in [*bad, *_sent_twice(students)]:
            print(line, file=sys.stderr)
        if not students:
            raise CourseError("Not one of the files is a progress file of the course.")
        print(overview(students), roll(students), sep="\n\n")
        content = {"kind": KIND, "students": students}
    if out is not None:
        text = json.dumps(content, indent=1, ensure_ascii=False)
        try:
            replace_text(Path(out), text.encode("utf-8", "replace").decode())  # half an emoji, too
        except OSError as error:
            raise CourseError(f"{out} cannot be written: {error.strerror}.") from error
        print(f"written: {out}")
    return 1 if bad else 0


def _found(names: Sequence[str], out: str | None) -> list[Path]:
    """The files named, and all .json files below the folders named, but not the one to write."""
    found = []
    for name in map(Path, names):
        if not name.exists():
            raise CourseError(f"There is no file {name}. Give progress files, or their folder.")
        below = sorted(name.rglob("*.json")) if name.is_dir() else [name]
        found += [path.resolve() for path in below if not path.is_dir()]
    if not found:
        make = "python -m colourlib progress -o ada.json"
        raise CourseError(f"There is no .json file there. Each student makes one: {make}")
    return [path for path in dict.fromkeys(found) if path != (out and Path(out).resolve())]


def collected(paths: Sequence[Path]) -> tuple[dict[str, dict], list[str]]:
    """({student: exercises}, a line for each file that is not a progress file).

    A student is called after the file; after its folder where the file is called progress.json.
    What a name could do to a terminal is left out of both.
    """
    students: dict[str, dict] = {}
    bad = []
    for path in paths:
        called = printable(path.parent.name if path.stem == kept.file().stem else path.stem, "?")
        names = (f"{called} ({i})" if i > 1 else called for i in count(1))
        try:
            exercises = kept.read(path)
        except CourseError as error:
            bad.append(printable(f"Left out: {path.parent.name}/{error}", "?"))
        else:
            students[next(name for name in names if name not in students)] = exercises
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


def _check_target(path: Path) -> None:
    """Only what this command wrote is written over."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        if json.loads(path.read_text(encoding="utf-8"))["kind"] in (KIND, kept.KIND):
            return
    if path.exists():
        raise CourseError(f"{path} is there and is not ours: name another file with -o.")
