"""Exercises of chapter 01 on origins: what stops each fault, who has most, and what may be shown.

What a fault is made of is asked of `faults` itself, so that the numbers are those of real files.
"""

import hashlib
import math
from collections import Counter
from urllib.parse import urlsplit

from ....collect import fetch
from ....collect.manifest import Photo
from ....practice import faults
from ....practice.faults.files import jpeg
from ..answers import chosen
from ..core import Wrong, call, exercise
from ..slips import ELSE, must_be, recognise, wrong_if

# Fault -> the step that stops it (0: none does), as the collector does it; a test asks it.
STEPS = {
    "shorter than declared": 1, "truncated JPEG": 2, "web page named .jpg": 2, "PNG named .jpg": 0,
    "same bytes, other address": 3, "recompressed copy": 0, "greyscale": 0,
}  # fmt: skip
_WHICH = ("no step", "step 1, fetch", "step 2, decode", "step 3, compare")


@exercise("01.5", "Predict what stops each fault", "a dict with a step, 0 to 3, for each fault")
def stopped_by(answer):
    """Compares the choices with what the collector does; the files are made and looked at."""
    made = chosen(answer, STEPS, (0, 1, 2, 3))
    wrong = [fault for fault, step in STEPS.items() if made[fault] != step]
    fault = wrong[0] if wrong else "greyscale"
    origin = faults.Origin("moon", 10_001, 216, 160)
    healthy = jpeg(origin.image())
    same = fault in ("shorter than declared", "same bytes, other address")
    data = healthy if same else faults.FAULTS[fault].answer(origin)
    one, other = (hashlib.sha256(each).hexdigest() for each in (healthy, data))
    picture = data if fault in ("greyscale", "PNG named .jpg") else healthy
    width, height, kind = fetch.measure(picture, decode=True)
    page, png = (fault == f"{what} named .jpg" for what in ("web page", "PNG"))
    bits = (int(one, 16) ^ int(other, 16)).bit_count()
    slips = {
        f"half a download taken for a file: The server declares {len(healthy) + 4321} bytes and "
        f"sends {len(healthy)}: 4321 are missing.": fault == "shorter than declared",
        f"a length taken for a proof: {len(data)} bytes are declared and arrive, none is missing "
        f"on the way; the whole photo has {len(healthy)}.": fault == "truncated JPEG",
        f"a name taken for the content: These {len(data)} bytes begin {data[:9]!r}. Hint: no step "
        "reads the name. Which is the first that needs the content?": page,
        f"a name taken for the content: These {len(data)} bytes are decoded to the end, a {kind} "
        f"of {width} × {height} pixels. Hint: does decoding mind that the name says jpg?": png,
        f"a copy let in: It is decoded to 216 × 160 pixels; its SHA-256 starts {one[:8]}. Hint: "
        "which step looks for numbers that are known?": fault == "same bytes, other address",
        f"likeness taken for sameness: Of its SHA-256 {bits} of 256 bits differ. "
        "Hint: it knows what is the same, not what looks alike.": fault == "recompressed copy",
        f"judged too early: It arrives whole and is decoded, a {kind} of {width} × {height} "
        "pixels. Hint: did all bytes come, are they a picture, and is it known?": ELSE,
    }
    start = f"{7 - len(wrong)} of 7 are right. {fault!r}: you say {_WHICH[made[fault]]}."
    recognise(slips, right=not wrong, start=start)
    return (
        "A name stops nothing, and to SHA-256 a copy with one other byte is another file. "
        "Section 5 of this notebook shows what became of the others."
    )


def _rows(kept: str, away: str, query: str = "moon") -> list[Photo]:
    """Rows of a manifest from hosts a, b, c: 'aab' kept, 'bb' turned away."""
    rows = [(letter, "") for letter in kept] + [(letter, "broken: ...") for letter in away]
    return [
        Photo(
            query if i % 3 else "rain", f"https://{letter}.example/{i}/{query}.jpg", f"{i}.jpg",
            hashlib.sha256(b"%d" % i).hexdigest(), 1000 + i, 64, 64, "JPEG", "", why
        )
        for i, (letter, why) in enumerate(rows)
    ]  # fmt: skip


@exercise("01.3", "Who has most of it?", expects="a function of photos that gives (host, share)")
def largest_host(answer):
    """Calls the function on two little manifests, in which the turned-away rows mislead."""
    for photos in (_rows("aaaabbcc", "bbbbb"), _rows("ccbcacbcca", "aaaaaaaa", "fog")):
        _compare_host(_called(answer, photos), photos)
    return (
        "It names the host with most of the kept pictures on two little manifests. Try it on "
        "`photos`: the more of a set comes from one place, the more of its taste a network learns. "
        "Not looked at: two hosts with equally many, and rows without a host."
    )


def _called(answer, photos: list[Photo]):
    """What the function gives; raise Wrong in words of its own where it reads a row as a dict."""
    try:
        return call(answer, list(photos))
    except Wrong as wrong:
        wrong_if(
            "'Photo' object is not subscriptable" in wrong.message,
            f"a row read like a dictionary: {wrong.message}. Hint: `photo.rejected`, with a dot: "
            "each row is an object, whose values have names.",
        )
        raise


def _compare_host(given, photos: list[Photo]) -> None:
    """Raise Wrong where a pair is not (host, share) of the kept rows."""
    every = Counter(urlsplit(p.url).hostname for p in photos)
    hosts = Counter(urlsplit(p.url).hostname for p in photos if not p.rejected)
    away, rows, kept = every - hosts, len(photos), hosts.total()
    (host, n), (most, m), (gone, _) = (c.most_common(1)[0] for c in (hosts, every, away))
    must_be(isinstance(given, tuple | list) and len(given) == 2, given, f"a pair: {host, n / kept}")
    name, share = given
    strings = isinstance(name, str) and isinstance(share, str)
    must_be(not strings, given, f"a host and a number: {n} / {kept}; no % and no f''")
    wrong_if(
        isinstance(share, str),
        f"the other way round: {given!r:.60}: the host is first. Hint: `return host, share`.",
    )
    share, queries = float(share), {p.query for p in photos}

    def is_(value: float) -> bool:
        return math.isclose(share, value, rel_tol=1e-2)

    all_counted = name == most != host and any(map(is_, (m / rows, m / kept, m)))
    rejected = "Hint: a row that was turned away has a reason: `if not photo.rejected`."
    slips = {
        f"counted what was turned away: With the {rows - kept} rows that were turned away {most} "
        f"has {m}; of the pictures that are there, {hosts[most]}. {rejected}": all_counted,
        f"only what was turned away: {name} has {away[name]} of the {rows - kept} rows that were "
        f"turned away. {rejected}": name != host and name == gone,
        f"the address, not the host: It occurs once: 1/{kept} = {1 / kept:.3g}.": "/" in str(name),
        f"the query, not the host: {name!r} is what was searched for.": name in queries,
        "a host of other rows: That is none of them. Hint: count the rows that the function is "
        "given, not those of the notebook.": isinstance(name, str) and name not in every,
        f"another host: {host} has most, {n}. Hint: `urlsplit(photo.url).hostname`; and "
        "Counter(...).most_common(1).": name != host,
        f"a share of all rows: That is {n} / {rows}.": is_(n / rows),
        f"a number, not a share: {n} is how many.": is_(n),
        f"percent, not a share: {100 * n / kept:g} % is {n / kept:g}.": is_(100 * n / kept),
        "another share: Of the pictures that were kept it has another one. Hint: pictures of that "
        f"host, divided by all that were kept: {n} / {kept} = {n / kept:g}.": ELSE,
    }
    table = ", ".join(f"{h} {c}" for h, c in sorted(hosts.items()))
    start = f"Of {rows} rows {kept} were kept: {table}. You give {name!r:.60} and {share:g}."
    right = name == host and math.isclose(share, n / kept, rel_tol=1e-3)
    recognise(slips, right=right, start=start)


SHOWN = {
    "a photo that a search found": "no",
    "the same photo, 64 x 64 pixels": "no",
    "a photo under CC BY": "with credit",
    "a photo under CC BY-ND, coloured": "no",
    "my photo of a friend, not asked": "no",
    "a practice scene": "yes",
    "a photo under CC0": "yes",
    "the manifest of a search": "yes",
}


@exercise("01.4", "May it be shown?", expects="a dict with 'yes', 'with credit' or 'no' for each")
def may_be_shown(answer):
    """Compares the choices with the four questions and what the licences say."""
    made = chosen(answer, SHOWN, ("yes", "with credit", "no"))
    wrong = [thing for thing, may in SHOWN.items() if made[thing] != may]
    thing = wrong[0] if wrong else "a practice scene"
    slips = {
        "found is not free: Somebody took it. Hint: without a licence nothing is allowed that the "
        "law itself does not allow. To name somebody is no permission.": "found" in thing,
        "smaller is still a copy: 64 · 64 = 4096 pixels of somebody's photo are a copy of it. "
        "Hint: what did you say of the photo itself?": "64" in thing,
        "the credit: BY asks for the author's name, the licence, and what was changed beside it. "
        "With that it may be shown. Hint: which choice says just that?": thing.endswith("CC BY"),
        "a change that is not allowed: ND is 'no derivatives': it may be passed on as it is. Hint: "
        "what a network has coloured is no longer as it is.": "ND" in thing,
        "a face, and nobody asked: You and your friend: two people have a say.": "friend" in thing,
        "more forbidden than need be: A practice scene has no owner, CC0 gives up every right, and "
        "a manifest holds addresses and numbers, and no picture. Hint: who could object?": ELSE,
    }
    start = f"{8 - len(wrong)} of 8 are right. For {thing!r} you say {made[thing]!r}."
    recognise(slips, right=not wrong, start=start)
    return (
        "All eight are right: a photo has an owner, and people in it. Not looked at: the law of "
        "your country, which has exceptions (teaching, for one): where it matters, ask a lawyer."
    )
