"""The notebook's board as HTML: headline, progress, chart, one sentence of help, photos.

Styles stand in the elements and none colours text: it has the colour of the page, in light and dark
themes. No script and no widget: the same in JupyterLab, Notebook, Colab and VS Code, and readable
on GitHub.
"""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ...common.files import printable
from ...runs.view import Sample, View
from . import chart
from . import view as words

SHOWN = 112  # pixels on the screen, whatever the photo has: two photos fit beside each other
QUALITY = 70  # of a JPEG: three photos of 128 pixels, three times each, take about 45 kB
HELP = "Read the solid line: the share of the colour explained in photos kept from the network."
STOP = "The square (■) in the toolbar stops the training; nothing is lost."


@dataclass(frozen=True)
class Page:
    """One drawing of the board. kept: the last one, in the form that stays readable in a file."""

    view: View
    kept: bool = False

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": as_html(self.view, self.kept), "text/plain": words.as_text(self.view)}

    def __repr__(self) -> str:
        return words.as_text(self.view)


def as_html(view: View, kept: bool = False) -> str:
    """The board as HTML, about 50 kB with three photos of 128 pixels."""
    drawing = chart.as_image(view) if kept else chart.inline(view)
    return (
        '<div style="max-width: 1140px; line-height: 1.5; overflow-wrap: anywhere">'
        f"{_head(view)}"
        '<div style="display: flex; flex-wrap: wrap; gap: 8px 24px; align-items: flex-start">'
        f'<div style="flex: 0 1 {chart.WIDTH}px; min-width: 300px">{drawing}{_help(view)}</div>'
        f'<div style="flex: 1 1 300px">{_photos(view.samples)}</div>'
        "</div></div>"
    )


def _head(view: View) -> str:
    facts = words.status(view)
    done = facts[1].split()[0]
    pieces = "".join(f"<span> · {_said(fact)}</span>" for fact in facts)
    return (
        f"<div><strong><bdi>{_said(view.name)}</bdi></strong>{pieces}</div>"
        f'<progress max="100" value="{done}" aria-label="{_said(facts[1])}" '
        f'style="width: 100%; max-width: {chart.WIDTH}px; accent-color: {chart.BLUE}"></progress>'
        f"<div>{_said(view.sentence)}</div>"
    )


def _help(view: View) -> str:
    stop = f" {STOP}" if view.state == "training" else ""
    return (
        f"<div>{HELP}{stop}</div><div>{_said(words.scores(view))} {_said(words.levels(view))}</div>"
    )


def _photos(samples: list[Sample]) -> str:
    return "".join(_photo(sample) for sample in samples)


def _photo(sample: Sample) -> str:
    """One photo three times; as wide as they are, so that they wrap like words."""
    query = printable(sample.query)
    versions = {
        f"{query}: the photo without its colours": sample.grey,
        f"{query}: as the network colours it now": sample.network,
        f"{query}: the photo as it was taken": sample.truth,
    }
    images = " ".join(_image(pixels, alt) for alt, pixels in versions.items())
    caption = f"<bdi>{_said(query)}</bdi>: grey, network, truth"
    return (
        '<figure style="display: inline-block; margin: 0 16px 6px 0">'
        f"<figcaption>{caption}</figcaption>{images}</figure>"
    )


def _image(pixels: np.ndarray, alt: str) -> str:
    """An array (h, w, 3) uint8 as <img>, a JPEG inside the page."""
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if (pixels[..., :1] == pixels).all():
        picture = picture.convert("L")  # a grey photo needs no colour channels
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img src="data:image/jpeg;base64,{data}" width="{SHOWN}" alt="{html.escape(alt)}">'


def _said(text: str) -> str:
    return html.escape(printable(text))
