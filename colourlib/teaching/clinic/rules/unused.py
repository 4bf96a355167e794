"""Layers that torch does not find, that are never called, or that are made anew in forward."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator

from torch import nn

from ..watch.probe import Probe
from ..watch.tracing import Call, Trace
from ..wording import Finding, spell


def unused(trace: Trace, probe: Probe | None) -> Iterator[Finding]:
    """Layers in plain lists, layers never called, layers made anew in forward."""
    for name, holder in _hidden(trace.model):
        if holder == "comma":
            yield Finding("error", name, *comma(trace, name))
            continue
        yield Finding(
            "error", name,
            f"is a plain {holder} of layers: torch does not find their parameters, so they are "
            f"never trained, saved or moved to the GPU",
            f"{spell(trace, name)} = nn.{'ModuleDict' if holder == 'dict' else 'ModuleList'}(...), "
            f"or nn.Sequential(*layers)",
        )  # fmt: skip
    hidden = {id(m) for m in _hidden_layers(trace.model)}
    for key, module in trace.strangers.items():
        if key not in hidden and any(True for _ in module.parameters()):
            yield Finding(
                "error", _stranger_line(trace, module),
                f"makes a new {type(module).__name__} at every call, with new random weights that "
                f"are never trained",
                f"self.layer = nn.{type(module).__name__}(...) in __init__, then self.layer(x)",
            )  # fmt: skip
    if trace.error is not None:
        return
    for name, module in trace.model.named_modules():
        parent = trace.model.get_submodule(name.rpartition(".")[0]) if name else None
        if (
            not name
            or id(module) in trace.called
            or isinstance(module, (nn.ModuleList, nn.ModuleDict))
        ):
            continue
        whole = id(parent) not in trace.called and parent is not trace.model
        if whole and not isinstance(parent, (nn.ModuleList, nn.ModuleDict)):
            continue  # said of the box that it is in
        if any(id(m) in trace.called for m in module.modules()):
            continue  # its parts are called one by one
        weights = [p for p in module.parameters()]
        none = probe.no_gradient if probe is not None else None
        if weights and none is not None:
            own = {f"{name}.{n}" for n, _ in module.named_parameters()}
            if not own & set(none):
                continue  # its weights are used without calling it
        yield Finding(
            "warning" if weights else "note",
            name,
            "is made in __init__ and never called in forward"
            + (f": {sum(p.numel() for p in weights):,} parameters do nothing" if weights else ""),
            f"x = {spell(trace, name)}(x) in forward, or delete it",
        )


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
        name = ast.unparse(line.targets[0])
        part = name.removeprefix("self.")
        if name in seen and name != part and part in own and name not in ast.unparse(line.value):
            yield Finding(
                "warning", part,
                f"is made twice in __init__: that of line {start + line.lineno - 1} takes the "
                f"place of that of line {start + seen[name] - 1}",
                f"another name for one of the two: {ast.unparse(line)}",
            )  # fmt: skip
        seen[name] = line.lineno


def _hidden(model: nn.Module) -> Iterator[tuple[str, str]]:
    """(name, 'list') of attributes that hold layers where torch does not look."""
    registered = {id(m) for m in model.modules()}
    for prefix, module in model.named_modules():
        for key, value in vars(module).items():
            if key.startswith("_") or not isinstance(value, (list, tuple, dict)):
                continue
            layers = [m for m in _flat(value) if id(m) not in registered]
            if any(True for m in layers for _ in m.parameters()):
                one = type(value) is tuple and len(value) == 1 and value[0] is layers[0]
                name = "comma" if one else type(value).__name__
                yield f"{prefix}.{key}".strip("."), name


def comma(trace: Trace, name: str) -> tuple[str, str]:
    """`self.deep = nn.Sequential(...),` makes a tuple of one layer."""
    return (
        "is a tuple of one layer, for there is a comma behind it: it cannot be called, and torch "
        "does not find its parameters",
        f"take away the comma behind {spell(trace, name)} = ...",
    )


def _flat(value) -> Iterator[nn.Module]:
    if isinstance(value, nn.Module):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _flat(part)


def _hidden_layers(model: nn.Module) -> Iterator[nn.Module]:
    for module in model.modules():
        for key, value in vars(module).items():
            if not key.startswith("_"):
                for layer in _flat(value):
                    yield from layer.modules()


def _stranger_line(trace: Trace, module: nn.Module) -> str:
    for step in trace.steps:
        if isinstance(step, Call) and step.module is module and step.ops:
            return str(step.ops[0].line)
    return "forward"
