"""How a run gets quick on this machine: number format, memory, tiny numbers."""

import contextlib
import ctypes
import math
import threading
import time
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

import torch
from torch import Tensor, nn

from ..common import processes
from ..device import Placement, autocast, choose_device

# mallopt's names for its settings, in glibc's malloc.h.
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD, MMAP_MAX = -1, -2, -3, -4
MIB = 1 << 20
KEEP = {MMAP_MAX: 0, TRIM_THRESHOLD: -1, TOP_PAD: 64 * MIB}
# Left to itself glibc starts the two thresholds at 128 KiB and raises them with the blocks that are
# freed, to these at most. mallopt ends that, so this is where it would have been after one epoch.
GIVE_BACK = {
    MMAP_MAX: 65536, TRIM_THRESHOLD: 64 * MIB, TOP_PAD: 128 << 10, MMAP_THRESHOLD: 32 * MIB,
}  # fmt: skip
TINY = 1e-30  # no weight that small makes a difference

_lock, _inside = threading.Lock(), 0


@contextlib.contextmanager
def kept_memory() -> Iterator[None]:
    """Within it, memory that is freed stays with this process, ready for the next layer.

    glibc, the C library of most Linux systems, gives large blocks back when they are freed, and new
    ones arrive page by page, zeroed: on the CPU that can take as long as a network's arithmetic.
    Calls may be nested, also across threads; the last gives back what is unused.
    """
    global _inside
    with _lock:
        _inside += 1
        if _inside == 1:
            _set(KEEP)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                _set(GIVE_BACK)
                give_back()


def give_back() -> None:
    """Let the system have what is free in this process now, also within kept_memory()."""
    if (library := _glibc()) is not None:
        library.malloc_trim(0)


def _set(settings: dict[int, int]) -> None:
    if (library := _glibc()) is not None:
        for name, value in settings.items():
            library.mallopt(name, value)


@cache
def _glibc() -> ctypes.CDLL | None:
    """The C library, where it is glibc; None on macOS, Windows, Alpine Linux and the like."""
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows has no library without a name
        return None
    names = ("gnu_get_libc_version", "mallopt", "malloc_trim")
    return library if all(hasattr(library, name) for name in names) else None


@torch.no_grad()
def flush_tiny_(tensors: Iterable[Tensor]) -> None:
    """Numbers closer to 0 than 1e-30 become 0, in place.

    Below 1e-38 (denormal numbers) a CPU computes many times more slowly: one layer can make a step
    three times as long. A channel that ReLU keeps at 0 gets there, because nothing but L2 moves its
    weights. torch.set_flush_denormal would do, but not for threads that have begun.
    """
    for tensor in tensors:
        if tensor.is_floating_point():
            tensor.masked_fill_(tensor.abs() < TINY, 0)


def place(precision: str = "auto") -> Placement:
    """The best device there is, and the number format: as asked, or the faster one if 'auto'.

    All processes that a launcher has started take the format that is faster in the main one.
    Raises CourseError where they cannot come together.
    """
    device, chosen = choose_device().name, (precision, "as asked")
    if precision == "auto":
        chosen = processes.from_main(lambda: choose_precision(device))
    return Placement(device, *chosen, processes.count())


@lru_cache
def choose_precision(device: str) -> tuple[str, str]:
    """('fp32' or 'bf16', why), for a device.

    On a GPU bf16 where it is supported. On a CPU that depends on its model and on torch's build, so
    the same convolutions are measured in both formats, and the best times count. bf16 has to win
    clearly, and is given up when it takes three times as long: without bf16 units it can be ten.
    """
    if device == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16", "the GPU has bf16 units"
        return "fp32", "the GPU has no bf16 units"
    if device != "cpu":
        return "fp32", f"bf16 is not used on {device}"
    seconds = {"fp32": math.inf, "bf16": math.inf}
    with torch.random.fork_rng(devices=[]):  # nobody's random numbers change by a measurement
        first, second = nn.Conv2d(32, 64, 3, padding=1), nn.Conv2d(64, 64, 3, padding=1)
        net, x = nn.Sequential(first, nn.ReLU(), second), torch.randn(20, 32, 32, 32)
    net, x = (z.to(memory_format=torch.channels_last) for z in (net, x))
    for go in range(5):
        for precision in seconds:
            start = time.perf_counter()
            with autocast(device, precision):
                loss = net(x).float().square().mean()
            loss.backward()
            seconds[precision] = min(seconds[precision], time.perf_counter() - start)
        if go and seconds["bf16"] > 3 * seconds["fp32"]:  # not at once: the first go sets things up
            break
    ratio = seconds["fp32"] / seconds["bf16"]
    chosen = "bf16" if ratio > 1.2 else "fp32"
    return chosen, f"measured on this CPU, bf16 runs at {ratio:.1f} times the speed of fp32"
