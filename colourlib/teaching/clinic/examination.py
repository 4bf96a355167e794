"""An examination: which passes are run, and which rules look at them, in what order."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from ...common.copies import copy_of
from ...common.inputs import SMALLEST
from ...common.memory import free_memory
from ...device import choose_device
from .costs import epoch_seconds, kept_bytes
from .crash import explain
from .report import Report, table
from .rules import findings as rules
from .rules import habits
from .rules.contract import contract
from .rules.orientation import exchanged, taken_apart, turned
from .rules.unused import lists, shared, twice, unused
from .sentences import Finding, say
from .sight import AXES, ENDS
from .watch.probe import probe
from .watch.tracing import Call, Trace, spell, trace

FAR, NARROW = 1024, 64  # sides of the pictures that show how far layers see: few reach an edge


def examine(report: Report, model: nn.Module, size: int, batch: int) -> None:
    """Fill in the report."""
    twin, meta = copy_of(model, "meta"), True

    def run(shape, mode: bool = True) -> Trace:
        twin.train(mode)
        return trace(twin, torch.zeros(shape, device="meta" if meta else "cpu"), meta=meta)

    add, found = report.findings.extend, report.findings
    main = run((batch, 1, size, size))
    if main.error is not None and "meta" in str(main.error).lower():  # it needs numbers
        meta, size, batch, twin = False, 32, 2, copy_of(model, "cpu")
        report.notes.append("forward looks at numbers, so all this is for two pictures of 32 x 32")
        main = run((batch, 1, size, size))
    held = lists(twin)
    sides = [(FAR, NARROW), (NARROW, FAR)] if meta else [(size, size)] * 2
    far = [run((ENDS, 1, *side), mode=False) for side in sides]
    if far[0].error is not None and main.error is None:
        far = [run((ENDS, 1, size, size), mode=False)] * 2
    report.rows = table(main, far, batch)
    report.parameters = sum(p.numel() for p in main.model.parameters())
    report.multiply_adds = sum(row.multiply_adds for row in report.rows)
    report.memory = sum(kept_bytes(main).values())
    if main.error is not None:
        report.notes.append("the pass stopped: the table shows what ran before the error")
        idle = list(unused(main, None))
        if not ("'tuple' object" in str(main.error) and any("comma" in f.what for f in idle)):
            add([explain(main)])
        add([*idle, *twice(model)])
        return
    add([*_parameters(model), *twice(model)])
    longer = (name for name, n in lists(twin).items() if n > held.get(name, n))
    add(say("grows", name, layer=spell(main, name)) for name in longer)
    broken = list(contract(main))
    add(broken)
    if not isinstance(main.output, Tensor):
        add(unused(main, None))
        return
    said = len(report.findings)
    fixed = not broken and _other_sizes(add, run, size)
    line = list(exchanged(main.model)) if len(report.findings) > said else []
    oblong = run((AXES, 1, 64, 96)) if line else main
    if line and (oblong.error or [*contract(oblong), *turned(oblong)]):
        report.findings[said:] = line
    if tuple(main.output.shape[2:]) == tuple(main.x.shape[2:]):
        add(habits.shrinks(main))
    add([*habits.middle(main), *habits.between(main), *habits.thin(main), *shared(main)])
    add([*habits.picture_added(main), *habits.wasteful(main), *habits.on_the_cpu(main)])
    if "rand" in {op.name for op in main.ops} and "mirrored" not in {f.clue[0] for f in found}:
        tries = (turned(run((AXES, 1, 64, 96))) for _ in range(4))  # mirrored by chance, perhaps
        add([f for turns in tries for f in turns if f.clue[0] == "mirrored"][:1])
    # Where it is unsafe, torch may crash, and take the notebook's kernel with it.
    unsafe = [*habits.unsafe(main), *habits.changes_picture(main)]
    stop = list(_too_large(main, report.memory, batch)) or unsafe
    add(stop)
    if stop or broken or line:
        add(unused(main, None))
    else:
        _with_numbers(report, model, main, size, batch, fixed)


def _parameters(model: nn.Module) -> Iterator[Finding]:
    frozen = [n for n, p in model.named_parameters() if not p.requires_grad]
    if all(not p.requires_grad for p in model.parameters()):
        yield say("all frozen" if frozen else "no parameters", "model")
    elif frozen:
        yield say("some frozen", frozen[0].rpartition(".")[0], n=len(frozen))


def _other_sizes(add: Callable, run: Callable, size: int) -> bool:
    """The contract for a batch of one, odd sizes, eval mode, small pictures; is the size fixed?"""
    odd = " for a picture of 101 x 67 (odd sizes have to work, too)"
    cases = [  # validation and the last batch of an epoch hold fewer pictures: fit would stop
        ((1, 1, size, size), False, "error", " for a batch of one picture"),
        ((3, 1, size, size), True, "error", " for a batch of 3 pictures"),
        ((1, 1, size, size), True, "warning", " for a batch of one picture in train mode"),
        ((AXES, 1, 101, 67), True, "warning", odd),
        ((1, 1, 35, 49), False, "warning", " for a picture of 35 x 49 in eval mode"),
        ((1, 1, SMALLEST, SMALLEST), True, "warning", f" for a picture of {SMALLEST} x {SMALLEST}"),
    ]
    said, failed, batches = set(), 0, False
    for shape, mode, severity, when in cases:
        if batches and shape[2] == size:
            continue  # the same mistake at another batch size
        found = run(shape, mode)
        stops = found.error is not None
        new = [explain(found, severity, when)] if stops else list(contract(found, severity, when))
        if not new and shape[0] == AXES:
            add([*taken_apart(found)] or [*turned(found)])
        failed += bool(new) and shape[2] != size
        batches |= bool(new) and shape[2] == size
        add(f for f in new if f.layer not in said)
        said |= {f.layer for f in new}
    return failed == 3


def _with_numbers(report: Report, model, main: Trace, size: int, batch: int, fixed: bool) -> None:
    found = probe(model, report.multiply_adds, size, fixed)
    idle, signs = list(unused(main, found)), list(rules.output_sign(main, found))
    report.findings += [*idle, *signs, *habits.no_norm(main, found and found.trace)]
    if found is None:
        report.notes.append("too large to be tried with real numbers: shapes alone were checked")
        return
    if found.trace.error is not None:
        new = explain(found.trace)
        if new.layer not in {f.layer for f in report.findings}:
            report.findings.append(new)
        return
    already = {f.layer for f in idle} | ({"output"} if signs else set())
    report.findings += rules.learning(found, already)
    if report.ok and report.photos and not any(habits.skips_pixels(op) for op in main.ops):
        report.epoch = epoch_seconds(model, size, batch, report.photos, report.multiply_adds)


def _too_large(main: Trace, kept: int, batch: int) -> Iterator[Finding]:
    weights = sum(p.numel() * p.element_size() for p in main.model.parameters())
    need = kept + 4 * weights  # theirs, their gradients, and Adam's two means
    free = free_memory(choose_device().name)
    if free is None or need < 0.8 * free:
        return
    most = max(main.steps, key=lambda s: torch.Size(s.shape).numel() if s.shape else 0)
    fits = int(batch * max(0.0, 0.7 * free - (need - kept)) / max(kept, 1))
    facts = {"mend": f"batch_size={fits}, " if fits else "", "need": need / 1e9, "free": free / 1e9}
    where = most.name if isinstance(most, Call) else most.where
    yield say("too large", where, shape=" x ".join(map(str, most.shape)), **facts)
