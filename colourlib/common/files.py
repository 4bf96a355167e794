"""Where the course keeps its files, and how a file is written: whole or not at all."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Put a file in place when it is whole and on the disk, not before. Raises OSError.

    Neither Stop nor a full disk leaves half of it. torch and safetensors write in other ways, with
    errors of their own for a full disk, so they only make the bytes.
    """
    # Its own name may be as long as the system allows, so the scratch file takes only its start.
    scratch = path.with_name(f"{path.name[:40]}.{os.getpid()}.tmp")
    try:
        with open(scratch, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # some disks tell only now that they are full
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> None:
    """The same for text, as UTF-8 with the line ends that it has."""
    write(path, text.encode())


def read_json(path: Path) -> dict:
    """What a JSON file holds; nothing where it is missing, damaged or not an object."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def tidy(folder: Path) -> None:
    """Remove what a process that was killed while it wrote has left. Raises OSError."""
    for scratch in folder.glob("*.tmp"):
        scratch.unlink(missing_ok=True)


def below(folder: Path, skip: Iterable[Path], onerror: Callable[[OSError], None]) -> Iterator[Path]:
    """Every file below a folder, and every link to a folder, which is not followed; sorted.

    Nothing hidden, and nothing below `skip`. onerror is told of each folder that cannot be read.
    """
    skipped = {os.path.realpath(path) for path in skip}
    for here, folders, names in os.walk(folder, onerror=onerror):
        inside = [Path(here, name) for name in sorted(folders) if not name.startswith(".")]
        folders[:] = [path.name for path in inside if os.path.realpath(path) not in skipped]
        yield from (path for path in inside if path.is_symlink())
        yield from (Path(here, name) for name in sorted(names) if not name.startswith("."))


def home() -> Path:
    """The folder that holds every workspace: $COLOURLIB_HOME, else `data/` of the checkout."""
    if os.environ.get("COLOURLIB_HOME"):
        return Path(os.environ["COLOURLIB_HOME"]).expanduser().resolve()
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "notebooks").is_dir():  # an editable install: the repository itself
        return checkout / "data"
    return Path.cwd() / "colourlib_data"  # installed alone, as on Colab


def printable(text: object, other: str = " ") -> str:
    """Text in one line, with `other` for characters that could do something to a terminal."""
    return "".join(c if c.isprintable() else other for c in str(text))
