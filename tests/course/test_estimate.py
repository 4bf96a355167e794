"""What is to come is told before it begins, and agrees with what then happens."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from PIL import Image

from colourlib import model, open_workspace
from colourlib.collect import manifest
from colourlib.collect.manifest import Photo
from colourlib.course import estimate, workspace
from colourlib.device import Device
from colourlib.prepare import make


@pytest.fixture
def photo(tmp_path):
    """A row, whose file is a single byte."""
    (tmp_path / "x.jpg").write_bytes(b"x")
    file = str(tmp_path / "x.jpg")
    return lambda query, i, problem="": Photo(
        query, f"http://x/{i}", file, str(i), 1, 1, 1, "JPEG", "", problem
    )


def said(capsys, *arguments) -> dict[str, str]:
    """The lines of open_workspace by their first word."""
    capsys.readouterr()
    open_workspace(*arguments)
    lines = capsys.readouterr().out.splitlines()
    return {line.split()[0]: line for line in lines}


def test_the_full_setting_tells_all_before_it_begins(fresh_home, capsys, monkeypatch):
    lines = said(capsys)
    assert (
        "nothing yet: made as it is needed" in lines["so"]
        and not {"collect", "prepare", "train"} & lines.keys()
    )
    lines = said(capsys, "bing", "full")
    assert "20,000 steps, about 150 epochs" in lines["train"]
    assert "about 2.1 hours on two CPU cores" in lines["train"]
    assert "3,800 of 3,800 pictures" in lines["collect"]
    # 3,800 / 0.8 links, 35 of them a page, four at a time
    assert "about 20 minutes for 4,750 links on 136 pages" in lines["collect"]
    assert "assumed" in lines["collect"] and "2.5 hours" in lines["collect"]
    assert "657 MB" in lines["prepare"]
    assert "2.2 GB to come" in lines["disk"] and "ENOUGH" not in lines["disk"]
    assert "stopped at any time" in lines["Each"]
    assert list((fresh_home / "bing-full").iterdir()) == [], "nothing has begun"
    monkeypatch.setattr(estimate.shutil, "disk_usage", lambda path: SimpleNamespace(free=2_000_000))
    monkeypatch.setattr(workspace, "choose_device", lambda: Device("cuda", "a test"))
    lines = said(capsys)
    assert "2 MB free. THAT IS NOT ENOUGH" in lines["disk"]
    assert "tell how long this GPU takes" in lines["train"] and "hours" not in lines["train"]


def test_what_is_there_is_not_counted_again(photo, fresh_home, capsys):
    root = fresh_home / "bing-full"
    root.mkdir(parents=True)
    manifest.rewrite(root, [photo(f"q{i % 38}", i, "" if i else "g") for i in range(1900)])
    lines = said(capsys, "bing", "full")
    assert "so far   1,899 pictures: taken from here" in lines["so"]
    assert "1,901 of 3,800 pictures: about 10 minutes" in lines["collect"]
    path = root / "prepared" / "abc" / "meta.json"
    path.parent.mkdir(parents=True)
    for size, mean_ab in ((128, [0, 0]), (256, None)):  # of another size; not finished
        path.write_text(json.dumps({"size": size, "mean_ab": mean_ab}))
        assert "about" in said(capsys)["prepare"]
    path.write_text(json.dumps({"size": 256, "mean_ab": [0, 0]}))
    (root / "runs" / "001-colournet").mkdir(parents=True)
    lines = said(capsys)
    assert "is done" in lines["prepare"]
    assert "photos prepared, ColourNet trained (1 run)" in lines["so"]


@pytest.mark.parametrize("practice", [True, False])
def test_the_space_of_prepared_photos_is_what_they_take(photo, tmp_path, practice):
    url = "https://practice.example/moon/10000-216x160.jpg" if practice else "http://x/y.jpg"
    photos = [replace(photo("moon", i), url=url) for i in range(20)]
    sides = {"train": photos[:14], "validation": photos[14:17], "test": photos[17:]}
    made = make.begin(tmp_path / "set", sides, 64)
    taken = sum(array.nbytes for side in made.arrays.values() for array in side.values())
    assert estimate.prepared_bytes(20, 64, practice) == taken


def test_the_space_of_a_run_is_about_what_it_takes():
    net = model.ColourNet()
    weights = sum(p.nbytes for p in [*net.parameters(), *net.buffers()])
    # The weights as they are, averaged, and as judged best, in two files, and Adam's two averages
    assert 0.8 < estimate.RUN_BYTES / (5 * weights) < 1.4


def test_practice_a_folder_and_a_data_set(photo, fresh_home, tmp_path, capsys):
    assert "40 a second" in said(capsys, "practice", "full")["collect"]
    lines = said(capsys, "torchvision:Imagenette", "full")
    assert "99 MB" in lines["collect"] and "248 MB" in lines["collect"]
    assert "68 MB" in lines["prepare"], "100 of each of ten kinds, 160 pixels"
    root = fresh_home / "torchvision-Imagenette-full"
    manifest.append(root, photo("dog", 1))
    assert "99 MB" in said(capsys)["collect"], "stopped: one picture is not the set"
    (root / "set.json").write_text('{"per_query": 100}')
    assert "is done: 1 pictures" in said(capsys)["collect"]
    (tmp_path / "mine").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "mine" / "a.JPG")
    (tmp_path / "mine" / "notes.txt").touch()
    lines = said(capsys, tmp_path / "mine", "full")
    assert "1 photos of your own" in lines["collect"] and "27 MB to come" in lines["disk"]
