"""A folder of one's own photos as a source: read in place, nothing copied, nothing changed.

A subfolder's name is the query of the pictures below it. A second run reads what has changed.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ..common.bars import bar
from ..common.errors import CourseError
from ..common.files import below, home
from ..common.pictures import ENDINGS
from . import connection, fetch, manifest
from .fetch import Rejected
from .forgotten import forgotten
from .manifest import Photo
from .store import COPY, sha256_of

UNREADABLE = "unreadable:"  # a reason that starts so may pass: the file is tried again


def collect_folder(root: Path, folder: Path) -> list[Photo]:
    """One row for each picture below a folder; a picture that was forgotten has none.

    Raises CourseError for a folder without a picture that can be used.
    """
    folder = folder.resolve()
    found = _files_below(folder, {root.resolve(), home()})
    before = manifest.read(root)
    read = (row for row in before if not row.rejected.startswith(UNREADABLE))
    known = {(row.file, row.bytes, row.time): row for row in read}
    now = {path: known.get((str(path), *_size_and_time(path))) for path in found}
    changed = [path for path, row in now.items() if not row]
    for path in bar(changed, desc="reading", unit="picture", disable=not changed):
        now[path] = _row_of_file(folder, path)
    gone = forgotten(root)
    rows = (row for row in now.values() if row.sha256 not in gone)
    rows = manifest.by_query(_mark_copies(rows))
    if all(row.rejected for row in rows):
        raise CourseError(_no_pictures(folder, rows))
    if rows != before:
        root.mkdir(parents=True, exist_ok=True)
        manifest.rewrite(root, rows)
        left_out = f", {len(found) - len(rows)} forgotten" if len(found) > len(rows) else ""
        kept = sum(not row.rejected for row in rows)
        print(f"{kept} of {len(rows)} pictures, read in place{left_out}.")
    return rows


def check_folder(folder: Path) -> None:
    """Raises CourseError if no file below the folder is named like a picture."""
    if not _files_below(folder.resolve(), {home()}, quiet=True):
        raise CourseError(_no_pictures(folder, []))


def _files_below(folder: Path, skip: set[Path], quiet: bool = False) -> list[Path]:
    """Every file that is named like a picture, sorted; nothing hidden, nothing below `skip`.

    Raises CourseError where the folder cannot be read, and prints which folders in it cannot.
    """

    def closed(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise CourseError(f"The folder {str(folder)!r} cannot be read: {error.strerror}.")
        if not quiet:
            print(f"Left out because it cannot be read: {error.filename} ({error.strerror}).")

    named = (p for p in below(folder, skip, closed) if p.suffix.lower() in ENDINGS)
    return sorted(path for path in named if os.path.isfile(path))  # no link that leads nowhere


def _size_and_time(path: Path) -> tuple[int, str]:
    stat = path.stat()
    return stat.st_size, manifest.utc(stat.st_mtime)


def _row_of_file(folder: Path, path: Path) -> Photo:
    """The row of a file: its bytes are hashed and its size read, its pixels are not decoded."""
    inner = path.relative_to(folder).parts
    query = inner[0] if len(inner) > 1 else folder.name
    size, changed = _size_and_time(path)
    row = Photo(query, path.as_uri(), str(path), bytes=size, time=changed)
    try:
        if size > connection.MAX_BYTES:
            raise Rejected(f"larger than {connection.MAX_BYTES // 1_000_000} MB")
        data = path.read_bytes()
        row = replace(row, sha256=sha256_of(data))
        width, height, kind = fetch.measure(data, decode=False)
        return replace(row, width=width, height=height, format=kind)
    except Rejected as error:
        return replace(row, rejected=str(error))
    except OSError as error:  # no permission, a disk gone
        return replace(row, rejected=f"{UNREADABLE} {error}")


def _mark_copies(rows: Iterable[Photo]) -> Iterator[Photo]:
    """The rows: of files with the same bytes, the first stays and the others are its copies."""
    first: dict[str, str] = {}
    for row in rows:
        if row.rejected.startswith(COPY):  # said by an earlier run; the other may be gone by now
            row = replace(row, rejected="")
        if not row.rejected and (twin := first.setdefault(row.sha256, row.file)) != row.file:
            row = replace(row, rejected=f"{COPY} {twin}")
        yield row


def _no_pictures(folder: Path, rows: list[Photo]) -> str:
    """A message for a folder without a usable picture: what it holds instead, and what to do."""
    if rows:
        held = f"no picture that can be used. {Path(rows[0].file).name}: {rows[0].rejected}"
    else:
        others = (path for path in folder.rglob("*") if path.is_file())
        kinds = sorted({path.suffix.lower() or path.name for path in others})
        held = f"files, but no picture: {', '.join(kinds[:8])}" if kinds else "no file at all"
    return (
        f"The folder {str(folder)!r} holds {held}. Put pictures in it, in one subfolder for each "
        f"subject ({', '.join(ENDINGS)}), or choose another folder."
    )
