"""Colour eight photos that come inside scikit-image and scikit-learn: anybody can repeat this.

python bench/public_photos.py [--model RUN_OR_FILE] [--picture OUT.png]

None of them was trained on. Beside the score of each stands its grey copy. The picture shows
the six that are in the public domain or CC0; scikit-learn's two are CC BY 2.0 and only measured.
"""

import argparse
import statistics

import numpy as np
import torch
from PIL import Image

from colourlib import colour, colourise, evaluate, show
from colourlib.runs import weights

FROM_SKIMAGE = ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "retina")
FROM_SKLEARN = ("china", "flower")


def photos():
    """{name: picture}; those of a library that is missing are left out, and it says so."""
    found = {}
    try:
        from skimage import data

        found |= {name: getattr(data, name)() for name in FROM_SKIMAGE}
    except ImportError:
        print("scikit-image is missing (pip install scikit-image): its six photos are left out.")
    try:
        from sklearn.datasets import load_sample_image

        found |= {name: load_sample_image(f"{name}.jpg") for name in FROM_SKLEARN}
    except ImportError:
        print("scikit-learn is missing (pip install scikit-learn): its two photos are left out.")
    return {name: Image.fromarray(np.asarray(array)) for name, array in found.items()}


def scores(truth, coloured):
    """(explained chroma, dB above grey, colourfulness predicted / true) of one photo."""
    true, guess = (colour.to_tensor(picture) for picture in (truth, coloured))
    (L, ab), (_, guessed) = (colour.rgb_to_lab(rgb) for rgb in (true, guess))
    grey = colour.lab_to_rgb(L, torch.zeros_like(ab))
    error, error_grey = ((true - rgb).square().mean().item() for rgb in (guess, grey))
    explained = 1 - (guessed - ab).square().sum() / ab.square().sum()
    ratio = evaluate.colourfulness(guess) / evaluate.colourfulness(true)
    return explained.item(), evaluate.psnr(error) - evaluate.psnr(error_grey), ratio.item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="a run's folder or a .safetensors file")
    parser.add_argument("--picture", metavar="OUT.png", help="grey, coloured and true photos")
    args = parser.parse_args()

    net, card = weights.load(args.model)
    rows, columns = [], []
    for name, truth in photos().items():
        coloured = colourise.colourise(truth, (net, card))
        rows.append((name, *scores(truth, coloured)))
        if name in FROM_SKIMAGE:
            columns.append((name, colourise.colourise(truth, evaluate.grey), coloured, truth))
    print(f"{'':20}{'explained':>10}{'dB above grey':>15}{'colourful':>11}")
    for name, explained, decibels, ratio in rows:
        print(f"{name:20}{explained:>10.1%}{decibels:>+15.2f}{ratio:>11.2f}")
    middle = [statistics.median(column) for column in zip(*(row[1:] for row in rows), strict=True)]
    print(f"{'median':20}{middle[0]:>10.1%}{middle[1]:>+15.2f}{middle[2]:>11.2f}")
    if args.picture:
        names, *kinds = zip(*columns, strict=True)
        small = [show_small(picture) for kind in kinds for picture in kind]
        titles = list(names) + [""] * (2 * len(names))
        drawn = show.grid(
            small,
            titles,
            columns=len(names),
            row_labels=["grey", "coloured", "truth"],
            title="Photos that the network has never seen",
            alt=f"{', '.join(names)}: in grey, coloured by the network, and as they are.",
        )
        drawn.save(args.picture)


def show_small(picture):
    """At most 240 pixels a side: the figure needs no more."""
    picture = picture.convert("RGB")
    picture.thumbnail((240, 240))
    return picture


if __name__ == "__main__":
    main()
