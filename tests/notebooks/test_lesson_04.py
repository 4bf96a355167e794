"""What 04_model builds by hand is what torch and the package do: values, not text.

The functions are taken out of the notebook's own cells, those with the tags "by-hand" (convolution,
BatchNorm) and "builds" (every block of ColourNet). Each comparison is also made with mistakes in
the cell, and has to see them.
"""

from functools import partial

import lessons
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colourlib import model

lesson = partial(lessons.lesson, "04_model", builds=True)
SAME, WRONG = 1e-4, 1e-2  # in single precision, between numbers of about 1


def gap(one: Tensor, other: Tensor) -> float:
    """The largest difference; endless for different shapes."""
    return (one - other).abs().max().item() if one.shape == other.shape else float("inf")


def filled(layer: nn.Module) -> nn.Module:
    """The layer with weights and averages at random, the same each time for the same shapes."""
    torch.manual_seed(1)
    for tensor in layer.state_dict().values():
        if tensor.is_floating_point():
            tensor.uniform_(0.2, 1.5)  # variances, too, have to be above 0
    return layer


def block_gap(ours: nn.Module, theirs: nn.Module, x: Tensor) -> float:
    """Two layers with the same weights, while they learn and in eval mode."""
    try:
        filled(ours).load_state_dict(filled(theirs).state_dict())
    except RuntimeError:  # other names or shapes
        return float("inf")
    modes = [gap(ours.train(mode)(x), theirs.train(mode)(x)) for mode in (True, False)]
    return max(modes)


def convolution(taught) -> float:
    picture, kernel = torch.randn(11, 14), torch.randn(3, 3)
    mine = taught.convolve(picture, kernel)
    return gap(mine, F.conv2d(picture[None, None], kernel[None, None])[0, 0])


def layer(taught) -> float:
    gaps = []
    for k in (1, 3, 5):
        maps, weights = torch.randn(2, 4, 9, 12), torch.randn(6, 4, k, k)
        gaps.append(gap(taught.conv_layer(maps, weights), F.conv2d(maps, weights, padding=k // 2)))
    return max(gaps)


def norm(taught) -> float:
    maps, theirs = 2 + 3 * torch.randn(4, 5, 6, 7), nn.BatchNorm2d(5)
    even = maps.clone()
    even[:, 0] = 0.25
    filled(theirs)
    weight, bias = (p[:, None, None] for p in (theirs.weight, theirs.bias))
    plain = gap(taught.batch_norm(maps), nn.BatchNorm2d(5)(maps))
    return plain + sum(gap(taught.batch_norm(m, weight, bias), theirs(m)) for m in (maps, even))


def brick(taught) -> float:
    x = torch.randn(3, 2, 9, 11)
    pairs = [(taught.conv_bn_relu(2, 4, k), model.conv_bn_relu(2, 4, k)) for k in (1, 3, 5)]
    pairs.append((taught.conv_pool_bn_relu(2, 4), model.conv_pool_bn_relu(2, 4)))
    return max(block_gap(ours, theirs, x) for ours, theirs in pairs)


def head(taught) -> float:
    ours, x = taught.chroma_head(6), torch.randn(2, 6, 5, 8)
    return gap(ours(x), torch.zeros(2, 2, 5, 8)) + block_gap(ours, model.chroma_head(6), x)


def sizes(taught) -> float:
    gaps = []
    for height, width in [(16, 24), (17, 9), (5, 7), (3, 8), (2, 2)]:
        x = torch.randn(2, 3, height, width)
        gaps.append(gap(taught.pool(x), model.pool(x)))
        for like in (torch.zeros(1, 1, 2 * height - 1, 2 * width), torch.zeros(1, 1, 37, 37)):
            gaps.append(gap(taught.upsample_to(x, like), model.upsample_to(x, like)))
    return max(gaps)


def network(taught) -> float:
    torch.manual_seed(2)
    ours, theirs = taught.ColourNet(width=8), model.ColourNet(width=8)
    nn.init.normal_(ours.head.weight)  # awake, or every network would answer 0
    try:
        theirs.load_state_dict(ours.state_dict())
    except RuntimeError:
        return float("inf")
    x = torch.rand(3, 1, 37, 50) * 2 - 1
    return max(gap(ours.train(mode)(x), theirs.train(mode)(x)) for mode in (True, False))


@pytest.mark.parametrize("look", [convolution, layer, norm, brick, head, sizes, network])
def test_what_the_cells_build_is_what_torch_and_the_package_do(look):
    torch.manual_seed(0)
    assert look(lesson()) < SAME


KEEP = "torch.zeros(picture.shape[0] - k + 1"
MISTAKES = [
    (convolution, ("(kernel * window).sum()", "(kernel * window).mean()")),
    (convolution, ("(kernel * window).sum()", "(kernel.flip(0, 1) * window).sum()")),  # a true one
    (convolution, (KEEP, "torch.zeros(picture.shape[0] - k")),
    (layer, ("F.pad(maps, [k // 2] * 4)", "F.pad(maps, [k // 2] * 4, value=1.0)")),
    (layer, ("weights[:, :, row, column], moved", "weights[:, :, column, row], moved")),
    (layer, ("answers = answers + torch.einsum", "answers = torch.einsum")),
    (norm, ("keepdim=True, correction=0)", "keepdim=True, correction=1)")),
    (norm, ("mean = maps.mean(dim=(0, 2, 3)", "mean = maps.mean(dim=(2, 3)")),
    (norm, ("(variance + 1e-5).sqrt() * weight", "variance.sqrt() * weight")),
    (brick, ("padding=kernel // 2, bias=False", "padding=kernel // 2, bias=True")),
    (brick, ("nn.MaxPool2d(2, ceil_mode=True)", "nn.AvgPool2d(2, ceil_mode=True)")),
    (head, ("    nn.init.zeros_(head.weight)\n", "")),
    (sizes, ("2, ceil_mode=True) if", "2) if")),
    (sizes, ("[..., :height, :width]", "[..., -height:, -width:]")),
    (network, ("self.fuse(deep + whole_picture)", "self.fuse(deep)")),
    (network, ("self.up3(quarter + upsample_to(", "self.up3(upsample_to(")),
]


@pytest.mark.parametrize(("look", "mistake"), MISTAKES, ids=lambda m: getattr(m, "__name__", "-"))
def test_a_mistake_is_seen(look, mistake):
    torch.manual_seed(0)
    assert not look(lesson(mistake)) < WRONG  # it may be NaN, too
