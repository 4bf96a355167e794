"""The notebook's board as HTML: headline, progress, chart, one sentence of help, photos.

No style colours text: it has the colour of the page, in light and in dark themes. Without script or
widget it is the same in JupyterLab, Notebook, Colab and VS Code, and readable on GitHub.
"""

import html

import numpy as np
from PIL import Image

from ...runs.view import Sample
from ...show import data_address
from . import chart
from .view import Moment

SHOWN = 112  # pixels on the screen, whatever the photo has: two photos fit beside each other
QUALITY = 70  # of a JPEG: three photos of 128 pixels, three times each, take about 45 kB
HELP = "Watch the solid line: the share of the colour explained in photos kept for validation."
STOP = "The square (■) in the toolbar stops the training; nothing is lost."


class Page:
    """One drawing of the board: HTML of about 60 kB with three photos of 128 pixels, and text."""

    def __init__(self, moment: Moment) -> None:
        self.text, self.html = moment.text(), as_html(moment)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def as_html(moment: Moment) -> str:
    """The board as HTML; every word from outside is escaped."""
    facts = moment.status()
    told = "".join(f"<span> · {html.escape(fact)}</span>" for fact in facts)
    drawing = data_address(chart.draw(moment), "PNG")
    stop = f" {STOP}" if moment.state == "training" else ""
    photos = map(_photo, moment.queries, moment.view.samples)
    return (
        '<div style="max-width: 1140px; line-height: 1.5; overflow-wrap: anywhere">'
        f"<div><strong><bdi>{html.escape(moment.name)}</bdi></strong>{told}</div>"
        f'<progress max="100" value="{facts[1].split()[0]}" aria-label="{facts[1]}" '
        f'style="width: 100%; max-width: {chart.WIDTH}px"></progress>'
        f"<div>{html.escape(moment.sentence)}</div>"
        '<div style="display: flex; flex-wrap: wrap; gap: 8px 24px; align-items: flex-start">'
        f'<div style="flex: 0 1 {chart.WIDTH}px; min-width: 300px">'
        f'<img src="{drawing}" width="{chart.WIDTH}" style="max-width: 100%; height: auto" '
        f'alt="{html.escape(chart.in_words(moment))}"/><div>{HELP}{stop}</div>'
        f"<div>{html.escape(f'{moment.scores()} {moment.levels()}')}</div></div>"
        f'<div style="flex: 1 1 300px">{"".join(photos)}</div></div></div>'
    )


def _photo(query: str, sample: Sample) -> str:
    """One photo three times; as wide as they are, so that they wrap like words."""
    versions = {
        "the photo without its colours": sample.grey,
        "as the network colours it now": sample.network,
        "the photo as it was taken": sample.truth,
    }
    images = " ".join(
        f'<img src="{data_address(_picture(pixels), "JPEG", QUALITY)}" width="{SHOWN}" '
        f'alt="{html.escape(f"{query}: {words}")}"/>'
        for words, pixels in versions.items()
    )
    return (
        '<figure style="display: inline-block; margin: 0 16px 6px 0"><figcaption><bdi>'
        f"{html.escape(query)}</bdi>: grey, network, truth</figcaption>{images}</figure>"
    )


def _picture(pixels: np.ndarray) -> Image.Image:
    """An array (h, w, 3) uint8 as a picture; a grey one without channels of colour."""
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    return picture.convert("L") if (pixels[..., :1] == pixels).all() else picture
