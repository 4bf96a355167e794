"""Choose how the vivid head of a run of `weights.py` is used, and write it as a file of its own.

python bench/vivid_card.py --run FOLDER --photos FOLDER_OR_ZIP [...] --out VIVID.safetensors

The chroma that a mean loses is given back, so far that the pictures are colourful enough on every
validation set; of what reaches that, the highest explained chroma of the worst set is taken.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import mixed
import safetensors.torch
import three
import weights

from colourlib import colourise, evaluate, vivid
from colourlib.common.fingerprints import write_head

TRIED = 150  # photos of a set, to choose by
JUDGED = 300  # photos of a set at most, for the card
ENOUGH = 0.9  # predicted colourfulness / true, on the worst set
PARTS = (1.05, 1.0, 0.95, 0.0)  # of the missing chroma; a mean of sizes loses some again
TEMPERATURES = (0.7, 1.0)


def choose(network, sets, sizes):
    """(part, temperature, {choice: [explained chroma and colourfulness of each set]})."""
    found = {}
    for part in PARTS:
        for temperature in TEMPERATURES:
            colouriser = colourise.at_sizes(network(part, temperature), sizes)
            tried = [evaluate.score(colouriser, mixed.some(s, TRIED)) for s in sets]
            found[part, temperature] = [(t.explained_chroma, t.colourfulness) for t in tried]
            print(part, temperature, *(f"{e:.1%} {c:.2f}" for e, c in found[part, temperature]))
    worst = {key: min(c for _, c in scores) for key, scores in found.items()}
    fine = [key for key, least in worst.items() if least >= ENOUGH]
    if fine:
        return *max(fine, key=lambda key: min(e for e, _ in found[key])), found
    return *max(worst, key=worst.get), found  # none is enough: the most colourful one


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--photos", nargs="+", required=True, metavar="FOLDER_OR_ZIP[+ZIP...]")
    parser.add_argument("--elsewhere", nargs="+", default=[], help="other photos, only judged")
    parser.add_argument("--sizes", nargs="+", type=int, default=[128], help="pixels, shorter side")
    parser.add_argument("--out", type=Path, metavar="FILE")
    args = parser.parse_args()
    trained = safetensors.torch.load_file(args.run / "weights.safetensors")
    net, bins, prior = three.plain_of(trained), trained["bins"], trained["prior"]
    head = vivid.VividHead(prior, net.head.in_channels)
    mine = {k.removeprefix("vivid."): w for k, w in trained.items() if k.startswith("vivid.")}
    head.load_state_dict(mine)

    def network(part, temperature):
        return vivid.VividTransfer(net, head, bins, part, temperature).eval()

    origins = [*map(weights.origin, args.photos)]
    sets = [photos for o in origins for photos in o.validation.values()]
    sets = [replace(photos, size=photos.L.shape[-1]) for photos in sets]
    part, temperature, tried = choose(network, sets, args.sizes)
    judged = [*origins, *map(weights.elsewhere, args.elsewhere)]
    judged = [
        replace(o, validation={k: mixed.some(p, JUDGED) for k, p in o.validation.items()})
        for o in judged
    ]
    both = {"network": network(part, temperature), "mean": net}
    both = {name: colourise.at_sizes(one, args.sizes) for name, one in both.items()}
    table, _ = weights.report(both, judged, mixed.mixture(origins, [1] * len(origins)))
    print(*weights.lines(table), sep="\n")
    if args.out is None:
        return
    card = {"network": "VividHead", "given_back": part}
    middle = args.sizes[len(args.sizes) // 2]  # where one has to do
    card |= {"temperature": temperature, "sizes": args.sizes, "size": middle}
    card |= {"saturation": 1.0, "bins": len(bins), "scores": table}
    card["tried"] = {f"given back {p:g}, T {t:g}": scores for (p, t), scores in tried.items()}
    write_head(args.out, mine | {"bins": bins, "prior": prior}, net, card)


if __name__ == "__main__":
    main()
