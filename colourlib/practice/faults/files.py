"""The servers of the practice web that do not answer as they should, and its odd files.

Each function takes the `Origin` of a practice scene and returns a `Response`, or the bytes of a
file; its row says what goes wrong and what becomes of it. `pictures` has the files that are right
and show the wrong thing.
"""

import math
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms, ImageDraw

from ... import practice
from ...common import lab
from ..search import Response, encoded, practice_web

TWICE = "same link on two pages"


class Origin(NamedTuple):
    """The practice scene that a faulty picture is made from."""

    query: str
    seed: int
    width: int
    height: int

    def scene(self) -> practice.Scene:
        return practice.scene(*self)

    def image(self) -> Image.Image:
        return Image.fromarray(self.scene().rgb())

    def dice(self) -> np.random.Generator:
        """Chance that is the same for the same origin."""
        return np.random.default_rng([self.seed, *self.query.encode()])


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong on the web, and what becomes of it here."""

    name: str
    what: str  # a sentence for students
    expected: str  # "kept", "at collection", a rule of `clean`; "": no rule claims to see it
    says: str  # a regular expression that finds the reason for turning it away; "" if kept
    answer: Callable  # (Origin) -> Response, or the bytes of one
    at_first: Response | None = None  # what is answered when the address is asked the first time


def _entry(name: str, what: str, answer: Callable, says: str = "", at_first=None) -> Fault:
    return Fault(name, what, "at collection" if says else "kept", says, answer, at_first)


def jpeg(image: Image.Image, quality: int = 90, **options) -> bytes:
    return encoded(image, "JPEG", quality=quality, **options)


def _scene(origin: Origin, **how) -> Response:
    """The scene as the healthy web serves it, but for `how`."""
    return replace(practice_web(practice.url_of(*origin)), **how)


def _says(status: int, words: str = "", **headers: str) -> Response:
    return Response(words.encode(), status, "text/plain", headers=headers)


def _truncated(origin: Origin) -> bytes:
    whole = jpeg(origin.image())
    return whole[: int(len(whole) * origin.dice().uniform(0.3, 0.8))]


@lru_cache(maxsize=1)
def _bomb(side: int = 20_000) -> bytes:
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


_PAGE = """<!DOCTYPE html>
<html><title>{0.query} - hotlinking is not allowed</title><p>Visit our site!</html>"""
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{0.width}" height="{0.height}">'
    '<rect width="100%" height="100%" fill="skyblue"/><circle cx="60" cy="50" r="30"/></svg>'
)
# Name, what it is, answer, the reason for turning it away at collection (kept without one).
FAULTS: dict[str, Fault] = {row[0]: _entry(*row) for row in [
    ("404", "The page still shows the link, but the picture is gone.",
     lambda o: _says(404, "gone"), "HTTP 404"),
    ("500", "The server is broken, however often it is asked.",
     lambda o: _says(500, "sorry"), "HTTP 500"),
    ("503 then 200", "The server is busy and says when to come back: then it works.",
     _scene, "", _says(503, "busy", **{"Retry-After": "0"})),
    ("429 then 200", "We ask too fast; after a pause the server answers.",
     _scene, "", _says(429, "slow down")),
    ("connection refused", "The machine is there, but no server is running on it.",
     _scene, "refused"),
    ("hung up", "The server closes the connection without a word.",
     lambda o: Response(b"", hang_up=True), "closed connection|reset"),
    ("hang", "The server takes the question and never answers.",
     lambda o: _scene(o, wait=math.inf), "timed out|not complete"),
    ("slow drip", "One byte now and then: never silent, never done.",
     lambda o: _scene(o, drip=0.3), "not complete"),
    ("shorter than declared", "The connection breaks in mid-picture.",
     lambda o: _scene(o, length=len(_scene(o).body) + 4321), "short of its declared length"),
    ("moved", "The server sends us to another address, where the picture is.",
     lambda o: _says(301, "moved", Location=practice.url_of(*o))),
    ("redirect loop", "The server sends us on, and on, and back to where we were.",
     lambda o: _says(302, Location=""), "HTTP 302"),  # "" is where we are
    ("redirect to ftp", "A web address that leads out of the web.",
     lambda o: _says(302, Location=f"ftp://faults.example/{o.seed}.jpg"),
     "leads away from the web, to ftp"),
    ("redirect to a file", "A trap: the answer points to a file on our own disk.",
     lambda o: _says(302, Location="file:///etc/passwd"), "leads away from the web, to file"),
    ("file link", "The same trap as a link in the results.", _scene, "only http"),
    ("percent-encoded address", "A blank and an accent, written %20 and %C3%A9.", _scene),
    ("non-ASCII address", "The same, written as they are: a request cannot carry them.",
     _scene),
    ("same bytes, other address", "The very same file on another server.", _scene, "same bytes as"),
    ("same bytes, other query", "One photo found under two search words.", _scene, "same bytes as"),
    (TWICE, "A result that comes again on the next page.", _scene),
    ("web page named .jpg", "A page that says 'no hotlinking', under the name of a picture.",
     lambda o: _PAGE.format(o).encode(), "a web page"),
    ("SVG", "A vector drawing: a program that draws, not pixels; it can even hold scripts.",
     lambda o: _SVG.format(o).encode(), "not a picture in a format|SVG"),
    ("empty file", "The answer is 'here it is', and then nothing comes.", lambda o: b"", "empty"),
    ("truncated JPEG", "The lower part of the photo is missing, though the length is right.",
     _truncated, "truncated|broken"),
    ("decompression bomb", "A file of 50 kB that unpacks to 400 million pixels.",
     lambda o: _bomb(), "too many|bomb"),
    ("tracking pixel", "A GIF of one pixel, put on pages to count their visitors.",
     lambda o: encoded(Image.new("P", (1, 1)), "GIF"), "1 x 1 is smaller"),
]}  # fmt: skip


def fault(name: str, what: str, expected: str = "kept", make=None):
    """Enter `make`, or else the function below, into FAULTS.

    The reason for turning it away begins with the name of the rule, as those of `clean` do.
    """

    def enter(make: Callable[[Origin], bytes]) -> Callable[[Origin], bytes]:
        says = "" if expected in ("kept", "") else f"^{expected}: "
        FAULTS[name] = Fault(name, what, expected, says, make)
        return make

    return enter(make) if make else enter


fault("PNG named .jpg", "A PNG under the name of a JPEG: the content counts.",
      make=lambda o: encoded(o.image(), "PNG"))  # fmt: skip


@fault("animated GIF", "A moving picture of 256 colours: its first frame is taken.")
def animated_gif(origin: Origin) -> bytes:
    image, (width, height) = origin.image(), (origin.width, origin.height)
    boxes = [(i, i, width - i, height - i) for i in range(0, 24, 6)]  # the camera moves closer
    frames = [image.resize(image.size, box=box).quantize(256) for box in boxes]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=120, loop=0)


@fault("PNG with alpha", "Its round corners are transparent: it is laid on white.")
def alpha_png(origin: Origin) -> bytes:
    image = origin.image()
    mask = Image.new("L", (4 * image.width, 4 * image.height))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *mask.size), mask.height // 6, fill=255)
    mask = mask.resize(image.size, Image.Resampling.BOX)
    image = Image.composite(image, Image.new("RGB", image.size), mask.point(lambda a: a and 255))
    image.putalpha(mask)  # where nothing shows the file says black, as editors write it
    return encoded(image, "PNG")


fault("palette PNG", "A PNG of 128 colours, the others dithered.",
      make=lambda o: encoded(o.image().quantize(128, dither=Image.Dither.FLOYDSTEINBERG), "PNG")
      )  # fmt: skip


@fault("CMYK JPEG", "A photo prepared for print, in four inks instead of three lights.")
def cmyk_jpeg(origin: Origin) -> bytes:
    ink = 255.0 - np.asarray(origin.image())
    black = ink.min(axis=-1, keepdims=True)  # stands in for the three where they meet
    ink = (ink - black) * 255 / np.maximum(255 - black, 1)
    inks = np.concatenate([ink, black], axis=-1).round().astype(np.uint8)
    return jpeg(Image.merge("CMYK", [Image.fromarray(inks[..., i]) for i in range(4)]), 92)


@fault("16-bit PNG", "65,536 levels a channel, as scanners and astronomers write it.")
def deep_png(origin: Origin) -> bytes:
    scene = origin.scene()
    light = np.clip(lab.linear_rgb(scene.L, scene.ab), 0, 1)
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    levels = np.round(65535 * curve).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in levels)
    header = struct.pack(">IIBBBBB", origin.width, origin.height, 16, 2, 0, 0, 0)
    return _png(header, zlib.compress(rows))


@fault("EXIF-rotated", "A phone held upright: the pixels lie on their side, and a tag says so.")
def exif_rotated(origin: Origin) -> bytes:
    tag, degrees = ((3, 180), (6, 90), (8, 270))[origin.seed % 3]
    exif = Image.Exif()
    exif[0x0112] = tag
    return jpeg(origin.image().rotate(degrees, expand=True), exif=exif)


@fault("EXIF with GPS", "The file tells when, with which phone and at whose door it was taken.")
def exif_gps(origin: Origin) -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Practice", "Pinhole 1"  # maker and model
    exif[0x0132] = "2024:06:21 12:00:00"
    exif[0x8825] = {1: "N", 2: (48.0, 51.0, 29.6), 3: "E", 4: (2.0, 17.0, 40.2)}  # Eiffel Tower
    return jpeg(origin.image(), exif=exif)


# D50 colorants of the profiles of sRGB (IEC 61966-2-1) and Display P3, one column a primary.
_SRGB_D50 = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061],
                      [0.01392, 0.09708, 0.71410]])  # fmt: skip
_P3_D50 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657],
                    [-0.00105, 0.04189, 0.78407]])  # fmt: skip
_GAMMA = 563 / 256  # 2.199


@fault("wide-gamut profile", "Its numbers mean stronger colours than sRGB's: read without the "
       "profile it looks dull.")  # fmt: skip
def wide_gamut(origin: Origin) -> bytes:
    scene = origin.scene()
    light = np.clip(lab.linear_rgb(scene.L, scene.ab), 0, 1)
    wide = np.clip(light @ (np.linalg.inv(_P3_D50) @ _SRGB_D50).T, 0, 1)
    pixels = np.round(255 * wide ** (1 / _GAMMA)).astype(np.uint8)
    return jpeg(Image.fromarray(pixels), 95, subsampling=0, icc_profile=p3_profile())


@lru_cache(maxsize=1)
def p3_profile() -> bytes:
    """An ICC profile: Pillow's of sRGB with the primaries of Display P3 and a plain gamma."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    old, new = (name.encode("utf-16-be") for name in ("sRGB built-in", "P3 primaries "))
    profile = bytearray(profile.replace(old, new))
    profile[24:36] = bytes(12)  # the date, which would make every file another one

    def start(tag: bytes) -> int:  # of its numbers
        return struct.unpack_from(">I", profile, profile.index(tag) + 4)[0] + 8

    for tag, primary in zip((b"rXYZ", b"gXYZ", b"bXYZ"), _P3_D50.T, strict=True):
        struct.pack_into(">3i", profile, start(tag), *(round(65536 * v) for v in primary))
    struct.pack_into(">H2xi", profile, start(b"rTRC"), 0, round(65536 * _GAMMA))  # all three share
    return bytes(profile)
