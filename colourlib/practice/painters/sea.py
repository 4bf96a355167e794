"""Scenes of water and ice: beach, open sea, lake, great wave, icebergs, reef."""

import numpy as np

from . import nature as n
from . import sky
from .canvas import Canvas, smooth
from .street import umbrella


def ship(c: Canvas, x, y, size):
    """A sailing boat: hull and two sails."""
    s, turn = size, 1 if c.chance(0.5) else -1
    hull = [
        (x - 0.42 * s, y - 0.12 * s),
        (x + 0.45 * s, y - 0.14 * s),
        (x + 0.3 * s, y),
        (x - 0.33 * s, y),
    ]
    c.put("hull", c.polygon(hull), c.uniform(30, 52))
    cloth = c.region()
    for side, wide, tall in ((1, 0.42, 0.95), (-1, 0.3, 0.78)):
        foot = y - 0.17 * s
        sail = [(0.02, 0.0), (0.02, tall), (0.7 * wide, 0.35 * tall), (wide, 0.0)]
        patch = c.polygon([(x + turn * side * u * s, foot - v * s) for u, v in sail])
        c.put("sail", patch, 84 - 7 * patch.u * turn * side, cloth)


def open_sea(c: Canvas):
    """Waves to the horizon, with sailing boats and now and then an island."""
    horizon = c.uniform(0.25, 0.55)
    sky.day_sky(c, horizon)
    sky.sheet_clouds(c, horizon, c.uniform(0.15, 0.65))
    if c.chance(0.35):
        n.ridges(c, horizon + 0.01, c.uniform(0.04, 0.1), layers=1, far=0.9)
    n.water(c, horizon, "sea", c.uniform(36, 44), waves=c.uniform(5, 9), sky=14)
    at = n.below(c, horizon)
    far = np.maximum(c.y[at[0]] - horizon, 0) + 0.05
    caps = c.noise_at(1.1, c.x * (0.05 / far + 0.4), 0.1 / far, lit=True)
    c.paint("foam", smooth(2.0, 2.5, caps) * smooth(0.1, 0.2, far), 84, at)
    for y in sorted(c.uniform(horizon + 0.02, 0.8) for _ in range(c.count(0, 4))):
        ship(c, c.uniform(0.05, 0.95) * c.w, y, 0.09 + 0.55 * (y - horizon))


def beach(c: Canvas):
    """Sand, breaking waves and sea; umbrellas, towels and palms."""
    horizon = c.uniform(0.28, 0.42)
    sky.day_sky(c, horizon)
    sky.sheet_clouds(c, horizon, c.uniform(0.15, 0.5))
    n.water(c, horizon, "sea", c.uniform(38, 46), waves=4, sky=8)
    if c.chance(0.5):
        ship(c, c.uniform(0.1, 0.9) * c.w, horizon + 0.04, 0.11)
    shore = c.uniform(0.56, 0.66) + c.uniform(-0.25, 0.25) * (c.x / c.w - 0.5)
    shore = shore + 0.018 * np.clip(c.skyline(1.6, 0.3), -2, 2)
    surf = shore - c.uniform(0.08, 0.13)
    at = n.below(c, float(surf.min()) - 0.05)
    rip = c.noise(1.3, 0.25, 1.0, at=at)
    c.paint("shallows", n.cover_below(c, surf + 0.02 * rip, at), 66 + 3 * rip, at)
    for line in (surf, 0.5 * (surf + shore) + 0.01, shore):
        wave = np.abs(c.y[at[0]] - line - 0.01 * rip)
        c.paint("foam", smooth(0.02, 0.008, wave + 0.006 * rip), 90, at)
    at = n.below(c, float(shore.min()))
    deep = c.y[at[0]] - shore
    prints = c.noise(1.5, 0.6, 0.9, at=at, lit=True)
    wet = smooth(0.09, 0.02, deep + 0.01 * prints)
    grains = 2.2 * prints + 1.5 * c.noise(0.7, 0.9, at=at)
    c.paint("sand", n.cover_below(c, shore + 0.006, at), c.uniform(74, 82) - 16 * wet + grains, at)
    if c.chance(0.6):
        n.palm(c, c.uniform(0.0, 1.0) * c.w, c.uniform(0.85, 1.0), c.uniform(0.55, 0.75))
    for foot in sorted(c.uniform(0.8, 0.99) for _ in range(c.count(1, 4))):
        parasol(c, c.uniform(0.1, 0.9) * c.w, foot, 0.12 + 0.4 * (foot - 0.6))


def parasol(c: Canvas, x, foot, r):
    """A beach umbrella with its shade and a towel."""
    shade = c.ellipse(x + 0.5 * r, foot, 1.0 * r, 0.2 * r, soft=0.08 * r)
    c.shade(-17 * shade.alpha, shade.at)
    towel = [(-1.5, 0.3), (-0.5, 0.02), (0.05, 0.1), (-0.9, 0.42)]
    patch = c.polygon([(x + u * r, foot + v * r) for u, v in towel])
    c.put("clothes", patch, 56 + 5 * np.sign(np.sin(5 * patch.u)))
    c.put("wood", c.box(x - 0.03 * r, foot - 1.1 * r, x + 0.03 * r, foot), 48)
    umbrella(c, x, foot - 0.95 * r, 0.9 * r)


def lake(c: Canvas):
    """Mountains and a wood mirrored in a still lake."""
    shore = c.uniform(0.48, 0.6)
    sky.day_sky(c, shore)
    if c.chance(0.6):
        sky.sheet_clouds(c, shore * 0.9, c.uniform(0.2, 0.5))
    if c.chance(0.7):
        n.alps(c, shore, c.uniform(0.25, 0.42), c.uniform(0.3, 0.7))
    n.ridges(c, shore + 0.02, c.uniform(0.1, 0.2), layers=2, far=0.8, near=0.2)
    n.wood(c, shore + 0.005 + 0 * c.x, c.uniform(0.04, 0.1), 26)
    at = n.below(c, shore)
    rows = np.arange(at[0].start, at[0].stop)
    deep = c.y[at[0]] - shore
    wiggle = c.noise_at(1.2, c.x * 0.12, 0.09 / (deep + 0.04), lit=True)
    source = (2 * shore - c.y[at[0]] + 0.006 * wiggle * (0.3 + 3 * deep)) / c.pixel
    source = np.clip(source, 0, rows[0] if len(rows) else 0).astype(int)
    mirror = c.L[source, np.arange(c.L.shape[1])[None, :]]
    light = 20 + 0.36 * mirror + (3 + 4 * deep) * wiggle - 6 * deep
    c.paint("lake", n.cover_below(c, shore, at), light, at)
    if c.chance(0.6):
        bank = n.hill_line(c, c.uniform(0.88, 0.96), 0.03, 0.1)
        n.field(c, bank, "grass", 56)
    if c.chance(0.4):
        ship(c, c.uniform(0.15, 0.85) * c.w, c.uniform(shore + 0.08, 0.85), c.uniform(0.12, 0.2))
    for _ in range(c.count(0, 2)):
        n.fir(c, c.uniform(0, c.w), c.uniform(0.95, 1.05), c.uniform(0.3, 0.5), 28)


def great_wave(c: Canvas):
    """A huge wave that curls over before it breaks on the shore."""
    horizon = c.uniform(0.5, 0.6)
    sky.storm_sky(c, horizon, c.uniform(50, 60))
    n.water(c, horizon, "sea", 42, waves=6, sky=8)
    turn, foot = (1 if c.chance(0.5) else -1), c.uniform(0.82, 0.9)
    height, wide = c.uniform(0.56, 0.72), c.uniform(0.42, 0.55)
    crest = c.w * 0.5 + turn * c.uniform(-0.1, 0.12)  # the wave runs towards growing u
    u = turn * (c.x - crest) / wide
    back = np.exp(-((np.minimum(u, 0) / 1.35) ** 2))
    front = np.sqrt(np.clip(1 - (np.maximum(u, 0) / 0.86) ** 2, 0, 1)) ** 0.8
    top = foot - height * (back * front + 0.025 * c.skyline(1.2, 0.5))
    at = n.below(c, float(top.min()) - 0.06)
    y = c.y[at[0]]
    up = (foot - y) / height  # 0 at the foot, 1 at the crest
    bend = np.hypot(u - 0.5, 0.9 * (up - 0.36))  # rings around the hollow of the curl
    round_it = np.arctan2(up - 0.36, u - 0.5)
    sweep = c.noise_at(1.4, 0.45 * bend, 0.07 * round_it, lit=True)
    light = 56 - 17 * smooth(0.9, 0.25, bend) + 6 * sweep - 5 * smooth(0.4, 0, up)
    inside = n.cover_below(c, top, at)
    c.paint("sea", inside, light, at)
    hollow = smooth(1.05, 0.95, np.hypot((u - 0.46) / 0.27, (up - 0.36) / 0.34))
    c.paint("sea", hollow * inside, 32 + 4 * sweep + 16 * smooth(0.3, 0.75, u), at)
    spray = c.noise(1.3, 0.5, at=at)
    edge = (y - top) / height
    lip = smooth(0.15, 0.06, edge + 0.05 * spray) * smooth(-0.1, -0.03, edge + 0.04 * spray)
    c.paint("foam", lip * smooth(0.25, 0.5, back) * (u < 0.9), 86 + 5 * spray, at)
    curtain = 0.42 - 0.32 * smooth(0.35, 0.85, u)  # how far down the falling lip is white
    fingers = (
        smooth(0, 0.14, up - 1.15 + curtain * 2 * u + 0.1 * spray) * smooth(0.1, 0.3, u) * inside
    )
    fingers = fingers * (1 - hollow)
    c.paint("foam", fingers, 82 + 6 * spray, at)
    streak = smooth(0.9, 1.5, sweep) * inside * smooth(0.1, 0.3, up)
    c.paint("foam", streak * 0.8, 80, at)
    n.water(c, foot, "sea", 42, waves=8, sky=4)
    at = n.below(c, foot - 0.1)
    churn = c.noise(1.4, 0.4, 0.8, at=at)
    depth = (
        np.abs(c.y[at[0]] - foot + 0.01) - 0.025 * churn - 0.04 * np.exp(-(((u - 0.45) / 0.3) ** 2))
    )
    c.paint("foam", smooth(0.05, 0.015, depth), 86 + 4 * churn, at)
    for _ in range(c.count(0, 2)):
        n.palm(c, crest + turn * c.uniform(0.6, 1.0) * wide, 1.02, c.uniform(0.25, 0.4))


def iceberg(c: Canvas, x, foot, size):
    """A block of ice with bright snow on top, blue facets and a mirror image."""
    wide = size * c.uniform(0.7, 1.2)
    mirror = c.polygon(
        [
            (x - wide, foot),
            (x - 0.6 * wide, foot + 0.22 * size),
            (x + 0.5 * wide, foot + 0.28 * size),
            (x + wide, foot),
        ]
    )
    c.shade(10 * mirror.alpha, mirror.at)
    marks = np.linspace(-1, 1, 8)
    tops = [size * (1.05 - 0.75 * abs(m)) * c.uniform(0.55, 1.15) for m in marks]
    edge = [(x + m * wide * 0.92, foot - t) for m, t in zip(marks, tops, strict=True)]
    block = c.polygon([(x - wide, foot), *edge, (x + wide, foot)])
    region, white = c.region(), c.region()
    facets = c.noise(1.7, 0.25 / size, 0.12 / size, at=block.at, lit=True)
    c.put("ice", block, 70 + 5 * np.round(facets * 1.3) - 6 * block.v, region)
    for i in range(0, 7, 2):
        (ax, ay), (bx, by) = edge[i], edge[i + 1]
        base = foot - 0.05 * size
        c.put(
            "ice",
            c.polygon([(ax, ay), (bx, by), (bx + 0.12 * wide, base), (ax + 0.05 * wide, base)]),
            c.uniform(52, 64),
            region,
        )
    snow = c.polygon([*edge, *[(px, py + size * c.uniform(0.08, 0.3)) for px, py in edge[::-1]]])
    c.put("snow", snow, 91, white)


def icebergs(c: Canvas):
    """Icebergs and floes in a cold sea."""
    horizon = c.uniform(0.35, 0.5)
    if c.chance(0.35):
        c.paint("fog", 1.0, 68 + 14 * np.clip(c.y / horizon, 0, 1) + 2 * c.noise(1.8, 0.25))
    else:
        sky.day_sky(c, horizon)
        sky.sheet_clouds(c, horizon, c.uniform(0.2, 0.5))
    if c.chance(0.5):
        n.alps(c, horizon + 0.01, c.uniform(0.12, 0.22), 0.95)
    n.water(c, horizon, "sea", c.uniform(34, 46), waves=5, sky=14)
    for foot in sorted(c.uniform(horizon + 0.03, 0.85) for _ in range(c.count(3, 5))):
        iceberg(c, c.uniform(0, c.w), foot, (0.1 + 0.6 * (foot - horizon)) * c.uniform(0.8, 1.3))
    for foot in sorted(c.uniform(horizon + 0.15, 1.0) for _ in range(c.count(4, 9))):
        x, r = c.uniform(0, c.w), 0.03 + 0.2 * (foot - horizon)
        floe = c.ellipse(x, foot, r, 0.25 * r, ragged=0.5, grain=0.4)
        c.paint("ice", floe.alpha, 58, floe.at)
        top = c.ellipse(x, foot - 0.08 * r, 0.97 * r, 0.22 * r, ragged=0.5, grain=0.4)
        c.put("snow", top, 90)


def reef(c: Canvas):
    """Under water: shafts of light, corals on the sand, fish of every colour."""
    t = np.clip(0.95 * c.y + 0.06 * c.noise(2.0, 0.2), 0, 1)
    slope, origin = c.uniform(-0.6, 0.6), c.uniform(0.2, 0.8) * c.w
    fan = (c.x - origin - slope * c.y) / (0.35 + c.y)
    shafts = c.skyline(1.3, 0.35, x=fan + 0.0) * (1 - t)
    c.gradient("deep", t, 1.0, 74 - 42 * t + 10 * shafts)
    bed = n.hill_line(c, c.uniform(0.8, 0.9), 0.03, 0.15)
    at = n.below(c, float(bed.min()))
    net = np.abs(c.noise(1.8, 0.5, 1.1, at=at))
    c.paint("sand", n.cover_below(c, bed, at), 48 + 14 * smooth(0.35, 0.0, net), at)
    for _ in range(c.count(4, 7)):
        coral(c, c.uniform(0, c.w), c.uniform(0.84, 1.0), c.uniform(0.1, 0.2))
    for _ in range(c.count(4, 9)):
        fish(c, c.uniform(0.05, 0.95) * c.w, c.uniform(0.12, 0.78), c.uniform(0.06, 0.15))


def coral(c: Canvas, x, foot, r):
    """A coral: a knobbly head or a fan of branches."""
    region = c.region()
    if c.chance(0.5):
        head = c.ellipse(x, foot, 1.2 * r, r, ragged=0.5, grain=0.3 / r)
        knobs = c.noise(1.0, 0.25 / r, at=head.at, lit=True)
        c.put("coral", head, 44 - 9 * head.v - 4 * head.u + 6 * knobs, region)
        return
    for angle in np.linspace(-1.0, 1.0, 6) + c.uniform(-0.1, 0.1):
        long = r * c.uniform(1.1, 1.8)
        ex, ey = x + long * np.sin(angle), foot - long * np.cos(angle)
        w = 0.13 * r
        arm = c.polygon([(x - w, foot), (ex - 0.8 * w, ey), (ex + 0.8 * w, ey), (x + w, foot)])
        c.put("coral", arm, 46 - 9 * arm.v, region)
        c.put("coral", c.ellipse(ex, ey, 1.3 * w), 56, region)


def fish(c: Canvas, x, y, r):
    """A striped fish with fins, a tail and an eye."""
    turn, region = (1 if c.chance(0.5) else -1), c.region()
    tall = r * c.uniform(0.5, 0.75)
    back = x - turn * 0.8 * r
    tail = c.polygon(
        [
            (back, y),
            (back - turn * 0.6 * r, y - 0.6 * tall),
            (back - turn * 0.45 * r, y),
            (back - turn * 0.6 * r, y + 0.6 * tall),
        ]
    )
    base = c.uniform(50, 62)
    c.put("fish", tail, base - 7, region)
    fin = [
        (x + 0.3 * turn * r, y - 0.8 * tall),
        (x - 0.2 * turn * r, y - 1.4 * tall),
        (x - 0.6 * turn * r, y - 0.6 * tall),
    ]
    c.put("fish", c.polygon(fin), base - 9, region)
    body = c.ellipse(x, y, r, tall)
    stripes = np.sin(c.uniform(5, 9) * body.u + c.uniform(0, 6))
    c.put("fish", body, base - 8 * body.v + c.uniform(2, 8) * np.sign(stripes), region)
    c.put("foam", c.ellipse(x + turn * 0.62 * r, y - 0.2 * tall, 0.14 * r), 92)
    c.put("tyre", c.ellipse(x + turn * 0.65 * r, y - 0.2 * tall, 0.07 * r), 8)


PAINTERS = {
    "open sea": open_sea,
    "beach": beach,
    "lake": lake,
    "great wave": great_wave,
    "icebergs": icebergs,
    "reef": reef,
}
