"""Between sRGB and Lab: lightness goes into the network, chroma comes out.

The only place where colours are converted or scaled. Shapes are (N, C, H, W) throughout; Lab is
CIE 1976 L*a*b* under D65 (CIE 15:2004; sRGB by IEC 61966-2-1), computed by kornia.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .common.memory import free_memory, gigabytes
from .common.pictures import normalise
from .course.workspace import CourseError

AB_SCALE = 110.0  # sRGB reaches a in [-86, 98] and b in [-108, 94]
BYTES_PER_PIXEL = 110  # of memory, at the peak of rgb_to_lab, as measured


def to_tensor(picture: Image.Image | np.ndarray | Tensor) -> Tensor:
    """One sRGB picture as (1, 3, H, W) float32 in 0..1.

    A grey picture becomes three equal channels. A uint8 array counts 0..255, a float array 0..1.
    Raises CourseError for anything else: another type, shape or number format, floats beyond 0..1
    or not finite, and a picture for whose conversion to Lab the memory is too small.
    """
    if isinstance(picture, Image.Image):
        _check_memory(picture.height, picture.width)  # before anything is decoded or copied
        picture = normalise(picture)
    elif not isinstance(picture, np.ndarray | Tensor):
        raise CourseError(
            f"A picture is a PIL image or an array, not {type(picture).__name__}. "
            f"Open a file with PIL.Image.open(path)."
        )
    elif picture.ndim >= 2:
        _check_memory(*picture.shape[:2])
    array = picture if isinstance(picture, Tensor) else _from_numpy(np.array(picture))
    if array.ndim == 2:
        array = array[..., None].expand(-1, -1, 3)  # (H, W, 3)
    if array.ndim != 3 or array.shape[-1] != 3 or not array.numel():
        shape = tuple(array.shape)
        raise CourseError(
            f"A picture is an array (H, W, 3), or (H, W) where it is grey; "
            f"this one is {shape}{_reshape(shape, isinstance(picture, Tensor))}."
        )
    if array.dtype == torch.uint8:
        return array.permute(2, 0, 1)[None].float() / 255  # (1, 3, H, W)
    if not array.is_floating_point():
        raise CourseError(
            f"A picture's numbers are bytes (uint8) or floats from 0 to 1, not {array.dtype}. "
            f"If they run from 0 to 255, give picture.astype('uint8')."
        )
    rgb = array.permute(2, 0, 1)[None].float()
    low, high = (value.item() for value in rgb.aminmax())  # nan where there is one
    if not (low >= 0 and high <= 1):
        mend = (
            "Divide by 255, or give bytes (uint8)"
            if 1 < high < 1e5
            else "Look where they come from"
        )
        raise CourseError(
            f"A float picture runs from 0 to 1; this from {low:.3g} to {high:.3g}. {mend}."
        )
    return rgb


def _from_numpy(array: np.ndarray) -> Tensor:
    try:
        return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), copy=False))
    except TypeError as error:  # objects, strings
        raise CourseError(
            f"An array of {array.dtype} is no picture: bytes or floats are."
        ) from error


def _reshape(shape: tuple[int, ...], tensor: bool) -> str:
    """What to do about an array of the wrong shape, where that can be told."""
    if 0 in shape:
        return ": it holds nothing"
    if len(shape) == 4 and shape[-1] == 3:
        return ", several pictures: torch.cat([to_tensor(one) for one in pictures])"
    if len(shape) == 3 and shape[-1] in (2, 4):
        colours = {2: "0", 4: ":3"}[shape[-1]]
        return f", with transparency: give picture[..., {colours}]"
    if len(shape) in (3, 4) and shape[0] == 1:
        return ": give picture[0]"
    if len(shape) == 3 and shape[0] == 3:
        last = "picture.permute(1, 2, 0)" if tensor else "np.moveaxis(picture, 0, -1)"
        return f", with the channels first: {last} puts them last"
    return ""


def _check_memory(height: int, width: int) -> None:
    """Raises CourseError where a picture is too large to be converted on this machine."""
    need = height * width * BYTES_PER_PIXEL
    free = free_memory() if need > 1e9 else None
    if free is not None and need > free:
        raise CourseError(
            f"The picture has {width} x {height} pixels. To convert it takes {gigabytes(need)} of "
            f"memory, and {gigabytes(free)} are free. Make it smaller first: "
            f"picture.thumbnail((2048, 2048))."
        )


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
    if not rgb.is_floating_point():
        raise CourseError(
            f"rgb_to_lab wants floats from 0 to 1, not {rgb.dtype}: "
            f"rgb / 255, or colour.to_tensor(picture) for a picture."
        )
    from kornia import color  # here, for its import takes memory that colouring a photo can save

    lab = color.rgb_to_lab(rgb.float())  # (N, 3, H, W)
    return lab[:, :1], lab[:, 1:]


def lab_to_rgb(L: Tensor, ab: Tensor) -> Tensor:
    """L (N, 1, H, W) in 0..100 and ab (N, 2, H, W) -> sRGB (N, 3, H, W), clipped to 0..1."""
    if L.ndim != 4 or L.shape[1] != 1 or ab.shape != (L.shape[0], 2, *L.shape[2:]):
        raise CourseError(
            f"lab_to_rgb wants L (N, 1, H, W) and ab (N, 2, H, W) of one size; "
            f"these are {tuple(L.shape)} and {tuple(ab.shape)}."
        )
    from kornia import color

    return color.lab_to_rgb(torch.cat([L, ab], dim=1).float(), clip=True)  # (N, 3, H, W)


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
