"""What old photos do to the colouriser: real ones by eye, imitated scans by number.

python bench/old_photos.py [--model RUN_OR_FILE] [--scans FOLDER --picture OUT.jpg]

The photos of data/photos are damaged, one way at a time, and coloured; their true chroma is known.
Of real scans it is not: they are drawn, grey above coloured, and looked at one by one.
"""

import argparse
import statistics
from pathlib import Path

import scans
import torch
from PIL import Image
from public_photos import grey, scores

from colourlib import colour, colourise, show
from colourlib.common.pictures import open_picture
from colourlib.course.photos import public_photos
from colourlib.runs import weights

SIDE = 360  # pixels a side of a scan in the picture


def faded(x):
    return x * (1 - scans.FADED) + scans.FADED  # black is a grey, white stays


def grainy(x):
    return x + scans.GRAIN * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))


def bent(power):
    return lambda x, ab: 2 * ((x + 1) / 2).clamp(0, 1) ** power - 1


DAMAGES = {  # each takes scaled L and scaled ab, both (1, C, H, W)
    "as it is": lambda x, ab: x,
    "grey by luma, as most programs do": scans.grey_by_luma,
    "faded: 30 % of the contrast gone": lambda x, ab: faded(x),
    "too dark (gamma 1.4)": bent(1.4),
    "too light (gamma 0.7)": bent(0.7),
    "blurred: a third of the pixels": lambda x, ab: scans.soft(x, scans.SOFT),
    "grain of 4 L units": lambda x, ab: grainy(x),
    "faded, blurred and grainy": lambda x, ab: grainy(faded(scans.soft(x, scans.SOFT))),
}


def damaged(L, ab, damage) -> Image.Image:
    """The photo of this L and ab in grey, damaged."""
    x = damage(colour.scale_L(L), colour.scale_ab(ab)).clamp(-1, 1)
    return Image.fromarray(colour.to_picture(x, torch.zeros_like(ab))[0])


def table(model):
    """Rows of a Markdown table: the public photos, damaged in each way."""
    truths = [Image.open(path).convert("RGB") for path in public_photos().values()]
    labs = [colour.rgb_to_lab(colour.to_tensor(truth)) for truth in truths]
    yield f"| {len(truths)} photos | median explained chroma | worst | better than grey |"
    yield "|---|--:|--:|--:|"
    for name, damage in DAMAGES.items():
        of_each = []
        for truth, (L, true_ab) in zip(truths, labs, strict=True):
            coloured = colourise.colourise(damaged(L, true_ab, damage), model)
            _, ab = colour.rgb_to_lab(colour.to_tensor(coloured))
            # Judged with the true lightness: what was asked for are the colours.
            judged = colour.to_picture(colour.scale_L(L), colour.scale_ab(ab))[0]
            of_each.append(scores(truth, judged)[0])
        share = sum(value > 0 for value in of_each)
        middle = statistics.median(of_each)
        yield f"| {name} | {middle:.1%} | {min(of_each):.1%} | {share} of {len(of_each)} |"


def picture(model, folder: Path) -> show.Picture:
    """The scans of a folder, each in grey and coloured."""
    names, shown = [], []
    for path in sorted(folder.glob("*.jpg")):
        scan = open_picture(path).convert("RGB")
        scan.thumbnail((SIDE, SIDE))
        names += [path.stem, "coloured"]
        shown += [grey({"": scan})[""], colourise.colourise(scan, model)]
    alt = f"{len(shown) // 2} old photos, each in grey and coloured."
    return show.grid(shown, names, columns=6, title="Old photos, coloured", alt=alt)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="a run's folder or a .safetensors file")
    parser.add_argument("--scans", type=Path, metavar="FOLDER", help="of old photos")
    parser.add_argument("--picture", metavar="OUT.jpg")
    args = parser.parse_args()
    model = weights.load(args.model)
    print(*table(model), sep="\n")
    if args.scans:
        picture(model, args.scans).save(args.picture)


if __name__ == "__main__":
    main()
