"""Copies of a network that share nothing with it, and a way to look at one undisturbed."""

import contextlib
import copy
import io
import random
import sys
import types
import warnings
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn


def tensors_in(value) -> Iterator[Tensor]:
    """Every tensor in nested tuples, lists and dicts, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from tensors_in(part)
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from tensors_in(part)


def replace_tensors(value, change):
    """The same nested value with every tensor changed."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, dict):
        return {key: replace_tensors(part, change) for key, part in value.items()}
    if type(value) in (tuple, list):
        return type(value)(replace_tensors(part, change) for part in value)
    return value


def bare(model: nn.Module) -> nn.Module:
    """The network, sharing its weights, without what torch wraps around it or its parts."""
    while type(model).__module__.startswith(("torch._dynamo", "torch.nn.parallel", "torch.optim")):
        model = next(model.children())
    parts = {name: bare(part) for name, part in model._modules.items() if part is not None}
    if any(part is not model._modules[name] for name, part in parts.items()):
        model = copy.copy(model)
        model._modules = model._modules | parts
    return model


def eager() -> contextlib.AbstractContextManager:
    """Within it nothing is compiled: a network is looked at in milliseconds, not in minutes."""
    known = "torch._dynamo" in sys.modules and hasattr(torch.compiler, "set_stance")  # torch 2.6
    return torch.compiler.set_stance("force_eager") if known else contextlib.nullcontext()


def copy_of(model: nn.Module, device: str) -> nn.Module:
    """A twin on the meta device or the CPU without the student's hooks; torch's own come along."""
    twin = twin_of(model, device)
    for module in twin.modules():
        for kind in ("_forward_hooks", "_forward_pre_hooks"):
            own = getattr(module, kind)
            for key in [k for k, h in own.items() if not type(h).__module__.startswith("torch")]:
                del own[key]
        module._backward_hooks.clear()
        module._backward_pre_hooks.clear()
    return twin


def twin_of(model: nn.Module, device: str) -> nn.Module:
    """A copy on a device that shares nothing with the model, and is `bare`.

    Also tensors outside the parameters are found and copied: in lists, in layers of lists, and the
    maps that a forward keeps in self, which copy.deepcopy refuses. Functions that look at the model
    look at the copy in the copy, which copy.deepcopy does not see to.
    """
    memo: dict[int, object] = {}
    for tensor in _tensors_of(model, set()):
        grad = tensor.requires_grad
        with torch.no_grad():
            new = torch.empty_like(tensor, device="meta") if device == "meta" else tensor.to(device)
            new = new.clone(memory_format=torch.preserve_format)
        is_parameter = isinstance(tensor, nn.Parameter)
        new = nn.Parameter(new, requires_grad=grad) if is_parameter else new
        memo[id(tensor)] = new if is_parameter or not grad else new.requires_grad_()
    twin = copy.deepcopy(model, memo)
    for module in twin.modules():
        _rebind(vars(module), memo)
    return bare(twin)


def _rebind(holder: dict | list, memo: dict[int, object]) -> None:
    """Let the functions in it look at the copies: self.body = lambda x: self.conv(x)."""
    for key, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
        if isinstance(value, types.FunctionType):
            holder[key] = _rebound(value, memo)
        elif type(value) in (dict, list):
            _rebind(value, memo)


def _contents(function: types.FunctionType) -> Iterator:
    """What stands in the closure of a function; nothing for a variable that has no value yet."""
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):
            yield cell.cell_contents


def _sees_layers(value, memo: dict[int, object], known: set[int]) -> bool:
    """Is it a layer or what was copied with the model, or a function with that in its closure?"""
    if not isinstance(value, types.FunctionType):
        return isinstance(value, nn.Module) or id(value) in memo
    if id(value) in known:
        return False
    known.add(id(value))
    return any(_sees_layers(part, memo, known) for part in _contents(value))


def _rebound(value, memo: dict[int, object]):
    """What a function of the copy sees in place of a value; of functions the copy's own."""
    if isinstance(value, nn.Module):
        return copy.deepcopy(value, memo)
    if id(value) in memo:
        return memo[id(value)]
    if not (isinstance(value, types.FunctionType) and _sees_layers(value, memo, set())):
        return value
    cells = tuple(types.CellType() for _ in value.__closure__)
    new = types.FunctionType(
        value.__code__, value.__globals__, value.__name__, value.__defaults__, cells
    )
    new.__kwdefaults__, new.__qualname__ = value.__kwdefaults__, value.__qualname__
    # Before its closure is looked at: a function may call itself. And two parts may hold one list.
    memo[id(value)] = memo[id(new)] = new
    for cell, old in zip(cells, value.__closure__, strict=True):
        with contextlib.suppress(ValueError):
            cell.cell_contents = _rebound(old.cell_contents, memo)
    return new


def _tensors_of(value, seen: set[int]) -> Iterator[Tensor]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for part in list(value.values()):
            yield from _tensors_of(part, seen)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _tensors_of(part, seen)
    elif isinstance(value, nn.Module):
        yield from _tensors_of(vars(value), seen)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Random numbers, gradient mode and printed output are as before when this is left."""
    state = random.getstate(), np.random.get_state()
    gpus = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
    try:
        with (
            torch.random.fork_rng(devices=gpus),
            torch.enable_grad(),
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(),
            eager(),
        ):
            warnings.simplefilter("ignore")
            torch.default_generator.manual_seed(0)  # manual_seed would reach Apple's GPU, too
            random.seed(0)  # a report is the same each time, also where chance leaves out layers
            np.random.seed(0)
            yield
    finally:
        random.setstate(state[0])
        np.random.set_state(state[1])
