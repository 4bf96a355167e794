"""Scenes of the night sky and of space: moon, stars, globe, nebula, galaxies, planets."""

import numpy as np

from . import nature as n
from .canvas import Canvas, smooth


def space(c: Canvas, count=200, light=5.0):
    c.paint("space", 1.0, light + 1.5 * c.noise(1.9, 0.3))
    n.stars(c, count, brightest=34)


def bright_stars(c: Canvas, least, most, small, large):
    """Nearby stars with a halo and four spikes."""
    for _ in range(c.count(least, most)):
        x, y, r = c.across(), c.uniform(0, 1), c.uniform(small, large)
        c.shade(22 * np.exp(-c.distance(x, y) / (0.7 * r)))
        dx, dy = np.abs(c.x - x), np.abs(c.y - y)
        flat, tall = (np.exp(-a / (0.1 * r) - b / (1.5 * r)) for a, b in ((dx, dy), (dy, dx)))
        c.shade(22 * flat + 22 * tall)
        c.put("star", c.ellipse(x, y, 0.42 * r), 93)


def moonrise(c: Canvas):
    horizon = c.uniform(0.68, 0.85)
    n.night_sky(c, horizon, 10, c.uniform(20, 32))
    n.stars(c, 80, horizon)
    x, y = c.across(0.2, 0.8), c.uniform(0.2, 0.5)
    n.moon_disc(c, x, y, c.uniform(0.08, 0.24))
    if c.chance(0.6):
        at = c.window(0, 0, c.w, horizon)
        bars = smooth(0.6, 1.6, c.noise(1.6, 0.2, 0.7, at=at))
        c.paint("storm cloud", 0.85 * bars, 16 + 22 * np.exp(-c.distance(x, y, at) / 0.3), at)
    if c.chance(0.5):
        n.water(c, horizon, "night water", 16, waves=5, sky=10)
        n.glitter(c, x, horizon, 34, 0.05)
    else:
        n.wood(c, n.hill_line(c, horizon + 0.1, 0.02), c.uniform(0.1, 0.2), 16)
        n.field(c, horizon + 0.08, "fir", 19, contrast=2.5)


def starry_night(c: Canvas):
    """The Milky Way above a dark ridge, firs and a lit tent or cabin."""
    horizon = c.uniform(0.72, 0.85)
    n.night_sky(c, horizon, 11, c.uniform(20, 30))
    tilt, middle = c.uniform(-1.2, 1.2), c.across(0.3, 0.7)
    across = (c.x - middle - tilt * (c.y - 0.4)) / np.sqrt(1 + tilt**2)
    dust = c.noise(1.5, 0.35)
    band = np.exp(-((across / 0.16) ** 2)) * np.clip(1 + 0.45 * dust, 0.1, 2)
    lane = np.exp(-(((across + 0.03 * dust) / 0.035) ** 2))
    c.shade((17 * band - 9 * lane) * (c.y < horizon))
    n.stars(c, 420, horizon, 62)
    base = n.hill_line(c, horizon, 0.05, 0.2) + 0.03 * np.clip(c.skyline(1.2, 0.4), -2, 2)
    n.pave(c, "rock", base, 15, 2.0, 1.4, 0.5, lit=True)
    n.field(c, n.hill_line(c, horizon + 0.08, 0.02), "fir", 18, contrast=2)
    if c.chance(0.6):
        x, foot, s = c.across(0.2, 0.8), c.uniform(horizon + 0.1, 0.97), c.uniform(0.1, 0.17)
        c.shade(16 * np.exp(-c.distance(x, foot, tall=3) / 0.1))
        left = c.outline(x, foot, s, s, [(-1, 0), (-0.1, 1.1), (0.75, 0)])
        c.put("lit window", left, 76 - 10 * np.sqrt(left.u**2 + left.v**2))
        c.put("umbrella", c.outline(x, foot, s, s, [(-0.1, 1.1), (1.2, 0.15), (0.75, 0)]), 40)
    for _ in range(c.count(3, 7)):
        n.fir(c, c.across(), c.uniform(0.92, 1.05), c.uniform(0.15, 0.4), 15)


def sphere(c: Canvas, x, y, r, light):
    """A ball lit from an angle: its disc, its brightness -1..1, longitude and latitude on it."""
    disc = c.ellipse(x, y, r)
    z = np.sqrt(np.clip(1 - disc.u**2 - disc.v**2, 0, 1))
    front = (0.35 + 0.5 * np.sin(light) ** 2) * z
    day = np.clip(np.cos(light) * disc.u - 0.35 * disc.v + front, -1, 1)
    return disc, day, np.arctan2(disc.u, z + 0.05), np.arcsin(np.clip(disc.v + 0 * disc.u, -1, 1))


def globe(c: Canvas):
    space(c, 160)
    r, x, y = c.uniform(0.26, 0.46), c.across(0.4, 0.6), c.uniform(0.42, 0.58)
    disc, day, east, north = sphere(c, x, y, r, c.uniform(0.3, 2.8))
    c.shade(16 * np.exp(-np.maximum(c.distance(x, y) - r, 0) / 0.02))
    lit, relief = smooth(-0.1, 0.9, day), c.noise_at(1.4, 0.12 * east, 0.12 * north, lit=True)
    c.put("ocean globe", disc, 34 + 26 * lit)
    land = smooth(0.25, 0.3, c.noise_at(1.75, 0.13 * east, 0.13 * north))
    c.paint("land globe", land * disc.alpha, 26 + 34 * lit + 4 * relief, disc.at)
    cap = smooth(1.12, 1.2, np.abs(north) + 0.06 * relief)
    c.paint("snow", cap * disc.alpha, 40 + 50 * lit, disc.at)
    place, swirl = c.somewhere(), 0.12 * c.noise_at(1.9, 0.1 * east, 0.1 * north)
    weather = c.noise_at(1.5, 0.16 * east + 0.3 * swirl, 0.3 * north + swirl, place=place)
    c.paint("cloud", smooth(0.5, 1.3, weather) * disc.alpha * 0.95, 45 + 48 * lit, disc.at)
    c.paint("space", smooth(0.02, -0.16, day) * disc.alpha, 5, disc.at)


def nebula(c: Canvas):
    """Glowing clouds of gas of two or three colours, dark dust and young stars."""
    space(c, 160, 6)
    distance = c.distance(c.across(0.3, 0.7), c.uniform(0.35, 0.65))
    place, warp = c.somewhere(), 0.05 * c.noise(1.9, 0.2)
    for i in range(c.count(2, 3)):
        gas = c.noise_at(1.75, c.x * 0.22 + warp, c.y * 0.22 - warp)
        wisps = 1 - np.abs(c.noise_at(1.6, c.x * 0.35 - warp, c.y * 0.35 + warp))
        glow = 0.85 - 1.1 * distance + 0.7 * gas - 0.2 * i
        light = 18 + 24 * np.clip(glow, 0, 1.6) + 6 * wisps
        c.paint("nebula", smooth(-0.25, 0.75, glow), light)
    dust = c.noise_at(1.5, c.x * 0.3 + warp, c.y * 0.3, place=place)
    c.paint("space", 0.9 * smooth(0.7, 1.3, dust), 9)
    c.paint("nebula core", np.exp(-((distance / c.uniform(0.05, 0.1)) ** 2)), 88)
    n.stars(c, 120, brightest=45)
    bright_stars(c, 1, 4, 0.02, 0.045)


def far_galaxy(c: Canvas, x, y, r):
    disc = c.ellipse(x, y, r, r * c.uniform(0.3, 0.95), tilt=c.uniform(0, np.pi), soft=0.25 * r)
    radius = np.sqrt(disc.u**2 + disc.v**2)
    arms = 1 + 0.25 * np.sin(2 * np.arctan2(disc.v, disc.u) + 5 * radius)
    c.put("far galaxy", disc, 14 + 58 * np.exp(-2.6 * radius * arms))


def deep_field(c: Canvas):
    """A deep look into the universe: galaxies of every size, a few nearby stars."""
    space(c, 120, 4.5)
    cluster_x, cluster_y = c.across(0.2, 0.8), c.uniform(0.2, 0.8)
    for i in range(c.count(22, 34)):
        r = 0.025 + 0.1 * c.uniform(0, 1) ** 4
        if i % 3 == 0:
            x, y = cluster_x + 0.3 * c.uniform(-1, 1), cluster_y + 0.3 * c.uniform(-1, 1)
        else:
            x, y = c.across(), c.uniform(0, 1)
        far_galaxy(c, x, y, r)
    bright_stars(c, 1, 4, 0.025, 0.05)


def spiral_galaxy(c: Canvas):
    """A tilted spiral: a warm core, blue arms, lanes of dust."""
    space(c, 220, 4.5)
    x, y, size = c.across(0.4, 0.6), c.uniform(0.42, 0.58), c.uniform(0.36, 0.55)
    tilt, flat = c.uniform(-1.5, 1.5), c.uniform(1.1, 2.6)
    cos, sin = np.cos(tilt), np.sin(tilt)
    dx, dy = (c.x - x) * cos + (c.y - y) * sin, ((c.y - y) * cos - (c.x - x) * sin) * flat
    radius = np.sqrt(dx * dx + dy * dy) / size + 1e-4
    angle = np.arctan2(dy, dx) - c.side() * c.uniform(2.6, 4.0) * np.log(radius + 0.05)
    clumps = c.noise_at(1.2, dx * 0.5 / size * 0.5, dy * 0.25 / size)
    arms = (0.5 + 0.5 * np.cos(2 * angle + 0.5 * clumps)) ** 1.5
    lanes = smooth(0.55, 1.0, 0.5 + 0.5 * np.cos(2 * angle + 1.3 + 0.6 * clumps))
    fade = np.exp(-1.9 * radius)
    light = 10 + 62 * fade * (0.35 + 0.75 * arms) * (1 + 0.13 * clumps) - 9 * lanes * fade
    c.shade(11 * np.exp(-1.4 * radius))
    c.paint("galaxy arm", smooth(1.2, 0.75, radius - 0.35 * arms - 0.06 * clumps), light)
    core = radius / (0.26 + 0.03 * clumps)
    c.paint("galaxy core", smooth(1.1, 0.6, core), 58 + 31 * np.exp(-2.2 * core**2))
    n.stars(c, 140, brightest=40)
    bright_stars(c, 0, 3, 0.02, 0.04)
    if c.chance(0.5):
        far_galaxy(c, c.across(), c.uniform(0, 1), c.uniform(0.04, 0.08))


def ring(c: Canvas, x, y, r, tilt, flat, front):
    """Half of a planet's rings: the half behind the planet, or the half in front."""
    out = c.ellipse(x, y, 2.3 * r, 2.3 * r * flat, tilt=tilt)
    radius = np.sqrt(out.u**2 + out.v**2)
    half = out.v > 0 if front else out.v <= 0
    band = smooth(0.55, 0.58, radius) * smooth(1.0, 0.97, radius) * half
    gap = smooth(0.012, 0.022, np.abs(radius - 0.83))
    light = 48 + 16 * np.interp(radius, np.linspace(0.5, 1, 14), 2 * c.rng.random(14) - 1)
    c.paint("ring", band * gap, light, out.at, 0)


def ringed_planet(c: Canvas):
    c.region()  # region 0: all rings
    space(c, 220)
    x, y = c.across(0.35, 0.65), c.uniform(0.4, 0.6)
    sun, rings = c.uniform(0.3, 2.8), c.chance(0.65)
    r = c.uniform(0.17, 0.23) if rings else c.uniform(0.25, 0.42)
    planet(c, x, y, r, sun, rings)
    for _ in range(c.count(1, 3)):
        angle = c.uniform(0, 2 * np.pi)
        far, small = r * c.uniform(1.5, 2.3) + 0.05, c.uniform(0.03, 0.1)
        mx, my = x + far * np.cos(angle), y + far * np.sin(angle)
        if small > 0.07:
            planet(c, mx, my, small, sun, rings=False)
        else:
            disc, day, east, north = sphere(c, mx, my, small, sun)
            craters = c.noise_at(1.2, 0.1 * east, 0.1 * north, lit=True)
            c.put("moon", disc, 36 + 42 * smooth(-0.1, 0.9, day) + 5 * craters)
            c.paint("space", smooth(0.0, -0.2, day) * disc.alpha, 5, disc.at)


def planet(c: Canvas, x, y, r, sun, rings):
    tilt, flat = c.uniform(-0.5, 0.5), c.uniform(0.2, 0.4)
    if rings:
        ring(c, x, y, r, tilt, flat, front=False)
    disc, day, east, north = sphere(c, x, y, r, sun)
    if c.chance(0.65):
        lean = north * np.cos(tilt) - east * np.sin(tilt)
        stir = 0.06 * c.noise_at(1.6, 0.2 * east, 0.4 * lean)
        pattern = 7.5 * np.clip(c.skyline(1.1, 0.3, x=lean + stir), -2, 2)
    else:
        pattern = 6 * c.noise_at(1.5, 0.15 * east, 0.15 * north, lit=True)
    lit = smooth(-0.1, 0.9, day)
    c.put("planet", disc, 29 + 30 * lit + pattern * (0.3 + 0.7 * lit))
    c.paint("space", smooth(0.0, -0.18, day) * disc.alpha, 5, disc.at)
    if rings:
        ring(c, x, y, r, tilt, flat, front=True)
