"""What 05_train builds by hand is what torch and `fit` do: MSE, Adam, L2 and the whole loop.

The functions are taken out of the notebook's cells with the tag "by-hand". Each comparison is also
made with a mistake in the cell, and has to see it.
"""

import inspect
import itertools
from functools import partial
from types import SimpleNamespace

import lessons
import pytest
import tiny
import torch
import torch.nn.functional as F
from torch.optim import Adam, AdamW

from colourlib import train as course
from colourlib.data import PhotoData
from colourlib.device import Placement

lesson = partial(lessons.lesson, "05_train")
LR, STRENGTH, STEPS = 1e-2, 0.05, 20
SAME = 1e-10  # largest difference of two weights; rounding alone makes about 1e-16 a step
WRONG = 1e-5  # a mistake makes more


def batches():
    generator = torch.Generator().manual_seed(1)
    for _ in range(STEPS):
        x = torch.rand(4, 1, 12, 12, generator=generator, dtype=torch.float64) * 2 - 1
        yield x, torch.cat([0.3 * x + 0.2, -0.2 * x.roll(1, dims=2)], dim=1)


def weights_after(optimise, penalty=None) -> torch.Tensor:
    """All weights of a small network after 20 steps; optimise(net) gives what makes a step."""
    net = tiny.network().double()
    step = optimise(net)
    for x, y in batches():
        loss = F.mse_loss(net(x), y) + (penalty(net, STRENGTH) if penalty else 0)
        net.zero_grad()
        loss.backward()
        step()
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def gap(one: torch.Tensor, other: torch.Tensor) -> float:
    return (one - other).abs().max().item()


def by_hand(taught: SimpleNamespace):
    def optimise(net):
        weights, t = list(net.parameters()), itertools.count(1)
        averages = [(torch.zeros_like(w), torch.zeros_like(w)) for w in weights]
        return lambda: taught.adam_step(weights, averages, next(t), lr=LR)

    return optimise


def by_course(strength: float = 0.0):
    """The optimiser that `fit` trains with."""
    return lambda net: course.adam(net, course.Config(lr=LR, weight_decay=strength)).step


def mse_gap(*mistakes) -> float:
    torch.manual_seed(0)
    guess, truth = torch.randn(2, 3, 2, 5, 7, dtype=torch.float64)
    theirs = [F.mse_loss, course.LOSSES[course.Config().loss]]
    return max(gap(lesson(*mistakes).mse(guess, truth), other(guess, truth)) for other in theirs)


def adam_gap(*mistakes) -> float:
    ours = weights_after(by_hand(lesson(*mistakes)))
    return gap(ours, weights_after(by_course()))


def penalty_gap(*mistakes) -> float:
    taught = lesson(*mistakes)
    ours = weights_after(by_hand(taught), taught.l2_penalty)
    return gap(ours, weights_after(by_course(STRENGTH)))


def groups_gap(*mistakes, kind=Adam) -> float:
    groups = lesson(*mistakes).l2_groups
    ours = weights_after(lambda net: kind(groups(net, STRENGTH), lr=LR).step)
    return gap(ours, weights_after(by_course(STRENGTH)))


def loop_gap(*mistakes) -> float:
    """The losses of 40 steps of the lesson's loop, and of fit's without extras: shares of them."""
    sets = tiny.photo_set(60, 5, 20, 0.85, 0), tiny.photo_set(5, 16, 16, None, 1)
    data = PhotoData(*sets, mean_tint=torch.zeros(2), fingerprint="")  # three batches an epoch
    ours, _ = lesson(*mistakes).train(tiny.network().eval(), data, 40, LR, STRENGTH)
    plain = {"small_first": 0, "average": 0, "precision": "fp32"}
    config = course.Config(lr=LR, weight_decay=STRENGTH, epochs=40 / 3, **plain)
    training = course.Training(tiny.network(), data, config, Placement("cpu", "fp32", "a test"))
    theirs = []
    watch = course.Watch()
    watch.after_step = lambda training: theirs.extend(training.read_losses())
    course.train(training, watch)
    assert len(ours) == len(theirs) == 40
    return max(abs(a - b) / b for a, b in zip(ours, theirs, strict=True))


def test_what_is_built_by_hand_is_torchs_and_the_courses():
    assert max(mse_gap(), adam_gap(), penalty_gap(), groups_gap()) < SAME
    assert groups_gap(kind=AdamW) > WRONG, "AdamW is something else"


def test_the_loop_is_fits_without_its_extras():
    assert loop_gap() < 1e-4
    defaults = inspect.signature(lesson().train).parameters
    config = course.Config()
    assert (defaults["lr"].default, defaults["strength"].default) == (
        config.lr,
        config.weight_decay,
    )


MISTAKES = [
    (mse_gap, ".mean()", ".sum()"),
    (adam_gap, "v / (1 - beta2**t)", "v / (1 - beta2 ** (t + 1))"),
    (adam_gap, "v_fair.sqrt()", "v_fair"),
    (adam_gap, "w -= lr", "w += lr"),
    (penalty_gap, "strength / 2", "strength"),
    (penalty_gap, "for w in net.parameters() if w.ndim > 1)", "for w in net.parameters())"),
    (groups_gap, '{"params": free}', '{"params": free, "weight_decay": strength}'),
    (loop_gap, "* warm_up * cosine", "* cosine"),
    (loop_gap, "            net.train()\n", ""),
    (loop_gap, "seed=0)", "seed=1)"),
    (loop_gap, "Adam(l2_groups(net, strength)", "Adam(net.parameters()"),
]


@pytest.mark.parametrize(("compare", "old", "new"), MISTAKES)
def test_a_mistake_is_seen(compare, old, new):
    assert not compare((old, new)) < (1e-3 if compare is loop_gap else WRONG)  # NaN is seen, too
