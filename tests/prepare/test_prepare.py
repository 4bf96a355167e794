"""Prepared arrays: decoded once, resumable, made again only where something has changed."""

import gc
import os
import signal
import subprocess
import sys
import threading
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from colourlib import CourseError, colour, data, prepare
from colourlib.collect import Photo
from colourlib.prepare import files
from colourlib.prepare import make as prepared


def make(root, names, size=(80, 64), side="train"):
    """Verdicts and split for pictures drawn into root, one colour each."""
    verdicts, split = [], {}
    for i, name in enumerate(names):
        shade = np.random.default_rng(i).integers(0, 256, (size[1] // 8, size[0] // 8, 3), np.uint8)
        picture = Image.fromarray(shade).resize(size, Image.Resampling.BICUBIC)
        picture.save(root / f"{name}.png")
        photo = Photo(
            "cars", f"https://x.example/{name}", f"{name}.png", name, 1, *size, "PNG", "", ""
        )
        verdicts.append(SimpleNamespace(photo=photo, keep=True))
        split[name] = side
    return verdicts, split


@pytest.fixture
def few(tmp_path):
    verdicts, split = make(tmp_path, ["a", "b", "c", "d", "e"])
    split["e"] = "validation"
    return tmp_path, verdicts, split


def test_what_is_stored_is_the_photo(few):
    root, verdicts, split = few
    prepared = prepare.prepare(root, verdicts, split, size=64)
    assert prepared.train.L.shape == (4, 80, 80) and prepared.train.ab.shape == (4, 2, 20, 20)
    assert prepared.validation.L.shape == (1, 80, 80)
    assert prepared.validation.ab.shape == (1, 2, 80, 80)
    x, y = replace(prepared.validation, size=80).__getitems__([0])  # as stored
    with Image.open(root / "e.png") as picture:
        truth = np.asarray(data.square(picture, 80))
    error = np.abs(colour.to_picture(x, y)[0].astype(int) - truth)
    assert error.mean() < 1.5, "bytes of L and ab cost more than a rounding"
    x, y = prepared.validation.__getitems__([0])
    assert x.shape == (1, 1, 64, 64) and y.shape == (1, 2, 64, 64)


def test_nothing_is_decoded_twice_and_a_change_is_noticed(few, capsys):
    root, verdicts, split = few
    first = prepare.prepare(root, verdicts, split, size=64)
    (root / "a.png").unlink()  # would fail if it were opened again
    again = prepare.prepare(root, verdicts, split, size=64)
    assert "nothing has changed" in capsys.readouterr().out
    assert again.fingerprint == first.fingerprint
    np.testing.assert_array_equal(again.train.L, first.train.L)
    verdicts[0].keep = False
    assert prepare.prepare(root, verdicts, split, size=64).fingerprint != first.fingerprint


@pytest.mark.parametrize("side", ["train", "validation"])
def test_an_empty_side_is_explained(tmp_path, side):
    verdicts, split = make(tmp_path, ["a", "b"], side=side)
    other = {"train": "validation", "validation": "train"}[side]
    with pytest.raises(CourseError, match=f"No photo is left for {other}: of 2 pictures, 2 passed"):
        prepare.prepare(tmp_path, verdicts, split, size=64)


def test_a_size_that_does_not_divide_is_explained(few):
    with pytest.raises(CourseError, match="multiple of 16"):
        prepare.prepare(*few, size=100)


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that were opened, in their order."""
    names, real = [], prepared.open_picture

    def open_picture(path, side):
        names.append(path.name)
        return real(path, side)

    monkeypatch.setattr(prepared, "open_picture", open_picture)
    return names


def everything(made):
    return [made.train.L, made.train.ab, made.validation.L, made.validation.ab]


def same(made, other):
    return all(
        np.array_equal(a, b) for a, b in zip(everything(made), everything(other), strict=True)
    )


def test_arrays_are_read_from_the_disk_and_cannot_be_written(few):
    made = prepare.prepare(*few, size=64)
    for array in everything(made):
        assert isinstance(array, np.memmap) and array.mode == "r" and not array.flags.writeable


def test_it_says_what_has_changed_and_decodes_only_what_is_new(few, decoded, capsys):
    root, verdicts, split = few
    prepare.prepare(root, verdicts, split, size=64)
    assert "5 photos to prepare." in capsys.readouterr().out
    new, _ = make(root, ["f", "g"], size=(70, 90))
    verdicts[0].keep = False  # a is gone, f and g are new, d validates
    split |= {"f": "train", "g": "train", "d": "validation"}
    decoded.clear()
    made = prepare.prepare(root, verdicts + new, split, size=64)
    said = capsys.readouterr().out
    assert "photos: 2 new, 1 gone, 1 on the other side of the split. Preparing again" in said
    assert sorted(decoded) == ["d.png", "f.png", "g.png"]
    fresh = root / "elsewhere"
    assert same(made, prepare.prepare(fresh, _absolute(root, verdicts + new), split, size=64))
    capsys.readouterr()
    decoded.clear()
    prepare.prepare(root, verdicts + new, split, size=80)
    assert "they were prepared: size 64 -> 80. Preparing" in capsys.readouterr().out
    assert len(decoded) == 6
    assert len([f for f in (root / "prepared").iterdir() if f.is_dir()]) == 1  # the others went


def _absolute(root, verdicts):
    """The same verdicts for another workspace, with pictures that are read in place."""
    return [
        SimpleNamespace(photo=replace(v.photo, file=str(root / v.photo.file)), keep=v.keep)
        for v in verdicts
    ]


def test_a_photo_that_was_renamed_is_looked_for_where_it_is(few):
    root, verdicts, split = few
    prepare.prepare(root, verdicts, split, size=64)
    (root / "b.png").rename(root / "moved.png")
    moved = [
        SimpleNamespace(photo=replace(v.photo, file="moved.png", query="sea"), keep=True)
        if v.photo.file == "b.png"
        else v
        for v in verdicts
    ]
    rows = prepare.prepare(root, moved, split, size=64).train.rows
    assert {row["file"]: row["query"] for row in rows}["moved.png"] == "sea"
    assert all((root / row["file"]).exists() for row in rows)


def test_sets_that_are_removed_are_not_held_open(few, monkeypatch):
    """Windows removes no file that is mapped."""
    root, verdicts, split = few
    prepare.prepare(root, verdicts, split, size=64)
    real, held = prepared.clear_others, []

    def clear(folder):
        arrays = [a for a in gc.get_objects() if isinstance(a, np.memmap)]
        held.extend(str(a.filename) for a in arrays if folder not in Path(a.filename).parents)
        real(folder)

    monkeypatch.setattr(prepared, "clear_others", clear)
    gc.collect()
    prepare.prepare(root, verdicts, split, size=32)
    assert not [name for name in held if name.startswith(str(root))]


def test_only_our_own_folders_are_removed(few):
    root, verdicts, split = few
    (root / "prepared" / "mine").mkdir(parents=True)
    (root / "prepared" / "notes.txt").write_text("not yours")
    prepare.prepare(root, verdicts, split, size=64)
    prepare.prepare(root, verdicts, split, size=80)
    assert (root / "prepared" / "mine").is_dir() and (root / "prepared" / "notes.txt").exists()


def test_after_stop_it_goes_on_where_it_was(few, decoded, monkeypatch, capsys):
    root, verdicts, split = few
    monkeypatch.setattr(prepared, "NOTED", 2)
    monkeypatch.setattr(prepared.os, "cpu_count", lambda: 1)
    counted = prepared.open_picture

    def stop_at_the_fourth(path, side):
        if len(decoded) == 3:
            raise KeyboardInterrupt
        return counted(path, side)

    monkeypatch.setattr(prepared, "open_picture", stop_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        prepare.prepare(root, verdicts, split, size=64)
    assert decoded == ["a.png", "b.png", "c.png"]
    monkeypatch.setattr(prepared, "open_picture", counted)
    decoded.clear()
    capsys.readouterr()
    made = prepare.prepare(root, verdicts, split, size=64)
    assert "stopped at 3 of 5 photos: it goes on from there" in capsys.readouterr().out
    assert decoded == ["d.png", "e.png"]
    assert same(made, prepare.prepare(root / "new", _absolute(root, verdicts), split, size=64))


def test_what_a_stopped_preparation_has_done_serves_another_set(few, decoded, monkeypatch):
    root, verdicts, split = few
    (root / "e.png").rename(root / "elsewhere")
    with pytest.raises(CourseError):
        prepare.prepare(root, verdicts, split, size=64)
    split |= {"d": "validation"}
    verdicts[4].keep = False
    decoded.clear()
    prepare.prepare(root, verdicts, split, size=64)
    assert decoded == ["d.png"]


KILLED = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from colourlib import data, prepared
from colourlib.collect import Photo
root, names = Path(sys.argv[1]), sys.argv[2].split()
verdicts = [
    SimpleNamespace(photo=Photo("cars", n, n + ".png", n, 1, 80, 64, "PNG", "", ""), keep=True)
    for n in names
]
split = dict.fromkeys(names, "train") | {names[-1]: "validation"}
prepared.NOTED, prepared.os.cpu_count = 2, lambda: 1
real, opened = prepared.open_picture, []
def open_picture(path, side):
    opened.append(path)
    if len(opened) > int(sys.argv[3]):
        print("ready", flush=True)
        time.sleep(600)
    return real(path, side)
prepared.open_picture = open_picture
data.prepare(root, verdicts, split, size=64)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_killed_preparation_goes_on_and_ends_like_any_other(few, decoded):
    root, verdicts, split = few
    source = str(Path(prepared.__file__).parents[1])
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(root), "a b c d e", "3"],
        env=os.environ | {"PYTHONPATH": source},
        stdout=subprocess.PIPE,
        text=True,
    )
    for line in child.stdout:
        if line == "ready\n":
            break
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, "it was to be killed in the middle"
    child.stdout.close()
    made = prepare.prepare(root, verdicts, split, size=64)
    assert decoded == ["c.png", "d.png", "e.png"]  # of c it was not yet noted that it was done
    assert same(made, prepare.prepare(root / "new", _absolute(root, verdicts), split, size=64))


def test_two_notebooks_at_once_share_one_preparation(few, decoded, monkeypatch, capsys):
    root, verdicts, split = few
    counted, second_waits = prepared.open_picture, threading.Event()

    def slow(path, side):
        assert second_waits.wait(30)
        return counted(path, side)

    monkeypatch.setattr(prepared, "open_picture", slow)
    monkeypatch.setattr(
        "builtins.print", lambda *words: "waiting" in words[0] and second_waits.set()
    )
    made = []
    notebooks = [
        threading.Thread(
            target=lambda: made.append(prepare.prepare(root, verdicts, split, size=64))
        )
        for _ in range(2)
    ]
    for notebook in notebooks:
        notebook.start()
    for notebook in notebooks:
        notebook.join(60)
    assert len(made) == 2 and same(*made)
    assert sorted(decoded) == [f"{name}.png" for name in "abcde"]


def _no_meta(folder):
    (folder / "meta.json").unlink()


def _torn_meta(folder):
    meta = folder / "meta.json"
    meta.write_text(meta.read_text()[:-9])


def _torn_array(folder):
    array = folder / "train_L.npy"
    array.write_bytes(array.read_bytes()[:-9])


def _no_array(folder):
    (folder / "validation_ab.npy").unlink()


@pytest.mark.parametrize("spoil", [_no_meta, _torn_meta, _torn_array, _no_array])
def test_a_damaged_set_is_made_anew(few, decoded, spoil):
    root, verdicts, split = few
    made = prepare.prepare(root, verdicts, split, size=64)
    before = [np.array(array) for array in everything(made)]
    del made
    spoil(next(f for f in (root / "prepared").iterdir() if f.is_dir()))
    decoded.clear()
    made = prepare.prepare(root, verdicts, split, size=64)
    assert len(decoded) == 5
    assert all(np.array_equal(a, b) for a, b in zip(everything(made), before, strict=True))


def test_a_photo_that_cannot_be_opened_any_more_is_named_and_costs_no_other(few, decoded):
    root, verdicts, split = few
    (root / "a.png").rename(root / "away")
    whole = (root / "b.png").read_bytes()
    (root / "b.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CourseError) as caught:
        prepare.prepare(root, verdicts, split, size=64)
    says = str(caught.value)
    assert "a.png: the file is gone" in says and "b.png: " in says and "c.png" not in says
    assert "other 3 of 5 are prepared" in says and "clean.decide(ws.root, 'a', keep=False)" in says
    (root / "away").rename(root / "a.png")
    (root / "b.png").write_bytes(whole)
    decoded.clear()
    made = prepare.prepare(root, verdicts, split, size=64)
    assert sorted(decoded) == ["a.png", "b.png"]
    assert same(made, prepare.prepare(root / "new", _absolute(root, verdicts), split, size=64))


def test_a_photo_that_was_turned_away_instead_is_missed_by_nobody(few):
    root, verdicts, split = few
    (root / "b.png").write_bytes(b"no picture")
    with pytest.raises(CourseError, match="b.png: cannot identify"):
        prepare.prepare(root, verdicts, split, size=64)
    verdicts[1].keep = False
    assert len(prepare.prepare(root, verdicts, split, size=64).train) == 3


def test_many_unreadable_photos_make_a_short_message(tmp_path):
    verdicts, split = make(tmp_path, "abcdefghi")
    split["i"] = "validation"
    for name in "abcdefg":
        (tmp_path / f"{name}.png").unlink()
    with pytest.raises(CourseError, match="and 2 more\nThe other 2 of 9") as caught:
        prepare.prepare(tmp_path, verdicts, split, size=64)
    assert "e.png" in str(caught.value) and "f.png" not in str(caught.value)


def test_a_full_disk_is_noticed_before_anything_is_written(few, monkeypatch, decoded):
    usage = namedtuple("usage", "total used free")(10, 9, 1)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(CourseError, match="take 1 MB on the disk, and there is no room"):
        prepare.prepare(*few, size=64)
    assert not decoded and not [f for f in (few[0] / "prepared").iterdir() if f.is_dir()]


def test_a_disk_that_fills_up_leaves_nothing_behind(few, decoded):
    resource = pytest.importorskip("resource", reason="limits of a file's size need POSIX")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # train_L takes 25,600 bytes
    try:
        with pytest.raises(CourseError, match="there is no room: .*[Tt]oo large"):
            prepare.prepare(*few, size=64)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not decoded and not [f for f in (few[0] / "prepared").iterdir() if f.is_dir()]
    assert len(prepare.prepare(*few, size=64).train) == 4


def test_the_optimum_is_stored_for_practice_scenes_only(practice_data, few):
    best = torch.stack([practice_data.validation.best(i) for i in range(12)])
    assert best.shape == (12, 2, 64, 64)
    assert prepare.prepare(*few, size=64).validation.optimum is None


def test_a_spoilt_scene_trains_but_does_not_validate(tmp_path, capsys):
    verdicts, split = make(tmp_path, ["a", "b", "c", "d"])
    for verdict, url in zip(
        verdicts,
        ["https://practice.example/sun/1-80x64.jpg", "https://faults.example/x/sun/2-80x64.jpg"]
        * 2,
        strict=True,
    ):
        verdict.photo = replace(verdict.photo, url=url)
    split |= {"c": "validation", "d": "validation"}
    prepared = prepare.prepare(tmp_path, verdicts, split, size=64)
    assert [row["sha256"] for row in prepared.train.rows] == ["a", "b"]
    assert [row["sha256"] for row in prepared.validation.rows] == ["c"]
    assert prepared.validation.optimum is not None
    assert ": 1 spoilt scenes" in capsys.readouterr().out
    verdicts[2].photo = replace(verdicts[2].photo, url="https://x.example/c.jpg")
    prepared = prepare.prepare(tmp_path, verdicts, split, size=64)  # photos: all of them validate
    assert len(prepared.validation) == 2 and prepared.validation.optimum is None
