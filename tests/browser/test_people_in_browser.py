"""The page that asks people, driven by keyboard and mouse in a real JupyterLab."""

import pytest
from lab import NO_PLAYWRIGHT

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

CELL = """import numpy as np
from colourlib.teaching.review import people
truths = [np.full((16, 16, 3), 60 * k, np.uint8) for k in range(3)]
people.ask({folder!r}, ["a", "b", "c"], truths, {{"the mean": truths[::-1]}})"""


def test_a_pair_goes_after_a_second_and_is_answered_by_key_and_click(open_notebook, tmp_path):
    page = open_notebook("people.ipynb", [CELL.format(folder=str(tmp_path))], run=True)
    said, images = page.locator(".colourlib-said"), page.locator(".colourlib-line img")
    page.locator("button.colourlib-start").click()
    expect(said).to_have_text("Pair 1 of 3")
    expect(images.first).to_be_visible()
    expect(images.first).to_be_hidden(timeout=5000)  # after its second
    page.keyboard.press("ArrowLeft")
    expect(said).to_have_text("Pair 2 of 3")
    assert len((tmp_path / "answers-me.txt").read_text().splitlines()) == 2  # a title, an answer
    page.locator("button.colourlib-right").click()
    expect(said).to_have_text("Pair 3 of 3")
    page.keyboard.press("ArrowRight")
    expect(said).to_contain_text("Who only guesses is fooled in 50 %.")
    assert len((tmp_path / "answers-me.txt").read_text().splitlines()) == 4
    assert page.evaluate("() => jupyterapp.shell.currentWidget.content.widgets.length") == 1
