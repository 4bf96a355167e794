"""Scenes of water and ice: beach, open sea, lake, great wave, icebergs, reef."""

import numpy as np

from . import nature as n
from .canvas import Canvas, smooth
from .street import umbrella


def ship(c: Canvas, x, y, size):
    turn, hull = c.side(), [(-0.42, 0.12), (0.45, 0.14), (0.3, 0), (-0.33, 0)]
    c.put("hull", c.outline(x, y, size, size, hull), c.uniform(30, 52))
    cloth, boom = c.region(), y - 0.17 * size
    for side, wide, tall in ((turn, 0.42, 0.95), (-turn, 0.3, 0.78)):
        sail = [(0.02, 0.0), (0.02, tall), (0.7 * wide, 0.35 * tall), (wide, 0.0)]
        c.put("sail", c.outline(x, boom, side * size, size, sail), 84, cloth, u=-7 * side)


def open_sea(c: Canvas):
    horizon = n.day(c, 0.25, 0.55, clouds=(1, 0.15, 0.65))
    if c.chance(0.35):
        n.ridges(c, horizon + 0.01, c.uniform(0.04, 0.1), layers=1, far=0.9)
    n.water(c, horizon, "sea", c.uniform(36, 44), waves=c.uniform(5, 9), sky=14)
    at, far = n.ground(c, horizon, 0.05)
    caps = c.noise_at(1.1, c.x * (0.05 / far + 0.4), 0.1 / far, lit=True)
    c.paint("foam", smooth(2.0, 2.5, caps) * smooth(0.1, 0.2, far), 84, at)
    for y in c.feet(horizon + 0.02, 0.8, 0, 4):
        ship(c, c.across(0.05, 0.95), y, 0.09 + 0.55 * (y - horizon))


def beach(c: Canvas):
    horizon = n.day(c, 0.28, 0.42, clouds=(1, 0.15, 0.5))
    n.water(c, horizon, "sea", c.uniform(38, 46), waves=4, sky=8)
    if c.chance(0.5):
        ship(c, c.across(0.1, 0.9), horizon + 0.04, 0.11)
    shore = c.uniform(0.56, 0.66) + c.uniform(-0.25, 0.25) * (c.x / c.w - 0.5)
    shore = shore + 0.018 * np.clip(c.skyline(1.6, 0.3), -2, 2)
    surf = shore - c.uniform(0.08, 0.13)
    at = n.below(c, float(surf.min()) - 0.05)
    rip = c.noise(1.3, 0.25, 1.0, at=at)
    n.lay(c, "shallows", surf + 0.02 * rip, 66 + 3 * rip, at)
    for line in (surf, 0.5 * (surf + shore) + 0.01, shore):
        wave = np.abs(c.y[at[0]] - line - 0.01 * rip)
        c.paint("foam", smooth(0.02, 0.008, wave + 0.006 * rip), 90, at)
    at = n.below(c, shore)
    prints = c.noise(1.5, 0.6, 0.9, at=at, lit=True)
    wet = smooth(0.09, 0.02, c.y[at[0]] - shore + 0.01 * prints)
    grains = 2.2 * prints + 1.5 * c.noise(0.7, 0.9, at=at)
    n.lay(c, "sand", shore + 0.006, c.uniform(74, 82) - 16 * wet + grains, at)
    if c.chance(0.6):
        n.palm(c, c.across(), c.uniform(0.85, 1.0), c.uniform(0.55, 0.75))
    for foot in c.feet(0.8, 0.99, 1, 4):
        x, r = c.across(0.1, 0.9), 0.12 + 0.4 * (foot - 0.6)
        c.shadow(17, x + 0.5 * r, foot, 1.0 * r, 0.2 * r, 0.08 * r)
        towel = c.outline(x, foot, r, r, [(-1.5, -0.3), (-0.5, -0.02), (0.05, -0.1), (-0.9, -0.42)])
        c.put("clothes", towel, 56 + 5 * np.sign(np.sin(5 * towel.u)))
        c.put("wood", c.box(x - 0.03 * r, foot - 1.1 * r, x + 0.03 * r, foot), 48)
        umbrella(c, x, foot - 0.95 * r, 0.9 * r)


def lake(c: Canvas):
    shore = n.day(c, 0.48, 0.6, clouds=(0.6, 0.2, 0.5), reach=0.9)
    if c.chance(0.7):
        n.alps(c, shore, c.uniform(0.25, 0.42), c.uniform(0.3, 0.7))
    n.ridges(c, shore + 0.02, c.uniform(0.1, 0.2), layers=2, far=0.8, near=0.2)
    n.wood(c, shore + 0.005 + 0 * c.x, c.uniform(0.04, 0.1), 26)
    at = n.below(c, shore)
    deep = c.y[at[0]] - shore
    wiggle = c.noise_at(1.2, c.x * 0.12, 0.09 / (deep + 0.04), lit=True)
    source = (2 * shore - c.y[at[0]] + 0.006 * wiggle * (0.3 + 3 * deep)) / c.pixel
    source = np.clip(source, 0, at[0].start).astype(int)
    mirror = c.L[source, np.arange(c.L.shape[1])[None, :]]
    n.lay(c, "lake", shore, 20 + 0.36 * mirror + (3 + 4 * deep) * wiggle - 6 * deep, at)
    if c.chance(0.6):
        n.field(c, n.hill_line(c, c.uniform(0.88, 0.96), 0.03, 0.1), "grass", 56)
    if c.chance(0.4):
        ship(c, c.across(0.15, 0.85), c.uniform(shore + 0.08, 0.85), c.uniform(0.12, 0.2))
    for _ in range(c.count(0, 2)):
        n.fir(c, c.across(), c.uniform(0.95, 1.05), c.uniform(0.3, 0.5), 28)


def great_wave(c: Canvas):
    """A huge wave that curls over before it breaks on the shore."""
    horizon = c.uniform(0.5, 0.6)
    n.storm_sky(c, horizon, c.uniform(50, 60))
    n.water(c, horizon, "sea", 42, waves=6, sky=8)
    turn, foot = c.side(), c.uniform(0.82, 0.9)
    height, wide = c.uniform(0.56, 0.72), c.uniform(0.42, 0.55)
    crest = c.w * 0.5 + turn * c.uniform(-0.1, 0.12)  # the wave runs towards growing u
    u = turn * (c.x - crest) / wide
    back = np.exp(-((np.minimum(u, 0) / 1.35) ** 2))
    front = np.sqrt(np.clip(1 - (np.maximum(u, 0) / 0.86) ** 2, 0, 1)) ** 0.8
    top = foot - height * (back * front + 0.025 * c.skyline(1.2, 0.5))
    at = n.below(c, float(top.min()) - 0.06)
    up = (foot - c.y[at[0]]) / height  # 0 at the foot, 1 at the crest
    bend = np.hypot(u - 0.5, 0.9 * (up - 0.36))  # rings around the hollow of the curl
    sweep = c.noise_at(1.4, 0.45 * bend, 0.07 * np.arctan2(up - 0.36, u - 0.5), lit=True)
    light = 56 - 17 * smooth(0.9, 0.25, bend) + 6 * sweep - 5 * smooth(0.4, 0, up)
    inside = n.cover_below(c, top, at)
    c.paint("sea", inside, light, at)
    hollow = smooth(1.05, 0.95, np.hypot((u - 0.46) / 0.27, (up - 0.36) / 0.34))
    c.paint("sea", hollow * inside, 32 + 4 * sweep + 16 * smooth(0.3, 0.75, u), at)
    spray, edge = c.noise(1.3, 0.5, at=at), (c.y[at[0]] - top) / height
    lip = smooth(0.15, 0.06, edge + 0.05 * spray) * smooth(-0.1, -0.03, edge + 0.04 * spray)
    c.paint("foam", lip * smooth(0.25, 0.5, back) * (u < 0.9), 86 + 5 * spray, at)
    curtain = 0.42 - 0.32 * smooth(0.35, 0.85, u)  # how far down the falling lip is white
    fingers = smooth(0, 0.14, up - 1.15 + curtain * 2 * u + 0.1 * spray)
    fingers = fingers * smooth(0.1, 0.3, u) * inside * (1 - hollow)
    c.paint("foam", fingers, 82 + 6 * spray, at)
    c.paint("foam", smooth(0.9, 1.5, sweep) * inside * smooth(0.1, 0.3, up) * 0.8, 80, at)
    n.water(c, foot, "sea", 42, waves=8, sky=4)
    at = n.below(c, foot - 0.1)
    churn = c.noise(1.4, 0.4, 0.8, at=at)
    boil = 0.04 * np.exp(-(((u - 0.45) / 0.3) ** 2))
    depth = np.abs(c.y[at[0]] - foot + 0.01) - 0.025 * churn - boil
    c.paint("foam", smooth(0.05, 0.015, depth), 86 + 4 * churn, at)
    for _ in range(c.count(0, 2)):
        n.palm(c, crest + turn * c.uniform(0.6, 1.0) * wide, 1.02, c.uniform(0.25, 0.4))


def icebergs(c: Canvas):
    horizon = c.uniform(0.35, 0.5)
    if c.chance(0.35):
        c.paint("fog", 1.0, 68 + 14 * np.clip(c.y / horizon, 0, 1) + 2 * c.noise(1.8, 0.25))
    else:
        n.day_sky(c, horizon)
        n.sheet_clouds(c, horizon, c.uniform(0.2, 0.5))
    if c.chance(0.5):
        n.alps(c, horizon + 0.01, c.uniform(0.12, 0.22), 0.95)
    n.water(c, horizon, "sea", c.uniform(34, 46), waves=5, sky=14)
    for foot in c.feet(horizon + 0.03, 0.85, 3, 5):
        x, size = c.across(), (0.1 + 0.6 * (foot - horizon)) * c.uniform(0.8, 1.3)
        wide, base = size * c.uniform(0.7, 1.2), foot - 0.05 * size
        mirror = c.outline(x, foot, wide, size, [(-1, 0), (-0.6, -0.22), (0.5, -0.28), (1, 0)])
        c.shade(10 * mirror.alpha, mirror.at)
        marks = np.linspace(-1, 1, 8)
        tops = [size * (1.05 - 0.75 * abs(m)) * c.uniform(0.55, 1.15) for m in marks]
        edge = [(x + m * wide * 0.92, foot - t) for m, t in zip(marks, tops, strict=True)]
        block, region = c.polygon([(x - wide, foot), *edge, (x + wide, foot)]), c.region()
        facets = c.noise(1.7, 0.25 / size, 0.12 / size, at=block.at, lit=True)
        c.put("ice", block, 70 + 5 * np.round(facets * 1.3) - 6 * block.v, region)
        for (ax, ay), (bx, by) in zip(edge[:-1:2], edge[1::2], strict=True):
            facet = [(ax, ay), (bx, by), (bx + 0.12 * wide, base), (ax + 0.05 * wide, base)]
            c.put("ice", c.polygon(facet), c.uniform(52, 64), region)
        lower = [(px, py + size * c.uniform(0.08, 0.3)) for px, py in edge[::-1]]
        c.put("snow", c.polygon([*edge, *lower]), 91)
    for foot in c.feet(horizon + 0.15, 1.0, 4, 9):
        x, r = c.across(), 0.03 + 0.2 * (foot - horizon)
        c.put("ice", c.ellipse(x, foot, r, 0.25 * r, ragged=0.5, grain=0.4), 58)
        c.put("snow", c.ellipse(x, foot - 0.08 * r, 0.97 * r, 0.22 * r, ragged=0.5, grain=0.4), 90)


def reef(c: Canvas):
    """Under water: shafts of light, corals on the sand, fish of every colour."""
    t = np.clip(0.95 * c.y + 0.06 * c.noise(2.0, 0.2), 0, 1)
    slope, origin = c.uniform(-0.6, 0.6), c.across(0.2, 0.8)
    shafts = c.skyline(1.3, 0.35, x=(c.x - origin - slope * c.y) / (0.35 + c.y)) * (1 - t)
    c.gradient("deep", t, 1.0, 74 - 42 * t + 10 * shafts)
    bed = n.hill_line(c, c.uniform(0.8, 0.9), 0.03, 0.15)
    at = n.below(c, bed)
    n.lay(c, "sand", bed, 48 + 14 * smooth(0.35, 0.0, np.abs(c.noise(1.8, 0.5, 1.1, at=at))), at)
    for _ in range(c.count(4, 7)):
        x, foot, r = c.across(), c.uniform(0.84, 1.0), c.uniform(0.1, 0.2)
        region, w = c.region(), 0.13 * r
        if c.chance(0.5):  # a knobbly head, else a fan of branches
            head = c.ellipse(x, foot, 1.2 * r, r, ragged=0.5, grain=0.3 / r)
            knobs = c.noise(1.0, 0.25 / r, at=head.at, lit=True)
            c.put("coral", head, 44 - 9 * head.v - 4 * head.u + 6 * knobs, region)
            continue
        for angle in np.linspace(-1.0, 1.0, 6) + c.uniform(-0.1, 0.1):
            long = r * c.uniform(1.1, 1.8)
            ex, ey = x + long * np.sin(angle), foot - long * np.cos(angle)
            c.put("coral", c.taper(x, foot, w, ex, ey, 0.8 * w), 46, region, v=-9)
            c.put("coral", c.ellipse(ex, ey, 1.3 * w), 56, region)
    for _ in range(c.count(4, 9)):
        x, y, r = c.across(0.05, 0.95), c.uniform(0.12, 0.78), c.uniform(0.06, 0.15)
        turn, region, tall = c.side(), c.region(), r * c.uniform(0.5, 0.75)
        base, ahead = c.uniform(50, 62), turn * r
        tail = [(0, 0), (-0.6, 0.6), (-0.45, 0), (-0.6, -0.6)]
        c.put("fish", c.outline(x - 0.8 * ahead, y, ahead, tall, tail), base - 7, region)
        fin = [(0.3, 0.8), (-0.2, 1.4), (-0.6, 0.6)]
        c.put("fish", c.outline(x, y, ahead, tall, fin), base - 9, region)
        body = c.ellipse(x, y, r, tall)
        stripes = np.sin(c.uniform(5, 9) * body.u + c.uniform(0, 6))
        c.put("fish", body, base - 8 * body.v + c.uniform(2, 8) * np.sign(stripes), region)
        c.put("foam", c.ellipse(x + 0.62 * ahead, y - 0.2 * tall, 0.14 * r), 92)
        c.put("tyre", c.ellipse(x + 0.65 * ahead, y - 0.2 * tall, 0.07 * r), 8)
