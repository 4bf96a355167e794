"""The drawing of a photo inside a network."""

import pytest
import torch
from PIL import Image
from torch import nn

from colourlib.model import ColourNet, EncoderDecoder, PlainNet
from colourlib.teaching import stages

SKIPS = {"down3": "up3", "down4": "up4", "gone": "head"}


@pytest.mark.parametrize("size", [(90, 60), (40, 100), (16, 16)])
@pytest.mark.parametrize("network", [ColourNet, EncoderDecoder, PlainNet])
def test_each_layer_is_drawn_with_its_size_and_the_network_is_left_as_it_was(network, size):
    net = network(width=8).train()
    photo = Image.new("RGB", size, "teal")
    picture = stages.draw(net, photo, SKIPS, side=32)
    assert picture.alt.count(" × ") >= 2 * len(list(net.children()))
    assert net.training and not any(m._forward_hooks for m in net.modules())
    if network is ColourNet:
        assert "deep 40 × " in picture.alt and "context 40 numbers" in picture.alt
        assert picture.alt.endswith("a skip from down3 to up3; a skip from down4 to up4")
        assert min(picture.image.size) > 400


def test_no_two_layers_stand_at_one_place():
    maps = [("a", 64), ("b", 32), ("c", 32), ("d", 16), ("e", 32), ("f", 32), ("g", 64), ("h", 16)]
    heard = [(name, torch.rand(1, 4, side, side)) for name, side in maps]
    found = stages._stages([*heard, ("list", torch.rand(1, 9))], torch.rand(1, 1, 64, 64))
    places = [stage.at for stage in found]
    assert len(set(places)) == len(places)
    assert places[:4] == [(0, 0), (0, 1), (1, 1), (1, 2)]


def test_a_network_that_stops_leaves_no_hooks():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(5, 2, 1))
    with pytest.raises(RuntimeError):
        stages.draw(net, Image.new("RGB", (20, 20)), {})
    assert not any(layer._forward_hooks for layer in net)
