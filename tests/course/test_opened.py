"""The test set: scored like the validation photos, and every look at it remembered and told."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from torch import nn

from colourlib import CourseError, evaluate, open_workspace
from colourlib.course import opened
from colourlib.course.opened import NAME, open_test, weights_of


class Tinted(nn.Module):
    """A network of two weights: one colour for everything."""

    def __init__(self, *ab: float):
        super().__init__()
        self.ab = nn.Parameter(torch.tensor(ab))

    def forward(self, x):
        return evaluate.tint(self.ab)(x)


ONE, OTHER, THIRD = Tinted(0.05, 0.1), Tinted(0.1, 0.05), Tinted(-0.1, 0.0)


@pytest.fixture
def look(practice_data, tmp_path, capsys):
    """Open the test set; what is printed, in one line."""

    def at(data=practice_data, **networks) -> str:
        capsys.readouterr()
        at.table = open_test(tmp_path, networks, data)
        (line,) = capsys.readouterr().out.splitlines()
        return line

    return at


def test_the_scores_are_those_of_the_test_photos_beside_the_baselines(look, practice_data):
    said = look(mine=ONE)
    assert said == "The test set of 6 photos is opened: once."
    assert list(look.table) == ["grey copy", "mean tint", "mine", "optimum"]
    assert look.table["mine"] == evaluate.score(ONE, practice_data.test)
    validation = evaluate.compare({"mine": ONE}, practice_data)
    assert look.table.keys() == validation.keys() and look.table["mine"] != validation["mine"]


def test_every_look_is_written_down(look, practice_data, tmp_path):
    look(mine=ONE)
    (row,) = json.loads((tmp_path / NAME).read_text())["looks"]
    assert row["fingerprint"] == practice_data.fingerprint and row["network"] == "mine"
    assert row["weights"] == weights_of(ONE) and row["photos"] == 6
    assert row["explained_chroma"] == look.table["mine"].explained_chroma
    assert row["time"][:2] == "20" and row["time"].endswith("Z")
    look(mine=ONE)
    look(mine=OTHER)
    assert len(json.loads((tmp_path / NAME).read_text())["looks"]) == 2, "a second look adds none"
    assert opened.looks(tmp_path, practice_data) == 2
    assert opened.looks(tmp_path, replace(practice_data, fingerprint="more")) == 0


def test_each_further_look_is_told_what_it_costs(look, tmp_path):
    look(mine=ONE)
    file = tmp_path / NAME
    kept = json.loads(file.read_text())
    kept["looks"][0]["time"] = "2026-01-02T03:04:05Z"
    file.write_text(json.dumps(kept))
    again = look(renamed=ONE)
    assert "of 6 photos on 2026-01-02 with the same weights. This is the same number" in again
    second = look(edited=OTHER)
    assert second.startswith("This is the second network that looks at the test set of 6 photos, ")
    assert "after mine on 2026-01-02. Whoever picks the better of the two has chosen" in second
    assert "needs new photos to say how good it is." in second
    third = look(mine=ONE, third=THIRD)
    assert third.startswith("3 networks have now looked at the test set of 6 photos")
    assert "the best of them has chosen by the test set" in third
    today = json.loads(file.read_text())["looks"][1]["time"][:10]
    assert f"on {today} with the same weights" in look(mine=OTHER), "its own day, not the first"


def test_two_networks_at_once_are_a_choice_too(look):
    said = look(one=ONE, other=OTHER, copy=ONE)
    assert said.startswith("The test set of 6 photos is opened: once. 2 networks look at it. Who")
    assert "the same number" in look(one=ONE, other=OTHER)


def test_new_photos_are_a_new_test_set_but_for_those_that_stayed(look, practice_data):
    look(mine=ONE)
    said = look(replace(practice_data, fingerprint="more"), mine=ONE)
    assert said.startswith("The test set of 6 photos is opened: once. When it was opened before, ")
    assert "the photos were others. Those that stayed were seen then." in said
    assert "the same number" in look(mine=ONE)


def test_what_counts_as_the_same_network():
    assert weights_of(ONE) == weights_of(Tinted(0.05, 0.1)) != weights_of(OTHER)
    assert weights_of(evaluate.grey) == weights_of(lambda x: -evaluate.grey(x))
    assert weights_of(evaluate.grey) != weights_of(evaluate.tint(torch.tensor([0.1, 0.1])))
    assert weights_of(ONE) == weights_of(Tinted(0.05, 0.1).train(False).requires_grad_(False))


def test_the_same_weights_with_another_forward_are_another_network(look):
    class Twice(Tinted):
        def forward(self, x):
            return 2 * super().forward(x)

    look(mine=ONE)
    assert "second network" in look(mine=Twice(0.05, 0.1))


@pytest.mark.parametrize(
    "text",
    ['{"looks": [{"ti', "[]", '{"looks": 3}', '{"looks": [3, {}, {"time": 3}]}', "\udcff\x00"],
)
def test_a_damaged_note_counts_as_none(look, tmp_path, text):
    (tmp_path / NAME).write_bytes(text.encode(errors="surrogateescape"))
    assert look(mine=ONE) == "The test set of 6 photos is opened: once."
    assert "the same number" in look(mine=ONE)


def test_a_full_disk_does_not_cost_the_score(practice_data, tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(opened, "replace_text", full)
    assert "mine" in open_test(tmp_path, {"mine": ONE}, practice_data)
    assert "could not be written down: [Errno 28] No space" in capsys.readouterr().out


def test_two_notebooks_at_once_lose_no_look(practice_data, tmp_path, monkeypatch):
    real, networks = opened._looks, {f"n{i}": Tinted(0.01 * i, 0.02) for i in range(8)}

    def slow(path):
        found = real(path)
        time.sleep(0.02)  # without the lock, all would read the same
        return found

    monkeypatch.setattr(opened, "_looks", slow)
    with ThreadPoolExecutor(8) as notebooks:
        list(
            notebooks.map(lambda n: open_test(tmp_path, {n: networks[n]}, practice_data), networks)
        )
    assert {row["network"] for row in real(tmp_path / NAME)} == set(networks)


@pytest.mark.parametrize("networks", [{}, ONE, [ONE]])
def test_networks_come_by_their_names(practice_data, tmp_path, networks):
    with pytest.raises(CourseError, match="by their names"):
        open_test(tmp_path, networks, practice_data)


def test_without_test_photos_a_sentence_says_why(practice_data, tmp_path):
    none = replace(practice_data.test, L=practice_data.test.L[:0])
    for test in (None, none):
        with pytest.raises(CourseError, match="no test photo here.*remove split.json"):
            open_test(tmp_path, {"mine": ONE}, replace(practice_data, test=test))
    assert not (tmp_path / NAME).exists()


def test_a_workspace_keeps_its_own_note(fresh_home, practice_data, monkeypatch, capsys):
    ws = open_workspace()
    monkeypatch.setattr(type(ws), "prepared", lambda self: practice_data)
    for arguments in ((), (practice_data,)):
        table = ws.open_test({"mine": ONE}, *arguments)
        assert table["mine"].photos == 6 and (ws.root / NAME).exists()
    assert "the same number" in capsys.readouterr().out
