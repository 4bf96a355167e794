"""Exercises of chapter 01, the first two: read a page of results, name a file by its content.

The files that they need are made here, from practice scenes: no workspace is opened.
"""

from __future__ import annotations

import hashlib
import html
import io
import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from PIL import Image

from ....common import pictures
from ....practice import faults
from ..core import UNREADABLE, Wrong, call, exercise

_HIT = '<a href="{page}"><img data-full="{full}" data-thumb="{thumb}"></a>'


def _page(addresses: list[str]) -> str:
    """A page of results of an engine that there is not, one line for each address."""
    small = [re.sub(r"\.(jpg|png).*", "-small.jpg", one) for one in addresses]
    hits = [
        _HIT.format(page=f"https://look.example/view/{i}", full=html.escape(one), thumb=thumb)
        for i, (one, thumb) in enumerate(zip(addresses, small, strict=True), 1)
    ]
    return "\n".join(hits)


_SHOWN = [f"https://cdn.example/moon/{n}.jpg?w=1200&h=900" for n in (10417, 10422, 10431)]
_OTHER = ["https://www.night.example/full-moon.png", "http://photos.example/~ann/IMG_0007.jpg?v=2"]
PAGE = _page(_SHOWN)  # what the task shows


@exercise("01.1", "Read another engine's page", expects="a pattern for re.findall, as text")
def pattern(answer):
    """Gives the pattern to re.findall, on the page that was shown and on another one."""
    if not isinstance(answer, (str, re.Pattern)):
        text = f"The answer is of type {type(answer).__name__}, and a pattern is text."
        hint = (
            "give the pattern alone, between quotation marks: the check calls re.findall with it."
        )
        raise Wrong(UNREADABLE, text, hint)
    try:
        read = re.compile(answer)
    except re.error as error:
        raise Wrong(
            "no pattern",
            f"Python cannot read {answer!r}: {error}.",
            "brackets come in pairs; a bracket or dot that is meant as itself has a \\ before it.",
        ) from error
    for page, wanted in ((PAGE, _SHOWN), (_page(_OTHER), _OTHER)):
        _compare_links(read, page, [html.escape(one) for one in wanted])
    return (
        f"It finds the {len(_SHOWN)} addresses on this page, and {len(_OTHER)} on another page of "
        "the same engine, where a PNG and an address with ~ stand. What it gives is still wrapped: "
        f"html.unescape makes {html.escape(_SHOWN[0])[-16:]} into {_SHOWN[0][-12:]}. Nobody has "
        "tried it on a page whose makers have changed it, which is when scrapers break."
    )


def _compare_links(read: re.Pattern, page: str, wanted: list[str]) -> None:
    """Raises Wrong where the pattern does not find just these addresses on a page."""
    found = read.findall(page)
    if not found and page == PAGE:
        before = re.split(r"[(\[.\\]", read.pattern)[0]
        raise Wrong(
            "nothing found",
            f"Your pattern finds 0 of {len(wanted)} addresses. What stands in it before the first "
            f"special sign, {before!r}, occurs {page.count(before) if before else 0} times.",
            'what comes before the address has to be written as it stands on this page: here " '
            "is a plain quotation mark, not &quot;.",
        )
    if read.groups > 1 or (not read.groups and found and found != wanted):
        raise Wrong(
            "not one pair of brackets",
            f"Your pattern has {read.groups} pairs of brackets, so re.findall gives {found[:1]}.",
            "put one pair of brackets round what you want, and round nothing else.",
        )
    first = next(iter(found), "")
    if found and not any(found):
        raise Wrong(
            "nothing between the brackets",
            f"It finds {len(found)} pieces, and each is empty: nothing stands behind your "
            "brackets, so 'as little text as will do' is none at all.",
            "go on behind the brackets with what comes after the address.",
        )
    if [one.strip('"') for one in found] == wanted != found:
        raise Wrong(
            "the quotation marks, too",
            f"The first that it finds is {first!r}, of {len(first)} characters; the address has "
            f"{len(wanted[0])}. The two others are quotation marks.",
            "what stands inside the brackets comes out: they belong outside.",
        )
    if any('"' in one or ">" in one for one in found):
        raise Wrong(
            "a greedy pattern",
            f"It finds {len(found)} pieces, the first of {len(first)} characters; the address has "
            f"{len(wanted[0])}. {_around(first, wanted[0])}.",
            ".* takes as much as it can get, up to the last quotation mark of the line.",
            '`.*?` takes as little as will do. `[^"]*` takes whatever is no quotation mark.',
        )
    if small := [one for one in found if "-small" in one]:
        raise Wrong(
            "the small preview",
            f"Of {len(found)} addresses that it finds, {len(small)} are of previews a few pixels "
            f"wide, such as {small[0]!r}; wanted are {len(wanted)} large pictures.",
            "a page shows each picture small, and hides the address of the large one beside it.",
        )
    if any("/view/" in one for one in found):
        raise Wrong(
            "the page, not the picture",
            f"The first of {len(found)} that it finds is {first!r}: a web page about the picture.",
            "which of the three attributes, href, data-full and data-thumb, has the picture?",
        )
    if found != wanted:
        odd = next((one for one in found if one not in wanted), None)
        cut = f"The first that is not whole is {odd!r}. " if odd else ""
        raise Wrong(
            "fits some addresses only",
            f"On a page with {len(wanted)} addresses it finds {len(found)}. {cut}Wanted there: "
            f"{', '.join(wanted)}.",
            "say nothing about the address itself: only what stands before and behind it.",
        )


def _around(longer: str, whole: str) -> str:
    """Where a find is more than the address: behind it, or from its first characters on."""
    if longer.startswith(whole):
        return f"It goes on behind the address with {longer.removeprefix(whole)[:14]!r}"
    return f"It begins with {longer[:14]!r}"


# ---- a file's name -------------------------------------------------------------------------------


def _file(kind: str, query: str = "moon") -> bytes:
    """The bytes of a practice scene as JPEG, PNG or GIF."""
    buffer = io.BytesIO()
    faults.Origin(query, 10_001, 64, 64).image().save(buffer, kind)
    return buffer.getvalue()


def _files() -> list[tuple[str, bytes, str]]:
    """(address, bytes, format) of the files that file_name is tried on."""
    return [
        ("https://a.example/moon.jpg", _file("JPEG"), "JPEG"),
        ("https://b.example/moon.jpg", _file("PNG"), "PNG"),
        ("https://c.example/get.php?id=7", _file("GIF"), "GIF"),
        ("https://d.example/rain.png", _file("JPEG", "rain"), "JPEG"),
    ]


@exercise("01.2", "Name a file by its content", expects="a function of (url, data) that gives text")
def file_name(answer):
    """Calls the function for a JPEG, a PNG named .jpg, a GIF without a name, a JPEG named .png."""
    for url, data, kind in _files():
        _compare_name(call(answer, url, data), url, data, kind)
    url, data, kind = _files()[0]
    _compare_name(call(answer, "https://elsewhere.example/x.jpg", data), url, data, kind)
    return (
        "Four files have the right names: a PNG that was called .jpg ends in .png, and a JPEG "
        "called .png in .jpg. The same bytes at another address got the same name, so a second "
        "copy would be seen. Not looked at: files that are no picture, which step 2 has turned "
        "away before."
    )


def _compare_name(given, url: str, data: bytes, kind: str) -> None:
    """Raises Wrong where a name is not that of these bytes."""
    if not isinstance(given, str):
        text = f"For {url} your function gives {given!r:.60}, of type {type(given).__name__}."
        raise Wrong(UNREADABLE, text, "a name is text: hexdigest() gives text, digest() bytes.")
    whole, ending = hashlib.sha256(data).hexdigest(), pictures.FORMATS[kind]
    if given == whole[:16] + ending:
        return
    stem, dot, end = given.rpartition(".")
    stem, end = (stem, dot + end) if dot else (given, "")
    said = f"For {url}, whose {len(data)} bytes are a {kind}, your name is {given!r:.90}. "
    _compare_stem(stem, said, whole, url, data)
    named = PurePosixPath(urlsplit(url).path).suffix
    if end == named != ending:
        raise Wrong(
            "the address's ending",
            f"{said}The address ends in {named!r}, the content is a {kind}: {ending!r}.",
            "an address says what it likes. Image.open(io.BytesIO(data)).format looks inside.",
            "A dict from 'JPEG', 'PNG' and 'GIF' to their endings does it in one line.",
        )
    if not end or end.lower().strip(".") in (kind.lower(), ending[1:]):
        raise Wrong(
            "another spelling of the ending",
            f"{said}The ending wanted is {ending!r}.",
            "a dot and three small letters: .jpg, .png or .gif. Two spellings would be two names.",
        )
    raise Wrong(
        "another ending",
        f"{said}Its ending is {end!r}, and {ending!r} is wanted.",
        "a JPEG is .jpg, a PNG .png, a GIF .gif, whatever the address says.",
    )


def _compare_stem(stem: str, said: str, whole: str, url: str, data: bytes) -> None:
    """Raises Wrong where what stands before the ending is not 16 digits of the SHA-256."""
    start = whole[:16]
    if stem[:16] == start and stem[16:].lower() in ("", "jpg", "jpeg", "png", "gif"):
        return  # the dot is missing, which is the ending's matter
    if stem == whole:
        raise Wrong(
            "the whole hash",
            f"{said}These are all {len(whole)} digits; wanted are the first 16.",
            "text[:16] has the first 16 characters.",
            "Is that enough? Two of n files share their first 64 bits with a chance of about "
            "n²/2⁶⁵: of a million files, with one in 37 million.",
        )
    if stem == whole[-16:]:
        raise Wrong(
            "the last digits",
            f"{said}These are the last 16 digits; the first are {start}.",
            "text[:16] has the first ones, text[-16:] the last.",
        )
    if len(stem) > 3 and whole.startswith(stem):
        raise Wrong(
            "another number of digits",
            f"{said}Before the ending stand {len(stem)} digits of the hash; wanted are 16.",
            "text[:16] has the first 16 characters.",
        )
    _compare_hashed(stem, said, start, url, data)
    raise Wrong(
        "another name",
        f"{said}The SHA-256 of these bytes starts {start}: wanted is that and the ending, and "
        "nothing else.",
        "hashlib.sha256(data).hexdigest(), and of that the first 16 digits.",
    )


def _compare_hashed(stem: str, said: str, start: str, url: str, data: bytes) -> None:
    """Raises Wrong where something else than the bytes was hashed, or by another function."""

    def is_hash(digits: str) -> bool:
        return len(stem) > 3 and digits.startswith(stem[:16])

    if is_hash(hashlib.sha256(url.encode()).hexdigest()):
        raise Wrong(
            "the address, not the content",
            f"{said}That is the SHA-256 of the address; that of the bytes starts {start}.",
            "one file under two addresses would get two names, and be kept twice.",
        )
    with Image.open(io.BytesIO(data)) as image:
        shown = {hashlib.sha256(i.tobytes()).hexdigest() for i in (image, image.convert("RGB"))}
    if any(map(is_hash, shown)):
        raise Wrong(
            "the pixels, not the file",
            f"{said}That is the SHA-256 of the decoded pixels; that of the file's {len(data)} "
            f"bytes starts {start}.",
            "the manifest wants to know whether the file is the same: hash `data` itself.",
        )
    for other in ("md5", "sha1", "sha512", "blake2b"):
        if is_hash(hashlib.new(other, data, usedforsecurity=False).hexdigest()):
            raise Wrong(
                "another hash function",
                f"{said}That is where the {other} of these bytes starts; their SHA-256 starts "
                f"{start}.",
                "hashlib.sha256. Of MD5 and SHA-1 one knows how to make two files that share it.",
            )
    if is_hash(str(hash(data))) or is_hash(hex(hash(data))):
        raise Wrong(
            "Python's own hash",
            f"{said}That is hash(data), which is another number each time Python starts.",
            "tomorrow every file would have a new name: hashlib.sha256 gives the same for ever.",
        )
