"""A tiny real pass, forward and backward, on a copy: what shapes alone do not show.

Two small pictures of noise, on the CPU, once with the network's own weights and once with the
layers that start at zero woken up (the course's head starts at zero, and would hide everything).
"""

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ....common.copies import copy_of
from ..functions import NORMS
from .tracing import Op, Trace, storage, trace

SIDES = [(32, 48), (16, 16)]  # the smaller one where the larger would take too long
MOST = 1.5e9  # multiply-adds of a pass: about a quarter of a second on one core
MOST_WEIGHTS = 100_000_000
# torch, of a backward pass that reaches into the step before: its graph is gone, or its weights
HISTORY = ("graph a second time", "modified by an inplace operation")
NEXT_TO_NONE = 3e-6  # of a gradient: a norm that sets a mean to 0 leaves some rounding
STEPS, MORE_STEPS = 3, 8  # of Adam; more, where some weights were not even used


@dataclass
class Probe:
    """What was found."""

    trace: Trace
    spread: float = 0.0  # standard deviation of the answer, with the network's own weights
    dead: bool = False  # no weight but the head's ever has a gradient that is not 0
    moved: float = 0.0  # by how much the first step of Adam changes the answer (rms)
    zeros: list[str] = field(default_factory=list)  # layers, without heads, that start at 0
    alike: list[str] = field(default_factory=list)  # layers whose channels start with equal weights
    depends: bool = True  # does the answer depend on the picture?
    mixes: Op | None = None  # where, in eval mode, a picture comes to depend on the others
    flat: Op | None = None  # makes NaN or infinity of a flat picture, or of its gradient
    chance: Op | None = None  # what makes two answers to one picture differ in eval mode
    stuck: list[tuple[str, nn.Module]] = field(default_factory=list)  # BatchNorms that learn none
    one_sided: str = ""  # no answer lies "below" 0, or "above"
    error: Exception | None = None  # of a backward pass
    second: bool = False  # had that of the first step gone well?
    culprit: Op | None = None  # the op that changed something in place
    broken: Op | None = None  # the first op that made NaN or infinity
    cut: Op | None = None  # the op behind which no gradient flows
    shut: Op | None = None  # the op that is given a gradient and hands on none
    silent: list[str] = field(default_factory=list)  # parameters whose gradient is None or 0
    no_gradient: list[str] = field(default_factory=list)  # those whose gradient is None


def probe(model: nn.Module, adds: float, size: int, fixed: bool) -> Probe | None:
    """Run the probe; None where it would take too long or too much memory.

    adds: multiply-adds of one picture of `size`; fixed: the network takes no other size.
    Call it within `undisturbed()`.
    """
    sides = [(size, size)] if fixed else SIDES
    sides = [(h, w) for h, w in sides if 2 * adds * h * w / size**2 < MOST]
    if not sides or sum(p.numel() for p in model.parameters()) > MOST_WEIGHTS:
        return None
    twin = copy_of(model, "cpu").to(memory_format=torch.contiguous_format).train()
    x = (torch.randn(2, 1, *sides[0]) / 2).clamp(-1, 1)
    y = torch.randn(2, 2, *sides[0]) / 5
    first = trace(twin, x, meta=False)
    found = Probe(first)
    out = first.output
    found.broken = next((op for op in first.ops if not op.finite), None)
    fits = first.error is None and isinstance(out, Tensor) and out.shape == y.shape
    if not fits or found.broken is not None:
        return found
    found.spread = out.detach().std().item()
    if not out.requires_grad:
        found.cut, found.dead = _cut(first) or _ignored(first), True
        return found
    try:
        _backward(first, y)
        found.broken = next((op for op in first.ops[::-1] if _spoils(op)), None)
        if found.broken is not None:
            return found
        found.shut = _shut(first)
        found.second = True
        heads = {id(op.arg(1, "weight")) for op in first.ending()[1]}
        _learn(twin, x, y, out.detach(), heads, found)
    except RuntimeError as error:
        if found.second and not any(words in str(error) for words in HISTORY):
            raise
        found.error, found.culprit = error, None if found.second else _in_place(model, x.shape)
        return found
    _awake(model, x, y, found)
    found.flat = _flat(model, sides[-1])
    if found.no_gradient:
        found.cut = _cut(first) or _ignored(first)
    return found


def _learn(twin, x, y, before: Tensor, heads: set[int], found: Probe) -> None:
    """A few steps: which weights get a gradient at last? (`twin` holds the gradients of the first.)

    A head, or the end of a residual branch, that starts at 0 is awake after one step; what ReLU
    has shut is not. Branches that are left out by chance get some more passes to turn up.
    """
    own = [(n, p) for n, p in twin.named_parameters() if p.requires_grad]
    weights = [(n, p) for n, p in own if p.ndim > 1]
    layers = [(n.rpartition(".")[0] or n, p) for n, p in weights if id(p) not in heads]
    found.zeros = [n for n, p in layers if not p.any()]
    mixing = {n for n, m in twin.named_modules() if isinstance(m, (nn.Conv2d, nn.Linear))}
    mixing -= {n for n, m in twin.named_modules() if getattr(m, "groups", 1) > 1}
    mixed = [(n, p) for n, p in layers if n in mixing and len(p) > 1 and p.any()]
    found.alike = [n for n, p in mixed if (p == p[:1]).all()]
    optimiser = torch.optim.Adam([p for _, p in own], lr=1e-3)
    known, learns = set(), set()
    for turn in range(STEPS + MORE_STEPS):
        known |= {n for n, p in own if p.grad is not None}
        learns |= {n for n, p in own if p.grad is not None and p.grad.any()}
        enough = len(learns) == len(own) or (turn >= STEPS and len(known) == len(own))
        if turn and enough:  # the first step is always made: how far does it move the answer?
            break
        optimiser.step()
        out = twin(x)
        if turn == 0:
            found.moved = (out.detach() - before).square().mean().sqrt().item()
        optimiser.zero_grad()
        F.mse_loss(out, y).backward()
    norms = [(n, m) for n, m in twin.named_modules() if id(m) in found.trace.called]
    norms = [(n, m) for n, m in norms if getattr(m, "running_var", None) is not None]
    still = [m for _, m in norms if (m.running_var == 1).all()]
    found.stuck = [(n, m) for n, m in norms if m in still or (m.momentum or 0) > 0.5]
    found.silent = [n for n, _ in own if n not in learns]
    found.no_gradient = [n for n, _ in own if n not in known]
    others = {n for n, p in weights if id(p) not in heads}
    found.dead = not learns or bool(others and not learns & others)


def _awake(model: nn.Module, x: Tensor, y: Tensor, found: Probe) -> None:
    """Another pass, for which weights that are all zero are drawn at random first."""
    twin = copy_of(model, "cpu").train()
    with torch.no_grad():
        for name, p in twin.named_parameters():
            if "bias" not in name and not p.any():
                p.normal_(std=1 / math.sqrt(max(1, p[0].numel()) if p.ndim > 1 else 1))
    x = x.clone().requires_grad_()
    awake = trace(twin, x, meta=False)
    out = awake.output
    if out.any() and not (out.min() < 0 < out.max()):
        found.one_sided = "below" if out.min() >= 0 else "above"
    _backward(awake, y)
    if not found.dead:  # what hands on no gradient only because a weight starts at 0 is no fault
        found.shut = _shut(awake)
    slope = x.grad is not None and bool(x.grad.any())
    found.depends = slope or not out[0].equal(out[1])
    _in_eval(twin, x.detach(), found)


def _flat(model: nn.Module, side: tuple[int, int]) -> Op | None:
    """What makes NaN or infinity, there or on the way back, of four flat pictures."""
    x = torch.linspace(-1, 1, 4)[:, None, None, None].expand(4, 1, *side).contiguous()
    found = trace(copy_of(model, "cpu").train(), x, meta=False)
    first = next((op for op in found.ops if not op.finite), None)
    if first is None and found.error is None:
        _backward(found, x.expand(-1, 2, -1, -1))
        first = next((op for op in found.ops[::-1] if _spoils(op)), None)
    return root(found, first)


def root(trace: Trace, broken: Op | None) -> Op | None:
    """The square root behind which something breaks, if there is one; else the op itself."""
    return next((op for op in trace.back(broken) if op.name == "sqrt"), broken)


def _in_eval(twin: nn.Module, x: Tensor, found: Probe) -> None:
    """In eval mode: is it the same answer twice, and whatever the other picture is?"""
    given = torch.cat([x[:1], -x[1:]]), *[x] * 5  # often: a choice of two may fall alike
    other, one, *again = (trace(twin.eval(), y, meta=False) for y in given)
    if all(t.error is None and t.output.shape == x[:, [0, 0]].shape for t in (other, one, *again)):
        drawn = (t for t in again if not t.output.equal(one.output))
        found.chance = next((_apart(one, t) for t in drawn), None)
        if found.chance is None and not one.output[:1].equal(other.output[:1]):
            found.mixes = _apart(one, other, half=True)


def _apart(one: Trace, other: Trace, half: bool = False) -> Op | None:
    """The first op that makes other numbers in another pass; `half`: also of the first picture."""
    for a, b in zip(one.ops, other.ops, strict=False):
        if a.name != b.name or a.shape != b.shape:
            return a
        v, w = a.value, b.value
        same = [v.chunk(2, d)[0].equal(w.chunk(2, d)[0]) for d in range(v.ndim if half else 0)]
        if not (v.equal(w) or any(same)):
            return a
    return one.op_of(one.output)


def _cut(trace: Trace) -> Op | None:
    """The first op whose inputs (or parameters) have a gradient and whose output has none."""
    ends = (op for op in trace.ops if op.output.is_floating_point() and not op.gradient)
    return next((op for op in ends if any(t.requires_grad for t in op.tensors)), None)


def _ignored(trace: Trace) -> Op | None:
    """What takes a map's numbers without its gradient, where nothing else takes them."""
    makers = ((op, trace.before(op)) for op in (*trace.exits, *trace.ops) if not op.gradient)
    makers = ((op, m) for op, m in makers if m and m.gradient)
    return next((op for op, m in makers if not any(u.gradient for u in trace.consumers(m))), None)


def _backward(trace: Trace, y: Tensor) -> None:
    """A backward pass that leaves each op's gradient in its outputs."""
    for tensor in (t for op in trace.ops if op.gradient for t in op.outputs):
        if tensor.requires_grad and not tensor.is_leaf:
            tensor.retain_grad()
    F.mse_loss(trace.output, y).backward()


def _given(op: Op) -> tuple[Tensor | None, list[Tensor]]:
    """The gradient of what an op made, and those of what it was given; empty where unknown."""
    if not op.gradient or op.in_place or op.output.grad is None:
        return None, []
    return op.output.grad, [t.grad for t in op.tensors if t.requires_grad and t.grad is not None]


def _spoils(op: Op) -> bool:
    """Does it make NaN or infinity of a finite gradient?"""
    made, given = _given(op)
    return (
        bool(given) and bool(made.isfinite().all()) and not all(g.isfinite().all() for g in given)
    )


def _shut(trace: Trace) -> Op | None:
    """The last op that was given a gradient and hands on none, or next to none."""
    for op in trace.ops[::-1]:
        made, given = _given(op)
        learnt = all(t.requires_grad for t in op.tensors)  # not times 0 by chance
        if given and learnt and made.any():
            most = max(g.abs().max() for g in given)
            if most <= NEXT_TO_NONE * made.abs().max():
                return op
        if learnt and op.gradient and not op.in_place and _vanishes(op):
            before = trace.before(op)
            return before if before and before.name in NORMS else op
    return None


def _vanishes(op: Op) -> bool:
    """Does it make next to nothing of numbers that are some?"""
    most = [t.detach().abs().max() for t in op.tensors if t.numel() and t.is_floating_point()]
    return bool(most) and 0 < NEXT_TO_NONE * min(most) >= op.value.detach().abs().max()


def _in_place(model: nn.Module, shape: torch.Size) -> Op | None:
    """The op that changes what an op before it keeps for the backward pass."""
    found = trace(copy_of(model, "meta").train(), torch.empty(shape, device="meta"))
    changers = [op for op in found.ops if op.in_place]
    kept_by = {key: index for key, (*_, index) in found.saved.items()}
    guilty = [op for op in changers if kept_by.get(storage(op.tensors[0]), op.index) < op.index]
    return next(iter(guilty or changers[-1:]), None)
