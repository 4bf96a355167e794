"""Networks to compare: your runs, the weights that come with the course, its first network.

networks = {**contest.runs(data), **contest.shipped(), "PlainNet": contest.plain(data, steps=300)}
reports = judging.everyone(networks, data)
"""

import contextlib

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

LATEST = 2  # how many runs are compared
PLAIN = "plainnet"  # what the run of `plain` is called


def runs(data: PhotoData) -> dict[str, nn.Module]:
    """The networks of the latest runs on these photos, by name; says which cannot be built again.

    A network that is edited after it was made (`net.deep = ...`) is known to its notebook only.
    """
    found, left_out = {}, []
    for story in _stories(data, plain=False):
        try:
            if len(found) < LATEST:
                found[story["name"]] = kept.load_run(story["folder"])[0]
        except CourseError:
            left_out.append(story["name"])
    if left_out:
        words = f"Left out because their networks were edited: {', '.join(left_out)}. To add one: "
        print(f"{words}runs.load_run(folder, the_edited_network)[0].")
    return dict(reversed(found.items()))


def _stories(data: PhotoData, plain: bool) -> list[dict]:
    """The runs on these photos that were trained, the latest first: those of `plain` or others."""
    stories = (s for s in reversed(kept.all_runs(data)) if s["history"])
    stories = (s for s in stories if (s.get("label") == PLAIN) == plain)
    return [story for story in stories if story["data"]["fingerprint"] == data.fingerprint]


def shipped() -> dict[str, Colouriser]:
    """The trained weights that come with the course; without them nothing, and it says so."""
    try:
        network, card = weights.load()
    except CourseError:
        print("Left out: the weights that come with the course; weights.load() says why.")
        return {}
    colouriser = at_sizes(network, sizes_of(card))
    return {"shipped weights": lambda x: card["saturation"] * colouriser(x)}


def plain(data: PhotoData, steps: int) -> nn.Module:
    """A trained PlainNet: of the last run of this name on these photos, or trained now."""
    for story in _stories(data, plain=True):
        with contextlib.suppress(CourseError):
            return kept.load_run(story["folder"])[0]
    torch.manual_seed(0)
    return fit(PlainNet(), data, steps=steps, name=PLAIN, quiet=True).model
