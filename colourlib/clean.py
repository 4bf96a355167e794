"""Judge every picture by rules that can be seen, questioned and overruled by hand.

Nothing is deleted: a picture that is turned away is a row with a reason and the value that was
measured. What was measured is kept in `measures.jsonl`, so that a second run is quick. Decisions by
hand are in the module `decisions`, the split in `sides`; their functions can be had from here.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import imagehash
from PIL import Image, ImageOps
from tqdm.auto import tqdm

from .colour import rgb_to_lab, to_tensor
from .decisions import decide, decisions, match
from .manifest import Photo
from .near import ALIKE, COPY, as_array, near_groups
from .sides import BRIDGE, assigned, leaks, split
from .workspace import CourseError

__all__ = [
    "LIMITS", "Verdict", "around", "decide", "decisions", "distance", "judge", "leaks",
    "open_picture", "split", "tally",
]  # fmt: skip

LIMITS = {
    "too small": 64,  # pixels, shorter side: at least
    "extreme shape": 3.0,  # longer side / shorter side: at most
    "grey": 2.0,  # chroma (Lab units) that 99 % of the pixels stay below: at least
    "near-duplicate": COPY,  # bits of 128 that differ from the picture kept: more
    "alike": ALIKE,  # bits: up to here both pictures stay, but on the same side of the split
}
MEASURING = 1  # raise it when a measure changes, and every picture is measured anew
LOOK = 64  # pixels a side of the small copy that is measured


@dataclass(frozen=True)
class Verdict:
    """What was decided about one picture, and why."""

    photo: Photo
    keep: bool
    rule: str  # the rule that decided: a key of LIMITS, "unreadable", "at collection", "by hand"
    reason: str  # in words; "" for a picture that passed every rule
    value: float  # what that rule measured; nan where it measures nothing
    group: str  # pictures that are alike share it; "" for one that could not be read
    measures: Mapping[str, float]  # the value for each of the first three rules
    fingerprint: tuple[int, int] | None  # (dHash, pHash), 64 bits each


def judge(
    root: Path, photos: Sequence[Photo], limits: Mapping[str, float] | None = None
) -> list[Verdict]:
    """One verdict for each picture, in their order.

    limits: thresholds that differ from LIMITS. Of near-duplicates the largest is kept. What
    `decide` has said overrules every rule. Raises CourseError for an unknown rule and for a line
    of decisions.txt that cannot be read.
    """
    if unknown := set(limits or {}) - set(LIMITS):
        raise CourseError(f"There is no rule {sorted(unknown)}: choose from {list(LIMITS)}.")
    limits = LIMITS | dict(limits or {})
    by_hand = match(decisions(root), (photo.sha256 for photo in photos))
    verdicts = [
        _by_rule(photo, looked, limits)
        for photo, looked in zip(photos, _look_at_all(Path(root), photos), strict=True)
    ]
    alike = max(limits["alike"], limits["near-duplicate"])
    verdicts = _group(verdicts, alike, assigned(root))
    verdicts = _keep_the_best(verdicts, by_hand, limits["near-duplicate"])
    return [_by_hand(verdict, by_hand.get(verdict.photo.sha256)) for verdict in verdicts]


def tally(verdicts: Iterable[Verdict]) -> list[tuple[str, int]]:
    """How many pictures each rule decided, most first; the ones that passed are "passed"."""
    names = (f"{v.rule}{', kept' * v.keep}" if v.rule else "passed" for v in verdicts)
    return Counter(names).most_common()


def around(verdicts: Iterable[Verdict], rule: str, limit: float, count: int = 6):
    """(below, from): the verdicts whose measure is nearest to a limit, on either side of it."""
    looked = [v for v in verdicts if rule in v.measures]
    looked.sort(key=lambda v: v.measures[rule])
    middle = bisect_left([v.measures[rule] for v in looked], limit)
    return looked[max(middle - count, 0) : middle], looked[middle : middle + count]


# ---- looking at a picture ------------------------------------------------------------------------


def open_picture(path: Path, side: int) -> Image.Image:
    """The picture, upright, in RGB, decoded no finer than it takes for `side` pixels a side.

    A JPEG decoder can leave out detail: at 1/8 a photo of 12 megapixels opens many times faster.
    Raises OSError and other errors of Pillow for what cannot be read.
    """
    with Image.open(path) as image:
        image.draft("RGB", (side, side))
        return ImageOps.exif_transpose(image).convert("RGB")


def look(path: Path) -> dict:
    """What is measured of one picture: the values of the rules, and its fingerprint.

    A picture that cannot be read has the one key "unreadable", which says why.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
        small = open_picture(path, 2 * LOOK).resize((LOOK, LOOK), Image.Resampling.BOX)
    except FileNotFoundError:
        return {"unreadable": "the file is gone"}
    except Exception as error:  # hostile bytes: a decoder may raise anything
        return {"unreadable": str(error) or type(error).__name__}
    _, ab = rgb_to_lab(to_tensor(small))  # (1, 2, LOOK, LOOK)
    chroma = ab.norm(dim=1).flatten().quantile(0.99).item()
    return {
        "too small": min(width, height),
        "extreme shape": round(max(width, height) / min(width, height), 3),
        "grey": round(chroma, 3),
        "dhash": str(imagehash.dhash(small)),
        "phash": str(imagehash.phash(small)),
    }


def _look_at_all(root: Path, photos: Sequence[Photo]) -> Iterable[dict]:
    """What is measured of each picture; only pictures that were never seen are opened."""
    file = root / "measures.jsonl"
    known = dict(_read_measures(file))
    todo = {p.sha256: p for p in photos if not p.rejected and p.sha256 not in known}
    if todo:
        root.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(os.cpu_count()) as pool, open(file, "a", encoding="utf-8") as out:
            out.write("\n")  # ends a line that an earlier run could not finish
            looks = pool.map(look, (photo.path(root) for photo in todo.values()))
            for sha256, looked in zip(
                todo, tqdm(looks, total=len(todo), desc="looking", unit="picture"), strict=True
            ):
                known[sha256] = looked
                if looked != {"unreadable": "the file is gone"}:  # it may come back
                    row = {"sha256": sha256, "measuring": MEASURING} | looked
                    out.write(json.dumps(row) + "\n")
    return [{"rejected": p.rejected} if p.rejected else known[p.sha256] for p in photos]


def _read_measures(file: Path) -> Iterable[tuple[str, dict]]:
    """(sha256, measures) of every whole line that was measured the way it is done now."""
    with contextlib.suppress(FileNotFoundError):
        for line in file.read_text(encoding="utf-8", errors="replace").split("\n"):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                row = json.loads(line)
                if row.pop("measuring") == MEASURING:
                    yield row.pop("sha256"), row


# ---- the rules -----------------------------------------------------------------------------------


def _by_rule(photo: Photo, looked: dict, limits: Mapping[str, float]) -> Verdict:
    """The verdict of the rules that look at one picture alone."""
    for rule, key in (("at collection", "rejected"), ("unreadable", "unreadable")):
        if key in looked:
            return Verdict(photo, False, rule, f"{rule}: {looked[key]}", math.nan, "", {}, None)
    fingerprint = (int(looked["dhash"], 16), int(looked["phash"], 16))
    values = {rule: looked[rule] for rule in ("too small", "extreme shape", "grey")}
    passed = Verdict(photo, True, "", "", math.nan, "", values, fingerprint)
    for rule, value in values.items():
        limit = limits[rule]
        broken, words = {
            "too small": (value < limit, f"{value:g} pixels on its shorter side, under {limit:g}"),
            "extreme shape": (value > limit, f"{value:.1f} times as long as wide, over {limit:g}"),
            "grey": (value < limit, f"99 % of it has a chroma up to {value:.1f}, under {limit:g}"),
        }[rule]
        if broken:
            return replace(passed, keep=False, rule=rule, reason=f"{rule}: {words}", value=value)
    return passed


def _group(verdicts: list[Verdict], limit: float, sides: Mapping[str, str]) -> list[Verdict]:
    """Name the group of each picture; keep out new ones that would join the sides of the split.

    A group is named after its smallest sha256. Where a new picture is like one that trains and
    like one that validates, it is the new one that goes: what is assigned stays where it is.
    """
    seen = [i for i, verdict in enumerate(verdicts) if verdict.fingerprint]
    groups = _members(verdicts, seen, limit)
    bridges = set()
    for members in groups:
        shas = [verdicts[i].photo.sha256 for i in members]
        if len({sides[sha] for sha in shas if sha in sides}) == 2:
            bridges |= {i for i, sha in zip(members, shas, strict=True) if sha not in sides}
    if bridges:
        groups = _members(verdicts, [i for i in seen if i not in bridges], limit)
    result = list(verdicts)
    for members in groups:
        name = min(verdicts[i].photo.sha256 for i in members)[:12]
        for i in members:
            result[i] = replace(verdicts[i], group=name)
    for i in bridges:
        verdict = replace(verdicts[i], group=BRIDGE + verdicts[i].photo.sha256[:12])
        why = "near-duplicate: like pictures on both sides of the split, so it can be on neither"
        rejected = replace(verdict, keep=False, rule="near-duplicate", reason=why)
        result[i] = rejected if verdict.keep else verdict
    return result


def _members(verdicts: list[Verdict], seen: list[int], limit: float) -> list[list[int]]:
    """The pictures numbered in `seen`, those joined by pairs up to `limit` bits apart together."""
    labels = near_groups(as_array(verdicts[i].fingerprint for i in seen), int(limit))
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

    groups: dict[str, list[int]] = {}
    for i, verdict in enumerate(verdicts):
        if by_hand.get(verdict.photo.sha256, verdict.keep) and verdict.fingerprint:
            groups.setdefault(verdict.group, []).append(i)
    result = list(verdicts)
    for alike in groups.values():
        for copies in _members(verdicts, alike, limit) if len(alike) > 1 else []:
            best = max(copies, key=rank)
            for i in copies:
                if i != best and verdicts[i].keep:
                    result[i] = _copy_of(verdicts[best], verdicts[i])
    return result


def _copy_of(best: Verdict, verdict: Verdict) -> Verdict:
    bits = distance(verdict, best)
    twin = f"{best.photo.query}/{Path(best.photo.file).name}"
    why = f"near-duplicate: of {twin}, {bits} of 128 bits differ"
    return replace(verdict, keep=False, rule="near-duplicate", reason=why, value=bits)


def distance(one: Verdict, other: Verdict) -> int:
    """In how many of 128 bits two fingerprints differ."""
    pairs = zip(one.fingerprint, other.fingerprint, strict=True)
    return sum((a ^ b).bit_count() for a, b in pairs)


def _by_hand(verdict: Verdict, keep: bool | None) -> Verdict:
    """The verdict with a person's decision, if there is one. What cannot be read stays out."""
    if keep is None or verdict.fingerprint is None:
        return verdict
    against = f", against the rule: {verdict.reason}" if keep and verdict.reason else ""
    words = f"by hand: {'kept' if keep else 'rejected'}{against}"
    return replace(verdict, keep=keep, rule="by hand", reason=words)
