"""Layers and functions that were given a shape they cannot take: what came, and what mends it.

Each rule takes the trace and the op that failed, and answers (what, fix), or None.
"""

import ast
import math
import re

from torch import Tensor

from ..functions import SAME, SUMS, pair
from ..sentences import words
from ..watch.tracing import Call, Op, Trace
from ..wording import code_of, maker, size_of, story

SIGNS = {"add": ast.Add, "sub": ast.Sub, "mul": ast.Mult, "div": ast.Div, "true_divide": ast.Div}
VERBS = {"cat": "torch.cat stacks", "add": "+ joins"}


def _conv(trace: Trace, op: Op) -> tuple[str, str]:
    x, weight = op.tensors[:2]
    if x.dtype != weight.dtype:
        return _dtype(x, weight)
    if x.ndim != 4:
        lists = "give it a map (N, C, H, W): `y[:, :, None, None]` is a list of numbers as one"
        hint = "`torch.cat([a, b], dim=1)`, not torch.stack" if x.ndim == 5 else lists
        return words("not a map", shape=tuple(x.shape), who=maker(trace, x), hint=hint)
    transposed = op.name == "conv_transpose2d"
    wants = weight.shape[0] if transposed else weight.shape[1] * op.arg(6, "groups", 1)
    if x.shape[1] != wants:
        code = f"a weight for {x.shape[1]} channels"
        if op.call is not None:
            code = f"`{op.make}{code_of(op.call.module, op.kind, x.shape[1])}`"
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


def _norm(trace: Trace, op: Op) -> tuple[str, str] | None:
    x, n = op.tensors[0], op.tensors[0].shape[1]
    own = next((t for t, i in zip(op.tensors, op.inputs, strict=True) if i is None), None)
    groups = op.arg(1, "num_groups") if op.name == "group_norm" else None
    least = len(x) * n if op.name == "instance_norm" else groups or n  # one for each spread
    if x.numel() == least and op.name != "layer_norm":
        way = story(trace, x)
        way = f" ({way})" if way.count("->") > 1 else ""
        facts = {"op": op, "unit": "group" if groups else "channel", "code": op.code or "layer"}
        return words("one number", shape=tuple(x.shape), way=way, **facts)
    if op.name == "layer_norm":
        wants = tuple(op.arg(1, "normalized_shape"))
        return words("last dimensions", wants=wants, shape=tuple(x.shape), gets=n)
    if own is not None and own.numel() != n:
        first = f"{groups}, " if groups else ""
        return _channels(trace, x, own.numel(), f"`{op.make}nn.{op.kind}({first}{n})`")
    return words("groups", gets=n, groups=groups, fits=math.gcd(groups, n)) if groups else None


def _linear(trace: Trace, op: Op) -> tuple[str, str]:
    x, weight = op.tensors[:2]
    if x.dtype != weight.dtype:
        return _dtype(x, weight)
    facts = {"wants": weight.shape[1], "makes": weight.shape[0], "gets": x.shape[-1]}
    facts |= {"layer": op.code or "layer", "shape": tuple(x.shape)}
    if x.ndim == 4 or (x.ndim == 3 and x[0].numel() == weight.shape[1]):
        n, out = x.shape[1], weight.shape[0]
        code = "pool and flatten first: `nn.AdaptiveAvgPool2d(1)` and `nn.Flatten()` before it"
        if n == weight.shape[1] and x[0, 0].numel() > 1:
            code = f"`{facts['layer']} = nn.Conv2d({n}, {out}, 1)`: the same numbers at every place"
        return words("to Linear", code=code, **facts)
    source = trace.op_of(x)
    before = source.shapes[0] if source is not None and source.shapes else ()
    if len(before) == 4 and before[2] * before[3] > 1:
        return words("flattened", **facts, **dict(zip("chw", before[1:], strict=True)))
    return words("numbers", who=maker(trace, x), **facts)


def _size(trace: Trace, op: Op) -> tuple[str, str] | None:
    size = op.arg(1, "size")
    return words("map as size", shape=tuple(size.shape)) if isinstance(size, Tensor) else None


def _view(trace: Trace, op: Op) -> tuple[str, str]:
    x, wanted = op.tensors[0], op.args[1]
    wanted = tuple(wanted) if isinstance(wanted, (tuple, list)) else op.args[1:]
    key = "order" if "stride" in str(trace.error) else "view size"
    return words(key, op=op, wanted=wanted, n=x.numel(), shape=tuple(x.shape))


def _pool(trace: Trace, op: Op) -> tuple[str, str]:
    x, k = op.tensors[0], max(pair(op.arg(1, "kernel_size")))
    facts = {"op": op, "make": op.make, "kind": op.name[:3].title(), "way": story(trace, x)}
    key = "one size" if k > 4 else "too small"  # the large one was meant as global pooling
    return words(key, size=size_of(x.shape), k=k, **facts)


def _shuffle(trace: Trace, op: Op) -> tuple[str, str]:
    x, r = op.tensors[0], op.arg(1, "upscale_factor", op.arg(1, "downscale_factor"))
    facts = {"r": r, "square": r * r, "both": 2 * r * r, "gets": x.shape[1]}
    key = "shuffle" if op.name == "pixel_shuffle" else "unshuffle"
    return words(key, size=size_of(x.shape), who=maker(trace, x), **facts)


def meeting(trace: Trace, op: Op) -> tuple[str, str]:
    """cat, +, *: tensors that should be of one size."""
    a, b = clash(op)
    pictures, verb = trace.x.shape[0], VERBS.get(op.name, op.name)
    facts = {"verb": verb, "one": maker(trace, a), "two": maker(trace, b)}
    fixed = {None}  # parameters, and what is made of them alone
    for o in trace.ops:
        fixed |= {o.index} if o.inputs and set(o.inputs) <= fixed else set()
    own = [t for t in (a, b) if trace.made.get(id(t)) in fixed and t.ndim > 1]
    if len(own) == 1 and not trace.exits and not broadcasts(a.shape[-2:], b.shape[-2:]):
        mask, m = (a, b) if own[0] is a else (b, a)
        y, like = (operands(trace, op) or ("y", "other"))[:: 1 if mask is a else -1]
        y += "[None]" * (4 - mask.ndim)
        like = like if re.fullmatch(r"[\w.]+", like) else f"({like})"
        code = f"`F.interpolate({y}, size={like}.shape[-2:], mode='bilinear')`"
        return words("fixed size", code=code, one=y, size=size_of(mask.shape), m=size_of(m.shape))
    if a.ndim != b.ndim:
        few, many = (a, b) if a.ndim < b.ndim else (b, a)
        if few.shape[-1:] != many.shape[1:2] or few.ndim > 2 or many.ndim != 4:
            shapes = {"first": tuple(a.shape), "second": tuple(b.shape)}
            return words("other dimensions", code="", **shapes, **facts)
        y, other = operands(trace, op) or ("y", "other")
        y, other = (y, other) if few is a else (other, y)
        code = f"{y}[{':, ' * few.ndim}None, None]"
        code += f".expand(-1, -1, *{other}.shape[-2:])" if op.name == "cat" else ""
        facts |= {
            "few": tuple(few.shape),
            "each": " a picture" * (few.ndim > 1),
            "many": tuple(many.shape),
            "who": maker(trace, few),
        }
        return words("list meets map", code=code, **facts)
    if a.shape[0] != b.shape[0] and max(a.shape[0], b.shape[0]) != pictures:
        code = "`x.shape[0]` where the number of pictures is written down"
        if any(o.name == "cat" and o.arg(1, "dim", 0) == 0 for o in (op, *trace.ops)):
            code = "`torch.cat([a, b], dim=1)`: along the channels, not along the batch"
        return words("batches", n=a.shape[0], m=b.shape[0], pictures=pictures, code=code, **facts)
    sizes = a.shape[2:], b.shape[2:]
    if sizes[0] != sizes[1] and (op.name == "cat" or not broadcasts(*sizes)):
        small, large = sorted((a, b), key=lambda t: t.shape[-1] * t.shape[-2])
        if op.name == "cat" and tuple(small.shape[2:]) == (1, 1):
            return words("pooled", size=size_of(large.shape), **facts)
        facts |= {"first": size_of(a.shape), "second": size_of(b.shape)}
        facts |= {"small": story(trace, small), "large": story(trace, large)}
        y, other = operands(trace, op) or ("y", "other")
        y, other = (y, other) if small is a else (other, y)
        if inner := re.match(r"F.interpolate\((.*), scale_factor=[\d.]+\)$", other):
            y, other = inner[1], y
        that = " (other: the map it is to meet)" if other == "other" else ""
        facts["code"] = f"`upsample_to({y}, {other})`{that}: that is"
        return words("skip", y=y, other=other, **facts)
    if op.name == "cat" and a.shape[0] == b.shape[0]:
        return words("along", dim=op.arg(1, "dim", 0), **facts)
    return words("sum", n=a.shape[1], m=b.shape[1], **facts)


def operands(trace: Trace, op: Op) -> tuple[str, str] | None:
    """The code of the two tensors that meet; None where the line does not tell."""
    try:
        tree = ast.parse(op.line.text if op.line is not None else "")
    except SyntaxError:
        return None
    found = []
    for node in ast.walk(tree):
        if op.name == "cat" and isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            parts = getattr(node.args[0], "elts", ())
            if SAME.get(name, name) == "cat" and len(parts) == 2:
                found.append(parts)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, SIGNS.get(op.name, ())):
            found.append((node.left, node.right))
    if not found:
        return None
    done = sum(o.name == op.name and o.line == op.line and o.call is None for o in trace.ops)
    two = found[::-1][done % len(found)]  # the inner ones come first
    return None if any(isinstance(p, ast.Starred) for p in two) else tuple(map(ast.unparse, two))


def clash(op: Op) -> tuple[Tensor, Tensor]:
    """The first two tensors that do not fit. Raises ValueError where all do."""
    first, along = op.tensors[0], op.arg(1, "dim", 0) if op.name == "cat" else None
    for other in op.tensors[1:]:
        if first.ndim != other.ndim:
            return first, other
        shapes = [list(first.shape), list(other.shape)]
        if along is not None:
            shapes[0][along] = shapes[1][along]
        if shapes[0] != shapes[1] and (along is not None or not broadcasts(*shapes)):
            return first, other
    raise ValueError("all of them fit")


def broadcasts(a, b) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(a, b, strict=True))


FUNCTIONS = {
    **dict.fromkeys(("conv2d", "conv_transpose2d"), _conv),
    **dict.fromkeys(("batch_norm", "group_norm", "instance_norm", "layer_norm"), _norm),
    **dict.fromkeys(("cat", *SUMS), meeting),
    **dict.fromkeys(("view", "reshape"), _view),
    **dict.fromkeys(("max_pool2d", "avg_pool2d"), _pool),
    **dict.fromkeys(("pixel_shuffle", "pixel_unshuffle"), _shuffle),
    **dict.fromkeys(("interpolate", "upsample"), _size),
    "linear": _linear,
}
