"""An examination: which passes are run, and which rules look at them, in what order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import nn

from ...common.copies import copy_of
from ...common.inputs import SMALLEST
from ...common.memory import free_memory
from ...device import choose_device
from .costs import epoch_seconds, training_bytes
from .crash import explain
from .report import Report
from .rules import findings as rules
from .rules import habits
from .rules.contract import answer, contract
from .rules.orientation import turned
from .rules.unused import twice, unused
from .table import table
from .watch.probe import probe
from .watch.tracing import Call, Trace, trace
from .wording import Finding

FAR = 1024  # side of the picture on which receptive fields are found, so that few reach its edge


def _needs_values(found: Trace) -> bool:
    """Did the pass fail only because the meta device has no numbers?"""
    return found.error is not None and "meta" in str(found.error).lower()


def examine(report: Report, model: nn.Module, size: int, batch: int) -> None:
    real = False

    twin = copy_of(model, "meta")

    def run(shape, mode: bool = True) -> Trace:
        twin.train(mode)
        x = torch.zeros(shape) if real else torch.empty(shape, device="meta")
        return trace(twin, x, meta=not real)

    main = run((batch, 1, size, size))
    if _needs_values(main):
        real, size, batch, twin = True, 32, 2, copy_of(model, "cpu")
        report.notes.append("forward looks at numbers, so all this is for two pictures of 32 x 32")
        main = run((batch, 1, size, size))
    add = report.findings.extend
    far = run((1, 1, size, size) if real else (1, 1, FAR, FAR), mode=False)
    if far.error is not None and main.error is None:
        far = run((1, 1, size, size), mode=False)
    report.rows = table(main, far, batch)
    report.parameters = sum(p.numel() for p in main.model.parameters())
    report.multiply_adds = sum(row.multiply_adds for row in report.rows)
    report.memory = sum(size for size, _ in main.saved.values())
    if main.error is not None:
        report.notes.append("the pass stopped: the table shows what ran before the error")
        idle = list(unused(main, None))
        if not ("'tuple' object" in str(main.error) and any("comma" in f.what for f in idle)):
            add([explain(main)])
        add(idle)
        add(twice(model))
        return
    add(_parameters(model))
    add(twice(model))
    if found := answer(main):
        add([found])
        add(unused(main, None))
        return
    broken = list(contract(main))
    add(broken)
    fixed = False
    if not broken:
        fixed = _other_sizes(add, run, size)
    add(_shape_rules(main))
    add(habits.drops_in_eval(far))
    too_large = _too_large(main, report.memory, batch)
    add(too_large)
    if not too_large:
        _with_numbers(report, model, main, broken, size, batch, fixed)
    else:
        add(unused(main, None))


def _parameters(model: nn.Module) -> Iterator[Finding]:
    parameters = list(model.parameters())
    if not parameters:
        yield Finding(
            "error", "model", "has no parameters: there is nothing to train",
            "self.layer = nn.Conv2d(...) in __init__",
        )  # fmt: skip
        return
    frozen = [n for n, p in model.named_parameters() if not p.requires_grad]
    if len(frozen) == len(parameters):
        yield Finding(
            "error", "model", "all parameters are frozen: requires_grad is False",
            "model.requires_grad_(True)",
        )  # fmt: skip
    elif frozen:
        yield Finding(
            "note", frozen[0].rpartition(".")[0],
            f"{len(frozen)} parameters are frozen and stay as they are", "requires_grad_(True)",
        )  # fmt: skip


def _shape_rules(main: Trace) -> Iterator[Finding]:
    if tuple(main.output.shape[2:]) == tuple(main.x.shape[2:]):
        yield from habits.shrinks(main)
    yield from habits.middle(main)
    yield from habits.between(main)


def _other_sizes(add: Callable, run: Callable, size: int) -> bool:
    """The contract for a batch of one, odd sizes, eval mode, small pictures; is the size fixed?"""
    odd = " for a picture of 101 x 67 (odd sizes have to work, too)"
    small = f" for a picture of {SMALLEST} x {SMALLEST}"
    cases = [  # validation and the last batch of an epoch hold fewer pictures: fit would stop
        ((1, 1, size, size), False, "error", " for a batch of one picture"),
        ((3, 1, size, size), True, "error", " for a batch of 3 pictures"),
        ((1, 1, size, size), True, "warning", " for a batch of one picture in train mode"),
        ((2, 1, 101, 67), True, "warning", odd),
        ((1, 1, 35, 49), False, "warning", " for a picture of 35 x 49 in eval mode"),
        ((1, 1, SMALLEST, SMALLEST), True, "warning", small),
    ]
    said, failed, batches, oblong = set(), 0, False, None
    for shape, mode, severity, when in cases:
        if batches and shape[2] == size:
            continue  # the same mistake at another batch size
        found = run(shape, mode)
        if found.error is not None:
            new = [explain(found, severity, when)]
        elif answer(found):
            new = [answer(found)]
        else:
            new = list(contract(found, severity, when))
            oblong = oblong or (found if shape[2] != shape[3] and not new else None)
        failed += bool(new) and shape[2] != size
        batches |= bool(new) and shape[2] == size
        for finding in new:
            if finding.layer not in said:
                add([finding])
            said.add(finding.layer)
    if oblong is not None:
        add(turned(oblong))
    return failed == 3


def _with_numbers(report, model, main, broken, size, batch, fixed) -> None:
    add = report.findings.extend
    unsafe = list(habits.unsafe(main))
    add(unsafe)
    if unsafe:  # torch may crash, and take the notebook's kernel with it
        add(unused(main, None))
        return
    found = probe(model, report.multiply_adds, size, fixed) if not broken else None
    idle = list(unused(main, found))
    add(idle)
    signs = [] if broken else list(rules.output_sign(main, found))
    add(signs)
    if found is None:
        if not broken:
            report.notes.append(
                "too large to be tried with real numbers: shapes alone were checked"
            )
        return
    if found.trace.error is not None:
        new = explain(found.trace)
        if new.layer not in {f.layer for f in report.findings}:
            add([new])
        return
    already = {f.layer for f in idle} | ({"output"} if signs else set())
    add(rules.learning(main, found, already))
    if report.ok and report.photos and not any(habits.skips_pixels(op) for op in main.ops):
        adds, device = report.multiply_adds, choose_device().name
        report.epoch = epoch_seconds(model, size, batch, report.photos, device, adds)


def _too_large(main: Trace, kept: int, batch: int) -> list[Finding]:
    need, free = training_bytes(main), free_memory(choose_device().name)
    if free is None or need < 0.8 * free:
        return []
    most = max(main.steps, key=lambda s: 0 if not s.shape else torch.Size(s.shape).numel())
    fits = int(batch * max(0.0, 0.7 * free - (need - kept)) / max(kept, 1))
    mend = f"batch_size={fits}, " if fits else ""
    where = most.name if isinstance(most, Call) else most.where
    return [
        Finding(
            "error", where,
            f"training takes about {need / 1e9:.1f} GB, {free / 1e9:.1f} GB are free here; the "
            f"largest map is {' x '.join(map(str, most.shape))}",
            f"{mend}half the width, or pooling before it: half the side is a quarter of the memory",
        )
    ]  # fmt: skip
