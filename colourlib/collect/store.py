"""The pictures of one workspace, and how one more gets there: whole, once, with its origin.

A picture is written in a scratch folder, moved under the name of its content, and then its row is
added to the manifest. Whatever stops the process in between loses that one picture.
"""

import contextlib
import hashlib
import os
import re
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..common import pictures
from ..common.files import write
from ..common.locks import alone, is_held
from . import fetch, forgotten, manifest
from .fetch import Rejected
from .manifest import Photo

COPY = "same bytes as"  # how the reason of a copy starts
LOST = "the file is gone or has changed"
LOCK = ".collecting.lock"


class Forgotten(Exception):
    """Forgotten on request: nothing is written about where these bytes came from."""


class Shelf:
    """What the workers of one run share: the rows, who claimed which address, where pictures go.

    Inside `with` its scratch folder is there, and no other run collects into the workspace.
    """

    def __init__(self, root: Path):
        self.root = Path(root)
        self._lock = threading.Lock()
        self._scratch = self.root / "scratch"
        self._read()

    def _read(self) -> None:
        rows = (row for row in manifest.read(self.root) if row.rejected or _whole(row, self.root))
        self.rows = {row.url: row for row in rows}
        self.by_hash = {row.sha256: row for row in self.rows.values() if not row.rejected}
        self.forgotten = forgotten.forgotten(self.root)
        self.new = self.turned_away = 0
        # Addresses that are not fetched again
        self.known = {u for u, row in self.rows.items() if not row.rejected.startswith(fetch.RETRY)}
        self._claimed = set(self.known)

    def __enter__(self) -> "Shelf":
        self.root.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            stack.enter_context(alone(self.root / LOCK, "collecting into this workspace"))
            self._read()  # what another notebook has collected by now
            shutil.rmtree(self._scratch, ignore_errors=True)  # of a run that was killed
            self._scratch.mkdir()
            stack.callback(shutil.rmtree, self._scratch, ignore_errors=True)
            self._held = stack.pop_all()
        return self

    def __exit__(self, *error) -> None:
        self._held.close()

    def kept(self, query: str) -> int:
        """How many pictures of a query are there."""
        return sum(row.query == query for row in self.by_hash.values())

    def take(self, row: Photo, read: Callable[[], bytes]) -> None:
        """Read, check and file one picture, given the query and the address of its row.

        Raises Rejected (the manifest has the reason), Forgotten, and OSError for a full disk.
        """
        if forgotten.digest(row.url) in self.forgotten:
            raise Forgotten("this address was forgotten on request")
        with self._lock:
            if row.url in self._claimed:
                raise Rejected("this address is in the manifest already")
            self._claimed.add(row.url)
        row = replace(row, time=manifest.utc(time.time()))
        try:
            data = read()
            row = replace(row, sha256=sha256_of(data), bytes=len(data))
            width, height, kind = fetch.measure(data, decode=True)
            row = replace(row, width=width, height=height, format=kind)
            self.keep(replace(row, file=place(row.query, row.sha256, kind)), data)
        except Rejected as error:
            with self._lock:
                self._add(replace(row, rejected=str(error)))
                self.turned_away += 1
            raise

    def keep(self, row: Photo, data: bytes) -> None:
        """Put a checked picture in its place and write its row; raises as `take` does."""
        if row.sha256 in self.forgotten:
            with self._lock:  # this address leads there, too
                forgotten.note(self.root, [forgotten.digest(row.url)])
            raise Forgotten("this picture was forgotten on request")
        scratch = self._scratch / f"{row.sha256[:16]}-{threading.get_ident()}"
        write(scratch, data)  # to the disk: a power cut must not leave a name without content
        with self._lock:
            if twin := self.by_hash.get(row.sha256):
                scratch.unlink()
                raise Rejected(f"{COPY} {twin.url}")
            target = row.path(self.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(scratch, target)
            self._add(row)
            self.by_hash[row.sha256] = row
            self.new += 1

    def _add(self, row: Photo) -> None:
        manifest.append(self.root, row)
        self.rows[row.url] = row


def place(query: str, sha256: str, kind: str) -> str:
    """Where a picture goes, relative to the workspace: no slash, no dots, no reserved name."""
    folder = re.sub(r"[^\w-]+", "_", query.strip())[:60].strip("_") or "query"
    folder += "_" * bool(re.fullmatch(r"(?i)con|prn|aux|nul|(com|lpt)\d", folder))
    return f"photos/{folder}/{sha256[:16]}{pictures.FORMATS[kind]}"


def sha256_of(data: bytes) -> str:
    """The hash that a picture is known by."""
    return hashlib.sha256(data).hexdigest()


def _whole(row: Photo, root: Path) -> bool:
    """Whether the file of a row is there, of the size that it had."""
    path = row.path(root)
    return path.is_file() and path.stat().st_size == row.bytes


def photos(root: Path) -> list[Photo]:
    """The rows collected so far, without collecting. What has lost its file is not kept."""
    return [
        row if row.rejected or _whole(row, root) else replace(row, rejected=LOST)
        for row in manifest.read(root)
    ]


def in_use(root: Path) -> bool:
    """Whether a run is collecting into this workspace now."""
    return is_held(Path(root) / LOCK)
