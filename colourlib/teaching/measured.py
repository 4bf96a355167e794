"""Figures that were measured elsewhere, on photos that must not be passed on: tables for notebooks.

Each is a file of JSON beside the weights, written by the command that its caption names.
"""

from statistics import mean

from ..common.files import read_json
from ..show import Table
from ..show import table as drawn
from ..transfer import ENCODER

TRANSFER = ENCODER.with_name("transfer.json")
KINDS = {"scratch": "from scratch", "frozen": "frozen encoder", "all": "all of it"}


def transfer() -> Table:
    """Explained chroma by number of photos and kind of training, on each origin that judged.

    Means over repeats, with the lowest and the highest; from `python bench/transfer.py`.
    """
    runs = read_json(TRANSFER).get("runs", [])
    command = "`python bench/transfer.py --photos FOLDER ELSEWHERE`"
    if not runs:
        return drawn([], ["photos", "training"], f"Not measured yet: {command}.")
    origins = list(runs[0]["explained"])
    rows = []
    for number in sorted({run["photos"] for run in runs}):
        mine = [run for run in runs if run["photos"] == number]
        tints = [mean(r["explained"][o]["mean tint"] for r in mine) for o in origins]
        rows.append([f"{number:,}", "mean tint", *(f"{tint:.1%}" for tint in tints)])
        for kind, title in KINDS.items():
            same = [run["explained"] for run in mine if run["kind"] == kind]
            if same:
                each = [[one[o]["network"] for one in same] for o in origins]
                rows.append([f"{number:,}", title, *map(_cell, each)])
    home, steps, size = runs[0]["trained on"], runs[0]["steps"], runs[0]["size"]
    heads = [o if o == home else f"{o} (from elsewhere)" for o in origins]
    caption = f"Explained chroma after {steps} steps, trained on {home} at {size} pixels: mean, "
    caption += f"lowest to highest of the repeats. {command}"
    return drawn(rows, ["photos", "training", *heads], caption)


def _cell(scores: list[float]) -> str:
    between = f" ({min(scores):.0%} to {max(scores):.0%})" if len(scores) > 1 else ""
    return f"{mean(scores):.1%}{between}"
