"""The model clinic: `inspect(model)` says what every layer does, what it costs, and what is wrong.

One call, under two seconds, without training. The network is never changed: copies are looked at,
on torch's meta device (`tracing`), and once with real numbers on two tiny pictures (`probe`). What
is wrong becomes a Finding with its layer, the arithmetic and the mend; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from ..device import choose_device
from ..memory import free_memory
from ..model import SMALLEST
from ..workspace import CourseError
from . import findings as rules
from . import habits
from .contract import answer, contract
from .copies import copy_of, undisturbed
from .costs import epoch_seconds, kept_bytes, multiply_adds, training_bytes
from .crashes import explain
from .footprints import fields
from .probe import probe
from .report import Report, Row, kind
from .tracing import Call, Op, Trace, trace
from .unused import unused
from .wording import SEVERITIES, Finding

__all__ = ["Finding", "Report", "Row", "inspect"]

FAR = 1024  # side of the picture on which receptive fields are found, so that few reach its edge


# --- the examination


def inspect(model: nn.Module, size: int = 128, batch: int = 20, photos: int = 1000) -> Report:
    """What every layer of `model` does and costs, and what is wrong with it; see Report.

    size: side of the pictures, pixels; batch: pictures in a training step; photos: how many
    training photos the expected time of an epoch is told for; 0: do not measure it. Never changes
    the model, never raises because of it. Raises CourseError for a size under 16, a batch under 1.
    """
    for name, value, least in (
        ("size", size, SMALLEST),
        ("batch", batch, 1),
        ("photos", photos, 0),
    ):
        if not isinstance(value, int) or value < least:
            raise CourseError(f"{name} has to be a whole number from {least} up, not {value!r}.")
    if not isinstance(model, nn.Module):
        return Report("no network", findings=[_not_a_network(model)])
    model = getattr(model, "_orig_mod", model)  # what torch.compile wraps
    report = Report(f"{type(model).__name__}, batch of {batch} at {size} x {size}", photos=photos)
    try:
        if found := _unready(model):
            report.findings.append(found)
            return report
        with undisturbed():
            _examine(report, model, size, batch)
    except RecursionError:
        raise
    except Exception as error:  # a network that not even a copy can be made of, say
        report.findings.append(
            Finding(
                "warning", "(clinic)",
                f"cannot look into this network: {type(error).__name__}: {error}",
                "keep open files, locks and threads out of the network's attributes",
            )
        )  # fmt: skip
    report.findings.sort(key=lambda f: SEVERITIES.index(f.severity))
    return report


def _not_a_network(thing) -> Finding:
    what, fix = f"is a {type(thing).__name__}, not a network", "inspect(ColourNet())"
    if isinstance(thing, type) and issubclass(thing, nn.Module):
        what = f"{thing.__name__} is the class, the plan of a network, not a network"
        fix = f"inspect({thing.__name__}()): the brackets make one"
    elif isinstance(thing, type):
        what = f"{thing.__name__} is a class that does not come from nn.Module"
        fix = f"class {thing.__name__}(nn.Module): and then inspect({thing.__name__}())"
    elif thing is None:
        what, fix = "is None: nothing was made", "net = ColourNet(), then inspect(net)"
    elif isinstance(thing, (list, tuple)):
        what, fix = f"is a {type(thing).__name__} of {len(thing)} things", "nn.Sequential(*layers)"
    elif isinstance(thing, Tensor):
        what = "is a tensor, perhaps what the network answered"
        fix = "inspect(net), without (x)"
    elif callable(thing) and hasattr(thing, "__name__"):
        what = f"{thing.__name__} is a function"
        fix = f"inspect({thing.__name__}(...)), if it makes a network; else a class with forward"
    return Finding("error", "model", what, fix)


def _unready(model: nn.Module) -> Finding | None:
    parameters = list(model.parameters())
    if any(isinstance(p, UninitializedParameter) for p in parameters):
        return Finding(
            "error", "model", "has lazy layers, which get their shape from the first picture",
            "model(torch.zeros(2, 1, 128, 128)) once, before anything else",
        )  # fmt: skip
    return None


def _needs_values(found: Trace) -> bool:
    """Did the pass fail only because the meta device has no numbers?"""
    return found.error is not None and "meta" in str(found.error).lower()


def _examine(report: Report, model: nn.Module, size: int, batch: int) -> None:
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
    report.rows = _rows(main, far, batch)
    report.parameters = sum(p.numel() for p in main.model.parameters())
    report.multiply_adds = sum(row.multiply_adds for row in report.rows)
    report.memory = sum(size for size, _ in main.saved.values())
    if main.error is not None:
        report.notes.append("the pass stopped: the table shows what ran before the error")
        idle = list(unused(main, None))
        if not ("'tuple' object" in str(main.error) and any("comma" in f.what for f in idle)):
            add([explain(main)])
        add(idle)
        return
    add(_parameters(model))
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
    said, failed, batches = set(), 0, False
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
        failed += bool(new) and shape[2] != size
        batches |= bool(new) and shape[2] == size
        for finding in new:
            if finding.layer not in said:
                add([finding])
            said.add(finding.layer)
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


# --- the table


def _rows(main: Trace, far: Trace | None, batch: int) -> list[Row]:
    """A row for each layer, and for the bare functions that matter."""
    sees = _sees(main, far)
    kept, counted, rows = kept_bytes(main), set(), []
    for step in main.steps:
        ops = step.ops if isinstance(step, Call) else [step]
        own = [p for op in ops for p in op.tensors if isinstance(p, nn.Parameter)]
        if isinstance(step, Call):
            own += list(step.module.parameters())
        new = {id(p): p.numel() for p in own if id(p) not in counted}
        adds = sum(multiply_adds(op, batch) for op in ops)
        if isinstance(step, Op) and not (new or adds or _matters(step)):
            continue
        counted |= set(new)
        rows.append(
            Row(
                step.name if isinstance(step, Call) else "",
                kind(step),
                step.shape,
                sees.get(id(step), "?"),
                sum(new.values()),
                adds,
                sum(kept.get(op.index, 0) for op in ops),
            )
        )
    return rows


def _matters(op: Op) -> bool:
    """Is a bare function worth a row: does it change the size or join several maps?"""
    if not op.shape or not op.shapes or all(i is None for i in op.inputs):
        return False
    return op.shape != op.shapes[0] or sum(i is not None for i in op.inputs) > 1


def _sees(main: Trace, far: Trace | None) -> dict[int, tuple[int, int] | str]:
    if far is None:
        return {}
    known, sides = fields(far), far.x.shape[-2:]
    found: dict[int, tuple[int, int] | str] = {}
    for step, twin in zip(main.steps, far.steps, strict=False):
        op = twin if isinstance(twin, Op) else (twin.ops[-1] if twin.ops else None)
        if op is None:  # Identity, say: as what it was given
            op = far.op_of(twin.output) if isinstance(twin.output, Tensor) else None
        seen = known[op.index] if op is not None else None
        if seen is None or step.name != twin.name:
            continue
        side = seen.side()
        if seen.everything or (side and all(s >= n for s, n in zip(side, sides, strict=True))):
            found[id(step)] = "all"
        elif side is not None:
            found[id(step)] = side
    return found


# torch's meta device imports a large part of torch at its first use: a second, here and once,
# rather than in the first inspect.
with undisturbed():
    _first = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.ReLU(), nn.Softmax(1))
    trace(copy_of(_first, "meta"), torch.empty(2, 1, 4, 4, device="meta"))
