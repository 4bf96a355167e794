"""Wrong answers to the exercises of 09_hints."""

import torch

from . import CRASHED, UNREADABLE, Case

WRONG = {}

WRONG["takes_after"] = [
    Case("shares forgotten", 10, "You have 10.", "three times the say"),
    Case("the nearest alone", 40, "never mix"),
    Case("shares exchanged", -5, "0.25 · 40"),
    Case("the sign is lost", 35, "−20"),
    Case("divided once more", 12.5, "sum to 1"),
    Case("another number", 20, "25"),
    Case(UNREADABLE, "red", "one number"),
]


def hint(colour=lambda inside: inside.mean((1, 2))[:, None, None], mask=1.0, turned=False):
    """A hint of this colour, with this mask."""

    def one_hint(truth, top, left, side):
        top, left = (left, top) if turned else (top, left)
        seen = torch.zeros(3, *truth.shape[1:])
        rows, columns = slice(top, top + side), slice(left, left + side)
        seen[:2, rows, columns] = colour(truth[:, rows, columns])
        seen[2, rows, columns] = mask
        return seen

    return one_hint


def masked_everywhere(truth, top, left, side):
    seen = hint()(truth, top, left, side)
    seen[2] = 1
    return seen


def all_over(truth, top, left, side):
    seen = hint()(truth, top, left, side)
    seen[:2] = seen[:2, top, left, None, None]
    return seen


WRONG["one_hint"] = [
    Case("the mask is missing", hint(mask=0.0), "0 everywhere"),
    Case("the mask is everywhere", masked_everywhere, "most of it grey"),
    Case("each pixel's own colour", hint(lambda inside: inside), "nine"),
    Case("the corner's colour", hint(lambda inside: inside[:, :1, :1]), "one pixel"),
    Case("one number for both", hint(lambda inside: inside.mean()), "keeps the channels"),
    Case("rows and columns exchanged", hint(turned=True), "row 5, column 2"),
    Case("colour all over", all_over, "every pixel"),
    Case("another hint", hint(mask=2.0), "all else 0"),
    Case("a tensor of another shape", lambda t, top, left, side: t, "(3, 8, 10)"),
    Case(CRASHED, lambda t, top, left, side: t[9], "IndexError"),
]

WRONG["hint_place"] = [
    Case(
        "x and y exchanged",
        lambda x, y, width, height, h, w: (int(x * w / width), int(y * h / height)),
        "(72, 17)",
    ),
    Case("not made smaller", lambda x, y, width, height, h, w: (y, x), "(110, 450)"),
    Case(
        "rounded beyond the border",
        lambda x, y, width, height, h, w: (round(y * h / height), round(x * w / width)),
        "rows end at 63",
    ),
    Case(
        "no whole number",
        lambda x, y, width, height, h, w: (y * h / height, x * w / width),
        "whole",
    ),
    Case(
        "width and height exchanged",
        lambda x, y, width, height, h, w: (int(y * h / width), int(x * w / height)),
        "y / height",
    ),
    Case(
        "h and w exchanged",
        lambda x, y, width, height, h, w: (int(y * w / height), int(x * h / width)),
        "up to h",
    ),
    Case("another place", lambda x, y, width, height, h, w: (0, 0), "row 17, column 72"),
    Case(UNREADABLE, lambda x, y, width, height, h, w: 3, "(row, column)"),
]


def asking(value, turn=lambda number, p: divmod(number, p.shape[2])):
    """The pixel with the largest value."""
    return lambda p: turn(int(value(p).argmax()), p)


def bits(p):
    return -(p * p.clamp_min(1e-9).log2()).sum(0)


WRONG["where_to_ask"] = [
    Case("a number, no place", asking(bits, lambda number, p: number), "row 1, column 3"),
    Case("the most certain", asking(lambda p: -bits(p)), "(0, 2)"),
    Case("the most certain", asking(lambda p: p.amax(0)), "knows the answer"),
    Case("the most certain", asking(lambda p: -(p * p.log2()).sum(0)), "is NaN"),
    Case(
        "column before row",
        asking(bits, lambda number, p: divmod(number, p.shape[2])[::-1]),
        "Rows come first",
    ),
    Case("the least largest share", asking(lambda p: -p.amax(0)), "counts them all"),
    Case(
        "divided by the number of rows",
        asking(bits, lambda number, p: divmod(number, p.shape[1])),
        "5 wide",
    ),
    Case("another pixel", lambda p: (2, 4), "1.85 bits"),
    Case(UNREADABLE, lambda p: (1, 2, 3), "(row, column)"),
]
