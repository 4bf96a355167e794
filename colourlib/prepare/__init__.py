"""Decode every kept photo once into arrays of bytes, which the network is then fed from."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import torch

from .. import practice
from ..colour import scale_ab
from ..common.errors import CourseError
from ..data import PHOTO_CROP, SCENE_CROP, PhotoData, PhotoSet
from . import make
from .make import LAYOUT, SIDES, Prepared, load, row_of


def prepare(root: Path, verdicts: list, split: dict[str, str], size: int) -> PhotoData:
    """Decode every kept photo once into arrays under root/prepared, or reuse what lies there.

    split: sha256 -> "train", "validation" or "test". A preparation that was stopped goes on; when
    photos, decisions, the split or the size have changed, it is made again, and it says what has.
    A split that deals nobody to test leaves `test` None. Raises CourseError where a side has no
    photos left, a photo cannot be opened, or the disk is full.
    """
    if size < 16 or size % 16:
        raise CourseError(f"The side of training pictures has to be a multiple of 16, not {size}.")
    sides = sides_of(verdicts, split)
    content = [LAYOUT, size, {side: sorted(p.sha256 for p in sides[side]) for side in sides}]
    fingerprint = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
    folder = Path(root) / "prepared" / fingerprint
    made = load(folder)
    if made and made.finished:
        print(f"Prepared photos are there already ({fingerprint}): nothing has changed.")
    else:
        made = make.make(folder, Path(root), sides, size)
    train, validation, test = (_photo_set(made, side, sides[side]) for side in SIDES)
    crop = PHOTO_CROP if validation.optimum is None else SCENE_CROP
    mean_tint = scale_ab(torch.tensor(made.meta["mean_ab"]))
    train = replace(train, crop=crop)
    runs, test = Path(root) / "runs", test if len(test) else None
    return PhotoData(train, validation, mean_tint, fingerprint, runs, test)


def _photo_set(made: Prepared, side: str, photos: list) -> PhotoSet:
    arrays = {name: a for name, a in made.arrays[side].items() if name != "done"}
    # A file may have been moved or renamed since: the manifest says where it is now.
    now = {photo.sha256: row_of(photo) for photo in photos}
    rows = [now[row["sha256"]] for row in made.meta["rows"][side]]
    return PhotoSet(**arrays, rows=rows, size=made.meta["size"])


def sides_of(verdicts: list, split: dict[str, str]) -> dict[str, list]:
    """The photos of each side; on practice scenes only those judge whose optimum is known."""
    sides = {side: [] for side in SIDES}
    for verdict in verdicts:
        if verdict.keep and verdict.photo.sha256 in split:
            sides[split[verdict.photo.sha256]].append(verdict.photo)
    judging = sides["validation"] + sides["test"]
    scenes = {photo.sha256 for photo in judging if practice.is_practice(photo.url)}
    if scenes and (spoilt := len(judging) - len(scenes)):
        print(f"Not used to judge by: {spoilt} spoilt scenes; their best colouring is unknown.")
        for side in ("validation", "test"):
            sides[side] = [photo for photo in sides[side] if photo.sha256 in scenes]
    for side, photos in sides.items():
        if not photos and (side != "test" or side in split.values()):
            raise CourseError(
                f"No photo is left for {side}: of {len(verdicts)} pictures, "
                f"{sum(v.keep for v in verdicts)} passed the cleaning (02_clean shows why). "
                "Collect more, or loosen a rule."
            )
    return sides
