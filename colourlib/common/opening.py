"""Any picture as RGB or RGBA: a file, a picture of Pillow, an array or a tensor."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from .errors import CourseError
from .memory import gigabytes, short_of
from .pictures import FORMATS, with_alpha
from .unreadable import in_words

BYTES_PER_PIXEL = 10  # Pillow takes 4 for RGB, and a picture that is turned is there twice
ARRAYS = "(H, W), (H, W, 3) or (H, W, 4)"
TENSORS = "(C, H, W) or (1, C, H, W) with C = 1 or 3"


def opened(image) -> Image.Image:
    """Any picture as RGB or RGBA, upright, in sRGB, in memory of its own."""
    if isinstance(image, str | Path):
        return _from_file(Path(image).expanduser())
    if isinstance(image, np.ndarray | Tensor):
        image = _from_array(image)
    elif not isinstance(image, Image.Image):
        raise CourseError(
            f"A picture is a file's name, a PIL image, an array or a tensor, "
            f"not {type(image).__name__}."
        )
    _check_memory(*image.size)
    try:
        return with_alpha(image)
    except Exception as error:  # decoded only now, and hostile bytes may raise anything
        raise CourseError(f"This picture cannot be read: {error}") from error


def ours(image: Image.Image) -> Image.Image:
    """The same for a picture that nobody wants afterwards: its memory may become the result's."""
    _check_memory(*image.size)
    return with_alpha(image, ours=True)


def _from_file(path: Path) -> Image.Image:
    """The picture in a file. Formats and words are those of the batch.

    Pillow warns of pictures from 89 megapixels up, and does not open those of 179 and more, for a
    file of some kilobytes may claim to be that large. Cameras make 100 megapixels by now: no
    warning here. What lies above stays refused, and so does what the memory cannot hold.
    """
    if path.is_dir():
        raise CourseError(
            f"{path} is a folder. For all its photos: `python -m colourlib colourise {path} -o OUT`"
        )
    if not path.exists():
        raise CourseError(f"There is no file '{path}'. A relative path starts from {Path.cwd()}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=tuple(FORMATS)) as image:
                image.filename = ""  # as in pictures.open_picture
                _check_memory(*image.size)
                return with_alpha(image, ours=True)
    except CourseError as error:
        raise CourseError(f"{path.name}: {error}") from error
    except Exception as error:  # whatever a decoder raises at bytes that it does not understand
        raise CourseError(
            f"{path.name} cannot be read as a picture: it {in_words(error, path)}"
        ) from error


def _check_memory(width: int, height: int) -> None:
    """Raises CourseError where a picture is too large for the memory of this machine."""
    need = width * height * BYTES_PER_PIXEL
    if free := short_of(need):
        raise CourseError(
            f"{width} x {height} pixels take {gigabytes(need)} of memory to colour, and "
            f"{free} are free. Close other programs, or make the picture smaller first."
        )


def _from_array(array: np.ndarray | Tensor) -> Image.Image:
    """An array or a tensor as a picture of Pillow. Raises CourseError for what is none."""
    what, given = (TENSORS if isinstance(array, Tensor) else ARRAYS), tuple(array.shape)
    if isinstance(array, Tensor):
        array = array.detach().cpu()
        if array.ndim == 4 and len(array) == 1:
            array = array[0]
        known = array.ndim == 3 and len(array) in (1, 3)
        array = array.movedim(0, -1).squeeze(-1) if known else array  # (H, W) or (H, W, 3)
        array = (array.float() if array.is_floating_point() else array).numpy()
    else:
        known = array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in (3, 4))
    if not known or not array.size:
        raise CourseError(f"A picture is {what} and not empty; this is {given}.")
    return Image.fromarray(np.ascontiguousarray(_as_bytes(array)))


def _as_bytes(array: np.ndarray) -> np.ndarray:
    """Bytes as they are; floats 0..1 as 0..255. Raises CourseError for other numbers."""
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind != "f":
        raise CourseError(
            f"A picture's numbers are bytes (uint8) or floats from 0 to 1, not {array.dtype}."
        )
    low, high = float(array.min()), float(array.max())  # nan where there is one
    if not (low >= 0 and high <= 1):
        raise CourseError(
            f"A picture of floats runs from 0 to 1; this one from {low:.3g} to {high:.3g}."
        )
    return (array * np.float32(255)).round().astype(np.uint8)
