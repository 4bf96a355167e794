"""Prepared photos: each decoded once, into arrays of bytes on the disk.

What is done is noted every few photos, so that a preparation that was stopped or killed goes on
where it was. Photos that an earlier set holds are copied from there. `prepared_files` knows how
a set lies on the disk.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from filelock import FileLock, Timeout
from PIL import Image
from tqdm.auto import tqdm

from .. import practice
from ..collect.manifest import Photo
from ..colour import rgb_to_lab, to_tensor
from ..common.errors import CourseError
from ..common.pictures import open_picture, square
from .files import LAYOUT, SIDES, Prepared, begin, clear_others, finish, load

NOTED = 64  # photos after which it is written down that they are done


def make(folder: Path, root: Path, sides: Mapping[str, list[Photo]], size: int) -> Prepared:
    """The set of these photos in `folder`: taken up where it was left, or begun.

    Only one notebook prepares at a time; a second one waits and finds the work done. Raises
    CourseError where the disk is too small, and where a photo cannot be opened any more: what
    could be done stays.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder.parent / "lock"):
        made = load(folder, "r+")
        if made is None:
            others = [load(f) for f in folder.parent.iterdir() if f.is_dir()]
            others = sorted(
                filter(None, others), key=lambda o: (o.folder / "meta.json").stat().st_mtime
            )
            print(_what_changed(others, sides, size))
            made = begin(folder, sides, size)
            for other in others:
                _take_over(made, other)
            others = other = None  # Windows removes no file that is mapped
        elif not made.finished:
            count, total = made.progress
            print(f"Preparing was stopped at {count} of {total} photos: it goes on from there.")
        if not made.finished:
            _fill(made, root, sides)
            finish(made)
        del made
        clear_others(folder)
        return load(folder)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Wait until no other notebook prepares photos here. The lock of a killed one is free."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(FileLock(lock, timeout=0))
        except Timeout:
            print("Another notebook is preparing these photos: waiting for it.")
            stack.enter_context(FileLock(lock))
        yield


def _what_changed(others: list[Prepared], sides: Mapping[str, list[Photo]], size: int) -> str:
    """Why a set has to be made, in words: how it differs from the last one that was finished."""
    total = sum(map(len, sides.values()))
    before = [other for other in others if other.finished]
    if not before:
        return f"{total} photos to prepare."
    old = {row["sha256"]: s for s in SIDES for row in before[-1].meta["rows"][s]}
    new = {photo.sha256: s for s in SIDES for photo in sides[s]}
    moved = sum(old.get(sha, side) != side for sha, side in new.items())
    changes = {
        "new": len(new.keys() - old.keys()),
        "gone": len(old.keys() - new.keys()),
        "on the other side of the split": moved,
    }
    words = [f"{n} {what}" for what, n in changes.items() if n]
    words = ["photos: " + ", ".join(words)] if words else []
    if before[-1].meta["size"] != size:
        words.append(f"size {before[-1].meta['size']} -> {size}")
    return f"Changed since they were prepared: {'; '.join(words)}. Preparing again."


def _take_over(made: Prepared, other: Prepared) -> None:
    """Copy the photos that another set holds in the same form."""
    if (other.meta["size"], other.meta["layout"]) != (made.meta["size"], LAYOUT):
        return
    for side in SIDES:
        new, old = made.arrays[side], other.arrays[side]
        if new.keys() - old.keys():  # the optimum is asked for, and was not known there
            continue
        places = {row["sha256"]: i for i, row in enumerate(other.meta["rows"][side])}
        copied = []
        for i in made.todo(side):
            place = places.get(made.meta["rows"][side][i]["sha256"])
            if place is not None and old["done"][place]:
                for name in new.keys() - {"done"}:
                    new[name][i] = old[name][place]
                copied.append((side, i))
        made.note(copied)


def _fill(made: Prepared, root: Path, sides: Mapping[str, list[Photo]]) -> None:
    """Decode what is not done, on all cores; raises CourseError for what cannot be opened."""
    photos = {side: {photo.sha256: photo for photo in sides[side]} for side in SIDES}
    unreadable: list[tuple[Photo, str]] = []

    def one(job: tuple[str, int]) -> list[tuple[str, int]]:
        side, i = job
        photo = photos[side][made.meta["rows"][side][i]["sha256"]]
        stored = made.arrays[side]["L"].shape[-1]
        try:
            picture = square(open_picture(photo.path(root), stored), stored)
        except FileNotFoundError:
            unreadable.append((photo, "the file is gone"))
            return []
        except Exception as error:  # a decoder may raise anything
            unreadable.append((photo, str(error) or type(error).__name__))
            return []
        _store(made.arrays[side], i, picture, photo)
        return [job]

    jobs = [(side, i) for side in SIDES for i in made.todo(side)]
    count, total = made.progress
    with (
        tqdm(total=total, initial=count, desc="preparing", unit="photo") as bar,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        for start in range(0, len(jobs), NOTED):
            done: list[tuple[str, int]] = []
            try:
                for job in pool.map(one, jobs[start : start + NOTED]):
                    done += job
                    bar.update()
            finally:  # after Stop, too
                made.note(done)
    if unreadable:
        raise CourseError(_cannot_be_opened(unreadable, *made.progress))


def _store(arrays: dict[str, np.ndarray], i: int, picture: Image.Image, photo: Photo) -> None:
    """Write what is kept of a square picture to place i of the arrays of its side."""
    lightness, chroma = rgb_to_lab(to_tensor(picture))  # (1, 1, S, S), (1, 2, S, S)
    arrays["L"][i] = (lightness[0, 0] * 2.55).round().byte().numpy()
    arrays["ab"][i] = to_byte(F.adaptive_avg_pool2d(chroma, arrays["ab"].shape[-1])[0])
    if "optimum" in arrays:
        best = practice.scene_of_url(photo.url).optimum()  # (H, W, 2)
        channels = [square(Image.fromarray(best[..., k]), picture.width) for k in (0, 1)]
        best = np.stack([np.asarray(channel) for channel in channels])
        arrays["optimum"][i] = to_byte(torch.from_numpy(best))


def _cannot_be_opened(unreadable: list[tuple[Photo, str]], done: int, total: int) -> str:
    """Which photos cannot be opened any more, and what to do."""
    unreadable = sorted(unreadable, key=lambda pair: pair[0].file)
    lines = [f"  {photo.file}: {why}" for photo, why in unreadable[:5]]
    lines += [f"  and {len(unreadable) - 5} more"] if len(unreadable) > 5 else []
    first = unreadable[0][0]
    return "\n".join(
        [
            "These photos passed the cleaning, but cannot be opened now:",
            *lines,
            f"The other {done} of {total} are prepared and stay so. Put the files back, or turn "
            f"these photos away, and run this cell again. To turn the first one away:",
            f"  clean.decide(ws.root, {first.sha256[:16]!r}, keep=False)",
        ]
    )


def to_byte(ab: torch.Tensor) -> np.ndarray:
    """ab in Lab units as ab + 128 in uint8: steps of one unit, which nobody can see."""
    return (ab + 128).round().clamp(0, 255).byte().numpy()
