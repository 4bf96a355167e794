"""What was taken out on request and must not come back."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from ..common.files import replace_text

NAME = "forgotten.txt"


_HEADER = """\
# Pictures that were taken out on request and are not to come back: the sha256 of their bytes, and
# the sha256 of their addresses. Take a line out, and a collection may find that picture again.
"""


def digest(url: str) -> str:
    """What is remembered of an address that is to be forgotten."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()


def forgotten(root: Path) -> set[str]:
    """The hashes of what is not to come back: of bytes, and of addresses."""
    with contextlib.suppress(FileNotFoundError):
        text = (Path(root) / NAME).read_text(encoding="utf-8", errors="replace")
        return set(re.findall(r"^[0-9a-f]{64}$", text, re.MULTILINE))
    return set()


def note(root: Path, hashes: Iterable[str]) -> None:
    """Add hashes to what is not to come back."""
    known = _HEADER
    with contextlib.suppress(FileNotFoundError):
        known = (Path(root) / NAME).read_text(encoding="utf-8", errors="replace")
    hashes = [sha256 for sha256 in hashes if sha256 not in known]
    if hashes:
        replace_text(Path(root) / NAME, known.rstrip("\n") + "\n" + "\n".join(hashes) + "\n")
