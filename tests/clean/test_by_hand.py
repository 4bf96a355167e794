"""Decisions by hand: limits beside keep and reject, taking back, two writers at once."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from colourlib import CourseError
from colourlib.clean import by_hand

A, B = "a" * 64, "b" * 64


def test_limits_and_decisions_stand_in_one_file_that_a_person_may_write(tmp_path):
    assert by_hand.limits(tmp_path) == by_hand.decisions(tmp_path) == {}
    by_hand.set_limit(tmp_path, "grey", 3.5, "fog is\nfine")
    by_hand.decide(tmp_path, A, keep=False)
    by_hand.set_limit(tmp_path, "too small", 32)
    assert by_hand.limits(tmp_path) == {"grey": 3.5, "too small": 32}
    assert by_hand.decisions(tmp_path) == {"a" * 16: False}
    file = tmp_path / "decisions.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    ours = ["limit grey 3.5  # fog is fine", "reject aaaaaaaaaaaaaaaa", "limit too small 32"]
    assert [line for line in lines if not line.startswith("#")] == ours
    by_hand.set_limit(tmp_path, "grey", 1e-5)
    assert by_hand.limits(tmp_path)["grey"] == 1e-5
    by_hand.set_limit(tmp_path, "grey", None)
    assert by_hand.limits(tmp_path) == {"too small": 32}
    assert by_hand.decisions(tmp_path) == {"a" * 16: False}
    file.write_text("# ours\n\n  KEEP 01234567ab # lovely\nreject 01234567ab\nkeep ABCDEF01\n")
    assert by_hand.decisions(tmp_path) == {"01234567ab": False, "abcdef01": True}
    file.write_text("limit grey 1\n  LIMIT  Too   Small 20 # mine\nlimit grey 4.\n")
    assert by_hand.limits(tmp_path) == {"too small": 20, "grey": 4}
    file.write_text("\ufefflimit grey .5\r\nkeep 0123456789ab\r\n", encoding="utf-8")  # Notepad
    assert by_hand.limits(tmp_path) == {"grey": 0.5}
    assert by_hand.decisions(tmp_path) == {"0123456789ab": True}


@pytest.mark.parametrize(
    ("line", "says"),
    [("limit gray 2", "no rule 'gray'. Did you mean 'grey'"),
     ("limit colour 2", "no rule 'colour'.*too small"),
     *[(line, "is not a decision")
       for line in ("limit grey", "limit grey 3,5", "limit grey -1", "limit grey 1.2.3",
                    "limit grey 1e999", "limit 3", "delete 0123456789ab", "keep 0123",
                    "keep x123456789", "keep")]],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_named(tmp_path, line, says):
    (tmp_path / "decisions.txt").write_text(f"# ours\n{line}\n")
    for read in (by_hand.limits, by_hand.decisions):
        with pytest.raises(CourseError, match=f"Line 2 of decisions.txt.*{says}"):
            read(tmp_path)
    with pytest.raises(CourseError, match="Line 2"):
        by_hand.decide(tmp_path, A, keep=True)
    assert (tmp_path / "decisions.txt").read_text() == f"# ours\n{line}\n"


def test_what_is_no_limit_no_sha256_and_no_text_is_refused(tmp_path):
    for value in (-1, float("nan"), float("inf")):
        with pytest.raises(CourseError, match="number from 0 up"):
            by_hand.set_limit(tmp_path, "grey", value)
    with pytest.raises(CourseError, match="no rule 'gray'. Did you mean 'grey'"):
        by_hand.set_limit(tmp_path, "gray", 2)
    with pytest.raises(CourseError, match="sha256"):
        by_hand.decide(tmp_path, "../../x", keep=True)
    file = tmp_path / "decisions.txt"
    assert not file.exists()
    file.write_bytes(b"keep \xff\xfe")
    with pytest.raises(CourseError, match="decisions.txt cannot be read: it is not text in UTF-8"):
        by_hand.decide(tmp_path, A, keep=True)
    file.unlink()
    file.mkdir()
    with pytest.raises(CourseError, match="decisions.txt cannot be read"):
        by_hand.limits(tmp_path)


def test_of_several_lines_about_a_picture_the_last_counts_and_a_decision_replaces_all(tmp_path):
    file, before = tmp_path / "decisions.txt", f"keep aaaaaaaa\nREJECT {A.upper()}\nkeep {B}\n"
    file.write_text(f"# about aaaaaaaaaaaaaaaa: ask Bo\n{before}")
    by_hand.decide(tmp_path, A, keep=None)
    assert by_hand.decisions(tmp_path) == {B: True}
    assert "ask Bo" in file.read_text()
    long, short = f"keep {A}\n", "reject aaaaaaaa\n"
    for text, kept in ((long + short + long, True), (short + long + short, False)):
        file.write_text(text)
        assert by_hand.match(by_hand.decisions(tmp_path), [A, B]) == {A: kept}
    file.write_text(f"keep {A}\nlimit grey 3\nreject aaaaaaaa # Bo\n")
    assert by_hand.about(tmp_path, A) == ("aaaaaaaa", False, "Bo")
    assert by_hand.about(tmp_path, B) is None


def sha(writer: int, number: int) -> str:
    return f"{writer:02x}{number:02x}" * 16


def write(root, writer: int, count: int, keep: bool):
    for number in range(count):
        by_hand.decide(root, sha(writer, number), keep)


def test_two_that_decide_at_once_lose_nothing(tmp_path, monkeypatch):
    """Four threads here and another process there, each with pictures of its own."""
    script = "import sys, test_by_hand; test_by_hand.write(sys.argv[1], 9, 20, True)"
    command = [sys.executable, "-c", script, tmp_path]
    other = subprocess.Popen(command, cwd=Path(__file__).parent)  # where it finds this file
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda writer: write(tmp_path, writer, 10, False), range(4)))
    assert other.wait(120) == 0
    wanted = {sha(w, n)[:16]: False for w in range(4) for n in range(10)}
    wanted |= {sha(9, n)[:16]: True for n in range(20)}
    assert by_hand.decisions(tmp_path) == wanted
    # A writer that never ends is named.
    monkeypatch.setattr(by_hand, "PATIENCE", 0.05)
    holding = by_hand.FileLock(tmp_path / f".{by_hand.NAME}.lock")
    with holding, pytest.raises(CourseError, match="written by another notebook"):
        by_hand.decide(tmp_path, A, keep=True)
    by_hand.decide(tmp_path, A, keep=True)
    assert by_hand.decisions(tmp_path) == wanted | {"a" * 16: True}
