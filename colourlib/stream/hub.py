"""Sets that others keep on the Hub, `hub:owner/name`: cleaned as they stream, by the same rules.

Nobody has seen the whole set, so what needs all of it is done with what has passed: `TOLD` says
what that cannot find.
"""

import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .. import clean
from ..clean import by_hand
from ..clean.measures import in_threads, look
from ..collect.connection import MAX_BYTES
from ..collect.fetch import OFFLINE, Rejected, measure
from ..collect.manifest import Photo
from ..collect.store import sha256_of
from ..common import processes
from ..common.errors import CourseError
from ..common.files import printable
from . import feed

PREFIX = "hub:"
SHARE, FEW = 0.15, 60  # photos that validate, and that test: of all; of a set that tells no number
UNTOLD = 10_000  # photos an epoch of a set that does not tell how many it has
KNOWN = 200_000  # fingerprints that a pass remembers: 3 MB
TOLD = (
    "No training photo is like one that judges: each is compared with all of those. Of copies the "
    f"first stays, not the largest. Not found: a copy more than {KNOWN:,} photos back or in the "
    "share of another process, and chains of likeness. Stopped, an epoch goes on by judging its "
    "beginning again: exactly, as long as the set stays as it is."
)


def check(source: str) -> str:
    """The source, a folder's path made absolute. Raises CourseError for what is no set's name."""
    feed.need("datasets", "webdataset")
    name = source.removeprefix(PREFIX)
    if os.path.isdir(folder := os.path.abspath(os.path.expanduser(name))):
        return PREFIX + folder
    if not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", name):
        raise CourseError(
            f"{source!r} is neither a set of the Hub, 'hub:owner/name', nor a folder here that is "
            "laid out like one, 'hub:/path'."
        )
    return source


class Hub:
    """A set of the Hub: rows of an image and perhaps a label; and what cleans them."""

    def __init__(self, source: str, root: Path, side: int) -> None:
        import datasets

        self.name, self.root, self.side = source.removeprefix(PREFIX), Path(root), side
        try:
            parts = datasets.load_dataset(self.name, streaming=True)
            part = "train" if "train" in parts else next(iter(parts))
            found, features = parts[part], parts[part].features or {}
        except Exception as error:  # of half a dozen libraries
            why = f"cannot be opened ({type(error).__name__}: {printable(error)[:200]})"
            raise CourseError(f"The set {self.name!r} {why}. {OFFLINE}") from error
        kinds = {kind: [n for n, f in features.items() if isinstance(f, kind)]
                 for kind in (datasets.Image, datasets.ClassLabel)}  # fmt: skip
        if not kinds[datasets.Image]:
            held = f"it has {', '.join(map(printable, features)) or 'none that is described'}"
            raise CourseError(f"The set {self.name!r} has no column of images: {held}.")
        self.image, self.label = (next(iter(names), "") for names in kinds.values())
        self.words = features[self.label].names if self.label else []
        splits = found.info.splits or {}
        self.number = splits[part].num_examples if part in splits else None
        raw = found.select_columns([self.image, *filter(None, [self.label])])
        self.rows = raw.cast_column(self.image, datasets.Image(decode=False))
        self.limits = clean.LIMITS | by_hand.limits(self.root)
        self.decided = by_hand.decisions(self.root)
        self.judges = Known(2 * feed.JUDGED)
        self.turned_away: Counter[str] = Counter()

    def __call__(self, seed: int, epoch: int, skip: int) -> Iterator[tuple]:
        """Training photos without end: what feed.StreamedSet takes."""
        return feed.endless(self._pass, seed, epoch, skip, self.tally)

    def _pass(self, text: str, _: int) -> Iterator[tuple]:
        from datasets.distributed import split_dataset_by_node

        order = self.rows.shuffle(int(feed.fingerprint(text)[:8], 16), buffer_size=1)  # its files
        return self.new(split_dataset_by_node(order, processes.rank(), processes.count()))

    def new(self, rows: Iterable[dict]) -> Iterator[tuple]:
        """The photos of a pass that pass the rules and are new."""
        known = Known(KNOWN)
        for verdict, photo in in_threads(partial(self.judged, feed.as_bytes), rows):
            if not verdict.keep:
                self.turned_away[verdict.rule] += 1
            elif self.judges.near(verdict.fingerprint, self.limits["alike"]):
                self.turned_away["like one that judges"] += 1
            elif known.near(verdict.fingerprint, self.limits["near-duplicate"]):
                self.turned_away["near-duplicate"] += 1
            else:
                known.add(verdict.fingerprint)
                yield photo

    def judged(self, convert: Callable[[Image.Image], object], row: dict) -> tuple:
        """(the verdict on a row by the rules that look at one photo, what it is converted to)."""
        photo = Photo("", "")
        try:
            content = self._content(row[self.image] or {})
            query = self.words[row[self.label]] if self.label else self.name.rsplit("/", 1)[-1]
            photo = Photo(printable(query, "?"), f"{PREFIX}{self.name}", sha256=sha256_of(content))
            measure(content, decode=False)
            verdict = clean.by_rule(photo, look(io.BytesIO(content)), self.limits)
            kept = by_hand.match(self.decided, [photo.sha256]).get(photo.sha256, verdict.keep)
            if not (kept and verdict.fingerprint):
                return verdict.rejected(verdict.rule or "by hand", verdict.reason), None
            picture = feed.square_of(content, self.side)
            return replace(verdict, keep=True), convert(picture)
        except Exception as error:  # hostile bytes, a label out of range, a file that is gone
            return clean.by_rule(photo, {"unreadable": printable(error)}, self.limits), None

    def _content(self, cell: dict) -> bytes:
        """The bytes of an image, which lie in the row, or in a file of this set and of no other."""
        if (content := cell.get("bytes")) is None:
            from datasets.utils.file_utils import xopen

            path = str(cell.get("path"))
            there = path.rpartition("::")[2]
            ours = there.startswith(f"hf://datasets/{self.name}@")
            inside = os.path.realpath(there).startswith(os.path.realpath(self.name) + os.sep)
            if not (ours or inside and os.path.isdir(self.name)):
                raise Rejected("it lies outside the set")
            with xopen(path, "rb") as file:
                content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise Rejected(f"larger than {MAX_BYTES // 1_000_000} MB")
        return content

    def tally(self) -> str:
        """What was turned away so far, in words."""
        counts = [f"{rule} ({n:,})" for rule, n in self.turned_away.most_common()]
        return f"turned away {', '.join(counts)}" if counts else "nothing was turned away"


def data(source: str, root: Path, size: int) -> feed.StreamedData:
    """What a network is trained and judged on, of a set of the Hub: its first good photos judge.

    Raises CourseError where there is no such set, no network, no column of images, or too little.
    """
    hub = Hub(source, root, feed.stored(size))
    want = FEW if hub.number is None else min(feed.JUDGED, max(1, round(SHARE * hub.number)))
    dealt: dict[str, list] = {"validation": [], "test": [], "tint": []}  # the last trains, too
    for verdict, picture in in_threads(partial(hub.judged, lambda same: same), hub.rows):
        if not verdict.keep:
            hub.turned_away[verdict.rule] += 1
        elif not hub.judges.near(verdict.fingerprint, hub.limits["alike"]):
            least = min(dealt, key=lambda name: len(dealt[name]))
            dealt[least].append((verdict.photo, picture))
            if least != "tint":
                hub.judges.add(verdict.fingerprint)
        if len(dealt["tint"]) == want:
            break
    if not dealt["tint"]:
        raise CourseError(f"The set {hub.name!r} has too few photos: {hub.tally()}.")
    sets = {name: feed.in_memory(found, len(found), size) for name, found in dealt.items()}
    tint = torch.from_numpy(sets["tint"].ab.mean(axis=(0, 2, 3)) - 128).float()
    shas = [row["sha256"] for name in ("validation", "test") for row in sets[name].rows]
    photos = max(1, (hub.number or UNTOLD) - len(shas))
    told = "as the set tells" if hub.number else "the set does not tell how many it has"
    print(
        f"{hub.name}: {len(sets['validation'])} photos validate, {len(sets['test'])} test; an "
        f"epoch is {photos:,} photos ({told}). So far {hub.tally()}.\n{TOLD}"
    )
    return feed.data(sets, photos, hub, tint, [hub.name, shas, hub.limits], root)


class Known:
    """An index of the last fingerprints: is a new one within some bits of any?"""

    def __init__(self, most: int) -> None:
        self.prints, self.count = np.empty((most, 2), np.uint64), 0

    def add(self, fingerprint: tuple[int, int]) -> None:
        """Remember one; the oldest goes where there are too many."""
        self.prints[self.count % len(self.prints)] = fingerprint
        self.count += 1

    def near(self, fingerprint: tuple[int, int], limit: float) -> bool:
        """Whether one of them is at most `limit` of 128 bits away."""
        new, known = np.array(fingerprint, np.uint64), self.prints[: self.count]
        close = known[np.bitwise_count(known[:, 1] ^ new[1]) <= limit]
        return bool((np.bitwise_count(close ^ new).sum(axis=1, dtype=int) <= limit).any())
