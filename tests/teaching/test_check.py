"""Exercises: what a check makes of any answer, what is kept of it, and a class's files as one."""

import json
import os
import re
from fractions import Fraction
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from colourlib import CourseError
from colourlib.__main__ import main
from colourlib.teaching.check import board, classroom, core, progress, table
from colourlib.teaching.check.answers import number

MORE = "Add up. Then divide by `n`."


def mean(answer):
    """An exercise of this test: the mean of 2 and 4."""
    found = core.call(answer, torch.tensor([2.0, 4.0]))
    if found == 6:
        raise core.Wrong("sum, not mean", "2 + 4 = 6 is the sum.", "divide by 2.", MORE)
    if found != 3:
        raise core.Wrong("another number", f"It gives {found}, not 3.", "look at <it>.")
    return "(2 + 4) / 2 = 3. Other lengths were not tried."


def essay(answer):
    return core.Noted("Kept; nobody has graded it.")


@pytest.fixture
def check(fresh_home, monkeypatch):
    """The two exercises above, alone, with an empty home."""
    monkeypatch.setattr(core, "EXERCISES", {})
    core.exercise("05.2", "The mean <by hand>", "a function of x")(mean)
    core.exercise("06.1", "An essay", "some words")(essay)
    return core.EXERCISES


def test_a_wrong_answer_is_named_then_come_arithmetic_hint_and_more_on_request(check):
    assert "first call check.mean" in check["mean"].more()
    verdict = check["mean"](lambda x: x.sum())
    assert (verdict.state, verdict.mistake) == ("not yet", "sum, not mean")
    text, page = repr(verdict), verdict._repr_html_()
    assert text.index("sum, not mean") < text.index("2 + 4 = 6") < text.index("divide by 2")
    assert MORE not in text and "check.mean.more()" in text
    assert "<details><summary>More" in page and "<code>n</code>" in page
    assert repr(check["mean"].more()) == MORE
    page = check["mean"](lambda x: x.max())._repr_html_()
    assert "&lt;it&gt;" in page and "<it>" not in page and "&lt;by hand&gt;" in page


@pytest.mark.parametrize("answer", [(), (...,), (None,), (lambda x: None,), (lambda x: ...,)])
def test_a_placeholder_is_open_and_leaves_no_trace(check, answer):
    verdict = check["mean"](*answer)
    assert verdict.state == "open" and not verdict.mistake
    assert not progress.file().exists()


def test_the_placeholder_of_a_function_is_not_begun_and_nothing_given_back_is_another_thing(check):
    assert "Not begun yet" in check["mean"](lambda x: ...).message
    assert "gives nothing (None)" in check["mean"](lambda x: None).message


def broken(x):
    total = x.sum()
    return total / missing  # noqa: F821


@pytest.mark.parametrize(
    ("answer", "mistake", "message", "hint"),
    [
        (lambda x: x.mean(), "", ["Other lengths were not tried"], ""),
        (3, core.UNREADABLE, ["of type int"], ""),
        (np.float64(3), core.UNREADABLE, [], ""),
        (lambda x: torch.ones(3), core.UNREADABLE, [], "a function of x"),
        (broken, core.CRASHED, ["NameError", "line 3 of it: `return total / missing"], "that cell"),
    ],
)
def test_any_answer_is_right_or_told_why_not(check, answer, mistake, message, hint):
    verdict = check["mean"](answer)
    assert verdict.mistake == mistake and verdict.state == ("not yet" if mistake else "right")
    assert verdict.right == ("Hint" not in repr(verdict)) == (not mistake)
    assert hint in verdict.hint and all(words in verdict.message for words in message)


def test_an_error_in_front_of_a_yield_names_its_line_and_no_yield_goes_on_for_ever():
    def endless(count):
        while True:
            yield [0] * count

    with pytest.raises(core.Wrong, match="in line 3 of it: `yield") as stopped:
        core.call(endless, "three")
    assert stopped.value.mistake == core.CRASHED
    assert core.call(endless, 2)[:3] == [[0, 0]] * 3


def test_an_error_in_a_helper_of_the_answer_names_the_helper():
    def half(text):
        return text / 2

    def answer(text):
        return half(text)

    with pytest.raises(core.Wrong, match="in half: `return text / 2`"):
        core.call(answer, "three")


def test_stop_is_not_swallowed(check):
    with pytest.raises(KeyboardInterrupt):
        check["mean"](Mock(side_effect=KeyboardInterrupt))


def test_call_keeps_its_numbers_and_the_notebooks_dice(check):
    given = torch.tensor([2.0, 4.0])
    core.call(lambda x: x.mul_(0), given)
    assert given.tolist() == [2, 4]
    state = torch.get_rng_state()
    check["mean"](lambda x: torch.rand(5).sum())
    assert torch.equal(torch.get_rng_state(), state)


def test_done_stays_done_and_mistakes_are_counted(check):
    for answer in (torch.sum, torch.sum, torch.max, torch.mean, torch.sum):
        check["mean"](answer)
    entry = progress.read()["mean"]
    assert (entry["state"], entry["tries"]) == ("done", 5)
    assert entry["mistakes"] == {"sum, not mean": 3, "another number": 1}


def test_the_board_says_done_tried_open(check):
    assert [row[2:] for row in board().rows] == [["open", 0], ["open", 0]]
    check["mean"](torch.sum)
    assert board("05").rows == [["05.2 · The mean <by hand>", "check.mean", "tried", 1]]
    check["mean"](torch.mean)
    check["essay"]("many words")
    assert [row[2:] for row in board().rows] == [["done", 2], ["for your teacher", 1]]
    assert board().caption == "Your progress: 1 of 2 done, 1 for your teacher"
    with pytest.raises(CourseError, match="no chapter '7'.*05, 06"):
        board("7")


def test_what_is_written_for_the_teacher_is_kept_at_a_bearable_length(check):
    check["essay"]("word " * 5000)
    kept = progress.read()["essay"]["answer"]
    assert kept.startswith("word word") and len(kept) == progress.LONGEST


def test_a_damaged_file_is_put_aside_and_work_goes_on(check):
    progress.file().parent.mkdir(parents=True)
    progress.file().write_text('{"half')
    assert check["mean"](torch.mean).right and progress.read()["mean"]["state"] == "done"
    assert progress.file().with_suffix(".damaged.json").read_text() == '{"half'


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_that_cannot_be_written_does_not_cost_the_verdict(check, fresh_home):
    fresh_home.mkdir()
    fresh_home.chmod(0o500)
    assert "could not be kept" in check["mean"](torch.mean).remark


def test_a_disk_without_locks_or_room_does_not_cost_the_verdict(check, monkeypatch):
    for name, error, words in (
        ("replace_text", OSError(28, "No space left on device"), "(No space left"),
        ("note", NotImplementedError("no flock here"), "(no flock here)"),
    ):
        monkeypatch.setattr(progress, name, Mock(side_effect=error))
        verdict = check["mean"](torch.mean)
        assert verdict.right and f"could not be kept {words}" in verdict.remark
        assert verdict.remark in repr(verdict)


@pytest.fixture
def handed_in(check, tmp_path):
    """Ada has done the first exercise after a mistake, Bob has tried it, Eve sends a photo."""
    folder = tmp_path / "handed in"
    (folder / "bob").mkdir(parents=True)
    for name, answers in {"bob/progress": [torch.sum], "ada": [torch.sum, torch.mean]}.items():
        for answer in answers:
            check["mean"](answer)
        progress.file().replace(folder / f"{name}.json")
    (folder / "eve.json").write_bytes(b"\xff\xd8\xff not JSON")
    return folder


def test_a_class_becomes_one_file_and_a_table(handed_in, tmp_path, capsys):
    out = tmp_path / "class.json"
    assert main(["progress", str(handed_in), "-o", str(out)]) == 1  # Eve's is left out, and named
    told = capsys.readouterr()
    assert "eve.json is not a progress file" in told.err
    assert re.search(r"^05\.2 mean +1 +0 +1 +0  2 × sum, not mean$", told.out, re.MULTILINE)
    assert re.search(r"^ada +1 +0 +0 +1 *$", told.out, re.MULTILINE)
    content = json.loads(out.read_text())
    assert content["kind"] == classroom.KIND
    states = {name: of["mean"]["state"] for name, of in content["students"].items()}
    assert states == {"ada": "done", "bob": "tried"}
    assert main(["progress", str(handed_in), "-o", str(out)]) == 1  # again, over its own file


def test_two_students_of_one_name_are_both_there(handed_in):
    (handed_in / "other").mkdir()
    (handed_in / "other" / "ada.json").write_bytes((handed_in / "ada.json").read_bytes())
    students, bad = classroom.collected(sorted(handed_in.rglob("ada.json")) * 2)
    assert sorted(students) == ["ada", "ada (2)", "ada (3)", "ada (4)"] and not bad


def test_a_file_sent_twice_is_told_and_an_empty_one_is_not(handed_in, capsys):
    for name in ("ada (1)", "bob"):
        (handed_in / f"{name}.json").write_bytes((handed_in / "ada.json").read_bytes())
    for name in ("li", "wu"):
        nothing = json.dumps({"kind": progress.KIND, "exercises": {}})
        (handed_in / f"{name}.json").write_text(nothing)
    main(["progress", str(handed_in)])
    told = capsys.readouterr().err
    assert "ada and ada (1) hold the same" in told and told.count("hold the same") == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize("name", [b"\x1b[2J", b"two\nlines", b"latin\xe9"])
def test_a_name_that_no_terminal_could_bear(handed_in, tmp_path, capsys, name):
    folder, out = os.fsencode(handed_in), tmp_path / "class.json"
    for end, content in {b"": (handed_in / "ada.json").read_bytes(), b"-broken": b"{"}.items():
        with open(os.path.join(folder, name + end + b".json"), "wb") as file:
            file.write(content)
    (handed_in / "a folder.json").mkdir()
    assert main(["progress", str(handed_in), "-o", str(out)]) == 1
    told = capsys.readouterr()
    lines = (told.out + told.err).splitlines()
    assert all(line.isprintable() for line in lines)
    assert sum(line.startswith("Left out: handed in/") for line in lines) == 2
    students = json.loads(out.read_text(encoding="utf-8"))["students"]
    assert len(students) == 3 and all(one.isprintable() for one in students)


def test_the_table_of_a_class_fits_a_terminal():
    from colourlib.teaching.check import EXERCISES

    mistake = {"state": "tried", "tries": 99, "mistakes": {"m" * 39: 99}}
    students = {str(i): dict.fromkeys(EXERCISES, mistake) for i in range(40)}
    lines = repr(table.overview(students)).splitlines()
    assert max(map(len, lines)) <= 102 and len(lines) == 2 + len(EXERCISES)


def test_one_hands_in_ones_own_even_half_an_emoji(check, tmp_path, capsys):
    check["mean"](torch.mean)
    assert main(["progress", "-o", str(tmp_path / "ada.json")]) == 0
    assert "check.mean" in capsys.readouterr().out
    assert progress.read(tmp_path / "ada.json") == progress.read()
    check["essay"]("word \ud83d word")
    assert main(["progress", "-o", str(tmp_path / "ada.json")]) == 0
    assert progress.read(tmp_path / "ada.json")["essay"]["answer"] == "word ? word"


GOOD = {"state": "done", "tries": 1, "mistakes": {}}
BAD = [{"state": "done", "tries": "1"}, GOOD | {"state": "<b>"}, GOOD | {"tries": -1}]
BAD += [GOOD | {"mistakes": bad} for bad in ({"\x1b[2J": 1}, {"long" * 99: 1}, {"sum": 10**99})]
OF_KIND = [{"kind": progress.KIND, "exercises": e} for e in [[1], *({"mean": bad} for bad in BAD)]]


@pytest.mark.parametrize("content", [[], *OF_KIND])
def test_a_file_with_something_else_in_it_is_turned_away(tmp_path, content):
    path = tmp_path / "mallory.json"
    path.write_text(json.dumps(content))
    with pytest.raises(CourseError, match="mallory.json is not a progress file"):
        progress.read(path)


def test_mistakes_on_the_command_line(check, tmp_path, capsys):
    mine = tmp_path / "thesis.json"
    mine.write_text('{"years": 4}')
    for arguments, words in (
        (["-o", mine], "is not ours"),
        ([mine], "Not one of the files"),
        ([tmp_path / "nowhere"], "There is no file"),
        (["-o", tmp_path / "no" / "folder.json"], "cannot be written"),
    ):
        assert main(["progress", *map(str, arguments)]) == 2
        assert words in capsys.readouterr().err
    assert mine.read_text() == '{"years": 4}'


@pytest.mark.parametrize(
    "three",
    [3, 3.0, Fraction(3), np.int8(3), np.float32(3), np.array([[3]]), torch.tensor(3.0)],
    ids=repr,
)
def test_a_number_is_a_number_whatever_it_is_kept_in(three):
    assert number(three, "n") == 3 and type(number(three, "n")) is float


@pytest.mark.parametrize("other", [True, "3", 3j, np.complex64(3), (3,), np.ones(2), float("nan")])
def test_what_is_no_number_is_told(other):
    with pytest.raises(core.Wrong, match="`n` is"):
        number(other, "n")
