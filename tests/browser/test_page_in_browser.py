"""The page in a real browser, served from loopback: what it saves is what `colourise` makes.

Skipped, with the reason, where npm cannot bring onnxruntime-web, or there is no Chromium.
"""

import functools
import io
import json
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest
from lab import WAIT
from PIL import Image

from colourlib import colourise, hints, page
from colourlib.common.errors import CourseError
from colourlib.common.files import shipped_folder
from colourlib.model import ColourNet
from colourlib.page import runtime

PLACES = [(0.2, 0.3), (0.5, 0.7), (0.85, 0.45)]  # of the hints, as shares of the photo's sides
SAID, STAGE = "#said", ".colourlib-stage"


def serve(folder, got):
    """Serve a folder on loopback; `got` collects what is asked for."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, form, *arguments):
            got.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two pages: of the course's network, and of one without hints."""
    try:
        runtime.files()
    except CourseError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("pages")
    page.make(folder / "hints")
    own = ColourNet(4)
    own.head.bias.data[:] = 0.2  # so that something is to be seen
    page.make(folder / "own", (own, {"size": 64}))
    return folder


@pytest.fixture
def visit(made, browser):
    """visit("hints") -> the page, ready; .asked: every address that it asked for."""
    there = []

    def visit(name, **settings):
        server = serve(made / name, [])
        context = browser.new_context(accept_downloads=True, **settings)
        there.append((server, context))
        asked, faults = [], []
        context.on("request", lambda request: asked.append(request.url))
        seen = context.new_page()
        seen.on("pageerror", lambda error: faults.append(str(error)))
        seen.set_default_timeout(WAIT)
        home = f"http://127.0.0.1:{server.server_port}/"
        seen.goto(home)
        says(seen, "ready")
        return SimpleNamespace(page=seen, asked=asked, home=home, faults=faults)

    yield visit
    for server, context in there:
        context.close()
        server.shutdown()


def says(seen, text):
    from playwright.sync_api import expect

    expect(seen.locator(SAID)).to_contain_text(text, timeout=WAIT)


def settled(seen):
    from playwright.sync_api import expect

    expect(seen.locator(STAGE)).to_have_attribute("aria-busy", "false", timeout=WAIT)


def download(seen, button, path):
    with seen.expect_download() as file:
        seen.get_by_role("button", name=button).click()
    file.value.save_as(path)
    return path


@pytest.fixture
def photo(tmp_path):
    """A photo in colour, stored on its side, larger than the screen's copy."""
    picture = Image.open(shipped_folder("photos") / "kitten.jpg").resize((1500, 1000))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "old.jpg", exif=exif, quality=90)
    return tmp_path / "old.jpg"


def violations(seen) -> list[str]:
    """What axe-core finds hard to reach."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    seen.evaluate(axe.axe_script)  # not as a tag, which the page forbids
    found = seen.evaluate("() => axe.run()")["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:100]}" for one in found]


def test_what_is_saved_is_what_colourise_makes(visit, photo, tmp_path):
    at = visit("hints", color_scheme="dark")
    assert violations(at.page) == []
    at.page.set_input_files("#photo", photo)
    says(at.page, "old.jpg, 1000 × 1500 pixels")
    settled(at.page)
    box = at.page.locator(STAGE).bounding_box()
    for number, (x, y) in enumerate(PLACES, 1):
        at.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        at.page.locator(".colourlib-swatch").nth(number).click()
        settled(at.page)
    assert violations(at.page) == []
    at.page.emulate_media(color_scheme="light")
    assert violations(at.page) == []
    kept = download(at.page, "Save the hints as a file", tmp_path / "hints.json")
    saved = Image.open(download(at.page, "Save PNG", tmp_path / "new.png"))
    assert "estimated" in saved.info["Description"]

    given = hints.read(kept, photo)
    assert [(round(h[0] / 1000, 2), round(h[1] / 1500, 2)) for h in given] == PLACES
    expected = colourise(photo, hints=given)
    apart = np.abs(np.asarray(saved.convert("RGB"), int) - np.asarray(expected, int))
    assert apart.max() <= 2
    assert np.abs(np.asarray(expected, int) - np.asarray(colourise(photo), int)).max() > 9

    at.page.reload()  # nothing is lost: this browser has kept the hints
    says(at.page, "ready")
    at.page.set_input_files("#photo", photo)
    at.page.locator(".colourlib-marker").nth(2).wait_for()
    local = (at.home, "blob:" + at.home)
    assert at.asked and all(address.startswith(local) for address in at.asked) and not at.faults


def test_the_browser_refuses_to_send_anything_elsewhere(visit, tmp_path):
    at, got = visit("own"), []
    other = serve(tmp_path, got)
    send = f"() => fetch('http://127.0.0.1:{other.server_port}/x', {{mode: 'no-cors'}})"
    tried = f"{send}.then(() => 'sent', () => 'refused')"
    assert at.page.evaluate(tried) == "refused"
    assert at.page.workers[0].evaluate(tried) == "refused", "where the network computes, too"
    other.shutdown()
    assert got == []


def as_jpeg(picture, **more) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", **more)
    return buffer.getvalue()


def test_a_bad_file_is_told_in_a_sentence_and_nothing_is_lost(visit, photo):
    at = visit("hints")
    mime = {"mimeType": "image/jpeg"}

    def give(name, content, where="#photo"):
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        at.page.set_input_files(where, {"name": name, "buffer": content, **mime})

    give("notes.jpg", b"Dear diary")
    says(at.page, "notes.jpg is no picture that this browser can read")
    give("dot.jpg", as_jpeg(Image.new("RGB", (1, 1), "grey")))
    says(at.page, "dot.jpg, 1 × 1 pixels")
    give("ink.jpg", as_jpeg(Image.new("CMYK", (40, 30), (200, 30, 30, 0))))
    says(at.page, "ink.jpg, 40 × 30 pixels")
    settled(at.page)
    give("wall.jpg", as_jpeg(Image.new("L", (10_000, 10_000), 90), quality=5))
    says(at.page, "has 100 megapixels, and this page takes up to 32: make it smaller")
    says(at.page, "ink.jpg is still open.")

    at.page.set_input_files("#photo", photo)
    says(at.page, "old.jpg, 1000")
    settled(at.page)
    at.page.locator(STAGE).click()
    hinted = at.page.locator(".colourlib-marker")
    kept = {"name": "old.jpg", "size": [1000, 1500], "sha256": hints._sha256(photo)}
    bad = {
        "no file of hints": b"{",
        "holds the hints of another photo, my cat.jpg": {
            "version": 1, "photo": kept | {"name": "my cat.jpg", "sha256": "0"}, "hints": [],
        },
        "is of version 9": {"version": 9, "photo": kept, "hints": []},
        "Hint 1 lies at x = 1000, y = 3": {
            "version": 1, "photo": kept, "hints": [[1000, 3, 10, 10]],
        },
        "Hint 2 has no colour": {
            "version": 1, "photo": kept, "hints": [[1, 3, 10, 10], [1, 3, "green", None]],
        },
        "is damaged, or is no file of hints": b'{"version": 1, "photo": 3, "hints": [[1,2,NaN,3]]}',
    }  # fmt: skip
    for told, content in bad.items():
        give("hints.json", content, "#hints")
        says(at.page, told)
        says(at.page, "Your hints are as they were.")
        assert hinted.count() == 1
    good = {"version": 1, "photo": kept, "hints": [[5, 5, 10, 10], [9, 5, "#2e7d32"]]}
    give("hints.json", good, "#hints")
    says(at.page, "2 hints from hints.json.")
    assert hinted.count() == 2 and at.faults == []


def test_a_network_without_hints_shows_before_and_after_on_a_phone(visit, photo, tmp_path):
    at = visit("own", viewport={"width": 360, "height": 640}, has_touch=True)
    at.page.get_by_role("button", name="Take the example").tap()
    says(at.page, "example.jpg, 640 × 360")
    settled(at.page)
    assert not at.page.get_by_role("button", name="Delete hint").is_visible()
    assert not at.page.locator("#keep").is_visible()
    assert at.page.evaluate("() => document.documentElement.scrollWidth") == 360
    assert violations(at.page) == []
    saved = Image.open(download(at.page, "Save PNG", tmp_path / "new.png")).convert("RGB")
    own = ColourNet(4)
    own.head.bias.data[:] = 0.2
    expected = colourise(shipped_folder("photos") / "lake.jpg", own.eval(), size=64)
    assert np.abs(np.asarray(saved, int) - np.asarray(expected, int)).max() <= 2
