"""Maps that lie the wrong way: height and width exchanged, or one put below the other.

Where shapes do not fit, torch says so at once; but an enlargement makes them fit: then all shapes
are right and all places wrong. So each map is asked over which places of the picture it lies.
"""

import contextlib
import inspect
import itertools
import math
import re
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ..functions import FOLDS, SUMS, TURNS
from ..sentences import Finding, say
from ..sight import grid, places
from ..watch.tracing import PICTURE, Op, Trace
from ..wording import size_of

STRAIGHT, TURNED, ASTRAY, MIRRORED = "straight", "turned", "astray", "mirrored"
EXCHANGED = r"(\w+, \w+), ([wW]\w*), ([hH]\w*) = ([\w.]+\.(?:shape|size\(\)))"
BACK, THERE = "transpose(1, 2).reshape(n, c, height, width)", "flatten(2).transpose(1, 2)"
ALIKE = 0.9  # correlation of a map's rows with those of the picture


def turned(trace: Trace) -> Iterator[Finding]:
    """What exchanges height and width, or stacks maps along them. `trace`: of an oblong picture."""
    lies, behind = [_lies(over) for over in places(trace)], trace.ending()[0]
    for op in trace.ops:
        meet = [i for i in op.inputs if i not in (None, PICTURE) and lies[i]]
        meet = [i for i in meet if trace.ops[i].shape[2:] == op.shape[2:]]
        wrong = [i for i in meet if lies[i] not in (STRAIGHT, MIRRORED)]
        if op in behind and {STRAIGHT, MIRRORED} <= {lies[i] for i in meet}:
            wrong = [i for i in meet if lies[i] == MIRRORED]
        elif op.output is trace.output and lies[op.index] not in (STRAIGHT, None):
            wrong = [op.index]
        elif op.name not in ("cat", *SUMS) or len(wrong) == len(meet):
            continue  # alone, or all alike
        guilty = trace.ops[wrong[-1]] if wrong else op
        while (before := trace.before(guilty)) and lies[before.index] == lies[guilty.index]:
            guilty = before
        if wrong and (found := _moved(guilty, lies[guilty.index])):
            yield found
            return


def taken_apart(trace: Trace) -> Iterator[Finding]:
    """A view or reshape as if it changed the order of dimensions, which only permute does.

    Dimensions can be joined with their neighbours, or split: then of all the products of the first
    ones, before and after, each divides the next. `trace`: of an odd size, where that is no chance.
    """
    for op in (o for o in trace.ops if o.name in FOLDS and o.inputs[0] is not None):
        sizes = sorted({math.prod(s[:i]) for s in (op.shapes[0], op.shape) for i in range(len(s))})
        if any(b % a for a, b in itertools.pairwise(sizes)):
            before, after = op.shapes[0], op.shape
            back = len(after) == 4 and after[1] == before[-1]
            way = f"({', '.join('0312' if back else '0231')})" if len(before) == len(after) else ""
            way = f"permute{way}" if way else BACK if back else THERE
            yield say("taken apart", op.at_line, op=op, before=before, way=f"`y.{way}`")


def exchanged(model: nn.Module) -> Iterator[Finding]:
    """`n, c, w, h = x.shape` in a forward."""
    for kind in dict.fromkeys(map(type, model.modules())):
        with contextlib.suppress(OSError, TypeError):
            for line in re.finditer(EXCHANGED, inspect.getsource(kind.forward)):
                new = "{}, {}, {} = {}".format(*line.group(1, 3, 2, 4))
                yield say("exchanged", f"forward: {line[0]}", old=line[0], new=new)


def _lies(over: Tensor | None) -> str | None:
    """How a map lies, given the row and the column of the picture that each place lies over."""
    if over is None or min(over.shape[1:]) < 2:
        return None
    both = torch.stack([*grid(over.shape), *over]).flatten(1)
    signed = torch.corrcoef(both)[:2, 2:]
    alike = signed.abs() > ALIKE
    if not both.isfinite().all() or (over.flatten(1).std(1) == 0).any():
        return None
    if alike.equal(torch.eye(2, dtype=torch.bool)):
        return MIRRORED if (signed < -ALIKE).any() else STRAIGHT
    return TURNED if alike.equal(torch.eye(2, dtype=torch.bool).flip(0)) else ASTRAY


def _moved(op: Op, lies: str) -> Finding | None:
    """The finding for the op that moved the places; None where it may be meant."""
    ends = {"before": size_of(op.shapes[0]), "after": size_of(op.shape)}
    if op.name == "cat":
        dim = op.arg(1, "dim", 0)
        ends["below"] = "below" if dim % 4 == 2 else "beside"
        return say("beside", op.at_line, dim=dim, op=op, **ends)
    if lies == MIRRORED:
        return say("mirrored", op.at_line, op=op)
    if op.name in TURNS and lies == TURNED:
        return say("turned", op.at_line, op=op, **ends)
    if op.name in FOLDS:
        wide, high = op.shape[2:]
        return say("folded", op.at_line, n=wide * high, high=high, wide=wide, op=op)
    return None
