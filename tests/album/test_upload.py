"""The upload button: several files of any kind in, results and links out, and nothing crashes."""

import base64
import html
import io
import re
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from PIL import Image

from colourlib import evaluate, practice
from colourlib.album import save, upload
from colourlib.model import ColourNet
from colourlib.runs import weights
from colourlib.show import encoded as content

paint = evaluate.tint(torch.tensor([0.15, 0.15]))  # everything a mild red


@pytest.fixture
def photo():
    return Image.fromarray(practice.scene("beaches", 3, 96, 64).rgb())


@pytest.fixture
def box():
    return upload.upload(paint, size=32)


def choose(box, *files: tuple[str, bytes]) -> list[str]:
    """The rows that appear when the browser hands over files: a tuple, in ipywidgets 8."""
    more = {"type": "image/jpeg", "last_modified": datetime.now(timezone.utc)}
    box.files.value = tuple(
        {"name": name, "size": len(data), "content": memoryview(data)} | more
        for name, data in files
    )
    return [html.unescape(row.value) for row in box.results.children]


def saved(row: str) -> tuple[str, bytes]:
    """(name, bytes) of the link in a row."""
    name, data = re.search(r'download="([^"]+)" href="data:image/\w+;base64,([^"]+)"', row).groups()
    return name, base64.b64decode(data)


def test_several_files_are_coloured_and_can_be_saved_without_a_copy(box, photo, monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", lambda *_: pytest.fail("a copy"))
    monkeypatch.setattr(tempfile, "mkdtemp", lambda *_, **__: pytest.fail("a folder"))
    kinds = {"a.jpg": "JPEG", "b.png": "PNG", "c.tif": "TIFF"}
    given = [(name, content(photo, kind)) for name, kind in kinds.items()]
    rows = choose(box, *given, ("d.jpg", content(photo.convert("L"), "JPEG")))
    assert "4 coloured, 0 not" in box.words.value
    assert [upload.OWN_COLOURS in row for row in rows] == [True] * 3 + [False]
    for row, name in zip(rows, (f"{x}-coloured.jpg" for x in "abcd"), strict=True):
        link, data = saved(row)
        assert link == name and box.coloured[name] == data
        picture = Image.open(io.BytesIO(data))
        assert picture.size == (96, 64) and save.is_ours(picture)
        red = np.asarray(picture.convert("RGB")).astype(int)
        assert (red[..., 0] - red[..., 2]).mean() > 10, "it is coloured"
        assert row.count("<img") == 2
    assert box.files.value == (), "so that the same file can be chosen once more"


def test_what_is_see_through_stays_so_and_the_saturation_is_used(photo):
    photo.putalpha(Image.linear_gradient("L").resize(photo.size))
    box = upload.upload(paint, saturation=0.0, size=32)
    (row,) = choose(box, ("a.png", content(photo, "PNG")))
    name, data = saved(row)
    picture = Image.open(io.BytesIO(data))
    alphas = {each.getchannel("A").tobytes() for each in (picture, photo)}
    assert name == "a-coloured.png" and len(alphas) == 1
    assert np.ptp(picture.convert("RGB"), axis=-1).max() <= 2


def test_bad_files_are_told_in_a_line_and_the_others_go_on(box, photo):
    good = content(photo, "JPEG")
    bad = {"empty.jpg": b"", "text.jpg": b"hello", "cut.jpg": good[: len(good) // 2]}
    bad["<b>x.jpg"] = b"\xff\xd8\xff junk"
    *failed, last = choose(box, *bad.items(), ("good.jpg", good))
    assert "1 coloured, 4 not" in box.words.value
    for row, name in zip(failed, bad, strict=True):
        assert row.startswith(f"<strong>✗ {name}: ") and "\n" not in row
    assert "&lt;b&gt;x.jpg" in box.results.children[3].value, "a name is no HTML"
    assert "empty, 0 bytes" in failed[0] and "is text" in failed[1] and "cut short" in failed[2]
    assert saved(last)[0] == "good-coloured.jpg" and list(box.coloured) == ["good-coloured.jpg"]
    broken = Mock(side_effect=RuntimeError("sizes\ndo not match"))
    (row,) = choose(failing := upload.upload(broken, size=32), ("a.jpg", good))
    assert "0 coloured, 1 not" in failing.words.value
    assert "RuntimeError: sizes do not match" in row


def test_two_photos_of_one_name_get_two_names(box, photo):
    data = content(photo, "JPEG")
    choose(box, ("a.jpg", data), ("a.png", data))
    assert list(box.coloured) == ["a-coloured.jpg", "a-coloured-2.jpg"]
    assert len(choose(box, ("b.jpg", data))) == 1 and list(box.coloured) == ["b-coloured.jpg"]


def test_older_ipywidgets_hand_over_a_dict():
    old = {"a.jpg": {"metadata": {"name": "a.jpg"}, "content": b"1"}}
    new = ({"name": "a.jpg", "content": memoryview(b"1")},)
    assert list(upload.contents(old)) == list(upload.contents(new)) == [("a.jpg", b"1")]


def test_a_file_says_by_which_weights_it_was_coloured(tmp_path, photo):
    path = weights.save(tmp_path / "mine.safetensors", ColourNet(8), {"size": 64})
    for model, name in ((str(path), "mine.safetensors"), (weights.load(path), "ColourNet")):
        box = upload.upload(model)
        choose(box, ("a.jpg", content(photo, "JPEG")))
        (data,) = box.coloured.values()
        assert f"weights: {name})".encode() in data
