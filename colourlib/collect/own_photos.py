"""A folder of one's own photos as a source: read in place, nothing copied, nothing changed.

The name of a subfolder is the query of the pictures below it. A second run reads only what has
changed, by size and time of change.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from tqdm.auto import tqdm

from ..common import pictures
from ..common.errors import CourseError
from ..common.files import home
from . import connection, fetch, manifest
from .fetch import Rejected
from .forgotten import forgotten
from .manifest import Photo
from .store import COPY, sha256_of

UNREADABLE = "unreadable:"  # a reason that starts so may pass: the file is tried again
PICTURE_NAMES = (*pictures.FORMATS.values(), ".jpeg", ".jpe", ".jfif", ".tiff")


def collect_folder(root: Path, folder: Path) -> list[Photo]:
    """One row for each picture below a folder; a picture that was forgotten has none.

    Raises CourseError for a folder without a picture that can be used.
    """
    folder = folder.resolve()
    found = _files_below(folder, {root.resolve(), home()})
    before = manifest.read(root)
    known = {row.file: row for row in before}
    changed = [path for path in found if not _is_current(known.get(str(path)), path)]
    for path in tqdm(changed, desc="reading", unit="picture", disable=not changed):
        known[str(path)] = _row_of_file(folder, path)
    gone = forgotten(root)
    rows = [known[str(path)] for path in found if known[str(path)].sha256 not in gone]
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

    Raises CourseError where the folder cannot be read; of folders in it that cannot, it tells.
    """

    def closed(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise CourseError(f"The folder {str(folder)!r} cannot be read: {error.strerror}.")
        if not quiet:
            print(f"Left out, for it cannot be read: {error.filename} ({error.strerror}).")

    found = []
    for here, folders, names in os.walk(folder, onerror=closed):
        folders[:] = [f for f in folders if not f.startswith(".") and Path(here, f) not in skip]
        found += [Path(here, name) for name in names if not name.startswith(".")]
    named = (path for path in found if path.suffix.lower() in PICTURE_NAMES)
    return sorted(path for path in named if os.path.isfile(path))  # no link that leads nowhere


def _is_current(row: Photo | None, path: Path) -> bool:
    """Whether a row was made from the file as it is now, judged by size and time of change."""
    stat = path.stat()
    if row is None or row.rejected.startswith(UNREADABLE):
        return False
    return (row.bytes, row.time) == (stat.st_size, manifest.utc(stat.st_mtime))


def _row_of_file(folder: Path, path: Path) -> Photo:
    """The row of a file: its bytes are hashed and its size read, its pixels are not decoded."""
    inner = path.relative_to(folder).parts
    query = inner[0] if len(inner) > 1 else folder.name
    stat = path.stat()
    changed = manifest.utc(stat.st_mtime)
    row = Photo(query, path.as_uri(), str(path), "", stat.st_size, 0, 0, "", changed)
    try:
        if stat.st_size > connection.MAX_BYTES:
            raise Rejected(f"larger than {connection.MAX_BYTES // 1_000_000} MB")
        data = path.read_bytes()
        row = replace(row, sha256=sha256_of(data))
        width, height, kind = fetch.measure(data, decode=False)
        return replace(row, width=width, height=height, format=kind)
    except Rejected as error:
        return replace(row, rejected=str(error))
    except OSError as error:  # no permission, a disk gone
        return replace(row, rejected=f"{UNREADABLE} {error}")


def _mark_copies(rows: list[Photo]) -> list[Photo]:
    """Of files with the same bytes the first stays, the others are rejected as its copies."""
    first: dict[str, str] = {}
    marked = []
    for row in rows:
        if row.rejected.startswith(COPY):  # said by an earlier run; the other may be gone by now
            row = replace(row, rejected="")
        if not row.rejected and (twin := first.setdefault(row.sha256, row.file)) != row.file:
            row = replace(row, rejected=f"{COPY} {twin}")
        marked.append(row)
    return marked


def _no_pictures(folder: Path, rows: list[Photo]) -> str:
    """What to say about a folder without a usable picture: what it holds instead, what to do."""
    if rows:
        held = f"no picture that can be used. {Path(rows[0].file).name}: {rows[0].rejected}"
    else:
        others = (path for path in folder.rglob("*") if path.is_file())
        kinds = sorted({path.suffix.lower() or path.name for path in others})
        held = f"files, but no picture: {', '.join(kinds[:8])}" if kinds else "no file at all"
    return (
        f"The folder {str(folder)!r} holds {held}. Put pictures in it, in one subfolder for each "
        f"subject ({', '.join(PICTURE_NAMES)}), or choose another folder."
    )
