"""Scenes on land: meadows, woods, mountains, deserts."""

import numpy as np

from . import nature as n
from .canvas import Canvas, smooth

# Outlines of animals that look to the right, in units of their size; y is height above the foot.
TRUNKS = {
    "horse": [(-0.55, 0.95), (-0.64, 0.8), (-0.58, 0.58), (-0.4, 0.52), (0.0, 0.47), (0.36, 0.5),
              (0.54, 0.66), (0.56, 0.9), (0.4, 1.02), (0.1, 0.93), (-0.25, 0.99)],
    "cow": [(-0.64, 0.93), (-0.7, 0.8), (-0.66, 0.52), (-0.4, 0.42), (0.1, 0.36), (0.45, 0.42),
            (0.6, 0.58), (0.62, 0.82), (0.5, 0.97), (0.1, 0.92), (-0.3, 0.93)],
}  # fmt: skip
HEADS = {  # neck and head, turned round the shoulder (0.45, 0.82) when the animal grazes
    "horse": [(0.32, 1.0), (0.55, 0.66), (0.8, 1.02), (0.98, 0.9), (1.1, 0.93), (1.1, 1.02),
              (0.94, 1.2), (0.87, 1.34), (0.8, 1.25), (0.6, 1.22)],
    "cow": [(0.4, 0.97), (0.58, 0.62), (0.78, 0.72), (0.98, 0.64), (1.08, 0.68), (1.06, 0.78),
            (0.94, 0.93), (0.96, 1.05), (0.86, 0.99), (0.76, 1.02), (0.6, 1.0)],
}  # fmt: skip
TAIL = [(-0.6, 0.92), (-0.66, 0.9), (-0.72, 0.42), (-0.66, 0.4)]


def meadow(c: Canvas):
    horizon = n.day(c, 0.4, 0.62)
    if c.chance(0.5):
        n.sun_disc(c, c.across(0.1, 0.9), c.uniform(0.08, 0.22), c.uniform(0.03, 0.05), 0.12)
    for _ in range(c.count(2, 4)):
        size = c.uniform(0.1, 0.24)
        n.cumulus(c, c.across(), c.uniform(0.15, 0.9) * horizon, size)
    n.ridges(c, horizon + 0.03, c.uniform(0.05, 0.12), layers=2, far=1.0, near=0.6)
    n.field(c, n.hill_line(c, horizon, 0.02), "grass", c.uniform(56, 64))
    for _ in range(c.count(3, 5)):
        y = c.uniform(horizon + 0.12, 0.98)
        r = 0.08 + 0.35 * (y - horizon)
        bed = c.ellipse(c.across(), y, r * c.uniform(1, 1.8), 0.3 * r, ragged=0.7, grain=0.4)
        dots = c.noise(0.5, 0.55, at=bed.at)
        c.paint("flowers", bed.alpha * smooth(-1.7, -1.2, dots), 55 + 8 * dots, bed.at)
    for _ in range(c.count(0, 2)):
        h = c.uniform(0.12, 0.3)
        n.tree(c, c.across(), horizon + 0.2 * h + 0.02, h)


def forest(c: Canvas):
    horizon = n.day(c, 0.42, 0.6, clouds=(0.6, 0.25, 0.5))
    n.wood(c, n.hill_line(c, horizon + 0.03, 0.012), c.uniform(0.06, 0.14))
    n.field(c, n.hill_line(c, horizon, 0.012), "grass", c.uniform(54, 62))
    firs = c.uniform(0, 0.7)
    for near in c.feet(0, 1, 6, 9):
        foot = horizon + 0.06 + (0.95 - horizon) * near**1.5
        h, x = (0.16 + 0.85 * (foot - horizon)) * c.uniform(0.9, 1.4), c.across(-0.05, 1.05)
        if c.chance(firs):
            n.fir(c, x, foot, 1.15 * h, c.uniform(26, 36))
        else:
            n.tree(c, x, foot, h, light=c.uniform(42, 52))


def mountains(c: Canvas):
    horizon = n.day(c, 0.62, 0.78, clouds=(0.7, 0.2, 0.5), reach=0.8)
    if c.chance(0.6):
        n.ridges(c, horizon, c.uniform(0.25, 0.35), layers=1, far=1.0)
    n.alps(c, horizon, c.uniform(0.42, 0.6), c.uniform(0.25, 0.75))
    n.ridges(c, horizon + 0.05, c.uniform(0.1, 0.16), layers=2, far=0.35, near=0.1)
    n.field(c, n.hill_line(c, horizon + 0.07, 0.02), "grass", c.uniform(54, 62))
    for _ in range(c.count(0, 4)):
        foot = c.uniform(horizon + 0.1, 1.0)
        n.fir(c, c.across(), foot, c.uniform(0.14, 0.3), 28)


def desert(c: Canvas):
    """Dunes one behind the other: a snaking crest parts the sunlit flank from the shaded one."""
    horizon = n.day(c, 0.3, 0.48)
    if c.chance(0.5):
        n.sun_disc(c, c.across(0.1, 0.9), c.uniform(0.08, 0.2), 0.04, 0.15)
    region, side, layers = c.region(), c.side(), c.count(4, 6)
    for i in range(layers):
        near = i / layers
        y, size = horizon + 0.03 + (0.95 - horizon) * near**1.2, 0.05 + 0.22 * near
        x, wide = c.across(-0.1, 1.1), size * c.uniform(1.8, 3.2)
        line = 0.12 * np.clip(c.skyline(2.0, 0.15), -2, 2)
        top = y - size * (1.15 / (1.0 + np.abs((c.x - x) / wide) ** 1.5) + line - 0.15)
        at, fall = n.ground(c, top)
        deep = np.maximum(c.y[at[0]] - top, 0)
        snake = 0.5 * size * np.clip(c.skyline(2.2, 0.5, x=c.y / (3 * size)), -2, 2)[at[0]]
        crest = x + snake * smooth(0, size, fall) + side * 0.9 * fall
        bend = c.noise(2.0, 0.3, 0.15, at=at)
        face = smooth(0.012, -0.02 - 0.9 * fall, side * (crest - c.x))
        ripples = np.sin(45 * deep / (0.2 + size) + 6 * bend)
        light = 50 + 21 * face + (0.8 + 6 * size) * ripples * (0.3 + face) + 3 * bend
        light = light + 1.2 * c.noise(0.9, 0.8, at=at) + 5 * smooth(0.5 * size, 0, deep)
        n.lay(c, "dune", top, light, at, region)


def river(c: Canvas):
    horizon = n.day(c, 0.3, 0.46, clouds=(0.7, 0.3, 0.6))
    if c.chance(0.4):
        n.alps(c, horizon + 0.02, c.uniform(0.16, 0.28), 0.5)
    n.ridges(c, horizon + 0.03, c.uniform(0.08, 0.16), layers=3, far=0.9, near=0.2)
    n.field(c, n.hill_line(c, horizon + 0.01, 0.008), "grass", c.uniform(54, 62))
    at = n.below(c, horizon + 0.02)
    far = np.maximum(c.y[at[0]] - horizon, 0.005)
    bends = np.sin(c.uniform(0, 6) + c.uniform(2.2, 3.4) * np.log(far + 0.05)) * c.uniform(0.5, 0.9)
    middle = (0.5 + 0.25 * c.uniform(-1, 1)) * c.w + bends * (0.12 + 0.55 * far)
    width = c.uniform(0.16, 0.28) * (0.06 + 1.5 * far)
    reach = np.abs(c.x - middle) / (width * (1 + 0.12 * c.noise(1.4, 0.4, at=at)))
    c.paint("sand", smooth(1.35, 1.2, reach), 62 + 4 * c.noise(1.0, 0.8, at=at), at)
    ripple = c.noise_at(1.2, c.x * 0.15, 0.1 / (far + 0.05), lit=True)
    light = 36 + 20 * np.exp(-far / 0.12) + 4 * ripple + 8 * smooth(0.5, 1.0, reach)
    c.paint("lake", smooth(1.02, 0.96, reach), light, at)
    for foot in c.feet(horizon + 0.05, 0.95, 3, 6):
        row = min(int((foot - horizon) / c.pixel), len(middle) - 1)
        x = float(middle[row, 0] + c.side() * (1.5 * width[row, 0] + c.uniform(0.05, 0.4)))
        n.tree(c, x, foot, 0.08 + 0.45 * (foot - horizon))


def animal(c: Canvas, x, foot, size, build):
    """A grazing or standing animal, from the side; `build` is cow, horse or sheep."""
    turn, graze = c.side(), c.chance(0.4)
    coat, base = c.region(), c.uniform(34, 66)
    c.shadow(14, x, foot, 0.75 * size, 0.09 * size, 0.1 * size)

    def outline(points, angle=0.0):
        cos, sin = np.cos(angle), np.sin(angle)
        from_shoulder = [(u - 0.45, v - 0.82) for u, v in points]
        moved = [(0.45 + cos * u - sin * v, 0.82 + sin * u + cos * v) for u, v in from_shoulder]
        return c.outline(x, foot, turn * size, size, moved)

    for u, far in ((-0.4, 1), (0.3, 1), (-0.54, 0), (0.44, 0)):
        leg = [(u - 0.09, 0.6), (u + 0.1, 0.6), (u + 0.05, 0.0), (u - 0.05, 0.0)]
        c.put("fur", outline(leg), base - 9 - 6 * far, coat)
    if build == "sheep":
        woolly = (x, foot - 0.62 * size, 0.62 * size, 0.36 * size)
        woolly = c.ellipse(*woolly, ragged=0.14, grain=0.3 / size)
        curls = c.noise(0.9, 0.2 / size, at=woolly.at)
        c.put("wool", woolly, base + 14 - 10 * woolly.v + 3.5 * curls)
        y = foot - (0.5 if graze else 0.78) * size
        face = c.ellipse(x + turn * 0.72 * size, y, 0.2 * size, 0.13 * size, tilt=turn * 0.7)
        c.put("fur", face, c.uniform(22, 60), v=-6)
        return
    c.put("fur", outline(TAIL), base - 14, coat)
    c.put("fur", outline(HEADS[build], -1.15 if graze else 0.0), base - 2, coat)
    body = outline(TRUNKS[build])
    c.put("fur", body, base + 3 - 11 * body.v + 1.2 * c.noise(0.9, 0.2 / size, at=body.at), coat)
    if build == "cow":
        spots = smooth(0.2, 0.5, c.noise(1.9, 0.1 / size, at=body.at)) * body.alpha
        c.paint("fur", spots, c.uniform(24, 75) - 10 * body.v, body.at)


def pasture(c: Canvas):
    horizon = n.day(c, 0.28, 0.45, clouds=(0.6, 0.3, 0.55))
    n.ridges(c, horizon + 0.04, c.uniform(0.08, 0.16), layers=2, far=0.9, near=0.3)
    n.field(c, n.hill_line(c, horizon + 0.02, 0.015), "grass", c.uniform(54, 62))
    for _ in range(c.count(0, 2)):
        n.tree(c, c.across(), horizon + 0.06, c.uniform(0.12, 0.24))
    build = ("cow", "horse", "sheep")[c.count(0, 2)]
    for foot in c.feet(horizon + 0.12, 0.97, 4, 7):
        size = (0.07 + 0.42 * (foot - horizon)) * c.uniform(0.9, 1.15)
        size = 0.75 * size if build == "sheep" else size
        animal(c, c.across(0.05, 0.95), foot, size, build)


def kites(c: Canvas):
    horizon = n.day(c, 0.58, 0.74, clouds=(1, 0.25, 0.5), size=1.4)
    n.ridges(c, horizon + 0.03, 0.06, layers=1, far=0.6)
    at, far = n.ground(c, horizon, 0.06)
    gusts = c.noise_at(1.9, c.x * 0.35, 0.3 * np.log(far), lit=True)
    ears = c.noise_at(0.8, c.x * 1.3 + 0.6 * far, 0.32 * np.log(far))
    n.lay(c, "wheat", horizon, 68 + 6 * gusts + 6 * ears, at)
    for _ in range(c.count(3, 6)):
        r, x, y = c.uniform(0.06, 0.12), c.across(0.1, 0.9), c.uniform(0.1, 0.85) * horizon
        angle, middle = c.uniform(-0.6, 0.6), np.array([x, y])
        along = np.array([np.sin(angle), -np.cos(angle)]) * r
        across = np.array([np.cos(angle), np.sin(angle)]) * r * 0.68
        tip, end = middle + 0.8 * along, middle - 1.3 * along
        left, right = middle - across, middle + across
        tail = np.stack([end - i * 0.55 * along + across * 0.25 * (-1) ** i for i in range(6)])
        one, two = c.region(), c.region()
        c.put("balloon", c.polygon([*tail, *(tail[::-1] + [0.012, 0.004])]), 55, two)
        c.put("balloon", c.polygon((tip, left, middle)), 60, one)
        c.put("balloon", c.polygon((tip, middle, right)), 52, two)
        c.put("balloon", c.polygon((left, end, middle)), 50, two)
        c.put("balloon", c.polygon((middle, end, right)), 44, one)


def winter(c: Canvas):
    horizon, grey = c.uniform(0.4, 0.6), c.chance(0.4)
    if grey:
        c.paint("fog", 1.0, 70 + 12 * np.clip(c.y / horizon, 0, 1) + 2 * c.noise(1.8, 0.25))
    else:
        n.day_sky(c, horizon)
    if c.chance(0.5):
        n.alps(c, horizon + 0.03, c.uniform(0.2, 0.35), 0.8)
    n.wood(c, n.hill_line(c, horizon + 0.03, 0.01), c.uniform(0.05, 0.1), 34)
    top, light = n.hill_line(c, horizon + 0.01, 0.03, 0.12), c.uniform(82, 88)
    at = n.below(c, top)
    drifts = c.noise(2.0, 0.22, 0.5, at=at, lit=True)
    n.lay(c, "snow", top, light + 5.5 * drifts + 0.9 * c.noise(0.8, 0.7, at=at), at)
    if c.chance(0.6):
        size = c.uniform(0.22, 0.36)
        x, foot, h = c.across(0.15, 0.85), c.uniform(horizon + 0.12, 0.85), 0.55 * size
        logs = c.box(x - 0.5 * size, foot - h, x + 0.5 * size, foot)
        c.put("wood", logs, 40 + 5 * np.sin(c.y[logs.at[0]] * (38 / size)) - 5 * logs.u)
        for dx in (-0.25, 0.25):
            left, right = (x + dx * size + w * 0.09 * size for w in (-1, 1))
            c.put("lit window", c.box(left, foot - 0.62 * h, right, foot - 0.25 * h), 72)
        eaves, top = foot - 0.92 * h, foot - h - 0.42 * size
        c.put("snow", c.taper(x, eaves, 0.62 * size, x, top, 0.1 * size), 90)
    for foot in c.feet(horizon + 0.05, 1.0, 3, 8):
        h = (0.14 + 0.8 * (foot - horizon)) * c.uniform(0.8, 1.2)
        n.fir(c, c.across(), foot, h, 30, snow=c.uniform(0.4, 0.9))
    if grey and c.chance(0.7):
        n.stars(c, 160, brightest=35)
