"""Colour many photos in one go: `python -m colourlib colourise PHOTO... -o OUT`.

What goes wrong with one photo is told in a line, and the others go on. No photo is changed, no
file that is there is overwritten unasked, and what is written is there whole or not at all.
"""

import errno
import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from ..common import files
from ..common.errors import CourseError
from ..common.unreadable import LARGE, open_photo
from . import names, save
from .names import Job

FULL = (errno.ENOSPC, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC))  # for each file
GREY_MODES = ("1", "L", "LA", "La", "F")  # of Pillow; and I and its kin
COLOURED = 24  # spread of R, G and B: from here on a pixel is coloured; JPEG tints grey a little
CTRL_C, DISK = "stopped by Ctrl-C", "there is no room on the disk"
AGAIN = (
    "Make room or choose another disk, and give the same command again: what is done stays done."
)

THERE = "the coloured file is there already and stays (--force: colour anew)"
OURS = "coloured by this program before, so left out"

OWN_COLOURS = "their own colours are ignored"
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
    notes: dict[str, list[Path]] = field(default_factory=dict)  # a fact, and the photos it is about
    left: int = 0  # photos that were not begun, or not to their end
    stopped: str = ""  # why they were not
    seconds: float = 0.0

    @property
    def code(self) -> int:
        """The exit code: 0 all is done, 1 something failed, 130 Ctrl-C."""
        if self.stopped == CTRL_C:
            return 130
        return 1 if self.failed or self.stopped else 0

    def summary(self) -> str:
        """One line: '12 coloured, 1 skipped, 0 failed in 8.4 s. They lie in results.'"""
        counts = f"{len(self.coloured)} coloured, {len(self.skipped)} skipped"
        counts += f", {len(self.failed)} failed in {self.seconds:.1f} s."
        where = f" They lie in {shown(self.out)}." if self.coloured else ""
        if len(self.coloured) == 1:
            where = f" It is {shown(self.coloured[0])}."
        stop = f" {self.left} not begun: {self.stopped}." if self.stopped else ""
        return counts + where + stop

    def about(self) -> list[str]:
        """A line for each fact about the results, with the photos that it is about."""
        facts = dict(self.notes)
        for photo, why in self.skipped:
            facts.setdefault(why, []).append(photo)
        return [f"{_some(photos)}: {fact}" for fact, photos in facts.items()]


def colourise_files(
    photos: Sequence[str | Path], out: str | Path, model=None, saturation: float = 1.0,
    force: bool = False, quiet: bool = False,
) -> Batch:  # fmt: skip
    """Colour files and folders of photos, and say how it went; `quiet` says nothing.

    out: a folder, in which the sub-folders of folders are mirrored; or, for one photo, a file that
    ends in .jpg, .png, .webp or .tif. Files that are there are left alone without `force`, a photo
    itself in any case. model, saturation: as in `colourise`; the model is loaded once.
    Ctrl-C (the square in a notebook) lets the photo in work be finished; a second one does not.
    Raises CourseError, with nothing done, for mistakes that concern all: no photo, a model that
    cannot be loaded, a saturation below 0, an OUT that cannot be written to or is a photo itself.
    """
    if not (isinstance(saturation, (int, float)) and 0 <= saturation < math.inf):
        raise CourseError(f"The saturation is {saturation!r}; give a number from 0 (grey) up.")
    out = os.path.expanduser(out)
    todo, start = names.plan(photos, out), time.perf_counter()
    done = Batch(Path(out), failed=list(todo.amiss))
    there = {job for job in todo.jobs if os.path.lexists(job.out) and not force}
    done.skipped = [(job.photo, THERE) for job in todo.jobs if job in there]
    waiting = [job for job in todo.jobs if job not in there]
    paint, weights = _painter(model, saturation) if waiting else (None, "")
    _say(map(shown, todo.remarks), sys.stdout, quiet)
    _say([_failure(*one) for one in todo.amiss], sys.stderr, quiet)
    if waiting:
        _work(waiting, paint, weights, done, quiet)
    done.seconds = time.perf_counter() - start
    _say(map(shown, [*done.about(), done.summary()]), sys.stdout, quiet)
    return done


def _painter(model, saturation: float) -> tuple[Callable[[Image.Image], Image.Image], str]:
    """(what colours a picture, the name of its weights)."""
    from ..colourise import colourise_ours
    from ..runs import weights  # torch and all that: not before a photo waits for it

    loaded = model if callable(model) or isinstance(model, tuple) else weights.load(model)
    return lambda image: colourise_ours(image, loaded, saturation), weights_name(model)


def weights_name(model) -> str:
    """What a file says of the weights that coloured it."""
    if isinstance(model, (str, Path)):
        return Path(model).expanduser().resolve().name
    if isinstance(model, tuple):  # of weights.load
        return str(model[1].get("run", model[1]["network"]))
    return "as shipped" if model is None else getattr(model, "name", type(model).__name__)


def _work(jobs: list[Job], paint, weights: str, done: Batch, quiet: bool) -> None:
    """Colour photo after photo until all are done, the disk is full or Ctrl-C is pressed."""
    from ..runs.stop import Stop  # brings torch along, see above

    done.left = len(jobs)
    no_bar = True if quiet or len(jobs) < 2 else None  # None: only on a terminal
    try:
        with Stop() as stop, tqdm(jobs, unit="photo", disable=no_bar) as bar:
            for job in bar:
                try:
                    _colour(job, paint, weights, done)
                except Exception as error:
                    done.failed.append((job.photo, one_line(error)))
                    _say([_failure(*done.failed[-1])], sys.stderr, quiet)
                    done.stopped = DISK if isinstance(error, _DiskFull) else ""
                done.left -= 1
                if stop.pressed:
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
        image, more = open_photo(job.photo)
        with image:
            if job.found and save.is_ours(image):
                done.skipped.append((job.photo, OURS))
                return
            facts = {OWN_COLOURS: has_colours(image), FIRST_FRAME: more}
            facts[DEEP] = image.mode[0] in "IF"
            picture = paint(image)
    kind = names.FORMATS[job.out.suffix.lower()]
    facts[ON_WHITE] = kind == "JPEG" and picture.mode == "RGBA"
    try:
        content = save.encode(picture, kind, weights)
    except (OSError, ValueError) as error:
        raise CourseError(f"does not fit into a {kind} file ({error}). Choose .png.") from error
    _write(job.out, content)
    done.coloured.append(job.out)
    for fact in (fact for fact, holds in facts.items() if holds):
        done.notes.setdefault(fact, []).append(job.photo)


def has_colours(image: Image.Image) -> bool:
    """Is the picture coloured already? A sepia one is, a grey one stored as RGB is not."""
    if image.mode in GREY_MODES or image.mode.startswith("I"):
        return False
    sample = image.resize((64, 64), Image.Resampling.NEAREST).convert("RGB")
    return bool((np.ptp(np.asarray(sample), axis=-1) > COLOURED).mean() > 0.005)


def _write(out: Path, content: bytes) -> None:
    """Put the file in place. Raises CourseError, and _DiskFull where others would fail as well."""
    if os.path.isdir(out):
        raise CourseError(f"cannot be written: {out} is a folder.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        files.write(out, content)
    except OSError as error:
        if error.errno in FULL:
            raise _DiskFull(f"no room in {out.parent} ({error.strerror}). {AGAIN}") from error
        raise CourseError(f"cannot be written to {out}: {error.strerror}.") from error


def _say(lines: Iterable[str], stream, quiet: bool) -> None:
    """Print lines so that the progress bar stays whole, unless it is to be quiet."""
    code = getattr(stream, "encoding", None) or "utf-8"
    for line in () if quiet else lines:  # a name may hold letters that the stream does not know
        tqdm.write(line.encode(code, "backslashreplace").decode(code), file=stream)


def _failure(photo: Path, why: str) -> str:
    return f"{shown(photo)}: {shown(why)}"


def _some(paths: list[Path], most: int = 3) -> str:
    """'a.jpg, b.jpg, c.jpg and 12 more'"""
    more = f" and {len(paths) - most} more" if len(paths) > most else ""
    return ", ".join(shown(path) for path in paths[:most]) + more


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
