"""A distribution of colours for each pixel, and the ways from it to one (Zhang, Isola, Efros 2016).

Chroma becomes one of Q bins, 10 Lab units wide. `VividNet` gives each pixel Q numbers, the logits;
their softmax says how likely each bin is. Its loss is a cross-entropy, and `annealed` makes a
colour of what it answers. 07_vivid builds all of it by hand.
"""

from copy import copy
from numbers import Real
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .colour import rgb_to_lab, scale_ab
from .common.errors import CourseError
from .common.files import shipped_folder
from .common.fingerprints import differing, read_head
from .common.inputs import check_input
from .model import ColourNet, conv_bn_relu, pool, upsample_to
from .transfer import TransferNet, filled_up

STEP = 10.0  # Lab units: the side of a bin
NEAREST, SIGMA = 5, 5.0  # bins that share a colour, and how fast their shares fall, Lab units
TEMPERATURE = 0.38  # the paper's: between the mean (1) and the mode (near 0)
FEWEST = 1e-4  # share of the training pixels from which a bin is asked for
MANY = 50  # photos at once: there is a distance to each bin for every pixel
EXACT = "donot_use_mm_for_euclid_dist"  # torch's name for distances that are not approximate
SHIPPED = shipped_folder("weights") / "vivid.safetensors"  # a head for transfernet.safetensors
APART = 20.0  # Lab units: from where on two colours of a palette are different ones
EVEN = 0.5  # lambda of the paper: how much of an even distribution is mixed into the prior


# ---- bins ----------------------------------------------------------------------------------------


def bins() -> Tensor:
    """The bins that occur inside sRGB: (260, 2) ab of their middles, multiples of 10."""
    levels = torch.linspace(0, 1, 52)  # every fifth byte of each channel
    rgb = torch.cartesian_prod(levels, levels, levels)  # (140608, 3)
    _, ab = rgb_to_lab(rgb.T[None, :, :, None])  # (1, 2, 140608, 1)
    return STEP * torch.unique((ab[0, :, :, 0].T / STEP).round(), dim=0)


def seen(ab: Tensor) -> Tensor:
    """Those bins that hold at least one in ten thousand of these pixels: (Q, 2).

    ab (N, 2, H, W) of the training photos, Lab units. Fewer bins are fewer channels, and no time
    goes into colours that never come.
    """
    every = bins().to(ab.device)
    numbers = torch.cat([nearest_bin(some, every).flatten() for some in ab.split(MANY)])
    counts = torch.bincount(numbers, minlength=len(every))
    return every[counts >= FEWEST * counts.sum()]


def nearest_bin(ab: Tensor, bins: Tensor) -> Tensor:
    """ab (N, 2, H, W) in Lab units, bins (Q, 2) -> (N, H, W) numbers of the nearest bins."""
    return _distances(ab, bins).argmin(-1)


def _distances(ab: Tensor, bins: Tensor) -> Tensor:
    """(N, H, W, Q) Lab units; exact, because whole numbers often lie halfway between two bins."""
    return torch.cdist(ab.movedim(1, -1), bins[None].to(ab), compute_mode=EXACT)


def soft(ab: Tensor, bins: Tensor) -> tuple[Tensor, Tensor]:
    """The 5 nearest bins of each pixel, (N, 5, H, W), and their shares, which sum to 1.

    ab (N, 2, H, W) in Lab units, bins (Q, 2). A Gaussian of the distance: neighbours are half
    right, so that the network hears that orange is closer to red than blue is.
    """
    distance, index = _distances(ab, bins).topk(min(NEAREST, len(bins)), largest=False)
    share = torch.softmax(-(distance**2) / (2 * SIGMA**2), dim=-1)  # exp, then divided by the sum
    return index.movedim(-1, 1), share.movedim(-1, 1)


def prior(ab: Tensor, bins: Tensor) -> Tensor:
    """How often each bin comes, softly, (Q,), sums to 1: the answer of who sees no photo at all."""
    sums = torch.zeros(len(bins))
    for some in ab.split(MANY):
        index, share = soft(some, bins)
        sums.index_add_(0, index.flatten(), share.flatten())
    return sums / sums.sum()


def balance(prior: Tensor, bins: Tensor, even: float = EVEN) -> Tensor:
    """Weights (Q,) that lift rare colours; their mean over the training pixels is 1.

    The prior is smoothed by a Gaussian over neighbouring bins and mixed with an even distribution;
    a weight is one over that. even: 1 changes nothing, 0 makes all colours equally important.
    """
    square = torch.cdist(bins, bins, compute_mode=EXACT) ** 2  # (Q, Q)
    near = torch.softmax(-square / (2 * SIGMA**2), dim=1)
    mixed = (1 - even) * prior @ near + even / len(bins)
    return 1 / mixed / (prior / mixed).sum()


# ---- the network and its loss --------------------------------------------------------------------


class VividNet(ColourNet):
    """ColourNet with another head: Q logits a pixel, at a quarter of the resolution.

    It starts at the prior, as ColourNet starts at grey: the head's weights are 0, its biases the
    logarithm of the prior.
    """

    def __init__(self, prior: Tensor, width: int = 32) -> None:
        super().__init__(width)
        self.head = nn.Conv2d(2 * width, len(prior), kernel_size=1)
        start_at(self.head, prior)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) in -1..1 -> (N, Q, H/4, W/4) logits."""
        check_input(x, self.head.in_channels * 3 // 8, self.head.out_channels)
        quarter = self.down3(self.down2(self.down1(x)))  # (N, 2w, H/4, W/4)
        eighth = self.down4(pool(quarter))  # (N, 3w, H/8, W/8)
        deep = self.deep(pool(eighth))  # (N, 5w, H/16, W/16)
        deep = self.fuse(deep + self.context(deep)[:, :, None, None])
        eighth = self.up4(eighth + upsample_to(self.narrow4(deep), eighth))
        quarter = self.up3(quarter + upsample_to(self.narrow3(eighth), quarter))
        return self.head(quarter)


class VividHead(nn.Sequential):
    """The head of a VividNet for a TransferNet: its features (N, w, h, w) -> (N, Q, h, w) logits.

    It starts at the prior, too, and has one more convolution, because the features were made for
    another question.
    """

    def __init__(self, prior: Tensor, width: int = 96) -> None:
        last = nn.Conv2d(width, len(prior), kernel_size=1)
        start_at(last, prior)
        super().__init__(conv_bn_relu(width, width), last)


def start_at(head: nn.Conv2d, prior: Tensor) -> None:
    """Let a head answer with the prior at first: its weights 0, its biases the logarithms."""
    nn.init.zeros_(head.weight)
    with torch.no_grad():
        head.bias.copy_(prior.clamp_min(1e-8).log())


def quarter(ab: Tensor, like: Tensor) -> Tensor:
    """ab (N, 2, H, W) as large as logits (N, Q, h, w) are: the mean of each block of pixels."""
    return F.interpolate(ab, size=like.shape[2:], mode="area")


def cross_entropy(
    logits: Tensor, index: Tensor, share: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Mean over the pixels of -sum share · log softmax, in nats: one number.

    logits (N, Q, h, w); index, share (N, 5, h, w) as `soft` gives them; weights (Q,), if any.
    """
    log_p = F.log_softmax(logits, dim=1).gather(1, index)  # (N, 5, h, w)
    share = share if weights is None else share * weights.to(share)[index]
    return -(share * log_p).sum(1).mean()


# ---- from a distribution to a colour -------------------------------------------------------------


def annealed(logits: Tensor, bins: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """The mean colour of the softmax of logits / temperature: (N, Q, h, w) -> (N, 2, h, w), Lab.

    1 gives the mean, a temperature near 0 the mode. Raises CourseError for a temperature of 0 or
    below, for logits that are not finite, and where there is not one channel a bin.
    """
    temperature = sound(temperature)
    if logits.ndim != 4 or logits.shape[1] != len(bins):
        raise CourseError(
            f"The network answers with {tuple(logits.shape)}, but there are {len(bins)} bins, and "
            f"each needs a channel: give vivid.VividNet(prior) of these {len(bins)} bins, or the "
            "bins that the network was trained with."
        )
    if not logits.isfinite().all():
        raise CourseError(
            "The logits are not finite (NaN or infinite): the network's weights are broken, most "
            "often because the learning rate (lr) was too large. Train it again with a third of it."
        )
    shares = torch.softmax(logits.float() / temperature, dim=1)  # (N, Q, h, w)
    return torch.einsum("nqhw,qc->nchw", shares, bins.to(shares))


def given_back(ab: Tensor, logits: Tensor, bins: Tensor, part: float) -> Tensor:
    """ab (N, 2, h, w), Lab, as strong as the logits (N, Q, h, w) say that each photo is.

    The mean of red and blue has less chroma than either. Its distributions say how much a photo
    should have, as a mean square; one factor gives back what is missing. part: 1 all, 0 nothing.
    """
    shares = torch.softmax(logits.float(), dim=1)  # (N, Q, h, w)
    square = torch.einsum("nqhw,q->nhw", shares, bins.to(shares).square().sum(1)).mean((1, 2))
    missing = square / ab.square().sum(1).mean((1, 2)).clamp_min(1)  # (N,), at least 1 unit there
    return ab * missing.clamp_min(1)[:, None, None, None] ** (part / 2)


def sound(temperature) -> float:
    """The temperature, if one can divide by it. Raises CourseError for 0 or below, or no number."""
    if isinstance(temperature, bool) or not isinstance(temperature, Real) or not temperature > 0:
        raise CourseError(
            f"The temperature is {temperature!r}, but the logits are divided by it: give a number "
            f"above 0, such as {TEMPERATURE}; 0.01 is as good as the mode."
        )
    return float(temperature)


def palette(shares: Tensor, bins: Tensor, count: int = 5) -> tuple[Tensor, Tensor]:
    """The numbers of the likeliest bins that nobody would call alike, and their shares: (count,).

    shares (Q,), sum 1. Each bin stands for those around it that are nearer than APART, with their
    shares, and none of them is offered again.
    """
    near = torch.cdist(bins, bins, compute_mode=EXACT) < APART  # (Q, Q)
    left, found, sums = shares.clone(), [], []
    while len(found) < count and left.max() >= 0:
        found.append(int(left.argmax()))
        around = near[found[-1]]
        sums.append(left[around].clamp_min(0).sum())
        left[around] = -1  # taken
    return torch.tensor(found), torch.stack(sums)


class Vivid(nn.Module):
    """A colouriser made of a VividNet and its bins: x (N, 1, H, W) -> (N, 2, H, W) scaled ab.

    So it can be scored by `evaluate` and given to `colourise`, as a network of ab can.
    part: how much of the chroma that the mean loses is `given_back`, 0 to 1 or a little more.
    """

    def __init__(
        self, network: nn.Module, bins: Tensor, temperature=TEMPERATURE, part=0.0, size: int = 0
    ) -> None:
        super().__init__()
        self.network, self.temperature, self.part = network, temperature, part
        self.trained_size = size or None  # pixels: how large `colourise` shows it a photo
        self.register_buffer("bins", bins.clone())

    def logits(self, x: Tensor) -> Tensor:
        """(N, Q, h, w)."""
        return self.network(x)

    def forward(self, x: Tensor, like: Tensor | None = None) -> Tensor:
        """The annealed mean with its chroma given back, enlarged to the size of x (or `like`)."""
        logits = self.logits(x)
        ab = annealed(logits, self.bins, self.temperature)  # (N, 2, h, w)
        ab = given_back(ab, logits, self.bins, self.part)
        return scale_ab(upsample_to(ab, x if like is None else like))


class VividTransfer(Vivid):
    """The same of a TransferNet, whose features a VividHead answers by."""

    def __init__(self, network: TransferNet, head, bins: Tensor, part: float, warm: float) -> None:
        super().__init__(network, bins, warm, part)
        self.head = head

    def logits(self, x: Tensor) -> Tensor:
        """(N, Q, h/4, w/4) of the photo filled up to multiples of 32."""
        return self.head(self.network.features(x))

    def forward(self, x: Tensor) -> Tensor:
        """As Vivid's, without what was filled up."""
        return super().forward(x, filled_up(x))[..., : x.shape[-2], : x.shape[-1]]


def vividly(
    network, card: dict, temperature: float | None = None, path: Path = SHIPPED
) -> tuple[nn.Module, dict]:
    """(A colouriser that answers by a distribution, its card), of what `colourise` would have used.

    A `Vivid` stays as it is, but for the temperature. The shipped TransferNet
    gets the head that comes with it. Raises CourseError for all others, for a head of another
    network, a palette that does not fit its head, and a temperature of 0 or below.
    """
    if isinstance(network, Vivid):
        warm = network.temperature if temperature is None else sound(temperature)
        twin = copy(network)
        twin.temperature = warm
        return twin, card
    if not isinstance(network, TransferNet):
        name = type(network).__name__ if isinstance(network, nn.Module) else "This colouriser"
        raise CourseError(
            f"{name} answers with one ab a pixel, no distribution: give vivid.Vivid(network, bins) "
            "of a VividNet as the model, or no model, or leave vivid out."
        )
    weights, told = read_head(path, network)
    bins, prior = weights.pop("bins").float(), weights.pop("prior")  # whole numbers in any format
    head = VividHead(prior, network.head.in_channels)
    if len(bins) != len(prior) or differing(head.state_dict(), weights):
        raise CourseError(
            f"{path.name} holds {len(bins)} bins for a head of {len(prior)}, or layers of other "
            "sizes: make it again with bench/vivid_card.py."
        )
    head.load_state_dict(weights)
    warm = told["temperature"] if temperature is None else sound(temperature)
    return VividTransfer(network, head, bins, told["given_back"], warm).eval(), told
