"""Whose line of code it was: the student's own, whatever torch calls on the way."""

from __future__ import annotations

import linecache
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


def _is_start(frame) -> bool:
    """Is this where `tracing.trace` calls the network?"""
    return frame.f_code.co_name == "trace" and _owner(frame.f_code.co_filename) == "ours"


def student_line(frame) -> Line | None:
    """The innermost line that is neither torch's nor ours; inside our own networks: forward's."""
    fallback = None
    while frame is not None and not _is_start(frame):
        owner = _owner(frame.f_code.co_filename)
        if owner == "student":
            return _line(frame, frame.f_lineno)
        if owner == "network" and frame.f_code.co_name == "forward":
            fallback = fallback or frame
        frame = frame.f_back
    return _line(fallback, fallback.f_lineno) if fallback else None


def _line(frame, number: int) -> Line:
    text = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    return Line(frame.f_code.co_name, number, text)


def line_of_error(error: BaseException) -> Line | None:
    """The student's innermost line in a traceback; inside our own networks: theirs."""
    found: dict[str, tuple] = {}
    step = error.__traceback__
    while step is not None:
        found[_owner(step.tb_frame.f_code.co_filename)] = (step.tb_frame, step.tb_lineno)
        step = step.tb_next
    best = found.get("student") or found.get("network")
    return _line(*best) if best else None
