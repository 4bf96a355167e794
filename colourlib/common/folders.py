"""One walk over a folder of photos for all who read one: what is taken, what is left out and why.

People's folders hold links, the system's own folders, and photos whose names say nothing.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from .files import printable
from .pictures import ENDINGS

# Folders of systems, disks and programs; what was deleted lies in some of them.
SYSTEM = "$recycle.bin, system volume information, @eadir, @recycle, #recycle, #snapshot, __macosx"
SYSTEM += ", lost+found, node_modules, site-packages, __pycache__, recycler, found.000"
SYSTEM = frozenset(SYSTEM.split(", "))
OF_A_PROGRAM = ("pyvenv.cfg", "conda-meta")  # a folder that holds one is a program's
# What some begin like a photo and are none, or not yet: raw files, a film's still, half a download.
RAW = (".cr2", ".cr3", ".nef", ".nrw", ".arw", ".dng", ".orf", ".rw2", ".pef", ".raf", ".srw")
NO_PHOTO = {*RAW, ".thm", ".part", ".partial", ".crdownload", ".download", ".tmp"}
STARTS = {  # how the bytes of a photo begin, and what its name would end in
    rb"\xff\xd8\xff": ".jpg", rb"\x89PNG\r\n\x1a\n": ".png", rb"GIF8[79]a": ".gif",
    rb"RIFF....WEBP": ".webp", rb"II[*+]\0|MM\0[*+]": ".tif", rb"BM....\0{4}": ".bmp",
    rb"....ftypavi[fs]": ".avif", rb"....ftyp(hei|hev|mif1|msf1)": ".heic",
}  # fmt: skip
CONVERT = {  # photos that are not read here, and the way to them
    (".heic", ".heif"): "`pip install pillow-heif` and restart, or save them as JPEG",
    (*RAW, ".avif", ".jp2", ".jxl", ".psd"): "save them as JPEG or PNG in another program",
    (".zip", ".tar", ".gz", ".rar", ".7z"): "unpack them",
}
NAMED = 6  # kinds and folders that the line names


class Walk:
    """The photos below a folder, when it is iterated: sorted, nothing hidden, nothing of a system.

    Links to folders are followed once all else is seen, each folder once, none up around the folder
    itself. A photo is what is named like one or, without a usual ending, begins like one. `closed`
    has then what could not be read, and `left_out()` a line on the rest.
    """

    def __init__(self, folder: Path, skip: Iterable[Path] = ()):
        self.folder = folder
        self.closed: list[OSError] = []
        self.others: Counter[str] = Counter()
        self.folders: list[str] = []  # names of those left out
        self._skip = {os.path.realpath(path) for path in skip}
        self._seen: set[str] = set()

    def __iter__(self) -> Iterator[Path]:
        starts, top = [self.folder], Path(os.path.realpath(self.folder))
        for start in starts:  # which grows by the links that are met
            if os.path.realpath(start) in self._seen:
                self.others["links to folders that are read already"] += 1
                continue
            for here, folders, names in os.walk(start, onerror=self.closed.append):
                real = os.path.realpath(here)
                self._seen.add(real)
                inside = {name: Path(here, name) for name in sorted(folders)}
                inside = {n: p for n, p in inside.items() if not self._is_system(p)}
                reals = {name: os.path.realpath(path) for name, path in inside.items()}
                folders[:] = []
                for name, path in inside.items():
                    target = Path(reals[name])
                    if reals[name] == os.path.join(real, name):
                        if reals[name] not in self._skip | self._seen:
                            folders.append(name)
                    elif target in (top, *top.parents):
                        self.others["links in a circle"] += 1
                    elif not self._skip & set(map(str, (target, *target.parents))):
                        starts.append(path)
                yield from (p for name in sorted(names) if self._is_photo(p := Path(here, name)))

    def _is_system(self, folder: Path) -> bool:
        """Is it hidden, or of a system or a program? Then its name is kept."""
        name = folder.name
        found = name.startswith(".") or name.lower() in SYSTEM
        if found or any(os.path.lexists(folder / mark) for mark in OF_A_PROGRAM):
            self.folders.append(name)
            return True
        return False

    def _is_photo(self, file: Path) -> bool:
        """Is it named like a photo, or is it one by its bytes? Else it is counted by its ending."""
        if file.name.startswith("."):
            return False
        ending = file.suffix.lower()
        if not os.path.isfile(file):  # a pipe would never end; a link to nowhere is told of later
            if file.is_symlink() and ending in ENDINGS:
                return True
            ending = "neither files nor folders"
        elif ending in ENDINGS:
            return True
        elif ending not in NO_PHOTO:
            if (kind := _begins_like(file)) in ENDINGS:
                return True
            usual = re.fullmatch(r"\.\w{1,9}", ending)
            ending = kind or (ending if usual else "without an ending")
        self.others[ending] += 1
        return False

    def left_out(self) -> str:
        """What was left out, in a line: '.heic (40), .txt (2), the folder .git. ...'; or ''."""
        kinds = [f"{kind} ({count})" for kind, count in self.others.most_common(NAMED)]
        others = sum(self.others.values()) - sum(n for _, n in self.others.most_common(NAMED))
        kinds += [f"others ({others})"] * bool(others)
        names = [printable(name, "?") for name in dict.fromkeys(self.folders)]
        kinds += [f"the folder{'s' * (len(names) > 1)} {', '.join(names[:NAMED])}"] * bool(names)
        kinds += [f"{len(names) - NAMED} more"] * (len(names) > NAMED)
        for kind, way in CONVERT.items():
            if met := [ending for ending in kind if self.others[ending]]:
                kinds[-1] += f". To use {' and '.join(met)}: {way}"
        return ", ".join(kinds)


def _begins_like(file: Path) -> str:
    """What the name of such a photo ends in; '' for what begins like none."""
    try:
        with open(file, "rb") as opened:
            head = opened.read(16)
    except OSError:
        return ""
    return next((end for start, end in STARTS.items() if re.match(start, head, re.DOTALL)), "")
