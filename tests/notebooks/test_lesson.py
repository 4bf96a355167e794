"""What 05_train builds by hand is what torch and `fit` do: MSE, Adam and L2, step for step.

The functions are taken out of the notebook's own cells, those with the tag "by-hand". Each
comparison is also made with a mistake in the cell, and has to see it.
"""

import itertools
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import torch
import torch.nn.functional as F
from edits import apply
from torch import nn

from colourlib import train

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "05_train.ipynb"
LR, STRENGTH, STEPS = 1e-2, 0.05, 20
SAME = 1e-10  # largest difference of two weights; rounding alone makes about 1e-16 a step
WRONG = 1e-5  # a mistake makes more


def lesson(*mistakes: tuple[str, str]) -> SimpleNamespace:
    """The notebook's functions; mistakes are (old text, new text) in the cells."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    source = "\n\n".join(c.source for c in cells if "by-hand" in c.metadata.get("tags", []))
    scope = {}
    exec(apply(source, list(mistakes)), scope)
    return SimpleNamespace(**{k: v for k, v in scope.items() if not k.startswith("__")})


def network() -> nn.Module:
    """A small convolutional network in double precision, always with the same first weights."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 2, 1)
    ).double()


def batches():
    generator = torch.Generator().manual_seed(1)
    for _ in range(STEPS):
        x = torch.rand(4, 1, 12, 12, generator=generator, dtype=torch.float64) * 2 - 1
        yield x, torch.cat([0.3 * x + 0.2, -0.2 * x.roll(1, dims=2)], dim=1)


def weights_after(optimise, penalty=None) -> torch.Tensor:
    """All weights of the network after 20 steps, one behind the other.

    optimise(net) gives the function that makes a step from the gradients.
    """
    net = network()
    step = optimise(net)
    for x, y in batches():
        loss = F.mse_loss(net(x), y) + (penalty(net, STRENGTH) if penalty else 0)
        net.zero_grad()
        loss.backward()
        step()
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def by_hand(taught: SimpleNamespace):
    """The lesson's Adam."""

    def optimise(net):
        weights, t = list(net.parameters()), itertools.count(1)
        averages = [(torch.zeros_like(w), torch.zeros_like(w)) for w in weights]
        return lambda: taught.adam_step(weights, averages, next(t), lr=LR)

    return optimise


def by_torch(kind=torch.optim.Adam, strength: float = 0.0):
    """L2 on the weights of convolutions, none on BatchNorm and biases."""

    def groups(net):
        pulled = [p for p in net.parameters() if p.ndim > 1]
        free = [p for p in net.parameters() if p.ndim <= 1]
        return [{"params": pulled, "weight_decay": strength}, {"params": free, "weight_decay": 0.0}]

    return lambda net: kind(groups(net), lr=LR).step


def by_course(strength: float = 0.0):
    """The optimiser that `fit` trains with."""
    return lambda net: train.adam(net, train.Config(lr=LR, weight_decay=strength)).step


def gap(one: torch.Tensor, other: torch.Tensor) -> float:
    return (one - other).abs().max().item()


def mse_gap(mse) -> float:
    """The largest difference between an MSE and those of torch and of the course."""
    torch.manual_seed(0)
    guess, truth = torch.randn(2, 3, 2, 5, 7, dtype=torch.float64)
    theirs = [F.mse_loss, nn.MSELoss(), train.LOSSES[train.Config().loss]]
    return max(gap(mse(guess, truth), other(guess, truth)) for other in theirs)


def adam_gap(taught: SimpleNamespace, other) -> float:
    return gap(weights_after(by_hand(taught)), weights_after(other))


def test_mse_and_adam_by_hand_are_torchs_and_the_courses_step_for_step():
    assert mse_gap(lesson().mse) < SAME
    assert adam_gap(lesson(), by_torch()) < SAME
    assert adam_gap(lesson(), by_course()) < SAME
    start = torch.cat([p.detach().flatten() for p in network().parameters()])
    assert gap(start, weights_after(by_torch())) > 10 * LR, "the network really moves"


def with_penalty(*mistakes) -> torch.Tensor:
    """The weights after the lesson's Adam with the lesson's penalty."""
    taught = lesson(*mistakes)
    return weights_after(by_hand(taught), taught.l2_penalty)


def test_the_penalty_is_the_weight_decay_of_adam_and_of_the_course():
    ours = with_penalty()
    assert gap(ours, weights_after(by_torch(), lesson().l2_penalty)) < SAME
    assert gap(ours, weights_after(by_torch(strength=STRENGTH))) < SAME
    assert gap(ours, weights_after(by_course(STRENGTH))) < SAME


def at_everything(net):
    return torch.optim.Adam(net.parameters(), lr=LR, weight_decay=STRENGTH).step


def test_adamw_and_a_pull_at_everything_are_something_else():
    ours = with_penalty()
    assert gap(ours, weights_after(by_torch(torch.optim.AdamW, STRENGTH))) > WRONG
    assert gap(ours, weights_after(at_everything)) > WRONG
    # and nothing else: without L2 AdamW and Adam are the same
    assert gap(weights_after(by_torch()), weights_after(by_torch(torch.optim.AdamW))) < SAME


def test_adamw_is_something_else():
    taught = lesson()
    ours = weights_after(by_hand(taught), taught.l2_penalty)
    assert gap(ours, weights_after(by_torch(torch.optim.AdamW, STRENGTH))) > WRONG
    # and nothing else: without L2 the two are the same
    assert gap(weights_after(by_torch()), weights_after(by_torch(torch.optim.AdamW))) < SAME


MISTAKES = {
    "mse summed": (".mean()", ".sum()"),
    "mse not squared": ("(guess - truth) ** 2", "(guess - truth).abs()"),
    "mse halved": (".mean()", ".mean() / 2"),
    "adam: bias of m not corrected": ("m / (1 - beta1**t)", "m"),
    "adam: bias of v not corrected": ("v / (1 - beta2**t)", "v"),
    "adam: t counted from 0": ("v / (1 - beta2**t)", "v / (1 - beta2 ** (t + 1))"),
    "adam: gradient not squared": ("w.grad**2 - v", "w.grad.abs() - v"),
    "adam: no root": ("v_fair.sqrt()", "v_fair"),
    "adam: another beta": ("beta2=0.999", "beta2=0.99"),
    "adam: learning rate twice as large": ("w -= lr", "w -= 2 * lr"),
    "adam: uphill": ("w -= lr", "w += lr"),
    "penalty without the half": ("strength / 2", "strength"),
    "penalty on BatchNorm and biases too": (" if w.ndim > 1)", ")"),
    "penalty on BatchNorm and biases only": ("w.ndim > 1", "w.ndim <= 1"),
    "penalty: the weights, not their squares": ("(w**2).sum()", "w.abs().sum()"),
    "penalty: the mean of squares": ("(w**2).sum()", "(w**2).mean()"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_seen(name):
    mistake = MISTAKES[name]
    if name.startswith("mse"):
        assert mse_gap(lesson(mistake).mse) > WRONG
    elif name.startswith("adam"):
        assert not adam_gap(lesson(mistake), by_torch()) < WRONG  # it may be NaN, too
    else:
        assert gap(with_penalty(mistake), weights_after(by_torch(strength=STRENGTH))) > WRONG
