"""Rules about how a network is built: what stands between its layers, and what is unsafe."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from ..sight.footprints import POINTWISE
from ..sight.windows import pair
from ..watch.tracing import Op, Trace
from ..wording import Finding, shrinking, spell
from .findings import CONVS, DROPOUTS, NORMS, PARTLY, SHAPERS, drops_all, layer_code

# Straight lines: two convolutions with only these between them are no more than one.
LINEAR = {
    "getitem",
    "batch_norm",
    "interpolate",
    "upsample",
    "pad",
    "avg_pool2d",
    "contiguous",
    "clone",
}
LINEAR |= set(DROPOUTS)
POOLS = ("max_pool2d", "avg_pool2d")  # may stand between a convolution and its BatchNorm
LARGE_KERNEL = 11
FEWEST = 16  # channels that a 1x1 convolution with a stride can take safely


def between(trace: Trace) -> Iterator[Finding]:
    """What stands between convolutions: activations, norms, biases, softmax."""
    convs = [op for op in trace.ops if op.name in CONVS]
    bare, normed = [], 0
    for op in convs:
        if _bias(op) is not None and _straight_into(trace, op, "batch_norm"):
            yield Finding(
                "note", op.where, "has a bias that the BatchNorm behind it subtracts again",
                f"bias=False in {spell(trace, op.call.name) if op.call else 'it'}",
            )  # fmt: skip
        following = _norm_behind(trace, op)
        normed += following is not None
        if following is None and op is not convs[-1]:
            bare.append(op)
        yield from _two_in_a_row(trace, op)
    usual = any(o.name == "batch_norm" for o in trace.ops)
    bare = [op for op in bare if op.shape[1] > 2 and not _to_head(trace, op)]
    lonely = [op for op in bare if not _spared(trace, op)]
    if usual and normed >= 2 and 0 < len(lonely) <= normed / 2:
        for op in lonely[:3]:
            yield Finding(
                "warning", op.where,
                f"has no BatchNorm behind it, as {normed} other convolutions have: the size of its "
                f"numbers is left to chance, and the layers behind it have to follow",
                f"nn.BatchNorm2d({op.shape[1]}) between it and the activation",
            )  # fmt: skip
    reworked = any(_reworked(op) for op in convs)
    if len(convs) >= 4 and not reworked and not any(o.name in NORMS for o in trace.ops):
        yield Finding(
            "warning", convs[0].where,
            f"none of the {len(convs)} convolutions is followed by a norm: training needs smaller "
            f"steps and takes longer",
            "nn.BatchNorm2d(channels) between each convolution and its activation",
        )  # fmt: skip
    for op in trace.ops:
        if op.name == "batch_norm" and op.tensors:
            before = _before_pools(trace, op)
            source = _before_pools(trace, before) if before is not None else None
            if before is not None and before.name in ("relu", *PARTLY) and source in convs:
                yield Finding(
                    "note", op.where, "stands behind the activation; usually it stands before it",
                    "convolution, BatchNorm, ReLU, in this order",
                )  # fmt: skip


def _bias(op: Op):
    return op.arg(2, "bias")


def _straight_into(trace: Trace, op: Op, name: str) -> bool:
    """Does all of its output go into a function of that name, at most through a pooling?"""
    users = trace.consumers(op)
    while len(users) == 1 and users[0].name in POOLS:
        users = trace.consumers(users[0])
    return len(users) == 1 and users[0].name == name


def _before_pools(trace: Trace, op: Op) -> Op | None:
    """What made its main tensor, before that was pooled."""
    source = trace.before(op)
    while source is not None and source.name in POOLS:
        source = trace.before(source)
    return source


def _norm_behind(trace: Trace, op: Op, depth: int = 4) -> Op | None:
    """The norm that a convolution's output goes through, also behind an activation or a sum."""
    for user in trace.consumers(op):
        if user.name in NORMS:
            return user
        ahead = (
            user.name in POINTWISE or user.name in SHAPERS or user.name in ("cat", "add", *POOLS)
        )
        if depth and ahead and (found := _norm_behind(trace, user, depth - 1)):
            return found
    return None


def _to_head(trace: Trace, op: Op, depth: int = 8) -> bool:
    """Does its output go to the answer with no convolution between?"""
    users = trace.consumers(op)
    if not users:
        return True
    return bool(depth) and any(
        user.name not in (*CONVS, "linear") and _to_head(trace, user, depth - 1) for user in users
    )


def _spared(trace: Trace, op: Op) -> bool:
    """Depthwise, transposed and 1x1 convolutions, and gates, often go without a norm."""
    depthwise = op.arg(6, "groups", 1) > 1
    thin = 1 in op.tensors[1].shape[2:] or tuple(op.shape[2:]) == (1, 1)
    spared = depthwise or thin or _reworked(op) or _normed_first(trace, op)
    return spared or op.name == "conv_transpose2d"


def _reworked(op: Op) -> bool:
    """Weight norm, say: the weight is computed from others. (A plain one has no history.)"""
    return not isinstance(op.tensors[1], nn.Parameter)


def _normed_first(trace: Trace, op: Op) -> bool:
    """Is it in a brick that begins with its norm: BatchNorm, ReLU, convolution?"""
    if op.call is None or "." not in op.call.name:
        return False
    brick = op.call.name.rpartition(".")[0]
    for other in trace.ops:
        inside = other.call is not None and other.call.name.rpartition(".")[0] == brick
        if inside and any(i is not None for i in other.inputs):  # BatchNorm counts its calls first
            return other.name in NORMS
    return False


def _two_in_a_row(trace: Trace, op: Op) -> Iterator[Finding]:
    users, between_them = trace.consumers(op), []
    while len(users) == 1 and users[0].name in LINEAR:
        between_them.append(users[0])
        users = trace.consumers(users[0])
    if len(users) != 1 or users[0].name != "conv2d":
        return
    following = users[0]
    depthwise = op.arg(6, "groups", 1) > 1 or following.arg(6, "groups", 1) > 1
    narrow = following.tensors[1].shape[2:] == op.tensors[1].shape[2:] == (1, 1)
    factored = 1 in op.tensors[1].shape[2:] and not narrow  # 1x3 then 3x1, 1x1 then 3x3
    if op.name == "conv_transpose2d" or depthwise or factored:
        return
    via = ", ".join(o.call.name if o.call else o.name for o in between_them)
    last = between_them[-1] if between_them else op
    yield Finding(
        "note" if _normed_first(trace, op) else "warning",
        following.where,
        f"follows {op.where} with no activation between them{f' (only {via})' if via else ''}: two "
        f"convolutions in a row are no more than one",
        f"nn.ReLU() behind {last.where}",
    )


def skips_pixels(op: Op) -> bool:
    """A 1x1 window that jumps."""
    one = op.name == "conv2d" and tuple(op.tensors[1].shape[2:]) == (1, 1)
    return one and max(pair(op.arg(3, "stride", 1))) > 1


def unsafe(trace: Trace) -> Iterator[Finding]:
    """1x1 convolutions with a stride on few channels: torch's CPU code for them writes astray.

    Measured with torch 2.15 (oneDNN, fp32, channels_last, stride 2, one group): with 1 to 15
    channels in, the backward pass wrote where it should not; with 16 and more it never did.
    """
    for op in trace.ops:
        if not skips_pixels(op):
            continue
        makes, takes = op.tensors[1].shape[:2]
        if takes >= FEWEST or op.arg(6, "groups", 1) > 1:
            continue
        s = max(pair(op.arg(3, "stride", 1)))
        code = f"nn.Sequential(nn.AvgPool2d({s}, ceil_mode=True), nn.Conv2d({takes}, {makes}, 1))"
        every = "every fourth pixel" if s == 2 else f"one pixel of {s * s}"
        yield Finding(
            "error", op.where,
            f"1x1 window with stride {s} looks at {every} only; and on some CPUs torch crashes on "
            f"it with so few channels ({takes} -> {makes})",
            f"{layer_code(trace, op, code)}: pool first, then a 1x1 convolution",
        )  # fmt: skip


def drops_in_eval(trace: Trace) -> Iterator[Finding]:
    """Dropout by hand that does not know of eval mode. `trace`: a pass in eval mode."""
    for op in trace.ops:
        if op.name in DROPOUTS and op.arg(2, "training", True) and 0 < op.arg(1, "p", 0.5) < 1:
            yield Finding(
                "warning", op.where,
                "eval mode still drops: two answers to one photo differ",
                f"F.{op.name}(x, {op.arg(1, 'p', 0.5):g}, self.training)",
            )  # fmt: skip


def middle(trace: Trace) -> Iterator[Finding]:
    """softmax where features are, huge kernels, Dropout of everything."""
    heavy = [op for op in trace.ops if op.name in DROPOUTS and 0.8 <= op.arg(1, "p", 0.5) < 1]
    if heavy:
        p, more = heavy[0].arg(1, "p", 0.5), len(heavy) - 1
        yield Finding(
            "warning", heavy[0].where,
            f"p={p:g} drops {p:.0%} of the numbers{f', as do {more} other layers' * (more > 0)}: p "
            f"is the share that is set to 0, not the share kept",
            f"p={1 - p:.2g}, if that was meant; 0.1 to 0.5 are usual",
        )  # fmt: skip
    for op in trace.ops:
        if drops_all(op):
            kind = type(op.call.module).__name__ if op.call is not None else op.name
            code = f"nn.{kind}(0.1)" if op.call is not None else f"F.{kind}(x, 0.1, self.training)"
            yield Finding(
                "error", op.where,
                "p=1.0 drops everything: p is the share that is set to 0, not the share kept",
                layer_code(trace, op, code),
            )  # fmt: skip
        of_maps = len(op.shape) > 1 and any(i is not None for i in op.inputs)  # no learned shares
        if op.name in ("softmax", "log_softmax") and of_maps:
            users = trace.consumers(op)
            while users and all(u.name in DROPOUTS or u.name in SHAPERS for u in users):
                users = [later for u in users for later in trace.consumers(u)]
            feeds = {"matmul", "bmm", "einsum", "mul", "scaled_dot_product_attention"}
            if users and not any(u.name in feeds for u in users):
                yield Finding(
                    "warning", op.where,
                    f"softmax in the middle makes {op.shape[1]} channels share a sum of 1: about "
                    f"{1 / op.shape[1]:.2g} each, and next to no gradient comes through",
                    layer_code(trace, op, "nn.ReLU()"),
                )  # fmt: skip
        if op.name == "conv2d" and max(op.tensors[1].shape[2:]) >= LARGE_KERNEL:
            k = max(op.tensors[1].shape[2:])
            if op.arg(6, "groups", 1) > 1 or 1 in op.tensors[1].shape[2:]:
                continue
            yield Finding(
                "warning", op.where,
                f"a kernel of {k} x {k} takes {k * k} / 9 = {k * k / 9:.0f} times the parameters "
                f"and the time of 3 x 3",
                f"kernel_size=3, padding=1, several of them, or dilation: {k // 2} layers of 3 x 3 "
                f"see as far",
            )  # fmt: skip


def shrinks(trace: Trace) -> Iterator[Finding]:
    """A layer that loses pixels although the answer has the right size in the end."""
    for op in trace.ops:
        if op.name in ("conv2d", *POOLS) and (why := shrinking(trace, op)):
            yield Finding(
                "warning", op.where, f"{why[0]}; enlarged again later, the map no longer lies over "
                f"the picture exactly",
                f"{spell(trace, op.call.name) if op.call else 'here'}: {why[1]}",
            )  # fmt: skip
