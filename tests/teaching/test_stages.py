"""The drawing of a photo inside a network."""

import pytest
import torch
from PIL import Image
from torch import nn

from colourlib import CourseError
from colourlib.model import ColourNet, EncoderDecoder, PlainNet, pool, upsample_to
from colourlib.teaching import stages


@pytest.mark.parametrize("size", [(90, 60), (40, 100), (16, 16)])
@pytest.mark.parametrize("network", [ColourNet, EncoderDecoder, PlainNet])
def test_each_layer_is_drawn_with_its_size_and_the_network_is_left_as_it_was(network, size):
    net = network(width=8).train()
    photo = Image.new("RGB", size, "teal")
    picture = stages.draw(net, photo, side=32)
    assert picture.alt.count(" × ") >= 2 * len(list(net.children()))
    assert net.training and not any(m._forward_hooks for m in net.modules())
    assert all(p.grad is None for p in net.parameters())
    assert ("a skip" in picture.alt) == (network is not PlainNet)
    if network is ColourNet:
        assert "deep 40 × " in picture.alt and "context 40 numbers" in picture.alt
        assert picture.alt.endswith(
            "; a short way round from deep to fuse"
            "; a skip from down4 to up4; a skip from down3 to up3"
        )
        assert min(picture.image.size) > 400


def test_no_two_layers_stand_at_one_place():
    maps = [("a", 64), ("b", 32), ("c", 32), ("d", 16), ("e", 32), ("f", 32), ("g", 64), ("h", 16)]
    heard = [(name, torch.rand(1, 4, side, side)) for name, side in maps]
    found = stages._stages([*heard, ("list", torch.rand(1, 9))], torch.rand(1, 1, 64, 64))
    places = [stage.at for stage in found]
    assert len(set(places)) == len(places)
    assert places[:4] == [(0, 0), (0, 1), (1, 1), (1, 2)]


class Edited(ColourNet):
    """Without its larger skip, stacked and changed in place at the smaller one."""

    def forward(self, x):
        quarter = self.down3(self.down2(self.down1(x)))
        eighth = self.down4(pool(quarter)).mul_(2)
        deep = self.narrow4(self.deep(pool(eighth)))
        both = torch.cat([eighth, upsample_to(deep, eighth)], dim=1)
        return upsample_to(self.head(self.up3(self.narrow3(self.up4(both)))), x)


def test_the_skips_are_those_of_the_network_as_it_is():
    net = Edited(width=8)
    net.up4 = nn.Conv2d(48, 24, 1)
    heard = stages._listen(net, torch.rand(1, 1, 64, 64))
    names = [h.name for h in heard]
    assert heard[names.index("up4")].sources == {names.index("down4"): "with", 6: "with"}
    assert names[6] == "narrow4" and heard[names.index("up3")].sources == {8: "+"}
    told = stages.draw(net, Image.new("RGB", (64, 64)), side=64).alt
    assert told.count("a skip") == 1 and "a skip from down4 to up4" in told


BROKEN = {
    "it stops": nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(5, 2, 1)),
    "it answers nothing": type("Silent", (ColourNet,), {"forward": lambda self, x: None})(),
    "another answer": nn.Sequential(nn.Conv2d(1, 3, 1)),
    "another size": nn.Sequential(nn.Conv2d(1, 2, 3)),
    "no layer at all": nn.Sequential(),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_network_that_does_not_work_is_told_in_one_sentence_and_keeps_no_hooks(how):
    net = BROKEN[how]
    name = type(net).__name__
    with pytest.raises(CourseError) as told:
        stages.draw(net, Image.new("RGB", (20, 20)))
    assert str(told.value) == f"{name} does not work yet: inspect({name}()) says where."
    assert told.value.__cause__ is None and told.value.__context__ is None
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
