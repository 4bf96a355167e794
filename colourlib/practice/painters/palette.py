"""The colour classes of the practice scenes: what colours a thing can have, and how bright it gets.

Every pixel of a practice scene belongs to one class, which says between which lightnesses L it
lies, and from which distribution the colour ab of each *region* (this house, this sky) is drawn:
one entry of a weighted palette, plus a point drawn evenly from a disc of radius `spread`, plus a
smooth ripple of standard deviation `grain` that wanders over the region. Disc and ripple have mean
zero, so the mean and the variance of a class are sums over its palette. Things of one colour (snow,
grass) have narrow palettes; of things of every colour (cars, walls, clothes) the mean is nearly
grey, and so is the best guess. All L ranges are inside sRGB for every colour of the class (a test
measures it).
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...common.errors import CourseError
from ...common.words import did_you_mean


@dataclass(frozen=True)
class ColourClass:
    """`L` (low, high) in 0..100; `palette` of (weight, a, b); `spread`, `grain` in Lab units."""

    L: tuple[float, float]
    palette: tuple[tuple[float, float, float], ...]
    spread: float = 4.0
    grain: float = 1.0

    @cached_property
    def weights(self) -> np.ndarray:
        """(n,) probability of every palette entry; sums to 1."""
        weights = np.array(self.palette, dtype=float)[:, 0]
        return weights / weights.sum()

    @cached_property
    def colours(self) -> np.ndarray:
        """(n, 2) ab of every palette entry."""
        return np.array(self.palette, dtype=float)[:, 1:]

    @property
    def mean(self) -> np.ndarray:
        """(2,) mean ab: the answer with the least squared error, exactly known."""
        return self.weights @ self.colours

    @property
    def variance(self) -> np.ndarray:
        """(2,) variance of a and b: the squared error that even the best answer keeps."""
        palette = self.weights @ (self.colours - self.mean) ** 2
        return palette + self.spread**2 / 4 + self.grain**2  # a disc of radius r: r^2/4 per axis


def _one(low, high, a, b, spread=4.0, grain=1.0):
    return ColourClass((low, high), ((1.0, a, b),), spread, grain)


def _many(low, high, *palette, spread=4.0, grain=0.8):
    return ColourClass((low, high), palette, spread, grain)


def _ladder(name, steps, *stops, spread=4.0):
    """Classes "name 0", "name 1", ... between stops of (low L, high L, a, b): a gradient."""
    where = np.linspace(0, len(stops) - 1, steps)
    columns = [np.interp(where, range(len(stops)), column) for column in zip(*stops, strict=True)]
    return {
        f"{name} {step}": _one(*(round(float(x), 2) for x in values), spread, grain=0.8)
        for step, values in enumerate(zip(*columns, strict=True))
    }


class Things(dict):
    """What the scenes are made of, by name."""

    def __missing__(self, name):
        raise CourseError(f"No thing is called {name!r}.{did_you_mean(name, self)} See NAMES.")


CLASSES: dict[str, ColourClass] = Things({
    **_ladder("day sky", 6, (48, 73, -1, -35), (44, 79, -5, -25), (32, 87, -5, -13)),
    **_ladder("sunset sky", 10, (14, 55, 10, -18), (20, 68, 20, -6), (32, 74, 26, 20),
              (42, 76, 20, 37), (44, 84, 5, 36)),
    **_ladder("night sky", 5, (8, 40, 8, -18), (9, 45, 7, -18), (9, 50, 4, -13), spread=2),
    "cloud": _one(45, 96, 0, -3, 1.5, 0.4), "storm cloud": _one(8, 72, -1, -7, 3),
    "sunset cloud": _one(20, 70, 22, 10, 5), "sun": _one(70, 93, -1, 18, 3, 0.5),
    "moon": _one(35, 92, 0, 9, 4), "star": _one(50, 94, 0, 2, 3, 0.5),
    "lightning": _one(70, 94, 2, -6, 2, 0.5), "fog": _one(45, 92, -1, -4, 2.5, 0.5),
    **_ladder("haze", 6, (20, 70, -9, 10), (30, 78, -6, -8), (38, 84, -3, -17)),
    "grass": _one(29, 82, -16, 30, 4, 1.5), "wheat": _one(38, 82, 5, 38, 5, 1.5),
    "sand": _one(25, 88, 4, 19, 4), "dune": _one(31, 80, 13, 31, 4),
    "soil": _one(17, 62, 9, 18, 5), "rock": _one(12, 80, 3, 6, 4, 1.2),
    "snow": _one(38, 95, -1, -4, 1.5, 0.4), "fir": _one(15, 62, -12, 15, 4),
    "leaves": _many(32, 74, (6, -18, 28), (2, -13, 32), (1, 6, 34), (1, 22, 30), grain=1.5),
    "palm": _one(25, 70, -14, 26, 4, 1.2), "bark": _one(13, 55, 7, 13, 4),
    "flowers": _many(42, 68, (2, 36, 2), (2, 2, 40), (2, 22, -28), (1, 38, 26),
                     (2, 0, 0), spread=5, grain=1),
    "sea": _one(30, 80, -4, -19, 4, 1.0), "shallows": _one(48, 88, -18, -10, 4),
    "lake": _one(20, 76, -3, -12, 4, 1.0), "night water": _one(8, 60, 4, -14, 2, 0.5),
    "foam": _one(50, 96, -2, -3, 1.5, 0.4),
    **_ladder("deep", 7, (46, 88, -17, -11), (36, 76, -6, -22), (18, 60, 5, -22), spread=3),
    "ice": _one(29, 86, -8, -13, 4),
    **_ladder("flame", 7, (34, 66, 38, 33), (48, 72, 26, 43), (58, 84, 5, 47), spread=3),
    "lava": _one(42, 66, 39, 45, 4), "ash": _one(8, 70, 2, 4, 3),
    "ember": _one(10, 40, 10, 8, 4),
    "road": _one(14, 66, 0, -1, 2.5), "pavement": _one(30, 80, 2, 6, 4),
    "wall": _many(36, 74, (3, 3, 18), (2, 30, 20), (2, 0, -22), (1, -17, 9), (2, 1, 3),
                  (1, 6, 34), spread=5),
    "roof": _many(18, 62, (4, 24, 20), (2, 0, -5), (1, 8, 12), spread=5),
    "window": _one(8, 66, -2, -6, 3), "lit window": _one(42, 82, 8, 35, 4),
    "tower": _many(24, 76, (4, -3, -14), (2, 3, 4), (2, 8, 16)),
    "night tower": _one(5, 26, 3, -6, 2, 0.5), "lamp": _one(60, 90, 2, 20, 4, 0.5),
    "car": _many(36, 66, (3, 44, 26), (4, 9, -36), (2, 2, 36), (4, 0, 0), (2, -24, 14),
                 (1, 30, 32)),
    "tyre": _one(4, 50, 0, -1, 1.2, 0.3),
    "balloon": _many(40, 65, (3, 46, 28), (4, 8, -38), (2, 2, 42), (4, -27, 18), (2, 30, -26),
                     (1, 32, 38)),
    "umbrella": _many(38, 66, (3, 44, 24), (4, 8, -36), (3, 2, 38), (4, -25, 14), (2, 28, -20)),
    "clothes": _many(34, 68, (3, 36, 18), (4, 8, -32), (2, 2, 32), (4, -19, 11), (2, 20, -20),
                     (2, 0, 0)),
    "sail": _many(45, 88, (4, 0, 4), (1, 0, 14), (1, 10, 4), spread=3),
    "hull": _many(24, 60, (2, 30, 18), (2, 6, -22), (1, -14, 6), (2, 6, 12), spread=5),
    "cloth": _many(36, 78, (2, 24, 8), (2, 0, -22), (2, 0, 2), (1, -16, 14), (2, 5, 22), spread=5),
    "plate": _one(45, 95, 0, 2, 2, 0.4), "wood": _one(23, 72, 12, 23, 4, 1.5),
    "skin": _many(24, 78, (3, 12, 17), (2, 12, 20)),
    "hair": _many(13, 50, (2, 3, 4), (2, 8, 12), (1, 5, 15), spread=2),
    "fur": _many(18, 80, (3, 8, 14), (2, 0, 2), (2, 11, 20)),
    "wool": _many(22, 86, (4, 2, 8), (1, 0, 1), (1, 6, 12), spread=3),
    "round fruit": _many(40, 68, (3, 40, 26), (3, -20, 32), (3, 28, 38), (1, 20, 4), grain=1.5),
    "banana": _one(50, 84, 3, 46, 4, 1.5),
    "grapes": _many(20, 60, (2, 14, -8), (2, -10, 20)),
    "fish": _many(40, 70, (2, 32, 36), (2, 2, 38), (3, 8, -34), (1, 34, 10), (1, 0, 0), grain=1.2),
    "coral": _many(22, 62, (3, 28, 14), (2, 16, -14), (2, 10, 20), grain=1.5),
    "space": _one(3, 40, 2, -5, 1.5, 0.4),
    "nebula": _many(22, 66, (4, 30, 0), (3, 10, -24), (2, 20, -24), (1, -8, -2), grain=2.5),
    "nebula core": _one(45, 90, 6, 2, 3), "galaxy core": _one(40, 89, 4, 16, 4),
    "galaxy arm": _one(16, 70, 7, -19, 4, 1.2),
    "far galaxy": _many(20, 78, (3, 6, 18), (3, 2, -16), (1, 20, 14)),
    "planet": _many(28, 70, (3, 15, 26), (2, 4, -22), (2, 22, 20), (1, -12, -3),
                    (1, 4, 14), grain=1.5),
    "ring": _one(20, 82, 3, 14, 4), "ocean globe": _one(32, 66, 3, -26, 3),
    "land globe": _many(23, 70, (3, -10, 18), (2, 8, 24), grain=2),
})  # fmt: skip
NAMES = tuple(CLASSES)
INDEX = {name: index for index, name in enumerate(NAMES)}
LADDERS = Counter(name[:-2] for name in NAMES if name[-1].isdigit())  # name -> number of steps
L_LOW = np.array([entry.L[0] for entry in CLASSES.values()], dtype=np.float32)
L_HIGH = np.array([entry.L[1] for entry in CLASSES.values()], dtype=np.float32)
MEANS = np.array([entry.mean for entry in CLASSES.values()], dtype=np.float32)  # (classes, 2) ab
MEANS.setflags(write=False)
