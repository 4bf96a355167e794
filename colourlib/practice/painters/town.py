"""Scenes of what people make: village, skyline, city by night, an earthquake; a laid table."""

import numpy as np

from . import nature as n
from .canvas import Canvas, smooth
from .street import car, house, towers


def village(c: Canvas):
    horizon = n.day(c, 0.5, 0.66)
    for _ in range(c.count(0, 3)):
        n.cumulus(c, c.across(), c.uniform(0.15, 0.6) * horizon, c.uniform(0.1, 0.2))
    n.ridges(c, horizon + 0.04, c.uniform(0.12, 0.22), layers=2, far=0.9, near=0.2)
    n.field(c, n.hill_line(c, horizon, 0.012), "grass", c.uniform(54, 62))
    for foot, size, near in ((horizon + 0.06, 0.24, False), (horizon + 0.2, 0.42, True)):
        x = c.uniform(-0.1, 0.15)
        while x < c.w + 0.1:
            s = size * c.uniform(0.85, 1.2)
            if c.chance(0.75):
                house(c, x, foot + c.uniform(-0.02, 0.03), s)
            elif near:
                n.tree(c, x, foot + 0.03, s * 0.8)
            x += s * c.uniform(0.95, 1.3)
    n.pave(c, "pavement", horizon + 0.27, 60, 3, 1.0)
    n.pave(c, "road", horizon + 0.27 + 0.05, 40)


def skyline(c: Canvas):
    foot = n.day(c, 0.74, 0.88, clouds=(0.7, 0.2, 0.55), reach=0.8)
    towers(c, foot, 0.22, 0.5, 66, contrast=0.35)
    towers(c, foot, 0.18, 0.68, 54, contrast=0.8)
    if c.chance(0.5):
        n.wood(c, foot + 0.01, 0.05, 38, "leaves", 0.4)
    if c.chance(0.6):
        n.water(c, foot, "lake", 40, waves=4, sky=16)
    else:
        n.pave(c, "road", foot, 38)
        for _ in range(c.count(2, 4)):
            car(c, c.across(), c.uniform(foot + 0.06, 0.98), 0.2, 1)


def night_city(c: Canvas):
    foot = c.uniform(0.78, 0.95)
    n.night_sky(c, foot, 10, c.uniform(20, 30))
    n.stars(c, 60, foot * 0.6)
    if c.chance(0.6):
        n.moon_disc(c, c.across(0.1, 0.9), c.uniform(0.1, 0.25), c.uniform(0.04, 0.07))
    for row in range(2):
        x = c.uniform(-0.1, 0.0)
        while x < c.w:
            wide, tall = c.uniform(0.16, 0.28), c.uniform(0.2, 0.62) * (1.15 - 0.25 * row)
            front = c.box(x, foot - tall, x + wide, foot)
            c.put("night tower", front, 17 - 6 * row, u=-3)
            columns, rows = max(2, round(wide / 0.08)), max(3, round(tall / 0.085))
            lit = c.rng.random((rows + 1, columns + 1)) < c.uniform(0.25, 0.6)
            gx, gy = (front.u + 1) * 0.5 * columns, (front.v + 1) * 0.5 * rows
            lit = lit[np.clip(gy, 0, rows).astype(int), np.clip(gx, 0, columns).astype(int)]
            lit = lit & (np.abs(gx % 1 - 0.5) < 0.34) & (np.abs(gy % 1 - 0.5) < 0.34)
            lit = (lit & (front.alpha > 0.9)).astype(np.float32)
            c.paint("lit window", lit, c.uniform(62, 76), front.at)
            x += wide + c.uniform(0.0, 0.06)
    n.water(c, foot, "night water", 14, waves=5, sky=14)


def earthquake(c: Canvas):
    horizon = n.day(c, 0.4, 0.52)
    x = c.uniform(-0.2, 0.0)
    while x < c.w + 0.2:
        s = c.uniform(0.34, 0.5)
        if c.chance(0.6):  # a house that leans, its wall broken off, its windows empty
            foot, wide = horizon + 0.08, 0.3 * s
            tall, lean, left = s * c.uniform(0.6, 1.0), s * c.uniform(-0.3, 0.3), x - wide
            tops = [foot - tall * c.uniform(0.75, 1.1) for _ in range(8)]
            edge = [(left + 2 * wide * i / 7 + lean, top) for i, top in enumerate(tops)]
            wall = c.polygon([(left, foot), *edge, (x + wide, foot)])
            light = c.uniform(52, 66) - 7 * wall.u + 2 * c.noise(1.0, 0.6, at=wall.at)
            c.put("wall", wall, light)
            w = 0.13 * wide
            for u, up in ((-0.5, 0.28), (-0.5, 0.6), (0.4, 0.28), (0.4, 0.6)):
                wx, wy, bend = x + u * wide + up * lean, foot - up * tall, 0.2 * lean
                high = wy - 0.2 * tall
                hole = [(wx - w, wy), (wx + w, wy), (wx + w + bend, high), (wx - w + bend, high)]
                c.put("window", c.polygon(hole), 20)
        x += s * c.uniform(0.8, 1.1)
    dust = smooth(-0.4, 1.6, c.noise(1.8, 0.2, 0.3))
    c.paint("fog", 0.75 * (dust * smooth(0.28, 0.05, np.abs(c.y - horizon + 0.06))), 74)
    top = horizon + 0.06
    at, far = n.ground(c, top, 0.04)
    tilt = 5 * np.round(c.noise_at(1.6, c.x * 0.35, 0.25 * np.log(far)) * 1.5)
    n.lay(c, "road", top, 44 + tilt + 2 * c.noise(0.8, 0.8, at=at), at)
    for _ in range(c.count(2, 3)):
        vein = c.across(0.1, 0.9) + 0.16 * c.skyline(1.0, 0.5, x=c.y)[at[0]]
        wide = far * c.uniform(0.12, 0.3) * (1 + 0.35 * c.skyline(0.7, 0.6, x=c.y)[at[0]])
        gap = np.abs(c.x - vein) / np.maximum(wide, 0.008)
        c.paint("soil", smooth(1.5, 1.3, gap), 46 + 6 * c.noise(0.9, 0.9, at=at), at)
        c.paint("soil", smooth(1.0, 0.8, gap), 18, at)
    for _ in range(c.count(8, 14)):
        foot = c.uniform(top, 0.98)
        r, x = (0.02 + 0.1 * (foot - top)) * c.uniform(0.8, 1.5), c.across()
        turn = np.sort(c.rng.random(6)) * 2 * np.pi
        stone = [(x + r * np.cos(t), foot + 0.7 * r * np.sin(t)) for t in turn]
        c.put("rock", c.polygon(stone), 50, v=-16, u=-8)


def fruit_plate(c: Canvas):
    weave = c.uniform(6, 10)
    squares = np.sign(np.sin(c.x * weave * np.pi)) + np.sign(np.sin(c.y * weave * np.pi))
    thread = 1.5 * c.noise(0.7, 0.9)
    c.paint("cloth", 1.0, c.uniform(50, 62) + 6 * squares + thread + 4 * (0.5 - c.y))
    x, y, r = c.across(0.42, 0.58), c.uniform(0.48, 0.58), c.uniform(0.36, 0.44)
    c.shadow(18, x + 0.03, y + 0.06, r * 1.05, r * 0.86, 0.1)
    plate = c.ellipse(x, y, r, 0.8 * r)
    radius = np.sqrt(plate.u**2 + plate.v**2)
    rim = 8 * smooth(0.76, 0.95, radius)
    c.put("plate", plate, 86 - 8 * smooth(0.72, 0.76, radius) + rim - 4 * plate.v)
    if c.chance(0.5):
        bx, by, a, region = x + c.uniform(-0.1, 0.1), y - 0.12, c.uniform(0.2, 0.26), c.region()
        for i in range(c.count(2, 3)):
            grow, turn = 1 + 0.16 * i, np.linspace(0.15, np.pi - 0.15, 14)
            outer = [(bx + a * grow * np.cos(t), by + 0.62 * a * grow * np.sin(t)) for t in turn]
            inner = [(p, q - 0.26 * a * np.sin(t)) for (p, q), t in zip(outer, turn, strict=True)]
            c.put("banana", c.polygon([*outer, *inner[::-1]]), 74 - 5 * i, region, v=-9)
    places = [(np.cos(t), np.sin(t)) for t in np.arange(6) * np.pi / 3 + c.uniform(0, 2)]
    for px, py in sorted([*places[: c.count(3, 6)], (0.0, 0.1)], key=lambda p: p[1]):
        fx, fy = x + 0.55 * r * px, y + 0.42 * r * py
        if c.chance(0.2):
            region, b = c.region(), 0.3 * r
            for dy in (-0.6, -0.25, 0.1, 0.45, 0.8):
                for dx in np.arange(-0.7 + abs(dy) * 0.45, 0.71 - abs(dy) * 0.45, 0.42):
                    grape = c.ellipse(fx + dx * b, fy + dy * b, 0.27 * b)
                    c.put("grapes", grape, 40 - 10 * grape.u - 10 * grape.v, region)
            continue
        s = r * c.uniform(0.24, 0.33)
        c.shadow(16, fx + 0.2 * s, fy + 0.6 * s, 1.05 * s, 0.6 * s, 0.4 * s)
        ball = c.ellipse(fx, fy, s, s * c.uniform(0.88, 1.05))
        z = np.sqrt(np.clip(1 - ball.u**2 - ball.v**2, 0, 1))
        lit = np.clip(-0.45 * ball.u - 0.55 * ball.v + 0.65 * z, 0, 1)
        skin = c.noise(1.0, 0.25 / s, at=ball.at)
        c.put("round fruit", ball, 41 + 22 * lit + 10 * smooth(0.93, 0.99, lit) + 1.5 * skin)
        c.put("bark", c.box(fx - 0.05 * s, fy - 1.05 * s, fx + 0.05 * s, fy - 0.7 * s), 22)
