"""Where does it fail? The score of each query, how sure it is, and what could be known at all."""

from collections.abc import Sequence

import numpy as np

from .. import show

LEFT = -0.6  # explained chroma: a query that is far worse than its grey copy needs no room
Row = tuple[str, float, float, float, float]  # query, explained chroma, low, high, optimum or nan


def dots(rows: Sequence[Row], ends: int = 6) -> show.Picture:
    """The best and the worst queries, a dot with its interval each; a diamond is the optimum.

    ends: how many of the best and of the worst; all where there are no more than twice as many.
    """
    rows = sorted(rows, key=lambda row: row[1])  # the worst first: at the bottom
    cut = len(rows) > 2 * ends
    shown = rows[:ends] + rows[-ends:] if cut else rows
    heights = np.arange(len(shown)) + np.where(cut & (np.arange(len(shown)) >= ends), 0.8, 0)
    names, *columns = zip(*shown, strict=True)
    value, low, high, best = (np.maximum(np.array(c, float), LEFT) for c in columns)
    fig, ax = show.canvas(6.8, 1.4 + 0.28 * len(shown))
    ax.hlines(heights, low, high, show.BLUE, lw=2, alpha=0.5, label="95 % interval")
    ax.plot(value, heights, "o", color=show.BLUE, markersize=7, label="network")
    if not np.isnan(best).all():
        ax.plot(best, heights, "D", mfc="none", markersize=7, color=show.ORANGE, label="optimum")
    ax.axvline(0, color="0.35", linestyle=":", linewidth=1)
    if cut:
        left_out = f"{len(rows) - 2 * ends} queries between"
        ax.text(LEFT, ends - 0.1, left_out, fontsize=8, style="italic", va="center")
    ax.set_yticks(heights, names)
    ax.set(xlim=(LEFT - 0.05, 1.03), xlabel="explained chroma; 0 is the grey copy")
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(axis="x", alpha=0.3)
    fig.suptitle("The best and the worst queries", fontsize=11)
    fig.legend(*ax.get_legend_handles_labels(), fontsize=9, ncols=3, loc="outside lower center")
    told = ", ".join(
        f"{name} {score:.0%}" + ("" if np.isnan(known) else f" of {known:.0%}")
        for name, score, *_, known in shown[::-1]
    )
    return show.figure(
        fig,
        "A dot with its interval for each query, from the best down, with its explained chroma and "
        f"the optimum where that is known: {told}.",
    )
