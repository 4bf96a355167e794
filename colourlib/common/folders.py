"""One walk over a folder of photos, for all who read one: what is taken, and what is left out."""

import contextlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from .files import printable
from .pictures import ENDINGS

# Folders of systems, disks and programs, in some of which lies what was deleted; and what is in one
# of a program.
SYSTEM = "$recycle.bin/system volume information/@eadir/@recycle/#recycle/#snapshot/__macosx/"
SYSTEM += "recycler/lost+found/node_modules/site-packages/__pycache__"
SYSTEM = frozenset(SYSTEM.split("/"))
OF_A_PROGRAM = ("pyvenv.cfg", "conda-meta")
RAW = (".cr2", ".cr3", ".nef", ".nrw", ".arw", ".dng", ".orf", ".rw2", ".pef", ".raf", ".srw")
# They begin like a photo: a film's still, half a download.
NO_PHOTO = {*RAW, ".thm", ".part", ".partial", ".crdownload", ".download"}
STARTS = {  # how the bytes of a photo begin, and what its name would end in
    rb"\xff\xd8\xff": ".jpg", rb"\x89PNG\r\n\x1a\n": ".png", rb"GIF8[79]a": ".gif",
    rb"RIFF....WEBP": ".webp", rb"II[*+]\0|MM\0[*+]": ".tif", rb"BM....\0{4}": ".bmp",
    rb"....ftypavi[fs]": ".avif", rb"....ftyp(hei|hev|mif1|msf1)": ".heic",
}  # fmt: skip
CONVERT = {  # photos that are not read here, and the way to them
    (".heic", ".heif"): "`pip install pillow-heif` and restart, or save them as JPEG",
    (*RAW, ".avif", ".jp2", ".jxl", ".psd"): "save them as JPEG or PNG in another program",
    (".zip", ".tar", ".gz", ".rar", ".7z"): "unpack them",
    (".pdf", ".docx", ".pptx", ".odt"): "save the pictures in them as JPEG",
}
NAMED = 6  # kinds and folders that the line names


class Walk:
    """The photos below a folder, when it is iterated: nothing hidden, nothing of a system.

    Links to folders are followed when all else is seen, each folder once, none up around the folder
    itself. A photo is what is named like one or, without a usual ending, begins like one. Then
    `closed` has what could not be read, and `left_out()` a line on the rest.
    """

    def __init__(self, folder: Path, skip: Iterable[Path] = ()):
        self.folder, self.closed = folder, []  # of OSError
        self.others: Counter[str] = Counter()
        self.systems: list[str] = []  # names of folders left out
        self._skip, self._seen = {os.path.realpath(path) for path in skip}, set()

    def __iter__(self) -> Iterator[Path]:
        starts, top = [self.folder], Path(os.path.realpath(self.folder))
        for start in starts:  # which grows by the links that are met
            again = os.path.realpath(start) in self._seen
            for here, folders, names in () if again else os.walk(start, onerror=self.closed.append):
                self._seen.add(real := os.path.realpath(here))
                inside, folders[:] = [Path(here, name) for name in sorted(folders)], []
                for path in inside:
                    target = Path(os.path.realpath(path))
                    if self._is_system(path):
                        self.systems.append(printable(path.name, "?"))
                    elif str(target) == os.path.join(real, path.name):
                        folders += [path.name] * (str(target) not in self._skip | self._seen)
                    elif target not in (top, *top.parents):  # which would be a circle
                        skip = self._skip & {str(target), *map(str, target.parents)}
                        starts += [path] * (not skip)
                yield from (p for name in sorted(names) if self._is_photo(p := Path(here, name)))

    def _is_system(self, folder: Path) -> bool:
        """Is it hidden, of a system or of a program?"""
        hidden = folder.name.startswith(".") or folder.name.lower() in SYSTEM
        return hidden or any(os.path.lexists(folder / mark) for mark in OF_A_PROGRAM)

    def _is_photo(self, file: Path) -> bool:
        """Is it named like a photo, or is it one by its bytes? Else it is counted by its ending."""
        kind = file.suffix.lower()
        broken = file.is_symlink() and not os.path.exists(file) and kind in ENDINGS
        if not (os.path.isfile(file) or broken):
            kind = "neither files nor folders"  # a pipe would never end, nor would /dev/zero
        elif kind not in (*ENDINGS, *NO_PHOTO):
            usual = kind if re.fullmatch(r"\.\w{1,9}", kind) else "without an ending"
            kind = _begins_like(file) or usual
        hidden = file.name.startswith(".")
        self.others[kind] += not hidden and kind not in ENDINGS
        return not hidden and kind in ENDINGS

    def left_out(self) -> str:
        """What was left out, in a line: '.heic (40), .txt (2), the folder .git. ...'; or ''."""
        counts = [(kind, count) for kind, count in self.others.most_common() if count]
        usable = {kind for kinds in CONVERT for kind in kinds}  # these first
        counts.sort(key=lambda count: count[0] not in usable)
        counts[NAMED:] = [("others", sum(n for _, n in counts[NAMED:]))] * (len(counts) > NAMED)
        parts = [f"{kind} ({count})" for kind, count in counts]
        names = list(dict.fromkeys(self.systems))
        names[NAMED:] = [f"{len(names) - NAMED} more"] * (len(names) > NAMED)
        parts += [f"the folder{'s' * (len(names) > 1)} {', '.join(names)}"] * bool(names)
        for kinds, way in CONVERT.items():
            if met := [kind for kind in kinds if self.others[kind]]:
                parts[-1] += f". To use {' and '.join(met)}: {way}"
        return ", ".join(parts)


def _begins_like(file: Path) -> str:
    """What the name of such a photo ends in; '' for what begins like none."""
    with contextlib.suppress(OSError), open(file, "rb") as opened:
        head = opened.read(16)
        return next((end for start, end in STARTS.items() if re.match(start, head, re.DOTALL)), "")
    return ""
