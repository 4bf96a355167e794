"""Whose line of code it was: the student's own, whatever torch calls on the way."""

from __future__ import annotations

import linecache
import traceback
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

OURS = Path(__file__).parents[3]
TORCH = Path(torch.__file__).parent


@dataclass(frozen=True)
class Line:
    """A line of the student's own code."""

    function: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.function}, line {self.number}" + (f": {self.text}" if self.text else "")


@cache
def _owner(file: str) -> str:
    """Whose code a file is: 'torch', 'network' (colourlib.model), 'ours' or 'student'."""
    path = Path(file)
    if OURS in path.parents:
        return "network" if path == OURS / "model.py" else "ours"
    return "torch" if TORCH in path.parents or path.name == "contextlib.py" else "student"


def student_line(frame) -> Line | None:
    """The innermost line that is neither torch's nor ours; inside our own networks: forward's."""
    fallback = None
    while frame is not None:
        owner, function = _owner(frame.f_code.co_filename), frame.f_code.co_name
        if owner == "student":
            return _line(frame, frame.f_lineno)
        if owner == "ours" and function == "trace":  # which calls the network
            break
        if owner == "network" and function == "forward":
            fallback = fallback or _line(frame, frame.f_lineno)
        frame = frame.f_back
    return fallback


def line_of_error(error: BaseException) -> Line | None:
    """The student's innermost line in a traceback; inside our own networks: theirs."""
    lines = {
        _owner(frame.f_code.co_filename): (frame, number)
        for frame, number in traceback.walk_tb(error.__traceback__)
    }
    best = lines.get("student") or lines.get("network")
    return _line(*best) if best else None


def _line(frame, number: int) -> Line:
    text = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    return Line(frame.f_code.co_name, number, text)
