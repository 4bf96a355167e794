"""What a network got wrong at a person's hints, put right there and wherever it is alike.

At a hint the colour is known, so the network's error is known there, too. `HintNet` spreads it to
the places near by that are as light and look alike to its decoder, as Levin's equation spreads the
colour itself; not while it trains, because then the network has to learn to take hints by itself.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

# how far an error reaches: in shares of the photo, in units of the features and of the scaled L
SPREAD = ((0.3, 1.5, 0.3), (0.1, 0.7, 0.15))
FAINT = 0.005  # weight of no error: where no hint is like a place, it stays as it is


def shrunk(hints: Tensor, stride: int) -> Tensor:
    """Hints (N, 3, H, W) on a coarser map: mean ab of what is hinted in each block, and whether."""
    ab, mask = hints[:, :2], hints[:, 2:]
    share = F.avg_pool2d(mask, stride)  # (N, 1, H/stride, W/stride)
    mean = F.avg_pool2d(ab * mask, stride) / share.clamp_min(1e-6)
    return torch.cat([mean, (share > 0).to(mean)], dim=1)


def put_right(ab: Tensor, features: Tensor, L: Tensor, hints: Tensor) -> Tensor:
    """Colours ab (N, 2, h, w) less what is wrong at the hints (N, 3, h, w), there and around.

    Each place takes the mean of the hints' errors; the nearer it is, and the liker in the features
    (N, w, h, w) and in L (N, 1, h, w), the more one counts (Nadaraya 1964, Watson 1964). First that
    reaches far, then, by what is left, only near (Tukey's twicing, 1977).
    """
    one = torch.ones_like(ab[0, 0], dtype=torch.float32)  # (h, w)
    place = torch.stack([one.cumsum(0), one.cumsum(1)]) / one.sum().sqrt()  # (2, h, w)
    right = []
    given = (part.float() for part in (ab, features, L, hints))
    for guess, seen, light, hint in zip(*given, strict=True):
        at = hint[2].flatten().nonzero()[:, 0]  # (K,) where hints are
        for far, unlike, contrast in SPREAD:
            z = torch.cat([place / far, seen / unlike, light / contrast])  # (3 + w, h, w)
            z = z.flatten(1).T  # (h w, 3 + w)
            like = torch.exp(-(torch.cdist(z, z[at]) ** 2) / 2)  # (h w, K)
            wrong = (hint[:2] - guess).flatten(1).T[at]  # (K, 2)
            mean = like @ wrong / (like.sum(1, keepdim=True) + FAINT)  # (h w, 2)
            guess = guess + mean.T.view_as(guess)
        right.append(guess)
    return torch.stack(right)  # (N, 2, h, w)
