"""Small JPEGs of pictures for the widgets, decoded once and remembered for a while."""

import functools
from pathlib import Path

from ...common.pictures import open_picture
from ...show import data_address

SIDE = 160  # pixels, longer side
REMEMBERED = 500  # thumbnails: about 4 MB


@functools.lru_cache(maxsize=REMEMBERED)
def thumbnail(path: Path, sha256: str) -> str:
    """A data address with a JPEG of at most SIDE pixels a side; "" for what cannot be opened.

    sha256: of the content; a picture that was seen under it is not decoded again.
    """
    try:
        image = open_picture(path, SIDE)
        image.thumbnail((SIDE, SIDE))
        return data_address(image, "JPEG", quality=80)
    except Exception:  # hostile bytes: a decoder may raise anything
        return ""
