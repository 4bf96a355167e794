"""Scenes of fire: volcano and campfire."""

import numpy as np

from . import nature as n
from . import sky
from .canvas import Canvas, smooth


def volcano(c: Canvas):
    """A cone with streams of lava, a fountain and a plume of ash, by day or by night."""
    foot = c.uniform(0.8, 0.9)
    dark = c.chance(0.5)
    if dark:
        sky.night_sky(c, foot, (9, 24))
        sky.stars(c, 90, 0.5)
    else:
        sky.day_sky(c, foot)
    x, height = c.uniform(0.35, 0.65) * c.w, c.uniform(0.42, 0.55)
    crater, top = height * c.uniform(0.14, 0.2), foot - height
    lean = c.uniform(-0.5, 0.5)
    plume = c.region()
    for i in range(11):
        up = i / 10
        r = 0.07 + 0.16 * up
        px, py = x + lean * up + c.uniform(-0.06, 0.06) * (1 + up), top - 0.02 - up * (top + 0.05)
        puff = c.ellipse(px, py, r * 1.1, r, ragged=0.5, grain=0.6, soft=0.25 * r)
        bulge = 0.5 - 0.4 * puff.v - 0.3 * puff.u
        c.put("ash", puff, (14 if dark else 22) + (14 if dark else 24) * bulge, plume)
    slope = np.maximum(np.abs(c.x - x) - crater, 0)
    line = (
        top
        + slope * c.uniform(0.85, 1.1) * (1 - 0.22 * np.minimum(slope, 1))
        + 0.012 * c.skyline(0.8, 0.6)
    )
    at = n.below(c, top - 0.03)
    y = c.y[at[0]]
    away = (c.x - x) / np.maximum(y - top + crater, 0.02)
    gully = c.noise_at(1.3, 0.25 * away, 0.25 * y, lit=True)
    base = 22 if dark else 27
    c.paint("rock", n.cover_below(c, line, at), base - 7 * np.clip(away, -1, 1) + 5 * gully, at)
    region = c.region()
    for _ in range(c.count(3, 5)):
        drift = c.uniform(-0.85, 0.85)
        path = (
            x
            + drift * (np.maximum(y - top, 0) * 0.9 + crater * 0.7)
            + 0.03 * c.skyline(1.4, 0.5, x=c.y)[at[0]]
        )
        wide = 0.018 + c.uniform(0.03, 0.08) * np.maximum(y - top, 0)
        long = c.uniform(0.5, 1.0)
        stream = (
            smooth(1.2, 0.8, np.abs(c.x - path) / wide)
            * (y > top - 0.005)
            * (y < top + long * height)
        )
        crust = c.noise(1.3, 0.6, at=at)
        c.paint("lava", stream, 56 + 6 * crust, at, region)
    rim = c.ellipse(x, top, 1.05 * crater, 0.25 * crater)
    c.put("lava", rim, 62, region)
    far = np.sqrt((c.x - x) ** 2 + (c.y - top) ** 2)
    c.shade((16 if dark else 5) * np.exp(-far / 0.12))
    if c.chance(0.7):
        flames(c, x, top + 0.02, crater * 1.5, c.uniform(0.14, 0.26))
    name = "soil" if c.chance(0.5) else "grass"
    n.field(c, n.hill_line(c, foot, 0.015), name, 30 if dark else 46)


def flames(c: Canvas, x, foot, wide, tall):
    """Tongues of flame: pale in the middle, orange, red at the tips."""
    at = c.window(x - 1.6 * wide, foot - 1.5 * tall, x + 1.6 * wide, foot + 0.12 * tall)
    up = (foot - c.y[at[0]]) / tall
    lick = c.noise(1.4, 0.16 / wide, 0.1 / tall, at=at)
    sway = 0.35 * up * c.skyline(1.5, 0.3 / tall, x=c.y)[at[0]] * 0.5
    u = (c.x[:, at[1]] - x) / wide - sway
    shape = np.clip(1.0 - 0.82 * up, 0.02, 1.2) * np.clip(0.55 + 2.5 * (up + 0.1), 0, 1)
    heat = 1.0 - np.abs(u) / shape - 0.35 * np.clip(up, 0, 2) + 0.3 * lick * np.clip(0.4 + up, 0, 1)
    c.gradient(
        "flame", heat * 1.25, smooth(0.0, 0.12, heat), 42 + 42 * np.clip(heat * 1.15, 0, 1), at
    )


def campfire(c: Canvas):
    """A fire of logs at night, sparks above it and its light on the ground."""
    foot = c.uniform(0.74, 0.84)
    horizon = foot - c.uniform(0.1, 0.2)
    sky.night_sky(c, horizon, (9, 18))
    sky.stars(c, 70, horizon * 0.8, 40)
    if c.chance(0.7):
        n.wood(c, horizon + 0.02 + 0 * c.x, c.uniform(0.1, 0.3), 16)
    x, wide, tall = c.uniform(0.3, 0.7) * c.w, c.uniform(0.16, 0.26), c.uniform(0.4, 0.62)
    at = n.below(c, horizon)
    far = np.sqrt((c.x - x) ** 2 + 6 * (c.y[at[0]] - foot) ** 2)
    pebbles = c.noise_at(1.0, c.x * 0.9, 0.9 * c.y[at[0]] ** 0.5 + 0 * c.x)
    c.paint("soil", n.cover_below(c, horizon, at), 17 + 34 * np.exp(-far / 0.3) + 3.5 * pebbles, at)
    for _ in range(c.count(7, 10)):
        angle = c.uniform(0, 2 * np.pi)
        sx, sy, r = (
            x + 1.35 * wide * np.cos(angle),
            foot + 0.02 + 0.07 * np.sin(angle),
            c.uniform(0.03, 0.05),
        )
        stone = c.ellipse(sx, sy, r * 1.2, r)
        c.put("rock", stone, 34 - 9 * stone.v - 10 * np.sign(sx - x) * stone.u)
    flames(c, x, foot, wide, tall)
    for angle in (-0.45, 0.35, -0.15, 0.2):
        long, w = wide * c.uniform(0.8, 1.1), 0.024
        dx, dy = long * np.cos(angle), long * 0.45 * np.sin(angle)
        log = c.polygon(
            [
                (x - dx, foot - dy - w),
                (x + dx, foot + dy - w),
                (x + dx, foot + dy + w),
                (x - dx, foot - dy + w),
            ]
        )
        c.put("bark", log, 24 - 8 * log.v)
    flames(c, x + c.uniform(-0.5, 0.5) * wide, foot + 0.03, 0.5 * wide, 0.35 * tall)
    for _ in range(c.count(6, 14)):
        r = c.uniform(0.004, 0.009)
        c.put(
            "flame 3",
            c.ellipse(x + c.uniform(-1, 1) * wide, foot - tall * c.uniform(0.5, 1.25), r),
            62,
        )


PAINTERS = {"volcano": volcano, "campfire": campfire}
