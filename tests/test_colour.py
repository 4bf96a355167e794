"""Colour conversion against scikit-image, and against what a grey file really means."""

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import lab2rgb, rgb2lab

from colourlib import CourseError, colour


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (4, 33, 47, 3), dtype=np.uint8)


def batch(pictures):
    return torch.cat([colour.to_tensor(p) for p in pictures])


def test_lab_agrees_with_scikit_image(pictures):
    L, ab = colour.rgb_to_lab(batch(pictures))
    oracle = rgb2lab(pictures / 255.0)  # (N, H, W, 3)
    np.testing.assert_allclose(L[:, 0], oracle[..., 0], atol=2e-3)
    np.testing.assert_allclose(ab.permute(0, 2, 3, 1), oracle[..., 1:], atol=2e-2)


def test_rgb_agrees_with_scikit_image_and_comes_back(pictures):
    L, ab = colour.rgb_to_lab(batch(pictures))
    lab = torch.cat([L, ab], 1).permute(0, 2, 3, 1).double().numpy()
    back = colour.lab_to_rgb(L, ab)
    np.testing.assert_allclose(back.permute(0, 2, 3, 1), lab2rgb(lab), atol=1e-3)
    np.testing.assert_array_equal(colour.to_bytes(back), pictures)


def test_a_grey_file_has_its_true_lightness():
    grey = np.arange(256, dtype=np.uint8)[None]  # (1, 256)
    L, ab = colour.rgb_to_lab(colour.to_tensor(Image.fromarray(grey)))
    oracle = rgb2lab(np.repeat(grey[..., None], 3, -1) / 255.0)[..., 0]
    np.testing.assert_allclose(L[0, 0], oracle, atol=2e-3)
    assert ab.abs().max() < 0.01
    tempting = torch.arange(256) / 255 * 100
    assert (L[0, 0, 0] - tempting).abs().max() > 3, "grey/255*100 would have been the same"


def test_scaling_and_back():
    L, ab = torch.tensor([0.0, 50, 100]), torch.tensor([-108.0, 0, 98])
    assert colour.scale_L(L).tolist() == [-1, 0, 1]
    assert colour.scale_ab(ab).abs().max() < 1
    torch.testing.assert_close(colour.unscale_L(colour.scale_L(L)), L)
    torch.testing.assert_close(colour.unscale_ab(colour.scale_ab(ab)), ab)


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (np.zeros((4, 4, 2), np.uint8), "(4, 4, 2)"),
        (np.full((4, 4, 3), 255.0), "Divide by 255"),
        (np.full((4, 4, 3), np.nan), "nan"),
        (np.zeros((2, 4, 4, 3)), "(2, 4, 4, 3)"),
    ],
)
def test_a_wrong_picture_is_explained(picture, says):
    with pytest.raises(CourseError, match=says.replace("(", r"\(").replace(")", r"\)")):
        colour.to_tensor(picture)


def test_wrong_shapes_are_explained():
    with pytest.raises(CourseError, match=r"wants \(N, 3, H, W\)"):
        colour.rgb_to_lab(torch.zeros(1, 1, 8, 8))
    with pytest.raises(CourseError, match="of one size"):
        colour.lab_to_rgb(torch.zeros(1, 1, 8, 8), torch.zeros(1, 2, 4, 4))
