"""What 08_transfer builds by hand is what `transfer` and `train.adam` do: values, not text.

The decoder, the network and its groups are taken out of the notebook's own cells, those with the
tag "builds"; the loop and the score are of those with "by-hand". Each comparison is also made with
a mistake in the cell, and has to see it.
"""

import math
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import torch
import torch.nn.functional as F
from edits import apply
from tiny import photo_set
from torch import nn
from torch.optim import Adam

from colourlib import evaluate, train, transfer
from colourlib.model import chroma_head, conv_bn_relu, upsample_to

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "08_transfer.ipynb"
SAME, WRONG = 1e-4, 1e-2
WIDTH = 8
NAMES = {"torch": torch, "F": F, "nn": nn, "Adam": Adam, "math": math, "__name__": "lesson"}
NAMES["maps"] = [torch.zeros(1, c, 16 >> i, 24 >> i) for i, c in enumerate(transfer.CHANNELS)]
NAMES |= {"chroma_head": chroma_head, "conv_bn_relu": conv_bn_relu, "upsample_to": upsample_to}


def lesson(*mistakes: tuple[str, str]) -> SimpleNamespace:
    """What the tagged cells define; mistakes are (old text, new text) in them."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    tagged = [c for c in cells if {"by-hand", "builds"} & set(c.metadata.get("tags", []))]
    scope = dict(NAMES)
    exec(apply("\n\n".join(c.source for c in tagged), list(mistakes)), scope)
    return SimpleNamespace(**{k: v for k, v in scope.items() if not k.startswith("__")})


def gap(one, other) -> float:
    """The largest difference; endless for different shapes."""
    one, other = (torch.as_tensor(z).detach() for z in (one, other))
    return (one - other).abs().max().item() if one.shape == other.shape else math.inf


@pytest.fixture(scope="module")
def net():
    """The package's network, awake: its last layer starts at zero."""
    torch.manual_seed(0)
    net = transfer.TransferNet(WIDTH)
    nn.init.normal_(net.head.weight)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_var.uniform_(0.01, 0.2)
    return net


def twin(taught, net):
    """The notebook's network with the same weights; None where they do not fit."""
    ours = taught.TransferNet(transfer.Encoder(), taught.Decoder(width=WIDTH))
    weights = {
        k if k.startswith("encoder.") else f"decoder.{k}": v for k, v in net.state_dict().items()
    }
    try:
        ours.load_state_dict(weights)
    except RuntimeError:  # other names or shapes
        return None
    return ours


def network(taught, net) -> float:
    """Both networks at sizes that are multiples of 32 and at others, in both modes."""
    ours, gaps = twin(taught, net), []
    if ours is None:
        return math.inf
    for height, width in ((64, 96), (33, 50)):
        x = torch.rand(2, 1, height, width) * 2 - 1
        for mode in (True, False):
            gaps.append(gap(ours.train(mode)(x), net.train(mode)(x)))
    return max(gaps)


def rates(taught, net) -> float:
    """The rate of each parameter, as a share of the largest: here and in `train.adam`."""
    ours = twin(taught, net)
    found = []
    groups = taught.groups_of(ours), train.adam(net, train.Config(lr=3e-3)).param_groups
    for mine, whole in zip(groups, (ours, net), strict=True):
        lr = {id(p): g["lr"] * g.get("share", 1.0) for g in mine for p in g["params"]}
        names = {
            n.removeprefix("decoder."): lr.get(id(p), 0.0) for n, p in whole.named_parameters()
        }
        found.append(torch.tensor([names[n] for n, _ in sorted(net.named_parameters())]))
    return gap(*(f / 3e-3 for f in found))


def score(taught, net) -> float:
    """Explained chroma of a network that is handed over in train mode."""
    photos = photo_set(30, 64, 64, None, seed=1)
    photos = type(photos)(photos.L, photos.ab, photos.rows, size=64)
    x, y = photos.__getitems__(list(range(30)))
    small = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1))
    small.train()(x)
    return gap(taught.explained(small.train(), x, y), evaluate.validate(small, photos)[1])


def loop(taught, net) -> float:
    """Two groups keep their rates, on maps as on pictures; the curve has a point each 20 steps."""
    torch.manual_seed(1)
    layers = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Conv2d(2, 2, 1))
    x, y = torch.rand(40, 1, 64, 64), torch.rand(40, 2, 64, 64) / 4
    seen, real = [], Adam.step

    class Watched(Adam):
        def step(self, *given):
            seen.append([g["lr"] for g in self.param_groups])
            return real(self, *given)

    taught.learn.__globals__["Adam"] = Watched
    groups = [{"params": layers[0].parameters(), "lr": 1e-3}, {"params": layers[1].parameters()}]
    curve = taught.learn(layers, x, y, (x[:9], y[:9]), groups, lr=1e-2, steps=40)
    net, parameters = on_maps(layers), layers.parameters()
    again = taught.learn(net, [x], y, ([x[:9]], y[:9]), parameters, steps=20)
    if list(curve) != [20, 40] or list(again) != [20]:
        return math.inf
    told = torch.tensor(seen[:40])  # (40, 2)
    schedule = [train.lr_at((s - 1) / 40, train.Config(lr=1.0)) for s in range(11, 41)]
    return gap(
        told[10:] / torch.tensor([1e-3, 1e-2]), torch.tensor(schedule)[:, None].expand(-1, 2)
    )


def on_maps(layers) -> nn.Module:
    """A network of the same layers that takes a list of maps."""

    class OfMaps(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = layers

        def forward(self, maps):
            return self.layers(maps[0])

    return OfMaps()


@pytest.mark.parametrize("look", [network, rates, score, loop])
def test_what_the_cells_build_is_what_the_package_does(look, net):
    assert look(lesson(), net) < SAME


MISTAKES = [
    (network, ("y = up(lateral(seen) + y)", "y = up(lateral(seen))")),
    (network, ("        self.encoder.eval()  # its averages", "        # its averages")),
    (network, ('-height % 32], "replicate")', "-height % 32])")),
    (network, ("[..., :height, :width]", "[..., -height:, -width:]")),
    (network, ("whole.expand(-1, 3, -1, -1)", "-whole.expand(-1, 3, -1, -1)")),
    (network, ("            nn.ReLU(),\n", "            nn.Identity(),\n")),
    (rates, ("part=0.3", "part=0.1")),
    (rates, ('"lr": part * lr', '"lr": lr')),
    (rates, ("list(net.encoder.parameters())", "list(net.encoder.blocks.parameters())")),
    (score, ("    net.eval()\n", "")),
    (score, ("sum().item() / (truth**2)", "sum().item() / (guess**2)")),
    (loop, ('group["lr"] = rate * schedule', 'group["lr"] = lr * schedule')),
    (loop, ("math.pi * (step - 1) / steps", "math.pi * step / steps / 2")),
    (loop, ("step % 20 == 0", "step % 10 == 0")),
]


@pytest.mark.parametrize(("look", "mistake"), MISTAKES, ids=lambda m: getattr(m, "__name__", "-"))
def test_a_mistake_is_seen(look, mistake, net):
    assert not look(lesson(mistake), net) < WRONG
