"""Which weights are these? A hash of all of them tells."""

import hashlib

import torch
from torch import Tensor


def digest(weights: dict[str, Tensor]) -> str:
    """The sha256 of weights, their sorted names and their bytes."""
    total = hashlib.sha256()
    for name in sorted(weights):
        total.update(name.encode())
        plain = weights[name].detach().cpu().contiguous()
        total.update(plain.reshape(-1).view(torch.uint8).numpy())
    return total.hexdigest()


def fingerprint(weights: dict[str, Tensor]) -> str:
    """The first 12 signs of the digest: short enough for a card."""
    return digest(weights)[:12]
