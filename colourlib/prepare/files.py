"""How a set of prepared photos lies on the disk: begun, read, finished, cleared away.

In a folder named after its fingerprint: for each side of the split `L`, `ab`, `done` (a byte a
photo) and, for practice scenes, `optimum`, as .npy files; and `meta.json` with the rows.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import practice
from ..collect.manifest import Photo
from ..common.errors import CourseError
from ..common.files import replace_text
from ..common.memory import gigabytes

ROOM = 1.25  # stored side / trained side of a photo: room for random crops
LAYOUT = 3  # raise it when what is stored changes, and every prepared set is made anew
SIDES = ("train", "validation")


@dataclass(frozen=True)
class Prepared:
    """A set on the disk, finished or not; its arrays are memory-mapped."""

    folder: Path
    meta: dict  # layout, size, rows of each side, and mean_ab, which is None until all is done
    arrays: dict[str, dict[str, np.ndarray]]  # side -> L, ab, done, perhaps optimum

    @property
    def finished(self) -> bool:
        return self.meta["mean_ab"] is not None

    @property
    def progress(self) -> tuple[int, int]:
        """(photos done, all photos)."""
        done = [self.arrays[side]["done"] for side in SIDES]
        return int(sum(d.sum(dtype=int) for d in done)), sum(map(len, done))

    def todo(self, side: str) -> list[int]:
        """The photos of a side that are not done."""
        return np.flatnonzero(self.arrays[side]["done"] == 0).tolist()

    def note(self, jobs: list[tuple[str, int]]) -> None:
        """Write down that photos are done, after what was made of them has reached the disk."""
        for side in {side for side, _ in jobs}:
            arrays = self.arrays[side]
            for name in arrays.keys() - {"done"}:
                arrays[name].flush()
            arrays["done"][[i for s, i in jobs if s == side]] = 1
            arrays["done"].flush()


def load(folder: Path, mode: str = "r") -> Prepared | None:
    """The set in a folder, memory-mapped; None where there is none that is whole."""
    if mode != "r" and load(folder) is None:  # opened for writing, a torn file would be filled up
        return None
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        arrays = {}
        for side in SIDES:
            files = {n: folder / f"{side}_{n}.npy" for n in ("L", "ab", "done", "optimum")}
            arrays[side] = {
                name: np.load(file, mmap_mode=mode) for name, file in files.items() if file.exists()
            }
            rows = len(meta["rows"][side])
            if any(len(arrays[side][name]) != rows for name in ("L", "ab", "done")):
                return None
        return Prepared(folder, {"size": None, "mean_ab": None} | meta, arrays)
    except (OSError, ValueError, KeyError, TypeError):  # missing, torn, or of another layout
        return None


def shapes_of(counts: Mapping[str, int], size: int, optimum: bool) -> dict[str, tuple[int, ...]]:
    """The uint8 arrays of a set of so many photos a side, by their files' names.

    size: pixels that the network is to see; optimum: whether the best answer is known, and kept.
    """
    stored = round(size * ROOM / 4) * 4
    shapes: dict[str, tuple[int, ...]] = {}
    for side, n in counts.items():
        fine = stored if side == "validation" else stored // 4
        shapes |= {f"{side}_L": (n, stored, stored), f"{side}_ab": (n, 2, fine, fine)}
        shapes[f"{side}_done"] = (n,)
        if side == "validation" and optimum:
            shapes[f"{side}_optimum"] = (n, 2, stored, stored)
    return shapes


def nbytes(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Bytes of uint8 arrays of these shapes."""
    return sum(int(np.prod(shape)) for shape in shapes.values())


def row_of(photo: Photo) -> dict[str, str]:
    """What a set keeps of a photo."""
    return {key: getattr(photo, key) for key in ("query", "url", "sha256", "file")}


def begin(folder: Path, sides: Mapping[str, list[Photo]], size: int) -> Prepared:
    """An empty set with all the space on the disk that it is going to need."""
    shutil.rmtree(folder, ignore_errors=True)  # what cannot be used
    counts = {side: len(photos) for side, photos in sides.items()}
    optimum = all(practice.is_practice(p.url) for p in sides["validation"])
    shapes = shapes_of(counts, size, optimum)
    need = nbytes(shapes)
    free = shutil.disk_usage(folder.parent).free
    try:
        if need > free:
            raise OSError(f"{gigabytes(free)} are free")
        folder.mkdir()
        for name, shape in shapes.items():
            _allocate(folder / f"{name}.npy", shape)
        rows = {side: [row_of(photo) for photo in photos] for side, photos in sides.items()}
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
    array = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    start, left = array.offset, array.nbytes
    del array
    with open(path, "r+b") as file:
        file.seek(start)
        while left:
            left -= file.write(bytes(min(left, 1 << 24)))
        file.flush()
        os.fsync(file.fileno())


def finish(made: Prepared) -> None:
    """Add the training photos' mean ab, in Lab units: from now on the set counts as whole."""
    ab = made.arrays["train"]["ab"]  # (N, 2, s, s)
    mean = [float(ab[:, k].mean(dtype=np.float64)) - 128 for k in (0, 1)]
    replace_text(made.folder / "meta.json", json.dumps(made.meta | {"mean_ab": mean}))


def clear_others(folder: Path) -> None:
    """Remove our own arrays of photos, decisions or sizes that have changed since."""
    for other in folder.parent.iterdir():
        if other != folder and re.fullmatch(r"[0-9a-f]{12}|(gone|building)-.*", other.name):
            # Renamed first: Windows refuses that while another notebook reads the set, whole.
            with contextlib.suppress(OSError):
                gone = other.with_name(f"gone-{other.name}")
                other.rename(gone)
                shutil.rmtree(gone)
