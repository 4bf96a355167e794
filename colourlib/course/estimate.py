"""What is there already and, at the full setting, what the rest will cost: said before it begins.

Disk space is computed from how things are stored. Times rest on figures that were measured on two
CPU cores (docs/measurements.md, speed of cleaning and of training). Nobody can know beforehand how
quick the web is today: such figures are assumptions, and are printed as such.
"""

import os
import re
import shutil
from math import ceil
from pathlib import Path

from ..clean.splitting import SHARES
from ..collect import PARALLEL, own_photos, published
from ..collect import photos as collected
from ..collect.fetch import WEB
from ..common.files import read_json
from ..common.memory import gigabytes
from ..common.queries import QUERIES
from ..common.words import roughly
from ..prepare.make import nbytes, shapes_of
from ..runs.view import mean_cost
from ..stream import is_stream
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
    pictures = sum(not row.rejected for row in collected(ws.root))
    runs = len(list(ws.root.glob("runs/[0-9]*-colournet")))
    there = [f"{pictures:,} pictures"] if pictures else []
    there += ["photos prepared"] if _prepared(ws) else []
    there += [f"ColourNet trained ({runs} run{'s' * (runs > 1)})"] if runs else []
    if not there:
        return "nothing yet: made as it is needed"
    return f"{', '.join(there)}: taken from here as far as they fit"


def _prepared(ws) -> bool:
    """Does a finished set of prepared photos of this size lie there?"""
    metas = map(read_json, ws.root.glob("prepared/*/meta.json"))
    return any(m.get("size") == ws.size and m.get("mean_ab") is not None for m in metas)


def costs(ws) -> list[str]:
    """What is still to be done in a workspace, a line a step with time, disk and their grounds.

    Nothing is fetched, and no picture opened. The last line says how to stop.
    """
    if is_stream(ws.source):
        return ["nothing is collected or prepared: photos stream while the network trains"]
    photos, collecting, disk = _collecting(ws)
    preparing = "is done"
    if not _prepared(ws):
        arrays, cores = prepared_bytes(photos, ws.size, ws.practice), os.cpu_count() or 1
        disk += arrays
        # Each is opened twice: to be judged, and to be made into arrays.
        seconds = 2 * photos / (OPENED_A_SECOND * cores)
        preparing = (
            f"about {roughly(seconds)}, with the cleaning ({OPENED_A_SECOND} large photos a second "
            f"on each of {cores} cores, twice); {gigabytes(arrays)} of arrays"
        )
    disk, free = disk + RUN_BYTES, shutil.disk_usage(ws.root).free
    short = "" if free > disk else " THAT IS NOT ENOUGH: make room, or set COLOURLIB_HOME."
    return [
        f"collect  {collecting}",
        f"prepare  {preparing}",
        f"train    {_training(ws, photos)}",
        f"disk     {gigabytes(disk)} to come, {gigabytes(free)} free.{short}",
        "Each step can be stopped at any time; the same cell, run again, goes on from there.",
    ]


def _collecting(ws) -> tuple[int, str, int]:
    """(pictures in the end, what getting them costs in words, bytes still to come)."""
    there = sum(not row.rejected for row in collected(ws.root))
    done = there, f"is done: {there:,} pictures", 0
    wanted = len(QUERIES) * ws.setting.per_query
    left = max(0, wanted - there)
    start = f"{left:,} of {wanted:,} pictures: "
    if ws.source.startswith(published.PREFIX):
        if there and published.done(ws.root) >= ws.setting.per_query:
            return done
        found = published.find(ws.source)
        numbers = re.findall(r"[\d,]*\d", found.pictures)
        photos, classes = (int(number.replace(",", "")) for number in numbers[:2])
        room = int(found.megabytes * 1e6 * published.ROOM)
        words = f"a download of {found.megabytes} MB; {gigabytes(room)} with what is unpacked"
        return min(photos, classes * ws.setting.per_query), words, room
    if ws.source not in ("practice", "bing"):
        if there:
            return done
        photos = sum(1 for _ in own_photos.walk(Path(ws.source)))
        return photos, f"nothing: {photos:,} photos of your own are read where they are", 0
    if not left:
        return done
    if ws.practice:
        words = f"about {roughly(left / SCENES_A_SECOND)} ({SCENES_A_SECOND} a second)"
        room = left * SCENE_BYTES
        return wanted, f"{start}{words}, {gigabytes(room)}", room
    links, room = ceil(left / USEFUL), left * PHOTO_BYTES
    pages = ceil(links / LINKS_A_PAGE)
    seconds = (links + pages) * LINK_SECONDS / PARALLEL
    longest = ceil(len(QUERIES) / PARALLEL) * WEB.query
    words = (
        f"about {roughly(seconds)} for {links:,} links on {pages} pages of results (assumed: "
        f"{LINK_SECONDS:g} s each, {PARALLEL} at a time, {USEFUL:.0%} of use), never more than "
        f"{roughly(longest)}; about {gigabytes(room)} (assumed: {PHOTO_BYTES / 1e6:g} MB each)"
    )
    return wanted, start + words, room


def prepared_bytes(photos: int, size: int, practice: bool) -> int:
    """Bytes of the arrays of prepared photos on all sides of the split (see prepare.make)."""
    counts = {side: round(photos * share) for side, share in SHARES.items()}
    counts["train"] = photos - sum(counts.values())
    return nbytes(shapes_of(counts, size, optimum=practice))


def _training(ws, photos: int) -> str:
    """How long 05's main training takes, and how far that gets."""
    steps, config = ws.setting.steps, Config()
    shown = steps * config.batch_size
    epochs = shown / max(1, photos * (1 - sum(SHARES.values())))
    text = f"{steps:,} steps, about {epochs:.0f} epochs; {gigabytes(RUN_BYTES)}"
    if ws.device.name != "cpu":
        return f"{text}. Once it runs, its first steps tell how long this GPU takes"
    a_second = MEASURED_AT_128 * 128**2 / ws.size**2  # the work grows with the area
    a_second /= mean_cost(stages(config, ws.size))
    return (
        f"{text}; about {roughly(shown / a_second)} on two CPU cores at {a_second:.0f} photos a "
        f"second (computed from {MEASURED_AT_128} at 128 pixels; small photos come first)"
    )
