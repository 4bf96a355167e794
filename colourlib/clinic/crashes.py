"""A pass that failed, explained: which layer or line, what met what, and the code that mends it."""

from __future__ import annotations

import difflib
import re
import types

from torch import nn

from .clashes import FUNCTIONS
from .copies import tensors_in
from .meetings import SUMS, broadcasts, clash
from .tracing import Op, Trace
from .wording import Finding, shrinking


def explain(trace: Trace, severity: str = "error", when: str = "") -> Finding:
    """The finding for a trace that ended in an error. `when`: ' at 101 x 67', say."""
    op, error = trace.pending, trace.error
    layer, what, fix = "", "", ""
    module = next((m for m, n, _ in reversed(trace.open) if n), None)
    name = next((n for _, n, _ in reversed(trace.open) if n), "")
    try:
        if op is not None and any(
            isinstance(a, nn.Module) for a in (*op.args, *op.kwargs.values())
        ):
            what, fix = _layer_for_tensor(op)
        elif op is not None and op.name in FUNCTIONS:
            what, fix = FUNCTIONS[op.name](trace, op)
    except (IndexError, TypeError, AttributeError, KeyError, ValueError, StopIteration):
        what = ""  # the arguments are not what that function takes: torch's words must do
    if not what:
        for kind, rule in ERRORS:
            if isinstance(error, kind) and (found := rule(trace, str(error), module)):
                what, fix = found
                break
    if not what:
        first = str(error).strip().split("\n")[0]
        what = f"stops with {type(error).__name__}: {first}"
    if op is not None and op.call is not None:
        layer = op.call.name
    elif module is not None and not any(True for _ in module.children()):
        layer = name
    if not layer:
        line = trace.line or (op.line if op is not None else None)
        layer = str(line) if line else name or "forward"
    if sum(m is trace.model for m, _, _ in trace.open) > 1:
        layer, (what, fix) = str(trace.line), _recursion(trace, "", None)
    guilty = _guilty(trace, op) if op is not None else None
    if guilty is not None:
        layer = guilty.where
        why, fix = shrinking(trace, guilty)
        what = f"{why}; so at {op.where.split(chr(58))[0]} {what}"
    return Finding(severity, layer, f"{what}{when}", fix)


def _layer_for_tensor(op: Op) -> tuple[str, str]:
    module = next(a for a in (*op.args, *op.kwargs.values()) if isinstance(a, nn.Module))
    return _is_layer(type(module).__name__)


def _is_layer(kind: str) -> tuple[str, str]:
    return (
        f"was given a layer ({kind}) where a tensor is due",
        f"call the layer: self.name(x); and nn.{kind}()(x), not nn.{kind}(x), which only makes one",
    )


def _guilty(trace: Trace, op: Op) -> Op | None:
    """The op that made a map miss by a few pixels, where sizes do not meet or a map is used up."""
    if op.name in ("conv2d", "max_pool2d", "avg_pool2d"):
        x = op.tensors[0]
        small = x.ndim == 4 and (op.name != "conv2d" or x.shape[1] == _channels_of(op))
        return next((o for o in trace.ops if shrinking(trace, o)), None) if small else None
    if op.name not in (*SUMS, "cat"):
        return None
    try:
        a, b = clash(op)
    except ValueError:
        return None
    if a.ndim != 4 or b.ndim != 4 or broadcasts(a.shape[2:], b.shape[2:]):
        return None
    for tensor in (a, b):
        found = trace.op_of(tensor)
        while found is not None:
            if shrinking(trace, found):
                return found
            found = trace.before(found)
    return None


def _channels_of(op: Op) -> int:
    return op.tensors[1].shape[1] * op.arg(6, "groups", 1)


# --- Python's own complaints


def _attribute(trace: Trace, message: str, module) -> tuple[str, str] | None:
    found = re.search(r"object has no attribute '(\w+)'", message)
    if not found:
        return None
    name, kind = found[1], message.split("'")[1]
    if hasattr(nn, kind) and kind != type(trace.model).__name__:
        return _is_layer(kind)
    known = [n for n, _ in trace.model.named_children()]
    if "'NoneType' object" in message:
        return NOTHING
    if "'function' object" in message:
        return _is_function(trace)
    if "'numpy.ndarray' object" in message:
        return NUMPY
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"self.{near[0]}" if near else f"self.{name} = ... in __init__"
    return f"there is no self.{name}; __init__ makes {', '.join(known) or 'no layers'}", hint


def _name(trace: Trace, message: str, module) -> tuple[str, str] | None:
    found = re.search(r"name '(\w+)' is not defined|variable '(\w+)'", message)
    if not found:
        return None
    name = found[1] or found[2]
    if name in dict(trace.model.named_children()):
        return f"{name} is a part of the network, not a variable", f"self.{name}"
    return f"{name} is used before it has a value", f"{name} = ... on a line before this one"


def _type(trace: Trace, message: str, module) -> tuple[str, str] | None:
    if "positional argument" in message and "forward" in message:
        return f"forward does not take what it is called with: {message}", "def forward(self, x):"
    names = "|".join(k for k in dir(nn) if k[0].isupper())
    if found := re.search(rf"\b(?:not|got|argument 'input'.*?|and) \(?'?({names})\b", message):
        return _is_layer(found[1])
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


def _is_function(trace: Trace) -> tuple[str, str]:
    """`self.down2(pool)`: the function was given, not what it answers."""
    given = trace.open[-1][2] if trace.open else ()
    if trace.pending is not None:
        given = (*given, *trace.pending.args)
    names = [a.__name__ for a in given if isinstance(a, FUNCTIONS_OF_PYTHON)]
    text = trace.line.text.partition("#")[0] if trace.line is not None else ""
    words = re.findall(r"(?<![\w.])([^\W\d]\w*)(?!\w|\s*[(.])", text)  # not called there
    step = trace.error.__traceback__
    while step is not None:
        known = {**step.tb_frame.f_globals, **step.tb_frame.f_locals}
        names += [w for w in words if isinstance(known.get(w), FUNCTIONS_OF_PYTHON)]
        step = step.tb_next
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
    found = re.search(r"expected (\d)D.*?input \(got (\d)D input\)", message)
    if found:
        shapes = [tuple(t.shape) for t in tensors_in(trace.open[-1][2])] if trace.open else []
        return (
            f"expects {found[1]} dimensions, receives {found[2]}: {shapes[0] if shapes else ''}",
            "nn.BatchNorm1d after flatten or Linear, nn.BatchNorm2d on maps (N, C, H, W)",
        )
    return None


def _recursion(trace: Trace, message: str, module) -> tuple[str, str] | None:
    return "calls itself without end", "call a part of the network, self.body(x), not self(x)"


ERRORS = [
    (AttributeError, _attribute),
    (NameError, _name),
    (TypeError, _type),
    (NotImplementedError, _no_forward),
    (RecursionError, _recursion),
    ((RuntimeError, ValueError), _one_value),
]
