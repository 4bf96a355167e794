"""Where files live and how big the course runs: the same answer for every notebook.

`open_workspace()` is the first line of each notebook. A workspace belongs to one source of
pictures and one setting (quick or full); whatever an earlier notebook would have left there is
made on demand by `photos()`, `cleaned()`, `prepared()` and `trained()`, each of which says so.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from .. import clean, prepare, show, stream
from ..collect.published import PREFIX, find
from ..common.errors import CourseError
from ..common.files import home, printable, read_json, replace_text, writable
from ..common.words import did_you_mean
from ..device import choose_device
from ..model import ColourNet
from ..runs import all_runs, checkpoints, load_run, matching
from ..stream.write import write
from ..teaching import comparison
from ..teaching.clinic import inspect
from ..teaching.fit import fit
from . import estimate, opened, own_network
from . import strip as strips
from .photos import picture_of, public_photos
from .sources import check_source, collect, exists, source_name


@dataclass(frozen=True)
class Setting:
    """How much of everything: one of the two scales of the course."""

    name: str
    per_query: int  # pictures asked of each of the 38 queries
    photo_size: int  # side of the square that the network sees of a photo, pixels
    practice_size: int  # the same for practice scenes, which can be told apart when smaller
    steps: int  # of training in 05_train
    alone: int  # of training where 06_evaluate finds no run: run alone, it has to start soon
    cost: str  # what to expect, in words; printed by open_workspace


QUICK = "about two minutes a notebook at most"
FULL = "hours to collect and to train"
SETTINGS = {
    "quick": Setting("quick", 36, 128, 64, 1_500, 300, f"2 CPU cores, offline, {QUICK}"),
    "full": Setting("full", 100, 256, 128, 20_000, 5_000, f"a GPU and the real web, {FULL}"),
}
LAST_CHOICE = "last_choice.json"  # source and setting that a notebook named last
REMEMBERED = "as chosen last; open_workspace('practice', 'quick') goes back"
COMMAND_LINE = "COLOURLIB_COMMAND_LINE"  # set while `python -m colourlib course` runs notebooks
COURSE_RUN = "colournet"  # the name of 05_train's own run, which 06_evaluate looks for


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
    if what in (last := read_json(home() / LAST_CHOICE)):
        return last[what], REMEMBERED
    return default, "the default"


def open_workspace(source: str | Path | None = None, setting: str | None = None) -> Workspace:
    """Open the workspace of a source and a setting; print which, where, and on what device.

    source: 'practice', 'bing', 'torchvision:' and the name of a data set (see `published.SETS`), or
    a folder of pictures; setting: 'quick' or 'full'. What is not given comes from COLOURLIB_SOURCE
    / COLOURLIB_SETTING, else from the notebook before, else it is practice and quick.
    Raises CourseError for a source or setting that does not exist.
    """
    raw_source, why_source = _choice("source", source, "practice")
    name, why_setting = _choice("setting", setting, "quick")
    if why_source == REMEMBERED and not exists(raw_source):
        raw_source, why_source = "practice", f"{raw_source} is gone, so the default"
    raw_source = check_source(raw_source)
    if name not in SETTINGS:
        hint = did_you_mean(name, SETTINGS)
        raise CourseError(f"There is no setting {name!r}: choose 'quick' or 'full'.{hint}")
    ws = Workspace(raw_source, SETTINGS[name])
    writable(ws.root)
    if (source is not None or setting is not None) and not os.environ.get(COMMAND_LINE):
        replace_text(home() / LAST_CHOICE, json.dumps({"source": ws.source, "setting": name}))
    print(f"source   {printable(ws.source, '?')} ({printable(why_source, '?')})")
    print(f"setting  {name} ({why_setting}): {ws.setting.cost}")
    print(f"device   {ws.device.name}: {ws.device.reason}")
    place = printable(home().name, "?")  # not the whole path: the same on each machine
    print(f"files    {place}/{ws.root.name}")
    print(f"so far   {estimate.so_far(ws)}")
    if name == "full":  # hours: what they go into is told before they begin
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

    @property
    def runs(self) -> Path:
        """The folder in which `fit` keeps its runs."""
        return self.root / "runs"

    @cached_property
    def device(self):
        """What the network runs on, and why: a device.Device."""
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
        if self.source.startswith(PREFIX):
            return min(find(self.source).side, self.setting.photo_size)
        return self.setting.photo_size

    def photos(self) -> list:
        """The collected pictures (01_collect), one manifest row each."""
        return collect(self.root, self.source, per_query=self.setting.per_query)

    def cleaned(self) -> tuple[list, dict[str, str]]:
        """(verdicts, split) of the pictures (02_clean). Raises CourseError where none is kept."""
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
        if stream.is_stream(self.source):
            return stream.data(self.source, self.root, self.size)
        return prepare.prepare(self.root, *self.cleaned(), size=self.size)

    def shard(self, out: str | Path) -> Path:
        """The cleaned photos as tar shards in a folder, which can be sent on; see stream.write."""
        return write(self.root, *self.cleaned(), Path(out))

    def choose(self, photo: str | Path | None = None) -> Image.Image:
        """Choose the photo that runs through the course, as strip.choose explains; the photo."""
        return strips.choose(photo)

    @property
    def photo(self) -> Image.Image:
        """The chosen photo: upright, sRGB, at most 512 pixels a side."""
        return strips.chosen()

    def public_photos(self) -> dict[str, Path]:
        """The real photos that come with the course, by name."""
        return public_photos()

    def picture_of(self, photo: str | Path) -> Image.Image:
        """A photo by name or path, as `choose` finds it; the strip's stays as it is."""
        return picture_of(photo)

    def strip(
        self, chapter: str | None = None, picture: Image.Image | np.ndarray | None = None
    ) -> show.Picture:
        """Keep a picture of the chosen photo as a chapter's tile; the strip. See strip.strip."""
        return strips.strip(chapter, picture)

    def keep(self, network: type[nn.Module]) -> None:
        """Keep a class of 04's cells as a file: what 05 trains and 06 judges. See own_network.

        One that the clinic finds broken is kept as well, and told: nothing is lost.
        """
        path = self.root / own_network.FILE
        lines = own_network.keep(network, path)
        where = f"{self._called(path)}, {lines} lines that you can read"
        print(f"{network.__name__} is kept in {where}.")
        report = inspect(network(), photos=0)
        errors = [f"{f.layer}: {f.what}" for f in report.findings if f.severity == "error"]
        if errors:
            more = f" (and {len(errors) - 1} more)" * (len(errors) > 1)
            print(
                f"But the clinic finds an error, so that 05 will not train it. {errors[0]}{more}. "
                f"inspect({network.__name__}()) shows how to mend it."
            )

    def network(self, trust: bool = False) -> type[nn.Module]:
        """The class that 04 has kept, or the course's ColourNet; says which.

        trust: run the file although it was not written here. Raises CourseError for a file of a
        stranger's, and for one that fails.
        """
        path = self.root / own_network.FILE
        if not path.is_file():
            print("04 has kept no class of yours here, so this is the course's ColourNet.")
            return ColourNet
        kind = own_network.load(path, trust)
        ours, now = (dict(checkpoints.layers(one())) for one in (ColourNet, kind))
        edited = matching.differing(now, ours)  # in this order: the course's layers come first
        more = f" and {len(edited) - 3} more" if len(edited) > 3 else ""
        what = f"edited at {', '.join(edited[:3])}{more}" if edited else "with the course's layers"
        print(f"Your own {kind.__name__}, from {self._called(path)}: {what}.")
        return kind

    @staticmethod
    def _called(path: Path) -> str:
        return f"{home().name}/{path.relative_to(home()).as_posix()}"  # the same on each machine

    def trained(self, data=None) -> tuple[nn.Module, dict]:
        """(network, story) of the last run of 05_train that fits, or of one made now; says which.

        A run fits where it is called "colournet" and is of `network()` and the photos as both are
        now; 05's may have been stopped, one made here goes on. data: of `prepared`, if at hand.
        """
        data, kind = self.prepared() if data is None else data, self.network()
        why, alone = "05_train has not been run here yet", self.setting.alone
        ours = [s for s in all_runs(data) if s["label"] == COURSE_RUN and s["history"]]
        for story in reversed(ours):
            if story["data"]["fingerprint"] != data.fingerprint:
                why = "The photos have changed since 05_train was run"
            elif matching.edits(kind(), story):
                why = "The network has been edited since 05_train was run"
            elif story["state"] == "stopped" and story["config"]["steps"] == alone:
                why = "What was begun here in place of 05_train was stopped"  # `fit` goes on
                break
            else:
                try:
                    net, story = load_run(story["folder"], kind())
                except CourseError as damage:
                    print(damage)
                    continue
                print(f"From 05_train: run {story['name']}, {story['state']}.")
                return net, story
        print(f"{why}: training now, {alone:,} steps (05_train: {self.setting.steps:,}).")
        torch.manual_seed(0)
        run = fit(kind(), data, steps=alone, name=COURSE_RUN)
        return run.model, run.story()

    def compare(self, *runs) -> comparison.Comparison:
        """Runs of this workspace side by side: those named, as in comparison.compare, or the last.

        What did my edit do?
        """
        return comparison.compare(*runs, folder=self.runs)

    def open_test(self, networks: dict, data=None) -> dict:
        """Scores of networks on the test photos, with the baselines, as evaluate.compare has them.

        Once, at the very end: that and how often it was done is kept in test_set.json, and told.
        data: what `prepared` gives, made now where it is not given.
        """
        return opened.open_test(self.root, networks, self.prepared() if data is None else data)

    def record_scores(self, chapter: str, table: dict) -> None:
        """Keep evaluate.compare's table in scores.json, for the summary of `make course`."""
        path = self.root / "scores.json"
        now = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        rows = {f"{chapter}: {name}": asdict(scores) | now for name, scores in table.items()}
        replace_text(path, json.dumps(read_json(path) | rows, indent=1))
