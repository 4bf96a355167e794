"""A pass that failed, explained: which layer or line, what met what, and the code that mends it."""

from collections.abc import Callable

from torch import Tensor, nn

from ....common.copies import tensors_in
from ..functions import MOVES, OVER, SUMS
from ..rules.unused import attributes
from ..sentences import Finding, say, words
from ..watch.tracing import Call, Op, Trace, is_leaf, spell
from ..wording import code_of, shrinking
from .clashes import FUNCTIONS, broadcasts, clash, operands
from .complaints import complaint

# Of our own rules, where the arguments are not what that function takes: torch's words must do.
SLIPS = (IndexError, TypeError, AttributeError, KeyError, ValueError, StopIteration)


def explain(trace: Trace, severity: str = "error", when: str = "") -> Finding:
    """The finding for a trace that ended in an error. `when`: ' at 101 x 67', say."""
    op = trace.pending
    module, name = next(((m, n) for m, n, *_ in reversed(trace.open) if n), (None, ""))
    layer = name if module is not None and is_leaf(module) else ""
    if op is not None and op.call is not None:
        layer = op.call.name
    layer = layer or str(trace.line or (op is not None and op.line) or name or "forward")
    what, fix, key = _said(trace, op, module)
    if sum(m is trace.model for m, *_ in trace.open) > 1:
        layer, (what, fix, key) = str(trace.line), words("recursion")
    if kept := _tried(_kept, trace):
        what, fix, key = words("kept", layer=spell(trace, kept), error=what)
        layer = kept
    elif op is not None:
        if again := _tried(_fits_one_place, trace, op):
            what, fix, key = f"{what}; {again[0]}", *again[1:]
        if source := _tried(_flattened_batch, trace, op):
            ends = {"before": source.shapes[0], "after": source.shape}
            n, layer = source.shapes[0][0], source.where
            what, fix, key = words("flat batch", n=n, **ends)
        if earlier := _tried(_earlier, trace, op):
            fault, at, facts = earlier
            return say(fault, at.at_line, severity, when, op=at, **facts)
        if guilty := _tried(_guilty, trace, op):
            layer, (why, fix), key = guilty.where, shrinking(trace, guilty), "shrinks"
            what = f"{why}; so at {op.where.split(':')[0]} {what}"
    clue = key, trace.line or (op and op.line), op.name if op else ""
    return Finding(severity, layer, f"{what}{when}", fix, clue)


def _said(trace: Trace, op: Op | None, module: nn.Module | None) -> tuple[str, str, str]:
    """(what, fix, key) by the first rule that knows better than torch."""
    given = (*op.args, *op.kwargs.values()) if op is not None else ()
    if layers := [type(a).__name__ for a in given if isinstance(a, nn.Module)]:
        return words("layer", kind=layers[0])
    found = _tried(_wrong_dimensions, trace)
    if not found and op is not None and op.name in FUNCTIONS:
        found = _tried(FUNCTIONS[op.name], trace, op)
    first = str(trace.error).strip().split("\n")[0]
    torchs = f"stops with {type(trace.error).__name__}: {first}", "", ""
    return found or _tried(complaint, trace, module) or torchs


def _tried(rule: Callable, *given):
    """What a rule says; None where it cannot cope."""
    try:
        return rule(*given)
    except SLIPS:
        return None


def _wrong_dimensions(trace: Trace) -> tuple[str, str] | None:
    """nn.Conv1d, BatchNorm1d, MaxPool3d ... where a map comes in."""
    module, name, given, _ = trace.open[-1]
    kind, x = type(module).__name__, next(tensors_in(given), None)
    if x is None or x.ndim != 4 or kind[-2:] not in ("1d", "3d") or not hasattr(nn, kind):
        return None
    flat = f"{kind[:-2]}2d"
    code = f"nn.{flat}({x.shape[1]})" if "Norm" in kind else code_of(module, flat)
    lists = "lists (N, C, L)" if kind.endswith("1d") else "volumes (N, C, D, H, W)"
    code = f"`{spell(trace, name)} = {code}`"
    return words("flat dimensions", kind=kind, lists=lists, shape=tuple(x.shape), code=code)


def _kept(trace: Trace) -> str | None:
    """A tensor of the network's own that the pass before has made, where this pass failed."""
    given = trace.pending.tensors if trace.pending else tensors_in(trace.open[-1][2])
    computed = {id(t) for t in given if not t.is_leaf and id(t) not in trace.made}
    return next((name for name, value, _ in attributes(trace.model) if id(value) in computed), None)


def _fits_one_place(trace: Trace, op: Op) -> tuple[str, str] | None:
    """A layer that is used in several places, and was made for one of them."""
    module = op.call.module if op.call is not None else None
    if module is None or not list(module.parameters()):
        return None
    uses = [s for s in trace.steps if isinstance(s, Call) and s.module is module and s.shape]
    if not uses or not uses[0].shapes or uses[0].shapes[0][1:2] == op.shapes[0][1:2]:
        return None
    every = trace.model.named_modules(remove_duplicate=False)
    names = [name for name, other in every if other is module]
    facts = {"also": f" ({' and '.join(names)} are one)" if len(names) > 1 else ""}
    facts |= {"place": spell(trace, names[-1]), "kind": op.kind, "before": uses[0].shapes[0][1]}
    return words("one place", **facts)


def _flattened_batch(trace: Trace, op: Op) -> Op | None:
    """nn.Flatten(0): the numbers of all pictures in one row."""
    source = trace.op_of(op.tensors[0]) if op.tensors[0].ndim == 1 else None
    if source is None or source.name not in ("flatten", "ravel", "view", "reshape"):
        return None
    before = source.shapes[0]
    return source if len(before) > 1 and before[0] == trace.x.shape[0] else None


def _earlier(trace: Trace, op: Op) -> tuple[str, Op, dict] | None:
    """An op before it that made another number format, or a mean over the channels and a side.

    Or one that laid a number a channel along another dimension than that of the channels.
    """
    if op.name in (*SUMS, "cat") and (tiles := _tiles(trace, op)):
        return tiles
    if op.name in SUMS and (laid := _laid(trace, *clash(op))):
        return laid
    usual, kind, n = trace.x.dtype, op.tensors[0].dtype, trace.x.shape[:1]
    for at in (o for t in op.tensors for o in trace.back(trace.op_of(t))):
        if at.shapes and at.shapes[0][:1] == n != at.shape[:1]:  # the batch is not what it was
            key = {("squeeze", None): "batch squeezed", ("cat", 0): "stacked batch"}
            dim = at.arg(1, "dim", 0 if at.name == "cat" else None)
            if (at.name, dim) in key:
                return key[at.name, dim], at, {"before": at.shapes[0], "after": at.shape}
        made = [t.dtype for t, i in zip(at.tensors, at.inputs, strict=True) if i is not None]
        if (
            usual in made
            and (kind.is_floating_point or kind.is_complex)
            and usual != kind == at.output.dtype
        ):
            return "retyped", at, {"usual": usual}
        dims = at.arg(1, "dim") if at.name in OVER and len(at.shapes[0]) == 4 else None
        if isinstance(dims, (tuple, list)) and {d % 4 for d in dims} in ({1, 2}, {1, 3}):
            return "across", at, {"dims": dims}
    return None


def _tiles(trace: Trace, op: Op) -> tuple[str, Op, dict] | None:
    """Copies of a map side by side, where the same map enlarged was meant."""
    for this, tensor in enumerate(op.tensors):
        at = trace.op_of(tensor)
        if at is None or at.name not in ("repeat", "tile") or len(at.shapes[0]) != 4:
            continue
        if at.shape[2:] != at.shapes[0][2:] and 1 not in at.shapes[0][2:]:
            other = (operands(trace, op) or ("other", "other"))[1 - this % 2]
            return "tiled", at, {"before": at.shapes[0], "after": at.shape, "other": other}
    return None


def _laid(trace: Trace, *two: Tensor) -> tuple[str, Op, dict] | None:
    for few, many in (two, two[::-1]):
        at, batch = trace.op_of(few), few.shape[:1] == many.shape[:1]
        long = [n for n in few.shape[batch:] if n > 1]
        if at is None or at.name not in MOVES or many.ndim != 4 or long != [many.shape[1]]:
            continue
        side = "the width" if few.shape[-1] > 1 else "the height"
        index = "[:, None, None]" if len(at.shapes[0]) == 1 else "[:, :, None, None]"
        facts = {"n": long[0], "side": side, "before": at.shapes[0], "after": at.shape}
        return "axis", at, facts | {"index": index}
    return None


def _guilty(trace: Trace, op: Op) -> Op | None:
    """The op that made a map miss by a few pixels, where sizes do not meet or a map is used up."""
    ways = ()
    if op.name in ("conv2d", "max_pool2d", "avg_pool2d"):
        x = op.tensors[0]
        fits = op.name != "conv2d" or x.shape[1] == op.tensors[1].shape[1] * op.arg(6, "groups", 1)
        ways = trace.ops if x.ndim == 4 and fits else ()
    elif op.name in (*SUMS, "cat"):
        a, b = clash(op)
        if a.ndim == b.ndim == 4 and not broadcasts(a.shape[2:], b.shape[2:]):
            ways = (o for tensor in (a, b) for o in trace.back(trace.op_of(tensor)))
    return next((o for o in ways if shrinking(trace, o)), None)
