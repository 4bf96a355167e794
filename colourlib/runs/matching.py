"""Do these weights belong to this network? Builds it by name, checks it, or says what differs.

For runs and weights files alike. A network is only ever taken from a fixed list of names, and
what a file says of it is checked before any memory is taken.
"""

import ast
import inspect
import textwrap

import torch
from torch import Tensor, nn

from .. import model
from ..common.errors import CourseError
from . import checkpoints

NETWORKS = {kind.__name__: kind for kind in (model.PlainNet, model.EncoderDecoder, model.ColourNet)}
WIDEST = {  # the weight whose length is the network's width
    "PlainNet": "body.0.0.weight",
    "EncoderDecoder": "down1.0.weight",
    "ColourNet": "down2.0.weight",
}
LARGEST = 1024  # of a constructor's arguments; a larger one could only use up the memory
LINES = 8  # of differences that a message lists
GIVE = "Give the network that was trained as a second argument, such as MyNet()."
OTHER = f"One of the two was edited, or made with other arguments. {GIVE}"


def arguments_of(name: str, weights: dict[str, Tensor]) -> dict[str, int]:
    """The constructor's arguments, as the shapes of a network's weights tell them.

    {} for a network that is not of the course, or one that was edited beyond recognition.
    """
    try:
        arguments = {"width": len(weights[WIDEST[name]])}
    except (KeyError, TypeError):  # no such layer; a single number instead of weights
        return {}
    if name == "PlainNet":
        layers = [key for key in weights if key.startswith("body.") and weights[key].ndim == 4]
        arguments["depth"] = len(layers)
    return arguments


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


def check_fit(network: nn.Module, weights: dict[str, Tensor], where, mend: str = OTHER) -> None:
    """Raises CourseError, naming the layers, unless each weight is there in the right shape."""
    there = {name: tuple(weight.shape) for name, weight in weights.items()}
    here = {name: tuple(weight.shape) for name, weight in network.state_dict().items()}
    texts = []
    for name in dict.fromkeys([*here, *there]):
        if name not in there:
            texts.append(f"{name}: only in this network {here[name]}")
        elif name not in here:
            texts.append(f"{name}: only in the run {there[name]}")
        elif there[name] != here[name]:
            texts.append(f"{name}: {there[name]} in the run, {here[name]} here")
    if texts:
        raise CourseError(
            f"The weights in {where} do not fit {type(network).__name__} as it is here:\n"
            f"{_lines(texts)}\n{mend}"
        )


def edits(layers: list, forward: str | None, network: nn.Module) -> str:
    """A line for each layer that was another one in training, and for forward; empty if none.

    layers, forward: as checkpoints.layers and source_of gave them then. Some edits leave the
    shapes of all weights as they were: another activation, a skip connection left out.
    """
    then, now = dict(layers), dict(checkpoints.layers(network))
    texts = [
        f"{name}: {then.get(name, 'nothing')} in training, {now.get(name, 'nothing')} here"
        for name in dict.fromkeys([*now, *then])
        if then.get(name) != now.get(name)
    ]
    source = checkpoints.source_of(type(network).forward)
    if forward and source and _code(forward) != _code(source):
        texts.append("forward: other lines in training than here")
    return _lines(texts)


def edited(where, name: str, texts: str) -> CourseError:
    """The error for weights that fit a network, which makes something else of them."""
    return CourseError(
        f"The weights in {where} fit {name} as it is here, but it makes something else of them:\n"
        f"{texts}\n{GIVE}"
    )


def _code(source: str) -> str:
    """What a function does, without its comments and line breaks."""
    try:
        return ast.dump(ast.parse(textwrap.dedent(source)))
    except SyntaxError:
        return source


def _lines(texts: list[str]) -> str:
    more = [f"and {len(texts) - LINES} more"] if len(texts) > LINES else []
    return "\n".join(f"  {text}" for text in texts[:LINES] + more)
