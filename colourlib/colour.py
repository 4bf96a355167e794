"""Between sRGB and Lab: lightness goes into the network, chroma comes out.

Shapes are (N, C, H, W), and (N, H, W, 3) for bytes to look at. Lab is CIE 1976 L*a*b* under D65
(CIE 15:2004), sRGB as in IEC 61966-2-1. `common.lab` has the same in numpy, for single pictures.
"""

import numpy as np
import torch
from torch import Tensor

from .common.errors import CourseError
from .common.lab import RGB_FROM_XYZ, WHITE
from .common.opening import to_tensor

__all__ = [
    "AB_SCALE", "lab_to_rgb", "rgb_to_lab", "scale_L", "scale_ab", "to_bytes", "to_picture",
    "to_tensor", "unscale_L", "unscale_ab",
]  # fmt: skip

AB_SCALE = 110.0  # sRGB reaches a in [-86, 98] and b in [-108, 94]
# Linear light of R, G, B -> X, Y, Z as shares of white's; and back
TO_XYZ = torch.tensor(np.linalg.inv(RGB_FROM_XYZ) / WHITE[:, None], dtype=torch.float32)  # (3, 3)
FROM_XYZ = torch.tensor(RGB_FROM_XYZ * WHITE, dtype=torch.float32)  # (3, 3)


def rgb_to_lab(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """sRGB (N, 3, H, W) in 0..1 -> L (N, 1, H, W) in 0..100 and ab (N, 2, H, W) about -108..98.

    A grey picture given as three equal channels yields its true L*. That is not grey/255*100: a
    byte is gamma-encoded, and taking it for L* is wrong by up to 3.4 units.
    """
    if rgb.ndim != 4 or rgb.shape[1] != 3:
        raise CourseError(f"rgb_to_lab wants (N, 3, H, W); this is {tuple(rgb.shape)}.")
    if not rgb.is_floating_point():
        raise CourseError(
            f"rgb_to_lab wants floats from 0 to 1, not {rgb.dtype}: "
            f"rgb / 255, or colour.to_tensor(picture) for a picture."
        )
    rgb = rgb.float()
    # 1. Undo the gamma curve: twice the byte value is about five times the light.
    light = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    # 2. Add up how the three lights stimulate the eye.
    xyz = torch.einsum("ij,njhw->nihw", TO_XYZ.to(rgb.device), light)  # (N, 3, H, W), white is 1
    # 3. Equal steps should look equal: a cube root, and a line near black, where it is too steep.
    f = torch.where(xyz > 0.008856, xyz.clamp(0.008856) ** (1 / 3), 7.787 * xyz + 16 / 116)
    x, y, z = f.split(1, dim=1)  # (N, 1, H, W) each
    # 4. Lightness, and how far red is from green and yellow from blue.
    return 116 * y - 16, torch.cat([500 * (x - y), 200 * (y - z)], dim=1)


def lab_to_rgb(L: Tensor, ab: Tensor) -> Tensor:
    """L (N, 1, H, W) in 0..100 and ab (N, 2, H, W) -> sRGB (N, 3, H, W), clipped to 0..1."""
    if L.ndim != 4 or L.shape[1] != 1 or ab.shape != (L.shape[0], 2, *L.shape[2:]):
        raise CourseError(
            f"lab_to_rgb wants L (N, 1, H, W) and ab (N, 2, H, W) of one size; "
            f"these are {tuple(L.shape)} and {tuple(ab.shape)}."
        )
    y = (L.float() + 16) / 116  # (N, 1, H, W)
    a, b = ab.float().split(1, dim=1)
    f = torch.cat([y + a / 500, y, y - b / 200], dim=1)  # (N, 3, H, W)
    xyz = torch.where(f > 6 / 29, f**3, (f - 16 / 116) / 7.787)
    light = torch.einsum("ij,njhw->nihw", FROM_XYZ.to(f.device), xyz).clamp(0, 1)
    dark = light <= 0.0031308  # clamped, because the slope of the root at 0 would be infinite
    return torch.where(dark, 12.92 * light, 1.055 * light.clamp(0.0031308) ** (1 / 2.4) - 0.055)


def to_bytes(rgb: Tensor) -> np.ndarray:
    """(N, 3, H, W) in 0..1 -> (N, H, W, 3) uint8, rounded."""
    return (rgb.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


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
