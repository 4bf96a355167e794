"""Colour many photos in one go: `python -m colourlib colourise PHOTO... -o OUT`.

What goes wrong with one photo is told in a line, and the others go on. No photo is changed, no
file that is there is overwritten unasked, and what is written is there whole or not at all.
"""

import errno
import io
import math
import os
import re
import sys
import time
import warnings
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from ..common import files, processes
from ..common.errors import CourseError
from ..common.pictures import unusual
from ..common.stop import Stop
from ..common.unreadable import LARGE, open_photo
from . import names, save
from .names import Job

FULL = (errno.ENOSPC, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC))  # for each file
COLOURED = 24  # spread of R, G and B: from here on a pixel is coloured; JPEG tints grey a little
CTRL_C, DISK = "stopped by Ctrl-C", "there is no room on the disk"
AGAIN = "Make room, or choose another disk, and give the same command again: what is done stays."

THERE = "the coloured file is there already and stays (--force: colour anew)"
OURS = "coloured by this program before, so left out"
OWN_COLOURS = "the colours that were there are ignored"
FIRST_FRAME = "only the first frame or page is coloured"
DEEP = "only 8 bits a channel are kept"
ON_WHITE = "what is see-through lies on white, because a JPEG has no transparency"


@dataclass
class Batch:
    """What became of the photos."""

    out: Path  # where the coloured ones lie
    coloured: list[Path] = field(default_factory=list)  # the files written
    skipped: list[tuple[Path, str]] = field(default_factory=list)  # photo, and why
    failed: list[tuple[Path, str]] = field(default_factory=list)  # photo, what is wrong, what to do
    notes: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))  # by fact
    left: int = 0  # photos that were not begun, or not to their end
    stopped: str = ""  # why they were not
    seconds: float = 0.0

    @property
    def code(self) -> int:
        """The exit code: 0 all is done, 1 something failed, 130 Ctrl-C."""
        return 130 if self.stopped == CTRL_C else int(bool(self.failed or self.stopped))

    def summary(self) -> str:
        """One line: '12 coloured, 1 skipped, 0 failed in 8.4 s. They lie in results.'"""
        line = f"{len(self.coloured)} coloured, {len(self.skipped)} skipped"
        line += f", {len(self.failed)} failed in {self.seconds:.1f} s."
        if len(self.coloured) == 1:
            line += f" It is {shown(self.coloured[0])}."
        elif self.coloured:
            line += f" They lie in {shown(self.out)}."
        return line + (f" {self.left} not begun: {self.stopped}." if self.stopped else "")

    def skip(self, photo: Path, why: str) -> None:
        self.skipped.append((photo, why))
        self.notes[why].append(photo)

    def fail(self, photo: Path, why: str) -> None:
        """Keep what is wrong with a photo, and say so at once."""
        self.failed.append((photo, why))
        self.say([f"{shown(photo)}: {shown(why)}"], sys.stderr)

    def new(self, jobs: Iterable[Job], force: bool) -> Iterator[Job]:
        """The jobs whose file is not there yet; of the others it keeps why they are left out."""
        for job in jobs:
            if force or not os.path.lexists(job.out):
                yield job
            else:
                self.left -= 1
                self.skip(job.photo, THERE)

    def say(self, lines: Iterable[str], stream) -> None:
        """Print lines so that the progress bar stays whole."""
        code = getattr(stream, "encoding", None) or "utf-8"
        for line in lines:  # a name may hold letters that it does not know
            tqdm.write(line.encode(code, "backslashreplace").decode(code), file=stream)

    def about(self) -> list[str]:
        """A line for each fact, with up to three photos that it is about: 'a, b, c and 12 more'."""
        lines = []
        for fact, photos in self.notes.items():
            more = f" and {len(photos) - 3} more" if len(photos) > 3 else ""
            lines.append(f"{', '.join(map(shown, photos[:3]))}{more}: {fact}")
        return lines


def colourise_files(
    photos: Sequence[str | Path], out: str | Path, model=None, saturation: float = 1.0,
    force: bool = False, vivid: bool = False, temperature: float | None = None,
    hints: str | Path | None = None,
) -> Batch:  # fmt: skip
    """Colour files and folders of photos, or those in shards, and say how it went.

    out: a folder, in which the sub-folders of folders are mirrored; or, for one photo, a file that
    ends in .jpg, .png, .webp or .tif. Files that are there are left alone without `force`, a photo
    itself in any case. model, saturation, vivid, temperature: as in `colourise`; the model is
    loaded once. hints: the JSON file with the hints of the one photo.
    Ctrl-C (the square in a notebook) lets the photo in work be finished; a second one does not.
    Raises CourseError, with nothing done, for mistakes that concern all: no photo, a model that
    cannot be loaded, a saturation below 0, an OUT that cannot be written to or is a photo itself.
    """
    if not (isinstance(saturation, (int, float)) and 0 <= saturation < math.inf):
        raise CourseError(f"The saturation is {saturation!r}; give a number from 0 (grey) up.")
    if temperature is not None and not vivid:
        raise CourseError("--temperature belongs to --vivid: give both.")
    out = os.path.expanduser(out)
    start, done = time.perf_counter(), Batch(Path(out))
    given = [photos] if isinstance(photos, (str, Path)) else photos
    in_shards = any(str(photo).startswith("shards:") for photo in given)
    todo = names.Plan() if in_shards else names.plan(given, out)
    if hints is not None and (in_shards or len(todo.jobs) + len(todo.amiss) != 1):
        raise CourseError("--hints belong to one photo: give that one alone.")
    if in_shards:
        mine, done.left = _in_shards(given, done.out)
        waiting = done.new(mine, force)
    else:
        count, rank = processes.count(), processes.rank()
        # Another process of this launcher colours the others, whatever is there by now.
        mine = [job for job in todo.jobs if zlib.crc32(os.fsencode(job.out)) % count == rank]
        done.left = len(mine)
        waiting = list(done.new(mine, force))
    one = todo.jobs[0].photo if todo.jobs else done.out  # whose hints they are
    painter = done.left and _painter(model, saturation, vivid, temperature, hints, one)
    done.say(map(shown, todo.remarks), sys.stdout)
    for photo, why in todo.amiss:
        done.fail(photo, why)
    if done.left:
        _work(waiting, *painter, done)
    done.seconds = time.perf_counter() - start
    done.say(map(shown, [*done.about(), done.summary()]), sys.stdout)
    return done


def _in_shards(given: Sequence[str | Path], out: Path) -> tuple[Iterator[Job], int]:
    """(The photos in this process's shards, as they come; how many they are): OUT/shard/photo."""
    if len(given) > 1:
        raise CourseError("Shards are coloured alone: give shards:FOLDER and nothing else.")
    names.check_place(out.absolute())
    from ..stream import shards  # with torch: not before it is needed

    _, found = shards.find(str(given[0]))
    mine = sorted(found)[processes.rank() :: processes.count()]

    def jobs() -> Iterator[Job]:
        for url in mine:
            for sample in shards.samples([url]):
                content, ending = shards.picture_in(sample)
                name = re.sub(r"[^\w-]", "_", sample["__key__"])[:80]  # a stranger may have made it
                file = names.written(Path(Path(url).stem, f"{name}.{ending}"))
                yield Job(Path(url, file.name), out / file, True, io.BytesIO(content))

    return jobs(), sum(found[url]["photos"] for url in mine)


def _painter(
    model, saturation: float, vivid: bool, temperature: float | None, file, photo: Path
) -> tuple[Callable[[Image.Image], Image.Image], str]:
    """(what colours a picture, the name of its weights); file: of the hints of the one photo."""
    from ..colourise import colourise_ours, known, vividly
    from ..hints import read
    from ..runs import weights  # torch and all that: not before a photo waits for it

    loaded = model if callable(model) or isinstance(model, tuple) else weights.load(model)
    told = weights_name(model)
    if vivid:
        loaded = vividly(*known(loaded), temperature)
        told += f", vivid at T = {loaded[0].temperature:g}"
    hints = read(file, photo) if file is not None else ()
    told += f", with {len(hints)} hint{'s' * (len(hints) != 1)}" if hints else ""
    return lambda image: colourise_ours(image, loaded, saturation, hints), told


def weights_name(model) -> str:
    """What a file says of the weights that coloured it."""
    if isinstance(model, (str, Path)):
        return files.pasted(model).resolve().name
    if isinstance(model, tuple):  # of weights.load
        return str(model[1].get("run", model[1]["network"]))
    return "as shipped" if model is None else getattr(model, "name", type(model).__name__)


def _work(jobs: Iterable[Job], paint, weights: str, done: Batch) -> None:
    """Colour photo after photo until all are done, the disk is full or Ctrl-C is pressed."""
    no_bar = True if done.left < 2 else None  # None: only on a terminal
    try:
        with Stop() as ctrl_c, tqdm(jobs, unit="photo", total=done.left, disable=no_bar) as bar:
            for job in bar:
                try:
                    _colour(job, paint, weights, done)
                except Exception as error:
                    done.fail(job.photo, one_line(error))
                    done.stopped = DISK if isinstance(error, _DiskFull) else ""
                done.left -= 1
                if ctrl_c.pressed:
                    done.stopped = CTRL_C
                if done.stopped:
                    break
    except KeyboardInterrupt:  # pressed twice: what is half done is nothing
        done.stopped = CTRL_C


class _DiskFull(CourseError):
    """No other photo could be written either."""


def _colour(job: Job, paint, weights: str, done: Batch) -> None:
    """Colour one photo and write it. Raises CourseError and whatever a network raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about large files and broken EXIF; a bar stands here
        image, more = open_photo(job.content or job.photo)
        with image:
            if job.found and save.is_ours(image):
                return done.skip(job.photo, OURS)
            deep, own = image.mode[0] in "IF", has_colours(image)
            odd = unusual(image)
            facts = {OWN_COLOURS: own, FIRST_FRAME: more, DEEP: deep, odd: odd}
            picture = paint(image)
    kind = names.FORMATS[job.out.suffix.lower()]
    facts[ON_WHITE] = kind == "JPEG" and picture.mode == "RGBA"
    try:
        content = save.encode(picture, kind, weights)
    except (OSError, ValueError) as error:
        raise CourseError(f"does not fit into a {kind} file ({error}). Choose .png.") from error
    try:
        job.out.parent.mkdir(parents=True, exist_ok=True)
        files.write(job.out, content)
    except OSError as error:
        if error.errno in FULL:
            raise _DiskFull(f"no room in {job.out.parent} ({error.strerror}). {AGAIN}") from error
        why = "it is a folder" if os.path.isdir(job.out) else error.strerror
        raise CourseError(f"cannot be written to {job.out}: {why}.") from error
    done.coloured.append(job.out)
    for fact, holds in facts.items():
        if holds:
            done.notes[fact].append(job.photo)


def has_colours(image: Image.Image) -> bool:
    """Is the picture coloured already? A sepia one is, a grey one stored as RGB is not."""
    if image.mode in ("1", "L", "LA", "La") or image.mode[0] in "IF":
        return False
    sample = image.resize((64, 64), Image.Resampling.NEAREST).convert("RGB")
    return bool((np.ptp(np.asarray(sample), axis=-1) > COLOURED).mean() > 0.005)


def one_line(error: Exception) -> str:
    """What went wrong with a photo, in a line."""
    words = " ".join(str(error).split())
    if isinstance(error, CourseError):
        return words
    if isinstance(error, MemoryError) or "t allocate memory" in words:
        return LARGE
    return f"could not be coloured ({type(error).__name__}: {words[:200]})"


def shown(text: str | Path, most: int = 300) -> str:
    """Text without characters that could do something to a terminal; of long text the two ends."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))
    return text if len(text) <= most else f"{text[: most // 2]}...{text[-most // 2 :]}"
