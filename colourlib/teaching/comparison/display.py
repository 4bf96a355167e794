"""A comparison as a notebook shows it: the table, the figures, and the sentences."""

import html
import textwrap
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from ... import show
from .conclusions import outcome, spread
from .differences import changes, some
from .figures import best_of, draw_curves, draw_pictures

HEADERS = [
    "run", "network", "parameters", "changed", "state", "epochs", "seconds", "photos a second",
    "best loss", "explained chroma",
]  # fmt: skip
BASELINES = {
    "grey copy": "no colour at all",
    "mean tint": "one colour everywhere",
    "optimum": "the best there can be",
}
WHY_SECONDS = (
    "The curves run over seconds of training, which is what a run costs: a larger network sees "
    "fewer photos in the same time, and has to make up for it."
)
OTHER_PHOTOS = (
    "Not all were trained on the same photos ({}). Scores on different photos cannot be compared; "
    "the figures show the runs on the photos of {}."
)
OTHER_DEVICES = " These runs were trained on different devices, whose seconds do not compare."


@dataclass(frozen=True)
class Comparison:
    """Runs side by side; shows itself in a notebook, as text elsewhere."""

    stories: list[dict]  # run.json of each
    left_out: list[str] = field(default_factory=list)  # folders without a run, each with the reason

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

    @cached_property
    def table(self) -> show.Table:
        """A row a run, then the baselines of its photos."""
        rows = [_row(*pair) for pair in pairwise([None, *self.stories])]
        for group in self.groups.values():
            rows += _baselines(group, len(self.groups) > 1)
        return show.table(rows, HEADERS, "Runs, best score of each on the validation photos")

    @cached_property
    def curves(self) -> show.Picture | None:
        """Explained chroma over the seconds of training; None where nothing was judged yet."""
        judged = [story for story in self.alike if story["history"]]
        return draw_curves(judged) if judged else None

    @cached_property
    def pictures(self) -> show.Picture | None:
        """The same validation photos as each run colours them; None where there are none."""
        return draw_pictures(self.alike)

    @cached_property
    def words(self) -> list[tuple[str, str]]:
        """[(kind, text)], kind 'p' a sentence, 'h' a heading, 'li' what changed, code below it."""
        words = []
        if self.left_out:
            words.append(("p", f"Left out: {some(self.left_out, 5)}"))
        if len(self.groups) > 1:
            sets = (", ".join(one["name"] for one in group) for group in self.groups.values())
            words.append(("p", OTHER_PHOTOS.format("; ".join(sets), self.stories[-1]["name"])))
        if self.curves:
            devices = {story.get("device") for story in self.alike}
            words.append(("p", WHY_SECONDS + OTHER_DEVICES * (len(devices) > 1)))
        if len(self.stories) == 1:
            words.append(("p", "A single run: what changed is said once there is a second one."))
        chance = spread(self.alike)
        for old, new in pairwise(self.stories):
            found = changes(old, new)
            words.append(("h", f"From {old['name']} to {new['name']}: {_changed(found)} changed"))
            words += [("li", line) for change in found for line in change.lines]
            if not (old["forward"] and new["forward"]):
                words.append(("p", "Whether forward differs is not known: its text was not kept."))
            words += [("p", sentence) for sentence in outcome(old, new, found, chance)]
        return words

    @property
    def _figures(self) -> list[show.Picture]:
        return [picture for picture in (self.curves, self.pictures) if picture]

    def __repr__(self) -> str:
        lines = [repr(self.table), ""]
        for kind, text in self.words:
            first, _, rest = text.partition("\n")
            mark, width = {"li": ("- ", 2), "h": ("\n", 0)}.get(kind, ("", 0))
            lines += textwrap.wrap(first, 98, initial_indent=mark, subsequent_indent=" " * width)
            lines += [f"    {line}" for line in rest.splitlines()]
        alts = [picture.alt for picture in self._figures]
        return "\n".join([*lines, *[""] * bool(alts), *alts])

    def _repr_mimebundle_(self, include=None, exclude=None):
        figures = "".join(
            f'<img alt="{html.escape(picture.alt)}" src="{show.data_address(picture)}" '
            'style="display: block; max-width: 100%">'
            for picture in self._figures
        )
        text = "".join(_html(kind, text) for kind, text in self.words).replace("</ul><ul>", "")
        page = f"{self.table._repr_html_()}{figures}{text}"
        return {"text/plain": repr(self), "text/html": page}


def _changed(found: list) -> str:
    return some([change.what for change in found]) or "nothing"


def _row(before: dict | None, story: dict) -> list[str]:
    best, last = story["best"], (story["history"] or [{}])[-1]
    return [
        story["name"], story["network"],
        f"{story['parameters']:,}" if story["parameters"] else "?",
        _changed(changes(before, story)) if before else "(the first)",
        story["state"], str(last.get("epoch", 0)), f"{story['seconds']:,.0f}",
        f"{story['rate']:,.0f}" if story["rate"] else "?",
        f"{best['validation_loss']:.5f}" if best else "none yet",
        best_of(story),
    ]  # fmt: skip


def _baselines(group: list[dict], several: bool) -> list[list[str]]:
    """Rows of what needs no training, on the photos of these runs."""
    levels = {k: v for story in group for k, v in story["levels"].items()}
    row = next((story["best"] for story in group if story["best"]), None)
    whole = None  # the loss of the grey copy; explained chroma is the share of it that is saved
    if row and row["explained_chroma"] < 1:
        whole = row["validation_loss"] / (1 - row["explained_chroma"])
    where = f" (photos of {group[0]['name']})" if several else ""
    return [
        [name + where, BASELINES.get(name, "baseline"), *[""] * 6,
         f"{whole * (1 - level):.5f}" if whole else "", f"{level:.1%}"]
        for name, level in levels.items()
    ]  # fmt: skip


def _html(kind: str, text: str) -> str:
    first, _, rest = html.escape(text).partition("\n")
    tags = {"h": "<p><strong>{}</strong></p>", "li": "<ul><li>{}</li></ul>"}
    return tags.get(kind, "<p>{}</p>").format(first + (f"<pre>{rest}</pre>" if rest else ""))
