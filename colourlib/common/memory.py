"""How much memory is free: asked before something large is begun."""

import math
from collections.abc import Sequence

import psutil

from .errors import CourseError


def free_memory(device="cpu") -> int | None:
    """Bytes that are free on a device, or None; on a GPU with what torch keeps without using it."""
    kind = str(device).partition(":")[0]
    if kind == "cuda":
        import torch  # takes seconds, and the memory of the CPU is known without it

        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    return psutil.virtual_memory().available if kind == "cpu" else None


def gigabytes(count: float) -> str:
    """A number of bytes in words: 1.3 GB, 250 MB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6))} MB"


def check_memory(sides: Sequence[int], a_pixel: float, use: str, mend: str, device="cpu") -> None:
    """Raises CourseError where a picture or a batch of these sides takes more than is free.

    a_pixel: bytes that a pixel takes. use: what takes them, such as 'to colour'. mend: what to do
    about it. Under 1 GB nobody asks, because it would take longer than it saves.
    """
    need = math.prod(sides) * a_pixel
    free = free_memory(device) if need > 1e9 else None
    if free is not None and need > free:
        raise CourseError(
            f"{' x '.join(map(str, sides))} pixels take {gigabytes(need)} of memory {use}, "
            f"and {gigabytes(free)} are free: {mend}"
        )
