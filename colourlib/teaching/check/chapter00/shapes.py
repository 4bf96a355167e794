"""Exercise of 00_first_colours on tensors: what a slice, a mean and a new axis do to a shape."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..core import Open, Wrong, exercise
from ..slips import ELSE, must_be, recognise, wrong_if

ROWS, COLUMNS = 300, 400
LINES = {  # as written in the task, and what each does to the photo
    "p[0]": lambda p: p[0],
    "p[:, 100:200, ::2]": lambda p: p[:, 100:200, ::2],
    "p[None]": lambda p: p[None],
    "p.mean(dim=(1, 2))": lambda p: p.mean(dim=(1, 2)),
    "p.flip(0) * 0.5": lambda p: p.flip(0) * 0.5,
}


@exercise("00.1", "What shape is it now?", "a dictionary with a shape for each line")
def shapes(answer):
    """Five shapes of a photo (3, 300, 400), without running the lines."""
    given = _given(answer)
    photo = torch.zeros(3, ROWS, COLUMNS)
    wrong = {}
    for line, function in LINES.items():
        try:
            right, bare = tuple(function(photo).shape), isinstance(answer[line], int)
            _one(line, given[line], right, bare)
        except Wrong as found:
            wrong[line] = found
    if wrong:
        first, not_yet = next(iter(wrong.values())), ", ".join(f"`{line}`" for line in wrong)
        count = f"{len(LINES) - len(wrong)} of {len(LINES)} are right; not yet: {not_yet}."
        first.message = f"{count}\n{first.message}"
        raise first
    return (
        "All five. A number takes its axis away, a slice keeps it and shortens it; `None` adds an "
        "axis of 1, a mean over axes 1 and 2 leaves the three channels, and arithmetic changes "
        "numbers, never the shape."
    )


def _given(answer) -> dict[str, tuple[int, ...]]:
    """The five answers as tuples; a single number counts as the shape of one axis."""
    must_be(isinstance(answer, Mapping), answer, "the dictionary of the task, filled in")
    missing = [line for line in LINES if line not in answer]
    wrong_if(
        missing,
        f"a line is missing: There is no shape for {', '.join(missing)}. Hint: leave the keys of "
        "the dictionary as they were given.",
    )
    if left := [line for line in LINES if answer[line] is ... or answer[line] is None]:
        done = len(LINES) - len(left)
        raise Open(f"{done} of {len(LINES)} shapes are there. Next: {left[0]}, such as (3, 4).")
    return {line: _shape(answer[line]) for line in LINES}


def _shape(shape) -> tuple[int, ...]:
    if isinstance(shape, Tensor):
        shape = shape.tolist()
    sizes = shape if isinstance(shape, Sequence) and not isinstance(shape, str) else (shape,)
    whole = all(isinstance(size, int) and not isinstance(size, bool) for size in sizes)
    must_be(whole, shape, "a shape: whole numbers between round brackets")
    return tuple(sizes)


def _one(line: str, given: tuple[int, ...], right: tuple[int, ...], bare: bool) -> None:
    """Raise Wrong for one shape, with the name of the slip that leads to it.

    bare: a number was given, not a shape.
    """
    slips = {
        "p[0]": {
            "the axis is kept: `p[0]` is one channel, and a number takes its axis away; the slice "
            "`p[0:1]` would keep it.": given == (1, ROWS, COLUMNS),
            "a pixel, not a channel: The first axis counts channels: `p[0]` is all of red. One "
            "pixel's three numbers are `p[:, 0, 0]`.": given in ((3,), (3, COLUMNS)),
        },
        "p[:, 100:200, ::2]": {
            "the end is counted: `100:200` goes from row 100 to row 199, so it has 200 - 100 "
            "rows.": 101 in given,
            "the step is overlooked: `::2` takes every second column.": given == (3, 100, COLUMNS),
            "rows and columns swapped: The order is channels, rows, columns: `100:200` cuts rows, "
            "`::2` thins out columns.": given in ((3, 150, 100), (3, 200, 100), (3, 150, 200)),
        },
        "p[None]": {
            "the new axis at the end: `None` stands first between the brackets, so the new axis "
            "comes first.": given == (3, ROWS, COLUMNS, 1),
            "no new axis: `None` is not 'nothing': it adds an axis of size 1.": given
            == (3, ROWS, COLUMNS),
        },
        "p.mean(dim=(1, 2))": {
            "the wrong axes averaged: Axes are counted from 0: `dim=(1, 2)` are rows and columns, "
            "and these two are gone afterwards.": given in ((ROWS, COLUMNS), (COLUMNS,), (ROWS,)),
            "one number: A mean over all three axes would be one number. Here axis 0, the "
            "channels, stays.": given in ((), (1,)),
            "axes of 1 are kept: Only with `keepdim=True` do they stay, with size 1.": given
            == (3, 1, 1),
        },
        "p.flip(0) * 0.5": {
            "arithmetic on the shape: `* 0.5` halves every number in the tensor, and leaves their "
            "count as it is.": given in ((3, 150, 200), (3, 150, 400), (3, 300, 200)),
            "turned, not swapped: `flip(0)` puts blue where red was. Nothing moves to another "
            "axis.": given in ((ROWS, COLUMNS, 3), (COLUMNS, ROWS, 3), (3, COLUMNS, ROWS)),
        },
    }[line]
    slips |= {
        "another photo: These are the sizes of a photo of your own. This task is about another, "
        "`p` of shape (3, 300, 400).": _of_another_photo(given, right),
        "the comma is missing: Brackets alone change nothing: (3) is the number 3. The comma makes "
        "it the shape of one axis: (3,).": bare and given == right,
        "another shape: Go through the axes one by one: channels, rows, columns. Hint: make "
        "`p = torch.zeros(3, 300, 400)` in a cell of your own, and ask it for the `.shape`.": ELSE,
    }
    text = given[0] if bare else given
    recognise(slips, right=given == right and not bare, start=f"`{line}`: you have {text}.")


def _of_another_photo(given: tuple[int, ...], right: tuple[int, ...]) -> bool:
    """Is it the right shape, but for the rows and columns of a whole photo that is not `p`?"""
    alike = len(given) == len(right) >= 2 and given[:-2] == right[:-2]
    whole = right[-2:] == (ROWS, COLUMNS) and min(given[-2:], default=0) > 64
    return alike and whole and not {*given[-2:]} & {ROWS, COLUMNS, ROWS // 2, COLUMNS // 2}
