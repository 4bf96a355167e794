"""Exercises of chapter 01, the first two: read a page of results, name a file by its content.

The files that they need are made here, from practice scenes: no workspace is opened.
"""

import hashlib
import html
import io
import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from PIL import Image

from ....common import pictures
from ....practice import faults
from ..core import call, exercise
from ..slips import ELSE, must_be, recognise, wrong_if


def _page(addresses: list[str]) -> str:
    """A page of results of an engine that there is not, one line for each address."""
    hits = []
    for i, one in enumerate(addresses, 1):
        page, full = f"https://look.example/view/{i}", html.escape(one)
        thumb = re.sub(r"\.(jpg|png).*", "-small.jpg", one)
        hits.append(f'<a href="{page}"><img data-full="{full}" data-thumb="{thumb}"></a>')
    return "\n".join(hits)


_SHOWN = [f"https://cdn.example/moon/{n}.jpg?w=1200&h=900" for n in (10417, 10422, 10431)]
_OTHER = ["https://www.night.example/full-moon.png", "http://photos.example/~ann/IMG_0007.jpg?v=2"]
PAGE = _page(_SHOWN)  # what the task shows


@exercise("01.1", "Read another engine's page", expects="a pattern for re.findall, as text")
def pattern(answer):
    """Gives the pattern to re.findall, on the page that was shown and on another one."""
    must_be(isinstance(answer, str | re.Pattern), answer, "a pattern for re.findall, as text")
    try:
        read = re.compile(answer)
    except re.error as error:
        text = f"Python cannot read {answer!r}: {error}. Hint: brackets come in pairs."
        wrong_if(True, f"no pattern: {text}")
    for page, wanted in ((PAGE, _SHOWN), (_page(_OTHER), _OTHER)):
        _compare_links(read, page, [html.escape(one) for one in wanted])
    return (
        "It finds all addresses on this page and on another page of the engine. They are still "
        f"wrapped: html.unescape makes {html.escape(_SHOWN[0])[-16:]} into {_SHOWN[0][-12:]}. "
        "Not tried: a page whose makers have changed it, which is when scrapers break."
    )


def _compare_links(read: re.Pattern, page: str, wanted: list[str]) -> None:
    """Raise Wrong where the pattern does not find just these addresses on a page."""
    found, groups = read.findall(page), read.groups
    before = re.split(r"[(\[.\\]", read.pattern)[0]
    times = page.count(before) if before else 0
    slips = {
        f"nothing found: Your pattern finds 0 of {len(wanted)} addresses. {before!r} occurs "
        f'{times} times. Hint: here a quotation mark is ", not &quot;.': not found and page == PAGE,
        f"not one pair of brackets: It has {groups} pairs of brackets. Hint: put "
        "one pair round what you want.": groups > 1 or (not groups and found and found != wanted),
        f"nothing between the brackets: It finds {len(found)} pieces, and each is empty. Hint: go "
        "on behind the brackets.": bool(found) and not any(found),
    }
    recognise(slips)
    first, odd = next(iter(found), ""), next((one for one in found if one not in wanted), "")
    small, views = ([one for one in found if part in one] for part in ("-small", "/view/"))
    pieces = len(found) == len(wanted) and all(map(str.__contains__, wanted, found))
    behind = first.removeprefix(wanted[0])[:14]
    longer = f"{'begins' if first.startswith(behind) else 'goes on behind it'} with {behind!r}"
    slips = {
        f"the quotation marks, too: The first is of {len(first)} characters; the "
        f"address has {len(wanted[0])}.": [one.strip('"') for one in found] == wanted,
        f"a greedy pattern: The first of {len(found)} pieces {longer}. Hint: .* takes as much as "
        "it can. More: `.*?` takes as little.": any('"' in one or ">" in one for one in found),
        f"the small preview: Of {len(found)} addresses that it finds, {len(small)} are of "
        f"previews, such as {small[:1]}.": small,
        f"the page, not the picture: The first of {len(found)} that it finds is {first!r}.": views,
        f"a piece is missing: You have {odd!r}; it should be {wanted[0]!r}. Hint: take the whole "
        "address, from behind one quotation mark up to the next.": pieces,
        f"fits some addresses only: On a page with {len(wanted)} addresses it finds {len(found)}, "
        f"and not whole {odd!r}; there is {wanted[0]!r}. Hint: write what stands before and behind "
        "the large picture's address, nothing of the address itself.": ELSE,
    }
    recognise(slips, right=found == wanted)


def _file(kind: str, query: str = "moon") -> bytes:
    """The bytes of a practice scene as JPEG, PNG or GIF."""
    buffer = io.BytesIO()
    faults.Origin(query, 10_001, 64, 64).image().save(buffer, kind)
    return buffer.getvalue()


@exercise("01.2", "Name a file by its content", expects="a function of (url, data) that gives text")
def file_name(answer):
    """Calls the function for a JPEG, a PNG named .jpg, a GIF without a name, a JPEG named .png."""
    files = [
        ("https://a.example/moon.jpg", _file("JPEG"), "JPEG"),
        ("https://b.example/moon.jpg", _file("PNG"), "PNG"),
        ("https://c.example/get.php?id=7", _file("GIF"), "GIF"),
        ("https://d.example/rain.png", _file("JPEG", "rain"), "JPEG"),
        ("https://elsewhere.example/x.jpg", _file("JPEG"), "JPEG"),
    ]
    for url, data, kind in files:
        _compare_name(call(answer, url, data), url, data, kind)
    return (
        "Four files have the right names, and the same bytes at another address got the same name, "
        "so a second copy would be seen. Not looked at: files that step 2 has turned away."
    )


def _compare_name(given, url: str, data: bytes, kind: str) -> None:
    """Raise Wrong where a name is not that of these bytes."""
    must_be(isinstance(given, str), given, "text: hexdigest() gives text, digest() bytes")
    whole, ending = hashlib.sha256(data).hexdigest(), pictures.FORMATS[kind]
    stem, dot, end = given.rpartition(".")
    stem, end = (stem, dot + end) if dot else (given, "")
    start = f"For {url}, whose {len(data)} bytes are a {kind}, your name is {given!r:.90}."
    if stem[:16] != whole[:16] or stem[16:].lower() not in ("", "jpg", "jpeg", "png", "gif"):
        _wrong_stem(stem, start, whole, url, data)
    named = PurePosixPath(urlsplit(url).path).suffix
    slips = {
        f"the address's ending: The address ends in {named!r}, the "
        f"content is a {kind}: {ending!r}.": end == named != ending,
        f"another spelling of the ending: It should be {ending!r}. Hint: a dot and three small "
        "letters.": not end or end.lower().strip(".") in (kind.lower(), ending[1:]),
        f"another ending: Its ending is {end!r}, but should be {ending!r}. Hint: "
        "Image.open(io.BytesIO(data)).format looks inside: .jpg, .png or .gif.": ELSE,
    }
    recognise(slips, right=given == whole[:16] + ending, start=start)


def _wrong_stem(stem: str, start: str, whole: str, url: str, data: bytes) -> None:
    """Raise Wrong about a name that does not begin with the first 16 digits of the SHA-256."""

    def starts(*digests: str) -> bool:
        return len(stem) > 3 and any(digits.startswith(stem[:16]) for digits in digests)

    def of(content: bytes, function: str = "sha256") -> str:
        return hashlib.new(function, content, usedforsecurity=False).hexdigest()

    with Image.open(io.BytesIO(data)) as image:
        pixels = [of(one.tobytes()) for one in (image, image.convert("RGB"))]
    others = [name for name in ("md5", "sha1", "sha512", "blake2b") if starts(of(data, name))]
    digits = len(stem) if whole.startswith(stem) else 0
    slips = {
        f"the whole hash: These are all {len(whole)} digits. More: Are 16 enough? Of a million "
        "files, two share their first 64 bits with a chance of one in 37 million.": stem == whole,
        "the last digits: These are the last 16 digits.": stem == whole[-16:],
        f"another number of digits: It has {digits} digits of the hash.": digits > 3,
        "the address, not the content: That is the SHA-256 of the address. Hint: one file under "
        "two addresses would get two names, and be kept twice.": starts(of(url.encode())),
        "the pixels, not the file: That is the SHA-256 of the decoded pixels. Hint: hash `data` "
        "itself: is the file the same?": starts(*pixels),
        f"another hash function: That is the beginning of the {', '.join(others)}. Hint: two files "
        "that share an MD5 or SHA-1 can be made.": bool(others),
        "Python's own hash: That is hash(data), which is another number each time Python starts. "
        "Hint: hashlib.sha256 gives the same for ever.": starts(str(hash(data)), hex(hash(data))),
        "another name: The name is that and the ending, and nothing else. Hint: "
        "hashlib.sha256(data).hexdigest(), and of that text[:16], the first 16 digits.": ELSE,
    }
    recognise(slips, start=f"{start} The SHA-256 of these bytes starts {whole[:16]}.")
