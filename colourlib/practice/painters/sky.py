"""Skies and what hangs in them: clouds, sun, moon, stars."""

import numpy as np

from .canvas import Canvas, smooth


def above(c: Canvas, y: float):
    """The window from the top down to y."""
    return c.window(0, 0, c.w, y)


def day_sky(c: Canvas, horizon: float):
    """Blue above, pale towards the horizon, brighter on the sun's side."""
    at = above(c, horizon + 0.15)
    t = c.y[at[0]] / horizon + 0.05 * c.noise(2.2, 0.25, at=at)
    top, low = c.uniform(50, 62), c.uniform(76, 88)
    side = c.uniform(-0.2, 1.2) * c.w
    glow = c.uniform(2, 8) * np.exp(-3.0 * (c.x - side) ** 2)
    light = top + (low - top) * np.clip(t, 0, 1) ** c.uniform(0.9, 1.5) + glow
    return c.gradient("day sky", t, 1.0, light, at)


def sheet_clouds(c: Canvas, horizon, amount, size=1.0):
    """Fractal clouds in perspective: large overhead, small and flat towards the horizon."""
    at = above(c, horizon)
    depth = 0.42 / (1.25 * horizon - c.y[at[0]])
    x, y = (c.x - 0.5 * c.w) * depth * (0.45 / size), depth * (0.35 / size)
    place = c.somewhere()
    n = c.noise_at(1.55, x, y, place=place)
    edge = 1.1 - 2.2 * amount
    thick = smooth(edge + 0.2, edge + 2.0, n)
    shading = c.noise_at(2.1, x, y, lit=True, place=place)
    value = 94 - 10.5 * thick - 3 * shading
    return c.paint("cloud", smooth(edge, edge + 0.7, n), value, at)


def cumulus(c: Canvas, cx, cy, size, light=(68, 95)):
    """A heap of lit puffs with a flat base."""
    region = c.region()
    low, high = light
    for _ in range(c.count(6, 9)):
        dx = c.uniform(-1, 1)
        r = size * c.uniform(0.22, 0.42) * (1.15 - 0.6 * abs(dx))
        y = cy - r * 0.75 - size * c.uniform(0.0, 0.3) * (1 - abs(dx))
        puff = c.ellipse(cx + dx * size, y, r * 1.2, r, ragged=0.45, grain=0.8, soft=0.12 * size)
        bulge = np.sqrt(np.clip(1 - puff.u**2 - puff.v**2, 0, 1))
        shine = np.clip(0.55 - 0.38 * puff.v - 0.15 * puff.u + 0.2 * bulge, 0, 1)
        flat = np.clip((cy - c.y[puff.at[0]]) / (0.1 * size) + 0.5, 0, 1)
        c.paint("cloud", puff.alpha * flat, low + (high - low) * shine, puff.at, region)


def storm_sky(c: Canvas, horizon, light):
    """Heavy, dark, churning clouds."""
    at = above(c, horizon + 0.1)
    depth = 0.4 / (1.2 * horizon + 0.1 - np.minimum(c.y[at[0]], 1.1 * horizon))
    x, y = (c.x - 0.5 * c.w) * depth * 0.4, depth * 0.3
    curl = 0.05 * c.noise_at(2.0, x, y)
    heaps = c.noise_at(1.9, x + curl, y - curl)
    folds = np.abs(c.noise_at(1.9, 1.6 * x - curl, 1.6 * y + curl))
    glow = 16 * smooth(0.75, 1.0, c.y[at[0]] / horizon)
    return c.paint("storm cloud", 1.0, light + 9 * heaps + 7 * (folds - 0.8) + glow, at)


def sun_disc(c: Canvas, x, y, r, glow):
    """A bright disc with a glow around it."""
    distance = np.sqrt((c.x - x) ** 2 + (c.y - y) ** 2)
    c.shade(28 * np.exp(-distance / glow))
    disc = c.ellipse(x, y, r, soft=max(c.pixel, 0.12 * r))
    c.put("sun", disc, 93)


def sunset_sky(c: Canvas, horizon, sun_x, sun_y):
    """From violet above to yellow around a low sun."""
    distance = np.sqrt(0.35 * (c.x - sun_x) ** 2 + (c.y - sun_y) ** 2)
    t = 1.0 - distance / c.uniform(0.7, 0.95) + 0.05 * c.noise(1.9, 0.2, 0.6)
    dark, bright = c.uniform(16, 26), c.uniform(74, 84)
    light = dark + (bright - dark) * np.clip(t, 0, 1) ** 1.15
    bands = c.noise(1.3, 0.05, 0.8)  # thin sheets of haze
    c.gradient("sunset sky", t + 0.02 * bands, 1.0, light + 2.5 * bands)
    at = above(c, horizon)
    n = c.noise(1.6, c.uniform(0.15, 0.3), c.uniform(0.7, 1.2), at=at)
    bars = smooth(0.5, 1.3, n) * 0.85
    c.paint("sunset cloud", bars, 0.62 * light[at] + 6, at)
    return light


def night_sky(c: Canvas, horizon, light):
    """Dark blue, a little paler near the horizon."""
    t = np.clip(c.y / horizon, 0, 1) + 0.04 * c.noise(2.0, 0.25)
    low, high = light
    return c.gradient("night sky", t, 1.0, low + (high - low) * np.clip(t, 0, 1) ** 1.5)


def stars(c: Canvas, count, bottom=1.0, brightest=60):
    """Points of light of many magnitudes, added to the lightness of what is there."""
    xs, ys = c.rng.random(count) * c.w, c.rng.random(count) * bottom
    power = brightest * c.rng.random(count) ** 3 + 6
    rows = np.minimum((ys / c.pixel).astype(int), c.L.shape[0] - 1)
    columns = np.minimum((xs / c.pixel).astype(int), c.L.shape[1] - 1)
    np.maximum.at(c.L, (rows, columns), (c.L[rows, columns] + power).astype(np.float32))


def moon_disc(c: Canvas, x, y, r):
    """A full moon with grey seas and craters."""
    distance = np.sqrt((c.x - x) ** 2 + (c.y - y) ** 2)
    c.shade(18 * np.exp(-np.maximum(distance - r, 0) / (1.2 * r + 0.03)))
    disc = c.ellipse(x, y, r)
    seas = smooth(-0.2, 1.0, c.noise(1.7, 0.12 / r, at=disc.at))
    pits = c.noise(1.3, 0.1 / r, at=disc.at, lit=True)
    light = 88 - 22 * seas + 4.0 * pits - 12 * np.clip(disc.u**2 + disc.v**2, 0, 1) ** 3
    c.put("moon", disc, light)
