"""The studio in a real JupyterLab: by mouse and by keys, kept in its file, and read by axe-core."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from lab import NO_PLAYWRIGHT, in_theme

from colourlib.common.lab import lab_to_rgb, rgb_to_lab
from colourlib.studio import HERE

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core here")

PHOTO = Path(__file__).parents[2] / "data" / "photos" / "lake.jpg"
CELL = "from colourlib.studio import studio\nstudio({photo!r})"


def test_a_hint_is_set_coloured_moved_deleted_and_kept(open_notebook, tmp_path):
    photo = Path(shutil.copy(PHOTO, tmp_path))
    page = open_notebook("studio.ipynb", [CELL.format(photo=str(photo))], run=True)
    said, marker = page.locator(".colourlib-said"), page.locator(".colourlib-marker")

    def kept(count, right=lambda hints: True):
        """The hints in the file, once there are so many, and right."""
        path = tmp_path / "lake.json"
        for _ in range(600):  # a minute, beside other work
            hints = json.loads(path.read_text())["hints"] if path.exists() else []
            if len(hints) == count and right(hints):
                break
            page.wait_for_timeout(100)
        expect(marker).to_have_count(count)
        return hints

    page.locator(".colourlib-stage").click(position={"x": 100, "y": 60})
    expect(page.locator(".colourlib-swatch")).to_have_count(5)
    before = kept(1)[0]
    page.keyboard.press("2")  # the second of the likely colours
    expect(said).to_contain_text("Hint 1: ")
    first = kept(1, lambda hints: hints[0] != before)[0]
    page.locator(".colourlib-wheel").click()
    page.keyboard.press("x")  # it would cut the cell, and with it the studio
    page.locator(".colourlib-undo").click()
    assert kept(1, lambda hints: hints[0] == first)[0] == first
    page.locator(".colourlib-redo").click()  # which is then no longer possible, and loses the keys
    page.keyboard.press("Control+z")
    page.locator(".colourlib-stage").focus()
    page.keyboard.press("ArrowRight")  # the cross
    page.keyboard.press("Enter")
    expect(marker).to_have_count(2)
    marker.nth(1).focus()
    page.keyboard.press("ArrowDown")
    assert kept(2, lambda hints: hints[1][1] > first[1])[0] == first
    for theme in ("Light", "Dark"):
        in_theme(page, theme)
        found = axe.Axe().run(page, ".colourlib-studio").response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
    marker.nth(0).focus()
    page.keyboard.press("Delete")
    assert kept(1)[0] != first
    page.keyboard.press("Control+z")
    assert kept(2)[0] == first
    page.locator(".colourlib-save").click()
    expect(said).to_have_text("Saved as lake-coloured.png, 640 × 360 pixels.")


def test_colours_are_those_of_python(browser):
    page, dice = browser.new_page(), np.random.default_rng(0)
    code = (HERE / "studio.js").read_text("utf-8") + "\nwindow.lab = { labToRgb, rgbToLab };"
    page.add_script_tag(content=code, type="module")
    page.wait_for_function("() => window.lab")
    rgb = dice.integers(256, size=(1, 500, 3)).astype(np.uint8)
    L, ab = rgb_to_lab(rgb)
    lab = np.concatenate([L[..., None], ab], -1)[0]
    there = page.evaluate("(all) => all.map((c) => lab.rgbToLab(...c))", rgb[0].tolist())
    assert np.abs(np.array(there) - lab).max() < 0.01
    wide = lab * [1, 1.5, 1.5]  # many outside sRGB
    back = page.evaluate("(all) => all.map((c) => lab.labToRgb(...c))", wide.tolist())
    expected = lab_to_rgb(wide[None, :, 0], wide[None, :, 1:])[0].astype(int)
    assert np.abs(np.array(back) - expected).max() <= 1
    page.close()
