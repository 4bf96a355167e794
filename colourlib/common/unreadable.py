"""Open a photo that may be anything at all; say in a line what is wrong with it and what to do."""

import errno
import re
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from .errors import CourseError
from .memory import check_memory
from .pictures import FORMATS, READ, encoded, full_page

BYTES_PER_PIXEL = 10  # Pillow takes 4 for RGB, and a picture that is turned is there twice
AGAIN = "Copy it again from where it came."
LARGE = "takes more memory than there is. Close other programs, or make it smaller first."
CONVERT = "Open it in another program and save it as JPEG or PNG."
ASK = "may not be opened. Ask for permission, or copy it to a folder of your own."
PLAIN_WORDS = {  # for what the system says most often, with what to do
    errno.EACCES: ASK,
    errno.EPERM: ASK,
    errno.ENOENT: "is gone since the photos were listed.",
    errno.EIO: "cannot be read from its disk, which may be failing: copy it elsewhere first.",
}
UNREAD = f"is a kind of picture that is not read here. {CONVERT}"
SAID = r"nsupported|not (yet )?supported|not available|cannot handle|unknown pixel mode|^\d+$"
INSTEAD = {  # how a file begins whose format no decoder knows, and what it is; the first that fits
    rb"\Z": f"is empty, 0 bytes. {AGAIN}",
    rb"[^<\w]*<(!doctype )?html": "is a web page, not a picture. Save the picture itself.",
    rb".*<svg": "is an SVG drawing, not a photo. Export it as PNG.",
    rb"....ftyp(hei|hev|mif)": "is a HEIC photo, which is not read here without "
    "`pip install pillow-heif`. Install it and restart, or save the photo as JPEG.",
    rb"PK\x03\x04|Rar!|7z\xbc\xaf": "is an archive, in which photos may be. Unpack it first.",
    rb"8BPS|FUJIFILM|II\xbc|MM\0\+|v/1\x01|#\?rad|\xff\x0a|\xff\x4f\xff|....j(xl|p ) \r": UNREAD,
    rb"....ftyp": f"is a film or a new kind of photo, which is not read here. {CONVERT}",
    rb"(\xef\xbb\xbf|\s)*%pdf": f"is a PDF document. {CONVERT}",
    rb"%!ps|\xc5\xd0\xd3\xc6": f"is a PostScript program (EPS), not a picture. {CONVERT}",
    rb"\0+\Z": f"holds zeros only. {AGAIN}",
    rb"[\t\n\r\f\x20-\xff]+\Z": "is text, not a picture, whatever its name says.",
    rb"": f"is not a picture that is read here ({READ}), or its beginning is damaged. {CONVERT}",
}


def open_photo(source: Path | BinaryIO) -> tuple[Image.Image, bool]:
    """(the picture in a file, decoded, as Pillow has it; are there further frames or pages?).

    Only formats of the course are read: for others Pillow may start other programs. Raises
    CourseError, in one line, for whatever cannot be read or is too large for the memory. Pillow
    refuses 179 megapixels and more, because a file of some kilobytes may claim to be that large; it
    warns from 89 up, which callers leave out: cameras make 100 by now.
    """
    try:
        image = Image.open(source, formats=tuple(FORMATS))
        image.filename = ""  # as in pictures.open_picture
        full_page(image)
        # Asked for first, as the frames are turned over to find out. The second picture in an MPO,
        # a JPEG of some phones, is the same in another size or from beside.
        one = image.format == "MPO" or image.info.get("unusual")
        more = not one and getattr(image, "is_animated", False)
        check_size(image)
        image.load()
        return image, more
    except Exception as error:  # hostile bytes: a decoder may raise anything
        raise CourseError(in_words(error, source)) from error


def check_size(image: Image.Image) -> None:
    """Raises CourseError where a picture is too large for the memory of this machine."""
    mend = "close other programs, or make the picture smaller first."
    check_memory(image.size, BYTES_PER_PIXEL, "to colour", mend)


def in_words(error: Exception, source: Path | BinaryIO) -> str:
    """What is wrong with a photo, and what to do: one line."""
    if isinstance(error, Image.DecompressionBombError):
        most = 2 * Image.MAX_IMAGE_PIXELS // 1_000_000
        return f"claims more than {most} million pixels, too many to open. Make it smaller first."
    if isinstance(error, MemoryError):
        return LARGE
    if isinstance(error, CourseError):
        return f"is too large: {error}"
    if isinstance(error, UnidentifiedImageError):
        try:
            with open(source, "rb") if isinstance(source, Path) else nullcontext(source) as file:
                file.seek(0)
                head = file.read(1024)
                for make, accepts in (Image.OPEN[kind] for kind in FORMATS if kind in Image.OPEN):
                    if accepts(head[:16]) is True:  # its own decoder says why; Image.open does not
                        file.seek(0)
                        make(file, "")
        except OSError as unread:
            return f"cannot be read: {unread.strerror}."
        except Exception as reason:
            error = reason
        flags = re.IGNORECASE | re.DOTALL
        start = next(start for start in INSTEAD if re.match(start, head, flags))
        if start or isinstance(error, UnidentifiedImageError):
            return INSTEAD[start]
    if isinstance(error, OSError) and error.errno is not None:
        if error.errno == errno.ENOENT and isinstance(source, Path) and source.is_symlink():
            return "is a link to a file that is not there."
        return PLAIN_WORDS.get(error.errno) or f"cannot be read: {error.strerror}."
    why = " ".join(str(error).split()) or type(error).__name__
    if re.search(SAID, why) or why.startswith("decoder error") and _codec_is_missing(source):
        return UNREAD
    return f"is cut short or damaged ({why[:200]}). {AGAIN}"


def _codec_is_missing(source: Path | BinaryIO) -> bool:
    """Was the codec of this TIFF left out of this Pillow? Found out by writing with it."""
    try:
        with Image.open(source, formats=["TIFF"]) as image:
            full_page(image)
            sample, codec = Image.new(image.mode, (16, 16)), image.info["compression"]
        return not encoded(sample, "TIFF", compression=codec)
    except OSError:
        return True


def what_is_wrong(error: Exception, source: Path | BinaryIO) -> str:
    """The same without the last sentence, which says what to do: for a list of reasons."""
    return in_words(error, source).removesuffix(".").rsplit(". ", 1)[0].removeprefix("is ")
