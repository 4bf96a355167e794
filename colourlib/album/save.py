"""A coloured picture as a file that says so: whoever finds it later is told that its colours are
guesses. Nothing else goes along: no place, no date, no camera. A file is there whole or not at all.
"""

from __future__ import annotations

import io
import os
import secrets
from pathlib import Path

from PIL import Image, PngImagePlugin

from ..common.files import printable
from ..common.version import __version__

DESCRIPTION, SOFTWARE = 0x010E, 0x0131  # EXIF tags, the same numbers as in TIFF
PROGRAM = "colourlib"

# How each format is written. JPEG: chroma at half the resolution (4:2:0), which ours has anyway: on
# photos coloured from 1/8 of their size, 4:4:4 took a fifth more bytes, and L* was 0.33 off
# instead of 0.34. PNG, TIFF: without loss; PNG at level 3 is 3 % larger than usual, in a third of
# the time.
SETTINGS = {
    "JPEG": {"quality": 92, "subsampling": "4:2:0"},
    "PNG": {"compress_level": 3},
    "WEBP": {"quality": 92},
    "TIFF": {"compression": "tiff_adobe_deflate"},
}


def encode(picture: Image.Image, kind: str, weights: str) -> bytes:
    """The bytes of a picture file whose description says that its colours are estimated.

    picture: RGB or RGBA; kind: 'JPEG', 'PNG', 'WEBP' or 'TIFF'; weights: which ones, in words. A
    JPEG has no transparency: what is see-through lies on white. Raises OSError or ValueError for
    a picture that the format cannot hold: WebP ends at 16383 pixels a side, JPEG at 65500.
    """
    if kind == "JPEG" and picture.mode == "RGBA":
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture).convert("RGB")
    picture.info = {}  # Pillow would write some of it
    said = printable(description(weights), "?")
    program = f"{PROGRAM} {__version__}"
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Description", said)  # becomes iTXt where the words are not Latin
        text.add_text("Software", program)
        more = {"pnginfo": text}
    else:
        exif = Image.Exif()
        exif[DESCRIPTION] = said.encode("ascii", "replace").decode()  # all that EXIF knows
        exif[SOFTWARE] = program
        more = {"exif": exif}
    content = io.BytesIO()
    picture.save(content, kind, **SETTINGS[kind], **more)
    return content.getvalue()


def description(weights: str) -> str:
    """The sentence that goes into the file."""
    return f"Colours estimated by a neural network, not recorded ({PROGRAM}, weights: {weights})"


def is_ours(image: Image.Image) -> bool:
    """Does an open picture say that this program wrote it?"""
    try:
        program = image.info.get("Software") or image.getexif().get(SOFTWARE)
    except Exception:  # EXIF may hold anything, most often it is merely broken
        return False
    return str(program).startswith(f"{PROGRAM} ")


def put(path: Path, content: bytes) -> None:
    """Put a file in place when it is whole and on the disk, not before; make its folder.

    Raises OSError, and then leaves nothing behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Hidden, so that no search takes it for a picture; short, for the name itself may be long.
    scratch = path.with_name(f".{PROGRAM}-{secrets.token_hex(6)}.tmp")
    try:
        with open(scratch, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # some disks tell only now that they are full
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
