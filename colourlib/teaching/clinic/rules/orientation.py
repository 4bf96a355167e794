"""Maps that lie the wrong way: height and width exchanged, or one put below the other.

A transposed map is found at once where it meets another at a picture that is not square, unless
an enlargement fits it in: then all shapes are right and all places wrong. So the meaning of each
dimension is followed through a pass: which is height, which is width.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..crash.meetings import SUMS
from ..sight.footprints import POINTWISE
from ..watch.tracing import PICTURE, Op, Trace
from ..wording import Finding, size_of
from .findings import CONVS, NORMS

Axes = tuple[str, ...] | None  # ("N", "C", "H", "W"), "HW" for places in a row; None: not known
PICTURES = ("N", "C", "H", "W")
TURNED = ("N", "C", "W", "H")
# What leaves the order of the dimensions as it is.
_KEEPING = "interpolate upsample pad getitem expand max_pool2d avg_pool2d softmax pixel_shuffle"
KEEPING = {*_KEEPING.split(), *CONVS, *NORMS, *POINTWISE, *SUMS, "cat", "float", "to"}


def turned(trace: Trace) -> Iterator[Finding]:
    """What exchanges height and width, or stacks maps along them. `trace`: of an oblong picture."""
    known: list[Axes] = []
    for op in trace.ops:
        axes = [
            PICTURES if i == PICTURE else known[i] if i is not None else None for i in op.inputs
        ]
        known.append(_axes(op, axes))
        lying = [a for a, s in zip(axes, op.shapes, strict=True) if len(s) == 4 and s[2] * s[3] > 1]
        if op.name == "cat" and (finding := _cat(trace, op, known[-1])):
            yield finding
            return
        if _scrambled(trace, op, axes[0] if axes else None):
            yield _folded(op)
            return
        wrong = op.name in ("cat", *SUMS) and PICTURES in lying and TURNED in lying
        last = op.output is trace.output and known[-1] == TURNED
        if wrong or last:
            guilty = _turn(trace, known, op)
            yield Finding(
                "warning", str(guilty.line or guilty.where),
                f"exchanges height and width: {size_of(guilty.shapes[0])} -> "
                f"{size_of(guilty.shape)}; enlarged later, the map has the right size, but lies "
                f"across the picture",
                "leave it out, or turn the map back, .transpose(2, 3), behind the layers that need "
                "it turned",
            )  # fmt: skip
            return


def _axes(op: Op, given: list[Axes]) -> Axes:
    """What the dimensions of its output mean."""
    first = given[0] if given else None
    if op.name in ("cat", *SUMS):
        full = [a for a, s in zip(given, op.shapes, strict=True) if a and len(s) == len(op.shape)]
        return full[0] if full else None
    if first is None or len(first) != len(op.shapes[0]):
        return None
    if op.name in ("transpose", "swapaxes", "swapdims") and len(op.args) == 3:
        a, b = op.args[1:]
        order = list(first)
        order[a], order[b] = order[b], order[a]
        return tuple(order)
    if op.name == "mT":
        return (*first[:-2], first[-1], first[-2])
    if op.name == "permute":
        dims = op.args[1] if isinstance(op.args[1], (tuple, list)) else op.args[1:]
        return tuple(first[d] for d in dims)
    if op.name in ("flatten", "view", "reshape"):
        return _reshaped(op, first)
    return first if op.name in KEEPING and len(op.shape) == len(first) else None


def _reshaped(op: Op, first: Axes) -> Axes:
    before, after = op.shapes[0], op.shape
    if before == after:
        return first
    if len(before) == 4 and after == (*before[:2], before[2] * before[3]):
        return {PICTURES: ("N", "C", "HW"), TURNED: ("N", "C", "WH")}.get(first)
    if len(before) == 3 and len(after) == 4 and after[:2] == before[:2]:
        return {("N", "C", "HW"): PICTURES, ("N", "C", "WH"): TURNED}.get(first)
    return None


def _scrambled(trace: Trace, op: Op, axes: Axes) -> bool:
    """Are places in a row folded again as if they had been W x H?"""
    if op.name not in ("view", "reshape") or axes != ("N", "C", "HW") or len(op.shape) != 4:
        return False
    source = trace.before(op)
    while source is not None and len(source.shape) != 4:
        if source.shapes and len(source.shapes[0]) == 4:
            sides = source.shapes[0][2:]
            return sides[0] != sides[1] and op.shape[2:] == sides[::-1]
        source = trace.before(source)
    return False


def _folded(op: Op) -> Finding:
    wide, high = op.shape[2:]
    return Finding(
        "warning", str(op.line or op.where),
        f"folds the {wide * high} places of a map of {high} x {wide} as {wide} x {high}: height "
        f"and width are exchanged, and every place comes to lie elsewhere",
        "y.reshape(n, c, height, width), or y.reshape(x.shape), with the map it was made of",
    )  # fmt: skip


def _turn(trace: Trace, known: list[Axes], op: Op) -> Op:
    """The last op before this one that exchanged them."""
    guilty = op
    for index in sorted((i for i in op.inputs if i is not None and i >= 0), reverse=True):
        if known[index] == TURNED:
            guilty = trace.ops[index]
            break
    while (before := trace.before(guilty)) is not None and known[before.index] == TURNED:
        guilty = before
    return guilty


def _cat(trace: Trace, op: Op, axes: Axes) -> Finding | None:
    """Maps stacked along height or width, so that the picture's proportions are lost."""
    if axes not in (PICTURES, TURNED) or any(len(s) != 4 for s in op.shapes):
        return None
    dim = op.arg(1, "dim", 0) % 4
    if dim < 2 or len({s[2:] for s in op.shapes}) > 1:
        return None
    high, wide = (a / b for a, b in zip(op.shape[2:], trace.x.shape[2:], strict=True))
    if axes == TURNED or 0.67 < high / wide < 1.5:  # halves of a map put together again
        return None
    below = "below" if dim == 2 else "beside"
    return Finding(
        "warning", str(op.line or op.where),
        f"torch.cat along dimension {op.arg(1, 'dim', 0)} puts the maps {below} one another: "
        f"{size_of(op.shapes[0])} -> {size_of(op.shape)}; enlarged or cut later, they no longer "
        f"lie over the picture",
        "torch.cat([...], dim=1): along the channels",
    )  # fmt: skip
