"""Train the weights that come with the repository, choose how they are used, and write their card.

python bench/weights.py --photos FOLDER_OR_ZIP [FOLDER_OR_ZIP ...] --out NAME.safetensors

Each folder or zip is an origin: pictures in subfolders named after what they show. Origins are
cleaned and split like those of the course, mixed in every batch, and judged each by itself; of
origins with many kinds some kinds are never trained on. Stopped, it goes on with the same command.
"""

import argparse
import hashlib
import json
import math
import platform
import statistics
import zipfile
from dataclasses import replace
from pathlib import Path

import mixed
import numpy as np
import safetensors.torch
import three
import torch
import torch.nn.functional as F

from colourlib import colourise, judging, open_workspace
from colourlib.clean import splitting
from colourlib.common.files import home
from colourlib.data import BATCH_SIZE, PhotoSet
from colourlib.model import ColourNet
from colourlib.prepare import prepare
from colourlib.prepare.make import ROOM
from colourlib.runs import load_run, matching, weights
from colourlib.runs.fit import fit
from colourlib.transfer import load_encoder

JUDGED, ELSEWHERE = 300, 150  # photos of a validation set at most
MANY = 100  # kinds: an origin with so many can spare some
DROPOUT = 0.1  # of the deepest map's channels, while training only: the photos are few
# Of train.Config. The mixture has sizes of its own.
RECIPE = {"lr": 1e-3, "average": 0.999, "weight_decay": 1e-5, "small_first": 0.0}
# Pixels, shorter side, at which photos are shown to the network: what is tried.
SHOWN = [[96], [128], [192], [96, 128], [128, 192], [96, 128, 192], [64, 96, 128, 192]]


def folder_of(source):
    """The folder itself, or what zip files hold, unpacked once beside the workspaces."""
    zips = [Path(part).resolve() for part in source.split("+")]
    if not all(map(zipfile.is_zipfile, zips)):
        return zips[0]
    folder = home() / "unpacked" / "+".join(part.stem for part in zips)
    if not folder.is_dir():
        half = folder.with_name(f"{folder.name}.unfinished")
        for part in zips:
            zipfile.ZipFile(part).extractall(half)  # it leaves out "..", drives, leading slashes
        half.rename(folder)
    return folder


def held_out(kinds):
    """About one kind in twenty, by hash: the same ones every time."""
    if len(kinds) < MANY:
        return set()
    order = sorted(kinds, key=lambda kind: hashlib.sha256(kind.encode()).digest())
    return set(order[: len(kinds) // 20])


def cleaned(source):
    """(name, workspace, verdicts, split, those kept, their usual shorter side) of an origin."""
    ws = open_workspace(folder_of(source), "quick")
    verdicts, split = ws.cleaned()
    kept = [v for v in verdicts if v.keep]
    typical = statistics.median(v.measures["too small"] for v in kept)  # pixels
    return Path(source.split("+")[0]).stem, ws, verdicts, split, kept, typical


def origin(source):
    """An origin, cleaned, split without near-duplicates across, and prepared."""
    name, ws, verdicts, split, kept, typical = cleaned(source)
    spared = held_out({v.photo.query for v in kept})
    split |= {v.photo.sha256: "validation" for v in kept if v.photo.query in spared}
    # Stored a quarter larger than trained: so a photo of 256 pixels keeps all that it has.
    data = prepare(ws.root, verdicts, split, size=16 * math.ceil(typical / ROOM / 16))
    every = {row["query"] for row in data.validation.rows}
    validation = {"seen kinds": mixed.some(data.validation, JUDGED, every - spared)}
    if spared:
        validation["new kinds"] = mixed.some(data.validation, JUDGED, spared)
    pairs = [p for p in splitting.leaks(verdicts, split) if not {v.photo.query for v in p} & spared]
    print(f"{ws.root.name}: {len(data.train)} train, {len(pairs)} near-duplicates across the split")
    return mixed.Origin(name, data.train, validation)


def elsewhere(source):
    """An origin that is only judged, with all of its photos that pass the cleaning."""
    name, ws, verdicts, _, kept, typical = cleaned(source)
    first, *others = (v.photo.sha256 for v in kept)
    size = min(256, 16 * math.ceil(typical / 16))
    split = {first: "train"} | dict.fromkeys(others, "validation")  # one has to train
    data = prepare(ws.root, verdicts, split, size=size)
    never_seen = mixed.some(data.validation, ELSEWHERE)
    return mixed.Origin(name, data.train, {"never seen": never_seen})


def network(kind, width, photos, start=(), loss="three"):
    """(A network, the name of its loss): a ColourNet or a `three.Three`.

    start: files of weights that a Three goes on from; of a name in several the last one counts.
    """
    torch.manual_seed(0)
    if kind == "colournet":
        net = ColourNet(width or 40)
        # While it trains it leaves out whole channels of its deepest map: the photos are few.
        net.deep.register_forward_hook(lambda deep, _, y: F.dropout2d(y, DROPOUT, deep.training))
        return net, "mse"
    known = {k: v.float() for path in start for k, v in safetensors.torch.load_file(path).items()}
    if kind == "transfer" and not start:
        known = {f"encoder.{k}": v for k, v in load_encoder().state_dict().items()}
    # A VividHead's own file has its layers by number alone.
    known = {f"vivid.{k}" if k[0].isdigit() else k: v for k, v in known.items()}
    net = three.network(photos, width or 96, known)  # whose losses train knows from now on
    return net, loss


def terms(net, photos: PhotoSet):
    """{sizes: (N, 3)}: truth^2, truth * guess and guess^2, means of scaled ab, a row a photo.

    The network sees a photo at each size of SHOWN once; where there are several, its answers' mean
    counts. With a factor f on ab the error is truth^2 - 2 f truth * guess + f^2 guess^2, so one
    pass serves every factor.
    """
    whole, rows = replace(photos, size=photos.L.shape[-1], crop=None), {}
    each = {size: colourise.at_sizes(net, [size]) for sizes in SHOWN for size in sizes}
    with torch.inference_mode():
        for first in range(0, len(whole), BATCH_SIZE):
            x, y = whole.__getitems__([*range(first, min(first + BATCH_SIZE, len(whole)))])
            answers = {size: at_size(x) for size, at_size in each.items()}  # (B, 2, S, S) each
            for sizes in map(tuple, SHOWN):
                guess = torch.stack([answers[size] for size in sizes]).mean(0)
                three = [y.square(), guess * y, guess.square()]
                three = torch.stack([t.mean((1, 2, 3)) for t in three], dim=1)  # (B, 3)
                rows.setdefault(sizes, []).append(three)
    return {sizes: torch.cat(parts) for sizes, parts in rows.items()}


def explained(rows, factor=1.0):
    """Explained chroma of photos judged, with ab times a factor."""
    grey, product, square = rows.sum(0).tolist()
    return 1 - (grey - 2 * factor * product + factor**2 * square) / grey


def choose(net, origins):
    """(sizes, factor on ab) that are best in the mean of the origins, and what each gives.

    Every origin gives up to 100 photos of each validation set. The factor may strengthen or weaken
    the colours.
    """
    found = [
        [terms(net.eval(), mixed.some(p, 100)) for p in o.validation.values()] for o in origins
    ]
    rows = {
        sizes: [torch.cat([part[sizes] for part in parts]) for parts in found]
        for sizes in map(tuple, SHOWN)
    }
    factors = [round(0.7 + 0.05 * i, 2) for i in range(11)]
    _, sizes, factor = max(
        (sum(explained(r, f) for r in of_each), sizes, f)
        for sizes, of_each in rows.items()
        for f in factors
    )
    names = [o.name for o in origins]
    table = [
        [list(sizes), dict(zip(names, map(explained, of_each), strict=True))]
        for sizes, of_each in rows.items()
    ]
    return list(sizes), factor, table


def report(colourisers, origins, data):
    """(scores, kinds): {validation set: {colouriser: {measure: [value, low, high]}}}, beside both
    baselines, and {validation set: {kind: [explained chroma, photos]}}, the best kind first.

    At the photos' own size, as `colourise` does it.
    """

    table, by_kind = {}, {}
    for o in origins:
        for kinds, photos in o.validation.items():
            whole = replace(photos, size=photos.L.shape[-1])
            reports = judging.everyone(colourisers, replace(data, validation=whole))
            title = f"{o.name}, {kinds}: {len(whole)} photos"
            table[title] = {
                name: {m: [one.value(m), *one.interval(m)] for m in judging.MEASURES}
                for name, one in reports.items()
            }
            by_kind[title] = explained_by_kind(reports["network"])
    return table, by_kind


def explained_by_kind(report):
    """{kind: [explained chroma, photos]} of the kinds with at least five photos, best first."""
    kinds = np.array([row["query"] for row in report.photos.rows])
    found = {}
    for kind, count in zip(*np.unique(kinds, return_counts=True), strict=True):
        if count >= 5:
            found[str(kind)] = [report.value("explained", kinds == kind), int(count)]
    return dict(sorted(found.items(), key=lambda item: -item[1][0]))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", nargs="+", required=True, metavar="FOLDER_OR_ZIP[+ZIP...]")
    parser.add_argument("--repeats", nargs="+", type=int, help="of each origin, an epoch (1)")
    parser.add_argument("--without", metavar="ORIGIN", help="never trained on, only judged")
    parser.add_argument("--elsewhere", nargs="+", default=[], help="other photos, only judged")
    parser.add_argument("--minutes", type=float, help="of training, instead of steps")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument(
        "--network", choices=("transfer", "untaught", "colournet"), default="transfer"
    )
    parser.add_argument("--width", type=int)
    parser.add_argument(
        "--loss", choices=three.LOSSES, default="three", help="of the chroma of a transfer network"
    )
    parser.add_argument(
        "--start", nargs="+", default=[], metavar="FILE", help="weights to go on from"
    )
    parser.add_argument("--lr", type=float, default=RECIPE["lr"], help="the decoder's, at most")
    parser.add_argument("--clean", action="store_true", help="lightness as it is, not as of scans")
    parser.add_argument("--saturation", type=float, help="instead of the best on validation photos")
    parser.add_argument("--run", type=Path, metavar="FOLDER", help="of a finished run: judge that")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the weights and their card")
    return parser.parse_args()


def main():
    args = arguments()
    origins = [origin(source) for source in args.photos]
    repeats = args.repeats or [1] * len(origins)
    mine = [(o, n) for o, n in zip(origins, repeats, strict=True) if o.name != args.without]
    taught = [o for o, _ in mine]
    runs = home() / "runs"
    hinted = args.network != "colournet"
    times = [n for _, n in mine]
    data = mixed.mixture(taught, times, runs=runs, jitter=not args.clean, judged=60, hinted=hinted)
    net, loss = network(args.network, args.width, data.train, args.start, args.loss)
    if args.run:
        net, story = load_run(args.run, net)
    else:
        name = f"{args.network}-{args.without or 'all'}-{args.width or 'usual'}-{args.loss}"
        limit = {"minutes": args.minutes} if args.minutes else {"steps": args.steps}
        recipe = RECIPE | {"lr": args.lr} | ({"weight_decay": 0.0} if hinted else {})
        story = fit(net, data, name=name, loss=loss, **limit, **recipe).story()
    if hinted:  # `vivid_card.py` and `hinted.py` take the rest from the run
        net = three.plain_of(net.state_dict())
    judged = [o for o in origins if o.name == args.without] or origins
    sizes, factor, by_size = choose(net, taught)  # an origin left out chooses nothing
    factor = args.saturation or factor
    judged = judged + [elsewhere(source) for source in args.elsewhere]
    colouriser = colourise.at_sizes(net, sizes)
    table, by_kind = report({"network": lambda x: factor * colouriser(x)}, judged, data)
    print(*(f"{sizes}: {scores}" for sizes, scores in by_size), *lines(table), sep="\n")
    if args.out is None:
        return
    card = {
        "network": type(net).__name__,
        "arguments": matching.arguments_of(type(net).__name__, net.state_dict()),
        "size": sizes[len(sizes) // 2],  # where one has to do
        "sizes": sizes,
        "saturation": factor,
        "stored": "float16",
        "config": story["config"],
        "trained_at": mixed.SIZES,
        "data": {
            o.name: {"train": len(o.train), "repeats": n}
            | {k: len(p) for k, p in o.validation.items()}
            for o, n in mine
        },
        "photos_seen": story["history"][-1]["photos"],
        "seconds": round(story["seconds"]),
        "epochs": round(story["losses"][-1][0], 1),
        "curve": [[row["photos"], round(row["explained_chroma"], 4)] for row in story["history"]],
        "explained_by_size": by_size,
        "scores": table,
        "explained_by_kind": by_kind,
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "torch": torch.__version__,
        "licence": "MIT; of the encoder Apache 2.0",
    }
    weights.save(args.out, net, card)
    print(json.dumps(card, indent=1))


def lines(table):
    """The scores as rows of a Markdown table, with intervals for the network's own."""
    yield "| photos | | " + " | ".join(m.title for m in judging.MEASURES.values()) + " |"
    yield "|---|---|" + "--:|" * len(judging.MEASURES)
    for photos, by_name in table.items():
        for name, scores in by_name.items():
            cells = []
            for measure, (value, low, high) in scores.items():
                form = judging.MEASURES[measure].form
                between = f" ({low:{form}} to {high:{form}})" if name == "network" else ""
                cells.append(f"{value:{form}}{between}")
            yield f"| {photos} | {name} | " + " | ".join(cells) + " |"
            photos = ""


if __name__ == "__main__":
    main()
