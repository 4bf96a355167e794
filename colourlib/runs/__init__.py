"""What a training run leaves behind: a folder of its own, readable without this package.

`run.json` tells the story (settings, layers, curves, scores), `network.txt` shows the network,
`weights.safetensors` holds the best weights, `checkpoint.pt` what is needed to go on, and
`sample-1.png` … show three validation photos beside `truth-1.png` ….
"""

from __future__ import annotations

import io
import json
import platform
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import safetensors.torch
import torch
from filelock import FileLock
from PIL import Image
from torch import Tensor, nn

from ..common import files
from ..common.errors import CourseError
from ..common.version import __version__
from ..common.words import percent
from ..data import PhotoData
from ..device import Placement
from ..train import Config, Stages
from . import checkpoints, matching
from .view import Sample, Samples


@dataclass
class Run:
    """One training run: the network with the best weights it has had, and how it got there."""

    model: nn.Module
    config: Config
    placement: Placement
    data: PhotoData = field(repr=False)
    name: str
    label: str  # the name without its number
    folder: Path | None = None  # where it is kept; nowhere if None
    state: str = "training"  # or "stopped", "finished", "failed"
    sentence: str = ""  # what is going on, or how it ended
    started: str = ""
    started_from: str | None = None  # the run that this network was trained in before
    seconds: float = 0.0  # of training, without the time that it lay stopped
    photos: int = 0
    history: list[dict] = field(default_factory=list)  # a row a validation, see Session.validate
    losses: list[tuple[float, float]] = field(default_factory=list)  # (epochs done, training loss)
    levels: dict[str, float] = field(default_factory=dict)  # explained chroma of the baselines
    grey_loss: float = 1.0  # loss of the grey copy: explained chroma = 1 - loss / grey_loss
    training_grey_loss: float = 1.0  # the same on random crops of training photos
    best_weights: dict[str, Tensor] = field(default_factory=dict, repr=False)
    stages: Stages = field(default_factory=list)  # how large its photos are shown, and when
    described: str = field(default="", repr=False)  # the network in words, for network.txt
    samples: Samples | None = field(default=None, repr=False)
    lock: FileLock | None = field(default=None, repr=False)

    @property
    def best(self) -> dict:
        """The row of the validation with the lowest error."""
        if not self.history:
            raise CourseError(f"Run {self.name} was stopped before its first validation.")
        return min(self.history, key=lambda row: row["validation_loss"])

    @property
    def rate(self) -> float:
        """Photos a second."""
        return self.photos / self.seconds if self.seconds else 0.0

    @property
    def precision(self) -> str:
        """The number format of the forward pass."""
        return self.placement.precision

    @property
    def reason(self) -> str:
        """Why that format."""
        return self.placement.reason

    @property
    def stopped(self) -> bool:
        """Was it stopped before its end?"""
        return self.state == "stopped"

    def story(self) -> dict:
        """Everything about the run in words and numbers, as run.json holds it."""
        size, sides = self.data.train.size, (self.data.train, self.data.validation)
        data = {"fingerprint": self.data.fingerprint, "size": size}
        data |= {"train": len(sides[0]), "validation": len(sides[1])}
        data["shown"] = [list(stage) for stage in self.stages]  # how large, and from when on
        rows = self.samples.rows if self.samples else []
        named = [
            {"query": row["query"], "sha256": row["sha256"], "file": f"sample-{i}.png"}
            for i, row in enumerate(rows, start=1)
        ]
        return {
            "format": checkpoints.FORMAT,
            "name": self.name,
            "label": self.label,
            "network": type(self.model).__name__,
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "config": asdict(self.config),
            "device": self.placement.device,
            "precision": self.placement.precision,
            "reason": self.placement.reason,
            "data": data,
            "identity": self.identity,
            "started": self.started,
            "started_from": self.started_from,
            "state": self.state,
            "sentence": self.sentence,
            "seconds": round(self.seconds, 2),
            "rate": round(self.rate, 1),
            "versions": {
                "python": platform.python_version(),
                "torch": torch.__version__,
                "colourlib": __version__,
            },
            "levels": self.levels,
            "grey_loss": self.grey_loss,
            "training_grey_loss": self.training_grey_loss,
            "best": self.best if self.history else None,
            "samples": named,
            "history": self.history,
            "losses": self.losses,
            "layers": checkpoints.layers(self.model),
            "forward": self.forward,
        }

    @cached_property  # both once, at the beginning: the source may be edited while it trains
    def forward(self) -> str | None:
        """The text of the network's forward."""
        return checkpoints.forward_source(self.model)

    @cached_property
    def identity(self) -> str:
        """The same for runs that are the same in network, settings, photos and name."""
        train, validation = self.data.train, self.data.validation
        photos = [self.data.fingerprint, len(train), len(validation), train.size, train.crop]
        return checkpoints.identity(self.model, self.config, photos, self.label)

    def summary(self, fault: BaseException | None = None) -> str:
        """How the run stands, in a line or two."""
        text = f"{self.photos:,} photos in {self.seconds:.0f} s"
        if self.history:
            best = self.best
            text += f"; best after epoch {best['epoch']}: {percent(best['explained_chroma'])} "
            text += "of the chroma explained"
            known = ", ".join(f"{name} {percent(value)}" for name, value in self.levels.items())
            text += f" ({known})"
        if fault is not None:
            text = f"{str(fault).splitlines()[0] if str(fault) else type(fault).__name__} {text}"
        if self.state == "stopped":
            kept = self.folder is not None and (self.folder / "checkpoint.pt").exists()
            text += ". Stopped: the same call "
            text += "goes on from here, resume=False begins anew" if kept else "begins anew"
        return text + "."

    def save(self, folder: Path | None = None, pictures: list[Sample] = ()) -> None:
        """Story, best weights and pictures, each file whole or not at all. Raises OSError."""
        folder = folder or self.folder
        folder.mkdir(parents=True, exist_ok=True)
        if self.best_weights:
            about = {"run": self.name, "network": type(self.model).__name__}
            checkpoints.save_weights(folder / "weights.safetensors", self.best_weights, about)
        if self.described:
            files.write(folder / "network.txt", self.described.encode())
        for i, sample in enumerate(pictures, start=1):
            for kind, array in (("sample", sample.network), ("truth", sample.truth)):
                content = io.BytesIO()
                Image.fromarray(array).save(content, "PNG")
                files.write(folder / f"{kind}-{i}.png", content.getbuffer())
        files.write(folder / "run.json", json.dumps(self.story(), indent=1).encode())

    def note_trained(self) -> None:
        """Remember that this network has been trained, so that a later run can say so.

        Without a validation its first weights are in it again, and it has not been.
        """
        if self.best_weights:
            remember(self.model, self.name, self.data.train.size)

    def note_origin(self) -> None:
        """Where this network's weights come from: an earlier run, or nowhere."""
        self.started_from = getattr(self.model, "trained_in", None)

    def close(self) -> None:
        """Let others have the folder."""
        if self.lock is not None:
            self.lock.release()


def remember(model: nn.Module, name: str, size: int) -> None:
    """That this network was trained in a run of that name, on photos of `size` pixels a side."""
    model.trained_in, model.trained_size = name, size


def trained_size(model: nn.Module) -> int | None:
    """Side in pixels of the photos that this network was trained on; None if nobody knows.

    Known of networks trained by `fit` in this session, and of those that were loaded.
    """
    return getattr(model, "trained_size", None)


def number_of(path: Path) -> int:
    """The number of a run's folder; 0 for a folder without one."""
    head = path.name.split("-")[0]
    return int(head) if head.isdecimal() else 0


def all_runs(where) -> list[dict]:
    """The stories (run.json) of all runs in order, each with its "folder": a Path.

    where: a folder of runs, or what knows one as `.runs`: a Workspace, a PhotoData.
    """
    where = getattr(where, "runs", where)
    if where is None:  # a PhotoData that keeps no runs
        return []
    stories = []
    for path in sorted(Path(where).glob("*/run.json"), key=lambda p: (number_of(p.parent), p)):
        try:
            story = json.loads(path.read_text(encoding="utf-8"))
            if story.get("format") == checkpoints.FORMAT:
                stories.append(story | {"folder": path.parent})
        except (OSError, ValueError, AttributeError):
            continue
    return stories


def load_run(
    folder: Path, model: nn.Module | None = None, partly: bool = False
) -> tuple[nn.Module, dict]:
    """(network with the run's best weights in eval mode, the run's story as in run.json).

    Without `model` the network is built by its name from colourlib.model, with the arguments that
    its weights tell. Raises CourseError where there is no run, or where its weights do not fit: it
    then names the layers that differ, and `partly=True` carries over those that match and leaves
    the others as they are. Without `model` it also raises where an edit left all weights as they
    were, but not what the network does with them.
    """
    folder = Path(folder)
    try:
        story = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        weights = safetensors.torch.load_file(folder / "weights.safetensors")
        name, layers, forward = story["network"], story["layers"], story["forward"]
        trained_in = story["name"], story["data"]["size"]
    except FileNotFoundError as error:
        raise CourseError(f"There is no trained run in {folder}: train one in 05_train.") from error
    except OSError as error:
        raise CourseError(f"The run in {folder} cannot be read: {error.strerror}.") from error
    except (ValueError, safetensors.SafetensorError) as error:
        raise CourseError(f"The run in {folder} is damaged: {error}") from error
    except (KeyError, TypeError) as error:
        raise CourseError(f"The run in {folder} is damaged: run.json is no run's story.") from error
    if model is None:
        model = matching.build(name, matching.arguments_of(name, weights), weights, folder)
        if edited := matching.edits(layers, forward, model):
            raise CourseError(
                f"The run in {folder} is of another {name} than colourlib's:\n{edited}\n"
                "Give the network that was trained: load_run(folder, MyNet())."
            )
    here = model.state_dict()
    same = {k: w for k, w in weights.items() if k in here and here[k].shape == w.shape}
    if len(same) < max(len(weights), len(here)) and not partly:
        raise CourseError(
            f"The weights in {folder} do not fit this network:\n{matching.misfits(weights, here)}\n"
            f"load_run(folder, model, partly=True) carries over the {len(same)} of {len(here)} "
            "that match."
        )
    if partly:
        print(f"{len(same)} of {len(here)} weights carried over, the others are as they were.")
    model.load_state_dict(same, strict=False)
    remember(model, *trained_in)
    return model.eval(), story
