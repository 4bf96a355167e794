"""The studio without a browser: what it shows, keeps, reads back and saves, and what it refuses."""

import base64
import io
import json
import struct

import numpy as np
import pytest
import torch
from PIL import Image

from colourlib import CourseError
from colourlib.colourise import colourise
from colourlib.hints import HintNet
from colourlib.studio import Studio, studio

HUGE = b"BM" + struct.pack("<IIIIiiHH24x", 54, 0, 54, 40, 30_000, 30_000, 1, 24)  # 900 megapixels
ONE, TWO = [15, 30, 40.0, -20.0], [800, 500, -30, 10.5, 90]


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    net = HintNet(8).eval()
    for layer in (net.head, *net.hint):
        torch.nn.init.normal_(layer.weight, std=0.3)
    return net


def paint(path, size=(900, 600), mode="RGB", **how):
    values = np.linspace(40, 220, size[0] * size[1]).reshape(size[::-1]).astype(np.uint8)
    Image.fromarray(values).convert(mode).save(path, **how)
    return path


@pytest.fixture
def photo(tmp_path):
    return paint(tmp_path / "old.jpg")


def pixels(address):
    return Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])))


def test_it_shows_the_photo_in_grey_and_colours_it_by_hints(photo, net):
    one = Studio(photo, model=net)
    assert repr(one) == "Studio: old.jpg with 0 hints, kept in old.json."
    told = one.answer({"do": "show", "asked": 7})
    assert (told["asked"], told["size"], told["hints"], told["palette"]) == (7, (900, 600), [], 0)
    assert pixels(told["photo"]).size == (768, 512)
    assert np.ptp(np.asarray(pixels(told["photo"])), axis=2).max() <= 2
    plain, given = (
        pixels(one.answer({"do": "answer", "hints": hints})["picture"]) for hints in ([], [ONE])
    )
    gap = np.abs(np.asarray(plain).astype(int) - np.asarray(given)).max(2)
    assert given.size == (768, 512) and gap[26, 13] > 3


def test_hints_are_kept_and_read_back_and_the_picture_is_that_of_colourise(photo, net):
    one = Studio(photo, model=net)
    assert one.answer({"do": "keep", "hints": [ONE, TWO], "asked": 1}) == {"asked": 1}
    held = json.loads(photo.with_suffix(".json").read_text())
    assert held["hints"] == [ONE, TWO] and held["photo"]["size"] == [900, 600]
    again = Studio(photo, model=net)
    assert again.hints == [tuple(ONE), tuple(TWO)] and "with 2 hints" in repr(again)
    said = again.answer({"do": "save", "hints": [ONE, TWO]})["said"]
    assert said == "Saved as old-coloured.png, 900 × 600 pixels."
    with Image.open(photo.with_name("old-coloured.png")) as saved:
        assert saved.tobytes() == colourise(photo, net, hints=[ONE, TWO]).tobytes()
        assert "HintNet, with 2 hints" in saved.info["Description"]


def test_in_a_notebook_a_message_is_answered(photo, net, monkeypatch):
    page, sent = studio(str(photo), model=net), []
    monkeypatch.setattr(page, "send", sent.append)
    page._handle_custom_msg({"do": "keep", "hints": [[900, 0, 1, 2]], "asked": 3}, [])
    assert sent[0]["asked"] == 3 and sent[0]["error"].startswith("Hint 1 lies at x = 900")
    assert repr(page) == repr(page.desk) and "export function studio" in page._esm
    assert not photo.with_suffix(".json").exists()


@pytest.mark.parametrize(
    ("size", "mode"), [((1, 1), "L"), ((1, 900), "RGB"), ((70, 50), "CMYK")], ids=str
)
def test_photos_of_odd_kinds_are_coloured(size, mode, tmp_path, net):
    one = Studio(photo := paint(tmp_path / "odd.jpg", size, mode), model=net)
    hint = [0, size[1] - 1, 30, 30]
    assert "picture" in one.answer({"do": "answer", "hints": [hint]})
    assert "said" in one.answer({"do": "save", "hints": [hint]})
    with Image.open(one.png) as saved:
        assert saved.tobytes() == colourise(photo, net, hints=[hint]).tobytes()


@pytest.mark.parametrize(
    ("content", "words"), [(b"Dear all,", "is text, not a picture"), (HUGE, "178 million pixels")]
)
def test_what_is_no_photo_is_told_and_stays(content, words, tmp_path, net):
    (path := tmp_path / "old.jpg").write_bytes(content)
    with pytest.raises(CourseError, match=words) as told:
        studio(path, tmp_path / "new", net)
    assert "\n" not in str(told.value) and path.read_bytes() == content
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize(
    ("part", "other", "words"),
    [
        ('"sha256": "', '"sha256": "0', "of another photo"),
        ("{", "", "is damaged"),
        ('"version": 1', '"version": 9', "is of version 9"),
    ],
)
def test_a_foreign_file_of_hints_stays(part, other, words, photo, net):
    one = Studio(photo, model=net)
    one.answer({"do": "keep", "hints": [ONE]})
    one.path.write_text(foreign := one.path.read_text().replace(part, other))
    with pytest.raises(CourseError, match=f"{words}.* It stays as it is: move it"):
        Studio(photo, model=net)
    assert "It stays as it is" in one.answer({"do": "keep", "hints": [TWO]})["error"], "open before"
    assert one.path.read_text() == foreign and one.hints == [tuple(ONE)]


def test_folders_and_pictures_that_cannot_be_written_are_told(photo, net, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CourseError, match="Nothing can be written .* name another folder"):
        Studio(photo, tmp_path / "file", net)
    one = Studio(photo, tmp_path / "new", net)
    one.png.write_text("my own")
    assert "so it stays: move it" in one.answer({"do": "save", "hints": []})["error"]
    assert one.png.read_text() == "my own"
    one.png.unlink()
    one.path.parent.rmdir()
    for what in ("keep", "save"):
        said = one.answer({"do": what, "hints": [ONE]})["error"]
        assert "cannot be written: No such file" in said


def test_a_photo_that_has_changed_is_not_coloured_by_the_old_ones_guess(photo, net):
    one = Studio(photo, model=net)
    paint(photo, (90, 60))
    assert "another photo by now" in one.answer({"do": "save", "hints": [ONE]})["error"]
    assert not one.png.exists()
