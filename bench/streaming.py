"""Does a training on shards keep its memory flat, and how fast is it beside prepared arrays?

    python bench/streaming.py [--photos 100000] [--scenes 2000] [--rounds 5]

Shards are made of drawn practice scenes; 100,000 photos are reached by the same shards under other
names, because drawing so many would take an hour. Then:

- memory: in a process of its own ColourNet trains at 128 px for --seconds on all shards, then
  --passing photos pass without training, at each tenth of which the memory is noted. Told is the
  peak, less what torch and a network take that has trained on one batch. The goal: under 1 GB.
- speed: training steps of ColourNet on batches of the stream and of the same photos as prepared
  arrays, in turns of one process, once the buffer is full. What was made in the other's turn is
  not counted. Ratios of photos a second and of the processor's time a photo, which other programs
  on the machine disturb less; at 128 px, and at 64, where a step is short and reading shows more.
"""

import argparse
import contextlib
import hashlib
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

from PIL import Image

from colourlib import practice, prepare, stream, train  # first of all: how torch's threads wait
from colourlib.collect.manifest import Photo
from colourlib.common import queries
from colourlib.device import Placement
from colourlib.model import ColourNet
from colourlib.stream import feed, write

SIZE = 128

MEMORY = """
import sys, colourlib, psutil, torch
from itertools import islice
from pathlib import Path
from colourlib import prepare, stream
from colourlib.model import ColourNet
from colourlib.runs.fit import fit
import threading, time
process, peak = psutil.Process(), [0]
def watch():
    while True:
        peak[0] = max(peak[0], process.memory_info().rss)
        time.sleep(0.05)
threading.Thread(target=watch, daemon=True).start()
net, x = ColourNet(), torch.rand(20, 1, 128, 128)
for _ in range(3):
    net(x).square().mean().backward()
before = peak[0]
data = stream.data(sys.argv[1], Path(sys.argv[2]), 128)
opened = process.memory_info().rss
fit(ColourNet(), data, minutes=float(sys.argv[3]) / 60, small_first=0.0, quiet=True, folder=None)
trained, photos = peak[0], data.train.stream(0, 0, 0)
marks = []
for tenth in range(10):
    for _ in islice(photos, int(sys.argv[4]) // 10):
        pass
    marks.append(process.memory_info().rss)
print([round(b / 1e6) for b in (before, opened, trained, *marks, peak[0])], len(data.train))
"""


def scenes(root, count):
    """Scenes as JPEG of 160 pixels' shorter side; as verdicts, and their split."""
    verdicts, split = [], {}
    for i in range(count):
        query = queries.QUERIES[i % len(queries.QUERIES)]
        width, height = ((216, 160), (160, 160), (160, 216), (192, 160))[i % 4]
        file = root / f"{i}.jpg"
        Image.fromarray(practice.scene(query, i, width, height).rgb()).save(file, quality=90)
        sha = hashlib.sha256(file.read_bytes()).hexdigest()
        url = practice.url_of(query, i, width, height)
        size = file.stat().st_size
        photo = Photo(query, url, file.name, sha, size, width, height, "JPEG", "")
        verdicts.append(SimpleNamespace(photo=photo, keep=True, reason="", group=sha, measures={}))
        split[sha] = ("validation", "test", *5 * ["train"])[i % 7]
    return verdicts, split


def repeated(shards, photos):
    """The same shards under other names, until there are as many photos; how many there are."""
    index = json.loads((shards / "index.json").read_text())
    made = list(index["shards"].items())
    count, number = sum(entry["photos"] for _, entry in made), len(made)
    while count < photos:
        for name, entry in made:
            new = f"{number:05d}.tar"
            os.link(shards / name, shards / new)
            index["shards"][new] = entry
            count, number = count + entry["photos"], number + 1
    (shards / "index.json").write_text(json.dumps(index))
    return count


class Turns:
    """Training steps on batches of one loader, some at a time; seconds and seconds of processor."""

    def __init__(self, data, side):
        self.config, self.placement = train.Config(), Placement("cpu", "fp32", "as asked")
        self.model = self.placement.model(ColourNet()).train()
        self.optimiser, self.side, self.rounds = train.adam(self.model, self.config), side, []
        self.batches = self.endless(data.loader())

    def endless(self, loader):
        loader.batch_sampler.side = self.side
        while True:
            yield from loader

    def step(self):
        x, y = (self.placement.batch(z) for z in next(self.batches))
        train.train_step(self.model, x, y, self.optimiser, self.config, self.placement).item()

    def turn(self, steps):
        for _ in range(feed.AHEAD + 1):
            self.step()
        start = time.perf_counter(), time.process_time()
        for _ in range(steps):
            self.step()
        now = time.perf_counter(), time.process_time()
        self.rounds.append([(b - a) / steps / 20 for a, b in zip(start, now, strict=True)])


def compare(streamed, arrays, side, steps, rounds):
    """Print the ratios of stream and arrays, from steps in turns."""
    turns = {"stream": Turns(streamed, side), "arrays": Turns(arrays, side)}
    for _ in islice(turns["stream"].batches, feed.BUFFER // 20):  # until the buffer is full
        pass
    for _ in range(rounds):
        for one in turns.values():
            one.turn(steps)
    wall, processor = (
        [a[k] / s[k] for s, a in zip(turns["stream"].rounds, turns["arrays"].rounds, strict=True)]
        for k in (0, 1)
    )
    for name, one in turns.items():
        rate, cpu = 1 / statistics.median(r[0] for r in one.rounds), [r[1] for r in one.rounds]
        print(f"  {name}: {rate:.1f} photos a second, {1000 * statistics.median(cpu):.2f} ms each")
    print(
        f"{side} px: the stream has {statistics.median(wall):.1%} of the arrays' photos a second "
        f"({min(wall):.1%} to {max(wall):.1%}), and {statistics.median(processor):.1%} of their "
        f"photos a second of processor ({min(processor):.1%} to {max(processor):.1%})",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--scenes", type=int, default=2_000, help="that are drawn")
    parser.add_argument("--seconds", type=float, default=30, help="of training for the memory")
    parser.add_argument("--passing", type=int, default=70_000, help="photos without training")
    parser.add_argument("--sides", type=int, nargs="*", default=[SIZE, 64], help="pixels")
    parser.add_argument("--steps", type=int, default=40, help="of a turn")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        root, shards = Path(folder), Path(folder, "shards")
        verdicts, split = scenes(root, args.scenes)
        write.write(root, verdicts, split, shards)
        arrays = prepare.prepare(root, verdicts, split, SIZE)
        photos = repeated(shards, args.photos)  # an epoch is long beside the buffer
        feed.JUDGED = 20  # nobody judges here
        streamed = stream.data(f"shards:{shards}", root, SIZE)
        for side in args.sides:
            compare(streamed, arrays, side, args.steps, args.rounds)
        shutil.rmtree(root / "prepared", ignore_errors=True)
        command = [sys.executable, "-c", MEMORY, f"shards:{shards}", folder, str(args.seconds)]
        command.append(str(args.passing))
        said = subprocess.run(command, capture_output=True, text=True)
        print(said.stdout, said.stderr[-2000:])
        found = json.loads(said.stdout.strip().splitlines()[-1].rpartition("]")[0] + "]")
        more = f"{found[-1] - found[0]} MB more at the peak, after {args.seconds:g} s of training"
        print(
            f"{photos:,} photos, {args.scenes:,} of them different: {found[0]} MB with torch and "
            f"a network, {more} and {args.passing:,} photos that passed"
        )


if __name__ == "__main__":
    main()
