"""A folder of one's own photos as a source: read in place, nothing copied, nothing changed.

The folders in it are the queries of the pictures below them. A second run reads what has changed.
"""

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ..common.bars import bar
from ..common.errors import CourseError
from ..common.files import home, printable
from ..common.folders import Walk
from ..common.pictures import READ
from . import connection, fetch, manifest, notices
from .fetch import Rejected
from .forgotten import forgotten
from .manifest import Photo
from .store import COPY, sha256_of

NO_SUBJECTS = "train training val valid validation dev eval test testing images image imgs img "
NO_SUBJECTS = {*(NO_SUBJECTS + "pictures photos jpegimages data dataset").split()}  # of data sets
TOLD = 8  # subjects that are named


def collect_folder(root: Path, folder: Path) -> list[Photo]:
    """One row for each picture below a folder; a picture that was forgotten has none.

    Raises CourseError for a folder without a picture that can be used.
    """
    folder = folder.resolve()
    below = walk(folder, {root.resolve()})
    found = _subjects(folder, sorted(below, key=lambda path: (path.is_symlink(), path)))
    before = manifest.read(root)
    # What was turned away is read again: its file, or what is installed here, may be mended by now.
    read = (row for row in before if not row.rejected or row.rejected.startswith(COPY))
    known = {(row.file, row.bytes, row.time): row for row in read}
    now = {path: known.get((str(path), *_size_and_time(path))) for path in found}
    changed = [path for path, row in now.items() if not row]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about large files: they are read all the same
        for path in bar(changed, desc="reading", unit="picture", disable=not changed):
            now[path] = _row_of_file(path)
    gone = forgotten(root)
    rows = [replace(row, query=found[path]) for path, row in now.items() if row.sha256 not in gone]
    rows = manifest.by_query(_mark_copies(rows))
    if all(row.rejected for row in rows):
        raise CourseError(_no_pictures(below, rows))
    if rows != before:
        root.mkdir(parents=True, exist_ok=True)
        manifest.rewrite(root, rows)
        _tell(rows, len(found) - len(rows), below)
    return rows


def check_folder(folder: Path) -> None:
    """Raises CourseError if there is no picture below the folder, by names and first bytes."""
    if next(iter(found := walk(folder)), None) is None:
        raise CourseError(_no_pictures(found, []))


def walk(folder: Path, skip: Iterable[Path] = ()) -> Walk:
    """The pictures below a folder but those of the course itself."""
    return Walk(folder.resolve(), {home(), *skip})


def _tell(rows: list[Photo], forgotten: int, found: Walk) -> None:
    """Print how many are kept, of what subjects, and what is left out: a line each."""
    kept = Counter(row.query for row in rows if not row.rejected)
    told = [f"{name} ({number})" for name, number in kept.items()]
    told[TOLD:] = [f"{len(told) - TOLD} more"] * (len(told) > TOLD)
    gone = f", {forgotten} forgotten" if forgotten else ""
    print(f"{kept.total()} of {len(rows)} pictures, read in place{gone}.")
    print(f"Subjects, by their folders: {', '.join(told)}.")
    if others := found.left_out():
        print(f"Left out: {others}.")
    for error in found.closed:
        where = printable(error.filename, "?")
        print(f"Left out because it cannot be read: {where} ({error.strerror}).")


def _subjects(folder: Path, photos: Sequence[Path]) -> dict[Path, str]:
    """The subject of each photo: the uppermost folder around it, or else the whole folder's name.

    The shares of a data set (train, val, images ...) are no subjects, and neither is a folder that
    holds all the others. A sign stands for what cannot be shown of a name.
    """
    inner = {path: list(path.relative_to(folder).parts[:-1]) for path in photos}
    lone = True
    while lone:
        for parts in inner.values():
            while parts and parts[0].lower() in NO_SUBJECTS:
                del parts[0]
        lone = len({tuple(parts[:1]) for parts in inner.values()}) == 1
        lone = lone and all(len(parts) > 1 for parts in inner.values())
        for parts in inner.values():
            del parts[:lone]
    return {p: printable((parts or [folder.name])[0], "\ufffd") for p, parts in inner.items()}


def _size_and_time(path: Path) -> tuple[int, str]:
    """Both as the manifest has them; nothing where the file is gone by now."""
    try:
        stat = path.stat()
    except OSError:
        return 0, ""
    return stat.st_size, manifest.utc(stat.st_mtime)


def _row_of_file(path: Path) -> Photo:
    """The row of a file: its bytes are hashed and its size read, its pixels are not decoded."""
    size, changed = _size_and_time(path)
    row = Photo("", path.as_uri(), str(path), bytes=size, time=changed)
    try:
        if size > connection.MAX_BYTES:
            raise Rejected(f"larger than {connection.MAX_BYTES // 1_000_000} MB")
        data = path.read_bytes()
        row = replace(row, sha256=sha256_of(data))
        width, height, kind = fetch.measure(data, decode=False)
        row = replace(row, width=width, height=height, format=kind)
        return replace(row, credit=notices.notice(data))
    except Rejected as error:
        return replace(row, rejected=str(error))
    except OSError as error:  # no permission, a disk gone, a file deleted just now
        return replace(row, rejected=f"unreadable: {error.strerror or error}")


def _mark_copies(rows: Iterable[Photo]) -> Iterator[Photo]:
    """The rows: of files with the same bytes, the first stays and the others are its copies."""
    first: dict[str, str] = {}
    for row in rows:
        if row.rejected.startswith(COPY):  # said by an earlier run; the other may be gone by now
            row = replace(row, rejected="")
        if not row.rejected and (twin := first.setdefault(row.sha256, row.file)) != row.file:
            row = replace(row, rejected=f"{COPY} {printable(twin, '?')}")
        yield row


def _no_pictures(found: Walk, rows: list[Photo]) -> str:
    """A message for a folder without a usable picture: what it holds instead, and what to do."""
    held, kinds = "holds no file at all", found.left_out()
    if rows:
        first = f"{Path(rows[0].file).name!r}: {rows[0].rejected}"
        held = f"holds no picture that can be used. {first}"
    elif kinds:
        held = f"holds no picture, but {kinds}"
    elif found.closed:
        held = f"cannot be read: {found.closed[0].strerror}"
    return (
        f"The folder {str(found.folder)!r} {held}. Put pictures in it, in one subfolder for each "
        f"subject ({READ}), or choose another folder."
    )
