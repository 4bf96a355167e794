"""The exercises of chapter 03 on one colour for many: the mean tint, and two cars of one grey."""

from __future__ import annotations

import torch
from torch import Tensor

from .... import colour
from ..core import UNREADABLE, Noted, Open, Wrong, call, exercise
from ..tensors import raise_matching, same, tensor
from ..values import number, words_for_teacher

CARS = ((60.0, 40.0), (20.0, -40.0))  # ab of the red and of the blue car
REDS, BLUES = 3, 1  # photos of each


@exercise("03.3", "One colour for all", "a function of ab (N, 2, H, W) that gives one a and one b")
def mean_tint(answer):
    """The mean of each channel over photos, rows and columns, on two sets of other shapes."""
    for seed, shape in enumerate([(3, 2, 4, 5), (2, 2, 6, 3)]):
        dice = torch.Generator().manual_seed(seed)
        ab = torch.randn(shape, generator=dice, dtype=torch.float64).exp() * 9 - 12
        ab = ab + torch.tensor([4.0, 17.0], dtype=torch.float64)[:, None, None]  # (N, 2, H, W)
        _one_tint(call(answer, ab), ab)
    best = ab.mean(dim=(0, 2, 3))  # (2,)

    def error(tint: Tensor) -> float:
        return (ab - tint[:, None, None]).pow(2).sum(dim=1).mean().item()

    moved = [error(best + torch.tensor(step)) for step in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    return (
        f"On {len(ab)} small pictures the tint is a = {best[0]:.1f}, b = {best[1]:.1f}. Painted on "
        f"every pixel it misses the true colours by {error(best):.1f} (mean square), grey by "
        f"{error(torch.zeros(2)):.1f}. Moved by one unit to any of four sides it misses by "
        f"{min(moved):.1f}, 1 more: no single colour is nearer. `data.mean_tint` is that of the "
        f"training photos, divided by 110."
    )


def _one_tint(result, ab: Tensor) -> None:
    """Raises Wrong unless the result is the mean a and the mean b of ab (N, 2, H, W)."""
    given = tensor(result, "one a and one b")
    n, _, h, w = ab.shape
    want = ab.mean(dim=(0, 2, 3))
    start = f"Of ab with the shape {tuple(ab.shape)} your function makes {_short(given)}."
    hint = "which of the four axes of (N, 2, H, W) are to go, and which one is to stay?"
    more = "Axis 0 counts photos, 1 the channels a and b, 2 rows, 3 columns. Only 1 may stay."
    if given.numel() == 1:
        raise Wrong(
            "one number for both channels",
            f"{start} With a = {want[0]:.1f} and b = {want[1]:.1f} mixed into one there is no "
            f"colour left: that many units of red cannot be taken off so many of yellow.",
            hint,
            more,
        )
    if given.numel() != 2:
        if tuple(given.shape)[:2] == (n, 2) or tuple(given.shape) == (2, n):
            raise Wrong(
                "a tint for each photo",
                f"{start} That is a colour for each of {n} photos; one for all of them is wanted.",
                "the photos are an axis, too.",
                more,
            )
        raise Wrong(
            "the mean over the wrong axes",
            f"{start} Wanted are two numbers, so {ab.numel()} numbers have to become 2: each the "
            f"mean of {n} · {h} · {w} = {n * h * w}.",
            hint,
            more,
        )
    given = given.flatten()
    each = f"a = {given[0]:.4g} and b = {given[1]:.4g}"
    flat = ab.transpose(0, 1).flatten(1)  # (2, all pixels)
    slips = [
        (
            ab[:2].mean(dim=(1, 2, 3)),
            Wrong(
                "photos taken for channels",
                f"You give {each}: the means of the first two photos, in each of which a and b are "
                f"mixed. ab[0] is a photo; ab[:, 0] is the channel a of all of them.",
                hint,
                more,
            ),
        ),
        (
            want.flip(0),
            Wrong(
                "a and b swapped",
                f"You give {each}; they are a = {want[0]:.4g}, b = {want[1]:.4g}. Swapped, a warm "
                f"yellow becomes a red.",
                "channel 0 is a, channel 1 is b.",
                more,
            ),
        ),
        (
            flat.sum(dim=1),
            Wrong(
                "the sum, not the mean",
                f"You give {each}: {n * h * w} times as much as the means, for so many pixels were "
                f"added up.",
                "divide by the number of pixels, or let `mean` do it.",
                more,
            ),
        ),
        (
            flat.median(dim=1).values,
            Wrong(
                "the median, not the mean",
                f"You give {each}, the medians; the means are {want[0]:.4g} and {want[1]:.4g}. The "
                f"median is nearest in distance, the mean in squared distance.",
                "squared errors are what the network will be trained on.",
                more,
            ),
        ),
        (
            flat.abs().mean(dim=1),
            Wrong(
                "the signs are lost",
                f"You give {each}, the means without the signs; with them it is {want[0]:.4g} and "
                f"{want[1]:.4g}. Green and red are on two sides of 0, and do cancel.",
                "take the mean of ab as it is.",
                more,
            ),
        ),
        (
            want / colour.AB_SCALE,
            Wrong(
                "scaled already",
                f"You give {each}: divided by 110. Wanted are Lab units, {want[0]:.4g} and "
                f"{want[1]:.4g}.",
                "leave the scaling to section 6.",
                more,
            ),
        ),
    ]
    raise_matching(given, slips)
    if not same(given, want):
        raise Wrong(
            "another colour",
            f"{start} The first channel's {n * h * w} numbers have the mean {want[0]:.4g}, the "
            f"second's {want[1]:.4g}.",
            hint,
            more,
        )


def _short(given: Tensor) -> str:
    if given.numel() <= 2:
        return f"{[round(x, 2) for x in given.flatten().tolist()]}"
    return f"a tensor of shape {tuple(given.shape)}"


# ---------------------------------------------------------------- the open one


@exercise(
    "03.6", "Two cars of one grey", "a dict with the numbers 'a' and 'b' and the text 'looks'"
)
def two_cars(answer):
    """The answer with the smallest squared error is judged; the sentences are kept."""
    if not isinstance(answer, dict) or not {"a", "b", "looks"} <= set(answer):
        text = f"The answer is {answer!r:.60}; wanted are the keys 'a', 'b' and 'looks'."
        raise Wrong(UNREADABLE, text, "keep the dict of the task, and fill in its three values.")
    if any(value is ... for value in answer.values()):
        raise Open("Not all is there yet: put numbers, and a few sentences, in place of the dots.")
    given = torch.tensor([number(answer[key], key) for key in ("a", "b")]).double()
    red, blue = (torch.tensor(car, dtype=torch.float64) for car in CARS)

    def error(ab: Tensor) -> float:
        return (REDS * (ab - red).pow(2).sum() + BLUES * (ab - blue).pow(2).sum()).item() / 4

    best = (REDS * red + BLUES * blue) / (REDS + BLUES)
    yours = f"({given[0]:.4g}, {given[1]:.4g}) has a mean squared error of {error(given):,.0f}"
    hint = "what did task 3 show about the colour that is nearest to many?"
    more = "Move your answer a little toward the other car: does the mean squared error shrink?"
    slips = [
        (
            red,
            Wrong(
                "the colour that is most frequent",
                f"{yours}: nothing for the three red cars, and 80² + 40² = 8,000 for the blue one. "
                f"There is an answer with {error(best):,.0f}.",
                hint,
                more,
            ),
        ),
        (
            (red + blue) / 2,
            Wrong(
                "each colour counted once",
                f"{yours}. That is the middle of the two colours; but three photos of four are "
                f"red, and there is an answer with {error(best):,.0f}.",
                hint,
                more,
            ),
        ),
        (
            torch.zeros(2),
            Wrong(
                "grey",
                f"{yours}. Grey is nobody's colour here, and an answer with {error(best):,.0f} "
                f"exists.",
                hint,
                more,
            ),
        ),
        (
            (red + REDS * blue) / 4,
            Wrong(
                "the weights swapped",
                f"{yours}. You have counted the blue car three times and the red one once.",
                hint,
                more,
            ),
        ),
        (
            best.flip(0),
            Wrong(
                "a and b swapped",
                f"{yours}. The other way round, a = {given[1]:.4g}, it has {error(best):,.0f}.",
                "a is the first number of each pair.",
            ),
        ),
    ]
    raise_matching(given, slips)
    if not same(given, best, 1e-3):
        raise Wrong(
            "another colour",
            f"{yours}, and there is an answer with {error(best):,.0f}. Red has {error(red):,.0f}, "
            f"the middle of the two {error((red + blue) / 2):,.0f}.",
            hint,
            more,
        )
    kept = words_for_teacher(
        answer["looks"],
        "The numbers are right. ",
        "`looks` wants sentences: what does that colour look like beside the cars, and what "
        "would you do about it?",
    )
    return Noted(
        f"The numbers are right: {yours}, and no other answer has less. It is the mean, the colour "
        f"of neither car. {kept}"
    )
