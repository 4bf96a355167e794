"""How much of a training step is spent on fetching its batch, and how fast photos are prepared.

    python bench/loading.py [--epochs 2]

Photos are made here, of noise and ramps. Three ratios from one run: the time to fetch a batch over
that of a step, both measured alone; the share of `fit` that its loader takes, in whole epochs; and
the share with the arrays as tensors instead of memory maps. The goal is under 5 %.
"""

import argparse
import contextlib
import io
import os
import platform
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from colourlib import data, prepare, train
from colourlib.collect import Photo
from colourlib.device import autocast, choose_device
from colourlib.model import ColourNet
from colourlib.runs.speed import choose_precision
from colourlib.teaching.fit import fit

SIZE, PHOTOS = 128, 260


def pictures(root, count):
    """JPEGs of 500 x 375, the size of many web pictures; as verdicts, and a split."""
    rng = np.random.default_rng(0)
    verdicts, split = [], {}
    for i in range(count):
        coarse = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        picture = np.asarray(Image.fromarray(coarse).resize((500, 375), Image.Resampling.BICUBIC))
        noisy = picture + rng.normal(0, 6, picture.shape)
        file = root / f"{i}.jpg"
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, quality=88)
        sha = f"{i:064x}"
        photo = Photo("noise", f"https://x.example/{i}", file.name, sha, 1, 500, 375, "JPEG", "")
        verdicts.append(SimpleNamespace(photo=photo, keep=True))
        split[sha] = "train" if i >= 20 else "validation"
    return verdicts, split


class Stopwatch:
    """A loader that notes how long each of its batches took, and how long its user had it."""

    def __init__(self, loader):
        self.loader, self.fetching, self.using = loader, [], []

    def __len__(self):
        return len(self.loader)

    @property
    def batch_sampler(self):
        return self.loader.batch_sampler

    def __iter__(self):
        batches = iter(self.loader)
        while True:
            start = time.perf_counter()
            try:
                batch = next(batches)
            except StopIteration:
                return
            fetched = time.perf_counter()
            self.fetching.append(fetched - start)
            yield batch
            self.using.append(time.perf_counter() - fetched)


class Timed(data.PhotoData):
    """Data whose loader is a stopwatch."""

    def to(self, device):
        there = super().to(device)
        return Timed(there.train, there.validation, there.mean_tint, there.fingerprint)

    def loader(self, *arguments, **more):
        Timed.watch = Stopwatch(super().loader(*arguments, **more))
        return Timed.watch


def alone(prepared, device, precision):
    """Seconds to fetch a batch and of a training step, each alone: medians."""
    batches = [time.perf_counter()]
    for _ in range(2):
        for batch in prepared.loader():
            batches.append(time.perf_counter())
            x, y = batch
    net = ColourNet().to(device, memory_format=torch.channels_last)
    optimiser = train.adam(net, train.Config())
    x, y = (z.to(device, memory_format=torch.channels_last) for z in (x, y))
    steps = [time.perf_counter()]
    for _ in range(12):
        with autocast(device, precision):
            prediction = net(x)
        loss = F.mse_loss(prediction.float(), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss.item()
        steps.append(time.perf_counter())
    return (statistics.median(np.diff(times)[2:]) for times in (batches, steps))


def in_fit(prepared, epochs):
    """The share of fetching in the training steps of `fit`, in its epochs after the first."""
    timed = Timed(prepared.train, prepared.validation, prepared.mean_tint, prepared.fingerprint)
    with contextlib.redirect_stderr(io.StringIO()):
        fit(ColourNet(), timed, epochs=epochs, quiet=True)
    watch, first = Timed.watch, len(Timed.watch)
    fetching, using = sum(watch.fetching[first:]), sum(watch.using[first:])
    return fetching / (fetching + using)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3, help="of fit; the first is not counted")
    epochs = max(2, parser.parse_args().epochs)
    device = choose_device().name
    precision, why = choose_precision(device)
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"{torch.get_num_threads()} threads, torch {torch.__version__}, {device}\n"
        f"{precision}: {why}"
    )
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        verdicts, split = pictures(Path(folder), PHOTOS)
        start = time.perf_counter()
        prepared = prepare.prepare(Path(folder), verdicts, split, SIZE)
        rate = PHOTOS / (time.perf_counter() - start)
        print(f"prepared at {rate:.0f} photos (500 x 375) a second")
        fetch, step = alone(prepared, device, precision)
        print(
            f"a batch of 20 at {SIZE} px: fetched in {1000 * fetch:.1f} ms; a step of ColourNet "
            f"takes {1000 * step:.0f} ms: {fetch / step:.1%}"
        )
        print(f"in fit, fetching takes {in_fit(prepared, epochs):.1%} of the steps")
        there = replace(prepared, train=prepared.train.to(device))
        print(f"with all photos as tensors on {device}: {in_fit(there, epochs):.1%}")
        del prepared, there  # Windows does not remove files that are mapped


if __name__ == "__main__":
    main()
