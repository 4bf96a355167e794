"""Exercises of 05_train: how a learning rate is found, and an open question."""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor

from ..core import UNREADABLE, Noted, Wrong, exercise
from ..values import near, number, words_for_teacher


@exercise(
    "05.4", "A learning rate for batches of 5", "your losses by rate, and the rate you choose"
)
def learning_rate(tried, chosen):
    """Judge a search: enough rates, far enough apart, the best one inside, and that one chosen."""
    runs = _runs(tried)
    levels = {rate: _level(losses) for rate, losses in runs.items()}
    chosen = number(chosen, "chosen")
    chosen = next((rate for rate in runs if near(rate, chosen)), chosen)
    rates = sorted(runs)
    steps = len(runs[rates[0]])
    table = "; ".join(f"{rate:g}: {_loss(levels[rate])}" for rate in rates)
    told = f"The mean loss of the last third of the {steps} steps by rate, {table}."
    best = min(levels, key=levels.get)
    if len(rates) < 4 or rates[-1] < 25 * rates[0]:
        raise Wrong(
            "the rates are too near",
            f"{told} The largest is {rates[-1] / rates[0]:.3g} times the smallest, with "
            f"{len(rates)} rates: a good rate may be anywhere over a factor of 1000.",
            "four rates at least, each about three times the one before.",
            "0.0003, 0.001, 0.003, 0.01 are as far apart from each other; 0.001, 0.002, 0.003 not.",
        )
    if best in (rates[0], rates[-1]):
        side, way = ("smallest", "smaller") if best == rates[0] else ("largest", "larger")
        raise Wrong(
            "the best is at the rim",
            f"{told} The lowest is that of {best:g}, the {side} you tried: nobody knows what a "
            f"{way} one would do.",
            f"go on with {way} rates until the loss rises again.",
        )
    if chosen not in levels:
        raise Wrong(
            "a rate that was not tried",
            f"You choose {chosen:g} and tried {', '.join(f'{r:g}' for r in rates)}.",
            "choose one of them, or try that one, too.",
        )
    if levels[chosen] > 1.05 * levels[best]:
        _not_the_best(runs, levels, chosen, best, told)
    near_best = "" if chosen == best else f", within 5 % of the lowest, that of {best:g}"
    return (
        f"{told} You chose {chosen:g}{near_best}; the loss rises on both sides of {best:g}."
        f"{_of_twenty(levels, best)} "
        "Not looked at: other first weights, and a longer run, which mostly wants a smaller rate."
    )


def _loss(level: float) -> str:
    return f"{level:.4f}" if math.isfinite(level) else "no number"


def _of_twenty(levels: dict[float, float], best: float) -> str:
    """What the search says of 0.003, the rate that part 4 found for batches of 20."""
    if 0.003 not in levels:
        return ""
    if levels[0.003] <= 1.05 * levels[best]:
        return " 0.003, right for batches of 20, does as well for those of 5, within their noise."
    size = "too large" if best < 0.003 else "too small"
    return f" So 0.003, right for batches of 20, is {size} for those of 5."


def _level(losses: list[float]) -> float:
    """The mean of the last third of a run's losses; infinite where one of them is no number."""
    last = losses[-(len(losses) // 3) :]
    mean = sum(last) / len(last)
    return mean if math.isfinite(mean) else math.inf


def _runs(tried) -> dict[float, list[float]]:
    """{rate: its losses}, all of one length. Raises Wrong for anything else."""
    if not isinstance(tried, dict) or not tried:
        text = f"`tried` is {type(tried).__name__}; wanted is a dictionary, losses by rate."
        raise Wrong(UNREADABLE, text, "{0.003: short_run(lr=0.003, ...)[1], ...}")
    runs = {}
    for rate, losses in tried.items():
        losses = losses.tolist() if isinstance(losses, np.ndarray | Tensor) else losses
        if isinstance(losses, tuple) and len(losses) == 2 and isinstance(losses[1], list):
            raise Wrong(
                "the network came along",
                f"For {rate} you hand over a network and its losses: `short_run` gives both.",
                "`short_run(...)[1]` is the list of losses.",
            )
        if not isinstance(losses, list | tuple) or len(losses) < 10:
            raise Wrong(
                "one number for a run",
                f"For {rate} there is {losses!r:.40}; wanted is the list of losses at every "
                "single step, ten or more.",
                "a single step says little: the photos of one batch may be easy ones.",
            )
        runs[number(rate, "a rate")] = [float(x) for x in losses]
    if len(lengths := {len(losses) for losses in runs.values()}) > 1:
        raise Wrong(
            "not the same steps",
            f"Your runs have {' and '.join(map(str, sorted(lengths)))} steps: the longer one has "
            "seen more photos, and would win with a worse rate.",
            "the same `photos=` for all.",
        )
    return runs


def _not_the_best(runs: dict, levels: dict, chosen: float, best: float, told: str) -> None:
    over = levels[chosen] / levels[best] - 1
    ends = f"ends {over:.0%} above {best:g}" if math.isfinite(over) else "ends as no number"
    text = f"{told} Yours, {chosen:g}, {ends}."
    if runs[chosen][-1] == min(losses[-1] for losses in runs.values()):
        raise Wrong(
            "judged by the last step",
            f"{text} It has the lowest loss at the last step, {runs[chosen][-1]:.4f}: that is the "
            "luck of five photos.",
            "compare means over many steps, as `smooth` makes them.",
        )
    if chosen > best:
        raise Wrong(
            "too large a rate",
            f"{text} Every step overshoots.",
            "the largest rate that falls steadily, not the largest that falls.",
        )
    raise Wrong(
        "too small a rate",
        f"{text} It falls, and too slowly: its steps are {best / chosen:.3g} times shorter.",
        "a smooth curve is no merit where another one is lower.",
    )


# ---------------------------------------------------------------- an open question


@exercise("05.6", "A loss for vivid colours", "your thoughts, twenty words or more, in quotes")
def another_loss(answer) -> Noted:
    """An open question; the words are kept."""
    return words_for_teacher(answer)
