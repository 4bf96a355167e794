"""The collector of 01's cells is the course's collector: links, files, names and rows.

Functions are taken out of the cells with the tag "by-hand", of the chapter and of its appendix.
Each comparison is also made with a mistake in a cell, and has to see it.
"""

import contextlib
import json
import math
from dataclasses import asdict
from functools import partial
from pathlib import Path

import lessons
import pytest
from bing_image_downloader.bing import Bing

from colourlib.collect import collect_web, fetch, manifest
from colourlib.collect.connection import Patience, Web
from colourlib.practice import faults
from colourlib.practice.search import Response, practice_web, results_page, serve

lesson = partial(lessons.lesson, "01_collect more/01_faulty_web")
QUERY = "trees"
WEB = {"seed": 8, "faults": faults.SIX, "share": 0.5}
NO_PICTURE = ("web page named .jpg", "SVG", "empty file", "truncated JPEG", "decompression bomb")
ODD = ("PNG named .jpg", "animated GIF", "palette PNG", "CMYK JPEG", "EXIF-rotated")
HASTE = Patience(timeout=1, picture=1.5, query=9, tries=1, pause=0)


def links(taught, tmp_path) -> bool:
    """Does the pattern find what the downloader finds, in its order?"""
    tricky = ["https://a.example/x.jpg?w=1&h=2", "https://b.example/it's é.jpg"]
    body = results_page(tricky).body.replace(b"\n", b" ")  # all on one line
    same = []
    for web in (practice_web, lambda url: Response(body)):
        client, found = Bing(QUERY, 99, tmp_path, "on", 5, verbose=False), []
        client.download_image = found.append
        with serve(web):
            client.run()
            ours = taught.links_of(taught.ask(QUERY))
        same.append([link.replace(" ", "%20") for link in ours] == found)
    return all(same)


def measured(measure, data) -> tuple | None:
    with contextlib.suppress(Exception):  # Rejected, or what Pillow and urllib raise
        return tuple(measure(data))


def files(taught, tmp_path) -> bool:
    """Are files pictures to the lesson that are pictures to the course, and the same ones?"""
    origin = faults.Origin("moon", 10_001, 216, 160)
    made = {name: faults.FAULTS[name].answer(origin) for name in (*NO_PICTURE, *ODD)}
    ours = {n: measured(lambda d: taught.decode(d).values(), d) for n, d in made.items()}
    theirs = {n: measured(lambda d: fetch.measure(d, decode=True), d) for n, d in made.items()}
    assert [name for name, found in theirs.items() if not found] == [*NO_PICTURE]
    return ours == theirs


def facts(row: dict) -> dict:
    """What a row says, apart from the moment, the folder, and the words of a reason."""
    file = Path(row["file"]).name if row["file"] else ""
    return {**row, "file": file, "time": "", "rejected": bool(row["rejected"])}


def rows(taught, tmp_path) -> bool:
    """Are the files and the manifest those of the course, also after a second run?"""
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    web = serve(faults.faulty_web(**WEB), waits=False)
    collect_web(theirs, "bing", [QUERY], 20, fetch.LOCAL, web)
    lines = (theirs / manifest.NAME).read_text(encoding="utf-8").splitlines()
    expected = [facts(json.loads(line)) for line in lines]
    assert {row["rejected"] for row in expected} == {True, False}
    with serve(faults.faulty_web(**WEB)):
        taught.collect_links(QUERY, taught.search(QUERY, len(lines)), ours)
    with serve(lambda url: Response(b"", 500)):  # a second run asks for nothing
        taught.collect_links(QUERY, [row["url"] for row in expected], ours)
    read = [facts(asdict(photo)) for photo in manifest.read(ours)]
    names = {path.name for path in ours.glob("*.*")} - {manifest.NAME}
    return read == expected and names == {r["file"] for r in expected if r["file"]}


def waits(taught, tmp_path) -> bool:
    """Does the appendix give up where the course does?"""
    link = "https://practice.example/moon/1-160x160.jpg"
    body = practice_web(link).body
    bad = [Response(b"", wait=math.inf), Response(body, length=9999), Response(body[:5], drip=0.5)]
    same = []
    for answer in (Response(body), *bad):
        with serve(lambda url, answer=answer: answer):
            ours = measured(taught.fetch_until, link)
            with Web(HASTE) as web:
                web.begin(math.inf)
                theirs = measured(lambda link, web=web: fetch.fetch(web, link, {}), link)
        assert theirs == (None if answer in bad else tuple(body))
        same.append(ours == theirs)
    return all(same)


@pytest.mark.parametrize("same", [links, files, rows, waits])
def test_the_collector_in_the_cells_is_the_courses(same, tmp_path):
    assert same(lesson(), tmp_path)


MISTAKES = [
    (links, "(.*?)", "(.*)"),
    (links, "html.unescape(link)", "link"),
    (links, '", "&quot;"', '", ".jpg"'),
    (files, "if to_the_end:", "if False:"),
    (files, '"format": image.format', '"format": "JPEG"'),
    (rows, "first=len(links)", "first=0"),
    (rows, "if link in known:", "if link == known:"),
    (rows, 'if row["sha256"] in kept:', 'if row["url"] in kept:'),
    (rows, '["sha256"][:16] +', '["sha256"][:12] +'),
    (rows, 'ENDINGS[row["format"]]', '".jpg"'),
    (rows, "digits(data), ", "digits(link.encode()), "),
    (rows, "        note(folder, row)\n        rows", "        rows"),
    (waits, "if answer.length:", "if False:"),
    (waits, "> end:", "> end + 9:"),
]


@pytest.mark.parametrize(("same", "old", "new"), MISTAKES)
def test_a_mistake_is_seen(same, old, new, tmp_path):
    assert not same(lesson((old, new)), tmp_path)
