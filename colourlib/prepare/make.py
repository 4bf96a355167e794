"""Prepared photos: each decoded once, into arrays of bytes on the disk.

A set lies in a folder named after its fingerprint: for each side of the split `L`, `ab`, `done` (a
byte a photo) and, for practice scenes, `optimum`, as .npy files; and `meta.json` with the rows.
"""

import contextlib
import json
import math
import os
import re
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from .. import practice
from ..collect.manifest import Photo
from ..colour import rgb_to_lab, to_tensor
from ..common.bars import bar
from ..common.errors import CourseError
from ..common.files import replace_text
from ..common.locks import alone
from ..common.memory import gigabytes
from ..common.pictures import open_picture, square
from ..common.unreadable import what_is_wrong

ROOM = 1.25  # stored side / trained side of a photo: room for random crops
LAYOUT = 4  # raise it when what is stored changes, and every prepared set is made anew
SIDES = ("train", "validation", "test")
NOTED = 64  # photos after which it is written down that they are done


@dataclass(frozen=True)
class Prepared:
    """A set on the disk, finished or not; its arrays are memory-mapped."""

    folder: Path
    meta: dict  # layout, size, rows of each side, and mean_ab, which is None until all is done
    arrays: dict[str, dict[str, np.ndarray]]  # side -> L, ab, done, perhaps optimum

    @property
    def finished(self) -> bool:
        return self.meta.get("mean_ab") is not None  # an older layout may lack it

    @property
    def progress(self) -> tuple[int, int]:
        """(photos done, all photos)."""
        done = np.concatenate([self.arrays[side]["done"] for side in SIDES])
        return int(done.sum(dtype=int)), len(done)


def make(folder: Path, root: Path, sides: Mapping[str, list[Photo]], size: int) -> Prepared:
    """The set of these photos in `folder`: taken up where it was left, or begun.

    A second notebook waits and finds the work done. Raises CourseError where the disk is too
    small, and where a photo cannot be opened any more: what could be done stays.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with alone(folder.parent / "lock", "preparing these photos"):
        made = load(folder, "r+")
        if made is None:
            print(_what_changed(folder.parent, sides, size))
            made = begin(folder, sides, size)
        elif not made.finished:
            count, total = made.progress
            print(f"Preparing was stopped at {count} of {total} photos: it goes on from there.")
        if not made.finished:
            _fill(made, root, sides)
        del made  # Windows removes no file that is mapped
        clear_others(folder)
        return load(folder)


def _what_changed(parent: Path, sides: Mapping[str, list[Photo]], size: int) -> str:
    """Why a set has to be made, in words: how it differs from the last one that was finished."""
    metas = sorted(parent.glob("*/meta.json"), key=lambda file: file.stat().st_mtime)
    before = [made.meta for made in (load(file.parent) for file in metas) if made and made.finished]
    if not before:
        return f"{sum(map(len, sides.values()))} photos to prepare."
    old = {row["sha256"]: s for s in SIDES for row in before[-1]["rows"][s]}
    new = {photo.sha256: s for s in SIDES for photo in sides[s]}
    changes = {
        "new": len(new.keys() - old.keys()),
        "gone": len(old.keys() - new.keys()),
        "on another side of the split": sum(old.get(sha, s) != s for sha, s in new.items()),
    }
    words = ", ".join(f"{n} {what}" for what, n in changes.items() if n)
    words = [f"photos: {words}"] if words else []
    if (was := before[-1].get("size")) != size:
        words.append(f"size {was} -> {size}")
    return f"Changed since they were prepared: {'; '.join(words)}. Preparing again."


def _fill(made: Prepared, root: Path, sides: Mapping[str, list[Photo]]) -> None:
    """Decode what is not done, on all cores; raises CourseError for what cannot be opened."""
    photos = {side: {photo.sha256: photo for photo in sides[side]} for side in SIDES}
    unreadable: dict[str, tuple[str, str]] = {}  # file -> (what is wrong, sha256)

    def one(job: tuple[str, int]) -> list[tuple[str, int]]:
        side, i = job
        photo = photos[side][made.meta["rows"][side][i]["sha256"]]
        path, stored = photo.path(root), made.arrays[side]["L"].shape[-1]
        try:
            picture = square(open_picture(path, stored), stored)
        except Exception as error:  # a decoder may raise anything
            unreadable[photo.file] = what_is_wrong(error, path), photo.sha256
            return []
        store(made.arrays[side], i, picture, photo)
        return [job]

    jobs = [(s, i) for s in SIDES for i in np.flatnonzero(made.arrays[s]["done"] == 0).tolist()]
    count, total = made.progress
    with (
        bar(total=total, initial=count, desc="preparing", unit="photo") as progress,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        for start in range(0, len(jobs), NOTED):
            done: list[tuple[str, int]] = []
            try:
                for job in pool.map(one, jobs[start : start + NOTED]):
                    done += job
                    progress.update()
            finally:  # after Stop, too
                for array in (array for side in SIDES for array in made.arrays[side].values()):
                    array.flush()
                for side, i in done:  # noted once it is on the disk
                    made.arrays[side]["done"][i] = 1
    if unreadable:
        found = sorted(unreadable.items())
        lines = [f"  {file}: {why}" for file, (why, _) in found[:5]]
        lines += [f"  and {len(found) - 5} more"] if len(found) > 5 else []
        count, total = made.progress
        raise CourseError(
            "\n".join(["These photos passed the cleaning, but cannot be opened now:", *lines])
            + f"\nThe other {count} of {total} are prepared and stay so. Put the files back, or "
            "turn these photos away, and run this cell again. To turn the first one away:\n"
            f"  clean.decide(ws.root, {found[0][1][1][:16]!r}, keep=False)"
        )
    ab = made.arrays["train"]["ab"]  # (N, 2, s, s)
    mean = [float(ab[:, k].mean(dtype=np.float64)) - 128 for k in (0, 1)]  # Lab units
    # From now on the set counts as whole.
    replace_text(made.folder / "meta.json", json.dumps(made.meta | {"mean_ab": mean}))


def store(arrays: dict[str, np.ndarray], i: int, picture: Image.Image, photo: Photo) -> None:
    """Write what is kept of a square picture to place i of the arrays of its side."""
    lightness, chroma = rgb_to_lab(to_tensor(picture))  # (1, 1, S, S), (1, 2, S, S)
    arrays["L"][i] = (lightness[0, 0] * 2.55).round().byte().numpy()
    arrays["ab"][i] = _to_byte(F.adaptive_avg_pool2d(chroma, arrays["ab"].shape[-1])[0])
    if "optimum" in arrays:
        best = practice.scene_of_url(photo.url).optimum()  # (H, W, 2)
        best = np.stack([square(Image.fromarray(best[..., k]), picture.width) for k in (0, 1)])
        arrays["optimum"][i] = _to_byte(torch.from_numpy(best))


def _to_byte(ab: torch.Tensor) -> np.ndarray:
    """ab in Lab units as ab + 128 in uint8: steps of one unit, which nobody can see."""
    return (ab + 128).round().clamp(0, 255).byte().numpy()


def load(folder: Path, mode: str = "r") -> Prepared | None:
    """The set in a folder, memory-mapped; None where there is none that is whole."""
    if mode != "r" and load(folder) is None:  # opened for writing, a torn file would be filled up
        return None
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        arrays: dict[str, dict[str, np.ndarray]] = {side: {} for side in SIDES}
        for file in folder.glob("*_*.npy"):
            side, name = file.stem.split("_")
            arrays[side][name] = np.load(file, mmap_mode=mode)
        lengths = ((side, len(arrays[side][n])) for side in SIDES for n in ("L", "ab", "done"))
        whole = all(length == len(meta["rows"][side]) for side, length in lengths)
        return Prepared(folder, meta, arrays) if whole else None
    except (OSError, ValueError, KeyError, TypeError):  # missing, torn, or of another layout
        return None


def shapes_of(counts: Mapping[str, int], size: int, optimum: bool) -> dict[str, tuple[int, ...]]:
    """The uint8 arrays of a set of so many photos a side, by their files' names.

    size: pixels that the network is to see; optimum: whether the best answer is known, and kept.
    """
    stored = round(size * ROOM / 4) * 4
    shapes: dict[str, tuple[int, ...]] = {}
    for side, n in counts.items():
        judges = side != "train"
        fine = stored if judges else stored // 4
        shapes |= {f"{side}_L": (n, stored, stored), f"{side}_ab": (n, 2, fine, fine)}
        shapes[f"{side}_done"] = (n,)
        if judges and optimum:
            shapes[f"{side}_optimum"] = (n, 2, stored, stored)
    return shapes


def nbytes(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Bytes of uint8 arrays of these shapes."""
    return sum(map(math.prod, shapes.values()))


def row_of(photo: Photo) -> dict[str, str]:
    """The columns of a photo's row that a set keeps."""
    return {key: getattr(photo, key) for key in ("query", "url", "sha256", "file")}


def begin(folder: Path, sides: Mapping[str, list[Photo]], size: int) -> Prepared:
    """An empty set with all the space on the disk that it is going to need."""
    shutil.rmtree(folder, ignore_errors=True)  # what cannot be used
    rows = {side: [row_of(photo) for photo in photos] for side, photos in sides.items()}
    judging = [row for side, its in rows.items() if side != "train" for row in its]
    optimum = all(practice.is_practice(row["url"]) for row in judging)
    shapes = shapes_of({side: len(rows[side]) for side in sides}, size, optimum)
    need, free = nbytes(shapes), shutil.disk_usage(folder.parent).free
    try:
        if need > free:
            raise OSError(f"{gigabytes(free)} are free")
        folder.mkdir()
        for name, shape in shapes.items():
            _allocate(folder / f"{name}.npy", shape)
        meta = {"layout": LAYOUT, "size": size, "rows": rows, "mean_ab": None}
        replace_text(folder / "meta.json", json.dumps(meta))
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise CourseError(
            f"The prepared photos take {gigabytes(need)} on the disk, and there is no room: "
            f"{error}. Nothing was left behind. Make room, or choose a smaller setting."
        ) from error
    return load(folder, "r+")


def _allocate(path: Path, shape: tuple[int, ...]) -> None:
    """An array of zeros, really written: in a file with holes a full disk would end the kernel."""
    header, left = {"descr": "|u1", "fortran_order": False, "shape": shape}, math.prod(shape)
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        while left:
            left -= file.write(bytes(min(left, 1 << 24)))
        file.flush()
        os.fsync(file.fileno())


def clear_others(folder: Path) -> None:
    """Remove our own sets of photos, decisions or sizes that have changed since."""
    for other in folder.parent.iterdir():
        if other != folder and re.fullmatch(r"[0-9a-f]{12}|(gone|building)-.*", other.name):
            # Renamed first: Windows refuses that while another notebook reads the set, whole.
            with contextlib.suppress(OSError):
                gone = other.with_name(f"gone-{other.name}")
                other.rename(gone)
                shutil.rmtree(gone)
