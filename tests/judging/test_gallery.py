"""Which photos are shown, what stands above them, why guesses are brown, and the two sliders."""

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from colourlib import CourseError, judging, practice
from colourlib.evaluate import grey as grey_copy
from colourlib.judging import by_thing, gallery, sliders
from colourlib.practice import CLASSES


def network(x):
    """A colouriser: dark is blue, light is yellow."""
    return torch.cat([0.05 + 0 * x, 0.3 * x], dim=1)


@pytest.fixture(scope="module")
def photos(practice_data):
    return practice_data.validation


@pytest.fixture(scope="module")
def guess(photos):
    return network(photos.__getitems__(list(range(len(photos))))[0])


def test_a_gallery_says_its_numbers(photos, guess, tmp_path):
    picture = gallery.show_photos(tmp_path, photos, guess, [0, 5], "Two")
    x, y = photos.__getitems__([0, 5])
    for i, truth in zip((0, 5), y, strict=True):
        share = 1 - (guess[i] - truth).square().sum() / truth.square().sum()
        assert f"{photos.rows[i]['query']}: {gallery.share(share.item())}" in picture.alt
    assert "in grey, the guess, truth" in picture.alt
    assert gallery.share(-12.0) == "< -999%" and gallery.share(-0.001) == "0%"
    four = gallery.show_photos(tmp_path, photos, guess, torch.tensor([3, 1, 4, 5]), "Four")
    assert four.image.width / 4 > 150, "no tile is tiny"


def test_the_true_chroma_gives_the_true_picture(photos, tmp_path):
    _, y = photos.__getitems__([2])
    truth = gallery.truths(tmp_path, photos, [2])
    (mine,), (grey,) = (gallery.coloured(truth, chroma) for chroma in (y, 0 * y))
    away = [np.abs(np.asarray(truth[0]).astype(int) - z).mean() for z in (mine, grey)]
    assert away[0] < 0.4 * away[1] and np.ptp(grey, axis=-1).max() <= 1


@pytest.mark.parametrize("factor", [0, 0.5, 1.5])
def test_the_price_is_what_judging_the_factor_gives(photos, guess, factor):
    x, y = photos.__getitems__(list(range(len(photos))))
    found = sliders.price(x, y, guess, factor)
    by_hand = judging.judge(lambda x: factor * network(x), photos)
    assert found.explained == pytest.approx(by_hand.value("explained"), abs=1e-5)
    assert found.colourfulness == pytest.approx(by_hand.value("colourfulness"), abs=1e-4)
    assert f"{sliders.price(x, y, -y, 0).explained:.0%}" == "0%"


def test_classes_of_pixels_are_those_of_the_scene(practice_data):
    row = practice_data.validation.rows[0]
    scene = practice.scene_of_url(row["url"])
    same = by_thing.class_map(row["url"], scene.classes.shape[0])
    assert (same == scene.classes).all(), "at its own size every pixel is pure"
    smaller = by_thing.class_map(row["url"], 40)
    assert smaller.shape == (40, 40) and 0 < (smaller < 0).mean() < 0.6
    blocks = scene.classes.reshape(40, 2, 40, 2)  # 80 pixels onto 40: two by two
    assert ((blocks == smaller[:, None, :, None]).all((1, 3)) | (smaller < 0)).all()


def test_the_optimum_answers_with_the_mean_of_each_class(photos):
    best = torch.stack([photos.best(i) for i in range(len(photos))])
    found = by_thing.of(photos, best)
    large = [thing.to_mean for thing in found if len(thing.truth) > 1500]
    assert np.median(large) < 0.5 and max(large) < 3, "a sharp filter mixes in some neighbours"
    for some in (found[:1], found[:3], found[:4]):
        assert all(thing.name in by_thing.draw_clouds(some).alt for thing in some)
    with pytest.raises(CourseError, match="practice scenes only"):
        by_thing.of(replace(photos, optimum=None), best)


def test_a_thing_by_hand():
    ab = np.array([[40.0, 0], [0, 40]])
    car = by_thing.Thing("car", truth=ab, guess=np.array([[40.0, 0], [0, -40]]))
    assert car.error == pytest.approx(80 / np.sqrt(2)) and car.hue == 0.5
    assert car.spread == pytest.approx(np.sqrt(CLASSES["car"].variance.sum()))
    assert by_thing.table([car]).rows == [["car", "2", f"{car.spread:.0f}", "57", "50%"]]


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


def test_the_saturation_slider(photos, guess, tmp_path):
    x, y = photos.__getitems__([4])
    panel = sliders.saturation(tmp_path, photos, guess, 4)
    at_one = shown(panel.view)
    for factor in (1, 0, 2):
        panel.slider.value = factor
        expected = 1 - (factor * guess[4] - y[0]).square().sum() / y.square().sum() + 0.0
        assert f"At {factor}.0: {expected:.0%} of the chroma" in panel.view.value
    assert "At 2.0" in repr(panel)
    grey, coloured, truth = at(panel, 0)
    assert np.abs(np.asarray(grey).astype(int) - np.asarray(coloured)).max() <= 2
    assert "the picture is 0.00" in panel.view.value
    vivid = [np.ptp(np.asarray(p[1], int), axis=-1).mean() for p in (at(panel, 2), at_one)]
    assert vivid[0] > 1.5 * vivid[1]
    assert np.asarray(truth).std() > 0 and len(at_one) == 3
