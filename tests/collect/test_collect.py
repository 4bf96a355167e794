"""Collecting with the real client: from the practice web, from one full of faults, a folder."""

import contextlib
import email.utils
import hashlib
import math
import random
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zlib
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from bing_image_downloader import downloader
from PIL import Image

from colourlib import CourseError, collect, practice
from colourlib.collect import connection, fetch, manifest, store
from colourlib.common.pictures import encoded
from colourlib.course import sources
from colourlib.practice.search import PAGE, Response, practice_links, results_page, serve

QUICK = connection.Patience(timeout=1, picture=3, query=60, tries=3, pause=0.01)


def picture(seed: int, size=(48, 40), kind="JPEG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return encoded(Image.fromarray(pixels), kind)


class Web:
    """A web of one's own, in which a picture is at every address.

    index[query]: pages of links, or the one answer of the search. files[url]: another answer, or
    a list of them, one a request, before the usual one. first(url), asked before all: one or None.
    """

    def __init__(self, index, files=None, first=lambda url: None):
        self.index, self.files, self.first, self.asked = index, files or {}, first, []

    def __call__(self, url: str) -> Response:
        self.asked.append(url)
        answer = self.first(url) or self.files.get("bing" if "www.bing.com" in url else url)
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else None
        if answer is None:
            known = "www.bing.com" in url
            answer = self.results(url) if known else picture(zlib.crc32(url.encode()))
        return answer if isinstance(answer, Response) else Response(answer)

    def results(self, url: str) -> Response:
        asked = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        assert asked["adlt"] == "on"
        pages = self.index[asked["q"]]
        if isinstance(pages, Response):
            return pages
        left = int(asked["first"])  # a position: pages overlap for whoever sends page numbers
        for page in pages:
            if left < len(page):
                return results_page(page[left:])
            left -= len(page)
        return Response(b"", content_type="text/html")

    def fetched(self):
        return [url for url in self.asked if "www.bing.com" not in url]


def links(name: str, count: int) -> list[str]:
    return [f"https://{name}.example/{number}.jpg" for number in range(count)]


def run(root, web, per_query=4):
    with serve(web):
        return sources.collect(root, "bing", list(web.index), per_query)


@pytest.fixture(autouse=True)
def little_patience(monkeypatch):
    """The web of these tests is on this machine: it answers soon, or not at all."""
    monkeypatch.setattr(fetch, "WEB", QUICK)


def stored(root) -> set[Path]:
    return {path for path in (root / "photos").rglob("*") if path.is_file()}


def test_practice_pictures_arrive_once_with_their_origin(tmp_path, capsys):
    queries = ["fire", "moon", "people"]
    rows = sources.collect(tmp_path, "practice", queries, per_query=14)  # more than one page
    kept = [row for row in rows if not row.rejected]
    counts = {query: kept for query, _, kept, _ in collect.summary(rows)}
    assert list(counts.items()) == [("people", 14), ("moon", 14), ("fire", 14)]
    healthy = [row for row in kept if practice.is_practice(row.url)]
    assert 25 < len(healthy) < len(rows), "most of the practice web is as it should be, not all"
    for row in healthy:
        with Image.open(row.path(tmp_path)) as image:
            assert (image.size, image.format) == ((row.width, row.height), "JPEG")
            got = np.asarray(image, dtype=float)
        truth = practice.scene_of_url(row.url).rgb()
        assert np.abs(got - truth).mean() < 3  # JPEG at quality 95
    for row in kept:
        assert row.file.split("/")[:2] == ["photos", row.query]
        assert row.path(tmp_path).stem == row.sha256[:16]
    assert len({row.sha256 for row in kept}) == 42
    assert f"42 of them new, {len(rows) - 42} turned away." in capsys.readouterr().out
    before = (tmp_path / "manifest.jsonl").read_bytes()
    assert sources.collect(tmp_path, "practice", queries, per_query=14) == rows
    assert (tmp_path / "manifest.jsonl").read_bytes() == before
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "scratch").exists()


def test_the_practice_web_serves_the_clients_own_download_and_only_inside_the_block(tmp_path):
    before = urllib.request._opener
    with serve(), urllib.request.urlopen(practice.url_of("sun", 3, 64, 64)) as answer:
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.url.startswith("http://127.0.0.1:")
        downloader.download("ice", 3, tmp_path, adult_filter_off=False, timeout=9, verbose=False)
    assert len(list((tmp_path / "ice").glob("Image_*.jpg"))) == 3
    assert urllib.request._opener is before
    first, late = (practice_links("sun", n) for n in (0, 5000))
    assert len(set(first) | set(late)) == 2 * PAGE, "results go on without end"
    assert practice_links("no such query", 0) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"source": "practice", "queries": ["moons"]}, "moons"),
     *[({"source": "bing", "queries": queries}, "list of search words")
       for queries in ("moon", [], ["moon", 3])],
     ({"source": "bing", "per_query": 0}, "from 1 up"),
     ({"source": "practice", "per_query": 2.5}, "from 1 up")],
)  # fmt: skip
def test_arguments_that_cannot_work_are_refused_before_anything_is_done(tmp_path, arguments, words):
    with pytest.raises(CourseError, match=words):
        sources.collect(tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()


def sent_to(place: str, status=302) -> Response:
    return Response(b"", status, headers={"Location": place})


JPEG = picture(2, (300, 200))
BUSY, GONE = Response(b"", 503), Response(b"", 404)
BOMB, LARGER = (encoded(Image.new("1", (side, side)), "PNG") for side in (9000, 14_000))
FAULTS = {  # the answer, how often it is asked for, the reason in the manifest
    "truncated JPEG": (JPEG[:-900], 1, "^cut short or damaged .*truncated"),
    "nothing but a JPEG header": (JPEG[:20], 1, "^cut short or damaged "),
    "web page named .jpg": (b"\n<!DOCTYPE html><p>no", 1, "^a web page, not a picture$"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 1, "^an SVG drawing, not a photo$"),
    "empty": (b"", 1, "^empty, 0 bytes$"),
    "tiny": (picture(3, (15, 40)), 1, "15 x 40 is smaller than 16"),
    "decompression bomb": (BOMB, 1, "9000 x 9000 pixels are too many to decode"),
    "larger bomb": (LARGER, 1, "^claims more than 178 million pixels, too many to open$"),
    "404": (GONE, 1, "^HTTP 404 Not Found$"),
    "410": (Response(b"", 410), 1, "^HTTP 410"),
    "ftp": (sent_to("ftp://a.example/b.jpg", 301), 1, "to ftp:"),
    "file": (sent_to("file:///etc/passwd"), 1, "to file:"),
    "circle": (sent_to("0.jpg"), 5, "^HTTP 302 Found, and no end to it$"),
    "refused": (sent_to("http://refused.example/"), 3, "^not fetched: .*refused.*, asked 3 times$"),
    "busy": (BUSY, 3, "^not fetched: HTTP 503 Service Unavailable, asked 3 times$"),
    "shorter": (Response(JPEG, length=len(JPEG) + 77), 3, "not fetched: 77 bytes short"),
    "hung up": (Response(b"", hang_up=True), 3, "^not fetched: .*asked 3 times"),
    "later": (Response(b"", 503, headers={"Retry-After": "3600"}), 1, "^not fetched: HTTP 503"),
    "drip": (Response(JPEG, drip=0.3), 1, "^not fetched: not complete after 1 s"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_becomes_a_row_and_the_next_picture_is_taken(tmp_path, monkeypatch, fault):
    answer, asked, reason = FAULTS[fault]
    bad, good = links("a", 2)
    monkeypatch.setattr(fetch, "WEB", replace(QUICK, picture=1))
    web = Web({"x": [[bad, good]]}, {bad: answer})
    rows = run(tmp_path, web, per_query=1)
    assert web.fetched() == [bad] * asked + [good]
    assert [row.url for row in rows] == [bad, good]
    assert (rows[0].file, rows[1].rejected) == ("", "")
    assert re.search(reason, rows[0].rejected)
    assert len(stored(tmp_path)) == 1


def test_an_answer_larger_than_the_limit_is_not_read(tmp_path, monkeypatch):
    a, b, c = links("a", 3)
    monkeypatch.setattr(connection, "MAX_BYTES", len(JPEG) - 1)
    web = Web({"x": [[a, b, c]]}, {a: JPEG, b: Response(JPEG, length=10**9)})
    rows = run(tmp_path, web, per_query=3)
    assert [row.rejected for row in rows] == ["larger than 0 MB", "larger than 0 MB", ""]


def test_only_web_addresses_are_fetched_and_each_is_encoded_once(tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(picture(1, kind="PNG"))
    odd = ["https://a.example/f%C3%BCr%20dich.jpg", "https://a.example/für dich/100%.jpg?a=%26&b=1"]
    web = Web({"x": [[secret.as_uri(), "ftp://a.example/b.png", *odd]]})
    rows = run(tmp_path / "ws", web)
    assert [bool(row.rejected) for row in rows] == [True, True, False, False]
    assert "only http" in rows[0].rejected
    assert web.fetched() == [odd[0], "https://a.example/f%C3%BCr%20dich/100%25.jpg?a=%26&b=1"]


def test_the_content_names_the_file(tmp_path):
    kinds = {"PNG": "PNG .png", "WEBP": "WEBP .webp", "GIF": "GIF .gif", "BMP": "BMP .bmp",
             "TIFF": "TIFF .tif", "MPO": "JPEG .jpg"}  # fmt: skip
    files = {f"https://a.example/{kind}.jpg": picture(1, kind=kind) for kind in kinds}
    rows = run(tmp_path, Web({"x": [list(files)]}, files), per_query=len(kinds))
    assert [f"{row.format} {Path(row.file).suffix}" for row in rows] == list(kinds.values())


def test_the_same_bytes_are_kept_once_and_one_address_is_fetched_once(tmp_path):
    a, b, c = links("a", 3)
    web = Web({"x": [[a, b]], "y": [[c, a]]}, {a: JPEG, b: JPEG, c: JPEG})
    rows = run(tmp_path, web)
    assert sorted(web.fetched()) == [a, b, c]
    assert sorted(bool(row.rejected) for row in rows) == [False, True, True]
    assert all(row.rejected.startswith("same bytes as https://a") for row in rows if row.rejected)
    assert len(stored(tmp_path)) == 1


def test_a_page_of_failures_does_not_end_the_search_but_one_that_comes_again(tmp_path, capsys):
    gone, there = links("gone", 3), links("there", 3)
    web = Web({"x": [gone, there]}, dict.fromkeys(gone, GONE))
    assert collect.summary(run(tmp_path, web, per_query=3)) == [("x", 6, 3, 3)]
    web = Web({"y": [links("a", 2)]})
    results = web.results
    web.results = lambda url: results(url.replace("first=", "first=0&was="))
    assert collect.summary(run(tmp_path, web, per_query=50))[1:] == [("y", 2, 2, 0)]
    assert len(web.asked) < 12
    assert "y: the search has no more pictures" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("index", "says"),
    [({"x": Response(b"", 429)}, "HTTP 429"), ({"x": []}, "found nothing"),
     ({"x": Response(b"<html>Are you human?</html>")}, "found nothing"),
     ({"x": Response(b"", wait=math.inf)}, "timed out|not complete"),
     ({"x": Response(b"a long page", drip=0.4)}, "timed out|not complete"),
     ({f"q{n}": GONE for n in range(60)}, r"q\d+, .* and \d+ more queries: .*HTTP 404")],
    ids=["busy", "empty", "no links", "hangs", "drips", "gone"],
)  # fmt: skip
def test_where_no_search_works_not_all_are_tried_and_the_way_out_is_named(tmp_path, index, says):
    web = Web(index)
    with pytest.raises(CourseError, match=rf"({says})(.|\n)*source='practice'"):
        run(tmp_path, web)
    assert len(web.asked) < 60


@pytest.mark.parametrize("query", ["../../up", "..", "a/b\\c", "CON", "...", "été:*?", "\0"])
def test_a_query_never_leaves_the_photo_folder(tmp_path, query):
    (row,) = run(tmp_path / "ws", Web({query: [links("a", 1)]}))
    here = row.path(tmp_path / "ws")
    assert here.is_file() and here.resolve().parents[1] == (tmp_path / "ws" / "photos").resolve()
    assert here.parent.name not in ("CON", "..", "...")
    assert [path.name for path in tmp_path.iterdir()] == ["ws"]


def test_a_second_run_goes_on_and_fetches_nothing_twice(tmp_path, monkeypatch):
    web = Web({"x": [links("a", 5), links("b", 5)]}, {links("a", 1)[0]: b"bad"})
    first = run(tmp_path, web, per_query=3)
    files = {row.file: row.path(tmp_path).read_bytes() for row in first if row.file}
    rows = run(tmp_path, web, per_query=8)
    assert collect.summary(rows) == [("x", 9, 8, 1)]
    assert len(web.fetched()) == len(set(web.fetched())) == 9
    assert all((tmp_path / file).read_bytes() == data for file, data in files.items())
    monkeypatch.setattr(collect, "BAD_LINKS", 6)  # there may be more known links than that
    tmp_path = tmp_path / "other"
    web = Web({"x": [links("a", 8), links("b", 8)]})
    run(tmp_path, web, per_query=8)
    assert collect.summary(run(tmp_path, web, per_query=12)) == [("x", 12, 12, 0)]
    bad = {link: GONE for link in links("c", 20)}
    barren = Web({"x": [links("a", 8), links("b", 8), *[[link] for link in bad]]}, bad)
    run(tmp_path, barren, per_query=20)
    assert 10 <= len(barren.fetched()) < 14, "a row of bad links still ends the query"


def test_what_may_pass_is_tried_again_and_a_lost_picture_is_fetched_again(tmp_path):
    bad, good = *links("a", 1), *links("b", 1)
    web = Web({"x": [[bad, good]]}, {bad: BUSY})
    run(tmp_path, web)
    del web.files[bad]
    rows = run(tmp_path, web)
    assert collect.summary(rows) == [("x", 2, 2, 0)] and web.fetched().count(good) == 1
    (lost,) = [row.path(tmp_path) for row in rows if row.url == good]
    whole = lost.read_bytes()
    for loss in (Path.unlink, lambda path: path.write_bytes(whole[:-9])):
        loss(lost)
        run(tmp_path, web, per_query=2)
        assert lost.read_bytes() == whole
    assert len(collect.photos(tmp_path)) == 2


def test_a_torn_last_line_costs_one_row_and_rubbish_none(tmp_path):
    file, web = tmp_path / "manifest.jsonl", Web({"x": [links("a", 4)]})
    file.write_bytes(b'\xff\xfe{}\n[1]\n{"query": "x"}\nnull\n"a"\n\n7')
    assert collect.photos(tmp_path) == []
    rows = run(tmp_path, web)
    assert len(rows) == 4
    file.write_bytes(file.read_bytes()[:-40])  # as if the power had failed in mid-write
    assert collect.photos(tmp_path) == rows[:3]
    again = run(tmp_path, web)
    assert again == collect.photos(tmp_path)
    assert [row.file for row in again] == [row.file for row in rows]
    assert len(web.fetched()) == 5


def test_stop_leaves_whole_rows_and_no_scratch(tmp_path, monkeypatch):
    def interrupted(waiting, timeout):
        if len(collect.photos(tmp_path)) > 4:
            raise KeyboardInterrupt
        return original(waiting, timeout=timeout)

    original, queries = collect.wait, ["moon", "sun", "fire"]
    monkeypatch.setattr(collect, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sources.collect(tmp_path, "practice", queries, per_query=100)
    rows = collect.photos(tmp_path)
    kept = {row.path(tmp_path) for row in rows if not row.rejected}
    assert 0 < len(kept) < 300 and kept == stored(tmp_path)
    assert not (tmp_path / "scratch").exists()
    monkeypatch.setattr(collect, "wait", original)
    rows = sources.collect(tmp_path, "practice", queries, per_query=12)
    assert all(kept >= 12 for _, _, kept, _ in collect.summary(rows))


@pytest.mark.parametrize(
    "how", [{"wait": math.inf}, {"drip": 0.2}, {"status": 503, "headers": {"Retry-After": "90"}}]
)
def test_stop_does_not_wait_for_a_server(tmp_path, monkeypatch, how):
    def first(url):
        if "www.bing.com" not in url:
            pressed.set()

    def interrupted(waiting, timeout):
        if pressed.wait(20):
            threading.Event().wait(0.3)  # so that it is waiting by now
            raise KeyboardInterrupt

    pressed, ended, pages = threading.Event(), threading.Event(), links("a", 3)
    monkeypatch.setattr(fetch, "WEB", connection.Patience(100, 1000, 1000, 3, 100.0))
    monkeypatch.setattr(collect, "wait", interrupted)

    def collecting():
        web = Web({"x": [pages]}, dict.fromkeys(pages, Response(JPEG, **how)), first)
        with pytest.raises(KeyboardInterrupt):  # which comes once every worker has ended
            run(tmp_path, web)
        ended.set()

    threading.Thread(target=collecting, daemon=True).start()
    assert ended.wait(60), "Stop waits for the server, which takes longer than that"


KILLED = """
import sys
from pathlib import Path
from test_collect import QUICK, Web, fetch, links, run

root, log = Path(sys.argv[1]), open(sys.argv[2], "a")

def first(url):
    if "www.bing.com" not in url:
        print(url, file=log, flush=True)

fetch.WEB = QUICK
run(root, Web({name: [links(name, 60)] for name in "abcd"}, first=first), 50)
"""


@pytest.mark.slow
def test_killed_at_any_moment_it_loses_at_most_the_pictures_in_flight(tmp_path, monkeypatch):
    root, log = tmp_path / "ws", tmp_path / "log"
    log.touch()
    monkeypatch.chdir(Path(__file__).parent)  # so that it can import this file
    command = [sys.executable, "-c", KILLED, root, log]
    moments = random.Random(3)
    for _ in range(8):
        in_manifest, asked = {row.url for row in collect.photos(root)}, len(log.read_text().split())
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        target = asked + moments.randrange(2, 24)
        while len(log.read_text().split()) < target and process.poll() is None:
            threading.Event().wait(0.002)
        threading.Event().wait(moments.random() / 50)
        process.kill()  # SIGKILL: nothing of ours runs any more
        process.wait()
        assert not in_manifest & set(log.read_text().split()[asked:]), "fetched twice"
        rows = collect.photos(root)
        assert in_manifest <= {row.url for row in rows}, "a row was lost"
        for row in rows:
            data = row.path(root).read_bytes()
            assert hashlib.sha256(data).hexdigest() == row.sha256, "half a picture"
        assert len(stored(root)) - len(rows) <= collect.PARALLEL
    assert 0 < len(rows) < 200
    assert (root / "scratch").exists(), "the killed run leaves its scratch folder"
    subprocess.run(command, check=True, capture_output=True)
    rows = collect.photos(root)
    assert collect.summary(rows) == [(query, 50, 50, 0) for query in "abcd"]
    assert {row.path(root) for row in rows} == stored(root)
    assert not (root / "scratch").exists()


def test_the_scratch_of_the_dead_is_removed_and_a_second_run_waits(tmp_path):
    def first(url):
        if url.endswith("/1.jpg"):  # in the middle of one run another begins
            seen.extend([store.in_use(tmp_path), list((tmp_path / "scratch").iterdir())])
            second.start()
            second.join(0.3)
            seen.append(second.is_alive())

    def again():
        with store.Shelf(tmp_path) as shelf:
            seen.append(shelf.kept("x"))

    seen, second = [], threading.Thread(target=again)
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "half a picture").write_bytes(b"x")
    run(tmp_path, Web({"x": [links("a", 3)]}, first=first), per_query=3)
    second.join()
    assert seen == [True, [], True, 3]
    assert not store.in_use(tmp_path) and not (tmp_path / "scratch").exists()


def test_a_full_disk_ends_the_run_with_a_word(tmp_path, monkeypatch):
    def full(root, row):
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(row)
        append(root, row)

    written, append = [], manifest.append
    monkeypatch.setattr(manifest, "append", full)
    web = Web({name: [links(name, 30)] for name in "abc"})
    with pytest.raises(CourseError, match=r"could not be saved.*No space left.*goes on from here"):
        run(tmp_path, web, per_query=30)
    assert len(web.fetched()) < 12, "it goes on fetching what it cannot keep"
    monkeypatch.undo()
    assert len(collect.photos(tmp_path)) == 3


@pytest.mark.parametrize(
    "moods",
    [[BUSY], [Response(b"", 429), Response(b"", 408)],
     [Response(b"", 503, headers={"Retry-After": "0"}), BUSY], [Response(JPEG, hang_up=True)],
     [Response(JPEG, length=len(JPEG) + 77)], [Response(JPEG, wait=math.inf)]],
    ids=["503", "429, 408", "Retry-After", "hung up", "short", "hang"],
)  # fmt: skip
def test_what_may_pass_is_asked_again_at_once(tmp_path, moods):
    (url,) = links("a", 1)
    web = Web({"x": [[url]]}, {url: list(moods), "bing": [Response(b"", 429), BUSY]})
    (row,) = run(tmp_path, web, per_query=1)
    assert row.rejected == "" and web.fetched() == [url] * (len(moods) + 1)


def test_how_long_a_server_asks_to_wait():
    later = email.utils.format_datetime(datetime.now(timezone.utc) + timedelta(hours=1))
    for asked, least, most in [
        ("7", 7, 7), (" 0 ", 0, 0), (later, 3500, 3600), ("soon", 0, 0), ("-3", 0, 0),
        ("", 0, 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0), ("9" * 400, 21_600, 86_400),
    ]:  # fmt: skip
        busy = urllib.error.HTTPError("", 503, "", {"Retry-After": asked}, None)
        pause = connection.Web(replace(QUICK, pause=0))._pause(busy, 1)
        assert least <= pause <= most, asked
    patient = connection.Web(replace(QUICK, pause=1))
    pauses = [patient._pause(ConnectionError(), number) for number in (1, 2, 3)]
    assert all(2**n <= pause <= 1.25 * 2**n for n, pause in enumerate(pauses)), "it doubles"


@pytest.mark.parametrize("older", [False, True])
def test_a_redirect_to_the_web_is_followed(tmp_path, monkeypatch, older):
    """urllib knows 308 from Python 3.11 on."""
    real = urllib.request.HTTPRedirectHandler.redirect_request

    def redirect(self, request, answer, code, message, headers, url):
        if code not in (301, 302, 303, 307):
            raise urllib.error.HTTPError(request.full_url, code, message, headers, answer)
        return real(self, request, answer, code, message, headers, url)

    if older:
        monkeypatch.setattr(urllib.request.HTTPRedirectHandler, "redirect_request", redirect)
    codes = (301, 302, 303, 307, 308)
    files = {f"https://a.example/{code}": sent_to(f"/{code}.jpg", code) for code in codes}
    rows = run(tmp_path, Web({"x": [list(files)]}, files), per_query=5)
    assert [(row.url, row.rejected) for row in rows] == [(url, "") for url in files]


def test_half_an_answer_of_unknown_length_is_not_taken_for_a_whole_one():
    """Without a declared length a connection that we shut looks like one that has ended well."""

    def drip():
        with contextlib.suppress(OSError):
            client, _ = server.accept()
            with client:
                client.recv(9999)
                client.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
                while not done.wait(0.05):
                    client.sendall(b"x")

    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=drip, daemon=True).start()
        link = f"http://127.0.0.1:{server.getsockname()[1]}/a.jpg"
        asker = connection.Web(replace(QUICK, picture=0.5, tries=1))
        with asker, pytest.raises(fetch.Rejected, match="not complete"):
            asker.begin(math.inf)
            fetch.fetch(asker, link, {})
        done.set()


@pytest.mark.parametrize(
    ("answer", "says"),
    [(Response(b"", wait=math.inf), "the search answered: (timed out|not complete)"),
     (Response(b"a long page", drip=0.4), "the search answered: not complete after 1 s"),
     (Response(b"<html>Are you human?</html>"), "the search has no more pictures"),
     (Response(b"\xff\xfe\xff"), "the search answered: 'utf-8' codec"),
     (Response(b"", 500), "the search answered: HTTP 500")],
    ids=["hang", "drip", "no links", "no text", "500"],
)  # fmt: skip
def test_a_search_without_results_ends_and_is_reported(tmp_path, monkeypatch, capsys, answer, says):
    monkeypatch.setattr(fetch, "WEB", replace(QUICK, picture=1))
    rows = run(tmp_path, Web({"bad": answer, "good": [links("a", 4)]}))
    assert collect.summary(rows) == [("good", 4, 4, 0)]
    said = capsys.readouterr().out
    assert re.search(f"bad: {says}", said)
    assert "[%]" not in said  # the client's own chatter


def test_a_web_of_bad_pictures_only_ends(tmp_path):
    index = {"x": [links(name, 20) for name in "abcdefgh"], "y": [links("z", 30)]}
    bad = {url: b"<html>" for pages in index.values() for page in pages for url in page}
    web = Web(index, bad)
    with pytest.raises(CourseError, match="links in a row, and not one new picture"):
        run(tmp_path, web)
    assert 60 <= len([url for url in web.fetched() if "//z." not in url]) < 100


def test_a_mistake_in_ones_own_web_is_told(tmp_path, capsys):
    def web(url):
        raise RuntimeError("my fault")

    with pytest.raises(CourseError), serve(web):
        sources.collect(tmp_path, "bing", ["x"], per_query=1)
    assert "my fault" in capsys.readouterr().out


def test_a_query_has_its_time_and_the_others_go_on(tmp_path, monkeypatch, capsys):
    def first(url):
        if "q=endless" in url:  # ever new links, and not one leads to a picture
            return results_page([f"https://gone.example/{len(web.asked)}.jpg"])
        return GONE if "gone.example" in url else None

    web = Web({"endless": [], "good": [links("a", 4)]}, first=first)
    monkeypatch.setattr(fetch, "WEB", replace(QUICK, query=1.5))
    monkeypatch.setattr(collect, "BAD_LINKS", 1_000_000)
    rows = run(tmp_path, web)
    assert ("good", 4, 4, 0) in collect.summary(rows)
    assert "endless: not finished after 1.5 s; run this again to go on" in capsys.readouterr().out


def test_searches_that_fail_and_reasons_are_told_by_kind(tmp_path, capsys):
    run(tmp_path, Web({f"q{number}": GONE for number in range(7)} | {"good": [links("a", 4)]}))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "4 pictures kept, 4 of them new."
    assert len(lines) == 2 and "and 2 more queries: the search answered: HTTP 404" in lines[1]
    a = links("a", 9)
    bad = {a[0]: JPEG, a[1]: JPEG, a[2]: picture(3, (15, 40)), a[3]: picture(4, (12, 40))}
    bad |= {a[4]: JPEG[:-900], a[5]: JPEG[:-800], a[6]: GONE, a[7]: JPEG}
    rows = run(tmp_path / "other", Web({"x": [a]}, bad), per_query=2)
    assert dict(collect.reasons(rows)) == {
        "same bytes as another": 2, "N x N is smaller than 16 pixels a side": 2,
        "cut short or damaged": 2, "HTTP 404 Not Found": 1,
    }  # fmt: skip


def test_others_in_this_process_keep_their_own_urllib(tmp_path):
    def first(url):
        if url == links("a", 1)[0]:
            thread = threading.Thread(target=bystander)
            thread.start()
            thread.join()

    def bystander():
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(busy, timeout=5)
        seen.append(caught.value.code)

    seen, busy = [], "https://busy.example/x"
    web = Web({"x": [links("a", 1)]}, {busy: BUSY}, first)
    before = urllib.request._opener
    run(tmp_path, web, per_query=1)
    assert seen == [503] and web.asked.count(busy) == 1
    assert urllib.request._opener is before
