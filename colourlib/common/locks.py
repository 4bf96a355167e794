"""One notebook at a time. The system takes a lock from a process that dies, however it dies."""

import contextlib
from pathlib import Path

from filelock import FileLock, Timeout


def alone(path: Path, doing: str) -> contextlib.AbstractContextManager:
    """Hold the lock at `path`. While another notebook does, wait and print what it is doing."""
    lock = FileLock(path)
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        print(f"Another notebook is {doing}: waiting for it.")
        return lock.acquire()


def is_held(path: Path) -> bool:
    """Whether a notebook holds the lock at `path` now."""
    try:
        with FileLock(path).acquire(timeout=0):
            return False
    except Timeout:
        return True
