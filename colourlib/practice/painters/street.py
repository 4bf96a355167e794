"""Scenes of people, traffic and buildings: park, road, rainy street."""

import numpy as np

from . import nature as n
from .canvas import Canvas, smooth


def car(c: Canvas, x, foot, s, turn):
    """A car from the side, `s` long."""
    saloon, hatchback, van = (0.3, 0.22, 0.36), (0.28, 0.06, 0.37), (0.14, 0.03, 0.44)
    bonnet, rear, tall = (saloon, hatchback, van)[c.count(0, 2)]

    def outline(*points):  # (u, v) from the nose 0 to the tail 1, and above the road
        return c.outline(x, foot, turn * s, s, [(0.5 - u, v) for u, v in points])

    def spot(name, u, v, rx, ry, light):
        c.put(name, c.ellipse(x + turn * (0.5 - u) * s, foot - v * s, rx * s, ry * s), light)

    c.shadow(16, x, foot, 0.56 * s, 0.05 * s, 0.06 * s)
    base, roof = c.uniform(46, 58), 0.93 - rear
    body = outline(
        (0.0, 0.08), (0.0, 0.19), (0.04, 0.225), (bonnet, 0.25), (bonnet + 0.13, tall),
        (roof, tall), (1 - 0.5 * rear, 0.255), (0.99, 0.24), (1.0, 0.08),
    )  # fmt: skip
    shine = 9 * np.exp(-(((body.v - 0.15) / 0.12) ** 2)) - 9 * smooth(0.3, 1.0, body.v)
    c.put("car", body, base + shine - 3 * body.v)
    post, top, sill = 0.5 * (bonnet + 0.13 + 0.93 - rear), tall - 0.03, 0.255
    u, end = bonnet + 0.05, post - 0.015
    front = outline((u, sill), (u + 0.085, top), (end, top), (end, sill))
    u, end = post + 0.015, 0.94 - 0.8 * rear
    back = outline((u, sill), (u, top), (end - 0.06 * rear / 0.22, top), (end, sill))
    for glass in (front, back):
        c.put("window", glass, 42, v=-14, u=6)
    for u in (0.2, 0.8):
        spot("tyre", u, 0.075, 0.09, 0.09, 12)
        spot("tyre", u, 0.075, 0.045, 0.045, 44)
    spot("lamp", 0.03, 0.185, 0.028, 0.022, 86)


def person(c: Canvas, x, foot, tall):
    c.shadow(14, x + 0.12 * tall, foot, 0.24 * tall, 0.03 * tall, 0.03 * tall)
    stride = tall * c.uniform(0.07, 0.15)
    w, hip, neck = 0.055 * tall, foot - 0.47 * tall, foot - 0.84 * tall
    legs, dark = c.region(), c.uniform(38, 56)
    if c.chance(0.3):
        for side in (-1, 1):
            leg = x + side * 1.1 * w
            c.put("skin", c.box(leg - 0.5 * w, foot - 0.3 * tall, leg + 0.5 * w, foot), 55)
        skirt = c.taper(x, foot - 0.2 * tall, 0.16 * tall, x, hip - w, 0.09 * tall)
        c.put("clothes", skirt, dark, legs)
    else:
        for side in (-1, 1):
            leg = c.taper(x + side * stride, foot, 0.75 * w, x, hip - w, w)
            c.put("clothes", leg, dark + 4 * side, legs)
    coat, base = c.region(), c.uniform(42, 60)
    for side in (-1, 1):
        hand_x, hand_y = x + side * (0.15 + 0.3 * stride) * tall, hip + 0.02 * tall
        arm = x + side * 0.07 * tall
        sleeve = [(arm, neck), (arm + side * 0.06 * tall, neck + 0.03 * tall)]
        sleeve += [(hand_x + 0.02 * tall * side, hand_y), (hand_x - 0.035 * tall * side, hand_y)]
        c.put("clothes", c.polygon(sleeve), base - 6, coat)
        c.put("skin", c.ellipse(hand_x, hand_y + 0.01 * tall, 0.026 * tall), 58)
    trunk = c.taper(x, hip + w, 0.1 * tall, x, neck, 0.11 * tall)
    c.put("clothes", trunk, base - 7 * trunk.u - 3 * trunk.v, coat)
    r = 0.068 * tall
    c.put("hair", c.ellipse(x, neck - 1.25 * r, 1.12 * r, 1.25 * r), c.uniform(18, 44))
    face = c.ellipse(x + 0.15 * r, neck - 0.95 * r, 0.85 * r, 1.05 * r)
    c.put("skin", face, c.uniform(40, 70), u=-6)


def umbrella(c: Canvas, x, y, r):
    """An open umbrella with ribs, its middle at the height y."""
    dome = c.ellipse(x, y, r, 0.75 * r)
    hem = y + 0.1 * r * np.abs(np.sin(2.5 * np.pi * dome.u))
    lower = np.clip((hem - c.y[dome.at[0]]) / c.pixel, 0, 1)
    rib = np.sin(2.5 * np.pi * dome.u / np.sqrt(np.clip(1.02 - dome.v**2, 0.1, 1)))
    light = 55 - 8 * dome.u - 5 * dome.v - 5 * np.exp(-(rib**2) * 12)
    c.paint("umbrella", dome.alpha * lower, light, dome.at)


def park(c: Canvas):
    horizon = n.day(c, 0.3, 0.45)
    n.wood(c, n.hill_line(c, horizon + 0.03, 0.01), c.uniform(0.08, 0.16), 34, "leaves", 0.5)
    n.field(c, horizon, "grass", c.uniform(54, 62))
    at, far = n.ground(c, horizon)
    middle = c.across(0.3, 0.7) + c.uniform(-0.5, 0.5) * far
    path = smooth(1.05, 0.97, np.abs(c.x - middle) / (0.03 + c.uniform(0.5, 0.8) * far))
    c.paint("pavement", path, 64 + 3 * c.noise(1.0, 0.8, at=at), at)
    for _ in range(c.count(1, 3)):
        h = c.uniform(0.25, 0.42)
        n.tree(c, c.across(), horizon + 0.2 * h, h)
    feet = c.feet(0.72, 1.08, 3, 6)
    for i, foot in enumerate(feet):
        x = (i * 2 % len(feet) + c.uniform(0.2, 0.8)) / len(feet) * c.w
        person(c, x, foot, (0.15 + 0.75 * (foot - horizon)) * c.uniform(0.9, 1.1))


def road(c: Canvas):
    horizon = n.day(c, 0.36, 0.5, clouds=(0.6, 0.25, 0.55))
    if c.chance(0.4):
        towers(c, horizon + 0.08, 0.08, 0.3, 56, contrast=0.6)
    else:
        n.ridges(c, horizon + 0.05, c.uniform(0.08, 0.18), layers=2, far=0.9, near=0.3)
    n.field(c, horizon + 0.04, "grass", c.uniform(54, 62))
    for _ in range(c.count(0, 3)):
        n.tree(c, c.across(), horizon + c.uniform(0.06, 0.12), c.uniform(0.16, 0.3))
    top = horizon + c.uniform(0.12, 0.18)
    at = n.below(c, top)
    deep = (c.y[at[0]] - top) / (1 - top)
    asphalt = c.uniform(30, 44) + 2.5 * c.noise(0.8, 0.8, at=at)
    n.lay(c, "road", top, asphalt + 7 * (1 - deep), at)
    for line, thick in ((0.05, 0.03), (0.5, 0.035)):
        dash = (line < 0.2) | (((c.x + c.uniform(0, 1)) * 4.0) % 1.0 < 0.6)
        mark = (np.abs(deep - line) < thick * (0.5 + deep)) & dash
        c.paint("road", mark.astype(np.float32), 66, at)
    for lane, turn in ((0.22, 1), (0.78, -1)):
        size, x = c.uniform(0.55, 0.75) * (0.55 + 0.5 * lane), c.uniform(-0.2, 0.3)
        while x < c.w + 0.2:
            if c.chance(0.8):
                car(c, x, top + lane * (1 - top), size * c.uniform(0.92, 1.08), turn)
            x += size * c.uniform(1.15, 1.5)


def rainy_street(c: Canvas):
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
    mirror = c.L[np.clip(2 * at[0].start - np.arange(at[0].start, at[0].stop), 0, None)] - 48
    wet = 40 + (6 + 14 * puddles) * (0.4 + 0.04 * mirror) + 1.5 * c.noise(0.8, 0.8, at=at)
    n.lay(c, "road", horizon + 0.05, wet, at)
    feet = c.feet(0.72, 1.05, 3, 5)
    for i, foot in enumerate(feet):
        tall = (0.16 + 0.62 * (foot - horizon)) * c.uniform(0.95, 1.1)
        x = (i * 2 % len(feet) + c.uniform(0.2, 0.8)) / len(feet) * c.w
        person(c, x, foot, tall)
        umbrella(c, x + 0.05 * tall, foot - 0.95 * tall, 0.36 * tall)
    streaks = c.noise_at(0.7, c.x * 1.4 + c.uniform(-0.25, 0.25) * c.y, 0.1 * c.y + 0.0 * c.x)
    c.shade(7 * smooth(0.9, 2.2, streaks) - 1.5)


def house(c: Canvas, x, foot, size):
    wide, tall, turn = size * c.uniform(0.5, 0.8), size * c.uniform(0.45, 0.9), c.side()
    deep, up = turn * size * c.uniform(0.25, 0.45), foot - 0.05 * size
    x0, x1 = x - turn * wide / 2, x + turn * wide / 2
    top, base = foot - tall, c.uniform(56, 70)
    c.shadow(13, x + 0.15 * size, foot, 0.75 * size, 0.06 * size, 0.06 * size)
    wall = c.region()
    flank = c.polygon([(x1, foot), (x1, top), (x1 + deep, top), (x1 + deep, up)])
    c.put("wall", flank, base - 17, wall)
    front = c.box(min(x0, x1), top, max(x0, x1), foot)
    c.put("wall", front, base - 3 * front.v + 1.3 * c.noise(1.0, 0.5, at=front.at), wall)
    columns, rows = max(2, round(3.2 * wide / size)), max(1, round(tall / (0.3 * size)))
    fx, fy = (front.u + 1) * 0.5 * columns % 1.0, (front.v + 1) * 0.5 * rows % 1.0
    panes = (np.abs(fx - 0.5) < 0.27) & (np.abs(fy - 0.52) < 0.3) & (front.alpha > 0.9)
    c.paint("window", panes.astype(np.float32), 30 + 8 * front.u, front.at)
    half = 0.08 * size
    c.put("wood", c.box(x - half, foot - 0.24 * size, x + half, foot), 36)
    rise, out, tiles = size * c.uniform(0.2, 0.38), turn * 0.06 * size, c.uniform(32, 48)
    ridge, eaves = (x, top - rise), (x1 + out, top)
    back = c.polygon([ridge, (x + deep, top - rise), (x1 + deep + out, top), eaves])
    roof = c.put("roof", back, tiles + 5 * np.sin(c.y[back.at[0]] * (150 / size * 0.3)))
    gable = c.polygon([(x0 - out, top), ridge, eaves])
    if c.chance(0.5):
        c.put("wall", gable, base - 5, wall)
    else:
        c.put("roof", gable, tiles + 9, roof)
    if c.chance(0.6):
        left, half = x + deep * 0.7, 0.04 * size
        c.put("roof", c.box(left - half, top - 1.25 * rise, left + half, top - 0.8 * rise), 30)


def towers(c: Canvas, foot, low, high, light, contrast):
    """A row of tower blocks, whose windows are only light and dark, from side to side."""
    x = c.uniform(-0.1, 0.0)
    while x < c.w:
        wide = c.uniform(0.07, 0.16)
        tall, base = c.uniform(low, high), light + c.uniform(-9, 9)
        top, region = foot - tall, c.region()
        front = c.box(x, top, x + wide, foot)
        columns, rows = max(2, round(wide / 0.03)), max(4, round(tall / 0.035))
        fx, fy = (front.u + 1) * 0.5 * columns % 1.0, (front.v + 1) * 0.5 * rows % 1.0
        style = c.count(0, 2)
        panes = ((fx > 0.35) | (style == 1)) & ((fy > 0.4) | (style == 2))
        mirror = c.noise(1.9, 0.6, at=front.at)
        shine = contrast * (8 - 15 * panes + 4 * mirror * panes)
        c.put("tower", front, base + shine - 3 * front.v, region)
        side = c.box(x + wide, foot - tall * 0.985, x + wide * 1.22, foot)
        storeys = 3 * np.sign(np.sin(c.y[side.at[0]] * 90)) * contrast
        c.put("tower", side, base - 16 * contrast + storeys, region)
        if c.chance(0.3):
            mast = c.box(x + 0.47 * wide, top - 0.08, x + 0.53 * wide, top)
            c.put("tower", mast, base - 15, region)
        x += wide * 1.22 + c.uniform(0, 0.05)
