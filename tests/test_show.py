"""Figures carry their words with them, and stay small."""

import base64
import io
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from colourlib import show
from colourlib.common.pictures import encoded
from colourlib.judging.gallery import SIDE, truths


def bundle(picture):
    data, metadata = picture._repr_mimebundle_()
    (kind,) = (k for k in data if k.startswith("image/"))
    return kind, data, metadata


WORDS = {"title": "t", "alt": "three"}
PICTURES = [
    show.grid([np.zeros((8, 8), np.uint8)] * 3, ["a", "b", "c"], 2, **WORDS),
    show.histogram([1, 2, 2, 3], 2.5, xlabel="x", **WORDS),
    show.lines({"a": ([1, 2], [3, 4])}, xlabel="x", ylabel="y", **WORDS),
]


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_says_in_words_what_it_shows(picture):
    kind, data, metadata = bundle(picture)
    assert data["text/plain"] == "three" and metadata[kind]["alt"] == "three"
    assert Image.open(io.BytesIO(data[kind])).size == picture.image.size


def test_photos_are_stored_as_jpeg_drawings_as_png_and_an_address_holds_either(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    assert bundle(show.Picture(Image.fromarray(noise), ""))[0] == "image/jpeg"
    even = show.Picture(Image.new("RGB", (300, 300)), "")
    assert bundle(even)[0] == "image/png"
    assert Image.open(even.save(tmp_path / "x.png")).size == (300, 300)
    image = Image.new("RGB", (30, 20), "red")
    png = show.data_address(image)
    assert show.data_address(show.Picture(image, "")) == png
    assert show.data_address(encoded(image, "PNG", optimize=True)) == png
    opened = Image.open(io.BytesIO(base64.b64decode(png.removeprefix("data:image/png;base64,"))))
    assert (np.asarray(opened) == np.asarray(image)).all()
    assert show.data_address(image, "JPEG", quality=80).startswith("data:image/jpeg;base64,")


def test_a_grid_takes_files_pictures_and_arrays(tmp_path):
    picture = Image.new("RGB", (40, 20), "red")
    picture.save(tmp_path / "a.jpg")
    assert show.as_array(tmp_path / "a.jpg").shape == show.as_array(picture).shape == (20, 40, 3)
    assert show.as_array(np.zeros((5, 6), np.uint8)).shape == (5, 6, 3)
    show.grid([tmp_path / "a.jpg", picture], columns=2, title="t", alt="two red pictures")


def test_what_cannot_be_read_has_a_square_that_says_why_and_the_others_are_shown(tmp_path):
    whole = encoded(Image.linear_gradient("L"), "JPEG")
    (tmp_path / "cut $1$ 色.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("hello"), (tmp_path / "whole.jpg").write_bytes(whole)
    names = ["cut $1$ 色.jpg", "gone.jpg", "text.jpg", "", "whole.jpg"]
    lazy = Image.open(io.BytesIO(whole[: len(whole) // 2]))
    alt = show.grid([*(tmp_path / name for name in names), lazy], title="t", alt="Six").alt
    assert alt.startswith("Six Not shown: cut $1$ 色.jpg: cut short") and "whole" not in alt
    assert (
        "gone.jpg: gone since" in alt
        and "text.jpg: text, not" in alt
        and alt.count("Not shown") == 5
    )
    square, why = show.photo_or_reason(tmp_path / "gone.jpg", 160)
    assert square.size == (160, 160) and (np.asarray(square) < 90).any() and "gone" in why
    photos = SimpleNamespace(rows=[{"file": "gone.jpg"}, {"file": "whole.jpg"}])
    assert [picture.size for picture in truths(tmp_path, photos, [0, 1])] == [(SIDE, SIDE)] * 2


def test_a_table_reads_as_text_and_as_html():
    table = show.table([["<a>", 1], ["b", 22]], ["name", "n"], "Two rows")
    assert repr(table).splitlines() == ["Two rows", "name   n", "<a>    1", "b     22"]
    html, left = table._repr_html_(), ' style="text-align:left"'
    assert f'<th scope="row"{left}>&lt;a&gt;</th><td>1</td>' in html and "<caption>Two rows" in html
    words = show.table([["a", "x", "1.5 %"], ["b", "long", "-3"]], ["name", "kind", "n"], "")
    rows = "name  kind      n", "a     x     1.5 %", "b     long     -3"
    assert tuple(repr(words).splitlines()[1:]) == rows
    assert f"<td{left}>x</td><td>1.5 %</td>" in words._repr_html_()
    assert "name" in repr(show.table([], ["name"], "no rows"))
    with pytest.raises(ValueError, match="3 cells for 2 headers"):
        show.table([[1, 2, 3]], ["a", "b"], "")
    # What is not a number is a dash, and leaves its column one of numbers.
    table = show.table([["nan", "nan%", "-3"], ["b", "7 %", "nan"]], ["", "share", "n"], "")
    assert repr(table).splitlines()[2:] == ["nan      –  -3", "b      7 %   –"]


def test_dollars_in_names_are_dollars():
    def drawn(title, name):
        curves = {name: ([1, 2], [3, 4])}
        return np.asarray(show.lines(curves, title=title, xlabel="", ylabel="", alt="").image)

    assert (drawn("to $x$", "a $b$") != drawn("to x", "a b")).any()
    drawn("costs $5 or $6_", "$\\bad$")  # as formulas both would be errors


def test_powers_on_an_axis_of_logarithms_are_still_powers():
    for scale in ("log", "linear"):
        ax = (fig := Figure()).subplots()
        ax.plot([1, 2], [1e-3, 1e3])
        ax.set_yscale(scale)
        show.figure(fig, "")
        math = {t.get_parse_math() for t in ax.get_yticklabels() if t.get_text()}
        assert math == {scale == "log"}


def test_a_history_is_drawn_even_if_no_epoch_was_finished():
    assert "nan" in show.history([{"epoch": 1, "loss": None, "validation_loss": 0.02}]).alt


def test_a_history_is_of_what_the_network_saw(monkeypatch):
    drawn = []
    monkeypatch.setattr(show, "lines", lambda curves, **how: drawn.append([*curves]))
    rows = [{"epoch": 1, "loss": 0.03, "validation_loss": 0.02}]
    show.history(rows, of="scenes")
    show.history(rows)
    assert drawn == [["training scenes", "validation scenes"],
                     ["training photos", "validation photos"]]  # fmt: skip
