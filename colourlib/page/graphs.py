"""A network cut into ONNX graphs, so that a browser looks at a photo once and asks many times.

Of a TransferNet the encoder is a graph of its own: what it sees in a photo does not change while
somebody gives hints. `alone` makes colours of that, `hinted` does so with hints. A network that is
not a TransferNet is one graph, `alone`, which is given L.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..common.errors import CourseError
from ..hints import HintNet, taking
from ..model import upsample_to
from ..runs.onnx import graph, halved
from ..transfer import STRIDE, TransferNet
from ..vivid import VividTransfer, vividly

MAPS = ("m4", "m8", "m16", "m32")  # the encoder's, by their strides
SIDES = ((64, 96), (97, 75))  # at which a graph has to answer like torch: both ways up


class Looks(nn.Module):
    """L (1, 1, h, w), scaled -> the maps of the photo filled up to multiples of 32."""

    def __init__(self, network: TransferNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, L: Tensor) -> list[Tensor]:
        """(1, 1, h, w) -> (1, 24, H/4, W/4), ..., (1, 320, H/32, W/32)."""
        return self.network.maps(L)


class Alone(nn.Module):
    """Maps -> ab (1, 2, H, W), scaled, and how likely each bin is, where there is a head for it."""

    def __init__(self, network: TransferNet, vivid: VividTransfer | None) -> None:
        super().__init__()
        self.network, self.vivid = network, vivid

    def forward(self, m4: Tensor, m8: Tensor, m16: Tensor, m32: Tensor):
        """Four maps -> (1, 2, H, W), or that and (1, Q, H/4, W/4)."""
        features = self.network.decoded([m4, m8, m16, m32])
        ab = nn.functional.interpolate(self.network.head(features), scale_factor=4, mode="bilinear")
        if self.vivid is None:
            return ab
        return ab, torch.softmax(self.vivid.head(features), dim=1)


class WithHints(nn.Module):
    """Maps, L (1, 1, h, w), hints (1, 3, H, W) drawn on the filled photo -> ab (1, 2, H, W)."""

    def __init__(self, network: HintNet) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, m4: Tensor, m8: Tensor, m16: Tensor, m32: Tensor, L: Tensor, hints: Tensor
    ) -> Tensor:
        """Four maps, L and hints -> (1, 2, H, W)."""
        return upsample_to(self.network.hinted([m4, m8, m16, m32], L, hints), hints)


class Concatenated(nn.Module):
    """A network of one's own that takes (1, 4, h, w)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, L: Tensor, hints: Tensor) -> Tensor:
        """(1, 1, h, w) and (1, 3, h, w) -> (1, 2, h, w)."""
        return self.network(torch.cat([L, hints], dim=1))


def cut(network: nn.Module, card: dict) -> tuple[dict[str, bytes], dict]:
    """({"looks" | "alone" | "hinted": an ONNX graph in 16 bits}, what the page is told of them).

    Raises CourseError where the network cannot be written as ONNX.
    """
    told = {"hints": False, "bins": None}
    photos = [torch.rand(1, 1, *sides) * 2 - 1 for sides in SIDES]
    if type(network) is not TransferNet:  # an edited one may do something else with its maps
        L = [{"L": photo} for photo in photos]
        made = {"alone": graph(network, L, ["ab"])}
        told["hints"] = bool(getattr(network, "takes_hints", False))
        if told["hints"]:
            given = [one | {"hints": torch.rand(1, 3, *one["L"].shape[2:])} for one in L]
            made["hinted"] = graph(Concatenated(network), given, ["ab"])
    else:
        made = _of_transfer(network, card, photos, told)
    return {name: halved(content) for name, content in made.items()}, told


def _of_transfer(
    network: TransferNet, card: dict, photos: Sequence[Tensor], told: dict
) -> dict[str, bytes]:
    looks = Looks(network).eval()
    with torch.inference_mode():
        maps = [dict(zip(MAPS, looks(photo), strict=True)) for photo in photos]
    made = {"looks": graph(looks, [{"L": photo} for photo in photos], MAPS)}
    try:  # a head and hints go with the weights that they were trained with, and with no others
        vivid, about = vividly(network, card)
        hinted = taking(network)
    except CourseError:
        made["alone"] = graph(Alone(network, None), maps, ["ab"])
        return made
    told |= {"hints": True, "bins": vivid.bins.tolist(), "vivid": about["size"]}
    made["alone"] = graph(Alone(network, vivid), maps, ["ab", "shares"])
    given = [
        one | {"L": L, "hints": torch.rand(1, 3, *(STRIDE * n for n in one["m32"].shape[2:]))}
        for one, L in zip(maps, photos, strict=True)
    ]
    made["hinted"] = graph(WithHints(hinted), given, ["ab"])
    return made
