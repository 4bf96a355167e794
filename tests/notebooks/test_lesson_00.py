"""What 00 trains in the open is what the package trains: the loop, step for step; the tint's path.

The cells with the tag "by-hand" are taken out of the notebook and run with five steps on a few
scenes. Each comparison is also made with a mistake in a cell, and has to see it.
"""

from types import SimpleNamespace

import lessons
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from colourlib import colour, train
from colourlib.device import Placement
from colourlib.practice import scene

STEPS = 5
SMALL = [("range(100)", "range(3)"), ("STEPS = 500", f"STEPS = {STEPS}")]  # in seconds, not minutes
SAME, WRONG = 1e-5, 1e-4  # of weights that move by 1e-3 a step; a mistake moves them elsewhere


def lesson(*mistakes: tuple[str, str]) -> SimpleNamespace:
    """What the cells leave behind; mistakes are (old text, new text) in them."""
    torch.manual_seed(1)
    true_ab = 0.3 * torch.rand(1, 2, 9, 8) - 0.1
    run = {"new": [], "untrained": [], "start": torch.tensor([0.4, -0.1]), "true_ab": true_ab}
    run["how_wrong"] = lambda tint: ((tint[:, None, None] - true_ab[0]) ** 2).mean()
    return lessons.lesson("00_first_colours", *SMALL, *mistakes, run=run)


def weights(net: nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def by_package(taught: SimpleNamespace) -> tuple[torch.Tensor, list[float]]:
    """The weights, and the losses on the way, after as many steps of the package's own."""
    torch.manual_seed(0)
    net = taught.three_layers()
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3)
    config, placement = train.Config(precision="fp32"), Placement("cpu", "fp32", "a test")
    losses = []
    for _ in range(STEPS):
        batch = torch.randint(len(taught.x), (20,))
        given = taught.x[batch], taught.y[batch]
        losses.append(train.train_step(net, *given, optimiser, config, placement).item())
    return weights(net), losses


def loop_gap(taught: SimpleNamespace) -> float:
    theirs, losses = by_package(taught)
    wrong = (weights(taught.net) - theirs).abs().max().item()
    same = len(losses) == len(taught.losses)
    return max(wrong, np.abs(np.subtract(losses, taught.losses)).max() if same else 1.0)


def pair_gap(taught: SimpleNamespace) -> float:
    """The largest difference between the lesson's pairs and what the package makes of scenes."""
    L, ab = colour.rgb_to_lab(colour.to_tensor(scene(taught.QUERIES[1], 2, 128).rgb()))
    L, ab = F.avg_pool2d(L, 2), F.avg_pool2d(ab, 2)
    number = 2 * len(taught.QUERIES) + 1
    pair = taught.x[number], taught.y[number]
    want = colour.scale_L(L)[0], colour.scale_ab(ab)[0]
    return max((a - b).abs().max().item() for a, b in zip(pair, want, strict=True))


def path_gap(taught: SimpleNamespace) -> float:
    """How far the lesson's path runs beside that of torch's own gradient descent."""
    tint = nn.Parameter(taught.start.clone())
    optimiser = torch.optim.SGD([tint], lr=0.5)
    theirs = [tint.detach().clone()]
    for _ in range(10):
        optimiser.zero_grad()
        taught.how_wrong(tint).backward()
        optimiser.step()
        theirs.append(tint.detach().clone())
    ours = taught.descend(taught.start)
    return (ours - torch.stack(theirs)).abs().max().item() if len(ours) == len(theirs) else 1.0


def test_the_loop_in_the_cell_is_that_of_the_package_and_moves_the_weights():
    taught = lesson()
    assert pair_gap(taught) == 0
    assert loop_gap(taught) < SAME
    assert len(taught.seen) == 2, "before the first step, and after the last"
    torch.manual_seed(0)
    assert (weights(taught.three_layers()) - weights(taught.net)).abs().max() > 10 * WRONG


def test_the_network_answers_with_chroma_of_the_size_of_its_input():
    net = lesson().three_layers()
    assert net(torch.zeros(2, 1, 64, 96)).shape == (2, 2, 64, 96)
    assert len([layer for layer in net if isinstance(layer, nn.Conv2d)]) == 3


def test_the_path_is_gradient_descent_and_ends_at_the_mean_of_the_pixels():
    taught = lesson()
    assert path_gap(taught) < SAME
    mean = taught.true_ab.mean(dim=(0, 2, 3))
    assert torch.allclose(taught.good[-1], mean, atol=1e-3)
    assert not torch.allclose(taught.careless[-1], mean, atol=1e-2), "without line 3 it swings"


MISTAKES = {
    "loop: no zero_grad": ("    optimiser.zero_grad()", "    pass"),
    "loop: no step": ("    optimiser.step()", "    pass"),
    "loop: another rate": ("lr=2e-3", "lr=1e-3"),
    "loop: another loss": ("F.mse_loss(guess", "F.l1_loss(guess"),
    "loop: other pictures": ("F.mse_loss(guess, y[batch])", "F.mse_loss(guess, y[batch - 1])"),
    "loop: not from the same weights": ("torch.manual_seed(0)", "torch.manual_seed(2)"),
    "loop: a step too many": ("range(1, STEPS + 1)", "range(STEPS + 1)"),
    "pair: L at another size": ("F.avg_pool2d(L, 2)", "F.max_pool2d(L, 2)"),
    "pair: L not scaled": ("colour.scale_L(L)[0]", "L[0]"),
    "pair: ab not scaled": ("colour.scale_ab(ab)[0]", "ab[0]"),
    "path: uphill": ("tint -= lr", "tint += lr"),
    "path: gradients pile up": ("if forget:", "if not forget:"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_seen(name):
    taught = lesson(MISTAKES[name])
    look = {"loop": loop_gap, "pair": pair_gap, "path": path_gap}[name.partition(":")[0]]
    assert not look(taught) < WRONG
