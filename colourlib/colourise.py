"""Colour a photo of any kind at its full size: the network guesses on a small copy of it.

    colourise("grandmother.jpg").save("coloured.jpg")

A network sees photos at the size it was trained for, and at others it is much worse. The chroma it
predicts is smooth, so it is enlarged to the photo and laid under the photo's own lightness, which
stays exactly as it was (`common.chroma`). All colours are guesses.
"""

import functools
import math
import sys
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from .colour import scale_L, unscale_ab
from .common import lab
from .common.chroma import put_chroma
from .common.errors import CourseError
from .common.files import shipped_folder
from .common.fingerprints import read_weights
from .common.inputs import SMALLEST
from .common.opening import opened
from .common.pictures import on_white, with_alpha
from .evaluate import Colouriser, answer
from .hints import hinted
from .model import ColourNet
from .transfer import TransferNet
from .vivid import vividly

BARE_SIZE = 128  # where nothing says what a network was trained on: the course's photos
LONGEST = 8  # times the size: the longest side that a network sees; more is shrunk further

SHIPPED = shipped_folder("weights") / "transfernet.safetensors"
COLOURNET = SHIPPED.with_name("colournet.safetensors")  # the course's own, trained from scratch


def colourise(
    image: str | Path | Image.Image | np.ndarray | Tensor, model=None, saturation: float = 1.0,
    size: int | None = None, vivid: bool = False, temperature: float | None = None,
    hints: Sequence = (),
) -> Image.Image:  # fmt: skip
    """The picture with guessed colours at its own size: RGB, or RGBA where it has transparency.

    image: a file, or a picture of Pillow in any mode (for an animation, the current frame); an
    array (H, W), (H, W, 3) or (H, W, 4), bytes or floats 0..1; a tensor (1 or 3, H, W) or
    (1, 1 or 3, H, W), the same. It is not changed. Any colours it already has are ignored.
    model: None for the best weights that come with colourlib; a network, or any function from x
    (1, 1, h, w), scaled L, to y (1, 2, ., .), scaled ab; what weights.load gives; and, where
    `runs.weights` is imported, a Run, a run's folder, a .safetensors file, or "colournet" for the
    weights of the network that the course trains from scratch.
    saturation: multiplies ab, as the card's own factor does; 0 gives the grey picture of equal L.
    size: shorter side in pixels at which the network sees the picture, enlarged if need be; None
    for what the weights' card says, which may be several (`at_sizes`), or 128 if nobody knows.
    vivid: likely colours, by a distribution, instead of their mean: more colour, and larger errors.
    temperature: of vivid, above 0; 1 gives the mean again, less is bolder; None for the card's.
    hints: colours that somebody knows, (x, y, a, b) or (x, y, "#2e7d32") each; see `hints`.

    The result is upright, in sRGB, without metadata; L and alpha are those of the input. Raises
    CourseError for a picture that cannot be read or is too large for the memory, for weights that
    cannot be loaded, and for a network that does not answer with chroma.
    """
    return _coloured(lambda: opened(image), model, saturation, size, hints, vivid, temperature)


def colourise_ours(image: Image.Image, model, saturation: float, hints=()) -> Image.Image:
    """The same for a picture not needed afterwards: its memory may be reused for the result."""
    return _coloured(lambda: with_alpha(image, ours=True), model, saturation, None, hints)


class _Callable(ModuleType):
    """`import colourlib; colourlib.colourise(photo)` finds this module, which has the same name."""

    def __call__(self, *arguments, **named) -> Image.Image:
        return colourise(*arguments, **named)


sys.modules[__name__].__class__ = _Callable


def _coloured(
    load: Callable[[], Image.Image], model, saturation: float, size: int | None, hints: Sequence,
    vivid: bool = False, temperature: float | None = None,
) -> Image.Image:  # fmt: skip
    """The picture that `load` gives, coloured in place; wrong arguments are told before."""
    if not (isinstance(saturation, Real) and 0 <= saturation < math.inf):
        raise CourseError(f"The saturation is {saturation!r}; give a number, 0 (grey) or more.")
    if size is not None and not (isinstance(size, Integral) and size >= SMALLEST):
        wanted = f"a whole number of pixels, {SMALLEST} or more"
        raise CourseError(f"The size is {size!r}; give {wanted}.")
    network, card = known(model)
    if vivid:
        network, card = vividly(network, card, temperature)
    elif temperature is not None:
        raise CourseError("A temperature belongs to a distribution: give vivid=True with it.")
    sizes = [size] if size else sizes_of(card)
    picture = load()
    network = hinted(network, hints, picture.size)
    ab = guess(network, lightness(picture, max(sizes)), sizes)
    ab *= saturation * card.get("saturation", 1.0)
    put_chroma(picture, ab, torch.get_num_threads())
    return picture


# ---- the network ---------------------------------------------------------------------------------


@functools.singledispatch
def known(model) -> tuple[Colouriser, dict]:
    """(what guesses, its card) for anything accepted as a model; `runs.weights` adds files."""
    if isinstance(model, type):
        raise CourseError(f"{model.__name__} is a class: give a network, {model.__name__}().")
    if callable(model):
        return model, {"size": getattr(model, "trained_size", None) or BARE_SIZE}
    raise CourseError(
        f"A model is a network or a function, not a {type(model).__name__}. For a file or a run: "
        "from colourlib.runs import weights; colourise(photo, weights.load(...))."
    )


@known.register(tuple)
def _(model: tuple) -> tuple[Colouriser, dict]:
    return model


@known.register(type(None))
def _(model: None) -> tuple[Colouriser, dict]:
    return shipped(SHIPPED)


@functools.cache
def shipped(path: Path) -> tuple[nn.Module, dict]:
    """(The network whose weights come with colourlib in this file, in eval mode; its card)."""
    weights, card = read_weights(
        path,
        "train it with `python bench/weights.py --photos FOLDER` in a checkout of the repository, "
        "or give a network of your own",
    )
    kind = {"ColourNet": ColourNet, "TransferNet": TransferNet}[card["network"]]
    network = kind(**card["arguments"])
    network.load_state_dict(weights)
    return network.eval(), card


def sizes_of(card: dict) -> list[int]:
    """Shorter sides, in pixels, at which weights with this card want to see a picture."""
    return card.get("sizes") or [card["size"]]


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
            y = answer(network, small)
            answers.append(F.interpolate(y, size=whole, mode="bilinear", antialias=True))
        return torch.stack(answers).mean(0)  # (N, 2, H, W)

    return colouriser


# ---- the guess -----------------------------------------------------------------------------------


def lightness(picture: Image.Image, size: int) -> Tensor:
    """What a network sees of a picture: (1, 1, h, w) scaled L of a small copy of this size."""
    small = picture.resize(seen(*picture.size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
    L, _ = lab.rgb_to_lab(np.asarray(on_white(small)))  # (h, w), 0..100: what a person would see
    return scale_L(torch.from_numpy(L)[None, None])


def guess(network: Colouriser, x: Tensor, sizes: Sequence[int]) -> np.ndarray:
    """What it answers to (1, 1, h, w) scaled L, the largest of the sizes: (2, h, w) ab, Lab."""
    y = answer(at_sizes(network, sizes) if len(sizes) > 1 else network, x)
    if not isinstance(y, Tensor) or y.ndim != 4 or y.shape[:2] != (1, 2) or not y.numel():
        found = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise CourseError(
            f"A colouriser maps {tuple(x.shape)} to ab, {(1, 2, *x.shape[2:])}; "
            f"this one answered with {found}. If those are bins: vivid.Vivid(network, bins)."
        )
    ab = unscale_ab(y[0])  # (2, h, w)
    if not ab.isfinite().all():
        raise CourseError(
            "The network's answer is not finite (NaN or infinite): its weights are broken, "
            "most often because the learning rate (lr) was too large."
        )
    return ab.numpy()


def seen(width: int, height: int, size: int) -> tuple[int, int]:
    """(width, height) at which a network sees a picture: the shorter side at `size` pixels.

    The longer side is limited to 8 times `size`, and no side is below 16.
    """
    scale = min(size / min(width, height), LONGEST * size / max(width, height))
    return max(SMALLEST, round(width * scale)), max(SMALLEST, round(height * scale))
