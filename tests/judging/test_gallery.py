"""Which photos are shown, what stands above them, why guesses are brown, and the two sliders."""

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from colourlib import CourseError, colour, judging, practice
from colourlib.evaluate import grey as grey_copy
from colourlib.judging import brown, by_thing, gallery, sliders
from colourlib.practice import CLASSES


def network(x):
    """A colouriser: dark is blue, light is yellow."""
    return torch.cat([0.05 + 0 * x, 0.3 * x], dim=1)


@pytest.fixture(scope="module")
def report(practice_data):
    return judging.judge(network, practice_data.validation, "mine")


@pytest.fixture(scope="module")
def optimum(practice_data):
    return judging.everyone({}, practice_data)["optimum"]


def with_columns(report, **columns):
    return replace(report, columns={name: np.array(v, float) for name, v in columns.items()})


def test_which_photos_are_picked(report):
    # explained: 0.9, -4, 0.5, -0.2; harm: -0.9, +0.4, -1, +1
    columns = {"error": [0.1, 0.5, 1, 6], "error_grey": [1, 0.1, 2, 5], "chroma": [9, 1, 5, 7]}
    made_up = with_columns(report, **columns)
    assert gallery.best(made_up, 2) == [0, 2] and gallery.worst(made_up, 2) == [3, 2]
    assert gallery.greyest(made_up, 2) == [1, 2] and gallery.wrongly_vivid(made_up, 2) == [3, 1]
    first = gallery.at_random(report, 5)
    assert first == gallery.at_random(report, 5) != gallery.at_random(report, 5, seed=1)
    assert len(set(first)) == 5 and len(gallery.at_random(report, 500)) == len(report.photos)
    query = report.photos.rows[3]["query"]
    assert 3 in gallery.of_query(report, query)
    with pytest.raises(CourseError, match=f"'cats'. There are: .*{query}"):
        gallery.of_query(report, "cats")


def test_a_gallery_says_its_numbers(report, optimum, tmp_path):
    picture = gallery.show_photos(tmp_path, report, [0, 5], "Two")
    for i in (0, 5):
        _, y, p = report.answer([i])
        distance = colour.unscale_ab(p - y).norm(dim=1).mean().item()
        share = f"{round(report.explained[i], 2) + 0.0:.0%}"
        assert f"{report.photos.rows[i]['query']} ({share}, {distance:.0f})" in picture.alt
    assert "grey, mine, optimum, truth, error" in picture.alt
    beside = gallery.side_by_side(tmp_path, {"mine": report, "optimum": optimum}, [0, 5], "Two")
    assert f"optimum {optimum.value('explained'):.0%}" in beside.alt
    far = with_columns(report, error=[100] * 12, error_grey=[0.1] * 12)
    assert "(< -999%" in gallery.show_photos(tmp_path, far, [0], "One").alt


def test_the_true_chroma_gives_the_true_picture(report, tmp_path):
    _, y, _ = report.answer([2])
    truth = gallery.truths(tmp_path, report, [2])
    (mine,), (grey,) = (gallery.coloured(truth, chroma) for chroma in (y, 0 * y))
    away = [np.abs(np.asarray(truth[0]).astype(int) - z).mean() for z in (mine, grey)]
    assert away[0] < 0.4 * away[1] and np.ptp(grey, axis=-1).max() <= 1


def test_the_price_is_what_judging_the_factors_gives(report, practice_data):
    price = brown.price(report, factors := [0, 0.5, 1.5])
    for i, factor in enumerate(factors):
        by_hand = judging.judge(lambda x, f=factor: f * network(x), practice_data.validation)
        assert price.explained[i] == pytest.approx(by_hand.value("explained"), abs=1e-5)
        assert price.colourfulness[i] == pytest.approx(by_hand.value("colourfulness"), abs=1e-4)
    x, y, _ = report.answer([0])
    near = brown.price(report, [price.best - 0.1, price.best, price.best + 0.1]).explained
    assert near[1] > max(near[0], near[2])
    assert f"highest at {price.best:.2f}" in brown.draw_price(price).alt
    assert f"{brown.price(report, [0], [(x, y, -y)]).explained[0]:.0%}" == "0%"
    pale = judging.judge_answers(lambda i, x, y: y / 2, practice_data.validation, "pale")
    price = brown.price(pale, [1, 2])  # half as vivid as the truth
    assert price.best == pytest.approx(2) and price.explained == pytest.approx([0.75, 1])


def test_chroma_of_grey_and_of_the_truth(practice_data, optimum):
    grey = judging.judge(grey_copy, practice_data.validation)
    reports = {"grey": grey, "optimum": optimum}
    y = colour.unscale_ab(practice_data.validation.__getitems__(list(range(12)))[1])
    over = (y.norm(dim=1) > brown.VIVID).float().mean().item()
    assert f"truth {over:.0%}, grey 0%" in brown.chroma(reports).alt
    found = re.findall(r"(truth|grey|optimum) (\d+)", brown.plane(reports).alt)
    numbers = {name: int(number) for name, number in found}
    rms = y.square().sum(1).mean().sqrt().item()
    assert numbers["truth"] == pytest.approx(rms, abs=1) and numbers["grey"] <= 2


def test_classes_of_pixels_are_those_of_the_scene(practice_data):
    row = practice_data.validation.rows[0]
    scene = practice.scene_of_url(row["url"])
    same = by_thing.class_map(row["url"], scene.classes.shape[0])
    assert (same == scene.classes).all(), "at its own size every pixel is pure"
    smaller = by_thing.class_map(row["url"], 40)
    assert smaller.shape == (40, 40) and 0 < (smaller < 0).mean() < 0.6
    blocks = scene.classes.reshape(40, 2, 40, 2)  # 80 pixels onto 40: two by two
    assert ((blocks == smaller[:, None, :, None]).all((1, 3)) | (smaller < 0)).all()


def test_the_optimum_answers_with_the_mean_of_each_class(optimum):
    large = [thing.to_mean for thing in by_thing.of(optimum) if len(thing.truth) > 1500]
    assert np.median(large) < 0.5 and max(large) < 3, "a sharp filter mixes in some neighbours"
    found = by_thing.telling(by_thing.of(optimum))
    assert [thing.spread > by_thing.MANY for thing in found].count(True) >= 1
    assert found[0].name in by_thing.draw_clouds(found).alt
    with pytest.raises(CourseError, match="practice scenes only"):
        by_thing.of(judging.judge(grey_copy, replace(optimum.photos, optimum=None)))


def test_a_thing_by_hand():
    ab = np.array([[40.0, 0], [0, 40]])
    car = by_thing.Thing("car", truth=ab, guess=np.array([[40.0, 0], [0, -40]]))
    assert car.error == pytest.approx(80 / np.sqrt(2)) and car.hue == 0.5
    assert car.spread == pytest.approx(np.sqrt(CLASSES["car"].variance.sum()))
    assert by_thing.table([car]).rows == [["car", "2", f"{car.spread:.0f}", "57", "50%"]]
    assert f"car {car.spread:.0f} and 57" in by_thing.draw_errors([car]).alt


def shown(view) -> list[Image.Image]:
    """The pictures in an HTML widget."""
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', view.value)
    return [Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB") for data in found]


def at(panel, *values) -> list[Image.Image]:
    """The pictures that a slider shows at these values."""
    pictures = []
    for panel.slider.value in values:
        pictures += shown(panel.view)
    return pictures


def test_the_before_after_slider_uncovers_from_the_right():
    before, after = Image.new("RGB", (200, 60), "black"), Image.new("RGB", (200, 60), "red")
    panel = sliders.uncover(before, after)
    for place, cut in ((0, 0), (25, 50), (100, 200)):
        picture = np.asarray(at(panel, place)[0])
        assert (picture[:, : max(0, cut - 8), 0] < 20).all(), "left of it the first picture"
        assert (picture[:, cut + 8 :, 0] > 230).all(), "right of it the second"
        assert f"{place} % of its width" in panel.view.value
        assert f"{place} %" in repr(panel)


def test_before_after_shows_a_photo_in_grey_and_coloured(tmp_path, monkeypatch):
    Image.fromarray(practice.scene("cars", 1, 512, 400).rgb()).save(tmp_path / "a.png")
    panel = sliders.before_after(tmp_path / "a.png", network, size=32)
    before, after = at(panel, 100, 0)
    assert after.size == before.size and max(after.size) == sliders.LARGEST
    assert np.ptp(before, axis=-1).max() <= 1 and np.ptp(after, axis=-1).max() > 5
    # Pictures are opened as the colouriser does it, and made small.
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    image = Image.new("RGB", (900, 600))
    image.save(tmp_path / "large.png")
    for picture in ("~/large.png", np.asarray(image), image):
        assert at(sliders.before_after(picture, grey_copy), 100, 0)[0].width <= 480
    (tmp_path / "text.jpg").write_bytes(b"no picture")
    (tmp_path / "program.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9")
    for name in ("none.jpg", "text.jpg", "program.jpg"):
        with pytest.raises(CourseError, match=f"no file .*{name}" if name[0] == "n" else name):
            sliders.before_after(tmp_path / name, grey_copy)


def test_the_saturation_slider(report, tmp_path):
    panel = sliders.saturation(tmp_path, report, 4)
    assert f"At 1.0: {report.explained[4]:.0%} of the chroma" in panel.view.value
    at_one = shown(panel.view)
    grey, coloured, truth = at(panel, 0)
    assert np.abs(np.asarray(grey).astype(int) - np.asarray(coloured)).max() <= 2
    assert "At 0.0: 0% of the chroma is explained, and the picture is 0.00" in panel.view.value
    at_two = at(panel, 2)
    x, y, p = report.answer([4])
    expected = 1 - (2 * p - y).square().sum() / y.square().sum()
    cost = brown.price(report, [0, 1, 2], [(x, y, p)])
    assert cost.explained == pytest.approx([0, report.explained[4], expected.item()], abs=1e-4)
    assert f"At 2.0: {expected:.0%}" in panel.view.value and "At 2.0" in repr(panel)
    vivid = [np.ptp(np.asarray(pictures[1], int), axis=-1).mean() for pictures in (at_two, at_one)]
    assert vivid[0] > 1.5 * vivid[1]
    assert np.asarray(truth).std() > 0 and len(at_one) == 3
    assert "0, 1, from grey" in sliders.saturations(tmp_path, report, 4, factors=(0, 1)).alt
