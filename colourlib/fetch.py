"""Fetch one picture from a web that cannot be trusted, and prove that it is a picture.

An address may lead to anything: a web page named .jpg, half a file, a server that drips a byte at
a time, a small file that claims a billion pixels. Whatever is wrong is raised as `Rejected`, in
words that go into the manifest.
"""

from __future__ import annotations

import io
import re
import threading
import time
import urllib.error
import urllib.request
from http.client import responses
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from PIL import Image

FORMATS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif"}
FORMATS |= {"BMP": ".bmp", "TIFF": ".tif"}  # what is opened, and how its files are called
MIN_SIDE = 16  # pixels; the smallest picture that the course's network takes
MAX_PIXELS = 64_000_000  # a small file can claim to be huge: checked before decoding
MAX_BYTES = 64_000_000
TIMEOUT = 15  # seconds without a byte; the downloader insists on an int
DEADLINE = 60  # seconds for one whole picture
RETRY = "not fetched"  # a reason that starts so may pass: the next run tries the address again


class Rejected(Exception):
    """A picture is turned away; the message says why and goes into its row."""


class Stopped(BaseException):
    """The student pressed Stop. Not an Exception, so that no `except Exception` swallows it."""


def fetch(link: str, headers: dict[str, str], file: Path, stop: threading.Event) -> None:
    """Download a link into a file, within TIMEOUT, DEADLINE and MAX_BYTES.

    Raises Rejected with the reason, Stopped once `stop` is set.
    """
    end, size = time.monotonic() + DEADLINE, 0
    try:
        if urlsplit(link).scheme.lower() not in ("http", "https"):
            raise Rejected("not a web address: only http and https are fetched")
        request = urllib.request.Request(encoded(link), headers=headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response, open(file, "wb") as out:
            while block := response.read1(1 << 16):  # read1: returns with what has come
                size += len(block)
                if stop.is_set():
                    raise Stopped
                if size > MAX_BYTES:
                    raise Rejected(f"larger than {MAX_BYTES // 1_000_000} MB")
                if time.monotonic() > end:
                    raise Rejected(f"{RETRY}: not complete after {DEADLINE} s")
                out.write(block)
            if response.length:  # what the server still owes of the length that it declared
                raise Rejected(f"{RETRY}: {response.length} bytes short of its declared length")
    except Rejected:
        raise
    except urllib.error.HTTPError as error:  # 404 and its kin are an answer; the rest may pass
        lasting = 400 <= error.code < 500 and error.code not in (408, 425, 429)
        raise Rejected(("" if lasting else f"{RETRY}: ") + in_words(error)) from error
    except Exception as error:  # refused, timed out, no such host, an address that is none, ...
        raise Rejected(f"{RETRY}: {in_words(error)}") from error


def encoded(link: str) -> str:
    """The link with what a request cannot carry percent-encoded; what is encoded stays as it is."""
    parts = urlsplit(link)
    path, query = (
        quote(re.sub("%(?![0-9A-Fa-f]{2})", "%25", text), safe="%/?:@!$&'()*+,;=~")
        for text in (parts.path, parts.query)
    )
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def in_words(error: Exception) -> str:
    """What went wrong with a request, for a student: 'HTTP 404 Not Found', 'timed out'."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {responses.get(error.code, '')}".strip()
    if isinstance(error, urllib.error.URLError):
        error = error.reason
    return str(error) or type(error).__name__


def measure(data: bytes, decode: bool) -> tuple[int, int, str]:
    """(width, height, format) of a picture file's bytes; `decode` reads every pixel as a proof.

    Raises Rejected for what is no picture, too large to decode safely, too small, or broken.
    """
    try:
        with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
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
        raise Rejected(_why_unreadable(data, error)) from error


def _why_unreadable(data: bytes, error: Exception) -> str:
    if not data:
        return "an empty file"
    if data[:512].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page, not a picture"
    if isinstance(error, Image.UnidentifiedImageError):
        return "not a picture in a format that the course reads"
    return f"broken: {error}"
