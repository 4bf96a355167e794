"""A slider over the limit of a rule: how many pictures change sides, and which are at the line."""

from __future__ import annotations

import base64
import difflib
import html
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import ipywidgets as widgets
import numpy as np

from ... import clean, show
from ...clean import by_hand, rules
from ...clean.rules import Verdict
from ...common.errors import CourseError
from .thumbnails import thumbnail

STEPS = 80  # places of the slider
NEAREST = 6  # pictures shown on each side of the line


def threshold(root: Path, verdicts: Sequence[Verdict], rule: str) -> widgets.VBox:
    """A slider over the limit of a rule; the last thing in a cell.

    It shows the histogram of what was measured with the limit as a line, the pictures nearest to
    the line on both sides, and in a sentence what would change. "Use this limit" writes it into
    decisions.txt, where `clean.judge` finds it the next time that it is run. Nothing is measured
    anew. Raises CourseError for a rule that measures nothing of the single picture.
    """
    return Panel(Path(root), rule, with_measure(verdicts, rule))


def with_measure(verdicts: Sequence[Verdict], rule: str) -> list[Verdict]:
    """The verdicts that have a measure for the rule. Raises CourseError where none has."""
    measured = [verdict for verdict in verdicts if rule in verdict.measures]
    if measured:
        return measured
    rules = {name: None for verdict in verdicts for name in verdict.measures}
    if rule in rules.LIMITS and not rules:
        raise CourseError("No picture was measured: give what clean.judge has returned.")
    near = difflib.get_close_matches(rule, rules, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise CourseError(f"Nothing is measured for {rule!r}: {hint}Choose from {list(rules)}.")


def places(values: Sequence[float], limits: Sequence[float], below: bool) -> list[float]:
    """The limits that the slider offers, rising.

    values: what was measured; limits: places that must be among them; below: whether the rule
    rejects what is below its limit. They reach from where nothing is rejected to where about half
    of the pictures are, in equal steps, or in equal ratios where the range is wide.
    """
    median = float(np.median(values))
    if below:
        low, high = min(*limits, min(values)), max(2 * max(limits), median)
    else:
        low, high = min(min(limits) / 2, median), max(*limits, max(values))
    wide = low > 0 and high / low >= 50
    between = np.geomspace(low, high, STEPS) if wide else np.linspace(low, high, STEPS)
    whole = all(float(x).is_integer() for x in (*values, *limits))
    tidy = [round(x) if whole else float(f"{x:.3g}") for x in between.tolist()]
    return sorted({*map(float, tidy), *map(float, limits)})


def sentence(rule: str, verdicts: Sequence[Verdict], limit: float, in_force: float) -> str:
    """What a limit would reject, and what is different from the one in force, in a sentence."""

    def rejected(at: float) -> list[bool]:
        return [rules.rejects(rule, v.measures[rule], at) for v in verdicts]

    new, old = rejected(limit), rejected(in_force)
    count, more = sum(new), sum(new) - sum(old)
    pictures = f"{count:,} picture{'' if count == 1 else 's'} rejected by this rule"
    if limit == in_force:
        moved = [v.photo.query for v, is_new in zip(verdicts, new, strict=True) if is_new]
        return f"At {limit:g}, the limit in force: {pictures}{_by_query(moved)}."
    changed = zip(verdicts, new, old, strict=True)
    moved = [v.photo.query for v, is_new, was_old in changed if is_new != was_old]
    than = f"at {in_force:g} (the limit in force)"
    words = f"as many as {than}" if not more else f"{abs(more):,} {_than(more)} than {than}"
    return f"At {limit:g}: {pictures}, {words}{_by_query(moved)}."


def _than(difference: int) -> str:
    return "more" if difference > 0 else "fewer"


def _by_query(queries: Sequence[str], most: int = 6) -> str:
    """ ": moon 3, fog 2 and 4 in other queries"; "" for none."""
    counts = Counter(queries).most_common()
    named = ", ".join(f"{query} {count}" for query, count in counts[:most])
    others = sum(count for _, count in counts[most:])
    return (f": {named}" if named else "") + (f" and {others:,} in other queries" if others else "")


class Panel(widgets.VBox):
    """The slider, and what it shows."""

    def __init__(self, root: Path, rule: str, verdicts: list[Verdict]):
        self.root, self.rule, self.measured = root, rule, verdicts
        self.values = [float(v.measures[rule]) for v in verdicts]
        self.course = float(rules.LIMITS[rule])
        self.below = rules.rejects(rule, -np.inf, self.course)
        limit = self.in_force()
        offered = places(self.values, (limit, self.course), self.below)
        self.slider = widgets.SelectionSlider(
            options=[(f"{place:.10g}", place) for place in offered],
            value=limit,
            description=f"{rule}: limit",
            continuous_update=False,
            style={"description_width": "initial"},
            layout={"width": "90%"},
        )
        self.use = widgets.Button(description="Use this limit", tooltip="Write it down")
        self.back = widgets.Button(
            description=f"Back to {self.course:g}", tooltip="The limit that the course comes with"
        )
        self.words, self.said, self.histogram, self.pictures = (widgets.HTML() for _ in range(4))
        for part in ("slider", "use", "back", "words", "said", "histogram", "pictures"):
            getattr(self, part).add_class(f"colourlib-limit-{part}")
        self.slider.observe(lambda change: self.draw(), names="value")
        self.use.on_click(lambda _: self.tell(self.write))
        self.back.on_click(lambda _: self.tell(self.take_back))
        buttons = widgets.HBox([self.use, self.back])
        parts = [self.slider, self.words, buttons, self.said, self.histogram, self.pictures]
        super().__init__(parts)
        self.draw()

    def __repr__(self) -> str:
        limit = self.in_force()
        return f"Limit of {self.rule!r}. {sentence(self.rule, self.measured, limit, limit)}"

    def in_force(self) -> float:
        """The limit that `clean.judge` goes by."""
        return float(by_hand.limits(self.root).get(self.rule, self.course))

    def draw(self) -> None:
        """Show what the limit at which the slider stands would do."""
        limit = self.slider.value
        self.words.value = html.escape(sentence(self.rule, self.measured, limit, self.in_force()))
        self.histogram.value = self._histogram(limit)
        self.pictures.value = self._nearest(limit)

    def tell(self, action: Callable[[], str]) -> None:
        """Do what a button asks for and say what was done, or why not."""
        try:
            words = action()
            self.draw()
        except (CourseError, OSError) as error:
            words = f"Not saved: {error}"
        self.said.value = f'<span role="status">{html.escape(words)}</span>'

    def write(self) -> str:
        """Make the slider's limit the one in force."""
        by_hand.set_limit(self.root, self.rule, self.slider.value)
        return (
            f"Saved in decisions.txt: limit {self.rule} {self.slider.value:.10g}. "
            "Now run the cell with clean.judge again, and those after it."
        )

    def take_back(self) -> str:
        """Go by the course's own limit again."""
        moved = self.rule in by_hand.limits(self.root)
        by_hand.set_limit(self.root, self.rule, None) if moved else None
        self.slider.value = self.course
        if not moved:
            return f"{self.course:g} is the limit in force."
        return (
            f"The limit is {self.course:g} again. "
            "Now run the cell with clean.judge again, and those after it."
        )

    def _histogram(self, limit: float) -> str:
        low, high = (place for _, place in (self.slider.options[0], self.slider.options[-1]))
        count = sum(rules.rejects(self.rule, value, limit) for value in self.values)
        side = "below" if self.below else "above"
        picture = show.histogram(
            np.clip(self.values, low, high),
            limit,
            bins=np.linspace(low, high if high > low else low + 1, 51),
            title=f"{self.rule}: {count:,} of {len(self.values):,} pictures {side} {limit:g}",
            xlabel=f"what was measured (under {low:g} and over {high:g}: in the outer bars)",
            alt=f"Histogram of {self.rule}. {count} of {len(self.values)} pictures are {side} the "
            f"limit of {limit:g}.",
        )
        (kind, data), *_ = picture._repr_mimebundle_()[0].items()
        address = f"data:{kind};base64,{base64.b64encode(data).decode()}"
        return f'<img alt="{html.escape(picture.alt)}" src="{address}" style="max-width: 100%">'

    def _nearest(self, limit: float) -> str:
        below, above = clean.around(self.measured, self.rule, limit, NEAREST)
        shown = [*below[::-1], *above]
        out = [v for v in shown if rules.rejects(self.rule, v.measures[self.rule], limit)]
        kept = [v for v in shown if not rules.rejects(self.rule, v.measures[self.rule], limit)]
        return self._row("✗ Rejected, nearest to the line", out, limit) + self._row(
            "✓ Not rejected by this rule, nearest to the line", kept, limit
        )

    def _row(self, title: str, verdicts: list[Verdict], limit: float) -> str:
        nearest = sorted(verdicts, key=lambda v: abs(v.measures[self.rule] - limit))[:NEAREST]
        cells = "".join(self._figure(v) for v in nearest) or "<em>none</em>"
        row = f'<div style="display: flex; flex-wrap: wrap; gap: 8px">{cells}</div>'
        return f"<strong>{title}</strong>{row}"

    def _figure(self, verdict: Verdict) -> str:
        words = html.escape(f"{verdict.photo.query} {verdict.measures[self.rule]:.4g}")
        address = thumbnail(verdict.photo.path(self.root), verdict.photo.sha256)
        image = f'<img src="{address}" alt="{words}" style="max-height: 100px; max-width: 130px">'
        style = "margin: 0; line-height: 1.3"
        return (
            f'<figure style="{style}">{image if address else "no picture"}'
            f"<figcaption>{words}</figcaption></figure>"
        )
