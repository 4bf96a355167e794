"""Does a training on shards keep its memory flat, and how fast is it beside prepared arrays?

    python bench/streaming.py [--photos 100000] [--scenes 2000] [--seconds 30]

Shards are made of drawn practice scenes; 100,000 photos are reached by the same shards under other
names, because drawing so many would take an hour. Then:

- memory: in a process of its own ColourNet trains at 128 px for --seconds on all shards, then all
  photos of an epoch pass without training, at each tenth of which the memory is noted. Told is the
  peak, less what torch and a network take that has trained on one batch. The goal: under 1 GB.
- speed: photos a second of `fit` on the stream and on the same photos as prepared arrays, in turns,
  all photos at full size; then with small ones first, as `fit` has it. Ratios of one run.
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
from pathlib import Path
from types import SimpleNamespace

from PIL import Image

from colourlib import practice, prepare, stream
from colourlib.collect.manifest import Photo
from colourlib.common import queries
from colourlib.stream import write

SIZE = 128

MEMORY = """
import sys, psutil, torch
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
    for _ in islice(photos, len(data.train) // 10):
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


def rate(data, seconds, small_first):
    """Photos a second of `fit`, without its validations."""
    from training import ours

    from colourlib.model import ColourNet

    with contextlib.redirect_stderr(io.StringIO()):
        return ours(ColourNet(), data, seconds, validations=False, small_first=small_first)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--scenes", type=int, default=2_000, help="that are drawn")
    parser.add_argument("--seconds", type=float, default=30, help="of each training")
    parser.add_argument("--turns", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        root, shards = Path(folder), Path(folder, "shards")
        verdicts, split = scenes(root, args.scenes)
        write.write(root, verdicts, split, shards)
        arrays = prepare.prepare(root, verdicts, split, SIZE)
        streamed = stream.data(f"shards:{shards}", root, SIZE)
        for small, words in ((0.0, "all at full size"), (0.5, "small ones first")):
            pairs = [
                (rate(streamed, args.seconds, small), rate(arrays, args.seconds, small))
                for _ in range(args.turns)
            ]
            print(f"{words}: stream and arrays, photos a second: {pairs}")
            ratio = statistics.median(one / other for one, other in pairs)
            print(f"{words}: the stream has {ratio:.1%} of the arrays' speed", flush=True)
        photos = repeated(shards, args.photos)
        shutil.rmtree(root / "prepared", ignore_errors=True)
        command = [sys.executable, "-c", MEMORY, f"shards:{shards}", folder, str(args.seconds)]
        said = subprocess.run(command, capture_output=True, text=True)
        print(said.stdout, said.stderr[-2000:])
        found = json.loads(said.stdout.strip().splitlines()[-1].rpartition("]")[0] + "]")
        print(
            f"{photos:,} photos, {args.scenes:,} of them different: {found[0]} MB with torch and a "
            f"network, {found[-1] - found[0]} MB more at the peak of training and a whole epoch"
        )


if __name__ == "__main__":
    main()
