"""Exercises of 05_train on trainings: a learning rate, 400 steps against the mean tint, a question.

The judge is a function that the check watches: so a forgotten .eval() is seen, not guessed.
"""

import math
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from .... import evaluate
from ....data import PhotoData, PhotoSet
from ..answers import number, words_for_teacher
from ..core import Noted, Wrong, call, exercise
from ..slips import ELSE, must_be, near, recognise, same, unreadable_if, wrong_if


@exercise("05.3", "A learning rate for batches of 5", "your losses by rate, and the rate chosen")
def learning_rate(tried, chosen):
    """Judge a search: enough rates, far enough apart, the best one inside, and that one chosen."""
    runs = _runs(tried)
    means = {rate: np.mean(losses[-(len(losses) // 3) :]) for rate, losses in runs.items()}
    levels = {rate: mean if np.isfinite(mean) else math.inf for rate, mean in means.items()}
    chosen = number(chosen, "chosen")
    chosen = next((rate for rate in runs if near(rate, chosen)), chosen)
    rates, best = sorted(runs), min(levels, key=levels.get)
    table = "; ".join(f"{rate:g}: {levels[rate]:.4f}" for rate in rates)
    told = f"The mean loss of the last third of the {len(runs[best])} steps by rate, {table}."
    spread = rates[-1] / rates[0]
    side, way = ("smallest", "smaller") if best == rates[0] else ("largest", "larger")
    slips = {
        f"the rates are too near: {len(rates)} rates, the largest {spread:.3g} times the smallest. "
        "Hint: four at least, each three times the one before.": len(rates) < 4 or spread < 25,
        f"the best is at the rim: The lowest is that of {best:g}, the {side} you tried. Hint: go "
        f"on with {way} rates until the loss rises.": best in (rates[0], rates[-1]),
        f"a rate that was not tried: You choose {chosen:g}. Hint: choose one that you "
        "tried, or try that one, too.": chosen not in levels,
    }
    recognise(slips, start=told)
    over, last = levels[chosen] / levels[best] - 1, runs[chosen][-1]
    ends = f"ends {over:.0%} above {best:g}" if math.isfinite(over) else "ends as no number"
    slips = {
        "judged by the last step: It has the lowest loss at the last step: the luck of five "
        "pictures. Hint: compare the means of the last third.": last
        == min(losses[-1] for losses in runs.values()),
        "too large a rate: Every step overshoots. Hint: the largest rate that falls steadily, not "
        "the largest that falls.": chosen > best,
        f"too small a rate: Its steps are {best / chosen:.3g} times shorter. Hint: a smooth curve "
        "is no merit where another one is lower.": ELSE,
    }
    recognise(slips, right=over <= 0.05, start=f"{told} Yours, {chosen:g}, {ends}.")
    near_best = "" if chosen == best else f", within 5 % of the lowest, that of {best:g}"
    return (
        f"{told} You chose {chosen:g}{near_best}; the loss rises on both sides of "
        f"{best:g}.{_of_twenty(levels, best)} Not looked at: other first weights, and longer runs."
    )


def _of_twenty(levels: dict[float, float], best: float) -> str:
    """What the search says of 0.003, the rate that part 3 found for batches of 20."""
    if 0.003 not in levels:
        return ""
    if levels[0.003] <= 1.05 * levels[best]:
        return " 0.003, right for batches of 20, does as well for those of 5, within their noise."
    size = "too large" if best < 0.003 else "too small"
    return f" So 0.003, right for batches of 20, is {size} for those of 5."


def _runs(tried) -> dict[float, list[float]]:
    """{rate: its losses}, all of one length. Raises Wrong for anything else."""
    must_be(isinstance(tried, dict) and tried, tried, "a dictionary, losses by rate")
    runs = {}
    for rate, losses in tried.items():
        losses = losses.tolist() if isinstance(losses, np.ndarray | Tensor) else losses
        both = isinstance(losses, tuple) and len(losses) == 2 and isinstance(losses[1], list)
        slips = {
            f"the network came along: For {rate} you hand over a network and its losses. Hint: "
            "`short_run(...)[1]` is the list of losses.": both,
            f"one number for a run: For {rate} there is {losses!r:.40}, not a list of ten losses. "
            "Hint: a step says little.": not isinstance(losses, list | tuple) or len(losses) < 10,
        }
        recognise(slips)
        runs[number(rate, "a rate")] = [float(x) for x in losses]
    lengths = sorted({len(losses) for losses in runs.values()})
    wrong_if(
        len(lengths) > 1,
        f"not the same steps: Your runs have {' and '.join(map(str, lengths))} steps: the longer "
        "one has seen more photos. Hint: the same `photos=` for all.",
    )
    return runs


FEW = 6  # validation photos that the judge is handed; they show how it judges
MORE = (
    "net.eval() first; then, for every photo: x, y = photos[i], and the network's answer to "
    "x[None]. Add up the squared error and the square of y; divide after the loop."
)


@dataclass(frozen=True)
class Question:
    """What the network was asked once, and how."""

    x: Tensor  # (B, 1, H, W)
    answer: Tensor  # (B, 2, H, W)
    train_mode: bool
    gradients: bool


@exercise("05.4", "Beat the mean tint in 400 steps", "a network, your judge and the data")
def one_minute(net, judge, data):
    """The judge, on six validation photos and a copy of the network; then the network, on all."""
    unreadable_if(
        isinstance(net, tuple),
        "This is a tuple: short_run gives (network, losses). Hint: take [0].",
    )
    must_be(isinstance(net, nn.Module), net, "a network")
    must_be(isinstance(data, PhotoData), data, "`small` or `data`")
    photos = data.validation
    few = sorted({i * len(photos) // FEW for i in range(min(FEW, len(photos)))})
    rows = [photos.rows[i] for i in few]
    photos = replace(photos, L=photos.L[few], ab=photos.ab[few], rows=rows, optimum=None)
    x, y = photos.__getitems__(list(range(len(photos))))  # (N, 1, H, W), (N, 2, H, W)
    asked, given = _over_the_shoulder(judge, deepcopy(net).cpu().train(), photos)
    answers = _answers(asked, x)
    with torch.inference_mode():
        right = _pooled(deepcopy(net).cpu().eval()(x), y)
    used = _pooled(answers, y)
    company = "one photo" if len(asked[0].x) == 1 else f"{len(asked[0].x)} photos"
    wrong_if(
        any(one.train_mode for one in asked) and not near(right, used),
        f"forgot .eval(): Your judge asks in train mode, {company} at a time: BatchNorm takes mean "
        f"and deviation from these alone. So the {len(x)} photos come to {used:.1%}; in eval mode "
        f"to {right:.1%}. Hint: `net.eval()` before the loop. More: {MORE}",
    )
    _value(number(given, "what your judge returns"), answers, y)
    explained, tint = _beaten(net, data)
    kept = any(one.gradients for one in asked)
    kept = " (It keeps gradients: torch.no_grad() saves memory.)" if kept else ""
    return (
        f"On {len(data.validation)} validation photos your network explains {explained:.1%} of the "
        f"chroma; the grey copy 0 %, the mean tint {tint:.1%}. Your judge gave {given:.1%} for "
        f"{len(photos)} of them, as the course's does.{kept}{_batches(net)} Not looked at: whether "
        "the training saw training photos only."
    )


def _batches(net: nn.Module) -> str:
    """How many batches its BatchNorm has counted in train mode: a step each, and some others."""
    counts = [int(b) for name, b in net.named_buffers() if name.endswith("num_batches_tracked")]
    return f" BatchNorm has counted {max(counts):,} batches in training." if counts else ""


def _over_the_shoulder(judge, probe: nn.Module, photos: PhotoSet) -> tuple[list[Question], object]:
    """Let the judge do its work, and note each question that it puts to the network."""
    asked: list[Question] = []

    def note(module, given, answer):
        x, y = given[0].detach().cpu().float(), answer.detach().cpu().float()
        asked.append(Question(x.clone(), y.clone(), module.training, answer.requires_grad))

    axes: list[int] = []
    probe.register_forward_pre_hook(lambda _, given: axes.append(given[0].ndim))
    probe.register_forward_hook(note)
    try:
        return asked, call(judge, probe, photos)
    except Wrong:
        wrong_if(
            axes[-1:] == [3],
            "a batch of one: `photos[i]` is one picture, x (1, H, W); the network wants a batch, "
            "(N, 1, H, W). Hint: `net(x[None])[0]`: None adds the axis, [0] takes it off again.",
        )
        raise


def _answers(asked: list[Question], known: Tensor) -> Tensor:
    """What the network answered to each photo, the last time: (N, 2, H, W) in their order.

    Raises Wrong unless it was asked about all these photos, and no others.
    """
    pairs = [pair for one in asked for pair in zip(one.x, one.answer, strict=True)]
    which = [next((i for i, k in enumerate(known) if same(x, k)), None) for x, _ in pairs]
    strange, seen = which.count(None), len(set(which))
    slips = {
        "the network was not asked: Your judge never calls the network that it is handed. Hint: "
        "`net(x[None])`: the argument `net`, not a network of the notebook.": not asked,
        f"other photos: It showed the network {len(which)} pictures, {strange} of them training "
        "photos or others. Hint: take the photos from the argument `photos`.": strange > 0,
        f"not all photos: It showed the network {seen} of {len(known)} photos. Hint: is `return` "
        f"inside the loop? Does it end at `len(photos)`? More: {MORE}": seen < len(known),
    }
    recognise(slips)
    found = {i: answer for i, (_, answer) in zip(which, pairs, strict=True)}
    return torch.stack([found[i] for i in range(len(known))])


def _pooled(answer: Tensor, y: Tensor) -> float:
    return 1 - ((answer - y).square().sum() / y.square().sum()).item()


def _value(given: float, answers: Tensor, y: Tensor) -> None:
    """Raise Wrong unless the judge gave the pooled share."""
    error, grey = ((z**2).sum((1, 2, 3)) for z in (answers - y, y))  # (N,) each
    pooled, each, mse = _pooled(answers, y), 1 - error / grey, error.sum() / answers.numel()
    slips = {
        f"the mean of shares: That is the mean of {len(y)} shares, from {each.min():.0%} to "
        f"{each.max():.0%}: nearly grey photos weigh as much as vivid ones.": each.mean(),
        "what is left: That is what is not explained.": 1 - pooled,
        "in per cent: That is a hundred times as much.": 100 * pooled,
        "the error itself: That is the MSE. Hint: divide it by the grey copy's.": mse,
        "the last photo only: That is the last photo's. Hint: `+=` in the loop.": each[-1],
        "upside down: That divides grey by network.": 1 - grey.sum() / error.sum(),
        "another share: Only that follows. Hint: two sums over all the photos handed over: "
        f"squared errors, and squares of the true ab. More: {MORE}": ELSE,
    }
    right = near(given, pooled, share=2e-3) or abs(given - pooled) < 1e-4
    sums = f"Squared errors {error.sum():.1f}, squares of the truth {grey.sum():.1f}:"
    start = f"{sums} 1 - {error.sum():.1f} / {grey.sum():.1f} = {pooled:.1%}. Yours is {given:.4g}."
    recognise(slips, given, right, start)


def _beaten(net: nn.Module, data: PhotoData) -> tuple[float, float]:
    """(explained chroma of the network, of the mean tint) on all validation photos."""
    photos = data.validation
    explained = evaluate.validate(net, photos)[1]
    tint = evaluate.validate(evaluate.tint(data.mean_tint), photos)[1]
    if explained <= tint:
        noisy, device = deepcopy(net).train(), next(net.parameters()).device
        in_train = evaluate.validate(lambda x: noisy(x.to(device)), photos)[1]
        slips = {
            "an untrained network: It answers grey. Hint: train it.": explained == 0,
            f"running averages that lag: In train mode it would be {in_train:.1%}: BatchNorm's "
            "averages lag behind. Hint: more steps let them catch up.": in_train > tint,
            "below the mean tint: It has learnt too little. Hint: does the training loss fall? If "
            "not, look at the learning rate. More: `short_run()` as it stands gets there.": ELSE,
        }
        start = f"Your judge is right. But on {len(photos)} photos your network explains"
        recognise(slips, start=f"{start} {explained:.1%}, the mean tint {tint:.1%}.")
    return explained, tint


@exercise("05.5", "A loss for vivid colours", "your thoughts, twenty words or more, in quotes")
def another_loss(answer) -> Noted:
    """An open question; the words are kept."""
    kind = type(answer).__name__
    unreadable_if(
        not isinstance(answer, str),
        f"Your answer is of type {kind}. Hint: write your sentences as one text, with three quotes "
        "before and after it.",
    )
    return words_for_teacher(answer)
