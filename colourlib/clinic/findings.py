"""Rules about a network that runs: what keeps it from learning, or from learning well.

Each rule takes a `Trace` (and some the `Probe`) and yields Findings. Good ideas are left alone:
dilation, depthwise convolution, residual sums, other norms and activations, attention.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from .probe import Probe
from .tracing import Op, Trace
from .wording import Finding, shrinking, size_of, spell

CONVS = ("conv2d", "conv_transpose2d")
NORMS = ("batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm")
DROPOUTS = ("dropout", "dropout1d", "dropout2d", "alpha_dropout", "feature_alpha_dropout")
# Never below zero, though chroma has a sign.
ONE_SIDED = {
    "relu": "ReLU cuts off all below 0",
    "relu6": "ReLU6 cuts off all below 0",
    "sigmoid": "sigmoid lies between 0 and 1",
    "hardsigmoid": "hardsigmoid lies between 0 and 1",
    "softplus": "softplus lies above 0",
    "abs": "abs takes the sign away",
    "square": "a square has no sign",
    "exp": "exp lies above 0",
    "softmax": "softmax lies between 0 and 1 and sums to 1",
}
PARTLY = {"leaky_relu": "LeakyReLU", "elu": "ELU", "gelu": "GELU", "silu": "SiLU", "mish": "Mish"}
CURVES = set(ONE_SIDED) | set(PARTLY) | {
    "tanh", "selu", "celu", "prelu", "rrelu", "hardtanh", "hardswish", "softsign", "mul", "pow",
    "clamp", "where", "maximum", "minimum", "div", "log", "sin", "cos", "matmul", "softmax",
}  # fmt: skip
SHAPERS = {"interpolate", "upsample", "contiguous", "clone", "view", "reshape", "pixel_shuffle"}
SHAPERS |= {"getitem", "permute", "transpose", "float", "to", "pad", "squeeze", "unsqueeze"}
# What cuts, turns or reorders a map without a weight.
TURNS = {"permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "mT", "T", "rot90"}
CUTS = TURNS | SHAPERS | {"narrow", "select", "mean", "sum", "amax", "flatten", "chunk", "split"}


def layer_code(trace: Trace, op: Op, code: str) -> str:
    """`self.name = code` for a layer, the bare code for a function."""
    if op.call is not None and op.call.registered and op.call.name:
        return f"{spell(trace, op.call.name)} = {code}"
    return code


def last_op(trace: Trace) -> Op | None:
    """What makes the answer's numbers: the last op that is no mere change of shape."""
    op = trace.op_of(trace.output) if isinstance(trace.output, Tensor) else None
    while op is not None and op.name in SHAPERS and op.tensors:
        before = trace.before(op)
        if before is None:
            return op
        op = before
    return op


def answer(trace: Trace) -> Finding | None:
    """forward has to return one tensor."""
    out = trace.output
    if isinstance(out, Tensor):
        return None
    if out is None:
        last = trace.ops[-1].where if trace.ops else ""
        return Finding(
            "error",
            "forward",
            f"returns nothing (None); the last thing it does is {last}",
            "return y as its last line, or return where the last line computes something",
        )
    if isinstance(out, (tuple, list)):
        shapes = ", ".join(str(tuple(o.shape)) for o in out if isinstance(o, Tensor))
        return Finding(
            "error",
            "forward",
            f"returns {len(out)} things ({shapes}) instead of one tensor (N, 2, H, W)",
            "return y: one of them; or torch.cat([a, b], dim=1) for two heads of one channel "
            "each; look for a comma too many",
        )
    return Finding(
        "error", "forward", f"returns a {type(out).__name__}, not a tensor", "return y, a tensor"
    )


def contract(trace: Trace, severity: str = "error", when: str = "") -> Iterator[Finding]:
    """(N, 1, H, W) -> (N, 2, H, W)."""
    out, x = trace.output, trace.x
    want = (x.shape[0], 2, *x.shape[2:])
    if tuple(out.shape) == want:
        return
    op = last_op(trace)
    at = op.where if op is not None else "forward"
    spoiler = _spoiler(trace)
    if spoiler is not None:
        before, after, line = spoiler.shapes[0], spoiler.shape, str(spoiler.line or "forward")
        turned = after[-2:] == before[:-3:-1] or len(after) != 4 or spoiler.name in TURNS
        yield Finding(
            "error" if turned else severity, line,
            f"{_spelt(spoiler)} makes {after} of {before}, which was right, (N, 2, H, W); the "
            f"answer is {tuple(out.shape)} where {want} is due{when}",
            f"leave out {_spelt(spoiler)} there",
        )  # fmt: skip
        return
    if out.ndim != 4:
        yield Finding(
            severity, at, f"answers {tuple(out.shape)} where {want} is due{when}",
            "a map with two channels, (N, 2, H, W): no flatten or Linear at the end",
        )  # fmt: skip
        return
    if out.shape[0] != want[0]:
        yield Finding(
            severity, at, f"answers {out.shape[0]} pictures for {want[0]}{when}",
            "keep the batch, dimension 0, as it is: x.view(x.shape[0], ...)",
        )  # fmt: skip
    if out.shape[1] != 2:
        head = _last_conv(trace, op)
        code = "chroma_head(...), or nn.Conv2d(..., 2, kernel_size=1), as the last layer"
        if head is not None and out.shape[1] == head.shape[1]:
            at, n = head.where, head.shapes[0][1]
            code = layer_code(trace, head, f"nn.Conv2d({n}, 2, kernel_size=1)")
        yield Finding(
            severity, at, f"answers {out.shape[1]} channels; chroma has 2, a and b{when}", code
        )
    if tuple(out.shape[2:]) != tuple(want[2:]):
        yield from _size(trace, at, severity, when)


def _spoiler(trace: Trace) -> Op | None:
    """What cuts or turns the map of two channels that a layer has made, nearest to the answer."""
    op = trace.op_of(trace.output)
    while op is not None and op.name not in (*CONVS, "linear"):
        before = op.shapes[0] if op.shapes else ()
        if op.name in CUTS and op.call is None and len(before) == 4 and before[1] == 2:
            turned = op.name in TURNS and before[2] != before[3]
            if len(op.shape) != 4 or op.shape[1] != 2 or (turned and op.shape[2] != before[2]):
                return op
        op = trace.before(op)
    return None


def _spelt(op: Op) -> str:
    return "the index [...]" if op.name == "getitem" else f".{op.name}(...)"


def _last_conv(trace: Trace, op: Op | None) -> Op | None:
    while op is not None and op.name not in CONVS:
        op = trace.before(op)
    return op


def _size(trace: Trace, at: str, severity: str, when: str) -> Iterator[Finding]:
    got, want = size_of(trace.output.shape), size_of(trace.x.shape)
    guilty = [(op, shrinking(trace, op)) for op in trace.ops]
    guilty = [(op, why) for op, why in guilty if why]
    for op, (what, fix) in guilty[:3]:
        code = f"{spell(trace, op.call.name)}: {fix}" if op.call is not None else fix
        yield Finding(severity, op.where, f"{what}; the answer is {got}, not {want}{when}", code)
    if guilty:
        return
    steps, op = [], trace.op_of(trace.output)
    at = str(op.line) if op is not None and op.line else at
    while op is not None:  # back to the picture, along the main way
        if len(op.shape) == 4 and len(op.shapes[0]) == 4 and op.shape[-1] != op.shapes[0][-1]:
            steps.insert(0, op)
        op = trace.before(op)
    down = [op for op in steps if op.shape[-1] < op.shapes[0][-1]]
    up = [op for op in steps if op.shape[-1] > op.shapes[0][-1]]
    ways = f"{len(down)} steps down ({_names(down)}) and {len(up)} up ({_names(up)})"
    if tuple(trace.output.shape[2:]) == (1, 1):
        ways = "global pooling is not spread over the map again"
    yield Finding(
        severity,
        at,
        f"the answer is {got}, not {want}: {ways}{when}",
        "return upsample_to(y, x): F.interpolate(y, size=x.shape[-2:], mode='bilinear')",
    )


def _names(ops: list[Op]) -> str:
    text = ", ".join(
        f"{op.call.name if op.call is not None else op.name} {op.shapes[0][-2]} -> {op.shape[-2]}"
        for op in ops[:5]
    )
    return text or "none"


def output_sign(trace: Trace, probe: Probe | None) -> Iterator[Finding]:
    """ReLU, sigmoid ... as the last step, though chroma is signed."""
    op = last_op(trace)
    if op is None:
        return
    dead = probe is not None and probe.dead
    if op.name in ONE_SIDED:
        extra = ""
        if dead:
            extra = "; and since the head starts at 0, where ReLU has no slope, nothing ever learns"
        yield Finding(
            "error" if dead else "warning",
            op.where,
            f"is the last step, and {ONE_SIDED[op.name]}; chroma has a sign: green is -a, blue -b, "
            f"and can never be answered{extra}",
            layer_code(trace, op, "nn.Identity()")
            + ": end with the bare convolution, or nn.Tanh()",
        )
    elif op.name in PARTLY:
        yield Finding(
            "warning", op.where,
            f"is the last step, and {PARTLY[op.name]} squeezes what is below 0; chroma is signed, "
            f"green and blue are below 0",
            layer_code(trace, op, "nn.Identity()") + ": end with the bare convolution",
        )  # fmt: skip
    elif op.name in DROPOUTS:
        yield Finding(
            "warning", op.where,
            f"sets a share of {op.arg(1, 'p', 0.5):g} of the answers to 0, while training only",
            layer_code(trace, op, "nn.Identity()") + ": Dropout belongs before the last layer",
        )  # fmt: skip
    elif op.name in NORMS:
        yield Finding(
            "warning", op.where,
            "is the last step: a norm there sets the spread of all answers to 1, where that of "
            "ab / 110 is about 0.15, and makes a photo's colours depend on the others in its batch",
            layer_code(trace, op, "nn.Identity()") + ": end with the bare convolution",
        )  # fmt: skip
    elif probe is not None and probe.one_sided and op.name not in (*CONVS, "add", "linear", "cat"):
        yield Finding(
            "warning", op.where,
            f"{op.name} is the last step, and no answer is below 0; chroma has a sign",
            "end with the bare convolution, or nn.Tanh()",
        )  # fmt: skip


def learning(trace: Trace, probe: Probe, already: set[str]) -> Iterator[Finding]:
    """What a forward and a backward pass with real numbers brought to light."""
    if probe.error is not None:
        op = probe.culprit
        yield Finding(
            "error", op.where if op is not None else "forward",
            "changes in place what the gradient still needs: the backward pass stops with "
            f"'{str(probe.error).split('.')[0][:90]}'",
            "y = y + 1 instead of y += 1; no inplace=True there; or .clone() first",
        )  # fmt: skip
        return
    if probe.broken is not None:
        op = probe.broken
        yield Finding(
            "error", op.where, f"{op.name} makes NaN or infinity of finite numbers, at the start",
            "keep the logarithm, root or quotient away from 0: (x + 1e-5).log(), x / (s + 1e-5)",
        )  # fmt: skip
        return
    if probe.cut is not None:
        op = probe.cut
        yield Finding(
            "error" if probe.dead else "warning", op.where,
            f"ends the gradient ({'torch.no_grad' if op.name != 'detach' else '.detach()'}): the "
            f"layers before it cannot learn",
            "no .detach(), .data, .item(), .numpy() or torch.no_grad() in forward",
        )  # fmt: skip
    elif any(drops_all(op) for op in trace.ops) and (probe.dead or not probe.depends):
        return  # said by habits.middle
    elif probe.dead and not already & {"output"}:
        yield _dead(probe)
    elif not probe.depends:
        yield Finding(
            "error", "forward", "the answer is the same whatever the picture is",
            "use x in forward: x = self.first(x)",
        )  # fmt: skip
    if probe.spread > 3 and not probe.dead:
        times = probe.spread / 0.15
        yield Finding(
            "error" if probe.spread > 1e4 else "warning", "(answer)",
            f"explodes at the start: its spread is {probe.spread:.3g}, {times:,.0f} times that of "
            f"chroma (about 0.15); the first steps will be wild",
            "chroma_head(...) as the last layer starts at 0; BatchNorm behind each convolution; no "
            "factors over 1",
        )  # fmt: skip
    elif probe.moved > 0.5:
        yield Finding(
            "warning", "(answer)",
            f"explodes at the first step: one step of Adam at 0.001 moves the answer by "
            f"{probe.moved:.3g}, where the spread of chroma is about 0.15",
            "no large factors behind the head: return upsample_to(self.head(y), x) as it is",
        )  # fmt: skip
    elif 0 < probe.moved < 1e-4 and not probe.dead:
        yield Finding(
            "warning", "(answer)",
            f"hardly moves: one step of Adam at 0.001 moves the answer by {probe.moved:.1g}, where "
            f"the spread of chroma is about 0.15",
            "no small factors behind the head: return upsample_to(self.head(y), x) as it is",
        )  # fmt: skip
    silent = [n for n in probe.silent if not any(_in(n, a) for a in already)]
    if silent and not probe.dead and probe.cut is None:
        boxes = list(dict.fromkeys(n.rpartition(".")[0] or n for n in silent))
        yield Finding(
            "warning", boxes[0],
            f"{len(silent)} parameters get no gradient: {', '.join(silent[:4])}"
            + (", ..." if len(silent) > 4 else ""),
            ZEROS if probe.zeros else "what is computed with them has to reach what forward "
            "returns",
        )  # fmt: skip


ZEROS = "no nn.init.zeros_ there: only the head may start at 0"


def drops_all(op: Op) -> bool:
    return op.name in DROPOUTS and op.arg(1, "p", 0.5) == 1


def _dead(probe: Probe) -> Finding:
    if probe.zeros:
        return Finding(
            "error", probe.zeros[0],
            f"has weights that are all 0{_more(probe.zeros)}, so that it makes 0, where ReLU has no "
            f"slope: no layer before the head ever gets a gradient",
            ZEROS,
        )  # fmt: skip
    return Finding(
        "error", "forward", "no weight gets a gradient, not even when the head has begun to learn: "
        "the answer does not depend on any of them",
        "look for ReLU behind the head, a product with 0, weights set to 0 in two layers",
    )  # fmt: skip


def _more(names: list[str]) -> str:
    return f", as have {len(names) - 1} other layers" if len(names) > 1 else ""


def _in(name: str, box: str) -> bool:
    return name == box or name.startswith(f"{box}.")
