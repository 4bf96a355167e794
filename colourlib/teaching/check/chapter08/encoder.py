"""Exercises of 08_transfer on the encoder: what it is given, and which maps are taken from it."""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from .... import colour
from ....transfer import CHANNELS, TAKEN, Encoder
from ..answers import tensor
from ..core import call, exercise
from ..slips import ELSE, recognise, same, unreadable_if

GREY = torch.tensor([[[[0, 51, 102]]], [[[153, 204, 255]]]], dtype=torch.uint8)  # (2, 1, 1, 3)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, red green blue


@exercise("08.1", "What the encoder is given", "a function of grey bytes")
def encoder_input(answer):
    """Six grey bytes: on three channels, from -1 to 1."""
    given = tensor(call(answer, GREY), "(N, 3, H, W)")
    share = GREY.double() / 255  # (2, 1, 1, 3)
    right, shape = (share * 2 - 1).expand(-1, 3, -1, -1), tuple(given.shape)
    slips = {
        "one channel: The stem's convolution has kernels for 3 channels. Hint: "
        "`x.expand(-1, 3, -1, -1)` repeats one channel.": shape == (2, 1, 1, 3),
        "channels last: That is the order of Pillow and numpy; torch wants (N, C, H, W). Hint: "
        "`expand` the second axis.": shape == (2, 1, 3, 3),
        "a tensor of another shape: Of (2, 1, 1, 3) it should be (2, 3, 1, 3). Hint: print the "
        "shape after each line.": shape != (2, 3, 1, 3),
    }
    recognise(slips, start=f"Your answer has the shape {shape}.")
    mean, deviation = (torch.tensor(n).double()[:, None, None] for n in (MEAN, DEVIATION))
    L = colour.rgb_to_lab((GREY / 255).expand(-1, 3, -1, -1))[0]  # (2, 1, 1, 3)
    wide = lambda x: x.double().expand(-1, 3, -1, -1)  # noqa: E731
    slips = {
        "ImageNet's mean and deviation: (x − 0.485) / 0.229 and so on is what most encoders learnt "
        "with, and this one did not. It also tints grey: three channels, three numbers. Hint: here "
        "mean and deviation are 0.5.": (share - mean) / deviation,
        "0 to 255: Those are the bytes themselves. Hint: first / 255.": wide(GREY),
        "0 to 1: Black should be −1. Hint: then (x − 0.5) / 0.5.": wide(share),
        "not divided by the deviation: That is x − 0.5, from −0.5 to 0.5, half the contrast. Hint: "
        "/ 0.5 as well.": wide(share - 0.5),
        "bytes that overflow: `grey * 2` of uint8 is kept in a byte: 153 · 2 − 256 = 50. Hint: "
        "`grey.float()` comes first.": (wide(GREY * 2) / 255 - 1, wide(GREY * 2 - 255) / 255),
        "the lightness in place of the byte: L / 50 − 1 is what our network gives, because it has "
        "L; it is nearly the same. Here there are bytes. Hint: no Lab in it.": wide(L / 50 - 1),
        "scaled twice: After / 255 the numbers are shares; your result lies within "
        "a hundredth of −1. Hint: divide once.": wide(share / 255 * 2 - 1),
        "another scale: Black is −1, white 1, and 102 is 102 / 255 · 2 − 1 = −0.2. Hint: "
        "/ 255, then (x − 0.5) / 0.5.": ELSE,
    }
    first, last = given[0, 0, 0, 0], given[1, 0, 0, 2]
    told = f"Black and white become {first:.4g} and {last:.4g} in the first channel."
    recognise(slips, given, right, told)
    return (
        "0, 102 and 255 become −1, −0.2 and 1, alike in three channels. With ImageNet's mean and "
        "deviation, black would be −2.12, −2.04 and −1.80: no grey. Each encoder's own card says "
        "which it wants; nothing fails where one takes the wrong ones, it is only worse."
    )


@cache
def _asked() -> tuple[Encoder, Tensor, list[Tensor]]:
    """An encoder at random, a picture of 64 x 96, and what comes out of each of seven stages."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(3)
        encoder = Encoder().eval()
        for module in encoder.modules():
            if isinstance(module, torch.nn.BatchNorm2d):  # as after a training, not as at birth
                module.running_var.uniform_(0.01, 0.1)
                module.bias.uniform_(-0.5, 0.5)
        x = torch.rand(2, 3, 64, 96) * 2 - 1
        return encoder, x, _stages(encoder, F.relu6(encoder.bn1(encoder.conv_stem(x))))


def _stages(encoder: Encoder, x: Tensor) -> list[Tensor]:
    found = []
    for stage in encoder.blocks:
        found.append(x := stage(x))
    return found


def _is(maps: list[Tensor], wanted) -> bool:
    return len(maps) == len(wanted) and all(map(same, maps, wanted))


@exercise("08.2", "Four maps out of seven stages", "a function of encoder and x")
@torch.no_grad()
def take_maps(answer):
    """The maps of strides 4, 8, 16 and 32, the last one of each stride, fine ones first."""
    encoder, x, stages = _asked()
    given = call(answer, encoder.eval(), x)
    kind = type(given).__name__
    single = isinstance(given, Tensor)
    unreadable_if(
        not single
        and not (isinstance(given, list | tuple) and all(isinstance(m, Tensor) for m in given)),
        f"Your function gives a {kind}, but should give four tensors. Hint: put them in a list.",
    )
    maps = [given] if single else list(given)
    wanted = [stages[i] for i in TAKEN]
    pooled = [m for m in maps if m.ndim != 4 or m.shape[-2:] == (1, 1)]
    bare = _stages(encoder, encoder.bn1(encoder.conv_stem(x)))
    raw = _stages(encoder, F.relu6(encoder.conv_stem(x)))
    sizes = ", ".join(f"{m.shape[1]} channels at 1/{64 // m.shape[2]}" for m in maps if m.ndim == 4)
    slips = {
        "taken after the pooling: Pooled to one pixel a map tells what is in the picture, and no "
        "longer where. A colouriser needs the where. Hint: take what a stage gives.": pooled,
        "the deepest alone: It knows most and sees coarsest, one cell for 32 × 32 pixels. Hint: "
        "keep what the stages before gave, too.": single or len(maps) == 1,
        "all stages: Of maps of one size the last is enough. Hint: four of the seven.": _is(
            maps, stages
        ),
        "coarse ones first: Those are the right ones, the other way round. Hint: in the order in "
        "which they come.": _is(maps[::-1], wanted),
        "the first of each stride, not the last: At 1/16 there are two stages; the second has "
        "looked further. Hint: the last one before the map is halved again.": _is(
            maps, [stages[i] for i in (1, 2, 3, 5)]
        ),
        "strides from 2 on: A map at 1/2 is large and knows little; that of 1/32 is missing. Hint: "
        "leave the first stage out.": _is(maps, [stages[i] for i in (0, 1, 2, 4)]),
        "a stem without its ReLU6: The stages got what the stem's BatchNorm gave. Hint: "
        "`F.relu6(encoder.bn1(encoder.conv_stem(x)))`.": _is(maps, [bare[i] for i in TAKEN]),
        "a stem without its BatchNorm: The stages got the bare convolution. Hint: "
        "`F.relu6(encoder.bn1(encoder.conv_stem(x)))`.": _is(maps, [raw[i] for i in TAKEN]),
        "other maps: It should be 24 channels at 1/4, 40 at 1/8, 112 at 1/16, 320 at 1/32. Hint: "
        "print `stage(x).shape` for each stage.": ELSE,
    }
    recognise(slips, right=_is(maps, wanted), start=f"You took {len(maps)}: {sizes or 'no maps'}.")
    return (
        f"Of a picture of 64 × 96 you took {sizes}: the last of each stride, to the last bit what "
        f"`encoder(x)` gives. {sum(CHANNELS)} numbers for every place, fine and coarse."
    )
