"""The same by class of thing, where every pixel's class is known: on practice scenes.

A class is what a pixel shows: car, grass, sky. Its palette is known, and so one can tell apart what
nobody can know, the spread of the palette, and what the network has not learnt.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image, ImageOps

from .. import practice, show
from ..colour import scale_ab, unscale_ab
from ..common.errors import CourseError
from ..data import PhotoSet
from ..practice import CLASSES, NAMES
from . import Report, hues

FEWEST = 300  # pixels from which on a class is looked at
MANY = 10.0  # Lab units: a class whose own colours lie further apart comes in many colours


@dataclass(frozen=True, eq=False)
class Thing:
    """A class, and what was answered where it is seen."""

    name: str
    truth: np.ndarray  # (n, 2) true ab of its pixels, Lab units
    guess: np.ndarray  # (n, 2) what was answered there

    @property
    def spread(self) -> float:
        """Lab units: how far its colours lie from their mean, which is the best answer."""
        return float(np.sqrt(CLASSES[self.name].variance.sum()))

    @property
    def error(self) -> float:
        """Lab units: how far, root mean square, the answers lie from the truth."""
        return float(np.sqrt(((self.guess - self.truth) ** 2).sum(axis=1).mean()))

    @property
    def to_mean(self) -> float:
        """Lab units: how far the mean of the answers lies from the mean of the palette."""
        return float(np.linalg.norm(self.guess.mean(axis=0) - CLASSES[self.name].mean))

    @property
    def hue(self) -> float:
        """Share of its coloured pixels that were given the right hue; see judge.hues."""
        y, prediction = (
            torch.from_numpy(scale_ab(ab)).T[None, :, None] for ab in (self.truth, self.guess)
        )  # (1, 2, 1, n)
        coloured, right = hues(y, prediction)
        return (right / coloured).item() if coloured else np.nan


def of(report: Report) -> list[Thing]:
    """The classes in the report's photos, those of most pixels first.

    Raises CourseError for photos that are no practice scenes: what a pixel shows is not known.
    """
    if report.photos.optimum is None:
        raise CourseError("What each pixel shows is known for practice scenes only.")
    truths, guesses, classes = [], [], []
    start = 0
    for _, y, prediction in report.batches():
        maps = np.stack([_map(report.photos, i) for i in range(start, start + len(y))])
        inside = maps >= 0  # (B, S, S)
        for ab, into in ((y, truths), (prediction, guesses)):
            into.append(unscale_ab(ab).permute(0, 2, 3, 1).numpy()[inside])
        classes.append(maps[inside])
        start += len(y)
    truth, guess, index = (np.concatenate(z) for z in (truths, guesses, classes))
    counts = np.bincount(index, minlength=len(NAMES))
    return [
        Thing(NAMES[k], truth[index == k], guess[index == k])
        for k in np.argsort(-counts, kind="stable")
        if counts[k] >= FEWEST
    ]


def _map(photos: PhotoSet, index: int) -> np.ndarray:
    return class_map(photos.rows[index]["url"], photos.size)


@lru_cache(maxsize=2000)
def class_map(url: str, size: int) -> np.ndarray:
    """(size, size) int16: the class of each pixel of a practice scene, -1 where several meet."""
    classes = practice.scene_of_url(url).classes  # (H, W)
    fit = (size, size), Image.Resampling.BOX
    lowest = ImageOps.fit(Image.fromarray(classes.astype(np.float32)), *fit)
    spread = ImageOps.fit(Image.fromarray(classes.astype(np.float32) ** 2), *fit)
    mean = np.asarray(lowest)
    mixed = np.asarray(spread) - mean**2 > 0.01  # the variance inside the pixel
    return np.where(mixed, -1, np.rint(mean)).astype(np.int16)


# ------------------------------------------------------------------ tables and figures


def table(things: list[Thing]) -> show.Table:
    """Classes with how sure their colour is, and how often the answers had the right hue."""
    rows = [
        [thing.name, f"{len(thing.truth):,}", f"{thing.spread:.0f}", f"{thing.error:.0f}",
         f"{thing.hue:.0%}"]
        for thing in things
    ]  # fmt: skip
    headers = ["class", "pixels", "spread of its colours", "error", "hue right"]
    return show.table(rows, headers, "Spread and error in Lab units; blind guesses: 25 % of hues")


def telling(things: list[Thing], each: int = 2) -> list[Thing]:
    """Those of many colours that cost most, and those of one colour with the most pixels."""
    many = sorted((t for t in things if t.spread > MANY), key=lambda t: -len(t.truth) * t.spread**2)
    vivid = [t for t in things if t.spread <= MANY and np.hypot(*CLASSES[t.name].mean) > 15]
    return many[:each] + vivid[:each]


def draw_clouds(things: list[Thing], pixels: int = 250) -> show.Picture:
    """The ab plane of some classes: true colours, answers, and the mean of the palette."""
    fig = Figure(figsize=(0.4 + 2.5 * len(things), 3.2), layout="constrained")
    axes = fig.subplots(1, len(things), sharex=True, sharey=True, squeeze=False)[0]
    for ax, thing in zip(axes, things, strict=True):
        some = np.random.default_rng(0).permutation(len(thing.truth))[:pixels]
        ax.plot(*thing.truth[some].T, "o", color="0.5", markersize=3, label="truth")
        look = {"color": show.BLUE, "markersize": 3, "markeredgewidth": 0.8}
        ax.plot(*thing.guess[some].T, "x", **look, label="answers")
        mean = {"markersize": 13, "color": show.ORANGE, "markeredgecolor": "black"}
        ax.plot(*CLASSES[thing.name].mean, "*", **mean, label="mean of its colours")
        ax.set(title=thing.name, xlabel="a: green − / red +", aspect="equal")
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("b: blue − / yellow +")
    fig.legend(
        *axes[0].get_legend_handles_labels(), fontsize=8, ncols=3, loc="outside upper center"
    )
    told = [
        f"{t.name}: colours {t.spread:.0f} units around their mean, answers on average "
        f"{t.to_mean:.0f} units from it"
        for t in things
    ]
    return show.figure(fig, f"Points in the ab plane for each class. {'; '.join(told)}.")


def draw_errors(things: list[Thing], named: tuple[str, ...] = ("clothes",)) -> show.Picture:
    """A dot a class: what cannot be known across, the network's error upward."""
    fig = Figure(figsize=(6.4, 4.4), layout="constrained")
    ax = fig.subplots()
    spread, error = (np.array([getattr(t, k) for t in things]) for k in ("spread", "error"))
    top = max(spread.max(), error.max()) * 1.05
    line = {"color": "0.35", "linestyle": "--", "linewidth": 1}
    ax.plot([0, top], [0, top], **line, label="no answer can do better")
    ax.plot(spread, error, "o", color=show.BLUE, markersize=5, label="a class")
    hardest = np.argsort(-spread)[:4].tolist() + np.argsort(spread - error)[:3].tolist()
    labels = {*hardest, *(i for i, t in enumerate(things) if t.name in named)}
    for i in labels:
        ax.annotate(
            things[i].name,
            (spread[i], error[i]),
            xytext=(4, 3),
            textcoords="offset points",
            fontsize=8,
        )
    ax.set(xlabel="spread of its colours (Lab units): what cannot be known")
    ax.set(
        ylabel="error (Lab units, root mean square)", title="Ambiguous things, and unlearnt ones"
    )
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8, loc="upper left")
    told = ", ".join(f"{things[i].name} {spread[i]:.0f} and {error[i]:.0f}" for i in sorted(labels))
    return show.figure(
        fig, f"A dot a class: spread of its colours and error of the answers. {told}."
    )
