"""Scenes of people and traffic: park, road, rainy street."""

import numpy as np

from . import nature as n
from . import sky
from .canvas import Canvas, smooth
from .houses import house, towers


def car(c: Canvas, x, foot, size, turn):
    """A car from the side, `size` long."""
    shape = c.count(0, 2)  # saloon, hatchback, van
    bonnet, rear, tall = ((0.3, 0.22, 0.36), (0.28, 0.06, 0.37), (0.14, 0.03, 0.44))[shape]
    s = size

    def at(u, v):  # u: 0 nose .. 1 tail, v: height above the road
        return x + turn * (0.5 - u) * s, foot - v * s

    shadow = c.ellipse(x, foot, 0.56 * s, 0.05 * s, soft=0.06 * s)
    c.shade(-16 * shadow.alpha, shadow.at)
    base = c.uniform(46, 58)
    body = c.polygon([
        at(0.0, 0.08), at(0.0, 0.19), at(0.04, 0.225), at(bonnet, 0.25), at(bonnet + 0.13, tall),
        at(0.93 - rear, tall), at(1 - 0.5 * rear, 0.255), at(0.99, 0.24), at(1.0, 0.08),
    ])  # fmt: skip
    shine = 9 * np.exp(-(((body.v - 0.15) / 0.12) ** 2)) - 9 * smooth(0.3, 1.0, body.v)
    paint = c.put("car", body, base + shine - 3 * body.v)
    post = 0.5 * (bonnet + 0.13 + 0.93 - rear)
    for u0, u1, slope in (
        (bonnet + 0.05, post - 0.015, 0.085),
        (post + 0.015, 0.94 - 0.8 * rear, 0),
    ):
        top, sill = tall - 0.03, 0.255
        back = 0.06 * rear / 0.22
        pane = [
            at(u0, sill),
            at(u0 + slope, top),
            at(u1 - (back if not slope else 0), top),
            at(u1, sill),
        ]
        glass = c.polygon(pane)
        c.put("window", glass, 42 - 14 * glass.v + 6 * glass.u)
    for u in (0.2, 0.8):
        wx, wy = at(u, 0.075)
        c.put("tyre", c.ellipse(wx, wy, 0.09 * s), 12)
        c.put("tyre", c.ellipse(wx, wy, 0.045 * s), 44)
    hx, hy = at(0.03, 0.185)
    c.put("lamp", c.ellipse(hx, hy, 0.028 * s, 0.022 * s), 86)
    return paint


def person(c: Canvas, x, foot, tall):
    """A person: trousers or skirt, coat, arms, head and hair."""
    shadow = c.ellipse(x + 0.12 * tall, foot, 0.24 * tall, 0.03 * tall, soft=0.03 * tall)
    c.shade(-14 * shadow.alpha, shadow.at)
    stride = tall * c.uniform(0.07, 0.15)
    w, hip, neck = 0.055 * tall, foot - 0.47 * tall, foot - 0.84 * tall
    legs, dark = c.region(), c.uniform(38, 56)
    if c.chance(0.3):
        waist, hem = hip - w, foot - 0.2 * tall
        skirt = [(x - 0.09 * tall, waist), (x + 0.09 * tall, waist), (x + 0.16 * tall, hem)]
        skirt.append((x - 0.16 * tall, hem))
        for side in (-1, 1):
            c.put(
                "skin",
                c.box(
                    x + side * 1.1 * w - 0.5 * w,
                    foot - 0.3 * tall,
                    x + side * 1.1 * w + 0.5 * w,
                    foot,
                ),
                55,
            )
        c.put("clothes", c.polygon(skirt), dark, legs)
    else:
        for side in (-1, 1):
            leg = [
                (x - w, hip - w),
                (x + w, hip - w),
                (x + side * stride + 0.75 * w, foot),
                (x + side * stride - 0.75 * w, foot),
            ]
            c.put("clothes", c.polygon(leg), dark + 4 * side, legs)
    coat, base = c.region(), c.uniform(42, 60)
    for side in (-1, 1):
        hand = (x + side * (0.15 + 0.3 * stride) * tall, hip + 0.02 * tall)
        arm_x, outer, inner = x + side * 0.07 * tall, 0.02 * tall * side, 0.035 * tall * side
        sleeve = [(arm_x, neck), (arm_x + side * 0.06 * tall, neck + 0.03 * tall)]
        sleeve += [(hand[0] + outer, hand[1]), (hand[0] - inner, hand[1])]
        c.put("clothes", c.polygon(sleeve), base - 6, coat)
        c.put("skin", c.ellipse(hand[0], hand[1] + 0.01 * tall, 0.026 * tall), 58)
    trunk = c.polygon(
        [
            (x - 0.11 * tall, neck),
            (x + 0.11 * tall, neck),
            (x + 0.1 * tall, hip + w),
            (x - 0.1 * tall, hip + w),
        ]
    )
    c.put("clothes", trunk, base - 7 * trunk.u - 3 * trunk.v, coat)
    r = 0.068 * tall
    c.put("hair", c.ellipse(x, neck - 1.25 * r, 1.12 * r, 1.25 * r), c.uniform(18, 44))
    face = c.ellipse(x + 0.15 * r, neck - 0.95 * r, 0.85 * r, 1.05 * r)
    c.put("skin", face, c.uniform(40, 70) - 6 * face.u)


def park(c: Canvas):
    """People on a path through a park."""
    horizon = c.uniform(0.3, 0.45)
    sky.day_sky(c, horizon)
    n.wood(c, n.hill_line(c, horizon + 0.03, 0.01), c.uniform(0.08, 0.16), 34, "leaves", 0.5)
    n.field(c, horizon, "grass", c.uniform(54, 62))
    at = n.below(c, horizon)
    far = np.maximum(c.y[at[0]] - horizon, 0)
    middle = c.uniform(0.3, 0.7) * c.w + c.uniform(-0.5, 0.5) * far
    path = smooth(1.05, 0.97, np.abs(c.x - middle) / (0.03 + c.uniform(0.5, 0.8) * far))
    c.paint("pavement", path, 64 + 3 * c.noise(1.0, 0.8, at=at), at)
    for _ in range(c.count(1, 3)):
        h = c.uniform(0.25, 0.42)
        n.tree(c, c.uniform(0, c.w), horizon + 0.2 * h, h)
    number = c.count(3, 6)
    for i, foot in enumerate(sorted(c.uniform(0.72, 1.08) for _ in range(number))):
        x = (i * 2 % number + c.uniform(0.2, 0.8)) / number * c.w
        person(c, x, foot, (0.15 + 0.75 * (foot - horizon)) * c.uniform(0.9, 1.1))


def road(c: Canvas):
    """Cars on a road, before hills or a town."""
    horizon = c.uniform(0.36, 0.5)
    sky.day_sky(c, horizon)
    if c.chance(0.6):
        sky.sheet_clouds(c, horizon, c.uniform(0.25, 0.55))
    if c.chance(0.4):
        towers(c, horizon + 0.08, 0.08, 0.3, 56, contrast=0.6)
    else:
        n.ridges(c, horizon + 0.05, c.uniform(0.08, 0.18), layers=2, far=0.9, near=0.3)
    n.field(c, horizon + 0.04, "grass", c.uniform(54, 62))
    for _ in range(c.count(0, 3)):
        n.tree(c, c.uniform(0, c.w), horizon + c.uniform(0.06, 0.12), c.uniform(0.16, 0.3))
    top = horizon + c.uniform(0.12, 0.18)
    at = n.below(c, top)
    deep = (c.y[at[0]] - top) / (1 - top)
    asphalt = c.uniform(30, 44) + 2.5 * c.noise(0.8, 0.8, at=at) + 7 * (1 - deep)
    c.paint("road", n.cover_below(c, top, at), asphalt, at)
    for line, thick in ((0.05, 0.03), (0.5, 0.035)):
        dash = (line < 0.2) | (((c.x + c.uniform(0, 1)) * 4.0) % 1.0 < 0.6)
        mark = (np.abs(deep - line) < thick * (0.5 + deep)) & dash
        c.paint("road", mark.astype(np.float32), 66, at)
    for lane, turn in ((0.22, 1), (0.78, -1)):
        foot = top + lane * (1 - top)
        size = c.uniform(0.55, 0.75) * (0.55 + 0.5 * lane)
        x = c.uniform(-0.2, 0.3)
        while x < c.w + 0.2:
            if c.chance(0.8):
                car(c, x, foot, size * c.uniform(0.92, 1.08), turn)
            x += size * c.uniform(1.15, 1.5)


def rainy_street(c: Canvas):
    """People under umbrellas on a wet street, grey sky and streaks of rain."""
    horizon = c.uniform(0.42, 0.55)
    c.paint("storm cloud", 1.0, 56 + 12 * c.y + 5 * c.noise(1.7, 0.2, 0.4))
    x = c.uniform(-0.2, 0.0)
    while x < c.w + 0.2:
        s = c.uniform(0.34, 0.5)
        house(c, x, horizon + 0.06, s)
        x += s * c.uniform(0.75, 1.0)
    at = n.below(c, horizon + 0.05)
    far = np.maximum(c.y[at[0]] - horizon, 0.01)
    puddles = smooth(0.0, 1.2, c.noise_at(1.6, c.x * 0.4, 0.16 * np.log(far)))
    rows = np.clip(2 * at[0].start - np.arange(at[0].start, at[0].stop), 0, None)
    mirror = c.L[rows] - 48
    wet = 40 + (6 + 14 * puddles) * (0.4 + 0.04 * mirror) + 1.5 * c.noise(0.8, 0.8, at=at)
    c.paint("road", n.cover_below(c, horizon + 0.05, at), wet, at)
    number = c.count(3, 5)
    for i, foot in enumerate(sorted(c.uniform(0.72, 1.05) for _ in range(number))):
        tall = (0.16 + 0.62 * (foot - horizon)) * c.uniform(0.95, 1.1)
        x = (i * 2 % number + c.uniform(0.2, 0.8)) / number * c.w
        person(c, x, foot, tall)
        umbrella(c, x + 0.05 * tall, foot - 0.95 * tall, 0.36 * tall)
    slant = c.uniform(-0.25, 0.25)
    streaks = c.noise_at(0.7, c.x * 1.4 + slant * c.y, 0.1 * c.y + 0.0 * c.x)
    c.shade(7 * smooth(0.9, 2.2, streaks) - 1.5)


def umbrella(c: Canvas, x, y, r):
    """An open umbrella with ribs, its middle at the height y."""
    dome = c.ellipse(x, y, r, 0.75 * r)
    lower = np.clip(
        (y + 0.1 * r * np.abs(np.sin(2.5 * np.pi * dome.u)) - c.y[dome.at[0]]) / c.pixel, 0, 1
    )
    rib = np.sin(2.5 * np.pi * dome.u / np.sqrt(np.clip(1.02 - dome.v**2, 0.1, 1)))
    light = 55 - 8 * dome.u - 5 * dome.v - 5 * np.exp(-(rib**2) * 12)
    c.paint("umbrella", dome.alpha * lower, light, dome.at)


PAINTERS = {"park": park, "road": road, "rainy street": rainy_street}
