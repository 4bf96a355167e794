"""How far every layer sees: receptive fields, exactly, from a trace.

For each index along one axis of a map we keep the lowest and the highest index of the picture that
it depends on. A convolution takes the lowest and highest of what its window covers, a sum those of
its terms, and so on; padding covers nothing. Two axes, two short arrays a tensor: no gradients, no
random weights. What is not known here is None, and shown as "?": never guessed.

BatchNorm is taken as in eval mode; in train mode it looks at the whole batch.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ..watch.tracing import PICTURE, Op, Trace
from .windows import EVERYTHING, NOTHING, WINDOWS, Axis, Field, Unknown

# Functions that look at one place at a time.
_POINTWISE_NAMES = """
    add sub subtract rsub mul multiply div divide true_divide truediv rtruediv rdiv reciprocal pow
    rpow neg negative abs absolute relu relu6 leaky_relu prelu rrelu elu selu celu gelu silu mish
    hardtanh hardswish hardsigmoid softplus softsign tanhshrink hardshrink softshrink logsigmoid
    threshold tanh sigmoid expit exp expm1 log log1p sqrt rsqrt square sin cos sign clamp clip
    clamp_min clamp_max maximum minimum where lerp addcmul addcdiv nan_to_num erf round floor ceil
    dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout batch_norm
    contiguous clone detach data to type type_as float double half bfloat16 cpu cuda requires_grad
    gt ge lt le eq ne logical_not positive identity
"""
POINTWISE = set(_POINTWISE_NAMES.split())


def fields(trace: Trace) -> list[Field | None]:
    """The Field of every op's output, in order; None where it is not known."""
    height, width = trace.x.shape[-2:]
    picture = Field(
        *(Axis(dim, np.arange(n), np.arange(n)) for dim, n in ((2, height), (3, width)))
    )
    found: list[Field | None] = []
    for op in trace.ops:
        sources = [
            picture if i == PICTURE else NOTHING if i is None else found[i] for i in op.inputs
        ]
        try:
            found.append(_step(op, sources))
        except (Unknown, IndexError, TypeError, ValueError):
            found.append(None)
    return found


def _step(op: Op, sources: list[Field | None]) -> Field:
    looking = [f for f in sources if f != NOTHING]
    if any(f is None for f in looking):
        raise Unknown
    if not looking:
        return NOTHING
    if all(f.everything for f in looking):
        return EVERYTHING  # whatever is done with it
    if op.name == "cat":
        return _cat(op, sources)
    if op.name in POINTWISE:
        return _join(op, sources)
    if op.name in ATTENTION:
        return _attention(op, sources)
    if any(f.everything for f in looking) or op.name not in RULES:
        raise Unknown
    return RULES[op.name](op, looking[0])


def _join(op: Op, sources: list[Field]) -> Field:
    """Of several tensors that are broadcast against each other."""
    looking = [(f, s) for f, s in zip(sources, op.shapes, strict=True) if f != NOTHING]
    if any(f.everything for f, _ in looking):
        return EVERYTHING
    out = len(op.shape)
    moved = []
    for f, shape in looking:
        if f.mixed or f.tokens is not None:
            if len(looking) > 1 and any(g.tokens != f.tokens or g.mixed for g, _ in looking):
                raise Unknown
            if f.mixed:
                return f
        shift = out - len(shape)
        moved.append(_dims(f, lambda d, shift=shift: d + shift))
    result = moved[0]
    for other in moved[1:]:
        axes = []
        for a, b in zip(result.axes, other.axes, strict=True):
            if a.dim is not None and b.dim is not None and a.dim != b.dim:
                raise Unknown
            length = max(a.length, b.length)
            joined = a.stretched(length).joined(b.stretched(length))
            axes.append(replace(joined, dim=a.dim if a.dim is not None else b.dim))
        result = replace(result, rows=axes[0], columns=axes[1])
    return result


def _dims(f: Field, change) -> Field:
    """The same field with its dimensions renumbered."""
    move = [None if a.dim is None else change(a.dim) for a in f.axes]
    tokens = None if f.tokens is None else change(f.tokens)
    rows, columns = (replace(a, dim=d) for a, d in zip(f.axes, move, strict=True))
    return replace(f, rows=rows, columns=columns, tokens=tokens)


def _cat(op: Op, sources: list[Field]) -> Field:
    dim = op.arg(1, "dim", 0) % len(op.shape)
    for f in sources:
        if f != NOTHING and not f.everything and (f.mixed or dim in _spatial(f)):
            raise Unknown
    return _join(op, sources)


def _spatial(f: Field) -> set[int]:
    return {d for d in (f.tokens, *(a.dim for a in f.axes)) if d is not None}


def _reduce(op: Op, f: Field) -> Field:
    """mean, sum, max ... over some dimensions, or over all."""
    if f.mixed:
        raise Unknown
    ndim = len(op.shapes[0])
    dim = op.arg(1, "dim")
    if isinstance(dim, bool) or dim is None:
        return EVERYTHING
    gone = {d % ndim for d in (dim if isinstance(dim, (tuple, list)) else [dim])}
    if f.tokens is not None and f.tokens in gone:
        return EVERYTHING
    axes = [replace(a.all_of_it(), dim=a.dim) if a.dim in gone else a for a in f.axes]
    f = replace(f, rows=axes[0], columns=axes[1])
    if len(op.shape) == ndim:
        return f
    axes = [replace(a, dim=None) if a.dim in gone else a for a in f.axes]
    f = replace(f, rows=axes[0], columns=axes[1])
    return _dims(f, lambda d: d - sum(g < d for g in gone))


def _reshape(op: Op, f: Field) -> Field:
    """view, reshape, flatten, squeeze ...: a dimension stays if as many numbers come before it."""
    old, new = op.shapes[0], op.shape
    if f.mixed:
        return f

    def same(dim: int, size: int) -> int | None:
        before = math.prod(old[:dim])
        fits = [d for d, n in enumerate(new) if n == size and math.prod(new[:d]) == before]
        return fits[-1] if fits else None

    h, w = f.rows.length, f.columns.length
    if f.tokens is not None:
        place, rows = same(f.tokens, h * w), same(f.tokens, h)
        if rows is not None and rows + 1 < len(new) and new[rows + 1] == w:
            return Field(replace(f.rows, dim=rows), replace(f.columns, dim=rows + 1))
        return replace(f, tokens=place) if place is not None else replace(_gone(f), mixed=True)
    axes = []
    for axis in f.axes:
        stays = None if axis.dim is None else same(axis.dim, axis.length)
        axes.append(replace(axis, dim=stays))
    if all(a.dim is not None or a.length == 1 for a in axes):
        return Field(*axes)
    if f.rows.dim is not None and f.columns.dim == f.rows.dim + 1:
        place = same(f.rows.dim, h * w)
        if place is not None:
            return replace(_gone(f), tokens=place)
    return replace(_gone(f), mixed=True)


def _gone(f: Field) -> Field:
    """With no dimension of its own for rows and columns."""
    return Field(replace(f.rows, dim=None), replace(f.columns, dim=None))


def _permute(op: Op, f: Field) -> Field:
    ndim = len(op.shape)
    if op.name == "permute":
        order = op.args[1] if isinstance(op.arg(1, "dims"), (tuple, list)) else op.args[1:]
        order = [d % ndim for d in (order or op.kwargs["dims"])]
    else:
        a, b = op.arg(1, "dim0") % ndim, op.arg(2, "dim1") % ndim
        order = list(range(ndim))
        order[a], order[b] = b, a
    return _dims(f, order.index)


def _same(op: Op, f: Field) -> Field:
    """Pieces along a dimension that is not one of the picture's."""
    dim = op.arg(2, "dim", 0)
    if f.mixed or dim % len(op.shapes[0]) in _spatial(f):
        raise Unknown
    return f


def _expand(op: Op, f: Field) -> Field:
    f = _dims(f, lambda d: d + len(op.shape) - len(op.shapes[0]))
    axes = [a if a.dim is None else a.stretched(op.shape[a.dim]) for a in f.axes]
    return replace(f, rows=axes[0], columns=axes[1])


def _getitem(op: Op, f: Field) -> Field:
    index = op.args[1] if isinstance(op.args[1], tuple) else (op.args[1],)
    if f.mixed or f.tokens is not None:
        raise Unknown
    real = sum(i is not None and i is not Ellipsis for i in index)
    ndim, axes, old, new = len(op.shapes[0]), list(f.axes), 0, 0
    if Ellipsis not in index:
        index = (*index, Ellipsis)
    places: dict[int, int | None] = {}
    for i in index:
        if i is None:
            new += 1
        elif i is Ellipsis:
            for _ in range(ndim - real):
                places[old], old, new = new, old + 1, new + 1
        elif isinstance(i, (int, slice)):
            for n, axis in enumerate(axes):
                if axis.dim == old:
                    cut = slice(i, i + 1 or None) if isinstance(i, int) else i
                    axes[n] = replace(axis, low=axis.low[cut], high=axis.high[cut])
            places[old] = None if isinstance(i, int) else new
            old, new = old + 1, new + (not isinstance(i, int))
        else:
            raise Unknown
    return Field(*(a if a.dim is None else replace(a, dim=places[a.dim]) for a in axes))


def _over(op: Op, f: Field, dim: int) -> Field:
    """Everything along `dim` is looked at together."""
    if f.mixed or dim in _spatial(f):
        return EVERYTHING
    return f


def _softmax(op: Op, f: Field) -> Field:
    return _over(op, f, op.arg(1, "dim", -1) % len(op.shape))


def _linear(op: Op, f: Field) -> Field:
    return _over(op, f, len(op.shapes[0]) - 1)


def _group_norm(op: Op, f: Field) -> Field:
    return EVERYTHING


def _layer_norm(op: Op, f: Field) -> Field:
    ndim = len(op.shape)
    for dim in range(ndim - len(op.arg(1, "normalized_shape")), ndim):
        if _over(op, f, dim).everything:
            return EVERYTHING
    return f


ATTENTION = {"matmul", "bmm", "einsum", "baddbmm", "scaled_dot_product_attention"}
ATTENTION |= {"multi_head_attention_forward"}


def _attention(op: Op, sources: list[Field]) -> Field:
    """Products of two maps look at everything; a map times a matrix of parameters is linear."""
    looking = [f for f in sources if f != NOTHING]
    if op.name == "matmul" and len(looking) == 1 and sources[1] == NOTHING:
        return _linear(op, looking[0])
    return EVERYTHING


def _table(**rules) -> dict:
    return {name: rule for names, rule in rules.items() for name in names.split("__")}


RULES = WINDOWS | _table(
    mean__sum__amax__amin__max__min__std__var__logsumexp=_reduce,
    view__reshape__flatten__unflatten__squeeze__unsqueeze__view_as__reshape_as=_reshape,
    permute__transpose__swapaxes__swapdims=_permute,
    chunk__split=_same,
    expand__expand_as__broadcast_to=_expand,
    getitem=_getitem,
    softmax__log_softmax__softmin=_softmax,
    linear=_linear,
    group_norm__instance_norm=_group_norm,
    layer_norm__rms_norm=_layer_norm,
)
