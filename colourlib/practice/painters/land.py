"""Scenes on land: meadows, woods, mountains, deserts."""

import numpy as np

from . import nature as n
from . import sky
from .canvas import Canvas, smooth


def meadow(c: Canvas):
    """A flowering meadow under a blue sky with heaped clouds; sometimes the sun."""
    horizon = c.uniform(0.4, 0.62)
    sky.day_sky(c, horizon)
    if c.chance(0.5):
        sky.sun_disc(
            c, c.uniform(0.1, 0.9) * c.w, c.uniform(0.08, 0.22), c.uniform(0.03, 0.05), 0.12
        )
    for _ in range(c.count(2, 4)):
        size = c.uniform(0.1, 0.24)
        sky.cumulus(c, c.uniform(0, c.w), c.uniform(0.15, 0.9) * horizon, size)
    n.ridges(c, horizon + 0.03, c.uniform(0.05, 0.12), layers=2, far=1.0, near=0.6)
    top = n.hill_line(c, horizon, 0.02)
    n.field(c, top, "grass", c.uniform(56, 64))
    for _ in range(c.count(3, 5)):
        y = c.uniform(horizon + 0.12, 0.98)
        r = 0.08 + 0.35 * (y - horizon)
        bed = c.ellipse(c.uniform(0, c.w), y, r * c.uniform(1, 1.8), 0.3 * r, ragged=0.7, grain=0.4)
        dots = c.noise(0.5, 0.55, at=bed.at)
        c.paint("flowers", bed.alpha * smooth(-1.7, -1.2, dots), 55 + 8 * dots, bed.at)
    for _ in range(c.count(0, 2)):
        h = c.uniform(0.12, 0.3)
        n.tree(c, c.uniform(0, c.w), horizon + 0.2 * h + 0.02, h)


def forest(c: Canvas):
    """Trees of many kinds and sizes on grass, a wood behind them."""
    horizon = c.uniform(0.42, 0.6)
    sky.day_sky(c, horizon)
    if c.chance(0.6):
        sky.sheet_clouds(c, horizon, c.uniform(0.25, 0.5))
    n.wood(c, n.hill_line(c, horizon + 0.03, 0.012), c.uniform(0.06, 0.14))
    n.field(c, n.hill_line(c, horizon, 0.012), "grass", c.uniform(54, 62))
    firs = c.uniform(0, 0.7)
    feet = sorted(
        horizon + 0.06 + (0.95 - horizon) * c.uniform(0, 1) ** 1.5 for _ in range(c.count(6, 9))
    )
    for foot in feet:
        h = (0.16 + 0.85 * (foot - horizon)) * c.uniform(0.9, 1.4)
        x = c.uniform(-0.05, 1.05) * c.w
        if c.chance(firs):
            n.fir(c, x, foot, 1.15 * h, c.uniform(26, 36))
        else:
            n.tree(c, x, foot, h, light=c.uniform(42, 52))


def mountains(c: Canvas):
    """A snowy range above wooded ridges."""
    horizon = c.uniform(0.62, 0.78)
    sky.day_sky(c, horizon)
    if c.chance(0.7):
        sky.sheet_clouds(c, horizon * 0.8, c.uniform(0.2, 0.5))
    if c.chance(0.6):
        n.ridges(c, horizon, c.uniform(0.25, 0.35), layers=1, far=1.0)
    n.alps(c, horizon, c.uniform(0.42, 0.6), c.uniform(0.25, 0.75))
    n.ridges(c, horizon + 0.05, c.uniform(0.1, 0.16), layers=2, far=0.35, near=0.1)
    n.field(c, n.hill_line(c, horizon + 0.07, 0.02), "grass", c.uniform(54, 62))
    for _ in range(c.count(0, 4)):
        foot = c.uniform(horizon + 0.1, 1.0)
        n.fir(c, c.uniform(0, c.w), foot, c.uniform(0.14, 0.3), 28)


def desert(c: Canvas):
    """Dunes one behind the other, each with a sunlit and a shaded flank."""
    horizon = c.uniform(0.3, 0.48)
    sky.day_sky(c, horizon)
    if c.chance(0.5):
        sky.sun_disc(c, c.uniform(0.1, 0.9) * c.w, c.uniform(0.08, 0.2), 0.04, 0.15)
    region, side = c.region(), 1.0 if c.chance(0.5) else -1.0
    layers = c.count(4, 6)
    for i in range(layers):
        near = i / layers
        y = horizon + 0.03 + (0.95 - horizon) * near**1.2
        dune(c, c.uniform(-0.1, 1.1) * c.w, y, 0.05 + 0.22 * near, side, region)


def dune(c: Canvas, x, y, size, side, region):
    """A dune: the crest snakes down from its top and parts the bright flank from the dark one."""
    wide = size * c.uniform(1.8, 3.2)
    line = 0.12 * np.clip(c.skyline(2.0, 0.15), -2, 2)
    top = y - size * (1.15 / (1.0 + np.abs((c.x - x) / wide) ** 1.5) + line - 0.15)
    at = n.below(c, float(top.min()))
    deep = np.maximum(c.y[at[0]] - top, 0)
    fall = np.maximum(c.y[at[0]] - float(top.min()), 0)
    snake = 0.5 * size * np.clip(c.skyline(2.2, 0.5, x=c.y / (3 * size)), -2, 2)[at[0]]
    crest = x + snake * smooth(0, size, fall) + side * 0.9 * fall
    bend = c.noise(2.0, 0.3, 0.15, at=at)
    face = smooth(0.012, -0.02 - 0.9 * fall, side * (crest - c.x))
    ripples = np.sin(45 * deep / (0.2 + size) + 6 * bend)
    light = 50 + 21 * face + (0.8 + 6 * size) * ripples * (0.3 + face) + 3 * bend
    light = light + 1.2 * c.noise(0.9, 0.8, at=at) + 5 * smooth(0.5 * size, 0, deep)
    c.paint("dune", n.cover_below(c, top, at), light, at, region)


def river(c: Canvas):
    """A river winding through meadows from the hills to the viewer."""
    horizon = c.uniform(0.3, 0.46)
    sky.day_sky(c, horizon)
    if c.chance(0.7):
        sky.sheet_clouds(c, horizon, c.uniform(0.3, 0.6))
    if c.chance(0.4):
        n.alps(c, horizon + 0.02, c.uniform(0.16, 0.28), 0.5)
    n.ridges(c, horizon + 0.03, c.uniform(0.08, 0.16), layers=3, far=0.9, near=0.2)
    n.field(c, n.hill_line(c, horizon + 0.01, 0.008), "grass", c.uniform(54, 62))
    at = n.below(c, horizon + 0.02)
    far = np.maximum(c.y[at[0]] - horizon, 0.005)
    bends = np.sin(c.uniform(0, 6) + c.uniform(2.2, 3.4) * np.log(far + 0.05)) * c.uniform(0.5, 0.9)
    middle = (0.5 + 0.25 * c.uniform(-1, 1)) * c.w + bends * (0.12 + 0.55 * far)
    width = c.uniform(0.16, 0.28) * (0.06 + 1.5 * far)
    wobble = 1 + 0.12 * c.noise(1.4, 0.4, at=at)
    reach = np.abs(c.x - middle) / (width * wobble)
    c.paint("sand", smooth(1.35, 1.2, reach), 62 + 4 * c.noise(1.0, 0.8, at=at), at)
    ripple = c.noise_at(1.2, c.x * 0.15, 0.1 / (far + 0.05), lit=True)
    light = 36 + 20 * np.exp(-far / 0.12) + 4 * ripple + 8 * smooth(0.5, 1.0, reach)
    c.paint("lake", smooth(1.02, 0.96, reach), light, at)
    for foot in sorted(c.uniform(horizon + 0.05, 0.95) for _ in range(c.count(3, 6))):
        row = min(int((foot - horizon) / c.pixel), len(middle) - 1)
        side = 1 if c.chance(0.5) else -1
        x = float(middle[row, 0] + side * (1.5 * width[row, 0] + c.uniform(0.05, 0.4)))
        n.tree(c, x, foot, 0.08 + 0.45 * (foot - horizon))


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


def animal(c: Canvas, x, foot, size, build):
    """A grazing or standing animal, from the side; `build` is cow, horse or sheep."""
    turn, graze = (1 if c.chance(0.5) else -1), c.chance(0.4)
    coat, base = c.region(), c.uniform(34, 66)
    shadow = c.ellipse(x, foot, 0.75 * size, 0.09 * size, soft=0.1 * size)
    c.shade(-14 * shadow.alpha, shadow.at)

    def outline(points, angle=0.0):
        cos, sin = np.cos(angle), np.sin(angle)
        from_shoulder = [(u - 0.45, v - 0.82) for u, v in points]
        moved = [(0.45 + cos * u - sin * v, 0.82 + sin * u + cos * v) for u, v in from_shoulder]
        return c.polygon([(x + turn * u * size, foot - v * size) for u, v in moved])

    for u, far in ((-0.4, 1), (0.3, 1), (-0.54, 0), (0.44, 0)):
        leg = [(u - 0.09, 0.6), (u + 0.1, 0.6), (u + 0.05, 0.0), (u - 0.05, 0.0)]
        c.put("fur", outline(leg), base - 9 - 6 * far, coat)
    if build == "sheep":
        woolly = c.ellipse(
            x, foot - 0.62 * size, 0.62 * size, 0.36 * size, ragged=0.14, grain=0.3 / size
        )
        curls = c.noise(0.9, 0.2 / size, at=woolly.at)
        c.put("wool", woolly, base + 14 - 10 * woolly.v + 3.5 * curls)
        face = c.ellipse(x + turn * 0.72 * size, foot - (0.5 if graze else 0.78) * size, 0.2 * size,
                         0.13 * size, tilt=turn * 0.7)  # fmt: skip
        c.put("fur", face, c.uniform(22, 60) - 6 * face.v)
        return
    tail = [(-0.6, 0.92), (-0.66, 0.9), (-0.72, 0.42), (-0.66, 0.4)]
    c.put("fur", outline(tail), base - 14, coat)
    c.put("fur", outline(HEADS[build], -1.15 if graze else 0.0), base - 2, coat)
    body = outline(TRUNKS[build])
    c.put("fur", body, base + 3 - 11 * body.v + 1.2 * c.noise(0.9, 0.2 / size, at=body.at), coat)
    if build == "cow":
        spots = smooth(0.2, 0.5, c.noise(1.9, 0.1 / size, at=body.at)) * body.alpha
        c.paint("fur", spots, c.uniform(24, 75) - 10 * body.v, body.at)


def pasture(c: Canvas):
    """Cows, horses or sheep, near and far, on a pasture."""
    horizon = c.uniform(0.28, 0.45)
    sky.day_sky(c, horizon)
    if c.chance(0.6):
        sky.sheet_clouds(c, horizon, c.uniform(0.3, 0.55))
    n.ridges(c, horizon + 0.04, c.uniform(0.08, 0.16), layers=2, far=0.9, near=0.3)
    n.field(c, n.hill_line(c, horizon + 0.02, 0.015), "grass", c.uniform(54, 62))
    for _ in range(c.count(0, 2)):
        n.tree(c, c.uniform(0, c.w), horizon + 0.06, c.uniform(0.12, 0.24))
    build = ("cow", "horse", "sheep")[c.count(0, 2)]
    for foot in sorted(c.uniform(horizon + 0.12, 0.97) for _ in range(c.count(4, 7))):
        size = (0.07 + 0.42 * (foot - horizon)) * c.uniform(0.9, 1.15)
        size = 0.75 * size if build == "sheep" else size
        animal(c, c.uniform(0.05, 0.95) * c.w, foot, size, build)


def kites(c: Canvas):
    """Kites in the wind above a wheat field that bends in waves."""
    horizon = c.uniform(0.58, 0.74)
    sky.day_sky(c, horizon)
    sky.sheet_clouds(c, horizon, c.uniform(0.25, 0.5), size=1.4)
    n.ridges(c, horizon + 0.03, 0.06, layers=1, far=0.6)
    at = n.below(c, horizon)
    far = np.maximum(c.y[at[0]] - horizon, 0) + 0.06
    gusts = c.noise_at(1.9, c.x * 0.35, 0.3 * np.log(far), lit=True)
    ears = c.noise_at(0.8, c.x * 1.3 + 0.6 * far, 0.32 * np.log(far))
    c.paint("wheat", n.cover_below(c, horizon, at), 68 + 6 * gusts + 6 * ears, at)
    for _ in range(c.count(3, 6)):
        r = c.uniform(0.06, 0.12)
        x, y = c.uniform(0.1, 0.9) * c.w, c.uniform(0.1, 0.85) * horizon
        angle = c.uniform(-0.6, 0.6)
        along = np.array([np.sin(angle), -np.cos(angle)]) * r
        across = np.array([np.cos(angle), np.sin(angle)]) * r * 0.68
        middle = np.array([x, y])
        tip, end = middle + 0.8 * along, middle - 1.3 * along
        left, right = middle - across, middle + across
        tail = np.stack([end - i * 0.55 * along + across * 0.25 * (-1) ** i for i in range(6)])
        back = tail[::-1] + [0.012, 0.004]
        first, second = c.region(), c.region()
        c.put("balloon", c.polygon([tuple(p) for p in (*tail, *back)]), 55, second)
        for corners, light, region in (
            ((tip, left, middle), 60, first), ((tip, middle, right), 52, second),
            ((left, end, middle), 50, second), ((middle, end, right), 44, first),
        ):  # fmt: skip
            c.put("balloon", c.polygon([tuple(p) for p in corners]), light, region)


def cabin(c: Canvas, x, foot, size):
    """A log cabin under snow."""
    h = 0.55 * size
    logs = c.box(x - 0.5 * size, foot - h, x + 0.5 * size, foot)
    c.put("wood", logs, 40 + 5 * np.sin(c.y[logs.at[0]] * (38 / size)) - 5 * logs.u)
    for dx in (-0.25, 0.25):
        w = 0.09 * size
        c.put(
            "lit window",
            c.box(x + dx * size - w, foot - 0.62 * h, x + dx * size + w, foot - 0.25 * h),
            72,
        )
    eaves, top = foot - 0.92 * h, foot - h - 0.42 * size
    roof = [
        (x - 0.62 * size, eaves),
        (x - 0.1 * size, top),
        (x + 0.1 * size, top),
        (x + 0.62 * size, eaves),
    ]
    c.put("snow", c.polygon(roof), 90)


def winter(c: Canvas):
    """Snow on hills, firs and a cabin, under a blue or a grey sky; sometimes it is snowing."""
    horizon = c.uniform(0.4, 0.6)
    grey = c.chance(0.4)
    if grey:
        c.paint("fog", 1.0, 70 + 12 * np.clip(c.y / horizon, 0, 1) + 2 * c.noise(1.8, 0.25))
    else:
        sky.day_sky(c, horizon)
    if c.chance(0.5):
        n.alps(c, horizon + 0.03, c.uniform(0.2, 0.35), 0.8)
    n.wood(c, n.hill_line(c, horizon + 0.03, 0.01), c.uniform(0.05, 0.1), 34)
    n.snowfield(c, n.hill_line(c, horizon + 0.01, 0.03, 0.12), c.uniform(82, 88))
    if c.chance(0.6):
        size = c.uniform(0.22, 0.36)
        cabin(c, c.uniform(0.15, 0.85) * c.w, c.uniform(horizon + 0.12, 0.85), size)
    for foot in sorted(c.uniform(horizon + 0.05, 1.0) for _ in range(c.count(3, 8))):
        h = (0.14 + 0.8 * (foot - horizon)) * c.uniform(0.8, 1.2)
        n.fir(c, c.uniform(0, c.w), foot, h, 30, snow=c.uniform(0.4, 0.9))
    if grey and c.chance(0.7):
        sky.stars(c, 160, brightest=35)


PAINTERS = {
    "meadow": meadow,
    "forest": forest,
    "mountains": mountains,
    "desert": desert,
    "river": river,
    "pasture": pasture,
    "kites": kites,
    "winter": winter,
}
