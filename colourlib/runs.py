"""What a training run leaves behind: its history and its best weights, in memory and on disk.

A run's folder holds weights.safetensors and run.json, both readable without this package.
"""

from __future__ import annotations

import json
import os
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

    def add_epoch(self, loss: float, photos: int, seconds: float) -> None:
        """Validate, add a row to the history, and keep the weights if they are the best so far.

        loss: mean training loss of the epoch; photos and seconds: since the run began.
        """
        error, explained = evaluate.validate(self.model, self.data.validation)
        row = {
            "epoch": len(self.history) + 1,
            "loss": loss,
            "validation_loss": error,
            "explained_chroma": explained,
            "photos": photos,
            "seconds": round(seconds, 2),
        }
        self.history.append(row)
        if self.best is row:
            state = self.model.state_dict()
            self.best_weights = {k: v.detach().cpu().clone() for k, v in state.items()}
            self.save_weights()

    def save_weights(self) -> None:
        """The best weights and the story so far, each file whole or not at all."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = self.folder / f"weights.safetensors.{os.getpid()}.tmp"
        contiguous = {k: v.contiguous() for k, v in self.best_weights.items()}
        safetensors.torch.save_file(contiguous, scratch)
        os.replace(scratch, self.folder / "weights.safetensors")
        self.save_story()

    def save_story(self) -> None:
        """run.json: network, settings, precision, which data, history."""
        story = {
            "network": type(self.model).__name__,
            "config": asdict(self.config),
            "precision": self.precision,
            "data": self.data.fingerprint,
            "history": self.history,
        }
        replace_text(self.folder / "run.json", json.dumps(story, indent=1))

    def finish(self) -> None:
        """Put the best weights back into the network, and the whole history on disk."""
        if self.best_weights:
            self.model.load_state_dict(self.best_weights)
        if self.folder is not None and self.history:
            self.save_story()


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
