"""A finding, and the words that findings share: who made a tensor, how it came to its size."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .sight.footprints import POINTWISE
from .sight.windows import pair
from .watch.tracing import PICTURE, Op, Trace

SEVERITIES = ("error", "warning", "note")
# Functions with one tensor that leave the number of channels as it is.
_KEEPING = """
    max_pool2d avg_pool2d adaptive_avg_pool2d adaptive_max_pool2d interpolate upsample pad
    group_norm instance_norm layer_norm softmax expand getitem
"""
KEEPS_CHANNELS = POINTWISE | set(_KEEPING.split())

RESHAPES = {"flatten", "view", "reshape", "squeeze", "unsqueeze"}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or could be better."""

    severity: str  # 'error': cannot be trained; 'warning': trains, but badly; 'note'
    layer: str  # its name, or the line of forward
    what: str  # with the arithmetic
    fix: str  # in code

    def __str__(self) -> str:
        at = f"{self.layer}: " if self.layer else ""
        return f"{self.severity}: {at}{self.what}" + (f"\n  mend: {self.fix}" if self.fix else "")


def spell(trace: Trace, name: str) -> str:
    """The code that gets at a layer: deep.1.0 -> self.deep[1][0]."""
    own = type(trace.model).__module__.startswith("torch.nn")
    text = "model" if own else "self"
    for part in name.split(".") if name else []:
        text += f"[{part}]" if part.isdigit() else f".{part}"
    return text


def size_of(shape) -> str:
    """H x W of a map; the whole shape of anything else."""
    return f"{shape[-2]} x {shape[-1]}" if len(shape) == 4 else str(tuple(shape))


def maker(trace: Trace, tensor: Tensor) -> str:
    """Who made a tensor, so that its number of channels is understood."""
    index = trace.made.get(id(tensor))
    return "a tensor made outside the layers" if index is None else _maker(trace, index)


def _maker(trace: Trace, index: int) -> str:
    if index == PICTURE:
        return "the picture"
    op = trace.ops[index]
    if op.label and (op.call is None or op.label != op.call.name):
        return f"layer {op.label}"
    sources = [(i, s) for i, s in zip(op.inputs, op.shapes, strict=True) if i is not None]
    if op.name in KEEPS_CHANNELS and sources and len(sources[0][1]) == len(op.shape):
        if len(sources) == 1:
            return _maker(trace, sources[0][0])
        same = [i for i, s in sources if len(s) > 1 and s[1] == op.shape[1]]
        if same and op.call is None:
            return _maker(trace, same[0])
    if op.name in RESHAPES and sources and len(op.shape) > 1 and sources[0][1][1] == op.shape[1]:
        return _maker(trace, sources[0][0])
    if op.name == "cat":
        parts = [f"{s[1]} of {_maker(trace, i)}" for i, s in sources if len(s) > 1]
        return f"torch.cat ({' + '.join(parts)})"
    return f"layer {op.call.name}" if op.call is not None else f"{op.name} ({op.line})"


def story(trace: Trace, tensor: Tensor) -> str:
    """How a map came to its height: 101 -> 50 (max_pool2d) -> 100 (interpolate)."""
    steps: list[str] = []
    op = trace.op_of(tensor)
    height = tensor.shape[-2]
    while op is not None and len(op.shapes[0]) == 4 and len(op.shape) == 4:
        if op.shapes[0][-2] != op.shape[-2]:
            steps.append(f"{op.shape[-2]} ({op.name})")
        height = op.shapes[0][-2]
        op = trace.before(op)
    return " -> ".join([str(height), *reversed(steps)])


# --- maps that shrink or miss by one on the way


def _halves(op: Op) -> bool:
    """A stride, or padding by hand: after a pooling that moves by 1, it softens the halving."""
    strides = {"conv2d": 3, "avg_pool2d": 2, "max_pool2d": 2}
    if op.name in strides:
        return max(pair(op.arg(strides[op.name], "stride") or 2)) > 1
    return op.name == "pad"


def shrinking(trace: Trace, op: Op) -> tuple[str, str] | None:
    """(arithmetic, fix) of a convolution that changes the size by a few pixels; None if none."""
    if len(op.shape) != 4 or not op.shapes or len(op.shapes[0]) != 4:
        return None
    before, after = op.shapes[0][-2:], op.shape[-2:]
    if op.name == "conv2d":
        k, d = op.tensors[1].shape[2:], pair(op.arg(5, "dilation", 1))
        s, p = pair(op.arg(3, "stride", 1)), op.arg(4, "padding", 0)
        if s != (1, 1) or before == after:
            return None
        p, i = (0, 0) if isinstance(p, str) else pair(p), 0 if before[0] != after[0] else 1
        span = d[i] * (k[i] - 1) + 1
        need = (
            f"same size needs p={span // 2}" if span % 2 else "no p keeps the size: k must be odd"
        )
        extra = f", dilation {d[i]}" if d[i] > 1 else ""
        what = f"k={k[i]}, p={p[i]}{extra}: {before[i]} -> {after[i]}; {need}"
        source = trace.before(op)
        if source is not None and source.name == "pad":
            return None  # padded by hand
        earlier = trace.before(source) if source is not None and "pool" in source.name else None
        if earlier is not None and earlier.name == "pad":
            what += f"; the padding stands before {source.name}"
        fix = (
            f"padding={span // 2}"
            if span % 2
            else f"kernel_size={k[i] - 1}, padding={k[i] // 2 - 1}"
        )
        return what, fix
    if op.name in ("max_pool2d", "avg_pool2d"):
        k = pair(op.arg(1, "kernel_size"))[0]
        s, lost = pair(op.arg(2, "stride") or k)[0], before[0] - after[0]
        source = trace.before(op)
        by_hand = source is not None and source.name == "pad"
        if s != 1 or not 0 < lost < k or by_hand or any(map(_halves, trace.consumers(op))):
            return None
        return (
            f"a window of {k} that moves by 1: {before[0]} -> {after[0]}, neither halved nor of "
            f"the same size",
            f"stride={k} to halve it, or kernel_size=3, stride=1, padding=1 to keep the size",
        )
    if op.name == "conv_transpose2d":
        k, s, p = op.tensors[1].shape[2], pair(op.arg(3, "stride", 1))[0], op.arg(4, "padding", 0)
        p, extra = pair(p)[0], pair(op.arg(5, "output_padding", 0))[0]
        n, m = before[0], after[0]
        if m == n * s:
            return None
        more = f" + {extra}" if extra else ""
        need = n * s - ((n - 1) * s - 2 * p + k)
        mend = (
            f"output_padding={need}" if 0 < need < s else f"kernel_size={s}, stride={s}, padding=0"
        )
        return (
            f"misses by {abs(m - n * s)}: ({n} - 1) x {s} - 2 x {p} + {k}{more} = {m}, "
            f"but {s} x {n} = {n * s}",
            mend,
        )
    return None
