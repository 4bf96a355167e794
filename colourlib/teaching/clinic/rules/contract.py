"""The course's contract, (N, 1, H, W) -> (N, 2, H, W): what breaks it, and on which line."""

from collections.abc import Iterator

from torch import Tensor

from ..functions import CONVS, LAYERS, SHAPERS, TURNS
from ..sentences import Finding, say
from ..watch.tracing import Op, Trace, spell
from ..wording import altered, shrinking, size_of
from .findings import last_op

# What cuts, turns or reorders a map without a weight.
CUTS = TURNS | SHAPERS | {"narrow", "select", "mean", "sum", "amax", "flatten", "chunk", "split"}


def contract(trace: Trace, severity: str = "error", when: str = "") -> Iterator[Finding]:
    """(N, 1, H, W) -> (N, 2, H, W). `when`: ' for a batch of one picture', say."""
    if not isinstance(trace.output, Tensor):
        yield _no_tensor(trace, trace.output)
        return
    got, want = tuple(trace.output.shape), (trace.x.shape[0], 2, *trace.x.shape[2:])
    if got == want:
        return
    op, told = last_op(trace), {"severity": severity, "when": when, "got": got, "want": want}
    at = op.where if op is not None else "forward"
    if spoiler := _spoiler(trace):
        before, after = spoiler.shapes[0], spoiler.shape
        told |= {"before": before, "after": after, "right": ", (N, 2, H, W)" * (before[1] == 2)}
        if len(after) != 4 or spoiler.name in TURNS:
            told["severity"] = "error"
        spelt = "the index [...]" if spoiler.name == "getitem" else f".{spoiler.name}(...)"
        yield say("spoilt", str(spoiler.line or "forward"), spelt=spelt, op=spoiler, **told)
        return
    if len(got) != 4:
        yield say("no map", at, **told)
        return
    if got[0] != want[0]:
        first = next((o for o in trace.ops if _changes_batch(trace, o)), op)
        where = str(first.line or at) if first is not None else at
        yield say("other batch", where, op=first, **told | {"got": got[0], "want": want[0]})
    told |= {"got": got[1], "rgb": ": L is known, and RGB is made of all three" * (got[1] == 3)}
    heads = (n for n, m in trace.model.named_modules() if getattr(m, "out_channels", 0) == 2)
    idle = [n for n in heads if id(trace.model.get_submodule(n)) not in trace.called]
    stacked = op.shapes if op is not None and op.name == "cat" else [()]
    stacked = {len(s) for s in stacked} == {4} and any(s[1] == 2 for s in stacked)
    if got[1] != 2 and stacked:
        parts = " and ".join(str(s[1]) for s in op.shapes)
        yield say("stacked", str(op.line or at), parts=parts, **told)
    elif got[1] != 2 and idle:
        yield say("idle head", idle[0], layer=spell(trace, idle[0]), **told)
    elif got[1] != 2:
        op = next((o for o in trace.back(op) if o.name in CONVS), None)
        code = "`chroma_head(channels)` as the last layer"
        if op is not None and got[1] == op.shape[1]:
            at, code = op.where, altered(op, out_channels=2)
        yield say("channels", at, code=code, **told)
    if got[2:] != want[2:]:
        yield from _size(trace, told)


def _no_tensor(trace: Trace, out) -> Finding:
    key = "returns None" if out is None else "returns other"
    last = trace.ops[-1] if trace.ops else None
    facts = {"last": last.where if last else "nothing", "kind": type(out).__name__, "op": last}
    if isinstance(out, (tuple, list)):
        key, facts["n"] = "returns several", len(out)
        facts["shapes"] = ", ".join(str(tuple(o.shape)) for o in out if isinstance(o, Tensor))
    return say(key, "forward", **facts)


def _changes_batch(trace: Trace, op: Op) -> bool:
    """Is it here that the number of pictures becomes another?"""
    made = [s for s, i in zip(op.shapes, op.inputs, strict=True) if i is not None and s]
    n, m = trace.x.shape[0], trace.output.shape[0]
    return bool(made) and all(s[0] == n for s in made) and op.shape[:1] == (m,)


def _spoiler(trace: Trace) -> Op | None:
    """What cuts or turns the map of two channels that a layer has made, nearest to the answer."""
    for op in trace.back(trace.op_of(trace.output)):
        before = op.shapes[0] if op.shapes else ()
        if op.name in CUTS and op.call is None and len(before) == 4 and before[1] == 2:
            turned = op.name in TURNS and before[2] != before[3]
            if len(op.shape) != 4 or op.shape[1] != 2 or (turned and op.shape[2] != before[2]):
                return op
        if op.name in LAYERS:
            break
    if tuple(trace.output.shape[2:]) != tuple(trace.x.shape[:1:-1]):
        return None
    turns = [o for o in trace.ops if o.name in TURNS and o.call is None and len(o.shape) == 4]
    turns = [o for o in turns if o.shape[2:] == o.shapes[0][:1:-1] != o.shapes[0][2:]]
    return turns[-1] if turns else None


def _size(trace: Trace, told: dict) -> Iterator[Finding]:
    """Another height or width than that of the picture: the layer's fault, or the way's."""
    told |= {"got": size_of(trace.output.shape), "want": size_of(trace.x.shape)}
    guilty = [(op, why) for op in trace.ops if (why := shrinking(trace, op))]
    for op, (why, fix) in guilty[:3]:
        yield say("misses", op, why=why, code=fix, **told)
    if guilty:
        return
    last = trace.op_of(trace.output)
    steps = [op for op in trace.back(last) if len(op.shape) == 4 == len(op.shapes[0])][::-1]
    down = [op for op in steps if op.shape[-1] < op.shapes[0][-1]]
    up = [op for op in steps if op.shape[-1] > op.shapes[0][-1]]
    plural = "s" * (len(down) != 1)
    ways = f"{len(down)} step{plural} down ({_names(down)}) and {len(up)} up ({_names(up)})"
    if tuple(trace.output.shape[2:]) == (1, 1):
        ways = "global pooling is not spread over the map again"
    yield say("other size", last.at_line if last else "forward", ways=ways, op=last, **told)


def _names(ops: list[Op]) -> str:
    names = [op.call.name if op.call is not None else op.name for op in ops[:5]]
    sizes = [f"{op.shapes[0][-2]} -> {op.shape[-2]}" for op in ops[:5]]
    return ", ".join(map(" ".join, zip(names, sizes, strict=True))) or "none"
