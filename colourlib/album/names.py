"""Which photo becomes which file: decided for all of them before the first one is coloured.

Folders are searched, every photo gets a file name of its own, and what would spoil the whole (no
such OUT, an OUT that lies on top of the photos) is raised while nothing has been done yet. Names
depend on the photos alone, never on what an earlier call has left: a second call finds its files.
"""

from __future__ import annotations

import contextlib
import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..common.errors import CourseError
from ..common.pictures import READ

# What is written, by the ending of its name; a photo with another ending becomes a PNG.
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
FORMATS |= {".tif": "TIFF", ".tiff": "TIFF"}
SPELLINGS = {".jpe": ".jpg", ".jfif": ".jpg"}  # of the same format
ENDINGS = (*FORMATS, *SPELLINGS, ".gif", ".bmp")  # of the photos in a folder, as in `folder`
FOREIGN = (".heic", ".heif", ".avif", ".jp2", ".svg", ".pdf")  # pictures, but not read here


@dataclass(frozen=True)
class Job:
    """One photo, and the file that it becomes."""

    photo: Path
    out: Path
    found: bool = False  # in a folder, where nobody named it


@dataclass
class Plan:
    """What there is to do, and what cannot be done."""

    jobs: list[Job] = field(default_factory=list)
    amiss: list[tuple[Path, str]] = field(default_factory=list)  # what is no photo, and why
    remarks: list[str] = field(default_factory=list)  # what the user might wonder about


@dataclass(frozen=True)
class _Found:
    photo: Path
    inner: Path  # where it lies below OUT, by its own name
    found: bool


def plan(photos: Sequence[str | Path], out: str | Path) -> Plan:
    """The jobs for files and folders of photos; nothing is written.

    Raises CourseError where no photo is given, where OUT cannot be what it would have to be (a
    folder for several photos, a place that can be written to), or lies on top of the photos.
    """
    given = [photos] if isinstance(photos, (str, Path)) else photos
    given = [Path(os.path.expanduser(photo)) for photo in given]
    if not given:
        raise CourseError("No photo was given: name a file, several, or a folder.")
    one_file = _is_one_file(given, out)
    out = Path(out)
    _check_place(out.parent if one_file else out)
    todo = Plan()
    found = list(_once(_find(given, out, todo)))
    if one_file:
        todo.jobs = [Job(one.photo, out) for one in found]
    else:
        todo.jobs = list(_named(found, out, todo))
    _check_apart(todo.jobs)
    return todo


# ---------------------------------------------------------------- OUT


def _is_one_file(given: list[Path], out: str | Path) -> bool:
    """Is OUT the file for the one photo, and not a folder?"""
    path = Path(out)
    if str(out).endswith(("/", os.sep)) or os.path.isdir(path):
        return False
    if path.suffix.lower() not in (*FORMATS, *ENDINGS, *FOREIGN):
        return False
    if len(given) > 1 or os.path.isdir(given[0]):
        raise CourseError(
            f"-o {out} is the name of one picture, but there may be several: name a folder."
        )
    if path.suffix.lower() not in FORMATS:
        raise CourseError(f"-o {out}: what is written ends in {', '.join(FORMATS)}.")
    return True


def _check_place(folder: Path) -> None:
    """Raises CourseError where the folder neither is there nor can be made."""
    there = folder.absolute()
    while not os.path.lexists(there):
        if there == there.parent:  # a drive of Windows, or a server
            raise CourseError(f"-o: there is no {there}: choose another place.")
        there = there.parent
    if not os.path.isdir(there):
        raise CourseError(f"-o: {there} is a file and no folder: choose another place.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise CourseError(f"-o: the folder {there} may not be written to: choose another place.")


def _check_apart(jobs: list[Job]) -> None:
    """Raises CourseError where a file that is to be written is one of the photos."""
    photos = {key for job in jobs for key in _identities(job.photo)}
    for job in jobs:
        if photos.intersection(_identities(job.out, os.lstat)):
            raise CourseError(
                f"-o: {job.out} is one of the photos, and would be lost: choose another folder."
            )


def _identities(path: Path, *ways) -> Iterator[tuple[int, int]]:
    """What the system knows a file by, whatever it is called; of a link also what it leads to."""
    for way in ways or (os.stat, os.lstat):
        with contextlib.suppress(OSError):
            status = way(path)
            yield status.st_dev, status.st_ino


# ---------------------------------------------------------------- photos


def _find(given: list[Path], out: Path, todo: Plan) -> Iterator[_Found]:
    for path in given:
        try:
            if path.is_dir():
                yield from _below(path, out, todo)
            elif path.is_file():
                yield _Found(path, Path(path.name), False)
            elif path.exists():
                todo.amiss.append((path, "neither a file nor a folder"))
            else:
                start = "" if path.is_absolute() else f" A relative path starts from {Path.cwd()}."
                todo.amiss.append((path, f"there is no such file.{start}"))
        except OSError as error:  # a name too long, a folder on the way that may not be entered
            todo.amiss.append((path, f"cannot be looked at: {error.strerror}"))


def _below(folder: Path, out: Path, todo: Plan) -> Iterator[_Found]:
    """Every picture below a folder, sorted; nothing hidden, nothing below OUT, no link followed."""

    def unreadable(error: OSError) -> None:
        todo.amiss.append((Path(error.filename), f"this folder cannot be read: {error.strerror}"))

    if _same(folder, out):
        raise CourseError(
            f"-o {out} is the folder of the photos: choose one inside it, or another."
        )
    count, others = 0, Counter()
    for here, folders, names in os.walk(folder, onerror=unreadable):
        inside = [Path(here, name) for name in sorted(folders) if not name.startswith(".")]
        folders[:] = [path.name for path in inside if not _same(path, out)]
        others["links to folders"] += sum(path.is_symlink() for path in inside)
        for name in sorted(name for name in names if not name.startswith(".")):
            path = Path(here, name)
            if path.suffix.lower() in ENDINGS:
                count += 1
                yield _Found(path, path.relative_to(folder), True)
            else:
                others[path.suffix.lower() or "without an ending"] += 1
    others = +others  # without those counted 0 times
    kinds = ", ".join(f"{kind} ({number})" for kind, number in others.most_common(6))
    if not count:
        held = f"holds no picture, but {kinds}" if kinds else "is empty"
        todo.amiss.append((folder, f"this folder {held}. What is read: {READ}."))
    elif kinds:
        todo.remarks.append(f"{folder}: left alone, for their names are no pictures': {kinds}")


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _once(found: Iterator[_Found]) -> Iterator[_Found]:
    """Each photo once, also where its folder was given, too."""
    seen = set()
    for one in found:
        key = os.path.join(os.path.realpath(one.photo.parent), one.photo.name)
        if key not in seen:
            seen.add(key)
            yield one


# ---------------------------------------------------------------- names


def _named(found: list[_Found], out: Path, todo: Plan) -> Iterator[Job]:
    """Jobs in the order of the photos. Where two want the same name, the second gets a number."""
    names: dict[int, Path] = {}
    taken: set[str] = set()
    wished = [one.inner.with_name(_written(one.inner.name)) for one in found]
    # Photos that keep their names come first: x.png stays x.png when an x.gif is laid beside it.
    for i in sorted(range(len(found)), key=lambda i: wished[i] != found[i].inner):
        name, number = wished[i], 2
        while _key(name) in taken:
            name = wished[i].with_name(f"{wished[i].stem}-{number}{wished[i].suffix}")
            number += 1
        taken.add(_key(name))
        names[i] = name
    for i, one in enumerate(found):
        if names[i] != wished[i]:
            todo.remarks.append(f"{one.photo}: becomes {names[i].name}, for two want its name")
        yield Job(one.photo, out / names[i], one.found)


def _written(name: str) -> str:
    """The name of the coloured file: IMG_1.JPG stays, scan.gif and scan.v2 get an ending in .png"""
    stem, ending = os.path.splitext(name)
    if ending.lower() in FORMATS:
        return name
    if ending.lower() in SPELLINGS:
        return stem + SPELLINGS[ending.lower()]
    return (stem if ending.lower() in (*ENDINGS, *FOREIGN) else name) + ".png"


def _key(name: Path) -> str:
    """The same for names that are one file on Windows or a Mac."""
    return unicodedata.normalize("NFC", str(name)).casefold()
