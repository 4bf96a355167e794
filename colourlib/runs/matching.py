"""Do these weights belong to this network? It is built by name, filled, or told what differs.

For runs and weights files alike. A network is only ever taken from a fixed list of names, and
what a file says of it is checked before any memory is taken.
"""

from __future__ import annotations

import ast
import inspect
import textwrap

import torch
from torch import Tensor, nn

from .. import model
from ..common.errors import CourseError
from . import checkpoints

NETWORKS = {kind.__name__: kind for kind in (model.PlainNet, model.EncoderDecoder, model.ColourNet)}
LARGEST = 1024  # of a constructor's arguments; more would only be a way to use up the memory


def arguments_of(name: str, weights: dict[str, Tensor]) -> dict[str, int]:
    """The constructor's arguments, as the shapes of a network's weights tell them.

    {} for a network that is not of the course, or one so edited that it cannot be told.
    """
    try:
        if name == "PlainNet":
            depth = sum(key.startswith("body.") and weights[key].ndim == 4 for key in weights)
            return {"width": len(weights["body.0.0.weight"]), "depth": depth}
        if name == "EncoderDecoder":
            return {"width": len(weights["down1.0.weight"])}
        if name == "ColourNet":
            return {"width": len(weights["down2.0.weight"])}
    except (KeyError, TypeError):  # no such layer; a number where weights should be
        pass
    return {}


def build(name: str, arguments: dict, weights: dict[str, Tensor], where) -> nn.Module:
    """The network of that name, made for these weights but not yet filled with them.

    Raises CourseError, which calls the weights `where`, for a name that is not in NETWORKS, for
    arguments that its constructor does not take, and where the weights are shaped otherwise.
    """
    kind = NETWORKS.get(name)
    if kind is None:
        raise CourseError(
            f"{where} is of a network {name!r} that colourlib does not have: give it as a second "
            "argument, such as MyNet() with the class that you trained."
        )
    known = [*inspect.signature(kind).parameters]
    for key, value in arguments.items():
        if key not in known or type(value) is not int or not 1 <= value <= LARGEST:
            raise CourseError(
                f"{where} asks for {name}({key}={str(value)[:40]}), and that cannot be: {name} "
                f"takes {' and '.join(known)}, whole numbers from 1 to {LARGEST}. The file is "
                "damaged or was altered; get it again, or save the network anew."
            )
    try:
        with torch.device("meta"):  # shapes only, no memory
            planned = kind(**arguments)
    except (RuntimeError, ValueError, TypeError) as error:
        raise CourseError(f"{where} asks for {name}({arguments}), which fails: {error}") from error
    check_fit(planned, weights, where)
    return kind(**arguments)


def check_fit(network: nn.Module, weights: dict[str, Tensor], where) -> None:
    """Raises CourseError, naming the layers, unless each weight is there in the right shape."""
    here = network.state_dict()
    if texts := misfits(weights, here):
        raise CourseError(
            f"The weights in {where} do not fit {type(network).__name__} as it is here:\n{texts}\n"
            "One of the two was edited, or made with other arguments. Give the network that they "
            "were trained in as a second argument, such as MyNet()."
        )


def misfits(weights: dict[str, Tensor], here: dict[str, Tensor], lines: int = 8) -> str:
    """A line for each weight that differs, the first few of them; empty if all fit."""
    texts = []
    for name in dict.fromkeys([*here, *weights]):
        there, now = weights.get(name), here.get(name)
        if there is None:
            texts.append(f"  {name}: only in this network {tuple(now.shape)}")
        elif now is None:
            texts.append(f"  {name}: only in the run {tuple(there.shape)}")
        elif there.shape != now.shape:
            texts.append(f"  {name}: {tuple(there.shape)} in the run, {tuple(now.shape)} here")
    return _first(texts, lines)


def edits(layers: list, forward: str | None, network: nn.Module, lines: int = 8) -> str:
    """A line for each layer that was another one in training, and for forward; empty if none.

    layers, forward: as checkpoints.layers and forward_source gave them then. Some edits leave the
    shapes of all weights as they were: another activation, a skip connection left out.
    """
    then, now = dict(layers), dict(checkpoints.layers(network))
    texts = [
        f"  {name}: {then.get(name, 'nothing')} in training, {now.get(name, 'nothing')} here"
        for name in dict.fromkeys([*now, *then])
        if then.get(name) != now.get(name)
    ]
    source = checkpoints.forward_source(network)
    if forward and source and _code(forward) != _code(source):
        texts.append("  forward: other lines in training than here")
    return _first(texts, lines)


def _code(source: str) -> str:
    """What a function does, without its comments and line breaks."""
    try:
        return ast.dump(ast.parse(textwrap.dedent(source)))
    except SyntaxError:
        return source


def _first(texts: list[str], lines: int) -> str:
    more = [f"  and {len(texts) - lines} more"] if len(texts) > lines else []
    return "\n".join(texts[:lines] + more)
