"""Pictures, curves and tables for the notebooks, each with the words for those who cannot see it.

Every function returns an object that a notebook displays when it is the last thing in a cell (or
given to `display`), and that can be saved to a file with `.save(path)`.
"""

import base64
import html
import io
import math
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image, ImageDraw, ImageFont

from .common.errors import CourseError
from .common.files import printable
from .common.pictures import encoded, normalise, open_picture
from .common.unreadable import what_is_wrong

# As in Okabe and Ito's palette, but so dark that each has a contrast of 4.5 on white, and still
# told apart by colour-blind readers: tests/test_accessibility.py computes both. A line style or a
# marker goes with each.
BLUE, ORANGE, GREEN, PURPLE = "#0B3C8C", "#C44A00", "#217A50", "#AA5597"
STYLES = [(BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "^"), (PURPLE, ":", "D")]
TALLEST = 1.5  # height / width of a picture in a grid; a taller one is shown narrower
UNKNOWN = "–"  # in a table, where there is no number
PNG_LIMIT = 60_000  # bytes; a picture that takes more is stored as JPEG, to keep notebooks small


@dataclass(frozen=True)
class Picture:
    """An image for a notebook, with its alternative text."""

    image: Image.Image
    alt: str

    def _repr_mimebundle_(self, include=None, exclude=None):
        kind, data = self.encoded()
        kind = f"image/{kind.lower()}"
        # The alternative text goes where nbconvert reads it, and is the plain text for all others.
        return {kind: data, "text/plain": self.alt}, {kind: {"alt": self.alt}}

    def encoded(self) -> tuple[str, bytes]:
        """('PNG' or 'JPEG', the bytes of such a file), whichever keeps a notebook small."""
        png = encoded(self.image, "PNG", optimize=True)
        if len(png) <= PNG_LIMIT:
            return "PNG", png
        return "JPEG", encoded(self.image, "JPEG", quality=88)

    def save(self, path: str | Path) -> Path:
        """Write the image to a file and return its path."""
        self.image.save(path)
        return Path(path)


def data_address(
    picture: Picture | Image.Image | bytes, kind: str = "PNG", quality: int = 88
) -> str:
    """A picture as an address that holds it whole, for HTML: data:image/png;base64,...

    picture: an image; the bytes of a file of that kind; or a Picture, which chooses its own kind.
    """
    if isinstance(picture, Picture):
        kind, picture = picture.encoded()
    elif isinstance(picture, Image.Image):
        picture = encoded(picture, kind, optimize=kind == "PNG", quality=quality)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(picture).decode()}"


def as_html(image: Image.Image, caption: str, alt: str, width: str = "100%") -> str:
    """A picture as HTML, caption below, at most `width` wide."""
    address = data_address(image, "JPEG")  # ten times as fast as PNG: it is sent at every move
    return (
        f'<figure style="margin: 0; line-height: 1.3; max-width: {width}">'
        f'<img src="{address}" alt="{html.escape(alt)}" style="max-width: 100%">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def canvas(width: float, height: float, rows: int = 1, columns: int = 1, **how):
    """(a matplotlib figure of that many inches, its axes); how: as for Figure.subplots."""
    fig = Figure(figsize=(width, height), layout="constrained")
    return fig, fig.subplots(rows, columns, **how)


def figure(fig: Figure, alt: str) -> Picture:
    """A finished matplotlib figure as a Picture. A $ in a name is a $: no formulas but 10^n."""
    axes = [axis for ax in fig.axes for axis in (ax.xaxis, ax.yaxis) if axis.get_scale() == "log"]
    powers = {label for axis in axes for label in axis.get_ticklabels(which="both")}
    for text in fig.findobj(Text):
        text.set_parse_math(text in powers)
        if not text.get_text().isascii():  # half a letter, of a name that is no UTF-8
            text.set_text(text.get_text().encode(errors="replace").decode())
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=90, facecolor="white", bbox_inches="tight")
    return Picture(Image.open(buffer).convert("RGB"), alt)


def photo_or_reason(source, side: int = 512) -> tuple[Image.Image, str]:
    """(the picture, ""); or, where it cannot be read, (a grey square that says why, the reason).

    source: a file, or an image of Pillow, which may be decoded only now.
    """
    try:
        is_file = isinstance(source, (str, Path))
        return open_picture(source, side) if is_file else normalise(source), ""
    except Exception as error:  # hostile bytes: a decoder may raise anything
        path = Path(source if is_file else getattr(source, "filename", "") or "picture")
        why = f"{printable(path.name, '?')}: {what_is_wrong(error, path)}"
    square = Image.new("RGB", (side, side), "gainsboro")
    words, font = textwrap.fill(f"Not shown. {why}", 22), ImageFont.load_default(side / 14)
    ImageDraw.Draw(square).multiline_text((side / 16, side / 16), words, "black", font)
    return square, why


def as_array(picture) -> np.ndarray:
    """A path, PIL image, (H, W, 3) or (H, W) uint8 array as (H, W, 3) uint8."""
    if isinstance(picture, (str, Path)):
        picture = open_picture(picture, 512)
    elif isinstance(picture, Image.Image):
        picture = normalise(picture)
    picture = np.asarray(picture)
    return np.repeat(picture[..., None], 3, axis=-1) if picture.ndim == 2 else picture


def grid(
    pictures: Sequence, titles: Sequence[str] | None = None, columns: int = 6, *, title: str,
    alt: str, row_labels: Sequence[str] | None = None, side: float = 1.6,
) -> Picture:  # fmt: skip
    """Pictures side by side, row after row.

    pictures: paths, PIL images or uint8 arrays. titles: one above each. row_labels: one beside
    each row. side: inches a picture. What cannot be read is a grey square that says why.
    """
    read = [  # a picture that is read is normalised already
        photo_or_reason(p) if isinstance(p, (str, Path, Image.Image)) else (as_array(p), "")
        for p in pictures
    ]
    arrays = [np.asarray(picture) for picture, _ in read]
    alt += "".join(f" Not shown: {why}." for _, why in read if why)
    for i, array in enumerate(arrays, 1):
        if not array.size:
            size = " × ".join(map(str, array.shape[:2]))
            text = f"Picture {i} of this grid is empty: {size} pixels"
            raise CourseError(f"{text}. Is it cut out of a picture, beyond its edge?")
    shapes = [min(a.shape[0] / a.shape[1], TALLEST) for a in arrays] or [1.0]
    lines = max((t.count("\n") + 1 for t in titles), default=0) if titles else 0
    starts = range(0, len(shapes), columns)
    heights = [side * max(shapes[i : i + columns]) + 0.17 * lines for i in starts]
    size = side * columns, sum(heights) + 0.45
    fig, axes = canvas(*size, len(heights), columns, squeeze=False, height_ratios=heights)
    fig.suptitle(title, fontsize=11)
    for i, ax in enumerate(axes.flat):
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        if i < len(arrays):
            ax.imshow(arrays[i], interpolation="antialiased")
            if titles:
                ax.set_title(titles[i], fontsize=8, pad=3)
        if row_labels and i % columns == 0 and i // columns < len(row_labels):
            ax.set_ylabel(row_labels[i // columns], fontsize=9)
    return figure(fig, alt)


def histogram(
    values: Sequence[float], threshold: float | None = None, *, title: str, xlabel: str, alt: str,
    ylabel: str = "pictures", bins: int = 50, marks: Sequence[float] = (),
) -> Picture:  # fmt: skip
    """A histogram, with the threshold as a dashed, labelled line; marks are lines without label."""
    fig, ax = canvas(6.4, 2.6)
    ax.hist(np.asarray(values, dtype=float), bins=bins, color=BLUE)
    for mark in marks:
        ax.axvline(mark, color=ORANGE, linestyle="--")
    if threshold is not None:
        ax.axvline(threshold, color=ORANGE, linestyle="--", label=f"threshold {threshold:g}")
        ax.legend(fontsize=8)
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return figure(fig, alt)


def lines(
    curves: dict[str, tuple[Sequence[float], Sequence[float]]], *, title: str, xlabel: str,
    ylabel: str, alt: str, levels: dict[str, float] | None = None, log: bool = False,
) -> Picture:  # fmt: skip
    """Curves {name: (x, y)}, told apart by colour, line style and marker; levels are dotted."""
    fig, ax = canvas(6.4, 3.4)
    for i, (name, (x, y)) in enumerate(curves.items()):
        colour, style, marker = STYLES[i % len(STYLES)]
        ax.plot(x, y, style, color=colour, marker=marker, markersize=4, label=name)
    for name, level in (levels or {}).items():
        ax.axhline(level, color="0.35", linestyle=":", linewidth=1)
        place = {"xycoords": ("axes fraction", "data"), "va": "center"}
        ax.annotate(f" {name} {level:.3g}", (1, level), **place, fontsize=8)
    if log:
        ax.set_yscale("log")
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8)
    return figure(fig, alt)


def history(
    rows: Sequence[dict], levels: dict[str, float] | None = None, of: str = "photos"
) -> Picture:
    """Training and validation loss of a history; levels are the baselines' validation loss.

    of: what the network sees, in the legend: "scenes", say.
    """
    epochs = [row["epoch"] for row in rows]
    losses = [math.nan if row["loss"] is None else row["loss"] for row in rows]  # stopped early
    validation = [row["validation_loss"] for row in rows]
    curves = {f"training {of}": (epochs, losses), f"validation {of}": (epochs, validation)}
    title, ylabel = "Mean squared error while training", "MSE of ab / 110 (log scale)"
    alt = f"Two curves over {len(rows)} epochs. Training loss ends at {losses[-1]:.4f}, "
    alt += f"validation loss at {validation[-1]:.4f}."
    how = {"levels": levels, "log": True}
    return lines(curves, title=title, xlabel="epoch", ylabel=ylabel, alt=alt, **how)


@dataclass(frozen=True)
class Table:
    """A table for a notebook: HTML where it can be drawn, aligned text elsewhere."""

    rows: Sequence[Sequence]
    headers: Sequence[str]
    caption: str

    def __repr__(self) -> str:
        cells = [[str(c) for c in row] for row in (self.headers, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        pad = [str.rjust if right else str.ljust for right in self._numbers()]
        text = [
            "  ".join(p(c, w) for p, c, w in zip(pad, row, widths, strict=True)) for row in cells
        ]
        return "\n".join([self.caption, *(line.rstrip() for line in text)])

    def _numbers(self) -> list[bool]:
        """Which columns hold numbers, so that their digits belong below each other."""
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.headers)
        return [
            i > 0 and all(re.match(rf"[-+−]?\d|$|{UNKNOWN}$", str(cell)) for cell in column)
            for i, column in enumerate(columns)
        ]

    def _repr_html_(self) -> str:
        sides = ["" if right else ' style="text-align:left"' for right in self._numbers()]

        def row(cells, tags) -> str:
            parts = zip(tags, sides, cells, strict=True)
            made = (f"<{t}{side}>{html.escape(str(c))}</{t[:2]}>" for t, side, c in parts)
            return f"<tr>{''.join(made)}</tr>"

        head = row(self.headers, ['th scope="col"'] * len(sides))
        tags = ['th scope="row"'] + ["td"] * (len(sides) - 1)
        body = "".join(row(cells, tags) for cells in self.rows)
        caption = f"<caption>{html.escape(self.caption)}</caption>"
        return f"<table>{caption}<thead>{head}</thead><tbody>{body}</tbody></table>"


def table(rows: Sequence[Sequence], headers: Sequence[str], caption: str) -> Table:
    """A table with a header row; the first column names its row. Cells are shown as str().

    A number that is none, such as the explained chroma of a photo without chroma, is a dash.
    """
    for row in rows:
        if len(row) != len(headers):
            raise ValueError(f"The row {row!r} has {len(row)} cells for {len(headers)} headers.")
    known = [
        [row[0], *(UNKNOWN if re.fullmatch("nan ?%?", str(cell)) else cell for cell in row[1:])]
        for row in rows
    ]
    return Table(known, headers, caption)
