"""What 03 builds by hand is what the package does: Lab there and back, crops, the data set.

Functions and classes are taken out of the notebook's cells with the tag "by-hand". Each
comparison is also made with a mistake in a cell, and has to see it.
"""

from functools import partial
from pathlib import Path

import lessons
import numpy as np
import pytest
import torch
from PIL import Image

from colourlib import colour, data
from colourlib.common.pictures import open_picture

lesson = partial(lessons.lesson, "03_colour_and_batches")
LAB = 0.01  # Lab units: the lesson's white is the sum of its rounded table
BYTE = 0.2  # the same on the way back, near black, where gamma is steep
STORED = 0.5  # the package keeps L and ab in bytes: half a step


def gap(ours, theirs) -> float:
    return max((a - b).abs().max().item() for a, b in zip(ours, theirs, strict=True))


def colours() -> torch.Tensor:
    """All corners of RGB, greys, black and its neighbours, and many others: (1, 3, 64, 17)."""
    steps = torch.tensor([0, 1 / 255, 2 / 255, 10 / 255, 0.2, 0.4, 0.6, 0.8, 1])
    cube = torch.cartesian_prod(steps, steps, steps)  # (729, 3)
    dice = torch.Generator().manual_seed(0)
    some = torch.cat([cube, torch.rand(64 * 17 - len(cube), 3, generator=dice)])
    return some.T.reshape(1, 3, 64, 17)


def there(taught) -> float:
    """The largest distance of the lesson's Lab from the package's."""
    return gap(taught.rgb_to_lab(colours()), colour.rgb_to_lab(colours()))


def back(taught) -> float:
    """The same of the way back, in bytes; some of these no screen can show."""
    L, ab = colour.rgb_to_lab(colours())
    ours, theirs = taught.lab_to_rgb(L, 1.5 * ab), colour.lab_to_rgb(L, 1.5 * ab)
    return 255 * gap([ours], [theirs])


def crops(taught) -> float:
    """The largest difference of ten random crops from the package's with the same seed."""
    x, y, gaps = torch.rand(1, 40, 40), torch.rand(2, 40, 40), []
    for seed in range(10):
        torch.manual_seed(seed)
        ours = taught.random_crop(x, y, 0.3)
        torch.manual_seed(seed)
        theirs = data.random_crop(x[None], y[None], 40, 0.3)
        gaps.append(gap(ours, [one[0] for one in theirs]))
    return max(gaps)


def pairs(taught, folder: Path) -> float:
    """The largest difference of the lesson's pairs from a PhotoSet's, in steps of its bytes."""
    files, dice = [], np.random.default_rng(0)
    for number, (width, height) in enumerate([(90, 60), (50, 70), (64, 64)]):
        small = Image.fromarray(dice.integers(0, 256, (5, 6, 3), np.uint8))
        files.append(folder / f"{number}.png")
        small.resize((width, height), Image.Resampling.BICUBIC).save(files[-1])
    ours = taught.Photos(files, side=40)
    squares = [taught.square(open_picture(file, 40), 40) for file in files]
    L, ab = colour.rgb_to_lab(torch.cat([colour.to_tensor(one) for one in squares]))
    stored = (L[:, 0] * 2.55).round().byte().numpy(), (ab + 128).round().byte().numpy()
    theirs = data.PhotoSet(*stored, [{}] * 3, size=40)
    assert len(ours) == len(theirs) == 3
    found = [0.0]
    for (x, y), (right_x, right_y) in ((ours[i], theirs[i]) for i in range(3)):
        if (x.shape, y.shape) != (right_x.shape, right_y.shape):
            return float("inf")
        found += [127.5 * gap([x], [right_x]), 110 * gap([y], [right_y])]
    return max(found)


def test_lab_and_crops_by_hand_are_the_packages():
    assert there(lesson()) < LAB
    assert back(lesson()) < BYTE
    assert crops(lesson()) < 1e-6


def test_the_data_set_by_hand_serves_what_the_package_serves_and_can_be_dealt(tmp_path):
    assert pairs(lesson(), tmp_path) < STORED + LAB

    taught = lesson()
    photos = taught.Photos(sorted(tmp_path.glob("*.png")), side=40)
    x, y = next(iter(torch.utils.data.DataLoader(photos, 3, shuffle=True, drop_last=True)))
    assert (x.shape, y.shape) == ((3, 1, 40, 40), (3, 2, 40, 40))


MISTAKES = {
    "gamma not undone": (there, ("add_up(undo_gamma(rgb))", "add_up(rgb)")),
    "another exponent": (there, (") ** 2.4)", ") ** 2.2)")),
    "the dark piece missing": (there, ("rgb <= 0.04045", "rgb < 0")),
    "the shares of Y and X swapped": (there, ("x, y, z = bend", "y, x, z = bend")),
    "a the wrong way round": (there, ("500 * (x - y)", "500 * (y - x)")),
    "200 and 500 swapped": (there, ("200 * (y - z)", "500 * (y - z)")),
    "L without its 16": (there, ("116 * y - 16, torch", "116 * y, torch")),
    "back: another exponent": (back, ("** (1 / 2.4)", "** (1 / 2.2)")),
    "back: squared, not cubed": (back, ("f**3", "f**2")),
    "back: not taken apart": (back, ("gamma(take_apart(xyz)", "gamma(xyz")),
    "back: not clipped": (back, (".clamp(0, 1))", ")")),
    "never mirrored": (crops, ("both.flip(-1)", "both")),
    "upside down": (crops, ("both.flip(-1)", "both.flip(-2)")),
    "area taken for the side": (crops, ("area**0.5", "area")),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_seen(name):
    measure, mistake = MISTAKES[name]
    assert measure(lesson(mistake)) > 2 * BYTE


MISSERVED = [
    ("L[0] / 50 - 1", "L[0] / 100"),
    ("ab[0] / 110", "ab[0] / 128"),
    ("(np.array(photo)).permute(2, 0, 1)", "(np.array(photo)).permute(2, 1, 0)"),
    ("return L[0] / 50", "return L / 50"),
]


@pytest.mark.parametrize("mistake", MISSERVED)
def test_a_mistake_in_the_data_set_is_seen(tmp_path, mistake):
    assert pairs(lesson(mistake), tmp_path) > 2 * STORED
