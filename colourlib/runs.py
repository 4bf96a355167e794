"""What a training run leaves behind: its history and its best weights, in memory and on disk.

A run's folder holds weights.safetensors and run.json, both readable without this package.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

import safetensors.torch
from torch import Tensor, nn

from . import evaluate
from . import model as networks
from .data import PhotoData
from .workspace import CourseError, replace_text


@dataclass
class Run:
    """A network with the best weights it has had, and how it got there."""

    model: nn.Module
    config: object  # train.Config
    precision: str
    reason: str  # why that precision
    data: PhotoData = field(repr=False)
    folder: Path | None = None  # where it is kept; nowhere if None
    stopped: bool = False
    history: list[dict] = field(default_factory=list)  # a row an epoch, see add_epoch
    best_weights: dict[str, Tensor] = field(default_factory=dict, repr=False)

    @property
    def best(self) -> dict:
        """The epoch with the lowest validation error."""
        return min(self.history, key=lambda row: row["validation_loss"])

    def add_epoch(self, loss: float | None, photos: int, seconds: float) -> None:
        """Validate, keep the weights if they are the best so far, and add a row to the history.

        loss: mean training loss of the epoch, None if none was finished; photos and seconds: since
        the run began.
        """
        error, explained = evaluate.validate(self.model, self.data.validation)
        if not self.history or error < self.best["validation_loss"]:
            state = self.model.state_dict()
            self.best_weights = {k: v.detach().cpu().clone() for k, v in state.items()}
        self.history.append(
            {
                "epoch": len(self.history) + 1,
                "loss": loss,
                "validation_loss": error,
                "explained_chroma": explained,
                "photos": photos,
                "seconds": round(seconds, 2),
            }
        )
        if self.folder is not None:
            self.save(self.unfinished)

    @property
    def unfinished(self) -> Path:
        """Where a run lies while it is trained, beside the finished run that it may replace."""
        return self.folder.with_name(f"{self.folder.name}-unfinished-{os.getpid()}")

    def save(self, folder: Path) -> None:
        """The best weights and run.json (network, settings, history), each whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        scratch = folder / f"weights.safetensors.{os.getpid()}.tmp"
        contiguous = {k: v.contiguous() for k, v in self.best_weights.items()}
        safetensors.torch.save_file(contiguous, scratch)
        os.replace(scratch, folder / "weights.safetensors")
        story = {
            "network": type(self.model).__name__,
            "config": asdict(self.config),
            "precision": self.precision,
            "data": self.data.fingerprint,
            "stopped": self.stopped,
            "history": self.history,
        }
        replace_text(folder / "run.json", json.dumps(story, indent=1))

    def finish(self) -> None:
        """Leave the network with its best weights, in eval mode, and the run in its folder.

        A run that was stopped does not replace a finished one: it goes beside it, as NAME-stopped.
        """
        if self.best_weights:
            self.model.load_state_dict(self.best_weights)
        self.model.eval()
        if self.folder is None or not self.history:
            return
        scratch = self.unfinished
        if self.stopped and (self.folder / "run.json").exists():
            self.folder = self.folder.with_name(f"{self.folder.name}-stopped")
            print(
                f"The finished run of before is kept; this one lies beside it: {self.folder.name}"
            )
        self.save(self.folder)
        shutil.rmtree(scratch, ignore_errors=True)


def load_run(folder: Path, model: nn.Module | None = None) -> tuple[nn.Module, dict]:
    """(network with the run's weights in eval mode, the run's story as in run.json).

    Without `model` the network is built by its name from colourlib.model. Raises CourseError if
    there is no run in the folder, or if its weights do not fit the network.
    """
    try:
        story = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        weights = safetensors.torch.load_file(folder / "weights.safetensors")
    except FileNotFoundError as e:
        raise CourseError(f"There is no finished run in {folder}: train one in 05_train.") from e
    if model is None:
        maker = getattr(networks, story["network"], None)
        if maker is None:
            raise CourseError(
                f"The run in {folder} is of a network {story['network']!r} that colourlib does "
                f"not have: give it as load_run(folder, model)."
            )
        model = maker()
    try:
        model.load_state_dict(weights)
    except RuntimeError as e:
        raise CourseError(f"The weights in {folder} do not fit this network: {e}") from e
    return model.eval(), story
