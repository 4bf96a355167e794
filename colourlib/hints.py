"""Colours that a person gives at some places of a photo, and a network that takes them up.

    colourise("old.jpg", hints=[(120, 80, 40, 25), (310, 95, "#2e7d32")])  # x, y and a colour

`HintNet` is a TransferNet that also sees hints: their ab and where they are (Zhang et al. 2017). It
is trained without any person: `simulated` draws hints from the true picture. 09_hints builds both.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from numbers import Real
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import ImageColor
from torch import Tensor, nn

from .colour import AB_SCALE
from .common.errors import CourseError
from .common.files import pasted, replace_text, shipped_folder
from .common.fingerprints import differing, read_head
from .common.lab import rgb_to_lab
from .common.pictures import open_picture
from .nearness import put_right, shrunk
from .transfer import CHANNELS, STRIDE, TransferNet, filled_up

SHIPPED = shipped_folder("weights") / "hints.safetensors"  # a decoder, for transfernet's encoder
VERSIONS = (1, 2)  # of the JSON files that hold a photo's hints; 2: one of them names its side

MEAN = 7.0  # hints a photo, where there are any
NONE = 0.5  # share of the photos that get none, so that the network still guesses alone
LARGEST = 9  # pixels: the side of a hint
STRIDES = (4, 8, 16, 32)  # of the decoder's maps, where hints come in
SHARE = 1 / 32  # of the shorter side: how large a person's hint is that names no side
REACH = 128.0  # Lab units: sRGB ends before, so what lies beyond is no colour


def simulated(y: Tensor, dice: torch.Generator, number: int | None = None) -> Tensor:
    """Hints from the truth y (N, 2, H, W): (N, 3, H, W), ab where there is a hint, and a mask.

    Their places and sizes are random. Their number is geometric, often none; or `number` each. A
    hint is one colour: the mean of its square, because a person does not see each pixel.
    """
    hints = torch.zeros(len(y), 3, *y.shape[2:])
    for photo, truth in zip(hints, y, strict=True):
        for _ in range(how_many(dice) if number is None else number):
            side = int(torch.randint(1, LARGEST + 1, (1,), generator=dice))
            top, left = (
                int(torch.randint(n - side + 1, (1,), generator=dice)) for n in y.shape[2:]
            )
            rows, columns = slice(top, top + side), slice(left, left + side)
            photo[:2, rows, columns] = truth[:, rows, columns].mean((1, 2))[:, None, None]
            photo[2, rows, columns] = 1
    return hints


def how_many(dice: torch.Generator) -> int:
    """A number of hints: 0 for half of the photos, else geometric with a mean of 7."""
    if torch.rand(1, generator=dice) < NONE:
        return 0
    return int(torch.empty(1).geometric_(1 / MEAN, generator=dice))


class HintNet(TransferNet):
    """A TransferNet with hints added to its decoder at each scale; they count nothing at first.

    Its input is (N, 1, H, W), scaled L, or (N, 4, H, W): with the hints' scaled ab and their mask.
    """

    takes_hints = True  # what `colourise` asks a network

    def __init__(self, width: int = 96) -> None:
        super().__init__(width)
        self.hint = nn.ModuleList(nn.Conv2d(3, width, 1, bias=False) for _ in CHANNELS)
        for conv in self.hint:
            nn.init.zeros_(conv.weight)

    def coarse(self, x: Tensor) -> Tensor:
        """(N, 1 or 4, H, W): scaled L and, if any, hints -> (N, 2, h/4, w/4), as TransferNet's."""
        (height, width), L, hints = x.shape[-2:], x[:, :1], x[:, 1:]
        if hints.shape[1] not in (0, 3):
            raise CourseError(
                f"A HintNet wants (N, 1, H, W), or (N, 4, H, W) with hints, not {tuple(x.shape)}."
            )
        if not hints.shape[1]:
            return super().coarse(L)
        hints = F.pad(hints, [0, -width % STRIDE, 0, -height % STRIDE])  # none in the filling
        return self.hinted(self.maps(L), L, hints)

    def hinted(self, maps: Sequence[Tensor], L: Tensor, hints: Tensor) -> Tensor:
        """L (N, 1, h, w); of the photo filled up maps, hints (N, 3, H, W) -> (N, 2, H/4, W/4)."""
        features = self.decoded(maps, self.added(hints))
        ab = self.head(features)
        if self.training:
            return ab
        light = F.avg_pool2d(filled_up(L), STRIDES[0])  # (N, 1, H/4, W/4)
        return put_right(ab, features, light, shrunk(hints, STRIDES[0]))

    def added(self, hints: Tensor) -> list[Tensor]:
        """Hints (N, 3, H, W), sides multiples of 32 -> what they add to each of the decoder's maps.

        (N, w, H/4, W/4) to (N, w, H/32, W/32).
        """
        return [conv(shrunk(hints, s)) for conv, s in zip(self.hint, STRIDES, strict=True)]


# ---- hints that a person gives -------------------------------------------------------------------


class Hinted(nn.Module):
    """A colouriser of one photo, whose network sees a person's hints at every size.

    hints: (x, y, a, b) or (x, y, "#2e7d32") each, and then, if one likes, the side of its square;
    x, y and side in the pixels of the upright photo, which is of size (width, height). Raises
    CourseError as `checked` and `taking` do.
    """

    def __init__(self, network, hints: Sequence, size: tuple[int, int]) -> None:
        super().__init__()
        self.hints, self.size = checked(hints, size), size
        self.network = taking(network)

    def forward(self, x: Tensor) -> Tensor:
        """(1, 1, h, w) scaled L -> (1, 2, h, w) scaled ab."""
        return self.network(torch.cat([x, drawn(self.hints, self.size, x.shape[2:]).to(x)], dim=1))


def checked(hints: Sequence, size: tuple[int, int]) -> list[tuple[float, ...]]:
    """Hints as (x, y, a, b) or (x, y, a, b, side), a and b in Lab units; size: (width, height).

    Raises CourseError for a hint that is none, lies outside the photo, has no colour, or a side
    that is no length.
    """
    if isinstance(hints, str) or not isinstance(hints, Sequence | np.ndarray):
        raise CourseError(f"Hints are a list of (x, y, a, b), not {type(hints).__name__}.")
    found = []
    for number, hint in enumerate(hints, 1):
        try:
            x, y, *given = hint
        except (TypeError, ValueError):
            given = ()
        colour = 1 if given and isinstance(given[0], str) else 2
        given, side = given[:colour], given[colour:]
        if not given or len(side) > 1:
            both = "(x, y, a, b) or (x, y, '#2e7d32')"
            raise CourseError(f"Hint {number} is {hint!r}, but should be {both}.")
        if not all(map(_finite, (x, y))) or not (0 <= x < size[0] and 0 <= y < size[1]):
            raise CourseError(
                f"Hint {number} lies at x = {x}, y = {y}, but the photo has {size[0]} x {size[1]} "
                "pixels, counted from 0 at its upper left corner."
            )
        if side and not (_finite(*side) and 0 < side[0] <= max(size)):
            raise CourseError(
                f"Hint {number} has the side {side[0]!r}, but the side of its square is a number "
                f"of pixels, from above 0 to {max(size)}; leave it out for a 32nd of the photo's."
            )
        found.append((float(x), float(y), *_ab(number, given), *map(float, side)))
    return found


def _finite(value) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _ab(number: int, given: Sequence) -> tuple[float, float]:
    """a and b of a hint's colour."""
    if len(given) == 2:
        if all(_finite(v) and abs(v) <= REACH for v in given):
            return float(given[0]), float(given[1])
        told = f"a = {given[0]}, b = {given[1]}, but both are numbers from -{REACH:g} to {REACH:g}"
        raise CourseError(f"Hint {number} has {told}.")
    try:
        rgb = ImageColor.getrgb(given[0])[:3]
    except (ValueError, AttributeError, TypeError):
        told = f"{given[0]!r}, but a colour is '#2e7d32', or a name such as 'green'"
        raise CourseError(f"Hint {number} has the colour {told}.") from None
    _, ab = rgb_to_lab(np.array([[rgb]], dtype=np.uint8))  # (1, 1, 2)
    return float(ab[0, 0, 0]), float(ab[0, 0, 1])


def drawn(hints: Sequence, size: tuple[int, int], shape: Sequence[int]) -> Tensor:
    """Checked hints as a network sees them: (1, 3, h, w), scaled ab and a mask; shape is (h, w).

    Each is a square around its place, cut at the borders; of two in one place the later one counts.
    """
    height, width = shape
    seen = torch.zeros(1, 3, height, width)
    for x, y, a, b, *own in hints:
        share = own[0] / min(size) if own else SHARE
        side = max(1, round(share * min(shape)))  # pixels
        row, column = int(y * height / size[1]), int(x * width / size[0])
        top, left = (max(0, place - side // 2) for place in (row, column))
        bottom, right = row - side // 2 + side, column - side // 2 + side
        colour = torch.tensor([a / AB_SCALE, b / AB_SCALE, 1.0])
        seen[0, :, top:bottom, left:right] = colour[:, None, None]
    return seen


def hinted(network, hints: Sequence | None, size: tuple[int, int]):
    """The network as it is where there are no hints; else one that sees them."""
    return network if hints is None or not len(hints) else Hinted(network, hints, size)


# ---- which network takes them --------------------------------------------------------------------


def taking(network) -> nn.Module:
    """A network that takes hints: this one, or, of the shipped one, its twin with hints' weights.

    A network of one's own says so by `takes_hints = True`. Raises CourseError for all others.
    """
    if getattr(network, "takes_hints", False):
        return network
    if type(network) is not TransferNet:
        name = type(network).__name__ if isinstance(network, nn.Module) else "This colouriser"
        raise CourseError(
            f"{name} takes no hints: give a hints.HintNet, or a network of (N, 4, H, W) that says "
            "`takes_hints = True`; or give no model."
        )
    weights, _ = read_head(SHIPPED, network)
    twin = HintNet(network.head.in_channels)
    own = {k: v for k, v in twin.state_dict().items() if not k.startswith("encoder.")}
    if differing(own, weights):
        raise CourseError(f"{SHIPPED.name} holds other layers than a HintNet's: make it again.")
    twin.load_state_dict(network.state_dict() | weights)
    return twin.to(network.head.weight.device).eval()


# ---- hints in a file -----------------------------------------------------------------------------


def save(path: str | Path, photo: str | Path, hints: Sequence) -> Path:
    """Write a photo's hints into a JSON file, whole or not at all.

    It holds the version, the hints, and the photo's name, upright size and sha256. Raises
    CourseError as `checked` does, and where the photo or the file cannot be opened.
    """
    return write(path, about(photo), hints)


def about(photo: str | Path, size: tuple[int, int] | None = None) -> dict:
    """Name, upright size and sha256 of a photo. Raises CourseError where it cannot be opened."""
    photo = pasted(photo)
    try:
        size = size or open_picture(photo).size
        return {"name": photo.name, "size": size, "sha256": _sha256(photo)}
    except Exception as error:  # whatever a decoder raises
        raise CourseError(f"{photo} cannot be read as a picture: {error}") from error


def write(path: str | Path, of: dict, hints: Sequence) -> Path:
    """The same as `save` for who has asked `about` the photo before, and does not open it again."""
    path = Path(path).expanduser()
    sides = [len(hint) for hint in checked(hints, of["size"])]
    plain = [[v.item() if hasattr(v, "item") else v for v in hint] for hint in hints]
    content = {"version": 2 if 5 in sides else 1, "photo": of, "hints": plain}
    try:
        replace_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def read(path: str | Path, photo: str | Path) -> list[tuple]:
    """The hints in such a file, which must belong to this photo.

    Raises CourseError for a file that is missing or damaged, of another version or another photo,
    and as `checked` does.
    """
    path, photo = pasted(path), pasted(photo)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content["version"]
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CourseError(f"{path} is damaged, or is no file of hints.") from error
    if version not in VERSIONS:
        raise CourseError(f"{path} is of version {version!r}; this colourlib reads 1 and 2.")
    try:
        of, found = content["photo"], [tuple(hint) for hint in content["hints"]]
        name, sha256 = of["name"], of["sha256"]
        size = tuple(int(side) for side in of["size"])
        right = len(size) == 2 and isinstance(name, str)
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise CourseError(f"{path} is damaged: a part of it is missing.") from error
    if not right:
        raise CourseError(f"{path} is damaged: its photo has no name or no size.")
    if not photo.is_file() or _sha256(photo) != sha256:
        raise CourseError(f"{path} holds the hints of another photo, {name}, not {photo.name}.")
    checked(found, size)
    return found


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
