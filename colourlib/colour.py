"""Between sRGB and Lab: lightness goes into the network, chroma comes out.

The only place where colours are converted or scaled. Shapes are (N, C, H, W) throughout; Lab is
CIE 1976 L*a*b* under D65 (CIE 15:2004; sRGB by IEC 61966-2-1), computed by kornia.
"""

from __future__ import annotations

import numpy as np
import torch
from kornia.color import lab_to_rgb as _kornia_lab_to_rgb
from kornia.color import rgb_to_lab as _kornia_rgb_to_lab
from PIL import Image
from torch import Tensor

from .workspace import CourseError

AB_SCALE = 110.0  # sRGB reaches a in [-86, 98] and b in [-108, 94]


def to_tensor(picture: Image.Image | np.ndarray | Tensor) -> Tensor:
    """One sRGB picture as (1, 3, H, W) float32 in 0..1.

    A grey picture becomes three equal channels. A uint8 array counts 0..255, a float array 0..1.
    Raises CourseError for another shape, a float range beyond 0..1, or values that are not finite.
    """
    if isinstance(picture, Image.Image):
        picture = picture.convert("RGB")
    array = picture if isinstance(picture, Tensor) else torch.from_numpy(np.array(picture))
    if array.ndim == 2:
        array = array[..., None].expand(-1, -1, 3)  # (H, W, 3)
    if array.ndim != 3 or array.shape[-1] != 3:
        raise CourseError(
            f"A picture is an array (H, W, 3), or (H, W) where it is grey; "
            f"this one is {tuple(array.shape)}."
        )
    rgb = array.permute(2, 0, 1)[None].float()  # (1, 3, H, W)
    if array.dtype == torch.uint8:
        rgb = rgb / 255
    if not torch.isfinite(rgb).all() or rgb.min() < 0 or rgb.max() > 1:
        raise CourseError(
            f"A float picture runs from 0 to 1; this one from {rgb.min():.3g} to {rgb.max():.3g}. "
            f"Divide by 255, or give bytes (uint8)."
        )
    return rgb


def to_bytes(rgb: Tensor) -> np.ndarray:
    """(N, 3, H, W) in 0..1 -> (N, H, W, 3) uint8, rounded."""
    return (rgb.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def rgb_to_lab(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """sRGB (N, 3, H, W) in 0..1 -> L (N, 1, H, W) in 0..100 and ab (N, 2, H, W) about -108..98.

    A grey picture given as three equal channels yields its true L*. That is not grey/255*100: a
    byte is gamma-encoded, and taking it for L* is wrong by up to 3.4 units.
    """
    if rgb.ndim != 4 or rgb.shape[1] != 3:
        raise CourseError(f"rgb_to_lab wants (N, 3, H, W); this is {tuple(rgb.shape)}.")
    lab = _kornia_rgb_to_lab(rgb.float())  # (N, 3, H, W)
    return lab[:, :1], lab[:, 1:]


def lab_to_rgb(L: Tensor, ab: Tensor) -> Tensor:
    """L (N, 1, H, W) in 0..100 and ab (N, 2, H, W) -> sRGB (N, 3, H, W), clipped to 0..1."""
    if L.ndim != 4 or L.shape[1] != 1 or ab.shape != (L.shape[0], 2, *L.shape[2:]):
        raise CourseError(
            f"lab_to_rgb wants L (N, 1, H, W) and ab (N, 2, H, W) of one size; "
            f"these are {tuple(L.shape)} and {tuple(ab.shape)}."
        )
    return _kornia_lab_to_rgb(torch.cat([L, ab], dim=1).float(), clip=True)  # (N, 3, H, W)


def scale_L(L: Tensor) -> Tensor:
    """L* 0..100 -> the network's input, -1..1."""
    return L / 50 - 1


def unscale_L(x: Tensor) -> Tensor:
    """The network's input -1..1 -> L* 0..100."""
    return (x + 1) * 50


def scale_ab(ab: Tensor) -> Tensor:
    """ab in Lab units -> the network's output, about -1..1."""
    return ab / AB_SCALE


def unscale_ab(y: Tensor) -> Tensor:
    """The network's output, about -1..1 -> ab in Lab units."""
    return y * AB_SCALE


def to_picture(x: Tensor, y: Tensor) -> np.ndarray:
    """Network input x (N, 1, H, W) and output y (N, 2, H, W) -> (N, H, W, 3) uint8 pictures."""
    return to_bytes(lab_to_rgb(unscale_L(x), unscale_ab(y)))
