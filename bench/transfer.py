"""From scratch, on a frozen encoder, all of it: explained chroma by how many photos there are.

    python bench/transfer.py --photos FOLDER_OR_ZIP [ELSEWHERE ...] [--numbers 50 200 1000]

The first origin trains, in the same steps for each of three kinds; every origin judges, so that the
others are photos from elsewhere. Each run is written to data/weights/transfer.json as it ends, and
08_transfer shows the table; the same command goes on with those that are missing.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import mixed
import torch
import weights
from torch import nn

from colourlib import evaluate, transfer
from colourlib.common.files import read_json, replace_text
from colourlib.runs.fit import configure
from colourlib.runs.speed import kept_memory, place
from colourlib.teaching.measured import KINDS, TRANSFER
from colourlib.train import adam, average_, lr_at, train_step


class Scratch(transfer.TransferNet):
    """The same network with nothing lent: every weight learns, and every average follows."""

    pretrained = nn.Module()

    def train(self, mode=True):
        return nn.Module.train(self, mode)


def network(kind):
    """One of the three, before it has learnt anything here."""
    if kind == "scratch":
        return Scratch().requires_grad_(True)
    net = transfer.TransferNet()
    net.encoder = transfer.load_encoder()
    if kind == "frozen":
        net.encoder.requires_grad_(False)
    return net


def drawn(photos, count, seed):
    """So many photos of a set, by chance; all where there are fewer or count is 0."""
    chosen = torch.randperm(len(photos), generator=torch.Generator().manual_seed(seed)).tolist()
    chosen = sorted(chosen[: count or None])
    rows = [photos.rows[i] for i in chosen]
    return replace(photos, L=photos.L[chosen], ab=photos.ab[chosen], rows=rows)


def learnt(kind, data, steps, seed):
    """A network of this kind after so many steps of 20: the running average of its weights."""
    config, placement = configure(steps=steps, seed=seed), place()
    torch.manual_seed(seed)
    net = placement.model(network(kind))
    judged = placement.model(network(kind)).eval().requires_grad_(False)
    judged.load_state_dict(net.state_dict())
    optimiser, loader, step = adam(net, config), data.loader(config.batch_size, seed), 0
    while step < steps:
        for x, y in loader:
            for group in optimiser.param_groups:
                group["lr"] = lr_at(step / steps, config) * group["share"]
            x, y = placement.batch(x), placement.batch(y)
            train_step(net.train(), x, y, optimiser, config, placement)
            average_(judged, net, 0.95, step)
            step += 1
            if step == steps:
                break
    return judged


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", nargs="+", required=True, metavar="FOLDER_OR_ZIP")
    parser.add_argument("--numbers", nargs="+", type=int, default=[50, 200, 1000, 0])
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--size", type=int, default=96, help="pixels a side, while it learns")
    parser.add_argument("--judged", type=int, default=300, help="photos of each origin")
    parser.add_argument("--out", type=Path, default=TRANSFER)
    args = parser.parse_args()
    origins = [weights.origin(source) for source in args.photos]
    train = replace(origins[0].train, size=args.size)
    judges = {o.name: mixed.some(next(iter(o.validation.values())), args.judged) for o in origins}
    judges = {name: replace(photos, size=args.size) for name, photos in judges.items()}
    known = read_json(args.out) or {"runs": []}
    about = {"steps": args.steps, "size": args.size, "trained on": origins[0].name}
    plan = [(n, seed, k) for seed in range(args.repeats) for n in args.numbers for k in KINDS]
    with kept_memory():
        for number, seed, kind in plan:
            photos = drawn(train, number, seed)
            run = about | {"kind": kind, "photos": len(photos), "seed": seed}
            if any(run == {k: r[k] for k in run} for r in known["runs"]):
                continue
            data = mixed.PhotoData(photos, photos, mixed.mean_ab(photos), f"{number} {seed}")
            net = learnt(kind, data, args.steps, seed)
            everyone = {"network": net, "mean tint": evaluate.tint(data.mean_tint)}
            run["explained"] = {
                name: {who: evaluate.validate(c, p)[1] for who, c in everyone.items()}
                for name, p in judges.items()
            }
            known["runs"].append(run)
            replace_text(args.out, json.dumps(known, indent=1) + "\n")
            told = [
                f"{n} {e['network']:.1%} ({e['mean tint']:.1%})"
                for n, e in run["explained"].items()
            ]
            print(f"{len(photos):6} photos, {kind:8} seed {seed}:", *told, flush=True)


if __name__ == "__main__":
    main()
