"""Where numbers deceive: answers that win a measure and are no good, and the reverse."""

from __future__ import annotations

import math

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.ndimage import label

from .. import practice, show
from ..data import PhotoSet
from ..evaluate import psnr
from . import Report, judge_answers


def turned(photos: PhotoSet, degrees: float = 90.0) -> Report:
    """The true colours with every hue turned: as vivid as the truth, and all wrong."""
    angle = math.radians(degrees)
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])

    def answer(indices):
        x, y = photos.__getitems__(indices)
        return x, y, torch.einsum("kc,nchw->nkhw", turn, y)

    return judge_answers(answer, photos, f"hues turned by {degrees:.0f}°")


def street(seed: int = 2, draw: int = 1) -> show.Picture:
    """A street with cars, as it was; a possible colouring, vivid; the mean of all, brown: by PSNR.

    The possible colouring draws each thing's colour anew from the palette of its class, as chance
    did for the truth. Nobody could tell from the lightness which of the two is true.
    """
    scene = practice.scene("cars", seed, width=128)
    guesses = {
        "vivid, and possible": other_colours(scene, draw),
        "brown, the mean": scene.optimum(),
    }
    pictures = [practice.lab_to_rgb(scene.L, ab) for ab in (scene.ab, *guesses.values())]
    truth = pictures[0] / 255
    scores = [psnr(((truth - picture / 255) ** 2).mean()) for picture in pictures[1:]]
    titles = [f"{name}\nPSNR {s:.1f} dB" for name, s in zip(guesses, scores, strict=True)]
    return show.grid(
        pictures,
        ["truth\n", *titles],
        columns=3,
        side=2.2,
        title="PSNR prefers brown",
        alt="A street three times: in its true colours; with cars of other colours, as vivid as in "
        f"truth, PSNR {scores[0]:.1f} dB; with brownish grey cars, PSNR {scores[1]:.1f} dB.",
    )


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
    shown = np.isfinite(decibels)
    fig = Figure(figsize=(6.4, 3.2), layout="constrained")
    ax = fig.subplots()
    ax.plot(chroma[shown], decibels[shown], "o", color=show.BLUE, markersize=4, alpha=0.6)
    tenth = max(1, len(chroma) // 10)
    order = np.argsort(chroma)
    ends = [float(decibels[some].mean()) for some in (order[:tenth], order[-tenth:])]
    for name, height, x in zip(("greyest", "most vivid"), ends, (order[0], order[-1]), strict=True):
        ax.annotate(f"{name} tenth:\n{height:.1f} dB", (chroma[x], height), fontsize=8,
                    ha="left" if name == "greyest" else "right",
                    bbox={"facecolor": "white", "edgecolor": "0.5"})  # fmt: skip
    ax.set(xlabel="mean true chroma (Lab units)", ylabel="PSNR (dB)")
    ax.set_title(f"PSNR of each photo: {report.name}")
    ax.grid(alpha=0.3)
    return show.figure(
        fig,
        f"A dot a photo: PSNR against true chroma, falling. The greyest tenth of the photos has "
        f"{ends[0]:.1f} dB on average, the most vivid {ends[1]:.1f} dB.",
    )


def concentration(report: Report, share: float = 0.1) -> float:
    """Share of the grey copy's squared error that lies in the most vivid photos: these decide the
    explained chroma. share: how many photos are called the most vivid, 0..1."""
    error = np.sort(report.columns["error_grey"])[::-1]
    return float(error[: max(1, round(share * len(error)))].sum() / error.sum())
