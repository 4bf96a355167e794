"""How a network is built: what stands between its layers, and what is unsafe."""

from collections.abc import Iterator

from torch import nn

from ..functions import (
    CONVS,
    DROPOUTS,
    FOLDS,
    LAYERS,
    NORMS,
    PARTLY,
    POINTWISE,
    POOLS,
    SHAPERS,
    TURNS,
    pair,
)
from ..sentences import Finding, say
from ..watch.tracing import PICTURE, Op, Trace, storage
from ..wording import altered, shrinking
from .findings import drops_all

# Straight lines: two convolutions with only these between them are no more than one.
LINEAR = {"getitem", "batch_norm", "interpolate", "upsample", "pad", "avg_pool2d"}
LINEAR |= {"contiguous", "clone", *DROPOUTS}
PASSED = POINTWISE | SHAPERS | {"cat", *POOLS}  # on the way from a convolution to its norm
FEEDS = {"matmul", "bmm", "einsum", "tensordot", "mul"}  # where softmax belongs
FEEDS |= {"scaled_dot_product_attention"}
SPREADS = TURNS | FOLDS | {"pixel_shuffle", "conv_transpose2d", "fold"}  # channels become places
MOST_NUMBERS = 512  # for each pixel
LARGE_KERNEL = 11
FADED = 0.03  # times the spread of the first map, over its places
FEWEST = 16  # channels that a 1x1 convolution with a stride can take safely


def between(trace: Trace) -> Iterator[Finding]:
    """What stands between convolutions: activations, norms, biases."""
    convs = [op for op in trace.ops if op.name in CONVS]
    for op in convs:
        _, takers = trace.chain(op, POOLS)
        if op.arg(2, "bias") is not None and [o.name for o in takers] == ["batch_norm"]:
            yield say("bias", op, code=altered(op, bias=None))
        yield from (*_two_in_a_row(trace, op), *_alone(trace, op))
    names = {op.name for op in trace.ops}
    bare = [op for op in convs if not _norm_behind(trace, op)]
    normed = len(convs) - len(bare)
    bare = [op for op in bare if op is not convs[-1] and op.shape[1] > 2]
    lonely = [op for op in bare if not _to_head(trace, op) and not _spared(trace, op)]
    if "batch_norm" in names and normed >= 2 and len(lonely) <= normed / 2:
        for op in lonely[:3]:
            severity = "note" if op.inputs[0] == PICTURE else None  # whose numbers are tame
            yield say("no norm here", op, severity, n=normed, channels=op.shape[1])
    for op in trace.ops:
        before = _before_pools(trace, op) if op.name == "batch_norm" and op.tensors else None
        activated = before is not None and before.name in ("relu", *PARTLY)
        if activated and _before_pools(trace, before) in convs:
            yield say("norm behind", op)


def _alone(trace: Trace, op: Op) -> Iterator[Finding]:
    """Two depthwise convolutions, and what bends but mixes no channels between them."""
    via, users = trace.chain(op, POINTWISE | {*NORMS, *POOLS})
    users = [u for u in users if _depthwise(u)]
    if _depthwise(op) and len(users) == 1 and {"relu", *PARTLY} & {o.name for o in via}:
        yield say("alone", users[0], first=op.where, n=op.shape[1])


def _depthwise(op: Op) -> bool:
    """A window of its own for each channel, learnt, and not a row or a column of one."""
    if op.name != "conv2d" or not isinstance(op.tensors[1], nn.Parameter):
        return False
    return op.arg(6, "groups", 1) == op.shape[1] > 1 and 1 not in op.tensors[1].shape[2:]


def picture_added(trace: Trace) -> Iterator[Finding]:
    """The picture, or what is computed from it without a weight, added to the answer."""
    behind, known, fixed = trace.ending()[0], {PICTURE}, set()
    for op in sorted(behind, key=lambda op: op.index):
        made = {i for i in op.inputs if i is not None}
        if made <= known | fixed and not any(isinstance(t, nn.Parameter) for t in op.tensors):
            (known if made & known else fixed).add(op.index)
        elif op.name in ("add", "sub") and made & known:
            yield say("picture added", op.at_line, op=op)


def wasteful(trace: Trace) -> Iterator[Finding]:
    """A map stacked with itself; far more numbers than pixels; all detail lost on the way."""
    pixels, whole = trace.x.numel(), trace.x.shape[2:].numel()
    passes = {PICTURE: whole}  # op -> on its best way, the fewest places that a map has
    for op in trace.ops:
        twice = len({id(t) for t in op.tensors}) < len(op.tensors)
        if op.name == "cat" and twice and op.shapes[0][1:2] != (1,):
            yield say("same twice", op.at_line, op=op)
        if ways := [passes[i] for i in op.inputs if i in passes]:
            own = op.output.shape[2:].numel() if len(op.shape) == 4 else max(ways)
            passes[op.index] = own if op.name in SPREADS else min(max(ways), own)
    least = passes.get(trace.made.get(id(trace.output)), whole)
    if least < whole / 64:
        yield say("few places", trace.op_of(trace.output), least=least, whole=whole)
    each = (op for op in trace.ops if op.name in ("matmul", "bmm", "einsum", "softmax"))
    if op := next((op for op in each if op.output.numel() > MOST_NUMBERS * pixels), None):
        yield say("many numbers", op.at_line, op=op, each=op.output.numel() / pixels)


def on_the_cpu(trace: Trace) -> Iterator[Finding]:
    """Numbers made in forward without the picture's device, and not taken there."""
    left: dict[int, Op] = {}  # op -> the one that made its numbers on the CPU
    for op in trace.ops:
        made = [i for i in op.inputs if i is not None]
        first = next((left[i] for i in made if i in left), None if op.tensors else op)
        own = all(i in left for i in made) and len(made) == len(op.tensors)
        if first is None or "device" in op.kwargs or id(op.output) in trace.moved:
            continue
        if own:
            left[op.index] = first
        elif op.name not in ("getitem", "setitem") and any(
            s for i, s in zip(op.inputs, op.shapes, strict=True) if i in left
        ):
            yield say("on the CPU", first.at_line, op=first)
            return


def thin(trace: Trace) -> Iterator[Finding]:
    """A map of one channel added to one of many: it fits, and each channel gets the same."""
    for op in trace.ops:
        maps = [
            (s, i) for s, i in zip(op.shapes, op.inputs, strict=True) if i is not None and i >= 0
        ]
        if op.name not in ("add", "sub") or {len(s) for s, _ in maps} != {4} or len(maps) != 2:
            continue
        (one, maker), (many, _) = sorted(maps, key=lambda pair: pair[0][1])
        conv = next((o for o in trace.back(trace.ops[maker]) if o.name in CONVS), None)
        if one[1] == 1 < many[1] and one[2:] == many[2:] and conv and conv.shape[1] == 1:
            code = altered(conv, out_channels=many[1])
            yield say("one channel", conv, n=many[1], code=code)


def no_norm(trace: Trace, numbers: Trace | None) -> Iterator[Finding]:
    """No norm at all: bad where the picture fades on its way. `numbers`: a real pass."""
    convs = [op for op in trace.ops if op.name in CONVS]
    plain = all(isinstance(op.tensors[1], nn.Parameter) for op in convs)  # no weight norm
    if len(convs) < 4 or not plain or any(op.name in NORMS for op in trace.ops):
        return
    maps = [op.value.detach() for op in (numbers.ops if numbers else ()) if op.name in CONVS]
    maps = [y.transpose(0, 1).flatten(1) for y in maps]  # (C, places of all pictures)
    spreads = [s for y in maps if y.shape[1] >= FEWEST and (s := y.std(1).mean().item())]
    first, least = (spreads[0], min(spreads)) if spreads else (1, 1)
    fades = f", and the picture fades on its way, {first:.1g} -> {least:.1g}"
    says = fades * (least < FADED * first)
    yield say("no norm", convs[0], "warning" if says else "note", n=len(convs), says=says)


def _before_pools(trace: Trace, op: Op) -> Op | None:
    """What made its main tensor, before that was pooled."""
    return next((o for o in trace.back(trace.before(op)) if o.name not in POOLS), None)


def _norm_behind(trace: Trace, op: Op, depth: int = 4) -> bool:
    """Does a convolution's output go through a norm, also behind an activation or a sum?"""
    return any(
        u.name in NORMS or (depth and u.name in PASSED and _norm_behind(trace, u, depth - 1))
        for u in trace.consumers(op)
    )


def _to_head(trace: Trace, op: Op, depth: int = 8) -> bool:
    """Does its output go to the answer with no convolution between?"""
    users = trace.consumers(op)
    return not users or any(
        depth and u.name not in LAYERS and _to_head(trace, u, depth - 1) for u in users
    )


def _spared(trace: Trace, op: Op) -> bool:
    """Depthwise, transposed and 1x1 convolutions, gates and ends of branches often have no norm."""
    depthwise = op.arg(6, "groups", 1) > 1 or op.name == "conv_transpose2d"
    thin = 1 in op.tensors[1].shape[2:] or tuple(op.shape[2:]) == (1, 1)
    reworked = not isinstance(op.tensors[1], nn.Parameter)  # by weight norm, say
    _, users = trace.chain(op, {"relu", "sigmoid", "tanh", *PARTLY})
    ends = any(user.name in ("add", "mul") for user in trace.consumers(op))
    ends |= any(u.name == "mul" or (u.name == "add" and op.inputs[0] in u.inputs) for u in users)
    return depthwise or thin or reworked or ends or _normed_first(trace, op)


def _normed_first(trace: Trace, op: Op) -> bool:
    """Is it in a brick that begins with its norm: BatchNorm, ReLU, convolution?"""
    brick = op.call.name.rpartition(".")[0] if op.call is not None else ""
    calls = (o for o in trace.ops if o.call and o.call.name.rpartition(".")[0] == brick)
    # BatchNorm counts its calls first, which has nothing to do with the map.
    first = next((o for o in calls if any(i is not None for i in o.inputs)), op)
    return bool(brick) and first.name in NORMS


def _two_in_a_row(trace: Trace, op: Op) -> Iterator[Finding]:
    via, users = trace.chain(op, LINEAR)
    if len(users) != 1 or users[0].name != "conv2d" or op.name == "conv_transpose2d":
        return
    following = users[0]
    depthwise = op.arg(6, "groups", 1) > 1 or following.arg(6, "groups", 1) > 1
    narrow = following.tensors[1].shape[2:] == op.tensors[1].shape[2:] == (1, 1)
    factored = 1 in op.tensors[1].shape[2:] and not narrow  # 1x3 then 3x1, 1x1 then 3x3
    if not depthwise and not factored:
        only = ", ".join(o.call.name if o.call else o.name for o in via)
        facts = {"via": f" (only {only})" if only else "", "last": [op, *via][-1].where}
        severity = "note" if _normed_first(trace, op) else "warning"
        yield say("two in a row", following, severity, first=op.where, **facts)


def skips_pixels(op: Op) -> bool:
    """A 1x1 window that jumps."""
    one = op.name == "conv2d" and tuple(op.tensors[1].shape[2:]) == (1, 1)
    return one and max(pair(op.arg(3, "stride", 1))) > 1


def unsafe(trace: Trace) -> Iterator[Finding]:
    """1x1 convolutions with a stride on few channels: torch's CPU code for them writes astray.

    Measured with torch 2.15 (oneDNN, fp32, channels_last, stride 2, one group): with 1 to 15
    channels in, the backward pass wrote where it should not; with 16 and more it never did.
    """
    for op in filter(skips_pixels, trace.ops):
        makes, takes = op.tensors[1].shape[:2]
        if takes < FEWEST and op.arg(6, "groups", 1) == 1:
            s = max(pair(op.arg(3, "stride", 1)))
            every = "every fourth pixel" if s == 2 else f"one pixel of {s * s}"
            yield say("unsafe", op, s=s, every=every, takes=takes, makes=makes)


def changes_picture(trace: Trace) -> Iterator[Finding]:
    """The picture itself changed in place: whoever calls the network has another one then."""
    changers = [op for op in trace.ops if op.in_place and op.tensors]
    guilty = [op for op in changers if storage(op.tensors[0]) == storage(trace.x)]
    yield from (say("changes picture", op) for op in guilty[:1])


def middle(trace: Trace) -> Iterator[Finding]:
    """softmax where features are, huge kernels, Dropout of everything."""
    heavy = [op for op in trace.ops if op.name in DROPOUTS and 0.8 <= op.arg(1, "p", 0.5) < 1]
    if heavy:
        p = heavy[0].arg(1, "p", 0.5)
        more = f", as do {len(heavy) - 1} other layers" * (len(heavy) > 1)
        yield say("drops most", heavy[0], p=p, code=altered(heavy[0], p=round(1 - p, 3)), more=more)
    for op in trace.ops:
        if drops_all(op):
            bare = f"`F.{op.name}(x, 0.1, self.training)`"
            yield say("drops all", op, code=altered(op, p=0.1) if op.call else bare)
        if op.name in ("softmax", "log_softmax") and len(op.shape) > 1 and _starves(trace, op):
            yield say("softmax", op, n=op.shape[1], each=1 / op.shape[1])
        if op.name == "leaky_relu" and op.arg(1, "negative_slope", 0.01) == 1:
            yield say("straight", op)
        if op.name == "conv2d" and max(op.tensors[1].shape[2:]) >= LARGE_KERNEL:
            k = max(op.tensors[1].shape[2:])
            if op.arg(6, "groups", 1) == 1 and 1 not in op.tensors[1].shape[2:]:
                facts = {"k": k, "square": k * k, "times": k * k / 9, "half": k // 2}
                yield say("large kernel", op, code=altered(op, kernel_size=3, padding=1), **facts)


def _starves(trace: Trace, op: Op) -> bool:
    """Is a softmax of maps, and not of learned shares, used otherwise than as a weight?"""
    users = trace.consumers(op)
    while users and all(u.name in DROPOUTS or u.name in SHAPERS for u in users):
        users = [later for u in users for later in trace.consumers(u)]
    of_maps = any(i is not None for i in op.inputs)
    return of_maps and bool(users) and not any(u.name in FEEDS for u in users)


def shrinks(trace: Trace) -> Iterator[Finding]:
    """A layer that loses pixels although the answer has the right size in the end."""
    for op in trace.ops:
        if op.name in ("conv2d", *POOLS) and (found := shrinking(trace, op)):
            yield say("shrinks", op, why=found[0], fix=found[1])
