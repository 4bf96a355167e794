"""What a network got wrong at a person's hints, put right there and wherever it is alike.

At a hint the colour is known, so the network's error is known there, too. `HintNet` spreads it to
the places near by that look alike to its decoder, as Levin's equation spreads the colour itself;
not while it trains, because then the network has to learn to take hints by itself.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

SPREAD = ((0.3, 1.5), (0.1, 0.7))  # how far an error reaches: of the photo, of the features
FAINT = 0.005  # weight of no error: where no hint is like a place, it stays as it is


def shrunk(hints: Tensor, stride: int) -> Tensor:
    """Hints (N, 3, H, W) on a coarser map: mean ab of what is hinted in each block, and whether."""
    ab, mask = hints[:, :2], hints[:, 2:]
    share = F.avg_pool2d(mask, stride)  # (N, 1, H/stride, W/stride)
    mean = F.avg_pool2d(ab * mask, stride) / share.clamp_min(1e-6)
    return torch.cat([mean, (share > 0).to(mean)], dim=1)


def put_right(ab: Tensor, features: Tensor, hints: Tensor) -> Tensor:
    """Colours ab (N, 2, h, w) less what is wrong at the hints (N, 3, h, w), there and around.

    Each place takes the mean of the hints' errors; the nearer it is, and the liker in the features
    (N, w, h, w), the more one counts (Nadaraya 1964, Watson 1964). First that reaches far, then, by
    what is left, only near (Tukey's twicing, 1977).
    """
    one = torch.ones_like(ab[0, 0], dtype=torch.float32)  # (h, w)
    place = torch.stack([one.cumsum(0), one.cumsum(1)]) / one.sum().sqrt()  # (2, h, w)
    right = []
    for guess, seen, hint in zip(ab.float(), features.float(), hints.float(), strict=True):
        at = hint[2].flatten().nonzero()[:, 0]  # (K,) where hints are
        for far, unlike in SPREAD:
            z = torch.cat([place / far, seen / unlike]).flatten(1).T  # (h w, 2 + w)
            like = torch.exp(-(torch.cdist(z, z[at]) ** 2) / 2)  # (h w, K)
            wrong = (hint[:2] - guess).flatten(1).T[at]  # (K, 2)
            mean = like @ wrong / (like.sum(1, keepdim=True) + FAINT)  # (h w, 2)
            guess = guess + mean.T.view_as(guess)
        right.append(guess)
    return torch.stack(right)  # (N, 2, h, w)
