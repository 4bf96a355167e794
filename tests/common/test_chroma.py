"""Chroma under a photo: its lightness stays, colours that sRGB has come out, others are mixed."""

from unittest.mock import Mock

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from skimage.color import rgb2lab

from colourlib.common import chroma, lab

# A byte is off by half of itself where it is rounded, and the table of gamma adds a tenth.
ROUNDING = 0.61


def noise(height, width, channels=3):
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)


def with_chroma(pixels, ab, threads=1):
    picture = Image.fromarray(pixels)
    chroma.put_chroma(picture, np.asarray(ab, np.float32), threads)
    return np.asarray(picture)


def enlarged(ab, height, width):
    bands = map(Image.fromarray, ab.astype(np.float32))
    return [chroma.stretched(band, (width, height), 0, height) for band in bands]


def constant(a, b):
    return np.array([a, b])[:, None, None]


def pixels_that_lost_their_L(before, after):
    """How many pixels have another L, by scikit-image, than rounding to bytes explains."""
    three = before, after - ROUNDING, after + ROUNDING
    L, low, high = (rgb2lab(np.clip(rgb, 0, 255) / 255)[..., 0] for rgb in three)
    return int((np.maximum(low - L, L - high) > 1e-3).sum())


GREYS = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, -1).repeat(36, 0)  # (36, 256, 3)
AROUND = np.deg2rad(np.arange(0, 360, 10))[:, None] + np.zeros((1, 256))  # a hue for each row


@pytest.mark.parametrize("far", [5, 40, 100, 1000, 1e15])
def test_L_stays_for_every_grey_level_and_hue(far):
    after = with_chroma(GREYS, [far * np.cos(AROUND), far * np.sin(AROUND)])
    assert pixels_that_lost_their_L(GREYS, after) == 0
    assert np.ptp(after.astype(int), axis=-1)[:, 30:226].min() >= 3  # and coloured it is


def test_L_stays_for_coloured_photos_and_wild_predictions():
    photo = noise(60, 90)
    ab = np.random.default_rng(1).normal(0, 80, (2, 60, 90))
    assert pixels_that_lost_their_L(photo, with_chroma(photo, ab)) == 0
    # Clipping instead of mixing would be noticed:
    ab = 60 * np.stack([np.cos(AROUND), np.sin(AROUND)], -1)
    clipped = lab.lab_to_rgb(lab.rgb_to_lab(GREYS)[0], ab)
    assert pixels_that_lost_their_L(GREYS, clipped) > 500


def test_colours_that_srgb_has_come_out_as_they_are():
    photo = noise(64, 80)
    ab = np.moveaxis(rgb2lab(photo / 255)[..., 1:], -1, 0)
    assert np.abs(with_chroma(photo, ab).astype(int) - photo).max() <= 1


def test_colours_that_srgb_lacks_lie_between_grey_and_the_colour_in_linear_light():
    grey, (a, b) = np.full((1, 1, 3), 120, np.uint8), (90.0, -90.0)
    rgb = with_chroma(grey, constant(a, b))[0, 0]
    wanted = lab.linear_rgb(lab.rgb_to_lab(grey)[0], np.array([[[a, b]]], np.float32))[0, 0]
    assert wanted.min() < 0 or wanted.max() > 1
    Y = lab.light_table()[120]
    share = (lab.light_table()[rgb] - Y) / (wanted - Y)  # the same for R, G and B
    assert share.min() > 0.1 and np.ptp(share) < 0.02
    assert rgb.min() <= 1 or rgb.max() >= 254  # as vivid as it can be


def test_without_chroma_it_is_the_grey_of_equal_L_and_black_white_and_alpha_stay():
    np.testing.assert_array_equal(with_chroma(GREYS, constant(0, 0)), GREYS)
    photo = noise(40, 50)
    grey = with_chroma(photo, constant(0, 0))
    assert (grey == grey[..., :1]).all() and pixels_that_lost_their_L(photo, grey) == 0
    ends = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
    np.testing.assert_array_equal(with_chroma(ends, constant(80, 60)), ends)
    photo = noise(30, 20, 4)
    after, rgb = with_chroma(photo, constant(30, 10)), np.ascontiguousarray(photo[..., :3])
    np.testing.assert_array_equal(after[..., 3], photo[..., 3])
    np.testing.assert_array_equal(after[..., :3], with_chroma(rgb, constant(30, 10)))


@pytest.mark.parametrize(
    "few, many", [((6, 9), (40, 31)), ((1, 1), (5, 7)), ((5, 4), (5, 4)), ((20, 30), (3, 2))]
)
def test_enlargement_is_the_bilinear_one_of_torch(few, many):
    ab = torch.randn(2, *few, generator=torch.Generator().manual_seed(0))
    expected = F.interpolate(ab[None], size=many, mode="bilinear", antialias=True)[0]
    np.testing.assert_allclose(enlarged(ab.numpy(), *many), expected, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (53, 47), (64, 33)])
def test_strips_join_without_a_seam(size, monkeypatch):
    photo, ab = noise(*size), np.random.default_rng(2).normal(0, 30, (2, 7, 5))
    whole = with_chroma(photo, ab)
    monkeypatch.setattr(chroma, "STRIP", 200)  # pixels: one to four rows
    for threads in (1, 3):
        np.testing.assert_array_equal(with_chroma(photo, ab, threads), whole)
    np.testing.assert_array_equal(with_chroma(photo, enlarged(ab, *size)), whole)


def test_an_error_in_a_strip_is_not_swallowed(monkeypatch):
    monkeypatch.setattr(chroma, "coloured", Mock(side_effect=RuntimeError("in a thread")))
    with pytest.raises(RuntimeError, match="in a thread"):
        with_chroma(noise(4, 4), constant(0, 0), threads=2)
