"""The two figures of a comparison: curves of all runs, and the same photos by each of them."""

from PIL import Image

from ... import show
from ...colour import to_tensor
from ...common.pictures import open_picture
from ...evaluate import colourfulness
from .. import curves

MARKERS = "os^D<PX"  # seven, against four line styles: 28 runs before two look the same


def best_of(story: dict) -> str:
    """The best explained chroma of a run."""
    return f"{story['best']['explained_chroma']:.1%}" if story["best"] else "none yet"


def draw_curves(stories: list[dict]) -> show.Picture:
    """Explained chroma over seconds; each curve with its name, a line style and a marker."""
    fig, ax = show.canvas(6.4, 3.8)
    drawn, told, kinds = [], [], len(show.STYLES)
    for i, story in enumerate(stories):
        x, y = ([row[key] for row in story["history"]] for key in ("seconds", "explained_chroma"))
        look = {"linestyle": show.STYLES[(i + i // kinds) % kinds][1], "markersize": 5}
        look |= {"color": show.STYLES[i % kinds][0], "marker": MARKERS[i % len(MARKERS)]}
        name, best = story["name"], f"best {best_of(story)}"
        drawn.append(curves.Curve(f"{name}, {best}", x, y, look))
        told.append(f"{name} is at {y[-1]:.1%} after {x[-1]:.0f} s, {best}")
    levels = {name: level for story in stories for name, level in story["levels"].items()}
    levels = {f"{name} {level:.1%}": level for name, level in levels.items()}
    ax.set(xlabel="seconds of training", ylabel="explained chroma, validation photos")
    ax.set_title("Explained chroma while training")
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.grid(alpha=0.3)
    curves.draw(ax, drawn, levels)
    alt = f"Curves of explained chroma over seconds: {'; '.join([*told, *levels])}."
    return show.figure(fig, alt)


def draw_pictures(stories: list[dict]) -> show.Picture | None:
    """A row a run and a column a photo, the photos themselves last; None where there are none."""
    rows = {story["name"]: (story, _opened(story, "sample")) for story in stories}
    rows = {name: row for name, row in rows.items() if row[1]}
    if not rows:
        return None
    photos, _ = list(rows.values())[-1]  # the last run decides which photos
    known = [sha256 for _, sha256, _ in photos["samples"]]
    rows = {
        name: (drawn, f"{name if len(name) <= 20 else name[:19] + '…'}\n{best_of(story)}")
        for name, (story, drawn) in rows.items()
        if [sha256 for _, sha256, _ in story["samples"]] == known
    }
    if truth := _opened(photos, "truth"):
        rows["the photos as they are"] = truth, "as they are"
    queries = [query for query, _, _ in photos["samples"]]
    vivid = [f"{name} {_vivid(drawn):.0f}" for name, (drawn, _) in rows.items()]
    return show.grid(
        [picture for drawn, _ in rows.values() for picture in drawn],
        queries + [""] * (len(rows) - 1) * len(queries),
        len(queries),
        title="The same validation photos, coloured by each run",
        alt=f"Validation photos ({', '.join(queries)}), a row for each run that coloured them. "
        f"Mean colourfulness, 0 being grey: {', '.join(vivid)}.",
        row_labels=[label for _, label in rows.values()],
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
