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
from PIL.TiffImagePlugin import ImageFileDirectory_v2

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
HIGHEST = 0x0119  # and for the highest value
KIND, OLD_KIND, CHILDREN = 0x00FE, 0x00FF, 0x014A  # and for what a page is, and for its sub-pages
SMALL, PAGES = 512, 64  # pixels of a thumbnail that does not say so; pages that are looked at
THUMBNAIL = "the first page is a thumbnail, so the largest is taken"
ORIENTATION = 0x0112  # the EXIF tag that says how the camera was held
Turn = Image.Transpose
TURNS = {  # what sets a picture upright, by the tag's value
    2: Turn.FLIP_LEFT_RIGHT, 3: Turn.ROTATE_180, 4: Turn.FLIP_TOP_BOTTOM, 5: Turn.TRANSPOSE,
    6: Turn.ROTATE_270, 7: Turn.TRANSVERSE, 8: Turn.ROTATE_90,
}  # fmt: skip
BLACK_POINT = 0x2000  # lcms: a printer's darkest ink becomes black, and not a dark grey
UNUSUAL = {"icc_profile", "transparency"}  # what makes more of RGB than its three channels
FULL = [2**bits - 1 for bits in range(9, 16)]  # of 16: other highest values are those of one photo
BRIGHTEST = 99.5  # per cent of the values: those above never decide what is white
GLARE = 16  # times white: so bright are lamps and skies where floats are no whole numbers
DARK = 15  # times below white: 12 bits in 16 of which no tag tells are 16 times too dark


def open_picture(source: str | Path | BinaryIO, side: int | None = None) -> Image.Image:
    """The picture in a file: RGB, upright, sRGB, without metadata; of an animation the first frame.

    side: about how many pixels a side are needed. The picture then comes with as few as it takes,
    its shorter side from `side` to about twice that (as it is where it is smaller): a JPEG decoder
    can leave out detail, and a photo of 12 megapixels opens many times faster.
    Only FORMATS are read: for others Pillow may start other programs, Ghostscript for one.
    Raises OSError for a file that is missing, cut short or not such a picture, and whatever else
    Pillow raises at hostile bytes (ValueError, SyntaxError, Image.DecompressionBombError, others).
    """
    with Image.open(source, formats=tuple(FORMATS)) as image:
        image.filename = ""  # else Pillow maps some TIFFs into memory, and forgets to turn them
        full_page(image)
        if side:
            image.draft(None, (side, side))  # a JPEG at 1/2, 1/4 or 1/8; others take no notice
        return normalise(image, side)


def full_page(image: Image.Image) -> None:
    """Turn an open TIFF, not decoded yet, to its largest page if the first is a thumbnail: it says
    so, or it is small, and a much larger page has its shape."""
    if image.format != "TIFF" or not (image.is_animated or CHILDREN in image.tag_v2):
        return
    pages = {}  # where it begins: (is it full, pixels, width, height)
    with contextlib.suppress(Exception):  # whatever is broken behind the first page
        image.fp.seek(0)
        head = image.fp.read(16)
        head = head[: 16 if head[2] == 43 else 8]  # 43: a BigTIFF
        starts = [ImageFileDirectory_v2(head).next]
        while starts and len(pages) < PAGES:
            if (start := starts.pop(0)) and start not in pages:
                image.fp.seek(start)
                tags = ImageFileDirectory_v2(head)
                tags.load(image.fp)
                w, h = tags[256], tags[257]
                full = not tags.get(KIND, tags.get(OLD_KIND, 1) - 1) & 5  # 1: reduced, 4: a mask
                pages[start] = full, w * h, w, h
                starts += [*np.atleast_1d(tags.get(CHILDREN, 0)).tolist(), tags.next]
    start = max(pages, key=lambda page: pages[page][:2])  # of equals the first
    full, _, w, h = next(iter(pages.values()))
    alike = [W for _, _, W, H in pages.values() if abs(W * h - H * w) <= max(W, H)]  # in shape
    if not full or max(w, h) <= SMALL and max(alike) >= 3 * w:
        image._frame_pos[0] = start  # as in Pillow's get_child_images, which decodes all of them
        image._seek(0)
        image.info["unusual"] = THUMBNAIL * (start != next(iter(pages)))


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
    if image.mode[:3] == "RGB" and _tag(image, BITS) == 16 and _tag(image, HIGHEST) in FULL:
        full = _tag(image, HIGHEST) >> 8  # Pillow has read the upper 8 of 16 bits
        if max(high for _, high in image.getextrema()) <= full:
            image = image.point(lambda byte: byte * 255 // full)
    palette = image.palette.mode if image.mode == "P" and image.palette else ""
    see_through = "transparency" in image.info or palette == "RGBA" or image.mode[-1] in "Aa"
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    mode += "A" * see_through
    return image if image.mode == mode else image.convert(mode)


def _to_bytes(image: Image.Image) -> Image.Image:
    """A picture of 16 or 32 bits or of floats as L: black at 0, white where `_white` says."""
    values, white = np.asarray(image), _white(image)[0]  # (H, W)
    rows = max(1, (1 << 20) // values.shape[1])  # in strips: floats of a large scan fill the memory
    as_bytes = np.empty(values.shape, np.uint8)
    for strip in (slice(top, top + rows) for top in range(0, len(values), rows)):
        as_bytes[strip] = (_finite(values[strip], white).clip(0, white) * (255 / white)).round()
    if _tag(image, PHOTOMETRIC) == 0:  # white is 0: Pillow turns 8 bits only
        as_bytes = 255 - as_bytes
    return Image.fromarray(as_bytes)


def _white(image: Image.Image) -> tuple[float, float, float]:
    """(what is white, the brightest but for outliers, the brightest) of 16 bits or more.

    White is the full level of the type, or of the bits that a TIFF tells of: untold, a dark photo
    stays dark. Floats have none: theirs is the first usual level that they keep to, or else the
    brightest.
    """
    values, levels = np.asarray(image), (1, 255, 65535) if image.mode == "F" else (65535,)
    step = max(1, int((values.size / 1e6) ** 0.5))  # a million of them will do
    some = _finite(values[::step, ::step])
    top, most = np.percentile(some, (BRIGHTEST, 100)).tolist()
    bits, highest = _tag(image, BITS), _tag(image, HIGHEST)
    if highest in FULL and top <= highest:
        return highest, top, most
    if image.mode == "F" and 1 < top <= GLARE and (some % 1).any():
        return 1, top, most
    if image.mode != "F" and bits in range(9, 17):
        levels = (2 ** (bits - (image.mode == "I")) - 1,)  # I of so few bits: one is for the sign
    return next((level for level in levels if top <= level), top), top, most


def unusual(image: Image.Image) -> str:
    """In a line what is unusual about a decoded picture, the same words for all of its kind; ""."""
    words = [image.info.get("unusual", "")]
    if image.mode[0] in "IF":
        white, top, most = _white(image)
        words += [f"values above {white:g} are white, too"] * (most > white)
        dark = top <= white / DARK
        words += [f"nearly black: its values end far below white, {white:g}"] * dark
    return "; ".join(filter(None, words))


def _tag(image: Image.Image, number: int):
    """The value of a TIFF's tag, of several the first."""
    value = getattr(image, "tag_v2", {}).get(number)
    return value[0] if isinstance(value, tuple) and value else value


def _finite(values: np.ndarray, infinite: float = 0) -> np.ndarray:
    """As float32, with 0 where a value is not a number; infinite light is an outlier, or white."""
    return np.nan_to_num(values.astype(np.float32), posinf=infinite, neginf=0)


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
