"""Errors that Python and torch raise for more than one reason, said in the course's words.

Each rule takes the trace, the error's message and the module that was at work, and answers
(what, fix), or None where it does not know better.
"""

from __future__ import annotations

import difflib
import inspect
import re
import types
from collections.abc import Iterator

from torch import Tensor, nn

from ....common.copies import tensors_in
from ....common.errors import CourseError
from ..watch.tracing import Trace
from ..wording import spell


def is_layer(kind: str) -> tuple[str, str]:
    return (
        f"was given a layer ({kind}) where a tensor is due",
        f"call the layer: self.name(x); and nn.{kind}()(x), not nn.{kind}(x), which only makes one",
    )


def _attribute(trace: Trace, message: str, module) -> tuple[str, str] | None:
    found = re.search(r"object has no attribute '(\w+)'", message)
    if not found:
        return None
    name, kind = found[1], message.split("'")[1]
    if hasattr(nn, kind) and kind != type(trace.model).__name__:
        return is_layer(kind)
    if "'NoneType' object" in message:
        return NOTHING
    if "'function' object" in message:
        return _is_function(trace)
    if "'numpy.ndarray' object" in message:
        return NUMPY
    if kind in ("tuple", "list") and hasattr(Tensor, name):
        return (
            f"has a {kind} where a tensor is due: does a part of it return several things?",
            "y, skip = self.part(x): a name for each of them",
        )
    part = next((m for m in trace.model.modules() if type(m).__name__ == kind), None)
    if part is None:  # of a tensor, say: torch's words name it
        return None
    known = [n for n, _ in part.named_children()]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"self.{name} = ... in __init__"
    if name in type(part).__init__.__code__.co_varnames:
        hint = f"self.{name} = ... in __init__, not {name} = ..., which is forgotten at its end"
    elif near and near[0].strip("0123456789") == name.strip("0123456789"):
        hint += f"; or self.{near[0]}, if that was meant"  # up3 is not up4 misspelt
    elif near:
        hint = f"self.{near[0]}"
    return f"there is no self.{name}; __init__ makes {', '.join(known) or 'no layers'}", hint


def _name(trace: Trace, message: str, module) -> tuple[str, str] | None:
    found = re.search(r"name '(\w+)' is not defined|variable '(\w+)'", message)
    if not found:
        return None
    name = found[1] or found[2]
    for frame in _frames(trace.error):
        outer = frame.f_globals.get(name)
        if callable(outer) and name in frame.f_code.co_varnames:
            return (
                f"{name} is a function, but this method also makes a variable of that name, so "
                f"that {name} means the variable, which has no value yet",
                f"another name for the variable: y = {name}(...)",
            )
    if name in dict(trace.model.named_children()):
        return f"{name} is a part of the network, not a variable", f"self.{name}"
    return f"{name} is used before it has a value", f"{name} = ... on a line before this one"


def _type(trace: Trace, message: str, module) -> tuple[str, str] | None:
    if found := _arguments(trace, message):
        return found
    if re.match(r"(cat|concat|stack)\(\)", message) and "tuple of Tensors" in message:
        return (
            "is given maps where a list of maps is due",
            "torch.cat([a, b], dim=1): the maps stand in square brackets",
        )
    pending = trace.pending
    size = pending.arg(1, "size") if pending is not None else None
    if isinstance(size, Tensor) and pending.name in ("interpolate", "upsample"):
        return (
            f"is given a map {tuple(size.shape)} as the size; a size is two numbers, height and "
            f"width",
            "F.interpolate(y, size=other.shape[-2:], mode='bilinear'), or upsample_to(y, other)",
        )
    names = "|".join(k for k in dir(nn) if k[0].isupper())
    if found := re.search(rf"\b(?:not|got|argument 'input'.*?|and) \(?'?({names})\b", message):
        return is_layer(found[1])
    if "'tuple' object is not callable" in message:
        return (
            "calls a tuple: is there a comma behind the line that makes the layer?",
            "take away the comma: self.layer = nn.Sequential(...)",
        )
    # torch lists all arguments: what counts is the first, for a missing bias is None, too
    found = re.search(r"got \((?:\w+=)?([\w.]+)", message)
    found = found or re.search(
        r"argument '(?:input|tensor|self)'.*must be Tensor, not ([\w.]+)", message
    )
    found = found or re.search(r"'([\w.]+)' object", message)
    kind = found[1] if found else ""
    if "unsupported operand" in message:
        kind = next((k for k in re.findall(r"'(\w[\w.]*)'", message) if k != "Tensor"), "")
    if kind == "NoneType":
        return NOTHING
    if kind in ("function", "builtin_function_or_method", "method"):
        return _is_function(trace)
    if kind in ("numpy.ndarray", "ndarray"):
        return NUMPY
    return None


FUNCTIONS_OF_PYTHON = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)
NOTHING = "has None where a tensor is due: does a part of it forget its return?", "return x"
NUMPY = (
    "has a numpy array where a tensor is due: numpy knows neither gradients nor the GPU",
    "torch's own function instead of numpy's: torch.tanh(x), not np.tanh(x); no .numpy() in "
    "forward",
)


def _frames(error: BaseException) -> Iterator[types.FrameType]:
    step = error.__traceback__
    while step is not None:
        yield step.tb_frame
        step = step.tb_next


def _arguments(trace: Trace, message: str) -> tuple[str, str] | None:
    """Too few or too many arguments: of forward, of a layer, of a function."""
    found = re.match(r"([\w.<>]+)\(\) (?:missing|takes|got an unexpected)", message)
    if found is None:
        return None
    name = found[1].rpartition(".")[2]
    if name == "forward":
        owner = found[1].rpartition(".")[0].rpartition(".")[2]
        if "missing" in message and owner != type(trace.model).__name__:
            name = trace.open[-1][1] if trace.open else "the layer"
            return (
                f"layer {name} is called without its map: the brackets behind it are empty",
                f"{spell(trace, name)}(x)",
            )
        return f"forward does not take what it is called with: {message}", "def forward(self, x):"
    known = [frame.f_globals[name] for frame in _frames(trace.error) if name in frame.f_globals]
    if not known or not callable(known[0]):
        return None
    takes = [p for p in inspect.signature(known[0]).parameters]
    call = f"{name}({', '.join(takes)})"
    return f"does not give {name} what it takes: {message.partition('() ')[2]}", call


def _is_function(trace: Trace) -> tuple[str, str]:
    """`self.down2(pool)`: the function was given, not what it answers."""
    given = trace.open[-1][2] if trace.open else ()
    if trace.pending is not None:
        given = (*given, *trace.pending.args)
    names = [a.__name__ for a in given if isinstance(a, FUNCTIONS_OF_PYTHON)]
    text = trace.line.text.partition("#")[0] if trace.line is not None else ""
    words = re.findall(r"(?<![\w.])([^\W\d]\w*)(?!\w|\s*[(.])", text)  # not called there
    for frame in _frames(trace.error):
        known = {**frame.f_globals, **frame.f_locals}
        names += [w for w in words if isinstance(known.get(w), FUNCTIONS_OF_PYTHON)]
    name = names[0] if names else "it"
    return f"has a function where a tensor is due: {name} is a function", f"call it: {name}(x)"


def _no_forward(trace: Trace, message: str, module) -> tuple[str, str] | None:
    if 'missing the required "forward"' not in message:
        return None
    if isinstance(module, (nn.ModuleList, nn.ModuleDict)):
        return (
            "is a list of layers, which cannot be called",
            "for layer in self.layers: x = layer(x); or nn.Sequential(*layers)",
        )
    own = [n for n in vars(type(module or trace.model)) if not n.startswith("__")]
    near = difflib.get_close_matches("forward", own, n=1, cutoff=0.5)
    hint = f"{near[0]} is misspelt" if near else "it may be indented one level too far"
    return f"has no forward ({hint})", "def forward(self, x): as a method of the class"


def _one_value(trace: Trace, message: str, module) -> tuple[str, str] | None:
    if "call numpy() on" in message.lower():
        return NUMPY
    if "view" in message and "inplace" in message.replace("-", ""):
        return (
            "changes a view in place, which the gradient cannot follow",
            "y = y + ... instead of y += ..., no inplace=True on a part of a tensor; or .clone()",
        )
    if isinstance(trace.error, CourseError):
        what, _, fix = message.rpartition(". ")  # our messages end with what to do
        return (what, fix.rstrip(".")) if what else None
    found = re.search(r"expected (\d)D.*?input \(got (\d)D input\)", message)
    if found:
        shapes = [tuple(t.shape) for t in tensors_in(trace.open[-1][2])] if trace.open else []
        return (
            f"expects {found[1]} dimensions, receives {found[2]}: {shapes[0] if shapes else ''}",
            "nn.BatchNorm1d after flatten or Linear, nn.BatchNorm2d on maps (N, C, H, W)",
        )
    return None


def _index(trace: Trace, message: str, module) -> tuple[str, str] | None:
    op = trace.pending
    source = trace.op_of(op.tensors[0]) if op is not None and op.tensors else None
    if "too many indices" not in message or op is None or not op.tensors:
        return None
    if source is not None and source.name == "squeeze" and len(source.args) < 2:
        return (
            f"squeeze() took away every dimension of 1, here that of the batch, too: "
            f"{source.shapes[0]} -> {source.shape}",
            ".flatten(1) instead of .squeeze(): dimension 0 is the batch and stays",
        )
    shape = tuple(op.tensors[0].shape)
    return f"the index has more places than {shape} has dimensions", "look at x.shape there"


def _assertion(trace: Trace, message: str, module) -> tuple[str, str] | None:
    said = f" ({message})" if message else ""
    return f"stops at an assertion{said}", "leave it out: every size from 16 x 16 up is to work"


def recursion(trace: Trace, message: str, module) -> tuple[str, str] | None:
    return "calls itself without end", "call a part of the network, self.body(x), not self(x)"


ERRORS = [
    (AttributeError, _attribute),
    (NameError, _name),
    (TypeError, _type),
    (IndexError, _index),
    (AssertionError, _assertion),
    (NotImplementedError, _no_forward),
    (RecursionError, recursion),
    ((RuntimeError, ValueError), _one_value),
]
