"""Where the course keeps its files, and how a file is written: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Put a file in place when it is whole and on the disk, not before. Raises OSError.

    torch and safetensors have errors of their own for a full disk, and write in other ways; so they
    only make the bytes.
    """
    scratch = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with open(scratch, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def tidy(folder: Path) -> None:
    """Remove what a process that was killed while it wrote has left. Raises OSError."""
    for scratch in folder.glob("*.tmp"):
        scratch.unlink(missing_ok=True)


def home() -> Path:
    """The folder that holds every workspace: $COLOURLIB_HOME, else `data/` of the checkout."""
    if os.environ.get("COLOURLIB_HOME"):
        return Path(os.environ["COLOURLIB_HOME"]).expanduser().resolve()
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "notebooks").is_dir():  # an editable install: the repository itself
        return checkout / "data"
    return Path.cwd() / "colourlib_data"  # installed alone, as on Colab


def printable(text: object, other: str = " ") -> str:
    """Text in one line, `other` for what has no picture: it could do something to a terminal."""
    return "".join(c if c.isprintable() else other for c in str(text))


def replace_text(path: Path, text: str) -> None:
    """Write a file whole or not at all, so that Stop in the middle cannot leave half of it."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    scratch.write_text(text, encoding="utf-8", newline="\n")
    os.replace(scratch, path)
