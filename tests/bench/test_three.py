"""The network of three answers, and the loss that teaches it."""

import hinted as hinted_bench
import pytest
import three
import torch
from hinted import hinted
from torch import nn

from colourlib import vivid
from colourlib.colour import unscale_ab
from colourlib.hints import how_many, simulated

BINS = vivid.bins()[::9]


@pytest.fixture(scope="module")
def net():
    """Awake: heads and hints start at zero."""
    torch.manual_seed(0)
    net = three.Three(BINS, torch.full((len(BINS),), 1 / len(BINS)), width=8)
    for layer in (net.head, net.vivid[1], *net.hint):
        nn.init.normal_(layer.weight)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_var.uniform_(0.01, 0.2)
    return net.eval()


def test_without_hints_it_is_the_plain_network(net):
    x, y = torch.rand(2, 1, 40, 50) * 2 - 1, torch.rand(2, 2, 40, 50) - 0.5
    alone = three.plain_of(net.state_dict())(x)
    no_hints = torch.cat([x, torch.zeros(2, 3, 40, 50)], dim=1)
    assert torch.equal(net(x), alone) and torch.equal(net(no_hints), alone)
    hints = torch.cat([x, simulated(y, torch.Generator().manual_seed(0), 5)], dim=1)
    assert not torch.allclose(net(hints), alone)


@pytest.mark.parametrize("channels", [1, 4])  # L alone, and with hints
def test_its_loss_is_what_vivid_says(net, channels):
    loss = three.Both(net)
    y = torch.randint(-60, 60, (2, 2, 16, 16)).repeat_interleave(4, 2).repeat_interleave(4, 3) / 110
    x = torch.rand(2, channels, 64, 64) * 2 - 1
    net.train()
    net(x)
    logits = net.answered[0].detach()
    ours = loss.entropy(y)
    net.eval()
    index, share = vivid.soft(vivid.quarter(unscale_ab(y), logits), BINS)
    assert ours.item() == pytest.approx(vivid.cross_entropy(logits, index, share).item(), rel=1e-4)
    assert net(x) is not None and not net.answered  # in eval mode nothing is kept


def test_hints_are_true_colours_and_the_fewer_are_part_of_the_more():
    y = torch.rand(3, 2, 32, 32) - 0.5
    few, more = hinted(y, 7, 2), hinted(y, 7, 9)
    assert (more[:, 2] >= few[:, 2]).all() and (more[:, 2].sum() > few[:, 2].sum())
    single = (few[:, 2:].sum((2, 3)) == 1).flatten()  # photos whose hints cover one pixel
    assert hinted(y, 7, 0).count_nonzero() == 0
    inside = few[:, 2:].bool().expand(-1, 2, -1, -1)
    assert few[:, :2][inside].abs().max() <= 0.5 and not single.all()
    flat = torch.full((1, 2, 32, 32), 0.3)
    given = hinted(flat, 0, 4)
    assert torch.allclose(
        given[:, :2][given[:, 2:].bool().expand(-1, 2, -1, -1)], torch.tensor(0.3)
    )


def test_half_of_the_photos_get_no_hint_and_the_others_seven():
    dice = torch.Generator().manual_seed(0)
    numbers = torch.tensor([how_many(dice) for _ in range(4000)]).float()
    assert 0.47 < (numbers == 0).float().mean() < 0.53
    assert 6.4 < numbers[numbers > 0].mean() < 7.6


@pytest.mark.parametrize("given", [["--out", "new.safetensors"], ["--run", "a", "--minutes", "7"]])
def test_what_does_not_go_together_is_told_before_any_work(given, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["hinted.py", "--photos", "nowhere", *given])
    with pytest.raises(SystemExit):
        hinted_bench.main()
    assert "--run" in capsys.readouterr().err.splitlines()[-1]
