"""How alike two pictures are to the eye: SSIM of the structure, CIEDE2000 of the colours."""

from math import radians

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW, SIGMA = 11, 1.5  # pixels: the blur of Wang et al. 2004


def ssim(one: Tensor, other: Tensor) -> Tensor:
    """Structural similarity of sRGB pictures (N, 3, H, W) in 0..1, 11 pixels a side or more: (N,).

    1 where they are the same. Compares mean, contrast and structure in a window around each pixel,
    channel by channel (Wang et al. 2004); the five pixels along the border are left out, because
    their window is not complete.
    """
    rows, columns = (_blur(side).to(one) for side in one.shape[2:])

    def mean(values: Tensor) -> Tensor:  # of each window: (N, 3, H - 10, W - 10)
        return rows.T @ (values @ columns)

    mean_1, mean_2 = mean(one), mean(other)
    variance_1, variance_2 = mean(one**2) - mean_1**2, mean(other**2) - mean_2**2
    together = mean(one * other) - mean_1 * mean_2
    c1, c2 = 0.01**2, 0.03**2  # keep the quotients finite where a window is black or even
    lightness = (2 * mean_1 * mean_2 + c1) / (mean_1**2 + mean_2**2 + c1)
    structure = (2 * together + c2) / (variance_1 + variance_2 + c2)
    return (lightness * structure).mean(dim=(1, 2, 3))


def _blur(side: int) -> Tensor:
    """(side, side - 10): a line of pixels times this is the line blurred by the Gaussian.

    As a product of matrices it takes a tenth of the time of a convolution.
    """
    at = torch.arange(WINDOW) - WINDOW // 2
    weights = torch.softmax(-(at**2) / (2 * SIGMA**2), 0)  # exp, with the sum 1
    return F.conv1d(torch.eye(side)[:, None], weights[None, None])[:, 0]


def ciede2000(one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> Tensor:
    """Colour difference as the eye sees it, at every pixel: (N, H, W), 0 for the same colour.

    one, other: (L (N, 1, H, W) in 0..100, ab (N, 2, H, W) in Lab units). About 1 can just be seen
    side by side. CIE 142:2001; the numbers beside the lines are those of the equations in Sharma,
    Wu and Dalal 2005.
    """
    L1, a1, b1 = one[0][:, 0], *one[1].unbind(1)  # (N, H, W) each, as everything below
    L2, a2, b2 = other[0][:, 0], *other[1].unbind(1)
    chroma = (torch.hypot(a1, b1) + torch.hypot(a2, b2)) / 2  # 2, 3
    stretch = 1 + 0.5 * (1 - _saturating(chroma))  # 4: of a, so that greys count as they are seen
    a1, a2 = stretch * a1, stretch * a2  # 5
    C1, C2 = torch.hypot(a1, b1), torch.hypot(a2, b2)  # 6
    h1, h2 = torch.atan2(b1, a1), torch.atan2(b2, a2)  # 7, radians

    turn = torch.remainder(h2 - h1 + torch.pi, 2 * torch.pi) - torch.pi  # 10: the shorter way round
    dL, dC, dH = L2 - L1, C2 - C1, 2 * (C1 * C2).sqrt() * torch.sin(turn / 2)  # 8, 9, 11

    L, C = (L1 + L2) / 2, (C1 + C2) / 2  # 12, 13
    h = h1 + turn / 2  # 14: half the shorter way ...
    h = torch.where(C1 * C2 == 0, h1 + h2, h)  # ... or the hue of the one that is not grey
    T = 1 - 0.17 * torch.cos(h - radians(30)) + 0.24 * torch.cos(2 * h)
    T += 0.32 * torch.cos(3 * h + radians(6)) - 0.20 * torch.cos(4 * h - radians(63))  # 15
    blue = torch.rad2deg(torch.remainder(h, 2 * torch.pi)) - 275
    lean = radians(60) * torch.exp(-((blue / 25) ** 2))  # 16: twice the angle, in radians
    S_L = 1 + 0.015 * (L - 50) ** 2 / (20 + (L - 50) ** 2).sqrt()  # 18
    S_C, S_H = 1 + 0.045 * C, 1 + 0.015 * C * T  # 19, 20
    R = -2 * _saturating(C) * torch.sin(lean)  # 17, 21
    lightness, vividness, hue = dL / S_L, dC / S_C, dH / S_H
    turned = R * vividness * hue  # in blue the two are not felt apart
    return (lightness**2 + vividness**2 + hue**2 + turned).clamp(min=0).sqrt()  # 22


def _saturating(chroma: Tensor) -> Tensor:
    """From 0 for greys to 1 for vivid colours."""
    power = chroma**7
    return (power / (power + 25**7)).sqrt()
