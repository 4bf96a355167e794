"""Prepared arrays and the batches that come from them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from colourlib import CourseError, colour, data
from colourlib.collect import Photo


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
    prepared = data.prepare(root, verdicts, split, size=64)
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
    first = data.prepare(root, verdicts, split, size=64)
    (root / "a.png").unlink()  # would fail if it were opened again
    again = data.prepare(root, verdicts, split, size=64)
    assert "nothing has changed" in capsys.readouterr().out
    assert again.fingerprint == first.fingerprint
    np.testing.assert_array_equal(again.train.L, first.train.L)
    verdicts[0].keep = False
    assert data.prepare(root, verdicts, split, size=64).fingerprint != first.fingerprint


def test_a_crashed_preparation_leaves_nothing_behind_that_is_used(few):
    root, verdicts, split = few
    (root / "b.png").write_bytes(b"no picture")
    with pytest.raises(Exception, match="cannot identify"):
        data.prepare(root, verdicts, split, size=64)
    verdicts[1].keep = False
    assert len(data.prepare(root, verdicts, split, size=64).train) == 3


@pytest.mark.parametrize("side", ["train", "validation"])
def test_an_empty_side_is_explained(tmp_path, side):
    verdicts, split = make(tmp_path, ["a", "b"], side=side)
    other = {"train": "validation", "validation": "train"}[side]
    with pytest.raises(CourseError, match=f"No photo is left for {other}: of 2 pictures, 2 passed"):
        data.prepare(tmp_path, verdicts, split, size=64)


def test_a_size_that_does_not_divide_is_explained(few):
    with pytest.raises(CourseError, match="multiple of 16"):
        data.prepare(*few, size=100)


def test_batches_are_random_seeded_and_of_twenty(practice_data):
    def epochs(seed):
        loader = practice_data.loader(20, seed)
        return [[x.clone() for x, _ in loader] for _ in range(2)]

    first, second = epochs(0)
    assert [tuple(x.shape) for x in first] == [(20, 1, 64, 64)] * 2  # 45 photos: 5 are left out
    assert not torch.equal(first[0], second[0]), "each epoch has an order and crops of its own"
    same = epochs(0)
    assert all(torch.equal(a, b) for a, b in zip(first + second, same[0] + same[1], strict=True))
    assert not torch.equal(first[0], epochs(1)[0][0])


def test_an_epoch_serves_every_photo_once(practice_data):
    order = list(practice_data.loader().sampler)
    assert sorted(order) == list(range(len(practice_data.train)))


def test_chroma_stays_with_its_lightness_through_crop_and_flip():
    """A picture whose ab follows from its L: after any crop it still does."""
    ramp = (
        torch.linspace(-1, 1, 80)[None, None] * torch.linspace(0.2, 1, 80)[:, None]
    )  # (1, 80, 80)
    x = ramp.expand(8, 1, 80, 80)
    small = torch.nn.functional.avg_pool2d(x, 4)
    y = torch.cat([small, -small], dim=1)  # (8, 2, 20, 20)
    x, y = data.random_crop(x, y, 64, 0.4, torch.Generator().manual_seed(0))
    assert x.shape == (8, 1, 64, 64) and y.shape == (8, 2, 64, 64)
    inside = (slice(None), slice(None), slice(6, -6), slice(6, -6))  # the border is extrapolated
    assert (y[:, :1] - x)[inside].abs().max() < 0.02
    assert (y[:, 1:] + x)[inside].abs().max() < 0.02
    flipped = x[:, 0, 32, 0] > x[:, 0, 32, -1]
    assert flipped.any() and not flipped.all()


def test_crops_show_forty_to_hundred_percent_and_never_leave_the_photo():
    x = torch.arange(80.0)[None, None, None].expand(4, 1, 80, 80)  # value = column
    y = torch.zeros(4, 2, 20, 20)
    generator = torch.Generator().manual_seed(0)
    crops = torch.cat([data.random_crop(x, y, 80, 0.4, generator)[0] for _ in range(200)])
    width = (crops[:, 0, 0, -1] - crops[:, 0, 0, 0]).abs() + 1  # columns shown
    share = (width / 80).square()
    assert 0.35 < share.min() < 0.5 and share.max() == pytest.approx(1)
    assert crops.min() >= 0 and crops.max() <= 79


def test_a_crop_of_everything_is_served_like_a_validation_photo():
    x, y = torch.rand(2, 1, 80, 80), torch.rand(2, 2, 20, 20)
    for seed in range(500):  # until chance gives the whole photo, unmirrored
        crop, chroma = data.random_crop(x, y, 64, 0.4, torch.Generator().manual_seed(seed))
        if torch.equal(crop, data.resize(x, 64)):
            assert torch.equal(chroma, data.resize(y, 64))
            return
    pytest.fail("no crop was the whole photo")


def test_the_optimum_is_stored_for_practice_scenes_only(practice_data, few):
    best = torch.stack([practice_data.validation.best(i) for i in range(12)])
    assert best.shape == (12, 2, 64, 64)
    assert data.prepare(*few, size=64).validation.optimum is None


def test_a_spoilt_scene_trains_but_does_not_validate(tmp_path, capsys):
    verdicts, split = make(tmp_path, ["a", "b", "c", "d"])
    for verdict, url in zip(
        verdicts,
        ["https://practice.example/sun/1-80x64.jpg", "https://faults.example/x/sun/2-80x64.jpg"] * 2,
        strict=True,
    ):
        verdict.photo = replace(verdict.photo, url=url)
    split |= {"c": "validation", "d": "validation"}
    prepared = data.prepare(tmp_path, verdicts, split, size=64)
    assert [row["sha256"] for row in prepared.train.rows] == ["a", "b"]
    assert [row["sha256"] for row in prepared.validation.rows] == ["c"]
    assert prepared.validation.optimum is not None
    assert ": 1 spoilt scenes" in capsys.readouterr().out
    verdicts[2].photo = replace(verdicts[2].photo, url="https://x.example/c.jpg")
    prepared = data.prepare(tmp_path, verdicts, split, size=64)  # photos: all of them validate
    assert len(prepared.validation) == 2 and prepared.validation.optimum is None
