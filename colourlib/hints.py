"""Colours that a person gives at some places of a photo, and a network that takes them up.

`HintNet` is a TransferNet that also sees hints: their ab and where they are (Zhang et al. 2017). It
is trained without any person: `simulated` draws hints from the true picture. 09_hints builds both.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .transfer import CHANNELS, TransferNet, filled_up

MEAN = 7.0  # hints a photo, where there are any
NONE = 0.5  # share of the photos that get none, so that the network still guesses alone
LARGEST = 9  # pixels: the side of a hint
STRIDES = (4, 8, 16, 32)  # of the decoder's maps, where hints come in


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


def shrunk(hints: Tensor, stride: int) -> Tensor:
    """Hints (N, 3, H, W) on a coarser map: mean ab of what is hinted in each block, and whether."""
    ab, mask = hints[:, :2], hints[:, 2:]
    share = F.avg_pool2d(mask, stride)  # (N, 1, H/stride, W/stride)
    mean = F.avg_pool2d(ab * mask, stride) / share.clamp_min(1e-6)
    return torch.cat([mean, (share > 0).to(mean)], dim=1)


class HintNet(TransferNet):
    """A TransferNet with hints added to its decoder at each scale; they count nothing at first."""

    def __init__(self, width: int = 96) -> None:
        super().__init__(width)
        self.hint = nn.ModuleList(nn.Conv2d(3, width, 1, bias=False) for _ in CHANNELS)
        for conv in self.hint:
            nn.init.zeros_(conv.weight)

    def features(self, x: Tensor) -> Tensor:
        """(N, 1 or 4, H, W): scaled L and, if any, hints -> (N, w, H/4, W/4), as TransferNet's."""
        L, hints = x[:, :1], x[:, 1:]
        if not hints.shape[1]:
            return super().features(L)
        height, width = x.shape[-2:]
        room = filled_up(L).shape[-2:]
        hints = F.pad(hints, [0, room[1] - width, 0, room[0] - height])  # none in the filling
        scales = zip(self.hint, STRIDES, strict=True)
        return super().features(L, [conv(shrunk(hints, stride)) for conv, stride in scales])

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1 or 4, H, W) -> (N, 2, H, W) ab / 110."""
        return super().forward(x)
