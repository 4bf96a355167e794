"""The pictures of the practice web that colouring cannot learn from, and copies of those it can.

Tinted, tiny, framed, drawn: each is made from a practice scene, as in `files`.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from ... import practice
from .files import FAULTS, Origin, fault, jpeg

__all__ = ["FAULTS"]  # with those that are entered below

PAPER = (247, 243, 232)
INKS = ((196, 40, 36), (24, 86, 168), (20, 128, 72), (214, 128, 16), (120, 48, 140), (16, 120, 136))
FLAT = (*INKS, (28, 34, 60), (250, 206, 60), (240, 240, 236))
ZOOM = 3  # drawings are made this much larger than their scene, and shown twice as large
LANCZOS = Image.Resampling.LANCZOS
DAYS = ("Monday", "Wednesday", "Friday", "Sunday")
FACTS = ("per cent of all photos", "million years old", "seen from afar", "in every country",
         "times a day", "of them have a name")  # fmt: skip
QUOTES = (("Not all who love", "know why"), ("There is only one", "and it is yours"),
          ("Be like", "be kind"), ("Dream of", "wake up happy today"))  # fmt: skip


fault("greyscale", "A black-and-white photo: it has no colours to learn.", "grey",
      # 1 channel, or 3 that agree
      make=lambda o: jpeg(o.image().convert("L").convert("L" if o.seed % 2 else "RGB"), 80)
      )  # fmt: skip


@fault("sepia", "A black-and-white photo toned brown: one tint from shadow to light.",
       "single tint")  # fmt: skip
def sepia(origin: Origin) -> bytes:
    strength = origin.dice().uniform(0.5, 1)
    tone = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
    pixels = np.asarray(origin.image(), dtype=float)
    grey = pixels @ np.array([[0.299, 0.587, 0.114]] * 3).T
    toned = strength * pixels @ tone.T + (1 - strength) * grey
    return jpeg(Image.fromarray(np.clip(toned, 0, 255).astype(np.uint8)), 80)


@fault("cyanotype", "A blueprint of a photo: from deep blue to nearly white.", "single tint")
def cyanotype(origin: Origin) -> bytes:
    grey = ImageOps.autocontrast(origin.image().convert("L"))
    return jpeg(ImageOps.colorize(grey, (8, 24, 72), (236, 242, 240), mid=(52, 110, 168)), 85)


@fault("tiny", "The preview of a photo, far too small to show anything.", "too small")
def tiny(origin: Origin) -> bytes:
    factor = int(origin.dice().integers(24, 57)) / min(origin.width, origin.height)
    return jpeg(ImageOps.scale(origin.image(), factor, LANCZOS))


@fault("panorama strip", "Four times as wide as high: cut to a square, most of it is lost.",
       "extreme shape")  # fmt: skip
def strip(origin: Origin) -> bytes:
    short = int(origin.dice().integers(96, 140))
    width, height = (512, short) if origin.seed % 4 else (short, 512)
    return jpeg(origin._replace(width=width, height=height).image())


@fault("framed", "More frame than photo: the network would learn the colour of borders.",
       "mostly border")  # fmt: skip
def framed(origin: Origin) -> bytes:
    image, style, height = origin.image(), origin.seed % 3, origin.height
    if style == 0:  # a phone's upright film between black bars
        upright = ImageOps.fit(image, (9 * height // 16, height))
        return jpeg(ImageOps.pad(upright, (16 * height // 9, height), color=(0, 0, 0)))
    colour = (255, 255, 255) if style == 1 else FLAT[origin.seed % len(FLAT)]
    margin = int(min(image.size) * origin.dice().uniform(0.3, 0.45))
    return jpeg(ImageOps.expand(ImageOps.expand(image, 2, (40, 34, 30)), margin, colour))


@fault("collage", "Four photos in one: what is sky to the one is beside the grass of another.", "")
def collage(origin: Origin) -> bytes:
    sheet = Image.new("RGB", (2 * origin.width + 6, 2 * origin.height + 6), (255, 255, 255))
    for i in range(4):
        tile = origin._replace(seed=origin.seed + 1000 * (i + 1)).image()
        sheet.paste(tile, (i % 2 * (origin.width + 6), i // 2 * (origin.height + 6)))
    return jpeg(sheet.resize((sheet.width * 2 // 3, sheet.height * 2 // 3)))


@fault("poster with text", "Words, boxes and flat colours, and the photo only a part of it.",
       "drawing or poster")  # fmt: skip
def poster(origin: Origin) -> bytes:
    sheet = Image.new("RGB", (2 * origin.width, 2 * origin.height), PAPER)
    layout = (_event, _infographic, _quote)[origin.seed % 3]
    layout(sheet, ImageDraw.Draw(sheet), origin, origin.dice())
    return jpeg(sheet, 92)


def _write(draw: ImageDraw.ImageDraw, box, text: str, colour) -> None:
    """Write a text as large as fits into a box (left, top, right, bottom), centred."""
    left, top, right, bottom = box
    size = 4.0
    while draw.textlength(text, ImageFont.load_default(size + 2)) < right - left - 4:
        size += 2
        if size >= bottom - top:
            break
    middle = ((left + right) / 2, (top + bottom) / 2)
    draw.text(middle, text, colour, ImageFont.load_default(size), anchor="mm")


def _event(sheet: Image.Image, draw, origin: Origin, dice: np.random.Generator) -> None:
    width, height = sheet.size
    back, fore, mark = (FLAT[i] for i in dice.permutation(len(FLAT))[:3])
    draw.rectangle((0, 0, width, height), fill=back)
    top, left = (height * x for x in (dice.choice([0, 0.74]), dice.uniform(0.04, 0.3)))
    draw.rectangle((0, top, width, top + height * 0.26), fill=fore)
    _write(draw, (8, top, width - 8, top + height * 0.26), f"{origin.query.upper()} DAYS", back)
    inset = ImageOps.fit(origin.image(), (int(width * dice.uniform(0.4, 0.65)), int(height * 0.38)))
    rest = height * 0.3 - top * 0.35  # where the lower part begins
    sheet.paste(inset, (int(left), int(rest)))
    day = f"{dice.choice(DAYS)} {dice.integers(1, 29)} June, 10 to {dice.integers(4, 9)}"
    _write(draw, (8, rest + height * 0.4, width - 8, rest + height * 0.52), day, fore)
    box = (left, rest + height * 0.54, left + width * 0.5, rest + height * 0.63)
    draw.rectangle(box, fill=mark)
    _write(draw, box, "FREE ENTRY", back)


def _infographic(sheet: Image.Image, draw, origin: Origin, dice: np.random.Generator) -> None:
    width, height = sheet.size
    _write(draw, (8, 4, width - 8, height * 0.17), f"Facts about {origin.query}", FLAT[6])
    count, gap = int(dice.integers(2, 5)), 8
    tall, lines = (height * 0.8 - gap * count) / count, dice.permutation(FACTS)
    for i, ink in enumerate(dice.permutation(len(INKS))[:count]):
        top, disc = height * 0.19 + i * (tall + gap), min(tall - 16, width * 0.22)
        draw.rounded_rectangle((12, top, width - 12, top + tall), 12, fill=INKS[ink])
        left = 24 if dice.random() < 0.5 else width - 24 - disc
        circle = (left, top + 8, left + disc, top + 8 + disc)
        draw.ellipse(circle, fill=PAPER)
        _write(draw, circle, str(dice.integers(2, 99)), INKS[ink])
        start, end = (left + disc + 12, width - 20) if left == 24 else (20, left - 12)
        _write(draw, (start, top, end, top + tall * 0.6), lines[i], PAPER)
        bar = start + (end - start) * dice.uniform(0.2, 1)
        draw.rectangle((start, top + tall * 0.66, bar, top + tall * 0.84), fill=PAPER)


def _quote(sheet: Image.Image, draw, origin: Origin, dice: np.random.Generator) -> None:
    width, height = sheet.size
    draw.rectangle((0, 0, width, height), fill=FLAT[dice.integers(7)])
    first, last = dice.choice(QUOTES)
    side, share = int(min(width, height) * dice.uniform(0.2, 0.4)), dice.uniform(0.05, 0.95)
    above = dice.random() < 0.5  # the picture, or the words
    top, step = (side + 16 if above else 4), (height - side - 24) / 3
    for i, line in enumerate((first, origin.query, last)):
        box = (width * 0.05, top + i * step, width * 0.95, top + (i + 0.9) * step)
        _write(draw, box, line, FLAT[7] if i == 1 else FLAT[8])
    disc = Image.new("L", (4 * side, 4 * side))
    ImageDraw.Draw(disc).ellipse((0, 0, *disc.size), fill=255)
    place = (int(share * (width - side)), 8 if above else height - side - 8)
    sheet.paste(ImageOps.fit(origin.image(), (side, side)), place, disc.resize((side, side)))


def _labels(scene: practice.Scene, tones: int) -> np.ndarray:
    """(ZOOM H, ZOOM W) ids of areas of one class and tone, with smooth outlines."""
    smooth = Image.fromarray(scene.L.astype(np.uint8)).filter(ImageFilter.MedianFilter(7))
    tone = np.minimum(np.asarray(smooth, dtype=int) * tones // 100, tones - 1)
    names, ids = np.unique(scene.classes.astype(int) * tones + tone, return_inverse=True)
    height, width = ZOOM * scene.L.shape[0], ZOOM * scene.L.shape[1]
    best, labels = np.zeros((2, height, width), np.uint8)
    for i in range(len(names)):
        area = Image.fromarray((255 * (ids.reshape(scene.L.shape) == i)).astype(np.uint8))
        area = area.filter(ImageFilter.GaussianBlur(1.5))
        area = np.asarray(area.resize((width, height), Image.Resampling.BILINEAR))
        labels[area > best] = i
        best = np.maximum(best, area)
    return labels


def _outlined(pixels: np.ndarray, labels: np.ndarray, ink, origin: Origin, quality: int) -> bytes:
    """The file of a drawing, with a line wherever two areas meet."""
    edge = np.zeros(labels.shape, np.uint8)
    edge[:, 1:][labels[:, 1:] != labels[:, :-1]] = 255
    edge[1:][labels[1:] != labels[:-1]] = 255
    image = Image.fromarray(pixels)
    image.paste(ink, (0, 0), Image.fromarray(edge).filter(ImageFilter.MaxFilter(3)))
    size = (2 * origin.width, 2 * origin.height)
    return jpeg(image.resize(size, Image.Resampling.HAMMING), quality)


@fault("cartoon", "A drawing: areas of one flat colour with dark outlines, no light, no texture.",
       "drawing or poster")  # fmt: skip
def cartoon(origin: Origin) -> bytes:
    scene = origin.scene()
    labels = _labels(scene, 3)
    rgb = np.repeat(np.repeat(scene.rgb(), ZOOM, 0), ZOOM, 1).reshape(-1, 3).astype(float)
    count = np.bincount(labels.ravel()).clip(1)
    flat = np.stack([np.bincount(labels.ravel(), c) / count for c in rgb.T], axis=1)
    grey = flat.mean(1, keepdims=True)
    flat = np.clip(grey + 1.6 * (flat - grey), 0, 255).astype(np.uint8)
    return _outlined(flat[labels], labels, (24, 20, 28), origin, 92)


@fault("line drawing", "Coloured pencil on paper: lines where a photo has light.",
       "drawing or poster")  # fmt: skip
def line_drawing(origin: Origin) -> bytes:
    labels, dice = _labels(origin.scene(), 4), origin.dice()
    sheet = np.full((*labels.shape, 3), PAPER, np.uint8)
    for i in range(labels.max() + 1):  # hatch most areas, each with its own pencil and slope
        y, x = np.nonzero(labels == i)
        angle, gap, ink = dice.uniform(0, np.pi), dice.integers(10, 20), INKS[dice.integers(6)]
        line = (x * np.cos(angle) + y * np.sin(angle)) % gap < (2 if dice.random() < 0.6 else 0)
        sheet[y[line], x[line]] = ink
    return _outlined(sheet, labels, INKS[dice.integers(6)], origin, 88)


fault("resized copy", "The same photo from a page that shows it smaller.", "near-duplicate",
      make=lambda o: jpeg(ImageOps.scale(o.image(), o.dice().uniform(0.5, 0.8), LANCZOS), 85)
      )  # fmt: skip
fault("recompressed copy", "The same photo saved again and again, with blocks and blurs.",
      "near-duplicate",
      make=lambda o: jpeg(o.image(), int(o.dice().integers(20, 45)), subsampling=2))  # fmt: skip


@fault("cropped copy", "The same photo, a tenth or more of each side cut away: its fingerprint is "
       "another, and it slips through.", "")  # fmt: skip
def cropped(origin: Origin) -> bytes:
    image, dice = origin.image(), origin.dice()
    width, height = (int(side * dice.uniform(0.8, 0.9)) for side in image.size)
    left, top = int(dice.integers(image.width - width)), int(dice.integers(image.height - height))
    return jpeg(image.crop((left, top, left + width, top + height)))


@fault("watermarked copy", "The same photo with a dealer's name across it: where the photo is "
       "calm, the letters change its fingerprint, and it slips through.", "")  # fmt: skip
def watermarked(origin: Origin) -> bytes:
    image, dice = origin.image(), origin.dice()
    longer, side = max(image.size), 2 * max(image.size)
    text = Image.new("L", (side, side))
    draw, strength, name = ImageDraw.Draw(text), int(dice.integers(60, 130)), "stockphotos.example"
    if origin.seed % 2:  # all over
        font = ImageFont.load_default(longer / 11)
        for row in range(0, side, side // 9):
            draw.text((row % 50, row), f"{name}    " * 6, strength, font)
    else:  # once
        draw.text((longer, longer), name, strength, ImageFont.load_default(longer / 9), anchor="mm")
    left, top = (side - image.width) // 2, (side - image.height) // 2
    text = text.rotate(30, Image.Resampling.BICUBIC)
    text = text.crop((left, top, left + image.width, top + image.height))
    image.paste((255, 255, 255), (0, 0), text)
    return jpeg(image)
