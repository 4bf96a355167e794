"""Where files live and how big the course runs: the same answer for every notebook.

`open_workspace()` is the first line of each notebook. A workspace belongs to one source of
pictures and one setting (quick or full); whatever an earlier notebook would have left there is
made on demand by `photos()`, `cleaned()`, `prepared()` and `trained()`, each of which says so.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import time
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path


class CourseError(ValueError):
    """A mistake that the message explains: what is wrong, where, and what to do about it."""


@dataclass(frozen=True)
class Setting:
    """How much of everything: one of the two scales of the course."""

    name: str
    per_query: int  # pictures asked of each of the 38 queries
    photo_size: int  # side of the square that the network sees of a photo, pixels
    practice_size: int  # the same for practice scenes, which can be told apart when smaller
    minutes: float  # of training in 05_train
    alone: float  # of training where 06_evaluate finds no run: a notebook alone is to start soon
    cost: str  # what to expect, in words; printed by open_workspace


SETTINGS = {
    "quick": Setting(
        "quick", 36, 128, 64, 0.97, 0.25, "2 CPU cores, no network, at most two minutes a notebook"
    ),
    "full": Setting(
        "full", 100, 256, 128, 60, 60, "a GPU and the real web, hours of collecting and of training"
    ),
}


TORCHVISION = "torchvision:"  # how the name of a published data set starts
REMEMBERED = "as chosen last; open_workspace('practice', 'quick') goes back"


def _setting(name: str) -> Setting:
    """The setting of that name. Raises CourseError for a name that is not one."""
    if name in SETTINGS:
        return SETTINGS[name]
    near = difflib.get_close_matches(str(name), SETTINGS, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise CourseError(f"There is no setting {name!r}: choose 'quick' or 'full'.{hint}")


def home() -> Path:
    """The folder that holds every workspace: $COLOURLIB_HOME, else `data/` of the checkout."""
    if os.environ.get("COLOURLIB_HOME"):
        return Path(os.environ["COLOURLIB_HOME"]).expanduser().resolve()
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "notebooks").is_dir():  # an editable install: the repository itself
        return checkout / "data"
    return Path.cwd() / "colourlib_data"  # installed alone, as on Colab


def source_name(source: str) -> str:
    """A folder name for a source: a photo folder's own name gets a short hash of its path."""
    if source in ("practice", "bing") or source.startswith(TORCHVISION):
        return source.replace(":", "-")
    path = Path(source)
    tidy = re.sub(r"[^\w-]+", "_", path.name).strip("_") or "photos"
    return f"{tidy}-{hashlib.sha256(str(path).encode()).hexdigest()[:6]}"


def check_source(source: str | Path) -> str:
    """'practice', 'bing', 'torchvision:NAME', or the absolute path of an existing folder.

    Raises CourseError for anything else: nothing has been downloaded or written by then.
    """
    text = str(source)
    if text in ("practice", "bing"):
        return text
    if text.startswith(TORCHVISION):
        from ..collect.published import find

        find(text)
        return text
    path = Path(os.path.expanduser(text))
    if text and os.path.isdir(path):
        from ..collect.own_photos import check_folder

        check_folder(path)
        return str(path.resolve())
    if os.path.isfile(path):
        raise CourseError(
            f"The source {text!r} is a file. Give the folder that holds the pictures."
        )
    near = difflib.get_close_matches(text.lower(), ["practice", "bing", "torchvision:"], n=1)
    hint = f"Did you mean {near[0]!r}? " if near else _where_it_ends(path) if text else ""
    raise CourseError(
        f"There is no source {text!r}. {hint}Choose 'practice' (drawn scenes, works offline), "
        f"'bing' (photos from the web), 'torchvision:NAME' (a published data set, such as "
        f"'torchvision:Imagenette'), or the path of a folder of pictures."
    )


def _where_it_ends(path: Path) -> str:
    """Up to where a path exists, and the folder there whose name is most like the one missing."""
    path = Path.cwd() / path
    missing = [p for p in (path, *path.parents) if not os.path.isdir(p)][-1]
    there = missing.parent
    try:
        folders = [p.name for p in there.iterdir() if p.is_dir()]
    except OSError:
        folders = []
    near = difflib.get_close_matches(missing.name, folders, n=1)
    hint = f"Did you mean {str(there / near[0])!r}? " if near else ""
    return f"If it is meant as a folder: {there} has none called {missing.name!r}. {hint}"


def _remembered() -> dict:
    """The source and setting that a notebook named last, so that the next one goes on with them."""
    try:
        return json.loads((home() / "last_choice.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _remember(ws: Workspace) -> None:
    choice = {"source": ws.source, "setting": ws.setting.name}
    replace_text(home() / "last_choice.json", json.dumps(choice))


COMMAND_LINE = "COLOURLIB_COMMAND_LINE"  # set while `python -m colourlib course` runs notebooks


def _exists(source: str) -> bool:
    if source.startswith(TORCHVISION):
        from ..collect.published import SETS

        return source.removeprefix(TORCHVISION) in SETS
    return source in ("practice", "bing") or Path(source).is_dir()


def _short(path: Path) -> str:
    """The path as seen from the folder that holds every workspace: the same on each machine."""
    return f"{home().name}/{path.relative_to(home()).as_posix()}"


def _choice(what: str, given, default: str) -> tuple[str, str]:
    """(value, where it came from): the argument, the environment, the last choice, the default.

    `make course` runs notebooks that may name something else: there the environment comes first.
    """
    from_environment = os.environ.get(f"COLOURLIB_{what.upper()}")
    if given is not None and not (os.environ.get(COMMAND_LINE) and from_environment):
        return given, "named here"
    if given is not None and given != from_environment:
        return from_environment, f"from the command line; this notebook names {given!r}"
    if from_environment:
        return from_environment, f"from COLOURLIB_{what.upper()}"
    if what in (last := _remembered()):
        return last[what], REMEMBERED
    return default, "the default"


def open_workspace(source: str | Path | None = None, setting: str | None = None) -> Workspace:
    """Open the workspace of a source and a setting; print which, where, and on what device.

    source: 'practice', 'bing', 'torchvision:' and the name of a data set (see `sets.SETS`), or a
    folder of pictures; setting: 'quick' or 'full'. What is not given comes from COLOURLIB_SOURCE /
    COLOURLIB_SETTING, else from the notebook before, else it is practice and quick.
    Raises CourseError for a source or setting that does not exist.
    """
    raw_source, why_source = _choice("source", source, "practice")
    raw_setting, why_setting = _choice("setting", setting, "quick")
    if why_source == REMEMBERED and not _exists(raw_source):
        raw_source, why_source = "practice", f"{raw_source} is gone, so the default"
    ws = Workspace(check_source(raw_source), _setting(raw_setting))
    ws.root.mkdir(parents=True, exist_ok=True)
    if (source is not None or setting is not None) and not os.environ.get(COMMAND_LINE):
        _remember(ws)
    print(f"source   {ws.source} ({why_source})")
    print(f"setting  {ws.setting.name} ({why_setting}): {ws.setting.cost}")
    print(f"device   {ws.device.name}: {ws.device.reason}")
    print(f"files    {_short(ws.root)}")
    from . import estimate

    print(f"so far   {estimate.so_far(ws)}")
    if ws.setting.name == "full":  # hours: what is to come is said before it begins
        print("\n".join(estimate.costs(ws)))
    return ws


@dataclass(frozen=True)
class Workspace:
    """One source at one setting, and everything the course has made of it so far."""

    source: str
    setting: Setting

    @property
    def root(self) -> Path:
        """The folder of this workspace."""
        return home() / f"{source_name(self.source)}-{self.setting.name}"

    @cached_property
    def device(self):
        """What the network runs on, and why: a device.Device."""
        from ..device import choose_device

        return choose_device()

    @property
    def practice(self) -> bool:
        """True where the pictures are practice scenes, whose best possible score is known."""
        return self.source == "practice"

    @property
    def size(self) -> int:
        """Side of the square that the network sees, pixels; no larger than a data set's own."""
        if self.practice:
            return self.setting.practice_size
        if self.source.startswith(TORCHVISION):
            from ..collect.published import find

            return min(find(self.source).side, self.setting.photo_size)
        return self.setting.photo_size

    def photos(self) -> list:
        """The collected pictures (01_collect), one manifest row each."""
        from .. import collect

        return collect.collect(self.root, self.source, per_query=self.setting.per_query)

    def cleaned(self) -> tuple[list, dict[str, str]]:
        """(verdicts, split) of the pictures (02_clean). Raises CourseError where none is kept."""
        from .. import clean

        verdicts = clean.judge(self.root, self.photos())
        if not any(verdict.keep for verdict in verdicts):
            raise CourseError(
                f"Not one of {len(verdicts)} pictures passed the cleaning: most often it was "
                f"{clean.tally(verdicts)[0][0]!r}. Look at them in 02_clean, and move a limit or "
                "keep some by hand; or choose another source."
            )
        return verdicts, clean.split(self.root, verdicts)

    def prepared(self):
        """The arrays that the network is fed with (03_colour_and_batches): a data.PhotoData."""
        from .. import data

        return data.prepare(self.root, *self.cleaned(), size=self.size)

    def trained(self):
        """A trained network (05_train): the course's last run, or a run made now."""
        from .. import train

        return train.load_or_fit(self)

    def record_scores(self, chapter: str, table: dict) -> None:
        """Keep evaluate.compare's table in scores.json, for the summary of `make course`."""
        path = self.root / "scores.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        now = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        known |= {f"{chapter}: {name}": asdict(scores) | now for name, scores in table.items()}
        replace_text(path, json.dumps(known, indent=1))


def printable(text: object, other: str = " ") -> str:
    """Text in one line, `other` for what has no picture: it could do something to a terminal."""
    return "".join(c if c.isprintable() else other for c in str(text))


def replace_text(path: Path, text: str) -> None:
    """Write a file whole or not at all, so that Stop in the middle cannot leave half of it."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    scratch.write_text(text, encoding="utf-8", newline="\n")
    os.replace(scratch, path)
