"""Arrays as pictures: which shapes and numbers are one, and what to do about the others."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .errors import CourseError
from .memory import gigabytes, short_of
from .pictures import normalise

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
    if free := short_of(need):
        raise CourseError(
            f"The picture has {width} x {height} pixels. To convert it takes {gigabytes(need)} of "
            f"memory, and {free} are free. Make it smaller first: "
            f"picture.thumbnail((2048, 2048))."
        )
