"""Sliders for the eye: between grey and coloured, pale and too vivid, the mean and the mode.

Each picture follows from the slider's place alone and is drawn by Python, which needs a running
kernel; the figures beside them in the notebook do not.
"""

import html
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import ipywidgets as widgets
import torch
from PIL import Image, ImageOps
from torch import Tensor

from .. import show, vivid
from ..colour import lab_to_rgb, scale_ab, unscale_ab, unscale_L
from ..colourise import colourise
from ..common.opening import opened
from ..common.pictures import normalise
from ..data import PhotoSet
from ..evaluate import colourfulness
from .gallery import coloured, truths

LARGEST = 480  # pixels: longer side of a picture under a slider
LOOK = {"style": {"description_width": "initial"}, "layout": {"width": "90%"}}


class Price(NamedTuple):
    """Scores of guesses whose ab is multiplied by a factor: the simplest remedy against brown."""

    explained: float
    colourfulness: float  # predicted / true


def price(x: Tensor, y: Tensor, guess: Tensor, factor: float) -> Price:
    """What the factor does to some photos: x (N, 1, H, W), y and guess (N, 2, H, W), scaled."""
    L, total = unscale_L(x), (y**2).sum().item()
    left = ((factor * guess - y) ** 2).sum().item()
    true, vivid = (
        colourfulness(lab_to_rgb(L, unscale_ab(ab))).mean().item() for ab in (y, factor * guess)
    )
    return Price(1 - left / max(total, 1e-6) + 0.0, vivid / max(true, 1e-3))  # never "-0%"


class Panel(widgets.VBox):
    """A slider above what `draw` makes of its place: (what it shows in words, HTML).

    names: of the slider and of what is shown, for style sheets, in which colourlib- precedes them.
    """

    def __init__(self, slider, names: tuple[str, str], draw: Callable) -> None:
        self.slider, self.view, self.draw = slider, widgets.HTML(), draw
        for part, name in zip((slider, self.view), names, strict=True):
            part.add_class(f"colourlib-{name}")
        slider.observe(self._show, names="value")
        super().__init__([slider, self.view])
        self._show()

    def _show(self, change=None) -> None:
        self.words, self.view.value = self.draw(self.slider.value)

    def __repr__(self) -> str:
        return self.words


def before_after(picture, model=None, size: int | None = None) -> Panel:
    """A slider that uncovers the colours of a photo; the last thing in a cell.

    picture, model, size: as in `colourise`, which may raise CourseError.
    """
    picture = ImageOps.contain(normalise(opened(picture)), (LARGEST, LARGEST))
    return uncover(*(colourise(picture, model, s, size).convert("RGB") for s in (0.0, 1.0)))


def uncover(before: Image.Image, after: Image.Image) -> Panel:
    """The slider, and two pictures of one size in one: left of it the first, right the second."""

    def draw(grey: int) -> tuple[str, str]:
        cut = round(after.width * grey / 100)
        shown = after.copy()
        shown.paste(before.crop((0, 0, cut, after.height)))
        if 0 < cut < after.width:
            shown.paste("white", (cut - 1, 0, cut + 1, after.height))
        alt = f"A photo, {grey} % of its width from the left in grey, the rest coloured."
        caption = f"grey {grey} % | coloured {100 - grey} %"
        return f"A slider over a photo. {alt}", show.as_html(shown, caption, alt)

    slider = widgets.IntSlider(50, 0, 100, description="grey, from the left (%)", **LOOK)
    return Panel(slider, ("uncover", "uncovered"), draw)


def _beside(words: str, name: str, pictures: list, captions: list[str], query: str) -> str:
    """HTML: the words, and below them versions of one photo beside each other."""
    figures = [
        show.as_html(picture, caption, f"A photo of {query!r}, {caption}", "45%")
        for picture, caption in zip(pictures, captions, strict=True)
    ]
    return (
        f'<div class="colourlib-{name}-words" role="status">{html.escape(words)}</div>'
        f'<div style="display: flex; gap: 8px">{"".join(figures)}</div>'
    )


def saturation(root: Path, photos: PhotoSet, guess: Tensor, index: int) -> Panel:
    """A slider over the factor on the guessed ab of one photo; the last thing in a cell.

    root: the workspace's folder; guess: (N, 2, H, W) scaled ab, for all photos of the set. Below
    the slider: what the factor does to the scores; the photo in grey, coloured and in truth.
    """
    x, y = photos.__getitems__([index])
    one, truth = guess[[index]].float().cpu(), truths(root, photos, [index])
    query = photos.rows[index]["query"]

    def draw(factor: float) -> tuple[str, str]:
        cost = price(x, y, one, factor)
        words = (
            f"At {factor:.1f}: {cost.explained:.0%} of the chroma is explained, and the picture "
            f"is {cost.colourfulness:.2f} times as colourful as the truth."
        )
        guesses = coloured(truth * 2, torch.cat([0 * one, factor * one]))
        pictures = [*map(Image.fromarray, guesses), *truth]
        captions = ["grey", f"saturation {factor:.1f}", "truth"]
        seen = _beside(words, "saturation", pictures, captions, query)
        return f"A slider over the saturation of a photo of {query!r}. {words}", seen

    slider = widgets.FloatSlider(
        1.0, min=0, max=3, step=0.1, description="saturation", readout_format=".1f", **LOOK
    )
    return Panel(slider, ("saturation-slider", "saturation-view"), draw)


def temperature(root: Path, photos: PhotoSet, logits: Tensor, bins: Tensor, index: int) -> Panel:
    """A slider over the temperature of the distribution for one photo; the last thing in a cell.

    root: the workspace's folder; logits: (1, Q, h, w) of that photo; bins: (Q, 2). Below the
    slider the photo by the mean of the distribution, at this temperature, and in truth.
    """
    truth, query = truths(root, photos, [index]), photos.rows[index]["query"]

    def draw(T: float) -> tuple[str, str]:
        guesses = [scale_ab(vivid.annealed(logits, bins, t)) for t in (1.0, T)]
        chroma = [unscale_ab(guess).norm(dim=1).mean().item() for guess in guesses]
        words = f"At T = {T:.2f} the mean chroma is {chroma[1]:.0f}, and {chroma[0]:.0f} at T = 1."
        pictures = [*map(Image.fromarray, coloured(truth * 2, torch.cat(guesses))), *truth]
        captions = ["the mean, T = 1", f"T = {T:.2f}", "truth"]
        seen = _beside(words, "temperature", pictures, captions, query)
        return f"A slider over the temperature for a photo of {query!r}. {words}", seen

    slider = widgets.FloatSlider(
        vivid.TEMPERATURE, min=0.02, max=1.5, step=0.02, description="temperature T", **LOOK
    )
    return Panel(slider, ("temperature-slider", "temperature-view"), draw)
