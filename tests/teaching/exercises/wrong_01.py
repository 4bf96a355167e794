"""Wrong answers to the exercises of chapter 01."""

import hashlib
import io
import random
from collections import Counter
from urllib.parse import urlsplit

from PIL import Image

from colourlib.teaching.check.chapter01.origins import SHOWN, STEPS

from . import Case, Function

# ---- names of files ------------------------------------------------------------------------------

ENDINGS = {"JPEG": ".jpg", "PNG": ".png", "GIF": ".gif"}


def ending(data):
    return ENDINGS[Image.open(io.BytesIO(data)).format]


def digits(data):
    return hashlib.sha256(data).hexdigest()


def named(mistake, stem, says):
    """A wrong stem before the right ending."""
    return Function(mistake, lambda url, data: stem(url, data) + ending(data), says)


def pixels(data):
    return hashlib.sha256(Image.open(io.BytesIO(data)).convert("RGB").tobytes()).hexdigest()


def count(url, data):
    """Right the first time only: the name has a number in it."""
    return f"{digits(data)[:16]}-{random.random():.3f}"


# ---- hosts ---------------------------------------------------------------------------------------


def counted(of, photos, share=None):
    (name, n), *_ = Counter(map(of, photos)).most_common(1)
    return name, n / len(photos) if share is None else share(n)


def host(photo):
    return urlsplit(photo.url).hostname


def kept(photos):
    return [photo for photo in photos if not photo.rejected]


def rarest(photos):
    name, n = Counter(map(host, kept(photos))).most_common()[-1]
    return name, n / len(kept(photos))


def shown(mistake, thing, may, says):
    return Case(mistake, SHOWN | {thing: may}, says)


WRONG = {
    "pattern": [
        Case("a greedy pattern", 'data-full="(.*)"', ("data-thumb", ".*?", "takes as much")),
        Case("the quotation marks, too", "data-full=(.*?) ", ("of 53", "has 51")),
        Case("the small preview", 'data-thumb="(.*?)"', "-small.jpg"),
        Case("the small preview", '="(https://cdn[^"]*)"', "Of 6 addresses that it finds, 3"),
        Case("the page, not the picture", 'href="(.*?)"', "/view/1"),
        Case("nothing found", "murl&quot;:&quot;(.*?)&quot;", ("0 of 3", "0 times", "&quot;")),
        Case("nothing found", "data-full='(.*?)'", "0 times"),
        Case("nothing between the brackets", "data-full=(.*?)", ("3 pieces", "is empty")),
        Case("a greedy pattern", "(.*)", "begins with '<a href="),
        Case("not one pair of brackets", 'data-full=".*?"', "0 pairs"),
        Case("not one pair of brackets", 'data-(full|big)="(.*?)"', "2 pairs"),
        Case("no pattern", 'data-full="(.*?"', "cannot read"),
        Case("fits some addresses only", 'data-full="([a-z0-9/:.]*[.]jpg)', "?w=1200"),
        Case("fits some addresses only", 'full="(https://cdn.*?)"', ("finds 0", "2 addr")),
        Case("fits some addresses only", 'full="(https://.*?10422.*?)"', "it finds 1"),
        Case("another kind of answer", ["https://cdn.example/moon/10417.jpg"], "list"),
    ],
    "file_name": [
        Function(
            "the address's ending",
            lambda url, data: digits(data)[:16] + url[-4:],
            ("b.example", "'.jpg'", "the content is a PNG", "'.png'"),
        ),
        named(
            "the address, not the content",
            lambda url, data: digits(url.encode())[:16],
            ("SHA-256 of the address", "two names"),
        ),
        named("the pixels, not the file", lambda url, data: pixels(data)[:16], "decoded pixels"),
        named("the whole hash", lambda url, data: digits(data), ("64 digits", "37 million")),
        named("the last digits", lambda url, data: digits(data)[-16:], "text[:16]"),
        named("another number of digits", lambda url, data: digits(data)[:8], "8 digits"),
        named("another hash function", lambda url, data: hashlib.md5(data).hexdigest()[:16], "md5"),
        named("Python's own hash", lambda url, data: f"{hash(data)}", "each time Python starts"),
        Function(
            "another spelling of the ending",
            lambda url, data: digits(data)[:16] + ending(data)[1:],
            "a dot and three small letters",
        ),
        Function(
            "another spelling of the ending",
            lambda url, data: f"{digits(data)[:16]}.{Image.open(io.BytesIO(data)).format}",
            ".jpg",
        ),
        Function("another ending", lambda url, data: digits(data)[:16] + ".bin", "'.bin'"),
        named("another name", lambda url, data: "Image_1", "'Image_1"),
        named("another name", count, "-0."),
        Function(
            "another kind of answer", lambda u, data: hashlib.sha256(data).digest(), "of type bytes"
        ),
        Function(
            "the function stops with an error",
            lambda u, data: hashlib.sha256(data)[:16],
            "TypeError",
        ),
    ],
    "stopped_by": [
        Case("likeness taken for sameness", STEPS | {"recompressed copy": 3}, "of 256 bits"),
        Case("a length taken for a proof", STEPS | {"truncated JPEG": 1}, "none is missing"),
        Case("a length taken for a proof", STEPS | {"truncated JPEG": 0}, "no step"),
        Case(
            "half a download taken for a file",
            STEPS | {"shorter than declared": 2},
            ("4321 are missing", "6 of 7"),
        ),
        Case("a name taken for the content", STEPS | {"PNG named .jpg": 2}, "PNG"),
        Case("a name taken for the content", STEPS | {"web page named .jpg": 1}, "<!DOCTYPE"),
        Case("a copy let in", STEPS | {"same bytes, other address": 0}, "216 × 160"),
        Case("a copy let in", STEPS | {"same bytes, other address": 2}, "known"),
        Case("judged too early", STEPS | {"greyscale": 2}, "JPEG of 216 × 160"),
        Case("not one of the choices", STEPS | {"greyscale": 4}, "0, 1, 2, 3"),
        Case("not one of the choices", STEPS | {"greyscale": "none"}, "'none'"),
        Case("a choice is missing", {"greyscale": 0}, "1 of 7"),
        Case("another kind of answer", [1, 2, 2, 0, 3, 0, 0], "list"),
    ],
    "largest_host": [
        Function(
            "counted what was turned away",
            lambda photos: counted(host, photos),
            ("b.example has 7", "photo.rejected"),
        ),
        Function(
            "a share of all rows",
            lambda photos: counted(host, kept(photos), lambda k: k / len(photos)),
            ("4 / 13", "4 / 8 = 0.5"),
        ),
        Function(
            "the address, not the host",
            lambda photos: counted(lambda p: p.url, kept(photos)),
            "1/8 = 0.125",
        ),
        Function(
            "the query, not the host",
            lambda photos: counted(lambda p: p.query, kept(photos)),
            "searched for",
        ),
        Function(
            "a number, not a share",
            lambda photos: counted(host, kept(photos), lambda k: k),
            "4 is how many",
        ),
        Function(
            "percent, not a share",
            lambda photos: counted(host, kept(photos), lambda k: 100 * k / 8),
            "50 %",
        ),
        Function(
            "another share", lambda photos: counted(host, kept(photos), lambda k: k / 38), "4 / 8"
        ),
        Function("another host", rarest, "a.example has most, 4"),
        Function(
            "only what was turned away",
            lambda photos: counted(host, [p for p in photos if p.rejected]),
            ("b.example has 5 of the 5 rows", "if not photo.rejected"),
        ),
        Function(
            "a host of other rows",
            lambda photos: ("practice.example", 0.87),
            ("That is none of them", "the function is given"),
        ),
        Function(
            "another kind of answer",
            lambda photos: counted(host, kept(photos), lambda k: f"{k / 8:.0%}"),
            ("'50%'", "a host and a number"),
        ),
        Function(
            "the other way round",
            lambda photos: counted(host, kept(photos))[::-1],
            "the host is first",
        ),
        Function(
            "another kind of answer",
            lambda photos: counted(host, kept(photos))[0],
            "must be a pair",
        ),
    ],
    "may_be_shown": [
        shown(
            "found is not free",
            "a photo that a search found",
            "with credit",
            ("7 of 8", "no permission"),
        ),
        shown("found is not free", "a photo that a search found", "yes", "Somebody"),
        shown("smaller is still a copy", "the same photo, 64 x 64 pixels", "Yes", "64 · 64 = 4096"),
        shown("the credit", "a photo under CC BY", "yes", "author's name"),
        shown("the credit", "a photo under CC BY", "no", "With that"),
        shown(
            "a change that is not allowed",
            "a photo under CC BY-ND, coloured",
            "with credit",
            "no derivatives",
        ),
        shown("a face, and nobody asked", "my photo of a friend, not asked", "yes", "two people"),
        shown(
            "more forbidden than need be", "the manifest of a search", "no", "addresses and numbers"
        ),
        shown("more forbidden than need be", "a photo under CC0", "with credit", ()),
        shown("not one of the choices", "a photo under CC0", "maybe", "'maybe'"),
        Case("a choice is missing", {}, "0 of 8"),
    ],
}
