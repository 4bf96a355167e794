"""The review grid and the limits' slider, driven by mouse and keyboard in a real JupyterLab."""

import re
from pathlib import Path

import pytest
from lab import CONTRAST, NO_PLAYWRIGHT, command, in_theme, restart_kernel, run_all, when_ready
from PIL import Image

from colourlib import practice
from colourlib.clean import by_hand
from colourlib.common import queries

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

CELLS = [
    "from dataclasses import replace\n"
    "from colourlib import clean\n"
    "from colourlib.course import sources\n"
    "from colourlib.teaching import review\n"
    "verdicts = clean.judge({root!r}, sources.collect({root!r}, {pictures!r}))\n"
    "verdicts.sort(key=lambda v: v.photo.file)",
    "review.review({root!r}, verdicts)",
    'review.threshold({root!r}, verdicts, "grey")',
]
EVIL = "<img src=x onerror=\"document.title='fooled'\">"


@pytest.fixture
def workspace(tmp_path) -> Path:
    """Thirty practice scenes, three of them without colour, in a folder; the workspace's root."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(30):
        scene = Image.fromarray(practice.scene(queries.QUERIES[i], i, 160, 120).rgb())
        scene = scene.convert("L") if i in (3, 4, 5) else scene
        scene.save(folder / f"{i:02}.jpg", quality=90)
    return tmp_path / "workspace"


def cells(root: Path) -> list[str]:
    words = {"root": str(root), "pictures": str(root.with_name("pictures"))}
    return [cell.format(**words) for cell in CELLS]


def cards(page):
    return page.locator(".colourlib-card")


def state(page, index: int):
    return cards(page).nth(index).locator(".colourlib-state")


def wait_for_cards(page, count: int = 24) -> None:
    expect(cards(page)).to_have_count(count)
    expect(page.locator(".colourlib-picture").first).to_be_visible()


def decided(root: Path) -> list[bool]:
    return list(by_hand.decisions(root).values())


def number_of_cells(page) -> int:
    return page.evaluate("() => jupyterapp.shell.currentWidget.content.widgets.length")


def test_decisions_stand_after_a_reload_and_a_new_kernel(open_notebook, workspace):
    page = open_notebook("review.ipynb", cells(workspace), run=True)
    wait_for_cards(page)

    cards(page).nth(0).click()  # reject two: by click ...
    expect(state(page, 0)).to_have_text("✗ rejected by hand")
    page.keyboard.press("ArrowRight")
    expect(cards(page).nth(1)).to_be_focused()
    page.keyboard.press("r")  # ... and by key
    expect(state(page, 1)).to_have_text("✗ rejected by hand")
    assert decided(workspace) == [False, False]
    expect(page.locator(".colourlib-counts")).to_have_text("25 kept, 5 rejected, 2 of them by hand")
    page.keyboard.press("Control+z")  # undo one
    expect(state(page, 1)).to_have_text("✓ kept")
    assert decided(workspace) == [False]
    page.keyboard.press("Shift+U")
    expect(state(page, 1)).to_have_text("✗ rejected by hand")
    page.keyboard.press("u")
    expect(state(page, 1)).to_have_text("✓ kept")
    command(page, "docmanager:save")

    page.reload()
    when_ready(page)
    wait_for_cards(page)  # the kernel is the same, so the grid is there without running anything
    expect(state(page, 0)).to_have_text("✗ rejected by hand")
    run_all(page)
    wait_for_cards(page)
    expect(state(page, 0)).to_have_text("✗ rejected by hand")
    expect(state(page, 1)).to_have_text("✓ kept")

    restart_kernel(page)
    run_all(page)
    wait_for_cards(page)
    expect(state(page, 0)).to_have_text("✗ rejected by hand")
    expect(page.locator(".colourlib-counts")).to_have_text("26 kept, 4 rejected, 1 of them by hand")
    assert decided(workspace) == [False]


def test_every_key_does_its_work_and_none_reaches_jupyterlab(open_notebook, workspace):
    page = open_notebook("keys.ipynb", cells(workspace), run=True)
    wait_for_cards(page)
    before = number_of_cells(page)
    cards(page).nth(3).focus()
    page.keyboard.press("k")  # a grey one, against its rule
    expect(state(page, 3)).to_have_text("✓ kept by hand")
    # D D deletes a cell of JupyterLab, X cuts it, A and B insert one, M and Y change its type.
    for key in ("d", "d", "x", "a", "b", "m", "y", "z", "c", "v", "0", "0", "i", "i"):
        page.keyboard.press(key)
    expect(state(page, 3)).to_have_text("✗ rejected")
    page.keyboard.press("k")
    expect(state(page, 3)).to_have_text("✓ kept by hand")
    page.keyboard.press("Backspace")
    expect(state(page, 3)).to_have_text("✗ rejected")
    page.keyboard.press("Enter")
    expect(state(page, 3)).to_have_text("✓ kept by hand")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+y")
    expect(page.locator(".colourlib-said")).to_contain_text("Done again")
    assert decided(workspace) == [True]
    assert number_of_cells(page) == before
    types = "() => jupyterapp.shell.currentWidget.content.widgets.map(w => w.model.type).join()"
    assert page.evaluate(types) == "code,code,code"

    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    style = "getComputedStyle(document.querySelector('.colourlib-grid'))"
    columns = page.evaluate(f"() => {style}.gridTemplateColumns.split(' ').length")
    assert columns > 2
    expect(cards(page).nth(columns)).to_be_focused()
    page.keyboard.press("PageDown")
    expect(page.locator(".colourlib-where")).to_have_text("page 2 of 2")
    expect(cards(page)).to_have_count(6)
    expect(cards(page).first).to_be_focused()
    page.keyboard.press("ArrowLeft")  # over the edge: the last one of the page before
    expect(cards(page)).to_have_count(24)
    expect(cards(page).last).to_be_focused()
    page.get_by_role("button", name="Next page").focus()
    page.keyboard.press("x")
    page.locator(".colourlib-reasons").focus()
    page.keyboard.press("x")
    page.locator(".colourlib-help").click()
    page.keyboard.press("x")
    assert number_of_cells(page) == before
    cards(page).first.focus()
    page.keyboard.press("Tab")
    assert not page.evaluate("() => document.activeElement.closest('.colourlib-grid')")


def test_reasons_pages_and_words_from_the_web(open_notebook, workspace):
    source = cells(workspace)
    evil = f"replace(verdicts[0].photo, query={EVIL!r})"
    source[0] += f"\nverdicts[0] = replace(verdicts[0], photo={evil})"
    page = open_notebook("reasons.ipynb", source, run=True)
    wait_for_cards(page)
    expect(cards(page).nth(0).locator(".colourlib-name")).to_have_text(f"{EVIL} 1")
    cards(page).nth(0).click()
    expect(page.locator(".colourlib-said")).to_contain_text("<img src=x")
    assert page.title() != "fooled"

    choice = page.get_by_label("Which pictures to show")
    choice.select_option("grey")
    expect(cards(page)).to_have_count(3)
    expect(page.locator(".colourlib-reason").first).to_contain_text("grey: ")
    for card in cards(page).all():
        label = card.get_attribute("aria-label")
        assert re.fullmatch(r"\S.* \d+: ✗ rejected\. grey: .*", label)
    choice.select_option("by hand")
    expect(cards(page)).to_have_count(1)
    choice.select_option("all")
    page.get_by_role("button", name="Next page").click()
    expect(page.locator(".colourlib-where")).to_have_text("page 2 of 2")
    expect(page.get_by_role("button", name="Next page")).to_be_disabled()


def test_the_slider_says_what_changes_and_saves_it(open_notebook, workspace):
    page = open_notebook("slider.ipynb", cells(workspace), run=True)
    words = page.locator(".colourlib-limit-words")
    expect(words).to_contain_text("the limit in force: 3 pictures")
    handle = page.locator(".colourlib-limit-slider .noUi-handle")
    handle.focus()
    page.keyboard.press("End")
    expect(words).to_contain_text(re.compile(r"\d+ more than at 2 \(the limit in force\)"))
    expect(page.locator(".colourlib-limit-pictures img")).to_have_count(12)
    page.get_by_role("button", name="Use this limit").click()
    expect(page.locator(".colourlib-limit-said")).to_contain_text("run the cell with clean.judge")
    assert by_hand.limits(workspace)["grey"] > 2
    run_all(page)
    wait_for_cards(page)
    choice = page.get_by_label("Which pictures to show").locator("option", has_text="grey (")
    expect(choice).not_to_have_text("grey (3)")
    page.get_by_role("button", name="Back to 2").click()
    expect(words).to_contain_text("At 2, the limit in force: 3 pictures")
    assert by_hand.limits(workspace) == {}


def test_every_text_can_be_read_in_light_and_dark(open_notebook, workspace, tmp_path):
    page = open_notebook("themes.ipynb", cells(workspace), run=True)
    wait_for_cards(page)
    for theme, index in (("Light", 1), ("Dark", 2)):
        in_theme(page, theme)
        expect(page.locator(".colourlib-limit-pictures img")).to_have_count(9)
        page.locator(".colourlib-limit-pictures").scroll_into_view_if_needed()
        page.screenshot(path=tmp_path / f"slider-{theme}.png")
        cards(page).nth(index).click()
        expect(state(page, index)).to_have_text("✗ rejected by hand")
        page.screenshot(path=tmp_path / f"review-{theme}.png")
        for name in ("counts", "name", "reason", "state", "said", "help", "where", "reasons"):
            ratio = page.evaluate(CONTRAST, f".colourlib-{name}")
            assert ratio >= 4.5, f"{name} in {theme}: {ratio:.2f} : 1"
        for part in ("words", "pictures"):
            ratio = page.evaluate(CONTRAST, f".colourlib-limit-{part} .widget-html-content")
            assert ratio >= 4.5, f"the slider's {part} in {theme}: {ratio:.2f} : 1"
