"""What a student has done so far: kept in the workspaces' folder, and shown as a board.

One file, progress.json: for each exercise its state, how often it was tried, how often each mistake
was made, and what was written for the teacher. classroom.py makes one file of a class's.
"""

import json
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from ...common.errors import CourseError
from ...common.files import home, replace_text

KIND = "colourlib progress"
DONE, TRIED, OPEN = "done", "tried", "open"
FOR_TEACHER = "for your teacher"
STATES = (DONE, FOR_TEACHER, TRIED, OPEN)
LONGEST = 5000  # characters of an answer that is kept for the teacher
MOST, WIDEST = 10**6, 100  # tries, and characters of a mistake's name, that are believed


def file() -> Path:
    """Where progress is kept."""
    return home() / "progress.json"


def read(path: Path | None = None) -> dict:
    """{exercise: {state, tries, mistakes, first, last, chapter}}; empty where nothing was kept.

    Raises CourseError for a file that is not of this kind.
    """
    path = path or file()
    if not path.exists():
        return {}
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["kind"] == KIND and all(map(_is_entry, content["exercises"].values())):
            return content["exercises"]
    raise CourseError(f"{path.name} is not a progress file of the course, or it is damaged.")


def _is_entry(entry: dict) -> bool:
    """Files come from elsewhere, too: what is in them is shown in a terminal and counted."""
    numbers = [entry["tries"], *entry["mistakes"].values()]
    counted = all(type(n) is int and 0 <= n < MOST for n in numbers)
    shown = all(name.isprintable() and len(name) <= WIDEST for name in entry["mistakes"])
    return entry["state"] in STATES and shown and counted


def note(exercise, verdict, answer: tuple = ()) -> None:
    """Keep what came of one answer, and of those for the teacher the answer itself.

    An exercise once done stays done. Raises OSError where the file cannot be written.
    """
    file().parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file()}.lock"):
        try:
            known = read()
        except CourseError:  # damaged: it is put aside, not lost
            file().replace(file().with_suffix(".damaged.json"))
            known = {}
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        new = {"state": TRIED, "tries": 0, "mistakes": {}, "first": now}
        entry = known.setdefault(exercise.name, new)
        entry |= {"tries": entry["tries"] + 1, "last": now, "chapter": exercise.chapter}
        if verdict.right:
            entry["state"] = DONE
        elif verdict.mistake:
            entry["mistakes"] = dict(Counter(entry["mistakes"]) + Counter([verdict.mistake]))
        else:
            entry |= {"state": FOR_TEACHER, "answer": "\n".join(map(str, answer))[:LONGEST]}
        replace_text(file(), json.dumps({"kind": KIND, "exercises": known}, indent=1))
