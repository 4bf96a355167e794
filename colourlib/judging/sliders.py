"""Two sliders for the eye: between grey and coloured, and between pale and too vivid.

What they show follows from the slider's place alone, is drawn by Python, and needs a running
kernel; the figures beside them in the notebook do not.
"""

from __future__ import annotations

import html
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import torch
from PIL import Image, ImageOps

from .. import show
from ..colour import lab_to_rgb, unscale_ab, unscale_L
from ..colourise import colourise, opened
from ..common.pictures import normalise
from ..evaluate import colourfulness
from . import Report
from .gallery import SIDE, coloured, truths

LARGEST = 480  # pixels: longer side of a picture under a slider
WIDE = {"description_width": "initial"}


def before_after(picture, model=None, size: int | None = None) -> BeforeAfter:
    """A slider that uncovers the colours of a photo; the last thing in a cell.

    picture: a path or a PIL picture; model, size: as in `colourise`. Raises CourseError as it
    does.
    """
    picture = ImageOps.contain(normalise(opened(picture)), (LARGEST, LARGEST))
    grey, vivid = (colourise(picture, model, s, size).convert("RGB") for s in (0.0, 1.0))
    return BeforeAfter(grey, vivid)


class BeforeAfter(widgets.VBox):
    """The slider, and two pictures of one size in one: left of it the first, right the second."""

    def __init__(self, before: Image.Image, after: Image.Image) -> None:
        self.before, self.after = before, after
        self.slider = widgets.IntSlider(
            50, 0, 100, description="grey, from the left (%)", style=WIDE, layout={"width": "90%"}
        )
        self.view = widgets.HTML()
        self.slider.add_class("colourlib-uncover")
        self.view.add_class("colourlib-uncovered")
        self.slider.observe(lambda change: self.draw(), names="value")
        super().__init__([self.slider, self.view])
        self.draw()

    def __repr__(self) -> str:
        return f"A slider between a photo in grey and coloured, {self.slider.value} % of it grey."

    def picture(self) -> Image.Image:
        """What is shown: the second picture, the first pasted over it up to the slider's place."""
        width, height = self.after.size
        cut = round(width * self.slider.value / 100)
        shown = self.after.copy()
        shown.paste(self.before.crop((0, 0, cut, height)))
        if 0 < cut < width:
            shown.paste("white", (cut - 1, 0, cut + 1, height))
        return shown

    def draw(self) -> None:
        """Show the picture for the slider's place."""
        grey = self.slider.value
        alt = f"A photo, {grey} % of its width from the left in grey, the rest coloured."
        self.view.value = show.as_html(
            self.picture(), f"grey {grey} % | coloured {100 - grey} %", alt
        )


def saturation(root: Path, report: Report, index: int) -> Saturation:
    """A slider over the factor on ab for one photo of a report; the last thing in a cell."""
    return Saturation(Path(root), report, index)


class Saturation(widgets.VBox):
    """The slider; the photo in grey, coloured and in truth; what the factor does to the scores."""

    def __init__(self, root: Path, report: Report, index: int) -> None:
        self.x, self.y, self.prediction = report.answer([index])  # (1, 1 and 2, H, W)
        self.query = report.photos.rows[index]["query"]
        self.picture = truths(root, report, [index])
        self.slider = widgets.FloatSlider(
            1.0, min=0, max=3, step=0.1, description="saturation", style=WIDE, readout_format=".1f",
            layout={"width": "90%"},
        )  # fmt: skip
        self.words, self.view = widgets.HTML(), widgets.HTML()
        for name in ("slider", "words", "view"):
            getattr(self, name).add_class(f"colourlib-saturation-{name}")
        self.slider.observe(lambda change: self.draw(), names="value")
        super().__init__([self.slider, self.words, self.view])
        self.draw()

    def __repr__(self) -> str:
        return f"A slider over the saturation of a photo of {self.query!r}. {self.sentence()}"

    def scores(self) -> tuple[float, float]:
        """(explained chroma, colourfulness predicted / true) of this photo at the factor."""
        guess, truth = self.slider.value * self.prediction, self.y
        explained = 1 - ((guess - truth).square().sum() / truth.square().sum().clamp(min=1e-6))
        L = unscale_L(self.x)
        vivid, true = (colourfulness(lab_to_rgb(L, unscale_ab(z))) for z in (guess, truth))
        return explained.item(), (vivid / true.clamp(min=1e-3)).item()

    def sentence(self) -> str:
        """What the factor does to this photo, in words."""
        explained, vivid = self.scores()
        return (
            f"At {self.slider.value:.1f}: {explained:.0%} of the chroma is explained, and the "
            f"picture is {vivid:.2f} times as colourful as the truth."
        )

    def draw(self) -> None:
        """Show the pictures and the sentence for the slider's place."""
        factor = self.slider.value
        guesses = torch.cat([0 * self.prediction, factor * self.prediction])
        pictures = [*map(Image.fromarray, coloured(self.picture * 2, guesses)), self.picture[0]]
        captions = ["grey", f"saturation {factor:.1f}", "truth"]
        alts = [f"A photo of {self.query!r}, {caption}" for caption in captions]
        figures = [
            show.as_html(*three, "45%") for three in zip(pictures, captions, alts, strict=True)
        ]
        row = "".join(figures)
        self.words.value = f'<span role="status">{html.escape(self.sentence())}</span>'
        self.view.value = f'<div style="display: flex; gap: 8px">{row}</div>'


def saturations(root: Path, report: Report, index: int, factors=(0, 0.5, 1, 1.5, 2, 3)):
    """The same without a slider: a picture for each factor, the truth last (a show.Picture)."""
    _, y, prediction = report.answer([index])
    truth = truths(root, report, [index])
    guesses = torch.cat([float(f) * prediction for f in factors])  # (n, 2, H, W)
    pictures = [*coloured(truth * len(factors), guesses), np.asarray(truth[0])]
    query, side = report.photos.rows[index]["query"], 1.1 * SIDE / 100
    return show.grid(
        pictures,
        [*(f"× {f:g}" for f in factors), "truth"],
        columns=len(pictures),
        side=side,
        title=f"One photo ({query}), its chroma multiplied",
        alt=f"A photo of {query!r} with its guessed chroma multiplied by "
        f"{', '.join(f'{f:g}' for f in factors)}, from grey to garish; last, its true colours.",
    )
