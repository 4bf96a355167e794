"""Every notebook in a real JupyterLab: Run All, no error, every widget drawn, legible.

They run one after another in one home, as a student does it, with the outputs taken out first, on
fewer pictures and in fewer steps: nbval runs them as they are, and what the browser adds is what
JupyterLab makes of the outputs. ALL_STEPS=1 runs them as they are here, too. Screenshots of the
whole of each, light and dark, go to $SCREENSHOTS where that is set.
"""

import os
import re
from functools import partial
from pathlib import Path

import nbformat
import pytest
from lab import NO_PLAYWRIGHT, WAIT, in_theme, run_all

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NAMES = sorted(path.name for path in NOTEBOOKS.glob("[0-9]*.ipynb"))
LONGEST = 20 * 60_000  # milliseconds a notebook may take before the test gives up
PART = 6000  # pixels of height a screenshot
# Runs behind the set-up cell: the quick setting, and less of everything.
LESS = """\
from dataclasses import replace
from colourlib.course import workspace

less = replace(workspace.SETTINGS["quick"], per_query=8, steps=60, alone=60)
workspace.SETTINGS["quick"] = less"""
# What the cells themselves say of steps: {notebook: {as it stands there: less}}
FEWER = {
    "04_model": {"steps=120": "steps=40", "range(20, 121, 20)": "range(20, 41, 20)"},
    "05_train": {"range(241)": "range(41)", "unseen[240]": "unseen[40]", "steps=160": "steps=40",
                 "scores[160]": "scores[40]", '"steps": 150': '"steps": 30'},
}  # fmt: skip

# Straight from the notebook's model: what is scrolled out of sight counts, too.
OUTPUTS = """() => jupyterapp.shell.currentWidget.content.model.toJSON().cells.flatMap(
    (cell, i) => (cell.outputs ?? []).map((output) => [i, output]))"""
# Outputs that are wider than the place they have, and what is said where a widget is not drawn.
CUT_OFF = """() => [...document.querySelectorAll(".jp-OutputArea-output")]
    .filter((o) => o.scrollWidth > o.clientWidth + 2)
    .map((o) => `${o.scrollWidth} > ${o.clientWidth}: ${o.innerText.slice(0, 80)}`)"""
UNDRAWN = re.compile("Error displaying widget|Loading widget|could not be found|Click to show")
SCROLLER = '[".jp-WindowedPanel-outer", ".jp-Notebook"].map((s) => document.querySelector(s))'
HEIGHT = f"() => Math.max(...{SCROLLER}.map((n) => n?.scrollHeight ?? 0))"
SCROLL = f"(top) => {SCROLLER}.forEach((n) => n && (n.scrollTop = top))"


def put(name: str, folder: Path, edit=None) -> None:
    """A committed notebook into the server's folder, without outputs; edit(cells) may change it."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    if edit is not None:
        edit(notebook.cells)
    nbformat.write(notebook, folder / name)


def shorten(name: str, cells) -> None:
    """Less to compute in a notebook, and the same to show."""
    for old, new in FEWER.get(name, {}).items():
        (cell,) = [c for c in cells if c.cell_type == "code" and old in c.source]
        cell.source = cell.source.replace(old, new)
    set_up = next(i for i, cell in enumerate(cells) if cell.cell_type == "code")
    cells.insert(set_up + 1, nbformat.v4.new_code_cell(LESS))


def outputs(page) -> list[list]:
    """[number of the cell, output] of everything that the notebook holds now."""
    return page.evaluate(OUTPUTS)


def errors(page) -> list[str]:
    return [f"cell {i}: {o['ename']}: {o['evalue']}" for i, o in outputs(page)
            if o["output_type"] == "error"]  # fmt: skip


def widgets(page) -> list[int]:
    """Numbers of the cells that show a widget."""
    kind = "application/vnd.jupyter.widget-view+json"
    return sorted({i for i, o in outputs(page) if kind in o.get("data", {})})


def undrawn_widgets(page) -> list[str]:
    """Cells whose widget is not there, or whose place holds an excuse instead."""
    found = []
    for i in widgets(page):
        cell = page.locator(".jp-Notebook .jp-Cell").nth(i)
        cell.scroll_into_view_if_needed()
        drawn = cell.locator(".jupyter-widgets, .jp-OutputArea-output [class*=colourlib]").first
        try:
            drawn.wait_for(timeout=WAIT / 2)
        except Exception:
            found.append(f"cell {i}: no widget")
        if excuse := UNDRAWN.search(cell.inner_text()):
            found.append(f"cell {i}: {excuse[0]}")
    return found


def screenshots() -> Path | None:
    """$SCREENSHOTS, made if missing; None where it is not set."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder) if folder else None


def photograph(page, name: str, theme: str) -> None:
    """The whole notebook, in parts."""
    if screenshots() is None:
        return
    page.set_viewport_size({"width": 1280, "height": PART})
    for part in range(-(-page.evaluate(HEIGHT) // PART)):
        page.evaluate(SCROLL, part * PART)
        page.wait_for_timeout(300)
        page.screenshot(path=screenshots() / f"{name}-{theme}-{part}.png")
    page.set_viewport_size({"width": 1280, "height": 1000})


@pytest.mark.parametrize("name", NAMES)
def test_run_all(open_notebook, jupyterlab, name):
    edit = None if os.environ.get("ALL_STEPS") else partial(shorten, Path(name).stem)
    put(name, jupyterlab.folder, edit)
    page = open_notebook(name)
    run_all(page, LONGEST)
    assert errors(page) == []
    assert undrawn_widgets(page) == []
    for theme in ("Dark", "Light"):
        in_theme(page, theme)
        photograph(page, Path(name).stem, theme)
    assert page.evaluate(CUT_OFF) == []


def test_the_test_sees_an_error_a_widget_not_drawn_and_what_is_cut_off(open_notebook):
    missing = "{'model_id': 'none', 'version_major': 2, 'version_minor': 0}"
    wide = "<div style='width:3000px;height:9px'>wide</div>"
    widget = "from IPython.display import HTML, display\n"
    widget += f"display({{'application/vnd.jupyter.widget-view+json': {missing}}}, raw=True)"
    page = open_notebook("broken.ipynb", [widget, f'HTML("{wide}")', "1 / 0"])
    run_all(page)
    assert errors(page) == ["cell 2: ZeroDivisionError: division by zero"]
    assert len(undrawn_widgets(page)) >= 1
    assert len(page.evaluate(CUT_OFF)) == 1


def only_the_network(cells) -> None:
    """Of chapter 04 only what defines ColourNet, and the clinic's look at it."""
    kept = [c for c in cells if "builds" in c.metadata.get("tags", [])]
    look = "from colourlib import inspect\n\nnet = ColourNet()\ninspect(net, photos=0)"
    cells[:] = [*kept, nbformat.v4.new_code_cell(look)]


def retype(page, cell, behind: str, new: str) -> None:
    """Put the cursor behind some text of a cell, rub out what is before it and type, by hand."""
    line = cell.locator(".cm-line", has_text=behind).first
    line.click()
    page.keyboard.press("Home")  # goes to the first letter of a line, not to its first column
    for _ in range(line.inner_text().lstrip().index(behind.strip()) + len(behind)):
        page.keyboard.press("ArrowRight")
    for _ in new:
        page.keyboard.press("Backspace")
    page.keyboard.type(new)


def test_a_layer_edited_to_a_wrong_number_is_explained_on_the_page(open_notebook, jupyterlab):
    put("04_model.ipynb", jupyterlab.folder, only_the_network)
    page = open_notebook("04_model.ipynb")
    run_all(page, LONGEST)
    assert errors(page) == []
    clinic = page.locator(".jp-CodeCell").last.locator(".jp-OutputArea-output").first
    expect(clinic).to_contain_text("nothing found that is wrong")

    network = page.locator(".jp-CodeCell", has_text="class ColourNet").first
    retype(page, network, "self.down4 = conv_bn_relu(2", "3")
    expect(network).to_contain_text("self.down4 = conv_bn_relu(3 * w, 3 * w)")
    run_all(page, LONGEST)
    expect(clinic).to_contain_text("1 error", timeout=WAIT)
    expect(clinic).to_contain_text("down4")
    expect(clinic).to_contain_text("64")  # channels come in ...
    expect(clinic).to_contain_text("96")  # ... and so many are expected
    if screenshots() is not None:
        clinic.scroll_into_view_if_needed()
        page.screenshot(path=screenshots() / "clinic.png")


def test_a_slow_page_is_waited_for(browser):
    """Longer than playwright would by itself: a busy machine draws late."""
    page = browser.new_page()
    page.set_content("<script>setTimeout(() => document.body.append('there'), 6000)</script>")
    expect(page.locator("body")).to_contain_text("there")
    page.close()
