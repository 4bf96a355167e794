"""Layers and functions that were given a shape they cannot take: what came, and what mends it.

Each takes the trace and the op that failed, and answers (what, fix).
"""

from __future__ import annotations

import math

from torch import Tensor

from ..sight.windows import pair
from ..watch.tracing import Call, Op, Trace
from ..wording import maker, size_of, spell, story
from .meetings import SUMS, meeting


def _conv(trace: Trace, op: Op) -> tuple[str, str]:
    x, weight = op.tensors[:2]
    transposed = op.name == "conv_transpose2d"
    groups = op.arg(6, "groups", 1)
    wants = weight.shape[0] if transposed else weight.shape[1] * groups
    makes = weight.shape[1] * groups if transposed else weight.shape[0]
    if x.dtype != weight.dtype:
        return _dtype(x, weight)
    if x.ndim != 4:
        hint = "[:, :, None, None] after it" if x.ndim == 2 else "a map (N, C, H, W)"
        return (
            f"expects a map (N, C, H, W), receives {tuple(x.shape)}, which {maker(trace, x)} makes",
            f"give it {hint}",
        )
    if x.shape[1] != wants:
        who = maker(trace, x)
        return _channels(trace, op, x, wants, who, _conv_code(trace, op, x.shape[1], makes))
    k, p, d = tuple(weight.shape[2:]), pair(op.arg(4, "padding", 0)), pair(op.arg(5, "dilation", 1))
    return (
        f"its window reaches over {d[0] * (k[0] - 1) + 1} pixels, but the map that arrives is only "
        f"{size_of(x.shape)} with {p[0]} pixels of padding",
        f"padding={d[0] * (k[0] // 2)} and fewer poolings before it, or a smaller kernel",
    )


def _channels(trace, op, x, wants, who, code) -> tuple[str, str]:
    gets = x.shape[1]
    if who == "the picture":
        fitting = [
            s.output for s in trace.steps if isinstance(s, Call) and s.shape[1:2] == (wants,)
        ]
        if fitting:  # layers that have run already make what is expected
            code = f"give it the map of {maker(trace, fitting[-1])}, {wants} channels, instead of x"
        return (
            f"expects {wants} channels, receives {gets}: the picture has one, its lightness L",
            code,
        )
    other = "" if who.startswith("torch.cat") else f"; or let {who} make {wants}"
    return f"expects {wants} channels, receives {gets}, which {who} makes", code + other


def _conv_code(trace: Trace, op: Op, channels: int, makes: int) -> str:
    if op.call is None:
        return f"a weight for {channels} channels"
    m, k = op.call.module, op.tensors[1].shape[2:]
    parts = [str(channels), str(makes), str(k[0] if k[0] == k[1] else tuple(k))]
    for key, usual in (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1)):
        value = getattr(m, key, usual)
        value = value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value
        if value != usual:
            parts.append(f"{key}={value}")
    if getattr(m, "bias", 0) is None:
        parts.append("bias=False")
    if getattr(m, "groups", 1) > 1:
        parts = [p.replace(f"groups={m.groups}", f"groups={channels}") for p in parts]
    return f"{spell(trace, op.call.name)} = nn.{type(m).__name__}({', '.join(parts)})"


def _dtype(x: Tensor, weight: Tensor) -> tuple[str, str]:
    if not x.is_floating_point():
        return (
            f"has weights of {weight.dtype}, but its input is {x.dtype}",
            "no .int(), .long() or .byte() before it; x.float() turns whole numbers into floats",
        )
    return (
        f"has weights of {weight.dtype}, but its input is {x.dtype}",
        "model.float() turns all weights into torch.float32, what the photos are",
    )


def _norm(trace: Trace, op: Op) -> tuple[str, str]:
    x = op.first()
    own = next((t for t, i in zip(op.tensors, op.inputs, strict=True) if i is None), None)
    if op.name == "batch_norm" and x.numel() == x.shape[1]:
        return (
            f"BatchNorm has one number a channel here ({tuple(x.shape)}): no mean and no deviation "
            f"can be taken of one number in train mode{_way(trace, x)}",
            f"{spell(trace, op.call.name if op.call else '')} = nn.Identity(): leave out BatchNorm "
            f"on maps of 1 x 1; or fewer steps of pooling and stride before it",
        )
    if own is not None and own.numel() != x.shape[1] and op.name == "batch_norm":
        kind = type(op.call.module).__name__ if op.call else "BatchNorm2d"
        name = op.call.name if op.call else ""
        return _channels(
            trace,
            op,
            x,
            own.numel(),
            maker(trace, x),
            f"{spell(trace, name)} = nn.{kind}({x.shape[1]})",
        )
    if op.name == "group_norm":
        groups = op.arg(1, "num_groups")
        wants = own.numel() if own is not None else x.shape[1]
        if wants != x.shape[1]:
            code = f"{spell(trace, op.call.name)} = nn.GroupNorm({groups}, {x.shape[1]})"
            return _channels(trace, op, x, wants, maker(trace, x), code)
        return (
            f"{x.shape[1]} channels cannot be split into {groups} groups",
            f"a number of groups that divides {x.shape[1]}: "
            f"nn.GroupNorm({math.gcd(groups, x.shape[1])}, {x.shape[1]})",
        )
    if op.name == "layer_norm":
        wants = tuple(op.arg(1, "normalized_shape"))
        return (
            f"normalises the last dimensions {wants}, receives {tuple(x.shape)}",
            f"nn.GroupNorm(1, {x.shape[1]}) does the same to maps of any size",
        )
    return "", ""


def _way(trace: Trace, x: Tensor) -> str:
    """(128 -> 64 (max_pool2d) -> 32 (conv2d) ...), where it was made smaller step by step."""
    way = story(trace, x)
    return f" ({way})" if way.count("->") > 1 else ""


def _linear(trace: Trace, op: Op) -> tuple[str, str]:
    x, weight = op.tensors[:2]
    if x.dtype != weight.dtype:
        return _dtype(x, weight)
    out, wants = weight.shape
    name = spell(trace, op.call.name) if op.call is not None else "the layer"
    source = trace.op_of(x)
    if x.ndim == 4:
        places = f"{name} = nn.Conv2d({x.shape[1]}, {out}, 1): the same numbers at every place"
        lists = (
            f"pool and flatten first: nn.AdaptiveAvgPool2d(1), nn.Flatten(), "
            f"nn.Linear({x.shape[1]}, {out})"
        )
        each = x.shape[1] == wants and x.shape[2] * x.shape[3] > 1
        return (
            f"expects {wants} numbers, receives a map {tuple(x.shape)}: Linear works on the last "
            f"dimension, here the {x.shape[-1]} columns",
            f"{places}; or {lists}" if each else f"{lists}; or nn.Conv2d({x.shape[1]}, {out}, 1)",
        )
    before = source.shapes[0] if source is not None and source.shapes else ()
    if len(before) == 4 and before[2] * before[3] > 1:
        c, h, w = before[1:]
        return (
            f"expects {wants} numbers, receives {c} x {h} x {w} = {x.shape[-1]}: the map was "
            f"flattened without pooling, so the number depends on the size of the picture",
            f"nn.AdaptiveAvgPool2d(1) before nn.Flatten(), and {name} = nn.Linear({c}, {out})",
        )
    return (
        f"expects {wants} numbers, receives {x.shape[-1]}, which {maker(trace, x)} makes",
        f"{name} = nn.Linear({x.shape[-1]}, {out})",
    )


def _view(trace: Trace, op: Op) -> tuple[str, str]:
    x = op.tensors[0]
    wanted = op.args[1:] if not isinstance(op.args[1], (tuple, list)) else tuple(op.args[1])
    if "stride" in str(trace.error):
        return f"{op.name} cannot look at these numbers in another order", "reshape instead of view"
    numbers = " x ".join(map(str, x.shape))
    return (
        f"{op.name} to {tuple(wanted)} does not fit the {x.numel()} numbers of {tuple(x.shape)} "
        f"({numbers})",
        "x.flatten(1) for a list of numbers a picture; sizes taken from x.shape, not written down",
    )


def _pool(trace: Trace, op: Op) -> tuple[str, str]:
    x, k = op.tensors[0], max(pair(op.arg(1, "kernel_size")))
    if k > 4:  # meant as global pooling
        kind = "Avg" if op.name.startswith("avg") else "Max"
        code = f"nn.Adaptive{kind}Pool2d(1)"
        name = f"{spell(trace, op.call.name)} = " if op.call is not None and op.call.name else ""
        return (
            f"a window of {k} x {k} fits maps of one size only, and here comes one of "
            f"{size_of(x.shape)} ({story(trace, x)})",
            f"{name}{code}: one number a channel, whatever the size of the map",
        )
    return (
        f"{op.name} cannot make a map of {size_of(x.shape)} smaller ({story(trace, x)})",
        "pool(x) from colourlib.model stops at 2 pixels; or leave out one level of pooling",
    )


def _shuffle(trace: Trace, op: Op) -> tuple[str, str]:
    x, r = op.tensors[0], op.arg(1, "upscale_factor")
    return (
        f"PixelShuffle({r}) makes {r} x {r} pixels of {r * r} channels, but {x.shape[1]} cannot be "
        f"divided by {r * r}; {maker(trace, x)} makes them",
        f"let it make {r * r} times as many as you want: {r * r * 2} for 2 channels of chroma",
    )


def _unshuffle(trace: Trace, op: Op) -> tuple[str, str]:
    x, r = op.tensors[0], op.arg(1, "downscale_factor")
    return (
        f"PixelUnshuffle({r}) makes one place of {r} x {r}: {size_of(x.shape)} cannot be divided",
        f"fill up first: F.pad(x, (0, -x.shape[-1] % {r}, 0, -x.shape[-2] % {r}))",
    )


def _product(trace: Trace, op: Op) -> tuple[str, str]:
    a, b = (tuple(t.shape) for t in op.tensors[:2])
    return (
        f"the product of {a} and {b} needs equal numbers in the middle: {a[-1]} and {b[-2]}",
        f"transpose one of them: .transpose(-2, -1), if that makes it {a[-1]}",
    )


FUNCTIONS = {
    "conv2d": _conv,
    "conv_transpose2d": _conv,
    "batch_norm": _norm,
    "group_norm": _norm,
    "layer_norm": _norm,
    "linear": _linear,
    "cat": meeting,
    **dict.fromkeys(SUMS, meeting),
    "view": _view,
    "reshape": _view,
    "max_pool2d": _pool,
    "avg_pool2d": _pool,
    "pixel_shuffle": _shuffle,
    "pixel_unshuffle": _unshuffle,
    "matmul": _product,
    "bmm": _product,
}
