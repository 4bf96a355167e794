"""A laid table: fruit on a plate."""

import numpy as np

from .canvas import Canvas, smooth


def fruit_plate(c: Canvas):
    """Fruit on a plate on a checked cloth."""
    weave = c.uniform(6, 10)
    squares = np.sign(np.sin(c.x * weave * np.pi)) + np.sign(np.sin(c.y * weave * np.pi))
    thread = 1.5 * c.noise(0.7, 0.9)
    c.paint("cloth", 1.0, c.uniform(50, 62) + 6 * squares + thread + 4 * (0.5 - c.y))
    x, y, r = c.w * c.uniform(0.42, 0.58), c.uniform(0.48, 0.58), c.uniform(0.36, 0.44)
    dark = c.ellipse(x + 0.03, y + 0.06, r * 1.05, r * 0.86, soft=0.1)
    c.shade(-18 * dark.alpha, dark.at)
    plate = c.ellipse(x, y, r, 0.8 * r)
    radius = np.sqrt(plate.u**2 + plate.v**2)
    c.put(
        "plate",
        plate,
        86 - 8 * smooth(0.72, 0.76, radius) + 8 * smooth(0.76, 0.95, radius) - 4 * plate.v,
    )
    if c.chance(0.5):
        banana(c, x + c.uniform(-0.1, 0.1), y - 0.12, c.uniform(0.2, 0.26))
    places = [(np.cos(t), np.sin(t)) for t in np.arange(6) * np.pi / 3 + c.uniform(0, 2)]
    keep = c.count(3, 6)
    for px, py in sorted([*places[:keep], (0.0, 0.1)], key=lambda p: p[1]):
        fx, fy = x + 0.55 * r * px, y + 0.42 * r * py
        if c.chance(0.2):
            bunch(c, fx, fy, 0.3 * r)
        else:
            fruit(c, fx, fy, r * c.uniform(0.24, 0.33))


def fruit(c: Canvas, x, y, r):
    """A round fruit with a highlight, a stalk and a dimple."""
    dark = c.ellipse(x + 0.2 * r, y + 0.6 * r, 1.05 * r, 0.6 * r, soft=0.4 * r)
    c.shade(-16 * dark.alpha, dark.at)
    ball = c.ellipse(x, y, r, r * c.uniform(0.88, 1.05))
    z = np.sqrt(np.clip(1 - ball.u**2 - ball.v**2, 0, 1))
    lit = np.clip(-0.45 * ball.u - 0.55 * ball.v + 0.65 * z, 0, 1)
    skin = c.noise(1.0, 0.25 / r, at=ball.at)
    c.put("round fruit", ball, 41 + 22 * lit + 10 * smooth(0.93, 0.99, lit) + 1.5 * skin)
    c.put("bark", c.box(x - 0.05 * r, y - 1.05 * r, x + 0.05 * r, y - 0.7 * r), 22)


def banana(c: Canvas, x, y, r):
    """A bunch of bananas: crescents that share a colour."""
    region = c.region()
    for i in range(c.count(2, 3)):
        turn = np.linspace(0.15, np.pi - 0.15, 14)
        grow = 1 + 0.16 * i
        outer = [(x + r * grow * np.cos(t), y + 0.62 * r * grow * np.sin(t)) for t in turn]
        inner = [
            (x + r * grow * np.cos(t), y + 0.62 * r * grow * np.sin(t) - 0.26 * r * np.sin(t))
            for t in turn
        ]
        crescent = c.polygon([*outer, *inner[::-1]])
        c.put("banana", crescent, 74 - 9 * crescent.v - 5 * i, region)


def bunch(c: Canvas, x, y, r):
    """A bunch of grapes."""
    region = c.region()
    for dy in (-0.6, -0.25, 0.1, 0.45, 0.8):
        for dx in np.arange(-0.7 + abs(dy) * 0.45, 0.71 - abs(dy) * 0.45, 0.42):
            grape = c.ellipse(x + dx * r, y + dy * r, 0.27 * r)
            c.put("grapes", grape, 40 - 10 * grape.u - 10 * grape.v, region)


PAINTERS = {"fruit plate": fruit_plate}
