"""Whose line of code it was: the student's own, whatever torch calls on the way."""

import linecache
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import FrameType

import torch

OURS = Path(__file__).parents[3]
TORCH = Path(torch.__file__).parent

COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
HELPERS = ("pool", "upsample_to")  # which 04_model defines in a cell: who calls them is to blame


@dataclass(frozen=True)
class Line:
    """A line of the student's own code."""

    function: str
    number: int
    text: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.function}, line {self.number}" + (f": {self.text}" if self.text else "")


@cache
def owner(file: str) -> str:
    """Whose code a file is: 'torch', 'network' (colourlib.model), 'ours' or 'student'."""
    path = Path(file)
    if OURS in path.parents:
        return "network" if path == OURS / "model.py" else "ours"
    return "torch" if TORCH in path.parents or path.name == "contextlib.py" else "student"


def student_line(frames: Iterable[tuple[FrameType, int]]) -> Line | None:
    """The first line that is neither torch's nor ours; inside our own networks: forward's.

    frames: with their line numbers, the innermost first.
    """
    best = within = None
    for frame, number in frames:
        file, function = frame.f_code.co_filename, frame.f_code.co_name
        whose = owner(file)
        if whose == "student" or (best is None and whose == "network" and function == "forward"):
            text = linecache.getline(file, number, frame.f_globals).strip()
            best = (
                replace(within, function=function) if within else Line(function, number, text, file)
            )
            within = best if function in COMPREHENSIONS else None
        helper = whose == "student" and function in (*HELPERS, *COMPREHENSIONS)
        if (whose == "student" and not helper) or (whose, function) == ("ours", "trace"):
            break
    return best
