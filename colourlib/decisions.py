"""Decisions by hand: a small text file that a person can read, share and take lines out of."""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from pathlib import Path

from .workspace import CourseError, replace_text

_HEADER = """\
# Decisions by hand: they overrule the rules of the cleaning.
# One a line: keep or reject, the first digits of the picture's sha256, and a note if you like.
# Take a line out to undo it. Send this file to others, and they have your decisions.
"""
_DECISION = re.compile(r"(keep|reject)\s+([0-9a-f]{8,64})\s*(?:#.*)?", re.IGNORECASE)


def decisions(root: Path) -> dict[str, bool]:
    """sha256, or the start of one -> True for keep, False for reject; a later line counts.

    Raises CourseError, with the number of the line, for a line that is no decision.
    """
    found = {}
    for number, line in enumerate(_decision_lines(root), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _DECISION.fullmatch(line.strip())
        if not match:
            raise CourseError(
                f"Line {number} of decisions.txt is no decision: {line.strip()[:60]!r}. Write "
                "'keep' or 'reject' and at least 8 digits of the picture's sha256, or remove it."
            )
        found[match[2].lower()] = match[1].lower() == "keep"
    return found


def decide(root: Path, sha256: str, keep: bool | None, note: str = "") -> None:
    """Write down a decision about one picture, saved at once; None takes it back."""
    if not re.fullmatch("[0-9a-f]{8,64}", sha256):
        raise CourseError(f"{sha256!r} is no sha256: give at least its first 8 digits.")
    start = sha256[:16]
    lines = [line for line in _decision_lines(root) or _HEADER.splitlines() if start not in line]
    if keep is not None:
        comment = "  # " + " ".join(note.split()) if note.strip() else ""
        lines.append(f"{'keep' if keep else 'reject'} {start}{comment}")
    replace_text(Path(root) / "decisions.txt", "\n".join(lines) + "\n")


def _decision_lines(root: Path) -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return (Path(root) / "decisions.txt").read_text(encoding="utf-8").splitlines()
    return []


def match(decided: Mapping[str, bool], shas: Iterable[str]) -> dict[str, bool]:
    """sha256 -> decision, for the pictures that are here."""
    here = sorted(set(shas))
    matched = {}
    for start, keep in decided.items():
        at = bisect_left(here, start)
        if at + 1 < len(here) and here[at + 1].startswith(start):
            raise CourseError(f"decisions.txt: {start!r} fits several pictures; write more digits.")
        if at < len(here) and here[at].startswith(start):
            matched[here[at]] = keep
    return matched
