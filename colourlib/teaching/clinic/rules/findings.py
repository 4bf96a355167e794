"""What keeps a network that runs from learning, or from learning well.

Each rule takes a `Trace` (and some the `Probe`) and yields Findings. Good ideas are left alone:
dilation, depthwise convolution, residual sums, other norms and activations, attention.
"""

from collections.abc import Iterator

from torch import Tensor

from ..functions import CONVS, DROPOUTS, NORMS, PARTLY, SHAPERS, SUMS
from ..sentences import Finding, say
from ..watch.probe import Probe, root
from ..watch.tracing import EXITS, Op, Trace, spell

# Never below zero, though chroma has a sign.
ONE_SIDED = {name.lower(): f"{name} cuts off all below 0" for name in ("ReLU", "ReLU6")}
ONE_SIDED |= {name: f"{name} lies between 0 and 1" for name in ("sigmoid", "hardsigmoid")}
ONE_SIDED |= {name: f"{name} lies above 0" for name in ("softplus", "exp")}
ONE_SIDED |= {"abs": "abs takes the sign away", "square": "a square has no sign"}
ONE_SIDED["softmax"] = "softmax lies between 0 and 1 and sums to 1"
LAST_STEPS = {
    **dict.fromkeys(ONE_SIDED, "one-sided"),
    **dict.fromkeys(PARTLY, "squeezed"),
    **dict.fromkeys(DROPOUTS, "drops answers"),
    **dict.fromkeys(NORMS, "normed answers"),
}
NEVER = "; and since the head starts at 0, where ReLU has no slope, nothing ever learns"
CHOICES = {"argmax", "argmin", "argsort", "gt", "ge", "lt", "le", "eq", "ne", "long", "int", "bool"}
ENDS = {name: f"{name}, which answers a choice, without a slope" for name in CHOICES}
ENDS |= {"detach": ".detach()", "data": ".data", "tensor": "torch.tensor"}
ENDS |= {name: f"{name}, which takes the numbers out of torch" for name in EXITS}
WITHOUT = "leave it out, or compute without it: no detach, numpy, argmax, comparison or no_grad "
WITHOUT += "in forward"
WAYS = {"argmax": "shares, not a choice: `torch.einsum('nkhw,kc->nchw', y.softmax(1), palette)`"}
CASTS = ("float", "to", "type", "double", "expand_as")  # what they were given ended it
WITHOUT_SLOPE = {"round", "floor", "ceil", "sign", "trunc", "heaviside"}
OVER_PLACES = "`y.mean(dim=(2, 3))`, not over dim=0, the batch"
BY_TURNS = "`x.flatten(2).transpose(1, 2)` makes that of a map"
CHROMA = 0.15  # about the spread of ab / 110


def last_op(trace: Trace) -> Op | None:
    """What makes the answer's numbers: the last op that does more than change a shape."""
    way = list(trace.back(trace.op_of(trace.output))) if isinstance(trace.output, Tensor) else []
    return next((op for op in way if op.name not in SHAPERS), way[-1] if way else None)


def output_sign(trace: Trace, probe: Probe | None) -> Iterator[Finding]:
    """ReLU, sigmoid ... as the last step, though chroma is signed."""
    if (op := last_op(trace)) is None:
        return
    dead = probe is not None and probe.dead and op.name in ONE_SIDED
    if key := LAST_STEPS.get(op.name):
        facts = {"p": op.arg(1, "p", 0.5), "why": (ONE_SIDED | PARTLY).get(op.name)}
        yield say(key, op, "error" if dead else None, dead=NEVER * dead, **facts)
    elif probe is not None and probe.one_sided and op.name not in (*CONVS, "add", "linear", "cat"):
        yield say("never below 0", op, side=probe.one_sided)


def learning(probe: Probe, already: set[str]) -> Iterator[Finding]:
    """What a forward and a backward pass with real numbers brought to light.

    already: layers, or "output", with which something else was found to be wrong.
    """
    if probe.error is not None:
        error = str(probe.error).split(".")[0][:90]
        where = "forward" if probe.second or probe.culprit is None else probe.culprit
        yield say("history" if probe.second else "in place", where, error=error)
        return
    if probe.broken is not None:
        yield say("NaN", root(probe.trace, probe.broken))
        return
    ops = probe.trace.ops
    flat = [op for op in ops if op.name in WITHOUT_SLOPE and op.gradient]
    if probe.cut is not None:
        severity = "error" if probe.dead else "warning"
        way = probe.trace.back(probe.cut)
        maker = next((op for op in way if op.name not in CASTS or not op.outputs), probe.cut)
        facts = {"end": ENDS.get(maker.name, "torch.no_grad"), "op": maker}
        yield say("cut", probe.cut, severity, way=WAYS.get(maker.name, WITHOUT), **facts)
    elif any(drops_all(op) for op in ops):
        return  # said by habits.middle
    elif probe.shut is not None and "output" not in already and not flat:
        yield say("shut", probe.shut, "error" if probe.dead else None, **_shut(probe.shut))
    elif probe.dead and "output" not in already and probe.zeros:
        yield say("zeros", probe.zeros[0], more=_more(probe.zeros))
    elif probe.dead and "output" not in already:
        but = "but that of the head " if probe.moved else ""
        yield say("no slope", flat[0]) if flat else say("dead", "forward", but=but)
    elif probe.mixes:
        yield _mixing(probe.mixes)
    elif not probe.depends:
        yield say("always the same", "forward")
    if probe.alike:
        yield say("alike", probe.alike[0], more=_more(probe.alike))
    if probe.flat is not None:
        yield say("flat", probe.flat)
    if (op := probe.chance) is not None:
        key = "drops in eval" if op.name in DROPOUTS else "by chance"
        yield say(key, op, p=op.arg(1, "p", 0.5))
    for name, norm in probe.stuck:
        m, n, make = norm.momentum, norm.num_features, f"{spell(probe.trace, name)} = "
        which = "the last batch" if m else "the start, 0 and 1"
        key = "kept in eval" if m and m <= 0.5 else "momentum"
        yield say(key, name, m=m, n=n, make=make, which=which, kind=type(norm).__name__)
    if probe.dead:
        return
    yield from _numbers(probe)
    silent = [n for n in probe.silent if not any(n == a or n.startswith(f"{a}.") for a in already)]
    if silent and probe.cut is None and probe.shut is None:
        code = "what is computed with them has to reach what forward returns"
        code = "no nn.init.zeros_ there: only the head may start at 0" if probe.zeros else code
        names = ", ".join(silent[:4]) + ", ..." * (len(silent) > 4)
        loose = [op for op in ops if op.gradient and not probe.trace.consumers(op)]
        loose = [op.where for op in loose if op is not probe.trace.op_of(probe.trace.output)]
        where = next(iter(loose), silent[0].rpartition(".")[0] or silent[0])
        yield say("no gradient", where, n=len(silent), names=names, code=code)


def _numbers(probe: Probe) -> Iterator[Finding]:
    """How large the answers are, and how far a step of training moves them."""
    spread, moved = probe.spread, probe.moved
    if spread > 3:
        severity = "error" if spread > 1e4 else "warning"
        yield say("explodes", "(answer)", severity, spread=spread, times=spread / CHROMA)
    elif moved > max(0.3, 4 * spread):
        yield say("far step", "(answer)", moved=moved)
    elif 0 < moved < (1e-3 if spread else 1e-4):
        yield say("small step", "(answer)", moved=moved)


def _mixing(op: Op) -> Finding:
    """The photos of a batch are mixed in this op: by its order of dimensions, most often."""
    order = getattr(op.call and op.call.module, "batch_first", None)
    if order is not None:
        due = "(N, places, C)" if order else "(places, N, C)"
        fix = BY_TURNS if order else "batch_first=True in the line that makes it"
        return say("batch first", op, code=fix, due=due, shape=op.call.shapes[0])
    code = f"`{op.make}nn.BatchNorm2d({op.shape[1]})`" if op.name == "batch_norm" else OVER_PLACES
    return say("mixes", op, code=code)


def _shut(op: Op) -> dict[str, str]:
    """Why an op hands on no gradient, and what mends it."""
    if op.name in SUMS and len(op.tensors) > 1:
        return {"why": "both of what it joins start at 0", "code": "start one of them at 1"}
    if "softm" in op.name:
        code = "`torch.sigmoid(y)`, or a softmax over the places: `y.flatten(2).softmax(2)`"
        return {"why": "of a single number it makes 1, whatever that is", "code": code}
    if op.name in NORMS:
        why = "the mean that is taken behind it is always 0"
        return {"why": why, "code": f"`{op.make}nn.Identity()`: leave it out there"}
    why = f"it makes {op.output.min():.2g} to {op.output.max():.2g} of all that it is given"
    return {"why": why, "code": "leave it out, or give it what was not cut off before"}


def drops_all(op: Op) -> bool:
    return op.name in DROPOUTS and op.arg(1, "p", 0.5) == 1


def _more(names: list[str]) -> str:
    return f", as have {len(names) - 1} other layers" if len(names) > 1 else ""
