"""Train a network: mean squared error over batches of 20, Adam, L2 regularisation.

`train` is the loop of 05_train, whole. `Training` holds the state that it changes, `Config` every
knob. Whatever else a student may want (Stop, checkpoints, a board) looks on: see `runs.fit`.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import evaluate
from .common.copies import bare, twin_of
from .data import BATCH_SIZE, PhotoData
from .device import Placement

# [(share of the run at which it starts, side of the photos in pixels), ...], from 0 on
Stages = list[tuple[float, int]]
LEAST = 48  # pixels a side of small photos
PRETRAINED = 0.3  # share of the learning rate that a pretrained part takes
LOSSES = {"mse": F.mse_loss}  # what the course teaches; another one would be added here


@dataclass(frozen=True)
class Config:
    """Every knob of a run."""

    loss: str = "mse"  # mean squared error of scaled ab
    lr: float = 1.2e-3  # Adam's largest step
    schedule: str = "cosine"  # up over the first 5 %, then down to 0; or 'constant'
    weight_decay: float = 1e-5  # L2, on convolution and linear weights only
    batch_size: int = BATCH_SIZE  # 20, the course's own
    epochs: float = 10  # passes over the training photos
    steps: int | None = None  # of the optimiser, one a batch: a number of them instead of epochs
    minutes: float | None = None  # a time limit instead of either
    small_first: float = 0.5  # share of the run in which photos are shown smaller; 0: never
    average: float = 0.99  # decay of the weights' running average, which is judged and kept; 0: off
    seed: int = 0  # for the order of the photos and the crops, not for the initial weights
    precision: str = "auto"  # 'fp32', 'bf16', or 'auto': the faster one, by a short measurement


def lr_at(progress: float, config: Config) -> float:
    """The learning rate when a share `progress` (0..1) of the run is done: up, then down."""
    if config.schedule == "constant":
        return config.lr
    warm_up = min(1.0, progress / 0.05 + 0.01)
    return config.lr * warm_up * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def stages(config: Config, size: int) -> Stages:
    """How large photos of `size` pixels are shown: half the side, three quarters, then all of it.

    Half the side is a quarter of the work, and most of what there is to learn shows in small
    photos, too (progressive resizing, as in fast.ai's entry to DAWNBench 2018). The sides are
    multiples of 16 and at least 48: little learnt on smaller ones carries over to large photos.
    """
    shares = {0.0: 0.5, config.small_first / 2: 0.75, config.small_first: 1.0}
    found: Stages = []
    for start, share in shares.items():
        side = min(size, max(LEAST, 16 * round(share * size / 16)))
        if not found or found[-1][1] != side:
            found.append((start, side))
    return found


def side_at(progress: float, plan: Stages) -> int:
    """The side of the photos, in pixels, when a share of the run is done."""
    return [side for start, side in plan if start <= progress][-1]


# ---- one step ------------------------------------------------------------------------------------


def adam(model: nn.Module, config: Config) -> torch.optim.Adam:
    """Adam with L2 on the weights of convolutions and linear layers.

    BatchNorm's scales and all biases are left out: they are vectors, there are few of them, and
    pulling a scale toward 0 works against what BatchNorm is there for. A part that has learnt
    before (`model.pretrained`) takes smaller steps, lest it forget, and no L2: Adam scales all
    steps alike, so it would pull a weight that has hardly a gradient all the way to 0.
    """
    learnt = set(getattr(model, "pretrained", nn.Module()).parameters())
    groups = []
    new = set(model.parameters()) - learnt
    for mine, share, decay in ((new, 1.0, config.weight_decay), (learnt, PRETRAINED, 0.0)):
        parameters = [p for p in model.parameters() if p in mine]
        matrices = [p for p in parameters if p.ndim > 1]
        vectors = [p for p in parameters if p.ndim <= 1]
        groups += [
            {"params": matrices, "weight_decay": decay, "share": share},
            {"params": vectors, "weight_decay": 0.0, "share": share},
        ]
    # One fused kernel a step instead of one a tensor; on Apple's GPU only the newest torch has it.
    fused = next(model.parameters()).device.type in ("cpu", "cuda")
    return torch.optim.Adam([g for g in groups if g["params"]], lr=config.lr, fused=fused)


def train_step(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    optimiser: torch.optim.Optimizer,
    config: Config,
    placement: Placement,
) -> Tensor:
    """One step on one batch: x (B, 1, H, W) scaled L, y (B, 2, H, W) scaled ab. Gives the loss."""
    with placement.autocast():
        prediction = model(x)  # 1. guess: (B, 2, H, W)
    loss = LOSSES[config.loss](prediction.float(), y)  # 2. how wrong is it?
    optimiser.zero_grad()
    loss.backward()  # 3. in which direction would each weight make it less wrong?
    optimiser.step()  # 4. a small step that way
    return loss.detach()


@torch.no_grad()
def average_(averaged: nn.Module, model: nn.Module, decay: float, step: int) -> None:
    """Move the averaged weights, and BatchNorm's statistics, a little toward the current ones.

    averaged = decay * averaged + (1 - decay) * current: the mean over about 1 / (1 - decay) steps,
    over fewer at first, when the weights have not settled. It evens out the zigzag of single
    batches (Polyak and Juditsky 1992).
    """
    decay = min(decay, (1 + step) / (10 + step))
    olds = [*averaged.parameters(), *averaged.buffers()]  # a shared weight comes once
    news = [*model.parameters(), *model.buffers()]
    floats = []
    for old, new in zip(olds, news, strict=True):
        if old.is_floating_point():
            floats.append((old, new))
        else:
            old.copy_(new)  # BatchNorm's counter
    torch._foreach_lerp_([old for old, _ in floats], [new for _, new in floats], 1 - decay)


# ---- the loop ------------------------------------------------------------------------------------


class Training:
    """Everything that changes while a network is trained."""

    def __init__(
        self,
        model: nn.Module,
        data: PhotoData,
        config: Config,
        placement: Placement,
        plan: Stages | None = None,
    ) -> None:
        self.config, self.placement, self.data = config, placement, data
        self.plan = plan or stages(config, data.train.size)
        self.model = placement.model(model)
        self.plain = bare(self.model)  # not compiled, say: whose weights have their own names
        self.averaged = None
        if config.average:
            self.averaged = twin_of(self.model, placement.device).eval().requires_grad_(False)
        self.optimiser = adam(self.model, config)
        self.loader = data.to(placement.device).loader(config.batch_size, config.seed)
        self.epoch = self.batch = self.step = self.photos = 0  # where we are, and how far we came
        self.losses: list[Tensor] = []  # since they were last read
        self.epoch_losses: list[float] = []
        self.history: list[dict] = []  # one row per validation
        self.best_weights: dict[str, Tensor] = {}
        self.to_validate = False  # between an epoch's or the run's last step and its validation
        self.seconds_before, self.start = 0.0, time.perf_counter()

    @property
    def judged(self) -> nn.Module:
        """The network that is validated, shown and kept: the averaged one, if there is one."""
        return self.averaged if self.averaged is not None else self.plain

    def weights(self) -> dict[str, Tensor]:
        """A copy of its weights, on the CPU."""
        return {k: v.detach().cpu().clone() for k, v in self.judged.state_dict().items()}

    @property
    def seconds(self) -> float:
        """Seconds of training, those before a stop included."""
        return self.seconds_before + time.perf_counter() - self.start

    @property
    def epochs_done(self) -> float:
        """Passes over the photos so far, as a fraction."""
        return self.epoch + self.batch / len(self.loader)

    @property
    def steps(self) -> int:
        """Steps of the whole run, where it is not measured in minutes."""
        return self.config.steps or max(1, round(self.config.epochs * len(self.loader)))

    @property
    def progress(self) -> float:
        """How much of the run is done, 0..1, whether measured in epochs, in steps or in minutes."""
        if self.config.minutes is not None:
            return self.seconds / 60 / self.config.minutes
        return self.step / self.steps

    @property
    def over(self) -> bool:
        """Is the run done?"""
        return self.progress >= 1

    @property
    def side(self) -> int:
        """The side of the next batch. The first is full size, so a lack of memory shows at once."""
        return side_at(self.progress, self.plan) if self.step else self.plan[-1][1]

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The rest of the current epoch: x (B, 1, S, S) and y (B, 2, S, S), S as `side` has it."""
        sampler = self.loader.batch_sampler
        sampler.epoch, sampler.first = self.epoch, self.batch
        batches = iter(self.loader)
        for _ in range(self.batch, len(self.loader)):
            sampler.side = self.side
            yield next(batches)

    def count(self, loss: Tensor, photos: int) -> None:
        """Count one more step."""
        self.losses.append(loss)
        self.step, self.photos, self.batch = self.step + 1, self.photos + photos, self.batch + 1
        if self.batch >= len(self.loader):
            self.epoch, self.batch, self.to_validate = self.epoch + 1, 0, True
        self.to_validate = self.to_validate or self.over

    def read_losses(self) -> list[float]:
        """The losses since the last call; on a GPU seldom, because each call waits for it."""
        new = torch.stack(self.losses).tolist() if self.losses else []
        self.losses = []
        self.epoch_losses += new
        return new

    def judge(self) -> tuple[float, float]:
        """Its error and explained chroma on the validation photos."""
        return evaluate.validate(self.judged, self.data.validation)

    def validate(self) -> dict:
        """Judge the network on the validation photos; keep its weights if they are the best yet."""
        self.read_losses()
        error, explained = self.judge()
        losses, self.epoch_losses = self.epoch_losses, []
        row = {
            "epoch": self.epoch + (self.batch > 0),
            "loss": sum(losses) / len(losses) if losses else None,
            "validation_loss": error,
            "explained_chroma": explained,
            "photos": self.photos,
            "seconds": round(self.seconds, 2),
        }
        if math.isfinite(error):
            if not self.history or error < min(r["validation_loss"] for r in self.history):
                self.best_weights = self.weights()
            self.history.append(row)
        self.to_validate = False
        return row


class Watch:
    """An onlooker that may end the training: `runs.session` saves and shows it."""

    stopped = False  # True ends the loop after the step

    def after_step(self, training: Training) -> None:
        """Called when a step has been counted."""

    def after_validation(self, training: Training, row: dict) -> None:
        """Called with the row of the validation."""


def train(training: Training, watch: Watch) -> None:
    """The loop: batch after batch, epoch after epoch, until the run is over or stopped."""
    config, placement = training.config, training.placement
    while not training.over and not watch.stopped:
        for x, y in training.batches():  # (B, 1, S, S) and (B, 2, S, S); S grows, see stages
            for group in training.optimiser.param_groups:
                group["lr"] = lr_at(training.progress, config) * group.get("share", 1.0)
            training.model.train()
            x, y = placement.batch(x), placement.batch(y)
            loss = train_step(training.model, x, y, training.optimiser, config, placement)
            if training.averaged is not None:
                average_(training.averaged, training.plain, config.average, training.step)
            training.count(loss, len(x))
            watch.after_step(training)
            if training.over or watch.stopped:
                break
        if training.to_validate or training.over:
            watch.after_validation(training, training.validate())
