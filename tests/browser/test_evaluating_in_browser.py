"""The sliders of chapter 06 and its upload button, by mouse and keyboard in a real JupyterLab."""

import io
import pickle
import re

import pytest
from lab import CONTRAST, NO_PLAYWRIGHT, WAIT, assert_no_errors, in_theme
from PIL import Image

from colourlib import practice

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

CELLS = [
    """\
import pickle
import torch
from colourlib.album import upload
from colourlib.judging import sliders

def network(x):
    return torch.cat([0.1 + 0 * x, 0.3 * x], dim=1)  # dark is blue, light is yellow

data = pickle.load(open({data!r}, "rb"))
guess = network(data.validation.__getitems__(list(range(len(data.validation))))[0])""",
    "sliders.before_after({photo!r}, network, size=32)",
    "sliders.saturation({folder!r}, data.validation, guess, 1)",
    "upload.upload(network, size=32)",
]


@pytest.fixture
def page(open_notebook, practice_data, tmp_path):
    """A notebook with both sliders and the button, run."""
    (tmp_path / "data.pickle").write_bytes(pickle.dumps(practice_data))
    Image.fromarray(practice.scene("beaches", 1, 160, 120).rgb()).save(tmp_path / "photo.jpg")
    words = {"data": tmp_path / "data.pickle", "photo": tmp_path / "photo.jpg", "folder": tmp_path}
    words = {name: str(path) for name, path in words.items()}
    return open_notebook("evaluate.ipynb", [cell.format(**words) for cell in CELLS], run=True)


def handle(page, name: str):
    return page.locator(f".colourlib-{name} .noUi-handle")


def test_both_sliders_and_the_upload(page, tmp_path):
    uncovered = page.locator(".colourlib-uncovered")
    expect(uncovered).to_contain_text("grey 50 % | coloured 50 %", timeout=WAIT)
    before = uncovered.locator("img").get_attribute("src")
    handle(page, "uncover").focus()
    page.keyboard.press("End")
    expect(uncovered).to_contain_text("grey 100 % | coloured 0 %")
    assert uncovered.locator("img").get_attribute("src") != before
    drag(page, handle(page, "uncover"), -2000)
    expect(uncovered).to_contain_text("grey 0 % | coloured 100 %")
    expect(uncovered.locator("img")).to_have_attribute("alt", re.compile("^A photo, 0 %"))

    words = page.locator(".colourlib-saturation-words")
    view = page.locator(".colourlib-saturation-view")
    expect(words).to_contain_text("At 1.0: ")
    expect(view.locator("img")).to_have_count(3)
    handle(page, "saturation-slider").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(words).to_contain_text("At 1.5: ")
    expect(view).to_contain_text("saturation 1.5")
    page.keyboard.press("Home")
    expect(words).to_contain_text("At 0.0: 0% of the chroma is explained")

    choose(page, photos(tmp_path))
    said = page.locator(".colourlib-upload-words")
    expect(said).to_contain_text("2 coloured, 1 not", timeout=WAIT)
    results = page.locator(".colourlib-upload-result")
    expect(results).to_have_count(3)
    expect(results.nth(1)).to_contain_text("✗ text.jpg: is text, not a picture")
    with page.expect_download() as download:
        results.nth(2).get_by_role("link", name="Save grey-coloured.jpg").click()
    assert download.value.suggested_filename == "grey-coloured.jpg"
    with Image.open(io.BytesIO(download.value.path().read_bytes())) as saved:
        assert saved.size == (160, 120) and saved.convert("HSV").getextrema()[1][1] > 60
    choose(page, photos(tmp_path)[:1])
    expect(said).to_contain_text("1 coloured, 0 not", timeout=WAIT)
    expect(results).to_have_count(1)
    for theme in ("Dark", "Light"):
        in_theme(page, theme)
        for name, place in (("sliders", uncovered), ("upload", results.nth(0))):
            place.scroll_into_view_if_needed()
            page.screenshot(path=tmp_path / f"{name}-{theme}.png")
        for place in ("uncovered", "saturation-words", "upload-words", "upload-result a"):
            ratio = page.evaluate(CONTRAST, f".colourlib-{place}")
            assert ratio >= 4.5, f"{place} in {theme}: {ratio:.2f} : 1"
    assert_no_errors(page)


def drag(page, what, pixels: int) -> None:
    """Drag something sideways with the mouse."""
    box = what.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixels / 2, y, steps=4)
    page.mouse.move(x + pixels, y, steps=4)
    page.mouse.up()


def photos(folder) -> list:
    """A coloured photo, a text that is called one, and a grey photo."""
    with Image.open(folder / "photo.jpg") as image:
        image.convert("L").save(folder / "grey.jpg")
    (folder / "text.jpg").write_text("not a picture")
    return [folder / name for name in ("photo.jpg", "text.jpg", "grey.jpg")]


def choose(page, files: list) -> None:
    """Choose files in the dialogue that the button opens."""
    with page.expect_file_chooser() as chooser:
        page.locator(".colourlib-upload-files").click()
    chooser.value.set_files(files)
