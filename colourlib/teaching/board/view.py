"""What a board says about a run at one moment.

Every number is made here, once, so that the chart's names, its alternative text and the lines in a
terminal cannot contradict one another.
"""

import math
from collections.abc import Iterable

import numpy as np

from ...common.files import printable
from ...common.words import duration, percent
from ...runs.view import View

POINTS = 200  # of the training curve; a chart has about as many pixels


class Moment:
    """A View in words and curves. What is no finite number is left out."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.name, self.state = printable(view.name), printable(view.state)
        self.sentence = printable(view.sentence)
        self.queries = [printable(sample.query) for sample in view.samples]
        known = {printable(k): v for k, v in view.levels.items() if _known(v) is not None}
        self.baselines = dict(sorted(known.items(), key=lambda item: item[1]))  # lowest first
        rows = ((row["epoch"], row["explained_chroma"]) for row in view.history)
        self.validation = _finite(rows)  # (n, 2): epochs done, explained chroma
        self.training = _training_curve(view)  # (n, 2) as well, n at most 200
        ends = [points[-1, 0] for points in (self.validation, self.training) if len(points)]
        self.epochs, self.planned = max(ends, default=0.0), _known(view.end)
        self.done = min(max(_known(view.progress) or 0.0, 0.0), 1.0)

    def status(self) -> list[str]:
        """How far the run is: ['training', '42 % done', '25 s so far', ...]."""
        done = f"{math.floor(100 * self.done + 1e-6)} % done"
        taken = duration(_known(self.view.seconds) or 0)
        if self.state == "training":
            return [self.state, done, f"{taken} so far", self._left(), self._rate()]
        return [self.state, done, f"{taken} of training", self._rate()]

    def _left(self) -> str:
        left = _known(self.view.left)
        return "time left not known yet" if left is None else f"about {duration(left)} left"

    def _rate(self) -> str:
        rate = _known(self.view.rate) or 0.0
        return f"{rate:.{0 if rate >= 10 else 1}f} photos a second"

    def scores(self) -> str:
        """The newest and the best explained chroma, in a sentence."""
        parts = ["validation not measured yet"]
        if len(self.validation):
            epoch, newest = self.validation[-1]
            best_epoch, best = max(self.validation, key=lambda point: point[1])
            parts = [f"validation {percent(newest)} at epoch {epoch:g}"]
            parts += [f"at best {percent(best)} at epoch {best_epoch:g}"]
        for epoch, newest in self.training[-1:]:
            parts.append(f"training {percent(newest)} at epoch {epoch:.1f}")
        return f"Explained chroma: {', '.join(parts)}."

    def levels(self) -> str:
        """The baselines' explained chroma, in a sentence."""
        return f"Baselines: {self._levels() or 'not measured'}."

    def _levels(self) -> str:
        return ", ".join(f"{name} {percent(value)}" for name, value in self.baselines.items())

    def text(self) -> str:
        """The whole board in a few lines."""
        lines = [f"{self.name}: {', '.join(self.status())}", self.sentence]
        lines += [self.scores(), self.levels()]
        if self.queries:
            lines += [f"Validation photos (grey, network, truth): {', '.join(self.queries)}."]
        return "\n".join(line for line in lines if line.strip())

    def line(self) -> str:
        """The moment in one line, for a terminal or a log."""
        loss = "no loss yet"
        for epoch, value in _finite(self.view.losses[-1:]):
            loss = f"epoch {epoch:.1f}, loss {value:.4f}"
        explained = [
            f"{name} {percent(share)}"
            for name in ("validation", "training")
            for _, share in getattr(self, name)[-1:]
        ]
        beside = f" ({self._levels()})" if self.baselines else ""
        explained = f"explained chroma: {', '.join(explained) or 'not measured yet'}{beside}"
        last = self._left() if self.state == "training" else self.state
        return " | ".join([self.name, loss, explained, self._rate(), last])


def _training_curve(view: View) -> np.ndarray:
    """(n, 2), each a mean but for the last: that is the number in the words.

    The loss of the grey copy on what is trained on counts: crops are less or more colourful.
    """
    grey = _known(view.grey_loss) or 0.0
    if grey <= 0:
        return np.empty((0, 2))
    points = _finite(view.losses)
    points[:, 1] = 1 - points[:, 1] / (view.training_grey_loss or grey)
    groups = np.array_split(points, max(1, min(POINTS, len(points))))
    return np.array([*(group.mean(axis=0) for group in groups[:-1]), *points[-1:]]).reshape(-1, 2)


def _finite(points: Iterable[tuple]) -> np.ndarray:
    """(n, 2), without the points that are not finite."""
    points = np.array(list(points), dtype=float).reshape(-1, 2)  # None becomes NaN
    return points[np.isfinite(points).all(axis=1)]


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
