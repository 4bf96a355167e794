"""Exercises of chapter 01, the next two: what stops each fault, and from whom most pictures are.

What a fault is made of is asked of `faults` itself, so that the numbers are those of real files.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from urllib.parse import urlsplit

from ....collect import fetch
from ....collect.manifest import Photo
from ....practice import faults
from ....practice.faults.files import jpeg
from ..choices import chosen
from ..core import UNREADABLE, Wrong, call, exercise

# Fault -> the step that stops it (0: none does), as the collector does it; a test asks it.
STEPS = {
    "shorter than declared": 1,
    "truncated JPEG": 2,
    "web page named .jpg": 2,
    "PNG named .jpg": 0,
    "same bytes, other address": 3,
    "recompressed copy": 0,
    "greyscale": 0,
}
_WHICH = {0: "no step", 1: "step 1, fetch", 2: "step 2, decode", 3: "step 3, compare"}


@exercise(
    "01.3",
    "Predict what stops each fault",
    expects="a dict with a step, 1, 2 or 3, or 0, for each fault",
)
def stopped_by(answer):
    """Compares the choices with what the collector does; the files are made and looked at."""
    made = chosen(answer, STEPS, (0, 1, 2, 3))
    right = sum(made[fault] == step for fault, step in STEPS.items())
    if right < len(STEPS):
        _first_wrong(made, f"{right} of {len(STEPS)} are right. ")
    return (
        "Of seven faults you knew what becomes of them, before they were met. Two kinds of half a "
        "photo are stopped by different steps; a name stops nothing, and a copy with one other "
        "byte is no copy for SHA-256. The next cells collect: the table 'What became of each "
        "fault' shows the same for all the others, about which you were not asked."
    )


def _first_wrong(made: dict, said: str) -> None:
    """Raises Wrong about the first fault that was not understood, with its own numbers."""
    origin = faults.Origin("moon", 10_001, 216, 160)
    healthy = jpeg(origin.image())
    if (step := made["shorter than declared"]) != 1:
        raise Wrong(
            "half a download taken for a file",
            f"{said}'shorter than declared': you say {_WHICH[step]}. The server declares "
            f"{len(healthy) + 4321} bytes and sends {len(healthy)}: 4321 are missing.",
            "who counts the bytes as they arrive?",
        )
    if (step := made["truncated JPEG"]) != 2:
        half = faults.FAULTS["truncated JPEG"].answer(origin)
        raise Wrong(
            "a length taken for a proof",
            f"{said}'truncated JPEG': you say {_WHICH[step]}. Here {len(half)} bytes are declared "
            f"and {len(half)} arrive, none is missing on the way; the whole photo has "
            f"{len(healthy)}.",
            "which step reads every pixel, down to the last row?",
        )
    for fault, what in (("web page named .jpg", "a web page"), ("PNG named .jpg", "a whole PNG")):
        if made[fault] != STEPS[fault]:
            data = faults.FAULTS[fault].answer(origin)
            raise Wrong(
                "a name taken for the content",
                f"{said}{fault!r}: you say {_WHICH[made[fault]]}. It is {what} of {len(data)} "
                f"bytes, and begins {data[:9]!r}.",
                "no step reads the name. Which is the first that needs the content, and what does "
                "it need of it?",
            )
    if (step := made["same bytes, other address"]) != 3:
        raise Wrong(
            "a copy let in",
            f"{said}'same bytes, other address': you say {_WHICH[step]}. It arrives whole and is "
            f"decoded to {origin.width} × {origin.height} pixels; its SHA-256 starts "
            f"{_sha(healthy)}, and that number is known already.",
            "which step looks for numbers that are known?",
        )
    _too_strict(made, said, origin, healthy)


def _too_strict(made: dict, said: str, origin: faults.Origin, healthy: bytes) -> None:
    """Raises Wrong about a whole picture that was thought to be turned away."""
    if (step := made["recompressed copy"]) != 0:
        again = faults.FAULTS["recompressed copy"].answer(origin)
        bits = (int(_sha(healthy, 64), 16) ^ int(_sha(again, 64), 16)).bit_count()
        raise Wrong(
            "likeness taken for sameness",
            f"{said}'recompressed copy': you say {_WHICH[step]}. The photo's SHA-256 starts "
            f"{_sha(healthy)}, that of the copy, saved once more, {_sha(again)}: {bits} of 256 "
            "bits differ, about as many as between any two files.",
            "SHA-256 says whether two files are the same, and nothing of whether they look alike; "
            "chapter 02 does that.",
        )
    step = made["greyscale"]
    width, height, kind = fetch.measure(faults.FAULTS["greyscale"].answer(origin), decode=True)
    raise Wrong(
        "judged too early",
        f"{said}'greyscale': you say {_WHICH[step]}. It arrives whole and is decoded, a {kind} of "
        f"{width} × {height} pixels that nobody had before.",
        "the collector asks whether it is a picture, not whether we like it.",
    )


def _sha(data: bytes, digits: int = 8) -> str:
    return hashlib.sha256(data).hexdigest()[:digits]


# ---- counting from the manifest ------------------------------------------------------------------


def _rows(kept: str, away: str, query: str = "moon") -> list[Photo]:
    """Rows of a manifest from hosts a, b, c: 'aab' kept, 'bb' turned away."""
    rows = [(letter, "") for letter in kept] + [(letter, "broken: ...") for letter in away]
    return [
        Photo(
            query if i % 3 else "rain", f"https://{letter}.example/{i}/{query}.jpg", f"{i}.jpg",
            hashlib.sha256(b"%d" % i).hexdigest(), 1000 + i, 64, 64, "JPEG", "", why,
        )
        for i, (letter, why) in enumerate(rows)
    ]  # fmt: skip


@exercise("01.4", "Who has most of it?", expects="a function of photos that gives (host, share)")
def largest_host(answer):
    """Calls the function on two little manifests, in which the turned-away rows mislead."""
    for photos in (_rows("aaaabbcc", "bbbbb"), _rows("ccbcacbcca", "aaaaaaaa", "fog")):
        _compare_host(call(answer, list(photos)), photos)
    return (
        "On two little manifests it names the host with most of the kept pictures, 4 of 8 and "
        "6 of 10, though among all rows another one is ahead. Try it on `photos`: the more of a "
        "set comes from one place, the more of that place's taste a network learns. Not looked "
        "at: two hosts with equally many, and rows without a host, as a folder of photos has them."
    )


def _compare_host(given, photos: list[Photo]) -> None:
    """Raises Wrong where a pair is not (host, share) of the kept rows."""
    kept = [p for p in photos if not p.rejected]
    hosts = Counter(urlsplit(p.url).hostname for p in kept)
    (host, n), *_ = hosts.most_common(1)
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        pair = (host, n / len(kept))
        text = f"Your function gives {given!r:.60}, and a pair is wanted: {pair}."
        raise Wrong(UNREADABLE, text, "end with `return host, share`.")
    name, share = given
    if isinstance(name, str) and isinstance(share, str):
        text = f"Your function gives {given!r:.60}: the share is text, and a number is wanted."
        raise Wrong(UNREADABLE, text, f"{n} of {len(kept)} is {n} / {len(kept)}; no % and no f''.")
    if isinstance(share, str):
        raise Wrong(
            "the other way round",
            f"Your function gives {given!r:.60}: wanted is the host first, then its share.",
            "end with `return host, share`.",
        )
    share = float(share)
    table = ", ".join(f"{h} {c}" for h, c in sorted(hosts.items()))
    said = (
        f"Of {len(photos)} rows {len(kept)} were kept: {table}. You give {name!r:.60} and {share:g}"
    )
    _compare_who(name, share, said, photos, hosts)
    _compare_share(share, said, n, len(kept), len(photos))


def _compare_who(name, share: float, said: str, photos: list[Photo], hosts: Counter) -> None:
    """Raises Wrong where the name is not that of the host with most of the kept pictures.

    hosts: how many of the kept pictures each has.
    """
    kept = hosts.total()
    every = Counter(urlsplit(p.url).hostname for p in photos)
    away = every - hosts
    (host, n), *_ = hosts.most_common(1)
    (most, m), *_ = every.most_common(1)
    if name == most != host and any(
        math.isclose(share, m / whole) for whole in (len(photos), kept, 1)
    ):
        raise Wrong(
            "counted what was turned away",
            f"{said}. With the {len(photos) - kept} rows that were turned away {most} has "
            f"{m}; of the pictures that are there it has {hosts[most]}.",
            "a row that was turned away has a reason in `photo.rejected`.",
        )
    if name != host and name == away.most_common(1)[0][0]:
        raise Wrong(
            "only what was turned away",
            f"{said}. {name} has {away[name]} of the {len(photos) - kept} rows that were "
            "turned away, which you have counted in place of the others.",
            "`photo.rejected` is empty for a picture that was kept: `if not photo.rejected`.",
        )
    if "/" in str(name):
        raise Wrong(
            "the address, not the host",
            f"{said}. An address occurs once, so each has a share of 1/{kept} = "
            f"{1 / kept:.3g}; {host} has {n} of them.",
            "`urlsplit(photo.url).hostname` is the host of an address.",
        )
    if name in {p.query for p in photos}:
        raise Wrong(
            "the query, not the host",
            f"{said}. {name!r} is what was searched for; found it was at {host} and elsewhere.",
            "`urlsplit(photo.url).hostname` is the host of an address.",
        )
    if isinstance(name, str) and name not in every:
        raise Wrong(
            "a host of other rows",
            f"{said}, which is none of them. The check hands over rows of its own.",
            "count the rows that the function is given, not those of the notebook.",
        )
    if name != host:
        raise Wrong(
            "another host",
            f"{said}. {host} has most, {n}.",
            "Counter(...).most_common(1) gives a list with one pair: the name and its number. "
            "max(...) of a dict compares the names, with key=counts.get their numbers.",
        )


def _compare_share(share: float, said: str, n: int, kept: int, rows: int) -> None:
    """Raises Wrong where the share is not n of the kept."""
    if math.isclose(share, n / kept, rel_tol=1e-3):
        return
    if math.isclose(share, n / rows, rel_tol=1e-2):
        raise Wrong(
            "a share of all rows",
            f"{said}, which is {n} / {rows}. Of the {kept} pictures that were kept it is "
            f"{n} / {kept} = {n / kept:g}.",
            "count the same rows above and below the line of the fraction.",
        )
    if math.isclose(share, n):
        raise Wrong(
            "a number, not a share",
            f"{said}. {n} is how many; of {kept} it is {n} / {kept} = {n / kept:g}.",
            "divide by the number of the pictures that were kept.",
        )
    if math.isclose(share, 100 * n / kept, rel_tol=1e-2):
        raise Wrong(
            "percent, not a share",
            f"{said}. {n} of {kept} is {n / kept:g}, which is {100 * n / kept:g} %.",
            "a share is from 0 to 1.",
        )
    raise Wrong(
        "another share",
        f"{said}. Wanted is {n} / {kept} = {n / kept:g}.",
        "pictures of that host, divided by all that were kept.",
    )
