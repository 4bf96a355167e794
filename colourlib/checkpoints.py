"""Files that are there whole or not at all, and what tells whether two runs are the same one.

A checkpoint holds everything that a run needs to go on as if it had never been interrupted. It is
read with `weights_only=True`: a file from somebody else can damage nothing.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import pickle
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from .workspace import CourseError

FORMAT = 1  # of checkpoints and run.json


def write(path: Path, save: Callable[[Path], None]) -> None:
    """Let `save` write a file and put it in place only when it is whole and on the disk."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        save(scratch)
        with open(scratch, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def save_weights(path: Path, weights: dict[str, Tensor], about: dict[str, str]) -> None:
    """Weights as safetensors, with some words about them in the file's head."""
    # Tied layers share memory, and convolutions lie in channels_last: the format wants neither.
    plain = {name: w.detach().cpu().contiguous().clone() for name, w in weights.items()}
    write(path, lambda scratch: safetensors.torch.save_file(plain, scratch, metadata=about))


def save_checkpoint(path: Path, state: dict) -> None:
    """Tensors, numbers and text, nested in dicts and lists."""
    write(path, lambda scratch: torch.save({"format": FORMAT} | state, scratch))


def load_checkpoint(path: Path) -> dict:
    """What save_checkpoint was given, on the CPU. Raises CourseError for a damaged file."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise CourseError(f"{path} is damaged: {str(error).splitlines()[0]}") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CourseError(f"{path} is no checkpoint of this version of colourlib.")
    return state


def random_state() -> dict:
    """Where torch's random numbers are: a run with dropout needs it to go on exactly."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def restore_random_state(state: dict) -> None:
    """Go on with the random numbers where random_state() was called."""
    torch.set_rng_state(state["cpu"])
    if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])


def layers(model: nn.Module) -> list[list[str]]:
    """[name, what torch prints] of each layer that has no layers inside."""
    return [[name, repr(m)] for name, m in model.named_modules() if not list(m.children())]


def forward_source(model: nn.Module) -> str | None:
    """The text of the network's forward, where it can be had."""
    try:
        return inspect.getsource(type(model).forward)
    except (OSError, TypeError):
        return None


def identity(model: nn.Module, config, fingerprint: str, label: str) -> str:
    """A fingerprint of network, settings, photos and name: only the same run may go on."""
    text = [repr(model), _sources(model), asdict(config), fingerprint, label]
    return hashlib.sha256(json.dumps(text).encode()).hexdigest()[:16]


def _sources(model: nn.Module) -> list[str | None]:
    kinds = {type(m): m for m in model.modules() if not type(m).__module__.startswith("torch.")}
    return [forward_source(m) for m in kinds.values()]
