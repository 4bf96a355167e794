"""Several processes at one job: which one this is, and what they tell one another.

torchrun, `accelerate launch` or `accelerate.notebook_launcher` starts them and says so in the
environment. Without a launcher there is one process, and nothing here does anything. accelerate
brings them together; what it has beyond that is not used: its loader would deal out whole batches,
or cut them by position, and then the crops would not be those of one process.
"""

import contextlib
import hashlib
import importlib.util
import io
import os
import re
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

from .errors import CourseError

INSTALL = 'pip install "accelerate>=1.0"'
PATIENCE = timedelta(days=1)  # one process may collect photos for hours while the others wait
# What torch, gloo and NCCL say where another process is gone.
GONE = r"gloo|nccl|connection (was )?(closed|reset|refused)|broken pipe|process ?group"
LOST = (
    "Another of the {} processes has ended without a word (killed, short of memory, or its machine "
    "is gone), so this training ends, too. The last checkpoint is whole: start the same again, on "
    "any number of processes, and it goes on from there."
)


def count() -> int:
    """How many processes share the job: 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE") or 1)


def rank() -> int:
    """The number of this one; 0 is the main process, which alone writes and tells."""
    return int(os.environ.get("RANK") or 0) if count() > 1 else 0


def start() -> str:
    """Bring the processes together, once; what they compute on: 'cuda', a GPU for each, or 'cpu'.

    Raises CourseError where that cannot be: no accelerate, torch without distributed, no launcher.
    """
    import torch
    from torch import distributed

    if not distributed.is_available():
        raise CourseError("This torch can run in one process only: start it without the launcher.")
    if importlib.util.find_spec("accelerate") is None:
        raise CourseError(f"Several processes need accelerate, which is not installed: {INSTALL}.")
    if "RANK" not in os.environ:
        raise CourseError(
            f"WORLD_SIZE is {count()}, but no launcher says which process this is (RANK). Start it "
            f"with: torchrun --nproc_per_node {count()} ..., or take WORLD_SIZE away."
        )
    local, gpus = int(os.environ.get("LOCAL_WORLD_SIZE", "1")), torch.cuda.device_count()
    if 0 < gpus < local:
        raise CourseError(
            f"{local} processes on a machine with {gpus} GPU{'s' * (gpus > 1)}: each needs one of "
            f"its own. Start {gpus}, or set CUDA_VISIBLE_DEVICES= (empty) to train on the CPU."
        )
    if not distributed.is_initialized():
        from accelerate import PartialState

        PartialState(cpu=not gpus, timeout=PATIENCE)  # left to itself it wants no gloo
    return "cuda" if gpus else "cpu"


def from_main(make: Callable):
    """What `make` gives in the main process, in all of them; its CourseError is raised in all."""
    if count() == 1:
        return make()
    start()
    from torch import distributed

    told = [None, None]
    if rank() == 0:
        told = _tried(make)
    distributed.broadcast_object_list(told)
    return _given(told)


def in_turn(make: Callable):
    """What `make` gives, here: the main process first, then one on each machine, then the others.

    So one process makes the files that all of them read. An error of one is raised in all.
    """
    if count() == 1:
        return make()
    mine = 0 if rank() == 0 else 1 if os.environ.get("LOCAL_RANK") == "0" else 2
    made = None
    for turn in range(3):
        tried = _tried(make) if turn == mine else [made, None]
        made = tried[0]
        for error in gathered(tried[1]):
            _given([made, error])
    return made


def gathered(value) -> list:
    """The values of all processes, by rank, in each of them."""
    if count() == 1:
        return [value]
    start()
    from torch import distributed

    values = [None] * count()
    distributed.all_gather_object(values, value)
    return values


def agree(facts: dict[str, str]) -> None:
    """Raises CourseError, in all processes, where one has other facts than the main one has."""
    for number, others in enumerate(every := gathered(facts)):
        for name, own in every[0].items():
            if others.get(name) != own:
                raise CourseError(
                    f"Process {number} of {len(every)} has another {name} than process 0 "
                    f"({str(others.get(name))[:40]}, not {own[:40]}): give all processes the same "
                    "photos, code and settings, then start again."
                )


def lost(error: BaseException | None) -> bool:
    """Does this exception mean that another process is gone?"""
    told = isinstance(error, RuntimeError) and count() > 1
    return told and bool(re.search(GONE, str(error), re.IGNORECASE))


def part(photos: int, rank: int, processes: int) -> slice:
    """Which of some photos a process takes: of 20, three take 6, 7 and 7."""
    return slice(photos * rank // processes, photos * (rank + 1) // processes)


def first_to_tell() -> bool:
    """Is this the process that tells why all of them end? The first that asks is."""
    if count() == 1:
        return True
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        return rank() == 0
    try:
        return distributed.distributed_c10d._get_default_store().add("told", 1) == 1
    except RuntimeError:  # the store was in the process that is gone
        return True


def silent() -> contextlib.AbstractContextManager:
    """Within it nothing is printed, unless this is the main process."""
    return contextlib.nullcontext() if rank() == 0 else contextlib.redirect_stdout(io.StringIO())


@cache
def code() -> str:
    """A fingerprint of this package's own files."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]


def _tried(make: Callable) -> list:
    """[what it gives, None] or [None, its CourseError]."""
    try:
        return [make(), None]
    except CourseError as error:
        return [None, error]


def _given(told: list):
    if told[1] is not None:
        raise told[1]
    return told[0]
