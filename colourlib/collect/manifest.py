"""The manifest: one row for every picture, kept or rejected, in a file that survives a crash.

`manifest.jsonl` holds one JSON object a line. Rows are only ever appended, each is on the disk
before the next picture is fetched, and a line torn by a power cut costs that one line.
"""

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timezone
from pathlib import Path

from ..common.files import read_text, replace_text
from ..common.queries import QUERIES

NAME = "manifest.jsonl"
LATEST = 253_402_300_799  # the last second of the year 9999


@dataclass(frozen=True)
class Photo:
    """One row of the manifest: where a picture came from, what it is, and why it was rejected."""

    query: str
    url: str
    file: str = ""  # relative to the workspace; absolute for a folder source; "" for none
    sha256: str = ""
    bytes: int = 0
    width: int = 0
    height: int = 0
    format: str = ""  # what the content says, not the name
    time: str = ""  # ISO 8601, UTC: when it was fetched; of a folder source, last changed
    rejected: str = ""  # why, in words; "" for a picture that was kept
    credit: str = ""  # author and copyright, by the file's own word; of a folder source only

    def path(self, root: Path) -> Path:
        """Where the picture lies."""
        return Path(root, self.file)


def read(root: Path) -> list[Photo]:
    """The whole rows by query; when an address came twice, the later row counts."""
    rows: dict[str, Photo] = {}
    for line in read_text(Path(root) / NAME).split("\n"):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            row = {"credit": ""} | json.loads(line)  # which an older manifest has not
            photo = Photo(**{field.name: row[field.name] for field in fields(Photo)})
            rows[photo.url] = photo
    return by_query(rows.values())


def by_query(rows: Iterable[Photo]) -> list[Photo]:
    """The rows in the order of the course's queries, others after them by name."""
    order = {query: number for number, query in enumerate(QUERIES)}
    return sorted(rows, key=lambda row: (order.get(row.query, len(order)), row.query))


def append(root: Path, row: Photo) -> None:
    """Add a row and see it on the disk; first close a last line that a crash has torn."""
    with open(Path(root) / NAME, "ab+") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            file.write(b"\n" * (file.read(1) != b"\n"))
        file.write(_line(row).encode())
        file.flush()
        os.fsync(file.fileno())


def rewrite(root: Path, rows: Iterable[Photo]) -> None:
    """Replace the manifest, whole or not at all, because a folder of photos may lose files."""
    replace_text(Path(root) / NAME, "".join(map(_line, rows)))


def utc(seconds: float) -> str:
    """A POSIX time as the manifest writes it; an impossible one is the nearest that can be."""
    return datetime.fromtimestamp(min(max(seconds, 0), LATEST), timezone.utc).isoformat()


def _line(row: Photo) -> str:
    return json.dumps(asdict(row)) + "\n"
