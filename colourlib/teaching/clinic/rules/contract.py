"""The course's contract, (N, 1, H, W) -> (N, 2, H, W): what breaks it, and on which line."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from ..watch.tracing import Op, Trace
from ..wording import Finding, shrinking, size_of, spell
from .findings import CONVS, SHAPERS, last_op, layer_code

# What cuts, turns or reorders a map without a weight.
TURNS = {"permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "mT", "T", "rot90"}
CUTS = TURNS | SHAPERS | {"narrow", "select", "mean", "sum", "amax", "flatten", "chunk", "split"}


def answer(trace: Trace) -> Finding | None:
    """forward has to return one tensor."""
    out = trace.output
    if isinstance(out, Tensor):
        return None
    if out is None:
        last = trace.ops[-1].where if trace.ops else ""
        return Finding(
            "error",
            "forward",
            f"returns nothing (None); the last thing it does is {last}",
            "return y as its last line, or return where the last line computes something",
        )
    if isinstance(out, (tuple, list)):
        shapes = ", ".join(str(tuple(o.shape)) for o in out if isinstance(o, Tensor))
        return Finding(
            "error",
            "forward",
            f"returns {len(out)} things ({shapes}) instead of one tensor (N, 2, H, W)",
            "return y: one of them; or torch.cat([a, b], dim=1) for two heads of one channel "
            "each; look for a comma too many",
        )
    return Finding(
        "error", "forward", f"returns a {type(out).__name__}, not a tensor", "return y, a tensor"
    )


def contract(trace: Trace, severity: str = "error", when: str = "") -> Iterator[Finding]:
    """(N, 1, H, W) -> (N, 2, H, W)."""
    out, x = trace.output, trace.x
    want = (x.shape[0], 2, *x.shape[2:])
    if tuple(out.shape) == want:
        return
    op = last_op(trace)
    at = op.where if op is not None else "forward"
    spoiler = _spoiler(trace)
    if spoiler is not None:
        before, after, line = spoiler.shapes[0], spoiler.shape, str(spoiler.line or "forward")
        turned = len(after) != 4 or spoiler.name in TURNS
        yield Finding(
            "error" if turned else severity, line,
            f"{_spelt(spoiler)} makes {after} of {before}, which was right"
            f"{', (N, 2, H, W)' if before[1] == 2 else ''}; the answer is "
            f"{tuple(out.shape)} where {want} is due{when}",
            f"leave out {_spelt(spoiler)} there",
        )  # fmt: skip
        return
    if out.ndim != 4:
        yield Finding(
            severity, at, f"answers {tuple(out.shape)} where {want} is due{when}",
            "a map with two channels, (N, 2, H, W): no flatten or Linear at the end",
        )  # fmt: skip
        return
    if out.shape[0] != want[0]:
        first = next((o for o in trace.ops if _changes_batch(trace, o)), None)
        at = str(first.line) if first is not None and first.line else at
        yield Finding(
            severity, at, f"answers {out.shape[0]} pictures for {want[0]}{when}",
            "keep the batch, dimension 0, as it is: x.view(x.shape[0], ...)",
        )  # fmt: skip
    stacked = _stacked(trace)
    if stacked is not None:
        yield Finding(
            severity, str(stacked.line or at),
            f"torch.cat stacks {' and '.join(str(s[1]) for s in stacked.shapes)} channels; the "
            f"answer is the 2 channels of chroma alone, a and b{when}",
            "return the map with 2 channels as it is, without torch.cat",
        )  # fmt: skip
    elif out.shape[1] != 2 and (idle := _idle_head(trace)):
        yield Finding(
            severity,
            idle,
            f"is never called: the answer has {out.shape[1]} channels, and it would make 2, a and "
            f"b{when}",
            f"{spell(trace, idle)}(y) as the last layer: y is what is returned now",
        )
    elif out.shape[1] != 2:
        head = _last_conv(trace, op)
        code = "chroma_head(...), or nn.Conv2d(..., 2, kernel_size=1), as the last layer"
        if head is not None and out.shape[1] == head.shape[1]:
            at, n = head.where, head.shapes[0][1]
            code = layer_code(trace, head, f"nn.Conv2d({n}, 2, kernel_size=1)")
        yield Finding(
            severity, at, f"answers {out.shape[1]} channels; chroma has 2, a and b{when}", code
        )
    if tuple(out.shape[2:]) != tuple(want[2:]):
        yield from _size(trace, at, severity, when)


def _changes_batch(trace: Trace, op: Op) -> bool:
    """Is it here that the number of pictures becomes another?"""
    made = [s for s, i in zip(op.shapes, op.inputs, strict=True) if i is not None and s]
    n, m = trace.x.shape[0], trace.output.shape[0]
    return bool(made) and all(s[0] == n for s in made) and op.shape[:1] == (m,)


def _spoiler(trace: Trace) -> Op | None:
    """What cuts or turns the map of two channels that a layer has made, nearest to the answer."""
    op = trace.op_of(trace.output)
    while op is not None and op.name not in (*CONVS, "linear"):
        before = op.shapes[0] if op.shapes else ()
        if op.name in CUTS and op.call is None and len(before) == 4 and before[1] == 2:
            turned = op.name in TURNS and before[2] != before[3]
            if len(op.shape) != 4 or op.shape[1] != 2 or (turned and op.shape[2] != before[2]):
                return op
        op = trace.before(op)
    if tuple(trace.output.shape[2:]) != tuple(trace.x.shape[:1:-1]):
        return None
    turns = [o for o in trace.ops if o.name in TURNS and o.call is None and len(o.shape) == 4]
    turns = [o for o in turns if o.shape[2:] == o.shapes[0][:1:-1] != o.shapes[0][2:]]
    return turns[-1] if turns else None


def _idle_head(trace: Trace) -> str | None:
    """A convolution to 2 channels that was made, but did not run."""
    for name, module in trace.model.named_modules():
        if getattr(module, "out_channels", 0) == 2 and id(module) not in trace.called:
            return name
    return None


def _stacked(trace: Trace) -> Op | None:
    """`torch.cat` at the end, of the two channels that are due and others."""
    op = last_op(trace)
    if op is None or op.name != "cat" or op.shape[1] == 2:
        return None
    return op if all(len(s) == 4 for s in op.shapes) and any(s[1] == 2 for s in op.shapes) else None


def _spelt(op: Op) -> str:
    return "the index [...]" if op.name == "getitem" else f".{op.name}(...)"


def _last_conv(trace: Trace, op: Op | None) -> Op | None:
    while op is not None and op.name not in CONVS:
        op = trace.before(op)
    return op


def _size(trace: Trace, at: str, severity: str, when: str) -> Iterator[Finding]:
    got, want = size_of(trace.output.shape), size_of(trace.x.shape)
    guilty = [(op, shrinking(trace, op)) for op in trace.ops]
    guilty = [(op, why) for op, why in guilty if why]
    for op, (what, fix) in guilty[:3]:
        code = f"{spell(trace, op.call.name)}: {fix}" if op.call is not None else fix
        yield Finding(severity, op.where, f"{what}; the answer is {got}, not {want}{when}", code)
    if guilty:
        return
    steps, op = [], trace.op_of(trace.output)
    at = str(op.line) if op is not None and op.line else at
    while op is not None:  # back to the picture, along the main way
        if len(op.shape) == 4 and len(op.shapes[0]) == 4 and op.shape[-1] != op.shapes[0][-1]:
            steps.insert(0, op)
        op = trace.before(op)
    down = [op for op in steps if op.shape[-1] < op.shapes[0][-1]]
    up = [op for op in steps if op.shape[-1] > op.shapes[0][-1]]
    halved = f"{len(down)} step{'s' * (len(down) != 1)} down ({_names(down)})"
    ways = f"{halved} and {len(up)} up ({_names(up)})"
    if tuple(trace.output.shape[2:]) == (1, 1):
        ways = "global pooling is not spread over the map again"
    yield Finding(
        severity,
        at,
        f"the answer is {got}, not {want}: {ways}{when}",
        "return upsample_to(y, x): F.interpolate(y, size=x.shape[-2:], mode='bilinear')",
    )


def _names(ops: list[Op]) -> str:
    text = ", ".join(
        f"{op.call.name if op.call is not None else op.name} {op.shapes[0][-2]} -> {op.shape[-2]}"
        for op in ops[:5]
    )
    return text or "none"
