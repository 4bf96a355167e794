"""Which weights are these? A hash tells, and so a head finds the network that it belongs to."""

import hashlib
import json
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from .errors import CourseError


def digest(weights: dict[str, Tensor]) -> str:
    """The sha256 of weights, their sorted names and their bytes."""
    total = hashlib.sha256()
    for name in sorted(weights):
        total.update(name.encode())
        plain = weights[name].detach().cpu().contiguous()
        total.update(plain.reshape(-1).view(torch.uint8).numpy())
    return total.hexdigest()


def fingerprint(weights: dict[str, Tensor]) -> str:
    """The first 12 signs of the digest of weights as files hold them."""
    return digest(stored(weights))[:12]


def stored(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights as the files hold them that come with the course: matrices in 16 bits."""
    return {k: w.half() if w.ndim > 1 else w for k, w in weights.items()}


def differing(own: dict[str, Tensor], weights: dict[str, Tensor]) -> list[str]:
    """Names of the arrays that only one of them has, or that are of different shapes."""
    here, there = ({k: w.shape for k, w in side.items()} for side in (own, weights))
    return [k for k in {**here, **there} if here.get(k) != there.get(k)]


def write_head(path: Path, weights: dict[str, Tensor], network: nn.Module, card: dict) -> None:
    """Write what goes with a network's weights, which the card then names, for `read_head`."""
    card = card | {"of": fingerprint(network.state_dict()), "stored": "float16"}
    safetensors.torch.save_file(stored(weights), path, {"card": json.dumps(card)})


def read_weights(path: Path, mend: str) -> tuple[dict[str, Tensor], dict]:
    """(weights as they are stored, card, {} where there is none) of a file.

    Raises CourseError for a file that is missing, which ends with `mend`, and for a damaged one.
    """
    if not path.is_file():
        raise CourseError(f"{path.name} is missing in {path.parent}: {mend}.")
    try:
        with safetensors.safe_open(path, "pt") as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return weights, dict(json.loads((file.metadata() or {}).get("card", "{}")))
    except (OSError, ValueError, TypeError, safetensors.SafetensorError) as error:
        raise CourseError(f"{path} is damaged or no weights file: {error}.") from error


def read_head(path: Path, network: nn.Module) -> tuple[dict[str, Tensor], dict]:
    """(weights, card) of a file that goes with a network's weights: `of` in its card names them.

    Raises CourseError for a file that is missing or damaged, and where the network has others.
    """
    weights, card = read_weights(path, "it comes with colourlib")
    if card.get("of") != fingerprint(network.state_dict()):
        name = type(network).__name__
        raise CourseError(
            f"{path.name} belongs to other weights than this {name}'s: give no model, then "
            "colourlib takes the network that it was trained with."
        )
    return weights, card
