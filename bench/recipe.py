"""Which tricks against overfitting pay on few photos: the same number of steps with and without.

    python bench/recipe.py --photos FOLDER [--steps 2400] [--only NAME ...]

2,400 steps of 20 photos are about five minutes on two CPU cores. For each recipe: the explained
chroma on validation photos of the last weights, and of their running averages over about 100 and
500 steps. What pays is built into `fit` or ColourNet; what does not is only here. All photos are
shown at full size: `bench/quality.py --set small_first=0` tells what small ones first bring.
"""

import argparse
import copy

import torch
from torch import nn

from colourlib import evaluate, open_workspace
from colourlib.model import ColourNet
from colourlib.prepare import prepare
from colourlib.runs.fit import configure
from colourlib.runs.speed import kept_memory, place
from colourlib.train import adam, average_, lr_at, train_step

AVERAGES = (0.99, 0.998)
RECIPES = {
    "as it is": {},
    "gamma of L": {"gamma": 0.3},
    "contrast of L": {"contrast": 0.2},
    "dropout": {"dropout": 0.1},
    "gamma and dropout": {"gamma": 0.3, "dropout": 0.1},
    "lr doubled": {"lr": 2.4e-3},
    "L2 x 10": {"weight_decay": 1e-4},
    "constant lr": {"schedule": "constant", "lr": 6e-4},
}


def jitter(x, gamma, contrast, dice):
    """Each photo's lightness x (B, 1, H, W) bent and stretched by chance; chroma stays."""

    def chance(size):
        return ((2 * torch.rand(len(x), 1, 1, 1, generator=dice) - 1) * size).exp()

    u = (x + 1) / 2  # 0..1
    if gamma:
        u = u.clamp(1e-4, 1) ** chance(gamma)
    if contrast:
        mean = u.mean(dim=(1, 2, 3), keepdim=True)
        u = mean + (u - mean) * chance(contrast)
    return u.clamp(0, 1) * 2 - 1


def with_dropout(net, share):
    """Whole channels of the deepest map are dropped, and twice that share of the context."""
    net.deep.append(nn.Dropout2d(share))
    net.context.append(nn.Dropout(2 * share))
    return net


def run(data, steps, gamma=0.0, contrast=0.0, dropout=0.0, **settings):
    """Explained chroma of the last weights and of each average, in percent."""
    config, placement = configure(**settings), place()
    torch.manual_seed(0)
    net = with_dropout(ColourNet(), dropout) if dropout else ColourNet()
    net = placement.model(net)
    averages = {decay: copy.deepcopy(net).eval() for decay in AVERAGES}
    optimiser, loader = adam(net, config), data.loader(config.batch_size, seed=0)
    dice, step = torch.Generator().manual_seed(0), 0
    while step < steps:
        for x, y in loader:
            for group in optimiser.param_groups:
                group["lr"] = lr_at(step / steps, config)
            x = placement.batch(jitter(x, gamma, contrast, dice))
            train_step(net.train(), x, placement.batch(y), optimiser, config, placement)
            step += 1
            for decay, averaged in averages.items():
                average_(averaged, net, decay, step)
            if step == steps:
                break
    everyone = {"last weights": net} | {f"average {d}": a for d, a in averages.items()}
    return {name: evaluate.validate(n, data.validation)[1] for name, n in everyone.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", default="practice", metavar="FOLDER")
    parser.add_argument("--size", type=int, help="pixels; 128, and 64 for practice scenes")
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--only", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    args = parser.parse_args()
    ws = open_workspace(args.photos)
    data = prepare(ws.root, *ws.cleaned(), size=args.size or ws.size)
    print(f"{len(data.train)} training photos, {args.steps} steps of 20 at {data.train.size} px")
    with kept_memory():
        for name in args.only:
            reached = run(data, args.steps, **RECIPES[name])
            print(f"{name:20}", *(f"{k} {v:.1%}  " for k, v in reached.items()), flush=True)


if __name__ == "__main__":
    main()
