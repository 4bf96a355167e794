"""Cleaned photos as tar shards: for disks and networks that would choke on a million small files.

    python -m colourlib shard FOLDER -o shards/

A shard holds photos of one side of the split, byte for byte, each beside a JSON file with its
origin, its verdict and its side. Photos lie in the order of their hashes, which is none.
"""

import json
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from ..clean.measures import in_threads
from ..clean.rules import Verdict
from ..collect.connection import is_web
from ..collect.store import sha256_of
from ..common.bars import bar
from ..common.errors import CourseError
from ..common.files import read_json, replace_text, writable
from ..common.locks import alone
from ..common.memory import gigabytes
from ..common.pictures import FORMATS
from ..common.unreadable import what_is_wrong
from ..prepare import sides_of
from . import feed
from .shards import FORMAT, INDEX, PREFIX

BYTES = 64_000_000  # of a shard, about
SHARED = 16  # training shards at least, where there are photos enough, for processes to share
FEWEST = 25  # photos that make a shard of their own
ORDER = ("validation", "test", "train")  # of the shards: who judges is read first
LOCK = ".making.lock"


def write(root: Path, verdicts: Sequence[Verdict], split: Mapping[str, str], out: Path) -> Path:
    """Write the kept photos of a workspace as shards into a folder; give the folder.

    Each shard is written whole or not at all, and the same call goes on where it was stopped.
    Raises CourseError where the folder holds something else, for a photo that cannot be opened any
    more or has changed since it was cleaned, and for a full disk. Nothing is removed from `out`.
    """
    feed.need("webdataset")
    feed.table()  # once, before threads ask for it
    sides, verdict_of = sides_of(verdicts, split), {v.photo.sha256: v for v in verdicts}
    plan = [
        [(side, verdict_of[sha]) for sha in part]
        for side in ORDER
        for part in _parts(sorted((photo.sha256, photo.bytes) for photo in sides[side]), side)
    ]
    name = feed.fingerprint([FORMAT, [[s, v.photo.sha256] for part in plan for s, v in part]])
    out, digits = writable(Path(out).absolute()), max(3, len(str(len(plan) - 1)))
    with alone(out / LOCK, "writing into this folder"):
        index = _begun(out, name, sum(v.photo.bytes + 4096 for part in plan for _, v in part))
        with bar(total=sum(map(len, plan)), desc="writing", unit="photo") as progress:
            for number, photos in enumerate(plan):
                file = out / f"{number:0{digits}d}.tar"
                if file.name not in index["shards"] or not file.exists():
                    index["shards"][file.name] = _shard(file, Path(root), photos)
                    replace_text(out / INDEX, json.dumps(index, indent=1))
                progress.update(len(photos))
        replace_text(out / INDEX, json.dumps(index | {"whole": True}, indent=1))
    counts = ", ".join(f"{len(sides[side]):,} {side}" for side in ORDER if sides[side])
    print(
        f"{len(plan)} shards ({counts}) in {out}. The photos in them are byte for byte the same, "
        "with what a camera has written into them: place, time.\n"
        f"Train on them: source='{PREFIX}{out}'"
    )
    return out


def _parts(photos: list[tuple[str, int]], side: str) -> list[list[str]]:
    """The hashes of a side's photos, dealt out to as many shards as it takes, evenly."""
    number = math.ceil(sum(size for _, size in photos) / BYTES)
    if side == "train":
        number = max(number, min(SHARED, len(photos) // FEWEST))
    number = max(1, min(number, len(photos)))
    return [part for k in range(number) if (part := [sha for sha, _ in photos[k::number]])]


def _begun(out: Path, name: str, need: int) -> dict:
    """The index of what is there already. Raises CourseError where that is something else."""
    index, scratch = read_json(out / INDEX), set(out.glob("[0-9]*.tar.*.tmp"))  # of a killed run
    others = {path for path in out.iterdir() if path.name not in (LOCK, INDEX)} - scratch
    if not index and others or index and index.get("fingerprint") != name:
        what = f"other photos or another split ({INDEX})" if index else min(others).name
        raise CourseError(f"{out} holds {what}: name an empty folder, nothing there is replaced.")
    if not index and need > (free := shutil.disk_usage(out).free):
        raise CourseError(f"The shards take {gigabytes(need)}; {out} has {gigabytes(free)} left.")
    for file in scratch:
        file.unlink()
    index = index or {"format": FORMAT, "fingerprint": name, "whole": False, "shards": {}}
    replace_text(out / INDEX, json.dumps(index, indent=1))  # from now on the folder is ours
    return index


def _shard(file: Path, root: Path, photos: list[tuple[str, Verdict]]) -> dict:
    """Write one shard, put it in place when it is whole; its entry in the index."""
    import webdataset as wds

    scratch, tints = file.with_name(f"{file.name}.{os.getpid()}.tmp"), []
    try:
        with open(scratch, "wb") as raw:
            with wds.TarWriter(raw, "", "", encoder=False, compress=False, mtime=0) as tar:
                for sample, tint in in_threads(partial(_sample, root), photos):
                    tar.write(sample)
                    tints.append(tint)
            raw.flush()
            os.fsync(raw.fileno())
        size = scratch.stat().st_size
        os.replace(scratch, file)
    except OSError as error:
        why = error.strerror or error
        raise CourseError(
            f"{file} could not be written: {why}. Make room, run this again."
        ) from error
    finally:
        scratch.unlink(missing_ok=True)
    mean = [sum(values) / len(tints) for values in zip(*tints, strict=True)]
    return {"side": photos[0][0], "photos": len(tints), "bytes": size, "mean_ab": mean}


def _sample(root: Path, photo_of: tuple[str, Verdict]) -> tuple[dict, tuple[float, float]]:
    """(a photo and the JSON beside it, its mean ab in Lab units); decoded once as a proof."""
    side, verdict = photo_of
    photo, path = verdict.photo, verdict.photo.path(root)
    try:
        content = path.read_bytes()
        if sha256_of(content) != photo.sha256:
            raise CourseError("changed since it was cleaned")
        _, ab = feed.as_bytes(feed.square_of(content, 64))
    except Exception as error:  # a decoder may raise anything
        why = error if isinstance(error, CourseError) else what_is_wrong(error, path)
        raise CourseError(
            f"{photo.file} passed the cleaning, but cannot be written now ({why}). Put it back, "
            "clean again, or turn it away: "
            f"clean.decide(ws.root, {photo.sha256[:16]!r}, keep=False)"
        ) from error
    about = {key: getattr(photo, key) for key in ("query", "sha256", "width", "height", "format")}
    about |= {"url": photo.url if is_web(photo.url) else "", "file": path.name}  # no path of ours
    about |= {"side": side, "verdict": verdict.reason or "passed", "group": verdict.group}
    about |= {"measures": dict(verdict.measures)}
    ending = FORMATS[photo.format].removeprefix(".")
    sample = {"__key__": photo.sha256, ending: content, "json": json.dumps(about).encode()}
    return sample, tuple(ab.mean(axis=(1, 2)) - 128.0)
