"""Words that findings share: who made a tensor, how it came to its size, where pixels are lost."""

import copy
import re

from torch import Tensor, nn

from .functions import KEEPS_CHANNELS, POINTWISE, pair
from .watch.tracing import PICTURE, Op, Trace

RESHAPES = {"flatten", "view", "reshape", "squeeze", "unsqueeze"}


def size_of(shape) -> str:
    """H x W of a map; the whole shape of anything else."""
    return f"{shape[-2]} x {shape[-1]}" if len(shape) == 4 else str(tuple(shape))


def code_of(module: nn.Module, kind: str, channels: int | None = None) -> str:
    """As torch prints a layer, with one number for all sides: Conv1d(8, 16, kernel_size=(3,), ...).

    kind: another name for it; channels: how many it is to take.
    """
    code = re.sub(r"\((\d+)(?:, \1)*,?\)", r"\1", repr(module)).replace(type(module).__name__, kind)
    code = re.sub(r", (stride=1|padding=0|dilation=1|ceil_mode=False)(?=[,)])", "", code)
    code = re.sub(r"\(\d+", f"({channels}", code, count=1) if channels else code
    code = re.sub(r"=(?!True|False|None)([a-z]+)(?=[,)])", r"='\1'", code)  # padding=same
    return f"nn.{code}" if "\n" not in code else f"nn.{kind}({channels}, ...)"


def altered(op: Op, **numbers) -> str:
    """The code of its layer with other numbers; of a bare function the numbers alone."""
    if op.call is None:
        return " and ".join(f"`{name}={number}`" for name, number in numbers.items())
    layer = copy.copy(op.call.module)
    for name, number in numbers.items():
        pairs = isinstance(getattr(layer, name), tuple | str)
        layer.__dict__[name] = (number, number) if pairs else number
    return f"`{op.make}{code_of(layer, op.kind)}`"


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
    if op.name == "cat":
        parts = [f"{s[1]} of {_maker(trace, i)}" for i, s in sources if len(s) > 1]
        return f"torch.cat ({' + '.join(parts)})"
    for i, s in sources[: None if op.call is None else 1]:
        kept = len(s) > 1 and len(op.shape) > 1 and s[1] == op.shape[1]
        flat = op.name in RESHAPES and i == sources[0][0]
        passed = op.name in KEEPS_CHANNELS and len(sources[0][1]) == len(op.shape)
        if kept and (flat or (passed and (len(sources) == 1 or op.call is None))):
            return _maker(trace, i)
    return f"layer {op.call.name}" if op.call is not None else f"{op.name} ({op.line})"


def story(trace: Trace, tensor: Tensor) -> str:
    """How a map came to its height: 101 -> 50 (max_pool2d) -> 100 (interpolate)."""
    steps, height = [], tensor.shape[-2]
    for op in trace.back(trace.op_of(tensor)):
        if len(op.shapes[0]) != 4 or len(op.shape) != 4:
            break
        height = op.shapes[0][-2]
        if height != op.shape[-2]:
            steps.append(f"{op.shape[-2]} ({op.name})")
    return " -> ".join([str(height), *reversed(steps)])


def shrinking(trace: Trace, op: Op) -> tuple[str, str] | None:
    """(arithmetic, fix) of a layer that changes the size by a few pixels; None if it does not."""
    rule = SHRINKING.get(op.name)
    if rule is None or len(op.shape) != 4 or not op.shapes or len(op.shapes[0]) != 4:
        return None
    source = next((o for o in trace.back(trace.before(op)) if o.name not in POINTWISE), None)
    if op.name != "conv_transpose2d" and source is not None and source.name == "pad":
        return None  # padded by hand
    return rule(trace, op, op.shapes[0][-2:], op.shape[-2:], source)


def _conv(trace: Trace, op: Op, before, after, source: Op | None) -> tuple[str, str] | None:
    p, d = op.arg(4, "padding", 0), pair(op.arg(5, "dilation", 1))
    if pair(op.arg(3, "stride", 1)) != (1, 1) or before == after:
        return None
    p, i = (0, 0) if isinstance(p, str) else pair(p), 0 if before[0] != after[0] else 1
    k = op.tensors[1].shape[2 + i]
    span = d[i] * (k - 1) + 1
    extra = f", dilation {d[i]}" if d[i] > 1 else ""
    need, fix = f"same size needs p={span // 2}", altered(op, padding=span // 2)
    if span % 2 == 0:
        need = "no p keeps the size: k must be odd"
        fix = altered(op, kernel_size=k - 1, padding=k // 2 - 1)
    what = f"k={k}, p={p[i]}{extra}: {before[i]} -> {after[i]}; {need}"
    earlier = trace.before(source) if source is not None and "pool" in source.name else None
    if earlier is not None and earlier.name == "pad":
        what += f"; the padding stands before {source.name}"
    return what, fix


def _pool(trace: Trace, op: Op, before, after, source: Op | None) -> tuple[str, str] | None:
    k = pair(op.arg(1, "kernel_size"))[0]
    s, lost = pair(op.arg(2, "stride") or k)[0], before[0] - after[0]
    if s != 1 or not 0 < lost < k or any(map(_halves, trace.consumers(op))):
        return None
    what = f"a window of {k} that moves by 1: {before[0]} -> {after[0]}, neither halved nor of the "
    fix = f"{altered(op, stride=k)}: half the size"
    return f"{what}same size", fix


def _halves(op: Op) -> bool:
    """A stride, or padding by hand: after a pooling that moves by 1, it softens the halving."""
    strides = {"conv2d": 3, "avg_pool2d": 2, "max_pool2d": 2}
    if op.name in strides:
        return max(pair(op.arg(strides[op.name], "stride") or 2)) > 1
    return op.name == "pad"


def _transposed(trace: Trace, op: Op, before, after, source) -> tuple[str, str] | None:
    k, s = op.tensors[1].shape[2], pair(op.arg(3, "stride", 1))[0]
    p, extra = pair(op.arg(4, "padding", 0))[0], pair(op.arg(5, "output_padding", 0))[0]
    n, m = before[0], after[0]
    if m == n * s:
        return None
    more = f" + {extra}" if extra else ""
    need = n * s - ((n - 1) * s - 2 * p + k)
    numbers = {"output_padding": need} if 0 < need < s else {"kernel_size": s, "padding": 0}
    mend = altered(op, **numbers)
    why = f"({n} - 1) x {s} - 2 x {p} + {k}{more} = {m}, but {s} x {n} = {n * s}"
    return f"misses by {abs(m - n * s)}: {why}", mend


SHRINKING = {"conv2d": _conv, "conv_transpose2d": _transposed}
SHRINKING |= {"max_pool2d": _pool, "avg_pool2d": _pool}
