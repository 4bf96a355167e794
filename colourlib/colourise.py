"""Colour a photo of any kind at its full size: the network guesses on a small copy of it.

    apply.colourise("grandmother.jpg").save("coloured.jpg")

A network sees photos at the size it was trained for, and at others it is much worse. The chroma it
answers is smooth, so it is enlarged to the photo and laid under the photo's own lightness, which
stays exactly as it was (`compose`). All colours are guesses.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from .collect.fetch import FORMATS
from .colour import scale_L, unscale_ab
from .common import lab
from .common.chroma import put_chroma
from .common.memory import free_memory, gigabytes
from .common.pictures import with_alpha
from .common.unreadable import in_words
from .course.workspace import CourseError
from .device import eval_mode
from .model import SMALLEST

BARE_SIZE = 128  # where nothing says what a network was trained on: the course's photos
LONGEST = 8  # times the size: of a picture that is longer still, the network sees it shrunk
BYTES_PER_PIXEL = 10  # Pillow takes 4 for RGB, and a picture that is turned is there twice
ARRAYS = "(H, W), (H, W, 3) or (H, W, 4)"
TENSORS = "(C, H, W) or (1, C, H, W) with C = 1 or 3"

Colouriser = Callable[[Tensor], Tensor]


def colourise(
    image: str | Path | Image.Image | np.ndarray | Tensor,
    model=None,
    saturation: float = 1.0,
    size: int | None = None,
) -> Image.Image:
    """The picture with guessed colours at its own size: RGB, or RGBA where it is see-through.

    image: a file, or a picture of Pillow in any mode (of an animation the frame that it shows); an
    array (H, W), (H, W, 3) or (H, W, 4), bytes or floats 0..1; a tensor (1 or 3, H, W) or
    (1, 1 or 3, H, W), the same. It is not changed. Colours that it has are ignored.
    model: None for the weights that come with colourlib, or a Run, a run's folder, a .safetensors
    file, what weights.load gave for one of these, a network, or any function from x (1, 1, h, w),
    scaled L, to y (1, 2, ., .), scaled ab.
    saturation: multiplies ab; 0 gives the grey picture of equal L.
    size: shorter side in pixels at which the network sees the picture, enlarged if need be; None
    for what the weights' card says, which may be several (`at_sizes`), or 128 if nobody knows.

    The result is upright, in sRGB, without metadata. Its L is that of the input, its alpha too.
    Raises CourseError for a picture that cannot be read or is too large for the memory, for weights
    that cannot be loaded, and for a network that does not answer with chroma.
    """
    return _coloured(lambda: opened(image), model, saturation, size)


def colourise_ours(image: Image.Image, model, saturation: float) -> Image.Image:
    """The same for a picture that nobody wants afterwards: its memory may become the result's."""
    _check_memory(*image.size)
    return _coloured(lambda: with_alpha(image, ours=True), model, saturation, None)


def _coloured(
    opened: Callable[[], Image.Image], model, saturation: float, size: int | None
) -> Image.Image:
    """The picture that `opened` gives, its colours replaced in place; mistakes are told before."""
    if not (isinstance(saturation, Real) and 0 <= saturation < math.inf):
        raise CourseError(f"The saturation {saturation!r} is no number from 0 (grey) up.")
    if size is not None and not (isinstance(size, Integral) and size >= SMALLEST):
        raise CourseError(f"The size {size!r} is no whole number of pixels from {SMALLEST} up.")
    colouriser, its_saturation, its_size = _chosen(model, size)
    picture = opened()
    ab = _guess(colouriser, picture, its_size)
    put_chroma(picture, ab * (saturation * its_saturation), torch.get_num_threads())
    return picture


def _chosen(model, size: int | None) -> tuple[Colouriser, float, int]:
    """(what guesses, the factor that its ab wants, the size at which it is given the picture)."""
    if isinstance(model, type):
        raise CourseError(f"{model.__name__} is a class: give a network, {model.__name__}().")
    if isinstance(model, nn.Module):
        from .runs import trained_size

        return model, 1.0, size or trained_size(model) or BARE_SIZE
    if callable(model):
        return model, 1.0, size or BARE_SIZE
    if not isinstance(model, tuple):
        from .runs import weights

        model = weights.load(model)
    network, card = model
    sizes = [size] if size else sizes_of(card)
    return at_sizes(network, sizes), card["saturation"], max(sizes)


def sizes_of(card: dict) -> list[int]:
    """Shorter sides, in pixels, at which weights with this card want to see a picture."""
    return card.get("sizes", [card["size"]])


def at_sizes(network: Colouriser, sizes: Sequence[int]) -> Colouriser:
    """A colouriser that shows the network every picture at these sizes; the mean of its answers.

    sizes: shorter sides in pixels. x (N, 1, H, W) scaled L -> y (N, 2, H, W) scaled ab. In a small
    picture the network sees the whole at once, in a large one the details; where the answers
    disagree, their mean is paler, as befits a guess. bench/weights.py measures what it is worth.
    """

    def colouriser(x: Tensor) -> Tensor:
        whole = x.shape[2:]
        answers = []
        for size in sizes:
            width, height = seen(whole[1], whole[0], size)
            small = F.interpolate(x, size=(height, width), mode="bilinear", antialias=True)
            y = _answer(network, small).float().to(x.device)
            answers.append(F.interpolate(y, size=whole, mode="bilinear", antialias=True))
        return torch.stack(answers).mean(0)  # (N, 2, H, W)

    return colouriser


# ---- the picture ---------------------------------------------------------------------------------


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
    free = free_memory() if need > 1e9 else None
    if free is not None and need > free:
        raise CourseError(
            f"{width} x {height} pixels take {gigabytes(need)} of memory to colour, and "
            f"{gigabytes(free)} are free. Close other programs, or make the picture smaller first."
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


# ---- the guess -----------------------------------------------------------------------------------


def _guess(colouriser: Colouriser, picture: Image.Image, size: int) -> np.ndarray:
    """What the network answers to a small copy of the picture: (2, h, w) ab in Lab units."""
    small = picture.resize(seen(*picture.size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
    if small.mode == "RGBA":  # it sees what a person would: the picture on white
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
    L, _ = lab.rgb_to_lab(np.asarray(small))  # (h, w), 0..100
    x = scale_L(torch.from_numpy(L)[None, None])  # (1, 1, h, w)
    y = _answer(colouriser, x)
    if not isinstance(y, Tensor) or y.ndim != 4 or y.shape[:2] != (1, 2) or not y.numel():
        answer = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise CourseError(
            f"A colouriser maps {tuple(x.shape)} to ab, {(1, 2, *x.shape[2:])}; "
            f"this one answered with {answer}."
        )
    ab = unscale_ab(y[0].float().cpu())  # (2, h, w)
    if not ab.isfinite().all():
        raise CourseError(
            "The network's answer is not finite (NaN or infinite): its weights are broken, "
            "most often by a training with too large a step (lr)."
        )
    return ab.numpy()


def seen(width: int, height: int, size: int) -> tuple[int, int]:
    """(width, height) at which a network sees a picture: the shorter side at `size` pixels.

    The longer side ends at 8 times `size`, and no side is below 16.
    """
    scale = min(size / min(width, height), LONGEST * size / max(width, height))
    return max(SMALLEST, round(width * scale)), max(SMALLEST, round(height * scale))


def _answer(colouriser: Colouriser, x: Tensor) -> Tensor:
    """The answer without gradients, where the network lies; a network in eval mode, and back."""
    with torch.inference_mode():
        if not isinstance(colouriser, nn.Module):
            return colouriser(x)
        with eval_mode(colouriser):
            parameter = next(colouriser.parameters(), x)
            return colouriser(x.to(parameter.device, parameter.dtype))
