"""Open a photo that may be anything at all; say in a line what is wrong with it and what to do."""

from __future__ import annotations

import errno
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from .errors import CourseError
from .pictures import FORMATS, READ

AGAIN = "Copy it again from where it came."
LARGE = "takes more memory than there is. Close other programs, or make it smaller first."
CONVERT = "Open it in another program and save it as JPEG or PNG."
PLAIN_WORDS = {  # of what the system says most often, with what to do
    errno.EACCES: "may not be opened. Ask for permission, or copy it to a folder of your own.",
    errno.EPERM: "may not be opened. Ask for permission, or copy it to a folder of your own.",
    errno.ENOENT: "is gone since the photos were listed.",
    errno.EIO: "cannot be read from its disk, which may be failing: copy it elsewhere first.",
}


def open_photo(source: Path | BinaryIO) -> tuple[Image.Image, bool]:
    """(the picture in a file, decoded, as Pillow has it; are there further frames or pages?).

    Only formats of the course are read: for others Pillow may start other programs. Raises
    CourseError, in one line, for whatever cannot be read.
    """
    try:
        image = Image.open(source, formats=tuple(FORMATS))
        # An uncompressed file with a name would be mapped into memory, and Pillow then mixes up the
        # sides of a TIFF that is to be turned.
        image.filename = ""
        # Asked for first, as the frames are turned over to find out. The second picture in an MPO,
        # a JPEG of some phones, is the same in another size or from beside.
        more = image.format != "MPO" and getattr(image, "is_animated", False)
        image.load()
        return image, more
    except Exception as error:  # hostile bytes: a decoder may raise anything
        raise CourseError(in_words(error, source)) from error


def in_words(error: Exception, source: Path | BinaryIO) -> str:
    """What is wrong with a photo, and what to do: one line."""
    if isinstance(error, Image.DecompressionBombError):
        most = 2 * Image.MAX_IMAGE_PIXELS // 1_000_000
        return f"claims more than {most} million pixels and is not opened. Make it smaller first."
    if isinstance(error, MemoryError):
        return LARGE
    if isinstance(error, UnidentifiedImageError):
        return _no_picture(source)
    if isinstance(error, OSError) and error.errno is not None:
        known = PLAIN_WORDS.get(error.errno)
        return known or f"cannot be read: {error.strerror}."
    why = " ".join(str(error).split()) or type(error).__name__
    return f"is cut short or damaged ({why[:200]}). {AGAIN}"


def _no_picture(source: Path | BinaryIO) -> str:
    """What a file is in which no decoder knows its format, told by its first bytes."""
    try:
        with open(source, "rb") if isinstance(source, Path) else nullcontext(source) as file:
            file.seek(0)
            head = file.read(1024)
    except OSError as error:
        return f"cannot be read: {error.strerror}."
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return f"is empty, 0 bytes. {AGAIN}"
    if start.startswith((b"<!doctype html", b"<html")):
        return "is a web page, not a picture. Save the picture itself."
    if b"<svg" in start:
        return "is an SVG drawing, not a photo. Export it as PNG."
    if head[4:8] == b"ftyp":
        kind = "HEIC photo" if head[8:11] in (b"hei", b"hev", b"mif") else "film or a photo"
        return f"is a {kind} of a kind that is not read here. {CONVERT}"
    if start.startswith(b"%pdf"):
        return f"is a PDF document. {CONVERT}"
    if not any(head):
        return f"holds zeros only. {AGAIN}"
    if all(byte >= 32 or byte in b"\t\n\r\f" for byte in head):
        return "is text, not a picture, whatever its name says."
    return f"is no picture that is read here ({READ}), or its beginning is damaged. {CONVERT}"


def _why_unreadable(data: bytes, error: Exception) -> str:
    if not data:
        return "an empty file"
    if data[:512].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page, not a picture"
    if isinstance(error, Image.DecompressionBombError):  # Pillow's own limit is before ours
        return "it claims too many pixels to decode"
    if isinstance(error, Image.UnidentifiedImageError):
        return "not a picture in a format that the course reads"
    return f"broken: {error}"
