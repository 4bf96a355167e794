"""Rules about a network that runs: what keeps it from learning, or from learning well.

Each rule takes a `Trace` (and some the `Probe`) and yields Findings. Good ideas are left alone:
dilation, depthwise convolution, residual sums, other norms and activations, attention.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from ..watch.probe import Probe
from ..watch.tracing import Op, Trace
from ..wording import Finding, spell

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
SHAPERS = {"interpolate", "upsample", "contiguous", "clone", "view", "reshape", "pixel_shuffle"}
SHAPERS |= {"getitem", "permute", "transpose", "float", "to", "pad", "squeeze", "unsqueeze"}


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
        if probe.second:
            yield _keeps_history()
            return
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
            f"ends the gradient ({_end(probe.trace, op)}): the layers before it cannot learn",
            "no .detach(), .data, .item(), .numpy(), torch.tensor(x), argmax, comparison or "
            "torch.no_grad() in forward",
        )  # fmt: skip
    elif any(drops_all(op) for op in trace.ops):
        return  # said by habits.middle
    elif probe.dead and not already & {"output"}:
        yield _dead(trace, probe)
    elif probe.mixes:
        op = next((o for o in trace.ops if _over_batch(o)), None)
        yield Finding(
            "warning", op.where if op is not None else "forward",
            "a photo's colours depend on the other photos of its batch, in eval mode, too",
            "keep dimension 0 apart: .mean(dim=(2, 3)) over height and width, not over dim=0; no "
            "norm with track_running_stats=False",
        )  # fmt: skip
    elif not probe.depends:
        yield Finding(
            "error", "forward", "the answer is the same whatever the picture is",
            "use x in forward: x = self.first(x)",
        )  # fmt: skip
    if probe.alike:
        yield Finding(
            "warning", probe.alike[0],
            f"starts with the same weights for all its channels{_more(probe.alike)}: they answer "
            f"alike, get the same gradient, and stay alike for ever",
            "leave the start to torch, or nn.init.kaiming_normal_(layer.weight): at random",
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
    elif probe.moved > max(0.3, 4 * probe.spread):
        yield Finding(
            "warning", "(answer)",
            f"explodes at the first step: one step of Adam at 0.001 moves the answer by "
            f"{probe.moved:.3g}, where the spread of chroma is about 0.15",
            "no large factors behind the head: return upsample_to(self.head(y), x) as it is",
        )  # fmt: skip
    elif 0 < probe.moved < (1e-3 if probe.spread else 1e-4) and not probe.dead:
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


def _keeps_history() -> Finding:
    return Finding(
        "error", "forward",
        "keeps in self what it has computed, and uses it in the next step: the gradient would have "
        "to go back through that step, too, so the second step of training stops",
        "self.kept = y.detach(): the numbers without their history",
    )  # fmt: skip


ENDS = {"detach": ".detach()", "data": ".data", "tensor": "torch.tensor"}
WITHOUT_SLOPE = {"round", "floor", "ceil", "sign", "trunc", "heaviside"}
CHOICES = {"argmax", "argmin", "argsort", "gt", "ge", "lt", "le", "eq", "ne", "long", "int", "bool"}
ZEROS = "no nn.init.zeros_ there: only the head may start at 0"


def drops_all(op: Op) -> bool:
    return op.name in DROPOUTS and op.arg(1, "p", 0.5) == 1


def _end(trace: Trace, op: Op) -> str:
    """What ends the gradient."""
    while op.name in ("float", "to", "type", "double", "expand_as") and trace.before(op):
        op = trace.before(op)  # what made the numbers
    if op.name in CHOICES:
        return f"{op.name}, which answers a choice, without a slope"
    return ENDS.get(op.name, "torch.no_grad")


def _dead(trace: Trace, probe: Probe) -> Finding:
    flat = next((op for op in trace.ops if op.name in WITHOUT_SLOPE and op.gradient), None)
    if flat is not None and not probe.zeros:
        return Finding(
            "error", flat.where,
            f"{flat.name} makes steps, and a step has no slope: its gradient is 0, and no layer "
            f"before it ever learns",
            f"leave {flat.name} out while training: it belongs to what is done with the answer",
        )  # fmt: skip
    if probe.zeros:
        return Finding(
            "error", probe.zeros[0],
            f"has weights that are all 0{_more(probe.zeros)}, so that it makes 0, where ReLU has "
            f"no slope: no layer before the head ever gets a gradient",
            ZEROS,
        )  # fmt: skip
    return Finding(
        "error", "forward",
        f"no weight {'but that of the head ' if probe.moved else ''}ever gets a gradient: the "
        f"answer does not depend on any of them",
        "look for ReLU behind the head, a product with 0, weights set to 0 in two layers",
    )  # fmt: skip


def _over_batch(op: Op) -> bool:
    """Does it sum up over the pictures of a batch, or take batch statistics?"""
    dim = op.arg(1, "dim")
    dims = dim if isinstance(dim, (tuple, list)) else [dim]
    over = op.name in ("mean", "sum", "amax", "amin", "std", "var", "softmax", "max", "min", "norm")
    return over and 0 in [d for d in dims if d is not None]


def _more(names: list[str]) -> str:
    return f", as have {len(names) - 1} other layers" if len(names) > 1 else ""


def _in(name: str, box: str) -> bool:
    return name == box or name.startswith(f"{box}.")
