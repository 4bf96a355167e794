"""The measurement on real photos: each run once, judged at home and elsewhere, shown as a table."""

import sys

import mixed
import pytest
import transfer as bench
from tiny import photo_set

from colourlib.common.files import read_json
from colourlib.teaching import measured


@pytest.mark.slow
def test_runs_are_kept_one_by_one_and_become_a_table(tmp_path, monkeypatch, capsys):
    def origin(name):
        seed = len(name)
        validation = {"seen kinds": photo_set(4, 20, 20, None, seed + 1)}
        return mixed.Origin(name, photo_set(24, 5, 20, None, seed), validation)

    out = tmp_path / "transfer.json"
    monkeypatch.setattr(bench.weights, "origin", origin)
    command = ["transfer.py", "--photos", "web", "small", "--steps", "1", "--size", "32"]
    monkeypatch.setattr(
        sys, "argv", [*command, "--numbers", "20", "--repeats", "1", "--out", str(out)]
    )
    bench.main()
    runs = read_json(out)["runs"]
    assert [run["kind"] for run in runs] == ["scratch", "frozen", "all"]
    assert all(set(run["explained"]) == {"web", "small"} for run in runs)
    capsys.readouterr()
    bench.main()
    assert capsys.readouterr().out == "" and read_json(out)["runs"] == runs
    monkeypatch.setattr(measured, "TRANSFER", out)
    table = measured.transfer()
    assert table.headers == ["photos", "training", "web", "small (from elsewhere)"]
    assert [row[1] for row in table.rows] == ["mean tint", *measured.KINDS.values()]
    assert "after 1 steps, trained on web" in table.caption


def test_without_figures_the_table_names_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr(measured, "TRANSFER", tmp_path / "none.json")
    assert "Not measured yet: `python bench/transfer.py" in measured.transfer().caption


def test_nothing_is_lent_from_scratch_and_nothing_moves_frozen():
    scratch, frozen = bench.network("scratch"), bench.network("frozen").train()
    assert all(p.requires_grad for p in scratch.parameters())
    assert scratch.train().encoder.training and not frozen.encoder.training
    assert not any(p.requires_grad for p in frozen.encoder.parameters())
    assert all(p.requires_grad for p in frozen.up.parameters())
