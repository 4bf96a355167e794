"""What did my edit do? Runs side by side: scores, curves, the same photos, and what was changed.

`ws.compare()` reads the folders that `fit` leaves and nothing else, so that a run of last week
stands beside one that is still training. What changed from run to run is told in words.
"""

import json
from collections import Counter
from itertools import compress
from pathlib import Path

import numpy as np

from ...common.errors import CourseError
from ...common.words import did_you_mean
from ...runs import number_of
from ...runs.checkpoints import FORMAT
from .differences import changes, outcome, some, spread
from .display import Comparison

__all__ = ["Comparison", "changes", "compare", "outcome", "spread"]

LATEST = 5  # runs that are compared where none is named
SCORED = ("explained_chroma", "validation_loss", "seconds")  # numbers, unless a run diverged
OPTIONAL = {  # what run.json may leave out, and what then stands for it
    "network": "?", "state": "not known", "seconds": 0.0, "rate": 0.0, "parameters": 0,
    "forward": "", "layers": [], "levels": {},
}  # fmt: skip


def compare(*runs, folder=None) -> Comparison:
    """Runs side by side, in the order given; without arguments the latest five.

    runs: what `fit` returned, stories of `runs.all_runs`, folders, names ("003-ColourNet") or
    numbers (3). folder: where names and numbers are looked up, a workspace, prepared photos or the
    folder that holds the runs. `ws.compare()` looks in its own.
    Raises CourseError for a run that is not there, cannot be read or was kept in memory only.
    """
    given = list(dict.fromkeys(_folder(run, folder).resolve() for run in runs))
    stories, left_out = [], []
    for path in given if runs else _folders(folder):
        try:
            stories.append(_read(path))
        except CourseError as reason:
            if runs:
                raise
            left_out.append(str(reason))
    if not stories:
        raise CourseError("There is no run here yet: fit(model, data) makes one.")
    names = Counter(path.name for path in given)
    for story in stories:
        if names[story["name"]] > 1:  # out of two workspaces
            story["name"] = f"{story['folder'].parents[1].name}/{story['name']}"
    return Comparison(stories if runs else stories[-LATEST:], left_out)


def _folders(where) -> list[Path]:
    """The folders of a workspace, of prepared photos or of a place, by number; no hidden ones."""
    place = getattr(where, "runs", where)
    if not isinstance(place, str | Path):
        raise CourseError(
            "Call ws.compare() for the runs of your workspace. For others, folder= is a workspace, "
            f"prepared photos or the folder of the runs, not {type(where).__name__}."
        )
    inside = [path for path in Path(place).glob("[!.]*") if path.is_dir()]
    return sorted(inside, key=lambda path: (number_of(path), path.name))


def _folder(run, where) -> Path:
    """The folder of whatever stands for a run."""
    if hasattr(run, "folder") and run.folder is None:
        raise CourseError(
            "This run was kept in memory only, so there is nothing to read. Give fit a folder: "
            "fit(model, data, folder='runs')."
        )
    run = run.get("folder", run) if isinstance(run, dict) else getattr(run, "folder", run)
    if isinstance(run, Path):
        return run
    if isinstance(run, bool) or not isinstance(run, int | str):
        raise CourseError(
            "Give a run by its name, number or folder, or as what fit returned, not as "
            f"{type(run).__name__}."
        )
    there = _folders(where)
    for path in there:
        if run == path.name or run == number_of(path) > 0:
            return path
    if isinstance(run, str) and (Path(run) / "run.json").exists():
        return Path(run)
    names = [path.name for path in there if (path / "run.json").exists()]
    known = f"There are: {some(names[::-1], 12)}." if names else "There is none yet."
    raise CourseError(f"There is no run {run!r}.{did_you_mean(run, names)} {known}")


def _read(folder: Path) -> dict:
    """run.json, with what may be missing filled in. Raises CourseError for another folder."""
    try:
        kept = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if kept["format"] != FORMAT:
            raise ValueError(f"format {kept['format']}; this colourlib reads {FORMAT}")
        scored = [[row.get(key) for key in SCORED] for row in kept["history"]]  # None becomes NaN
        finite = np.isfinite(np.array(scored, dtype=float).reshape(-1, len(SCORED))).all(axis=1)
        rows = list(compress(kept["history"], finite))
        filled = {key: type(value)(kept.get(key) or value) for key, value in OPTIONAL.items()}
        return kept | filled | {
            "name": folder.name,
            "folder": folder,
            "config": dict(kept["config"]),
            "data": {**kept["data"], "fingerprint": str(kept["data"]["fingerprint"])},
            "history": rows,
            "best": min(rows, key=lambda row: row["validation_loss"], default=None),
            "layers": [(str(name), str(text)) for name, text in filled["layers"]],
            "levels": {name: float(level) for name, level in filled["levels"].items()},
            "samples": [(s["query"], s["sha256"], s["file"]) for s in kept.get("samples") or []],
        }  # fmt: skip
    except FileNotFoundError:
        raise CourseError(f"{folder.name} is not a run's folder: it has no run.json.") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as e:
        why = f"no {e}" if isinstance(e, KeyError) else str(e)
        what = f"its run.json is damaged or foreign ({why})"
        raise CourseError(f"{folder.name} cannot be read: {what}.") from e
