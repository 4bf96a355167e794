"""The pictures of one workspace, and how one more gets there: whole, once, with its origin.

A picture is written in a scratch folder, moved under the name of its content, and then its row is
added to the manifest. Whatever stops the process in between loses that one picture.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from ..common import pictures
from . import fetch, forgotten, manifest
from .fetch import Rejected
from .manifest import Photo

COPY = "same bytes as"  # how the reason of a copy starts
DAY = 86_400  # seconds


class Forgotten(Rejected):
    """These bytes were forgotten on request: nothing is written about where they came from."""


class Shelf:
    """What the workers of one run share: the rows, who claimed which address, where pictures go.

    Its scratch folder is there inside `with`.
    """

    def __init__(self, root: Path):
        self.root = Path(root)
        self.rows = {row.url: row for row in manifest.read(root) if row.rejected or self._has(row)}
        self.by_hash = {row.sha256: row for row in self.rows.values() if not row.rejected}
        self.forgotten = forgotten.forgotten(root)
        self.new = self.turned_away = 0
        may_pass = {u for u, row in self.rows.items() if row.rejected.startswith(fetch.RETRY)}
        self.known = frozenset(self.rows.keys() - may_pass)  # addresses not to be fetched again
        self._claimed = set(self.known)
        self._lock = threading.Lock()

    def __enter__(self) -> Shelf:
        self.root.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.root)
        self._scratch = self.root / f"scratch-{uuid.uuid4().hex[:12]}"
        self._held = FileLock(_lock_of(self._scratch))
        self._held.acquire()  # before the folder is there: nobody can take it for a leftover
        self._scratch.mkdir()
        return self

    def __exit__(self, *error) -> None:
        _remove(self._scratch, self._held)

    def kept(self, query: str) -> int:
        """How many pictures of a query are there."""
        return sum(row.query == query for row in self.by_hash.values())

    def take(self, row: Photo, read: Callable[[], bytes]) -> None:
        """Read, check and file one picture; of the row, query and address are given.

        Raises Rejected when the reason is in the manifest, Forgotten for what is not to come back,
        and OSError for a full disk.
        """
        self.claim(row.url)
        row = replace(row, time=manifest.utc(time.time()))
        try:
            data = read()
            row = replace(row, sha256=sha256_of(data), bytes=len(data))
            width, height, kind = fetch.measure(data, decode=True)
            row = replace(row, width=width, height=height, format=kind)
            self.keep(replace(row, file=place(row.query, row.sha256, kind)), data)
        except Forgotten:
            raise
        except Rejected as error:
            self.reject(replace(row, rejected=str(error)))
            raise

    def claim(self, url: str) -> None:
        """Reserve an address for one worker. Raises Rejected where it is known or taken."""
        if forgotten.digest(url) in self.forgotten:
            raise Forgotten("this address was forgotten on request")
        with self._lock:
            if url in self._claimed:
                raise Rejected("this address is in the manifest already")
            self._claimed.add(url)

    def keep(self, row: Photo, data: bytes) -> None:
        """Put a checked picture in its place and write its row.

        Raises Rejected for a copy, Forgotten for what is not to come back, OSError for a full disk.
        """
        if row.sha256 in self.forgotten:
            with self._lock:
                forgotten.note(
                    self.root, [forgotten.digest(row.url)]
                )  # this address leads there, too
            raise Forgotten("this picture was forgotten on request")
        scratch = self._scratch / f"{row.sha256[:16]}-{threading.get_ident()}"
        with open(scratch, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # else a power cut could leave the name without the content
        with self._lock:
            if twin := self.by_hash.get(row.sha256):
                scratch.unlink()
                raise Rejected(f"{COPY} {twin.url}")
            target = row.path(self.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(scratch, target)
            manifest.append(self.root, row)
            self.rows[row.url] = self.by_hash[row.sha256] = row
            self.new += 1

    def reject(self, row: Photo) -> None:
        """Write the row of a picture that was turned away."""
        with self._lock:
            manifest.append(self.root, row)
            self.rows[row.url] = row
            self.turned_away += 1

    def _has(self, row: Photo) -> bool:
        """Whether the file of a row is there, of the size that it had."""
        try:
            return row.path(self.root).stat().st_size == row.bytes
        except OSError:
            return False


def place(query: str, sha256: str, kind: str) -> str:
    """Where a picture goes, relative to the workspace; nothing from the web is in it as it came."""
    return f"photos/{_folder_name(query)}/{sha256[:16]}{pictures.FORMATS[kind]}"


def sha256_of(data: bytes) -> str:
    """The hash that a picture is known by."""
    return hashlib.sha256(data).hexdigest()


def _folder_name(query: str) -> str:
    """A query as the name of a folder on any system: no slash, no dots, nothing reserved."""
    name = re.sub(r"[^\w-]+", "_", query.strip())[:60].strip("_") or "query"
    return f"{name}_" if re.fullmatch(r"(?i)con|prn|aux|nul|(com|lpt)\d", name) else name


# ---- scratch folders -----------------------------------------------------------------------------
# Beside each scratch folder lies a file that its run holds locked. The system takes the lock from a
# process that dies, however it dies: a lock that can be had is that of a leftover.


def remove_leftovers(root: Path) -> None:
    """Remove the scratch folders of runs that were killed, and of no other run."""
    for lock in Path(root).glob("scratch-*.lock"):
        held = FileLock(lock)
        try:
            held.acquire(timeout=0)
        except (Timeout, OSError):  # its run is alive, or this disk knows no locks
            continue
        _remove(lock.with_suffix(""), held)
    for folder in Path(root).glob("scratch-*"):
        if folder.is_dir() and not _lock_of(folder).exists() and _age(folder) > DAY:
            shutil.rmtree(folder, ignore_errors=True)


def in_use(root: Path) -> bool:
    """Whether a run is collecting into this workspace now."""
    remove_leftovers(root)
    return any(Path(root).glob("scratch-*.lock"))


def _lock_of(scratch: Path) -> Path:
    return scratch.with_name(f"{scratch.name}.lock")


def _remove(scratch: Path, held: FileLock) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    held.release()
    Path(held.lock_file).unlink(missing_ok=True)


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime
