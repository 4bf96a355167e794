"""The canvas that practice scenes are painted on, and the noise they are made of.

Coordinates: y runs from 0 (top) to 1 (bottom), x from 0 (left) to `canvas.w` = width / height, so
that a scene is the same picture at every size. A painter adds shapes one over the other; a shape
changes the lightness L and says which class, and which region of that class, its pixels belong to.
It never sees a colour. Lightness is blended along soft edges; a class is not: a pixel belongs to
whatever covers half of it or more. At the end L is clipped to the range of the pixel's class.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from .palette import INDEX, L_HIGH, L_LOW, LADDERS

TILE = 512  # side of a noise tile, a power of two
EVERYWHERE = (slice(None), slice(None))


@lru_cache(maxsize=32)
def noise_tile(power: float, lit: bool = False) -> np.ndarray:
    """(512, 512) float32 periodic fractal noise, mean 0, deviation 1, spectrum f ** -power.

    Power 1 is gravel, 1.6 clouds, 2.2 rolling and smooth. `lit=True` gives the same relief lit from
    the upper left: the difference of heights along the diagonal.
    """
    rng = np.random.Generator(np.random.PCG64(1000 + round(power * 100)))
    spectrum = np.fft.rfft2(rng.standard_normal((TILE, TILE)))
    frequency = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :])
    frequency[0, 0] = 1.0
    spectrum *= np.maximum(frequency, 2.0 / TILE) ** -power
    tile = np.fft.irfft2(spectrum, s=(TILE, TILE))
    if lit:
        tile = tile - np.roll(tile, (2, 2), axis=(0, 1))
    tile -= tile.mean()
    return (tile / tile.std()).astype(np.float32)


@lru_cache(maxsize=8)
def profile_tile(power: float) -> np.ndarray:
    """(64, 1024) float32: 64 periodic skylines, each of mean 0 and deviation 1."""
    rng = np.random.Generator(np.random.PCG64(2000 + round(power * 100)))
    spectrum = np.fft.rfft(rng.standard_normal((64, 1024)))
    frequency = np.array([np.inf, *range(1, 513)])
    lines = np.fft.irfft(spectrum * frequency**-power, n=1024)
    return (lines / lines.std(axis=1, keepdims=True)).astype(np.float32)


def _lerp_index(position: np.ndarray, size: int):
    """Whole and fractional part of periodic positions: index, next index, fraction."""
    floor = np.floor(position)
    index = floor.astype(np.int32)
    return index & (size - 1), (index + 1) & (size - 1), (position - floor).astype(np.float32)


def smooth(low: float, high: float, value):
    """Smoothstep: 0 below `low`, 1 above `high`, smooth between (low > high turns it round)."""
    t = np.clip((value - low) * (1.0 / (high - low)), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


class Patch(NamedTuple):
    """A shape in a window of the canvas."""

    at: tuple[slice, slice]  # the window
    alpha: np.ndarray  # (h, w) 0..1, how much of each pixel is covered
    u: np.ndarray  # (1, w) or (h, w): -1 at the shape's left end, 1 at its right
    v: np.ndarray  # (h, 1) or (h, w): -1 at the top, 1 at the bottom


class Canvas:
    """L (H, W) and patch numbers (H, W), with the shapes that change them."""

    def __init__(self, rng: np.random.Generator, width: int, height: int):
        self.rng = rng
        self.w, self.pixel = width / height, 1.0 / height
        self.x = ((np.arange(width, dtype=np.float32) + 0.5) / height)[None, :]  # (1, W)
        self.y = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]  # (H, 1)
        self.L = np.full((height, width), 50.0, dtype=np.float32)
        self.ids = np.zeros((height, width), dtype=np.uint16)
        self.class_of: list[int] = []  # of every patch number
        self.region_of: list[int] = []
        self.regions = 0

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * float(self.rng.random())

    def across(self, low: float = 0.0, high: float = 1.0) -> float:
        """A random x between two parts of the canvas's width."""
        return self.uniform(low, high) * self.w

    def chance(self, probability: float) -> bool:
        return float(self.rng.random()) < probability

    def side(self) -> int:
        return 1 if self.chance(0.5) else -1

    def count(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def feet(self, top: float, low: float, least: int, most: int) -> list[float]:
        """The y of `least` to `most` things that stand on the ground, those far away first."""
        return sorted(self.uniform(top, low) for _ in range(self.count(least, most)))

    def somewhere(self) -> tuple[float, float]:
        """A random place in the noise, to look at it twice: `noise_at(..., place=place)`."""
        return tuple(self.rng.random(2) * TILE)

    def noise(self, power, scale_x, scale_y=None, at=EVERYWHERE, lit=False):
        """(h, w) noise of the window; a larger scale makes finer grain."""
        scales = (scale_x, scale_x if scale_y is None else scale_y)
        return self.sample(noise_tile(power, lit), self.somewhere(), *scales, at)

    def sample(self, tile, place, scale_x, scale_y, at=EVERYWHERE):
        """(h, w) of a periodic tile, read from `place` on, `scale` tiles for one picture height."""
        r0, r1, fr = _lerp_index(self.y[at[0], 0] * (scale_y * TILE) + place[0], TILE)
        c0, c1, fc = _lerp_index(self.x[0, at[1]] * (scale_x * TILE) + place[1], TILE)
        rows = tile[r0]
        rows += fr[:, None] * (tile[r1] - rows)
        left = rows[:, c0]
        left += fc * (rows[:, c1] - left)
        return left

    def noise_at(self, power, x, y, lit=False, place=None):
        """Noise at given coordinates (arrays that broadcast), for perspective and for swirls."""
        oy, ox = place or self.somewhere()
        tile = noise_tile(power, lit).ravel()
        r0, r1, fr = _lerp_index(np.asarray(y, dtype=np.float32) * TILE + oy, TILE)
        c0, c1, fc = _lerp_index(np.asarray(x, dtype=np.float32) * TILE + ox, TILE)
        r0, r1 = r0 * TILE, r1 * TILE
        top, low = tile[r0 + c0], tile[r1 + c0]
        top += fc * (tile[r0 + c1] - top)
        low += fc * (tile[r1 + c1] - low)
        return top + fr * (low - top)

    def skyline(self, power, scale, x=None):
        """(1, W) a random profile along x: mean 0, deviation 1. Power 1 is jagged, 2 smooth."""
        line = profile_tile(power)[self.count(0, 63)]
        x = self.x if x is None else x
        i0, i1, f = _lerp_index(x * (scale * 1024) + self.uniform(0, 1024), 1024)
        return line[i0] + f * (line[i1] - line[i0])

    def window(self, x0, y0, x1, y1) -> tuple[slice, slice]:
        """The pixels between two corners, cut off at the canvas; may be empty."""
        height = self.L.shape[0]

        def pixels(low, high, end):
            low = min(max(int(np.floor(low * height)), 0), end)
            return slice(low, max(min(int(np.ceil(high * height)), end), low))

        return pixels(y0, y1, height), pixels(x0, x1, self.L.shape[1])

    def distance(self, x, y, at=EVERYWHERE, wide=1, tall=1):
        """(h, w) how far pixels are from a point; `wide` and `tall` weigh the squares."""
        return np.sqrt(wide * (self.x[:, at[1]] - x) ** 2 + tall * (self.y[at[0]] - y) ** 2)

    def ellipse(self, cx, cy, rx, ry=None, tilt=0.0, ragged=0.0, grain=1.0, soft=None) -> Patch:
        """An ellipse; `ragged` lets noise eat into its rim, `soft` widens the edge."""
        ry, soft = rx if ry is None else ry, self.pixel if soft is None else soft
        wide, tall = (r * (1 + ragged) + soft for r in ((max(rx, ry),) * 2 if tilt else (rx, ry)))
        at = self.window(cx - wide, cy - tall, cx + wide, cy + tall)
        dx, dy = self.x[:, at[1]] - cx, self.y[at[0]] - cy
        if tilt:
            cos, sin = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
            dx, dy = cos * dx + sin * dy, cos * dy - sin * dx
        u, v = dx / rx, dy / ry
        radius = np.sqrt(u * u + v * v)
        if ragged:
            radius = radius + (0.4 * ragged) * self.noise(1.2, grain, at=at)
        return Patch(at, np.clip(0.5 + (1.0 - radius) * (min(rx, ry) / soft), 0.0, 1.0), u, v)

    def box(self, x0, y0, x1, y1) -> Patch:
        at = self.window(x0 - self.pixel, y0 - self.pixel, x1 + self.pixel, y1 + self.pixel)
        x, y, half = self.x[:, at[1]], self.y[at[0]], 0.5 * self.pixel
        cover_x = np.clip((np.minimum(x - x0, x1 - x) + half) / self.pixel, 0.0, 1.0)
        cover_y = np.clip((np.minimum(y - y0, y1 - y) + half) / self.pixel, 0.0, 1.0)
        u, v = (2 * x - x0 - x1) / (x1 - x0), (2 * y - y0 - y1) / (y1 - y0)
        return Patch(at, cover_x * cover_y, u, v)

    def polygon(self, points) -> Patch:
        """A filled polygon through (x, y) points, smoothed by drawing it three times as large."""
        xs, ys = zip(*points, strict=True)
        x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
        at = self.window(x0, y0, x1, y1)
        top, left = at[0].start, at[1].start
        height, width = at[0].stop - top, at[1].stop - left
        alpha = np.zeros((height, width), dtype=np.float32)
        if alpha.size:
            mask = Image.new("L", (3 * width, 3 * height))
            scale = 3 / self.pixel
            moved = [(x * scale - 3 * left - 0.5, y * scale - 3 * top - 0.5) for x, y in points]
            ImageDraw.Draw(mask).polygon(moved, fill=255)
            alpha = np.asarray(mask.reduce(3), dtype=np.float32) / 255.0
        x, y = self.x[:, at[1]], self.y[at[0]]
        u, v = (2 * x - x0 - x1) / max(x1 - x0, 1e-6), (2 * y - y0 - y1) / max(y1 - y0, 1e-6)
        return Patch(at, alpha, u, v)

    def outline(self, x, foot, wide, tall, points) -> Patch:
        """A polygon through (u, v): u widths to the right of x, v heights above `foot`."""
        return self.polygon([(x + u * wide, foot - v * tall) for u, v in points])

    def taper(self, x, y, half, x1, y1, half1) -> Patch:
        """A band from (x, y) to (x1, y1); half its width is given at either end."""
        return self.polygon([(x - half, y), (x1 - half1, y1), (x1 + half1, y1), (x + half, y)])

    def region(self) -> int:
        """A new region: all that is painted with it shares one draw of colour."""
        self.regions += 1
        return self.regions - 1

    def paint(self, name, alpha, light, at=EVERYWHERE, region=None, steps=0) -> int:
        """Cover `alpha` (0..1) of the window with lightness `light` and class `name`.

        Without `region` the patch is a region of its own. Returns the region. Of a list of names
        `steps` chooses one for every pixel.
        """
        names = [name] if isinstance(name, str) else name
        region = self.region() if region is None else region
        numbers = np.uint16(len(self.class_of)) + steps
        self.class_of += [INDEX[name] for name in names]
        self.region_of += [region] * len(names)
        L = self.L[at]
        L += alpha * (light - L)
        np.copyto(self.ids[at], numbers, where=np.asarray(alpha) >= 0.5)
        return region

    def put(self, name, patch: Patch, light, region=None, v=0, u=0) -> int:
        """Paint a patch, whose light may grow downwards (`v`) and to the right (`u`)."""
        light = light + v * patch.v if v else light
        light = light + u * patch.u if u else light
        return self.paint(name, patch.alpha, light, patch.at, region)

    def gradient(self, ladder, t, alpha, light, at=EVERYWHERE):
        """Paint the classes of a ladder by `t`: 0 is its first class, 1 its last."""
        names = [f"{ladder} {step}" for step in range(LADDERS[ladder])]
        steps = (np.clip(t, 0.0, 0.9999) * len(names)).astype(np.uint16)
        self.paint(names, alpha, light, at, steps=steps)

    def shadow(self, dark, cx, cy, rx, ry, soft):
        """Darken what lies in an ellipse, softly."""
        patch = self.ellipse(cx, cy, rx, ry, soft=soft)
        self.shade(-dark * patch.alpha, patch.at)

    def shade(self, amount, at=EVERYWHERE):
        """Add to the lightness of what is already there (shadows, glow, rain); classes stay."""
        self.L[at] += amount

    def finish(self):
        """L (H, W) in the range of every pixel's class, classes (H, W) uint8, regions (H, W)."""
        classes = np.array(self.class_of, dtype=np.uint8)[self.ids]
        regions = np.array(self.region_of, dtype=np.uint16)[self.ids]
        L = np.minimum(np.maximum(self.L, L_LOW[classes]), L_HIGH[classes])
        return L, classes, regions
