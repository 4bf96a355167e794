"""Curves of explained chroma with their names at their ends: the board's and those of comparisons.

Nothing is said by colour alone: curves differ in line style, width and marker as well, and a name
with its number stands at the end of every line.
"""

from itertools import pairwise

import numpy as np

WORST, HIGHEST = -0.2, 0.2  # explained chroma: the axis ends no lower, and no lower than that
DOTTED = [(0, (1, 3)), (0, (4, 3)), (0, (8, 3)), (0, (8, 2, 1, 2))]  # levels, in the order given


def draw(ax, curves: dict[str, tuple], levels: dict[str, float], size: float = 8) -> None:
    """Draw curves, and levels as lines from side to side; names of `size` points go to the right.

    Each has a leader from where its line ends. What is far worse than the grey copy gets no room:
    markers below the chart become triangles on its edge. curves: name -> (x, explained chroma, what
    matplotlib's plot takes for its look). levels: name -> explained chroma.
    """
    values = np.concatenate([[0.0], *(y for _, y, _ in curves.values()), list(levels.values())])
    low, high = max(values.min(), WORST), max(values.max(), HIGHEST)
    room = 0.06 * (high - low)
    ax.set_ylim(low - room, high + room)
    ends = []  # (x, y, name, look); without x at the right border
    for name, (x, y, look) in curves.items():
        x, y = np.asarray(x), np.maximum(y, low - 1)
        every = max(1, -(-len(x) // 12))  # counted from the end, so that it has its marker
        ax.plot(x, y, **look, markevery=((len(x) - 1) % every, every))
        marked = x[::-1][::every][y[::-1][::every] < low - room] if "marker" in look else []
        if len(marked):
            ax.plot(marked, [low - room] * len(marked), "v", color=look["color"], clip_on=False)
            ax.set_xlabel(f"{ax.get_xlabel().split(' (')[0]} (▼: below the chart)")
        ends.append((x[-1], max(y[-1], low), name, look))
    for i, (name, level) in enumerate(levels.items()):
        look = {"color": "0.35", "linestyle": DOTTED[i % len(DOTTED)]}
        ax.axhline(level, **look, linewidth=1)
        ends.append((None, max(level, low), name, look))
    margin = ax.get_yaxis_transform()  # x as a share of the width, y as data
    heights = apart_by(1.15 * room * size / 8, [y for _, y, _, _ in ends])
    for (x, y, name, look), height in zip(ends, heights, strict=True):
        start, where = ((1, y), margin) if x is None else ((x, y), "data")
        text = {"color": look["color"], "fontsize": size, "va": "center", "parse_math": False}
        leader = {"arrowstyle": "-", "relpos": (0, 0.5), "color": "0.5", "linewidth": 0.5}
        place = {"xycoords": where, "xytext": (1.04, height), "textcoords": margin}
        ax.annotate(name, start, **place, arrowprops=leader, **text)


def apart_by(gap: float, heights: list[float]) -> list[float]:
    """The heights moved apart so that labels at them do not overlap, in the same order."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    moved = list(heights)
    for _ in range(100):  # each time both neighbours give way by half: the labels stay near
        for below, above in pairwise(order):
            push = max(0.0, moved[below] + gap - moved[above]) / 2
            moved[below], moved[above] = moved[below] - push, moved[above] + push
    return moved
