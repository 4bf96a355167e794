"""Tensors that meet in a sum or in torch.cat and do not fit: which two, and what mends it."""

from __future__ import annotations

import ast

from torch import Tensor

from ..watch.tracing import SAME, Op, Trace
from ..wording import maker, size_of, story

SUMS = {"add", "sub", "mul", "div", "true_divide", "rsub", "maximum", "minimum", "lerp", "where"}
SIGNS = {"add": ast.Add, "sub": ast.Sub, "mul": ast.Mult, "div": ast.Div, "true_divide": ast.Div}


def meeting(trace: Trace, op: Op) -> tuple[str, str]:
    """cat, +, *: tensors that should be of one size."""
    a, b = clash(op)
    one, two = maker(trace, a), maker(trace, b)
    verb = "torch.cat stacks" if op.name == "cat" else "+ joins" if op.name == "add" else op.name
    if a.ndim != b.ndim:
        few, many = (a, b) if a.ndim < b.ndim else (b, a)
        who = maker(trace, few)
        if few.ndim != 2 or many.ndim != 4:
            return f"{verb} {tuple(a.shape)} of {one} with {tuple(b.shape)} of {two}", ""
        code = "[:, :, None, None]"
        if op.name == "cat":
            code += f".expand(-1, -1, *y.shape[-2:]), where y is the map of {size_of(many.shape)}"
        return (
            f"{who} makes {tuple(few.shape)}, one list of numbers a picture; it has to get height "
            f"and width before it can meet the map {tuple(many.shape)}",
            f"put {code} behind it",
        )
    pictures = trace.x.shape[0]
    if a.shape[0] != b.shape[0] and max(a.shape[0], b.shape[0]) != pictures:
        odd = next(t for t in (a, b) if t.shape[0] != pictures)
        source = trace.op_of(odd)
        fix = "x.shape[0] where the number of pictures is written down, .view(x.shape[0], ...)"
        if op.name == "cat" or "torch.cat" in maker(trace, odd) or _has_cat(trace, source):
            fix = "torch.cat([...], dim=1): along the channels, not along the batch"
        return f"{verb} batches of {a.shape[0]} and {b.shape[0]}: {pictures} came in", fix
    if a.shape[2:] != b.shape[2:] and (
        op.name == "cat" or not broadcasts(a.shape[2:], b.shape[2:])
    ):
        small, large = (a, b) if a.shape[-1] * a.shape[-2] < b.shape[-1] * b.shape[-2] else (b, a)
        if op.name == "cat" and tuple(small.shape[2:]) == (1, 1):
            return (
                f"{verb} a map of 1 x 1 with one of {size_of(large.shape)}: global pooling has to "
                f"be spread over the map again",
                "y.expand(-1, -1, *other.shape[-2:]) on the map of 1 x 1",
            )
        return (
            f"the sizes stop matching at the skip: {size_of(a.shape)} of {one} meets "
            f"{size_of(b.shape)} of {two} ({story(trace, small)}; {story(trace, large)})",
            _enlarge(op, small is a),
        )
    if op.name == "cat" and a.shape[0] == b.shape[0]:
        return f"{verb} along dimension {op.arg(1, 'dim', 0)}, where they do not fit", "dim=1"
    return (
        f"{verb} {a.shape[1]} channels of {one} and {b.shape[1]} of {two}: "
        f"to be added they have to be as many",
        f"a 1x1 convolution on one of them, nn.Conv2d({b.shape[1]}, {a.shape[1]}, 1), "
        f"or let {two} make {a.shape[1]}, or torch.cat([...], dim=1)",
    )


def _enlarge(op: Op, first: bool) -> str:
    """upsample_to with the two operands as the line spells them; `first`: the first is small."""
    two = _operands(op)
    if two is None:
        return (
            "upsample_to(y, other), other: the map it is to meet; that is "
            "F.interpolate(y, size=other.shape[-2:], mode='bilinear')"
        )
    small, large = two if first else two[::-1]
    return (
        f"upsample_to({small}, {large}): enlarge to the size of the map it meets, "
        f"F.interpolate({small}, size={large}.shape[-2:], mode='bilinear')"
    )


def _operands(op: Op) -> tuple[str, str] | None:
    """The code of the two tensors that meet; None where the line does not tell."""
    text = op.line.text if op.line is not None else ""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    found = []
    for node in ast.walk(tree):
        if op.name == "cat" and isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            parts = node.args[0].elts if isinstance(node.args[0], (ast.List, ast.Tuple)) else []
            if SAME.get(name, name) == "cat" and len(parts) == 2:
                found.append(tuple(parts))
        elif (
            op.name in SIGNS and isinstance(node, ast.BinOp) and isinstance(node.op, SIGNS[op.name])
        ):
            found.append((node.left, node.right))
    if len(found) != 1 or any(isinstance(part, ast.Starred) for part in found[0]):
        return None
    return tuple(ast.unparse(part) for part in found[0])


def _has_cat(trace: Trace, op: Op | None) -> bool:
    """Was it stacked along the batch somewhere?"""
    while op is not None and op.name != "cat":
        op = trace.before(op)
    return op is not None and op.arg(1, "dim", 0) == 0


def clash(op: Op) -> tuple[Tensor, Tensor]:
    first = op.tensors[0]
    dim = op.arg(1, "dim", 0) if op.name == "cat" else None
    for other in op.tensors[1:]:
        if first.ndim != other.ndim:
            return first, other
        if dim is None:
            if not broadcasts(first.shape, other.shape):
                return first, other
        elif any(
            m != n
            for i, (m, n) in enumerate(zip(first.shape, other.shape, strict=True))
            if i != dim % first.ndim
        ):
            return first, other
    raise ValueError


def broadcasts(a, b) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(a, b, strict=True))
