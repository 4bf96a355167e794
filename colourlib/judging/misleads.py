"""Where numbers deceive: answers that win a measure and are no good, and the reverse."""

import numpy as np
from scipy.ndimage import label

from .. import practice, show
from ..evaluate import psnr
from . import Report


def street(seed: int = 1) -> show.Picture:
    """A street with cars as it was; in other colours, as vivid; in brown, the mean: with the PSNR.

    From the seed, the other colours are drawn for each thing out of the palette of its class, as
    chance did for the truth. Nobody could tell from the lightness which of the two is true.
    """
    scene = practice.scene("cars", 2, width=128)
    colours = scene.ab, other_colours(scene, seed), scene.optimum()
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
    title = f"{report.name}: greyest tenth {grey:.1f} dB, most vivid tenth {vivid:.1f} dB"
    ax.set(xlabel="mean true chroma of a photo (Lab units)", ylabel="PSNR (dB)", title=title)
    ax.grid(alpha=0.3)
    alt = "A dot for each photo: PSNR against true chroma, falling. The greyest tenth of the photos"
    alt += f" has {grey:.1f} dB on average, the most vivid {vivid:.1f} dB."
    return show.figure(fig, alt)
