"""Wrong answers to the exercises of chapter 01."""

import hashlib
import io
import random
from collections import Counter
from types import SimpleNamespace
from urllib.parse import urlsplit

from PIL import Image

from colourlib.teaching.check.chapter01.origins import SHOWN, STEPS

from . import CRASHED, UNREADABLE, Case

WRONG = {}
WRONG["pattern"] = [
    Case("a greedy pattern", 'data-full="(.*)"', "data-thumb", ".*?", "takes as much"),
    Case("a greedy pattern", "(.*)", "begins with '<a href="),
    Case("the quotation marks, too", "data-full=(.*?) ", "of 53", "has 51"),
    Case("the small preview", 'data-thumb="(.*?)"', "-small.jpg"),
    Case("the small preview", '="(https://cdn[^"]*)"', "Of 6 addresses that it finds, 3"),
    Case("the page, not the picture", 'href="(.*?)"', "/view/1"),
    Case("nothing found", "murl&quot;:&quot;(.*?)&quot;", "0 of 3", "0 times", "&quot;"),
    Case("nothing found", "data-full='(.*?)'", "0 times"),
    Case("nothing between the brackets", "data-full=(.*?)", "3 pieces", "is empty"),
    Case("not one pair of brackets", 'data-full=".*?"', "0 pairs"),
    Case("not one pair of brackets", 'data-(full|big)="(.*?)"', "2 pairs"),
    Case("no pattern", 'data-full="(.*?"', "cannot read"),
    Case("a piece is missing", 'data-full="([a-z0-9/:.]*[.]jpg)', "You have 'https", "?w=1200"),
    Case("a piece is missing", 'data-full="https(.*?)"', "You have '://", "should be 'https://"),
    Case("a piece is missing", 'data-full="(.*?)&', "?w=1200&amp;h=900"),
    Case("fits some addresses only", 'full="(https://cdn.*?)"', "finds 0", "2 addr"),
    Case("fits some addresses only", 'full="(https://.*?10422.*?)"', "it finds 1"),
    Case(UNREADABLE, ["https://cdn.example/moon/10417.jpg"], "list"),
]


SPELLING = "another spelling of the ending"


def digits(data):
    return hashlib.sha256(data).hexdigest()[:16]


def named(mistake, name, *says):
    """`name` makes a name, right or wrong, of what can be known of a file."""

    def file_name(url, data):
        image = Image.open(io.BytesIO(data))
        known = {"url": url, "address": digits(url.encode()), "data": data, "format": image.format}
        known["ending"] = {"JPEG": ".jpg", "PNG": ".png", "GIF": ".gif"}[image.format]
        known["sha"], known["md5"] = (h(data).hexdigest() for h in (hashlib.sha256, hashlib.md5))
        known["pixels"] = image.convert("RGB").tobytes()
        return name(SimpleNamespace(**known))

    return Case(mistake, file_name, *says)


ADDRESS = "the address, not the content"
PNG = ("b.example", "'.jpg'", "the content is a PNG", "'.png'")
WRONG["file_name"] = [
    named("the address's ending", lambda f: f.sha[:16] + f.url[-4:], *PNG),
    named(ADDRESS, lambda f: f.address + f.ending, "SHA-256 of the address", "two names"),
    named("the pixels, not the file", lambda f: digits(f.pixels) + f.ending, "decoded pixels"),
    named("the whole hash", lambda f: f.sha + f.ending, "64 digits", "37 million"),
    named("the last digits", lambda f: f.sha[-16:] + f.ending, "text[:16]"),
    named("another number of digits", lambda f: f.sha[:8] + f.ending, "8 digits"),
    named("another hash function", lambda f: f.md5[:16] + f.ending, "md5"),
    named("Python's own hash", lambda f: f"{hash(f.data)}{f.ending}", "each time Python starts"),
    named(SPELLING, lambda f: f.sha[:16] + f.ending[1:], "a dot and three small letters"),
    named(SPELLING, lambda f: f"{f.sha[:16]}.{f.format}", ".jpg"),
    named("another ending", lambda f: f.sha[:16] + ".bin", "'.bin'"),
    named("another name", lambda f: "Image_1" + f.ending, "'Image_1"),
    named("another name", lambda f: f"{f.sha[:16]}-{random.random():.3f}{f.ending}", "-0."),
    named(UNREADABLE, lambda f: hashlib.sha256(f.data).digest(), "of type bytes"),
    named(CRASHED, lambda f: hashlib.sha256(f.data)[:16], "TypeError"),
]


def changed(right):
    """Cases that differ from what is right in one choice."""
    return lambda mistake, thing, choice, *says: Case(mistake, right | {thing: choice}, *says)


steps, shown = changed(STEPS), changed(SHOWN)
HALF = "half a download taken for a file"
WRONG["stopped_by"] = [
    steps("likeness taken for sameness", "recompressed copy", 3, "of 256 bits"),
    steps("a length taken for a proof", "truncated JPEG", 1, "none is missing"),
    steps("a length taken for a proof", "truncated JPEG", 0, "no step"),
    steps(HALF, "shorter than declared", 2, "4321 are missing", "6 of 7"),
    steps("a name taken for the content", "PNG named .jpg", 2, "PNG of 216", "mind"),
    steps("a name taken for the content", "PNG named .jpg", 1, "6 of 7"),
    steps("a name taken for the content", "web page named .jpg", 1, "<!DOCTYPE"),
    steps("a copy let in", "same bytes, other address", 0, "216 × 160"),
    steps("a copy let in", "same bytes, other address", 2, "known"),
    steps("judged too early", "greyscale", 2, "JPEG of 216 × 160"),
    steps("not one of the choices", "greyscale", 4, "0, 1, 2, 3"),
    steps("not one of the choices", "greyscale", "none", "'none'"),
    Case("a choice is missing", {"greyscale": 0}, "1 of 7"),
    Case(UNREADABLE, [1, 2, 2, 0, 3, 0, 0], "list"),
]


def host(photo):
    return urlsplit(photo.url).hostname


def pair(name, n, rows, every):
    return name, n / rows


def hosts(mistake, answer, *says, of=host, counted=lambda photo: not photo.rejected, place=0):
    """`answer` makes one of a host, its number, that of the rows counted and of every row."""

    def largest(photos):
        rows = [of(photo) for photo in photos if counted(photo)]
        return answer(*Counter(rows).most_common()[place], len(rows), len(photos))

    return Case(mistake, largest, *says)


FIVE = ("b.example has 5 of the 5 rows", "if not photo.rejected")
WRONG["largest_host"] = [
    hosts("counted what was turned away", pair, "b.example has 7", "photo.rejected", counted=bool),
    hosts("a share of all rows", lambda name, n, _, m: (name, n / m), "4 / 13", "4 / 8 = 0.5"),
    hosts("the address, not the host", pair, "1/8 = 0.125", of=lambda photo: photo.url),
    hosts("the query, not the host", pair, "searched for", of=lambda photo: photo.query),
    hosts("a number, not a share", lambda name, n, *_: (name, n), "4 is how many"),
    hosts("percent, not a share", lambda name, n, *_: (name, 100 * n / 8), "50 %"),
    hosts("another share", lambda name, n, *_: (name, n / 38), "4 / 8"),
    hosts("another host", pair, "a.example has most, 4", place=-1),
    hosts("only what was turned away", pair, *FIVE, counted=lambda photo: photo.rejected),
    hosts(
        "a host of other rows",
        lambda *_: ("practice.example", 0.87),
        *("That is none of them", "the function is given"),
    ),
    hosts(UNREADABLE, lambda name, n, *_: (name, f"{n / 8:.0%}"), "'50%'", "a host and a number"),
    Case(
        "a row read like a dictionary",
        lambda photos: [p for p in photos if not p["rejected"]],
        *("not subscriptable", "with a dot"),
    ),
    hosts("the other way round", lambda *known: pair(*known)[::-1], "the host is first"),
    hosts(UNREADABLE, lambda name, *_: name, "must be a pair"),
]


FOUND, COLOURED = "a photo that a search found", "a photo under CC BY-ND, coloured"
WRONG["may_be_shown"] = [
    shown("found is not free", FOUND, "with credit", "7 of 8", "no permission"),
    shown("found is not free", FOUND, "yes", "Somebody"),
    shown("smaller is still a copy", "the same photo, 64 x 64 pixels", "Yes", "64 · 64 = 4096"),
    shown("the credit", "a photo under CC BY", "yes", "author's name"),
    shown("the credit", "a photo under CC BY", "no", "With that"),
    shown("a change that is not allowed", COLOURED, "with credit", "no derivatives"),
    shown("a face, and nobody asked", "my photo of a friend, not asked", "yes", "two people"),
    shown("more forbidden than need be", "the manifest of a search", "no", "addresses and numbers"),
    shown("more forbidden than need be", "a photo under CC0", "with credit"),
    shown("not one of the choices", "a photo under CC0", "maybe", "'maybe'"),
    Case("a choice is missing", {}, "0 of 8"),
]
