"""How much memory is free: asked before something large is begun."""

from __future__ import annotations

import psutil
import torch


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


def short_of(need: float, device: str | torch.device = "cpu") -> str | None:
    """How much is free, in words, where that is less than `need` bytes; None where it will do.

    Under 1 GB nobody asks: it would take longer than it saves.
    """
    free = free_memory(device) if need > 1e9 else None
    return gigabytes(free) if free is not None and need > free else None
