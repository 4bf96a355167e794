"""What a network may be given: checked before it computes anything."""

import math

import torch
from torch import Tensor

from .errors import CourseError
from .memory import check_memory

SMALLEST = 16  # pixels a side: below it there is no neighbourhood left to look at
FROM_PICTURE = "x = colour.scale_L(colour.rgb_to_lab(colour.to_tensor(picture))[0])"


def check_input(x: Tensor, alive: int = 1, kept: int = 1) -> None:
    """Raises CourseError unless x is scaled lightness (N, 1, H, W), H and W from 16 up.

    alive: floats a pixel that a network has in memory at once; kept: those it keeps for the
    gradients. What takes more memory than is free is refused, where the system tells.
    """
    if not isinstance(x, Tensor):
        raise CourseError(f"The network wants a tensor, not {type(x).__name__}: {FROM_PICTURE}.")
    if x.ndim != 4 or x.shape[1] != 1 or not x.shape[0]:
        raise CourseError(f"The network wants (N, 1, H, W); this is {tuple(x.shape)}: {_mend(x)}.")
    height, width = x.shape[2:]
    if min(height, width) < SMALLEST:
        raise CourseError(
            f"{height} x {width} pixels are too few: {SMALLEST} a side is the least. "
            f"Enlarge it: F.interpolate(x, size=({max(height, 16)}, {max(width, 16)}))."
        )
    if not x.is_floating_point():
        wanted = f"L scaled to -1..1 as floats, not {x.dtype}"
        raise CourseError(f"The network wants {wanted}: {FROM_PICTURE}.")
    # Looking at values would stop a GPU, and cannot be done while torch compiles or exports.
    if torch.compiler.is_compiling():
        return
    if x.device.type == "cpu":
        largest = x.detach().abs().max().item()
        if math.isnan(largest):
            raise CourseError(
                f"{x.isnan().sum()} of the {x.numel()} values are NaN (no number), as the answer "
                "would be: look for NaN in the picture, x.isnan().nonzero() says where."
            )
        if largest > 10:  # generous, so that noise may be fed in
            raise CourseError(
                f"The network wants L scaled to -1..1; here is a value of {largest:g}: "
                f"use colour.scale_L on L* (0..100). From bytes: {FROM_PICTURE}."
            )
    mend = "make x smaller, F.interpolate(x, scale_factor=0.5, mode='bilinear')."
    if torch.is_grad_enabled():
        alive, mend = kept, f"with torch.inference_mode(): ... takes less, or {mend}"
    check_memory((len(x), height, width), 4 * alive, "in this network", mend, x.device)


def _mend(x: Tensor) -> str:
    """The call that makes (N, 1, H, W) of a tensor of another shape."""
    if x.ndim == 2:
        return "add the batch and channel dimensions: x[None, None]"
    if x.ndim == 3 and x.shape[-1] != 3:
        return "add the batch dimension: x[None]" if len(x) == 1 else "add the channel: x[:, None]"
    if x.ndim == 4 and x.shape[1] == 3:
        return "give L alone, not RGB: x = colour.scale_L(colour.rgb_to_lab(x)[0])"
    if x.ndim == 4 and not len(x):
        return "the batch is empty"
    return f"give the lightness alone: {FROM_PICTURE}"
