"""What 06_evaluate measures by hand is what `evaluate` and `judging` measure.

The functions are taken out of the notebook's own cells, those with the tag "by-hand". Each
comparison is also made with a mistake in the cell, and has to see it.
"""

from functools import partial

import lessons
import numpy as np
import pytest
import torch
from torch import nn

from colourlib import evaluate, judging
from colourlib.model import ColourNet

lesson = partial(lessons.lesson, "06_evaluate")
SAME, WRONG = 1e-4, 1e-2  # largest difference that rounding makes; smallest that a mistake makes


@pytest.fixture(scope="module")
def photos(practice_data):
    return practice_data.validation


@pytest.fixture(scope="module")
def net(photos):
    """A network whose BatchNorm has seen other photos than the first of this set."""
    torch.manual_seed(0)
    net = ColourNet(width=4)
    nn.init.normal_(net.head.weight, std=0.3)
    with torch.no_grad():
        for _ in range(3):
            net(photos.__getitems__([0, 1, 2])[0])
    return net


def gap(one, other) -> float:
    """The largest difference; without end where shapes differ."""
    one, other = (torch.as_tensor(z, dtype=torch.float64) for z in (one, other))
    return (one - other).abs().max().item() if one.shape == other.shape else np.inf


def ask_gap(taught, net, photos) -> float:
    net.train()  # whatever was done with it before
    asked = taught.ask(net, photos, batch_size=5)
    theirs = [torch.cat(part) for part in zip(*evaluate.predict(net, photos), strict=True)]
    if any(z.requires_grad for z in asked):
        return np.inf
    return max(gap(z, w) for z, w in zip(asked, theirs, strict=True))


def scores_gap(taught, net, photos) -> float:
    """The largest difference of explained chroma, mean of PSNRs and colourfulness."""
    x, y, guess = (torch.cat(part) for part in zip(*evaluate.predict(net, photos), strict=True))
    seen, true = taught.rgb(x, guess), taught.rgb(x, y)
    vivid = taught.colourfulness(seen).mean() / taught.colourfulness(true).mean()
    explained = taught.explained_chroma(guess, y)
    found = [float(z) for z in (explained, taught.psnr(seen, true).mean(), vivid)]
    theirs = evaluate.score(net, photos)
    return gap(found, [theirs.explained_chroma, theirs.psnr_mean, theirs.colourfulness])


def bootstrap_gap(taught, net, photos) -> float:
    """How far the ends of the interval lie from judging's, as a share of its width."""
    report = judging.judge(net, photos)
    columns = (report.columns[name] for name in ("error", "error_grey"))
    scores = taught.bootstrap(*columns)
    low, high = report.interval("explained")
    return gap(np.percentile(scores, [2.5, 97.5]), [low, high]) / (high - low)


def test_by_hand_is_what_the_package_does(net, photos):
    taught = lesson()
    assert ask_gap(taught, net, photos) < SAME
    assert scores_gap(taught, net, photos) < SAME
    assert bootstrap_gap(taught, net, photos) < 0.02, "which takes a draw instead of a middle"


SUMS, SHARES = "error[drawn].sum() / error_grey[drawn].sum()", "error[drawn] / error_grey[drawn]"
INTEGERS = "dice.integers(photos, size=photos)"
MISTAKES = {
    ask_gap: {
        "in train mode": ("    net.eval()\n", ""),
        "with gradients": ("torch.no_grad()", "torch.enable_grad()"),
        "y spoilt": ("parts.append((x, y,", "parts.append((x, y + x,"),
        "scaled once more": (".float().cpu()))", ".float().cpu() / 110))"),
    },
    scores_gap: {
        "explained: not squared": (
            "wrong = ((guess - truth) ** 2)",
            "wrong = (guess - truth).abs()",
        ),
        "explained: beside the guess": ("(truth**2).sum()", "(guess**2).sum()"),
        "psnr: a natural logarithm": ("torch.log10(mse)", "torch.log(mse)"),
        "psnr: pooled": ("** 2).mean(dim=(1, 2, 3))", "** 2).mean()"),
        "rgb: ab not unscaled": ("colour.unscale_ab(ab))", "ab)"),
        "colourfulness: yellow not halved": ("(R + G) / 2 - B", "R + G - B"),
        "colourfulness: without the mean": ("0.3 * (red", "0.0 * (red"),
    },
    bootstrap_gap: {
        "without replacement": (INTEGERS, "dice.permutation(photos)"),
        "half the photos": (INTEGERS, "dice.integers(photos, size=photos // 2)"),
        "a mean of shares": (SUMS, f"({SHARES}).mean()"),
    },
}
EACH = [(measure, name) for measure, mistakes in MISTAKES.items() for name in mistakes]


@pytest.mark.parametrize(("measure", "name"), EACH, ids=[name for _, name in EACH])
def test_a_mistake_is_seen(measure, name, net, photos):
    found = measure(lesson(MISTAKES[measure][name]), net, photos)
    assert not found < (0.05 if measure is bootstrap_gap else WRONG)
