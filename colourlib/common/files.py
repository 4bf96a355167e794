"""Where the course keeps its files, how one is written, and which one a pasted path means."""

import json
import os
import re
import tempfile
from pathlib import Path
from urllib.parse import unquote
from urllib.request import url2pathname

from .errors import CourseError


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


def home() -> Path:
    """The folder that holds every workspace: $COLOURLIB_HOME, else `data/` of the checkout."""
    if os.environ.get("COLOURLIB_HOME"):
        return pasted(os.environ["COLOURLIB_HOME"]).resolve()
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "notebooks").is_dir():  # an editable install: the repository itself
        return checkout / "data"
    return Path.cwd() / "colourlib_data"  # installed alone, as on Colab


def shipped_folder(name: str) -> Path:
    """The folder "weights" or "photos" of what comes along: setup.py installs those of data/."""
    installed = Path(__file__).parents[1] / "shipped"
    return (installed if installed.is_dir() else Path(__file__).parents[2] / "data") / name


def read_text(path: Path, missing: str = "") -> str:
    """What a text file holds, with a sign for bytes that are none; `missing` where it is not."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return missing


def writable(folder: Path) -> Path:
    """A folder of the course, made if missing. Raises CourseError where nothing can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        how = "set COLOURLIB_HOME to a folder of your own: %env COLOURLIB_HOME=~/colourlib"
        mend = how if home() in (folder, *folder.parents) else "name another folder"
        words = f"Nothing can be written to {folder} ({error.strerror}): {mend}."
        raise CourseError(words) from error
    return folder


def pasted(text: str | Path) -> Path:
    """The path that was meant by one pasted with quotes, as file:///..., with %20 or from ~.

    The first way to read it that leads to something that is there, or else the tidiest. Raises
    CourseError for what is no path.
    """
    if not isinstance(text, str | os.PathLike):
        raise CourseError(f"A path is wanted here, such as 'photo.jpg', not {type(text).__name__}.")
    bare = re.sub(r"^& +", "", str(text).strip()).strip(" \"'`“”‘’«»<>")  # &: PowerShell's
    address = re.sub(r"(?i)^file:(//(localhost)?)?", "", bare)
    tidy = url2pathname(address) if address != bare else bare
    spaced = re.sub(r"\\(.)", r"\1", bare)  # dragged into a terminal
    ways = [str(text), bare, tidy, unquote(bare), os.path.expandvars(bare), spaced]
    ways = [os.path.expanduser(way) for way in ways]
    return Path(next(filter(os.path.lexists, ways), ways[2]))


def pasted_folder(text: str | Path) -> Path:
    """The same for a folder. Raises CourseError where a file is there instead."""
    if os.path.isfile(path := pasted(text)):
        how = "Give the folder that holds the pictures; unpack an archive first."
        raise CourseError(f"{str(text)!r} is a file. {how}")
    return path


def printable(text: object, other: str = " ") -> str:
    """Text in one line, with `other` for characters that could do something to a terminal."""
    return "".join(c if c.isprintable() else other for c in str(text))
