"""The encoder that was lent to us: timm's to the last bit, loaded in words where it cannot be."""

import builtins
import sys
import types

import pytest
import safetensors.torch
import torch
from torch import nn

from colourlib import transfer
from colourlib.common.errors import CourseError
from colourlib.train import PRETRAINED, Config, adam


@pytest.fixture(scope="module")
def encoder():
    return transfer.load_encoder()


@pytest.fixture(scope="module")
def x():
    torch.manual_seed(0)
    return torch.rand(2, 1, 64, 96) * 2 - 1


@torch.no_grad()
def test_the_encoder_is_that_of_timm_to_the_last_bit(encoder, x):
    pytest.importorskip("timm", reason='timm is not installed: pip install -e ".[transfer]"')
    theirs = transfer.from_timm()
    transfer.fill(theirs, transfer.encoder_weights(), "these")
    maps, others = encoder(x.expand(-1, 3, -1, -1)), theirs(x.expand(-1, 3, -1, -1))[1:]
    assert [m.shape[1] for m in maps] == list(transfer.CHANNELS)
    assert [64 // m.shape[2] for m in maps] == [4, 8, 16, 32]
    assert all(torch.equal(one, other) for one, other in zip(maps, others, strict=True))
    theirs.bn1.running_var *= 1.01  # and the comparison can tell
    assert not torch.equal(maps[0], theirs(x.expand(-1, 3, -1, -1))[1])


@torch.no_grad()
def test_its_maps_tell_things_apart_whatever_their_lightness(encoder, x):
    small = encoder(x.expand(-1, 3, -1, -1))[-1].mean((2, 3))
    one, other = nn.functional.normalize(small, dim=1)
    assert encoder.training is False and one @ other < 0.99


@torch.no_grad()
def test_any_size_comes_out_as_it_went_in(encoder):
    net = transfer.TransferNet(8).eval()
    nn.init.normal_(net.head.weight)
    net.encoder.load_state_dict(encoder.state_dict())
    for height, width in ((16, 16), (33, 70), (64, 64)):
        assert net(torch.zeros(1, 1, height, width)).shape == (1, 2, height, width)
    wide = torch.rand(1, 1, 64, 96) * 2 - 1
    assert torch.equal(net(wide), net(wide.clone()))


def test_the_encoder_keeps_its_averages_while_the_decoder_learns(encoder, x):
    net = transfer.TransferNet(8)
    net.encoder.load_state_dict(encoder.state_dict())
    optimiser = adam(net, Config())
    steps = {id(p): g["share"] for g in optimiser.param_groups for p in g["params"]}
    assert {steps[id(p)] for p in net.encoder.parameters()} == {PRETRAINED}
    assert {steps[id(p)] for p in net.head.parameters()} == {1.0}
    pulled = {id(p) for g in optimiser.param_groups if g["weight_decay"] for p in g["params"]}
    assert id(net.lateral[0].weight) in pulled
    assert not pulled & {id(p) for p in net.encoder.parameters()}, "L2 would make it forget"
    before = {k: v.clone() for k, v in net.state_dict().items()}
    net.train()
    nn.init.normal_(net.head.weight)
    for _ in range(2):
        optimiser.zero_grad()
        (net(x) - 1).square().mean().backward()
        optimiser.step()
    moved = {k for k, v in net.state_dict().items() if not torch.equal(v, before[k])}
    assert not any(k.startswith("encoder") and "running" in k for k in moved)
    assert not any(k.endswith("conv_dw.weight") for k in moved), "depthwise filters stay"
    assert {
        "encoder.blocks.3.1.conv_pwl.weight",
        "up.0.1.running_mean",
        "lateral.0.weight",
    } <= moved


def no_weights(tmp_path):
    (tmp_path / "e.safetensors").write_bytes(b"\x89PNG not weights at all")
    return "is damaged or no weights file"


def another_encoder(tmp_path):
    weights = {k: v for k, v in transfer.encoder_weights().items() if "blocks.6" not in k}
    weights["conv_stem.weight"] = weights["conv_stem.weight"][:16].contiguous()
    safetensors.torch.save_file(weights, tmp_path / "e.safetensors")
    return r"another encoder: \d+ of 240 arrays differ, the first is conv_stem.weight"


@pytest.mark.parametrize("spoil", [no_weights, another_encoder, lambda _: "bench/encoder.py"])
def test_weights_that_do_not_fit_are_told_in_a_sentence(spoil, tmp_path):
    words = spoil(tmp_path)
    with pytest.raises(CourseError, match=words) as told:
        transfer.load_encoder(tmp_path / "e.safetensors")
    assert str(told.value).rstrip(".").count(". ") == 0


def a_timm(monkeypatch, models, create=None):
    """A timm that knows these models, in place of the one that may be installed."""
    fake = types.SimpleNamespace(__version__="0.1", list_models=lambda: models, create_model=create)
    monkeypatch.setitem(sys.modules, "timm", fake)


def test_a_missing_timm_an_old_one_and_no_network_are_told(monkeypatch):
    def offline(*args, **more):
        raise OSError("We couldn't connect to 'https://huggingface.co'\nmore lines")

    a_timm(monkeypatch, [transfer.TIMM, "resnet18"], offline)
    with pytest.raises(CourseError, match="Did you mean 'resnet18'"):
        transfer.from_timm("resnt18")
    with pytest.raises(CourseError, match=r"is there a network\? \(We couldn't connect"):
        transfer.from_timm(download=True)
    a_timm(monkeypatch, ["resnet18"])
    with pytest.raises(CourseError, match=r"This is timm 0\.1; 0\.9 will do: pip install -U timm"):
        transfer.from_timm()
    real = builtins.__import__

    def without(name, *args, **more):
        if name == "timm":
            raise ModuleNotFoundError(name)
        return real(name, *args, **more)

    monkeypatch.delitem(sys.modules, "timm")
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(CourseError, match="timm is not installed here: pip install timm"):
        transfer.from_timm()
