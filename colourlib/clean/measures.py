"""Measure each picture once, one number for every rule; kept in `measures.jsonl`.

Nothing in this module decides, because the limits are in `rules`.
"""

import contextlib
import json
import os
import warnings
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image
from scipy.ndimage import maximum_filter, minimum_filter

from ..collect.manifest import Photo
from ..common.bars import bar
from ..common.files import read_text
from ..common.lab import rgb_to_lab
from ..common.pictures import FORMATS, full_page, open_picture
from ..common.unreadable import what_is_wrong

NAME = "measures.jsonl"
MEASURING = 4  # raise it when a measure changes, and every picture is measured anew

EXIF, TAKEN, MAKE, MODEL = 0x8769, 0x9003, 0x010F, 0x0110  # tags
LARGE = 256  # pixels, longer side: where lines and edges are looked for
FIELDS = 7  # a side: the fields whose mean colours are compared with a tint
MIDDLE = 18 * FIELDS  # pixels a side of the copy that the fields are cut from
SMALL = 64  # pixels a side: enough for the fingerprint
COARSE = 16  # and for chroma: the coloured grain of a scanner is gone in it, a lamp is not

# Lightness at which a tint's curve of colour may bend. A tint fades towards white within few units.
KNOTS = np.array([0, 10, 20, 30, 40, 50, 60, 70, 80, 86, 90, 93, 95, 97, 98.5, 100])
_HATS = np.stack([np.interp(np.linspace(0, 100, 1001), KNOTS, knot) for knot in np.eye(16)], 1)
WEAK = 5.0  # chroma; a weaker tint is measured as if it were strengthened to this

HARD = 90  # levels of 255 between neighbouring pixels: a hard edge
BESIDE = 8  # pixels: how far beside a hard edge plain colour is looked for
COMMON = 0.03  # share of the picture that a plain colour fills, to within 2 levels, at least
DARK, BRIGHT = 50, 243  # levels: nearly black and white are plain in photos, too: no colour
FLAT, PAPER = 4, 225  # levels by which white paper may vary, scanned or saved; and from which on

EVEN = 12  # levels of 255 by which the colour of a frame may vary
STEP = 28  # levels from the frame to the picture in it, at least
BLUR = 8  # pixels before an edge that a JPEG may have spoilt
MOST = 0.7  # share of a frame's inner side along which there is a sharp edge in one line, at least
LEAST = 0.15  # of the height and width is left to the picture; else it is a thing on plain ground


def look(path: Path) -> dict:
    """Measure one picture: the number for each rule, and its fingerprint.

    "too small": pixels, shorter side. "extreme shape": longer / shorter side. The others:
    `chroma`, `stray`, `plain`, `frame`. "dhash", "phash": 16 hexadecimal digits each. "taken": what
    `taken` says.
    A picture that cannot be read has the one key "unreadable", which says why.
    """
    try:
        with Image.open(path, formats=tuple(FORMATS)) as image:
            full_page(image)
            width, height = image.size
            when = taken(image)
        image = open_picture(path, LARGE)
    except Exception as error:  # hostile bytes: a decoder may raise anything
        why = {"unreadable": what_is_wrong(error, path)}
        # The system's own errors have a number: they may pass, and so may a want of memory.
        may_pass = isinstance(error, MemoryError) or getattr(error, "errno", None)
        return why | {"may pass": True} if may_pass else why
    large = image.copy()
    large.thumbnail((LARGE, LARGE), Image.Resampling.BOX)
    pixels = np.asarray(large)
    small = image.resize((SMALL, SMALL), Image.Resampling.BOX)
    drawn, written = plain(pixels)
    return {
        "too small": min(width, height),
        "extreme shape": round(max(width, height) / min(width, height), 3),
        "grey": round(chroma(image.resize((COARSE, COARSE), Image.Resampling.BOX)), 3),
        "single tint": round(stray(image), 3),
        "drawing or poster": round(drawn, 3),
        "page of text": round(written, 2),
        "mostly border": round(frame(pixels), 2),
        "dhash": str(imagehash.dhash(small)),
        "phash": str(imagehash.phash(small)),
        "taken": when,
    }


def taken(image: Image.Image) -> int | None:
    """When and by which camera, by the EXIF of an open picture; None where it does not say both.

    Seconds, and for each camera a start of its own that does not name it: so a small difference
    means the same camera, a moment later.
    """
    with contextlib.suppress(Exception):  # hostile, and most often absent
        exif = Image.Exif()
        exif.load(image.info["exif"])
        when = datetime.strptime(exif.get_ifd(EXIF)[TAKEN][:19], "%Y:%m:%d %H:%M:%S")
        camera = zlib.crc32(f"{exif[MAKE]} {exif[MODEL]}".encode())
        return 10**12 * camera + int((when - datetime(1, 1, 1)).total_seconds())
    return None


def chroma(image: Image.Image) -> float:
    """The chroma (Lab units, 0 to about 130) that 99 % of the pixels stay below.

    A mean would not do: a black car with one red lamp is an honest colour photo.
    """
    _, ab = rgb_to_lab(np.asarray(image))
    return float(np.quantile(np.linalg.norm(ab, axis=-1), 0.99))


def stray(image: Image.Image) -> float:
    """How far the colours stray from one curve of colour over lightness, in Lab units.

    A toned photo has one colour for each lightness. So fit the best such curve, ab = f(L), and take
    the root of the mean square of the rest: near 0 for sepia and blueprints. The mean colours of
    7 x 7 fields are compared, because JPEG keeps colours coarsely. Fog, snow and the Moon stray
    little only because they have little colour, so a chroma below 5 is strengthened to 5 first.
    """
    L, ab = rgb_to_lab(np.asarray(image.resize((MIDDLE, MIDDLE), Image.Resampling.BOX)))
    # f is linear from knot to knot, so its mean over a field is linear in its values at the knots.
    weights = _HATS[np.rint(10 * L.clip(0, 100)).astype(np.intp)]  # (MIDDLE, MIDDLE, 16)
    weights, ab = _field_means(weights), _field_means(ab)  # (49, 16), (49, 2)
    curve = np.linalg.lstsq(weights, ab, rcond=0.01)[0]  # (16, 2)
    left, whole = (np.sqrt(np.square(x).sum(axis=1).mean()) for x in (ab - weights @ curve, ab))
    return float(left / min(1.0, max(whole, 1e-6) / WEAK))


def plain(pixels: np.ndarray) -> tuple[float, float]:
    """The shares of the picture, in %, that are plain beside a hard edge: (colour, white).

    pixels: (H, W, 3) uint8. Plain means: not one level different from the neighbours. A camera's
    noise, light and blur leave no such places in a photo, least of all beside an edge. In a drawing
    or behind letters one colour goes on to the very line. A rare colour does not count. Whatever is
    too dark or bright for a camera is plain, too; but a page has white at all its edges.
    """
    near = {"size": (3, 3, 1), "mode": "nearest"}
    ranges = maximum_filter(pixels, **near) - minimum_filter(pixels, **near)
    contrast = _over_channels(np.maximum, ranges)
    beside = maximum_filter(contrast > HARD, 2 * BESIDE + 1, mode="nearest")
    darkest, brightest = (_over_channels(most, pixels) for most in (np.minimum, np.maximum))
    page = beside & (contrast <= FLAT) & (darkest >= PAPER)
    colour = beside & (contrast == 0) & (brightest >= DARK) & (darkest <= BRIGHT)
    if colour.any():
        bins = (pixels >> 1) @ np.array([1, 1 << 7, 1 << 14], np.int32)  # of 2 levels a channel
        colour &= np.bincount(bins.ravel())[bins] >= COMMON * colour.size
    return 100 * float(colour.mean()), 100 * float(page.mean())


def frame(pixels: np.ndarray) -> float:
    """The share of the picture, in %, that is a frame, or bars on two opposite sides.

    pixels: (H, W, 3) uint8. A bar has one colour and ends in a sharp, straight edge. The black sky
    around the Moon is as even, but touches it in one point; a sky above a sea has the straight
    edge, but nothing like it on the other side.
    """
    if (np.abs(pixels - _edge_colour(pixels)) <= EVEN).all():
        return 100.0  # one colour everywhere
    inner = 1.0
    for upright in (pixels, pixels.swapaxes(0, 1)):
        bars = _bar(upright), _bar(upright[::-1])
        left = 1 - sum(bars) / len(upright)
        if all(bars) and left >= LEAST:
            inner *= left
    return 100 * (1 - inner)


def _bar(pixels: np.ndarray) -> int:
    """The height of the bar along the upper rim, in pixels; 0 where there is none."""
    colour = _edge_colour(pixels)
    if (np.abs(pixels[0] - colour).max(axis=1) <= EVEN).mean() < 0.95:
        return 0
    away = _over_channels(np.maximum, np.abs(pixels - colour))  # (H, W)
    begun = away >= STEP
    begins = begun.argmax(axis=0)[begun.any(axis=0)]  # in which row, for each column of the picture
    if len(begins) < LEAST * begun.shape[1]:
        return 0
    bar = int(np.bincount(begins).argmax())
    even = (away[: max(bar - BLUR, 1)] <= EVEN).mean() >= 0.95
    # No gradient rises as much within six rows: sharp. Nearly all columns do: straight.
    rise = away[bar : bar + 3].max(axis=0) - away[max(bar - 3, 0)]
    sharp = (rise >= 0.75 * STEP).sum() >= MOST * len(begins)
    return bar if even and sharp else 0


def _edge_colour(pixels: np.ndarray) -> np.ndarray:
    return np.median(pixels[0], axis=0).astype(np.int16)


def _field_means(values: np.ndarray) -> np.ndarray:
    """(MIDDLE, MIDDLE, C) -> (FIELDS * FIELDS, C), the mean of each field."""
    side = MIDDLE // FIELDS
    fields = values.reshape(FIELDS, side, FIELDS, side, -1)
    return fields.mean(axis=(1, 3)).reshape(FIELDS * FIELDS, -1)


def _over_channels(most: Callable, pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) -> (H, W). Many times faster than a reduction over an axis of three."""
    return most(most(pixels[..., 0], pixels[..., 1]), pixels[..., 2])


def look_at_all(root: Path, photos: Sequence[Photo]) -> Iterator[dict]:
    """The measures of each picture, in their order; only those never seen are opened.

    A picture that was turned away at collection has the one key "rejected".
    """
    file = Path(root) / NAME
    known = dict(_read(file))
    todo = {p.sha256: p for p in photos if not p.rejected and p.sha256 not in known}
    if todo:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "a", encoding="utf-8") as out, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, about large files
            out.write("\n")  # ends a line that an earlier run could not finish
            looks = in_threads(look, (photo.path(root) for photo in todo.values()))
            looks = bar(looks, total=len(todo), desc="looking", unit="picture")
            for sha256, looked in zip(todo, looks, strict=True):
                known[sha256] = looked
                if "may pass" not in looked:
                    row = {"sha256": sha256, "measuring": MEASURING} | looked
                    out.write(json.dumps(row) + "\n")
    for p in photos:
        path = p.path(root)  # whose file may be gone since it was measured
        looked = {"rejected": p.rejected} if p.rejected else known[p.sha256]
        yield looked if p.rejected or path.is_file() else look(path)


def in_threads(work: Callable, items: Iterable) -> Iterator:
    """work(item) for each, in their order, by as many threads as there are processors."""
    threads, running = os.cpu_count() or 1, deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            running.append(pool.submit(work, item))
            if len(running) > 4 * threads:
                yield running.popleft().result()
        yield from (future.result() for future in running)


def _read(file: Path) -> Iterator[tuple[str, dict]]:
    """(sha256, measures) of every whole line that was measured the way it is done now."""
    for line in read_text(file).split("\n"):
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            row = json.loads(line)
            if row.pop("measuring") == MEASURING:
                yield row.pop("sha256"), row
