"""One pass through a network, watched: what every layer did, in what order, made from what.

The network is copied to torch's meta device, where tensors have shapes but no numbers, so that a
pass costs neither memory nor arithmetic. Every torch function that runs is noted with its inputs,
its output, the layer it ran in and the line of code that asked for it. Where the pass fails, the
trace says what was under way. `clinic` makes its report of this; nothing here judges.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode

from ....common.copies import replace_tensors, tensors_in
from .sources import Line, line_of_error, student_line
from .stand_ins import SHORT_CUTS

PICTURE = -1  # stands for "the input" where an op's number is meant
CONSTRUCTORS = ("zeros_like", "ones_like", "empty_like", "full_like", "randn_like", "rand_like")


@dataclass(eq=False)
class Op:
    """One torch function that ran, or was running when the pass failed."""

    index: int
    name: str  # 'conv2d', 'add', 'cat': without underscores, whichever way it was called
    args: tuple
    kwargs: dict
    shapes: list[tuple[int, ...]]  # of its tensors, as they were when it was called
    inputs: list[int | None]  # which op made each of them; PICTURE; None: a parameter or constant
    call: Call | None  # the layer that it is part of
    within: str  # the innermost named part of the network that was at work
    line: Line | None
    in_place: bool
    tensors: list[Tensor] = field(default_factory=list)
    output: Tensor | None = None
    outputs: list[Tensor] = field(default_factory=list)
    shape: tuple[int, ...] = ()
    gradient: bool = False  # does the output take part in the gradient?
    finite: bool = True  # known for a pass with numbers only
    label: str = ""  # the outermost part of the network that answers with its output

    def arg(self, position: int, name: str, default=None):
        """An argument, whether it was given by position or by name: torch's, or numpy's 'axis'."""
        if position < len(self.args):
            return self.args[position]
        if name == "dim" and "axis" in self.kwargs:
            return self.kwargs["axis"]
        return self.kwargs.get(name, default)

    def first(self, name: str = "input") -> Tensor | None:
        """Its main tensor."""
        value = self.arg(0, name)
        return value if isinstance(value, Tensor) else (self.tensors[0] if self.tensors else None)

    @property
    def where(self) -> str:
        """The layer's name, or the line of code for a bare function."""
        if self.call is not None and self.call.name:
            return self.call.name
        return str(self.line) if self.line else (self.within or "forward")


@dataclass(eq=False)
class Call:
    """One call of a layer: a module that has no parts of its own."""

    name: str
    module: nn.Module
    registered: bool
    shapes: list[tuple[int, ...]]
    ops: list[Op] = field(default_factory=list)
    output: object = None
    shape: tuple[int, ...] = ()


@dataclass
class Trace:
    """Everything that one pass did."""

    model: nn.Module  # the copy that was run
    x: Tensor
    names: dict[int, str]  # id of a module of the copy -> its name
    ops: list[Op] = field(default_factory=list)
    steps: list[Call | Op] = field(default_factory=list)  # layers and bare functions, in order
    output: object = None
    error: BaseException | None = None
    line: Line | None = None  # of the student's code, where the error came up
    pending: Op | None = None  # the function that raised it
    open: list[tuple[nn.Module, str, tuple]] = field(default_factory=list)  # entered, not left
    made: dict[int, int] = field(default_factory=dict)  # id of tensor -> op
    saved: dict[int, tuple[int, int | None]] = field(default_factory=dict)  # see Watch.keep
    kept: list = field(default_factory=list)  # keeps ids from being given away again
    called: set[int] = field(default_factory=set)  # ids of modules that ran
    strangers: dict[int, nn.Module] = field(default_factory=dict)  # ran, but belong to nobody

    def op_of(self, tensor: Tensor) -> Op | None:
        index = self.made.get(id(tensor))
        return None if index is None or index == PICTURE else self.ops[index]

    def before(self, op: Op) -> Op | None:
        """The op that made its main tensor. (An in-place op's tensor is its own output.)"""
        index = next((i for i in op.inputs if i is not None), None)
        return None if index is None or index == PICTURE else self.ops[index]

    def consumers(self, op: Op) -> list[Op]:
        return [later for later in self.ops if op.index in later.inputs]


def is_leaf(module: nn.Module) -> bool:
    """Is this a layer (a row of the table) rather than a box with layers in it?"""
    return isinstance(module, nn.MultiheadAttention) or not any(True for _ in module.children())


SAME = {"concat": "cat", "concatenate": "cat"}  # torch's other names for one function


def tidy(func) -> tuple[str, bool]:
    """(name without underscores, one for each function; does it change its tensor in place?)."""
    name = getattr(func, "__name__", str(func))
    if name == "__get__":
        return getattr(getattr(func, "__self__", None), "__name__", "get"), False
    if name == "__setitem__":
        return "setitem", True
    in_place = name.endswith("_") and not name.endswith("__")
    name = name.strip("_")
    return SAME.get(name, name), in_place


class Watch(TorchFunctionMode):
    """Notes every torch function; on the meta device it takes real tensors there first."""

    def __init__(self, trace: Trace, meta: bool) -> None:
        super().__init__()
        self.trace, self.meta = trace, meta
        self.stack: list[tuple[nn.Module, str, Call | None, tuple]] = []
        self.twins: dict[int, Tensor] = {}  # real tensors that came up, and what stands for them
        self.storages: dict[int, int | None] = {}  # storage -> the op that made it
        own = list(trace.model.parameters()) + list(trace.model.buffers())
        self.fixed = {_storage(t) for t in own}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name, in_place = tidy(func)
        if self.meta:
            args, kwargs = (
                replace_tensors(args, self.to_meta),
                replace_tensors(kwargs, self.to_meta),
            )
        op = self.begin(name, in_place or kwargs.get("inplace") is True, args, kwargs)
        self.trace.pending = op
        if self.meta and name in ("to", "cpu", "cuda"):  # to another device: it stays where it is
            kinds = [a for a in (*args, *kwargs.values()) if isinstance(a, torch.dtype)]
            result = args[0].to(kinds[0]) if kinds else args[0]
        elif self.meta and name in SHORT_CUTS:
            result = SHORT_CUTS[name](func, *args, **kwargs)
        else:
            result = func(*args, **kwargs)
        self.trace.pending = None
        self.end(op, result)
        return result

    def to_meta(self, tensor: Tensor) -> Tensor:
        if tensor.device.type == "meta":
            return tensor
        if id(tensor) not in self.twins:
            twin = torch.empty_like(tensor.detach(), device="meta")
            self.twins[id(tensor)] = twin.requires_grad_(tensor.requires_grad)
            self.fixed.add(_storage(twin))
            self.trace.kept.append(tensor)
        return self.twins[id(tensor)]

    def begin(self, name, in_place, args, kwargs) -> Op:
        found = list(tensors_in((args, kwargs)))
        call = next((c for _, _, c, _ in reversed(self.stack) if c is not None), None)
        return Op(
            index=len(self.trace.ops),
            name=name,
            args=args,
            kwargs=kwargs,
            shapes=[tuple(t.shape) for t in found],
            inputs=[self.trace.made.get(id(t)) for t in found],
            call=call,
            within=next((n for _, n, _, _ in reversed(self.stack) if n), ""),
            line=student_line(sys._getframe(2)),
            in_place=in_place,
            tensors=found,
        )

    def end(self, op: Op, result) -> None:
        if op.name == "setitem":
            result = op.args[0]
        op.outputs = list(tensors_in(result))
        if not op.outputs:
            return
        trace = self.trace
        if not op.in_place and all(any(o is t for t in op.tensors) for o in op.outputs):
            return  # nothing was made: contiguous() of what is contiguous already
        if op.name in CONSTRUCTORS:
            op.inputs = [None] * len(op.inputs)
        op.output = op.outputs[0]
        op.shape, op.gradient = tuple(op.output.shape), op.output.requires_grad
        if not self.meta and op.output.is_floating_point():
            op.finite = bool(torch.isfinite(op.output.detach()).all())
        trace.ops.append(op)
        for tensor in op.outputs:
            trace.made[id(tensor)] = op.index
            trace.kept.append(tensor)
            self.storages.setdefault(_storage(tensor), op.index)
        if op.call is not None:
            op.call.ops.append(op)
        else:
            trace.steps.append(op)

    def enter(self, module, args) -> None:
        name = self.trace.names.get(id(module))
        self.trace.called.add(id(module))
        if name is None and module is not self.trace.model:
            self.trace.strangers[id(module)] = module
        call = None
        inside = any(c is not None for _, _, c, _ in self.stack)
        if is_leaf(module) and not inside:
            shapes = [tuple(t.shape) for t in tensors_in(args)]
            called = name if name is not None else f"({type(module).__name__})"
            call = Call(called, module, name is not None, shapes)
            self.trace.steps.append(call)
        self.stack.append((module, name or "", call, args))

    def leave(self, module, args, output) -> None:
        while self.stack:
            inner, name, call, _ = self.stack.pop()
            if inner is module:
                break
        tensor = next(tensors_in(output), None)
        if call is not None:
            call.output, call.shape = output, tuple(tensor.shape) if tensor is not None else ()
        if tensor is not None and name and (made := self.trace.op_of(tensor)):
            made.label = name

    def keep(self, tensor: Tensor) -> Tensor:
        """Called for what is kept for the backward pass: {storage: (bytes, op that made it)}."""
        key = _storage(tensor)
        if key not in self.fixed and key not in self.trace.saved:
            pending = self.trace.pending
            maker = self.storages.get(key, pending.index if pending else None)
            self.trace.saved[key] = (tensor.untyped_storage().nbytes(), maker)
            self.trace.kept.append(tensor)
        return tensor


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def trace(model: nn.Module, x: Tensor, meta: bool = True) -> Trace:
    """Run `model` (a copy: see `copy_of`) on x and note everything; errors are noted, not raised.

    Call it within `undisturbed()`.
    """
    found = Trace(model, x, {id(m): name for name, m in model.named_modules()})
    watch = Watch(found, meta)
    found.made[id(x)] = PICTURE
    watch.storages[_storage(x)] = None
    before = hooks.register_module_forward_pre_hook(watch.enter)
    after = hooks.register_module_forward_hook(watch.leave)
    keep = torch.autograd.graph.saved_tensors_hooks(watch.keep, lambda t: t)
    where = torch.device("meta") if meta else contextlib.nullcontext()
    try:
        with where, watch, keep if meta else contextlib.nullcontext():
            found.output = model(x)
    except Exception as error:  # whatever a student's forward may raise
        found.error = error
        found.line = line_of_error(error)
    finally:
        before.remove()
        after.remove()
    found.open = [(module, name, args) for module, name, _, args in watch.stack]
    return found
