"""The two figures of a comparison: curves of all runs, and the same photos by each of them."""

from __future__ import annotations

from itertools import pairwise

from matplotlib.figure import Figure
from PIL import Image

from ... import show
from ...colour import to_tensor
from ...common.pictures import open_picture
from ...evaluate import colourfulness

WORST = -0.2  # explained chroma; what is far worse than a grey copy needs no room in the figure
MARKERS = "os^DvPX"  # seven, against four line styles: 28 runs before two look the same
LEVEL = {"color": "0.35", "linestyle": (0, (1, 3))}  # how a baseline is drawn


def draw_curves(stories: list[dict]) -> show.Picture:
    """Explained chroma over seconds; each curve with its name, a line style and a marker."""
    fig = Figure(figsize=(6.4, 3.8), layout="constrained")
    ax = fig.subplots()
    ends = []  # (seconds, None for the right border; explained chroma; label; look) of each line
    for i, story in enumerate(stories):
        x, y = ([row[key] for row in story["history"]] for key in ("seconds", "explained_chroma"))
        colour, _, _ = show.STYLES[i % len(show.STYLES)]
        _, style, _ = show.STYLES[(i + i // len(show.STYLES)) % len(show.STYLES)]
        look = {"color": colour, "linestyle": style}
        every = max(1, len(x) // 8)
        ax.plot(x, y, **look, marker=MARKERS[i % len(MARKERS)], markersize=5, markevery=every)
        ends.append((x[-1], y[-1], f"{story['name']}, best {best_of(story)}", look))
    levels = {name: level for story in stories for name, level in story["levels"].items()}
    for name, level in levels.items():
        ax.axhline(level, **LEVEL, linewidth=1)
        ends.append((None, level, f"{name} {level:.1%}", LEVEL))
    ax.set(xlabel="seconds of training", ylabel="explained chroma, validation photos")
    ax.set_title("Explained chroma while training")
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.grid(alpha=0.3)
    _name(ax, ends, [story["best"]["explained_chroma"] for story in stories])
    last = [(story, story["history"][-1]) for story in stories]
    told = [
        f"{story['name']} is at {row['explained_chroma']:.1%} after {row['seconds']:.0f} s, "
        f"best {best_of(story)}"
        for story, row in last
    ]
    told += [f"{name} {level:.1%}" for name, level in levels.items()]
    return show.figure(fig, f"Curves of explained chroma over seconds: {'; '.join(told)}.")


def _name(ax, ends: list[tuple], highest: list[float]) -> None:
    """Write each line's name into the right margin, with a leader from where the line ends."""
    values = [value for _, value, _, _ in ends] + highest
    low, high = max(min(values), WORST), max(values)
    room = 0.06 * (high - low or 1)
    ax.set_ylim(low - room, high + room)
    values = [max(value, low) for _, value, _, _ in ends]
    heights = apart_by(1.1 * room, values)
    margin = ax.get_yaxis_transform()  # x as a share of the width, y as data
    for (x, _, label, look), value, height in zip(ends, values, heights, strict=True):
        ax.annotate(
            label,
            (1 if x is None else x, value),
            xycoords=margin if x is None else "data",
            xytext=(1.04, height),
            textcoords=margin,
            arrowprops={"arrowstyle": "-", "linewidth": 0.6, "relpos": (0, 0.5), **look},
            fontsize=8,
            va="center",
        )


def apart_by(gap: float, heights: list[float]) -> list[float]:
    """The heights moved apart so that labels at them do not overlap, in the same order."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    moved = list(heights)
    for _ in range(100):  # each time both neighbours give way by half: the labels stay near
        for below, above in pairwise(order):
            push = max(0.0, moved[below] + gap - moved[above]) / 2
            moved[below], moved[above] = moved[below] - push, moved[above] + push
    return moved


def draw_pictures(stories: list[dict]) -> show.Picture | None:
    """A row a run and a column a photo, the photos themselves last."""
    photos, rows = None, []
    for story in stories[::-1]:  # the last run decides which photos
        keys = [sha256 for _, sha256, _ in story["samples"]]
        drawn = _opened(story, "sample")
        if drawn and keys == [sha256 for _, sha256, _ in (photos or story)["samples"]]:
            photos = photos or story
            rows.insert(0, (story, drawn))
    if photos is None:
        return None
    labels = [f"{_cut(story['name'])}\n{best_of(story)}" for story, _ in rows]
    names = [story["name"] for story, _ in rows]
    if truth := _opened(photos, "truth"):
        rows.append((photos, truth))
        labels, names = [*labels, "as they are"], [*names, "the photos as they are"]
    queries = [query for query, _, _ in photos["samples"]]
    vivid = [f"{name} {_vivid(drawn):.0f}" for name, (_, drawn) in zip(names, rows, strict=True)]
    return show.grid(
        [picture for _, drawn in rows for picture in drawn],
        queries + [""] * (len(rows) - 1) * len(queries),
        len(queries),
        title="The same validation photos, coloured by each run",
        alt=f"Validation photos ({', '.join(queries)}), a row for each run that coloured them. "
        f"Mean colourfulness, 0 being grey: {', '.join(vivid)}.",
        row_labels=labels,
    )


def _opened(story: dict, what: str) -> list[Image.Image] | None:
    """The pictures sample-1.png ... or truth-1.png ...; None where they are not all there."""
    files = [file.replace("sample", what) for _, _, file in story["samples"]]
    try:
        return [open_picture(story["folder"] / file) for file in files] or None
    except Exception:  # whatever a decoder raises; a run without pictures is still compared
        return None


def _vivid(pictures: list[Image.Image]) -> float:
    return sum(colourfulness(to_tensor(picture)).item() for picture in pictures) / len(pictures)


def _cut(name: str) -> str:
    """A name that fits beside a picture."""
    return name if len(name) <= 20 else f"{name[:19]}…"


def best_of(story: dict) -> str:
    return f"{story['best']['explained_chroma']:.1%}" if story["best"] else "none yet"
