"""Mountains, ground, water and trees: what most practice scenes share."""

import numpy as np

from .canvas import Canvas, smooth


def below(c: Canvas, y: float):
    """The window from y down to the bottom edge."""
    return c.window(0, y - c.pixel, c.w, 1)


def cover_below(c: Canvas, line, at):
    """How much of each pixel of the window lies below a line: (1, W) or a number -> (h, W)."""
    line = line if np.isscalar(line) else line[:, at[1]]
    return np.clip((c.y[at[0]] - line) / c.pixel + 0.5, 0.0, 1.0)


# -- mountains -------------------------------------------------------------------------------


def ridges(c: Canvas, base, height, layers=3, far=1.0, near=0.0):
    """Wooded ridges one behind the other: hazy and pale far away, dark and green close by."""
    for layer in range(layers):
        t = layer / max(layers - 1, 1)
        haze = far + (near - far) * t
        line = np.clip(c.skyline(1.5, c.uniform(0.25, 0.45)), -1.7, 1.7)
        top = base - height * (0.95 - 0.5 * t + 0.35 * line)
        at = below(c, float(top.min()))
        relief = c.noise(1.75, 0.5 + 0.3 * t, at=at, lit=True)
        light = 32 + 42 * haze + (1.5 + 5.5 * (1 - haze)) * relief
        light = light + 12 * haze * smooth(0.0, 1.2 * height, c.y[at[0]] - top)
        c.paint(f"haze {round(haze * 5)}", cover_below(c, top, at), light, at)


def peak(c: Canvas, x, foot, height, snow, side, rock, white):
    """One mountain: a lit and a shaded flank, gullies, snow above a ragged line.

    `side` 1 or -1 says where the light comes from; `rock` and `white` are the range's regions.
    """
    span = height * c.uniform(1.0, 1.4)
    distance = np.abs(c.x - x) / span
    shape = (1 - distance) * (1 - 0.25 * np.minimum(distance, 1)) + 0.055 * c.skyline(1.2, 0.5)
    top = foot - height * shape
    at = c.window(x - 1.3 * span, foot - 1.2 * height, x + 1.3 * span, foot)
    y = c.y[at[0]]
    crest = (
        x + 0.10 * height * c.skyline(1.3, 0.6, x=c.y)[at[0]] + 0.25 * side * (y - foot + height)
    )
    flank = side * smooth(-0.12, 0.12, (c.x[:, at[1]] - crest) / height) - 0.5 * side
    place = c.somewhere()
    fall = (c.x[:, at[1]] - x) * 0.9 - 0.35 * (y - foot) * np.sign(c.x[:, at[1]] - crest)
    gully = c.noise_at(1.35, fall, (y - foot) * 0.3, lit=True, place=place)
    cover = cover_below(c, top, at)
    depth = (y - (foot - height)) / height
    c.paint("rock", cover, 42 - 20 * flank + 7 * gully, at, rock)
    if snow > 0:
        line = depth - snow - 0.1 * gully + 0.08 * c.noise(1.3, 0.7, at=at)
        drift = cover * smooth(0.06, -0.06, line)
        c.paint("snow", drift, 79 - 24 * flank + 5 * gully, at, white)


def alps(c: Canvas, base, height, snow):
    """A rocky range with snow on its heights, peak behind peak."""
    side = 1.0 if c.chance(0.5) else -1.0
    rock, white = c.region(), c.region()
    number = c.count(4, 6)
    for i in range(number):
        h = height * (c.uniform(0.75, 1.05) if i < number // 2 else c.uniform(0.4, 0.7))
        line = snow * height / h - (height - h) / h * 0.8
        peak(c, c.uniform(-0.1, 1.1) * c.w, base + 0.02, h, line, side, rock, white)


# -- ground ----------------------------------------------------------------------------------


def field(c: Canvas, top, name, light, contrast=8.5):
    """Ground from a line down to the bottom, its grain growing towards the viewer."""
    start = float(np.min(top))
    at = below(c, start)
    far = np.maximum(c.y[at[0]] - start, 0) + 0.08
    blades = c.noise_at(0.75, c.x * 1.6 + 0 * far, 0.3 * np.log(far))
    hills = c.noise_at(1.8, c.x * 0.3, 0.35 * np.log(far), lit=True)
    value = light + contrast * (blades * np.minimum(1.0, 0.5 + 2.0 * far) + 0.4 * hills)
    value = value + 4.5 * (0.5 - smooth(0, 0.7, far))
    return c.paint(name, cover_below(c, top, at), value, at)


def snowfield(c: Canvas, top, light):
    """Smooth snow with long blue shadows."""
    at = below(c, float(np.min(top)))
    drifts = c.noise(2.0, 0.22, 0.5, at=at, lit=True)
    value = light + 5.5 * drifts + 0.9 * c.noise(0.8, 0.7, at=at)
    return c.paint("snow", cover_below(c, top, at), value, at)


def hill_line(c: Canvas, y, amplitude, scale=0.06):
    """(1, W) a rolling line around y."""
    return y + amplitude * np.clip(c.skyline(2.0, scale), -1.8, 1.8)


# -- water -----------------------------------------------------------------------------------


def water(c: Canvas, top, name, light, waves, sky):
    """Water in perspective from the line y = top down; brighter where it mirrors the far sky."""
    at = below(c, top)
    far = np.maximum(c.y[at[0]] - top, 0) + 0.035
    x = (c.x - 0.5 * c.w) * (0.06 / far + 0.35)
    swell = c.noise_at(1.3, x * 0.2, 0.075 / far, lit=True)
    chop = c.noise_at(1.0, x * 0.4, 0.2 / far)
    strength = waves * np.minimum(1.0, 0.3 + 1.6 * far)
    value = light + strength * (swell + 0.35 * chop) + sky * np.exp(-far / 0.12)
    return c.paint(name, cover_below(c, top, at), value, at)


def glitter(c: Canvas, x, top, strength, width):
    """The broken path of light below a low sun or moon."""
    at = below(c, top)
    far = np.maximum(c.y[at[0]] - top, 0) + 0.02
    ripple = c.noise_at(0.9, c.x * 0.9, 0.12 / far)
    path = np.exp(-(((c.x - x) / (width + 0.35 * far)) ** 2))
    c.shade(strength * path * smooth(-0.6, 1.2, ripple), at)


# -- trees -----------------------------------------------------------------------------------


def tree(c: Canvas, x, foot, height, light=46.0):
    """A broad tree: trunk, shadow on the ground, lit and leafy crown."""
    shadow = c.ellipse(x + 0.2 * height, foot, 0.4 * height, 0.06 * height, soft=0.06 * height)
    c.shade(-13 * shadow.alpha, shadow.at)
    w = 0.055 * height
    trunk = c.polygon(
        [
            (x - w, foot),
            (x - 0.6 * w, foot - 0.5 * height),
            (x + 0.6 * w, foot - 0.5 * height),
            (x + w, foot),
        ]
    )
    c.put("bark", trunk, 30 - 8 * trunk.u)
    region = c.region()
    for dx, dy, r in ((-0.2, 0.48, 0.24), (0.2, 0.5, 0.25), (0.0, 0.72, 0.3), (0.02, 0.55, 0.3)):
        r = r * height * c.uniform(0.85, 1.15)
        cx, cy = x + height * (dx + c.uniform(-0.05, 0.05)), foot - height * dy
        crown = c.ellipse(cx, cy, r, r * 0.85, ragged=0.45, grain=0.3 / height, soft=0.25 * r)
        leaf = c.noise(0.85, 0.28 / height, at=crown.at)
        c.put("leaves", crown, light - 9 * crown.v - 6 * crown.u + 5 * leaf, region)


def fir(c: Canvas, x, foot, height, light=30.0, snow=0.0, name="fir"):
    """A fir tree of drooping tiers; `snow` is how much of it is white."""
    shape = c.ellipse(x, foot - 0.5 * height, 0.34 * height, 0.52 * height)
    y = np.clip((c.y[shape.at[0]] - foot) / height + 1.0, 0, 1)  # 0 at the tip, 1 at the foot
    tier = (y * c.uniform(4.5, 6.5)) % 1.0
    reach = height * (0.035 + 0.23 * y) * (0.62 + 0.5 * tier)
    dx = c.x[:, shape.at[1]] - x
    n = c.noise(0.8, 0.3 / height, at=shape.at)
    cover = np.clip((reach * (1 + 0.18 * n) - np.abs(dx)) / c.pixel + 0.5, 0, 1)
    cover = cover * ((y > 0) & (y < 1))
    value = light - 20 * dx / height + 9 * (tier - 0.5) + 3.5 * n
    c.paint(name, cover, value, shape.at)
    if snow:
        white = cover * smooth(0.62, 0.32, tier + 0.25 * n + 0.5 * (1 - snow) * 1.0)
        c.paint("snow", white, 82 - 40 * dx / height + 3 * n, shape.at)


def wood(c: Canvas, foot, height, light=28.0, name="fir", scale=1.0):
    """The edge of a wood far away, from x = 0 to the other side."""
    teeth = np.abs(
        (c.x * (9.0 * scale / max(height, 0.02) * 0.12) + 0.35 * c.skyline(0.6, 0.4)) % 1 - 0.5
    )
    top = foot - height * (0.62 + 0.14 * c.skyline(1.0, 0.3) + 0.35 * (0.5 - teeth))
    at = c.window(0, float(top.min()) - c.pixel, c.w, float(np.max(foot)))
    n = c.noise(1.0, 0.8, at=at)
    return c.paint(
        name, cover_below(c, top, at), light + 5 * n - 6 * (c.y[at[0]] - top) / height, at
    )


def palm(c: Canvas, x, foot, height):
    """A leaning palm."""
    lean = c.uniform(-0.25, 0.25) * height
    w = 0.022 * height
    top_x, top_y = x + lean, foot - height
    c.put(
        "bark",
        c.polygon([(x - w, foot), (top_x - w, top_y), (top_x + w, top_y), (x + w, foot)]),
        34,
    )
    region = c.region()
    for angle in np.linspace(-0.35, np.pi + 0.35, 8) + c.uniform(-0.15, 0.15):
        r = height * c.uniform(0.34, 0.46)
        ex, ey = top_x + r * np.cos(angle), top_y - 0.45 * r * np.sin(angle) + 0.14 * r
        mx, my = top_x + 0.55 * r * np.cos(angle), top_y - 0.62 * r * np.sin(angle) - 0.05 * r
        d = 0.1 * r
        leaf = c.polygon([(top_x, top_y), (mx, my - d), (ex, ey), (mx, my + d)])
        c.put("palm", leaf, 44 - 10 * leaf.v, region)
