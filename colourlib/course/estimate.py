"""What is there already and, at the full setting, what the rest will cost: said before it begins.

Disk space is computed from how things are stored. Times rest on figures that were measured on two
CPU cores (docs/measurements.md, speed of cleaning and of training); what nobody can know
beforehand, such as how quick the web is today, is an assumption, and is printed as one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from math import ceil

from ..clean.splitting import VALIDATION
from ..collect import PARALLEL, manifest, published
from ..collect.fetch import WEB
from ..collect.own_photos import PICTURE_NAMES
from ..common.memory import gigabytes
from ..common.queries import QUERIES
from ..prepare.files import nbytes, shapes_of
from ..runs.view import mean_rate
from ..train import Config, stages

LINK_SECONDS = 1.0  # to fetch one picture from the web; an assumption
LINKS_A_PAGE = 35  # of a page of results, about what the search sends; an assumption
USEFUL = 0.8  # share of the web's links that lead to a new picture; an assumption
PHOTO_BYTES = 400_000  # a photo from the web; an assumption
SCENE_BYTES = 18_000  # a practice scene; measured
SCENES_A_SECOND = 40  # drawn, served, checked and filed; measured on two cores, rounded down
OPENED_A_SECOND = 18  # photos of 12 megapixels opened and measured, a core; measured
MEASURED_AT_128 = 152  # photos of 128 pixels that ColourNet trains on a second, two cores; measured
RUN_BYTES = 27_000_000  # a run of ColourNet: weights, best and averaged, and Adam's memory


def so_far(ws) -> str:
    """What a workspace holds already, in a line; an empty one says what that means."""
    pictures = sum(not row.rejected for row in manifest.read(ws.root))
    runs = len(list(ws.root.glob("runs/[0-9]*-colournet")))
    there = [f"{pictures:,} pictures"] if pictures else []
    there += ["photos prepared"] if _prepared(ws) else []
    there += [f"ColourNet trained ({runs} run{'s' * (runs > 1)})"] if runs else []
    if not there:
        return "nothing yet; what this chapter needs of those before it is made on the way"
    return f"{', '.join(there)}: taken from here as far as they fit"


def _prepared(ws) -> bool:
    """Whether a finished set of prepared photos of this size lies there."""
    for path in ws.root.glob("prepared/*/meta.json"):
        try:
            meta = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if meta.get("size") == ws.size and meta.get("mean_ab") is not None:
            return True
    return False


def costs(ws) -> list[str]:
    """What is still to be done in a workspace, a line a step with time, disk and their grounds.

    Nothing is fetched, and no picture opened. The last line says how to stop.
    """
    photos, collecting, disk = _collecting(ws)
    lines = [f"collect  {collecting}"]
    if _prepared(ws):
        lines.append("prepare  is done")
    else:
        arrays = prepared_bytes(photos, ws.size, ws.practice)
        disk += arrays
        cores = os.cpu_count() or 1
        # Each is opened twice: to be judged, and to be made into arrays.
        seconds = 2 * photos / (OPENED_A_SECOND * cores)
        lines.append(
            f"prepare  about {_minutes(seconds)}, with the cleaning ({OPENED_A_SECOND} large "
            f"photos a second on each of {cores} cores, twice); {gigabytes(arrays)} of arrays"
        )
    disk += RUN_BYTES
    lines.append(f"train    {_training(ws, photos)}")
    free = shutil.disk_usage(ws.root).free
    short = "" if free > disk else " THAT IS NOT ENOUGH: make room, or set COLOURLIB_HOME."
    lines.append(f"disk     {gigabytes(disk)} to come, {gigabytes(free)} free.{short}")
    lines.append(
        "Each step can be stopped at any time; the same cell, run again, goes on from there."
    )
    return lines


def _collecting(ws) -> tuple[int, str, int]:
    """(pictures in the end, what getting them costs in words, bytes still to come)."""

    rows = [row for row in manifest.read(ws.root) if not row.rejected]
    if ws.source not in ("practice", "bing"):
        return _given(ws, len(rows))
    wanted = len(QUERIES) * ws.setting.per_query
    left = max(0, wanted - len(rows))
    if left == 0:
        return len(rows), f"is done: {len(rows):,} pictures", 0
    start = f"{left:,} of {wanted:,} pictures: "
    if ws.practice:
        words = f"{_minutes(left / SCENES_A_SECOND)} ({SCENES_A_SECOND} a second)"
        return wanted, f"{start}about {words}, {gigabytes(left * SCENE_BYTES)}", left * SCENE_BYTES

    links = ceil(left / USEFUL)
    pages = ceil(links / LINKS_A_PAGE)
    seconds = (links + pages) * LINK_SECONDS / PARALLEL
    longest = ceil(len(QUERIES) / PARALLEL) * WEB.query
    words = (
        f"about {_minutes(seconds)} for {links:,} links on {pages} pages of results (assumed: "
        f"{LINK_SECONDS:g} s each, {PARALLEL} at a time, {USEFUL:.0%} of use), never more than "
        f"{_minutes(longest)}; about {gigabytes(left * PHOTO_BYTES)} (assumed: "
        f"{PHOTO_BYTES / 1e6:g} MB each)"
    )
    return wanted, start + words, left * PHOTO_BYTES


def _given(ws, rows: int) -> tuple[int, str, int]:
    """The same for photos that are downloaded in one go, or are there already."""

    data_set = ws.source.startswith(published.PREFIX)
    if rows and not (data_set and published.done(ws.root) < ws.setting.per_query):
        return rows, f"is done: {rows:,} pictures", 0
    if data_set:
        found = published.find(ws.source)
        photos, classes = (
            int(n.replace(",", "")) for n in re.findall(r"[\d,]*\d", found.pictures)[:2]
        )
        room = int(found.megabytes * 1e6 * published.ROOM)
        words = f"a download of {found.megabytes} MB; {gigabytes(room)} with what is unpacked"
        return min(photos, classes * ws.setting.per_query), words, room
    files = (name for *_, names in os.walk(ws.source) for name in names)
    photos = sum(name.lower().endswith(PICTURE_NAMES) for name in files)
    return photos, f"nothing: {photos:,} photos of your own are read where they are", 0


def prepared_bytes(photos: int, size: int, practice: bool) -> int:
    """Bytes of the arrays of prepared photos, for training and validation (see prepared_files)."""

    validation = round(photos * VALIDATION)
    counts = {"train": photos - validation, "validation": validation}
    return nbytes(shapes_of(counts, size, optimum=practice))


def _training(ws, photos: int) -> str:
    """How long 05's main training takes, and how far that gets."""

    minutes = ws.setting.minutes
    text = f"{_minutes(60 * minutes)}, a fixed limit, for the main training"
    if ws.device.name != "cpu":
        return f"{text}; {gigabytes(RUN_BYTES)}. The GPU decides how many epochs that is"
    a_second = MEASURED_AT_128 * 128**2 / ws.size**2  # the work grows with the area
    a_second *= mean_rate(stages(Config(), ws.size))
    epochs = 60 * minutes * a_second / max(1, photos * (1 - VALIDATION))
    return (
        f"{text}; on two CPU cores about {epochs:.0f} epochs at {a_second:.0f} photos a second "
        f"(computed from {MEASURED_AT_128} at 128 pixels; small photos come first); "
        f"{gigabytes(RUN_BYTES)}"
    )


def _minutes(seconds: float) -> str:
    """A time in words, coarse as an estimate is: 40 s, 7 minutes, 2.5 hours."""
    if seconds < 90:
        return f"{max(1, ceil(seconds / 10)) * 10} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"
