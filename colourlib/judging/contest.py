"""Networks to compare: your runs, the weights that come with the course, its first network.

networks = {**contest.runs(data), **contest.shipped(), "PlainNet": contest.plain(data, 0.2)}
reports = judge.everyone(networks, data)
"""

from __future__ import annotations

import torch
from torch import nn

from .. import runs as kept
from ..colourise import at_sizes, sizes_of
from ..common.errors import CourseError
from ..data import PhotoData
from ..evaluate import Colouriser
from ..model import PlainNet
from ..runs import weights
from ..runs.fit import fit

LATEST = 2  # runs that are compared where nobody says how many
PLAIN = "plainnet"  # what the run of `plain` is called


def runs(data: PhotoData, most: int = LATEST) -> dict[str, nn.Module]:
    """The networks of the latest runs on these photos, by name; says which cannot be built again.

    A network that is edited after it was made (`net.deep = ...`) is known to its notebook only.
    """
    found, left_out = {}, []
    for story in reversed(kept.all_runs(data)):
        if len(found) == most:
            break
        if story["data"]["fingerprint"] != data.fingerprint or not story["history"]:
            continue
        if story.get("label") == PLAIN:
            continue
        try:
            found[story["name"]] = kept.load_run(story["folder"])[0]
        except CourseError:
            left_out.append(story["name"])
    if left_out:
        print(
            f"Left out, for their networks were edited: {', '.join(left_out)}. To add one: "
            "runs.load_run(folder, the_edited_network)[0]."
        )
    return dict(reversed(found.items()))


def shipped() -> dict[str, Colouriser]:
    """The trained weights that come with the course; without them nothing, and it says so."""
    try:
        network, card = weights.load()
    except CourseError:
        print("Left out: the weights that come with the course; weights.load() says why.")
        return {}
    colouriser = at_sizes(network, sizes_of(card))
    return {"shipped weights": lambda x: card["saturation"] * colouriser(x)}


def plain(data: PhotoData, minutes: float) -> nn.Module:
    """A trained PlainNet: of the last run of this name on these photos, or trained now."""
    for story in reversed(kept.all_runs(data)):
        if story.get("label") == PLAIN and story["data"]["fingerprint"] == data.fingerprint:
            try:
                return kept.load_run(story["folder"])[0]
            except CourseError:
                continue
    torch.manual_seed(0)
    return fit(PlainNet(), data, minutes=minutes, name=PLAIN, quiet=True).model
