"""Colour conversion against scikit-image, and against what a grey file really means."""

import re

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import lab2rgb, rgb2lab

from colourlib import CourseError, colour
from colourlib.common import arrays, memory
from colourlib.common.pictures import open_picture


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (4, 33, 47, 3), dtype=np.uint8)


def batch(pictures):
    return torch.cat([colour.to_tensor(p) for p in pictures])


def test_lab_agrees_with_scikit_image(pictures):
    L, ab = colour.rgb_to_lab(batch(pictures))
    oracle = rgb2lab(pictures / 255.0)  # (N, H, W, 3)
    np.testing.assert_allclose(L[:, 0], oracle[..., 0], rtol=0, atol=1e-4)
    np.testing.assert_allclose(ab.permute(0, 2, 3, 1), oracle[..., 1:], rtol=0, atol=1e-4)


def test_rgb_agrees_with_scikit_image_and_comes_back(pictures):
    L, ab = colour.rgb_to_lab(batch(pictures))
    lab = torch.cat([L, ab], 1).permute(0, 2, 3, 1).double().numpy()
    back = colour.lab_to_rgb(L, ab)
    np.testing.assert_allclose(back.permute(0, 2, 3, 1), lab2rgb(lab), rtol=0, atol=1e-4)
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


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (16, 16), (33, 47), (250, 3)])
def test_any_size_and_number_of_pictures_agree_with_scikit_image(size):
    pictures = np.random.default_rng(1).integers(0, 256, (3, *size, 3), dtype=np.uint8)
    L, ab = colour.rgb_to_lab(batch(pictures))
    assert L.shape == (3, 1, *size) and ab.shape == (3, 2, *size)
    oracle = rgb2lab(pictures / 255.0)
    np.testing.assert_allclose(L[:, 0], oracle[..., 0], rtol=0, atol=1e-4)
    np.testing.assert_allclose(ab.permute(0, 2, 3, 1), oracle[..., 1:], rtol=0, atol=1e-4)


def test_the_whole_gamut_agrees_with_scikit_image_and_comes_back():
    """Every 5th level of red, green and blue: 140,608 colours, black, white and primaries too."""
    level = np.arange(0, 256, 5, dtype=np.uint8)
    grid = np.stack(np.meshgrid(level, level, level), axis=-1).reshape(1, 52 * 52, 52, 3)
    L, ab = colour.rgb_to_lab(batch(grid))
    oracle = rgb2lab(grid / 255.0)
    np.testing.assert_allclose(L[:, 0], oracle[..., 0], rtol=0, atol=1e-4)
    np.testing.assert_allclose(ab.permute(0, 2, 3, 1), oracle[..., 1:], rtol=0, atol=1e-4)
    assert L.min() >= 0 and L.max() <= 100.001
    assert colour.scale_ab(ab).abs().max() < 1, "scaled chroma is to stay within -1..1"
    np.testing.assert_array_equal(colour.to_bytes(colour.lab_to_rgb(L, ab)), grid)


@pytest.mark.parametrize(
    ("rgb", "lab"),  # CIE L*a*b* of sRGB's corners under D65, as published, to one decimal
    [
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((255, 0, 0), (53.2, 80.1, 67.2)),
        ((0, 255, 0), (87.7, -86.2, 83.2)),
        ((0, 0, 255), (32.3, 79.2, -107.9)),
        ((0, 255, 255), (91.1, -48.1, -14.1)),
        ((255, 0, 255), (60.3, 98.2, -60.8)),
        ((255, 255, 0), (97.1, -21.6, 94.5)),
    ],
)
def test_corners_of_the_cube_are_where_the_books_have_them(rgb, lab):
    L, ab = colour.rgb_to_lab(colour.to_tensor(np.array([[rgb]], np.uint8)))
    np.testing.assert_allclose([*L.flatten(), *ab.flatten()], lab, atol=0.06)


def grey_ramp():
    """(64, 64) uint8: all 256 greys, each as a 4 x 4 patch."""
    return np.kron(np.arange(256, dtype=np.uint8).reshape(16, 16), np.ones((4, 4), np.uint8))


@pytest.mark.parametrize("kind", ["L.png", "LA.png", "P.png", "RGB.png", "L.jpg", "RGB.jpg"])
def test_a_grey_file_is_opened_to_its_true_lightness(tmp_path, kind):
    """Saved, opened as the course opens it, and as a student would: true L* of the bytes."""
    mode, path = kind.split(".")[0], tmp_path / kind
    grey = grey_ramp()
    Image.fromarray(grey).convert(mode).save(path, **({"quality": 95} if "jpg" in kind else {}))
    truth = rgb2lab(np.repeat(grey[..., None], 3, -1) / 255.0)[..., 0]
    with Image.open(path) as opened:
        for picture in (opened, open_picture(path)):
            L, ab = colour.rgb_to_lab(colour.to_tensor(picture))
            error = np.abs(L[0, 0].numpy() - truth)
            assert error.mean() < (0.3 if "jpg" in kind else 0.001)
            assert error.max() < (2.5 if "jpg" in kind else 0.01)  # JPEG rounds at edges
            assert ab.abs().max() < 0.02
    tempting = np.abs(grey / 255 * 100 - truth)
    assert tempting.mean() > 1.5, "grey/255*100 would have passed"


def test_a_grey_file_of_16_bits_has_its_true_lightness(tmp_path):
    levels = np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(levels).save(tmp_path / "deep.png")
    truth = rgb2lab(np.repeat(levels[..., None], 3, -1) / 65535.0)[..., 0]
    with Image.open(tmp_path / "deep.png") as opened:
        L, _ = colour.rgb_to_lab(colour.to_tensor(opened))
    np.testing.assert_allclose(L[0, 0], truth, atol=0.5)  # half a level of 8 bits in the dark


def test_bytes_and_floats_and_tensors_of_one_picture_are_one_picture(pictures):
    bytes_ = pictures[0]
    for same in (bytes_ / 255, (bytes_ / 255).astype(np.float32), torch.from_numpy(bytes_)):
        torch.testing.assert_close(colour.to_tensor(same), colour.to_tensor(bytes_))
    flipped = bytes_[:, ::-1]  # a view with a negative step
    torch.testing.assert_close(colour.to_tensor(flipped), colour.to_tensor(bytes_).flip(-1))


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (np.zeros((4, 4, 2), np.uint8), "(4, 4, 2), with transparency: give picture[..., 0]"),
        (np.zeros((4, 4, 4), np.uint8), "(4, 4, 4), with transparency: give picture[..., :3]"),
        (np.full((4, 4, 3), 255.0), "from 255 to 255. Divide by 255"),
        (np.full((4, 4, 3), np.nan), "nan"),
        (np.full((4, 4, 3), np.inf), "from inf to inf. Look where"),
        (np.full((4, 4, 3), -0.1), "from -0.1 to -0.1. Look where"),
        (np.zeros((2, 4, 4, 3)), "(2, 4, 4, 3), several pictures: torch.cat"),
        (np.zeros((3, 8, 8), np.uint8), "(3, 8, 8), with the channels first: np.moveaxis"),
        (torch.zeros(3, 8, 8), "(3, 8, 8), with the channels first: picture.permute(1, 2, 0) puts"),
        (torch.zeros(1, 3, 8, 8), "(1, 3, 8, 8): give picture[0]"),
        (np.zeros((1, 8, 8), np.uint8), "(1, 8, 8): give picture[0]"),
        (np.zeros((0, 4, 3), np.uint8), "(0, 4, 3): it holds nothing"),
        (Image.new("RGB", (0, 4)), "(4, 0, 3): it holds nothing"),
        (np.zeros((4, 4, 3), np.int64), "not torch.int64. If they run from 0 to 255, give picture"),
        (np.array([["x"]]), "is no picture"),
        ("photo.jpg", "not str. Open a file with PIL.Image.open(path)"),
        (None, "not NoneType"),
    ],
)
def test_a_wrong_picture_is_explained(picture, says):
    with pytest.raises(CourseError, match=re.escape(says)):
        colour.to_tensor(picture)


@pytest.mark.parametrize("make", [np.zeros, torch.zeros])
def test_the_advice_for_channels_first_is_right(make):
    picture = make((3, 6, 8))
    with pytest.raises(CourseError) as error:
        colour.to_tensor(picture)
    advice = re.search(r"first: (.*) puts them last", str(error.value))[1]
    assert colour.to_tensor(eval(advice)).shape == (1, 3, 6, 8)


def test_bytes_in_another_order_are_the_same_numbers():
    picture = np.linspace(0, 1, 48, dtype=np.float32).reshape(4, 4, 3)
    turned = picture.astype(picture.dtype.newbyteorder())
    torch.testing.assert_close(colour.to_tensor(turned), colour.to_tensor(picture))


@pytest.mark.parametrize("kind", ["array", "file"])
def test_a_picture_too_large_for_the_memory_is_refused_before_it_is_read(kind, monkeypatch):
    if kind == "array":
        picture = np.broadcast_to(np.uint8(0), (100_000, 90_000, 3))  # takes one byte
    else:
        picture = Image.new("1", (1, 1))
        monkeypatch.setattr(type(picture), "size", property(lambda self: (90_000, 100_000)))
    monkeypatch.setattr(memory, "free_memory", lambda device: 8e9)
    with pytest.raises(CourseError, match=r"90000 x 100000 .* 990.0 GB .* 8.0 GB are free. .*2048"):
        colour.to_tensor(picture)


def test_a_picture_of_unknown_memory_is_tried(monkeypatch, pictures):
    monkeypatch.setattr(memory, "free_memory", lambda device: None)
    monkeypatch.setattr(arrays, "BYTES_PER_PIXEL", 1e9)
    assert colour.to_tensor(pictures[0]).shape == (1, 3, 33, 47)


def test_wrong_shapes_are_explained():
    with pytest.raises(CourseError, match=r"wants \(N, 3, H, W\)"):
        colour.rgb_to_lab(torch.zeros(1, 1, 8, 8))
    with pytest.raises(CourseError, match="of one size"):
        colour.lab_to_rgb(torch.zeros(1, 1, 8, 8), torch.zeros(1, 2, 4, 4))


def test_bytes_given_where_floats_are_due_are_named():
    with pytest.raises(CourseError, match="uint8.*colour.to_tensor"):
        colour.rgb_to_lab(torch.zeros(1, 3, 8, 8, dtype=torch.uint8))
