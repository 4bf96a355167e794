"""Lightness as old prints, scanners and careless programs have it: what weights have to live with.

A colouriser trained on clean L* is sure of itself where it should not be. Each photo of a batch is
bent, faded, blurred or grained by numbers of its own; its true colours stay.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from colourlib import colour

GAMMA = 0.35  # the exponent lies between e^-0.35 and e^0.35
FADED = 0.3  # at most this share of the contrast is gone
GRAIN = 0.08  # the largest deviation, where white - black = 2
SOFT = 3.0  # the largest factor by which a photo is shrunk, and enlarged again
LUMA = torch.tensor([0.299, 0.587, 0.114])  # of red, green and blue bytes: what makes a file grey


def scanned(x: Tensor, y: Tensor, dice: torch.Generator) -> Tensor:
    """x (B, 1, H, W) scaled L, y (B, 2, H, W) scaled ab -> (B, 1, H, W) as scans are."""

    def some(share):
        return torch.rand(len(x), 1, 1, 1, generator=dice) < share

    def between(low, high):
        return low + (high - low) * torch.rand(len(x), 1, 1, 1, generator=dice)

    by_luma = some(0.5)
    if by_luma.any():
        x = torch.where(by_luma, grey_by_luma(x, y), x)
    x = torch.where(some(0.2), soft(x, between(1.2, SOFT).min().item()), x)
    share = ((x + 1) / 2).clamp(0, 1) ** between(-GAMMA, GAMMA).exp()  # 0..1
    contrast = torch.where(some(0.4), between(1 - FADED, 1.05), torch.ones(1))
    share = share * contrast + (1 - contrast) * between(0, 1)
    grain = between(0, GRAIN) * some(0.25)
    x = 2 * share - 1 + grain * torch.randn(x.shape, generator=dice)
    return x.clamp(-1, 1)


def grey_by_luma(x: Tensor, y: Tensor) -> Tensor:
    """Scaled L of the grey file that most programs make of a photo: a mixture of its bytes."""
    rgb = colour.lab_to_rgb(colour.unscale_L(x), colour.unscale_ab(y))  # (B, 3, H, W)
    grey = torch.einsum("c,nchw->nhw", LUMA, rgb)[:, None].expand(-1, 3, -1, -1)
    return colour.scale_L(colour.rgb_to_lab(grey)[0])


def soft(x: Tensor, factor: float) -> Tensor:
    """The photos without their finest detail: shrunk by the factor, and enlarged again."""
    size = [max(16, round(side / factor)) for side in x.shape[-2:]]
    small = F.interpolate(x, size=size, mode="bilinear", antialias=True)
    return F.interpolate(small, size=x.shape[-2:], mode="bilinear")
