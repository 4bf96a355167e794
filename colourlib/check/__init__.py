"""Exercises: `check.<name>(answer)` looks at an answer and says what it shows, or what is wrong.

`check.board("03")` shows how far you are. A chapter's exercises have a module each; core.py says
how one is written, CONTRIBUTING.md how one is added.
"""

from .core import EXERCISES, Verdict
from .progress import board

__all__ = ["EXERCISES", "Verdict", "board"]
