"""What a few minutes of training reach, beside the baselines; several networks get the same time.

    python bench/quality.py [--photos FOLDER] [--minutes 5] [--size N] [--network A ...] [--set k=v]

Collects, cleans and splits the pictures (practice scenes without --photos), trains each network
from scratch for that many minutes, and prints the scores on validation photos of which no
near-duplicate was trained on. On practice scenes also: how long until 90 % of the optimum.
"""

import argparse
import ast
import platform
from dataclasses import replace

import torch
from torch import nn

from colourlib import evaluate, model, open_workspace
from colourlib.clean import leaks
from colourlib.model import chroma_head, conv_bn_relu, pool, upsample_to
from colourlib.prepare import prepare
from colourlib.teaching.fit import fit


class UNet(nn.Module):
    """The network of many course assignments: two levels, two bricks on each, skips stacked."""

    def __init__(self, w=32):
        super().__init__()
        self.down1 = nn.Sequential(conv_bn_relu(1, w), conv_bn_relu(w, w))
        self.down2 = nn.Sequential(conv_bn_relu(w, 2 * w), conv_bn_relu(2 * w, 2 * w))
        self.deep = nn.Sequential(conv_bn_relu(2 * w, 4 * w), conv_bn_relu(4 * w, 4 * w))
        self.up2 = nn.Sequential(conv_bn_relu(6 * w, 2 * w), conv_bn_relu(2 * w, 2 * w))
        self.up1 = nn.Sequential(conv_bn_relu(3 * w, w), conv_bn_relu(w, w))
        self.head = chroma_head(w)

    def forward(self, x):
        full = self.down1(x)  # (N, w, H, W)
        half = self.down2(pool(full))  # (N, 2w, H/2, W/2)
        deep = self.deep(pool(half))  # (N, 4w, H/4, W/4)
        y = self.up2(torch.cat([upsample_to(deep, half), half], dim=1))
        y = self.up1(torch.cat([upsample_to(y, full), full], dim=1))
        return self.head(y)


NETWORKS = {
    "ColourNet": model.ColourNet,
    "EncoderDecoder": model.EncoderDecoder,
    "UNet": UNet,
    "PlainNet": model.PlainNet,
}


def seconds_to(run, share):
    """Seconds of training until a validation reached that share of the optimum, or None."""
    goal = share * run.levels["optimum"]
    return next((r["seconds"] for r in run.history if r["explained_chroma"] >= goal), None)


def setting(text):
    """'lr=2e-3' as ('lr', 0.002)."""
    name, _, value = text.partition("=")
    return name, ast.literal_eval(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", default="practice", metavar="FOLDER")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--size", type=int, help="pixels; 128, and 64 for practice scenes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", default=[], type=setting, nargs="+", metavar="NAME=NUMBER",
                        help="settings of fit: small_first=0 batch_size=10")  # fmt: skip
    parser.add_argument("--network", default=["ColourNet"], nargs="+", choices=list(NETWORKS))
    args = parser.parse_args()

    ws = open_workspace(args.photos)
    verdicts, split = ws.cleaned()
    data = replace(prepare(ws.root, verdicts, split, size=args.size or ws.size), runs=None)
    lines = []
    for name in args.network:
        torch.manual_seed(args.seed)
        net = NETWORKS[name]()
        run = fit(net, data, minutes=args.minutes, seed=args.seed, **dict(args.set))
        table = evaluate.compare({name: net}, data)
        lines.append((name, run, table[name]))
        print(f"{name}: {run.sentence}", flush=True)

    print(
        f"\n{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}, {run.placement.precision}: {run.placement.reason}\n"
        f"{len(data.train)} training photos, {len(data.validation)} validation photos, "
        f"{len(leaks(verdicts, split))} near-duplicates across the split; "
        f"{args.minutes:g} minutes each at {data.train.size} px\n"
    )
    head = f"{'parameters':>11}{'photos':>9}{'best epoch':>11}"
    print(f"{'':16}{head}{'explained':>10}{'PSNR':>8}{'mean PSNR':>11}{'colourful':>11}")
    for name in table.keys() - NETWORKS.keys():
        lines.append((name, None, table[name]))
    for name, run, s in sorted(lines, key=lambda line: line[2].explained_chroma):
        about = f"{'':31}"
        if run is not None:
            count = sum(p.numel() for p in run.model.parameters())
            about = f"{count:>11,}{run.photos:>9,}{run.best['epoch']:>11}"
        print(
            f"{name:16}{about}{s.explained_chroma:>10.1%}{s.psnr:>8.2f}{s.psnr_mean:>11.2f}"
            f"{s.colourfulness:>11.2f}"
        )
    for name, run, _ in lines:
        if run is not None and "optimum" in run.levels:
            reached = run.best["explained_chroma"] / run.levels["optimum"]
            when = seconds_to(run, 0.9)
            print(f"{name}: {reached:.0%} of the optimum; 90 % after {when or 'more than that'} s")


if __name__ == "__main__":
    main()
