"""The odd files of the practice web: broken ones, and good photos in formats that need care.

Each function takes the `Origin` of a practice scene and returns the bytes of a file. `@fault` says
beside it what it is and what is to become of it. What is wrong with the picture and not with the
file is in the module `pictures`; `faults` puts both into a web.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from ... import practice
from ...common import lab
from ..search import Response


class Origin(NamedTuple):
    """The practice scene that a faulty picture is made from."""

    query: str
    seed: int
    width: int
    height: int

    def is_a_scene(self) -> bool:
        sides = range(practice.SMALLEST, practice.LARGEST + 1)
        return self.seed < 2**63 and self.width in sides and self.height in sides

    def scene(self) -> practice.Scene:
        return practice.scene(*self)

    def image(self) -> Image.Image:
        return Image.fromarray(self.scene().rgb())

    def dice(self) -> np.random.Generator:
        """Chance that is the same for the same origin."""
        return np.random.default_rng([self.seed, *self.query.encode()])


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong on the web, and what is to become of it here."""

    name: str
    what: str  # a sentence for students
    expected: str  # "kept", "at collection", a rule of `clean`; "": no rule claims to see it
    says: str  # a regular expression that finds the reason for turning it away; "" if kept
    answer: Callable  # (Origin) -> Response, or the bytes of one
    at_first: Response | None = None  # what is answered when the address is asked the first time


PICTURES: dict[str, Fault] = {}


def fault(name: str, what: str, expected: str, says: str | None = None):
    """Enter the function below into PICTURES. A rule of `clean` begins its reason with its name."""

    def enter(make: Callable[[Origin], bytes]) -> Callable[[Origin], bytes]:
        words = says if says is not None else "" if expected in ("kept", "") else f"^{expected}: "
        PICTURES[name] = Fault(name, what, expected, words, make)
        return make

    return enter


def jpeg(image: Image.Image, quality: int = 90, **options) -> bytes:
    return _saved(image, "JPEG", quality=quality, **options)


def _saved(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


# ---- files that are no picture, or a broken one --------------------------------------------------


@fault("web page named .jpg", "A page that says 'no hotlinking', under the name of a picture.",
       "at collection", "a web page")  # fmt: skip
def web_page(origin: Origin) -> bytes:
    title = f"{origin.query} - hotlinking is not allowed"
    return f"<!DOCTYPE html>\n<html><title>{title}</title><p>Visit our site!</html>".encode()


@fault("SVG", "A vector drawing: a program that draws, not pixels; it can even hold scripts.",
       "at collection", "not a picture in a format|SVG")  # fmt: skip
def svg(origin: Origin) -> bytes:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{origin.width}" height="{origin.height}">'
        '<rect width="100%" height="100%" fill="skyblue"/><circle cx="60" cy="50" r="30"/></svg>'
    ).encode()


@fault(
    "empty file", "The answer is 'here it is', and then nothing comes.", "at collection", "empty"
)
def empty(origin: Origin) -> bytes:
    return b""


@fault("truncated JPEG", "The lower part of the photo is missing, though the length is right.",
       "at collection", "truncated|broken")  # fmt: skip
def truncated(origin: Origin) -> bytes:
    whole = jpeg(origin.image())
    return whole[: int(len(whole) * origin.dice().uniform(0.3, 0.8))]


@fault("decompression bomb", "A file of 50 kB that unpacks to 400 million pixels.",
       "at collection", "too many|bomb")  # fmt: skip
def bomb(origin: Origin) -> bytes:
    return _bomb(20_000)


@lru_cache(maxsize=1)
def _bomb(side: int) -> bytes:
    row = bytes(1 + side // 8)  # no filter, then one bit a pixel
    squeeze = zlib.compressobj()
    rows = b"".join(squeeze.compress(row * 500) for _ in range(side // 500)) + squeeze.flush()
    return _png(struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0), rows)


def _png(header: bytes, rows: bytes) -> bytes:
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


@fault("tracking pixel", "A GIF of one pixel, put on pages to count their visitors.",
       "at collection", "1 x 1 is smaller")  # fmt: skip
def tracking_pixel(origin: Origin) -> bytes:
    return _saved(Image.new("P", (1, 1)), "GIF")


# ---- good pictures in unusual files --------------------------------------------------------------


@fault("PNG named .jpg", "A PNG under the name of a JPEG: the content counts.", "kept")
def png(origin: Origin) -> bytes:
    return _saved(origin.image(), "PNG")


@fault("animated GIF", "A moving picture of 256 colours: its first frame is taken.", "kept")
def animated_gif(origin: Origin) -> bytes:
    image, (width, height) = origin.image(), (origin.width, origin.height)
    boxes = [(i, i, width - i, height - i) for i in range(0, 24, 6)]  # the camera moves closer
    frames = [image.resize(image.size, box=box).quantize(256) for box in boxes]
    return _saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=120, loop=0)


@fault("PNG with alpha", "Its round corners are transparent: it is laid on white.", "kept")
def alpha_png(origin: Origin) -> bytes:
    image = origin.image()
    mask = Image.new("L", (4 * image.width, 4 * image.height))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *mask.size), mask.height // 6, fill=255)
    mask = mask.resize(image.size, Image.Resampling.BOX)
    image = Image.composite(image, Image.new("RGB", image.size), mask.point(lambda a: a and 255))
    image.putalpha(mask)  # where nothing shows the file says black, as editors write it
    return _saved(image, "PNG")


@fault("palette PNG", "A PNG of 128 colours, the others dithered.", "kept")
def palette_png(origin: Origin) -> bytes:
    return _saved(origin.image().quantize(128, dither=Image.Dither.FLOYDSTEINBERG), "PNG")


@fault("CMYK JPEG", "A photo prepared for print, in four inks instead of three lights.", "kept")
def cmyk_jpeg(origin: Origin) -> bytes:
    ink = 255.0 - np.asarray(origin.image())
    black = ink.min(axis=-1, keepdims=True)  # stands in for the three where they meet
    ink = (ink - black) * 255 / np.maximum(255 - black, 1)
    inks = np.concatenate([ink, black], axis=-1).round().astype(np.uint8)
    return jpeg(Image.merge("CMYK", [Image.fromarray(inks[..., i]) for i in range(4)]), 92)


@fault("16-bit PNG", "65,536 levels a channel, as scanners and astronomers write it.", "kept")
def deep_png(origin: Origin) -> bytes:
    scene = origin.scene()
    light = np.clip(lab.linear_rgb(scene.L, scene.ab), 0, 1)
    levels = np.round(65535 * _srgb_curve(light)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in levels)
    header = struct.pack(">IIBBBBB", origin.width, origin.height, 16, 2, 0, 0, 0)
    return _png(header, zlib.compress(rows))


def _srgb_curve(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@fault("EXIF-rotated", "A phone held upright: the pixels lie on their side, and a tag says so.",
       "kept")  # fmt: skip
def exif_rotated(origin: Origin) -> bytes:
    turn = Image.Transpose
    stored = {3: turn.ROTATE_180, 6: turn.ROTATE_90, 8: turn.ROTATE_270}
    orientation = (3, 6, 8)[origin.seed % 3]
    exif = Image.Exif()
    exif[0x0112] = orientation
    return jpeg(origin.image().transpose(stored[orientation]), exif=exif)


@fault("EXIF with GPS", "The file tells when, with which phone and at whose door it was taken.",
       "kept")  # fmt: skip
def exif_gps(origin: Origin) -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Practice", "Pinhole 1"  # maker and model
    exif[0x0132] = "2024:06:21 12:00:00"
    gps = {1: "N", 2: (48.0, 51.0, 29.6), 3: "E", 4: (2.0, 17.0, 40.2)}  # the Eiffel Tower
    exif[0x8825] = gps
    return jpeg(origin.image(), exif=exif)


# D50 colorants of the profiles of sRGB (IEC 61966-2-1) and Display P3, one column a primary.
_SRGB_D50 = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061],
                      [0.01392, 0.09708, 0.71410]])  # fmt: skip
_P3_D50 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657],
                    [-0.00105, 0.04189, 0.78407]])  # fmt: skip
_GAMMA = 563 / 256  # 2.199, as near to 2.2 as the format can say


@fault("wide-gamut profile", "Its numbers mean stronger colours than sRGB's: read without the "
       "profile it looks dull.", "kept")  # fmt: skip
def wide_gamut(origin: Origin) -> bytes:
    scene = origin.scene()
    light = np.clip(lab.linear_rgb(scene.L, scene.ab), 0, 1)
    wide = np.clip(light @ (np.linalg.inv(_P3_D50) @ _SRGB_D50).T, 0, 1)
    pixels = np.round(255 * wide ** (1 / _GAMMA)).astype(np.uint8)
    return jpeg(Image.fromarray(pixels), 95, subsampling=0, icc_profile=p3_profile())


@lru_cache(maxsize=1)
def p3_profile() -> bytes:
    """An ICC profile, version 2: Display P3's primaries with a plain gamma for a tone curve."""

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))

    name = b"P3 primaries, gamma 2.2\0"
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(_GAMMA * 256))
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(4 + 4 + 2 + 1 + 67),
        b"cprt": b"text\0\0\0\0No copyright\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        **{c + b"XYZ": xyz(*_P3_D50[:, i]) for i, c in enumerate((b"r", b"g", b"b"))},
        **{c + b"TRC": curve for c in (b"r", b"g", b"b")},
    }
    table, data, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for tag, value in tags.items():
        table += tag + struct.pack(">II", start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    head = struct.pack(">I4xI", start + len(data), 0x02100000) + b"mntrRGB XYZ "
    head += (
        struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + xyz(0.9642, 1, 0.8249)[8:]
    )
    return head.ljust(128, b"\0") + table + data
