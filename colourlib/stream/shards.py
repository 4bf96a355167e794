"""Photos out of tar shards that `write` has made, from a disk or the web, never unpacked.

webdataset deals the shards out to processes and workers, puts pictures and JSON together and mixes
the photos. Opening is done here, because webdataset would run programs for addresses (`pipe:`),
and so is reading a tar file, because nobody has said yet how large its members are.
"""

import http.client
import json
import os
import random
import re
import tarfile
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import urljoin

import torch
from PIL import Image

from ..clean.measures import in_threads
from ..collect.connection import MAX_BYTES, in_words, is_web
from ..collect.manifest import Photo
from ..common.errors import CourseError
from ..common.files import printable
from ..common.pictures import ENDINGS
from ..prepare.make import SIDES
from . import feed
from .opening import opened

PREFIX = "shards:"
INDEX = "index.json"  # beside the shards: for each its side of the split, photos and bytes
FORMAT = 1
BROKEN = (OSError, EOFError, tarfile.TarError, http.client.HTTPException)


def addresses(source: str) -> list[str]:
    """The files or web addresses that 'shards:...{000..099}.tar' names; of a folder its index.

    Raises CourseError for an address that is neither a path nor http or https.
    """
    text = source.removeprefix(PREFIX)
    if not is_web(text):
        if scheme := re.match(r"[A-Za-z][\w+.-]+:", text):
            raise CourseError(
                f"Shards are read from a path, http or https, not from {scheme[0]!r}: "
                "'shards:/path/{000..099}.tar' or 'shards:https://host/{000..099}.tar'."
            )
        text = os.path.abspath(os.path.expanduser(text))
    if not text.endswith(".tar"):
        return [f"{text.rstrip('/')}/{INDEX}"]
    from braceexpand import braceexpand  # which comes with webdataset

    return list(islice(braceexpand(text, escape=False), 100_000))


def find(source: str) -> tuple[dict, dict[str, dict]]:
    """(the index, address -> its entry for each shard that the source names), all of them checked.

    Raises CourseError for what is missing, cut short, half made or made by something else.
    """
    feed.need("webdataset")
    named = addresses(source)
    where = urljoin(named[0], INDEX) if is_web(named[0]) else str(Path(named[0]).with_name(INDEX))
    made = "Shards are made by: python -m colourlib shard FOLDER -o shards/"
    try:
        with opened(where) as file:
            index = json.loads(file.read(MAX_BYTES))
        known = {_beside(where, name): dict(entry) for name, entry in index["shards"].items()}
        for entry in known.values():
            entry["mean_ab"] = [float(value) for value in entry["mean_ab"]]
            if not (entry["side"] in SIDES and entry["photos"] > 0 and entry["bytes"] > 0):
                raise ValueError("an entry that cannot be")
        whole, _ = index["whole"], str(index["fingerprint"])
        if index["format"] != FORMAT:
            raise ValueError("another format")
    except BROKEN as error:
        raise CourseError(f"{where} cannot be read: {in_words(error)}. {made}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CourseError(f"{where} is damaged ({error!r}). {made}") from error
    if not whole:
        raise CourseError(f"The shards of {where} are not all made yet: run the command again.")
    chosen = {url: known.get(url) for url in named} if named != [where] else known
    faults = [fault for fault in in_threads(_fault, chosen.items()) if fault]
    if faults:
        more = f" ({len(faults) - 1} more are like it.)" if len(faults) > 1 else ""
        raise CourseError(f"{faults[0]}{more}")
    for side in ("train", "validation"):
        if not any(entry["side"] == side for entry in chosen.values()):
            names = [Path(url).name for url in known if known[url]["side"] == side]
            raise CourseError(
                f"None of the {len(chosen)} shards is for {side}: name {names[0]} to {names[-1]}, "
                "too, or the folder alone."
            )
    return index, chosen


def _beside(where: str, name: str) -> str:
    if not re.fullmatch(r"[\w-]+\.tar", name):  # no way to other folders or hosts
        raise ValueError(f"a shard called {name[:40]!r}")
    return urljoin(where, name) if is_web(where) else str(Path(where).with_name(name))


def _fault(shard: tuple[str, dict | None]) -> str:
    """What is wrong with a shard, found without reading it: a sentence; or ''."""
    url, entry = shard
    if entry is None:
        return f"{url} is not one of the shards that {INDEX} beside it lists."
    try:
        if is_web(url):
            request = urllib.request.Request(url, method="HEAD")
            with urllib.request.urlopen(request, timeout=30) as answer:
                size = int(answer.headers.get("Content-Length") or entry["bytes"])
        else:
            size = os.path.getsize(url)
    except BROKEN as error:
        return f"{url} is missing: {in_words(error)}."
    there = f"it has {size:,} bytes of {entry['bytes']:,}"
    return f"{url} is cut short or changed: {there}." * (size != entry["bytes"])


def data(source: str, root: Path, size: int) -> feed.StreamedData:
    """What a network is trained and judged on, out of shards. Raises CourseError as `find` does."""
    index, shards = find(source)
    sides = {s: {u: e for u, e in shards.items() if e["side"] == s} for s in SIDES}
    photos = {s: sum(entry["photos"] for entry in sides[s].values()) for s in SIDES}
    judges = {
        s: feed.in_memory(_pictures(sides[s], feed.stored(size)), min(feed.JUDGED, photos[s]), size)
        for s in ("validation", "test")
        if sides[s]
    }
    train = sides["train"]
    tints = torch.tensor([[*e["mean_ab"], 1.0] for e in train.values()])  # (K, 3)
    sums = (tints * torch.tensor([[e["photos"]] for e in train.values()])).sum(0)
    told = ", ".join(f"{len(j):,} of {photos[s]:,} {s}" for s, j in judges.items())
    print(
        f"{photos['train']:,} training photos stream from {len(train)} shards; in memory: {told}.\n"
        "Stopped, an epoch goes on exactly where it was, by reading its beginning again."
    )
    content = [index["fingerprint"], sorted(map(os.path.basename, shards))]
    stream = Stream(train, feed.stored(size))
    return feed.data(judges, photos["train"], stream, sums[:2] / sums[2], content, root)


@dataclass(frozen=True)
class Stream:
    """Training photos out of shards, without end: what feed.StreamedSet takes."""

    shards: dict[str, dict]  # address -> entry
    side: int  # pixels a side of what is given

    def __call__(self, seed: int, epoch: int, skip: int) -> Iterator[tuple]:
        return feed.endless(self._pass, seed, epoch, skip, lambda: "copy the shards again")

    def _pass(self, text: str, skip: int) -> Iterator[tuple | None]:
        """The photos of this process's shards; what will be skipped is read, but not decoded."""
        import webdataset as wds

        order = sorted(self.shards)
        random.Random(text).shuffle(order)
        mine = list(wds.split_by_worker(wds.split_by_node(order)))
        if not mine:
            raise CourseError(
                f"{len(order)} training shards are too few for so many processes and their "
                "workers: each needs one at least."
            )
        number = sum(self.shards[url]["photos"] for url in mine)
        skipped = set(islice(feed.mix(range(number), text), max(0, skip)))

        def decoded(numbered: tuple[int, dict]) -> tuple | None:
            if numbered[0] in skipped:
                return None
            try:
                return feed.as_bytes(feed.square_of(picture_in(numbered[1])[0], self.side))
            except Exception:  # damaged since it was written: others take its place
                return None

        return in_threads(decoded, enumerate(samples(mine)))


def samples(urls: Iterable[str]) -> Iterator[dict]:
    """The samples of shards one after the other: {'__key__': ..., 'json': bytes, 'jpg': bytes}."""
    from webdataset import handlers, tariterators

    return tariterators.group_by_keys(_members(urls), handler=handlers.ignore_and_continue)


def _members(urls: Iterable[str]) -> Iterator[dict]:
    """The files in shards, as bytes, none larger than the course takes; names are labels only."""
    for url in urls:
        try:
            with opened(url) as file, tarfile.open(fileobj=file, mode="r|") as tar:
                for member in tar:
                    tar.members = []  # else it remembers all of them
                    if member.isreg() and member.size <= MAX_BYTES:
                        name = os.path.basename(member.name)
                        read = tar.extractfile(member).read()
                        yield {"fname": name, "data": read, "__url__": url}
        except BROKEN as error:
            why = printable(in_words(error))
            print(f"{url} broke off ({why}): this pass goes on with the other shards.")
        yield {}  # the end of a shard, to webdataset


def picture_in(sample: dict) -> tuple[bytes, str]:
    """(The picture of a sample, 'jpg' or the like); (b"", "") where it has none."""
    pictures = ((content, ending) for ending, content in sample.items() if f".{ending}" in ENDINGS)
    return next(pictures, (b"", ""))


def _pictures(shards: Iterable[str], side: int) -> Iterator[tuple[Photo, Image.Image]]:
    """(row, square picture) of each photo in shards; whatever cannot be read is left out."""

    def picture(sample: dict) -> tuple[Photo, Image.Image] | None:
        try:
            row = {key: printable(value, "?") for key, value in json.loads(sample["json"]).items()}
            photo = Photo(row["query"], row["url"], row["file"], row["sha256"])
            return photo, feed.square_of(picture_in(sample)[0], side)
        except Exception:  # damaged, or of somebody who means harm
            return None

    return filter(None, in_threads(picture, samples(sorted(shards))))
