"""Memory: how much of it is free, asked before something large is begun, and keeping what one has.

`free_memory` answers where the system tells. Within `kept_memory()` the C library keeps the blocks
that torch frees instead of handing them back to Linux after every layer.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Iterator
from functools import cache

import psutil
import torch

MIB = 1 << 20
# mallopt's names for its settings, in glibc's malloc.h.
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD, MMAP_MAX = -1, -2, -3, -4
KEEP = {MMAP_MAX: 0, TRIM_THRESHOLD: -1, TOP_PAD: 64 * MIB}
# Left to itself glibc starts the two thresholds at 128 KiB and raises them with the blocks that are
# freed, to these at most. mallopt ends that, so this is where it would have been after one epoch.
GIVE_BACK = {
    MMAP_MAX: 65536,
    TRIM_THRESHOLD: 64 * MIB,
    TOP_PAD: 128 << 10,
    MMAP_THRESHOLD: 32 * MIB,
}

_lock, _inside = threading.Lock(), 0


def free_memory(device: str | torch.device = "cpu") -> int | None:
    """Bytes that are free on a device, or None where that is not known.

    On a GPU what torch keeps for itself without using it counts as free.
    """
    device = torch.device(device)
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    if device.type != "cpu":
        return None
    return psutil.virtual_memory().available


def gigabytes(count: float) -> str:
    """A number of bytes in words: 1.3 GB, 250 MB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6))} MB"


@contextlib.contextmanager
def kept_memory() -> Iterator[None]:
    """Within it, memory that is freed stays with this process, ready for the next layer.

    glibc, the C library of most Linux systems, gives large blocks back to the system when they are
    freed, and each new one arrives page by page, zeroed: for a network on the CPU that can take as
    long as its arithmetic. Calls may be nested, also across threads; the last to leave gives back
    what is unused. Other systems: nothing happens.
    """
    global _inside
    library = _glibc()
    with _lock:
        _inside += 1
        if library is not None and _inside == 1:
            _set(library, KEEP)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if library is not None and not _inside:
                _set(library, GIVE_BACK)
                library.malloc_trim(0)


def give_back() -> None:
    """Let the system have what is free in this process now, also within kept_memory()."""
    if (library := _glibc()) is not None:
        library.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    """The C library, where it is glibc; None on macOS, Windows, Alpine Linux and the like."""
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows has no library without a name
        return None
    names = ("gnu_get_libc_version", "mallopt", "malloc_trim")
    return library if all(hasattr(library, name) for name in names) else None


def _set(library: ctypes.CDLL, settings: dict[int, int]) -> None:
    for name, value in settings.items():
        library.mallopt(name, value)
