"""Scenes of buildings: village, skyline, city by night, a town after an earthquake."""

import numpy as np

from . import nature as n
from . import sky
from .canvas import Canvas, smooth
from .houses import house, towers
from .street import car


def village(c: Canvas):
    """Houses of every colour along a street."""
    horizon = c.uniform(0.5, 0.66)
    sky.day_sky(c, horizon)
    for _ in range(c.count(0, 3)):
        sky.cumulus(c, c.uniform(0, c.w), c.uniform(0.15, 0.6) * horizon, c.uniform(0.1, 0.2))
    n.ridges(c, horizon + 0.04, c.uniform(0.12, 0.22), layers=2, far=0.9, near=0.2)
    n.field(c, n.hill_line(c, horizon, 0.012), "grass", c.uniform(54, 62))
    for row, (foot, size) in enumerate(((horizon + 0.06, 0.24), (horizon + 0.2, 0.42))):
        x = c.uniform(-0.1, 0.15)
        while x < c.w + 0.1:
            s = size * c.uniform(0.85, 1.2)
            if c.chance(0.75):
                house(c, x, foot + c.uniform(-0.02, 0.03), s)
            elif row:
                n.tree(c, x, foot + 0.03, s * 0.8)
            x += s * c.uniform(0.95, 1.3)
    top = horizon + 0.27
    at = n.below(c, top)
    c.paint("pavement", n.cover_below(c, top, at), 60 + 3 * c.noise(1.0, 0.8, at=at), at)
    at = n.below(c, top + 0.05)
    c.paint("road", n.cover_below(c, top + 0.05, at), 40 + 2 * c.noise(0.8, 0.8, at=at), at)


def skyline(c: Canvas):
    """A city of towers by day, beside a river or a road."""
    foot = c.uniform(0.74, 0.88)
    sky.day_sky(c, foot)
    if c.chance(0.7):
        sky.sheet_clouds(c, foot * 0.8, c.uniform(0.2, 0.55))
    towers(c, foot, 0.22, 0.5, 66, contrast=0.35)
    towers(c, foot, 0.18, 0.68, 54, contrast=0.8)
    if c.chance(0.5):
        n.wood(c, foot + 0.01, 0.05, 38, "leaves", 0.4)
    if c.chance(0.6):
        n.water(c, foot, "lake", 40, waves=4, sky=16)
    else:
        at = n.below(c, foot)
        c.paint("road", n.cover_below(c, foot, at), 38 + 2 * c.noise(0.8, 0.8, at=at), at)
        for _ in range(c.count(2, 4)):
            car(c, c.uniform(0, c.w), c.uniform(foot + 0.06, 0.98), 0.2, 1)


def night_city(c: Canvas):
    """Dark towers full of lit windows, below the moon."""
    foot = c.uniform(0.78, 0.95)
    sky.night_sky(c, foot, (10, c.uniform(20, 30)))
    sky.stars(c, 60, foot * 0.6)
    if c.chance(0.6):
        sky.moon_disc(c, c.uniform(0.1, 0.9) * c.w, c.uniform(0.1, 0.25), c.uniform(0.04, 0.07))
    for row in range(2):
        x = c.uniform(-0.1, 0.0)
        while x < c.w:
            wide = c.uniform(0.16, 0.28)
            tall = c.uniform(0.2, 0.62) * (1.15 - 0.25 * row)
            front = c.box(x, foot - tall, x + wide, foot)
            c.put("night tower", front, 17 - 6 * row - 3 * front.u)
            columns, rows = max(2, round(wide / 0.08)), max(3, round(tall / 0.085))
            lit = c.rng.random((rows + 1, columns + 1)) < c.uniform(0.25, 0.6)
            gx, gy = (front.u + 1) * 0.5 * columns, (front.v + 1) * 0.5 * rows
            inside = (np.abs(gx % 1 - 0.5) < 0.34) & (np.abs(gy % 1 - 0.5) < 0.34)
            inside = inside & (front.alpha > 0.9)
            cell = lit[np.clip(gy, 0, rows).astype(int), np.clip(gx, 0, columns).astype(int)]
            c.paint("lit window", (inside & cell).astype(np.float32), c.uniform(62, 76), front.at)
            x += wide + c.uniform(0.0, 0.06)
    n.water(c, foot, "night water", 14, waves=5, sky=14)


def earthquake(c: Canvas):
    """A street torn open: cracks, leaning houses, rubble and dust."""
    horizon = c.uniform(0.4, 0.52)
    sky.day_sky(c, horizon)
    x = c.uniform(-0.2, 0.0)
    while x < c.w + 0.2:
        s = c.uniform(0.34, 0.5)
        if c.chance(0.6):
            ruin(c, x, horizon + 0.08, s)
        x += s * c.uniform(0.8, 1.1)
    dust = smooth(-0.4, 1.6, c.noise(1.8, 0.2, 0.3)) * smooth(
        0.28, 0.05, np.abs(c.y - horizon + 0.06)
    )
    c.paint("fog", 0.75 * dust, 74)
    top = horizon + 0.06
    at = n.below(c, top)
    far = np.maximum(c.y[at[0]] - top, 0) + 0.04
    slabs = c.noise_at(1.6, c.x * 0.35, 0.25 * np.log(far))
    tilt = 5 * np.round(slabs * 1.5)
    c.paint("road", n.cover_below(c, top, at), 44 + tilt + 2 * c.noise(0.8, 0.8, at=at), at)
    for _ in range(c.count(2, 3)):
        vein = c.uniform(0.1, 0.9) * c.w + 0.16 * c.skyline(1.0, 0.5, x=c.y)[at[0]]
        wide = far * c.uniform(0.12, 0.3) * (1 + 0.35 * c.skyline(0.7, 0.6, x=c.y)[at[0]])
        gap = np.abs(c.x - vein) / np.maximum(wide, 0.008)
        c.paint("soil", smooth(1.5, 1.3, gap), 46 + 6 * c.noise(0.9, 0.9, at=at), at)
        c.paint("soil", smooth(1.0, 0.8, gap), 18, at)
    for _ in range(c.count(8, 14)):
        foot = c.uniform(top, 0.98)
        r = (0.02 + 0.1 * (foot - top)) * c.uniform(0.8, 1.5)
        x = c.uniform(0, c.w)
        turn = np.sort(c.rng.random(6)) * 2 * np.pi
        stone = c.polygon([(x + r * np.cos(t), foot + 0.7 * r * np.sin(t)) for t in turn])
        c.put("rock", stone, 50 - 16 * stone.v - 8 * stone.u)


def ruin(c: Canvas, x, foot, size):
    """A house that leans, its wall broken off at the top, its windows empty."""
    wide, tall, lean = 0.3 * size, size * c.uniform(0.6, 1.0), size * c.uniform(-0.3, 0.3)
    edge = [
        (x - wide + 2 * wide * i / 7 + lean, foot - tall * c.uniform(0.75, 1.1)) for i in range(8)
    ]
    wall = c.polygon([(x - wide, foot), *edge, (x + wide, foot)])
    base = c.uniform(52, 66)
    c.put("wall", wall, base - 7 * wall.u + 2 * c.noise(1.0, 0.6, at=wall.at))
    for u in (-0.5, 0.4):
        for up in (0.28, 0.6):
            w, wx, wy = 0.13 * wide, x + u * wide + up * lean, foot - up * tall
            hole = [
                (wx - w, wy),
                (wx + w, wy),
                (wx + w + 0.2 * lean, wy - 0.2 * tall),
                (wx - w + 0.2 * lean, wy - 0.2 * tall),
            ]
            c.put("window", c.polygon(hole), 20)


PAINTERS = {
    "village": village,
    "skyline": skyline,
    "night city": night_city,
    "earthquake": earthquake,
}
