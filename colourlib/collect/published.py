"""Published data sets as a source: torchvision downloads and checks them, we file the pictures.

    ws = open_workspace("torchvision:Imagenette")

Their classes take the place of queries.
"""

import contextlib
import json
import shutil
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..common.bars import bar
from ..common.errors import CourseError
from ..common.files import read_json, replace_text
from ..common.pictures import encoded
from ..common.words import did_you_mean
from . import manifest
from .connection import Rejected, in_words
from .fetch import OFFLINE
from .manifest import Photo
from .store import Forgotten, Shelf, photos

PREFIX = "torchvision:"  # how the name of a published data set starts as a source
ROOM = 2.5  # disk space that is needed / size of the download: the archive and what is in it
STALLED = 30  # seconds without a byte, after which a download has failed


@dataclass(frozen=True)
class DataSet:
    """One published data set: what it costs, what it holds, and on which terms."""

    megabytes: int  # of the download
    side: int  # shorter side of its pictures, pixels
    pictures: str
    homepage: str
    terms: str
    extracted: str  # the folder that torchvision unpacks the archive to
    # data -> (label, path of the file or None) for each picture; torchvision's paths are private
    contents: Callable = field(repr=False)
    splits: tuple[dict, ...] = ({"split": "train"},)  # arguments that open each part we use


SETS = {
    "Imagenette": DataSet(
        99, 160, "13,394 photos, 10 kinds of things", "https://github.com/fastai/imagenette",
        "Part of ImageNet: for non-commercial research and teaching; the photos belong to those "
        "who took them. The selection is under the Apache licence.",
        "imagenette2-160", lambda data: [(label, path) for path, label in data._samples],
        ({"split": "train", "size": "160px"},),
    ),
    "Flowers102": DataSet(
        345, 500, "8,189 photos, 102 kinds of flowers",
        "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/",
        "No licence is stated; the photos, many of them found on the web, belong to those who took "
        "them.",
        "flowers-102/jpg", lambda data: list(zip(data._labels, data._image_files, strict=True)),
        ({"split": "train"}, {"split": "val"}, {"split": "test"}),  # most are in "test"
    ),
    "STL10": DataSet(
        2640, 96, "13,000 small photos, 10 kinds of animals and vehicles; 100,000 unnamed ones",
        "https://cs.stanford.edu/~acoates/stl10/",
        "Taken from ImageNet: for non-commercial research and teaching; the photos belong to those "
        "who took them.",
        "stl10_binary", lambda data: [(int(label), None) for label in data.labels],
    ),
    "CIFAR10": DataSet(
        170, 32, "60,000 tiny photos, 10 kinds of animals and vehicles",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
        "No licence is stated; the makers ask to be cited (Krizhevsky, 2009). Its photos are from "
        "80 Million Tiny Images, which was withdrawn in 2020 because of what it had collected.",
        "cifar-10-batches-py", lambda data: [(label, None) for label in data.targets],
        ({"train": True},),
    ),
}  # fmt: skip


def find(source: str) -> DataSet:
    """The data set that a source names. Raises CourseError, with what there is, for another."""
    name = source.removeprefix(PREFIX)
    if name in SETS:
        return SETS[name]
    hint = did_you_mean(name, SETS).replace(" '", f" '{PREFIX}")
    known = ", ".join(PREFIX + name for name in SETS)
    raise CourseError(f"There is no data set {source!r}.{hint} There are: {known}.")


def collect_set(
    root: Path, source: str, per_query: int, opened: Callable[[DataSet, bool], None]
) -> list[Photo]:
    """Collect up to `per_query` pictures of each class; return all rows.

    opened(set, is it new here?) is called once the download is there.
    Files of the set are copied byte for byte; pictures that it holds as numbers become PNG files.
    Raises CourseError where the set cannot be downloaded, or where there is no room for it.
    """
    chosen, name, shelf = find(source), source.removeprefix(PREFIX), Shelf(root)
    if done(root) >= per_query and len(shelf.rows) == len(manifest.read(root)):
        return photos(root)  # without the download, which need not be there any more
    parts = _open_parts(root, name, chosen)
    opened(chosen, not shelf.rows)
    with shelf, bar(desc="collecting", unit="picture") as progress:
        kept = Counter(row.query for row in shelf.by_hash.values())
        for row, read in _pictures(name, chosen, parts):
            if kept[row.query] < per_query and row.url not in shelf.rows:
                with contextlib.suppress(Rejected, Forgotten):  # the reason is in the manifest
                    shelf.take(row, read)
                    kept[row.query] += 1
                    progress.update()
    replace_text(Path(root) / "set.json", json.dumps({"per_query": per_query}))
    print(f"{len(shelf.by_hash)} pictures kept, {shelf.new} of them new.")
    return photos(root)


def done(root: Path) -> int:
    """How many pictures a class an earlier run has looked for, to the end; 0 if none has."""
    count = read_json(Path(root) / "set.json").get("per_query")
    return count if isinstance(count, int) else 0


def _pictures(name: str, chosen: DataSet, parts: list) -> Iterator[tuple[Photo, Callable]]:
    """(a row to be completed, what reads the picture's bytes) for each picture of the set."""
    for arguments, data in zip(chosen.splits, parts, strict=True):
        part = arguments.get("split", "train")
        classes = getattr(data, "classes", None)
        for number, (label, path) in enumerate(chosen.contents(data)):
            kind = classes[label] if classes else f"kind {label + 1}"
            query = kind if isinstance(kind, str) else kind[0]  # the first of several names
            row = Photo(query, f"{PREFIX}{name}/{part}/{number}")
            yield row, partial(_bytes_of, data, number, path)


def _bytes_of(data, number: int, path: str | Path | None) -> bytes:
    """The file of a picture as it is, or the numbers of one that has no file as PNG."""
    if path is not None:
        return Path(path).read_bytes()
    return encoded(data[number][0], "PNG")


def _open_parts(root: Path, name: str, chosen: DataSet) -> list:
    """The torchvision data sets, downloaded first where they are not complete.

    torchvision takes an unpacked folder for a complete one, so a file says that it is, and what
    was unpacked without it is unpacked again. The archive itself has a checksum.
    """
    from torchvision import datasets  # two seconds, and only this source needs it

    folder = Path(root) / "download"
    complete = folder / f"{name}-complete"
    if download := not complete.exists():
        print(
            f"{name}: {chosen.pictures}, {chosen.side} pixels on the shorter side.\n"
            f"Download: {chosen.megabytes} MB, kept in download/ of the workspace.\n"
            f"Made by: {chosen.homepage}\nTerms: {chosen.terms}"
        )
        there = next(path for path in folder.parents if path.exists())
        free, needed = shutil.disk_usage(there).free / 1e6, chosen.megabytes * ROOM
        if free < needed:
            raise CourseError(
                f"The download and what is in it need {needed:.0f} MB, and the disk of {there} has "
                f"{free:.0f} MB left. Make room, or set COLOURLIB_HOME to a folder on another disk."
            )
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder / chosen.extracted, ignore_errors=True)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALLED)  # torchvision would wait for ever on a silent server
    try:
        make = getattr(datasets, name)
        parts = [make(folder, download=download, **part) for part in chosen.splits]
    except (OSError, RuntimeError) as error:
        complete.unlink(missing_ok=True)
        why = in_words(error)
        if isinstance(error, RuntimeError):  # torchvision's word for a checksum that is not right
            why = "what arrived is not what its makers have published (the checksum differs)"
        raise CourseError(
            f"The data set {name} could not be downloaded to {folder}: {why}. Run this again to "
            f"try once more. {OFFLINE}"
        ) from error
    finally:
        socket.setdefaulttimeout(before)
    complete.touch()
    return parts
