"""A training that is watched: shown, saved now and then, and taken up again where it was.

`train.train` is the lesson; this is its memory: network, averaged network, optimiser, place in the
epoch, random numbers, curves. A checkpoint holds all of it, so that on the CPU a run that was
stopped gives the same losses, to the last bit, as one that never was.
"""

import math
import time

from ..common.copies import tensors_in
from ..common.stop import Stop
from ..common.words import roughly
from ..train import Training, Watch
from . import Run, checkpoints, rescue
from .speed import flush_tiny_
from .together import Together
from .view import Silent, View, done_at

POINTS = 10  # of the training curve, an epoch
SAVE_EVERY = 10  # seconds at least; and a hundred times what the last saving took
TIDIED = 50  # steps between two looks for numbers that are too small to compute with
SHOWN = ("name", "state", "rate", "losses", "history", "levels", "grey_loss", "training_grey_loss")
ON_GPU = 20  # steps between two looks at the loss: each look waits for the GPU
SET_UP, TELL = 2, 10  # steps, the first, that take longer; that tell how long the run takes


class Session(Watch):
    """One training of a run, from its beginning or from a checkpoint to its end or to Stop."""

    def __init__(
        self, run: Run, checkpoint: dict | None, stop: Stop, board: Silent, quiet: bool = True
    ) -> None:
        self.run, self.stop, self.board = run, stop, board
        self.look_every = 1 if run.placement.device == "cpu" else ON_GPU
        what = run.called or run.model, run.data, run.config, run.placement, run.stages
        self.together = run.placement.processes > 1
        self.training = Together(stop, self.look_every, *what) if self.together else Training(*what)
        both = {"model": self.training.plain, "averaged": self.training.averaged}
        self.networks = {name: network for name, network in both.items() if network is not None}
        run.history = self.training.history
        self.curve: list[float] = []  # losses since the curve's last point
        self.recent: list[float] = []  # the last ones, among which an explosion shows
        self.warned = False
        if checkpoint is not None:
            checkpoints.restore(self, checkpoint)
        if self.together:
            self.training.spread_chance()
        self.first_weights = self.training.weights()
        self.training.start = self.saved = time.perf_counter()
        self.saving = 0.0
        self.first = None if quiet else self.training.step  # step of this session; None: it is told
        self.since = (0.0, 0.0)  # share of the work that was done, and seconds, after SET_UP steps

    @property
    def stopped(self) -> bool:
        """Was Stop pressed? In one of several processes: and do all of them know?"""
        return self.training.stopped if self.together else self.stop.pressed

    def after_step(self, training: Training) -> None:
        """Draw the curve on. Raises CourseError where a loss explodes or is not finite."""
        run = self.run
        if training.step % TIDIED == 0 and run.placement.device == "cpu":
            states = [network.state_dict() for network in self.networks.values()]
            flush_tiny_(tensors_in([*states, training.optimiser.state]))
        if len(training.losses) >= self.look_every or training.to_validate:
            self.look_at_losses()
        if len(self.curve) >= max(1, len(training.loader) // POINTS):
            mean = sum(self.curve) / len(self.curve)
            run.losses.append((round(training.epochs_done, 3), mean))
            self.curve = []
        run.photos, run.seconds = training.photos, training.seconds
        self.tell_how_long()
        self.board.tick(self.view)
        self.save_if_due()

    def after_validation(self, training: Training, row: dict) -> None:
        """Keep the best weights. Raises CourseError where the network's answers are not finite."""
        self._note(row)
        self.save_if_due()

    def _note(self, row: dict) -> None:
        if not math.isfinite(loss := row["validation_loss"]):
            what = f"The loss on the validation photos is {loss} after step {self.training.step}"
            raise rescue.too_large(what, self.run.config.lr, ", or the network divides by 0")
        self.run.best_weights = self.training.best_weights

    def look_at_losses(self) -> None:
        run = self.run
        if new := self.training.read_losses():
            self.recent = (self.recent + new)[-rescue.PATIENCE :]
            rescue.check_losses(self.recent, run.grey_loss, self.training.step, run.config.lr)
            self.curve += new

    def tell_how_long(self) -> None:
        """Once, as soon as a few steps show how quick this machine is."""
        if self.first is None or self.run.config.minutes is not None:
            return
        now, count = self.training, max(TELL, self.look_every)  # a GPU was waited for just then
        if now.step == self.first + SET_UP:
            self.since = self.spent, now.seconds
        if now.step == self.first + count and now.steps - now.step > count:
            work, begun = self.since
            whole = (now.seconds - begun) / (self.spent - work)
            whole *= 1 + len(now.data.validation) / len(now.data.train) / 3  # it has no backward
            steps, seconds = f"{now.steps:,} steps", whole
            if self.first:
                steps = f"the {now.steps - now.step:,} steps to come"
                seconds = whole * (1 - self.spent)
            count = "ten" if count == TELL else count
            about = f"About {roughly(seconds)} for {steps} on this machine"
            print(f"{about}, as its first {count} steps tell.", flush=True)

    def save_if_due(self) -> None:
        """A checkpoint now and then: a crash costs seconds, saving next to nothing."""
        due = time.perf_counter() - self.saved > max(SAVE_EVERY, 100 * self.saving)
        unknown = self.together and self.training.own  # losses of single processes
        if due and not self.training.to_validate and not unknown:
            self.save()

    def save(self) -> None:
        """Write the checkpoint and the story. A full disk does not end the training."""
        if self.run.folder is None:
            return
        start = time.perf_counter()
        try:
            self.look_at_losses()
            state = checkpoints.state_of(self)
            checkpoints.save_checkpoint(self.run.folder / "checkpoint.pt", state)
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
        """After the last step, whole as it is: save a stopped run, judge any at least once.

        In this order, because a run that goes on must not know of that additional validation.
        """
        self.look_at_losses()
        if self.run.state == "stopped":
            self.save()
        if self.training.step and not self.run.history:  # stopped in the first epoch
            self._note(self.training.validate())

    def end(self, fault: BaseException | None) -> None:
        """Leave the network with its best weights, in eval mode, and the run in its folder."""
        run, training = self.run, self.training
        run.seconds = training.seconds
        for network in self.networks.values():
            network.load_state_dict(run.best_weights or self.first_weights)
        training.model.eval()
        run.model.eval()
        training.optimiser.zero_grad(set_to_none=True)
        run.sentence = run.summary(fault)
        if run.folder is not None:
            try:
                run.save(pictures=run.samples.coloured(training.judged))
                if run.state in ("finished", "failed"):  # it will not go on
                    (run.folder / "checkpoint.pt").unlink(missing_ok=True)
            except OSError as error:
                run.sentence += (
                    f" It could not be saved: {error.strerror or error}. The weights are in the "
                    "network; run.save(Path('another/folder')) keeps them."
                )

    @property
    def place(self) -> str:
        """'312 of 800', or '312' where a clock decides."""
        step, timed = self.training.step, self.run.config.minutes is not None
        return f"{step:,}" if timed else f"{step:,} of {self.training.steps:,}"

    @property
    def spent(self) -> float:
        """The share of the run's time that is spent: steps on small photos are shorter."""
        done = min(1.0, self.training.progress)
        timed = self.run.config.minutes is not None
        return done if timed else done_at(done, self.run.stages, 2)

    def view(self) -> View:
        """What the board shows."""
        run, now = self.run, self.training
        seconds = now.seconds
        done = steps = min(1.0, now.progress)
        spent = self.spent
        if run.config.minutes is not None:
            steps = done_at(done, run.stages, -2)
        doing = f"epoch {now.epoch + 1}, step {self.place}, photos at {now.side} px"
        return View(
            **{name: getattr(run, name) for name in SHOWN},
            sentence=run.sentence or doing,
            progress=done,
            seconds=seconds,
            left=seconds * (1 - spent) / spent if spent > 0.01 else None,
            end=now.epochs_done / steps if steps > 0.01 else None,
            samples=run.samples.coloured(now.judged),
        )
