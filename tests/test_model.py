"""The networks: any size in, the same size out, and grey before they have learnt anything."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from colourlib import CourseError, colour
from colourlib.common import inputs, memory
from colourlib.model import ColourNet, EncoderDecoder, PlainNet, pool, upsample_to

NETWORKS = [PlainNet, EncoderDecoder, ColourNet]
SIZES = [(16, 16), (17, 16), (31, 33), (32, 32), (64, 48), (101, 67), (16, 250)]
MORE = [(height, width) for height in range(16, 41) for width in (16, 23, 40)]
MORE += [(1000, 750), (751, 1003)]  # whole photos


@pytest.mark.parametrize("mode", ["train", "eval", "inference"])
@pytest.mark.parametrize("network", NETWORKS)
def test_an_untrained_network_is_the_grey_copy_at_the_size_of_the_input(network, mode):
    net = network(width=8).train(mode == "train")
    with torch.inference_mode(mode == "inference"):
        for size in SIZES + MORE * (mode == "inference"):
            coloured = net(torch.randn(1, 1, *size))  # a batch of one, in training too
            assert coloured.shape == (1, 2, *size) and not coloured.any()


@pytest.mark.parametrize("network", NETWORKS)
def test_batchnorm_after_all_convolutions_but_the_head_and_gradients_once_it_is_awake(network):
    net = network(width=8)
    nn.init.normal_(net.head.weight)
    net(torch.randn(4, 1, 32, 32)).square().sum().backward()
    idle = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle
    kinds = [type(m) for m in net.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d)]
    assert kinds == [nn.Conv2d, nn.BatchNorm2d] * (len(kinds) // 2) + [nn.Conv2d]


def test_colournet_is_of_the_size_that_the_course_names():
    assert 1e6 <= sum(p.numel() for p in ColourNet().parameters()) <= 2e6


def test_the_context_reaches_every_pixel():
    torch.manual_seed(0)
    net = ColourNet().eval()
    nn.init.normal_(net.head.weight)
    x = torch.randn(4, 1, 256, 256, requires_grad=True)
    net(x)[:, 0, 128, 128].sum().backward()
    corners = x.grad[:, 0, ::255, ::255]  # in one picture ReLU may be silent at a corner
    assert (corners != 0).any(dim=0).all()


def awake(network):
    """A network with random weights and statistics, also in its head, which starts at zero."""
    torch.manual_seed(0)
    net = network(width=8).double().eval()
    nn.init.normal_(net.head.weight)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.running_mean, -0.1, 0.1)
            nn.init.uniform_(layer.running_var, 0.02, 0.5)
    return net


# step: pooling halves so often that crops agree where they begin at multiples of it.
# sees: the farthest pixel that an output pixel depends on (04_model draws the field).
LOCAL = [(PlainNet, 1, 6, 256), (PlainNet, 1, 6, 336), (EncoderDecoder, 8, 44, 256)]
LOCAL += [(EncoderDecoder, 8, 44, 336), (ColourNet, 16, 144, 336)]


@pytest.mark.parametrize(("network", "step", "sees", "side"), LOCAL)
@pytest.mark.parametrize("size", [(512, 496), (509, 487)])
def test_a_crop_and_the_whole_photo_agree_away_from_the_border(network, step, sees, side, size):
    net, x = awake(network), torch.randn(1, 1, *size, dtype=torch.double)
    if network is ColourNet:  # without its context every layer is local
        for parameter in net.context.parameters():
            nn.init.zeros_(parameter)
    part = (..., slice(3 * step, 3 * step + side), slice(5 * step, 5 * step + side))
    with torch.inference_mode():
        whole, crop = net(x)[part], net(x[part])
    inside = (..., slice(sees, side - sees), slice(sees, side - sees))
    assert crop[inside].numel() >= 2 * 48 * 48 and crop[inside].std() > 0.01
    torch.testing.assert_close(crop[inside], whole[inside], atol=1e-9, rtol=0)
    assert (crop - whole).abs().max() > 1e-3, "at the border the crop does not know what follows"


def test_with_context_a_crop_differs_by_what_the_context_says_of_the_picture():
    """Away from the border a crop's colours differ from the whole photo's by the context alone.

    Told the whole photo's context, the crop answers what the photo answers. (336 pixels, since the
    field of the local layers is 289 wide.)
    """
    net = awake(ColourNet)
    x = torch.randn(1, 1, 512, 512, dtype=torch.double)
    x[..., :64, :] += 3  # a bright sky above: outside the crop
    crop = x[..., 80:416, 96:432]
    heard = []
    with torch.inference_mode():
        hook = net.context.register_forward_hook(lambda module, given, said: heard.append(said))
        whole, alone = net(x)[..., 80:416, 96:432], net(crop)
        hook.remove()
        net.context.register_forward_hook(lambda module, given, said: heard[0])
        told = net(crop)
    assert not torch.allclose(heard[0], heard[1])
    inside = (..., slice(144, -144), slice(144, -144))
    torch.testing.assert_close(told[inside], whole[inside], atol=1e-9, rtol=0)
    assert (alone - whole)[inside].abs().mean() > 1e-3


@pytest.mark.parametrize("n", [48, 49, 50, 51, 62, 63])
def test_a_value_stays_over_the_pixels_that_it_was_made_from_at_odd_sizes_too(n):
    """A ramp, halved twice and enlarged again, is still that ramp: nothing has been shifted."""
    x = torch.arange(n, dtype=torch.double).expand(1, 1, n, n)
    half = pool(x)
    quarter = pool(half)
    assert half.shape[-1] == -(-n // 2) and quarter.shape[-1] == -(-n // 4)
    for small, late in ((half, 0.5), (quarter, 1.5)):  # the maximum of 2 or 4 places is the last
        back = upsample_to(small, x)
        assert back.shape == x.shape
        inside = (..., slice(4, n - 6))
        torch.testing.assert_close(back[inside], (x + late)[inside])


WRONG = [
    (torch.zeros(1, 3, 32, 32), "L alone, not RGB: x = colour.scale_L(colour.rgb_to_lab(x)[0])"),
    (torch.zeros(32, 32), "add the batch and channel dimensions: x[None, None]"),
    (torch.zeros(1, 32, 32), "add the batch dimension: x[None]"),
    (torch.zeros(20, 32, 32), "add the channel: x[:, None]"),
    (torch.zeros(32, 32, 3), "give the lightness alone: x = colour.scale_L(colour.rgb_to_lab("),
    (torch.zeros(1, 32, 32, 1), "(1, 32, 32, 1): give the lightness alone"),
    (torch.zeros(0, 1, 32, 32), "the batch is empty"),
    (np.zeros((1, 1, 32, 32)), "wants a tensor, not ndarray: x = colour.scale_L("),
    (torch.zeros(1, 1, 15, 32), "15 x 32 pixels are too few: 16 a side is the least. Enlarge"),
    (torch.zeros(1, 1, 32, 32, dtype=torch.uint8), "not torch.uint8: x = colour.scale_L("),
    (torch.full((1, 1, 32, 32), 60.0), "a value of 60: use colour.scale_L"),
    (torch.full((1, 1, 32, 32), 255.0), "From bytes: x = colour.scale_L("),
    (torch.full((1, 1, 32, 32), -torch.inf), "a value of inf"),
    (torch.full((1, 1, 32, 32), torch.nan), "1024 of the 1024 values are NaN"),
    (torch.eye(32)[None, None].log() - torch.eye(32).log(), "look for NaN in the picture"),
]


@pytest.mark.parametrize(("x", "says"), WRONG)
@pytest.mark.parametrize("network", NETWORKS)
def test_a_wrong_input_is_explained(network, x, says):
    with pytest.raises(CourseError, match=re.escape(says)):
        network(width=8)(x)


def test_the_calls_that_mend_an_input_do_mend_it():
    net = ColourNet(width=8)
    picture = np.random.default_rng(0).integers(0, 256, (40, 33, 3), dtype=np.uint8)
    x = eval(inputs.FROM_PICTURE.removeprefix("x = "), {"colour": colour, "picture": picture})
    assert net(x).shape == (1, 2, 40, 33)
    for wrong, mended in ((x[0, 0], lambda w: w[None, None]), (x[0], lambda w: w[None])):
        with pytest.raises(CourseError):
            net(wrong)
        assert net(mended(wrong)).shape == (1, 2, 40, 33)
    small = x[..., :10, :]
    with pytest.raises(CourseError, match=re.escape("size=(16, 33)")):
        net(small)
    assert net(F.interpolate(small, size=(16, 33))).shape == (1, 2, 16, 33)


@pytest.mark.parametrize("network", NETWORKS)
def test_what_does_not_fit_into_the_memory_is_refused_before_it_is_tried(network, monkeypatch):
    net = network().eval()
    x = torch.zeros(1, 1, 1, 1).expand(1, 1, 30_000, 40_000)  # takes four bytes
    monkeypatch.setattr(memory, "free_memory", lambda device: 8e9)
    monkeypatch.setattr(torch.Tensor, "abs", lambda self: self[..., :1, :1])  # or 5 GB are touched
    says = r"1 x 30000 x 40000 pixels take [\d.]+ GB .* 8.0 GB are free: {}make x smaller"
    with pytest.raises(CourseError, match=says.format("with torch.inference_mode.*less, or ")):
        net(x)
    with torch.inference_mode(), pytest.raises(CourseError, match=says.format("")):
        net(x)


@pytest.mark.parametrize("network", NETWORKS)
def test_the_memory_that_is_asked_for_is_what_the_gradients_take(network, monkeypatch):
    """Counted: every tensor that autograd keeps, against the estimate that check_input goes by."""
    asked = []
    monkeypatch.setattr(inputs, "check_memory", lambda n, bytes_, *_: asked.append(bytes_ / 4))
    kept = {}

    def count(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    net, x = network(), torch.randn(2, 1, 64, 64)
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        net(x)
    weights = sum(p.numel() * 4 for p in net.parameters())
    floats = (sum(kept.values()) - weights) / 4 / x.numel()
    assert 0.75 * floats < asked[0] < 1.1 * floats
    with torch.inference_mode():
        net(x)
    assert asked[1] < asked[0] / 1.9


def test_the_network_that_04_model_builds_is_the_one_that_the_package_exports():
    path = Path(__file__).parents[1] / "notebooks" / "04_model.ipynb"
    scope = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if "builds" in cell.metadata.get("tags", []):  # the imports and definitions it takes
            exec(cell.source, scope)
    for exported in (ColourNet,):
        built = scope[exported.__name__](width=8)
        assert type(built) is not exported
        nn.init.normal_(built.head.weight)  # awake, or every network would answer 0
        ours = exported(width=8)
        ours.load_state_dict(built.state_dict())  # fails unless names and shapes are the same
        x = torch.randn(3, 1, 37, 50)
        torch.testing.assert_close(built(x), ours(x))


def test_upsample_to_refuses_to_make_a_map_smaller():
    small, large = torch.zeros(1, 2, 8, 9), torch.zeros(1, 2, 16, 18)
    assert upsample_to(small, large).shape == large.shape
    with pytest.raises(CourseError, match=r"x is 16 x 18 and `like` only 8 x 9\. Exchange"):
        upsample_to(large, small)
    tiny = torch.zeros(1, 2, 2, 9)  # is not pooled any further: a layer may well have doubled it
    assert upsample_to(torch.zeros(1, 2, 4, 18), tiny).shape == tiny.shape
