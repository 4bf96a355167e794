"""Where numbers deceive: answers that win a measure and are no good, and the reverse."""

import math

import numpy as np
import torch
from scipy.ndimage import label

from .. import practice, show
from ..data import PhotoSet
from ..evaluate import psnr
from . import Report, judge_answers


def turned(photos: PhotoSet, degrees: float = 90.0) -> Report:
    """The true colours with every hue turned: as vivid as the truth, and all wrong."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = torch.tensor([[cos, -sin], [sin, cos]])
    name = f"hues turned by {degrees:.0f}°"
    return judge_answers(lambda i, x, y: torch.einsum("kc,nchw->nkhw", turn, y), photos, name)


def street() -> show.Picture:
    """A street with cars as it was; in other colours, as vivid; in brown, the mean: with the PSNR.

    The other colours are drawn for each thing from the palette of its class, as chance did for the
    truth. Nobody could tell from the lightness which of the two is true.
    """
    scene = practice.scene("cars", 2, width=128)
    colours = scene.ab, other_colours(scene, 1), scene.optimum()
    truth, *guesses = pictures = [practice.lab_to_rgb(scene.L, ab) for ab in colours]
    scores = [psnr(((truth / 255 - guess / 255) ** 2).mean()) for guess in guesses]
    vivid, brown = (f"PSNR {score:.1f} dB" for score in scores)
    titles = "truth\n", f"vivid, and possible\n{vivid}", f"brown, the mean\n{brown}"
    alt = "A street three times: in its true colours; with cars of other colours, as vivid as in "
    alt += f"truth, {vivid}; with brownish grey cars, {brown}."
    return show.grid(pictures, titles, 3, title="PSNR prefers brown", alt=alt, side=2.2)


def other_colours(scene: practice.Scene, seed: int) -> np.ndarray:
    """Colours that the same lightness could have had: (H, W, 2) ab, drawn thing by thing."""
    dice, ab = np.random.default_rng(seed), np.empty_like(scene.ab)
    for index in np.unique(scene.classes):
        palette = practice.CLASSES[practice.NAMES[index]]
        things, count = label(scene.classes == index)  # cars that do not touch are two things
        for thing in range(1, count + 1):
            ab[things == thing] = dice.choice(palette.colours, p=palette.weights)
    return ab


def psnr_by_chroma(report: Report) -> show.Picture:
    """The PSNR of each photo over its true chroma: a number that tells how grey the photo is."""
    chroma, decibels = report.columns["chroma"], report.columns["psnr"]
    fig, ax = show.canvas(6.4, 3.2)
    ax.plot(chroma, decibels, "o", color=show.BLUE, markersize=4, alpha=0.6)
    order, tenth = np.argsort(chroma), max(1, len(chroma) // 10)
    grey, vivid = (decibels[some].mean() for some in (order[:tenth], order[-tenth:]))
    look = {"fontsize": 8, "bbox": {"facecolor": "white", "edgecolor": "0.5"}}
    ax.annotate(f"greyest tenth:\n{grey:.1f} dB", (chroma[order[0]], grey), **look)
    ax.annotate(
        f"most vivid tenth:\n{vivid:.1f} dB", (chroma[order[-1]], vivid), **look, ha="right"
    )
    title = f"PSNR of each photo: {report.name}"
    ax.set(xlabel="mean true chroma (Lab units)", ylabel="PSNR (dB)", title=title)
    ax.grid(alpha=0.3)
    alt = "A dot for each photo: PSNR against true chroma, falling. The greyest tenth of the photos"
    alt += f" has {grey:.1f} dB on average, the most vivid {vivid:.1f} dB."
    return show.figure(fig, alt)


def concentration(report: Report, share: float = 0.1) -> float:
    """Share of the grey copy's squared error that lies in the most vivid photos: these decide the
    explained chroma. share: how many photos are called the most vivid, 0..1."""
    error = np.sort(report.columns["error_grey"])[::-1]
    return float(error[: max(1, round(share * len(error)))].sum() / error.sum())
