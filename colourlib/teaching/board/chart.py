"""The board's chart: explained chroma over epochs, training and validation, and the baselines."""

from functools import cache

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from PIL import Image

from ...common.words import percent
from ...show import BLUE, ORANGE
from .. import curves
from .view import Moment

WIDTH, HEIGHT = 640, 320  # pixels; dark on white, which can be read on a dark page, too
NAME = 12  # letters of a baseline's name; a longer one is whole in the words
NUMBERS = {"nbins": 6, "steps": [1, 2, 5, 10]}  # at an axis
LOOKS = {
    "validation": {"color": BLUE, "linestyle": "-", "linewidth": 2.5, "marker": "o"},
    "training": {"color": ORANGE, "linestyle": "--", "linewidth": 1.5},
}


@cache
def warm_up() -> None:
    """Draw something, because the first drawing in a process takes several times as long."""
    fig = Figure()
    canvas = FigureCanvasAgg(fig)
    curves.draw(fig.subplots(), [], {"name": 0.0})
    canvas.draw()


def draw(moment: Moment) -> Image.Image:
    """The chart with a palette of 64 colours, about 12 kB as PNG; made in about 40 ms."""
    fig = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100)
    canvas = FigureCanvasAgg(fig)
    ax = fig.add_axes((0.09, 0.15, 0.65, 0.75))  # a layout engine would double the time
    ax.set_title("Explained chroma", loc="left", fontsize=11)
    ax.grid(alpha=0.3)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    ax.locator_params(**NUMBERS)
    ax.set_xlabel("epochs")
    ax.set_xlim(0, end(moment))
    drawn = [
        curves.Curve(f"{name} {percent(points[-1, 1])}", *points.T, look)
        for name, look in LOOKS.items()
        if len(points := getattr(moment, name))
    ]
    levels = {f"{_cut(name)} {percent(level)}": level for name, level in moment.baselines.items()}
    curves.draw(ax, drawn, levels, size=10)
    canvas.draw()
    image = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba())
    return image.convert("RGB").quantize(64, Image.Quantize.FASTOCTREE)


def in_words(moment: Moment) -> str:
    """What the chart shows, for those who cannot see it."""
    return f"Chart of explained chroma over epochs. {moment.scores()} {moment.levels()}"


def end(moment: Moment) -> float:
    """The last epoch of the axis: while a run trains, one sees how much is still to come.

    It then is the end of a step, so that an estimate that wavers does not shake the chart.
    """
    if moment.state != "training":
        return moment.epochs or 1.0
    planned = moment.planned or moment.epochs or 1.0
    return MaxNLocator(**NUMBERS).tick_values(0, max(moment.epochs, 0.98 * planned))[-1]


def _cut(name: str) -> str:
    return name if len(name) <= NAME else f"{name[: NAME - 1]}…"
