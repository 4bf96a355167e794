"""Colour the photos that come with the course, data/photos: anybody can repeat this.

python bench/public_photos.py [--model RUN_OR_FILE] [--picture OUT.jpg] [--hero OUT.jpg]

None of them was trained on. Beside the score of each stands its grey copy. --picture draws six of
them in grey, coloured and as they are; --hero, for the README, some in grey and coloured.
"""

import argparse
import statistics

import torch
from PIL import Image, ImageDraw, ImageFont, ImageOps

from colourlib import colour, colourise, evaluate, show
from colourlib.course.photos import public_photos
from colourlib.runs import weights

PICTURE = ("astronaut", "chelsea", "desert", "kitten", "lake", "pier")
HERO = ("lake", "astronaut", "pier", "chelsea", "desert")
TILE, GAP, TITLE = (236, 216), 8, 28  # pixels of the hero: a photo, between two, a title
SMALL = 240  # pixels a side of a photo in the picture: the figure needs no more


def scores(truth, coloured):
    """(explained chroma, dB above grey, colourfulness predicted / true) of one photo."""
    true, guess = (colour.to_tensor(picture) for picture in (truth, coloured))
    (L, ab), (_, guessed) = (colour.rgb_to_lab(rgb) for rgb in (true, guess))
    grey = colour.lab_to_rgb(L, torch.zeros_like(ab))
    error, error_grey = ((true - rgb).square().mean().item() for rgb in (guess, grey))
    explained = 1 - (guessed - ab).square().sum() / ab.square().sum()
    ratio = evaluate.colourfulness(guess) / evaluate.colourfulness(true)
    return explained.item(), evaluate.psnr(error) - evaluate.psnr(error_grey), ratio.item()


def table(truths, coloured) -> None:
    """Print the scores of each photo, and their medians."""
    rows = {name: scores(truth, coloured[name]) for name, truth in truths.items()}
    rows["median"] = [statistics.median(column) for column in zip(*rows.values(), strict=True)]
    print(f"{'':20}{'explained':>10}{'dB above grey':>15}{'colourful':>11}")
    for name, (explained, decibels, ratio) in rows.items():
        print(f"{name:20}{explained:>10.1%}{decibels:>+15.2f}{ratio:>11.2f}")


def picture(truths, coloured) -> show.Picture:
    """Three rows: in grey, coloured, as they are."""
    kinds = [grey(truths), coloured, truths]
    shown = [kind[name].copy() for kind in kinds for name in PICTURE]
    for photo in shown:
        photo.thumbnail((SMALL, SMALL))
    return show.grid(
        shown,
        list(PICTURE) + [""] * (2 * len(PICTURE)),
        columns=len(PICTURE),
        row_labels=["grey", "coloured", "truth"],
        title="Photos that the network has never seen",
        alt=f"{', '.join(PICTURE)}: in grey, coloured by the network, and as they are.",
    )


def hero(truths, coloured) -> Image.Image:
    """Two rows, large: in grey, and coloured."""
    width, height = TILE
    columns = len(HERO) * (width + GAP) - GAP
    sheet = Image.new("RGB", (columns, 2 * (TITLE + height)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=17)
    rows = {"What the network is given": grey(truths), "The colours that it guesses": coloured}
    for row, (title, photos) in enumerate(rows.items()):
        top = row * (TITLE + height)
        draw.text((2, top + 3), title, "black", font)
        for column, name in enumerate(HERO):
            tile = ImageOps.fit(photos[name], TILE, Image.Resampling.LANCZOS, centering=(0.5, 0.25))
            sheet.paste(tile, (column * (width + GAP), top + TITLE))
    return sheet


def grey(truths) -> dict[str, Image.Image]:
    return {name: colourise.colourise(truth, evaluate.grey) for name, truth in truths.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="a run's folder or a .safetensors file")
    parser.add_argument("--picture", metavar="OUT.jpg", help="grey, coloured and true photos")
    parser.add_argument("--hero", metavar="OUT.jpg", help="the README's first: grey and coloured")
    args = parser.parse_args()

    model = weights.load(args.model)
    truths = {name: Image.open(path).convert("RGB") for name, path in public_photos().items()}
    coloured = {name: colourise.colourise(truth, model) for name, truth in truths.items()}
    table(truths, coloured)
    if args.picture:
        picture(truths, coloured).save(args.picture)
    if args.hero:
        hero(truths, coloured).save(args.hero, quality=85, optimize=True)


if __name__ == "__main__":
    main()
