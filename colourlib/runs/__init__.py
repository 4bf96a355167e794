"""What a training leaves behind: a folder of its own, readable without this package.

`run.json` tells the story (settings, layers, curves, scores), `network.txt` shows the network,
`weights.safetensors` holds the best weights, `checkpoint.pt` what a stopped run needs to go on, and
`sample-1.png` … show three validation photos beside `truth-1.png` ….
"""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import safetensors.torch
import torch
from filelock import FileLock
from PIL import Image
from torch import Tensor, nn

from ..common import files
from ..common.copies import bare
from ..common.errors import CourseError
from ..common.pictures import encoded
from ..common.version import __version__
from ..common.words import percent
from ..data import PhotoData
from ..device import Placement
from ..train import Config, Stages
from . import checkpoints, matching
from .view import Sample, Samples

TOLD = (  # what run.json holds of a Run as it is
    "name", "label", "identity", "started", "started_from", "state", "sentence", "levels",
    "grey_loss", "training_grey_loss", "history", "losses", "forward",
)  # fmt: skip


@dataclass
class Run:
    """One training run: the network with the best weights it has had, and how it got there."""

    model: nn.Module
    config: Config
    placement: Placement
    data: PhotoData = field(repr=False)
    name: str
    label: str  # the name without its number
    folder: Path | None = None  # None: it is kept nowhere
    state: str = "training"  # or "stopped", "finished", "failed"
    sentence: str = ""  # what is going on, or how it ended
    started: str = ""
    started_from: str | None = None  # the run that this network was trained in before
    seconds: float = 0.0  # of training, without the time that it lay stopped
    photos: int = 0
    history: list[dict] = field(default_factory=list)  # a row a validation: Training.validate
    losses: list[tuple[float, float]] = field(default_factory=list)  # (epochs done, training loss)
    levels: dict[str, float] = field(default_factory=dict)  # explained chroma of the baselines
    grey_loss: float = 1.0  # loss of the grey copy: explained chroma = 1 - loss / grey_loss
    training_grey_loss: float = 1.0  # the same on random crops of training photos
    best_weights: dict[str, Tensor] = field(default_factory=dict, repr=False)
    stages: Stages = field(default_factory=list)  # how large its photos are shown, and when
    described: str = field(default="", repr=False)  # the network in words, for network.txt
    lock: FileLock | None = field(default=None, repr=False)
    called: nn.Module | None = field(default=None, repr=False)  # what fit was given: compiled, say

    def __post_init__(self) -> None:  # once, because the source may be edited while it trains
        self.samples = Samples(self.data.validation)
        self.forward = checkpoints.source_of(type(self.model).forward)
        self.identity = checkpoints.identity(self.model, self.config, self.data, self.label)

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
    def stopped(self) -> bool:
        """Was it stopped before its end?"""
        return self.state == "stopped"

    @property
    def kept(self) -> bool:
        """Is there a checkpoint from which it can go on?"""
        return self.folder is not None and (self.folder / "checkpoint.pt").exists()

    def story(self) -> dict:
        """Everything about the run in words and numbers, as run.json holds it."""
        data = self.data
        sizes = {"size": data.train.size, "shown": [list(stage) for stage in self.stages]}
        counts = {"train": len(data.train), "validation": len(data.validation)}
        versions = {"torch": torch.__version__, "python": platform.python_version()}
        return {
            "format": checkpoints.FORMAT,
            "network": type(self.model).__name__,
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "config": asdict(self.config),
            "seconds": round(self.seconds, 2),
            "rate": round(self.rate, 1),
            "best": self.best if self.history else None,
            "layers": checkpoints.layers(self.model),
            "data": {"fingerprint": data.fingerprint} | counts | sizes,
            "versions": versions | {"colourlib": __version__},
            "samples": [
                {"query": row["query"], "sha256": row["sha256"], "file": f"sample-{i}.png"}
                for i, row in enumerate(self.samples.rows, start=1)
            ],
            **asdict(self.placement),  # device, precision and the reason for it
            **{name: getattr(self, name) for name in TOLD},
        }

    def summary(self, fault: BaseException | None = None) -> str:
        """How the run stands, in a line or two."""
        text = "" if fault is None else f"{first_line(fault)} "
        text += f"{self.photos:,} photos in {self.seconds:.0f} s"
        if self.history:
            best = self.best
            known = ", ".join(f"{name} {percent(value)}" for name, value in self.levels.items())
            text += f"; best after epoch {best['epoch']}: {percent(best['explained_chroma'])} "
            text += f"of the chroma explained ({known})"
        if self.stopped:
            text += ". Stopped: the same call "
            text += "goes on from here, resume=False begins anew" if self.kept else "begins anew"
        return text + "."

    def save(self, folder: Path | None = None, pictures: Sequence[Sample] = ()) -> None:
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
                content = encoded(Image.fromarray(array), "PNG")
                files.write(folder / f"{kind}-{i}.png", content)
        files.write(folder / "run.json", json.dumps(self.story(), indent=1).encode())


def first_line(fault: BaseException) -> str:
    """What an error says, in one line, or its kind."""
    return (str(fault).strip().splitlines() or [type(fault).__name__])[0]


def remember(model: nn.Module, name: str, size: int) -> None:
    """That this network was trained in a run of that name, on photos of `size` pixels a side."""
    for network in (model, bare(model)):
        network.trained_in, network.trained_size = name, size


def number_of(path: Path) -> int:
    """The number of a run's folder; 0 for a folder without one."""
    head = path.name.split("-")[0]
    return int(head) if head.isdecimal() else 0


def all_runs(where) -> list[dict]:
    """The stories (run.json) of all runs in order, each with its "folder": a Path.

    where: a folder of runs, or what knows one as `.runs`: a Workspace, a PhotoData.
    """
    where = getattr(where, "runs", where)
    paths = [] if where is None else Path(where).glob("*/run.json")  # None: it keeps no runs
    paths = sorted(paths, key=lambda path: (number_of(path.parent), path))
    stories = [files.read_json(path) | {"folder": path.parent} for path in paths]
    return [story for story in stories if story.get("format") == checkpoints.FORMAT]


def load_run(
    folder: Path, model: nn.Module | None = None, partly: bool = False
) -> tuple[nn.Module, dict]:
    """(network with the run's best weights in eval mode, the run's story as in run.json).

    Without `model` the network is built by its name from colourlib.model, with the arguments that
    its weights tell. Raises CourseError where there is no run, where its weights do not fit (it
    names the layers that differ; `partly=True` carries over those that match), and, without
    `model`, where an edit left all weights as they were, but not what the network does with them.
    """
    folder = Path(folder)
    try:
        story = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        weights = safetensors.torch.load_file(folder / "weights.safetensors")
        then = {key: story[key] for key in ("network", "layers", "forward")}
        trained_in = story["name"], story["data"]["size"]
    except FileNotFoundError as error:
        raise CourseError(f"There is no trained run in {folder}: train one in 05_train.") from error
    except OSError as error:
        raise CourseError(f"The run in {folder} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
        raise CourseError(f"The run in {folder} is damaged ({error!r}): train it again.") from error
    if model is None:
        name = then["network"]
        model = matching.build(name, matching.arguments_of(name, weights), weights, folder)
        matching.check_edits(model, then, folder)
    here = bare(model).state_dict()
    same = {k: w for k, w in weights.items() if k in here and here[k].shape == w.shape}
    if partly:
        print(f"{len(same)} of {len(here)} weights carried over, the others are as they were.")
    else:
        mend = f"load_run(folder, model, partly=True) carries over the {len(same)} of {len(here)} "
        matching.check_fit(bare(model), weights, folder, mend + "that match.")
    bare(model).load_state_dict(same, strict=False)
    remember(model, *trained_in)
    return model.eval(), story
