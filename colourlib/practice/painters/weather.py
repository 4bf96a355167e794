"""Scenes of weather and air: clouds, storm, fog, tornado, hurricane."""

import numpy as np

from . import nature as n
from . import sky
from .canvas import Canvas, smooth


def sunset(c: Canvas):
    """A low sun over the sea or over dark hills."""
    horizon = c.uniform(0.5, 0.68)
    x, y = c.uniform(0.2, 0.8) * c.w, horizon - c.uniform(0.03, 0.22)
    light = sky.sunset_sky(c, horizon, x, y)
    sky.sun_disc(c, x, y, c.uniform(0.035, 0.08), 0.16)
    at = n.below(c, horizon)
    if c.chance(0.6):
        deep = np.maximum(c.y[at[0]] - horizon, 0)
        rows = np.clip((horizon - 1.3 * deep) / c.pixel, 0, c.L.shape[0] - 1).astype(int)[:, 0]
        glow = 1.0 - np.sqrt(0.9 * (c.x - x) ** 2 + (deep + 0.1) ** 2) / 0.75
        ripple = c.noise_at(1.2, c.x * 0.5, 0.09 / (deep + 0.03), lit=True)
        value = 0.6 * light[rows] + 4 * ripple - 4
        c.gradient("sunset sky", glow, n.cover_below(c, horizon, at), value, at)
        n.glitter(c, x, horizon, 24, c.uniform(0.03, 0.06))
        if c.chance(0.5):
            boat_x, s = c.uniform(0.1, 0.9) * c.w, c.uniform(0.1, 0.2)
            foot = horizon + c.uniform(0.04, 0.12)
            sail = [
                (boat_x, foot - 0.1 * s),
                (boat_x, foot - s),
                (boat_x + 0.4 * s, foot - 0.1 * s),
            ]
            c.put("ember", c.polygon(sail), 14)
            c.put(
                "ember",
                c.polygon(
                    [
                        (boat_x - 0.3 * s, foot - 0.08 * s),
                        (boat_x + 0.5 * s, foot - 0.08 * s),
                        (boat_x + 0.3 * s, foot),
                    ]
                ),
                11,
            )
    else:
        for layer in range(3):
            top = n.hill_line(c, horizon + 0.02 + 0.13 * layer, 0.035, 0.16)
            at = n.below(c, float(top.min()))
            shade = 22 - 4 * layer + 1.5 * c.noise(1.0, 0.8, at=at)
            c.paint("ember", n.cover_below(c, top, at), shade, at)
        if c.chance(0.6):
            for _ in range(c.count(2, 6)):
                n.fir(
                    c,
                    c.uniform(0, c.w),
                    c.uniform(0.85, 1.05),
                    c.uniform(0.2, 0.4),
                    15,
                    name="ember",
                )


def cloudscape(c: Canvas):
    """Clouds seen from among them: heaps above a white sea of cloud."""
    horizon = c.uniform(0.6, 0.95)
    sky.day_sky(c, horizon)
    sky.sheet_clouds(c, horizon * 0.7, c.uniform(0.2, 0.45), size=1.6)
    for i in range(c.count(5, 8)):
        near = i / 8
        size = c.uniform(0.14, 0.2) + 0.2 * near
        y = horizon * (0.5 + 0.5 * near) + c.uniform(-0.1, 0.1)
        sky.cumulus(c, c.uniform(0, c.w), y, size, light=(c.uniform(60, 70), 95))
    if horizon < 0.85:
        for y in (horizon + 0.06, horizon + 0.2, 1.1):
            at = n.below(c, y - 0.04)
            c.paint("cloud", 1.0, 80, at)
            for i in range(4):
                x = (i + c.uniform(0, 1)) / 4 * c.w
                size = (0.14 + 0.5 * (y - horizon)) * c.uniform(0.9, 1.3)
                sky.cumulus(c, x, y, size, light=(74, 95))


def balloons(c: Canvas):
    """Hot-air balloons above hills."""
    horizon = c.uniform(0.72, 0.88)
    sky.day_sky(c, horizon)
    if c.chance(0.6):
        sky.sheet_clouds(c, horizon, c.uniform(0.15, 0.45))
    n.ridges(c, horizon + 0.06, c.uniform(0.1, 0.2), layers=3, far=1.0, near=0.2)
    n.field(c, n.hill_line(c, horizon + 0.08, 0.02), "grass", 58)
    for r in sorted(c.uniform(0.05, 0.2) for _ in range(c.count(3, 6))):
        balloon(c, c.uniform(0.08, 0.92) * c.w, c.uniform(0.15, 0.62), r)


def balloon(c: Canvas, x, y, r):
    """A hot-air balloon: gores in two colours, a skirt and a basket."""
    body = c.ellipse(x, y, r)
    neck = c.polygon(
        [
            (x - 0.83 * r, y + 0.55 * r),
            (x + 0.83 * r, y + 0.55 * r),
            (x + 0.2 * r, y + 1.35 * r),
            (x - 0.2 * r, y + 1.35 * r),
        ]
    )
    first, second = c.region(), c.region()
    style = c.count(0, 2)  # gores, bands, plain with one band
    for patch in (neck, body):
        u = (c.x[:, patch.at[1]] - x) / r
        v = (c.y[patch.at[0]] - y) / r
        belly = np.where(
            v < 0.55,
            np.sqrt(np.clip(1 - np.minimum(v, 0.55) ** 2, 0.02, 1)),
            0.83 - 0.79 * (v - 0.55),
        )
        across = np.arcsin(np.clip(u / np.maximum(belly, 0.15), -1, 1))
        if style == 0:
            stripe = np.sin(across * 5) > 0
        else:
            stripe = (np.sin(v * 7) > 0) if style == 1 else (np.abs(v - 0.05) < 0.28) & (u > -9)
        light = 57 - 9 * across / 1.57 - 5 * v - 5 * (np.abs(np.sin(across * 5)) < 0.3)
        c.paint("balloon", patch.alpha, light, patch.at, first)
        c.paint("balloon", patch.alpha * stripe, light - 6, patch.at, second)
    top = y + 1.6 * r
    for side in (-1, 1):
        c.put(
            "bark",
            c.polygon(
                [
                    (x + side * 0.16 * r, y + 1.3 * r),
                    (x + side * 0.13 * r, top),
                    (x + side * 0.1 * r, top),
                ]
            ),
            30,
        )
    c.put("wood", c.box(x - 0.15 * r, top, x + 0.15 * r, top + 0.22 * r), 40)


def lightning(c: Canvas, x, top, foot):
    """A forked flash, lighting up the cloud around it."""
    c.shade(16 * np.exp(-np.sqrt((c.x - x) ** 2 + 0.3 * (c.y - top) ** 2) / 0.16))
    points, px = [], x
    for i in range(9):
        points.append((px, top + (foot - top) * i / 8))
        px += c.uniform(-0.05, 0.05)
    w = 0.007
    line = [(a - w, b) for a, b in points] + [(a + w, b) for a, b in points[::-1]]
    region = c.put("lightning", c.polygon(line), 94)
    ax, ay = points[4]
    bx, by = ax + c.uniform(-0.2, 0.2), ay + 0.6 * (foot - ay)
    c.put("lightning", c.polygon([(ax - w, ay), (bx, by), (ax + w, ay)]), 90, region)


def thunderstorm(c: Canvas):
    """Lightning and a curtain of rain over a dark sea or dark fields."""
    horizon = c.uniform(0.6, 0.75)
    sky.storm_sky(c, horizon, c.uniform(26, 38))
    for _ in range(c.count(1, 2)):
        lightning(c, c.uniform(0.15, 0.85) * c.w, c.uniform(0.05, 0.2), horizon + 0.01)
    if c.chance(0.5):
        n.water(c, horizon, "sea", 34, waves=7, sky=6)
    else:
        n.ridges(c, horizon + 0.03, 0.06, layers=1, far=0.3)
        n.field(c, horizon + 0.02, "grass", 46)
    middle, wide = c.uniform(0, 1) * c.w, c.uniform(0.15, 0.3)
    curtain = smooth(1.0, 0.3, np.abs(c.x - middle - 0.2 * (c.y - 0.5)) / wide)
    curtain = curtain * smooth(0.3, 0.5, c.y) * smooth(horizon + 0.03, horizon - 0.05, c.y)
    streaks = c.noise_at(1.0, c.x + 0.2 * c.y, 0.06 * c.y + 0 * c.x)
    c.paint("fog", 0.45 * curtain, 58 + 5 * streaks)


def foggy_hills(c: Canvas):
    """Wooded hills that fade into fog, layer by layer."""
    c.paint("fog", 1.0, 80 - 6 * c.y + 3.5 * c.noise(1.6, 0.15, 0.5))
    layers = c.count(4, 6)
    for i in range(layers):
        t = (i + 1) / layers
        foot = 0.25 + 0.75 * t + c.uniform(-0.03, 0.03)
        line = n.hill_line(c, foot - 0.15, 0.07, 0.15)
        teeth = np.abs((c.x * (26 - 18 * t) + 0.5 * c.skyline(0.6, 0.4)) % 1 - 0.5)
        top = line - (0.05 + 0.14 * t) * (0.5 + 0.35 * c.skyline(0.9, 0.4) + 0.6 * (0.5 - teeth))
        at = n.below(c, float(top.min()))
        mist = smooth(0.02, 0.2 + 0.1 * t, c.y[at[0]] - line)
        bark = c.noise(1.1, 0.7, at=at) * t
        light = 76 - 46 * t**0.9 + 3 * bark
        name = "fog" if t < 0.55 else "haze 1" if t < 0.7 else "fir"
        cover = n.cover_below(c, top, at)
        c.paint(name, cover, light, at)
        if i < layers - 1:
            c.paint("fog", cover * mist * 0.9, 82 - 4 * t, at)


def tornado(c: Canvas):
    """A twisting funnel between a dark cloud and the fields, dust at its foot."""
    horizon = c.uniform(0.72, 0.82)
    sky.storm_sky(c, horizon, c.uniform(44, 54))
    name = "wheat" if c.chance(0.5) else "grass"
    n.field(c, horizon, name, 50)
    x, top = c.uniform(0.25, 0.75) * c.w, c.uniform(0.08, 0.2)
    foot = horizon + c.uniform(0.02, 0.08)
    down = np.clip((c.y - top) / (foot - top), 0, 1)
    bend = c.uniform(-0.25, 0.25) * (1 - down) + 0.02 * c.skyline(1.5, 0.5, x=c.y)
    half = 0.025 + 0.26 * (1 - down) ** c.uniform(2.0, 3.0)
    half = half * (1 + 0.06 * c.skyline(0.9, 0.9, x=c.y))
    u = (c.x - x - bend) / half
    spin = c.noise_at(1.3, 0.12 * np.arcsin(np.clip(u, -1, 1)), 0.9 * c.y + 0.10 * u, lit=True)
    inside = smooth(1.05, 0.92, np.abs(u)) * (down > 0) * (down < 1)
    light = 40 - 11 * u + 5 * spin - 6 * (1 - down)
    c.paint("storm cloud", inside, light)
    lid = c.noise(1.9, 0.25, 0.4)
    c.paint("storm cloud", smooth(top + 0.1, top - 0.04, c.y + 0.035 * lid), 30 + 6 * lid)
    for _ in range(9):
        r = c.uniform(0.03, 0.08)
        puff = c.ellipse(
            x + c.uniform(-0.15, 0.15), foot - 0.3 * r, r * 1.4, r, ragged=0.6, soft=0.03
        )
        c.put("soil", puff, 46 - 9 * puff.v)


def hurricane(c: Canvas):
    """A hurricane from above: arms of cloud that wind into the eye, over the sea."""
    c.paint("sea", 1.0, 40 + 3 * c.noise(1.4, 0.4, lit=True) + 2 * c.noise(2.0, 0.2))
    if c.chance(0.6):
        coast = c.uniform(0.0, 0.3) + c.uniform(-0.4, 0.4) * (c.y - 0.5) + 0.12 * c.noise(1.8, 0.2)
        side = c.x if c.chance(0.5) else c.w - c.x
        land = smooth(0.005, -0.005, side - coast)
        c.paint("land globe", land, 44 + 5 * c.noise(1.4, 0.4, lit=True))
    x, y = c.uniform(0.35, 0.65) * c.w, c.uniform(0.35, 0.65)
    dx, dy = c.x - x, (c.y - y) * c.uniform(1.0, 1.3)
    radius = np.sqrt(dx * dx + dy * dy) + 1e-4
    turn, size = (1 if c.chance(0.5) else -1), c.uniform(0.38, 0.5)
    wind = np.arctan2(dy, dx) + turn * c.uniform(2.2, 3.2) * np.log(radius / size)
    cos, sin = np.cos(wind), np.sin(wind)
    reach = 0.10 + 0.10 * radius
    place = c.somewhere()
    bands = c.noise_at(1.6, reach * cos + 0.25 * radius, reach * sin, place=place)
    relief = c.noise_at(1.5, 2 * reach * cos + 0.5 * radius, 2 * reach * sin, lit=True)
    arms = np.cos(c.count(2, 3) * wind)
    cover = 1.5 - 2.1 * radius / size + 0.75 * arms * smooth(0.1, 0.5, radius / size) + 0.55 * bands
    eye = c.uniform(0.02, 0.045)
    cloud = smooth(-0.2, 0.5, cover) * smooth(eye * 0.8, eye * 1.3, radius)
    light = 74 + 12 * smooth(-0.2, 1.4, cover) + 4.5 * relief + 5 * arms
    c.paint("cloud", cloud, light - 10 * smooth(2.2 * eye, eye, radius))


PAINTERS = {
    "sunset": sunset,
    "cloudscape": cloudscape,
    "balloons": balloons,
    "thunderstorm": thunderstorm,
    "foggy hills": foggy_hills,
    "tornado": tornado,
    "hurricane": hurricane,
}
