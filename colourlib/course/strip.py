"""One photo through the whole course: grey, then as each chapter's work colours it.

The photo and its tiles lie in strip/ beside the workspaces, one folder for each photo that was ever
chosen, so that nothing is lost when somebody tries another one.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .. import colour, show
from ..common.errors import CourseError
from ..common.files import home, read_json, replace_text, writable, write
from ..common.pictures import encoded
from ..common.words import did_you_mean
from .photos import path_of, picture_of

DEFAULT = "lake"
CHOSEN = "chosen.json"
TILES = {  # what is there in each chapter; later chapters add theirs
    "00 weights": "the course's weights",
    "00": "a minute of training",
    "02": "one mean tint",
    "03": "true ab at 1/16",
    "04": "your network, untrained",
    "05": "your network",
    "06": "grey, tint, your network",
    "07": "vivid, T = 0.38",
    "08": "on a lent encoder",
    "09": "with hints",
    "10": "by the page's network",
}
FAINT = 0.25  # how much of the grey photo shows where a chapter is still to come
COLOURED = 2.0  # mean chroma from which a photo has colours of its own
SHAPES = 0.03  # by what share a tile's shape may differ from the photo's: rounding


def folder() -> Path:
    """Where photos and tiles are kept."""
    return home() / "strip"


def choose(photo: str | Path | None = None) -> Image.Image:
    """Make a photo the one of the strip: a name of `public_photos`, or a file of one's own.

    None keeps the last choice. Raises CourseError as `picture_of` does.
    """
    if photo is None:
        return chosen()
    path = path_of(photo)
    picture = picture_of(path)
    mine = hashlib.sha256(np.asarray(picture).tobytes()).hexdigest()[:12]
    write(writable(folder() / mine) / "photo.png", encoded(picture, "PNG"))
    replace_text(folder() / CHOSEN, json.dumps({"folder": mine, "name": path.stem}))
    return picture


def _tiles() -> Path | None:
    """The folder of the chosen photo; None where none was chosen, or it is gone."""
    mine = read_json(folder() / CHOSEN).get("folder")
    found = isinstance(mine, str) and mine.isalnum() and (folder() / mine / "photo.png").is_file()
    return folder() / mine if found else None


def chosen() -> Image.Image:
    """The photo of the strip; the course's own where nobody has chosen one."""
    if (tiles := _tiles()) is None:
        return choose(DEFAULT)
    return show.photo_or_reason(tiles / "photo.png")[0]


def strip(chapter: str | None = None, picture: Image.Image | np.ndarray | None = None):
    """Keep a picture as a chapter's tile, and draw the strip: a show.Picture.

    picture: of the chosen photo, of any size. Raises CourseError for a chapter without a tile, and
    for a picture of another shape than the photo.
    """
    photo = chosen()
    tiles = _tiles()
    if (chapter is None) != (picture is None):
        raise CourseError('Give both, the tile and its picture: ws.strip("05", picture).')
    if chapter is not None and chapter not in TILES:
        hint = did_you_mean(chapter, TILES)
        raise CourseError(f"The strip has no tile {chapter!r}: {', '.join(TILES)}.{hint}")
    if chapter is not None:
        write(tiles / f"{chapter}.png", encoded(_fitted(picture, photo.size), "PNG"))
    L, ab = colour.rgb_to_lab(colour.to_tensor(photo))  # (1, 1, H, W), (1, 2, H, W)
    grey = colour.to_bytes(colour.lab_to_rgb(L, torch.zeros_like(ab)))[0]
    faint = Image.fromarray((255 - FAINT * (255 - grey.astype(float))).astype(np.uint8))
    pictures, titles, there = [grey], ["in grey"], []
    for key, what in TILES.items():
        mine = tiles / f"{key}.png"
        pictures.append(mine if mine.is_file() else faint)
        titles.append(f"{key[:2]} · {what}")
        there += [what] if mine.is_file() else []
    if ab.norm(dim=1).mean() > COLOURED:
        pictures.append(photo)
        titles.append("the truth")
    done = ", ".join(there) or "nothing yet"
    return show.grid(
        pictures, titles, columns=5, side=2.1, title="One photo through the course",
        alt=f"The same photo {len(pictures)} times: in grey, then as each chapter colours it. "
        f"There so far: {done}; the others are faint.",
    )  # fmt: skip


def _fitted(picture: Image.Image | np.ndarray, size: tuple[int, int]) -> Image.Image:
    """A picture at the photo's size; raises CourseError where it is of another shape."""
    tile = Image.fromarray(show.as_array(picture))
    if abs(tile.width * size[1] / (tile.height * size[0]) - 1) > SHAPES:
        raise CourseError(
            f"The strip shows one photo, and yours is {size[0]} × {size[1]} (columns × rows). This "
            f"picture is {tile.width} × {tile.height}: another photo? Colour `ws.photo`, or choose "
            "the other one first with `ws.choose(...)`."
        )
    return tile.resize(size, Image.Resampling.LANCZOS)
