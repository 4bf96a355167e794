"""Which pictures, which scale, which folder: chosen, remembered, and explained when wrong."""

import json

import pytest
from PIL import Image

from colourlib import CourseError, open_workspace
from colourlib.course.workspace import SETTINGS
from colourlib.evaluate import Scores


def test_the_default_is_practice_and_quick(fresh_home, capsys):
    ws = open_workspace()
    assert (ws.source, ws.setting.name) == ("practice", "quick")
    assert ws.root == fresh_home / "practice-quick" and ws.root.is_dir()
    said = capsys.readouterr().out
    assert "practice (the default)" in said and "device" in said
    assert str(fresh_home) not in said, "a path of this machine has no place in a notebook"


def test_a_choice_is_remembered_for_the_next_notebook(fresh_home, tmp_path, capsys):
    photos = tmp_path / "my photos"
    photos.mkdir()
    with pytest.raises(CourseError, match="holds no file at all"):
        open_workspace(source=photos)
    assert open_workspace().source == "practice", "a folder without pictures is not remembered"
    (photos / "a.jpg").touch()
    first = open_workspace(source=photos)
    assert open_workspace().root == first.root != open_workspace(source="practice").root
    assert open_workspace().source == "practice"
    open_workspace(source=photos)
    (photos / "a.jpg").unlink()
    photos.rmdir()
    capsys.readouterr()
    assert open_workspace().source == "practice" and "is gone" in capsys.readouterr().out


def test_command_line_notebook_environment_memory_in_this_order(fresh_home, monkeypatch, capsys):
    monkeypatch.setenv("COLOURLIB_SOURCE", "practice")
    monkeypatch.setenv("COLOURLIB_COMMAND_LINE", "1")
    assert open_workspace(source="bing").source == "practice"
    assert "this notebook names 'bing'" in capsys.readouterr().out
    monkeypatch.delenv("COLOURLIB_COMMAND_LINE")
    monkeypatch.delenv("COLOURLIB_SOURCE")
    assert open_workspace().source == "practice"  # and was not remembered, either
    open_workspace(source="bing", setting="full")
    monkeypatch.setenv("COLOURLIB_SOURCE", "practice")
    ws = open_workspace()
    assert (ws.source, ws.setting.name) == ("practice", "full")
    assert open_workspace(source="bing").source == "bing"


def test_two_folders_of_one_name_do_not_share_a_workspace(fresh_home, tmp_path):
    """Their pictures lie in a folder named data, which counts, too."""
    roots = set()
    for photos in (tmp_path / "a" / "photos", tmp_path / "b" / "photos"):
        (photos / "data").mkdir(parents=True)
        (photos / "data" / "a.jpg").touch()
        ws = open_workspace(source=photos)
        assert ws.source.endswith("photos")
        roots.add(ws.root)
    assert len(roots) == 2


def test_a_mistyped_folder_is_told_up_to_where_it_exists(tmp_path, fresh_home):
    (tmp_path / "holiday" / "beach").mkdir(parents=True)
    for wrong, says in (
        ("holidays/beach", f"{tmp_path} has none called 'holidays'.*Did you mean 'holiday'\\?"),
        ("holiday/mountains", f"{tmp_path / 'holiday'} has none called 'mountains'. Choose"),
    ):
        with pytest.raises(CourseError, match=says):
            open_workspace(source=tmp_path / wrong)
    assert not fresh_home.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"source": "practise"}, "Did you mean 'practice'"),
        ({"source": "nowhere/photos"}, "There is no source 'nowhere/photos'"),
        ({"source": __file__}, "is a file. Give the folder"),
        ({"source": ""}, "There is no source ''"),
        ({"source": "~nobody-of-this-name"}, "There is no source '~nobody-of-this-name'"),
        ({"source": "x" * 300}, "There is no source 'xxx"),
        ({"setting": "ful"}, "Did you mean 'full'"),
        ({"setting": "enormous"}, "choose 'quick' or 'full'"),
    ],
)
def test_a_wrong_choice_is_explained_and_nothing_is_written(fresh_home, arguments, says):
    with pytest.raises(CourseError, match=says):
        open_workspace(**arguments)
    assert not fresh_home.exists()


def test_scores_are_kept_by_chapter(fresh_home):
    ws = open_workspace()
    ws.record_scores("05_train", {"grey copy": Scores(0.0, 20.0, 21.0, 0.0, 5)})
    ws.record_scores("06_evaluate", {"ColourNet": Scores(0.5, 25.0, 26.0, 0.7, 5)})
    kept = json.loads((ws.root / "scores.json").read_text())
    assert kept["05_train: grey copy"]["psnr"] == 20 and len(kept) == 2


def test_the_course_asks_for_a_hundred_pictures_at_full_scale(fresh_home, tmp_path):
    assert SETTINGS["full"].per_query == 100
    (tmp_path / "a.jpg").touch()
    assert open_workspace("bing", "full").size == 256
    assert open_workspace(tmp_path, "quick").size == 128
    assert open_workspace("practice", "quick").size == 64


def test_where_no_picture_is_kept_the_rule_is_named(fresh_home, tmp_path):
    for shade in (40, 90):
        Image.effect_noise((100 + shade, 100), shade).save(tmp_path / f"{shade}.png")
    with pytest.raises(CourseError, match="Not one of 2 pictures.*'grey'.*02_clean"):
        open_workspace(source=tmp_path).cleaned()
