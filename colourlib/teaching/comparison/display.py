"""A comparison as a notebook shows it: the table, the figures, and the sentences."""

import html
import textwrap
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from PIL import Image

from ... import show
from ...colour import to_tensor
from ...common.pictures import open_picture
from ...evaluate import colourfulness
from .. import curves
from .differences import changes, outcome, some, spread

BASELINES = {
    "grey copy": "no colour at all",
    "mean tint": "one colour everywhere",
    "optimum": "the best there can be",
}
MARKERS = "os^D<PX"  # seven, against four line styles: 28 runs before two look the same


@dataclass(frozen=True)
class Comparison:
    """Runs side by side; shows itself in a notebook, as text elsewhere."""

    stories: list[dict]  # run.json of each
    left_out: list[str]  # folders without a run, each with the reason

    @cached_property
    def groups(self) -> dict[str, list[dict]]:
        """Fingerprint of the photos -> the runs on them."""
        found: dict[str, list[dict]] = {}
        for story in self.stories:
            found.setdefault(story["data"]["fingerprint"], []).append(story)
        return found

    @property
    def alike(self) -> list[dict]:
        """The runs on the photos of the last one: only these are drawn together."""
        return self.groups[self.stories[-1]["data"]["fingerprint"]]

    @property
    def by_steps(self) -> bool:
        """Whether all runs that are drawn together count their steps; else seconds compare them."""
        return all(story["config"].get("steps") for story in self.alike)

    @cached_property
    def table(self) -> show.Table:
        """A row a run, then the baselines of its photos."""
        runs = [_row(*pair) for pair in pairwise([None, *self.stories])]
        rows = [list(run.values()) for run in runs]
        for group in self.groups.values():
            rows += _baselines(group, len(self.groups) > 1)
        return show.table(rows, list(runs[0]), "Runs, best score of each on the validation photos")

    @cached_property
    def curves(self) -> show.Picture | None:
        """Explained chroma over steps, or over seconds; None where nothing was judged yet."""
        stories = [story for story in self.alike if story["history"]]
        drawn, told, kinds = {}, [], len(show.STYLES)
        unit, axis = (" steps", "steps") if self.by_steps else (" s", "seconds")
        for i, story in enumerate(stories):
            rows, batch = story["history"], story["config"].get("batch_size")
            x = [row["photos"] / batch if self.by_steps else row["seconds"] for row in rows]
            y = [row["explained_chroma"] for row in rows]
            look = {"linestyle": show.STYLES[(i + i // kinds) % kinds][1], "markersize": 5}
            look |= {"color": show.STYLES[i % kinds][0], "marker": MARKERS[i % len(MARKERS)]}
            name, best = story["name"], f"best {_best(story)}"
            drawn[f"{name}, {best}"] = x, y, look
            told.append(f"{name} is at {y[-1]:.1%} after {x[-1]:.0f}{unit}, {best}")
        if not drawn:
            return None
        levels = {f"{name} {level:.1%}": level for name, level in _levels(stories).items()}
        fig, ax = show.canvas(6.4, 3.8)
        ax.set(xlabel=f"{axis} of training", ylabel="explained chroma, validation photos")
        ax.set_title("Explained chroma while training")
        ax.yaxis.set_major_formatter("{x:.0%}")
        ax.grid(alpha=0.3)
        curves.draw(ax, drawn, levels)
        alt = f"Curves of explained chroma over {axis}: {'; '.join([*told, *levels])}."
        return show.figure(fig, alt)

    @cached_property
    def pictures(self) -> show.Picture | None:
        """The same validation photos, a row for each run that coloured them, the truth last.

        The last run that has pictures decides which photos; None where no run has any.
        """
        drawn = [(story, found) for story in self.alike if (found := _opened(story, "sample"))]
        if not drawn:
            return None
        newest = drawn[-1][0]
        queries, known, _ = zip(*newest["samples"], strict=True)
        rows = [
            (name, f"{name if len(name) <= 20 else name[:19] + '…'}\n{_best(story)}", pictures)
            for story, pictures in drawn
            if known == tuple(sha256 for _, sha256, _ in story["samples"])
            and (name := story["name"])
        ]
        if truth := _opened(newest, "truth"):
            rows.append(("the photos as they are", "as they are", truth))
        vivid = (
            (name, sum(colourfulness(to_tensor(one)).item() for one in pictures) / len(pictures))
            for name, _, pictures in rows
        )
        return show.grid(
            [picture for *_, pictures in rows for picture in pictures],
            [*queries, *[""] * (len(rows) - 1) * len(queries)],
            len(queries),
            title="The same validation photos, coloured by each run",
            alt=f"Validation photos ({', '.join(queries)}), a row for each run that coloured them. "
            f"Mean colourfulness, 0 being grey: {', '.join(f'{n} {v:.0f}' for n, v in vivid)}.",
            row_labels=[label for _, label, _ in rows],
        )

    @cached_property
    def words(self) -> list[tuple[str, str]]:
        """[(kind, text)], kind 'p' a sentence, 'h' a heading, 'li' what changed, code below it."""
        said = []
        if self.left_out:
            said.append(f"Left out: {some(self.left_out, 5)}")
        if len(self.groups) > 1:
            sets = (", ".join(one["name"] for one in group) for group in self.groups.values())
            said.append(
                f"Not all were trained on the same photos ({'; '.join(sets)}). Scores on different "
                "photos cannot be compared; the figures show the runs on the photos of "
                f"{self.stories[-1]['name']}."
            )
        if self.curves and not self.by_steps:
            said.append(
                "The curves run over seconds of training, which is what a run costs: a larger "
                "network sees fewer photos in the same time, and has to make up for it."
            )
            if len({story.get("device") for story in self.alike}) > 1:
                said[-1] += " These runs were trained on different devices, whose seconds do not "
                said[-1] += "compare."
        if len(self.stories) == 1:
            said.append("A single run: what changed is said once there is a second one.")
        words = [("p", sentence) for sentence in said]
        chance = spread(self.alike)
        for old, new in pairwise(self.stories):
            found = changes(old, new)
            words.append(("h", f"From {old['name']} to {new['name']}: {_changed(found)} changed"))
            words += [("li", line) for lines in found.values() for line in lines]
            if not (old["forward"] and new["forward"]):
                words.append(("p", "Whether forward differs is not known: its text was not kept."))
            words += [("p", sentence) for sentence in outcome(old, new, found, chance)]
        return words

    def __repr__(self) -> str:
        lines = [repr(self.table), ""]
        for kind, text in self.words:
            first, _, rest = text.partition("\n")
            mark, width = {"li": ("- ", 2), "h": ("\n", 0)}.get(kind, ("", 0))
            lines += textwrap.wrap(first, 98, initial_indent=mark, subsequent_indent=" " * width)
            lines += [f"    {line}" for line in rest.splitlines()]
        alts = [f"\n{picture.alt}" for picture in (self.curves, self.pictures) if picture]
        return "\n".join([*lines, *alts])

    def _repr_mimebundle_(self, include=None, exclude=None):
        figures = "".join(
            f'<img alt="{html.escape(picture.alt)}" src="{show.data_address(picture)}" '
            'style="display: block; max-width: 100%">'
            for picture in (self.curves, self.pictures)
            if picture
        )
        text = "".join(_html(kind, text) for kind, text in self.words).replace("</ul><ul>", "")
        page = f"{self.table._repr_html_()}{figures}{text}"
        return {"text/plain": repr(self), "text/html": page}


def _changed(found: dict) -> str:
    return some(list(found)) or "nothing"


def _best(story: dict) -> str:
    return f"{story['best']['explained_chroma']:.1%}" if story["best"] else "none yet"


def _levels(stories: list[dict]) -> dict[str, float]:
    return {name: level for story in stories for name, level in story["levels"].items()}


def _row(before: dict | None, story: dict) -> dict[str, str]:
    """Header -> cell."""
    best, last = story["best"], (story["history"] or [{}])[-1]
    return {
        "run": story["name"],
        "network": story["network"],
        "parameters": f"{story['parameters']:,}" if story["parameters"] else "?",
        "changed": _changed(changes(before, story)) if before else "(the first)",
        "state": story["state"],
        "epochs": str(last.get("epoch", 0)),
        "seconds": f"{story['seconds']:,.0f}",
        "photos a second": f"{story['rate']:,.0f}" if story["rate"] else "?",
        "best loss": f"{best['validation_loss']:.5f}" if best else "none yet",
        "explained chroma": _best(story),
    }


def _baselines(group: list[dict], several: bool) -> list[list[str]]:
    """Rows of what needs no training, on the photos of these runs."""
    row = next((story["best"] for story in group if story["best"]), None)
    whole = None  # the loss of the grey copy; explained chroma is the share of it that is saved
    if row and row["explained_chroma"] < 1:
        whole = row["validation_loss"] / (1 - row["explained_chroma"])
    where = f" (photos of {group[0]['name']})" if several else ""
    return [
        [name + where, BASELINES.get(name, "baseline"), *[""] * 6,
         f"{whole * (1 - level):.5f}" if whole else "", f"{level:.1%}"]
        for name, level in _levels(group).items()
    ]  # fmt: skip


def _opened(story: dict, what: str) -> list[Image.Image] | None:
    """The pictures sample-1.png ... or truth-1.png ...; None where they are not all there."""
    files = [file.replace("sample", what) for _, _, file in story["samples"]]
    try:
        return [open_picture(story["folder"] / file) for file in files] or None
    except Exception:  # whatever a decoder raises; a run without pictures is still compared
        return None


def _html(kind: str, text: str) -> str:
    first, _, rest = html.escape(text).partition("\n")
    tags = {"h": "<p><strong>{}</strong></p>", "li": "<ul><li>{}</li></ul>"}
    return tags.get(kind, "<p>{}</p>").format(first + (f"<pre>{rest}</pre>" if rest else ""))
