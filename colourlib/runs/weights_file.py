"""A weights file as such: what is in it, whether it is whole, and what else it may be.

Used by `weights`. Such files come from anywhere, so nothing in them is believed before it has been
looked at, and nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import safetensors
import torch
from torch import Tensor

from ..common.errors import CourseError

STORED = {"float32": torch.float32, "float16": torch.float16}
WHOLE = (torch.int64, torch.int32, torch.uint8, torch.bool)  # BatchNorm counts; others have masks
SIDES = (16, 4096)  # pixels: sizes at which a network can be shown a photo
ANSWER = 32  # numbers in a card's "answer"
MEND = "Give a file that weights.save wrote, or the folder of a run."


def read(path: Path) -> tuple[dict[str, Tensor], dict]:
    """(weights, card) of a file, both checked. Raises CourseError that says what is wrong."""
    if not path.is_file():
        raise CourseError(f"There is no file {path}. {MEND}")
    try:
        with open(path, "rb") as file:
            head = file.read(16)
        with safetensors.safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get("card")
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (safetensors.SafetensorError, ValueError, RuntimeError, TypeError, KeyError) as error:
        raise CourseError(f"{path} {_what(head, error)}. {MEND}") from error
    if text is None:
        raise CourseError(
            f"{path} holds weights without the card that weights.save writes. Of a run give the "
            f"folder, {path.parent}; weights from elsewhere go into a network of yours by "
            "net.load_state_dict(safetensors.torch.load_file(path))."
        )
    try:
        card = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CourseError(f"{path} is damaged: its card is no JSON. {MEND}") from error
    check_card(card, path)
    check_numbers(weights, path)
    if card["sha256"] != fingerprint(weights):
        raise CourseError(f"{path} is damaged: its weights have changed. Get or save it again.")
    return weights, card


def _what(head: bytes, error: Exception) -> str:
    """What a file is that is no safetensors file, by its first bytes."""
    if not head:
        return "is empty"
    if head.startswith((b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")):
        return (
            "is a checkpoint of torch or another archive, and these may hold code: only "
            ".safetensors files are opened"
        )
    if head[8:9] == b"{":
        return f"is damaged or cut short ({error})"
    return "is no .safetensors file"


def rounded(weight: Tensor, stored: str) -> Tensor:
    """As it goes into the file: matrices in the format asked for, vectors always in float32."""
    if not weight.is_floating_point():
        return weight
    return weight.to(STORED[stored] if weight.ndim > 1 else torch.float32)


def fingerprint(weights: dict[str, Tensor]) -> str:
    """A hash of all weights, their names and their bits."""
    total = hashlib.sha256()
    for name in sorted(weights):
        total.update(name.encode())
        plain = weights[name].detach().cpu().contiguous()
        total.update(plain.reshape(-1).view(torch.uint8).numpy())
    return total.hexdigest()


def check_numbers(weights: dict[str, Tensor], where) -> None:
    """Raises CourseError for a format that is not ours, for NaN and for infinity."""
    for name, weight in weights.items():
        if weight.dtype not in (*STORED.values(), *WHOLE):
            raise CourseError(
                f"{where} holds {name} as {weight.dtype}, which weights.save never writes. {MEND}"
            )
        if not weight.isfinite().all():
            raise CourseError(
                f"{where} holds NaN (no number) or infinity in {name}: a training that broke, a "
                "number too large for float16, or an altered file. Train again, or get it again."
            )


def check_card(card, where) -> None:
    """Raises CourseError unless everything that is read of a card has its type and range."""
    if not isinstance(card, dict):
        raise CourseError(f"{where} is damaged: its card holds no names and values. {MEND}")
    size, saturation = card.get("size"), card.get("saturation")
    sizes, layers, answer = card.get("sizes", [size]), card.get("layers"), card.get("answer")
    right = {
        "size": _side(size),
        "sizes": isinstance(sizes, list) and 0 < len(sizes) <= 8 and all(map(_side, sizes)),
        "saturation": _number(saturation) and 0 <= saturation <= 10,
        "network": isinstance(card.get("network"), str),
        "arguments": isinstance(card.get("arguments"), dict),
        "sha256": isinstance(card.get("sha256"), str),
        "answer": isinstance(answer, list) and len(answer) == ANSWER and all(map(_number, answer)),
        "layers": isinstance(layers, list) and all(map(_two_texts, layers)),
        "forward": isinstance(card.get("forward"), str | None),
    }
    if wrong := [name for name, fine in right.items() if not fine]:
        told = ", ".join(f"{name} = {str(card.get(name))[:40]}" for name in wrong)
        raise CourseError(
            f"The card of {where} cannot be right: {told}. It needs size (shorter side of what the "
            f"network is shown, {SIDES[0]} to {SIDES[1]} pixels; or several, as sizes) and "
            "saturation (0 to 10); the others are written by weights.save."
        )


def _side(value) -> bool:
    return type(value) is int and SIDES[0] <= value <= SIDES[1]


def _number(value) -> bool:
    return type(value) in (int, float) and -1e30 < value < 1e30  # not so for NaN either


def _two_texts(value) -> bool:
    return isinstance(value, list) and [type(part) for part in value] == [str, str]
