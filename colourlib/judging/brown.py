"""Why is it brown? How vivid guesses are beside the truth, and what it costs to make them more so.

A network that minimises the squared error answers with the mean of what is possible, and the mean
of many colours is a pale brown. Two pictures of that, and the price of the simplest remedy.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from matplotlib.colors import LogNorm

from .. import show
from ..colour import lab_to_rgb, unscale_ab, unscale_L
from ..evaluate import colourfulness
from . import Report

CHROMA = np.linspace(0, 80, 41)  # Lab units: bins of the histogram
PLANE = np.linspace(-80, 80, 81)  # the same for a and b
FACTORS = (0.0, 0.5, 1.0, 1.5, 2.0)
VIVID = 30.0  # Lab units of chroma: from here on nobody would call a colour pale


def _counts(reports: dict[str, Report], count: Callable[..., np.ndarray]) -> dict[str, np.ndarray]:
    """Hits by name: the truth first, then what each report answered. count: (2, n) ab -> hits."""
    truth = Report("truth", next(iter(reports.values())).photos, lambda i, x, y: y, {})
    return {
        name: sum(count(unscale_ab(p).movedim(1, 0).flatten(1).numpy()) for *_, p in one.batches())
        for name, one in ({"truth": truth} | reports).items()
    }


def chroma(reports: dict[str, Report]) -> show.Picture:
    """Shares of pixels by chroma: the truth first, then what each of the reports answered."""
    counts = _counts(reports, lambda ab: np.histogram(np.hypot(*ab).clip(0, CHROMA[-1]), CHROMA)[0])
    middles = (CHROMA[1:] + CHROMA[:-1]) / 2
    shares = {name: hits / hits.sum() for name, hits in counts.items()}
    told = ", ".join(f"{name} {hits[middles > VIVID].sum():.0%}" for name, hits in shares.items())
    curves = {name: (middles, 100 * hits) for name, hits in shares.items()}
    title = f"Pixels with a chroma over {VIVID:.0f}: {told}"
    xlabel = "chroma (Lab units): 0 is grey; beyond 80 counts as 80"
    alt = f"Curves of the share of pixels by chroma: {', '.join(counts)}. {title}."
    return show.lines(curves, title=title, xlabel=xlabel, ylabel="pixels (%)", alt=alt)


def plane(reports: dict[str, Report]) -> show.Picture:
    """The ab plane of the truth and of each report's answers: the darker, the more pixels."""
    edge = PLANE[-1] - 0.1  # what lies beyond the plane is counted at its border
    maps = _counts(reports, lambda ab: np.histogram2d(*ab.clip(-edge, edge), (PLANE, PLANE))[0])
    fig, axes = planes(maps, 2.6, 3.1)
    most = max(hits.max() for hits in maps.values())
    for ax, hits in zip(axes, maps.values(), strict=True):
        # Log counts in greys: what is rare can still be seen, and no colour has to be told apart.
        ax.pcolormesh(PLANE, PLANE, hits.T, cmap="Greys", norm=LogNorm(1, most), rasterized=True)
        ax.axhline(0, color="0.5", linewidth=0.5)
        ax.axvline(0, color="0.5", linewidth=0.5)
    fig.suptitle("Where the colours lie: the darker, the more pixels (log scale)", fontsize=11)
    square = ((PLANE[1:] + PLANE[:-1]) / 2) ** 2
    square = square[:, None] + square
    told = ", ".join(f"{k} {np.sqrt(np.average(square, weights=v)):.0f}" for k, v in maps.items())
    alt = f"The ab plane side by side for {', '.join(maps)}. Root mean square chroma: {told}."
    return show.figure(fig, alt)


def planes(names: Iterable[str], width: float, height: float):
    """(a figure, its axes): a plane of ab for each name, side by side; inches of each."""
    names = list(names)
    size = 0.4 + width * len(names), height
    fig, (axes,) = show.canvas(*size, 1, len(names), sharex=True, sharey=True, squeeze=False)
    for ax, name in zip(axes, names, strict=True):
        ax.set(title=name, xlabel="a: green − / red +", aspect="equal")
    axes[0].set_ylabel("b: blue − / yellow +")
    return fig, axes


class Price(NamedTuple):
    """Scores of a colouriser whose ab is multiplied by each factor."""

    factors: np.ndarray  # (n,)
    explained: np.ndarray  # (n,)
    colourfulness: np.ndarray  # (n,) predicted / true
    best: float  # the factor with the highest explained chroma


def price(report: Report, factors=FACTORS, batches: Iterable | None = None) -> Price:
    """What the factor does, on all photos of the report, or on `batches` of (x, y, prediction).

    Explained chroma needs no new prediction: with guess p and truth y the error of f p is
    f² Σp² - 2 f Σpy + Σy², a parabola in f with its lowest point at Σpy / Σp².
    """
    factors = np.asarray(factors, dtype=float)
    sums = np.zeros(3)  # Σp², Σpy, Σy²
    true, vivid = 0.0, np.zeros(len(factors))
    for x, y, p in report.batches() if batches is None else batches:
        sums += [pair.sum().item() for pair in (p * p, p * y, y * y)]
        L = unscale_L(x)
        true += colourfulness(lab_to_rgb(L, unscale_ab(y))).sum().item()
        guesses = (lab_to_rgb(L, unscale_ab(float(f) * p)) for f in factors)
        vivid += [colourfulness(guess).sum().item() for guess in guesses]
    pp, py, yy = sums
    explained = (2 * factors * py - factors**2 * pp) / max(yy, 1e-6) + 0.0  # never "-0%"
    return Price(factors, explained, vivid / max(true, 1e-3), float(py / pp) if pp else 1.0)


def draw_price(one: Price) -> show.Picture:
    """Explained chroma and colourfulness over the factor, one above the other."""
    fig, (upper, lower) = show.canvas(6.4, 4.2, 2, sharex=True)
    parabola = np.poly1d(np.polyfit(one.factors, one.explained, 2))
    between = np.linspace(one.factors[0], one.factors[-1], 81)
    upper.plot(between, parabola(between), color=show.BLUE)
    for ax, values, kind in ((upper, one.explained, "o"), (lower, one.colourfulness, "-s")):
        ax.plot(one.factors, values, kind, color=show.BLUE, markersize=4)
        ax.grid(alpha=0.3)
    upper.axvline(one.best, color=show.ORANGE, linestyle="--")
    upper.annotate(f" highest at {one.best:.2f}", (one.best, one.explained.min()), fontsize=8)
    upper.set(ylabel="explained chroma", title="More vivid, and less right")
    upper.yaxis.set_major_formatter("{x:.0%}")
    lower.axhline(1, color="0.35", linestyle=":")
    lower.annotate("as colourful as the truth", (0, 1), fontsize=8, va="bottom")
    lower.set(ylabel="colourfulness,\npredicted / true", xlabel="factor by which ab is multiplied")
    lower.margins(y=0.15)
    rows = zip(*one[:3], strict=True)
    told = "; ".join(f"factor {f:g}: {e:.1%} and {c:.2f}" for f, e, c in rows)
    alt = f"Explained chroma and colourfulness over the factor on ab. {told}."
    return show.figure(fig, f"{alt} The first is highest at {one.best:.2f}.")
