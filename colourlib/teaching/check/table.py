"""The exercises as a table: done, tried or open."""

from __future__ import annotations

from ...common.errors import CourseError
from ...show import Table, table
from .progress import DONE, FOR_TEACHER, OPEN, read


def board(chapter: str | None = None) -> Table:
    """A table of the exercises, of one chapter ('03') or of all: done, tried or open.

    Raises CourseError for a chapter that does not exist.
    """
    from .core import EXERCISES

    chapters = sorted({e.chapter for e in EXERCISES.values()})
    if chapter is not None and chapter not in chapters:
        raise CourseError(f"There is no chapter {chapter!r}: choose one of {', '.join(chapters)}.")
    known = read()
    mine = [e for e in EXERCISES.values() if chapter in (None, e.chapter)]
    rows = []
    for e in sorted(mine, key=lambda e: e.number):
        entry = known.get(e.name, {"state": OPEN, "tries": 0})
        rows.append([f"{e.number} · {e.title}", f"check.{e.name}", entry["state"], entry["tries"]])
    done, handed = (sum(row[2] == state for row in rows) for state in (DONE, FOR_TEACHER))
    caption = f"Your progress: {done} of {len(rows)} done"
    if handed:
        caption += f", {handed} for your teacher"
    return table(rows, ["exercise", "check", "state", "tries"], caption)
