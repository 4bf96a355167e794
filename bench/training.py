"""How fast `fit` trains: against the customary way, against the ceiling, and with how much memory.

    python bench/training.py [--photos FOLDER] [--size 128] [--seconds 20]

Photos are drawn where no folder is given (400 practice scenes of 256 px, as JPEG). All ratios come
from one run; the parts take turns, so that all see the same machine.

- customary: what most tutorials do. A Dataset opens each JPEG with PIL in every epoch, crops,
  resizes and flips it there, converts it with scikit-image; fp32, NCHW, one Adam kernel a tensor.
- ours: `fit` with board, averaging and checkpoints; with its validations and without. All photos at
  full size, as in the customary way; and once with small ones first, as it does by default.
- ceiling: the same network stepping again and again on one batch that is already there.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from skimage.color import rgb2lab
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from colourlib import practice, prepare, train
from colourlib.collect import Photo
from colourlib.common import queries
from colourlib.model import ColourNet, EncoderDecoder
from colourlib.runs.speed import kept_memory, place
from colourlib.teaching.fit import fit

BATCH = 20


class Customary(Dataset):
    """One photo at a time: open, crop, flip, convert."""

    def __init__(self, files, size):
        self.files = files
        self.transform = v2.Compose(
            [v2.RandomResizedCrop(size, scale=(0.4, 1), antialias=True), v2.RandomHorizontalFlip()]
        )

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        picture = self.transform(Image.open(self.files[i]).convert("RGB"))
        lab = rgb2lab(np.asarray(picture)).astype("float32")
        lab = torch.from_numpy(lab).permute(2, 0, 1)
        return lab[:1] / 50 - 1, lab[1:] / 110


def customary(net, files, size, seconds):
    """Photos a second of the customary loop, after two steps that do not count."""
    net.train()
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-5)
    loader = DataLoader(Customary(files, size), batch_size=BATCH, shuffle=True, drop_last=True)
    steps, start = -2, time.perf_counter()
    while True:
        for x, y in loader:
            loss = F.mse_loss(net(x), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            loss.item()
            steps += 1
            if steps == 0:
                start = time.perf_counter()
            if steps > 1 and time.perf_counter() - start > seconds:
                return BATCH * steps / (time.perf_counter() - start)


def ours(net, photos, seconds, root=None, validations=True, small_first=0.0):
    """Photos a second of `fit`, with the validations in it or without their time."""
    spent, real = [0.0], train.Training.validate

    def validate(self):
        start = time.perf_counter()
        row = real(self)
        spent[0] += time.perf_counter() - start
        return row

    train.Training.validate = validate
    try:
        settings = {"minutes": seconds / 60, "small_first": small_first}
        run = fit(net, photos, quiet=root is None, folder=root, **settings)
    finally:
        train.Training.validate = real
    return run.photos / (run.seconds - (0 if validations else spent[0]))


def ceiling(net, photos, seconds, precision):
    """Photos a second on one resident batch: forward, loss, backward, step, nothing else."""
    placement = place(precision)
    net = placement.model(net).train()
    x, y = (placement.batch(z) for z in next(iter(photos.loader(BATCH))))
    config = train.Config()
    optimiser = train.adam(net, config)
    steps, start = -2, time.perf_counter()
    with kept_memory():
        while steps < 2 or time.perf_counter() - start < seconds:
            train.train_step(net, x, y, optimiser, config, placement).item()
            steps += 1
            if steps == 0:
                start = time.perf_counter()
    return BATCH * steps / (time.perf_counter() - start)


def drawn(root, count=400):
    """Practice scenes as JPEG files of 256 px."""
    for i in range(count):
        query = queries.QUERIES[i % len(queries.QUERIES)]
        scene = practice.scene(query, i, 256, 256)
        Image.fromarray(scene.rgb()).save(root / f"{query}-{i}.jpg", quality=90)
    return sorted(root.glob("*.jpg"))


def prepared(root, files, size, copies=1):
    """PhotoData of the files, every tenth to validate; `copies` makes the set larger."""
    verdicts, split = [], {}
    for i, file in enumerate(list(files) * copies):
        sha = f"{i:064x}"
        photo = Photo("bench", f"https://x.example/{i}", str(file), sha, 1, 256, 256, "JPEG", "")
        verdicts.append(SimpleNamespace(photo=photo, keep=True))
        split[sha] = "validation" if i % 10 == 0 and i < len(files) else "train"
    return replace(prepare.prepare(root, verdicts, split, size), runs=None)


MEMORY = """
import sys, psutil
sys.path.insert(0, "bench")
import training
from pathlib import Path
from colourlib.model import ColourNet
from colourlib.teaching.fit import fit
from colourlib.train import Training
files = sorted(Path(sys.argv[1]).glob("*.jpg"))
photos = training.prepared(Path(sys.argv[2]), files, 64, int(sys.argv[3]))
seen, real = [], Training.validate
def validate(self):
    row = real(self)
    seen.append(round(psutil.Process().memory_full_info().uss / 1e6))
    return row
Training.validate = validate
fit(ColourNet(), photos, epochs=float(sys.argv[4]), quiet=True)
print(len(photos.train), "photos; MB of its own after each epoch:", *seen)
"""


def memory(files):
    """Memory after each epoch, and of a set eight times as large: in processes of their own."""
    print("\nMemory of `fit` (memory that is this process's alone, without the mapped photos)")
    for copies, epochs in ((1, 8), (8, 3)):
        with tempfile.TemporaryDirectory() as root:
            done = subprocess.run(
                [
                    sys.executable,
                    "-c",
                    MEMORY,
                    str(files[0].parent),
                    root,
                    str(copies),
                    str(epochs),
                ],
                capture_output=True,
                text=True,
            )
        failed = done.stderr.strip().splitlines()[-1:] if done.returncode else []
        print(*(failed or done.stdout.strip().splitlines()[-1:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", metavar="FOLDER", help="JPEGs; drawn scenes without it")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=20, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "pictures").mkdir()
        files = sorted(Path(args.photos).rglob("*.jpg"))[:2000] if args.photos else []
        files = files or drawn(root / "pictures")
        photos = prepared(root, files, args.size)
        placement = place()
        print(
            f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
            f"{torch.get_num_threads()} threads, torch {torch.__version__}, {placement.device}\n"
            f"{placement.precision}: {placement.reason}\n"
            f"{len(photos.train)} photos at {args.size} px, batches of {BATCH}\n"
        )
        compare(photos, files, args, placement.precision, root)
        if not args.photos:
            memory(files)


def compare(photos, files, args, precision, root):
    """All ways in turns; the best round of each."""
    training_files = [f for i, f in enumerate(files) if i % 10]
    ways = {
        "customary, EncoderDecoder": lambda s: customary(
            EncoderDecoder(), training_files, args.size, s
        ),
        "ours, EncoderDecoder": lambda s: ours(EncoderDecoder(), photos, s),
        "ours, ColourNet": lambda s: ours(ColourNet(), photos, s),
        "ceiling, ColourNet": lambda s: ceiling(ColourNet(), photos, s, precision),
        "ours, ColourNet, validations aside": lambda s: ours(
            ColourNet(), photos, s, root / "runs", validations=False
        ),
        "ours, ColourNet, small photos first": lambda s: ours(
            ColourNet(), photos, s, small_first=train.Config.small_first
        ),
    }
    rates = dict.fromkeys(ways, 0.0)
    for _ in range(args.rounds):
        for name, way in ways.items():
            rates[name] = max(rates[name], way(args.seconds))
    for name, rate in rates.items():
        print(f"{name:36}{rate:>8.1f} photos a second")
    theirs = rates["customary, EncoderDecoder"]
    print(f"\nsame network, ours / customary       {rates['ours, EncoderDecoder'] / theirs:.2f} x")
    print(f"ColourNet ours / customary           {rates['ours, ColourNet'] / theirs:.2f} x")
    for name in ("ours, ColourNet", "ours, ColourNet, validations aside"):
        print(f"{name:36} {rates[name] / rates['ceiling, ColourNet']:>8.1%} of the ceiling")


if __name__ == "__main__":
    main()
