"""What 07_vivid builds by hand is what `vivid`, `judging.honest` and torch have.

The functions are taken out of the notebook's cells with the tags "by-hand" and "builds". Each
comparison is also made with a mistake in the cell, and has to see it.
"""

import ast
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
import tiny
import torch
import torch.nn.functional as F
from edits import apply
from torch import nn

from colourlib import colour, evaluate, train, vivid
from colourlib.device import Placement
from colourlib.model import ColourNet, pool, upsample_to
from colourlib.practice import CLASSES

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "07_vivid.ipynb"
CELLS = nbformat.read(NOTEBOOK, as_version=4).cells
TAUGHT = "\n\n".join(
    c.source for c in CELLS if {"by-hand", "builds"} & {*c.metadata.get("tags", [])}
)
SAME, WRONG = 1e-4, 1e-3  # largest difference that rounding makes; smallest that a mistake makes
BINS = vivid.bins()[::5]  # (52, 2)
STEPS = 6
OF_THE_LOOP = ("Config", "adam", "average_", "lr_at", "side_at", "stages")


def lesson(*mistakes: tuple[str, str]) -> SimpleNamespace:
    """The notebook's functions and classes; mistakes are (old text, new text) in the cells."""
    tree = ast.parse(apply(TAUGHT, list(mistakes)))
    tree.body = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    scope = {"torch": torch, "F": F, "nn": nn, "np": np, "vivid": vivid, "colour": colour}
    scope |= {
        "ColourNet": ColourNet,
        "pool": pool,
        "upsample_to": upsample_to,
        "deepcopy": deepcopy,
    }
    scope |= {name: getattr(train, name) for name in OF_THE_LOOP}
    scope |= {"place": lambda: Placement("cpu", "fp32", "a test"), "evaluate": evaluate}
    exec(compile(tree, "<lesson>", "exec"), scope)
    return SimpleNamespace(scope=scope, **{k: v for k, v in scope.items() if k[0] != "_"})


def gap(one, other) -> float:
    """The largest difference; without end where shapes differ or something is no number."""
    one, other = (torch.as_tensor(z, dtype=torch.float64) for z in (one, other))
    found = (one - other).abs().max().item() if one.shape == other.shape else np.inf
    return found if found == found else np.inf


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def colours() -> torch.Tensor:
    return 15 * torch.randn(2, 2, 5, 6, generator=dice())


def dense(index, share):
    return torch.zeros(len(index), len(BINS), *index.shape[2:]).scatter_add_(1, index, share)


def bins_gap(taught) -> float:
    return gap(taught.nearest_bin(colours(), BINS), vivid.nearest_bin(colours(), BINS))


def softmax_gap(taught) -> float:
    x = 3 * torch.randn(2, 7, 4, generator=dice(1))
    large = gap(taught.softmax(x + 200, 1), x.softmax(1))  # e to the 200 is too much for 32 bits
    return max(large, *(gap(taught.softmax(x, axis), x.softmax(axis)) for axis in (0, 1, 2)))


def soft_gap(taught) -> float:
    return gap(dense(*taught.soft(colours(), BINS)), dense(*vivid.soft(colours(), BINS)))


def loss_gap(taught) -> float:
    index, share = vivid.soft(colours(), BINS)
    logits = torch.randn(2, len(BINS), 5, 6, generator=dice(2))
    found = taught.cross_entropy(logits, index, share)
    theirs = vivid.cross_entropy(logits, index, share)
    return max(gap(found, theirs), gap(found, F.cross_entropy(logits, dense(index, share))))


def net_gap(taught) -> float:
    """The lesson's network with the course's weights, its answer; and both untrained."""
    prior = vivid.prior(colours(), BINS).clamp_min(1e-6)
    ours, theirs = taught.VividNet(prior, 8).eval(), vivid.VividNet(prior, 8).eval()
    x = torch.rand(2, 1, 48, 32, generator=dice(3)) * 2 - 1
    start = gap(ours(x).detach(), theirs(x).detach())
    nn.init.normal_(theirs.head.weight, std=0.3, generator=dice(4))
    ours.load_state_dict(theirs.state_dict())
    return max(start, gap(ours(x).detach(), theirs(x).detach()))


def annealed_gap(taught) -> float:
    logits = 2 * torch.randn(2, len(BINS), 3, 4, generator=dice(5))
    return max(
        gap(taught.annealed(logits, BINS, T), vivid.annealed(logits, BINS, T)) for T in (0.38, 1.0)
    )


def given_back_gap(taught) -> float:
    logits = 3 * torch.randn(2, len(BINS), 3, 4, generator=dice(10))
    ab = vivid.annealed(logits, BINS, 1.0)
    return gap(taught.given_back(ab, logits, BINS), vivid.given_back(ab, logits, BINS, part=1))


def balance_gap(taught) -> float:
    prior = vivid.prior(colours(), BINS)
    ours = (taught.balance(prior, BINS, even) for even in (0.5, 0.1))
    return max(map(gap, ours, (vivid.balance(prior, BINS, even) for even in (0.5, 0.1))))


def palette_gap(taught) -> float:
    """Beside 4,000 colours drawn as `practice` draws them, by the same dice."""
    theirs, things = [], [CLASSES[name] for name in ("car", "grass", "flowers")]
    for thing in things:
        luck = np.random.default_rng(0)
        ab = thing.colours[luck.choice(len(thing.weights), 4000, p=thing.weights)]
        angle, radius = 2 * np.pi * luck.random(4000), thing.spread * np.sqrt(luck.random(4000))
        ab = ab.T + radius * [np.cos(angle), np.sin(angle)]  # (2, 4000)
        ab += thing.grain * luck.standard_normal((4000, 2)).T
        theirs.append(vivid.prior(torch.tensor(ab[None, :, :, None]).float(), BINS))
    ours = [taught.true_palette(thing, BINS) for thing in things]
    return gap(torch.stack(ours), torch.stack(theirs))


def bits_gap(taught) -> float:
    p, q = (torch.randn(4, 9, generator=dice(seed)).softmax(1) for seed in (6, 7))
    divergence = F.kl_div(q.log(), p, reduction="none").sum(1) / np.log(2)
    return max(
        gap(taught.divergence(p, q), divergence),
        gap(taught.bits(p, p), torch.distributions.Categorical(p).entropy() / np.log(2)),
    )


def calibration_gap(taught) -> float:
    """Shares that came true as often as was said, and a network that is 20 points too sure."""
    said = torch.rand(200_000, generator=dice(8))
    came = torch.rand(200_000, generator=dice(9)) < (said - 0.2).clamp_min(0)
    mean_said, mean_came, count = taught.calibration(said, came)
    ten = torch.arange(0.05, 1, 0.1)
    off = gap(mean_said, ten) + gap(mean_came[2:], ten[2:] - 0.2) + abs(int(count.sum()) - 200_000)
    points = abs(taught.gap(torch.tensor([0.05, 0.3, 0.8]), torch.tensor([0.9, 0.4, 0.6]),
                            torch.tensor([900, 100, 300])).item() - 17.5)  # fmt: skip
    return max(off / 10, points)


def loop_gap(taught) -> float:
    """How far the weights lie after some steps from the same steps by `train.train`'s parts."""
    data = tiny.photos()
    bins = BINS[:12]
    prior = torch.full((12,), 1 / 12)
    torch.manual_seed(0)
    net = vivid.VividNet(prior, 4)
    taught.scope |= {"bins": bins, "cost": lambda net: 0.0}
    ours, costs = taught.train(net, data, STEPS)
    assert ours is not net and 0 in costs
    config = train.Config(lr=3e-3, steps=STEPS, batch_size=20)
    training = train.Training(deepcopy(net), data, config, Placement("cpu", "fp32", "a test"))
    while not training.over:
        for x, y in training.batches():
            for group in training.optimiser.param_groups:
                group["lr"] = train.lr_at(training.progress, config)
            logits = training.model.train()(x)
            index, share = vivid.soft(vivid.quarter(colour.unscale_ab(y), logits), bins)
            loss = vivid.cross_entropy(logits, index, share)
            training.optimiser.zero_grad()
            loss.backward()
            training.optimiser.step()
            train.average_(training.averaged, training.model, config.average, training.step)
            training.count(loss.detach(), len(x))
            if training.over:
                break
    both = zip(ours.parameters(), training.averaged.parameters(), strict=True)
    return max(gap(one.detach(), other.detach()) for one, other in both)


COMPARISONS = (
    bins_gap, softmax_gap, soft_gap, loss_gap, net_gap, annealed_gap, given_back_gap, balance_gap,
    palette_gap, bits_gap,
)  # fmt: skip


@pytest.mark.parametrize("compare", COMPARISONS)
def test_by_hand_is_what_the_package_does(compare):
    assert compare(lesson()) < SAME


def test_calibration_finds_what_was_planted():
    assert calibration_gap(lesson()) < 0.01


def test_the_loop_takes_the_steps_of_train():
    assert loop_gap(lesson()) < 1e-5


MISTAKES = [
    (bins_gap, ".argmin(-1)", ".argmax(-1)"),
    (softmax_gap, "logits - logits.amax(dim, keepdim=True)", "logits"),
    (softmax_gap, "power / power.sum(dim, keepdim=True)", "power / power.sum()"),
    (soft_gap, "share / share.sum(-1, keepdim=True)", "share"),
    (soft_gap, "(2 * 5.0**2))\n    share", "5.0**2)\n    share"),
    (soft_gap, "topk(5, largest=False)", "topk(5)"),
    (loss_gap, "log(softmax(logits, dim=1))", "log(softmax(logits, dim=2))"),
    (loss_gap, ".sum(dim=1).mean()", ".mean()"),
    (net_gap, "copy_(prior.log())", "copy_(prior)"),
    (net_gap, "self.up4(eighth +", "self.up4(2 * eighth +"),
    (net_gap, "deep + self.context(deep)[:, :, None, None]", "deep"),
    (annealed_gap, "logits / T", "logits * T"),
    (given_back_gap, ".clamp_min(1).sqrt()", ".clamp_min(1)"),
    (given_back_gap, "(ab**2).sum(1).mean((1, 2))", "(ab**2).mean((1, 2, 3))"),
    (balance_gap, "(1 - even) * smooth + even /", "even * smooth + (1 - even) /"),
    (balance_gap, "/ (prior * weights).sum()", "/ weights.mean()"),
    (balance_gap, "near.sum(1, keepdim=True)", "near.sum()"),
    (palette_gap, "np.sqrt(dice.random(draws))", "dice.random(draws)"),
    (palette_gap, ", p=thing.weights", ""),
    (bits_gap, ".log2()", ".log()"),
    (bits_gap, "bits(p, q) - bits(p, p)", "bits(p, q)"),
    (calibration_gap, "(said * 10)", "(came * 10)"),
    (calibration_gap, "/ count.clamp_min(1)", "/ count.sum()"),
    (calibration_gap, "(said - came).abs()", "(said - came)"),
    (loop_gap, "            optimiser.zero_grad()\n", ""),
    (loop_gap, "net, config.average, step", "net, 0.05, step"),
    (loop_gap, "net.train()(x)", "net.eval()(x)"),
    (loop_gap, "lr_at(step / steps, config)", "config.lr"),
]  # fmt: skip


@pytest.mark.parametrize(("compare", "old", "new"), MISTAKES)
def test_a_mistake_is_seen(compare, old, new):
    assert not compare(lesson((old, new))) < WRONG / (100 if compare is loop_gap else 1)
