"""A slider over the limit of a rule: how many pictures change sides, and which are at the line."""

import html
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import ipywidgets as widgets
import numpy as np

from ... import show
from ...clean import by_hand, rules
from ...clean.rules import Verdict
from ...common.errors import CourseError
from ...common.words import did_you_mean
from .thumbnails import thumbnail

STEPS = 80  # places of the slider
NEAREST = 6  # pictures shown on each side of the line
NAMED = 6  # queries that are named in the sentence
AGAIN = "Now run the cell with clean.judge again, and those after it."


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
    known = list({name: None for verdict in verdicts for name in verdict.measures})
    if rule in rules.LIMITS and not known:
        raise CourseError("No picture was measured: give what clean.judge has returned.")
    hint = did_you_mean(rule, known)
    raise CourseError(f"Nothing is measured for {rule!r}.{hint} Choose from {known}.")


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
    new, old = (
        [rules.rejects(rule, v.measures[rule], at) for v in verdicts] for at in (limit, in_force)
    )
    count, more = sum(new), sum(new) - sum(old)
    told = f"{count:,} picture{'s' * (count != 1)} rejected by this rule"
    if limit == in_force:
        told, moved = f", the limit in force: {told}", new
    else:
        many = f"{abs(more):,} {'more' if more > 0 else 'fewer'} than" if more else "as many as"
        told = f": {told}, {many} at {in_force:g} (the limit in force)"
        moved = [is_new != was_old for is_new, was_old in zip(new, old, strict=True)]
    queries = Counter(
        v.photo.query for v, is_moved in zip(verdicts, moved, strict=True) if is_moved
    )
    named = ", ".join(f"{query} {n}" for query, n in queries.most_common(NAMED))
    others = sum(n for _, n in queries.most_common()[NAMED:])
    named += f" and {others:,} in other queries" if others else ""
    return f"At {limit:g}{told}{': ' * bool(named)}{named}."


class Panel(widgets.VBox):
    """The slider, and what it shows."""

    def __init__(self, root: Path, rule: str, verdicts: list[Verdict]):
        self.root, self.rule, self.measured = root, rule, verdicts
        self.values = [float(v.measures[rule]) for v in verdicts]
        self.course = float(rules.LIMITS[rule])
        self.below = rules.rejects(rule, -np.inf, self.course)
        limit = self.in_force()
        self.offered = places(self.values, (limit, self.course), self.below)
        self.slider = widgets.SelectionSlider(
            options=[(f"{place:.10g}", place) for place in self.offered],
            value=limit,
            description=f"{rule}: limit",
            continuous_update=False,
            style={"description_width": "initial"},
            layout={"width": "90%"},
        )
        buttons = (
            ("Use this limit", "Write it down"),
            (f"Back to {self.course:g}", "The limit that the course comes with"),
        )
        self.use, self.back = (widgets.Button(description=d, tooltip=t) for d, t in buttons)
        self.words, self.said, self.histogram, self.pictures = (widgets.HTML() for _ in range(4))
        for part in ("slider", "use", "back", "words", "said", "histogram", "pictures"):
            getattr(self, part).add_class(f"colourlib-limit-{part}")
        self.slider.observe(lambda change: self.draw(), names="value")
        self.use.on_click(lambda _: self.tell(self.write))
        self.back.on_click(lambda _: self.tell(self.take_back))
        both = widgets.HBox([self.use, self.back])
        parts = [self.slider, self.words, both, self.said, self.histogram, self.pictures]
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
        text = sentence(self.rule, self.measured, self.slider.value, self.in_force())
        self.words.value = html.escape(text)
        self.histogram.value = self._histogram()
        rejected = self._row("✗ Rejected", rejected=True)
        self.pictures.value = rejected + self._row("✓ Not rejected by this rule", rejected=False)

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
        return f"Saved in decisions.txt: limit {self.rule} {self.slider.value:.10g}. {AGAIN}"

    def take_back(self) -> str:
        """Go by the course's own limit again."""
        moved = self.rule in by_hand.limits(self.root)
        if moved:
            by_hand.set_limit(self.root, self.rule, None)
        self.slider.value = self.course
        limit = f"{self.course:g}"
        return (
            f"The limit is {limit} again. {AGAIN}" if moved else f"{limit} is the limit in force."
        )

    def _rejects(self, value: float) -> bool:
        return rules.rejects(self.rule, value, self.slider.value)

    def _histogram(self) -> str:
        limit, low, high = self.slider.value, self.offered[0], self.offered[-1]
        count, all_of_them = sum(map(self._rejects, self.values)), len(self.values)
        side = "below" if self.below else "above"
        picture = show.histogram(
            np.clip(self.values, low, high),
            limit,
            bins=np.linspace(low, high if high > low else low + 1, 51),
            title=f"{self.rule}: {count:,} of {all_of_them:,} pictures {side} {limit:g}",
            xlabel=f"what was measured (under {low:g} and over {high:g}: in the outer bars)",
            alt=f"Histogram of {self.rule}. {count} of {all_of_them} pictures are {side} the limit "
            f"of {limit:g}.",
        )
        address, alt = show.data_address(picture), html.escape(picture.alt)
        return f'<img alt="{alt}" src="{address}" style="max-width: 100%">'

    def _row(self, title: str, rejected: bool) -> str:
        """The pictures nearest to the line on one side of it."""
        at = [i for i, value in enumerate(self.values) if self._rejects(value) == rejected]
        at.sort(key=lambda i: abs(self.values[i] - self.slider.value))
        figures = "".join(self._figure(self.measured[i]) for i in at[:NEAREST])
        return (
            f"<strong>{title}, nearest to the line</strong>"
            '<div style="display: flex; flex-wrap: wrap; gap: 8px">'
            f"{figures or '<em>none</em>'}</div>"
        )

    def _figure(self, verdict: Verdict) -> str:
        words = html.escape(f"{verdict.photo.query} {verdict.measures[self.rule]:.4g}")
        address = thumbnail(verdict.photo.path(self.root), verdict.photo.sha256)
        image = f'<img src="{address}" alt="{words}" style="max-height: 100px; max-width: 130px">'
        return (
            f'<figure style="margin: 0; line-height: 1.3">{image if address else "no picture"}'
            f"<figcaption>{words}</figcaption></figure>"
        )
