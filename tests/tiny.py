"""Networks and photos so small that a training step takes milliseconds; ways to disturb a run.

For the tests of `fit`: what they prove about stops, faults and files does not depend on the size.
"""

import contextlib
import math
import signal

import numpy as np
import torch
from torch import nn

from colourlib import train
from colourlib.common.stop import Stopped
from colourlib.data import PhotoData, PhotoSet
from colourlib.runs.session import Session
from colourlib.teaching.fit import fit as fit_with_clinic

STEPS = 3  # an epoch, with BATCH photos in each
BATCH = 4
EXACT = {"quiet": True, "precision": "fp32", "batch_size": BATCH, "lr": 1e-2}


def photo_set(count: int, ab_side: int, L_side: int, crop: float | None, seed: int) -> PhotoSet:
    """Squares of random lightness, their chroma follows from it: there is something to learn."""
    dice = np.random.default_rng(seed)
    coarse = dice.integers(30, 226, (count, ab_side, ab_side))
    L = coarse.repeat(L_side // ab_side, 1).repeat(L_side // ab_side, 2).astype(np.uint8)
    ab = np.stack([coarse * 0.3 + 90, 160 - coarse * 0.2], axis=1).astype(np.uint8)
    names = [f"{seed}-{i}" for i in range(count)]
    rows = [{"query": n, "sha256": n, "url": n, "file": f"{n}.png"} for n in names]
    return PhotoSet(L, ab, rows, size=16, crop=crop)


def photos(runs=None, seed: int = 0) -> PhotoData:
    """Twelve photos to train on, five to validate, 16 px a side. Runs are kept under `runs`."""
    return PhotoData(
        photo_set(STEPS * BATCH, 5, 20, 0.85, seed),
        photo_set(5, 16, 16, None, seed + 1),
        torch.tensor([0.02, -0.03]),
        f"tiny-{seed}",
        runs,
    )


def network(dropout: float = 0.0, width: int = 4, seed: int = 0) -> nn.Sequential:
    """Convolution, BatchNorm, ReLU, dropout, convolution."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Conv2d(width, 2, 1),
    )


def fit(model, data, **changes):
    """fit, quiet and in fp32. A run that is stopped is given, too."""
    with let_stop() as stopped:
        stopped.append(fit_with_clinic(model, data, **EXACT | changes))
    return stopped[-1]


@contextlib.contextmanager
def let_stop():
    """Within it Stop ends nothing further: the list that it gives then holds the run."""
    runs = []
    try:
        yield runs
    except Stopped as stop:
        runs.append(stop.run)


def at_step(monkeypatch, actions: dict) -> list[int]:
    """Call actions[k] when step k has been taken, steps being counted from 1 over several runs.

    An action that gives something back gives another loss. The list counts the steps.
    """
    real, steps = train.train_step, []

    def step(*args):
        loss = real(*args)
        steps.append(len(steps) + 1)
        action = actions.get(len(steps))
        other = action() if action else None
        return loss if other is None else other

    monkeypatch.setattr(train, "train_step", step)
    return steps


def save_always(monkeypatch) -> None:
    """A checkpoint after each step, so that there is always something to disturb."""
    real = Session.save_if_due

    def save(self):
        self.saved = -math.inf
        real(self)

    monkeypatch.setattr(Session, "save_if_due", save)


def press_stop() -> None:
    """What the square in the toolbar and Ctrl-C do."""
    signal.raise_signal(signal.SIGINT)


def curves(run) -> tuple:
    """What has to be the same, bit for bit, in two runs that are the same."""
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in run.history]
    return run.losses, rows


def same_weights(one: dict, other: dict) -> bool:
    """Are two state dicts equal to the last bit?"""
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)
