"""Everything that a run needs to go on as if it had never been interrupted, and what identifies it.

A checkpoint is read with `weights_only=True`, so a file from somebody else cannot run anything.
"""

import hashlib
import inspect
import io
import json
import pickle
import random
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from ..common.errors import CourseError
from ..common.files import write
from ..data import PhotoData

FORMAT = 1  # of checkpoints and run.json


def save_weights(path: Path, weights: dict[str, Tensor], about: dict[str, str]) -> None:
    """Weights as safetensors, with some words about them in the file's head."""
    # Tied layers share memory, and convolutions lie in channels_last: the format wants neither.
    plain = {name: w.detach().cpu().contiguous().clone() for name, w in weights.items()}
    write(path, safetensors.torch.save(plain, metadata=about))


def save_checkpoint(path: Path, state: dict) -> None:
    """Tensors, numbers and text, nested in dicts and lists."""
    content = io.BytesIO()
    torch.save({"format": FORMAT} | state, content)
    write(path, content.getbuffer())


def load_checkpoint(path: Path) -> dict:
    """What save_checkpoint was given, on the CPU.

    Raises FileNotFoundError where there is none, CourseError for a damaged file.
    """
    try:
        with zipfile.ZipFile(path) as whole:  # torch writes a zip file, but checks no sums
            if (damaged := whole.testzip()) is not None:
                raise CourseError(f"{path} is damaged: {damaged} in it has changed.")
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (zipfile.BadZipFile, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise CourseError(f"{path} is damaged: {str(error).partition(chr(10))[0]}") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CourseError(f"{path} was not written by this version of colourlib.")
    return state


def state_of(session) -> dict:
    """All that a run's Session needs to go on exactly, to the last bit on the CPU."""
    now = session.training
    return {
        "averaged": None,
        **{name: network.state_dict() for name, network in session.networks.items()},
        "optimiser": now.optimiser.state_dict(),
        "random": random_state(),
        "place": [now.epoch, now.batch, now.step, now.photos],
        "seconds": now.seconds,
        "losses": [session.curve, now.epoch_losses, session.recent, session.run.losses],
        "history": now.history,
        "best_weights": now.best_weights,
    }


def restore(session, state: dict) -> None:
    """Put a Session where it was when state_of was called."""
    run, now = session.run, session.training
    for name, network in session.networks.items():
        network.load_state_dict(state[name])
    now.optimiser.load_state_dict(state["optimiser"])
    restore_random_state(state["random"])
    now.epoch, now.batch, now.step, now.photos = state["place"]
    run.photos, run.seconds = now.photos, state["seconds"]
    now.seconds_before = run.seconds
    session.curve, now.epoch_losses, session.recent, points = state["losses"]
    run.losses = [tuple(point) for point in points]
    run.history = now.history = state["history"]
    run.best_weights = now.best_weights = state["best_weights"]


def random_state() -> dict:
    """Where random numbers are, torch's and others': dropout needs it to go on exactly."""
    kind, keys, *place = np.random.get_state()
    return {
        "cpu": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "python": random.getstate(),
        "numpy": [kind, keys.tolist(), *place],
    }


def restore_random_state(state: dict) -> None:
    """Go on with the random numbers where random_state() was called."""
    torch.set_rng_state(state["cpu"])
    if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
    random.setstate(state["python"])
    np.random.set_state(tuple(state["numpy"]))


def layers(model: nn.Module) -> list[list[str]]:
    """[name, what torch prints] of each layer that has no layers inside."""
    return [[name, repr(m)] for name, m in model.named_modules() if not list(m.children())]


def source_of(function) -> str | None:
    """The text of a function, where it can be had."""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return None


def identity(model: nn.Module, config, data: PhotoData, label: str) -> str:
    """A fingerprint of network, settings, photos and name: only the same run may go on."""
    text = [part for parts in _parts(model, config, data, label).values() for part in parts]
    return _hashed(text)


def facts(model: nn.Module, config, data: PhotoData, label: str) -> dict[str, str]:
    """The same one by one: {'network': 'c3ab...', 'settings': ..., ...}."""
    return {name: _hashed(part) for name, part in _parts(model, config, data, label).items()}


def _hashed(value: list) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def _parts(model: nn.Module, config, data: PhotoData, label: str) -> dict[str, list]:
    """Of the network the text of every function of every class that is not torch's own counts."""
    shapes = {name: list(value.shape) for name, value in model.state_dict().items()}
    every = dict.fromkeys(kind for m in model.modules() for kind in type(m).__mro__)
    kinds = [k for k in every if k is not object and not k.__module__.startswith("torch.")]
    functions = [f for kind in kinds for f in vars(kind).values() if inspect.isfunction(f)]
    sources = [source_of(f) for f in functions]
    train, validation = data.train, data.validation
    photos = [data.fingerprint, len(train), len(validation), train.size, train.crop]
    network = [repr(model), shapes, sources]
    return {
        "network": network,
        "settings": [asdict(config)],
        "set of photos": [photos],
        "name": [label],
    }
