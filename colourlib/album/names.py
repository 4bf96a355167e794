"""Which photo becomes which file: decided for all of them before the first one is coloured.

Folders are searched, every photo gets a file name of its own, and what would spoil the whole (no
such OUT, an OUT that lies on top of the photos) is raised while nothing has been done yet. Names
depend on the photos alone, never on what an earlier call has left: a second call finds its files.
"""

import contextlib
import itertools
import os
import unicodedata
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from ..common.errors import CourseError
from ..common.files import pasted
from ..common.folders import Walk
from ..common.pictures import ENDINGS, READ

# What is written, by the ending of its name; a photo with another ending becomes a PNG.
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
FORMATS |= {".tif": "TIFF", ".tiff": "TIFF"}
SPELLINGS = {".jpe": ".jpg", ".jfif": ".jpg"}  # of the same format
PICTURES = (*FORMATS, *ENDINGS, ".heic", ".heif", ".avif", ".jp2", ".svg", ".pdf")  # read or not


@dataclass(frozen=True)
class Job:
    """One photo, and the file that it becomes."""

    photo: Path
    out: Path  # while photos are being looked for: where it lies below OUT, by its own name
    found: bool = False  # in a folder, where nobody named it
    content: BinaryIO | None = None  # the photo itself, where no file holds it alone


@dataclass
class Plan:
    """What there is to do, and what cannot be done."""

    jobs: list[Job] = field(default_factory=list)
    amiss: list[tuple[Path, str]] = field(default_factory=list)  # what is not a photo, and why
    remarks: list[str] = field(default_factory=list)  # what the user might wonder about


def plan(photos: Sequence[str | Path], out: str | Path) -> Plan:
    """The jobs for files and folders of photos; nothing is written.

    Raises CourseError where no photo is given, and where OUT cannot be used: a file for several
    photos, a place that cannot be written to, or one on top of the photos.
    """
    given = [photos] if isinstance(photos, (str, Path)) else photos
    given = [pasted(photo) for photo in given]
    if not given:
        raise CourseError("No photo was given: name a file, several, or a folder.")
    one_file, todo = _is_one_file(given, out), Plan()
    out = Path(out)
    check_place((out.parent if one_file else out).absolute())
    found = {}  # each photo once, also where its folder was given, too
    for job in _find(given, out, todo):
        found.setdefault((os.path.realpath(job.photo.parent), job.photo.name), job)
    jobs = list(found.values())
    todo.jobs = [replace(job, out=out) for job in jobs] if one_file else _named(jobs, out, todo)
    # Whatever they are called: a photo is known by its place on the disk, or by that of its link.
    places = {_place(job.photo, follow) for job in jobs for follow in (True, False)}
    for job in todo.jobs:
        if os.path.lexists(job.out) and _place(job.out, False) in places:
            wrong = f"{job.out} is one of the photos, and would be lost"
            raise CourseError(f"-o: {wrong}: choose another folder.")
    return todo


def _is_one_file(given: list[Path], out: str | Path) -> bool:
    """Is OUT the file for the one photo, and not a folder?"""
    ending = Path(out).suffix.lower()
    if str(out).endswith(("/", os.sep)) or os.path.isdir(out) or ending not in PICTURES:
        return False
    if len(given) > 1 or os.path.isdir(given[0]):
        wrong = f"{out} is the name of one picture, but there may be several"
        raise CourseError(f"-o {wrong}: name a folder.")
    if ending not in FORMATS:
        raise CourseError(f"-o {out}: choose a name that ends in {', '.join(FORMATS)}.")
    return True


def check_place(folder: Path) -> None:
    """Raises CourseError where the folder neither is there nor can be made."""
    there = next((p for p in (folder, *folder.parents) if os.path.lexists(p)), None)
    if there is None:  # a drive of Windows, or a server
        wrong = f"there is no {folder.anchor}"
    elif not os.path.isdir(there):
        wrong = f"{there} is a file, not a folder"
    elif not os.access(there, os.W_OK | os.X_OK):
        wrong = f"the folder {there} may not be written to"
    else:
        return
    raise CourseError(f"-o: {wrong}: choose another place.")


def _place(path: Path, follow: bool) -> tuple[int, int] | None:
    """What the system knows a file by, or what its link leads to; None where it cannot be told."""
    with contextlib.suppress(OSError):
        status = os.stat(path, follow_symlinks=follow)
        return status.st_dev, status.st_ino


def _find(given: list[Path], out: Path, todo: Plan) -> Iterator[Job]:
    for path in given:
        try:
            if path.is_dir():
                yield from _below(path, out, todo)
            elif path.is_file():
                yield Job(path, Path(path.name))
            elif path.exists():
                todo.amiss.append((path, "neither a file nor a folder"))
            else:
                start = "" if path.is_absolute() else f" A relative path starts from {Path.cwd()}."
                todo.amiss.append((path, f"there is no such file.{start}"))
        except OSError as error:  # a name too long, a folder on the way that may not be entered
            todo.amiss.append((path, f"cannot be looked at: {error.strerror}"))


def _below(folder: Path, out: Path, todo: Plan) -> Iterator[Job]:
    """Every picture below a folder, as the walk finds them; nothing below OUT."""
    if os.path.realpath(folder) == os.path.realpath(out):
        words = f"-o {out} is the folder of the photos: choose one inside it, or another."
        raise CourseError(words)
    count, walk = 0, Walk(folder, [out])
    for path in walk:
        count += 1
        yield Job(path, path.relative_to(folder), found=True)
    for error in walk.closed:
        todo.amiss.append((Path(error.filename), f"this folder cannot be read: {error.strerror}"))
    if not count:
        held = f"holds no picture, but {walk.left_out()}" if walk.left_out() else "is empty"
        todo.amiss.append((folder, f"this folder {held}. What is read: {READ}."))
    elif walk.left_out():
        todo.remarks.append(f"{folder}: left out: {walk.left_out()}")


def _named(found: list[Job], out: Path, todo: Plan) -> list[Job]:
    """Jobs in the order of the photos. Where two want the same name, the second gets a number."""
    names, taken = {}, set()
    # Photos that keep their names come first: x.png stays x.png when an x.gif is laid beside it.
    for job in sorted(found, key=lambda job: written(job.out) != job.out):
        wish = written(job.out)
        names[job] = name = free(wish, taken)
        taken.add(key(name))
        if name != wish:
            todo.remarks.append(f"{job.photo}: becomes {name.name}, because two want its name")
    return [replace(job, out=out / names[job]) for job in found]


def written(path: Path) -> Path:
    """The name of the coloured file: IMG_1.JPG stays, scan.gif and scan.v2 get an ending in .png"""
    ending = path.suffix.lower()
    if ending in FORMATS:
        return path
    known = path.stem if ending in PICTURES else path.name
    return path.with_name(known + SPELLINGS.get(ending, ".png"))


def free(wish: Path, taken: Container[str]) -> Path:
    """The name; or x-2.jpg, x-3.jpg ... for x.jpg, where its key is taken."""
    others = (wish.with_name(f"{wish.stem}-{n}{wish.suffix}") for n in itertools.count(2))
    return next(name for name in itertools.chain([wish], others) if key(name) not in taken)


def key(name: str | Path) -> str:
    """The same for names that are one file on Windows or a Mac."""
    return unicodedata.normalize("NFC", str(name)).casefold()
