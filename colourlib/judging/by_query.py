"""Where does it fail? The score of each query, how sure it is, and what could be known at all."""

from typing import NamedTuple

import numpy as np

from .. import show
from . import Report

LEFT = -0.6  # explained chroma: a query that is far worse than its grey copy needs no room
FEWEST = 3  # photos: with fewer, an interval says nothing


class Query(NamedTuple):
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
    found = []
    for name in sorted(set(names)):
        photos = np.flatnonzero(names == name)
        explained = report.value("explained", photos)
        few = len(photos) < FEWEST
        interval = (np.nan, np.nan) if few else report.interval("explained", photos)
        coloured, right = (report.columns[c][photos].sum() for c in ("coloured", "right_hue"))
        hue = right / coloured if coloured else np.nan
        vivid = report.value("colourfulness", photos)
        best = optimum.value("explained", photos) if optimum else np.nan
        found.append(Query(str(name), len(photos), explained, *interval, hue, vivid, best))
    return sorted(found, key=lambda query: -query.explained)


def dots(queries: list[Query], title: str = "Explained chroma by query") -> show.Picture:
    """A dot for each query with its interval, the best on top; a hollow diamond is the optimum."""
    fig, ax = show.canvas(6.4, 0.8 + 0.19 * len(queries))
    heights = np.arange(len(queries))[::-1]
    ax.hlines(heights, *zip(*((q.low, q.high) for q in queries), strict=True), show.BLUE, lw=1.2)
    value = [max(query.explained, LEFT) for query in queries]
    ax.plot(value, heights, "o", color=show.BLUE, markersize=5, label="network, 95 % interval")
    known = [query.optimum for query in queries]
    if not np.isnan(known).all():
        ax.plot(known, heights, "D", mfc="none", markersize=5, color="0.2", label="optimum")
    ax.axvline(0, color="0.35", linestyle=":", linewidth=1)
    ax.set_yticks(heights, [f"{query.name} ({query.photos})" for query in queries], fontsize=8)
    ax.set(xlim=(LEFT - 0.05, 1.03), ylim=(-0.8, len(queries) - 0.2), title=title)
    ax.set_xlabel("explained chroma; 0 is the grey copy")
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(axis="x", alpha=0.3)
    ax.legend(fontsize=8, loc="upper left")
    told = ", ".join(f"{q.name} {q.explained:.0%}" for q in queries)
    return show.figure(fig, f"{title}, a dot and its interval each, from the best down: {told}.")


def table(queries: list[Query], ends: int = 5) -> show.Table:
    """The easiest and the hardest queries, with what went wrong."""
    rows = []
    for q in queries:
        shares = (f"{share:.0%}" for share in (q.explained, q.optimum, q.hue))
        rows.append([q.name, q.photos, *shares, f"{q.colourfulness:.2f}"])
    if len(rows) > 2 * ends:
        rows[ends:-ends] = [["…"] + [""] * 5]
    headers = ["query", "photos", "explained chroma", "optimum", "hue right", "colourfulness"]
    return show.table(rows, headers, "The easiest and the hardest queries")


def against_optimum(queries: list[Query], names: int = 9) -> show.Picture:
    """The network's score against the best possible one, for each query of practice scenes."""
    best = np.array([query.optimum for query in queries])
    score = np.array([max(query.explained, LEFT) for query in queries])
    lowest, behind = np.argsort(best), np.argsort(score - best)
    third = names // 3  # lowest optimum, furthest behind it, nearest to it
    named = {*lowest[:third], *behind[:third], *behind[::-1][:third]}
    hard = ", ".join(f"{queries[i].name} {best[i]:.0%}" for i in lowest[:3])
    far = ", ".join(queries[i].name for i in behind[:3])
    alt = "A dot for each query: the optimum across, the network upward, all below the diagonal but"
    alt += f" for chance. Lowest optimum: {hard}. Furthest behind it: {far}."
    return against(
        best, score, {i: queries[i].name for i in named}, 1, "a query", "nothing left to learn",
        alt, "{x:.0%}", title="How much could be known, and how much it knows",
        xlabel="explained chroma of the optimum", ylabel="explained chroma of the network",
    )  # fmt: skip


def against(
    x, y, names: dict[int, str], top: float, dots: str, line: str, alt: str, form: str = "{x:g}",
    **axes: str,
) -> show.Picture:  # fmt: skip
    """Dots, some of them named, and the diagonal up to `top`; form: of the numbers on both axes."""
    fig, ax = show.canvas(5.8, 4.5)
    ax.plot([0, top], [0, top], color="0.35", linestyle="--", linewidth=1, label=line)
    ax.plot(x, y, "o", color=show.BLUE, markersize=5, label=dots)
    for i, name in names.items():
        left = x[i] > 0.8 * top  # of the dot, where there is no room to its right
        place = {"xytext": (-5 if left else 5, 3), "ha": "right" if left else "left"}
        ax.annotate(name, (x[i], y[i]), **place, textcoords="offset points", fontsize=8)
    ax.set(**axes)
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8, loc="upper left")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(form)
    return show.figure(fig, alt)
