"""Judge every picture by rules that can be seen, questioned and overruled by hand.

Nothing is deleted: a picture that is turned away is a row with a reason and the value that was
measured. `measures` says what is measured, and why.
"""

import math
import numbers
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..collect.manifest import Photo
from ..common.errors import CourseError
from ..common.files import printable
from ..common.pictures import open_picture
from .by_hand import decide, decisions, match, rule_named
from .by_hand import limits as limits_by_hand
from .duplicates import as_array, near_groups, series
from .measures import look_at_all
from .rules import LIMITS, WORDS, Verdict, rejects
from .splitting import BRIDGE, assigned, leaks, split

__all__ = [
    "LIMITS", "Verdict", "decide", "decisions", "distance", "judge", "leaks",
    "open_picture", "rejects", "split", "tally",
]  # fmt: skip


def judge(
    root: Path, photos: Sequence[Photo], limits: Mapping[str, float] | None = None
) -> list[Verdict]:
    """One verdict for each picture, in their order.

    limits: thresholds that differ from LIMITS and from those in decisions.txt. Of near-duplicates
    the largest is kept. What `decide` has said overrules every rule. Each picture is opened once;
    its measures are kept in measures.jsonl. Raises CourseError for an unknown rule, a limit that
    is not a number, a line of decisions.txt that cannot be read, and for anything but rows.
    """
    if wrong := next((p for p in photos if not isinstance(p, Photo)), None):
        raise CourseError(f"judge wants the rows of ws.photos(), not {type(wrong).__name__}.")
    own = {rule_named(rule): limit for rule, limit in (limits or {}).items()}
    limits = LIMITS | limits_by_hand(root) | own
    for rule, limit in limits.items():
        if not isinstance(limit, numbers.Real) or math.isnan(limit):
            raise CourseError(f"The limit of {rule!r} is {limit!r}; give a number.")
    by_hand = match(decisions(root), (photo.sha256 for photo in photos))
    looks = list(look_at_all(Path(root), photos))
    verdicts = [by_rule(*both, limits) for both in zip(photos, looks, strict=True)]
    shots = series([looked.get("taken") for looked in looks])
    limit = max(limits["alike"], limits["near-duplicate"])
    verdicts = _group(verdicts, limit, shots, assigned(root))
    verdicts = _keep_the_best(verdicts, by_hand, limits["near-duplicate"])
    for i, verdict in enumerate(verdicts):
        keep = by_hand.get(verdict.photo.sha256)
        if keep is not None and verdict.fingerprint:  # what cannot be read stays out
            how = f", {'against' if keep else 'like'} the rule: " if verdict.reason else ""
            why = f"by hand: {'kept' if keep else 'rejected'}{how}{verdict.reason}"
            verdicts[i] = replace(verdict, keep=keep, rule="by hand", reason=why)
    return verdicts


def tally(verdicts: Iterable[Verdict]) -> list[tuple[str, int]]:
    """How many pictures each rule decided, most first; the ones that passed are "passed"."""
    names = (f"{v.rule}{', kept' * v.keep}" if v.rule else "passed" for v in verdicts)
    return Counter(names).most_common()


def by_rule(photo: Photo, looked: dict, limits: Mapping[str, float]) -> Verdict:
    """The verdict of the rules that look at one picture alone."""
    for rule, key in (("at collection", "rejected"), ("unreadable", "unreadable")):
        if key in looked:
            return Verdict(photo, False, rule, f"{rule}: {looked[key]}", math.nan, "", {}, None)
    fingerprint = (int(looked["dhash"], 16), int(looked["phash"], 16))
    values = {rule: looked[rule] for rule in WORDS}
    passed = Verdict(photo, True, "", "", math.nan, "", values, fingerprint)
    for rule, value in values.items():
        if rejects(rule, value, limits[rule]):
            return passed.rejected(rule, WORDS[rule].format(value, limits[rule]), value)
    return passed


def _group(
    verdicts: list[Verdict], limit: float, shots: np.ndarray, sides: Mapping[str, str]
) -> list[Verdict]:
    """Name the group of each picture; keep out new ones that would join the sides of the split.

    A picture and its mirror image are in one group, and both stay. So are the photos of a series:
    they share a number in `shots`. A group is named after its smallest sha256. Where a new picture
    is like one that trains and like one that judges, it is the new one that goes: what is assigned
    stays where it is.
    """
    seen = [i for i, verdict in enumerate(verdicts) if verdict.fingerprint]
    shas = [verdict.photo.sha256 for verdict in verdicts]
    bridges = set()
    groups = _members(verdicts, seen, limit, shots)
    for members in groups:
        if len({sides[shas[i]] for i in members if shas[i] in sides}) > 1:
            bridges |= {i for i in members if shas[i] not in sides}
    if bridges:
        groups = _members(verdicts, [i for i in seen if i not in bridges], limit, shots)
    result = list(verdicts)
    for members in groups:
        name = min(shas[i] for i in members)[:12]
        for i in members:
            result[i] = replace(verdicts[i], group=name)
    why = "like pictures on different sides of the split, so it can be on none"
    for i in bridges:
        verdict = replace(verdicts[i], group=BRIDGE + shas[i][:12])
        result[i] = verdict.rejected("near-duplicate", why) if verdict.keep else verdict
    return result


def _members(
    verdicts: list[Verdict], seen: list[int], limit: float, shots: np.ndarray | None = None
) -> list[list[int]]:
    """The pictures numbered in `seen`, those joined by pairs up to `limit` bits apart together.

    With shots also by pairs of which one is near the other mirrored, and by series.
    """
    prints = as_array(verdicts[i].fingerprint for i in seen)
    labels = near_groups(prints, int(limit), None if shots is None else shots[seen])
    groups: dict[int, list[int]] = {}
    for i, label in zip(seen, labels.tolist(), strict=True):
        groups.setdefault(label, []).append(i)
    return list(groups.values())


def _keep_the_best(
    verdicts: list[Verdict], by_hand: Mapping[str, bool], limit: float
) -> list[Verdict]:
    """Of near-duplicates keep one: a picture kept by hand if there is one, else the largest."""

    def rank(i: int):
        photo = verdicts[i].photo
        chosen = by_hand.get(photo.sha256, False)
        return chosen, photo.width * photo.height, photo.bytes, photo.sha256

    wanted = [
        i for i, verdict in enumerate(verdicts)
        if by_hand.get(verdict.photo.sha256, verdict.keep)
        and verdict.fingerprint and not verdict.group.startswith(BRIDGE)
    ]  # fmt: skip
    result = list(verdicts)
    for copies in _members(verdicts, wanted, limit):
        best = verdicts[max(copies, key=rank)]
        twin = f"{best.photo.query}/{printable(Path(best.photo.file).name, '?')}"
        for i in copies:
            if verdicts[i] is not best and verdicts[i].keep:
                bits = distance(verdicts[i], best)
                why = f"of {twin}, {bits} of 128 bits differ"
                why += ", by way of others that are nearer" if bits > limit else ""
                result[i] = verdicts[i].rejected("near-duplicate", why, bits)
    return result


def distance(one: Verdict, other: Verdict) -> int:
    """In how many of 128 bits two fingerprints differ."""
    pairs = zip(one.fingerprint, other.fingerprint, strict=True)
    return sum((a ^ b).bit_count() for a, b in pairs)
