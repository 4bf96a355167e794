"""One network that answers three questions, for `weights.py`: chroma, a distribution, and hints.

All of it learns at once on one encoder and one decoder, so what else comes with the course costs no
training of its own. The distribution also tells the decoder more than its mean does.
"""

from functools import partial

import torch
import torch.nn.functional as F
from mixed import MixedSet
from torch import Tensor

from colourlib import train, vivid
from colourlib.colour import unscale_ab
from colourlib.data import BATCH_SIZE, Batch
from colourlib.hints import HintNet
from colourlib.transfer import TransferNet

PART = 0.1  # of the cross-entropy in the loss: both pull at the decoder about as strongly
LOOKED_AT = 200  # batches for the prior
REACH = 110  # Lab units: ab lies between -110 and 110
BEND = 10 / 110  # scaled ab, where Huber's loss turns from a square into a line
LOSSES = ("three", "mse", "huber")  # of the chroma: with a part of the cross-entropy, or alone


class Three(HintNet):
    """A HintNet with a VividHead, which answers while training only, into `answered`."""

    def __init__(self, bins: Tensor, prior: Tensor, width: int = 96) -> None:
        super().__init__(width)
        self.vivid = vivid.VividHead(prior, width)
        self.register_buffer("bins", bins)
        self.register_buffer("prior", prior)
        self.answered: list[Tensor] = []

    def decoded(self, *maps) -> Tensor:
        """Maps, and what hints add -> (N, w, H/4, W/4), as TransferNet's: both ways lead here."""
        y = super().decoded(*maps)
        if self.training:
            self.answered[:] = [self.vivid(y)]
        return y


def plain_of(weights: dict[str, Tensor]) -> TransferNet:
    """The network of chroma alone, without hints and head, of a Three's weights; in eval mode."""
    net = TransferNet(len(weights["lateral.0.weight"]))
    net.load_state_dict({name: weights[name] for name in net.state_dict()})
    return net.eval()


def palette(photos: MixedSet) -> tuple[Tensor, Tensor]:
    """(bins (Q, 2), prior (Q,)) of what the training shows."""
    order = torch.randperm(len(photos), generator=torch.Generator().manual_seed(0)).tolist()
    ab = []
    for number in range(LOOKED_AT):
        batch = Batch(order[number * BATCH_SIZE : (number + 1) * BATCH_SIZE], [0, 0, number])
        _, y = photos.__getitems__(batch)
        ab.append(F.interpolate(unscale_ab(y), size=(16, 16), mode="area"))
    ab = torch.cat(ab)  # (200 batches of 20, 2, 16, 16)
    bins = vivid.seen(ab)
    return bins, vivid.prior(ab, bins)


class Both:
    """The loss: squared error, and a part of the cross-entropy of the logits."""

    def __init__(self, net: Three) -> None:
        self.net = net
        # A table of the shares of each whole ab; the distances would cost a tenth of a step.
        line = torch.arange(-REACH, REACH + 1.0)
        grid = torch.cartesian_prod(line, line).T[None, :, :, None]  # (1, 2, 221 * 221, 1)
        index, share = vivid.soft(grid, net.bins)
        self.index, self.share = index[0, :, :, 0].T.contiguous(), share[0, :, :, 0].T.contiguous()

    def entropy(self, y: Tensor) -> Tensor:
        logits = self.net.answered.pop().float()  # (B, Q, h, w)
        ab = vivid.quarter(unscale_ab(y), logits).round().long().clamp(-REACH, REACH) + REACH
        where = ab[:, 0] * (2 * REACH + 1) + ab[:, 1]  # (B, h, w)
        index, share = (table[where].movedim(-1, 1) for table in (self.index, self.share))
        return vivid.cross_entropy(logits, index, share)

    def __call__(self, prediction: Tensor, y: Tensor) -> Tensor:
        # As large as a squared error is: `train` stops where a loss is ten times the grey copy's.
        # Adam takes the same steps whatever the loss is multiplied by.
        return PART * (F.mse_loss(prediction, y) + PART * self.entropy(y))


def network(photos: MixedSet, width: int, known: dict) -> Three:
    """One with the weights and bins `known`, as far as they go; its losses join `train.LOSSES`."""
    bins, prior = (known["bins"], known["prior"]) if "bins" in known else palette(photos)
    print(f"{len(bins)} bins; the prior has {-(prior * prior.log2()).nansum():.2f} bits")
    net = Three(bins, prior, width)
    net.load_state_dict(net.state_dict() | known)
    train.LOSSES |= {"three": Both(net), "huber": partial(F.huber_loss, delta=BEND)}
    return net
