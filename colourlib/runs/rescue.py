"""What `fit` says when memory runs out or when the loss explodes: how much, why, what to change."""

import gc
import math
import re
import traceback

import torch

from ..common.errors import CourseError
from ..common.memory import free_memory, gigabytes
from .speed import give_back

# What torch, CUDA, cuDNN, cuBLAS and C++ say of it.
SHORTAGE = r"out of memory|not enough memory|can('|no)t allocate memory|alloc_failed|bad_alloc"
POWERS = {"b": 0, "k": 1, "m": 2, "g": 3}  # "KB" is 2 ** 10 bytes, too: so torch means it on Apple
DIVERGED = 10  # times the loss of the grey copy: worse than any colouring has a reason to be
PATIENCE = 20  # steps that have to be that bad


def out_of_memory(error: BaseException | None) -> bool:
    """Does this exception of torch or Python mean that the memory ran out?"""
    says = isinstance(error, RuntimeError) and re.search(SHORTAGE, str(error), re.IGNORECASE)
    return bool(says) or isinstance(error, MemoryError)


def asked_for(error: BaseException) -> float | None:
    """Bytes that could not be had, where the message tells."""
    pattern = r"tried to allocate ([\d.]+) (bytes|[KMG]i?B)"
    found = re.search(pattern, str(error), re.IGNORECASE)
    return float(found[1]) * 1024 ** POWERS[found[2][0].lower()] if found else None


def release(error: BaseException, device: str) -> None:
    """Let go of what the failed step held: its tensors live on in the error's traceback."""
    traceback.clear_frames(error.__traceback__)
    error.__traceback__ = None
    gc.collect()
    give_back()
    if device == "cuda":
        torch.cuda.empty_cache()


def memory_advice(
    error: BaseException, need: float, batch_size: int, size: int, device: str
) -> str:
    """What was missing, and what fits, by the memory that is free now: call `release` before.

    need: bytes that a whole batch keeps for its gradients, as the clinic computes it, or 0.
    """
    free, asked = free_memory(device), asked_for(error)
    lines = [f"The memory of the device {device!r} ran out."]
    if asked is not None:
        lines.append(f"The network asked for another {gigabytes(asked)} and could not have it.")
    if need:  # the clinic cannot look into every network
        keeps = f"A batch of {batch_size} at {size} px keeps {gigabytes(need)} for its gradients"
        lines.append(keeps + (f"; {gigabytes(free)} are free now." if free is not None else "."))
    # Gradients are not all that takes room; and what ran out did not fit, whatever the sum says.
    share = 0.6 * free / need if need and free is not None else 0.25
    batch = max(1, int(batch_size * min(0.5, share)))
    smaller = max(16, int(size * min(0.5, math.sqrt(share))) // 16 * 16)
    tries = [f"batch_size={batch}"] * (batch < batch_size)
    tries += [f"pictures of {smaller} px (data.prepare(..., size={smaller}))"] * (smaller < size)
    lines.append(f"Try {', or '.join([*tries, 'a narrower network'])}.")
    lines.append("Other notebooks that are open hold memory, too: shut their kernels down.")
    return " ".join(lines)


def too_large(what: str, lr: float, other: str = "") -> CourseError:
    """The error for steps that are too large, or for `other`: what shows it, and a smaller lr."""
    mend = f"Try lr={lr / 10:g} (it was {lr:g})."
    return CourseError(f"{what}: the steps are too large{other}. {mend}")


def check_losses(recent: list[float], grey_loss: float, step: int, lr: float) -> None:
    """Raises CourseError where one of the last losses is not finite, or where they have exploded.

    recent: one a step, the last of them at `step`. grey_loss: what the grey copy scores.
    """
    for number, loss in enumerate(recent, start=step - len(recent) + 1):
        if not math.isfinite(loss):
            raise too_large(f"The loss became {loss} at step {number}", lr)
    if len(recent) >= PATIENCE and min(recent[-PATIENCE:]) > DIVERGED * grey_loss:
        times = f"{recent[-1] / grey_loss:.0f} times that of the grey copy"
        long = f"above {DIVERGED} times for {PATIENCE} steps"
        raise too_large(f"The training diverges: at step {step} the loss is {times}, {long}", lr)
