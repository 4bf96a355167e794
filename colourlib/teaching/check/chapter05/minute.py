"""The exercise of 05_train "beat the mean tint in one minute": a network, and a judge of one's own.

The judge is a function. This check looks over its shoulder: which photos it shows to the network,
and in which mode the network is asked. So a forgotten .eval() is seen, not guessed.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from .... import evaluate
from ....data import PhotoData, PhotoSet
from ..core import UNREADABLE, Wrong, call, exercise
from ..values import near, number, recognise

FEW = 6  # validation photos that the judge is handed; they show how it judges
HINT = "two sums over all the photos handed over: squared errors, and squares of the true ab."
MORE = (
    "net.eval() first; then, for every photo: x, y = photos[i], and the network's answer to "
    "x[None] under torch.no_grad(). Add up the squared error and the square of y; divide after "
    "the loop."
)


@dataclass(frozen=True)
class Question:
    """What the network was asked once, and how."""

    x: Tensor  # (B, 1, H, W)
    answer: Tensor  # (B, 2, H, W)
    train_mode: bool
    gradients: bool


@exercise("05.5", "Beat the mean tint in a minute", "a network, your judge and the data")
def one_minute(net, judge, data):
    """The judge, on six validation photos and a copy of the network; then the network, on all."""
    if not isinstance(net, nn.Module):
        text = f"`mine` is {type(net).__name__}; a network is wanted."
        raise Wrong(UNREADABLE, text, "`short_run(...)` gives a network and losses: take [0].")
    if not isinstance(data, PhotoData):
        text = f"The data are {type(data).__name__}; `small` or `data` is wanted."
        raise Wrong(UNREADABLE, text, "the last line of the cell, as it was given.")
    photos = _few(data.validation)
    probe = deepcopy(net).cpu().train()  # as training leaves it
    asked, given = _over_the_shoulder(judge, probe, photos)
    _seen(asked, photos)
    _mode(asked, net, photos)
    _value(number(given, "what your judge returns"), asked, photos)
    explained, tint = _beaten(net, data)
    kept = any(one.gradients for one in asked)
    return (
        f"On {len(data.validation)} validation photos, in eval mode, your network explains "
        f"{explained:.1%} of the chroma; the grey copy 0 %, the mean tint {tint:.1%}. Your judge "
        f"gave {given:.1%} for the {len(photos)} of them that it was handed, as the course's does."
        + (" (It keeps gradients: torch.no_grad() saves memory.)" if kept else "")
        + " Not looked at: whether the training took a minute, and saw training photos only."
    )


def _few(photos: PhotoSet) -> PhotoSet:
    chosen = sorted({i * len(photos) // FEW for i in range(min(FEW, len(photos)))})
    rows = [photos.rows[i] for i in chosen]
    return replace(photos, L=photos.L[chosen], ab=photos.ab[chosen], rows=rows, optimum=None)


def _over_the_shoulder(judge, probe: nn.Module, photos: PhotoSet) -> tuple[list[Question], object]:
    """Let the judge do its work, and note each question that it puts to the network."""
    asked: list[Question] = []

    def note(module, given, answer):
        x, y = given[0].detach().cpu().float(), answer.detach().cpu().float()
        asked.append(Question(x.clone(), y.clone(), module.training, answer.requires_grad))

    probe.register_forward_hook(note)
    return asked, call(judge, probe, photos)


def _all(photos: PhotoSet) -> tuple[Tensor, Tensor]:
    return photos.__getitems__(list(range(len(photos))))


def _which(x: Tensor, known: Tensor) -> int | None:
    """The number of a picture x (1, H, W) among some; None where it is none of them."""
    if x.shape != known[0].shape:
        return None
    same = (known - x).abs().amax((1, 2, 3)) < 1e-4
    return int(same.nonzero()[0]) if same.any() else None


def _seen(asked: list[Question], photos: PhotoSet) -> None:
    if not asked:
        raise Wrong(
            "the network was not asked",
            "Your judge never calls the network that it is handed.",
            "`net(x[None])`: the argument `net`, not a network of the notebook.",
            MORE,
        )
    known, _ = _all(photos)
    which = [_which(x, known) for one in asked for x in one.x]
    if strange := which.count(None):
        raise Wrong(
            "other photos",
            f"Your judge was handed {len(photos)} validation photos, and showed the network "
            f"{len(which)} pictures, {strange} of them none of these. Whoever judges on training "
            "photos measures what was learnt by heart.",
            "take the photos from the argument `photos`, not from `data`, `small` or `x` above.",
            MORE,
        )
    if missing := len(photos) - len(set(which)):
        raise Wrong(
            "not all photos",
            f"Your judge showed the network {len(set(which))} of {len(photos)} photos; "
            f"{missing} are missing.",
            "is the `return` inside the loop? Does the loop end at `len(photos)`?",
            MORE,
        )


def _answers(asked: list[Question], known: Tensor) -> Tensor:
    """What the network answered to each photo, the last time: (N, 2, H, W) in their order."""
    found = {}
    for one in asked:
        found |= {_which(x, known): answer for x, answer in zip(one.x, one.answer, strict=True)}
    return torch.stack([found[i] for i in range(len(known))])


def _mode(asked: list[Question], net: nn.Module, photos: PhotoSet) -> None:
    """Was the network asked in train mode, and did that change its answers?"""
    if not any(one.train_mode for one in asked):
        return
    x, y = _all(photos)
    with torch.inference_mode():
        right = _pooled(deepcopy(net).cpu().eval()(x), y)
    used = _pooled(_answers(asked, x), y)
    if not near(right, used):
        raise Wrong(
            "forgot .eval()",
            f"Your judge asks in train mode, {_photos(len(asked[0].x))} at a time: then "
            "BatchNorm takes mean and deviation from these alone. So the "
            f"{len(photos)} photos come to {used:.1%}, and in other company to something else; in "
            f"eval mode the same weights explain {right:.1%}, whatever stands beside them.",
            "`net.eval()` before the loop.",
            MORE,
        )


def _photos(count: int) -> str:
    return "one photo" if count == 1 else f"{count} photos"


def _pooled(answer: Tensor, y: Tensor) -> float:
    return 1 - ((answer - y).square().sum() / y.square().sum()).item()


def _value(given: float, asked: list[Question], photos: PhotoSet) -> None:
    x, y = _all(photos)
    answers = _answers(asked, x)
    error, grey = ((z**2).sum((1, 2, 3)) for z in (answers - y, y))  # (N,) each
    pooled = 1 - (error.sum() / grey.sum()).item()
    if near(given, pooled, share=2e-3) or abs(given - pooled) < 1e-4:
        return
    sums = f"Squared errors {error.sum():.1f}, squares of the truth {grey.sum():.1f}: 1 - "
    sums += f"{error.sum():.1f} / {grey.sum():.1f} = {pooled:.1%}."
    each = 1 - error / grey
    slips = [
        (
            each.mean(),
            Wrong(
                "the mean of shares",
                f"{sums} Yours, {given:.1%}, is the mean of {len(photos)} shares, from "
                f"{each.min():.0%} to {each.max():.0%}: nearly grey photos weigh as much as vivid "
                "ones, though there is next to nothing to explain.",
                HINT,
                MORE,
            ),
        ),
        (
            1 - pooled,
            Wrong("what is left", f"{sums} Yours is what is not explained.", HINT, MORE),
        ),
        (
            100 * pooled,
            Wrong("in per cent", f"{sums} Yours is {given:.1f}, a hundred times that.", HINT, MORE),
        ),
        (
            error.sum() / answers.numel(),
            Wrong(
                "the error itself",
                f"{sums} Yours, {given:.4f}, is the MSE: is that much or little?",
                "divide it by that of the grey copy.",
                MORE,
            ),
        ),
        (
            each[-1],
            Wrong(
                "the last photo only",
                f"{sums} Yours, {given:.1%}, is that of the last photo.",
                "`+=` in the loop, not `=`.",
                MORE,
            ),
        ),
        (
            1 - grey.sum() / error.sum(),
            Wrong("upside down", f"{sums} Yours divides grey by network.", HINT, MORE),
        ),
    ]
    recognise(given, slips)
    raise Wrong("another share", f"{sums} Yours is {given:.4g}.", HINT, MORE)


def _beaten(net: nn.Module, data: PhotoData) -> tuple[float, float]:
    """(explained chroma of the network, of the mean tint) on all validation photos."""
    photos = data.validation
    explained = evaluate.validate(net, photos)[1]
    tint = evaluate.validate(evaluate.tint(data.mean_tint), photos)[1]
    if explained > tint:
        return explained, tint
    told = f"Your judge is right. But your network explains {explained:.1%} of the chroma of the "
    told += (
        f"{len(photos)} validation photos, and one colour everywhere, the mean tint, {tint:.1%}."
    )
    if explained == 0:
        raise Wrong("an untrained network", f"{told} It answers grey.", "train it.", "")
    noisy = deepcopy(net).train()
    device = next(net.parameters()).device
    in_train = evaluate.validate(lambda x: noisy(x.to(device)), photos)[1]
    if in_train > tint:
        raise Wrong(
            "running averages that lag",
            f"{told} In train mode it would be {in_train:.1%}: the weights have learnt something, "
            "but BatchNorm's running averages have not arrived there yet.",
            "more steps, or `catch_up(mine)` of part 6 before you judge.",
            "Each step moves the averages by a tenth: after 10 steps a third of the start is left.",
        )
    raise Wrong(
        "below the mean tint",
        told,
        "does the training loss fall below the grey copy's? If not, look at the learning rate.",
        "`short_run()` as it stands takes seconds, and gets there.",
    )
