"""A pass that failed, explained: which layer or line, what met what, and the code that mends it."""

from __future__ import annotations

import re
from collections.abc import Callable

from torch import nn

from ....common.copies import tensors_in
from ..watch.tracing import Call, Op, Trace
from ..wording import Finding, shrinking, spell
from .clashes import FUNCTIONS
from .complaints import ERRORS, is_layer, recursion
from .meetings import SUMS, broadcasts, clash

# Of our own rules, where the arguments are not what that function takes: torch's words must do.
SLIPS = (IndexError, TypeError, AttributeError, KeyError, ValueError, StopIteration)


def explain(trace: Trace, severity: str = "error", when: str = "") -> Finding:
    """The finding for a trace that ended in an error. `when`: ' at 101 x 67', say."""
    op, error = trace.pending, trace.error
    layer, what, fix = "", "", ""
    module = next((m for m, n, _ in reversed(trace.open) if n), None)
    name = next((n for _, n, _ in reversed(trace.open) if n), "")
    try:
        if op is not None and any(
            isinstance(a, nn.Module) for a in (*op.args, *op.kwargs.values())
        ):
            what, fix = _layer_for_tensor(op)
        elif wrong := _wrong_dimensions(trace):
            what, fix = wrong
        elif op is not None and op.name in FUNCTIONS:
            what, fix = FUNCTIONS[op.name](trace, op)
    except SLIPS:
        what = ""
    if not what:
        for kind, rule in ERRORS:
            if isinstance(error, kind) and (found := _tried(rule, trace, str(error), module)):
                what, fix = found
                break
    if not what:
        first = str(error).strip().split("\n")[0]
        what = f"stops with {type(error).__name__}: {first}"
    if op is not None and op.call is not None:
        layer = op.call.name
    elif module is not None and not any(True for _ in module.children()):
        layer = name
    if not layer:
        line = trace.line or (op.line if op is not None else None)
        layer = str(line) if line else name or "forward"
    if sum(m is trace.model for m, _, _ in trace.open) > 1:
        layer, (what, fix) = str(trace.line), recursion(trace, "", None)
    if again := _tried(_fits_one_place, trace, op):
        what, fix = f"{what}; {again[0]}", again[1]
    if flat := _tried(_flattened_batch, trace, op):
        layer, what, fix = flat
    guilty = _tried(_guilty, trace, op) if op is not None else None
    if guilty is not None:
        layer = guilty.where
        why, fix = shrinking(trace, guilty)
        what = f"{why}; so at {op.where.split(chr(58))[0]} {what}"
    return Finding(severity, layer, f"{what}{when}", fix)


def _tried(rule: Callable, *given):
    """What a rule says; None where it cannot cope."""
    try:
        return rule(*given)
    except SLIPS:
        return None


def _layer_for_tensor(op: Op) -> tuple[str, str]:
    module = next(a for a in (*op.args, *op.kwargs.values()) if isinstance(a, nn.Module))
    return is_layer(type(module).__name__)


def _wrong_dimensions(trace: Trace) -> tuple[str, str] | None:
    """nn.Conv1d, BatchNorm1d, MaxPool3d ... where a map comes in."""
    if not trace.open:
        return None
    module, name, given = trace.open[-1]
    kind, x = type(module).__name__, next(tensors_in(given), None)
    if x is None or x.ndim != 4 or kind[-2:] not in ("1d", "3d") or not hasattr(nn, kind):
        return None
    # As torch prints it, with one number for all sides: Conv1d(8, 16, kernel_size=(3,), ...)
    flat = f"{kind[:-2]}2d"
    code = re.sub(r"\((\d+)(?:, \1)*,?\)", r"\1", repr(module).replace(kind, flat))
    code = re.sub(r", (stride=1|padding=0|dilation=1|ceil_mode=False)(?=[,)])", "", code)
    code = f"{flat}({x.shape[1]})" if "Norm" in kind else code
    comes = "lists (N, C, L)" if kind.endswith("1d") else "volumes (N, C, D, H, W)"
    return (
        f"is a {kind}, which is for {comes}; here comes a map (N, C, H, W): {tuple(x.shape)}",
        f"{spell(trace, name)} = nn.{code}",
    )


def _fits_one_place(trace: Trace, op: Op | None) -> tuple[str, str] | None:
    """A layer that is used in several places, and was made for one of them."""
    if op is None or op.call is None or not any(True for _ in op.call.module.parameters()):
        return None
    module = op.call.module
    uses = [s for s in trace.steps if isinstance(s, Call) and s.module is module and s.shape]
    if not uses or not uses[0].shapes or uses[0].shapes[0][1:2] == op.shapes[0][1:2]:
        return None
    every = trace.model.named_modules(remove_duplicate=False)
    names = [name for name, other in every if other is module]
    also = f" ({' and '.join(names)} are one)" if len(names) > 1 else ""
    return (
        f"the same layer{also} is used before, on {uses[0].shapes[0][1]} channels: it has one set "
        f"of weights, for one number of channels",
        f"a layer of its own for each place: {spell(trace, names[-1])} = "
        f"nn.{type(module).__name__}(...), made anew",
    )


def _flattened_batch(trace: Trace, op: Op | None) -> tuple[str, str, str] | None:
    """nn.Flatten(0): the numbers of all pictures in one row."""
    x = op.first() if op is not None and op.tensors else None
    source = trace.op_of(x) if x is not None and x.ndim == 1 else None
    if source is None or source.name not in ("flatten", "ravel", "view", "reshape"):
        return None
    before = source.shapes[0]
    if len(before) < 2 or before[0] != trace.x.shape[0]:
        return None
    return (
        source.where,
        f"puts the numbers of all {before[0]} pictures in one row: {before} -> {source.shape}",
        "nn.Flatten(), or x.flatten(1): dimension 0 is the batch and stays",
    )


def _guilty(trace: Trace, op: Op) -> Op | None:
    """The op that made a map miss by a few pixels, where sizes do not meet or a map is used up."""
    if op.name in ("conv2d", "max_pool2d", "avg_pool2d"):
        x = op.tensors[0]
        small = x.ndim == 4 and (op.name != "conv2d" or x.shape[1] == _channels_of(op))
        return next((o for o in trace.ops if shrinking(trace, o)), None) if small else None
    if op.name not in (*SUMS, "cat"):
        return None
    try:
        a, b = clash(op)
    except ValueError:
        return None
    if a.ndim != 4 or b.ndim != 4 or broadcasts(a.shape[2:], b.shape[2:]):
        return None
    for tensor in (a, b):
        found = trace.op_of(tensor)
        while found is not None:
            if shrinking(trace, found):
                return found
            found = trace.before(found)
    return None


def _channels_of(op: Op) -> int:
    return op.tensors[1].shape[1] * op.arg(6, "groups", 1)
