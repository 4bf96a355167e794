"""Do these weights belong to this network? Builds it by name, checks it, or says what differs.

For runs and weights files alike. A network is only ever taken from a fixed list of names, and
what a file says of it is checked before any memory is taken.
"""

import ast
import inspect
import textwrap
from collections.abc import Sequence

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
        arguments["depth"] = sum(k.startswith("body.") and w.ndim == 4 for k, w in weights.items())
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
                f"takes {' and '.join(known)}, whole numbers to {LARGEST}. Get or save it again."
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
    if texts := _differences(there, here):
        raise _unfit(f"{where} do not fit {type(network).__name__} as it is here", texts, mend)


def check_edits(network: nn.Module, then: dict, where, otherwise: Sequence[str] = ()) -> None:
    """Raises CourseError, naming the layers, where the network or its forward was another one then.

    then: "layers" and "forward" as in run.json or in a card. Some edits leave all shapes as they
    were, such as another activation. otherwise: what to say where neither differs.
    """
    if texts := edits(network, then) or otherwise:
        name = type(network).__name__
        what = f"{where} fit {name} as it is here, but it makes something else of them"
        raise _unfit(what, texts, GIVE)


def edits(network: nn.Module, then: dict) -> list[str]:
    """A line for each layer that was another one then, and one for another forward."""
    texts = _differences(dict(then["layers"]), dict(checkpoints.layers(network)))
    source = checkpoints.source_of(type(network).forward)
    if then["forward"] and source and _code(then["forward"]) != _code(source):
        texts.append("forward: other lines in training than here")
    return texts


def differing(then: dict, now: dict) -> list[str]:
    """The names that stand for something else now."""
    return [name for name in dict.fromkeys([*now, *then]) if then.get(name) != now.get(name)]


def _differences(then: dict, now: dict) -> list[str]:
    """A line for each of them."""
    return [
        f"{name}: {then.get(name, 'nothing')} in training, {now.get(name, 'nothing')} here"
        for name in differing(then, now)
    ]


def _unfit(what: str, texts: Sequence[str], mend: str) -> CourseError:
    more = [f"and {len(texts) - LINES} more"] if len(texts) > LINES else []
    listed = "\n".join(f"  {text}" for text in [*texts[:LINES], *more])
    return CourseError(f"The weights in {what}:\n{listed}\n{mend}")


def _code(source: str) -> str:
    """What a function does, without its comments and line breaks."""
    try:
        return ast.dump(ast.parse(textwrap.dedent(source)))
    except SyntaxError:
        return source
