"""Arrays as pictures: which shapes and numbers are one, and what to do about the others."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .errors import CourseError
from .memory import check_memory
from .pictures import normalise

BYTES_PER_PIXEL = 110  # of memory, at the peak of rgb_to_lab, as measured


def to_tensor(picture: Image.Image | np.ndarray | Tensor) -> Tensor:
    """One sRGB picture as (1, 3, H, W) float32 in 0..1.

    A grey picture becomes three equal channels. A uint8 array counts 0..255, a float array 0..1.
    Raises CourseError for anything else: another type, shape or number format, floats beyond 0..1
    or not finite, and a picture for whose conversion to Lab the memory is too small.
    """
    if not isinstance(picture, Image.Image | np.ndarray | Tensor):
        raise CourseError(
            f"A picture is a PIL image or an array, not {type(picture).__name__}. "
            "Open a file with PIL.Image.open(path)."
        )
    is_image = isinstance(picture, Image.Image)
    sides = picture.size if is_image else tuple(picture.shape[1::-1])
    mend = "make the picture smaller first: picture.thumbnail((2048, 2048))."
    check_memory(sides, BYTES_PER_PIXEL, "to convert", mend)  # before it is decoded or copied
    array = np.asarray(normalise(picture)) if is_image else picture
    shape = tuple(array.shape)
    if len(shape) < 2 or shape[2:] not in ((), (3,)) or 0 in shape:
        raise CourseError(
            "A picture is an array (H, W, 3), or (H, W) where it is grey; "
            f"this one is {shape}{_reshape(shape, isinstance(picture, Tensor))}."
        )
    values = values_of(array)
    rgb = values.expand(3, *shape) if values.ndim == 2 else values.permute(2, 0, 1)  # (3, H, W)
    return rgb[None].float() if values.is_floating_point() else rgb[None].float() / 255


def values_of(array: np.ndarray | Tensor) -> Tensor:
    """The same array as a tensor. Raises CourseError unless it holds bytes, or floats from 0 to 1.

    It has to hold something.
    """
    if not isinstance(array, Tensor):
        try:  # a copy, because torch takes neither steps backwards nor another order of bytes
            array = torch.from_numpy(np.array(array, array.dtype.newbyteorder("=")))
        except TypeError as error:
            words = f"An array of {array.dtype} is no picture: bytes or floats are."
            raise CourseError(words) from error
    if array.dtype == torch.uint8:
        return array
    if not array.is_floating_point():
        raise CourseError(
            f"A picture's numbers are bytes (uint8) or floats from 0 to 1, not {array.dtype}. "
            "If they run from 0 to 255, give picture.astype('uint8')."
        )
    low, high = (value.item() for value in array.float().aminmax())  # nan where there is one
    if not (low >= 0 and high <= 1):
        bytes_ = 1 < high < 1e5
        mend = "Divide by 255, or give bytes (uint8)" if bytes_ else "Look where they come from"
        raise CourseError(
            f"A float picture runs from 0 to 1; this from {low:.3g} to {high:.3g}. {mend}."
        )
    return array


def _reshape(shape: tuple[int, ...], tensor: bool) -> str:
    """What to do about an array of the wrong shape, where that can be told."""
    if 0 in shape:
        return ": it holds nothing"
    if len(shape) == 4 and shape[-1] == 3:
        return ", several pictures: torch.cat([to_tensor(one) for one in pictures])"
    if len(shape) == 3 and shape[-1] in (2, 4):
        return f", with transparency: give picture[..., {'0' if shape[-1] == 2 else ':3'}]"
    if len(shape) in (3, 4) and shape[0] == 1:
        return ": give picture[0]"
    if len(shape) == 3 and shape[0] == 3:
        last = "picture.permute(1, 2, 0)" if tensor else "np.moveaxis(picture, 0, -1)"
        return f", with the channels first: {last} puts them last"
    return ""
