"""Errors that Python and torch raise for more than one reason, said in the course's words.

Each rule takes the trace, the match of the error's message and the module that was at work, and
answers (what, fix), or None where it does not know better.
"""

import difflib
import inspect
import re
import traceback
import types

from torch import Tensor, nn

from ....common.errors import CourseError
from ..sentences import words
from ..watch.tracing import Trace, spell

FUNCTIONS_OF_PYTHON = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)
# What Python calls a thing that stands where a tensor is due.
THINGS = {"NoneType": "nothing", "numpy.ndarray": "numpy", "ndarray": "numpy"}
THINGS |= {"tuple": "several", "list": "several"}
THINGS |= dict.fromkeys(("function", "builtin_function_or_method", "method"), "function")


def complaint(trace: Trace, module) -> tuple[str, str] | None:
    """(what, fix) for the error that a trace ended in; None where torch's words must do."""
    message = str(trace.error)
    for kind, pattern, answer in SAYINGS:
        found = re.search(pattern, message, re.DOTALL) if isinstance(trace.error, kind) else None
        if found and isinstance(answer, str):
            return words(answer, said=f" ({message})" if message else "")
        if found and (said := answer(trace, found, module)):
            return said
    return None


def _thing(trace: Trace, found: re.Match, module) -> tuple[str, str] | None:
    """What stands where a tensor is due: the first that the message names."""
    message = found.string
    asked = re.search(r"has no attribute '(\w+)'", message)
    tensors_own = asked is None or hasattr(Tensor, asked[1])
    for kind in re.findall(r"(?:got \((?:\w+=)?|\bnot \(?|')([\w.]+)", message):
        key = THINGS.get(kind)
        if key == "function":
            return words(key, name=_function(trace))
        if key and (key != "several" or tensors_own):
            return words(key, kind=kind)
        layer = kind[:1].isupper() and kind not in ("Parameter", type(trace.model).__name__)
        if layer and hasattr(nn, kind):
            return words("layer", kind=kind)
    return None


def _attribute(trace: Trace, found: re.Match, module) -> tuple[str, str] | None:
    parts = [m for m in trace.model.modules() if type(m).__name__ == found[1]]
    if not parts:  # of a tensor, say: torch's words name it
        return None
    name, part = found[2], parts[0]
    known = [n for n, _ in part.named_children()]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    code = f"a line of __init__ has to begin with `self.{name} = ...`"
    if name in type(part).__init__.__code__.co_varnames:
        code += f", not with `{name} = ...`, which is forgotten at its end"
    elif near and near[0].strip("0123456789") == name.strip("0123456789"):
        code += f"; or `self.{near[0]}`, if that was meant"  # up3 is not up4 misspelt
    elif near:
        code = f"`self.{near[0]}`"
    return words("no attribute", name=name, known=", ".join(known) or "no layers", code=code)


def _name(trace: Trace, found: re.Match, module) -> tuple[str, str]:
    name = found[1] or found[2]
    for frame in _frames(trace.error):
        if callable(frame.f_globals.get(name)) and name in frame.f_code.co_varnames:
            return words("hidden function", name=name)
    part = name in dict(trace.model.named_children())
    local = [n for frame in _frames(trace.error) for n in frame.f_code.co_varnames if n != name]
    near = difflib.get_close_matches(name, local, 1)
    near = f"; or `{near[0]}`, if that was meant" if near else ""
    return words("part" if part else "no value", name=name, near=near)


def _frames(error: BaseException) -> list[types.FrameType]:
    return [frame for frame, _ in traceback.walk_tb(error.__traceback__)]


def _arguments(trace: Trace, found: re.Match, module) -> tuple[str, str] | None:
    """Too few or too many arguments: of forward, of a layer, of a function."""
    owner, name, message = found[1].rstrip(".").rpartition(".")[2], found[2], found.string
    if name == "forward" and "missing" in message and owner != type(trace.model).__name__:
        layer = trace.open[-1][1] if trace.open else "the layer"
        return words("empty brackets", layer=layer, spelt=spell(trace, layer))
    if name == "forward":
        return words("forward's arguments", message=message)
    known = [frame.f_globals[name] for frame in _frames(trace.error) if name in frame.f_globals]
    if not known or not callable(known[0]):
        return None
    code = f"`{name}({', '.join(inspect.signature(known[0]).parameters)})`"
    return words("arguments", name=name, message=message.partition("() ")[2], code=code)


def _function(trace: Trace) -> str:
    """`self.down2(pool)`: the name of a function that was given, and not what it answers."""
    given = trace.open[-1][2] if trace.open else ()
    if trace.pending is not None:
        given = (*given, *trace.pending.args)
    names = [a.__name__ for a in given if isinstance(a, FUNCTIONS_OF_PYTHON)]
    text = trace.line.text.partition("#")[0] if trace.line is not None else ""
    words = re.findall(r"(?<![\w.])([^\W\d]\w*)(?!\w|\s*[(.])", text)  # not called there
    for frame in _frames(trace.error):
        known = {**frame.f_globals, **frame.f_locals}
        names += [w for w in words if isinstance(known.get(w), FUNCTIONS_OF_PYTHON)]
    return names[0] if names else "it"


def _no_forward(trace: Trace, found: re.Match, module) -> tuple[str, str]:
    if isinstance(module, (nn.ModuleList, nn.ModuleDict)):
        return words("list called", spelt=spell(trace, trace.names.get(id(module), "layers")))
    own = [n for n in vars(type(module or trace.model)) if not n.startswith("__")]
    near = difflib.get_close_matches("forward", own, n=1, cutoff=0.5)
    hint = f"{near[0]} is misspelt" if near else "it may be indented one level too far"
    return words("no forward", hint=hint)


SAYINGS = [  # (kind of error, what its message says, which sentence or rule answers it)
    (TypeError, r"^(cat|concat|stack)\(\).*tuple of Tensors", "maps for a list"),
    (TypeError, "'tuple' object is not callable", "tuple called"),
    (Exception, r"(?i)call numpy\(\) on", "numpy"),
    (Exception, r"view.*in-?place", "view"),
    (RecursionError, "", "recursion"),
    (Exception, r"NVIDIA|CUDA enabled|the same device", "device"),
    (AssertionError, "", "assertion"),
    (CourseError, r"^(.+)\. (.*?)\.*$", lambda _, found, __: (*found.groups(), "")),
    (Exception, r"^([\w.<>]*?)(\w+)\(\) (?:missing|takes|got an unexpected)", _arguments),
    ((TypeError, AttributeError), "", _thing),
    (Exception, r"'(\w+)' object has no attribute '(\w+)'", _attribute),
    (NameError, r"name '(\w+)' is not defined|variable '(\w+)'", _name),
    (Exception, 'missing the required "forward"', _no_forward),
]
