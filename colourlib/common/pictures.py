"""Open any picture as what a person would see: upright, in sRGB, 8 bits, on white, nothing else.

Pictures from the web come in many shapes: turned by a tag, in a wider or a printer's colours, with
a palette, see-through, with 16 bits. Whatever is measured, learnt or shown goes through this one
door first. The file itself is only read. Metadata (where and when a photo was taken) stay behind.
"""

import contextlib
import importlib.util
import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageCms, ImageOps

FORMATS = {  # what is opened, and how its files are called
    "JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp", "TIFF": ".tif",
}  # fmt: skip
ENDINGS = (*FORMATS.values(), ".jpeg", ".jpe", ".jfif", ".tiff")  # of the photos in a folder
if importlib.util.find_spec("PIL._avif"):  # built into Pillow from 11.3 on, mostly
    FORMATS, ENDINGS = FORMATS | {"AVIF": ".avif"}, (*ENDINGS, ".avif")
with contextlib.suppress(ImportError):  # the photos of many phones: pip install "colourlib[heif]"
    __import__("pillow_heif").register_heif_opener()
    FORMATS, ENDINGS = FORMATS | {"HEIF": ".heic"}, (*ENDINGS, ".heic", ".heif")
READ = ", ".join(FORMATS)
BITS = 0x0102  # the TIFF tag for the bits of a channel
PHOTOMETRIC = 0x0106  # and for what 0 is: black or white
ORIENTATION = 0x0112  # the EXIF tag that says how the camera was held
Turn = Image.Transpose
TURNS = {  # what sets a picture upright, by the tag's value
    2: Turn.FLIP_LEFT_RIGHT, 3: Turn.ROTATE_180, 4: Turn.FLIP_TOP_BOTTOM, 5: Turn.TRANSPOSE,
    6: Turn.ROTATE_270, 7: Turn.TRANSVERSE, 8: Turn.ROTATE_90,
}  # fmt: skip
BLACK_POINT = 0x2000  # lcms: a printer's darkest ink becomes black, and not a dark grey
UNUSUAL = {"icc_profile", "transparency"}  # what makes more of RGB than its three channels
WHITE_LEVELS = {"I": (65535,), "F": (1, 255, 65535)}  # what white may be; 16 bits in all others


def open_picture(source: str | Path | BinaryIO, side: int | None = None) -> Image.Image:
    """The picture in a file: RGB, upright, sRGB, without metadata; of an animation the first frame.

    side: about how many pixels a side are needed. The picture then comes with as few as it takes,
    its shorter side from `side` to about twice that (as it is where it is smaller): a JPEG decoder
    can leave out detail, and a photo of 12 megapixels opens many times faster.
    Raises OSError for a file that is missing, cut short or not a picture, and whatever else Pillow
    raises at hostile bytes (ValueError, SyntaxError, Image.DecompressionBombError and others).
    """
    with Image.open(source) as image:
        image.filename = ""  # else Pillow maps some TIFFs into memory, and forgets to turn them
        if side:
            image.draft(None, (side, side))  # a JPEG at 1/2, 1/4 or 1/8; others take no notice
        return normalise(image, side)


def normalise(image: Image.Image, side: int | None = None) -> Image.Image:
    """The same for a picture that is open already: a new one, RGB; the given one is not changed."""
    return on_white(with_alpha(image, side))


def on_white(image: Image.Image) -> Image.Image:
    """RGB; of RGBA what is seen when it lies on white."""
    if image.mode == "RGB":
        return image
    white = Image.new("RGB", image.size, "white")
    return Image.composite(image.convert("RGB"), white, image.getchannel("A"))


def with_alpha(image: Image.Image, side: int | None = None, ours: bool = False) -> Image.Image:
    """Upright, sRGB, without metadata, RGB; or RGBA, not yet on white, where it is see-through.

    A new picture, and the given one is not changed. side: as in `open_picture`. ours: nobody else
    wants the given one, so its pixels may become those of the result, which saves the memory of a
    second picture.
    """
    image.load()
    turn, profile = _turn(image), image.info.get("icc_profile")
    if ours and image.mode == "RGB" and not image.info.keys() & UNUSUAL:
        image = image._new(image.im)  # not the class of a file, which knows its metadata
    else:
        image = _eight_bits(image)
        factor = min(image.size) // side if side else 1
        image = image.reduce(factor) if factor > 1 else image
        alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
        image = _to_srgb(image.convert(image.mode[:-1]) if alpha else image, profile)
        if alpha:
            image.putalpha(alpha)
    image = image if turn is None else image.transpose(turn)
    image.info = {}
    return image


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What sets the picture upright. Asked for once it is loaded: Pillow turns a TIFF itself."""
    with contextlib.suppress(Exception):  # EXIF is hostile, too; most often it is merely broken
        return TURNS.get(image.getexif().get(ORIENTATION))
    return None


def _eight_bits(image: Image.Image) -> Image.Image:
    """The picture as L, LA, RGB, RGBA or CMYK, 8 bits a channel, in colours not yet sRGB."""
    if image.mode[0] in "IF":  # I;16 and its kin, I, F: Pillow itself would cut off what is bright
        return _to_bytes(image)
    if image.mode == "CMYK":
        return image
    palette = image.palette.mode if image.mode == "P" and image.palette else ""
    see_through = "transparency" in image.info or palette == "RGBA" or image.mode[-1] in "Aa"
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    mode += "A" * see_through
    return image if image.mode == mode else image.convert(mode)


def _to_bytes(image: Image.Image) -> Image.Image:
    """A picture of 16 or 32 bits or of floats as L: black at 0, white at its type's full level.

    Where 32 bits or floats go beyond every usual full level, the brightest pixel is white.
    """
    values = np.asarray(image)  # (H, W)
    rows = max(1, (1 << 20) // values.shape[1])  # in strips: floats of a large scan fill the memory
    strips = [slice(top, top + rows) for top in range(0, len(values), rows)]
    brightest = max(float(_finite(values[strip]).max()) for strip in strips)
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(BITS, 16)  # of a pixel that Pillow opened as one of 16: 12 in some TIFFs
    bits = bits[0] if isinstance(bits, tuple) and bits else bits
    levels = WHITE_LEVELS.get(image.mode, (2 ** (bits if bits in range(9, 17) else 16) - 1,))
    white = next((level for level in levels if brightest <= level), brightest)
    as_bytes = np.empty(values.shape, np.uint8)
    for strip in strips:
        as_bytes[strip] = (_finite(values[strip]).clip(0) * (255 / white)).round()
    if tags.get(PHOTOMETRIC) == 0:  # white is 0: Pillow turns 8 bits only
        as_bytes = 255 - as_bytes
    return Image.fromarray(as_bytes)


def _finite(values: np.ndarray) -> np.ndarray:
    """As float32, with 0 where a value is not a number or infinite."""
    return np.nan_to_num(values.astype(np.float32), posinf=0, neginf=0)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """L, RGB or CMYK as a new picture in sRGB; the profile that came with it counts if sound."""
    # A profile that is broken, or one for another kind of picture, is ignored, as browsers do.
    with contextlib.suppress(ImageCms.PyCMSError, OSError, TypeError, ValueError, ImportError):
        if profile:
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            # Intent 1 is relative: white stays white; colours that fit stay as they are.
            how = {"renderingIntent": 1, "outputMode": "RGB", "flags": BLACK_POINT}
            return ImageCms.profileToProfile(image, given, ImageCms.createProfile("sRGB"), **how)
    return image.convert("RGB")


def square(picture: Image.Image, side: int) -> Image.Image:
    """The middle square of a picture, resized to side x side."""
    return ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    """The bytes of a picture's file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
