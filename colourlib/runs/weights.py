"""Trained networks as single files: weights, and in the file's head a card that says what they are.

    net, card = weights.load()                       # the network that comes with colourlib
    weights.save("mine.safetensors", run)            # a run of one's own, for a friend
    net, card = weights.load("mine.safetensors")
    weights.export_onnx("mine.onnx", net)            # for programs that have no torch

Nothing is unpickled: a file from somebody else can be wrong, but it cannot run anything. What load
reads is checked to the last weight, and refused where it is not what save wrote.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn

from ..colourise import SHIPPED, known, shipped
from ..common.copies import twin_of
from ..common.errors import CourseError
from ..common.version import __version__
from . import Run, checkpoints, load_run, matching, remember, trained_size, weights_file
from .onnx import export_onnx

__all__ = ["SHIPPED", "export_onnx", "load", "save"]


def load(where=None, model: nn.Module | None = None) -> tuple[nn.Module, dict]:
    """(network in eval mode, its card).

    where: None for the weights that come with colourlib; a file written by save; a Run; a run's
    folder. The network is the caller's own, on the CPU, to train on or to change. model: a network
    to fill instead, where it is not one of colourlib's. The card has at least: network and
    arguments (of its constructor), size (shorter side in pixels at which it wants to see a photo),
    saturation (what to multiply its answer by); of a run also config, scores, data, licence.
    Raises CourseError for what is no such file, is damaged, or does not fit the network: which
    file, what is wrong, what to do. Where only forward differs, `model` has been filled by then.
    """
    if isinstance(where, Run):
        network, card = _of_run(where)
        if model is not None:
            matching.check_fit(model, network.state_dict(), f"run {where.name}")
            model.load_state_dict(network.state_dict())
            network = model.eval()
    elif where is None or isinstance(where, str | Path):
        if where is None and not SHIPPED.is_file():
            shipped(SHIPPED)  # which says what to do
        path = SHIPPED if where is None else Path(where).expanduser()
        network, card = _of_folder(path, model) if path.is_dir() else _of_file(path, model)
    else:
        raise CourseError(f"weights.load cannot load a {type(where).__name__}. {weights_file.MEND}")
    remember(network, str(card.get("run", card["network"])), card["size"])
    return network, card


@known.register(str)
@known.register(Path)
@known.register(Run)
def _(model) -> tuple[nn.Module, dict]:
    """`colourise` takes what can be loaded, too."""
    return load(model)


def save(path: str | Path, model, card: dict | None = None) -> Path:
    """Write a network and its card into one .safetensors file, whole or not at all.

    model: a network, a Run, or a run's folder; of a run the best weights are taken, and the card
    is made of its story, as far as `card` does not say otherwise. A network that `fit` has trained
    needs no card either; one trained elsewhere needs {"size": pixels}. With "stored": "float16" the
    file is half as large: all but vectors (biases, BatchNorm's numbers) are rounded to 11 bits.
    Raises CourseError for what load could not read back, and where the file cannot be written.
    """
    path = Path(path).expanduser()
    if path.suffix != ".safetensors":
        raise CourseError(f"Weights go into a file named ….safetensors, not {path.name!r}.")
    network, told = _network_and_card(model)
    name = type(network).__name__
    card = {"saturation": 1.0, "stored": "float32"} | told | (card or {}) | {"network": name}
    if card["stored"] not in weights_file.STORED:
        known = " or ".join(map(repr, weights_file.STORED))
        raise CourseError(f"card['stored'] is {known}, not {card['stored']!r}.")
    state = network.state_dict()
    weights = {key: weights_file.rounded(w, card["stored"]) for key, w in state.items()}
    weights_file.check_numbers(weights, "This network")
    network.load_state_dict(weights)  # so that the answer is that of the rounded weights
    card |= {
        "arguments": matching.arguments_of(name, weights),
        "layers": checkpoints.layers(network),
        "forward": checkpoints.forward_source(network),
        "answer": _answer(network),
        "sha256": weights_file.fingerprint(weights),
        "colourlib": __version__,
    }
    weights_file.check_card(card, "this network")
    try:
        text = json.dumps(card, allow_nan=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        checkpoints.save_weights(path, weights, {"card": text})
    except (TypeError, ValueError) as error:
        raise CourseError(f"The card holds what JSON cannot: {error}.") from error
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def _of_file(path: Path, model: nn.Module | None) -> tuple[nn.Module, dict]:
    weights, card = weights_file.read(path)
    if model is None:
        model = matching.build(card["network"], card["arguments"], weights, path)
    else:
        matching.check_fit(model, weights, path)
    model.load_state_dict(weights)  # converts to the network's own format
    there, here = torch.tensor(card["answer"]), torch.tensor(_answer(model))
    # Other processors round otherwise, by about a millionth.
    if not (there - here).abs().max() < 1e-3 * max(1, there.abs().max()):
        texts = matching.edits(card["layers"], card["forward"], model)
        raise CourseError(
            f"The weights in {path} fit {card['network']} as it is here, but it makes something "
            f"else of them:\n{texts or '  in code that its forward calls'}\nGive the network "
            f"that was trained: weights.load({path.name!r}, MyNet())."
        )
    return model.eval(), card


def _of_folder(folder: Path, model: nn.Module | None) -> tuple[nn.Module, dict]:
    network, story = load_run(folder, model)
    return network, _card_of(story, network)


def _of_run(run: Run) -> tuple[nn.Module, dict]:
    """A copy of a run's network with its best weights, and a card."""
    if not run.best_weights:
        raise CourseError(f"Run {run.name} was stopped before its first validation.")
    network = _twin(run.model)
    network.load_state_dict(run.best_weights)
    return network, _card_of(run.story(), network)


def _network_and_card(model) -> tuple[nn.Module, dict]:
    """A copy of the network, in eval mode on the CPU, and what is known for its card."""
    if isinstance(model, Run | str | Path):
        return load(model)
    if not isinstance(model, nn.Module):
        raise CourseError(
            f"weights.save takes a network, a Run or a run's folder, not a {type(model).__name__}."
        )
    size = trained_size(model)
    return _twin(model), {} if size is None else {"size": size}


def _twin(model: nn.Module) -> nn.Module:
    """A copy of a network, in eval mode on the CPU."""
    return twin_of(model, "cpu").eval()


def _card_of(story: dict, network: nn.Module) -> dict:
    """A card from the story of a run."""
    told = ("network", "config", "data", "parameters", "versions", "started", "seconds")
    return {key: story[key] for key in told if key in story} | {
        "arguments": matching.arguments_of(story["network"], network.state_dict()),
        "size": story["data"]["size"],
        "saturation": 1.0,
        "run": story["name"],
        "scores": {"best": story.get("best"), "levels": story.get("levels")},
        "licence": "that of whoever trained it",
    }


@torch.inference_mode()
def _answer(network: nn.Module) -> list[float]:
    """What the network makes of a fixed picture, at 16 places: 32 numbers.

    An edit of `forward` may leave all weights as they are, but not this.
    """
    steps = torch.linspace(0, 9, 64)
    x = (0.6 * (steps.sin() + 0.5 * (2 * steps[:, None]).cos()))[None, None]  # (1, 1, 64, 64)
    device = next((p.device for p in network.parameters()), "cpu")
    try:
        y = network.eval()(x.to(device)).float().cpu()
    except Exception as error:  # a student's own forward may raise anything
        raise CourseError(f"{type(network).__name__} fails on 64 x 64 pixels: {error}") from error
    if y.shape != (1, 2, 64, 64):
        raise CourseError(
            f"{type(network).__name__} makes {tuple(y.shape)} of (1, 1, 64, 64), not the "
            "(1, 2, 64, 64) that ab has: so it cannot colour a photo."
        )
    return [round(v, 6) for v in y[0, :, 8::16, 8::16].flatten().tolist()]
