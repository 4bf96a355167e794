"""The networks: any size in, the same size out, and grey before they have learnt anything."""

from pathlib import Path

import nbformat
import pytest
import torch
from torch import nn

from colourlib import CourseError
from colourlib.model import ColourNet, EncoderDecoder, PlainNet

NETWORKS = [PlainNet, EncoderDecoder, ColourNet]
SIZES = [(16, 16), (17, 16), (31, 33), (64, 48), (101, 67)]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_the_output_has_the_size_of_the_input(network, size, mode):
    net = network(width=8).train(mode == "train")
    assert net(torch.randn(1, 1, *size)).shape == (1, 2, *size)  # a batch of one, too


@pytest.mark.parametrize("network", NETWORKS)
def test_an_untrained_network_is_the_grey_copy(network):
    assert not network(width=8)(torch.randn(2, 1, 32, 32)).any()


@pytest.mark.parametrize("network", NETWORKS)
def test_every_parameter_gets_a_gradient_once_the_head_is_awake(network):
    net = network(width=8)
    nn.init.normal_(net.head.weight)
    net(torch.randn(4, 1, 32, 32)).square().sum().backward()
    idle = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle


@pytest.mark.parametrize("network", NETWORKS)
def test_batchnorm_after_every_convolution_but_the_head(network):
    layers = [m for m in network().modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d)]
    kinds = [type(m) for m in layers]
    assert kinds == [nn.Conv2d, nn.BatchNorm2d] * (len(kinds) // 2) + [nn.Conv2d]


def test_colournet_is_of_the_size_that_the_course_names():
    assert 1e6 <= sum(p.numel() for p in ColourNet().parameters()) <= 2e6


def test_the_context_reaches_every_pixel():
    net = ColourNet(width=8).eval()
    nn.init.normal_(net.head.weight)
    x = torch.randn(1, 1, 256, 256, requires_grad=True)
    net(x)[0, 0, 128, 128].backward()
    corners = x.grad[0, 0, ::255, ::255]
    assert (corners != 0).all()


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (torch.zeros(1, 3, 32, 32), "L alone, not RGB"),
        (torch.zeros(1, 32, 32), "batch dimension"),
        (torch.zeros(1, 1, 15, 32), "15 x 32 pixels are too few"),
        (torch.zeros(1, 1, 32, 32, dtype=torch.uint8), "scale_L"),
        (torch.full((1, 1, 32, 32), 60.0), "a value of 60: use colour.scale_L"),
        (torch.full((1, 1, 32, 32), torch.nan), "look for NaN"),
    ],
)
@pytest.mark.parametrize("network", NETWORKS)
def test_a_wrong_input_is_explained(network, x, says):
    with pytest.raises(CourseError, match=says):
        network(width=8)(x)


def test_the_network_that_04_model_builds_is_the_one_that_the_package_exports():
    path = Path(__file__).parents[1] / "notebooks" / "04_model.ipynb"
    scope = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if "builds" in cell.metadata.get("tags", []):  # the imports and definitions it takes
            exec(cell.source, scope)
    for exported in (PlainNet, ColourNet):
        built = scope[exported.__name__](width=8)
        assert type(built) is not exported
        nn.init.normal_(built.head.weight)  # awake, or every network would answer 0
        ours = exported(width=8)
        ours.load_state_dict(built.state_dict())  # fails unless names and shapes are the same
        x = torch.randn(3, 1, 37, 50)
        torch.testing.assert_close(built(x), ours(x))
