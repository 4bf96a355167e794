"""Train a network: mean squared error over batches of 20, Adam, L2 regularisation.

One plain loop. It is not a framework: no callbacks, one device, no resuming. What it does beyond
the lesson is to choose the number format, and to keep what it has when Stop is pressed.
"""

from __future__ import annotations

import difflib
import math
import time
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

from .data import BATCH_SIZE, PhotoData
from .device import autocast, choose_device, choose_precision
from .model import ColourNet
from .runs import Run, load_run
from .workspace import CourseError, Workspace


@dataclass(frozen=True)
class Config:
    """Every knob of a run."""

    batch_size: int = BATCH_SIZE  # 20, the course's own
    lr: float = 1.2e-3  # Adam's peak step; it rises over the first 5 % and falls to 0 by a cosine
    weight_decay: float = 1e-5  # L2, on convolution and linear weights only
    epochs: float = 10  # passes over the training photos
    minutes: float | None = None  # a time limit instead of a number of epochs
    seed: int = 0  # of the order of the photos and of the crops; not of the model's first weights
    precision: str = "auto"  # 'fp32', 'bf16', or 'auto': the faster one, by a short measurement


def configure(base: Config | None = None, **changes) -> Config:
    """A Config with some values changed. Raises CourseError for an unknown name or a bad value."""
    known = [f.name for f in fields(Config)]
    for name in changes:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise CourseError(f"fit knows no setting {name!r}. {hint}It knows {', '.join(known)}.")
    config = replace(base or Config(), **changes)
    for name in ("batch_size", "lr", "epochs", "minutes"):
        value = getattr(config, name)
        if value is None and name == "minutes":
            continue
        if not isinstance(value, int if name == "batch_size" else (int, float)):
            kind = "a whole number" if name == "batch_size" else "a number"
            raise CourseError(f"{name} has to be {kind}; it is {value!r}.")
        if not value > 0:
            raise CourseError(f"{name} has to be greater than 0; it is {value!r}.")
    if config.weight_decay < 0:
        raise CourseError(f"weight_decay has to be 0 or more; it is {config.weight_decay!r}.")
    if config.precision not in ("auto", "fp32", "bf16"):
        raise CourseError(f"precision is 'auto', 'fp32' or 'bf16', not {config.precision!r}.")
    return config


def adam(model: nn.Module, config: Config) -> torch.optim.Adam:
    """Adam with L2 on the weights of convolutions and linear layers.

    BatchNorm's scales and all biases are left out: they are vectors, there are few of them, and
    pulling a scale toward 0 works against what BatchNorm is there for.
    """
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    # One fused kernel a step instead of one a tensor; on Apple's GPU only the newest torch has it.
    fused = next(model.parameters()).device.type in ("cpu", "cuda")
    return torch.optim.Adam(groups, lr=config.lr, fused=fused)


def lr_at(progress: float, peak: float) -> float:
    """The learning rate when a share `progress` (0..1) of the run is done: up, then down."""
    warm_up = min(1.0, progress / 0.05 + 0.01)
    return peak * warm_up * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def fit(
    model: nn.Module,
    data: PhotoData,
    config: Config | None = None,
    *,
    folder: Path | None = None,
    quiet: bool = False,
    **changes,
) -> Run:
    """Train `model` in place on data.train and return the run; the weights of its best epoch stay.

    `changes` are values of Config: fit(model, data, epochs=3, lr=1e-3). With a folder, weights and
    history are kept there (`load_run` reads them). Stop (KeyboardInterrupt) ends the run early and
    keeps what was reached. Raises CourseError for an unknown setting, an output of the wrong
    shape, or a loss that is no longer a number; all but the last before any training.
    """
    config = configure(config, **changes)
    device = choose_device().name
    from .clinic import inspect  # takes a second to import; only who trains needs it

    inspect(model, data.train.size, config.batch_size, photos=0).raise_if_broken()
    precision, reason = config.precision, "as asked"
    if precision == "auto":
        precision, reason = choose_precision(device)
    model.to(device, memory_format=torch.channels_last)
    loader = data.to(device).loader(config.batch_size, config.seed)
    optimiser = adam(model, config)
    run = Run(model, config, precision, reason, data, folder)
    if not quiet:
        print(f"device {device}; {precision}: {reason}; {len(data.train)} training photos")
    clock = Clock(config, len(loader))
    bar = tqdm(
        total=1.0,
        disable=quiet,
        mininterval=1,
        bar_format="{l_bar}{bar}| {elapsed}<{remaining} {postfix}",
    )
    try:
        while not clock.over:
            loss = train_epoch(model, loader, optimiser, config, device, precision, clock, bar)
            run.add_epoch(loss, clock.seen, clock.seconds)
            row = run.history[-1]
            bar.set_postfix_str(
                f"epoch {row['epoch']}: loss {row['loss']:.4f}, "
                f"validation explains {row['explained_chroma']:.1%} of the chroma"
            )
    except KeyboardInterrupt:
        run.stopped = True
        print(f"Stopped after {len(run.history)} epochs. The next fit starts anew.")
        if not run.history:  # keep the weights as they are
            run.add_epoch(None, clock.seen, clock.seconds)
    finally:
        bar.close()
        run.finish()
    if not quiet:
        print(
            f"{clock.seen} photos in {clock.seconds:.0f} s; kept epoch {run.best['epoch']} of "
            f"{len(run.history)}, which explains {run.best['explained_chroma']:.1%} of the chroma"
        )
    return run


def train_epoch(model, loader, optimiser, config, device, precision, clock, bar) -> float:
    """One pass over the photos; the mean loss. Ends early where the run's time is over."""
    model.train()
    total, photos = 0.0, 0
    for x, y in loader:  # (B, 1, H, W) and (B, 2, H, W)
        for group in optimiser.param_groups:
            group["lr"] = lr_at(clock.progress, config.lr)
        x = x.to(device, memory_format=torch.channels_last)
        y = y.to(device, memory_format=torch.channels_last)
        with autocast(device, precision):
            prediction = model(x)
        loss = F.mse_loss(prediction.float(), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

        value = loss.item()
        if not math.isfinite(value):
            raise CourseError(
                f"The loss became {value} at step {clock.step}: the steps are too large. "
                f"Try lr={config.lr / 10:g} (it was {config.lr:g})."
            )
        total, photos = total + value * len(x), photos + len(x)
        clock.tick(len(x))
        bar.update(min(clock.progress, 1.0) - bar.n)
        if clock.over:
            break
    return total / photos


class Clock:
    """How much of a run is done, whether it is measured in epochs or in minutes."""

    def __init__(self, config: Config, steps_per_epoch: int) -> None:
        self.config, self.steps_per_epoch = config, steps_per_epoch
        self.step, self.seen = 0, 0
        self.start = time.perf_counter()

    def tick(self, photos: int) -> None:
        self.step += 1
        self.seen += photos

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.start

    @property
    def progress(self) -> float:
        if self.config.minutes is not None:
            return self.seconds / 60 / self.config.minutes
        return self.step / max(1, round(self.config.epochs * self.steps_per_epoch))

    @property
    def over(self) -> bool:
        return self.progress >= 1


def load_or_fit(ws: Workspace) -> tuple[nn.Module, dict]:
    """The course's network as 05_train left it, or trained now; it says which, and why.

    A run that does not fit any more (other photos, edited network) is kept under another name.
    """
    data = ws.prepared()
    folder = ws.root / "runs" / "colournet"
    if not (folder / "run.json").exists():
        print("05_train has not been run here yet: training the network now.")
    else:
        try:
            model, story = load_run(folder)
            if story["data"] == data.fingerprint:
                return model, story
            print("The photos have changed since 05_train was run: training anew.")
        except CourseError as reason:
            print(f"{reason}\nTraining the network as it is now.")
        old = folder.with_name(f"colournet-{time.time_ns()}")
        folder.rename(old)
        print(f"The run of before is kept as {old.name}.")
    torch.manual_seed(0)
    fit(ColourNet(), data, minutes=ws.setting.minutes, folder=folder)
    return load_run(folder)
