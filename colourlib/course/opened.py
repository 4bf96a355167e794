"""The test set, opened once at the very end; and what it costs to open it again.

Nothing is refused: `test_set.json` in the workspace remembers who has looked, and a sentence says
what a second look means.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import nn

from ..common.errors import CourseError
from ..common.files import read_json, replace_text
from ..common.locks import alone
from ..data import PhotoData
from ..evaluate import Colouriser, Scores, answer, compare

NAME = "test_set.json"
SAME = 1e-3  # of explained chroma: nearer than this, a score on another device is the same score
CHOSEN = "has chosen by the test set, and needs new photos to say how good it is"


def open_test(root: Path, networks: Mapping[str, Colouriser], data: PhotoData) -> dict[str, Scores]:
    """Scores of networks and baselines on the test photos; writes down that they were opened.

    Prints what this look means: the first, the same once more, or one with another network. Raises
    CourseError where there are no test photos, and for networks that are not in a dict.
    """
    if not isinstance(networks, Mapping) or not networks:
        raise CourseError('Give the networks by their names: ws.open_test({"ColourNet": net}).')
    if not data.test:
        raise CourseError(
            "There is no test photo here: either this split was made before there was a test set, "
            "or none passes the cleaning. Collect more photos, or remove split.json, which deals "
            "all anew, and train anew."
        )
    table = compare(dict(networks), replace(data, validation=data.test))
    now = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    now |= {"fingerprint": data.fingerprint}
    looks = [
        now | {"network": name, "weights": weights_of(network)} | asdict(table[name])
        for name, network in networks.items()
    ]
    try:
        with alone(root / "test_set.lock", "opening the test set"):
            before = _looks(root / NAME)
            new = _new(looks, before)
            print(_what_it_means(looks, before, new, len(data.test)))
            if new:
                replace_text(root / NAME, json.dumps({"looks": before + new}, indent=1))
    except OSError as error:  # a full disk is no reason to withhold the score
        print(f"That the test set was opened could not be written down: {error}.")
    return table


def looks(root: Path, data: PhotoData) -> int:
    """How many networks have looked at these test photos; 0 where nobody has."""
    return sum(look["fingerprint"] == data.fingerprint for look in _looks(root / NAME))


def weights_of(colouriser: Colouriser) -> str:
    """A short hash of a network's weights; of a function's answer to a ramp of greys."""
    tensors = {}
    if isinstance(colouriser, nn.Module):
        tensors = {n: t for n, t in colouriser.state_dict().items() if torch.is_tensor(t)}
    if not tensors:
        ramp = torch.linspace(-1, 1, 64).expand(1, 1, 64, 64)
        tensors = {"answer": answer(colouriser, ramp).round(decimals=2) + 0.0}  # no minus zero
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().double().numpy().tobytes())
    return digest.hexdigest()[:12]


def _looks(path: Path) -> list[dict]:
    """Who has looked before, the earliest first; rows that cannot be understood are left out."""
    rows = read_json(path).get("looks")
    texts = ("time", "fingerprint", "network", "weights")
    return [
        row
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
        and all(isinstance(row.get(key), str) for key in texts)
        and isinstance(row.get("explained_chroma"), float | int)
    ]


def _new(looks: list[dict], before: list[dict]) -> list[dict]:
    """Those of the looks that nobody has had, each once: other weights, photos, or another score.

    The same weights score otherwise where the network's `forward` was edited.
    """
    new: list[dict] = []
    for look in looks:
        key = look["fingerprint"], look["weights"]
        alike = [o for o in before + new if (o["fingerprint"], o["weights"]) == key]
        far = [abs(look["explained_chroma"] - o["explained_chroma"]) > SAME for o in alike]
        new += [look] * all(far)
    return new


def _what_it_means(looks: list[dict], before: list[dict], new: list[dict], photos: int) -> str:
    """The sentences for these looks at so many photos, of which some may be new."""
    here = [look for look in before if look["fingerprint"] == looks[0]["fingerprint"]]
    the_set = f"the test set of {photos:,} photos"
    if not new:
        then = max(o["time"] for o in here if o["weights"] == looks[0]["weights"])
        return (
            f"You opened {the_set} on {then[:10]} with the same weights. This is the same number: "
            "nothing new is learnt from it, and nothing is lost."
        )
    count = len(here) + len(new)
    if here and count == 2:
        return (
            f"This is the second network that looks at {the_set}, after {here[0]['network']} on "
            f"{here[0]['time'][:10]}. Whoever picks the better of the two {CHOSEN}."
        )
    if here:
        return (
            f"{count} networks have now looked at {the_set}, the first on {here[0]['time'][:10]}. "
            f"Whoever picks the best of them {CHOSEN}."
        )
    said = f"T{the_set[1:]} is opened: once."
    if before:
        said += (
            f" When it was opened before, on {before[-1]['time'][:10]}, the photos were others. "
            "Those that stayed were seen then."
        )
    if count > 1:
        said += f" {count} networks look at it. Whoever picks the best of them {CHOSEN}."
    return said
