"""Decisions by hand: limits beside keep and reject, sharing, taking back, two writers at once."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from colourlib import CourseError
from colourlib.clean import by_hand

ROOT = Path(__file__).resolve().parents[2]
A, B, C = "a" * 64, "b" * 64, "c" * 64


def lines(root) -> list[str]:
    text = (root / "decisions.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def shared(root, text: str, name="anna.txt") -> Path:
    file = root / "from others" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


# ---- limits --------------------------------------------------------------------------------------


def test_limits_and_decisions_stand_in_one_file(tmp_path):
    assert by_hand.limits(tmp_path) == by_hand.decisions(tmp_path) == {}
    by_hand.set_limit(tmp_path, "grey", 3.5, "fog is\nfine")
    by_hand.decide(tmp_path, A, keep=False)
    by_hand.set_limit(tmp_path, "too small", 32)
    assert by_hand.limits(tmp_path) == {"grey": 3.5, "too small": 32}
    assert by_hand.decisions(tmp_path) == {"a" * 16: False}
    assert lines(tmp_path) == [
        "limit grey 3.5  # fog is fine", "reject aaaaaaaaaaaaaaaa", "limit too small 32",
    ]  # fmt: skip
    by_hand.set_limit(tmp_path, "grey", 1e-5)
    assert by_hand.limits(tmp_path)["grey"] == 1e-5
    by_hand.set_limit(tmp_path, "grey", None)
    assert by_hand.limits(tmp_path) == {"too small": 32}
    assert by_hand.decisions(tmp_path) == {"a" * 16: False}


def test_limits_as_a_person_writes_them(tmp_path):
    file = tmp_path / "decisions.txt"
    file.write_text("limit grey 1\n  LIMIT  Too   Small 20 # mine\nlimit grey 4.\n")
    assert by_hand.limits(tmp_path) == {"too small": 20, "grey": 4}
    file.write_text("\ufefflimit grey .5\r\nkeep 0123456789ab\r\n", encoding="utf-8")  # Notepad
    assert by_hand.limits(tmp_path) == {"grey": 0.5}
    assert by_hand.decisions(tmp_path) == {"0123456789ab": True}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("limit gray 2", "no rule 'gray': Did you mean 'grey'"),
        ("limit colour 2", "no rule 'colour'.*too small"),
        ("limit grey", "is no decision"),
        ("limit grey 3,5", "is no decision"),
        ("limit grey -1", "is no decision"),
        ("limit grey 1.2.3", "is no decision"),
        ("limit grey 1e999", "is no decision"),
        ("limit 3", "is no decision"),
    ],
)
def test_a_line_that_is_no_limit_is_named(tmp_path, line, says):
    (tmp_path / "decisions.txt").write_text(f"# ours\n{line}\n")
    for read in (by_hand.limits, by_hand.decisions):
        with pytest.raises(CourseError, match=f"Line 2 of decisions.txt.*{says}"):
            read(tmp_path)
    with pytest.raises(CourseError, match="Line 2"):
        by_hand.decide(tmp_path, A, keep=True)
    assert (tmp_path / "decisions.txt").read_text() == f"# ours\n{line}\n"


def test_a_limit_that_is_none_is_refused(tmp_path):
    for value in (-1, float("nan"), float("inf")):
        with pytest.raises(CourseError, match="number from 0 up"):
            by_hand.set_limit(tmp_path, "grey", value)
    with pytest.raises(CourseError, match="no rule 'gray': Did you mean 'grey'"):
        by_hand.set_limit(tmp_path, "gray", 2)
    assert not (tmp_path / "decisions.txt").exists()


# ---- one picture, several lines ------------------------------------------------------------------


def test_deciding_again_replaces_every_line_about_the_picture(tmp_path):
    file = tmp_path / "decisions.txt"
    file.write_text(
        f"# about aaaaaaaaaaaaaaaa: ask Bo\nkeep aaaaaaaa\nREJECT {A.upper()}\nkeep {B}\n"
    )
    by_hand.decide(tmp_path, A, keep=None)
    assert by_hand.decisions(tmp_path) == {B: True}
    assert "ask Bo" in file.read_text()


def test_the_later_line_counts_whatever_its_length(tmp_path):
    file = tmp_path / "decisions.txt"
    file.write_text(f"keep {A}\nreject aaaaaaaa\nkeep {A}\n")
    assert by_hand.match(by_hand.decisions(tmp_path), [A, B]) == {A: True}
    file.write_text(f"reject aaaaaaaa\nkeep {A}\nreject aaaaaaaa\n")
    assert by_hand.match(by_hand.decisions(tmp_path), [A, B]) == {A: False}


# ---- sharing -------------------------------------------------------------------------------------


def test_a_shared_file_counts_on_top_and_can_be_withdrawn(tmp_path):
    by_hand.decide(tmp_path, A, keep=False)
    by_hand.decide(tmp_path, B, keep=False)
    by_hand.set_limit(tmp_path, "grey", 3)
    before = (tmp_path / "decisions.txt").read_text()
    file = shared(tmp_path, f"# Anna's\nkeep {A} # \u2028lovely\nreject {C}\nlimit grey 5\n")
    said = by_hand.apply(tmp_path, file)
    assert said == (
        "3 decisions of anna.txt now count on top of yours; 2 of them overrule one of yours."
    )
    assert by_hand.match(by_hand.decisions(tmp_path), [A, B, C]) == {
        A: True,
        B: False,
        C: False,
    }
    assert by_hand.limits(tmp_path) == {"grey": 5}
    assert f"keep {A}  # lovely" in lines(tmp_path)
    by_hand.apply(tmp_path, shared(tmp_path, f"keep {C}\n"))  # Anna has thought again
    assert by_hand.match(by_hand.decisions(tmp_path), [A, B, C]) == {
        A: False,
        B: False,
        C: True,
    }
    assert "1 line of anna.txt" in by_hand.withdraw(tmp_path, "anna.txt")
    assert (tmp_path / "decisions.txt").read_text() == before
    with pytest.raises(CourseError, match="nothing that was shared by 'anna.txt'"):
        by_hand.withdraw(tmp_path, "anna.txt")


def test_what_we_decide_later_counts_more_and_survives_the_withdrawal(tmp_path):
    by_hand.apply(tmp_path, shared(tmp_path, f"keep {A}\nreject {B}\n"))
    by_hand.apply(tmp_path, shared(tmp_path, f"keep {B}\n", "bo.txt"))
    by_hand.decide(tmp_path, A, keep=False)
    assert by_hand.match(by_hand.decisions(tmp_path), [A, B]) == {A: False, B: True}
    by_hand.withdraw(tmp_path, tmp_path / "anna.txt")
    by_hand.withdraw(tmp_path, "bo.txt")
    assert lines(tmp_path) == ["reject aaaaaaaaaaaaaaaa"]


def test_a_shared_file_that_cannot_be_read_changes_nothing(tmp_path, monkeypatch):
    by_hand.decide(tmp_path, A, keep=False)
    before = (tmp_path / "decisions.txt").read_bytes()
    broken = shared(tmp_path, f"keep {A}\nplease keep {B}\n")
    with pytest.raises(CourseError, match="Line 2 of anna.txt is no decision"):
        by_hand.apply(tmp_path, broken)
    broken.write_bytes(b"keep \xff\xfe")
    with pytest.raises(CourseError, match="no text in UTF-8"):
        by_hand.apply(tmp_path, broken)
    with pytest.raises(CourseError, match="decides nothing"):
        by_hand.apply(tmp_path, shared(tmp_path, "# only words\n"))
    with pytest.raises(CourseError, match="cannot be read"):
        by_hand.apply(tmp_path, tmp_path / "nowhere.txt")
    with pytest.raises(CourseError, match="cannot be read"):
        by_hand.apply(tmp_path, tmp_path)
    monkeypatch.setattr(by_hand, "LARGEST", 50)
    with pytest.raises(CourseError, match="over 50 bytes"):
        by_hand.apply(tmp_path, shared(tmp_path, f"keep {A}\n"))
    assert (tmp_path / "decisions.txt").read_bytes() == before


def test_a_block_without_its_end_does_not_take_our_lines_with_it(tmp_path):
    by_hand.apply(tmp_path, shared(tmp_path, f"keep {A}\n"))
    file = tmp_path / "decisions.txt"
    text = "".join(line for line in file.read_text().splitlines(True) if "end of" not in line)
    file.write_text(text + f"reject {B}\n")
    with pytest.raises(CourseError, match="put it back"):
        by_hand.withdraw(tmp_path, "anna.txt")
    assert f"reject {B}" in lines(tmp_path)


# ---- at the same time ----------------------------------------------------------------------------


def test_two_that_decide_at_once_lose_nothing(tmp_path):
    """Four threads here and another process there, each with pictures of its own."""

    def sha(writer: int, number: int) -> str:
        return f"{writer:02x}{number:02x}" * 16

    other = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from colourlib.clean import by_hand\n"
            "for n in range(20): by_hand.decide(sys.argv[1], f'{9:02x}{n:02x}' * 16, True)",
            str(tmp_path),
        ],
        cwd=ROOT,
    )

    def work(writer: int):
        for number in range(10):
            by_hand.decide(tmp_path, sha(writer, number), keep=False)

    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert other.wait(120) == 0
    wanted = {sha(w, n)[:16]: False for w in range(4) for n in range(10)}
    wanted |= {sha(9, n)[:16]: True for n in range(20)}
    assert by_hand.decisions(tmp_path) == wanted


def test_a_writer_that_never_ends_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(by_hand, "PATIENCE", 0.05)
    holding = by_hand.FileLock(tmp_path / f".{by_hand.NAME}.lock")
    with holding, pytest.raises(CourseError, match="written by another notebook"):
        by_hand.decide(tmp_path, A, keep=True)
    by_hand.decide(tmp_path, A, keep=True)
    assert by_hand.decisions(tmp_path) == {"a" * 16: True}


def test_the_line_about_one_picture(tmp_path):
    (tmp_path / "decisions.txt").write_text(f"keep {A}\nlimit grey 3\nreject aaaaaaaa # Bo\n")
    assert by_hand.about(tmp_path, A) == ("aaaaaaaa", False, "Bo")
    assert by_hand.about(tmp_path, B) is None
