"""A slider over the limit of a rule: how many pictures change sides, and which are at the line."""

import html
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import compress
from pathlib import Path

import ipywidgets as widgets
import numpy as np

from ... import show
from ...clean import by_hand, rules
from ...clean.rules import Verdict
from ...common.errors import CourseError
from ...common.pictures import open_picture
from ...common.words import did_you_mean

STEPS = 80  # places of the slider
NEAREST = 6  # pictures shown on each side of the line
NAMED = 6  # queries that are named in the sentence
SIDE = 160  # pixels, longer side of a thumbnail; 500 of them take about 4 MB
AGAIN = "Now run the cell with clean.judge again, and those after it."


@lru_cache(maxsize=500)
def thumbnail(path: Path, sha256: str) -> str:
    """A data address with a JPEG of at most SIDE pixels a side; "" for what cannot be opened.

    sha256: of the content; a picture that was seen under it is not decoded again.
    """
    try:
        image = open_picture(path, SIDE)
        image.thumbnail((SIDE, SIDE))
        return show.data_address(image, "JPEG", quality=80)
    except Exception:  # hostile bytes: a decoder may raise anything
        return ""


def threshold(root: Path, verdicts: Sequence[Verdict], rule: str) -> widgets.VBox:
    """A slider over the limit of a rule; the last thing in a cell.

    It shows the histogram of what was measured with the limit as a line, the pictures nearest to
    the line on both sides, and in a sentence what would change. "Use this limit" writes it into
    decisions.txt, where `clean.judge` finds it the next time that it is run. Nothing is measured
    anew. Raises CourseError for a rule that measures nothing of the single picture.
    """
    measured = [verdict for verdict in verdicts if rule in verdict.measures]
    if measured:
        return Panel(Path(root), rule, measured)
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
    values = np.array([verdict.measures[rule] for verdict in verdicts])
    new, old = (rules.rejects(rule, values, at) for at in (limit, in_force))
    count = int(new.sum())
    more = count - int(old.sum())
    told = f"{count:,} picture{'s' * (count != 1)} rejected by this rule"
    if limit == in_force:
        told, moved = f", the limit in force: {told}", new
    else:
        many = f"{abs(more):,} {'more' if more > 0 else 'fewer'} than" if more else "as many as"
        told, moved = f": {told}, {many} at {in_force:g} (the limit in force)", new != old
    queries = Counter(v.photo.query for v in compress(verdicts, moved)).most_common()
    named = ", ".join(f"{query} {n}" for query, n in queries[:NAMED])
    others = sum(n for _, n in queries[NAMED:])
    named += f" and {others:,} in other queries" if others else ""
    return f"At {limit:g}{told}{': ' * bool(named)}{named}."


class Panel(widgets.VBox):
    """The slider, and what it shows."""

    def __init__(self, root: Path, rule: str, verdicts: list[Verdict]):
        self.root, self.rule, self.measured = root, rule, verdicts
        self.values = np.array([verdict.measures[rule] for verdict in verdicts], dtype=float)
        self.course = float(rules.LIMITS[rule])
        limit = self.in_force()
        offered = places(self.values.tolist(), (limit, self.course), rule in rules.BELOW)
        self.ends = offered[0], offered[-1]
        options = [(f"{place:.10g}", place) for place in offered]
        look = {"style": {"description_width": "initial"}, "layout": {"width": "90%"}}
        look |= {"description": f"{rule}: limit", "continuous_update": False}
        self.slider = widgets.SelectionSlider(options=options, value=limit, **look)
        self.use = widgets.Button(description="Use this limit", tooltip="Write it down")
        self.back = widgets.Button(
            description=f"Back to {self.course:g}", tooltip="The limit that the course comes with"
        )
        self.words, self.said, self.histogram, self.pictures = (widgets.HTML() for _ in range(4))
        for part in ("slider", "use", "back", "words", "said", "histogram", "pictures"):
            getattr(self, part).add_class(f"colourlib-limit-{part}")
        self.slider.observe(lambda change: self.draw(), names="value")
        self.use.on_click(lambda _: self.save(self.slider.value))
        self.back.on_click(lambda _: self.save(None))
        both = widgets.HBox([self.use, self.back])
        super().__init__([self.slider, self.words, both, self.said, self.histogram, self.pictures])
        self.draw()

    def __repr__(self) -> str:
        limit = self.in_force()
        return f"Limit of {self.rule!r}. {sentence(self.rule, self.measured, limit, limit)}"

    def in_force(self) -> float:
        """The limit that `clean.judge` goes by."""
        return float(by_hand.limits(self.root).get(self.rule, self.course))

    def save(self, limit: float | None) -> None:
        """Make a limit the one in force, None being the course's own; say so, or why not."""
        try:
            if limit is None:
                said = f"{self.course:g} is the limit in force."
                if self.rule in by_hand.limits(self.root):
                    by_hand.set_limit(self.root, self.rule, None)
                    said = f"The limit is {self.course:g} again. {AGAIN}"
                self.slider.value = self.course
            else:
                by_hand.set_limit(self.root, self.rule, limit)
                said = f"Saved in decisions.txt: limit {self.rule} {limit:.10g}. {AGAIN}"
            self.draw()
        except (CourseError, OSError) as error:
            said = f"Not saved: {error}"
        self.said.value = f'<span role="status">{html.escape(said)}</span>'

    def draw(self) -> None:
        """Show what the limit at which the slider stands would do."""
        limit, (low, high) = self.slider.value, self.ends
        self.words.value = html.escape(sentence(self.rule, self.measured, limit, self.in_force()))
        rejected = rules.rejects(self.rule, self.values, limit)
        told = f"{rejected.sum():,} of {len(self.values):,} pictures"
        side = "below" if self.rule in rules.BELOW else "above"
        picture = show.histogram(
            self.values.clip(low, high),
            limit,
            bins=np.linspace(low, high if high > low else low + 1, 51),
            title=f"{self.rule}: {told} {side} {limit:g}",
            xlabel=f"what was measured (under {low:g} and over {high:g}: in the outer bars)",
            alt=f"Histogram of {self.rule}. {told} are {side} the limit of {limit:g}.",
        )
        address, alt = show.data_address(picture), html.escape(picture.alt)
        self.histogram.value = f'<img alt="{alt}" src="{address}" style="max-width: 100%">'
        nearest = np.argsort(abs(self.values - limit), kind="stable")
        shown = ""
        for title, side in (("✗ Rejected", True), ("✓ Not rejected by this rule", False)):
            at = nearest[rejected[nearest] == side][:NEAREST]
            shown += (
                f"<strong>{title}, nearest to the line</strong>"
                '<div style="display: flex; flex-wrap: wrap; gap: 8px">'
                f"{''.join(self._figure(self.measured[i]) for i in at) or '<em>none</em>'}</div>"
            )
        self.pictures.value = shown

    def _figure(self, verdict: Verdict) -> str:
        words = html.escape(f"{verdict.photo.query} {verdict.measures[self.rule]:.4g}")
        address = thumbnail(verdict.photo.path(self.root), verdict.photo.sha256)
        image = f'<img src="{address}" alt="{words}" style="max-height: 100px; max-width: 130px">'
        return (
            f'<figure style="margin: 0; line-height: 1.3">{image if address else "no picture"}'
            f"<figcaption>{words}</figcaption></figure>"
        )
