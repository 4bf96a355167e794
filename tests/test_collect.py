"""Collecting with the real client: from the practice web, from one full of faults, a folder."""

import io
import json
import os
import re
import urllib.request
import zlib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from bing_image_downloader import downloader
from PIL import Image

from colourlib import CourseError, collect, fetch, practice, practice_search
from colourlib.practice_search import Response, results_page, serve


def picture(seed: int, size=(48, 40), kind="JPEG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


class Web:
    """A web of one's own: `index[query]` is a list of pages of links, `files[url]` an answer."""

    def __init__(self, index, files=None):
        self.index, self.files, self.asked = index, files or {}, []

    def __call__(self, url: str) -> Response:
        self.asked.append(url)
        parts = urlsplit(url)
        if parts.netloc == "www.bing.com":
            asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
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
        answer = self.files.get(url)
        if answer is None:
            answer = picture(zlib.crc32(url.encode()))
        return answer if isinstance(answer, Response) else Response(answer)

    def fetched(self):
        return [url for url in self.asked if "www.bing.com" not in url]


def links(name: str, count: int) -> list[str]:
    return [f"https://{name}.example/{number}.jpg" for number in range(count)]


def run(root, web, per_query=4):
    with serve(web):
        return collect.collect(root, "bing", list(web.index), per_query)


def only(rows, url):
    (row,) = [row for row in rows if row.url == url]
    return row


# ---- practice ------------------------------------------------------------------------------------


def test_practice_pictures_arrive_once_with_their_origin(tmp_path, capsys):
    queries = ["fire", "moon", "people"]
    rows = collect.collect(tmp_path, "practice", queries, per_query=14)  # more than one page
    assert collect.summary(rows) == [(q, 14, 14, 0) for q in ("people", "moon", "fire")]
    for row in rows:
        with Image.open(row.path(tmp_path)) as image:
            assert (image.size, image.format) == ((row.width, row.height), "JPEG")
            got = np.asarray(image, dtype=float)
        truth = practice.scene_of_url(row.url).rgb()
        assert np.abs(got - truth).mean() < 3  # JPEG at quality 95
        assert row.file.split("/")[:2] == ["photos", row.query]
        assert row.path(tmp_path).stem == row.sha256[:16]
    assert len({row.sha256 for row in rows}) == 42
    before = (tmp_path / "manifest.jsonl").read_bytes()
    capsys.readouterr()
    assert collect.collect(tmp_path, "practice", queries, per_query=14) == rows
    assert (tmp_path / "manifest.jsonl").read_bytes() == before
    assert capsys.readouterr().out == ""
    assert not list(tmp_path.glob("scratch-*"))


def test_the_clients_own_download_works_on_the_practice_web(tmp_path):
    with serve():
        downloader.download("ice", 3, tmp_path, adult_filter_off=False, timeout=9, verbose=False)
    assert len(list((tmp_path / "ice").glob("Image_*.jpg"))) == 3


def test_the_practice_web_is_there_only_inside_the_block():
    before = urllib.request._opener
    with serve(), urllib.request.urlopen(practice.url_of("sun", 3, 64, 64)) as answer:
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.url.startswith("http://127.0.0.1:")
    assert urllib.request._opener is before


def test_results_go_on_without_end():
    first, late = (practice_search.practice_links("sun", n) for n in (0, 5000))
    assert len(set(first) | set(late)) == 2 * practice_search.PAGE
    assert practice_search.practice_links("no such query", 0) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"source": "practice", "queries": ["moons"]}, "moons"),
        ({"source": "bing", "queries": "moon"}, "list of search words"),
        ({"source": "bing", "queries": []}, "list of search words"),
        ({"source": "bing", "queries": ["moon", 3]}, "list of search words"),
        ({"source": "bing", "per_query": 0}, "from 1 up"),
        ({"source": "practice", "per_query": 2.5}, "from 1 up"),
    ],
)
def test_arguments_that_cannot_work_are_refused_before_anything_is_done(tmp_path, arguments, words):
    with pytest.raises(CourseError, match=words):
        collect.collect(tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()


# ---- the web's faults ----------------------------------------------------------------------------

PNG = picture(1, kind="PNG")
JPEG = picture(2, (300, 200))


def bomb() -> bytes:
    buffer = io.BytesIO()
    Image.new("1", (9000, 9000)).save(buffer, "PNG")
    return buffer.getvalue()


FAULTS = {
    "truncated JPEG": (JPEG[:-900], "truncated"),
    "nothing but a JPEG header": (JPEG[:20], "broken|not a picture"),
    "web page named .jpg": (b"\n<!DOCTYPE html><p>hotlinking forbidden", "web page"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "format"),
    "empty": (b"", "empty"),
    "tiny": (picture(3, (15, 40)), "15 x 40 is smaller than 16"),
    "decompression bomb": (bomb(), "too many to decode"),
    "not there": (Response(b"no", 404), "HTTP 404 Not Found"),
    "server down": (Response(b"no", 503), "not fetched: HTTP 503"),
    "shorter than declared": (Response(JPEG, length=len(JPEG) + 77), "not fetched: 77 bytes short"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_becomes_a_row_and_the_next_picture_is_taken(tmp_path, fault):
    answer, reason = FAULTS[fault]
    bad, good = links("a", 2)
    rows = run(tmp_path, Web({"x": [[bad, good]]}, {bad: answer}), per_query=1)
    row = only(rows, bad)
    assert row.file == ""
    assert re.search(reason, row.rejected)
    assert only(rows, good).rejected == ""
    assert len(list((tmp_path / "photos").rglob("*.*"))) == 1


def test_sizes_and_times_have_limits(tmp_path, monkeypatch):
    web = Web({"x": [links("a", 2)]}, {links("a", 1)[0]: JPEG})
    monkeypatch.setattr(fetch, "MAX_BYTES", len(JPEG) - 1)
    rows = run(tmp_path / "bytes", web, per_query=2)
    assert [row.rejected for row in rows] == ["larger than 0 MB", ""]
    monkeypatch.setattr(fetch, "DEADLINE", -1)
    with pytest.raises(CourseError, match="not complete after"):
        run(tmp_path / "time", web)


def test_only_web_addresses_are_fetched(tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(PNG)
    web = Web({"x": [[secret.as_uri(), "ftp://a.example/b.png", *links("a", 1)]]})
    rows = run(tmp_path / "ws", web)
    assert [bool(row.rejected) for row in rows] == [True, True, False]
    assert "only http" in rows[0].rejected


@pytest.mark.parametrize(
    ("kind", "named"),
    [("PNG", "PNG .png"), ("WEBP", "WEBP .webp"), ("GIF", "GIF .gif"), ("BMP", "BMP .bmp"),
     ("TIFF", "TIFF .tif"), ("MPO", "JPEG .jpg")],
)  # fmt: skip
def test_the_content_names_the_file(tmp_path, kind, named):
    (url,) = links("a", 1)  # ends in .jpg
    (row,) = run(tmp_path, Web({"x": [[url]]}, {url: picture(1, kind=kind)}))
    assert f"{row.format} {Path(row.file).suffix}" == named


def test_addresses_are_encoded_once(tmp_path):
    odd = ["https://a.example/f%C3%BCr%20dich.jpg", "https://a.example/für dich/100%.jpg?a=%26&b=1"]
    web = Web({"x": [odd]})
    rows = run(tmp_path, web)
    assert web.fetched() == [
        "https://a.example/f%C3%BCr%20dich.jpg",
        "https://a.example/f%C3%BCr%20dich/100%25.jpg?a=%26&b=1",
    ]
    assert not any(row.rejected for row in rows)


def test_the_same_bytes_are_kept_once(tmp_path):
    a, b, c = links("a", 3)
    rows = run(tmp_path, Web({"x": [[a, b]], "y": [[c]]}, {a: JPEG, b: JPEG, c: JPEG}))
    assert sorted(bool(row.rejected) for row in rows) == [False, True, True]
    assert all(row.rejected.startswith("same bytes as https://a") for row in rows if row.rejected)
    assert len(list((tmp_path / "photos").rglob("*.jpg"))) == 1


def test_one_address_under_two_queries_is_fetched_once(tmp_path):
    web = Web({"x": [links("a", 3)], "y": [links("a", 3)]})
    run(tmp_path, web)
    assert sorted(web.fetched()) == sorted(links("a", 3))


def test_a_page_of_failures_does_not_end_the_search(tmp_path):
    gone, there = links("gone", 3), links("there", 3)
    web = Web({"x": [gone, there]}, dict.fromkeys(gone, Response(b"", 404)))
    assert collect.summary(run(tmp_path, web, per_query=3)) == [("x", 6, 3, 3)]


def test_an_index_that_repeats_itself_ends(tmp_path):
    class Stuck(Web):
        def __call__(self, url):
            return super().__call__(url.replace("first=", "first=0&was="))

    web = Stuck({"x": [links("a", 2)]})
    assert len(run(tmp_path, web, per_query=50)) == 2
    assert len(web.asked) < 12


def test_a_query_that_fails_is_reported_and_the_others_go_on(tmp_path, capsys):
    web = Web({"bad": Response(b"", 500), "good": [links("a", 4)]})
    assert collect.summary(run(tmp_path, web)) == [("good", 4, 4, 0)]
    said = capsys.readouterr().out
    assert "bad: the search answered: HTTP 500" in said
    assert "[%]" not in said  # the client's own chatter


def test_if_everything_fails_the_offline_source_is_named(tmp_path):
    with pytest.raises(CourseError, match=r"HTTP 429(.|\n)*source='practice'"):
        run(tmp_path, Web({"x": Response(b"", 429)}))
    with pytest.raises(CourseError, match="found nothing"):
        run(tmp_path, Web({"x": []}))


@pytest.mark.parametrize("query", ["../../up", "..", "a/b\\c", "CON", "...", "été:*?"])
def test_a_query_never_leaves_the_photo_folder(tmp_path, query):
    (row,) = run(tmp_path / "ws", Web({query: [links("a", 1)]}))
    assert row.path(tmp_path / "ws").resolve().parents[1] == (tmp_path / "ws" / "photos").resolve()
    assert row.path(tmp_path / "ws").parent.name not in ("CON", "..", "...")
    assert [path.name for path in tmp_path.iterdir()] == ["ws"]


# ---- going on ------------------------------------------------------------------------------------


def test_a_second_run_goes_on_and_fetches_nothing_twice(tmp_path):
    web = Web({"x": [links("a", 5), links("b", 5)]}, {links("a", 1)[0]: b"bad"})
    first = run(tmp_path, web, per_query=3)
    files = {row.file: row.path(tmp_path).read_bytes() for row in first if row.file}
    rows = run(tmp_path, web, per_query=8)
    assert collect.summary(rows) == [("x", 9, 8, 1)]
    assert len(web.fetched()) == len(set(web.fetched())) == 9
    assert all((tmp_path / file).read_bytes() == data for file, data in files.items())


def test_what_may_pass_is_tried_again(tmp_path):
    (url,) = links("a", 1)
    web = Web({"x": [[url, *links("b", 1)]]}, {url: Response(b"", 503)})
    run(tmp_path, web)
    del web.files[url]
    assert collect.summary(run(tmp_path, web)) == [("x", 2, 2, 0)]
    assert web.fetched().count(links("b", 1)[0]) == 1


def test_a_torn_last_line_costs_one_row(tmp_path):
    web = Web({"x": [links("a", 4)]})
    rows = run(tmp_path, web)
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_bytes(manifest.read_bytes()[:-40])  # as if the power had failed in mid-write
    assert collect.photos(tmp_path) == rows[:3]
    again = run(tmp_path, web)
    assert [row.file for row in again] == [row.file for row in rows]
    assert [row.file for row in collect.photos(tmp_path)] == [row.file for row in rows]
    assert len(web.fetched()) == 5


def test_a_manifest_of_rubbish_is_survived(tmp_path):
    (tmp_path / "manifest.jsonl").write_bytes(b'\xff\xfe{}\n[1]\n{"query": "x"}\nnull\n"a"\n\n7')
    assert collect.photos(tmp_path) == []
    assert len(run(tmp_path, Web({"x": [links("a", 2)]}))) == 2


def test_a_lost_picture_is_fetched_again(tmp_path):
    web = Web({"x": [links("a", 2)]})
    row = run(tmp_path, web, per_query=2)[1]
    row.path(tmp_path).unlink()
    run(tmp_path, web, per_query=2)
    assert row.path(tmp_path).exists()
    assert len(collect.photos(tmp_path)) == 2


def test_stop_leaves_whole_rows_and_no_scratch(tmp_path, monkeypatch):
    calls = iter(range(100))

    def interrupted(waiting, timeout):
        if next(calls) == 1:
            raise KeyboardInterrupt
        return original(waiting, timeout=timeout)

    original = collect.wait
    queries = ["moon", "sun", "fire"]
    monkeypatch.setattr(collect, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        collect.collect(tmp_path, "practice", queries, per_query=30)
    rows = collect.photos(tmp_path)
    assert 0 < len(rows) < 90
    assert {row.path(tmp_path) for row in rows} == set((tmp_path / "photos").rglob("*.jpg"))
    assert not list(tmp_path.glob("scratch-*"))
    monkeypatch.setattr(collect, "wait", original)
    assert len(collect.collect(tmp_path, "practice", queries, per_query=12)) >= 36


# ---- a folder ------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    here = tmp_path / "my photos"
    for number, name in enumerate(["cats/a.jpg", "cats/b.PNG", "dogs/old/c.jpeg", "d.jpg"]):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_bytes(picture(number, kind="PNG" if "PNG" in name else "JPEG"))
    (here / ".hidden.jpg").write_bytes(JPEG)
    (here / "notes.txt").write_text("not a picture")
    return here


def test_a_folder_is_read_in_place(tmp_path, folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    rows = collect.collect(tmp_path / "ws", str(folder), per_query=1)
    assert collect.summary(rows) == [
        ("cats", 2, 2, 0), ("dogs", 1, 1, 0), ("my photos", 1, 1, 0)
    ]  # fmt: skip
    assert all(row.path(tmp_path / "ws").is_absolute() for row in rows)
    assert [row.format for row in rows] == ["JPEG", "PNG", "JPEG", "JPEG"]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert [path.name for path in (tmp_path / "ws").iterdir()] == ["manifest.jsonl"]


def test_a_folder_is_read_again_only_where_it_changed(tmp_path, folder, monkeypatch):
    rows = collect.collect(tmp_path / "ws", str(folder))
    (folder / "d.jpg").write_bytes(picture(9, (64, 64)))
    (folder / "cats" / "a.jpg").unlink()
    (folder / "cats" / "new.jpg").write_bytes(picture(10))
    read = []
    original = collect._row_of_file
    monkeypatch.setattr(
        collect, "_row_of_file", lambda *args: read.append(args[1].name) or original(*args)
    )
    again = collect.collect(tmp_path / "ws", str(folder))
    assert sorted(read) == ["d.jpg", "new.jpg"]
    assert [Path(row.file).name for row in again] == ["b.PNG", "new.jpg", "c.jpeg", "d.jpg"]
    assert again[-1].width == 64 and rows[-1].width == 48
    assert collect.photos(tmp_path / "ws") == again


def test_bad_files_of_a_folder_are_rows_with_a_reason(tmp_path, folder):
    (folder / "cats" / "copy.jpg").write_bytes((folder / "cats" / "a.jpg").read_bytes())
    (folder / "small.jpg").write_bytes(picture(4, (10, 10)))
    (folder / "page.jpg").write_text("<html>no</html>")
    rows = {Path(row.file).name: row for row in collect.collect(tmp_path / "ws", str(folder))}
    assert "same bytes as" in rows["copy.jpg"].rejected
    assert "smaller than 16" in rows["small.jpg"].rejected
    assert "web page" in rows["page.jpg"].rejected
    (folder / "cats" / "a.jpg").unlink()  # now the copy is the only one
    rows = {Path(row.file).name: row for row in collect.collect(tmp_path / "ws", str(folder))}
    assert rows["copy.jpg"].rejected == ""


def test_a_folder_without_pictures_says_what_it_holds(tmp_path):
    root, empty, texts, broken = (tmp_path / name for name in ("ws", "empty", "texts", "broken"))
    for path in (empty, texts, broken):
        path.mkdir()
    (texts / "a.txt").write_text("x")
    (texts / "b.heic").write_text("x")
    (broken / "a.jpg").write_text("x")
    for path, words in [
        (empty, "no file at all"),
        (texts, r"no picture: \.heic, \.txt"),
        (broken, r"a\.jpg: not a picture"),
        (texts / "a.txt", "is a file, not a folder"),
        (tmp_path / "nowhere", "does not exist"),
    ]:
        with pytest.raises(CourseError, match=words):
            collect.collect(root, str(path))
    assert not root.exists()


def test_the_workspace_inside_the_folder_is_not_part_of_it(folder):
    root = folder / "workspace"
    (root / "photos").mkdir(parents=True)
    (root / "photos" / "x.jpg").write_bytes(JPEG)
    assert len(collect.collect(root, str(folder))) == 4


def test_the_manifest_is_plain_json_lines(tmp_path, folder):
    collect.collect(tmp_path / "ws", str(folder))
    lines = (tmp_path / "ws" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    row = json.loads(lines[0])
    assert list(row) == [
        "query", "url", "file", "sha256", "bytes", "width", "height", "format", "time", "rejected"
    ]  # fmt: skip
    assert row["bytes"] == os.path.getsize(row["file"])
