"""Buildings: houses and towers, and their windows."""

import numpy as np

from .canvas import Canvas


def window_grid(c: Canvas, patch, columns, rows, light):
    """A grid of windows on the front that a patch covers."""
    fx, fy = (patch.u + 1) * 0.5 * columns % 1.0, (patch.v + 1) * 0.5 * rows % 1.0
    panes = (np.abs(fx - 0.5) < 0.27) & (np.abs(fy - 0.52) < 0.3) & (patch.alpha > 0.9)
    c.paint("window", panes.astype(np.float32), light, patch.at)


def house(c: Canvas, x, foot, size):
    """A house in three-quarter view: sunlit front, shaded side, roof, windows, door."""
    wide, tall = size * c.uniform(0.5, 0.8), size * c.uniform(0.45, 0.9)
    turn = 1 if c.chance(0.5) else -1
    deep, up = turn * size * c.uniform(0.25, 0.45), foot - 0.05 * size
    x0, x1 = x - turn * wide / 2, x + turn * wide / 2
    top, base = foot - tall, c.uniform(56, 70)
    shadow = c.ellipse(x + 0.15 * size, foot, 0.75 * size, 0.06 * size, soft=0.06 * size)
    c.shade(-13 * shadow.alpha, shadow.at)
    region = c.region()
    flank = c.polygon([(x1, foot), (x1, top), (x1 + deep, top), (x1 + deep, up)])
    c.put("wall", flank, base - 17, region)
    front = c.box(min(x0, x1), top, max(x0, x1), foot)
    plaster = c.noise(1.0, 0.5, at=front.at)
    c.put("wall", front, base - 3 * front.v + 1.3 * plaster, region)
    floors = max(1, round(tall / (0.3 * size)))
    window_grid(c, front, max(2, round(3.2 * wide / size)), floors, 30 + 8 * front.u)
    half = 0.08 * size
    door = c.box(x - half, foot - 0.24 * size, x + half, foot)
    c.put("wood", door, 36)
    rise = size * c.uniform(0.2, 0.38)
    out = turn * 0.06 * size
    tiles = c.uniform(32, 48)
    gable = c.polygon([(x0 - out, top), (x, top - rise), (x1 + out, top)])
    back = c.polygon(
        [(x, top - rise), (x + deep, top - rise), (x1 + deep + out, top), (x1 + out, top)]
    )
    roof = c.put("roof", back, tiles + 5 * np.sin(c.y[back.at[0]] * (150 / size * 0.3)))
    if c.chance(0.5):
        c.put("wall", gable, base - 5, region)
    else:
        c.put("roof", gable, tiles + 9, roof)
    if c.chance(0.6):
        left = x + deep * 0.7
        c.put(
            "roof",
            c.box(left - 0.04 * size, top - 1.25 * rise, left + 0.04 * size, top - 0.8 * rise),
            30,
        )


def tower(c: Canvas, x, foot, wide, tall, light, contrast):
    """A tower block whose windows are only light and dark."""
    region = c.region()
    front = c.box(x, foot - tall, x + wide, foot)
    rows, columns = max(4, round(tall / 0.035)), max(2, round(wide / 0.03))
    fx, fy = (front.u + 1) * 0.5 * columns % 1.0, (front.v + 1) * 0.5 * rows % 1.0
    style = c.count(0, 2)
    panes = ((fx > 0.35) | (style == 1)) & ((fy > 0.4) | (style == 2))
    mirror = c.noise(1.9, 0.6, at=front.at)
    value = light + contrast * (8 - 15 * panes + 4 * mirror * panes) - 3 * front.v
    c.put("tower", front, value, region)
    side = c.box(x + wide, foot - tall * 0.985, x + wide * 1.22, foot)
    c.put(
        "tower",
        side,
        light - 16 * contrast + 3 * np.sign(np.sin(c.y[side.at[0]] * 90)) * contrast,
        region,
    )
    if c.chance(0.3):
        mast = c.box(x + 0.47 * wide, foot - tall - 0.08, x + 0.53 * wide, foot - tall)
        c.put("tower", mast, light - 15, region)


def towers(c: Canvas, foot, low, high, light, contrast):
    """A row of towers from one side to the other."""
    x = c.uniform(-0.1, 0.0)
    while x < c.w:
        wide = c.uniform(0.07, 0.16)
        tower(c, x, foot, wide, c.uniform(low, high), light + c.uniform(-9, 9), contrast)
        x += wide * 1.22 + c.uniform(0, 0.05)
