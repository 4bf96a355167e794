"""What the training loop sees of photos that stream: it looks like prepared ones.

What judges lies in memory as ever. Training photos come one after the other, and are cut into crops
by the same code, with the same dice, as prepared ones.
"""

import hashlib
import importlib.util
import io
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, islice
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from ..clean.measures import in_threads
from ..collect.manifest import Photo
from ..colour import scale_ab
from ..common.errors import CourseError
from ..common.lab import rgb_to_lab
from ..common.pictures import open_picture, square
from ..data import BATCH_SIZE, PHOTO_CROP, SCENE_CROP, Batches, PhotoData, PhotoSet
from ..practice import is_practice
from ..prepare.make import ROOM, row_of, store

AHEAD = 4  # batches that are made while the network is busy with the one before
BUFFER, FIRST = 2000, 500  # photos that are mixed; that have to be there before the first is drawn
JUDGED = 500  # photos that validate, and that test, at most: they lie in memory
FINE = 16  # steps to one unit of Lab in which a and b are added up


@dataclass(frozen=True)
class StreamedSet(PhotoSet):
    """Training photos that pass by: how many an epoch has, and where they come from.

    stream(seed, epoch, skip) yields, without end, L (S, S) and ab (2, S/4, S/4) as bytes of photo
    after photo, those of this process (RANK of WORLD_SIZE), the first `skip` of them left out.
    L and ab of the set itself are empty.
    """

    photos: int = 0
    stream: Callable[[int, int, int], Iterator[tuple[np.ndarray, np.ndarray]]] | None = None

    def __len__(self) -> int:
        return self.photos

    def __getitems__(self, indices: list[int]):
        raise CourseError(
            "Photos that stream have no numbers: take batches, next(iter(data.loader())). What "
            "judges can be looked at one by one: data.validation[0]."
        )

    def to(self, device) -> "StreamedSet":
        """The same set: nothing of it lies anywhere."""
        return self


@dataclass(frozen=True)
class StreamedData(PhotoData):
    """What a network is trained and judged on, with training photos that stream."""

    def loader(self, batch_size: int = BATCH_SIZE, seed: int = 0) -> "Loader":
        """Batches as `PhotoData.loader` has them; raises CourseError as that does."""
        return Loader(self.train, super().loader(batch_size, seed).batch_sampler)


class Loader:
    """Batches x (B, 1, H, W), y (B, 2, H, W) of a stream; `batch_sampler` says where it stands.

    Begun in the middle of an epoch it gives what an epoch that was never stopped would have given.
    """

    def __init__(self, photos: StreamedSet, sampler: Batches) -> None:
        self.photos, self.batch_sampler = photos, sampler

    def __len__(self) -> int:
        return len(self.batch_sampler)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        sampler, ready = self.batch_sampler, None
        epoch, first = sampler.epoch, sampler.first
        for batch in sampler:  # numbers of photos, of which a stream takes how many they are
            if ready is None:
                photos = self.photos.stream(sampler.seed, epoch, first * len(batch))
                ready = _ahead(photos, len(batch))
            L, ab = next(ready)
            batch[:] = range(len(batch))
            yield PhotoSet(L, ab, [], self.photos.size, self.photos.crop).__getitems__(batch)


def _ahead(photos: Iterator, count: int) -> Iterator[list[np.ndarray]]:
    """Stacked L and ab of `count` photos at a time, made by a thread while the network is busy."""

    def stacked() -> list[np.ndarray]:
        return [np.stack(part) for part in zip(*islice(photos, count), strict=True)]

    with ThreadPoolExecutor(1) as pool:
        waiting = deque(pool.submit(stacked) for _ in range(AHEAD))
        try:
            while True:
                yield waiting.popleft().result()
                waiting.append(pool.submit(stacked))
        finally:
            pool.shutdown(cancel_futures=True)


def endless(
    one_pass: Callable[[str, int], Iterator], seed: int, epoch: int, skip: int, empty: Callable
) -> Iterator:
    """Photos pass after pass, mixed, without the first `skip`: see StreamedSet.

    one_pass(text, skip) gives a pass, text is what its order follows from; None stands for a photo
    that cannot be used, or need not be decoded because it is skipped. empty() says what to do about
    a pass in which nothing came, for CourseError.
    """
    for turn in count():
        text, came = f"{seed} {epoch} {turn}", 0
        for photo in mix(one_pass(text, skip), text):
            came, skip = came + (skip > 0 or photo is not None), skip - 1
            if skip < 0 and photo is not None:
                yield photo
        if not came:
            raise CourseError(f"Not one photo is left to train on: {empty()}.")


def mix(photos: Iterable, text: str) -> Iterator:
    """A stream mixed by a buffer, the same way for the same text."""
    import webdataset

    return webdataset.shuffle(BUFFER, initial=FIRST, seed=text)(iter(photos))


def in_memory(photos: Iterable[tuple[Photo, Image.Image]], number: int, size: int) -> PhotoSet:
    """At most `number` photos at full resolution, as `prepare` stores those that judge."""
    side, rows = stored(size), []
    shapes = {"L": (number, side, side), "ab": (number, 2, side, side)}
    for photo, picture in islice(photos, number):
        if not rows:
            shapes |= {"optimum": shapes["ab"]} if is_practice(photo.url) else {}
            arrays = {name: np.empty(shape, np.uint8) for name, shape in shapes.items()}
        if "optimum" not in arrays or is_practice(photo.url):
            store(arrays, len(rows), picture, photo)
            rows.append(row_of(photo))
    if not rows:
        raise CourseError("Not one of the photos that judge could be read: look at the set.")
    return PhotoSet(rows=rows, size=size, **{name: a[: len(rows)] for name, a in arrays.items()})


def data(
    judges: dict[str, PhotoSet], photos: int, stream: Callable, tint: Tensor, content: list, root
) -> StreamedData:
    """What a network is trained and judged on. tint: (2,) Lab units; content: names the set."""
    judging = judges["validation"]
    crop, nothing = (PHOTO_CROP if judging.optimum is None else SCENE_CROP), judging.L[:0]
    train = StreamedSet(nothing, nothing, [], judging.size, crop, photos=photos, stream=stream)
    table()  # made here, so that the first step does not wait for it
    name, runs = fingerprint([*content, judging.size]), Path(root) / "runs"
    return StreamedData(train, judging, scale_ab(tint), name, runs, judges.get("test"))


def stored(size: int) -> int:
    """The side at which photos are stored that a network sees at `size`, as `prepare` does."""
    return round(size * ROOM / 4) * 4


def square_of(content: bytes, side: int) -> Image.Image:
    """The middle square of a picture file's bytes. Raises as `open_picture` does."""
    return square(open_picture(io.BytesIO(content), side), side)


def fingerprint(content: object) -> str:
    """What changes with the photos, the split and the size: 12 digits."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def need(*packages: str) -> None:
    """Raise CourseError where a package that streaming needs is not installed."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise CourseError(
            f"Photos that stream need {' and '.join(missing)}. "
            f'Install with: pip install -e ".[scale]"'
        )


@lru_cache(maxsize=1)
def table() -> np.ndarray:
    """(2**24,) uint32, 64 MB: L as a byte, a and b in 12 bits each, of colour R + 256 G + 65536 B.

    Made once, in seconds: then a photo is converted by looking up, in a quarter of the time.
    """
    red, green = np.meshgrid(*2 * [np.arange(256, dtype=np.uint8)])
    found = np.empty((256, 65536), np.uint32)

    def fill(blue: int) -> None:
        L, ab = rgb_to_lab(np.stack([red, green, np.full_like(red, blue)], axis=-1))
        L, (a, b) = np.rint(L * 2.55), np.rint((np.moveaxis(ab, -1, 0) + 128) * FINE)
        packed = [part.clip(0, 4095).astype(np.uint32).reshape(-1) for part in (L, a, b)]
        found[blue] = packed[0] | packed[1] << 8 | packed[2] << 20

    list(in_threads(fill, range(256)))
    return found.reshape(-1)


def as_bytes(picture: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """L (S, S) and ab (2, S/4, S/4) of a square RGB picture, as `prepare` stores them.

    S is a multiple of 4. One value in a hundred is one step off, by rounding.
    """
    side = picture.width
    colours = np.frombuffer(picture.tobytes("raw", "RGBX"), "<u4") & 0xFFFFFF
    packed = table().take(colours)  # (S * S,)
    ab = np.stack([packed >> 8 & 4095, packed >> 20]).astype(np.uint16)
    rows = ab.reshape(2, side // 4, 4, side)
    rows = rows[:, :, 0] + rows[:, :, 1] + rows[:, :, 2] + rows[:, :, 3]
    ab = sum(rows[:, :, k::4] for k in range(4))  # of 16 pixels: 58,000 at most
    ab = (ab + np.uint16(8 * FINE)) // np.uint16(16 * FINE)
    return packed.astype(np.uint8).reshape(side, side), ab.astype(np.uint8)
