"""Exercise of 00_first_colours: a Dataset that gives photos as pairs of lightness and colour."""

import numpy as np
import torch
from torch import Tensor

from ....colour import rgb_to_lab, scale_ab, scale_L, to_tensor
from ..core import Open, Wrong, call, exercise
from ..slips import ELSE, must_be, recognise, same, unreadable_if, wrong_if

H, W, COUNT = 20, 24, 5
MORE = (
    "`colour.rgb_to_lab(colour.to_tensor(photo))` gives L (1, 1, H, W) and ab (1, 2, H, W). Scale "
    "both, take [0] of both, and return the two."
)


def _photos() -> list[np.ndarray]:
    """Five photos (H, W, 3) of bytes, no two alike, each with a colour of its own."""
    dice = np.random.default_rng(3)
    tints = np.float64([[90, 20, 20], [20, 80, 20], [10, 20, 90], [80, 80, 0], [0, 60, 60]])
    noise = dice.uniform(40, 150, (COUNT, H, W, 1))
    return list((noise + tints[:, None, None]).round().astype(np.uint8))


@exercise("00.3", "Your dataset", "a class with __init__, __len__ and __getitem__")
def your_dataset(answer):
    """The length, the shapes, the numbers and the order of five photos, and a batch of three."""
    must_be(isinstance(answer, type), answer, "the class itself, by its name, without brackets")
    photos = _photos()
    data = call(answer, [photo.copy() for photo in photos])
    _length(data)
    labs = [rgb_to_lab(to_tensor(photo)) for photo in photos]
    truths = [(L[0], ab[0]) for L, ab in labs]  # (1, H, W) and (2, H, W), not yet scaled
    items = [_pair(_item(data, index)) for index in range(COUNT)]
    _shapes(*items[1])
    _order(items, truths)
    for item, truth in zip(items, truths, strict=True):
        _numbers(*item, *truth)
    return (
        f"{COUNT} photos in, {COUNT} pairs out: x {tuple(items[0][0].shape)} and y "
        f"{tuple(items[0][1].shape)}, scaled, each its own photo. A DataLoader can stack them. Not "
        "looked at: what happens past the end."
    )


def _length(data) -> None:
    lacks = [name for name in ("__len__", "__getitem__") if not hasattr(type(data), name)]
    wrong_if(
        lacks,
        f"a method is missing: Your class has no {' and no '.join(lacks)}: with these two a "
        "DataLoader asks how many there are, and for one of them. Hint: two underscores on each "
        "side, and indented inside the class.",
    )
    length = _asked(data.__len__, "__len__")
    slips = {
        f"one less: The last index is {COUNT - 1}, but there are {COUNT}.": COUNT - 1,
        "the size of a photo: That is how many numbers or rows a photo has, not how many photos "
        "there are.": (H, W, H * W, H * W * 3),
        "another length: It should be as many as there are photos. Hint: `len(self.photos)`.": ELSE,
    }
    start = f"Of {COUNT} photos handed over, `len` says {length!r:.20}."
    recognise(slips, length if isinstance(length, int) else None, right=COUNT, start=start)


def _asked(method, name: str, *arguments):
    """What a method gives; raises Open, with its name, where that is nothing."""
    try:
        return call(method, *arguments)
    except Open:
        raise Open(f"`{name}` gives nothing back yet: end it with `return`.") from None


def _item(data, index: int):
    try:
        return _asked(data.__getitem__, "__getitem__", index)
    except Wrong as wrong:
        wrong_if(
            "no practice scene" in wrong.message,
            "a scene, not a photo: `pair` draws a scene from a name and a number. Here the photo "
            "is there already: `self.photos[index]`. Hint: write the lines of `pair` behind its "
            f"first, and make nothing smaller. More: {MORE}",
        )
        raise


def _pair(item) -> tuple[Tensor, Tensor]:
    """x and y, as tensors; raises Wrong for anything else."""
    count = len(item) if isinstance(item, tuple | list) else 0
    wrong_if(
        count != 2,
        f"not a pair: `dataset[0]` gives {_kind(item)}. Hint: end `__getitem__` with "
        f"`return x, y`. More: {MORE}",
    )
    wrong_if(
        not all(isinstance(one, Tensor) for one in item),
        f"no tensors: `dataset[0]` gives {_kind(item[0])} and {_kind(item[1])}. A DataLoader could "
        "stack them, but `colour.scale_L` and the network want tensors. Hint: "
        "`colour.to_tensor(photo)` makes one of a picture.",
    )
    return item[0].detach().cpu(), item[1].detach().cpu()


def _kind(one) -> str:
    if isinstance(one, Tensor | np.ndarray):
        return f"{'a tensor' if isinstance(one, Tensor) else 'an array'} {tuple(one.shape)}"
    return type(one).__name__


def _shapes(x: Tensor, y: Tensor) -> None:
    shapes = tuple(x.shape), tuple(y.shape)
    slips = {
        "the two are exchanged: x comes first: what the network is given, L. Then y: what it has "
        "to guess, ab.": shapes == ((2, H, W), (1, H, W)),
        "one batch axis too many: `rgb_to_lab` works on batches, so its results have an axis of 1 "
        "in front. The DataLoader adds that axis itself. Hint: `[0]` takes it off.": shapes
        == ((1, 1, H, W), (1, 2, H, W)),
        "channels last: PyTorch wants channels, rows, columns; pictures of numpy have the "
        "channels last.": shapes in (((H, W, 1), (H, W, 2)), ((H, W), (H, W, 2))),
        "no channel axis: A convolution wants (channels, rows, columns), even where there is one "
        "channel.": shapes == ((H, W), (2, H, W)),
        "the colours still in x: x is what the network may see. Hint: L alone.": x.shape[0] == 3,
        "red, green and blue in y: y has three channels; with L taken out two are left.": y.shape[0]
        == 3,
        "rows and columns swapped: The picture lies on its side.": shapes == ((1, W, H), (2, W, H)),
        "made smaller: `pair` halves the rows and the columns of its scenes; here the photo keeps "
        "its size. Hint: leave out `avg_pool2d`.": shapes
        == ((1, H // 2, W // 2), (2, H // 2, W // 2)),
        "other shapes: One of the sizes is not the photo's. Hint: print the shape after each "
        f"line. More: {MORE}": ELSE,
    }
    start = f"A photo of {H} rows and {W} columns should give x {(1, H, W)} and y {(2, H, W)}. "
    start += f"Yours gives x {shapes[0]} and y {shapes[1]}."
    recognise(slips, right=shapes == ((1, H, W), (2, H, W)), start=start)


def _order(items: list, truths: list) -> None:
    """Raise Wrong where an index does not lead to its own photo."""

    def alike(x: Tensor, L: Tensor) -> bool:  # whatever the scale
        both = torch.stack([x.flatten().double(), L.flatten().double()])
        return bool(torch.corrcoef(both)[0, 1] > 0.97)

    which = [[j for j in range(COUNT) if alike(x, truths[j][0])] for x, _ in items]
    first = [found[0] if found else None for found in which]
    slips = {
        f"the index is ignored: Every index gives photo {first[0]}. Hint: "
        "`self.photos[index]`.": first[0] is not None and len(set(first)) == 1,
        "another photo's index: They should be 0 to 4, in order. Hint: is `index` counted from 0, "
        "and used as it is?": None not in first,
    }
    right = all(i in found for i, found in enumerate(which)) or None in first
    recognise(slips, right=right, start=f"dataset[0] to dataset[{COUNT - 1}] are photos {first}.")


def _numbers(x: Tensor, y: Tensor, L: Tensor, ab: Tensor) -> None:
    grey = (L / 100).clamp(0, 1)
    unreadable_if(
        not (x.double().isfinite().all() and y.double().isfinite().all()),
        "There are numbers in it that are none (NaN or infinite). Hint: print them line by line.",
    )
    lightness, colours = same(x.double(), scale_L(L).double(), 2e-3), _close(y, scale_ab(ab))
    slips = {
        "neither is scaled: A network works best with numbers of about -1 to 1. Hint: "
        "`colour.scale_L(L)` and `colour.scale_ab(ab)`.": _close(x, L) and _close(y, ab),
        "L is not scaled: y is right. Hint: `colour.scale_L(L)`.": _close(x, L) and colours,
        "ab is not scaled: x is right. Hint: `colour.scale_ab(ab)`.": lightness and _close(y, ab),
        "L from 0 to 1: Yours is L / 100; the course uses L / 50 - 1, from -1 to 1.": _close(
            x, grey
        ),
        "bytes: They are whole numbers, and what lies between two of them is lost. Hint: scale "
        "first, and keep the floats.": not (x.is_floating_point() and y.is_floating_point()),
        "a and b exchanged: a, from green to red, comes first.": lightness
        and _close(y.flip(0), scale_ab(ab)),
        "float64: The numbers are right, but in double precision: a network's weights are float32, "
        "and it stops at once. Hint: `.float()`.": lightness
        and colours
        and (x.dtype == torch.float64 or y.dtype == torch.float64),
        "a grey of its own: x is not the L of the photo, though y is its ab. Hint: take both from "
        "`colour.rgb_to_lab`; a mean of red, green and blue is not L.": not lightness and colours,
        "other numbers: The shapes are right, but the numbers are not those of this photo. Hint: "
        f"are both scaled, and both of the same photo? More: {MORE}": ELSE,
    }
    start = f"x runs from {x.min():.3g} to {x.max():.3g} (should be {scale_L(L).min():.3g} to "
    start += f"{scale_L(L).max():.3g}), y from {y.min():.3g} to {y.max():.3g} (should be "
    start += f"{scale_ab(ab).min():.3g} to {scale_ab(ab).max():.3g})."
    right = lightness and colours and x.dtype == y.dtype == torch.float32
    recognise(slips, right=right, start=start)


def _close(given: Tensor, wanted: Tensor) -> bool:
    return same(given.double(), wanted.double(), 2e-3)
