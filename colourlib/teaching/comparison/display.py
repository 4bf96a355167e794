"""A comparison as a notebook shows it: the table, the figures, and the sentences."""

from __future__ import annotations

import base64
import html
import textwrap
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from ... import show
from .conclusions import outcome, spread
from .differences import changes, some
from .figures import best_of, draw_curves, draw_pictures

BASELINES = {
    "grey copy": "no colour at all",
    "mean tint": "one colour everywhere",
    "optimum": "the best there can be",
}


@dataclass(frozen=True)
class Comparison:
    """Runs side by side; shows itself in a notebook, as text elsewhere."""

    stories: list[dict]  # run.json of each
    left_out: list[str]  # folders that hold no run, each with the reason

    @cached_property
    def alike(self) -> list[dict]:
        """The runs on the photos of the last one: only these are drawn together."""
        last = self.stories[-1]["data"]["fingerprint"]
        return [story for story in self.stories if story["data"]["fingerprint"] == last]

    @cached_property
    def table(self) -> show.Table:
        """A row a run, then the baselines of its photos."""
        rows = [
            _row(story, before)
            for before, story in zip([None, *self.stories], self.stories, strict=False)
        ]
        groups = {story["data"]["fingerprint"]: [] for story in self.stories}
        for story in self.stories:
            groups[story["data"]["fingerprint"]].append(story)
        for group in groups.values():
            rows += _baselines(group, len(groups) > 1)
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
        return _words(self)

    def __repr__(self) -> str:
        lines = [repr(self.table), ""]
        for kind, text in self.words:
            first, _, rest = text.partition("\n")
            mark, width = {"li": ("- ", 2), "h": ("\n", 0)}.get(kind, ("", 0))
            lines += textwrap.wrap(first, 98, initial_indent=mark, subsequent_indent=" " * width)
            lines += [f"    {line}" for line in rest.splitlines()]
        return "\n".join([*lines, *(["", *self._alts()] if self._alts() else [])])

    def _alts(self) -> list[str]:
        return [picture.alt for picture in (self.curves, self.pictures) if picture]

    def _repr_mimebundle_(self, include=None, exclude=None):
        figures = "".join(_embedded(p) for p in (self.curves, self.pictures) if p)
        text = "".join(_html(kind, text) for kind, text in self.words).replace("</ul><ul>", "")
        return {
            "text/plain": repr(self),
            "text/html": f"{self.table._repr_html_()}{figures}{text}",
        }


HEADERS = [
    "run", "network", "parameters", "changed", "state", "epochs", "seconds", "photos a second",
    "best loss", "explained chroma",
]  # fmt: skip


def _row(story: dict, before: dict | None) -> list[str]:
    changed = "(the first)"
    if before is not None:
        changed = some([change.what for change in changes(before, story)]) or "nothing"
    best, last = story["best"], (story["history"] or [{}])[-1]
    return [
        story["name"],
        story["network"],
        f"{story['parameters']:,}" if story["parameters"] else "?",
        changed,
        story["state"],
        str(last.get("epoch", 0)),
        f"{story['seconds']:,.0f}",
        f"{story['rate']:,.0f}" if story["rate"] else "?",
        f"{best['validation_loss']:.5f}" if best else "none yet",
        best_of(story),
    ]


def _baselines(group: list[dict], several: bool) -> list[list[str]]:
    """Rows of what needs no training, on the photos of these runs."""
    levels = {k: v for story in group for k, v in story["levels"].items()}
    row = next((story["best"] for story in group if story["best"]), None)
    whole = None  # the loss of the grey copy; explained chroma is the share of it that is saved
    if row and row["explained_chroma"] < 1:
        whole = row["validation_loss"] / (1 - row["explained_chroma"])
    where = f" (photos of {group[0]['name']})" if several else ""
    return [
        [name + where, BASELINES.get(name, "baseline"), "", "", "", "", "", "",
         f"{whole * (1 - level):.5f}" if whole else "", f"{level:.1%}"]
        for name, level in levels.items()
    ]  # fmt: skip


def _words(one: Comparison) -> list[tuple[str, str]]:
    """What the table, the figures and the networks amount to, in sentences."""
    words = []
    if one.left_out:
        words.append(("p", f"Left out: {some(one.left_out, 5)}"))
    if len(one.alike) < len(one.stories):
        words.append(("p", _apart(one)))
    if one.curves:
        devices = {story.get("device") for story in one.alike}
        words.append(("p", WHY_SECONDS + OTHER_DEVICES * (len(devices) > 1)))
    if len(one.stories) == 1:
        return [*words, ("p", "A single run: train a second one, and compare() says what changed.")]
    chance = spread(one.alike)
    for old, new in pairwise(one.stories):
        found = changes(old, new)
        what = some([change.what for change in found]) or "nothing"
        words.append(("h", f"From {old['name']} to {new['name']}: {what} changed"))
        words += [("li", line) for change in found for line in change.lines]
        if not (old["forward"] and new["forward"]):
            words.append(("p", "Whether forward differs is not known: its text was not kept."))
        words += [("p", sentence) for sentence in outcome(old, new, found, chance)]
    return words


WHY_SECONDS = (
    "The curves run over seconds of training, which is what a run costs: a larger network sees "
    "fewer photos in the same time, and has to make up for it."
)
OTHER_DEVICES = " These runs were trained on different devices, whose seconds do not compare."


def _apart(one: Comparison) -> str:
    """Which runs were trained on the same photos, where not all were."""
    groups: dict[str, list[str]] = {}
    for story in one.stories:
        groups.setdefault(story["data"]["fingerprint"], []).append(story["name"])
    sets = "; ".join(", ".join(names) for names in groups.values())
    return (
        f"Not all were trained on the same photos ({sets}). Scores on different photos cannot be "
        f"compared; the figures show the runs on the photos of {one.stories[-1]['name']}."
    )


def _html(kind: str, text: str) -> str:
    first, _, rest = html.escape(text).partition("\n")
    tags = {"h": "<p><strong>{}</strong></p>", "li": "<ul><li>{}</li></ul>"}
    return tags.get(kind, "<p>{}</p>").format(first + (f"<pre>{rest}</pre>" if rest else ""))


def _embedded(picture: show.Picture) -> str:
    (kind, data), *_ = picture._repr_mimebundle_()[0].items()
    address = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    style = "display: block; max-width: 100%"
    return f'<img alt="{html.escape(picture.alt)}" src="{address}" style="{style}">'
