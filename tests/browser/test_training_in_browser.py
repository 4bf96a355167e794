"""The board of a training, Stop, and going on, in a real JupyterLab."""

import os
import pickle
import re
import signal
from dataclasses import replace

import pytest
from lab import NO_PLAYWRIGHT, WAIT, assert_no_errors, in_theme, restart_kernel, when_ready

from colourlib.runs import all_runs

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

SETUP = """\
import os
import pickle
import torch
from colourlib import fit
from colourlib.model import ColourNet
from colourlib.runs import session

photos = pickle.load(open({photos!r}, "rb"))
session.SAVE_EVERY = 0  # seconds: a checkpoint after about a hundred times what it costs
print("kernel", os.getpid())"""
FIT = """\
net = ColourNet(width=8)
run = fit(net, photos, steps={steps}, precision="fp32")"""
AFTER = 'print("the next cell")'
STEPS = 600
VALIDATED = re.compile(r"validation \S+ % at epoch (\d+)")


@pytest.fixture
def cells(practice_data, tmp_path):
    """cells(steps) -> a notebook that trains on practice scenes, kept under tmp_path/runs."""
    path = tmp_path / "photos.pickle"
    path.write_bytes(pickle.dumps(replace(practice_data, runs=tmp_path / "runs")))
    return lambda steps: [SETUP.format(photos=str(path)), FIT.format(steps=steps), AFTER]


def run_cells(page, *indices: int) -> None:
    """Run cells as one does by hand, and do not wait for their end."""
    for index in indices:
        page.locator(".jp-CodeCell").nth(index).locator(".cm-content").click()
        page.keyboard.press("Control+Enter")


def board(page):
    """The board: the one HTML output of the cell that trains."""
    return page.locator(".jp-CodeCell").nth(1).locator('[data-mime-type="text/html"]')


def said(page):
    """What the cell that trains has printed."""
    return page.locator(".jp-CodeCell").nth(1).locator('[data-mime-type*="stdout"]')


def interrupted(page):
    """What the cell that trains shows as its error."""
    return page.locator(".jp-CodeCell").nth(1).locator('[data-mime-type*="stderr"]')


def press_stop(page) -> None:
    page.locator('.jp-NotebookPanel-toolbar [data-jp-item-name="interrupt"]').click()


def last_epoch(page) -> int:
    """The epoch of the newest validation, as the board says it."""
    return int(VALIDATED.search(board(page).inner_text())[1])


def in_both_themes(page, path, name: str) -> None:
    for theme in ("Dark", "Light"):
        in_theme(page, theme)
        board(page).scroll_into_view_if_needed()
        page.screenshot(path=path / f"{name}-{theme}.png")


def test_stop_keeps_the_board_and_running_the_cell_again_goes_on(open_notebook, cells, tmp_path):
    page = open_notebook("training.ipynb", cells(STEPS))
    run_cells(page, 0, 1, 2)  # the last one waits for its turn, as in Run All
    expect(board(page)).to_contain_text("001-ColourNet", timeout=WAIT)
    expect(board(page)).to_contain_text(VALIDATED, timeout=WAIT)
    expect(board(page)).to_contain_text("training ·")
    first = board(page).inner_text()
    expect(board(page)).not_to_have_text(first, timeout=WAIT)  # it moves
    expect(board(page)).to_have_count(1)  # in its place
    in_both_themes(page, tmp_path, "training")

    press_stop(page)
    when_ready(page)
    expect(board(page)).to_contain_text("stopped ·")
    expect(board(page)).to_contain_text("the same call goes on from here")
    stopped_at = last_epoch(page)
    expect(board(page).locator("img[alt*='as the network colours it']")).to_have_count(3)
    in_both_themes(page, tmp_path, "stopped")
    expect(interrupted(page)).to_have_text(re.compile(
        rf"^Stopped after step \d+ of {STEPS:,}; everything is saved\. Run this again and it goes "
        r"on; resume=False begins anew\.$"
    ))  # fmt: skip
    expect(page.get_by_text("the next cell", exact=True)).to_have_count(0)  # Run All ended
    (story,) = all_runs(tmp_path / "runs")
    assert story["state"] == "stopped" and story["history"][-1]["epoch"] == stopped_at

    run_cells(page, 1, 2)
    expect(said(page)).to_contain_text("It goes on after", timeout=WAIT)
    expect(board(page)).to_contain_text("finished ·", timeout=2 * WAIT)
    expect(page.get_by_text("the next cell", exact=True)).to_have_count(1)
    expect(board(page)).to_contain_text("001-ColourNet")
    expect(board(page)).to_have_count(1)
    assert last_epoch(page) > stopped_at
    in_both_themes(page, tmp_path, "finished")
    assert_no_errors(page)
    (finished,) = all_runs(tmp_path / "runs")
    assert finished["state"] == "finished"
    assert finished["history"][: len(story["history"])] == story["history"], "nothing is lost"


def kill_kernel(page) -> None:
    """As the system does when memory runs out; JupyterLab then starts another one."""
    printed = page.locator(".jp-CodeCell").nth(0).locator('[data-mime-type*="stdout"]')
    os.kill(int(printed.inner_text().split()[1]), signal.SIGKILL)
    page.locator(".jp-Dialog").get_by_role("button", name="Ok").click(timeout=WAIT)
    when_ready(page)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill -9")
@pytest.mark.parametrize("how", ["killed", "restarted"])
def test_a_kernel_that_ends_while_it_trains_loses_nothing(open_notebook, cells, tmp_path, how):
    page = open_notebook(f"{how}.ipynb", cells(STEPS))
    run_cells(page, 0, 1)
    expect(board(page)).to_contain_text(VALIDATED, timeout=WAIT)
    for _ in range(WAIT // 100):  # tenths of a second, until there is a checkpoint
        if [story for story in all_runs(tmp_path / "runs") if story["history"]]:
            break
        page.wait_for_timeout(100)
    if how == "killed":
        kill_kernel(page)
    else:
        restart_kernel(page)
    (story,) = all_runs(tmp_path / "runs")
    assert story["state"] in ["training"] + ["stopped"] * (how == "restarted")
    run_cells(page, 0, 1)
    expect(said(page)).to_contain_text("Run 001-ColourNet", timeout=WAIT)
    expect(said(page)).to_contain_text("It goes on after")
    expect(board(page)).to_contain_text("finished ·", timeout=2 * WAIT)
    (finished,) = all_runs(tmp_path / "runs")
    assert finished["state"] == "finished"
    kept = finished["history"][: len(story["history"])]
    assert kept == story["history"] and len(finished["history"]) > len(kept) > 0
    assert_no_errors(page)
