"""Trained networks as single files: weights, and in the file's head a card that describes them.

    net, card = weights.load()                       # the network that comes with colourlib
    weights.save("mine.safetensors", run)            # a run of one's own, for a friend
    net, card = weights.load("mine.safetensors")
    weights.export_onnx("mine.onnx", net)            # for programs that have no torch

Such files come from anywhere. Nothing is unpickled, so a file can be wrong, but it cannot run
anything; what load reads is checked to the last weight, and refused unless save wrote it.
"""

import json
from collections.abc import Callable
from pathlib import Path

import safetensors
import torch
from torch import Tensor, nn

from ..colourise import COLOURNET, SHIPPED, known, shipped
from ..common.copies import bare, eager, twin_of
from ..common.errors import CourseError
from ..common.files import pasted
from ..common.fingerprints import digest
from ..common.version import __version__
from . import Run, checkpoints, load_run, matching, remember
from .onnx import export_onnx

__all__ = ["SHIPPED", "export_onnx", "load", "save"]

STORED = {"float32": torch.float32, "float16": torch.float16}
WHOLE = (torch.int64, torch.int32, torch.uint8, torch.bool)  # BatchNorm counts; others have masks
SIDES = (16, 4096)  # pixels: sizes at which a network can be shown a photo
ANSWER = 32  # numbers in a card's "answer"
MEND = "Give a file that weights.save wrote, or the folder of a run."
OF_RUN = ("network", "config", "data", "parameters", "versions", "started", "seconds")
KINDS = {b"": "is empty"} | dict.fromkeys(  # what else a file is, by its first bytes
    (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
    "is an archive or a torch checkpoint, which may hold code: only .safetensors files are opened",
)


def load(where=None, model: nn.Module | None = None) -> tuple[nn.Module, dict]:
    """(network in eval mode, its card).

    where: None for the best weights that come with colourlib, "colournet" for those of the network
    that the course trains from scratch; a file written by save; a Run; a run's folder. The network
    is the caller's own, on the CPU. model: a network to fill instead, where it is not one of
    colourlib's. The card has network and arguments (of its constructor), size (shorter side in
    pixels at which it wants to see a photo) and saturation (what to multiply its answer by); of a
    run also config, scores, data, licence. Raises CourseError for a file that save did not write,
    is damaged, or does not fit; if only forward differs, `model` is filled.
    """
    if where is None or isinstance(where, str) and where == COLOURNET.stem:
        where = SHIPPED if where is None else COLOURNET
        if not where.is_file():
            shipped(where)  # raises, and says what to do
    if isinstance(where, Run):
        if not where.best_weights:
            raise CourseError(f"Run {where.name} was stopped before its first validation.")
        network = twin_of(where.model, "cpu") if model is None else model
        matching.check_fit(bare(network), where.best_weights, f"run {where.name}")
        bare(network).load_state_dict(where.best_weights)
        card = _card_of(where.story(), network)
    elif not isinstance(where, str | Path):
        raise CourseError(f"weights.load cannot load a {type(where).__name__}. {MEND}")
    elif (path := pasted(where)).is_dir():
        network, story = load_run(path, model)
        card = _card_of(story, network)
    else:
        network, card = _of_file(path, model)
    remember(network, str(card.get("run", card["network"])), card["size"])
    return network.eval(), card


for kind in (str, Path, Run):  # `colourise` takes whatever can be loaded, too
    known.register(kind, load)


def save(path: str | Path, model, card: dict | None = None) -> Path:
    """Write a network and its card into one .safetensors file, whole or not at all.

    model: a network, a Run, or a run's folder; of a run the best weights are taken, and its story
    makes the card, where `card` says nothing else. A network trained elsewhere than in `fit` needs
    {"size": pixels}. "stored": "float16" halves the file: all but vectors are rounded to 11 bits.
    Raises CourseError for what load could not read back, and where the file cannot be written.
    """
    path = Path(path).expanduser()
    if path.suffix != ".safetensors":
        raise CourseError(f"Weights go into a file named ….safetensors, not {path.name!r}.")
    if isinstance(model, Run | str | Path):
        network, told = load(model)
    elif isinstance(model, nn.Module):
        network = twin_of(model, "cpu").eval()
        told = {"size": getattr(model, "trained_size", None)}
    else:
        kind = type(model).__name__
        raise CourseError(f"weights.save takes a network, a Run or a run's folder, not a {kind}.")
    name = type(network).__name__
    card = {"saturation": 1.0, "stored": "float32"} | told | (card or {}) | {"network": name}
    if card["stored"] not in STORED:
        choices = " or ".join(map(repr, STORED))
        raise CourseError(f"card['stored'] is {choices}, not {card['stored']!r}.")
    dtype = STORED[card["stored"]]
    weights = {
        key: w.to(dtype if w.ndim > 1 else torch.float32) if w.is_floating_point() else w
        for key, w in network.state_dict().items()
    }
    _check_numbers(weights, "This network")
    network.load_state_dict(weights)  # so that the answer is that of the rounded weights
    card |= {
        "arguments": matching.arguments_of(name, weights),
        "layers": checkpoints.layers(network),
        "forward": checkpoints.source_of(type(network).forward),
        "answer": _answer(network),
        "sha256": digest(weights),
        "colourlib": __version__,
    }
    _check_card(card, "this network")
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
    weights, card = _read(path)
    if model is None:
        model = matching.build(card["network"], card["arguments"], weights, path)
    matching.check_fit(bare(model), weights, path)
    bare(model).load_state_dict(weights)  # converts to the network's own format
    there, here = torch.tensor(card["answer"]), torch.tensor(_answer(model))
    # Other processors round otherwise, by about a millionth.
    if not (there - here).abs().max() < 1e-3 * max(1, there.abs().max()):
        matching.check_edits(bare(model), card, path, ["in code that its forward calls"])
    return model, card


def _card_of(story: dict, network: nn.Module) -> dict:
    """A card from the story of a run."""
    return {key: story[key] for key in OF_RUN if key in story} | {
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
        with eager():
            y = bare(network).eval()(x.to(device)).float().cpu()
    except Exception as error:  # a student's own forward may raise anything
        raise CourseError(f"{type(network).__name__} fails on 64 x 64 pixels: {error}") from error
    if y.shape != (1, 2, 64, 64):
        raise CourseError(
            f"{type(network).__name__} cannot colour a photo: of (1, 1, 64, 64) it makes "
            f"{tuple(y.shape)}, not (1, 2, 64, 64)."
        )
    return [round(v, 6) for v in y[0, :, 8::16, 8::16].flatten().tolist()]


def _read(path: Path) -> tuple[dict[str, Tensor], dict]:
    """(weights, card) of a file, both checked. Raises CourseError that says what is wrong."""
    if not path.is_file():
        raise CourseError(f"There is no file {path}. {MEND}")
    try:
        with open(path, "rb") as file:
            head = file.read(9)
        with safetensors.safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get("card")
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (safetensors.SafetensorError, ValueError, RuntimeError, TypeError, KeyError) as error:
        cut = f"is damaged or cut short ({error})" if head[8:] == b"{" else "is not a weights file"
        raise CourseError(f"{path} {KINDS.get(head[:2], cut)}. {MEND}") from error
    if text is None:
        raise CourseError(
            f"{path} holds weights without the card that weights.save writes. Of a run give the "
            f"folder, {path.parent}; others load with safetensors.torch.load_file(path)."
        )
    try:
        card = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CourseError(f"{path} is damaged: its card is not JSON. {MEND}") from error
    _check_card(card, path)
    _check_numbers(weights, path)
    if card["sha256"] != digest(weights):
        raise CourseError(f"{path} is damaged: its weights have changed. Get or save it again.")
    return weights, card


def _check_numbers(weights: dict[str, Tensor], where) -> None:
    """Raises CourseError for a format that is not ours, for NaN and for infinity."""
    for name, weight in weights.items():
        if weight.dtype not in (*STORED.values(), *WHOLE):
            raise CourseError(
                f"{where} holds {name} as {weight.dtype}, which weights.save never writes. {MEND}"
            )
        if not weight.isfinite().all():
            raise CourseError(
                f"{where} holds NaN (not a number) or infinity in {name}: the training broke, or a "
                "number was too large for float16. Train again, or get the file again."
            )


def _number(value, least: float = -1e30, most: float = 1e30) -> bool:
    return type(value) in (int, float) and least <= value <= most  # not so for NaN either


def _side(value) -> bool:
    return type(value) is int and _number(value, *SIDES)


def _text(value) -> bool:
    return isinstance(value, str)


def _each(values, right: Callable) -> bool:
    return isinstance(values, list) and all(map(right, values))


CARD = {  # all that is read of a card, and what tells whether it can be right
    "size": _side,
    "sizes": lambda sizes: _each(sizes, _side) and 0 < len(sizes) <= 8,
    "saturation": lambda number: _number(number, 0, 10),
    "network": _text,
    "arguments": lambda named: isinstance(named, dict),
    "sha256": _text,
    "answer": lambda numbers: _each(numbers, _number) and len(numbers) == ANSWER,
    "layers": lambda pairs: _each(pairs, lambda pair: _each(pair, _text) and len(pair) == 2),
    "forward": lambda text: isinstance(text, str | None),
}


def _check_card(card, where) -> None:
    """Raises CourseError unless everything that is read of a card has its type and range."""
    if not isinstance(card, dict):
        raise CourseError(f"{where} is damaged: its card has no names and values. {MEND}")
    card = {"sizes": [card.get("size")]} | card
    if wrong := [name for name, right in CARD.items() if not right(card.get(name))]:
        told = ", ".join(f"{name} = {str(card.get(name))[:40]}" for name in wrong)
        raise CourseError(
            f"The card of {where} cannot be right: {told}. Give size (shorter side of the photos, "
            f"{SIDES[0]} to {SIDES[1]} pixels) and saturation (0 to 10); save writes the others."
        )
