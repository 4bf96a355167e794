"""Colour conversion against scikit-image, and against what a grey file really means."""

import re

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import lab2rgb, rgb2lab

from colourlib import CourseError, colour
from colourlib.common import memory, opening
from colourlib.common.pictures import open_picture


def batch(pictures):
    return torch.cat([colour.to_tensor(p) for p in pictures])


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (16, 16), (33, 47), (250, 3), "the whole gamut"])
def test_lab_and_rgb_agree_with_scikit_image_and_the_picture_comes_back(size):
    """The gamut: every 5th level of red, green and blue, black, white and primaries too."""
    level = np.arange(0, 256, 5, dtype=np.uint8)
    pictures = np.stack(np.meshgrid(level, level, level), axis=-1).reshape(1, 52 * 52, 52, 3)
    if size != "the whole gamut":
        pictures = np.random.default_rng(1).integers(0, 256, (4, *size, 3), dtype=np.uint8)
    L, ab = colour.rgb_to_lab(batch(pictures))
    lab = torch.cat([L, ab], 1).permute(0, 2, 3, 1).double().numpy()
    np.testing.assert_allclose(lab, rgb2lab(pictures / 255.0), rtol=0, atol=1e-4)
    assert L.min() >= 0 and L.max() <= 100.001
    assert colour.scale_ab(ab).abs().max() < 1, "scaled chroma has to stay within -1..1"
    back = colour.lab_to_rgb(L, ab)
    np.testing.assert_allclose(back.permute(0, 2, 3, 1), lab2rgb(lab), rtol=0, atol=1e-4)
    np.testing.assert_array_equal(colour.to_bytes(back), pictures)


def test_scaling_and_back():
    L, ab = torch.tensor([0.0, 50, 100]), torch.tensor([-108.0, 0, 98])
    assert colour.scale_L(L).tolist() == [-1, 0, 1]
    assert colour.scale_ab(ab).abs().max() < 1
    torch.testing.assert_close(colour.unscale_L(colour.scale_L(L)), L)
    torch.testing.assert_close(colour.unscale_ab(colour.scale_ab(ab)), ab)


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


@pytest.mark.parametrize("kind", ["L", "L.png", "LA.png", "P.png", "RGB.png", "L.jpg", "RGB.jpg"])
def test_a_grey_file_is_opened_to_its_true_lightness(tmp_path, kind):
    """As it is; or saved, opened as the course opens it, and as a student would: L* of the bytes.

    All 256 greys, each as a patch of 4 x 4.
    """
    grey = np.kron(np.arange(256, dtype=np.uint8).reshape(16, 16), np.ones((4, 4), np.uint8))
    given = Image.fromarray(grey).convert(kind.split(".")[0])
    pictures, jpg = [given], "jpg" in kind
    if kind != "L":
        given.save(tmp_path / kind, **({"quality": 95} if jpg else {}))
        pictures = [Image.open(tmp_path / kind), open_picture(tmp_path / kind)]
    truth = rgb2lab(np.repeat(grey[..., None], 3, -1) / 255.0)[..., 0]
    for picture in pictures:
        L, ab = colour.rgb_to_lab(colour.to_tensor(picture))
        error = np.abs(L[0, 0].numpy() - truth)
        assert error.mean() < (0.3 if jpg else 0.001)
        assert error.max() < (2.5 if jpg else 0.002)  # JPEG rounds at edges
        assert ab.abs().max() < (0.02 if jpg else 0.01)
    tempting = np.abs(grey / 255 * 100 - truth)
    assert tempting.mean() > 1.5 and tempting.max() > 3, "grey/255*100 would have passed"


def test_a_grey_file_of_16_bits_has_its_true_lightness(tmp_path):
    levels = np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(levels).save(tmp_path / "deep.png")
    truth = rgb2lab(np.repeat(levels[..., None], 3, -1) / 65535.0)[..., 0]
    with Image.open(tmp_path / "deep.png") as opened:
        L, _ = colour.rgb_to_lab(colour.to_tensor(opened))
    np.testing.assert_allclose(L[0, 0], truth, atol=0.5)  # half a level of 8 bits in the dark


def test_bytes_and_floats_and_tensors_of_one_picture_are_one_picture():
    bytes_ = np.random.default_rng(0).integers(0, 256, (33, 47, 3), dtype=np.uint8)
    floats = (bytes_ / 255).astype(np.float32)
    other_order = floats.astype(floats.dtype.newbyteorder())
    for same in (bytes_ / 255, floats, other_order, torch.from_numpy(bytes_)):
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
    # Where nobody knows how much is free, it is tried.
    monkeypatch.setattr(memory, "free_memory", lambda device: None)
    monkeypatch.setattr(opening, "TENSOR_BYTES", 1e9)
    assert colour.to_tensor(np.zeros((33, 47, 3), np.uint8)).shape == (1, 3, 33, 47)


def test_wrong_shapes_and_bytes_where_floats_are_due_are_explained():
    with pytest.raises(CourseError, match=r"wants \(N, 3, H, W\)"):
        colour.rgb_to_lab(torch.zeros(1, 1, 8, 8))
    with pytest.raises(CourseError, match="of one size"):
        colour.lab_to_rgb(torch.zeros(1, 1, 8, 8), torch.zeros(1, 2, 4, 4))
    with pytest.raises(CourseError, match="uint8.*colour.to_tensor"):
        colour.rgb_to_lab(torch.zeros(1, 3, 8, 8, dtype=torch.uint8))


def test_gradients_are_finite_at_black_and_doubles_are_taken():
    rgb = torch.zeros(1, 3, 2, 2, requires_grad=True)
    sum(part.sum() for part in colour.rgb_to_lab(rgb)).backward()
    ab = torch.zeros(1, 2, 2, 2, dtype=torch.float64, requires_grad=True)
    colour.lab_to_rgb(torch.zeros(1, 1, 2, 2), ab).sum().backward()
    assert rgb.grad.isfinite().all() and ab.grad.isfinite().all()
