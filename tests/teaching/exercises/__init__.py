"""Wrong answers to the exercises, a module a chapter, each with the name of its mistake.

wrong_03.py has `WRONG = {"same_padding": [Case("half of the kernel, rounded up", 3, says="2.5")]}`;
tests/test_exercises.py gives each to its check. names.py is what a task finds in its notebook.
"""

import importlib.util
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

FOLDER = Path(__file__).parent


class Answers(tuple):
    """Several things given to one check: Answers((a, b)) for check.name(a, b)."""


@dataclass(frozen=True)
class Case:
    """A wrong answer and what the check has to say of it.

    mistake: its name, exactly. answer: the answer; or `lambda n: ...` that makes it of the names in
    names.py (for an answer that is itself a function there is Function). says: words that the
    message, the hint or what follows them must contain, one string or several.
    """

    mistake: str
    answer: Any
    says: str | tuple[str, ...] = ()

    def given(self, names: SimpleNamespace) -> tuple:
        """What the check is called with."""
        made = self.answer(names) if inspect.isfunction(self.answer) else self.answer
        return tuple(made) if isinstance(made, Answers) else (made,)

    def words(self) -> tuple[str, ...]:
        return (self.says,) if isinstance(self.says, str) else self.says


def Function(mistake: str, answer: Callable, says: str | tuple[str, ...] = ()) -> Case:
    """A Case whose answer is a function."""
    return Case(mistake, lambda n: answer, says)


def all_wrong() -> dict[str, list[Case]]:
    """{name of a check: its wrong answers}, of every wrong_*.py that is there."""
    found: dict[str, list[Case]] = {}
    for path in sorted(FOLDER.glob("wrong_*.py")):
        spec = importlib.util.spec_from_file_location(f"exercises.{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, cases in module.WRONG.items():
            found.setdefault(name, []).extend(cases)
    return found
