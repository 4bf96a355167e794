"""Any picture as RGB or RGBA: a file, a picture of Pillow, an array or a tensor."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from .arrays import values_of
from .errors import CourseError
from .pictures import with_alpha
from .unreadable import check_size, open_photo

ARRAYS = "(H, W), (H, W, 3) or (H, W, 4)"
TENSORS = "(C, H, W) or (1, C, H, W) with C = 1 or 3"


def opened(image) -> Image.Image:
    """Any picture as RGB or RGBA, upright, in sRGB, in memory of its own."""
    if isinstance(image, str | Path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about large files and broken EXIF
            with _from_file(Path(image).expanduser()) as photo:
                return with_alpha(photo, ours=True)
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
            f"{path} is a folder. For all its photos: `python -m colourlib colourise {path} -o OUT`"
        )
    if not path.exists():
        raise CourseError(f"There is no file '{path}'. A relative path starts from {Path.cwd()}.")
    try:
        return open_photo(path)[0]
    except CourseError as error:
        raise CourseError(f"{path.name} cannot be read as a picture: it {error}") from error


def _from_array(array: np.ndarray | Tensor) -> Image.Image:
    """An array or a tensor as a picture of Pillow. Raises CourseError for what is none."""
    what, shape = ARRAYS, tuple(array.shape)
    if isinstance(array, Tensor):
        what, array = TENSORS, array.detach().cpu()
        if array.ndim == 4 and len(array) == 1:
            array = array[0]
        known = array.ndim == 3 and len(array) in (1, 3)
        array = array.movedim(0, -1).squeeze(-1) if known else array  # (H, W) or (H, W, 3)
    else:
        known = array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in (3, 4))
    if not known or 0 in shape:
        raise CourseError(f"A picture is {what} and not empty; this is {shape}.")
    values = values_of(array)
    values = (values.float() * 255).round().byte() if values.is_floating_point() else values
    return Image.fromarray(values.contiguous().numpy())
