"""Training and validation: a split that does not leak and never changes its mind.

The side of every picture is remembered in `split.json`. Pictures that are alike are on one side
together: near-duplicates, and those that are too different to be thrown away.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..common.errors import CourseError
from ..common.files import replace_text
from .duplicates import ALIKE, as_array, near_pairs
from .rules import Verdict

VALIDATION = 0.15  # share of a query's groups
BRIDGE = "bridge:"  # starts the group's name of a picture that can be on neither side


def assigned(root: Path) -> dict[str, str]:
    """sha256 -> side, for every picture that ever had one."""
    try:
        sides = json.loads((Path(root) / "split.json").read_text(encoding="utf-8"))
        if not isinstance(sides, dict) or not set(sides.values()) <= {"train", "validation"}:
            raise ValueError("not a side for each picture")
        return sides
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError) as error:  # TypeError: a value that is a list or a table
        raise CourseError(
            f"{Path(root) / 'split.json'} cannot be read ({error}). It says which pictures train "
            "and which validate; put back an older copy, or remove it to split anew and train anew."
        ) from error


def split(root: Path, verdicts: Sequence[Verdict]) -> dict[str, str]:
    """sha256 -> "train" or "validation", for the kept pictures; remembered in split.json.

    Whole near-duplicate groups go to one side, about 15 % of each query's groups to validation,
    and at least one where the query has two. A picture that has a side keeps it for ever; a new
    one goes where its group is. A picture that resembles both sides is on neither.
    """
    sides = assigned(root)
    groups = defaultdict(list)
    for verdict in verdicts:
        if verdict.fingerprint and not verdict.group.startswith(BRIDGE):
            groups[verdict.group].append(verdict)
    undecided = defaultdict(list)  # query -> groups
    decided = defaultdict(Counter)  # query -> how many groups are on each side
    result: dict[str, str] = {}
    for members in groups.values():
        kept = [v for v in members if v.keep]
        taken = {sides[v.photo.sha256] for v in members if v.photo.sha256 in sides}
        if kept and not taken:
            undecided[kept[0].photo.query].append(kept)
        elif kept:
            # Both sides only after a limit was changed or by hand: the validating ones are left out
            side = "train" if "train" in taken else "validation"
            decided[kept[0].photo.query][side] += 1
            stay = (v.photo.sha256 for v in kept)
            result |= {sha256: side for sha256 in stay if sides.get(sha256, side) == side}
    for query, new in undecided.items():
        result |= _deal(new, decided[query])
    replace_text(Path(root) / "split.json", json.dumps(sides | result, indent=0, sort_keys=True))
    return result


def _deal(groups: list[list[Verdict]], decided: Counter) -> dict[str, str]:
    """Sides for the new groups of one query, in the order of their hashes: the same every time."""
    total = len(groups) + decided.total()
    wanted = (max(1, round(VALIDATION * total)) if total > 1 else 0) - decided["validation"]
    if not decided["train"]:
        wanted = min(wanted, len(groups) - 1)
    groups = sorted(groups, key=lambda kept: hashlib.sha256(kept[0].group.encode()).digest())
    return {
        verdict.photo.sha256: "validation" if number < wanted else "train"
        for number, kept in enumerate(groups)
        for verdict in kept
    }


def leaks(
    verdicts: Sequence[Verdict], split: Mapping[str, str], limit: int = ALIKE
) -> list[tuple[Verdict, Verdict]]:
    """Every pair of near-duplicates on both sides; there should be none. Compares them anew."""
    used = [v for v in verdicts if v.fingerprint and v.photo.sha256 in split]
    pairs, _ = near_pairs(as_array(v.fingerprint for v in used), limit)
    crossing = ((used[i], used[j]) for i, j in pairs.tolist())
    return [(a, b) for a, b in crossing if split[a.photo.sha256] != split[b.photo.sha256]]
