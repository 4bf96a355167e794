"""Progress as tables: a student's board, and for a class its exercises and its students."""

from collections import Counter

from ...common.errors import CourseError
from ...show import Table, table
from . import core
from .progress import DONE, FOR_TEACHER, OPEN, STATES, read

# Exercises that stand in an appendix, in notebooks/more, and not in their chapter's notebook.
APPENDIX = {
    "01.5": "01_faulty_web",
    "02.5": "02_all_rules",
    "04.4": "04_receptive_fields",
    "04.5": "04_receptive_fields",
    "04.6": "04_receptive_fields",
    "05.6": "05_adamw",
    "06.6": "06_measures",
}
_SEEN = ("done", "to read", "tried", "open")  # STATES, as a teacher sees them


def board(chapter: str | None = None) -> Table:
    """A table of the exercises, of one chapter ('03') or of all: done, tried or open.

    Raises CourseError for a chapter that does not exist.
    """
    chapters = sorted({e.chapter for e in core.EXERCISES.values()})
    if chapter is not None and chapter not in chapters:
        raise CourseError(f"There is no chapter {chapter!r}: choose one of {', '.join(chapters)}.")
    known, rows = read(), []
    for e in _in_order():
        if chapter in (None, e.chapter):
            entry = known.get(e.name, {"state": OPEN, "tries": 0})
            title = f"{e.number} · {e.title}"
            title += f" (in more/{APPENDIX[e.number]})" if e.number in APPENDIX else ""
            rows.append([title, f"check.{e.name}", entry["state"], entry["tries"]])
    done, handed = (sum(row[2] == state for row in rows) for state in (DONE, FOR_TEACHER))
    caption = f"Your progress: {done} of {len(rows)} done"
    caption += f", {handed} for your teacher" if handed else ""
    return table(rows, ["exercise", "check", "state", "tries"], caption)


def overview(students: dict[str, dict]) -> Table:
    """A row an exercise: how many have done it, tried it, not begun; the commonest mistake.

    Exercises go by their checks' names, as in TEACHING.md and in the file: about 100 columns.
    """
    rows = []
    for e in _in_order():
        entries = [student.get(e.name) for student in students.values()]
        mistakes = sum((Counter(entry["mistakes"]) for entry in entries if entry), Counter())
        worst = [f"{times} × {mistake}" for mistake, times in mistakes.most_common(1)]
        rows.append([f"{e.number} {e.name}", *_counts(entries), *(worst or [""])])
    number = len(students)
    caption = f"Progress of {number} student{'s' * (number != 1)}"
    return table(rows, ["exercise", *_SEEN, "commonest mistake"], caption)


def roll(students: dict[str, dict]) -> Table:
    """A row a student: how many exercises are done, to be read, tried and open."""
    rows = []
    for name, exercises in students.items():
        short = name if len(name) <= 40 else f"{name[:39]}…"
        rows.append([short, *_counts([exercises.get(e) for e in core.EXERCISES])])
    return table(rows, ["student", *_SEEN], f"Of {len(core.EXERCISES)} exercises each has")


def _in_order() -> list[core.Exercise]:
    return sorted(core.EXERCISES.values(), key=lambda e: e.number)


def _counts(entries: list[dict | None]) -> list[int]:
    states = Counter(entry["state"] if entry else OPEN for entry in entries)
    return [states[state] for state in STATES]
