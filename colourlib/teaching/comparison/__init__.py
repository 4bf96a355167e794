"""What did my edit do? Runs side by side: scores, curves, the same photos, and what was changed.

`ws.compare()` reads the folders that `fit` leaves and nothing else, so that a run of last week
stands beside one that is still training. What changed from run to run is told in words.
"""

from __future__ import annotations

import json
import math
from difflib import get_close_matches
from pathlib import Path

from ...common.errors import CourseError
from ...runs import number_of
from ...runs.checkpoints import FORMAT
from .conclusions import outcome, spread
from .differences import Change, changes, some
from .display import Comparison
from .figures import apart_by

__all__ = ["Change", "Comparison", "apart_by", "changes", "compare", "outcome", "spread"]

LATEST = 5  # runs that are compared where none is named


def compare(*runs, folder=None) -> Comparison:
    """Runs side by side, in the order given; without arguments the latest five.

    runs: what `fit` returned, stories of `runs.all_runs`, folders, names ("003-ColourNet") or
    numbers (3). folder: where names and numbers are looked up, a workspace, prepared photos or the
    folder that holds the runs. `ws.compare()` looks in its own.
    Raises CourseError for a run that is not there, cannot be read or was kept in memory only.
    """
    if runs:
        folders = {path.resolve(): path for path in (_folder(run, folder) for run in runs)}
        return Comparison(_distinct([_read(path) for path in folders.values()]), [])
    place = _place(folder)
    stories, left_out = [], []
    for path in _folders(place):
        try:
            stories.append(_read(path))
        except CourseError as reason:
            left_out.append(str(reason))
    if not stories:
        raise CourseError(f"There is no run in {place} yet: fit(model, data) makes one.")
    return Comparison(stories[-LATEST:], left_out)


def _place(folder) -> Path:
    """The folder that holds the runs."""
    place = getattr(folder, "runs", folder)
    if not isinstance(place, str | Path):
        raise CourseError(
            "folder= is the folder that holds the runs, or a workspace or prepared photos that "
            f"have one, not {type(folder).__name__}. The runs of a workspace: ws.compare()."
        )
    return Path(place)


def _folders(place: Path) -> list[Path]:
    """The folders in it by number, without hidden ones."""
    paths = place.iterdir() if place.is_dir() else ()
    inside = [path for path in paths if path.is_dir() and not path.name.startswith(".")]
    return sorted(inside, key=lambda path: (number_of(path), path.name))


def _folder(run, folder) -> Path:
    """The folder of whatever stands for a run."""
    if hasattr(run, "folder"):
        run = run.folder
        if run is None:
            raise CourseError(
                "This run was kept in memory only, so there is nothing to read: give fit a folder, "
                "fit(model, data, folder='runs')."
            )
    run = run.get("folder", run) if isinstance(run, dict) else run
    if isinstance(run, Path):
        return run
    if isinstance(run, bool) or not isinstance(run, int | str):
        raise CourseError(
            "A run is given as what fit returned, its name, its number or its folder, not as "
            f"{type(run).__name__}."
        )
    there = _folders(_place(folder))
    for path in there:
        if run == path.name or run == number_of(path) > 0:
            return path
    if isinstance(run, str) and (Path(run) / "run.json").exists():
        return Path(run)
    names = [path.name for path in there if (path / "run.json").exists()]
    near = get_close_matches(str(run), names, n=1)
    raise CourseError(
        f"There is no run {run!r}"
        + (f"; did you mean {near[0]!r}?" if near else ".")
        + (f" There are: {some(names[::-1], 12)}." if names else " There is none yet.")
    )


def _read(folder: Path) -> dict:
    """run.json, with what may be missing filled in. Raises CourseError for another folder."""
    try:
        kept = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if kept["format"] != FORMAT:
            raise ValueError(f"format {kept['format']}; this colourlib reads {FORMAT}")
        rows = [row for row in kept["history"] if _is_scored(row)]
        return kept | {
            "name": folder.name,
            "folder": folder,
            "network": str(kept["network"]),
            "config": dict(kept["config"]),
            "data": {**kept["data"], "fingerprint": str(kept["data"]["fingerprint"])},
            "state": str(kept.get("state", "not known")),
            "seconds": float(kept.get("seconds") or 0),
            "rate": float(kept.get("rate") or 0),
            "history": rows,
            "parameters": int(kept.get("parameters") or 0),
            "forward": str(kept.get("forward") or ""),
            "best": min(rows, key=lambda row: row["validation_loss"], default=None),
            "layers": [(str(name), str(text)) for name, text in kept.get("layers") or []],
            "levels": {str(k): float(v) for k, v in (kept.get("levels") or {}).items()},
            "samples": [(s["query"], s["sha256"], s["file"]) for s in kept.get("samples") or []],
        }
    except FileNotFoundError:
        raise CourseError(f"{folder.name} is not a run's folder: it has no run.json.") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as e:
        raise CourseError(
            f"{folder.name} cannot be read: its run.json is damaged or foreign ({_why(e)})."
        ) from e


def _distinct(stories: list[dict]) -> list[dict]:
    """Runs of the same name, out of two workspaces, are called by workspace and name."""
    names = [story["name"] for story in stories]
    return [
        story | {"name": f"{story['folder'].resolve().parents[1].name}/{story['name']}"}
        if names.count(story["name"]) > 1
        else story
        for story in stories
    ]


def _why(error: Exception) -> str:
    return f"no {error}" if isinstance(error, KeyError) else str(error)


def _is_scored(row: dict) -> bool:
    """False for a row of a run that diverged, or was stopped before it was judged."""
    values = [row.get(key) for key in ("explained_chroma", "validation_loss", "seconds")]
    return None not in values and all(math.isfinite(value) for value in values)
