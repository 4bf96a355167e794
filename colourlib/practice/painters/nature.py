"""Sky, mountains, ground, water and trees: the nature that most practice scenes share."""

import numpy as np

from .canvas import Canvas, smooth


def day(c: Canvas, top, low, clouds=(), reach=1.0, size=1.0) -> float:
    """A sky by day down to a horizon between `top` and `low`, which is returned.

    clouds: (chance, least, most) of sheet clouds; they end at `reach` times the horizon.
    """
    horizon = c.uniform(top, low)
    day_sky(c, horizon)
    if clouds and (clouds[0] == 1 or c.chance(clouds[0])):
        sheet_clouds(c, horizon * reach, c.uniform(*clouds[1:]), size)
    return horizon


def day_sky(c: Canvas, horizon):
    """Blue above, pale towards the horizon, brighter on the sun's side."""
    at = c.window(0, 0, c.w, horizon + 0.15)
    t = c.y[at[0]] / horizon + 0.05 * c.noise(2.2, 0.25, at=at)
    top, low, side = c.uniform(50, 62), c.uniform(76, 88), c.across(-0.2, 1.2)
    glow = c.uniform(2, 8) * np.exp(-3.0 * (c.x - side) ** 2)
    light = top + (low - top) * np.clip(t, 0, 1) ** c.uniform(0.9, 1.5) + glow
    c.gradient("day sky", t, 1.0, light, at)


def sheet_clouds(c: Canvas, horizon, amount, size=1.0):
    """Fractal clouds in perspective: large overhead, small and flat towards the horizon."""
    at = c.window(0, 0, c.w, horizon)
    depth = 0.42 / (1.25 * horizon - c.y[at[0]])
    x, y = (c.x - 0.5 * c.w) * depth * (0.45 / size), depth * (0.35 / size)
    place = c.somewhere()
    n, edge = c.noise_at(1.55, x, y, place=place), 1.1 - 2.2 * amount
    light = 94 - 10.5 * smooth(edge + 0.2, edge + 2.0, n)
    light = light - 3 * c.noise_at(2.1, x, y, lit=True, place=place)
    c.paint("cloud", smooth(edge, edge + 0.7, n), light, at)


def cumulus(c: Canvas, cx, cy, size, low=68):
    """A heap of lit puffs with a flat base, whose lightness is `low`."""
    region = c.region()
    for _ in range(c.count(6, 9)):
        dx = c.uniform(-1, 1)
        r = size * c.uniform(0.22, 0.42) * (1.15 - 0.6 * abs(dx))
        y = cy - r * 0.75 - size * c.uniform(0.0, 0.3) * (1 - abs(dx))
        puff = c.ellipse(cx + dx * size, y, r * 1.2, r, ragged=0.45, grain=0.8, soft=0.12 * size)
        bulge = np.sqrt(np.clip(1 - puff.u**2 - puff.v**2, 0, 1))
        shine = np.clip(0.55 - 0.38 * puff.v - 0.15 * puff.u + 0.2 * bulge, 0, 1)
        flat = np.clip((cy - c.y[puff.at[0]]) / (0.1 * size) + 0.5, 0, 1)
        c.paint("cloud", puff.alpha * flat, low + (95 - low) * shine, puff.at, region)


def storm_sky(c: Canvas, horizon, light):
    at = c.window(0, 0, c.w, horizon + 0.1)
    depth = 0.4 / (1.2 * horizon + 0.1 - np.minimum(c.y[at[0]], 1.1 * horizon))
    x, y = (c.x - 0.5 * c.w) * depth * 0.4, depth * 0.3
    curl = 0.05 * c.noise_at(2.0, x, y)
    heaps = c.noise_at(1.9, x + curl, y - curl)
    folds = np.abs(c.noise_at(1.9, 1.6 * x - curl, 1.6 * y + curl))
    glow = 16 * smooth(0.75, 1.0, c.y[at[0]] / horizon)
    c.paint("storm cloud", 1.0, light + 9 * heaps + 7 * (folds - 0.8) + glow, at)


def sun_disc(c: Canvas, x, y, r, glow):
    c.shade(28 * np.exp(-c.distance(x, y) / glow))
    c.put("sun", c.ellipse(x, y, r, soft=max(c.pixel, 0.12 * r)), 93)


def night_sky(c: Canvas, horizon, low, high):
    t = np.clip(c.y / horizon, 0, 1) + 0.04 * c.noise(2.0, 0.25)
    c.gradient("night sky", t, 1.0, low + (high - low) * np.clip(t, 0, 1) ** 1.5)


def stars(c: Canvas, count, bottom=1.0, brightest=60):
    """Points of light of many magnitudes, added to the lightness of what is there."""
    xs, ys = c.rng.random(count) * c.w, c.rng.random(count) * bottom
    power = brightest * c.rng.random(count) ** 3 + 6
    rows = np.minimum((ys / c.pixel).astype(int), c.L.shape[0] - 1)
    columns = np.minimum((xs / c.pixel).astype(int), c.L.shape[1] - 1)
    np.maximum.at(c.L, (rows, columns), (c.L[rows, columns] + power).astype(np.float32))


def moon_disc(c: Canvas, x, y, r):
    c.shade(18 * np.exp(-np.maximum(c.distance(x, y) - r, 0) / (1.2 * r + 0.03)))
    disc = c.ellipse(x, y, r)
    seas = smooth(-0.2, 1.0, c.noise(1.7, 0.12 / r, at=disc.at))
    pits = c.noise(1.3, 0.1 / r, at=disc.at, lit=True)
    light = 88 - 22 * seas + 4.0 * pits - 12 * np.clip(disc.u**2 + disc.v**2, 0, 1) ** 3
    c.put("moon", disc, light)


def below(c: Canvas, line):
    """The window from the highest point of a line down to the bottom edge."""
    return c.window(0, float(np.min(line)) - c.pixel, c.w, 1)


def ground(c: Canvas, line, nearest=0.0):
    """The window below a line, and (h, 1) how far below its top every row lies, + `nearest`."""
    at = below(c, line)
    return at, np.maximum(c.y[at[0]] - float(np.min(line)), 0) + nearest


def cover_below(c: Canvas, line, at):
    """How much of each pixel of the window lies below a line: (1, W) or a number -> (h, W)."""
    line = line if np.isscalar(line) else line[:, at[1]]
    return np.clip((c.y[at[0]] - line) / c.pixel + 0.5, 0.0, 1.0)


def lay(c: Canvas, name, line, light, at, region=None):
    c.paint(name, cover_below(c, line, at), light, at, region)


def pave(c: Canvas, name, top, light, rough=2.0, power=0.8, scale=0.8, lit=False):
    """Ground of one rough material from a line on."""
    at = below(c, top)
    lay(c, name, top, light + rough * c.noise(power, scale, at=at, lit=lit), at)


def hill_line(c: Canvas, y, amplitude, scale=0.06):
    """(1, W) a rolling line around y."""
    return y + amplitude * np.clip(c.skyline(2.0, scale), -1.8, 1.8)


def ridges(c: Canvas, base, height, layers=3, far=1.0, near=0.0):
    """Wooded ridges one behind the other: hazy and pale far away, dark and green close by."""
    for layer in range(layers):
        t = layer / max(layers - 1, 1)
        haze = far + (near - far) * t
        line = np.clip(c.skyline(1.5, c.uniform(0.25, 0.45)), -1.7, 1.7)
        top = base - height * (0.95 - 0.5 * t + 0.35 * line)
        at = below(c, top)
        relief = c.noise(1.75, 0.5 + 0.3 * t, at=at, lit=True)
        light = 32 + 42 * haze + (1.5 + 5.5 * (1 - haze)) * relief
        light = light + 12 * haze * smooth(0.0, 1.2 * height, c.y[at[0]] - top)
        lay(c, f"haze {round(haze * 5)}", top, light, at)


def alps(c: Canvas, base, height, snow):
    """A rocky range, peak behind peak, each with a lit and a shaded flank, gullies and snow."""
    side, rock, white, number = c.side(), c.region(), c.region(), c.count(4, 6)
    foot = base + 0.02
    for i in range(number):
        h = height * (c.uniform(0.75, 1.05) if i < number // 2 else c.uniform(0.4, 0.7))
        white_from = snow * height / h - (height - h) / h * 0.8
        x, span = c.across(-0.1, 1.1), h * c.uniform(1.0, 1.4)
        far = np.abs(c.x - x) / span
        shape = (1 - far) * (1 - 0.25 * np.minimum(far, 1)) + 0.055 * c.skyline(1.2, 0.5)
        at = c.window(x - 1.3 * span, foot - 1.2 * h, x + 1.3 * span, foot)
        dx, y = c.x[:, at[1]], c.y[at[0]]
        ragged = 0.10 * h * c.skyline(1.3, 0.6, x=c.y)[at[0]]
        crest = x + ragged + 0.25 * side * (y - foot + h)
        flank = side * smooth(-0.12, 0.12, (dx - crest) / h) - 0.5 * side
        fall = (dx - x) * 0.9 - 0.35 * (y - foot) * np.sign(dx - crest)
        gully = c.noise_at(1.35, fall, (y - foot) * 0.3, lit=True)
        cover = cover_below(c, foot - h * shape, at)
        c.paint("rock", cover, 42 - 20 * flank + 7 * gully, at, rock)
        if white_from > 0:
            line = (y - (foot - h)) / h - white_from - 0.1 * gully
            melt = smooth(0.06, -0.06, line + 0.08 * c.noise(1.3, 0.7, at=at))
            c.paint("snow", cover * melt, 79 - 24 * flank + 5 * gully, at, white)


def field(c: Canvas, top, name, light, contrast=8.5):
    """Ground from a line down to the bottom, its grain growing towards the viewer."""
    at, far = ground(c, top, 0.08)
    blades = c.noise_at(0.75, c.x * 1.6 + 0 * far, 0.3 * np.log(far))
    hills = c.noise_at(1.8, c.x * 0.3, 0.35 * np.log(far), lit=True)
    value = light + contrast * (blades * np.minimum(1.0, 0.5 + 2.0 * far) + 0.4 * hills)
    lay(c, name, top, value + 4.5 * (0.5 - smooth(0, 0.7, far)), at)


def water(c: Canvas, top, name, light, waves, sky):
    """Water in perspective from the line y = top down; brighter where it mirrors the far sky."""
    at, far = ground(c, top, 0.035)
    x = (c.x - 0.5 * c.w) * (0.06 / far + 0.35)
    swell = c.noise_at(1.3, x * 0.2, 0.075 / far, lit=True)
    chop = c.noise_at(1.0, x * 0.4, 0.2 / far)
    strength = waves * np.minimum(1.0, 0.3 + 1.6 * far)
    lay(c, name, top, light + strength * (swell + 0.35 * chop) + sky * np.exp(-far / 0.12), at)


def glitter(c: Canvas, x, top, strength, width):
    """The broken path of light below a low sun or moon."""
    at, far = ground(c, top, 0.02)
    ripple = c.noise_at(0.9, c.x * 0.9, 0.12 / far)
    path = np.exp(-(((c.x - x) / (width + 0.35 * far)) ** 2))
    c.shade(strength * path * smooth(-0.6, 1.2, ripple), at)


def tree(c: Canvas, x, foot, height, light=46.0):
    c.shadow(13, x + 0.2 * height, foot, 0.4 * height, 0.06 * height, 0.06 * height)
    w = 0.055 * height
    c.put("bark", c.taper(x, foot, w, x, foot - 0.5 * height, 0.6 * w), 30, u=-8)
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
    c.paint(name, cover, light - 20 * dx / height + 9 * (tier - 0.5) + 3.5 * n, shape.at)
    if snow:
        white = cover * smooth(0.62, 0.32, tier + 0.25 * n + 0.5 * (1 - snow))
        c.paint("snow", white, 82 - 40 * dx / height + 3 * n, shape.at)


def wood(c: Canvas, foot, height, light=28.0, name="fir", scale=1.0):
    """The edge of a wood far away, from one side to the other."""
    narrow = 9.0 * scale / max(height, 0.02) * 0.12
    teeth = np.abs((c.x * narrow + 0.35 * c.skyline(0.6, 0.4)) % 1 - 0.5)
    top = foot - height * (0.62 + 0.14 * c.skyline(1.0, 0.3) + 0.35 * (0.5 - teeth))
    at = c.window(0, float(top.min()) - c.pixel, c.w, float(np.max(foot)))
    lay(c, name, top, light + 5 * c.noise(1.0, 0.8, at=at) - 6 * (c.y[at[0]] - top) / height, at)


def palm(c: Canvas, x, foot, height):
    lean = c.uniform(-0.25, 0.25) * height
    w, top_x, top_y = 0.022 * height, x + lean, foot - height
    c.put("bark", c.taper(x, foot, w, top_x, top_y, w), 34)
    region = c.region()
    for angle in np.linspace(-0.35, np.pi + 0.35, 8) + c.uniform(-0.15, 0.15):
        r = height * c.uniform(0.34, 0.46)
        ex, ey = top_x + r * np.cos(angle), top_y - 0.45 * r * np.sin(angle) + 0.14 * r
        mx, my = top_x + 0.55 * r * np.cos(angle), top_y - 0.62 * r * np.sin(angle) - 0.05 * r
        d = 0.1 * r
        leaf = [(top_x, top_y), (mx, my - d), (ex, ey), (mx, my + d)]
        c.put("palm", c.polygon(leaf), 44, region, v=-10)
