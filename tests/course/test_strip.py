"""One photo, chosen once, and its strip that grows with every chapter."""

import numpy as np
import pytest
from PIL import Image

from colourlib import CourseError
from colourlib.course import strip
from colourlib.course.workspace import SETTINGS, Workspace


@pytest.fixture
def ws(fresh_home):
    return Workspace("practice", SETTINGS["quick"])


@pytest.fixture
def drawn(monkeypatch):
    """The pictures that the strip was drawn of, in order."""
    seen = []
    real = strip.show.grid

    def grid(pictures, titles, **more):
        seen[:] = list(zip(titles, map(strip.show.as_array, pictures), strict=True))
        return real(pictures, titles, **more)

    monkeypatch.setattr(strip.show, "grid", grid)
    return seen


def photo_of(tmp_path, name="mine.png", size=(900, 600), colour="teal"):
    Image.new("RGB", size, colour).save(tmp_path / name)
    return tmp_path / name


def test_a_photo_is_kept_upright_small_and_for_all_chapters(ws, tmp_path):
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (900, 600), "red").save(path, exif=exif)
    first = ws.choose(path)
    assert first.size == (341, 512) and first.mode == "RGB"
    path.unlink()
    assert np.array_equal(Workspace("practice", SETTINGS["quick"]).photo, first)
    assert np.array_equal(ws.choose(), first)
    assert ws.choose(f'"{photo_of(tmp_path)}"').size == (512, 341)  # pasted with its quotes


def test_without_a_choice_it_is_one_of_the_courses(ws):
    assert strip.DEFAULT in ws.public_photos()
    assert max(ws.photo.size) <= 512


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("chelsae", "Did you mean 'chelsea'"),
        ("no/such.jpg", "no photo 'no/such.jpg'. There is no folder 'no'.* starts from .*here"),
        ("mien.png", "Did you mean 'mine.png'"),
        ("mine", "Did you mean 'mine.png'"),
        ("mine.jpg", "Did you mean 'mine.png'"),
        ("../here", "is a folder"),
        ("C:\\me\\garden.jpg", "write / in place of"),
        ("C:\new.jpg", "write / in place of"),
        ("x" * 5000, "There is no photo 'xxx"),
        ("", "There is no photo ''"),
        (7, "between quotes, not of type int"),
    ],
)
def test_a_name_mistyped_is_told_and_the_last_choice_stays(ws, tmp_path, monkeypatch, name, words):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    mine = ws.choose(photo_of(tmp_path / "here"))
    for find in (ws.choose, ws.picture_of):
        with pytest.raises(CourseError, match=words):
            find(name)
    assert np.array_equal(ws.photo, mine)


def test_a_picture_by_name_or_path_leaves_the_choice_alone(ws, tmp_path):
    mine = ws.choose(photo_of(tmp_path))
    assert np.array_equal(ws.picture_of(photo_of(tmp_path)), mine)
    assert max(ws.picture_of("coffee").size) == 512
    assert np.array_equal(ws.photo, mine)


def test_a_file_that_is_no_photo_is_told(ws, tmp_path):
    (tmp_path / "a.jpg").write_text("hello")
    with pytest.raises(CourseError, match="a.jpg"):
        ws.choose(tmp_path / "a.jpg")


def test_a_folder_is_told_and_what_is_damaged_is_a_square_that_says_so(ws, tmp_path):
    with pytest.raises(CourseError, match="is a folder: give one photo in it"):
        ws.choose(f"'{tmp_path}'")
    assert ws.choose(photo_of(tmp_path, "a b.png").as_uri()).size == (512, 341)
    (kept,) = strip.folder().glob("*/photo.png")
    kept.write_bytes(kept.read_bytes()[:300])
    assert ws.photo.size == (512, 512) and ws.strip()
    (kept.parent / "05.png").write_bytes(b"no picture")
    ws.choose(tmp_path / "a b.png")
    assert "Not shown: 05.png" in ws.strip().alt


def test_tiles_stay_and_those_to_come_are_faint(ws, tmp_path, drawn):
    ws.choose(photo_of(tmp_path, colour="red"))
    picture = ws.strip("02", np.full((40, 60, 3), (10, 200, 10), np.uint8))
    assert "one mean tint" in picture.alt and len(drawn) == len(strip.TILES) + 2
    tiles = dict(drawn)
    assert np.array_equal(tiles["the truth"], ws.photo) and drawn[-1][0] == "the truth"
    assert np.array_equal(tiles["02 · one mean tint"][9, 9], (10, 200, 10))
    grey, faint = tiles["in grey"][0, 0], tiles["05 · your network"][0, 0]
    assert len(set(grey.tolist())) == 1 and (faint > 180).all() and (grey < 180).all()
    ws.choose(photo_of(tmp_path, "other.png", colour="blue"))
    assert "nothing yet" in ws.strip().alt  # another photo has a strip of its own
    ws.choose(photo_of(tmp_path, colour="red"))
    assert "one mean tint" in ws.strip().alt  # and the first one's is still there


def test_a_grey_photo_has_no_true_colours_to_show(ws, tmp_path, drawn):
    ws.choose(photo_of(tmp_path, colour="grey"))
    ws.strip()
    assert [title for title, _ in drawn][-1] == "10 · by the page's network"


@pytest.mark.parametrize("size", [(60, 40), (900, 600), (33, 22)])
def test_a_tile_may_be_of_any_size_but_not_of_another_shape(ws, tmp_path, size):
    ws.choose(photo_of(tmp_path))
    ws.strip("05", Image.new("RGB", size))
    with pytest.raises(CourseError, match="yours is 512 × 341"):
        ws.strip("05", Image.new("RGB", size[::-1]))


@pytest.mark.parametrize(("given", "words"), [(("5", None), "Give both"), (("O5", 1), "tile 'O5'")])
def test_a_tile_that_is_not_there_is_told(ws, given, words):
    chapter, picture = given
    picture = np.zeros((4, 4, 3), np.uint8) if picture else None
    with pytest.raises(CourseError, match=words):
        ws.strip(chapter, picture)
