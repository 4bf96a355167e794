"""What a few minutes of training reach, beside the baselines.

    python bench/quality.py [--photos FOLDER] [--minutes 5] [--size 128] [--network ColourNet]

Collects, cleans and splits the pictures (practice scenes without --photos), trains the network from
scratch for that many minutes, and prints the scores on validation photos of which no near-duplicate
was trained on.
"""

import argparse
import platform

import torch

from colourlib import evaluate, model, open_workspace
from colourlib.clean import leaks
from colourlib.data import prepare
from colourlib.train import fit


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", default="practice", metavar="FOLDER")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument(
        "--network", default="ColourNet", choices=["ColourNet", "EncoderDecoder", "PlainNet"]
    )
    args = parser.parse_args()

    ws = open_workspace(args.photos)
    verdicts, split = ws.cleaned()
    data = prepare(ws.root, verdicts, split, size=args.size)
    torch.manual_seed(0)
    net = getattr(model, args.network)()
    run = fit(net, data, minutes=args.minutes)

    print(
        f"\n{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}, {run.precision}: {run.reason}"
    )
    print(
        f"{len(data.train)} training photos, {len(data.validation)} validation photos, "
        f"{len(leaks(verdicts, split))} near-duplicates across the split"
    )
    seen = run.history[-1]["photos"]
    print(
        f"{args.network}, {args.minutes:g} minutes at {args.size} px: {seen} photos, "
        f"best epoch {run.best['epoch']} of {len(run.history)}\n"
    )
    print(f"{'':12}{'explained':>10}{'PSNR':>8}{'mean PSNR':>11}{'colourful':>11}")
    for name, s in evaluate.compare({args.network: net}, data).items():
        print(
            f"{name:12}{s.explained_chroma:>10.1%}{s.psnr:>8.2f}{s.psnr_mean:>11.2f}"
            f"{s.colourfulness:>11.2f}"
        )


if __name__ == "__main__":
    main()
