"""Wrong answers to the exercises of chapter 01."""

import hashlib
import io
import random
from collections import Counter
from urllib.parse import urlsplit

from PIL import Image

from colourlib.teaching.check.chapter01.origins import STEPS
from colourlib.teaching.check.chapter01.showing import SHOWN

from . import Case

# ---- names of files ------------------------------------------------------------------------------

ENDINGS = {"JPEG": ".jpg", "PNG": ".png", "GIF": ".gif"}


def ending(data):
    return ENDINGS[Image.open(io.BytesIO(data)).format]


def digits(data):
    return hashlib.sha256(data).hexdigest()


def named(make):
    """A case's answer: a function of (url, data) that a check is given."""
    return lambda n: make


def pixels(data):
    return hashlib.sha256(Image.open(io.BytesIO(data)).convert("RGB").tobytes()).hexdigest()


def count(data):
    """An answer that is right the first time only: the name has a number in it."""
    return f"{digits(data)[:16]}-{random.random():.3f}{ending(data)}"


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


WRONG = {
    "pattern": [
        Case("a greedy pattern", 'data-full="(.*)"', says=("data-thumb", ".*?", "takes as much")),
        Case("the quotation marks, too", "data-full=(.*?) ", says=("of 53", "has 51")),
        Case("the small preview", 'data-thumb="(.*?)"', says="-small.jpg"),
        Case("the small preview", '="(https://cdn[^"]*)"', says="Of 6 addresses that it finds, 3"),
        Case("the page, not the picture", 'href="(.*?)"', says="/view/1"),
        Case("nothing found", "murl&quot;:&quot;(.*?)&quot;", says=("0 of 3", "0 times", "&quot;")),
        Case("nothing found", "data-full='(.*?)'", says="0 times"),
        Case("nothing between the brackets", "data-full=(.*?)", says=("3 pieces", "is empty")),
        Case("a greedy pattern", "(.*)", says="It begins with '<a href="),
        Case("not one pair of brackets", 'data-full=".*?"', says="0 pairs"),
        Case("not one pair of brackets", 'data-(full|big)="(.*?)"', says="2 pairs"),
        Case("no pattern", 'data-full="(.*?"', says="cannot read"),
        Case("fits some addresses only", 'data-full="([a-z0-9/:.]*[.]jpg)', says="?w=1200"),
        Case("fits some addresses only", 'full="(https://cdn.*?)"', says=("finds 0", "2 addr")),
        Case("fits some addresses only", 'full="(https://.*?10422.*?)"', says="it finds 1"),
        Case("another kind of answer", ["https://cdn.example/moon/10417.jpg"], says="list"),
    ],
    "file_name": [
        Case(
            "the address's ending",
            named(lambda url, data: digits(data)[:16] + url[-4:]),
            says=("b.example", "'.jpg'", "the content is a PNG", "'.png'"),
        ),
        Case(
            "the address, not the content",
            named(lambda url, data: digits(url.encode())[:16] + ending(data)),
            says=("SHA-256 of the address", "two names"),
        ),
        Case(
            "the pixels, not the file",
            named(lambda url, data: pixels(data)[:16] + ending(data)),
            says="decoded pixels",
        ),
        Case(
            "the whole hash",
            named(lambda url, data: digits(data) + ending(data)),
            says=("64 digits", "37 million"),
        ),
        Case(
            "the last digits",
            named(lambda url, data: digits(data)[-16:] + ending(data)),
            says="text[:16]",
        ),
        Case(
            "another number of digits",
            named(lambda url, data: digits(data)[:8] + ending(data)),
            says="8 digits",
        ),
        Case(
            "another hash function",
            named(lambda url, data: hashlib.md5(data).hexdigest()[:16] + ending(data)),
            says="md5",
        ),
        Case(
            "Python's own hash",
            named(lambda url, data: f"{hash(data)}{ending(data)}"),
            says="each time Python starts",
        ),
        Case(
            "another spelling of the ending",
            named(lambda url, data: digits(data)[:16] + ending(data)[1:]),
            says="a dot and three small letters",
        ),
        Case(
            "another spelling of the ending",
            named(
                lambda url, data: f"{digits(data)[:16]}.{Image.open(io.BytesIO(data)).format}",
            ),
            says=".jpg",
        ),
        Case("another ending", named(lambda url, data: digits(data)[:16] + ".bin"), says="'.bin'"),
        Case("another name", named(lambda url, data: "Image_1" + ending(data)), says="'Image_1"),
        Case("another name", named(lambda url, data: count(data)), says="-0."),
        Case(
            "another kind of answer",
            named(lambda url, data: hashlib.sha256(data).digest()),
            says="of type bytes",
        ),
        Case(
            "the function stops with an error",
            named(lambda url, data: hashlib.sha256(data)[:16]),
            says="TypeError",
        ),
    ],
    "stopped_by": [
        Case("likeness taken for sameness", STEPS | {"recompressed copy": 3}, says="of 256 bits"),
        Case("a length taken for a proof", STEPS | {"truncated JPEG": 1}, says="none is missing"),
        Case("a length taken for a proof", STEPS | {"truncated JPEG": 0}, says="no step"),
        Case(
            "half a download taken for a file",
            STEPS | {"shorter than declared": 2},
            says=("4321 are missing", "6 of 7"),
        ),
        Case("a name taken for the content", STEPS | {"PNG named .jpg": 2}, says="PNG"),
        Case("a name taken for the content", STEPS | {"web page named .jpg": 1}, says="<!DOCTYPE"),
        Case("a copy let in", STEPS | {"same bytes, other address": 0}, says="216 × 160"),
        Case("a copy let in", STEPS | {"same bytes, other address": 2}, says="known"),
        Case("judged too early", STEPS | {"greyscale": 2}, says="JPEG of 216 × 160"),
        Case("not one of the choices", STEPS | {"greyscale": 4}, says="0, 1, 2, 3"),
        Case("not one of the choices", STEPS | {"greyscale": "none"}, says="'none'"),
        Case("a choice is missing", {"greyscale": 0}, says="1 of 7"),
        Case("another kind of answer", [1, 2, 2, 0, 3, 0, 0], says="list"),
    ],
    "largest_host": [
        Case(
            "counted what was turned away",
            lambda n: lambda photos: counted(host, photos),
            says=("b.example has 7", "photo.rejected"),
        ),
        Case(
            "a share of all rows",
            lambda n: lambda photos: counted(host, kept(photos), lambda k: k / len(photos)),
            says=("4 / 13", "4 / 8 = 0.5"),
        ),
        Case(
            "the address, not the host",
            lambda n: lambda photos: counted(lambda p: p.url, kept(photos)),
            says="1/8 = 0.125",
        ),
        Case(
            "the query, not the host",
            lambda n: lambda photos: counted(lambda p: p.query, kept(photos)),
            says="searched for",
        ),
        Case(
            "a number, not a share",
            lambda n: lambda photos: counted(host, kept(photos), lambda k: k),
            says="4 is how many",
        ),
        Case(
            "percent, not a share",
            lambda n: lambda photos: counted(host, kept(photos), lambda k: 100 * k / 8),
            says="50 %",
        ),
        Case(
            "another share",
            lambda n: lambda photos: counted(host, kept(photos), lambda k: k / 38),
            says="4 / 8",
        ),
        Case("another host", lambda n: rarest, says="a.example has most, 4"),
        Case(
            "only what was turned away",
            lambda n: lambda photos: counted(host, [p for p in photos if p.rejected]),
            says=("b.example has 5 of the 5 rows", "if not photo.rejected"),
        ),
        Case(
            "a host of other rows",
            lambda n: lambda photos: ("practice.example", 0.87),
            says=("which is none of them", "the function is given"),
        ),
        Case(
            "another kind of answer",
            lambda n: lambda photos: counted(host, kept(photos), lambda k: f"{k / 8:.0%}"),
            says=("'50%'", "share is text"),
        ),
        Case(
            "the other way round",
            lambda n: lambda photos: counted(host, kept(photos))[::-1],
            says="host first",
        ),
        Case(
            "another kind of answer",
            lambda n: lambda photos: counted(host, kept(photos))[0],
            says="a pair is wanted",
        ),
    ],
    "may_be_shown": [
        Case(
            "found is not free",
            SHOWN | {"a photo that a search found": "with credit"},
            says=("7 of 8", "no permission"),
        ),
        Case("found is not free", SHOWN | {"a photo that a search found": "yes"}, says="Somebody"),
        Case(
            "smaller is still a copy",
            SHOWN | {"the same photo, 64 x 64 pixels": "Yes"},
            says="64 · 64 = 4096",
        ),
        Case("the credit", SHOWN | {"a photo under CC BY": "yes"}, says="author's name"),
        Case("the credit", SHOWN | {"a photo under CC BY": "no"}, says="With that"),
        Case(
            "a change that is not allowed",
            SHOWN | {"a photo under CC BY-ND, coloured": "with credit"},
            says="no derivatives",
        ),
        Case(
            "a face, and nobody asked",
            SHOWN | {"my photo of a friend, not asked": "yes"},
            says="two people",
        ),
        Case(
            "more forbidden than need be",
            SHOWN | {"the manifest of a search": "no"},
            says="addresses and numbers",
        ),
        Case("more forbidden than need be", SHOWN | {"a photo under CC0": "with credit"}),
        Case("not one of the choices", SHOWN | {"a photo under CC0": "maybe"}, says="'maybe'"),
        Case("a choice is missing", {}, says="0 of 8"),
    ],
}
