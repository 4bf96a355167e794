"""Train a network so that nothing is lost: Stop, a crash or a full memory cost seconds.

`train.train` is the loop. Here it gets a folder, a way to stop and, from whoever calls, a board to
draw on and somebody who examines the network first (`teaching.fit`, which notebooks import).
"""

import math
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import torch
from torch import nn

from ..common import processes
from ..common.copies import bare, copy_of, undisturbed
from ..common.errors import CourseError
from ..common.stop import Stop, Stopped
from ..common.words import did_you_mean
from ..data import PhotoData, PhotoSet
from ..train import LOSSES, Config, Stages, stages, train
from . import Run, first_line, remember, rescue
from .resume import begin
from .session import Session
from .speed import kept_memory, place
from .view import Silent

CHOICES = {
    "loss": LOSSES,
    "schedule": ("cosine", "constant"),
    "precision": ("auto", "fp32", "bf16"),
}
UNCOMPILED = "train the network as it is, without it, or install a C++ compiler"
LENGTHS = ("epochs", "steps", "minutes")  # how long a run is: by one of them
ABOVE_ZERO = ("lr", "batch_size", *LENGTHS)
FROM_ZERO = ("weight_decay", "small_first", "average", "seed")
RULES = (  # settings, what each of them has to be, and whether a value is that
    (("batch_size", "steps", "seed"), "has to be a whole number", lambda x: isinstance(x, int)),
    (ABOVE_ZERO + FROM_ZERO, "has to be a number", lambda x: isinstance(x, (int, float))),
    (ABOVE_ZERO, "has to be greater than 0", lambda x: 0 < x < math.inf),
    (FROM_ZERO, "has to be 0 or more", lambda x: 0 <= x < math.inf),
    (("average",), "has to be below 1, such as 0.99", lambda x: x < 1),
    (("small_first",), "is a share, 1 at most", lambda x: x <= 1),
)


def fit(
    model: nn.Module, data: PhotoData, config: Config | None = None, *, name: str | None = None,
    resume: bool = True, folder: Path | None = None, quiet: bool = False,
    per_process: bool = False, examine: Callable | None = None,
    board: Callable[[bool], Silent] = lambda quiet: Silent(), **changes,
) -> Run:  # fmt: skip
    """Train `model` in place on data.train; the best weights of the run stay in it. Gives the run.

    `changes` are values of Config: fit(model, data, steps=1200). The run is kept in a folder of its
    own under data.runs, or under `folder`, called after `name` or the network's class.
    Stop finishes the step, keeps everything and raises Stopped, an interrupt whose `run` it is; the
    same call again goes on from there, also after a crash (`resume=False` begins anew).
    Started by torchrun or `accelerate launch`, all processes train this one network: they share
    each batch, or have batch_size photos each (per_process=True); the main one writes and tells.
    examine(model, size, batch_size) gives a report that is kept with the run, or raises;
    board(quiet) gives what `View`s are drawn on. Raises CourseError for an unknown setting, a
    network that is broken, a folder that cannot be written (all before any training), and for a
    loss that explodes or memory that runs out; the best weights so far are in the network then.
    """
    if config is not None and not isinstance(config, Config):
        raise CourseError(f"Give settings by name: fit(model, data, steps={config!r}).")
    config = configure(config, **changes)
    if not isinstance(data, PhotoData):
        raise CourseError(
            f"fit trains on prepared photos, not on {type(data).__name__}: "
            "data = ws.prepared(), then fit(model, data)."
        )
    placement = place(config.precision)
    report = examine(model, data.train.size, config.batch_size) if examine else None
    if per_process:
        config = replace(config, batch_size=config.batch_size * placement.processes)
    plan, told = _stages(model, data, config)
    label = type(bare(model)).__name__ if name is None else str(name)
    run = Run(bare(model), config, placement, data, label, label, stages=plan)
    run.called, run.described = model, f"{bare(model)}\n" + (f"\n{report}\n" if report else "")
    checkpoint = begin(run, data.runs if folder is None else Path(folder), resume)
    quiet = quiet or processes.rank() > 0
    if not quiet:
        print(_announcement(run, checkpoint) + told)
    try:
        drawn = board(quiet)
        with Stop() as stop, kept_memory():
            ending = _train_safely(run, checkpoint, report, stop, drawn, quiet)
    finally:
        if run.best_weights:  # else the first weights are in it again: it has not been trained
            remember(model, run.name, data.train.size)
        if run.lock is not None:
            run.lock.release()
    if ending:  # the cell ends, and Run All: else the next cells would take the run for trained
        raise Stopped(ending, run)
    return run


def configure(base: Config | None = None, **changes) -> Config:
    """A Config with some values changed.

    Raises CourseError for an unknown name, a bad value, or two of epochs, steps and minutes.
    """
    known = [f.name for f in fields(Config)]
    for name in changes:
        if name not in known:
            hint = did_you_mean(name, known)
            raise CourseError(f"fit knows no setting {name!r}.{hint} It knows {', '.join(known)}.")
    lengths = [name for name in LENGTHS if changes.get(name) is not None]
    if len(lengths) > 1:
        told = " and ".join(f"{name}={changes[name]!r}" for name in lengths)
        raise CourseError(f"Give {told} one at a time: each says how long the training takes.")
    if lengths:  # what is asked for last decides
        changes = {"steps": None, "minutes": None} | changes
    config = replace(base or Config(), **changes)
    for name, value in vars(config).items():
        if name in CHOICES and value not in tuple(CHOICES[name]):
            choices = ", ".join(map(repr, CHOICES[name]))
            raise CourseError(f"{name} is one of {choices}, not {value!r}.")
        for names, due, fine in () if value is None and name in LENGTHS[1:] else RULES:
            if name in names and (isinstance(value, bool) or not fine(value)):
                raise CourseError(f"{name} {due}; it is {value!r}.")
    return config


def _stages(model: nn.Module, data: PhotoData, config: Config) -> tuple[Stages, str]:
    """How large the photos are going to be shown, and a line on it: small ones where it takes them.

    Some networks take one size only, or multiples of 32; those see all photos at full size.
    """
    size = data.train.size
    plan = stages(config, size)
    if not isinstance(data.train, PhotoSet) or len(plan) == 1:  # a mixture has sizes of its own
        return [(0.0, size)], ""
    for _, side in plan[:-1]:
        if fault := _fault_at(side, model, config.batch_size):
            told = f"\nAll photos are shown at {size} px: this network does not take them at"
            return [(0.0, size)], f"{told} {side} ({fault})."
    sides = ", then ".join(str(side) for _, side in plan)
    return plan, f"\nPhotos are shown at {sides} px: a step on small ones takes less time."


def _fault_at(side: int, model: nn.Module, batch_size: int) -> str | None:
    """Why the network cannot be trained on photos of a side, tried on a copy; None where it can."""
    with undisturbed(), torch.no_grad():
        x = 2 * torch.rand(min(batch_size, 2), 1, side, side) - 1
        try:
            y = copy_of(model, "cpu").train()(x)
        except Exception as error:  # whatever a student's network raises
            return first_line(error)
    due = (len(x), 2, side, side)
    return None if y.shape == due else f"its answer is {tuple(y.shape)}, where {due} is due"


def _announcement(run: Run, checkpoint: dict | None) -> str:
    """What is about to happen, and why: a line or two."""
    placement, photos = run.placement, len(run.data.train)
    text = (
        f"Run {run.name} on {placement.device}, {placement.precision} ({placement.reason}); "
        f"{photos:,} training photos, {len(run.data.validation):,} to validate."
    )
    if placement.processes > 1:
        text += (
            f"\n{placement.processes} processes share each batch of {run.config.batch_size}; "
            "BatchNorm takes its statistics from the photos of a process alone."
        )
    if checkpoint is not None:
        epoch, batch, *_ = checkpoint["place"]
        done = f"{epoch} epoch{'s' * (epoch != 1)} and {batch} batch{'es' * (batch != 1)}"
        text += f"\nIt goes on after {done}; resume=False begins anew."
    elif run.started_from is not None:
        text += (
            f"\nThis network was trained before, in run {run.started_from}, and goes on from those "
            f"weights. For a fresh start make it anew: net = {type(run.model).__name__}(...)."
        )
    return text


def _train_safely(
    run: Run, checkpoint: dict | None, report, stop: Stop, board: Silent, quiet: bool
) -> str:
    """Train; whatever happens, leave the best weights in the network and the run in its folder.

    Gives the sentence for Stopped where the run was stopped, else "".
    """
    session = fault = None
    whole = True  # was the last step finished?
    try:
        session = Session(run, checkpoint, stop, board, quiet)
        train(session.training, session)
        run.state = "stopped" if session.stopped and not session.training.over else "finished"
        session.settle()
    except KeyboardInterrupt:  # Stop was pressed twice
        run.state, whole = "stopped", False
    except BaseException as error:
        fault = CourseError(processes.LOST.format(processes.count()))
        fault = fault if processes.lost(error) else error
        resumable = fault is not error or rescue.out_of_memory(error)
        run.state = "stopped" if resumable else "failed"
    stop.closing = True
    if rescue.out_of_memory(fault):
        rescue.release(fault, run.placement.device)
        batch, size = run.config.batch_size, run.data.train.size
        need = report.memory if report else 0
        advice = rescue.memory_advice(fault, need, batch, size, run.placement.device)
        fault = CourseError(advice)
    if type(fault).__module__.startswith(("torch._dynamo", "torch._inductor")):
        fault = CourseError(f"torch.compile fails here ({first_line(fault)}): {UNCOMPILED}.")
    if session is not None:
        session.end(fault)
        board.close(session.view)
    ending = _ending(run, session, whole) if run.stopped else ""
    session = None  # the notebook keeps the traceback, and that would keep the session
    if fault is not None:
        raise fault
    return ending


def _ending(run: Run, session: Session | None, whole: bool) -> str:
    """Where the run was stopped, and how it goes on."""
    text = "Stopped before the first step"
    if session is not None and session.training.step:
        text = f"Stopped after step {session.place}"
        whole = whole and not session.warned
    if not run.kept:
        return f"{text}. Run this again and it begins anew."
    text += "; everything is saved" if whole else ""
    place = "" if whole else " from where it was saved last"
    return f"{text}. Run this again and it goes on{place}; resume=False begins anew."
