"""Wrong answers to the exercises, a module a chapter, each with the name of its mistake.

wrong_03.py has `WRONG["chroma"] = [Case("the root is missing", 36**2 + 48**2, "You have 3600.")]`;
test_exercises.py gives each to its check. names.py is what a task finds in its notebook.
"""

import inspect
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

UNREADABLE = "another kind of answer"
CRASHED = "the function stops with an error"
SHORT, SAME_WORDS = "too short to discuss", "the same words again"


class Answers(tuple):
    """Several things given to one check: Answers(a, b) for check.name(a, b)."""

    def __new__(cls, *given):
        return super().__new__(cls, given)


class Case:
    """A wrong answer and what the check has to say of it.

    mistake: its name, exactly. answer: the answer; or `lambda n: ...`, with this one argument,
    which makes it of the names in names.py. says: words that the message, the hint or what follows
    them must contain.
    """

    def __init__(self, mistake: str, answer: Any, *says: str):
        self.mistake, self.answer, self.says = mistake, answer, says

    def given(self, names: SimpleNamespace) -> tuple:
        """What the check is called with."""
        made = self.answer
        if inspect.isfunction(made) and [*inspect.signature(made).parameters] == ["n"]:
            made = made(names)
        return tuple(made) if isinstance(made, Answers) else (made,)


THOUGHTLESS = [  # of an open question
    Case(SHORT, "More layers.", "2 words"),
    Case(SHORT, "", "0 words"),
    Case(SAME_WORDS, "true or coloured " * 10, "3 differ"),
    Case(SAME_WORDS, "more " * 30, "1 differs"),
    Case(UNREADABLE, 2, "int"),
    Case(UNREADABLE, ["More", "layers"], "list"),
]


def all_wrong() -> dict[str, list[Case]]:
    """{name of a check: its wrong answers}, of every wrong_*.py that is there."""
    found: dict[str, list[Case]] = {}
    for path in sorted(Path(__file__).parent.glob("wrong_*.py")):
        found |= import_module(f"{__name__}.{path.stem}").WRONG
    return found
