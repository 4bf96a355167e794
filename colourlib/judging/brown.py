"""Why is it brown? How vivid guesses are beside the truth, and what it costs to make them more so.

Whoever minimises the squared error answers with the mean of what is possible, and the mean of many
colours is a pale brown. Three pictures of that, and the price of the simplest remedy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from torch import Tensor

from .. import show
from ..colour import lab_to_rgb, unscale_ab, unscale_L
from ..evaluate import colourfulness
from . import Report

CHROMA = np.linspace(0, 80, 41)  # Lab units: bins of the histogram
PLANE = np.linspace(-80, 80, 81)  # the same of a and b
FACTORS = (0.0, 0.5, 1.0, 1.5, 2.0)
VIVID = 30.0  # Lab units of chroma: from here on nobody would call a colour pale


def chroma(reports: dict[str, Report]) -> show.Picture:
    """Shares of pixels by chroma: the truth first, then what each of the reports answered."""
    counts = {name: _chroma_counts(ab) for name, ab in _answers(reports)}
    middles = (CHROMA[1:] + CHROMA[:-1]) / 2
    vivid = {name: hits[middles > VIVID].sum() / hits.sum() for name, hits in counts.items()}
    told = ", ".join(f"{name} {share:.0%}" for name, share in vivid.items())
    return show.lines(
        {name: (middles, 100 * hits / hits.sum()) for name, hits in counts.items()},
        title=f"Pixels with a chroma over {VIVID:.0f}: {told}",
        xlabel="chroma (Lab units): 0 is grey; beyond 80 counts as 80",
        ylabel="pixels (%)",
        alt=f"Curves of the share of pixels by chroma: {', '.join(counts)}. Of their pixels have a "
        f"chroma over {VIVID:.0f}: {told}.",
    )


def _answers(reports: dict[str, Report]) -> Iterator[tuple[str, Iterator[Tensor]]]:
    """The truth, then every report's answers: (name, batches of ab (B, 2, H, W), Lab units)."""
    photos = next(iter(reports.values())).photos
    parts = np.array_split(np.arange(len(photos)), range(20, len(photos), 20))
    yield "truth", (unscale_ab(photos.__getitems__(part.tolist())[1]) for part in parts)
    for name, report in reports.items():
        yield name, (unscale_ab(prediction) for _, _, prediction in report.batches())


def _chroma_counts(batches: Iterator[Tensor]) -> np.ndarray:
    """Pixels by chroma."""
    hits = np.zeros(len(CHROMA) - 1)
    for ab in batches:
        values = torch.hypot(*ab.unbind(1)).clamp(max=CHROMA[-1])
        hits += np.histogram(values.numpy(), CHROMA)[0]
    return hits


def plane(reports: dict[str, Report]) -> show.Picture:
    """The ab plane of the truth and of each report's answers: the darker, the more pixels."""
    maps = {name: _plane_counts(ab) for name, ab in _answers(reports)}
    fig = Figure(figsize=(0.4 + 2.6 * len(maps), 3.1), layout="constrained")
    axes = fig.subplots(1, len(maps), sharey=True, squeeze=False)[0]
    most = max(hits.max() for hits in maps.values())
    for ax, (name, hits) in zip(axes, maps.items(), strict=True):
        # Log counts in greys: what is rare can still be seen, and no colour has to be told apart.
        ax.pcolormesh(PLANE, PLANE, hits.T, cmap="Greys", norm=LogNorm(1, most), rasterized=True)
        ax.set(title=name, xlabel="a: green − / red +", aspect="equal")
        ax.axhline(0, color="0.5", linewidth=0.5)
        ax.axvline(0, color="0.5", linewidth=0.5)
    axes[0].set_ylabel("b: blue − / yellow +")
    fig.suptitle("Where the colours lie: the darker, the more pixels (log scale)", fontsize=11)
    spread = {name: _spread(hits) for name, hits in maps.items()}
    told = ", ".join(f"{name} {value:.0f}" for name, value in spread.items())
    return show.figure(
        fig, f"The ab plane side by side for {', '.join(maps)}. Root mean square chroma: {told}."
    )


def _plane_counts(batches: Iterator[Tensor]) -> np.ndarray:
    """(80, 80) pixels by a and b; what lies beyond the plane is counted at its border."""
    hits, edge = np.zeros((len(PLANE) - 1,) * 2), PLANE[-1] - 0.1
    for ab in batches:
        a, b = ab.clamp(-edge, edge).unbind(1)
        hits += np.histogram2d(a.flatten().numpy(), b.flatten().numpy(), (PLANE, PLANE))[0]
    return hits


def _spread(hits: np.ndarray) -> float:
    middles = (PLANE[1:] + PLANE[:-1]) / 2
    square = middles[:, None] ** 2 + middles[None] ** 2
    return float(np.sqrt((hits * square).sum() / hits.sum()))


# ------------------------------------------------------------------ the remedy and its price


@dataclass(frozen=True)
class Price:
    """Scores of a colouriser whose ab is multiplied by each factor."""

    factors: np.ndarray  # (n,)
    explained: np.ndarray  # (n,)
    colourfulness: np.ndarray  # (n,) predicted / true
    best: float  # the factor with the highest explained chroma


def price(report: Report, factors=FACTORS) -> Price:
    """What the factor does, on all photos of the report.

    Explained chroma needs no new prediction: with guess p and truth y the error of f p is
    f² Σp² - 2 f Σpy + Σy², a parabola in f with its lowest point at Σpy / Σp².
    """
    factors = np.asarray(factors, dtype=float)
    pp = py = yy = true = 0.0
    vivid = np.zeros(len(factors))
    for x, y, p in report.batches():
        pp, py = pp + p.square().sum().item(), py + (p * y).sum().item()
        yy += y.square().sum().item()
        L = unscale_L(x)
        true += colourfulness(lab_to_rgb(L, unscale_ab(y))).sum().item()
        guesses = [colourfulness(lab_to_rgb(L, unscale_ab(float(f) * p))) for f in factors]
        vivid += [guess.sum().item() for guess in guesses]
    explained = (2 * factors * py - factors**2 * pp) / yy if yy else np.full(len(factors), np.nan)
    ratio = vivid / true if true else np.full(len(factors), np.nan)
    return Price(factors, explained, ratio, py / pp if pp else 1.0)


def draw_price(one: Price) -> show.Picture:
    """Explained chroma and colourfulness over the factor, one above the other."""
    fig = Figure(figsize=(6.4, 4.2), layout="constrained")
    upper, lower = fig.subplots(2, 1, sharex=True)
    parabola = np.poly1d(np.polyfit(one.factors, one.explained, 2))
    between = np.linspace(one.factors[0], one.factors[-1], 81)
    upper.plot(between, parabola(between), color=show.BLUE)
    upper.plot(one.factors, one.explained, "o", color=show.BLUE, markersize=4)
    upper.axvline(one.best, color=show.ORANGE, linestyle="--")
    upper.annotate(f" highest at {one.best:.2f}", (one.best, one.explained.min()), fontsize=8)
    upper.set(ylabel="explained chroma", title="More vivid, and less right")
    upper.yaxis.set_major_formatter("{x:.0%}")
    lower.plot(one.factors, one.colourfulness, "-s", color=show.BLUE, markersize=4)
    lower.axhline(1, color="0.35", linestyle=":")
    lower.annotate("as colourful as the truth", (0, 1), fontsize=8, va="bottom")
    lower.set(ylabel="colourfulness,\npredicted / true", xlabel="factor by which ab is multiplied")
    lower.margins(y=0.15)
    for ax in (upper, lower):
        ax.grid(alpha=0.3)
    told = "; ".join(
        f"factor {f:g}: {e:.1%} and {c:.2f}"
        for f, e, c in zip(one.factors, one.explained, one.colourfulness, strict=True)
    )
    return show.figure(
        fig,
        f"Explained chroma and colourfulness over the factor on ab. {told}. The first is "
        f"highest at {one.best:.2f}.",
    )
