"""What was taken out on request and must not come back."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from ..common.files import read_text, replace_text

NAME = "forgotten.txt"
_HEADER = """\
# Pictures that were taken out on request and must not come back: the sha256 of their bytes, and
# the sha256 of their addresses. Take a line out, and a collection may find that picture again.
"""


def digest(url: str) -> str:
    """The hash by which a forgotten address is known."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()


def forgotten(root: Path) -> set[str]:
    """The hashes of bytes and of addresses that must not come back."""
    return set(re.findall(r"^[0-9a-f]{64}$", read_text(Path(root) / NAME), re.MULTILINE))


def note(root: Path, hashes: Iterable[str]) -> None:
    """Add hashes of bytes or addresses that must not come back."""
    known = read_text(Path(root) / NAME, _HEADER)
    if new := [sha256 for sha256 in hashes if sha256 not in known]:
        replace_text(Path(root) / NAME, "\n".join([known.rstrip("\n"), *new, ""]))
