"""Asking people without a browser: what is shown, saved, counted, merged, and refused."""

import shutil

import numpy as np
import pytest

from colourlib import CourseError
from colourlib.judging import intervals
from colourlib.teaching.review import people

NAMES = [f"scene-{i}" for i in range(20)]
TRUE = [np.full((8, 8, 3), 100 + i, np.uint8) for i in range(20)]
WAYS = {"the mean": [p // 2 for p in TRUE], "T = 0.38": [p // 3 for p in TRUE]}


def asking(root, who="me", **more) -> people.Asking:
    return people.Asking(**{"root": root, "names": NAMES, "truths": TRUE, "coloured": WAYS} | more,
                         who=who)  # fmt: skip


def click(one, fooled=lambda number, way: False) -> dict:
    """Answer all pairs that are left; the last answer of the page."""
    answer = one.answer({"do": "show"})
    while not answer["done"]:
        number = answer["number"]
        machine = one.machine[number]
        side = 1 - machine if fooled(number, one.pairs[number][1]) else machine
        answer = one.answer({"do": people.SIDES[side], "number": number})
    return answer


def test_order_and_sides_are_random_and_the_same_from_a_seed(tmp_path):
    one, again, other = asking(tmp_path), asking(tmp_path), asking(tmp_path, seed=1)
    assert (one.pairs, one.machine) == (again.pairs, again.machine)
    assert one.pairs != other.pairs and sorted(one.pairs) == sorted(other.pairs)
    assert 10 < sum(one.machine) < 30 and len({*one.pairs}) == 40
    answer = one.answer({"do": "show"})
    assert (answer["number"], answer["of"], answer["seconds"]) == (0, 40, 1.0)
    assert len({*answer["pictures"]}) == 2
    assert repr(one) == "Ask people: 0 of 40 pairs are answered."


def test_the_machine_is_where_the_sides_say(tmp_path, monkeypatch):
    monkeypatch.setattr(people.show, "data_address", lambda image: image.getpixel((0, 0))[0])
    one = asking(tmp_path)
    for number, (index, way) in enumerate(one.pairs):
        pair = one.pictures(number)
        assert pair[one.machine[number]] == WAYS[way][index][0, 0, 0]
        assert pair[1 - one.machine[number]] == 100 + index


def test_each_click_is_on_disk_and_the_page_goes_on_there(tmp_path):
    one = asking(tmp_path)
    for number in range(3):
        one.answer({"do": "left", "number": number})
        lines = (tmp_path / "answers-me.txt").read_text().splitlines()
        assert len(lines) == number + 2 and lines[0].startswith("pictures ")
    assert one.answer({"do": "left", "number": 2})["number"] == 3  # a second click on the same
    assert one.answer({"do": "sideways", "number": 3})["number"] == 3
    again = asking(tmp_path)
    assert again.answer({"do": "show"})["number"] == 3 and again.answers == one.answers


def test_three_students_are_counted_together(tmp_path):
    for who, folder in (("ada", "a"), ("bo", "b"), ("cy", "c")):
        said = click(asking(tmp_path / folder, who) if (tmp_path / folder).mkdir() is None else 0,
                     lambda number, way: way == "T = 0.38" and number % 2 == 0)["said"]  # fmt: skip
        assert said.startswith("1 person. the mean: fooled in 0% of 20, 0 to 16; T = 0.38: fooled")
        shutil.copy(tmp_path / folder / f"answers-{who}.txt", tmp_path)
    said = asking(tmp_path, "ada").answer({"do": "show"})["said"]
    assert said.startswith("3 people. the mean: fooled in 0% of 60, 0 to 6; T = 0.38: fooled in ")
    assert said.endswith("Who only guesses is fooled in 50 %.")


def test_intervals_of_shares_are_wilsons():
    assert intervals.share(24, 100) == pytest.approx((0.167, 0.332), abs=1e-3)
    low, high = intervals.share(0, 10)
    assert low == 0 and high == pytest.approx(0.278, abs=1e-3)
    assert intervals.share(10, 10)[1] == 1


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("fooled 3 the mean\nperhaps 4 the mean\n", "Line 3 of answers-me.txt is not an answer"),
        ("seen 20 the mean\n", "Line 2"),
        ("seen 2 another way\n", "Line 2"),
    ],
)
def test_a_damaged_file_is_named_by_its_line(tmp_path, lines, words):
    one = asking(tmp_path)
    (tmp_path / "answers-me.txt").write_text(f"{one.title}\n{lines}")
    with pytest.raises(CourseError, match=words):
        asking(tmp_path)
    assert words in one.answer({"do": "left", "number": 0})["said"]
    assert lines in (tmp_path / "answers-me.txt").read_text()  # nothing is lost


def test_files_about_other_pictures_are_refused(tmp_path):
    click(asking(tmp_path, "ada"))
    with pytest.raises(CourseError, match=r"answers-ada.txt is about other pictures"):
        asking(tmp_path, "ada", names=NAMES[::-1])
    said = click(asking(tmp_path, "bo", coloured={"another": WAYS["the mean"]}))["said"]
    assert "answers-ada.txt is about other pictures" in said
    (tmp_path / "answers-cy.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CourseError, match="answers-cy.txt cannot be read"):
        asking(tmp_path, "cy")


@pytest.mark.parametrize("more", [{"names": NAMES[1:]}, {"who": "../me"}])
def test_what_does_not_fit_is_refused(tmp_path, more):
    with pytest.raises(CourseError, match="Give as many names"):
        people.ask(tmp_path, **{"names": NAMES, "truths": TRUE, "coloured": WAYS} | more)


def test_the_page_answers_messages(tmp_path):
    page = people.ask(tmp_path, NAMES, TRUE, WAYS)
    assert repr(page) == repr(page.desk) and "pictures" in page.desk.answer({"do": "show"})
