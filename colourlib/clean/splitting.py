"""Training, validation, test: a split that does not leak and never changes its mind.

The side of every picture is remembered in `split.json`. Pictures that are alike are on one side
together: near-duplicates, mirrored ones as well, those too different to be thrown away, and what
one camera took within seconds.
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

SHARES = {"validation": 0.15, "test": 0.15}  # of a query's groups; the others train
SIDES = ("train", *SHARES)
FEW = 3  # groups of a query that can have each side; those of smaller queries are dealt together
BRIDGE = "bridge:"  # starts the group's name of a picture that can be on no side
NO_TEST = (
    "This split was made before there was a test set. Its photos stay on their sides, and none is "
    "there to test; new photos may be. To deal all anew, remove split.json, and train anew."
)
NONE_PASSED = "No test photo passes the cleaning any more. Collect more, or loosen a rule."


def assigned(root: Path) -> dict[str, str]:
    """sha256 -> side, for every picture that ever had one."""
    try:
        sides = json.loads((Path(root) / "split.json").read_text(encoding="utf-8"))
        if not isinstance(sides, dict) or not set(sides.values()) <= set(SIDES):
            raise ValueError("not a side for each picture")
        return sides
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError) as error:  # TypeError: a value that is a list or a table
        raise CourseError(
            f"{Path(root) / 'split.json'} cannot be read ({error}). It says which pictures train "
            "and which judge; put back an older copy, or remove it to split anew and train anew."
        ) from error


def split(root: Path, verdicts: Sequence[Verdict]) -> dict[str, str]:
    """sha256 -> "train", "validation" or "test", for the kept pictures; remembered in split.json.

    Whole near-duplicate groups go to one side: about 15 % of each query's groups validate and 15 %
    test, at least one each where the query has three. Smaller queries are dealt as if they were
    one. A picture that has a side keeps it for ever; a new one goes where its group is. A picture
    that resembles two sides is on none. Raises CourseError for one or two groups in all.
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
            # Several only after a limit was changed or by hand: the later ones are left out
            side = next(side for side in SIDES if side in taken)
            decided[kept[0].photo.query][side] += 1
            stay = (v.photo.sha256 for v in kept)
            result |= {sha256: side for sha256 in stay if sides.get(sha256, side) == side}
    sizes = {q: len(undecided[q]) + decided[q].total() for q in [*undecided, *decided]}
    if 0 < (count := sum(sizes.values())) < FEW:
        raise CourseError(
            f"Too few pictures that differ have passed the cleaning: {count}. Three are the least, "
            "to train, to validate and to test. Collect more, or loosen a rule (02_clean)."
        )
    few = [query for query, size in sizes.items() if size < FEW]
    for queries in [few, *([query] for query in sizes if query not in few)]:
        new = [group for query in queries for group in undecided[query]]
        result |= _deal(new, sum((decided[query] for query in queries), Counter()))
    replace_text(Path(root) / "split.json", json.dumps(sides | result, indent=0, sort_keys=True))
    if result and "test" not in result.values():
        print(NONE_PASSED if "test" in sides.values() else NO_TEST)
    return result


def _deal(groups: list[list[Verdict]], decided: Counter) -> dict[str, str]:
    """Sides for the new groups of one query, in the order of their hashes: the same every time."""
    total = len(groups) + decided.total()
    dealt: list[str] = []
    for side, share in SHARES.items():
        spare = len(groups) - len(dealt) - (not decided["train"])  # one at least has to train
        wanted = max(1, round(share * total)) - decided[side]
        dealt += [side] * min(wanted, spare)
    dealt += ["train"] * (len(groups) - len(dealt))
    groups = sorted(groups, key=lambda kept: hashlib.sha256(kept[0].group.encode()).digest())
    pairs = zip(groups, dealt, strict=True)
    return {verdict.photo.sha256: side for kept, side in pairs for verdict in kept}


def leaks(
    verdicts: Sequence[Verdict], split: Mapping[str, str], limit: int = ALIKE
) -> list[tuple[Verdict, Verdict]]:
    """Every pair of near-duplicates on two sides; there should be none. Compares them anew."""
    used = [v for v in verdicts if v.fingerprint and v.photo.sha256 in split]
    pairs, _ = near_pairs(as_array(v.fingerprint for v in used), limit, mirror=True)
    crossing = ((used[i], used[j]) for i, j in pairs.tolist())
    return [(a, b) for a, b in crossing if split[a.photo.sha256] != split[b.photo.sha256]]
