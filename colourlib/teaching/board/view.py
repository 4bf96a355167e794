"""What a board shows at one moment, and the same in words.

Every number that a board writes is made here, once: the chart's labels, the text for screen readers
and the lines in a terminal cannot contradict one another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ...common.files import printable
from ...common.words import duration, percent
from ...runs.view import View

POINTS = 200  # of a curve; a chart has about as many pixels, and the notebook stays small


# ---------------------------------------------------------------- the curves


def training_grey(view: View) -> float:
    """The loss of the grey copy on what is trained on: crops are less or more colourful."""
    return view.training_grey_loss or view.grey_loss


def training_curve(view: View) -> list[tuple[float, float]]:
    """(epochs done, explained chroma) of the training photos, at most 200 points, each a mean.

    Empty where the grey copy has no loss to be measured against. Values that are no finite numbers
    are left out, here and in the other curve.
    """
    last = training_now(view)
    if last is None:
        return []
    points = np.array(view.losses, dtype=float)  # (n, 2); None becomes NaN
    points = points[np.isfinite(points).all(axis=1)]
    points[:, 1] = 1 - points[:, 1] / training_grey(view)
    groups = np.array_split(points, min(POINTS, len(points)))
    # The last point stays as it is: it is the number that stands in the words.
    return [*(tuple(group.mean(axis=0).tolist()) for group in groups[:-1]), last]


def training_now(view: View) -> tuple[float, float] | None:
    """The last point of that curve, found without going through all the others."""
    if not (_number(view.grey_loss) and view.grey_loss > 0):
        return None
    finite = (p for p in reversed(view.losses) if _number(p[0]) and _number(p[1]))
    point = next(finite, None)
    return point and (float(point[0]), 1 - float(point[1]) / training_grey(view))


def validation_curve(view: View) -> list[tuple[float, float]]:
    """(epoch, explained chroma) of the validation photos; at most 200, among them the last."""
    points = _validations(view)
    if len(points) <= POINTS:
        return points
    return [points[i] for i in np.linspace(0, len(points) - 1, POINTS).round().astype(int)]


def _validations(view: View) -> list[tuple[float, float]]:
    return _finite((row["epoch"], row["explained_chroma"]) for row in view.history)


def baselines(view: View) -> dict[str, float]:
    """The levels that are finite numbers, lowest first."""
    known = {name: value for name, value in view.levels.items() if _number(value)}
    return dict(sorted(known.items(), key=lambda item: item[1]))


def _finite(points: Iterable[tuple]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in points if _number(x) and _number(y)]


def _number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


# ---------------------------------------------------------------- the words


def status(view: View) -> list[str]:
    """How far the run is: ['training', '42 % done', '25 s so far', ...]."""
    done = min(max(view.progress, 0.0), 1.0) if _number(view.progress) else 0.0
    taken = duration(view.seconds if _number(view.seconds) else 0)
    facts = [printable(view.state), f"{math.floor(100 * done + 1e-6)} % done"]
    if view.state == "training":
        facts += [f"{taken} so far", time_left(view)]
    else:
        facts += [f"{taken} of training"]
    return [*facts, rate(view)]


def time_left(view: View) -> str:
    """'about 35 s left'."""
    known = _number(view.left)
    return f"about {duration(view.left)} left" if known else "time left not known yet"


def rate(view: View) -> str:
    """'380 photos a second'."""
    value = view.rate if _number(view.rate) else 0.0
    return f"{value:.0f} photos a second" if value >= 10 else f"{value:.1f} photos a second"


def scores(view: View) -> str:
    """The newest and the best explained chroma, in a sentence."""
    validation, training = _validations(view), training_now(view)
    parts = []
    if validation:
        epoch, newest = validation[-1]
        top_epoch, top = max(validation, key=lambda point: point[1])
        parts.append(f"validation {percent(newest)} at epoch {epoch:g}")
        parts.append(f"at best {percent(top)} at epoch {top_epoch:g}")
    else:
        parts.append("validation not measured yet")
    if training:
        epoch, newest = training
        parts.append(f"training {percent(newest)} at epoch {epoch:.1f}")
    return f"Explained chroma: {', '.join(parts)}."


def levels(view: View) -> str:
    """The baselines' explained chroma, in a sentence."""
    known = baselines(view)
    said = ", ".join(f"{printable(name)} {percent(value)}" for name, value in known.items())
    return f"Baselines: {said or 'not measured'}."


def as_text(view: View) -> str:
    """The whole board in a few lines."""
    lines = [f"{printable(view.name)}: {', '.join(status(view))}", printable(view.sentence)]
    lines += [scores(view), levels(view)]
    if view.samples:
        queries = ", ".join(printable(sample.query) for sample in view.samples)
        lines.append(f"Validation photos (grey, network, truth): {queries}.")
    return "\n".join(line for line in lines if line.strip())


def as_line(view: View) -> str:
    """The moment in one line, for a terminal or a log."""
    validation, training = _validations(view), training_now(view)
    losses = _finite(view.losses[-1:])
    facts = [printable(view.name)]
    facts.append(
        f"epoch {losses[-1][0]:.1f}, loss {losses[-1][1]:.4f}" if losses else "no loss yet"
    )
    explained = [f"validation {percent(validation[-1][1])}"] if validation else []
    explained += [f"training {percent(training[1])}"] if training else []
    known = ", ".join(f"{printable(k)} {percent(v)}" for k, v in baselines(view).items())
    beside = f" ({known})" if known else ""
    facts.append(f"explained chroma: {', '.join(explained) or 'not measured yet'}{beside}")
    facts.append(rate(view))
    facts.append(time_left(view) if view.state == "training" else printable(view.state))
    return " | ".join(facts)
