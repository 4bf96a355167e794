"""Fetch one picture from a web that cannot be trusted, and prove that it is a picture.

Whatever is wrong is raised as `Rejected`, in words that go into the manifest.
"""

import io
import re
import urllib.request
from urllib.parse import quote, urlsplit, urlunsplit

from PIL import Image

from ..common.pictures import FORMATS, full_page
from ..common.unreadable import what_is_wrong
from .connection import Failed, Patience, Rejected, Web, is_web

MIN_SIDE = 16  # pixels; the smallest picture that the course's network takes
MAX_PIXELS = 64_000_000  # of the web's: a small file can claim to be huge. Checked before decoding
RETRY = "not fetched"  # a reason that starts so may pass: the next run tries the address again
OFFLINE = "Is there a network? source='practice' needs none, because its pictures are drawn here."

WEB = Patience(timeout=15, picture=60, query=900, tries=3, pause=1.0)
LOCAL = Patience(timeout=3, picture=7, query=120, tries=2, pause=0.05)


def fetch(web: Web, link: str, headers: dict[str, str]) -> bytes:
    """Everything that a link leads to. Raises Rejected with the reason, Stopped, and TimeUp."""
    try:
        if not is_web(link):
            raise Rejected("not a web address: only http and https are fetched")
        with web.open(urllib.request.Request(encoded(link), headers=headers)) as answer:
            return answer.read()
    except Failed as error:
        raise Rejected(("" if error.lasting else f"{RETRY}: ") + str(error)) from error
    except ValueError as error:
        raise Rejected(f"not a web address: {error}") from error


def encoded(link: str) -> str:
    """The link with what a request cannot carry percent-encoded; what is encoded stays as it is."""
    parts = urlsplit(link)
    texts = (re.sub("%(?![0-9A-Fa-f]{2})", "%25", text) for text in (parts.path, parts.query))
    path, query = (quote(text, safe="%/?:@!$&'()*+,;=~") for text in texts)
    return urlunsplit(parts._replace(path=path, query=query, fragment=""))


def measure(data: bytes, decode: bool) -> tuple[int, int, str]:
    """(width, height, format) of a picture file's bytes; `decode` reads every pixel as a proof.

    Raises Rejected for anything but a picture, and for one that is broken, too small or too large.
    """
    try:
        with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as image:
            full_page(image)
            width, height = image.size
            if decode and width * height > MAX_PIXELS:
                raise Rejected(f"{width} x {height} pixels are too many to decode")
            if min(width, height) < MIN_SIDE:
                raise Rejected(f"{width} x {height} is smaller than {MIN_SIDE} pixels a side")
            if decode:
                image.load()
            # MPO is Pillow's name for the JPEGs of some phones, which hold a second picture
            return width, height, "JPEG" if image.format == "MPO" else image.format
    except Rejected:
        raise
    except Exception as error:  # hostile bytes: a decoder may raise anything
        raise Rejected(what_is_wrong(error, io.BytesIO(data))) from error
