"""Begin a run: one that goes on where it was stopped or killed, or a new one in its own folder."""

import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from .. import evaluate
from ..common import files, processes
from ..common.errors import CourseError
from . import Run, all_runs, checkpoints, number_of

GOES_ON = ("training", "stopped")  # "training" without a lock on the folder: it was killed
CROPS = 20  # batches, the first that a run sees, whose grey copies are judged
TOLD = ("name", "placement", "started", "started_from", "levels", "grey_loss", "training_grey_loss")
KEPT = ("started", "started_from", "levels", "grey_loss", "training_grey_loss")  # from run.json


def begin(run: Run, parent: Path | None, resume: bool) -> dict | None:
    """Give the run a folder: that of one that goes on, with its checkpoint, or a new one with None.

    Of several processes the main one does, and tells the others; they have no folder.
    Raises CourseError where the folder cannot be written, and where processes do not agree on
    photos, code or settings: before any time is spent.
    """
    facts = checkpoints.facts(run.model, run.config, run.data, run.label)
    processes.agree(facts | {"colourlib": processes.code(), "torch": torch.__version__})

    def alone():
        return _begin(run, parent, resume), {name: getattr(run, name) for name in TOLD}

    checkpoint, told = processes.from_main(alone)
    for name, value in told.items():
        setattr(run, name, value)
    return checkpoint


def _begin(run: Run, parent: Path | None, resume: bool) -> dict | None:
    data, placement = run.data, run.placement
    if parent is not None and resume and (found := _to_go_on(parent, run.identity)):
        run.folder, run.lock, story, checkpoint = found
        run.name = run.folder.name
        for name in KEPT:
            setattr(run, name, story[name])
        if placement.device == story["device"]:  # a new measurement might choose another format
            then = {name: story[name] for name in ("precision", "reason")}
            run.placement = replace(placement, **then)
        return checkpoint
    run.started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    run.started_from = getattr(run.model, "trained_in", None)
    run.grey_loss, _ = evaluate.validate(evaluate.grey, data.validation)
    first = islice(data.loader(run.config.batch_size, run.config.seed), CROPS)
    losses = [y.square().mean().item() for _, y in first]
    run.training_grey_loss = max(sum(losses) / len(losses), 1e-9)
    run.levels = evaluate.levels(data)
    if parent is not None:
        try:
            run.folder = _new_folder(Path(parent), run.label)
            run.name, run.lock = run.folder.name, FileLock(run.folder / ".lock")
            run.lock.acquire(timeout=0)
            run.save()
        except OSError as error:
            raise CourseError(
                f"A run is kept in {parent}, and that folder cannot be written: {error.strerror}. "
                "Name another one, fit(..., folder='/path'), or make room there."
            ) from error
    return None


def _new_folder(parent: Path, label: str) -> Path:
    """parent/004-label: the next number, one at a time where two notebooks begin at once."""
    parent.mkdir(parents=True, exist_ok=True)
    tidy = "".join(c if c.isalnum() or c in "-_." else "-" for c in label).strip(".") or "run"
    with FileLock(parent / ".lock"):
        number = 1 + max((number_of(path) for path in parent.iterdir()), default=0)
        folder = parent / f"{number:03d}-{tidy}"
        folder.mkdir()
    return folder


def _to_go_on(parent: Path, identity: str) -> tuple[Path, FileLock, dict, dict] | None:
    """The last run of this identity that was stopped or killed, unless somebody trains it now."""
    for story in reversed(all_runs(parent)):
        if story.get("identity") != identity or story["state"] not in GOES_ON:
            continue
        folder, lock = story["folder"], FileLock(story["folder"] / ".lock")
        try:
            lock.acquire(timeout=0)
            files.tidy(folder)
            return folder, lock, story, checkpoints.load_checkpoint(folder / "checkpoint.pt")
        except (Timeout, FileNotFoundError):  # or it ended before the first one was written
            pass
        except (CourseError, OSError) as error:
            print(f"{error}\nIt cannot go on; a new run is begun.")
        lock.release()
    return None
