"""Prepared arrays: decoded once, taken up where they were left, made again after a change."""

import gc
import signal
import subprocess
import sys
import threading
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from colourlib import CourseError, colour, prepare
from colourlib.collect import Photo
from colourlib.common.pictures import square
from colourlib.prepare import make as making


def draw(root, names, size=(80, 64)):
    """Verdicts and split for pictures drawn into root, one colour each."""
    verdicts = []
    for i, name in enumerate(names):
        shade = np.random.default_rng(i).integers(0, 256, (size[1] // 8, size[0] // 8, 3), np.uint8)
        picture = Image.fromarray(shade).resize(size, Image.Resampling.BICUBIC)
        picture.save(root / f"{name}.png")
        row = ("cars", f"https://x.example/{name}", f"{name}.png", name, 1, *size, "PNG", "", "")
        verdicts.append(SimpleNamespace(photo=Photo(*row), keep=True))
    return verdicts, dict.fromkeys(names, "train")


class Few:
    """Six pictures of a workspace, of which e validates and z tests, and what is made of them."""

    def __init__(self, root: Path):
        self.root = root
        self.verdicts, self.split = draw(root, "abcdez")
        self.split |= {"e": "validation", "z": "test"}

    def prepare(self, size=64):
        return prepare.prepare(self.root, self.verdicts, self.split, size=size)

    def fresh(self, size=64):
        """The same in another workspace, with the pictures read in place."""
        verdicts = deepcopy(self.verdicts)
        for verdict in verdicts:
            verdict.photo = replace(verdict.photo, file=str(self.root / verdict.photo.file))
        return prepare.prepare(self.root / "fresh", verdicts, self.split, size=size)

    def folders(self):
        return [folder for folder in (self.root / "prepared").iterdir() if folder.is_dir()]


@pytest.fixture
def few(tmp_path):
    return Few(tmp_path)


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that were opened, in their order."""
    names, real = [], making.open_picture

    def open_picture(path, side):
        names.append(path.name)
        return real(path, side)

    monkeypatch.setattr(making, "open_picture", open_picture)
    return names


def everything(made):
    return [array for s in (made.train, made.validation, made.test) for array in (s.L, s.ab)]


def same(made, other):
    return all(map(np.array_equal, everything(made), everything(other)))


def test_what_is_stored_is_the_photo(few):
    made = few.prepare()
    assert made.train.L.shape == (4, 80, 80) and made.train.ab.shape == (4, 2, 20, 20)
    for photos, name in ((made.validation, "e"), (made.test, "z")):
        assert photos.L.shape == (1, 80, 80) and photos.ab.shape == (1, 2, 80, 80)
        x, y = replace(photos, size=80).__getitems__([0])  # as stored
        with Image.open(few.root / f"{name}.png") as picture:
            truth = np.asarray(square(picture, 80))
        error = np.abs(colour.to_picture(x, y)[0].astype(int) - truth)
        assert error.mean() < 1.5, "bytes of L and ab cost more than a rounding"
        x, y = photos.__getitems__([0])
        assert x.shape == (1, 1, 64, 64) and y.shape == (1, 2, 64, 64)
    mean = made.train.ab.mean(axis=(0, 2, 3)) - 128
    assert torch.allclose(made.mean_tint, colour.scale_ab(torch.tensor(mean)).float(), atol=1e-6)
    for array in everything(made):  # read from the disk, where nobody can write to them
        assert isinstance(array, np.memmap) and array.mode == "r" and not array.flags.writeable


def test_nothing_is_decoded_twice_and_a_change_is_noticed(few, capsys):
    first = few.prepare()
    (few.root / "a.png").unlink()  # would fail if it were opened again
    again = few.prepare()
    assert "nothing has changed" in capsys.readouterr().out
    assert again.fingerprint == first.fingerprint and same(again, first)
    few.verdicts[0].keep = False
    assert few.prepare().fingerprint != first.fingerprint


def test_an_empty_side_and_a_size_that_does_not_divide_are_explained(few):
    with pytest.raises(CourseError, match="multiple of 16"):
        few.prepare(size=100)
    for side, other in (("train", "validation"), ("validation", "train")):
        few.split = dict.fromkeys("abcdez", side)
        with pytest.raises(CourseError, match=f"is left for {other}: of 6 pictures, 6 passed"):
            few.prepare()
    few.split = Few(few.root).split
    few.verdicts[-1].keep = False  # the only one that tests
    with pytest.raises(CourseError, match="is left for test: of 6 pictures, 5 passed"):
        few.prepare()


def test_a_split_without_a_test_side_goes_on_without_one(few, decoded):
    assert len(few.prepare().test) == 1
    few.split["z"] = "validation"
    made = few.prepare()
    assert made.test is None and len(made.validation) == 2
    decoded.clear()
    assert few.prepare().test is None and not decoded, "empty arrays can be read again"


def test_it_says_what_has_changed(few, capsys):
    few.prepare()
    assert "6 photos to prepare." in capsys.readouterr().out
    few.verdicts[0].keep = False  # a is gone, f and g are new, d validates
    few.verdicts += draw(few.root, ["f", "g"], size=(70, 90))[0]
    few.split |= {"f": "train", "g": "train", "d": "validation"}
    made = few.prepare()
    said = capsys.readouterr().out
    assert "photos: 2 new, 1 gone, 1 on another side of the split. Preparing again" in said
    assert same(made, few.fresh())
    capsys.readouterr()
    few.prepare(size=80)
    assert "they were prepared: size 64 -> 80. Preparing" in capsys.readouterr().out
    assert len(few.folders()) == 1  # the others went
    (few.root / "b.png").rename(few.root / "moved.png")
    few.verdicts[1].photo = replace(few.verdicts[1].photo, file="moved.png", query="sea")
    rows = few.prepare(size=80).train.rows  # a photo that was renamed is looked for where it is
    assert {row["file"]: row["query"] for row in rows}["moved.png"] == "sea"
    assert all((few.root / row["file"]).exists() for row in rows)


def test_only_our_own_folders_are_removed_and_not_while_they_are_held_open(few, monkeypatch):
    """Windows removes no file that is mapped."""
    (few.root / "prepared" / "mine").mkdir(parents=True)
    (few.root / "prepared" / "notes.txt").write_text("not yours")
    few.prepare()
    real, held = making.clear_others, []

    def clear(folder):
        arrays = [a for a in gc.get_objects() if type(a) is np.memmap]
        held.extend(str(a.filename) for a in arrays if folder not in Path(a.filename).parents)
        real(folder)

    monkeypatch.setattr(making, "clear_others", clear)
    gc.collect()
    few.prepare(size=32)
    assert not [name for name in held if name.startswith(str(few.root))]
    assert few.root / "prepared" / "mine" in few.folders() and len(few.folders()) == 2
    assert (few.root / "prepared" / "notes.txt").exists()


def test_after_stop_it_goes_on_where_it_was(few, decoded, monkeypatch, capsys):
    def stop_at_the_fourth(path, side):
        if len(decoded) == 3:
            raise KeyboardInterrupt
        return counted(path, side)

    counted = making.open_picture
    monkeypatch.setattr(making, "NOTED", 2)
    monkeypatch.setattr(making.os, "cpu_count", lambda: 1)
    monkeypatch.setattr(making, "open_picture", stop_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        few.prepare()
    assert decoded == ["a.png", "b.png", "c.png"]
    monkeypatch.setattr(making, "open_picture", counted)
    decoded.clear()
    capsys.readouterr()
    made = few.prepare()
    assert "stopped at 3 of 6 photos: it goes on from there" in capsys.readouterr().out
    assert decoded == ["d.png", "e.png", "z.png"]
    assert same(made, few.fresh())


KILLED = """
import sys, time
from pathlib import Path
from test_prepare import Few, making
making.NOTED, making.os.cpu_count = 2, lambda: 1
real, opened = making.open_picture, []
def open_picture(path, side):
    opened.append(path)
    if len(opened) > 3:
        print("ready", flush=True)
        time.sleep(600)
    return real(path, side)
making.open_picture = open_picture
Few(Path(sys.argv[1])).prepare()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_killed_preparation_goes_on_and_ends_like_any_other(few, decoded):
    command, here = [sys.executable, "-c", KILLED, few.root], Path(__file__).parent
    child = subprocess.Popen(command, cwd=here, stdout=subprocess.PIPE, text=True)
    assert "ready\n" in iter(child.stdout.readline, "")
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, "it was to be killed in the middle"
    child.stdout.close()
    made = few.prepare()
    # Of c it was not yet noted that it was done
    assert decoded == ["c.png", "d.png", "e.png", "z.png"]
    assert same(made, few.fresh())


def test_two_notebooks_at_once_share_one_preparation(few, decoded, monkeypatch):
    counted, second_waits = making.open_picture, threading.Event()

    def slow(path, side):
        assert second_waits.wait(30)
        return counted(path, side)

    monkeypatch.setattr(making, "open_picture", slow)
    monkeypatch.setattr("builtins.print", lambda said: "waiting" in said and second_waits.set())
    with ThreadPoolExecutor(2) as notebooks:
        made = [*notebooks.map(lambda _: few.prepare(), range(2), timeout=60)]
    assert same(*made)
    assert sorted(decoded) == [f"{name}.png" for name in "abcdez"]


@pytest.mark.parametrize(
    ("file", "left"),
    [("meta.json", 0), ("meta.json", -9), ("train_L.npy", -9), ("test_ab.npy", 0)],
)
def test_a_damaged_set_is_made_anew(few, decoded, file, left):
    before = [np.array(array) for array in everything(few.prepare())]
    (spoilt,) = (folder / file for folder in few.folders())
    spoilt.write_bytes(spoilt.read_bytes()[:left]) if left else spoilt.unlink()
    decoded.clear()
    assert all(map(np.array_equal, everything(few.prepare()), before))
    assert len(decoded) == 6


def test_a_photo_that_cannot_be_opened_any_more_is_named_and_costs_no_other(few, decoded):
    (few.root / "a.png").rename(few.root / "away")
    whole = (few.root / "b.png").read_bytes()
    (few.root / "b.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CourseError) as caught:
        few.prepare()
    says = str(caught.value)
    assert "a.png: gone since" in says and "b.png: cut short" in says and "c.png" not in says
    assert "other 4 of 6 are prepared" in says and "clean.decide(ws.root, 'a', keep=False)" in says
    (few.root / "away").rename(few.root / "a.png")
    (few.root / "b.png").write_bytes(whole)
    decoded.clear()
    made = few.prepare()
    assert sorted(decoded) == ["a.png", "b.png"]
    assert same(made, few.fresh())


def test_many_unreadable_photos_make_a_short_message(few):
    few.verdicts, few.split = draw(few.root, "abcdefghi")
    few.split["i"] = "validation"
    for name in "abcdefg":
        (few.root / f"{name}.png").unlink()
    (few.root / "a.png").write_bytes(b"no picture")
    with pytest.raises(CourseError, match="and 2 more\nThe other 2 of 9") as caught:
        few.prepare()
    assert "a.png: text, not a picture" in str(caught.value)
    assert "e.png" in str(caught.value) and "f.png" not in str(caught.value)
    for verdict in few.verdicts[:7]:  # turned away instead, they are missed by nobody
        verdict.keep = False
    assert len(few.prepare().train) == 1


def test_a_full_disk_is_noticed_before_and_leaves_nothing_behind(few, monkeypatch, decoded):
    usage = namedtuple("usage", "total used free")(10, 9, 1)
    with monkeypatch.context() as patch, pytest.raises(CourseError, match="take 1 MB on the disk"):
        patch.setattr(making.shutil, "disk_usage", lambda path: usage)
        few.prepare()
    assert not decoded and not few.folders()
    resource = pytest.importorskip("resource", reason="limits of a file's size need POSIX")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # train_L takes 25,600 bytes
    try:
        with pytest.raises(CourseError, match="there is no room: .*[Tt]oo large"):
            few.prepare()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not decoded and not few.folders()
    assert len(few.prepare().train) == 4


def test_an_optimum_is_kept_for_unspoilt_practice_scenes_only(practice_data, tmp_path, capsys):
    for photos, count in ((practice_data.validation, 12), (practice_data.test, 6)):
        best = torch.stack([photos.best(i) for i in range(count)])
        assert best.shape == (count, 2, 64, 64) and len(photos) == count
    verdicts, split = draw(tmp_path, "abcdef")
    urls = ["https://practice.example/sun/1-80x64.jpg", "https://faults.example/x/sun/2-80x64.jpg"]
    for verdict, url in zip(verdicts, urls * 3, strict=True):
        verdict.photo = replace(verdict.photo, url=url)
    split |= {"c": "validation", "d": "validation", "e": "test", "f": "test"}
    made = prepare.prepare(tmp_path, verdicts, split, size=64)
    assert [row["sha256"] for row in made.train.rows] == ["a", "b"]
    for photos, name in ((made.validation, "c"), (made.test, "e")):
        assert [row["sha256"] for row in photos.rows] == [name]
        assert photos.optimum is not None
    assert ": 2 spoilt scenes" in capsys.readouterr().out
    for i in (2, 4):
        verdicts[i].photo = replace(verdicts[i].photo, url="https://x.example/c.jpg")
    made = prepare.prepare(tmp_path, verdicts, split, size=64)  # photos: all of them judge
    for photos in (made.validation, made.test):
        assert len(photos) == 2 and photos.optimum is None
