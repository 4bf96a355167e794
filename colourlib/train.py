"""Train a network: mean squared error over batches of 20, Adam, L2 regularisation.

One plain loop, `train`, that reads like the lesson of 05_train. Around it, `fit` sees to it that
nothing is lost: Stop, a crash, or a full memory cost at most some seconds of training.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from . import device
from .common.memory import kept_memory
from .config import LOSSES, Config, Stages, configure, lr_at, stages
from .course.workspace import CourseError, Workspace
from .data import PhotoData, PhotoSet
from .model import ColourNet
from .runs import Run, all_runs, checkpoints, load_run, rescue
from .runs.resume import begin
from .runs.session import Session
from .runs.stop import Stop
from .teaching import board
from .teaching.clinic.copies import copy_of, undisturbed

COURSE_RUN = "colournet"  # the name of 05_train's own run, which 06_evaluate looks for


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


def train_step(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    optimiser: torch.optim.Optimizer,
    config: Config,
    placement: device.Placement,
) -> Tensor:
    """One step on one batch: x (B, 1, H, W) scaled L, y (B, 2, H, W) scaled ab. Gives the loss."""
    with placement.autocast():
        prediction = model(x)  # 1. guess: (B, 2, H, W)
    loss = LOSSES[config.loss](prediction.float(), y)  # 2. how wrong is it?
    optimiser.zero_grad()
    placement.backward(loss)  # 3. in which direction would each weight make it less wrong?
    optimiser.step()  # 4. a small step that way
    return loss.detach()


@torch.no_grad()
def average_(averaged: nn.Module, model: nn.Module, decay: float, step: int) -> None:
    """Move the averaged weights a little toward the present ones, in place.

    averaged = decay * averaged + (1 - decay) * present: the mean over about 1 / (1 - decay) steps,
    over fewer at first, when the weights have not settled. It evens out the zigzag of single
    batches (Polyak and Juditsky 1992).
    """
    decay = min(decay, (1 + step) / (10 + step))
    olds = [*averaged.parameters(), *averaged.buffers()]  # a weight that two layers share, once
    news = [*model.parameters(), *model.buffers()]
    floats = []
    for old, new in zip(olds, news, strict=True):
        if old.is_floating_point():
            floats.append((old, new))
        else:
            old.copy_(new)  # BatchNorm's counter
    torch._foreach_lerp_([old for old, _ in floats], [new for _, new in floats], 1 - decay)


def train(session: Session, look, stop: Stop, show: board.Board) -> None:
    """The loop: batch after batch, epoch after epoch, until the run is over or stopped."""
    config, placement = session.run.config, session.run.placement
    while not session.over and not stop.pressed:
        for x, y in session.batches():  # (B, 1, S, S) and (B, 2, S, S); S grows, see stages
            for group in session.optimiser.param_groups:
                group["lr"] = lr_at(session.progress, config)
            session.model.train()
            x, y = placement.batch(x), placement.batch(y)
            loss = train_step(session.model, x, y, session.optimiser, config, placement)
            if session.averaged is not None:
                average_(session.averaged, session.model, config.average, session.step)
            session.note(loss, len(x))
            show.tick(look)
            session.save_if_due()
            if session.over or stop.pressed:
                break
        if session.to_validate or session.over:
            session.validate()
            session.save_if_due()


def fit(
    model: nn.Module,
    data: PhotoData,
    config: Config | None = None,
    *,
    name: str | None = None,
    resume: bool = True,
    folder: Path | None = None,
    quiet: bool = False,
    **changes,
) -> Run:
    """Train `model` in place on data.train; the best weights of the run stay in it. Gives the run.

    `changes` are values of Config: fit(model, data, epochs=3, lr=1e-3). The run is kept in a folder
    of its own under data.runs, or under `folder`, called after `name` or the network's class.
    Stop finishes the step and keeps everything; the same call again goes on from there, also after
    a crash (`resume=False` begins anew). Raises CourseError for an unknown setting, a network that
    the clinic finds broken, a folder that cannot be written (all before any training), and for a
    loss that explodes or memory that runs out; the best weights so far are in the network then.
    """
    if config is not None and not isinstance(config, Config):
        raise CourseError(f"Give settings by name: fit(model, data, epochs={config!r}).")
    config = configure(config, **changes)
    if not isinstance(data, PhotoData):
        raise CourseError(
            f"fit trains on prepared photos, not on {type(data).__name__}: "
            "data = ws.prepared(), then fit(model, data)."
        )
    from .teaching.clinic import inspect  # takes a second to import; only who trains needs it

    report = inspect(model, data.train.size, config.batch_size, photos=0)
    report.raise_if_broken()
    plan, told = _stages(model, data, config)
    placement = device.place(config.precision)
    parent = Path(folder) if folder is not None else data.runs
    label = type(model).__name__ if name is None else str(name)
    run, checkpoint = begin(model, data, config, placement, parent, label, resume)
    run.stages = plan
    run.described = f"{model}\n\n{report}\n"
    if not quiet:
        print(announce(run, checkpoint) + told)
    try:
        show = board.choose(quiet)
        with Stop() as stop, kept_memory():
            _train_safely(run, checkpoint, report, stop, show)
    finally:
        run.note_trained()
        run.close()
    return run


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
            return [(0.0, size)], (
                f"\nAll photos are shown at {size} px: this network does not take them at {side} "
                f"({fault})."
            )
    sides = ", then ".join(str(side) for _, side in plan)
    return plan, f"\nPhotos are shown at {sides} px: a step on small ones takes less time."


def _fault_at(side: int, model: nn.Module, batch_size: int) -> str | None:
    """Why the network cannot be trained on photos of a side, tried on a copy; None where it can."""
    with undisturbed(), torch.no_grad():
        x = 2 * torch.rand(min(batch_size, 2), 1, side, side) - 1
        try:
            y = copy_of(model, "cpu").train()(x)
        except Exception as error:  # whatever a student's network raises
            return (str(error).splitlines() or [type(error).__name__])[0]
    due = (len(x), 2, side, side)
    return None if y.shape == due else f"its answer is {tuple(y.shape)}, where {due} is due"


def announce(run: Run, checkpoint: dict | None) -> str:
    """What is about to happen, and why so: a line or two."""
    placement, photos = run.placement, len(run.data.train)
    text = (
        f"Run {run.name} on {placement.device}, {placement.precision} ({placement.reason}); "
        f"{photos:,} training photos, {len(run.data.validation):,} to validate."
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


def _train_safely(run: Run, checkpoint: dict | None, report, stop: Stop, show) -> None:
    """Train; whatever happens, leave the best weights in the network and the run in its folder."""
    session = fault = None
    try:
        session = Session(run, checkpoint, adam)
        train(session, session.view, stop, show)
        run.state = "stopped" if stop.pressed and not session.over else "finished"
        session.settle()
    except KeyboardInterrupt:  # Stop was pressed twice: the step is not finished
        run.state = "stopped"
    except BaseException as error:
        fault = error
        run.state = "stopped" if rescue.out_of_memory(error) else "failed"
    stop.closing = True
    if rescue.out_of_memory(fault):
        rescue.release(fault, run.placement.device)
        config, size = run.config, run.data.train.size
        text = rescue.memory_advice(
            fault, report.memory, config.batch_size, size, run.placement.device
        )
        fault = CourseError(text)
    if session is not None:
        session.end(fault)
        show.close(session.view)
    session = None  # the notebook keeps the traceback, and that would keep the session
    if fault is not None:
        raise fault


def load_or_fit(ws: Workspace) -> tuple[nn.Module, dict]:
    """(network, story) of the last run of 05_train that fits, or of one made now; it says which.

    A run fits where it is called "colournet" and is of the course's network and the photos as both
    are now; one that was stopped will do.
    """
    data = ws.prepared()
    layers = checkpoints.layers(ColourNet())
    why = "05_train has not been run here yet"
    for story in reversed([s for s in all_runs(data) if s["label"] == COURSE_RUN and s["history"]]):
        if story["data"]["fingerprint"] != data.fingerprint:
            why = "The photos have changed since 05_train was run"
        elif story["layers"] != layers:
            why = "The network has been edited since 05_train was run"
        else:
            try:
                net, story = load_run(story["folder"])
            except CourseError as damage:
                print(damage)
                continue
            print(f"From 05_train: run {story['name']}, {story['state']}.")
            return net, story
    given, usual = ws.setting.alone, ws.setting.minutes
    print(f"{why}: training the network now, {given:g} minutes (05_train: {usual:g}).")
    torch.manual_seed(0)
    run = fit(ColourNet(), data, minutes=given, name=COURSE_RUN)
    return run.model, run.story()
