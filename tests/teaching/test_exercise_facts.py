"""What the exercises of chapters 01 and 02 hold for right is what the course's own code does.

Also: the board says where each task stands.
"""

import re
from pathlib import Path

import pytest

from colourlib import collect
from colourlib.clean import rules
from colourlib.course import sources
from colourlib.practice import faults
from colourlib.practice.faults import fault_of, faulty_web
from colourlib.practice.search import serve
from colourlib.teaching.check import board, table
from colourlib.teaching.check.chapter01 import origins
from colourlib.teaching.check.chapter02 import cleaning


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """{fault: reasons} of the faults that the task asks about, as the collector met them."""
    web = faulty_web(seed=3, faults=list(origins.STEPS), share=0.5)
    with serve(web):
        photos = sources.collect(tmp_path_factory.mktemp("facts"), "bing", ["moon", "rain"], 14)
    found = {}
    for photo in photos:
        found.setdefault(fault_of(photo.url), set()).add(photo.rejected)
    return found


def step_of(reason: str) -> int:
    if not reason:
        return 0
    return 1 if reason.startswith("not fetched") else 3 if reason.startswith(collect.COPY) else 2


@pytest.mark.parametrize("fault", origins.STEPS)
def test_the_steps_of_the_task_are_those_of_the_collector(outcomes, fault):
    assert {step_of(reason) for reason in outcomes[fault]} == {origins.STEPS[fault]}


def test_the_smallest_lamp_is_the_smallest():
    def kept(lamp):
        return not rules.rejects("grey", cleaning._measured(lamp), rules.LIMITS["grey"])

    assert kept(cleaning.ENOUGH) and not kept(cleaning.ENOUGH - 1)


def test_the_limit_is_chosen_on_a_measure_that_rejects_what_is_above():
    rule = "drawing or poster"
    assert rules.rejects(rule, max(cleaning.DRAWN), rules.LIMITS[rule])
    assert all(faults.FAULTS[name].expected == rule for name in ("cartoon", "line drawing"))


def test_the_board_names_the_appendix_in_which_a_task_stands(fresh_home):
    there = {}
    for path in sorted((Path(__file__).parents[2] / "notebooks" / "more").glob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        there |= {f"{path.name[:2]}.{n}": path.stem for n in re.findall(r'"#+ Task (\d+) · ', text)}
    assert there == table.APPENDIX
    rows = [row[0] for row in board("01").rows]
    assert [title.endswith(" (in more/01_faulty_web)") for title in rows] == [False] * 4 + [True]
