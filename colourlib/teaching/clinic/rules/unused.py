"""Layers that torch does not find, that are never called, or that are made anew in forward."""

import ast
import inspect
import textwrap
from collections.abc import Iterator

from torch import Tensor, nn

from ..functions import LAYERS
from ..sentences import Finding, say
from ..watch.probe import Probe
from ..watch.tracing import Op, Trace, spell

HOLDERS = nn.ModuleList, nn.ModuleDict


def unused(trace: Trace, probe: Probe | None) -> Iterator[Finding]:
    """Layers in plain lists, layers never called, layers made anew in forward."""
    held, registered = list(attributes(trace.model)), {id(m) for m in trace.model.modules()}
    for name, value, layers in held:
        hidden = [m for m in layers if id(m) not in registered]
        if isinstance(value, (list, tuple, dict)) and any(list(m.parameters()) for m in hidden):
            comma = type(value) is tuple and len(value) == 1 and value[0] is hidden[0]
            facts = {"holder": type(value).__name__, "layer": spell(trace, name)}
            facts["better"] = "ModuleDict" if isinstance(value, dict) else "ModuleList"
            yield say("comma" if comma else "hidden", name, **facts)
    known = {id(m) for *_, layers in held for layer in layers for m in layer.modules()}
    own = {id(p) for p in trace.model.parameters()}  # a slice of a Sequential has the model's
    for key, module in trace.strangers.items():
        if key not in known and any(id(p) not in own for p in module.parameters()):
            ops = [op for op in trace.ops if op.call is not None and op.call.module is module]
            where = str(ops[0].line) if ops else "forward"
            yield say("new layer", where, kind=type(module).__name__)
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
    for line in tree.body[0].body:  # what stands under an `if` is left alone
        if not isinstance(line, ast.Assign) or len(line.targets) != 1:
            continue
        name, number = ast.unparse(line.targets[0]), start + line.lineno - 1
        part = name.removeprefix("self.")
        if name in seen and name != part and part in own and name not in ast.unparse(line.value):
            yield say("made twice", part, first=seen[name], second=number, code=ast.unparse(line))
        seen[name] = number


def hides(model: nn.Module) -> Iterator[Finding]:
    """A method that bears the name of one of nn.Module's, and cannot be called as that is."""
    for kind in {k: None for m in model.modules() for k in type(m).__mro__}:
        known = {} if kind.__module__.startswith("torch.") else vars(kind)
        for name in vars(nn.Module).keys() & known.keys() - {"forward"}:
            own, theirs = known[name], vars(nn.Module)[name]
            if name.startswith("_") or not (inspect.isfunction(own) and inspect.isfunction(theirs)):
                continue
            takes = inspect.signature(theirs).parameters.values()
            takes = [p for p in takes if p.kind is p.POSITIONAL_OR_KEYWORD]
            try:
                inspect.signature(own).bind(*(p for p in takes if p.default is p.empty))
                inspect.signature(own).bind(*takes[: 2 if name == "train" else 1])  # by eval()
            except TypeError:
                yield say("hides", f"{kind.__name__}.{name}", name=name)


def shared(trace: Trace) -> Iterator[Finding]:
    """One layer under several names; a tensor that torch does not find; a norm for many maps."""
    names: dict[int, list[str]] = {}
    for name, module in trace.model.named_modules(remove_duplicate=False):
        names.setdefault(id(module), []).append(name)
    inside = {n for same in names.values() for n in same[1:]}
    for same in names.values():
        if len(same) > 1 and same[1].rpartition(".")[0] not in inside:
            yield say("one layer", same[0], names=" and ".join(same))
    for name, value, _ in attributes(trace.model):
        used = any(value is t for op in trace.ops for t in op.tensors)
        own = isinstance(value, Tensor) and value.is_leaf  # not what was computed and kept
        if own and value.is_floating_point() and used:
            key = "no parameter" if value.requires_grad else "plain tensor"
            yield say(key, name, part=name.rpartition(".")[2], layer=spell(trace, name))
    norms: dict[str, list[Op]] = {}
    for op in (o for o in trace.ops if o.name == "batch_norm" and o.call):
        norms.setdefault(op.where, []).append(op)
    for ops in norms.values():
        ways = ([o for o in trace.back(op) if o.name in LAYERS][:1] for op in ops)
        if len({id(o.arg(1, "weight")) for way in ways for o in way}) > 1:
            yield say("one norm", ops[0], kind=ops[0].kind, n=ops[0].shape[1])


def lists(model: nn.Module) -> dict[str, int]:
    """How long the lists are that the network holds."""
    return {name: len(value) for name, value, _ in attributes(model) if isinstance(value, list)}


def attributes(model: nn.Module) -> Iterator[tuple[str, object, list[nn.Module]]]:
    """(name, value, the layers in it) of the attributes that the network's author made."""
    for prefix, module in model.named_modules():
        for key, value in vars(module).items():
            if not key.startswith("_"):
                yield f"{prefix}.{key}".strip("."), value, list(_flat(value))


def _flat(value) -> Iterator[nn.Module]:
    if isinstance(value, nn.Module):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _flat(part)
