"""The picture on the README's front page: practice scenes in grey, as a network colours them, true.

python bench/practice_picture.py [--model RUN_OR_FILE] [--picture OUT.png]

Without --model it is the network that chapter 05 trained here; if there is none, one is trained in
a minute. Scenes like these are in every workspace, but not these: their seeds are never collected.
"""

import argparse
from pathlib import Path

from PIL import Image

from colourlib import colourise, evaluate, open_workspace, practice, show
from colourlib.runs import weights

QUERIES = ("mountains", "sun", "trees", "cities", "people", "cars")
SEED = 900_001  # the first one that was tried
PICTURE = Path(__file__).resolve().parents[1] / "docs" / "practice.png"
COLOURS = 192  # in the file: more cannot be told apart, and would make it larger


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="a run's folder or a .safetensors file")
    parser.add_argument("--picture", type=Path, default=PICTURE, metavar="OUT.png")
    args = parser.parse_args()

    net = weights.load(args.model)[0] if args.model else open_workspace("practice").trained()[0]
    truths = [Image.fromarray(practice.scene(q, SEED, 160, 120).rgb()) for q in QUERIES]
    greys = [colourise.colourise(truth, evaluate.grey) for truth in truths]
    coloured = [colourise.colourise(truth, net) for truth in truths]
    drawn = show.grid(
        [*greys, *coloured, *truths],
        [*QUERIES] + [""] * 2 * len(QUERIES),
        columns=len(QUERIES),
        row_labels=["grey", "network", "truth"],
        title="Practice scenes that the network has never seen",
        alt=f"Drawn scenes ({', '.join(QUERIES)}) in grey, coloured by the network, and true.",
    )
    drawn.image.quantize(COLOURS).save(args.picture, optimize=True)
    print(f"{args.picture}: {args.picture.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
