"""One photo through the whole course: grey, then as each chapter's work colours it.

The photo and its tiles lie in strip/ beside the workspaces, one folder for each photo that was ever
chosen, so that nothing is lost when somebody tries another one.
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .. import colour, show
from ..common.errors import CourseError
from ..common.files import home, pasted, read_json, replace_text, writable, write
from ..common.opening import opened
from ..common.pictures import encoded, on_white
from ..common.words import did_you_mean
from .photos import public_photos

SIDE = 512  # pixels of the photo's longer side
DEFAULT = "lake"
CHOSEN = "chosen.json"
TILES = {
    "00 weights": "the course's weights",
    "00": "a minute of training",
    "02": "one mean tint",
    "03": "true ab at 1/16",
    "04": "your network, untrained",
    "05": "your network",
    "06": "your network, judged",
    "07": "vivid",
    "08": "a lent encoder",
    "09": "with hints",
    "10": "on your page",
}
FAINT = 0.25  # how much of the grey photo shows where a chapter is still to come


def folder() -> Path:
    """Where photos and tiles are kept."""
    return home() / "strip"


def choose(photo: str | Path | None = None) -> Image.Image:
    """Make a photo the one of the strip: a name of `public_photos`, or a file of one's own.

    None keeps the last choice. Raises CourseError for a name or a file that is not there or that
    cannot be opened.
    """
    if photo is None:
        return chosen()
    ours = public_photos()
    path = ours.get(str(photo).strip(" \"'")) or pasted(photo)
    if not os.path.exists(path):
        hint = did_you_mean(photo, ours)
        raise CourseError(
            f"There is no photo {str(photo)!r}: give the path of a file, or one of the photos that "
            f"come along: {', '.join(ours)}.{hint}"
        )
    picture = on_white(opened(path))
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
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

    picture: of the chosen photo, of any size. Raises CourseError for a chapter without a tile.
    """
    photo = chosen()
    tiles = _tiles()
    if (chapter is None) != (picture is None):
        raise CourseError('Give both, the tile and its picture: ws.strip("05", picture).')
    if chapter is not None:
        if chapter not in TILES:
            hint = did_you_mean(chapter, TILES)
            raise CourseError(f"The strip has no tile {chapter!r}: {', '.join(TILES)}.{hint}")
        small = Image.fromarray(show.as_array(picture))
        small = small.resize(photo.size, Image.Resampling.LANCZOS)
        write(tiles / f"{chapter}.png", encoded(small, "PNG"))
    L, ab = colour.rgb_to_lab(colour.to_tensor(photo))  # (1, 1, H, W), (1, 2, H, W)
    grey = colour.to_bytes(colour.lab_to_rgb(L, torch.zeros_like(ab)))[0]
    faint = Image.fromarray((255 - FAINT * (255 - grey.astype(float))).astype(np.uint8))
    pictures, titles, there = [grey], ["in grey"], []
    for key, what in TILES.items():
        mine = tiles / f"{key}.png"
        pictures.append(mine if mine.is_file() else faint)
        titles.append(f"{key[:2]} · {what}")
        there += [what] if mine.is_file() else []
    done = ", ".join(there) or "nothing yet"
    return show.grid(
        pictures, titles, columns=6, side=1.8, title="One photo through the course",
        alt=f"The same photo {len(pictures)} times: in grey, then as each chapter colours it. "
        f"There so far: {done}; the others are faint.",
    )  # fmt: skip
