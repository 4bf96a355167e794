"""Layers and functions that were given a shape they cannot take: what came, and what mends it.

Each rule takes the trace and the op that failed, and answers (what, fix).
"""

from __future__ import annotations

import math
import re

from torch import Tensor, nn

from ..functions import SUMS, pair
from ..watch.tracing import Call, Op, Trace
from ..wording import maker, size_of, story
from .meetings import meeting
from .sentences import words


def code_of(module: nn.Module, kind: str, channels: int | None = None) -> str:
    """As torch prints a layer, with one number for all sides: Conv1d(8, 16, kernel_size=(3,), ...).

    kind: another name for it; channels: how many it is to take.
    """
    code = re.sub(r"\((\d+)(?:, \1)*,?\)", r"\1", repr(module)).replace(type(module).__name__, kind)
    code = re.sub(r", (stride=1|padding=0|dilation=1|ceil_mode=False)(?=[,)])", "", code)
    code = re.sub(r"\(\d+", f"({channels}", code, count=1) if channels else code
    return f"nn.{code}" if "\n" not in code else f"nn.{kind}({channels}, ...)"


def _conv(trace: Trace, op: Op) -> tuple[str, str]:
    x, weight = op.tensors[:2]
    if x.dtype != weight.dtype:
        return _dtype(x, weight)
    if x.ndim != 4:
        hint = "[:, :, None, None] after it" if x.ndim == 2 else "a map (N, C, H, W)"
        return words("not a map", shape=tuple(x.shape), who=maker(trace, x), hint=hint)
    transposed = op.name == "conv_transpose2d"
    wants = weight.shape[0] if transposed else weight.shape[1] * op.arg(6, "groups", 1)
    if x.shape[1] != wants:
        code = f"a weight for {x.shape[1]} channels"
        if op.call is not None:
            code = f"{op.make}{code_of(op.call.module, op.kind, x.shape[1])}"
        return _channels(trace, x, wants, code)
    k, p, d = tuple(weight.shape[2:]), pair(op.arg(4, "padding", 0)), pair(op.arg(5, "dilation", 1))
    facts = {"reach": d[0] * (k[0] - 1) + 1, "size": size_of(x.shape), "half": d[0] * (k[0] // 2)}
    return words("window", p=p[0], **facts)


def _channels(trace: Trace, x: Tensor, wants: int, code: str) -> tuple[str, str]:
    who, gets = maker(trace, x), x.shape[1]
    if who != "the picture":
        code += "" if who.startswith("torch.cat") else f"; or let {who} make {wants}"
        return words("channels", wants=wants, gets=gets, who=who, code=code)
    fitting = [s for s in trace.steps if isinstance(s, Call) and s.shape[1:2] == (wants,)]
    if fitting:  # layers that have run already make what is expected
        one = maker(trace, fitting[-1].output)
        code = f"give it the map of {one}, {wants} channels, instead of x"
    return words("picture's channels", wants=wants, gets=gets, code=code)


def _dtype(x: Tensor, weight: Tensor) -> tuple[str, str]:
    key = "precision" if x.is_floating_point() else "whole numbers"
    return words(key, weights=weight.dtype, given=x.dtype)


def _norm(trace: Trace, op: Op) -> tuple[str, str]:
    x, n = op.tensors[0], op.tensors[0].shape[1]
    own = next((t for t, i in zip(op.tensors, op.inputs, strict=True) if i is None), None)
    if op.name == "batch_norm" and x.numel() == n:
        way = story(trace, x)
        way = f" ({way})" if way.count("->") > 1 else ""
        return words("one number", shape=tuple(x.shape), way=way, code=op.code or "the layer")
    if op.name == "layer_norm":
        wants = tuple(op.arg(1, "normalized_shape"))
        return words("last dimensions", wants=wants, shape=tuple(x.shape), gets=n)
    groups = op.arg(1, "num_groups") if op.name == "group_norm" else None
    if own is not None and own.numel() != n:
        first = f"{groups}, " if groups else ""
        return _channels(trace, x, own.numel(), f"{op.make}nn.{op.kind}({first}{n})")
    return words("groups", gets=n, groups=groups, fits=math.gcd(groups, n)) if groups else ("", "")


def _linear(trace: Trace, op: Op) -> tuple[str, str]:
    x, weight = op.tensors[:2]
    if x.dtype != weight.dtype:
        return _dtype(x, weight)
    facts = {"wants": weight.shape[1], "makes": weight.shape[0], "gets": x.shape[-1]}
    facts |= {"layer": op.code or "the layer", "shape": tuple(x.shape), "columns": x.shape[-1]}
    if x.ndim == 4:
        n, out = x.shape[1], weight.shape[0]
        conv = f"nn.Conv2d({n}, {out}, 1)"
        lists = (
            f"pool and flatten first: nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear({n}, {out})"
        )
        if n == weight.shape[1] and x.shape[2] * x.shape[3] > 1:
            code = f"{op.code or 'the layer'} = {conv}: the same numbers at every place; or {lists}"
        else:
            code = f"{lists}; or {conv}"
        return words("map in Linear", code=code, **facts)
    source = trace.op_of(x)
    before = source.shapes[0] if source is not None and source.shapes else ()
    if len(before) == 4 and before[2] * before[3] > 1:
        return words("flattened", **facts, **dict(zip("chw", before[1:], strict=True)))
    return words("numbers", who=maker(trace, x), **facts)


def _view(trace: Trace, op: Op) -> tuple[str, str]:
    x, wanted = op.tensors[0], op.args[1]
    wanted = tuple(wanted) if isinstance(wanted, (tuple, list)) else op.args[1:]
    key = "order" if "stride" in str(trace.error) else "view size"
    return words(key, op=op, wanted=wanted, n=x.numel(), shape=tuple(x.shape))


def _pool(trace: Trace, op: Op) -> tuple[str, str]:
    x, k = op.tensors[0], max(pair(op.arg(1, "kernel_size")))
    kind = "Avg" if op.name.startswith("avg") else "Max"
    facts = {"op": op, "k": k, "kind": kind, "make": op.make}
    key = "one size" if k > 4 else "too small"  # the large one was meant as global pooling
    return words(key, size=size_of(x.shape), way=story(trace, x), **facts)


def _shuffle(trace: Trace, op: Op) -> tuple[str, str]:
    x, r = op.tensors[0], op.arg(1, "upscale_factor", op.arg(1, "downscale_factor"))
    facts = {"r": r, "square": r * r, "both": 2 * r * r, "gets": x.shape[1]}
    key = "shuffle" if op.name == "pixel_shuffle" else "unshuffle"
    return words(key, size=size_of(x.shape), who=maker(trace, x), **facts)


FUNCTIONS = {
    **dict.fromkeys(("conv2d", "conv_transpose2d"), _conv),
    **dict.fromkeys(("batch_norm", "group_norm", "layer_norm"), _norm),
    **dict.fromkeys(("cat", *SUMS), meeting),
    **dict.fromkeys(("view", "reshape"), _view),
    **dict.fromkeys(("max_pool2d", "avg_pool2d"), _pool),
    **dict.fromkeys(("pixel_shuffle", "pixel_unshuffle"), _shuffle),
    "linear": _linear,
}
