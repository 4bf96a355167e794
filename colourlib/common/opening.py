"""Any picture, a file, an image of Pillow, an array or a tensor, as an image or as a tensor.

Here stands which shapes and numbers are a picture, and what to do about the others.
"""

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .errors import CourseError
from .files import pasted
from .memory import check_memory
from .pictures import normalise, with_alpha
from .unreadable import check_size, in_words, open_photo

TENSOR_BYTES = 110  # of memory, at the peak of rgb_to_lab, as measured


def opened(image) -> Image.Image:
    """Any picture as RGB or RGBA, upright, in sRGB, in memory of its own."""
    if isinstance(image, str | Path):
        return _from_file(pasted(image))
    if mine := isinstance(image, np.ndarray | Tensor):
        image = _from_array(image)
    elif not isinstance(image, Image.Image):
        raise CourseError(
            "A picture is a file's name, a PIL image, an array or a tensor, "
            f"not {type(image).__name__}."
        )
    check_size(image)
    try:
        return with_alpha(image, ours=mine)
    except Exception as error:  # decoded only now, and hostile bytes may raise anything
        raise CourseError(f"This picture cannot be read: {error}") from error


def _from_file(path: Path) -> Image.Image:
    """The picture in a file. Formats and words are those of the batch."""
    if path.is_dir():
        raise CourseError(
            f"{path} is a folder: give one of the photos in it. For all of them: "
            f"`python -m colourlib colourise {path} -o OUT`"
        )
    if not path.exists():
        raise CourseError(f"There is no file '{path}'. A relative path starts from {Path.cwd()}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about large files and broken EXIF
            with open_photo(path)[0] as photo:
                return with_alpha(photo, ours=True)
    except Exception as error:  # whatever a decoder raises at bytes that it does not understand
        why = error if isinstance(error, CourseError) else in_words(error, path)
        raise CourseError(f"{path.name} cannot be read as a picture: it {why}") from error


def _from_array(array: np.ndarray | Tensor) -> Image.Image:
    """An array or a tensor as a picture of Pillow. Raises CourseError where it cannot be one."""
    shape = tuple(array.shape)
    if isinstance(array, Tensor):
        what = "(C, H, W) or (1, C, H, W) with C = 1 or 3"
        array = (array[0] if len(shape) == 4 and shape[0] == 1 else array).detach().cpu()
        known = array.ndim == 3 and len(array) in (1, 3)
        array = array.movedim(0, -1).squeeze(-1) if known else array  # (H, W) or (H, W, 3)
    else:
        what = "(H, W), (H, W, 3) or (H, W, 4)"
        known = len(shape) == 2 or shape[2:] in ((3,), (4,))
    if not known or 0 in shape:
        raise CourseError(f"A picture is {what} and not empty; this is {shape}.")
    values = values_of(array)
    values = (values.float() * 255).round().byte() if values.is_floating_point() else values
    return Image.fromarray(values.contiguous().numpy())


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
    check_memory(sides, TENSOR_BYTES, "to convert", mend)  # before it is decoded or copied
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
    """An array as a tensor. Raises CourseError unless it holds bytes, or floats from 0 to 1."""
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
        found = f"this from {low:.3g} to {high:.3g}"
        raise CourseError(f"A float picture runs from 0 to 1; {found}. {mend}.")
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
