"""Who made a photo, by its own word: the notices of author and copyright in EXIF, IPTC and XMP.

Nothing else of the metadata goes into the manifest: neither where nor when a photo was taken, nor
by which camera. (`clean.measures` keeps when, to tell which photos are one series.)
"""

import contextlib
import html
import io
import re
import warnings

from PIL import Image, IptcImagePlugin

from ..common.files import printable
from ..common.pictures import FORMATS

EXIF, IPTC = (0x013B, 0x8298), ((2, 80), (2, 116))  # Artist or By-line, Copyright
TEXTS = ("Author", "Artist", "Copyright")  # of a PNG
XMP = re.compile(r"<dc:(creator|rights)\b[^<]{0,200}>(.{0,2000}?)</dc:\1>", re.DOTALL)
XMP_TAG = 700  # of a TIFF
LONGEST, MOST = 200, 100_000  # signs that are kept of a notice, and that XMP is read for


def notice(data: bytes) -> str:
    """The notices of a picture file's bytes in a line, each once; "" where there are none.

    What could do something to a terminal is a blank in it, so that it can be printed as it is.
    """
    found: list = []
    with warnings.catch_warnings(), contextlib.suppress(Exception):
        warnings.simplefilter("ignore")  # metadata are hostile, too: a reader may warn, or raise
        image = Image.open(io.BytesIO(data), formats=[*FORMATS])
        for read in (_exif, _iptc, _xmp):
            with contextlib.suppress(Exception):
                found += read(image)
        found += [image.info.get(key, "") for key in TEXTS]
    lines = (" ".join(printable(_text(value)).split())[:LONGEST] for value in found)
    return "; ".join(dict.fromkeys(filter(None, lines)))


def _exif(image: Image.Image) -> list:
    return [image.getexif().get(tag, "") for tag in EXIF]


def _iptc(image: Image.Image) -> list:
    values = [(IptcImagePlugin.getiptcinfo(image) or {}).get(key, []) for key in IPTC]
    return [one for value in values for one in (value if isinstance(value, list) else [value])]


def _xmp(image: Image.Image) -> list:
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    xmp = _text(xmp or getattr(image, "tag_v2", {}).get(XMP_TAG, ""))[:MOST]
    parts = " ".join(found[2] for found in XMP.finditer(xmp))
    return [html.unescape(one) for one in re.findall(r">([^<>]+)</rdf:li>", parts)]


def _text(value: object) -> str:
    """UTF-8 where it is that, also of what Pillow took for Latin-1; else Latin-1."""
    with contextlib.suppress(UnicodeError):
        value = value.encode("latin-1") if isinstance(value, str) else value
        return value.decode() if isinstance(value, bytes) else str(value)
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
