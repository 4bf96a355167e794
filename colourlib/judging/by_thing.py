"""The same by class of thing, where every pixel's class is known: on practice scenes.

A class is what a pixel shows: car, grass, sky. Its palette is known, and so one can tell apart what
nobody can know, the spread of the palette, and what the network has not learnt.
"""

from functools import lru_cache

import numpy as np
import torch
from PIL import Image, ImageOps

from .. import practice, show
from ..colour import scale_ab, unscale_ab
from ..common.errors import CourseError
from ..practice import CLASSES, NAMES
from . import Report, hues
from .brown import planes
from .by_query import against

FEWEST = 300  # pixels: a class with fewer is left out
MANY = 10.0  # Lab units: a class whose own colours lie further apart comes in many colours


class Thing:
    """A class: the true ab of its pixels and what was answered there, (n, 2) each, Lab units.

    In Lab units, too: spread, how far its colours lie from their mean, which is the best answer;
    error, how far, root mean square, the answers lie from the truth; to_mean, how far their mean
    lies from the mean of the palette. hue: the share of its coloured pixels that were given the
    right hue; see `judging.hues`.
    """

    def __init__(self, name: str, truth: np.ndarray, guess: np.ndarray) -> None:
        self.name, self.truth, self.guess, palette = name, truth, guess, CLASSES[name]
        self.spread = float(np.sqrt(palette.variance.sum()))
        self.error = float(np.sqrt(((guess - truth) ** 2).sum(axis=1).mean()))
        self.to_mean = float(np.linalg.norm(guess.mean(axis=0) - palette.mean))
        scaled = (torch.from_numpy(scale_ab(ab)).T[None, :, None] for ab in (truth, guess))
        coloured, right = hues(*scaled)  # of (1, 2, 1, n)
        self.hue = (right / coloured).item() if coloured else np.nan


def of(report: Report) -> list[Thing]:
    """The classes in the report's photos, those with the most pixels first.

    Raises CourseError for photos that are not practice scenes, because there nobody knows what a
    pixel shows.
    """
    photos = report.photos
    if photos.optimum is None:
        raise CourseError("What each pixel shows is known for practice scenes only.")
    index = np.stack([class_map(row["url"], photos.size) for row in photos.rows])  # (N, S, S)
    _, *answers = map(torch.cat, zip(*report.batches(), strict=True))
    truth, guess = (unscale_ab(z).movedim(1, 3).numpy() for z in answers)  # (N, S, S, 2)
    counts = np.bincount(index[index >= 0], minlength=len(NAMES))
    return [
        Thing(NAMES[k], truth[index == k], guess[index == k])
        for k in np.argsort(-counts, kind="stable")
        if counts[k] >= FEWEST
    ]


@lru_cache(maxsize=2000)
def class_map(url: str, size: int) -> np.ndarray:
    """(size, size) int16: the class of each pixel of a practice scene, -1 where several meet."""
    classes = practice.scene_of_url(url).classes.astype(np.float32)  # (H, W)
    mean, square = (
        np.asarray(ImageOps.fit(Image.fromarray(z), (size, size), Image.Resampling.BOX))
        for z in (classes, classes**2)
    )
    mixed = square - mean**2 > 0.01  # the variance inside the pixel
    return np.where(mixed, -1, np.rint(mean)).astype(np.int16)


def table(things: list[Thing]) -> show.Table:
    """Classes with how sure their colour is, and how often the answers had the right hue."""
    rows = [
        [t.name, f"{len(t.truth):,}", f"{t.spread:.0f}", f"{t.error:.0f}", f"{t.hue:.0%}"]
        for t in things
    ]
    headers = ["class", "pixels", "spread of its colours", "error", "hue right"]
    return show.table(rows, headers, "Spread and error in Lab units; blind guesses: 25 % of hues")


def telling(things: list[Thing], each: int = 2) -> list[Thing]:
    """Those of many colours that cost most, and those of one colour with the most pixels."""
    many = sorted((t for t in things if t.spread > MANY), key=lambda t: -len(t.truth) * t.spread**2)
    vivid = [t for t in things if t.spread <= MANY and np.hypot(*CLASSES[t.name].mean) > 15]
    return many[:each] + vivid[:each]


def draw_clouds(things: list[Thing], pixels: int = 250) -> show.Picture:
    """The ab plane of some classes: true colours, answers, and the mean of the palette."""
    fig, axes = planes([thing.name for thing in things], 2.5, 3.2)
    for ax, thing in zip(axes, things, strict=True):
        some = np.random.default_rng(0).permutation(len(thing.truth))[:pixels]
        ax.plot(*thing.truth[some].T, "o", color="0.5", markersize=3, label="truth")
        ax.plot(*thing.guess[some].T, "x", color=show.BLUE, ms=3, mew=0.8, label="answers")
        mean = {"color": show.ORANGE, "mec": "black", "label": "mean of its colours"}
        ax.plot(*CLASSES[thing.name].mean, "*", markersize=13, **mean)
        ax.grid(alpha=0.3)
    known = axes[0].get_legend_handles_labels()
    fig.legend(*known, fontsize=8, ncols=3, loc="outside upper center")
    told = [f"{t.name}: {t.spread:.0f} and {t.to_mean:.0f}" for t in things]
    alt = "Points in the ab plane for each class. How far its colours lie from their mean, and how "
    return show.figure(fig, f"{alt}far the mean of the answers, in Lab units: {'; '.join(told)}.")


def draw_errors(things: list[Thing], named: tuple[str, ...] = ("clothes",)) -> show.Picture:
    """A dot for each class: what cannot be known across, the network's error upward."""
    spread, error = (np.array([getattr(t, k) for t in things]) for k in ("spread", "error"))
    hardest = {*np.argsort(-spread)[:4], *np.argsort(spread - error)[:3]}
    names = {i: t.name for i, t in enumerate(things) if i in hardest or t.name in named}
    top = max(spread.max(), error.max()) * 1.05
    told = ", ".join(f"{name} {spread[i]:.0f} and {error[i]:.0f}" for i, name in names.items())
    alt = f"A dot for each class: spread of its colours and error of the answers. {told}."
    return against(
        spread, error, names, top, "a class", "no answer can do better", alt,
        title="Ambiguous things, and unlearnt ones",
        xlabel="spread of its colours (Lab units): what cannot be known",
        ylabel="error (Lab units, root mean square)",
    )  # fmt: skip
