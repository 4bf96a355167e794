"""Layers that torch does not find, that are never called, or that are made anew in forward."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator

from torch import nn

from ..sentences import Finding, say
from ..watch.probe import Probe
from ..watch.tracing import Call, Trace, spell

HOLDERS = nn.ModuleList, nn.ModuleDict


def unused(trace: Trace, probe: Probe | None) -> Iterator[Finding]:
    """Layers in plain lists, layers never called, layers made anew in forward."""
    for name, holder in _hidden(trace.model):
        better = "ModuleDict" if holder == "dict" else "ModuleList"
        key = "comma" if holder == "comma" else "hidden"
        yield say(key, name, holder=holder, better=better, layer=spell(trace, name))
    known = {id(m) for layer in _layers_in(trace.model) for m in layer.modules()}
    own = {id(p) for p in trace.model.parameters()}  # a slice of a Sequential has the model's
    for key, module in trace.strangers.items():
        if key not in known and any(id(p) not in own for p in module.parameters()):
            yield say("new layer", _line_of(trace, module), kind=type(module).__name__)
    if trace.error is not None:
        return
    for name, module in trace.model.named_modules():
        if not name or isinstance(module, HOLDERS):
            continue
        parent = trace.model.get_submodule(name.rpartition(".")[0])
        alone = id(parent) in trace.called or parent is trace.model or isinstance(parent, HOLDERS)
        if not alone or any(id(m) in trace.called for m in module.modules()):
            continue  # said of the box that it is in; or called, perhaps its parts one by one
        weights = dict(module.named_parameters(prefix=name))
        if weights and probe is not None and not set(weights) & set(probe.no_gradient):
            continue  # its weights are used without calling it
        n = sum(p.numel() for p in weights.values())
        idle = f": {n:,} parameters do nothing" * bool(weights)
        severity = "warning" if weights else "note"
        yield say("never called", name, severity, idle=idle, layer=spell(trace, name))


def twice(model: nn.Module) -> Iterator[Finding]:
    """`self.up4 = ...` on two lines of __init__: the second takes the first one's place."""
    try:
        lines, start = inspect.getsourcelines(type(model).__init__)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):  # no source: typed into a prompt, say
        return
    own = dict(model.named_children())
    seen: dict[str, int] = {}
    for line in tree.body[0].body:  # those of an `if` are none of our business
        if not isinstance(line, ast.Assign) or len(line.targets) != 1:
            continue
        name, number = ast.unparse(line.targets[0]), start + line.lineno - 1
        part = name.removeprefix("self.")
        if name in seen and name != part and part in own and name not in ast.unparse(line.value):
            yield say("made twice", part, first=seen[name], second=number, code=ast.unparse(line))
        seen[name] = number


def _hidden(model: nn.Module) -> Iterator[tuple[str, str]]:
    """(name, 'list') of attributes that hold layers where torch does not look; or 'comma'."""
    registered = {id(m) for m in model.modules()}
    for prefix, module in model.named_modules():
        for key, value in vars(module).items():
            if key.startswith("_") or not isinstance(value, (list, tuple, dict)):
                continue
            layers = [m for m in _flat(value) if id(m) not in registered]
            if any(True for m in layers for _ in m.parameters()):
                one = type(value) is tuple and len(value) == 1 and value[0] is layers[0]
                yield f"{prefix}.{key}".strip("."), "comma" if one else type(value).__name__


def _flat(value) -> Iterator[nn.Module]:
    if isinstance(value, nn.Module):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _flat(part)


def _layers_in(model: nn.Module) -> Iterator[nn.Module]:
    """Those that stand in attributes, in lists and dicts, too."""
    for module in model.modules():
        for key, value in vars(module).items():
            if not key.startswith("_"):
                yield from _flat(value)


def _line_of(trace: Trace, module: nn.Module) -> str:
    steps = [s for s in trace.steps if isinstance(s, Call) and s.module is module and s.ops]
    return str(steps[0].ops[0].line) if steps else "forward"
