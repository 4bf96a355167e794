"""The same by class of thing, where every pixel's class is known: on practice scenes.

A class is what a pixel shows: car, grass, sky. Its palette is known, and so one can tell apart what
nobody can know, the spread of the palette, and what the network has not learnt.
"""

from functools import lru_cache

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from .. import practice, show
from ..colour import scale_ab, unscale_ab
from ..common.errors import CourseError
from ..data import PhotoSet
from ..practice import CLASSES, NAMES, lab_to_rgb

COLOURED = 10.0  # Lab units of chroma: from here on one would name a colour
FEWEST = 300  # pixels: a class with fewer is left out
REACH = 60  # Lab units: how far from grey a plane is drawn


class Thing:
    """A class: the true ab of its pixels and what was answered there, (n, 2) each, Lab units.

    In Lab units, too: spread, how far its colours lie from their mean, which is the best answer;
    error, how far, root mean square, the answers lie from the truth; to_mean, how far their mean
    lies from the mean of the palette. hue: the share of its coloured pixels that were given the
    right hue; see `hues`.
    """

    def __init__(self, name: str, truth: np.ndarray, guess: np.ndarray) -> None:
        self.name, self.truth, self.guess, palette = name, truth, guess, CLASSES[name]
        self.spread = float(np.sqrt(palette.variance.sum()))
        self.error = float(np.sqrt(((guess - truth) ** 2).sum(axis=1).mean()))
        self.to_mean = float(np.linalg.norm(guess.mean(axis=0) - palette.mean))
        scaled = (torch.from_numpy(scale_ab(ab)).T[None, :, None] for ab in (truth, guess))
        coloured, right = hues(*scaled)  # of (1, 2, 1, n)
        self.hue = (right / coloured).item() if coloured else np.nan


def hues(y: Tensor, prediction: Tensor) -> tuple[Tensor, Tensor]:
    """(share of coloured pixels, share of pixels that are coloured and right in hue), (B,) each.

    y and prediction (B, 2, H, W), scaled ab. Coloured: of a true chroma of COLOURED or more. Right:
    the guess points less than 45 degrees away from the truth, as one of four blind guesses would.
    """
    (a, b), (guess_a, guess_b) = y.unbind(1), prediction.unbind(1)  # (B, H, W) each
    coloured = torch.hypot(a, b) >= scale_ab(COLOURED)
    along, across = a * guess_a + b * guess_b, a * guess_b - b * guess_a
    right = coloured & (along > across.abs())
    return coloured.float().mean(dim=(1, 2)), right.float().mean(dim=(1, 2))


def of(photos: PhotoSet, guess: Tensor) -> list[Thing]:
    """The classes in these photos, those with the most pixels first; guess (N, 2, H, W) scaled ab.

    Raises CourseError for photos that are not practice scenes, because there nobody knows what a
    pixel shows.
    """
    if photos.optimum is None:
        raise CourseError("What each pixel shows is known for practice scenes only.")
    index = np.stack([class_map(row["url"], photos.size) for row in photos.rows])  # (N, S, S)
    _, y = photos.__getitems__(list(range(len(photos))))
    truth, guess = (unscale_ab(z.cpu()).movedim(1, 3).numpy() for z in (y, guess))  # (N, S, S, 2)
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


def draw_clouds(things: list[Thing], pixels: int = 250) -> show.Picture:
    """The ab plane of up to four classes: true colours, answers, and the mean of the palette."""
    columns = min(2, len(things))
    rows = -(-len(things) // columns)
    fig, axes = show.canvas(
        0.6 + 3.2 * columns, 0.8 + 3.1 * rows, rows, columns,
        sharex=True, sharey=True, squeeze=False,
    )  # fmt: skip
    for ax in axes.flat[len(things) :]:
        ax.set_axis_off()
    for ax, thing in zip(axes.flat, things, strict=False):
        some = np.random.default_rng(0).permutation(len(thing.truth))[:pixels]
        dots = lab_to_rgb(np.full((1, len(some)), 60.0), thing.truth[some][None])[0] / 255
        look = {"s": 26, "edgecolors": "0.4", "lw": 0.3, "zorder": 3}
        ax.scatter(*thing.truth[some].T, c=dots, label="truth", **look)
        ax.plot(*thing.guess[some].T, "x", color="black", ms=4, mew=0.5, label="answers")
        look = {"color": "white", "mec": "black", "mew": 1.5, "ms": 17, "zorder": 4}
        ax.plot(*CLASSES[thing.name].mean, "*", label="mean of its colours", **look)
        ax.set(title=thing.name, aspect="equal", xlim=(-REACH, REACH), ylim=(-REACH, REACH))
        ax.grid(alpha=0.3)
    for ax in axes[-1]:
        ax.set_xlabel("a: green − / red +")
    for ax in axes[:, 0]:
        ax.set_ylabel("b: blue − / yellow +")
    known = axes[0, 0].get_legend_handles_labels()
    fig.legend(*known, fontsize=9, ncols=3, loc="outside upper center")
    told = [f"{t.name}: {t.spread:.0f} and {t.to_mean:.0f}" for t in things]
    alt = "Points in the ab plane for each class. How far its colours lie from their mean, and how "
    return show.figure(fig, f"{alt}far the mean of the answers, in Lab units: {'; '.join(told)}.")
