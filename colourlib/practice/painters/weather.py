"""Scenes of weather and fire: clouds, storm, fog, tornado, hurricane, volcano, campfire."""

import numpy as np

from . import nature as n
from .canvas import Canvas, smooth


def sunset(c: Canvas):
    horizon = c.uniform(0.5, 0.68)
    x, y = c.across(0.2, 0.8), horizon - c.uniform(0.03, 0.22)
    t = 1.0 - c.distance(x, y, wide=0.35) / c.uniform(0.7, 0.95) + 0.05 * c.noise(1.9, 0.2, 0.6)
    dark, bright = c.uniform(16, 26), c.uniform(74, 84)
    light = dark + (bright - dark) * np.clip(t, 0, 1) ** 1.15
    bands = c.noise(1.3, 0.05, 0.8)  # thin sheets of haze
    c.gradient("sunset sky", t + 0.02 * bands, 1.0, light + 2.5 * bands)
    at = c.window(0, 0, c.w, horizon)
    bars = c.noise(1.6, c.uniform(0.15, 0.3), c.uniform(0.7, 1.2), at=at)
    c.paint("sunset cloud", smooth(0.5, 1.3, bars) * 0.85, 0.62 * light[at] + 6, at)
    n.sun_disc(c, x, y, c.uniform(0.035, 0.08), 0.16)
    if c.chance(0.6):
        at, deep = n.ground(c, horizon)
        rows = np.clip((horizon - 1.3 * deep) / c.pixel, 0, c.L.shape[0] - 1).astype(int)[:, 0]
        glow = 1.0 - np.sqrt(0.9 * (c.x - x) ** 2 + (deep + 0.1) ** 2) / 0.75
        ripple = c.noise_at(1.2, c.x * 0.5, 0.09 / (deep + 0.03), lit=True)
        value = 0.6 * light[rows] + 4 * ripple - 4
        c.gradient("sunset sky", glow, n.cover_below(c, horizon, at), value, at)
        n.glitter(c, x, horizon, 24, c.uniform(0.03, 0.06))
        if c.chance(0.5):
            boat, s = c.across(0.1, 0.9), c.uniform(0.1, 0.2)
            y = horizon + c.uniform(0.04, 0.12)
            c.put("ember", c.outline(boat, y, s, s, [(0, 0.1), (0, 1), (0.4, 0.1)]), 14)
            c.put("ember", c.outline(boat, y, s, s, [(-0.3, 0.08), (0.5, 0.08), (0.3, 0)]), 11)
        return
    for layer in range(3):
        top = n.hill_line(c, horizon + 0.02 + 0.13 * layer, 0.035, 0.16)
        n.pave(c, "ember", top, 22 - 4 * layer, 1.5, 1.0)
    if c.chance(0.6):
        for _ in range(c.count(2, 6)):
            n.fir(c, c.across(), c.uniform(0.85, 1.05), c.uniform(0.2, 0.4), 15, name="ember")


def cloudscape(c: Canvas):
    """Clouds seen from among them: heaps above a white sea of cloud."""
    horizon = n.day(c, 0.6, 0.95, clouds=(1, 0.2, 0.45), reach=0.7, size=1.6)
    for i in range(c.count(5, 8)):
        near = i / 8
        size = c.uniform(0.14, 0.2) + 0.2 * near
        y = horizon * (0.5 + 0.5 * near) + c.uniform(-0.1, 0.1)
        n.cumulus(c, c.across(), y, size, low=c.uniform(60, 70))
    if horizon < 0.85:
        for y in (horizon + 0.06, horizon + 0.2, 1.1):
            c.paint("cloud", 1.0, 80, n.below(c, y - 0.04))
            for i in range(4):
                x = (i + c.uniform(0, 1)) / 4 * c.w
                size = (0.14 + 0.5 * (y - horizon)) * c.uniform(0.9, 1.3)
                n.cumulus(c, x, y, size, low=74)


def balloons(c: Canvas):
    """Hot-air balloons of two colours above hills: gores, a skirt and a basket each."""
    horizon = n.day(c, 0.72, 0.88, clouds=(0.6, 0.15, 0.45))
    n.ridges(c, horizon + 0.06, c.uniform(0.1, 0.2), layers=3, far=1.0, near=0.2)
    n.field(c, n.hill_line(c, horizon + 0.08, 0.02), "grass", 58)
    for r in c.feet(0.05, 0.2, 3, 6):
        x, y = c.across(0.08, 0.92), c.uniform(0.15, 0.62)
        neck = c.taper(x, y + 1.35 * r, 0.2 * r, x, y + 0.55 * r, 0.83 * r)
        first, second = c.region(), c.region()
        style = c.count(0, 2)  # gores, bands, plain with one band
        for patch in (neck, c.ellipse(x, y, r)):
            u, v = (c.x[:, patch.at[1]] - x) / r, (c.y[patch.at[0]] - y) / r
            dome = np.sqrt(np.clip(1 - np.minimum(v, 0.55) ** 2, 0.02, 1))
            belly = np.where(v < 0.55, dome, 0.83 - 0.79 * (v - 0.55))
            across = np.arcsin(np.clip(u / np.maximum(belly, 0.15), -1, 1))
            stripe = (np.sin(across * 5) > 0, np.sin(v * 7) > 0, np.abs(v - 0.05) < 0.28)[style]
            light = 57 - 9 * across / 1.57 - 5 * v - 5 * (np.abs(np.sin(across * 5)) < 0.3)
            c.paint("balloon", patch.alpha, light, patch.at, first)
            c.paint("balloon", patch.alpha * stripe, light - 6, patch.at, second)
        for wide in (-r, r):
            c.put("bark", c.outline(x, y, wide, r, [(0.16, -1.3), (0.13, -1.6), (0.1, -1.6)]), 30)
        top = y + 1.6 * r
        c.put("wood", c.box(x - 0.15 * r, top, x + 0.15 * r, top + 0.22 * r), 40)


def thunderstorm(c: Canvas):
    """Forked lightning and a curtain of rain over a dark sea or dark fields."""
    horizon = c.uniform(0.6, 0.75)
    n.storm_sky(c, horizon, c.uniform(26, 38))
    for _ in range(c.count(1, 2)):
        x, top, foot, w = c.across(0.15, 0.85), c.uniform(0.05, 0.2), horizon + 0.01, 0.007
        c.shade(16 * np.exp(-c.distance(x, top, tall=0.3) / 0.16))
        points, px = [], x
        for i in range(9):
            points.append((px, top + (foot - top) * i / 8))
            px += c.uniform(-0.05, 0.05)
        line = [(a - w, b) for a, b in points] + [(a + w, b) for a, b in points[::-1]]
        region = c.put("lightning", c.polygon(line), 94)
        ax, ay = points[4]
        fork = [(ax - w, ay), (ax + c.uniform(-0.2, 0.2), ay + 0.6 * (foot - ay)), (ax + w, ay)]
        c.put("lightning", c.polygon(fork), 90, region)
    if c.chance(0.5):
        n.water(c, horizon, "sea", 34, waves=7, sky=6)
    else:
        n.ridges(c, horizon + 0.03, 0.06, layers=1, far=0.3)
        n.field(c, horizon + 0.02, "grass", 46)
    middle, wide = c.across(), c.uniform(0.15, 0.3)
    curtain = smooth(1.0, 0.3, np.abs(c.x - middle - 0.2 * (c.y - 0.5)) / wide)
    curtain = curtain * smooth(0.3, 0.5, c.y) * smooth(horizon + 0.03, horizon - 0.05, c.y)
    c.paint("fog", 0.45 * curtain, 58 + 5 * c.noise_at(1.0, c.x + 0.2 * c.y, 0.06 * c.y + 0 * c.x))


def foggy_hills(c: Canvas):
    c.paint("fog", 1.0, 80 - 6 * c.y + 3.5 * c.noise(1.6, 0.15, 0.5))
    layers = c.count(4, 6)
    for i in range(layers):
        t = (i + 1) / layers
        line = n.hill_line(c, 0.25 + 0.75 * t + c.uniform(-0.03, 0.03) - 0.15, 0.07, 0.15)
        teeth = np.abs((c.x * (26 - 18 * t) + 0.5 * c.skyline(0.6, 0.4)) % 1 - 0.5)
        top = line - (0.05 + 0.14 * t) * (0.5 + 0.35 * c.skyline(0.9, 0.4) + 0.6 * (0.5 - teeth))
        at = n.below(c, top)
        bark, cover = c.noise(1.1, 0.7, at=at) * t, n.cover_below(c, top, at)
        name = "fog" if t < 0.55 else "haze 1" if t < 0.7 else "fir"
        c.paint(name, cover, 76 - 46 * t**0.9 + 3 * bark, at)
        if i < layers - 1:
            mist = smooth(0.02, 0.2 + 0.1 * t, c.y[at[0]] - line)
            c.paint("fog", cover * mist * 0.9, 82 - 4 * t, at)


def tornado(c: Canvas):
    horizon = c.uniform(0.72, 0.82)
    n.storm_sky(c, horizon, c.uniform(44, 54))
    n.field(c, horizon, "wheat" if c.chance(0.5) else "grass", 50)
    x, top, foot = c.across(0.25, 0.75), c.uniform(0.08, 0.2), horizon + c.uniform(0.02, 0.08)
    down = np.clip((c.y - top) / (foot - top), 0, 1)
    bend = c.uniform(-0.25, 0.25) * (1 - down) + 0.02 * c.skyline(1.5, 0.5, x=c.y)
    half = 0.025 + 0.26 * (1 - down) ** c.uniform(2.0, 3.0)
    half = half * (1 + 0.06 * c.skyline(0.9, 0.9, x=c.y))
    u = (c.x - x - bend) / half
    spin = c.noise_at(1.3, 0.12 * np.arcsin(np.clip(u, -1, 1)), 0.9 * c.y + 0.10 * u, lit=True)
    inside = smooth(1.05, 0.92, np.abs(u)) * (down > 0) * (down < 1)
    c.paint("storm cloud", inside, 40 - 11 * u + 5 * spin - 6 * (1 - down))
    lid = c.noise(1.9, 0.25, 0.4)
    c.paint("storm cloud", smooth(top + 0.1, top - 0.04, c.y + 0.035 * lid), 30 + 6 * lid)
    for _ in range(9):
        r, dx = c.uniform(0.03, 0.08), c.uniform(-0.15, 0.15)
        puff = c.ellipse(x + dx, foot - 0.3 * r, r * 1.4, r, ragged=0.6, soft=0.03)
        c.put("soil", puff, 46, v=-9)


def hurricane(c: Canvas):
    """A hurricane from above: arms of cloud that wind into the eye, over the sea."""
    c.paint("sea", 1.0, 40 + 3 * c.noise(1.4, 0.4, lit=True) + 2 * c.noise(2.0, 0.2))
    if c.chance(0.6):
        coast = c.uniform(0.0, 0.3) + c.uniform(-0.4, 0.4) * (c.y - 0.5) + 0.12 * c.noise(1.8, 0.2)
        land = smooth(0.005, -0.005, (c.x if c.chance(0.5) else c.w - c.x) - coast)
        c.paint("land globe", land, 44 + 5 * c.noise(1.4, 0.4, lit=True))
    x, y = c.across(0.35, 0.65), c.uniform(0.35, 0.65)
    dx, dy = c.x - x, (c.y - y) * c.uniform(1.0, 1.3)
    radius, turn, size = np.sqrt(dx * dx + dy * dy) + 1e-4, c.side(), c.uniform(0.38, 0.5)
    wind = np.arctan2(dy, dx) + turn * c.uniform(2.2, 3.2) * np.log(radius / size)
    reach = 0.10 + 0.10 * radius
    along, across = reach * np.cos(wind), reach * np.sin(wind)
    bands = c.noise_at(1.6, along + 0.25 * radius, across)
    relief = c.noise_at(1.5, 2 * along + 0.5 * radius, 2 * across, lit=True)
    arms = np.cos(c.count(2, 3) * wind)
    cover = 1.5 - 2.1 * radius / size + 0.75 * arms * smooth(0.1, 0.5, radius / size) + 0.55 * bands
    eye = c.uniform(0.02, 0.045)
    cloud = smooth(-0.2, 0.5, cover) * smooth(eye * 0.8, eye * 1.3, radius)
    light = 74 + 12 * smooth(-0.2, 1.4, cover) + 4.5 * relief + 5 * arms
    c.paint("cloud", cloud, light - 10 * smooth(2.2 * eye, eye, radius))


def volcano(c: Canvas):
    """A cone with streams of lava, a fountain and a plume of ash, by day or by night."""
    foot, dark = c.uniform(0.8, 0.9), c.chance(0.5)
    if dark:
        n.night_sky(c, foot, 9, 24)
        n.stars(c, 90, 0.5)
    else:
        n.day_sky(c, foot)
    x, height = c.across(0.35, 0.65), c.uniform(0.42, 0.55)
    crater, top = height * c.uniform(0.14, 0.2), foot - height
    lean, ash, shine = c.uniform(-0.5, 0.5), c.region(), (14, 14) if dark else (22, 24)
    for i in range(11):
        up = i / 10
        r, px = 0.07 + 0.16 * up, x + lean * up + c.uniform(-0.06, 0.06) * (1 + up)
        py = top - 0.02 - up * (top + 0.05)
        puff = c.ellipse(px, py, r * 1.1, r, ragged=0.5, grain=0.6, soft=0.25 * r)
        c.put("ash", puff, shine[0] + shine[1] * (0.5 - 0.4 * puff.v - 0.3 * puff.u), ash)
    slope = np.maximum(np.abs(c.x - x) - crater, 0)
    line = top + slope * c.uniform(0.85, 1.1) * (1 - 0.22 * np.minimum(slope, 1))
    line = line + 0.012 * c.skyline(0.8, 0.6)
    at = n.below(c, top - 0.03)
    y = c.y[at[0]]
    away = (c.x - x) / np.maximum(y - top + crater, 0.02)
    gully = c.noise_at(1.3, 0.25 * away, 0.25 * y, lit=True)
    light = (22 if dark else 27) - 7 * np.clip(away, -1, 1)
    n.lay(c, "rock", line, light + 5 * gully, at)
    region, down = c.region(), np.maximum(y - top, 0)
    for _ in range(c.count(3, 5)):
        drift = c.uniform(-0.85, 0.85) * (down * 0.9 + crater * 0.7)
        path = x + drift + 0.03 * c.skyline(1.4, 0.5, x=c.y)[at[0]]
        wide, end = 0.018 + c.uniform(0.03, 0.08) * down, top + c.uniform(0.5, 1.0) * height
        stream = smooth(1.2, 0.8, np.abs(c.x - path) / wide) * (y > top - 0.005) * (y < end)
        c.paint("lava", stream, 56 + 6 * c.noise(1.3, 0.6, at=at), at, region)
    c.put("lava", c.ellipse(x, top, 1.05 * crater, 0.25 * crater), 62, region)
    c.shade((16 if dark else 5) * np.exp(-c.distance(x, top) / 0.12))
    if c.chance(0.7):
        flames(c, x, top + 0.02, crater * 1.5, c.uniform(0.14, 0.26))
    name = "soil" if c.chance(0.5) else "grass"
    n.field(c, n.hill_line(c, foot, 0.015), name, 30 if dark else 46)


def flames(c: Canvas, x, foot, wide, tall):
    """Tongues of flame: pale in the middle, orange, red at the tips."""
    at = c.window(x - 1.6 * wide, foot - 1.5 * tall, x + 1.6 * wide, foot + 0.12 * tall)
    up, lick = (foot - c.y[at[0]]) / tall, c.noise(1.4, 0.16 / wide, 0.1 / tall, at=at)
    sway = 0.35 * up * c.skyline(1.5, 0.3 / tall, x=c.y)[at[0]] * 0.5
    u = (c.x[:, at[1]] - x) / wide - sway
    shape = np.clip(1.0 - 0.82 * up, 0.02, 1.2) * np.clip(0.55 + 2.5 * (up + 0.1), 0, 1)
    heat = 1.0 - np.abs(u) / shape - 0.35 * np.clip(up, 0, 2) + 0.3 * lick * np.clip(0.4 + up, 0, 1)
    light = 42 + 42 * np.clip(heat * 1.15, 0, 1)
    c.gradient("flame", heat * 1.25, smooth(0.0, 0.12, heat), light, at)


def campfire(c: Canvas):
    foot = c.uniform(0.74, 0.84)
    horizon = foot - c.uniform(0.1, 0.2)
    n.night_sky(c, horizon, 9, 18)
    n.stars(c, 70, horizon * 0.8, 40)
    if c.chance(0.7):
        n.wood(c, horizon + 0.02 + 0 * c.x, c.uniform(0.1, 0.3), 16)
    x, wide, tall = c.across(0.3, 0.7), c.uniform(0.16, 0.26), c.uniform(0.4, 0.62)
    at = n.below(c, horizon)
    far = c.distance(x, foot, at, tall=6)
    pebbles = c.noise_at(1.0, c.x * 0.9, 0.9 * c.y[at[0]] ** 0.5 + 0 * c.x)
    n.lay(c, "soil", horizon, 17 + 34 * np.exp(-far / 0.3) + 3.5 * pebbles, at)
    for _ in range(c.count(7, 10)):
        angle = c.uniform(0, 2 * np.pi)
        sx, sy = x + 1.35 * wide * np.cos(angle), foot + 0.02 + 0.07 * np.sin(angle)
        r = c.uniform(0.03, 0.05)
        c.put("rock", c.ellipse(sx, sy, r * 1.2, r), 34, v=-9, u=-10 * np.sign(sx - x))
    flames(c, x, foot, wide, tall)
    w = 0.024
    for angle in (-0.45, 0.35, -0.15, 0.2):
        long = wide * c.uniform(0.8, 1.1)
        dx, dy = long * np.cos(angle), long * 0.45 * np.sin(angle)
        left, right, start, end = x - dx, x + dx, foot - dy, foot + dy
        log = [(left, start - w), (right, end - w), (right, end + w), (left, start + w)]
        c.put("bark", c.polygon(log), 24, v=-8)
    flames(c, x + c.uniform(-0.5, 0.5) * wide, foot + 0.03, 0.5 * wide, 0.35 * tall)
    for _ in range(c.count(6, 14)):
        r = c.uniform(0.004, 0.009)
        spark = c.ellipse(x + c.uniform(-1, 1) * wide, foot - tall * c.uniform(0.5, 1.25), r)
        c.put("flame 3", spark, 62)
