r"""Teach the decoder of a run of `weights.py` to take hints, judge it, and write it as a file.

python bench/hinted.py --run FOLDER --photos FOLDER_OR_ZIP [...] --repeats 9 3 1 --minutes 12 \
    --out HINTS.safetensors

The encoder stays as it is, and so does the network of chroma: this is a second decoder beside it.
There is no L2: hints are rare, their weights have small gradients, and in Adam L2 kept them at 0.

Each validation photo gets 0, 1, 2 ... hints of its true colour at random places; of the more the
fewer ones are a part. Beside the network stand Levin's equation of chapter 09, and the hints alone,
painted on the grey copy. Without --run the weights that come with the course are judged.
"""

import argparse
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from time import time

import mixed
import safetensors.torch
import three
import torch
import torch.nn.functional as F
import weights
from torch import Tensor

from colourlib import levin, train
from colourlib.colour import unscale_L
from colourlib.common.fingerprints import write_head
from colourlib.data import BATCH_SIZE, Batch, PhotoSet
from colourlib.hints import HintNet, simulated, taking
from colourlib.judging import intervals
from colourlib.runs import weights as stored

NUMBERS = (0, 1, 2, 5, 10, 20, 50)  # hints
MANY = 30  # hints a photo in every second step, in the mean
JUDGED = 40  # photos of a validation set at most
CONFIG = train.Config(lr=1e-3, average=0.998)
SIZE = 128  # pixels a side; a hint has 1 to 9 of them


def teach(net: HintNet, photos: mixed.MixedSet, minutes: float) -> HintNet:
    """The running average of the network, its decoder trained for so long, in eval mode."""
    net.encoder.requires_grad_(False)
    mine = [p for p in net.parameters() if p.requires_grad]
    new = set(net.hint.parameters())
    groups = [
        {"params": [p for p in mine if p not in new], "share": 1},
        {"params": [*new], "share": 10},
    ]
    optimiser, average, step, start = torch.optim.Adam(groups), deepcopy(net).eval(), 0, time()
    while (done := (time() - start) / 60 / minutes) < 1:
        dice = torch.Generator().manual_seed(step)
        order = torch.randint(len(photos), (BATCH_SIZE,), generator=dice)
        x, y = photos.__getitems__(Batch(order.tolist(), [1, 0, step]))
        if step % 2:  # as the run had them in one step, and in the next as many as people may give
            number = int(torch.empty(1).geometric_(1 / MANY, generator=dice))
            x = torch.cat([x[:, :1], simulated(y, dice, number)], dim=1)
        for group in optimiser.param_groups:
            group["lr"] = group["share"] * train.lr_at(done, CONFIG)
        with torch.autocast("cpu", torch.bfloat16):
            guess = net.train()(x)
        loss = F.mse_loss(guess.float(), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        train.average_(average, net, CONFIG.average, step)
        step += 1
        if step % 200 == 0:
            print(f"{step} steps, {done:.0%}, loss {loss.item():.4f}", flush=True)
    print(f"{step} steps of {BATCH_SIZE} photos")
    return average


def hinted(y: Tensor, first: int, number: int) -> Tensor:
    """Hints (N, 3, H, W) for photos y (N, 2, H, W); photo i of all has dice of its own."""
    dice = [torch.Generator().manual_seed(first + i) for i in range(len(y))]
    return torch.cat([simulated(t[None], d, number) for t, d in zip(y, dice, strict=True)])


def spread(x: Tensor, hints: Tensor) -> Tensor:
    """(N, 2, H, W): the hints (N, 3, H, W) spread over the photos x (N, 1, H, W) by `levin`."""
    each = zip(unscale_L(x)[:, 0].numpy(), hints[:, :2].numpy(), hints[:, 2].numpy(), strict=True)
    return torch.stack([torch.from_numpy(levin.spread(*one)).float() for one in each])


@torch.inference_mode()
def curves(net: HintNet, photos: PhotoSet) -> dict[str, dict[int, list[float]]]:
    """{colouriser: {hints: [explained chroma, low, high]}} of a set."""
    whole = replace(photos, size=SIZE, crop=None)
    rows: dict[str, dict[int, list]] = {
        name: {n: [] for n in NUMBERS} for name in ("net", "Levin", "hints")
    }
    grey = []
    for first in range(0, len(whole), BATCH_SIZE):
        x, y = whole.__getitems__([*range(first, min(first + BATCH_SIZE, len(whole)))])
        grey.append(y.square().mean((1, 2, 3)))
        for number in NUMBERS:
            hints = hinted(y, first, number)
            answers = {
                "net": net(torch.cat([x, hints], dim=1)),
                "Levin": spread(x, hints),
                "hints": hints[:, :2],
            }
            for name, answer in answers.items():
                rows[name][number].append((answer - y).square().mean((1, 2, 3)))
    none = torch.cat(grey).numpy()

    def share(error, grey):
        return 1 - error.mean(-1) / grey.mean(-1)

    found = {}
    for name, of_each in rows.items():
        for number, parts in of_each.items():
            error = torch.cat(parts).numpy()
            between = intervals.interval(intervals.draws(share, error, none))
            found.setdefault(name, {})[number] = [float(share(error, none)), *between]
    return found


def lines(table):
    """The curves as rows of a Markdown table."""
    yield "| photos | | " + " | ".join(f"{n} hints" for n in NUMBERS) + " |"
    yield "|---|---|" + "--:|" * len(NUMBERS)
    for title, by_name in table.items():
        for name, curve in by_name.items():
            told = [
                f"{100 * v:.1f} ({100 * lo:.0f}–{100 * hi:.0f})" for v, lo, hi in curve.values()
            ]
            yield f"| {title} | {name} | " + " | ".join(told) + " |"
            title = ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, metavar="FOLDER")
    parser.add_argument("--photos", nargs="+", required=True, metavar="FOLDER_OR_ZIP[+ZIP...]")
    parser.add_argument("--elsewhere", nargs="+", default=[], help="other photos, only judged")
    parser.add_argument("--repeats", nargs="+", type=int, help="as `weights.py` had")
    parser.add_argument("--minutes", type=float, help="of training")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the hints' weights")
    args = parser.parse_args()
    if args.run is None and args.out:
        parser.error("--out writes what a run was taught: name it with --run")
    if args.run and not (args.repeats and args.minutes):
        parser.error("--run is taught first: how, say --repeats and --minutes")
    if args.run:
        trained = safetensors.torch.load_file(args.run / "weights.safetensors")
        net = HintNet(len(trained["lateral.0.weight"]))
        net.load_state_dict({k: v for k, v in trained.items() if k in net.state_dict()})
    else:
        net = taking(stored.load()[0])
    origins, table = [*map(weights.origin, args.photos)], {}
    if args.run:
        net = teach(net, mixed.mixture(origins, args.repeats, hinted=True).train, args.minutes)
    for o in [*origins, *map(weights.elsewhere, args.elsewhere)]:
        for kinds, photos in o.validation.items():
            table[f"{o.name}, {kinds}"] = curves(net, mixed.some(photos, JUDGED))
    print(*lines(table), sep="\n")
    if args.out is None:
        return
    mine = {k: v for k, v in net.state_dict().items() if not k.startswith("encoder.")}
    card = {"network": "HintNet", "size": SIZE, "scores": table}
    write_head(args.out, mine, three.plain_of(trained), card)


if __name__ == "__main__":
    main()
