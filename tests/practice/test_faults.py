"""The faulty web: each fault is what it says, comes up as often as it should, and is graded."""

import html
import io
import math
import re
import struct
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps
from skimage.color import rgb2lab

from colourlib import practice
from colourlib.clean.rules import LIMITS
from colourlib.common import queries
from colourlib.common.errors import CourseError
from colourlib.practice import faults
from colourlib.practice.faults import COPIES, FAULTS, RARE, fault_of, faulty_web
from colourlib.practice.faults.files import TWICE, Origin
from colourlib.practice.search import PAGE, Response, practice_web, serve

ORIGIN = Origin("beaches", 10_001, 216, 160)
SEVERAL = [Origin(q, 10_000 + i, 160, 144) for i, q in enumerate(("cars", "food", "lakes", "snow"))]


def made(fault: str, origin: Origin = ORIGIN) -> bytes:
    answer = FAULTS[fault].answer(origin)
    return answer.body if isinstance(answer, Response) else answer


def opened(fault: str, origin: Origin = ORIGIN) -> Image.Image:
    return Image.open(io.BytesIO(made(fault, origin)))


def off(picture: Image.Image, origin: Origin = ORIGIN) -> float:
    """How far a picture is from its scene: the mean difference in grey levels."""
    truth = origin.scene().rgb().astype(float)
    return float(np.abs(np.asarray(picture.convert("RGB"), dtype=float) - truth).mean())


def lab(picture: Image.Image) -> np.ndarray:
    return rgb2lab(np.asarray(picture.convert("RGB")))


def ask(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def links(web, query: str, first: int = 0) -> list[str]:
    """One page of results, read as the downloader reads it."""
    text = web(f"https://www.bing.com/images/async?q={query}&first={first}").body.decode()
    return [html.unescape(link) for link in re.findall("murl&quot;:&quot;(.*?)&quot;", text)]


def results(web, query: str, count: int = 45) -> list[str]:
    return [link for at in range(0, count, PAGE) for link in links(web, query, at)][:count]


def every_result(web) -> list[str]:
    return [link for query in queries.QUERIES for link in results(web, query)]


def test_every_fault_comes_up_about_equally_often():
    found = every_result(faulty_web())
    counts = Counter(fault_of(link) for link in set(found))  # no link stands under two queries
    healthy = counts.pop(None)
    assert 0.18 < counts.total() / (healthy + counts.total()) < 0.22
    assert set(counts) == set(FAULTS)
    assert {name: counts.pop(name) for name in RARE} == dict.fromkeys(RARE, 2)
    assert max(counts.values()) - min(counts.values()) <= 3, counts


def test_the_share_is_kept_and_only_chosen_faults_come_up():
    for share in (0, 0.5, 1):
        found = every_result(faulty_web(3, share=share))
        faulty = sum(fault_of(link) is not None for link in found) / len(found)
        assert share <= faulty <= share + 0.02  # the rest: links that come a second time
    found = Counter(map(fault_of, every_result(faulty_web(faults=["404", "hang"]))))
    assert set(found) == {None, "404", "hang"} and found["hang"] == 2
    found = Counter(map(fault_of, every_result(faulty_web(faults=["slow drip"]))))
    assert found == {None: 38 * 45 - 2, "slow drip": 2}


def test_healthy_links_are_those_of_the_practice_web():
    web = faulty_web()
    for position, link in enumerate(results(web, "volcano")):
        assert practice.is_practice(link) == (fault_of(link) is None)
        if practice.is_practice(link):
            assert link == links(practice_web, "volcano", position)[0]
            if position < 6:
                assert web(link) == practice_web(link)
    places = [f"faults.example/sepia/cars/{x}" for x in ("1-63x64", "1-64x513", f"{2**63}-64x64")]
    for place in ("elsewhere.example/x", *places):  # three that no scene can have
        answer = web(f"https://{place}.jpg")
        assert (answer.status, answer.content_type) == (404, "text/plain")


def test_every_fault_tells_what_it_is_in_every_spelling_of_its_address():
    fates = {"kept", "at collection", ""} | set(LIMITS)
    for name, fault in FAULTS.items():
        assert name == fault.name and fault.expected in fates, name
        assert re.fullmatch(r"[A-Z0-9].*\.", fault.what), name
        assert bool(re.compile(fault.says).pattern) == (fault.expected not in ("kept", "")), name
        address = faults.url_of(name, ORIGIN)
        assert fault_of(address) == fault_of(quote(address, safe=":/%")) == name
        assert not practice.is_practice(address)
    assert "é" in faults.url_of("non-ASCII address", ORIGIN)
    assert "%C3%A9" in faults.url_of("percent-encoded address", ORIGIN)


@pytest.mark.parametrize(
    "url",
    [None, 3, b"https://faults.example/sepia/cars/1-64x64.jpg", "", "sepia", "https://[", "%ff",
     practice.url_of("cars", 1, 64, 64), "http://faults.example/sepia/cars/1-64x64.jpg",
     "file:///etc/passwd", "https://faults.example" * 9_999,
     *[f"https://faults.example/{end}" for end in (
         "unheard-of/cars/1-64x64.jpg", "sepia/x/1-9", "sepia/unicorns/1-64x64.jpg", "sepia/cars/",
         "sepia/../sepia/cars/1-64x64.jpg", "sepia/cars/1-64x64.jpg?x", "sepia/cars/1-63x64.jpg")]],
)  # fmt: skip
def test_other_strings_have_no_label(url):
    assert fault_of(url) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"faults": ["sepai"]}, "Did you mean 'sepia'"), ({"faults": "sepia"}, "list of names"),
     ({"faults": ["404", None]}, "no fault 'None'"),
     *[({"share": share}, f"share is {share!r}") for share in (1.5, math.nan, True, "0.2")]],
)  # fmt: skip
def test_a_web_that_cannot_be_is_refused(arguments, words):
    with pytest.raises(CourseError, match=words):
        faulty_web(**arguments)


def test_copies_are_of_a_photo_that_came_before_and_links_come_again_on_a_later_page():
    web = faulty_web(faults=[name for name in COPIES if name != "same bytes, other query"])
    for query in queries.QUERIES[:8]:
        found = results(web, query)
        for position, link in enumerate(found):
            if fault_of(link):
                place = link.split("/")[-1]
                original = found.index(f"https://practice.example/{query}/{place}")
                assert original < position or position == 0
    # A photo may be found under two search words.
    web = faulty_web(faults=["same bytes, other query"])
    for before, query in zip(queries.QUERIES[:5], queries.QUERIES[1:6], strict=True):
        copies = [link for link in results(web, query) if fault_of(link)]
        originals = {f"https://practice.example/{before}/{x.split('/')[-1]}" for x in copies}
        assert originals <= set(results(web, before))
        assert web(copies[0]).body == practice_web(sorted(originals)[0]).body
    places = {}
    for position, link in enumerate(results(faulty_web(faults=[TWICE]), "moon", 60)):
        if fault_of(link):
            places.setdefault(link, []).append(position)
    full = [at for at in places.values() if at[0] < 40]
    assert full and all(len(at) == 2 and at[1] - at[0] >= PAGE for at in full)


def test_servers_that_are_busy_answer_when_asked_again():
    with serve(faulty_web()):
        for name, status in (("503 then 200", 503), ("429 then 200", 429), ("moved", 200)):
            for origin in SEVERAL[:2]:  # each address has its own first time
                answers = [ask(faults.url_of(name, origin)) for _ in range(3)]
                assert [answer[0] for answer in answers] == [status, 200, 200]
                assert answers[2][1] == practice_web(practice.url_of(*origin)).body
        for name in ("404", "500"):
            assert [ask(faults.url_of(name, ORIGIN))[0] for _ in range(3)] == [int(name)] * 3


def until_idle(threads: int) -> bool:
    end = time.monotonic() + 10
    while threading.active_count() > threads and time.monotonic() < end:
        time.sleep(0.05)
    return threading.active_count() <= threads


def test_a_server_does_not_wait_for_clients_that_have_gone_and_sends_away_those_there_are():
    before = threading.active_count()
    with serve(lambda url: Response(b"x" * 999, wait=math.inf * ("hang" in url), drip=60)):
        serving = threading.active_count()
        for address in ("https://a.example/hang", "https://a.example/drip"):
            with pytest.raises(TimeoutError):
                urllib.request.urlopen(address, timeout=0.2).read()
        assert until_idle(serving)
    assert until_idle(before)
    asked = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with serve(lambda url: asked.set() or Response(b"", wait=math.inf)):
            client = pool.submit(urllib.request.urlopen, "https://a.example/", timeout=60)
            assert asked.wait(20)
        assert isinstance(client.exception(20), ConnectionError)

    # A late and dripping answer is whole, and a place to go relative to the address.
    def web(url):
        if url.endswith("there"):
            return Response(url.encode(), wait=0.1, drip=0.01)
        return Response(b"", 302, headers={"Location": "there", "Retry-After": "7"})

    with serve(web):
        assert ask("https://a.example/deep/here") == (200, b"https://a.example/deep/there")


@pytest.mark.parametrize(
    ("fault", "kind", "mode", "tolerance"),
    [("PNG named .jpg", "PNG", "RGB", 0), ("animated GIF", "GIF", "P", 6),
     ("palette PNG", "PNG", "P", 6), ("CMYK JPEG", "JPEG", "CMYK", 4),
     ("16-bit PNG", "PNG", "RGB", 1), ("EXIF with GPS", "JPEG", "RGB", 5),
     ("recompressed copy", "JPEG", "RGB", 12), ("same bytes, other address", "JPEG", "RGB", 3)],
)  # fmt: skip
def test_a_good_picture_in_an_unusual_file_shows_its_scene(fault, kind, mode, tolerance):
    for origin in SEVERAL:
        image = opened(fault, origin)
        assert (image.format, image.mode) == (kind, mode)
        assert off(image, origin) <= tolerance


def test_what_makes_those_files_unusual():
    data = made("decompression bomb")  # small, and unpacks to what it claims
    assert len(data) < 100_000
    width, height, length = struct.unpack(">II9xI", data[16:37])
    assert width * height == 400_000_000
    assert len(zlib.decompress(data[41 : 41 + length])) == height * (1 + width // 8)
    with pytest.raises(Image.DecompressionBombError):
        opened("decompression bomb")
    gif = opened("animated GIF")
    first = np.asarray(gif.convert("RGB"))
    gif.seek(1)
    assert gif.n_frames == 4 and not np.array_equal(first, np.asarray(gif.convert("RGB")))
    assert made("16-bit PNG")[24] == 16  # the bit depth of the header
    assert {opened("greyscale", ORIGIN._replace(seed=s)).mode for s in (1, 2)} == {"L", "RGB"}
    ink = np.asarray(opened("CMYK JPEG")).reshape(-1, 4).mean(0)
    assert ink[3] > 10 and ink[:3].max() > 10  # black does a part of the work
    gps = opened("EXIF with GPS").getexif().get_ifd(0x8825)
    assert gps[1] == "N" and [float(x) for x in gps[2]] == pytest.approx([48, 51, 29.6])
    image, middle = opened("PNG with alpha"), slice(40, -40)
    assert image.mode == "RGBA" and np.asarray(image)[0, 0].tolist() == [0, 0, 0, 0]  # a corner
    truth = ORIGIN.scene().rgb()[middle, middle]
    assert np.array_equal(np.asarray(image.convert("RGB"))[middle, middle], truth)


@pytest.mark.parametrize("origin", SEVERAL[:3])
def test_a_turned_picture_is_upright_once_its_tag_is_obeyed(origin):
    image = opened("EXIF-rotated", origin)
    assert image.getexif()[0x0112] in (3, 6, 8)
    assert off(ImageOps.exif_transpose(image), origin) < 5
    assert off(image.resize(origin[2:]), origin) > 10


@pytest.mark.parametrize("origin", SEVERAL)
def test_a_wide_gamut_picture_is_dull_unless_its_profile_is_used(origin):
    image = opened("wide-gamut profile", origin)
    profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    assert "P3" in ImageCms.getProfileDescription(profile)
    right = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"))
    assert off(right, origin) < 3
    ignored, truth = (np.hypot(*np.moveaxis(lab(x)[..., 1:], -1, 0)).mean() for x in (image, right))
    assert ignored < 0.93 * truth


def off_one_tint(picture: Image.Image) -> tuple[float, float]:
    """Mean chroma, and how far ab strays from the mean ab of its lightness (95 % of pixels)."""
    L, ab = np.split(lab(picture).reshape(-1, 3), [1], axis=1)
    level = np.round(L[:, 0] / 2).astype(int)
    total = np.stack([np.bincount(level, column) for column in ab.T], axis=1)
    mean = total / np.bincount(level).clip(1)[:, None]
    stray = np.linalg.norm(ab - mean[level], axis=1)
    return np.linalg.norm(ab, axis=1).mean(), np.quantile(stray, 0.95)


@pytest.mark.parametrize("origin", SEVERAL)
def test_tints_and_sizes(origin):
    chroma, _ = off_one_tint(opened("greyscale", origin))
    assert chroma < 0.5
    for name in ("sepia", "cyanotype"):
        chroma, stray = off_one_tint(opened(name, origin))
        assert chroma > 5 and stray < 8, name  # what JPEG adds to none
    assert off_one_tint(Image.fromarray(origin.scene().rgb()))[1] > 10
    assert 16 <= min(opened("tiny", origin).size) < 64
    width, height = opened("panorama strip", origin).size
    assert max(width, height) / min(width, height) > 3.5
    for name in ("resized copy", "cropped copy"):
        small = opened(name, origin).size
        assert small[0] < origin.width and small[1] < origin.height and min(small) >= 64
    assert opened("watermarked copy", origin).size == origin[2:]
    assert 2 < off(opened("watermarked copy", origin), origin) < 30


@pytest.mark.parametrize("seed", range(10_000, 10_006))
def test_a_frame_covers_more_than_half(seed):
    framed = opened("framed", SEVERAL[0]._replace(seed=seed)).convert("RGB")
    pixels = np.asarray(framed, dtype=int)
    assert 0.55 < (np.abs(pixels - pixels[0, 0]).max(-1) < 12).mean() < 0.85


@pytest.mark.parametrize("name", ["cartoon", "poster with text"])
def test_drawn_pictures_are_mostly_flat(name):
    def flat(picture):  # share of the pixels that equal their neighbours nearly
        grey = np.asarray(picture.convert("L"), dtype=int)
        steps = np.abs(np.diff(grey, axis=0))[:, 1:] + np.abs(np.diff(grey, axis=1))[1:]
        return (steps <= 2).mean()

    for origin in SEVERAL:
        scene = Image.fromarray(origin._replace(width=320, height=288).scene().rgb())
        assert flat(opened(name, origin)) > max(0.5, 1.2 * flat(scene)), origin


def test_the_same_seed_gives_the_same_web_and_another_seed_another():
    one, same, other = (faulty_web(seed) for seed in (1, 1, 2))
    for query in ("moon", "cars"):
        assert results(one, query) == results(same, query) != results(other, query)
    address = next(x for x in results(one, "moon") if fault_of(x))
    assert one(quote(address, safe=":/%")) == same(quote(address, safe=":/%"))
    assert links(one, "no such query") == []
    same = {"web page named .jpg", "SVG", "empty file", "decompression bomb", "tracking pixel"}
    same |= {"404", "500", "hung up", "moved"} | {n for n in FAULTS if n.startswith("redirect")}
    one, other = (Origin("cars", seed, 80, 72) for seed in (10_001, 10_002))
    for name in FAULTS:
        assert made(name, one) == made(name, one), name
        if name not in same:
            assert made(name, one) != made(name, other), name


NAN, SLEPT = math.nan, [("kept", "kept")] * 9
MIXED = [*[("grey", "grey")] * 3, ("grey", "kept"), ("kept", "grey"), ("sepia", "grey"), *SLEPT]


@pytest.mark.parametrize(
    ("pairs", "rule", "row"),
    [(MIXED, "grey", (4, 3, 2, 0.6, 0.75)), (MIXED, "sepia", (1, 0, 0, NAN, 0.0)),
     (MIXED, "too small", (0, 0, 0, NAN, NAN)),
     ([("grey", "kept"), *SLEPT], "grey", (1, 0, 0, NAN, 0.0)),
     ([("grey", "grey"), *[("kept", "grey")] * 9], "grey", (1, 1, 9, 0.1, 1.0)),  # all go
     ([("", "grey"), ("", "kept"), ("grey", "grey")], "grey", (1, 1, 0, 1.0, 1.0))],  # unclaimed
)  # fmt: skip
def test_scores_count_what_was_caught_missed_and_wrong(pairs, rule, row):
    found = {row[0]: row[1:] for row in faults.score(pairs)}
    assert found[rule] == pytest.approx(row, nan_ok=True)
    assert "kept" not in found and "" not in found


def verdict(url: str, rule: str = "") -> SimpleNamespace:
    return SimpleNamespace(photo=SimpleNamespace(url=url), rule=rule, keep=not rule)


HEALTHY = practice.url_of(*ORIGIN)


def row(rule: str, verdicts) -> tuple[int, int, int]:
    """How many pictures a rule should turn away, caught, and turned away wrongly."""
    return next(row[1:4] for row in faults.grade(verdicts) if row[0] == rule)


def test_labels_are_read_from_the_addresses():
    verdicts = [
        verdict(HEALTHY), verdict(practice.url_of("sun", 1, 64, 64), "grey"),
        verdict(faults.url_of("sepia", ORIGIN), "single tint"),
        verdict(faults.url_of("greyscale", ORIGIN)),
        verdict(faults.url_of("collage", ORIGIN), "mostly border"),
        verdict("https://elsewhere.example/mine.jpg", "grey"),  # no label: not graded
        verdict(faults.url_of("sepia", SEVERAL[0]), "by hand"),  # not the work of a rule
    ]  # fmt: skip
    found = [row(rule, verdicts) for rule in ("grey", "single tint", "mostly border")]
    assert found == [(1, 0, 1), (1, 1, 0), (0, 0, 0)]
    assert faults.by_fault(verdicts) == [
        ("healthy", "kept", 2, "kept 1, grey 1"), ("greyscale", "grey", 1, "kept 1"),
        ("sepia", "single tint", 1, "single tint 1"),
        ("collage", "no rule claims it", 1, "mostly border 1"),
    ]  # fmt: skip


@pytest.mark.parametrize("fault", COPIES)
def test_of_two_copies_either_may_go(fault):
    copy, rule = faults.url_of(fault, ORIGIN), FAULTS[fault].expected or "near-duplicate"
    claimed = int(bool(FAULTS[fault].expected))
    for one, other in ((HEALTHY, copy), (copy, HEALTHY)):
        assert row(rule, [verdict(one), verdict(other, rule)]) == (claimed, claimed, 0)
        assert row(rule, [verdict(one, rule), verdict(other)]) == (claimed, claimed, 0)
    assert row(rule, [verdict(HEALTHY), verdict(copy)]) == (claimed, 0, 0)
    assert row(rule, [verdict(HEALTHY, rule), verdict(copy, rule)]) == (claimed, claimed, 1)
    # without its original a copy is none
    assert faults.by_fault([verdict(copy)]) == [(fault, "kept", 1, "kept 1")]
    assert row(rule, [verdict(copy, rule)]) == (0, 0, 1)
