"""Where does it fail? The score of each query, how sure it is, and what could be known at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from .. import show
from . import Report

LEFT = -0.6  # explained chroma: a query that is far worse than its grey copy needs no room
FEWEST = 3  # photos from which on an interval says anything


@dataclass(frozen=True)
class Query:
    """How a colouriser did on the photos of one query."""

    name: str
    photos: int
    explained: float  # explained chroma, pooled over its photos
    low: float  # 95 % interval; nan where there are too few photos for one
    high: float
    hue: float  # share of the coloured pixels whose hue is right to 45 degrees; blind: a quarter
    colourfulness: float  # predicted / true
    optimum: float  # explained chroma of the best possible answer; nan where nobody knows


def by_query(report: Report, optimum: Report | None = None) -> list[Query]:
    """Every query of the report's photos, the best first."""
    names = np.array([row["query"] for row in report.photos.rows])
    return sorted(
        (_query(report, optimum, name, np.flatnonzero(names == name)) for name in set(names)),
        key=lambda q: (-q.explained, q.name),
    )


def _query(report: Report, optimum: Report | None, name: str, photos: np.ndarray) -> Query:
    few = len(photos) < FEWEST
    coloured = report.columns["coloured"][photos].sum()
    return Query(
        name=str(name),
        photos=len(photos),
        explained=report.value("explained", photos),
        **dict(
            zip(
                ("low", "high"),
                (np.nan, np.nan) if few else report.interval("explained", photos),
                strict=True,
            )
        ),
        hue=report.columns["right_hue"][photos].sum() / coloured if coloured else np.nan,
        colourfulness=report.value("colourfulness", photos),
        optimum=optimum.value("explained", photos) if optimum else np.nan,
    )


def dots(queries: list[Query], title: str = "Explained chroma by query") -> show.Picture:
    """A dot a query with its interval, the best on top; a hollow diamond is the optimum."""
    fig = Figure(figsize=(6.4, 0.8 + 0.19 * len(queries)), layout="constrained")
    ax = fig.subplots()
    heights = np.arange(len(queries))[::-1]
    for height, query in zip(heights, queries, strict=True):
        ax.plot([query.low, query.high], [height, height], color=show.BLUE, linewidth=1.2)
    value = [max(query.explained, LEFT) for query in queries]
    ax.plot(value, heights, "o", color=show.BLUE, markersize=5, label="network, 95 % interval")
    known = [query.optimum for query in queries]
    if not np.isnan(known).all():
        look = {"markerfacecolor": "none", "markersize": 5, "color": "0.2"}
        ax.plot(known, heights, "D", **look, label="optimum")
    ax.axvline(0, color="0.35", linestyle=":", linewidth=1)
    ax.set_yticks(heights, [f"{query.name} ({query.photos})" for query in queries], fontsize=8)
    ax.set(xlim=(LEFT - 0.05, 1.03), ylim=(-0.8, len(queries) - 0.2), title=title)
    ax.set_xlabel("explained chroma; 0 is the grey copy")
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(axis="x", alpha=0.3)
    ax.legend(fontsize=8, loc="upper left")
    told = ", ".join(f"{q.name} {q.explained:.0%}" for q in queries)
    return show.figure(fig, f"{title}, a dot and its interval each, from the best down: {told}.")


HEADERS = ["query", "photos", "explained chroma", "optimum", "hue right", "colourfulness"]


def table(queries: list[Query], ends: int = 5) -> show.Table:
    """The easiest and the hardest queries, with what went wrong."""
    shown = queries if len(queries) <= 2 * ends else [*queries[:ends], None, *queries[-ends:]]
    rows = [["…"] + [""] * 5 if query is None else _row(query) for query in shown]
    return show.table(rows, HEADERS, "The easiest and the hardest queries")


def _row(query: Query) -> list[str]:
    return [
        query.name,
        query.photos,
        f"{query.explained:.0%}",
        "not known" if np.isnan(query.optimum) else f"{query.optimum:.0%}",
        f"{query.hue:.0%}",
        f"{query.colourfulness:.2f}",
    ]


def against_optimum(queries: list[Query], names: int = 9) -> show.Picture:
    """The network's score against the best possible one, a dot a query: practice scenes only."""
    fig = Figure(figsize=(5.4, 4.6), layout="constrained")
    ax = fig.subplots()
    best = np.array([query.optimum for query in queries])
    score = np.array([max(query.explained, LEFT) for query in queries])
    ax.plot(
        [0, 1], [0, 1], color="0.35", linestyle="--", linewidth=1, label="nothing left to learn"
    )
    ax.plot(best, score, "o", color=show.BLUE, markersize=5, label="a query")
    for i in _telling(best, score, names):
        right = best[i] > 0.8
        place = {"xytext": (-5 if right else 5, 3), "textcoords": "offset points"}
        ax.annotate(
            queries[i].name,
            (best[i], score[i]),
            **place,
            fontsize=8,
            ha="right" if right else "left",
        )
    ax.set(xlabel="explained chroma of the optimum", ylabel="explained chroma of the network")
    ax.set_title("How much could be known, and how much it knows")
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8, loc="upper left")
    gap, order = best - score, np.argsort(best)
    hard = ", ".join(f"{queries[i].name} {best[i]:.0%}" for i in order[:3])
    behind = ", ".join(queries[i].name for i in np.argsort(-gap)[:3])
    return show.figure(
        fig,
        f"A dot a query: the optimum across, the network upward, all below the diagonal but for "
        f"chance. Lowest optimum: {hard}. Furthest behind it: {behind}.",
    )


def _telling(best: np.ndarray, score: np.ndarray, count: int) -> list[int]:
    """Which dots get a name: lowest optimum, furthest behind it, nearest to it."""
    third = count // 3
    gap = best - score
    chosen = [*np.argsort(best)[:third], *np.argsort(-gap)[:third], *np.argsort(gap)[:third]]
    return [int(i) for i in dict.fromkeys(chosen)]
