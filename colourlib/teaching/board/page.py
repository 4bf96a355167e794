"""What a board shows of a run at one moment: words for a terminal, a page for a notebook.

Every number is made once, in Moment, so that the chart's names, its alternative text and the lines
in a terminal cannot contradict one another. In HTML no style colours text: it has the colour of the
page, in light and in dark themes. Without script or widget it is the same in JupyterLab, Notebook,
Colab and VS Code, and readable on GitHub.
"""

import html
import math
from collections.abc import Iterable
from functools import cache

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from PIL import Image

from ...common.files import printable
from ...common.words import duration, percent
from ...runs.view import Sample, View
from ...show import BLUE, ORANGE, data_address
from .. import curves

POINTS = 200  # of the training curve; a chart has about as many pixels
WIDTH, HEIGHT = 640, 320  # pixels of the chart; dark on white, readable on a dark page, too
NAME = 12  # letters of a baseline's name in the chart; a longer one is whole in the words
NUMBERS = {"nbins": 6, "steps": [1, 2, 5, 10]}  # at an axis
LOOKS = {
    "validation": {"color": BLUE, "linestyle": "-", "linewidth": 2.5, "marker": "o"},
    "training": {"color": ORANGE, "linestyle": "--", "linewidth": 1.5},
}
SHOWN = 112  # pixels on the screen, whatever the photo has: two photos fit beside each other
QUALITY = 70  # of a JPEG: three photos of 128 pixels, three times each, take about 45 kB
HELP = "Watch the solid line: the share of the colour explained in photos kept for validation."
STOP = "The square (■) in the toolbar stops the training; nothing is lost."


class Moment:
    """A View in words and curves, without anything that is not a finite number."""

    def __init__(self, view: View) -> None:
        self.view = view
        said = view.name, view.state, view.sentence
        self.name, self.state, self.sentence = map(printable, said)
        self.queries = [printable(sample.query) for sample in view.samples]
        known = {printable(k): v for k, v in view.levels.items() if _known(v) is not None}
        self.baselines = dict(sorted(known.items(), key=lambda item: item[1]))  # lowest first
        judged = _finite((row["epoch"], row["explained_chroma"]) for row in view.history)
        # (n, 2) each: epochs done, explained chroma
        self.curves = {"validation": judged, "training": _training_curve(view)}
        ends = [points[-1, 0] for points in self.curves.values() if len(points)]
        self.epochs, self.planned = max(ends, default=0.0), _known(view.end)
        self.done = math.floor(100 * min(max(_known(view.progress) or 0, 0), 1) + 1e-6)  # %
        rate, left = _known(view.rate) or 0.0, _known(view.left)
        self.rate = f"{rate:.{0 if rate >= 10 else 1}f} photos a second"
        self.left = "time left not known yet" if left is None else f"about {duration(left)} left"
        told = (f"{name} {percent(level)}" for name, level in self.baselines.items())
        self.levels = ", ".join(told)

    def status(self) -> list[str]:
        """How far the run is: ['training', '42 % done', '25 s so far', ...]."""
        taken, trains = duration(_known(self.view.seconds) or 0), self.state == "training"
        times = [f"{taken} so far", self.left] if trains else [f"{taken} of training"]
        return [self.state, f"{self.done} % done", *times, self.rate]

    def explained(self) -> list[str]:
        """Explained chroma in two sentences: newest and best of the run, and the baselines."""
        judged, trained = self.curves.values()
        parts = ["validation not measured yet"]
        if len(judged):
            (epoch, newest), (best_epoch, best) = judged[-1], max(judged, key=lambda row: row[1])
            parts = [f"validation {percent(newest)} at epoch {epoch:g}"]
            parts += [f"at best {percent(best)} at epoch {best_epoch:g}"]
        parts += [f"training {percent(share)} at epoch {at:.1f}" for at, share in trained[-1:]]
        baselines = f"Baselines: {self.levels or 'not measured'}."
        return [f"Explained chroma: {', '.join(parts)}.", baselines]

    def text(self) -> str:
        """The whole board in a few lines."""
        lines = [f"{self.name}: {', '.join(self.status())}", self.sentence, *self.explained()]
        if self.queries:
            lines += [f"Validation photos (grey, network, truth): {', '.join(self.queries)}."]
        return "\n".join(line for line in lines if line.strip())

    def line(self) -> str:
        """The moment in one line, for a terminal or a log."""
        loss = "no loss yet"
        for epoch, value in _finite(self.view.losses[-1:]):
            loss = f"epoch {epoch:.1f}, loss {value:.4f}"
        newest = {name: points[-1, 1] for name, points in self.curves.items() if len(points)}
        explained = ", ".join(f"{name} {percent(share)}" for name, share in newest.items())
        explained = f"explained chroma: {explained or 'not measured yet'}"
        explained += f" ({self.levels})" if self.levels else ""
        last = self.left if self.state == "training" else self.state
        return " | ".join([self.name, loss, explained, self.rate, last])


def _training_curve(view: View) -> np.ndarray:
    """(n, 2), each a mean but for the last: that is the number in the words.

    The loss of the grey copy on what is trained on counts: crops are less or more colourful.
    """
    grey = _known(view.grey_loss) or 0.0
    if grey <= 0:
        return np.empty((0, 2))
    points = _finite(view.losses)
    points[:, 1] = 1 - points[:, 1] / (view.training_grey_loss or grey)
    groups = np.array_split(points, max(1, min(POINTS, len(points))))
    return np.array([*(group.mean(axis=0) for group in groups[:-1]), *points[-1:]]).reshape(-1, 2)


def _finite(points: Iterable[tuple]) -> np.ndarray:
    """(n, 2), without the points that are not finite."""
    points = np.array(list(points), dtype=float).reshape(-1, 2)  # None becomes NaN
    return points[np.isfinite(points).all(axis=1)]


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def as_html(moment: Moment) -> str:
    """The board: about 60 kB with three photos. Every word from outside is escaped."""
    facts, explained = moment.status(), html.escape(" ".join(moment.explained()))
    told = "".join(f"<span> · {html.escape(fact)}</span>" for fact in facts)
    stop = f" {STOP}" if moment.state == "training" else ""
    photos = map(_photo, moment.queries, moment.view.samples)
    return (
        '<div style="max-width: 1140px; line-height: 1.5; overflow-wrap: anywhere">'
        f"<div><strong><bdi>{html.escape(moment.name)}</bdi></strong>{told}</div>"
        f'<progress max="100" value="{moment.done}" aria-label="{facts[1]}" '
        f'style="width: 100%; max-width: {WIDTH}px"></progress>'
        f"<div>{html.escape(moment.sentence)}</div>"
        '<div style="display: flex; flex-wrap: wrap; gap: 8px 24px; align-items: flex-start">'
        f'<div style="flex: 0 1 {WIDTH}px; min-width: 300px">'
        f'<img src="{data_address(chart(moment))}" width="{WIDTH}" '
        'style="max-width: 100%; height: auto" '
        f'alt="Chart of explained chroma over epochs. {explained}"/>'
        f"<div>{HELP}{stop}</div><div>{explained}</div></div>"
        f'<div style="flex: 1 1 300px">{"".join(photos)}</div></div></div>'
    )


def _photo(query: str, sample: Sample) -> str:
    """One photo three times; as wide as they are, so that they wrap like words."""
    query, images = html.escape(query), []
    for words, pixels in (
        ("the photo without its colours", sample.grey),
        ("as the network colours it now", sample.network),
        ("the photo as it was taken", sample.truth),
    ):
        picture = Image.fromarray(np.ascontiguousarray(pixels))
        if (pixels[..., :1] == pixels).all():
            picture = picture.convert("L")  # which takes less
        address = data_address(picture, "JPEG", QUALITY)
        images.append(f'<img src="{address}" width="{SHOWN}" alt="{query}: {words}"/>')
    return (
        '<figure style="display: inline-block; margin: 0 16px 6px 0"><figcaption><bdi>'
        f"{query}</bdi>: grey, network, truth</figcaption>{' '.join(images)}</figure>"
    )


@cache
def warm_up() -> None:
    """Draw something, because the first drawing in a process takes several times as long."""
    fig = Figure()
    canvas = FigureCanvasAgg(fig)
    curves.draw(fig.subplots(), {}, {"name": 0.0})
    canvas.draw()


def chart(moment: Moment) -> Image.Image:
    """The chart with a palette of 64 colours, about 12 kB as PNG; made in about 40 ms."""
    fig = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100)
    canvas = FigureCanvasAgg(fig)
    ax = fig.add_axes((0.09, 0.15, 0.65, 0.75))  # a layout engine would double the time
    ax.set_title("Explained chroma", loc="left", fontsize=11)
    ax.grid(alpha=0.3)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    ax.locator_params(**NUMBERS)
    ax.set_xlabel("epochs")
    end = moment.epochs or 1.0
    if moment.state == "training":
        # What is still to come is seen, too; to a whole step, because the estimate wavers.
        about = max(moment.epochs, 0.98 * (moment.planned or end))
        end = MaxNLocator(**NUMBERS).tick_values(0, about)[-1]
    ax.set_xlim(0, end)
    drawn = {
        f"{name} {percent(points[-1, 1])}": (*points.T, LOOKS[name])
        for name, points in moment.curves.items()
        if len(points)
    }
    levels = {}
    for name, level in moment.baselines.items():
        short = name if len(name) <= NAME else f"{name[: NAME - 1]}…"
        levels[f"{short} {percent(level)}"] = level
    curves.draw(ax, drawn, levels, size=10)
    canvas.draw()
    image = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba())
    return image.convert("RGB").quantize(64, Image.Quantize.FASTOCTREE)
