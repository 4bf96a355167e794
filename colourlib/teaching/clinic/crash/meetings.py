"""Tensors that meet in a sum or in torch.cat and do not fit: which two, and what mends it."""

from __future__ import annotations

import ast

from torch import Tensor

from ..watch.tracing import SAME, Op, Trace
from ..wording import maker, size_of, story
from .sentences import words

SIGNS = {"add": ast.Add, "sub": ast.Sub, "mul": ast.Mult, "div": ast.Div, "true_divide": ast.Div}
VERBS = {"cat": "torch.cat stacks", "add": "+ joins"}


def meeting(trace: Trace, op: Op) -> tuple[str, str]:
    """cat, +, *: tensors that should be of one size."""
    a, b = clash(op)
    pictures, verb = trace.x.shape[0], VERBS.get(op.name, op.name)
    facts = {"verb": verb, "one": maker(trace, a), "two": maker(trace, b)}
    if a.ndim != b.ndim:
        few, many = (a, b) if a.ndim < b.ndim else (b, a)
        if few.ndim != 2 or many.ndim != 4:
            shapes = {"first": tuple(a.shape), "second": tuple(b.shape)}
            return words("other dimensions", code="", **shapes, **facts)
        code = "[:, :, None, None]"
        if op.name == "cat":
            code += f".expand(-1, -1, *y.shape[-2:]), where y is the map of {size_of(many.shape)}"
        facts |= {"few": tuple(few.shape), "many": tuple(many.shape), "who": maker(trace, few)}
        return words("list meets map", code=code, **facts)
    if a.shape[0] != b.shape[0] and max(a.shape[0], b.shape[0]) != pictures:
        code = "x.shape[0] where the number of pictures is written down, .view(x.shape[0], ...)"
        if any(o.name == "cat" and o.arg(1, "dim", 0) == 0 for o in (op, *trace.ops)):
            code = "torch.cat([...], dim=1): along the channels, not along the batch"
        return words("batches", n=a.shape[0], m=b.shape[0], pictures=pictures, code=code, **facts)
    sizes = a.shape[2:], b.shape[2:]
    if sizes[0] != sizes[1] and (op.name == "cat" or not broadcasts(*sizes)):
        small, large = sorted((a, b), key=lambda t: t.shape[-1] * t.shape[-2])
        if op.name == "cat" and tuple(small.shape[2:]) == (1, 1):
            return words("pooled", size=size_of(large.shape), **facts)
        facts |= {"first": size_of(a.shape), "second": size_of(b.shape)}
        ways = {"small": story(trace, small), "large": story(trace, large)}
        return words("skip", code=_enlarge(op, small is a), **facts, **ways)
    if op.name == "cat" and a.shape[0] == b.shape[0]:
        return words("along", dim=op.arg(1, "dim", 0), **facts)
    return words("sum", n=a.shape[1], m=b.shape[1], **facts)


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
    if len(found) != 1 or any(isinstance(part, ast.Starred) for part in found[0]):
        return None
    return tuple(ast.unparse(part) for part in found[0])


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
