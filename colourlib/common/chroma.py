"""Lay chroma under a photo of any size and keep its lightness exactly.

Clipping a colour that sRGB does not have would change its L, most of all in skies and shadows. Here
it is mixed in linear light with the grey of the same Y until it fits: Y stays, and L with it. In
numpy, strip by strip in the photo's own memory, so that 12 megapixels take a fraction of a second
and hardly any memory beside the photo. Formulas: CIE 15:2004 and IEC 61966-2-1, as in `lab`.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from .lab import RGB_FROM_XYZ, STEPS, WHITE, gamma_table, light_table

STRIP = 1 << 15  # pixels worked on at once by a thread: its dozen float arrays stay in the cache
MOST = 150.0  # chroma; sRGB ends at 134, and what lies far beyond only makes numbers overflow
KNEE = np.float32(6 / 29)  # of Lab's f: below it a straight line, above it the cube root
SLOPE = np.float32(3 * (6 / 29) ** 2)

# X and Z, each as a share of white's and less Y, tell how far R, G and B are from the grey of the
# same Y; and the share of each of the three in Y.
FROM_X = (RGB_FROM_XYZ[:, 0] * WHITE[0]).astype(np.float32)
FROM_Z = (RGB_FROM_XYZ[:, 2] * WHITE[2]).astype(np.float32)
IN_Y = np.linalg.inv(RGB_FROM_XYZ)[1].astype(np.float32)


def put_chroma(picture: Image.Image, ab: np.ndarray, threads: int = 1) -> None:
    """Give the picture this chroma, in place; its L stays, but for the rounding to bytes.

    picture: RGB or RGBA, sRGB; its own chroma is lost, its alpha stays. ab: (2, h, w) in Lab units,
    finite, of any size: stretched bilinearly. Where ab is 0 the result is the grey of equal L.
    """
    width, height = picture.size
    chroma = np.hypot(*ab)  # (h, w)
    ab = ab * np.minimum(1, MOST / np.maximum(chroma, 1e-6))
    chromas = [Image.fromarray(band.astype(np.float32)) for band in ab]
    chromas = [band.resize((width, band.height), Image.Resampling.BILINEAR) for band in chromas]
    rows = max(1, STRIP // width)
    tables = IN_Y[:, None] * light_table()  # (3, 256) what a byte of each channel adds to Y

    def colour_strip(top: int) -> None:
        box = (0, top, width, min(top + rows, height))
        bands = picture.crop(box).split()
        a, b = (stretched(band, picture.size, top, box[3]) for band in chromas)  # (rows, W)
        Y = sum(table.take(np.asarray(band)) for table, band in zip(tables, bands, strict=False))
        rgb = [Image.fromarray(channel) for channel in coloured(Y, a, b)]
        picture.paste(Image.merge(picture.mode, [*rgb, *bands[3:]]), box)

    picture.load()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(colour_strip, range(0, height, rows)))  # a list, so that errors come out


def coloured(Y: np.ndarray, a: np.ndarray, b: np.ndarray) -> list[np.ndarray]:
    """R, G and B (H, W) uint8 of linear light Y 0..1 and Lab chroma a, b, all (H, W) float32."""
    Y = np.minimum(Y, 1)  # three tables may add up to a little more
    f = np.cbrt(np.maximum(Y, KNEE**3))
    f += (Y - np.maximum(Y, KNEE**3)) / SLOPE
    x = light(f + a * np.float32(1 / 500)) - Y
    z = light(f - b * np.float32(1 / 200)) - Y
    away = [p * x + q * z for p, q in zip(FROM_X, FROM_Z, strict=True)]  # from grey, each channel
    highest = np.maximum(np.maximum(*away[:2]), away[2])
    lowest = np.minimum(np.minimum(*away[:2]), away[2])
    tiny = np.float32(1e-9)
    fits = np.minimum((1 - Y) / np.maximum(highest, tiny), Y / np.maximum(-lowest, tiny))
    fits = np.minimum(fits, 1) * np.float32(STEPS)
    Y = Y * np.float32(STEPS) + np.float32(0.5)
    table = gamma_table()
    return [table.take((Y + fits * d).astype(np.intp)) for d in away]


def light(f: np.ndarray) -> np.ndarray:
    """The inverse of Lab's f: linear light as a share of white's. Without branches, for speed."""
    above = np.maximum(f, KNEE)
    return above * above * above + (f - above) * SLOPE


def stretched(band: Image.Image, size: tuple[int, int], top: int, bottom: int) -> np.ndarray:
    """The rows from top to bottom of a band of floats that is stretched bilinearly to a size."""
    width, height = size
    box = (0, top * band.height / height, band.width, bottom * band.height / height)
    return np.asarray(band.resize((width, bottom - top), Image.Resampling.BILINEAR, box))
