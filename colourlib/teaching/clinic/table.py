"""The clinic's table: a row for each layer, made of what two passes showed."""

from __future__ import annotations

from torch import Tensor, nn

from .costs import kept_bytes, multiply_adds
from .report import Row, kind
from .sight.footprints import fields
from .watch.tracing import Call, Op, Trace


def table(main: Trace, far: Trace | None, batch: int) -> list[Row]:
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
