"""One pass through a network, watched: what every layer did, in what order, made from what.

The network is copied to torch's meta device, where tensors have shapes but no numbers, so that a
pass costs neither memory nor arithmetic. Every torch function that runs is noted with its inputs,
its output, the layer it ran in and the line of code that asked for it. Where the pass fails, the
trace says what was under way. `clinic` makes its report of this; nothing here judges.
"""

import contextlib
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode

from ....common.copies import replace_tensors, tensors_in
from ..functions import LAYERS, tidy
from .sources import Line, student_line
from .stand_ins import SHORT_CUTS

PICTURE = -1  # stands for "the input" where an op's number is meant
EXITS = ("tolist", "item", "float", "int", "array", "numpy")  # where they answer no tensor
CONSTRUCTORS = ("zeros_like", "ones_like", "empty_like", "full_like", "randn_like", "rand_like")


@dataclass(eq=False)
class Op:
    """One torch function that ran, or was running when the pass failed."""

    index: int
    name: str  # 'conv2d', 'add', 'cat': without underscores, whichever way it was called
    func: Callable
    args: tuple
    kwargs: dict
    tensors: list[Tensor]
    shapes: list[tuple[int, ...]]  # of its tensors, as they were when it was called
    inputs: list[int | None]  # which op made each of them; PICTURE; None: a parameter or constant
    call: "Call | None"  # the layer that it is part of
    line: Line | None
    in_place: bool
    output: Tensor | None = None
    outputs: list[Tensor] = field(default_factory=list)
    shape: tuple[int, ...] = ()
    gradient: bool = False  # does the output take part in the gradient?
    finite: bool = True  # known for a pass with numbers only
    value: Tensor | None = None  # its output, as it was when it was made
    label: str = ""  # the outermost part of the network that answers with its output

    def arg(self, position: int, name: str, default=None):
        """An argument, whether it was given by position or by name: torch's, or numpy's 'axis'."""
        if position < len(self.args):
            return self.args[position]
        if name == "dim" and "axis" in self.kwargs:
            return self.kwargs["axis"]
        return self.kwargs.get(name, default)

    def __post_init__(self) -> None:
        name, call = self.call.name if self.call else "", self.call
        self.where: str = name or str(self.line or "forward")
        self.at_line: str = str(self.line or self.where)
        self.code: str = call.code if call else ""  # that gets at its layer: self.head[1]
        self.make: str = f"{self.code} = " if self.code else ""
        self.kind: str = type(call.module).__name__ if call else self.name  # Conv2d


@dataclass(eq=False)
class Call:
    """One call of a layer: a module that has no parts of its own."""

    name: str
    code: str  # that gets at it: self.deep[1][0]; nothing for a layer that belongs to nobody
    module: nn.Module
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
    moved: set[int] = field(default_factory=set)  # ids of tensors that .to(...) has answered
    exits: list[Op] = field(default_factory=list)  # what took numbers out of torch: tolist, item
    # Modules that were entered and not left: (module, name, what it was given, a layer's call).
    open: list[tuple[nn.Module, str, tuple, Call | None]] = field(default_factory=list)
    made: dict[int, int] = field(default_factory=dict)  # id of tensor -> op
    # What is kept for the backward pass, by `storage`: its bytes, the op that made it (None: the
    # picture), the first op that keeps it.
    saved: dict[int, tuple[int, int | None, int]] = field(default_factory=dict)
    kept: list = field(default_factory=list)  # keeps ids from being given away again
    called: set[int] = field(default_factory=set)  # ids of modules that ran
    strangers: dict[int, nn.Module] = field(default_factory=dict)  # ran, but belong to nobody

    def op_of(self, tensor: Tensor) -> Op | None:
        return self._op(self.made.get(id(tensor)))

    def _op(self, index: int | None) -> Op | None:
        return None if index in (None, PICTURE) else self.ops[index]

    def before(self, op: Op) -> Op | None:
        """The op that made its main tensor. (An in-place op's tensor is its own output.)"""
        return self._op(next((i for i in op.inputs if i is not None), None))

    def back(self, op: Op | None) -> Iterator[Op]:
        """An op, the one that made its main tensor, and so on, back to the picture."""
        while op is not None:
            yield op
            op = self.before(op)

    def consumers(self, op: Op) -> list[Op]:
        return [later for later in self.ops if op.index in later.inputs]

    def ending(self) -> tuple[list[Op], list[Op]]:
        """(the ops behind the last layers, which work on the answer itself; those layers')."""
        behind, layers, seen, todo = [], [], {None, PICTURE}, {self.made.get(id(self.output))}
        while todo := todo - seen:
            seen |= todo
            new = [self.ops[index] for index in todo]
            layers += [op for op in new if op.name in LAYERS]
            behind += (others := [op for op in new if op.name not in LAYERS])
            todo = {index for op in others for index in op.inputs}
        return behind, layers

    def chain(self, op: Op, passing) -> tuple[list[Op], list[Op]]:
        """(the ops of `passing` that follow in a single row, all that take what comes of them)."""
        way, users = [], self.consumers(op)
        while len(users) == 1 and users[0].name in passing:
            way += users
            users = self.consumers(users[0])
        return way, users


def spell(trace: Trace, name: str) -> str:
    """The code that gets at a layer: deep.1.0 -> self.deep[1][0]."""
    text = "model" if type(trace.model).__module__.startswith("torch.nn") else "self"
    for part in name.split(".") if name else []:
        text += f"[{part}]" if part.isdigit() else f".{part}"
    return text


def is_leaf(module: nn.Module) -> bool:
    """Is this a layer (a row of the table) rather than a box with layers in it?"""
    return isinstance(module, nn.MultiheadAttention) or not any(True for _ in module.children())


class Watch(TorchFunctionMode):
    """Notes every torch function; on the meta device it takes real tensors there first."""

    def __init__(self, trace: Trace, meta: bool) -> None:
        super().__init__()
        self.trace, self.meta = trace, meta
        self.twins: dict[int, Tensor] = {}  # real tensors that came up, and what stands for them
        self.storages: dict[int, int | None] = {storage(trace.x): None}  # -> the op that made it
        self.fixed = {storage(t) for t in (*trace.model.parameters(), *trace.model.buffers())}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name, in_place = tidy(func)
        kwargs = kwargs or {}
        if self.meta:
            args, kwargs = replace_tensors((args, kwargs), self.to_meta)
        tensors = list(tensors_in((args, kwargs)))
        op = self.trace.pending = Op(
            index=len(self.trace.ops),
            name=name,
            func=func,
            args=args,
            kwargs=kwargs,
            tensors=tensors,
            shapes=[tuple(t.shape) for t in tensors],
            inputs=[self.trace.made.get(id(t)) for t in tensors],
            call=next((c for *_, c in reversed(self.trace.open) if c is not None), None),
            line=student_line(traceback.walk_stack(sys._getframe(1))),
            in_place=in_place or kwargs.get("inplace") is True,
        )
        if op.in_place and not self.meta and (maker := self.trace.op_of(tensors[0])):
            maker.value = tensors[0].detach().clone()
        if self.meta and name in ("to", "cpu", "cuda"):  # to another device: it stays where it is
            like = [getattr(a, "dtype", a) for a in (*args[1:], *kwargs.values())]
            kinds = [a for a in like if isinstance(a, torch.dtype)]
            result = args[0].to(kinds[0]) if kinds else args[0]
            self.trace.moved.add(id(result))
        elif self.meta and name in SHORT_CUTS:
            result = SHORT_CUTS[name](func, *args, **kwargs)
        else:
            result = func(*args, **kwargs)
        self.trace.pending = None
        self.note(op, args[0] if name == "setitem" else result)
        return result

    def to_meta(self, tensor: Tensor) -> Tensor:
        if tensor.device.type == "meta":
            return tensor
        if id(tensor) not in self.twins:
            twin = torch.empty_like(tensor.detach(), device="meta")
            self.twins[id(tensor)] = twin.requires_grad_(tensor.requires_grad)
            self.fixed.add(storage(twin))
            self.trace.kept.append(tensor)
        return self.twins[id(tensor)]

    def note(self, op: Op, result) -> None:
        """An op that is done; none where nothing was made: contiguous() of what is so already."""
        trace, op.outputs = self.trace, list(tensors_in(result))
        if op.name in EXITS and not op.outputs:
            trace.exits.append(op)
        if not op.outputs or (
            not op.in_place and all(any(o is t for t in op.tensors) for o in op.outputs)
        ):
            return
        if op.name in CONSTRUCTORS:
            op.inputs = [None] * len(op.inputs)
        op.output = op.value = op.outputs[0]
        op.shape, op.gradient = tuple(op.output.shape), op.output.requires_grad
        if not self.meta and op.output.is_floating_point():
            op.finite = bool(torch.isfinite(op.output.detach()).all())
        trace.ops.append(op)
        for tensor in op.outputs:
            trace.made[id(tensor)] = op.index
            trace.kept.append(tensor)
            self.storages.setdefault(storage(tensor), op.index)
        if op.call is None:
            trace.steps.append(op)
        else:
            op.call.ops.append(op)

    def enter(self, module, args) -> None:
        name, call = self.trace.names.get(id(module)), None
        self.trace.called.add(id(module))
        if name is None:
            self.trace.strangers[id(module)] = module
        if is_leaf(module) and not any(c is not None for *_, c in self.trace.open):
            shapes = [tuple(t.shape) for t in tensors_in(args)]
            called = name if name is not None else f"({type(module).__name__})"
            call = Call(called, spell(self.trace, name) if name else "", module, shapes)
            self.trace.steps.append(call)
        self.trace.open.append((module, name or "", args, call))

    def leave(self, module, args, output) -> None:
        inner, tensor = None, next(tensors_in(output), None)
        while self.trace.open and inner is not module:
            inner, name, _, call = self.trace.open.pop()
        if call is not None:
            call.output, call.shape = output, tuple(tensor.shape) if tensor is not None else ()
        if tensor is not None and name and (made := self.trace.op_of(tensor)):
            made.label = name

    def keep(self, tensor: Tensor) -> Tensor:
        """Called for what is kept for the backward pass."""
        key, pending = storage(tensor), self.trace.pending
        if key not in self.fixed and key not in self.trace.saved:
            now = pending.index if pending else len(self.trace.ops)
            maker = self.storages.get(key, now)
            self.trace.saved[key] = tensor.untyped_storage().nbytes(), maker, now
            self.trace.kept.append(tensor)
        return tensor


def storage(tensor: Tensor) -> int:
    """The same number for all tensors that share their memory."""
    return tensor.untyped_storage()._cdata


def trace(model: nn.Module, x: Tensor, meta: bool = True) -> Trace:
    """Run `model` (a copy: see `copy_of`) on x and note everything; errors are noted, not raised.

    Call it within `undisturbed()`.
    """
    found = Trace(model, x, {id(m): name for name, m in model.named_modules()})
    watch, found.made[id(x)] = Watch(found, meta), PICTURE
    before = hooks.register_module_forward_pre_hook(watch.enter)
    after = hooks.register_module_forward_hook(watch.leave)
    where = keep = contextlib.nullcontext()
    if meta:
        where = torch.device("meta")
        keep = torch.autograd.graph.saved_tensors_hooks(watch.keep, lambda t: t)
    try:
        with before, after, where, watch, keep:
            found.output = model(x)
    except Exception as error:  # whatever a student's forward may raise
        found.error = error
        found.line = student_line(reversed(list(traceback.walk_tb(error.__traceback__))))
    return found
