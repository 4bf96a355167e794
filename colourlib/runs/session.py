"""What changes while a run goes on, how it is saved, and how it is taken up again.

`train.train` is the lesson; this is its memory: network, averaged network, optimiser, place in the
epoch, random numbers, curves. A checkpoint holds all of it, so that on the CPU a run that was
stopped gives the same losses, to the last bit, as one that never was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from .. import evaluate
from ..config import done_at, side_at
from ..device import flush_tiny_
from ..teaching.board import View
from ..teaching.clinic.copies import twin_of
from . import Run, checkpoints, rescue, tensorboard
from .samples import Sample

POINTS = 10  # of the training curve, an epoch
SAVE_EVERY = 10  # seconds at least; and a hundred times what the last saving took
TIDIED = 50  # steps between two looks for numbers that are too small to compute with
ON_GPU = 20  # steps between two looks at the loss: each look waits for the GPU


class Session:
    """The state of a run in progress. `batches` and `note` move it on, `validate` judges it."""

    def __init__(self, run: Run, checkpoint: dict | None, optimiser: Callable):
        """optimiser(model, config) makes one, as train.adam does."""
        self.run, self.config = run, run.config
        self.model = run.placement.model(run.model)
        self.averaged = None
        if self.config.average:
            self.averaged = twin_of(self.model, run.placement.device).eval().requires_grad_(False)
        self.optimiser = optimiser(self.model, self.config)
        data = run.data.to(run.placement.device)
        self.loader = data.loader(self.config.batch_size, self.config.seed)
        self.epoch = self.batch = self.step = self.photos = 0  # where we are, and what has been
        self.curve: list[float] = []  # losses since the curve's last point
        self.epoch_losses: list[float] = []
        self.recent: list[float] = []
        self.waiting: list[Tensor] = []  # losses that are still on the GPU
        self.look_every = 1 if run.placement.device == "cpu" else ON_GPU
        self.warned = False
        self.to_validate = False  # between an epoch's or the run's last step and its validation
        if checkpoint is not None:
            self.restore(checkpoint)
        self.first_weights = self._weights()
        self.writer = tensorboard.writer(run.folder)
        self.seconds_before, self.start = run.seconds, time.perf_counter()
        self.saved, self.saving = self.start, 0.0

    # --- where the run is -------------------------------------------------------------------

    @property
    def judged(self):
        """The network that is validated, shown and kept: the averaged one, if there is one."""
        return self.averaged if self.averaged is not None else self.model

    def _weights(self) -> dict[str, Tensor]:
        """A copy of its weights, on the CPU."""
        return {k: v.detach().cpu().clone() for k, v in self.judged.state_dict().items()}

    def _numbers(self) -> Iterator[Tensor]:
        """All that a step computes with: both networks and what the optimiser remembers."""
        for network in (self.model, self.averaged):
            yield from network.state_dict().values() if network is not None else ()
        for memory in self.optimiser.state.values():
            yield from (value for value in memory.values() if isinstance(value, Tensor))

    @property
    def seconds(self) -> float:
        """Seconds of training, those before a stop included."""
        return self.seconds_before + time.perf_counter() - self.start

    @property
    def epochs_done(self) -> float:
        """Passes over the photos so far, as a fraction."""
        return self.epoch + self.batch / len(self.loader)

    @property
    def progress(self) -> float:
        """How much of the run is done, 0..1, whether it is measured in epochs or in minutes."""
        if self.config.minutes is not None:
            return self.seconds / 60 / self.config.minutes
        return self.step / max(1, round(self.config.epochs * len(self.loader)))

    @property
    def side(self) -> int:
        """The side of the photos in the next batch, pixels.

        The very first batch is as large as the last ones: memory that is far too little is to be
        noticed at once, not in the middle of the run.
        """
        return side_at(self.progress, self.run.stages) if self.step else self.run.stages[-1][1]

    @property
    def over(self) -> bool:
        """Is the run done?"""
        return self.progress >= 1

    # --- moving on --------------------------------------------------------------------------

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The rest of the present epoch, each batch as large as the run's stages have it."""
        sampler = self.loader.batch_sampler
        sampler.epoch, sampler.first = self.epoch, self.batch
        batches = iter(self.loader)
        for _ in range(self.batch, len(self.loader)):
            sampler.side = self.side
            yield next(batches)

    def note(self, loss: Tensor, photos: int) -> None:
        """Count a step. Raises CourseError where losses are no numbers any more, or explode."""
        self.step, self.photos, self.batch = self.step + 1, self.photos + photos, self.batch + 1
        if self.step % TIDIED == 0 and self.run.placement.device == "cpu":
            flush_tiny_(self._numbers())
        self.waiting.append(loss)
        if len(self.waiting) >= self.look_every:
            self._look_at_losses()
        if self.batch >= len(self.loader):
            self._look_at_losses()
            self.epoch, self.batch, self.to_validate = self.epoch + 1, 0, True
        if len(self.curve) >= max(1, len(self.loader) // POINTS):
            mean = sum(self.curve) / len(self.curve)
            self.run.losses.append((round(self.epochs_done, 3), mean))
            self.curve = []
        self.run.photos, self.run.seconds = self.photos, self.seconds
        self.to_validate = self.to_validate or self.over

    def _look_at_losses(self) -> None:
        if not self.waiting:
            return
        losses = torch.stack(self.waiting).tolist()
        self.waiting = []
        self.recent = (self.recent + losses)[-rescue.PATIENCE :]
        rescue.check_losses(self.recent, self.run.grey_loss, self.step, self.config.lr)
        self.curve += losses
        self.epoch_losses += losses

    def validate(self) -> None:
        """Judge the network on the validation photos, keep the weights if they are the best.

        Raises CourseError where its answers are no numbers.
        """
        self._look_at_losses()
        error, explained = evaluate.validate(self.judged, self.run.data.validation)
        rescue.check_validation(error, self.step, self.config.lr)
        losses, self.epoch_losses = self.epoch_losses, []
        if not self.run.history or error < self.run.best["validation_loss"]:
            self.run.best_weights = self._weights()
        row = {
            "epoch": self.epoch + (self.batch > 0),
            "loss": sum(losses) / len(losses) if losses else None,
            "validation_loss": error,
            "explained_chroma": explained,
            "photos": self.photos,
            "seconds": round(self.seconds, 2),
        }
        self.run.history.append(row)
        self.to_validate = False
        tensorboard.add(self.writer, row)

    # --- saving -----------------------------------------------------------------------------

    def state(self) -> dict:
        """All that a checkpoint holds."""
        self._look_at_losses()
        return {
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict() if self.averaged is not None else None,
            "optimiser": self.optimiser.state_dict(),
            "random": checkpoints.random_state(),
            "place": [self.epoch, self.batch, self.step, self.photos],
            "seconds": self.seconds,
            "losses": [self.curve, self.epoch_losses, self.recent, self.run.losses],
            "history": self.run.history,
            "best_weights": self.run.best_weights,
        }

    def restore(self, state: dict) -> None:
        """Be where the run was when state() was called."""
        self.model.load_state_dict(state["model"])
        if self.averaged is not None:
            self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        checkpoints.restore_random_state(state["random"])
        self.epoch, self.batch, self.step, self.photos = state["place"]
        self.run.photos, self.run.seconds = self.photos, state["seconds"]
        self.curve, self.epoch_losses, self.recent, points = state["losses"]
        self.run.losses = [tuple(point) for point in points]
        self.run.history, self.run.best_weights = state["history"], state["best_weights"]

    def save_if_due(self) -> None:
        """A checkpoint now and then: a crash costs seconds, saving next to nothing."""
        due = time.perf_counter() - self.saved > max(SAVE_EVERY, 100 * self.saving)
        if due and not self.to_validate:
            self.save()

    def save(self) -> None:
        """Write the checkpoint and the story. A full disk does not end the training."""
        if self.run.folder is None:
            return
        start = time.perf_counter()
        try:
            checkpoints.save_checkpoint(self.run.folder / "checkpoint.pt", self.state())
            self.run.save()
            self.warned = False
        except OSError as error:
            if not self.warned:
                print(
                    f"The run cannot be saved in {self.run.folder}: {error.strerror or error}. The "
                    "training goes on; make room, and the next try will save it."
                )
            self.warned = True
        self.saved = time.perf_counter()
        self.saving = self.saved - start

    def settle(self) -> None:
        """After the last step, whole as it is: save a stopped run, judge any at least once."""
        self._look_at_losses()
        if self.run.state == "stopped":
            self.save()
        if self.step and not self.run.history:  # stopped in the first epoch
            self.validate()

    def end(self, fault: BaseException | None) -> None:
        """Leave the network with its best weights, in eval mode, and the run in its folder."""
        run = self.run
        run.seconds = self.seconds
        self.model.load_state_dict(run.best_weights or self.first_weights)
        if self.averaged is not None:
            self.averaged.load_state_dict(self.model.state_dict())
        self.model.eval()
        self.optimiser.zero_grad(set_to_none=True)
        run.sentence = run.summary(fault)
        if run.folder is not None:
            try:
                run.save(pictures=self.samples())
                if run.state in ("finished", "failed"):  # it will not go on
                    (run.folder / "checkpoint.pt").unlink(missing_ok=True)
            except OSError as error:
                run.sentence += (
                    f" It could not be saved: {error.strerror or error}. The weights are in the "
                    "network; run.save(Path('another/folder')) keeps them."
                )
        tensorboard.close(self.writer)

    # --- showing ----------------------------------------------------------------------------

    def samples(self) -> list[Sample]:
        """Three validation photos as the network colours them now; none where it fails at it."""
        device = self.run.placement.device
        try:  # how often one looks must not change what dropout does in the training
            with torch.random.fork_rng(devices=[device] if device == "cuda" else []):
                return self.run.samples.coloured(self.judged)
        except Exception:  # training or validation tells of the same fault, or has done so
            return []

    def view(self) -> View:
        """What the board shows."""
        run, seconds = self.run, self.seconds
        done = spent = steps = min(1.0, self.progress)
        if self.config.minutes is None:  # steps are counted; those on small photos are shorter
            spent = done_at(done, run.stages, 2)
        else:
            steps = done_at(done, run.stages, -2)
        return View(
            name=run.name,
            state=run.state,
            sentence=run.sentence
            or f"epoch {self.epoch + 1}, step {self.step}, photos at {self.side} px",
            progress=done,
            seconds=seconds,
            left=seconds * (1 - spent) / spent if spent > 0.01 else None,
            end=self.epochs_done / steps if steps > 0.01 else None,
            rate=self.photos / seconds if seconds else 0.0,
            losses=run.losses,
            history=run.history,
            levels=run.levels,
            grey_loss=run.grey_loss,
            training_grey_loss=run.training_grey_loss,
            samples=self.samples(),
        )
