"""Where every number comes from: how far each layer sees, and what its map lies over.

Each tensor gets a shadow of its own shape, whose batch holds not pictures but what is followed
through the pass. For `extents` that is the last and the first row and column of the picture that a
number depends on: a convolution takes the largest of its window, a sum that of its terms, and what
only moves numbers about moves those of the shadow, too. For `places` it is the row and the column
that a number lies over. What is not known here is None, and shown as "?": never guessed.

BatchNorm is taken as in eval mode; in train mode it looks at the whole batch.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import reduce
from itertools import cycle

import torch
import torch.nn.functional as F
from torch import Tensor

from ...common.copies import replace_tensors, tensors_in
from .functions import LOOKS_AT_ALL, MOVES, NORMS, OVER, POINTWISE, pair
from .watch.tracing import Op, Trace

ENDS, AXES = 4, 2  # pictures that a trace needs for `extents`, and for `places`
ALL = "all"  # in place of a shadow: the whole picture is looked at
NOTHING = -torch.inf  # what padding and constants depend on

Shadow = Tensor | str | None


def extents(trace: Trace) -> list[tuple[int, int] | str | None]:
    """(height, width) that the middle of each op's output sees; "all"; None: not known.

    trace: of `ENDS` pictures in eval mode.
    """
    rows, columns = grid(trace.x.shape)
    ends = torch.stack([rows, -rows, columns, -columns])[:, None]
    return [_middle(shadow) for shadow in _follow(trace, ends, NOTHING, _look)]


def places(trace: Trace) -> list[Tensor | None]:
    """(2, H, W): the row and the column that each op's output lies over; None where no map is made.

    trace: of `AXES` pictures.
    """
    found = _follow(trace, torch.stack(grid(trace.x.shape))[:, None], torch.nan, _lie)
    return [None if s is None or s.ndim != 4 else s.nanmean(1) for s in found]


def grid(shape, dtype=torch.float32) -> tuple[Tensor, Tensor]:
    """The row, and the column, of every place of a map: (H, W) each."""
    return torch.meshgrid(*(torch.arange(n, dtype=dtype) for n in shape[-2:]), indexing="ij")


def _follow(trace: Trace, picture: Tensor, nothing: float, rule: Callable) -> list[Shadow]:
    """The shadow of every op's output, in order; `nothing` fills that of a constant."""
    shadows: dict[int, Shadow] = {id(trace.x): picture}
    found: list[Shadow] = []

    def shadow(tensor: Tensor) -> Shadow:
        return shadows.get(id(tensor), picture.new_full((), nothing).expand(tensor.shape))

    for op in trace.ops:
        made = [id(t) for t, i in zip(op.tensors, op.inputs, strict=True) if i is not None]
        given, result = [shadows[key] for key in made if key in shadows], None
        if not given:  # a constant
            found.append(None)
            continue
        with suppress(RuntimeError, IndexError, TypeError, ValueError, NotImplementedError):
            if op.name in MOVES and not op.in_place and all(isinstance(s, Tensor) for s in given):
                args, kwargs = replace_tensors((op.args, op.kwargs), shadow)
                result = op.func(*args, **kwargs)
            else:
                result = rule(op, given)
        parts = list(tensors_in(result)) or [result]
        for tensor, part in zip(op.outputs, cycle(parts)):
            fits = not isinstance(part, Tensor) or part.shape == tensor.shape
            shadows[id(tensor)] = part if fits else None
        found.append(shadows[id(op.output)])
    return found


def _thin(s: Tensor, dims: int = 4) -> Tensor:
    """One of many that are equal: without what `expand` made, in its first dimensions."""
    keep = [slice(0, 1) if step == 0 else slice(None) for step in s.stride()[1:dims]]
    return s[(slice(None), *keep)]


def _over(op: Op, s: Tensor, take: Callable) -> Tensor | str | None:
    """Everything along some dimensions is looked at together, and perhaps made one number."""
    dims = op.arg(1, "dim", -1 if "softm" in op.name else None)
    if op.name in ("linear", "matmul"):
        dims = -1
    elif op.name in ("layer_norm", "rms_norm"):
        dims = range(-len(op.arg(1, "normalized_shape")), 0)
    elif dims is None or isinstance(dims, bool):
        return ALL
    dims = [dims] if isinstance(dims, int) else list(dims)
    if 0 in dims or -s.ndim in dims:  # the pictures of a batch
        return None
    if len(op.shape) < s.ndim:
        return take(s, dims)
    return take(s, dims, keepdim=True).expand(op.shape)


def _middle(s: Shadow) -> tuple[int, int] | str | None:
    """(height, width) that the middle place sees; without a map, the most that any place sees."""
    if not isinstance(s, Tensor):
        return s
    if not s.ndim or len(s) != ENDS:  # of a picture that was taken apart, or turned
        return None
    s = _thin(s)
    if s.ndim == 4:
        row = s[:, :, s.shape[2] // 2]
        if bool((row == row[..., :1]).all()):  # the same all along: the channels stand last
            s = s.movedim(3, 1)
        s = s[:, :, s.shape[2] // 2, s.shape[3] // 2].amax(1)
    spans = s[0] + s[1], s[2] + s[3]  # the last and the first, which is negative
    return tuple(int(max(0, span.max().item() + 1)) for span in spans)


def _look(op: Op, given: list[Shadow]) -> Shadow:
    """The ends of what an op's output depends on."""
    if any(s is None for s in given):
        return None
    some = any(s is ALL for s in given)
    if all(s is ALL for s in given) or (some and op.name in POINTWISE | {"cat"}):
        return ALL
    two = op.name in ("max", "min") and isinstance(op.arg(1, "other"), Tensor)
    if op.name in POINTWISE or two:
        return reduce(torch.maximum, map(_thin, given)).expand(op.shape)
    by_weights = op.name == "matmul" and len(given) == 1 and op.inputs[0] is not None
    if op.name in LOOKS_AT_ALL and not by_weights:
        return ALL
    if some:
        return None
    if op.name in OVER or by_weights:
        return _over(op, given[0], torch.amax)
    rule = WINDOWS.get(op.name)
    return rule(op, given[0]).expand(op.shape) if rule is not None else None


def _window(op: Op, s: Tensor, kernel, stride, left, dilation) -> Tensor:
    """The largest of each window; the padding on the left is known, that on the right follows."""
    for i in (1, 0):  # the last axis first, then the other, which is turned to its place
        reach = (op.shape[2 + i] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1
        s = F.pad(s, (left[i], reach - s.shape[3] - left[i]), value=NOTHING)
        s = F.max_pool2d(s, (1, kernel[i]), (1, stride[i]), 0, (1, dilation[i])).transpose(2, 3)
    return s


def _conv(op: Op, s: Tensor) -> Tensor:
    kernel, groups = op.arg(1, "weight").shape[2:], op.arg(6, "groups", 1)
    padding, dilation = op.arg(4, "padding", 0), pair(op.arg(5, "dilation", 1))
    if padding == "same":
        padding = [d * (k - 1) // 2 for d, k in zip(dilation, kernel, strict=True)]
    left = pair(0 if padding == "valid" else padding)
    s = _thin(s, 2)
    if s.shape[1] > 1:
        s = s.unflatten(1, (groups, -1)).amax(2)
    s = _window(op, s, kernel, pair(op.arg(3, "stride", 1)), left, dilation)
    return s.repeat_interleave(op.shape[1] // groups, 1) if s.shape[1] > 1 else s


def _transposed(op: Op, s: Tensor) -> Tensor:
    kernel, padding = op.arg(1, "weight").shape[2:], pair(op.arg(4, "padding", 0))
    stride, dilation = pair(op.arg(3, "stride", 1)), pair(op.arg(7, "dilation", 1))
    s = _thin(s, 2).amax(1, keepdim=True)
    apart = [(n - 1) * r + 1 for n, r in zip(s.shape[2:], stride, strict=True)]
    spread = s.new_full((len(s), 1, *apart), NOTHING)
    spread[..., :: stride[0], :: stride[1]] = s
    left = [d * (k - 1) - p for d, k, p in zip(dilation, kernel, padding, strict=True)]
    return _window(op, spread, kernel, (1, 1), left, dilation)


def _pool(op: Op, s: Tensor) -> Tensor:
    kernel = pair(op.arg(1, "kernel_size"))
    stride, left = pair(op.arg(2, "stride") or kernel), pair(op.arg(3, "padding", 0))
    dilation = pair(op.arg(4, "dilation", 1) if op.name.startswith("max") else 1)
    return _window(op, _thin(s, 2), kernel, stride, left, dilation)


def _adaptive(op: Op, s: Tensor) -> Tensor:
    return F.adaptive_max_pool2d(_thin(s, 2), op.shape[2:])


def _interpolate(op: Op, s: Tensor) -> Tensor:
    mode, s = op.arg(3, "mode", "nearest"), _thin(s, 2)
    if op.kwargs.get("antialias"):
        raise NotImplementedError
    options = {name: value for name, value in op.kwargs.items() if name != "input"}
    if mode.startswith("nearest"):
        return op.func(s, *op.args[1:], **options)
    if mode == "area":
        return _adaptive(op, s)
    # Between which places does each come to lie? The function itself tells, given their numbers.
    numbers = torch.stack(grid(s.shape, torch.double))[None]
    rows, columns = op.func(numbers, *op.args[1:], **options)[0].round(decimals=6)
    for dim, place in ((2, rows[:, 0]), (3, columns[0])):
        first, last = place.floor(), place.ceil()
        more = (last - first) * (mode == "bicubic")  # one more on either side
        taps = torch.stack([first - more, first, last, last + more]).clamp(0, s.shape[dim] - 1)
        s = torch.stack([s.index_select(dim, t) for t in taps.long()]).amax(0)
    return s


def _pad(op: Op, s: Tensor) -> Tensor:
    mode = op.arg(2, "mode", "constant")
    return F.pad(_thin(s, 2), op.arg(1, "pad"), mode, NOTHING if mode == "constant" else None)


WINDOWS = {
    "conv2d": _conv,
    "conv_transpose2d": _transposed,
    **dict.fromkeys(("max_pool2d", "avg_pool2d"), _pool),
    **dict.fromkeys(("adaptive_avg_pool2d", "adaptive_max_pool2d"), _adaptive),
    **dict.fromkeys(("interpolate", "upsample"), _interpolate),
    "pad": _pad,
}


def _lie(op: Op, given: list[Shadow]) -> Tensor | None:
    """The places that an op's output lies over; those of its first map, where several meet."""
    known = [s for s in given if isinstance(s, Tensor)]
    if op.name in WINDOWS and known[0].ndim == 4:
        mean = known[0].nanmean(1, keepdim=True)
        return F.interpolate(mean, size=op.shape[2:], mode="bilinear").expand(op.shape)
    if op.name in POINTWISE or op.name in NORMS or "softm" in op.name:
        return next((s for s in known if s.shape == op.shape), None)
    found = _over(op, known[0], torch.nanmean) if op.name in OVER else None
    return found if isinstance(found, Tensor) else None
