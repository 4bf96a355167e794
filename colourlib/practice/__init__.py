"""Practice scenes: pictures nobody owns, of which the best possible colouring is known.

    from colourlib.practice import scene
    view = scene("beaches", seed=7, width=160, height=120)
    view.rgb()      # the picture, (120, 160, 3) uint8
    view.L          # what a network sees, (120, 160)
    view.optimum()  # the answer with the least squared error that any network could give

A painter (package `painters`) draws from one random stream where things are and how light falls on
them: that gives L and a class for every pixel. A second stream draws ab for every region from the
distribution of its class (`CLASSES`). So ab is independent of L given the class, and no answer that
sees only L, even if it knew the classes, has a smaller expected squared error than the class mean
of every pixel. Borders are soft in L; classes and ab are hard, one class a pixel, which keeps the
optimum exact.
"""

import operator
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..common.errors import CourseError
from ..common.lab import lab_to_rgb
from ..common.queries import QUERIES
from ..common.words import did_you_mean
from .painters import KIND_OF, PAINTERS
from .painters.canvas import Canvas, noise_tile
from .painters.palette import CLASSES, MEANS, NAMES, ColourClass

__all__ = [
    "CLASSES", "KIND_OF", "NAMES", "QUERIES", "ColourClass", "Scene",
    "is_practice", "lab_to_rgb", "origin_of", "scene", "scene_of_url", "url_of",
]  # fmt: skip

SMALLEST, LARGEST = 64, 512  # pixels a side
LAST_SEED = 2**63 - 1


@dataclass(frozen=True, eq=False)
class Scene:
    """A practice scene: what is seen, and the truth behind it."""

    L: np.ndarray  # (H, W) float32, 0..100
    ab: np.ndarray  # (H, W, 2) float32, Lab units
    classes: np.ndarray  # (H, W) uint8, index into NAMES (the keys of CLASSES in order)
    kind: str
    seed: int

    def rgb(self) -> np.ndarray:
        """(H, W, 3) uint8 sRGB."""
        return lab_to_rgb(self.L, self.ab)

    def optimum(self) -> np.ndarray:
        """(H, W, 2) float32: the mean ab of every pixel's class, the least squared error."""
        return MEANS[self.classes]


def scene(query_or_kind: str, seed: int, width: int, height: int | None = None) -> Scene:
    """The practice scene of a query ("cars") or a kind ("road"); square without `height`.

    The same arguments give the same scene; another size of the same shape shows it at another
    resolution. `seed` is a whole number from 0 up; sides are 64 to 512 px.
    Raises CourseError for an unknown name, a bad seed or a bad size.
    """
    name = query_or_kind
    kind = KIND_OF.get(name, name) if isinstance(name, str) else None
    if kind not in PAINTERS:
        near = did_you_mean(name, [*QUERIES, *PAINTERS], most=3)
        hint = near or f" Queries: {', '.join(QUERIES)}."
        raise CourseError(f"There is no practice scene for {str(name)[:80]!r}.{hint}")
    seed = _whole(seed, "seed", 0, LAST_SEED)
    width = _whole(width, "width", SMALLEST, LARGEST)
    height = width if height is None else _whole(height, "height", SMALLEST, LARGEST)
    shapes, colours = np.random.SeedSequence([seed, *kind.encode()]).spawn(2)
    canvas = Canvas(np.random.Generator(np.random.PCG64(shapes)), width, height)
    PAINTERS[kind](canvas)
    L, classes, regions = canvas.finish()
    ab = _colours(np.random.Generator(np.random.PCG64(colours)), canvas, classes, regions)
    return Scene(L, ab, classes, kind, seed)


def _whole(value, name: str, low: int, high: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or not low <= number <= high:
        raise CourseError(f"{name} is {value!r}: give a whole number from {low} to {high}.")
    return number


@lru_cache(maxsize=1)
def _ripple_tile() -> np.ndarray:
    """(512, 512) smooth periodic noise, mean 0, deviation 1, within -2..2."""
    tile = np.clip(noise_tile(2.0), -1.9, 1.9)
    return (tile - tile.mean()) / tile.std()


def _colours(rng, canvas: Canvas, classes: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """(H, W, 2) float32 ab: one draw a region from its class, plus the ripple."""
    count, entries = canvas.regions, list(CLASSES.values())
    pick, angle = rng.random(count), 2 * np.pi * rng.random(count)
    disc = np.sqrt(rng.random(count))[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    flat = np.empty((len(canvas.class_of), 2), dtype=np.float32)  # ab of every patch
    for patch, (index, region) in enumerate(zip(canvas.class_of, canvas.region_of, strict=True)):
        entry = entries[index]
        chosen = np.searchsorted(entry.weights.cumsum()[:-1], pick[region], side="right")
        flat[patch] = entry.colours[chosen] + entry.spread * disc[region]
    ab = flat[canvas.ids]
    grain = np.array([entry.grain for entry in entries], dtype=np.float32)[classes]
    for channel in range(2):
        place = tuple(rng.integers(512, size=2))
        ab[..., channel] += grain * canvas.sample(_ripple_tile(), place, 0.4, 0.4)
    return ab


_ADDRESS = re.compile(
    r"https://practice\.example/([a-z]{1,40})/(0|[1-9]\d{0,18})-(\d{2,3})x(\d{2,3})\.jpg", re.ASCII
)


def url_of(query: str, seed: int, width: int, height: int) -> str:
    """The address under which the practice search engine offers a scene of one of QUERIES."""
    if query not in KIND_OF:
        raise CourseError(f"{query!r} is not a query of the course: {', '.join(QUERIES)}.")
    return f"https://practice.example/{query}/{seed}-{width}x{height}.jpg"


def origin_of(url: str) -> tuple[str, int, int, int] | None:
    """What `url_of` made an address from; None for every other string, however odd."""
    found = _ADDRESS.fullmatch(url) if isinstance(url, str) else None
    if not found or found[1] not in KIND_OF:
        return None
    seed, *sides = (int(number) for number in found.groups()[1:])
    can_be = seed <= LAST_SEED and all(SMALLEST <= side <= LARGEST for side in sides)
    return (found[1], seed, *sides) if can_be else None


def is_practice(url: str) -> bool:
    """Whether an address leads to a practice scene; draws nothing."""
    return origin_of(url) is not None


def scene_of_url(url: str) -> Scene | None:
    """The scene behind a practice address; None for every other string."""
    origin = origin_of(url)
    return origin and scene(*origin)
