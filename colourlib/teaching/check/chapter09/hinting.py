"""Exercises of 09_hints: a mean of neighbours, a hint of the truth, its place, where to ask."""

import torch
from torch import Tensor

from ..answers import number, numbers
from ..core import call, exercise
from ..slips import ELSE, recognise, unreadable_if


@exercise("09.1", "Whom does it take after?", "a number")
def takes_after(answer):
    """The mean of 40 and -20, which count by their shares 0.75 and 0.25."""
    given = number(answer, "a")
    slips = {
        "shares forgotten: (40 − 20) / 2 = 10 lets both count alike. Hint: the like one has three "
        "times the say.": 10,
        "the nearest alone: Then colours would never mix. Hint: the other one has a quarter.": 40,
        "shares exchanged: That is 0.25 · 40 − 0.75 · 20. Hint: the like one has 0.75.": -5,
        "the sign is lost: That is 0.75 · 40 + 0.25 · 20. Hint: its a is −20.": 35,
        "divided once more: The shares sum to 1 already. Hint: no division.": 12.5,
        "another number: It should be 25. Hint: 0.75 · 40 − 0.25 · 20.": ELSE,
    }
    recognise(slips, given, right=25, start=f"You have {given:g}.")
    return "0.75 · 40 − 0.25 · 20 = 25: nearly as red as the neighbour that is as light."


def _hint(truth: Tensor, mean: Tensor, place: tuple, mask: float = 1.0) -> Tensor:
    seen = torch.zeros(3, *truth.shape[1:], dtype=torch.float64)
    rows, columns = place
    seen[:2, rows, columns], seen[2, rows, columns] = mean, mask
    return seen


@exercise("09.2", "One hint", "a function of truth, top, left and side")
def one_hint(answer):
    """A square of 3 at row 2, column 5 of a truth of 8 x 10."""
    truth = torch.rand(2, 8, 10, generator=torch.Generator().manual_seed(4)) - 0.5
    given = numbers(call(answer, truth, 2, 5, 3), (3, 8, 10), "(3, H, W)")
    place = (slice(2, 5), slice(5, 8))
    inside = truth[:, place[0], place[1]].double()
    mean = inside.mean((1, 2))[:, None, None]
    turned = truth[:, 5:8, 2:5].double().mean((1, 2))[:, None, None]
    corner = inside[:, :1, :1]
    whole = _hint(truth, mean, place)
    whole[2] = 1
    spilt = mean.expand(2, 8, 10)
    slips = {
        "the mask is missing: The third channel is 0 everywhere, so nobody knows that there is a "
        "hint. Hint: 1 in the square.": _hint(truth, mean, place, 0.0),
        "the mask is everywhere: It says that all of the picture was told, most of it grey. Hint: "
        "1 in the square alone.": whole,
        "each pixel's own colour: A person gives one colour, and you gave nine. Hint: "
        "`.mean((1, 2))`.": _hint(truth, inside, place),
        "the corner's colour: That is one pixel of nine. Hint: the mean of the square.": _hint(
            truth, corner, place
        ),
        "one number for both: You took the mean of a and b together. Hint: `.mean((1, 2))` keeps "
        "the channels.": _hint(truth, inside.mean(), place),
        "rows and columns exchanged: It lies at row 5, column 2. Hint: top is a row.": _hint(
            truth, turned, (slice(5, 8), slice(2, 5))
        ),
        "colour all over: Its colour is in every pixel. Hint: only in the square.": torch.cat(
            [spilt, _hint(truth, mean, place)[2:]]
        ),
        "another hint: In the square its mean a and b, and 1; all else 0. Hint: print the three "
        "channels at row 2, column 5.": ELSE,
    }
    told = ", ".join(f"{v:.3f}" for v in given[:, 2, 5].tolist())
    recognise(slips, given, _hint(truth, mean, place), f"At row 2, column 5 you have {told}.")
    return f"Nine pixels of one colour, the mean of their square, and a mask of 1: {told}."


def _pair(result) -> tuple[float, float]:
    pair = list(result) if isinstance(result, list | tuple | Tensor) else []
    unreadable_if(len(pair) != 2, f"This is {result!r:.40}, not (row, column). Hint: give two.")
    return number(pair[0], "row"), number(pair[1], "column")


@exercise("09.3", "Where is it, at the network's size?", "a function of six numbers")
def hint_place(answer):
    """Clicks in a photo of 600 x 400, which the network sees at 64 x 96."""
    clicks = [(450, 110), (599, 399), (37, 205)]
    given = [_pair(call(answer, x, y, 600, 400, 64, 96)) for x, y in clicks]

    def by(rule) -> bool:
        return given == [tuple(rule(x, y)) for x, y in clicks]

    slips = {
        "x and y exchanged: That is (column, row). Hint: y is the row, and rows come first.": by(
            lambda x, y: (int(x * 0.16), int(y * 0.16))
        ),
        "not made smaller: Those are the photo's own pixels. Hint: times h / height.": by(
            lambda x, y: (y, x)
        ),
        "rounded beyond the border: The last pixel comes out at row 64, but rows end at 63. Hint: "
        "cut off, with `int`.": by(lambda x, y: (round(y * 0.16), round(x * 0.16))),
        "no whole number: A pixel's place is whole. Hint: `int(...)`.": by(
            lambda x, y: (y * 64 / 400, x * 96 / 600)
        ),
        "width and height exchanged: y was divided by the width. Hint: y / height.": by(
            lambda x, y: (int(y * 64 / 600), int(x * 96 / 400))
        ),
        "h and w exchanged: The row was multiplied by w. Hint: rows go up to h.": by(
            lambda x, y: (int(y * 96 / 400), int(x * 64 / 600))
        ),
        "another place: (450, 110) lies at row 17, column 72. Hint: int(y * h / height).": ELSE,
    }
    right = by(lambda x, y: (int(y * 64 / 400), int(x * 96 / 600)))
    told = f"(450, 110) becomes ({given[0][0]:g}, {given[0][1]:g})"
    told += f", and the last pixel ({given[1][0]:g}, {given[1][1]:g})."
    recognise(slips, right=right, start=told)
    return f"{told} Every pixel of the photo lands inside, the last one, too."


@exercise("09.4", "The most uncertain pixel", "a function of p")
def where_to_ask(answer):
    """In 3 x 5 pixels of four bins: one is even, one certain, one has the least largest share."""
    p = torch.full((4, 3, 5), 0.03)
    p[0] = 0.91
    p[:, 1, 3] = torch.tensor([0.46, 0.18, 0.18, 0.18])  # 1.85 bits
    p[:, 2, 0] = torch.tensor([0.45, 0.45, 0.05, 0.05])  # 1.47 bits, the least largest share
    p[:, 0, 2] = torch.tensor([1.0, 0.0, 0.0, 0.0])  # certain
    result = call(answer, p)
    flat = isinstance(result, int) or (isinstance(result, Tensor) and result.ndim == 0)
    row, column = divmod(number(result, "place"), 5) if flat else _pair(result)
    found = (row, column)
    slips = {
        "a number, no place: `argmax` counts through all pixels: 8 is row 1, column 3. Hint: "
        "`divmod(number, p.shape[2])`.": flat,
        "the most certain: There it knows the answer. Hint: begin with a minus; and 0 · log2 0 is "
        "NaN, which `argmax` takes for the largest: `p.clamp_min(1e-9).log2()`.": found == (0, 2),
        "column before row: Rows come first. Hint: (row, column).": found == (3, 1),
        "the least largest share: Its first bin has 45 %, but the second as much: it doubts "
        "between two colours, elsewhere between four. Hint: the entropy counts them all.": found
        == (2, 0),
        "divided by the number of rows: A row is 5 wide. Hint: `divmod(number, p.shape[2])`.": found
        == divmod(8, 3),
        "another pixel: It should be (1, 3), with 1.85 bits. Hint: −Σ p log2 p, over the first "
        "axis.": ELSE,
    }
    recognise(slips, right=not flat and found == (1, 3), start=f"You ask at ({row:g}, {column:g}).")
    return "At (1, 3): 1.85 bits. Elsewhere one or two colours are likely; there it may be any."
