"""How much memory is free, where the system tells; and that glibc keeps memory when asked to."""

import ctypes
import subprocess
import sys
import threading
from types import SimpleNamespace

import psutil
import pytest
import torch

from colourlib.common.memory import free_memory, gigabytes
from colourlib.runs import speed
from colourlib.runs.speed import kept_memory


def test_free_memory_is_what_the_system_says_and_on_other_devices_it_is_not_known():
    for device in ("cpu", torch.device("cpu")):
        assert 0 < free_memory(device) <= psutil.virtual_memory().total
    assert free_memory("meta") is None and free_memory("mps") is None
    words = [gigabytes(n) for n in (0, 4_200_000, 999_000_000, 1_300_000_000, 2.2e12)]
    assert words == ["1 MB", "4 MB", "999 MB", "1.3 GB", "2200.0 GB"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_what_torch_holds_in_reserve_on_a_gpu_counts_as_free():
    before = free_memory("cuda")
    held = torch.empty(256 << 20, dtype=torch.uint8, device="cuda")
    assert before - free_memory("cuda") >= 250 << 20
    del held
    assert before - free_memory("cuda") < 50 << 20


FAULTS = """
import resource, sys, torch
from colourlib.runs.speed import kept_memory

def faults(mebibytes):
    "Pages that the system had to bring for ten tensors of that size, one after the other."
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(mebibytes << 20, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults(24)
outside = faults(64), faults(24)
with kept_memory():
    faults(64)
    with kept_memory():
        inside = faults(64)
    still = faults(64)
print(*outside, inside, still, faults(64), faults(24))
"""


@pytest.mark.skipif(speed._glibc() is None, reason="the C library is not glibc")
def test_within_it_the_pages_stay_and_afterwards_all_is_as_before():
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    large, small, inside, still, large_after, small_after = map(int, done.stdout.split())
    # 16,384 pages a block, or 32 where the system hands out huge ones.
    assert large > 250, "or this test shows nothing: each block comes anew, page by page"
    assert inside < large / 10 and still < large / 10
    assert large_after > large / 2, "large blocks are given back again"
    assert small_after <= small + large / 10, "blocks that glibc keeps anyhow are kept as before"


@pytest.fixture
def library(monkeypatch):
    """Stands for the C library: notes what it is asked to do."""
    settings, trims = {}, []
    calls = {"mallopt": settings.__setitem__, "malloc_trim": trims.append}
    library = SimpleNamespace(settings=settings, trims=trims, **calls)
    monkeypatch.setattr(speed, "_glibc", lambda: library)
    return library


def test_only_the_last_to_leave_gives_back_also_on_an_error(library):
    with pytest.raises(KeyError), kept_memory():
        with kept_memory():
            assert library.settings == speed.KEEP
        assert library.settings == speed.KEEP and not library.trims
        raise KeyError
    assert library.settings == speed.GIVE_BACK and len(library.trims) == 1
    assert speed.GIVE_BACK.keys() >= speed.KEEP.keys(), "all that is set is set back"


def test_threads_may_leave_in_any_order(library):
    entered, leave = threading.Event(), threading.Event()

    def work():
        with kept_memory():
            entered.set()
            leave.wait(60)

    thread = threading.Thread(target=work)
    with kept_memory():
        thread.start()
        assert entered.wait(60)
    assert library.settings == speed.KEEP and not library.trims
    leave.set()
    thread.join(60)
    assert library.settings == speed.GIVE_BACK and len(library.trims) == 1


@pytest.mark.parametrize("system", ["Windows", "musl"])
def test_where_the_library_is_another_nothing_happens(system, monkeypatch):
    def load(name):
        if system == "Windows":
            raise TypeError("bad argument type for built-in operation")
        return object()  # has none of the functions

    speed._glibc.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", load)
    try:
        assert speed._glibc() is None
        with kept_memory(), kept_memory():
            assert speed._inside == 2
        assert speed._inside == 0
    finally:
        speed._glibc.cache_clear()
