"""Colouring a photo: every kind of picture in, its lightness kept, and clear words for the rest."""

import io
import warnings
import zlib

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import rgb2lab
from test_pictures import GREY_1_0, needs_lcms
from torch import nn

from colourlib import CourseError, evaluate, runs
from colourlib import colourise as module
from colourlib.colourise import colourise, seen
from colourlib.common import memory
from colourlib.common.pictures import open_picture, with_alpha
from colourlib.model import ColourNet
from colourlib.runs import weights

GREEN, PINK = (evaluate.tint(torch.tensor(ab) / 110) for ab in ([-30.0, 30.0], [30.0, 0.0]))


@pytest.fixture(scope="module")
def net():
    """A small network, untrained, that answers something else at every place."""
    torch.manual_seed(0)
    net = ColourNet(width=8)
    nn.init.normal_(net.head.weight)
    with torch.no_grad():
        net.eval().head.weight *= 0.3 / net(torch.randn(1, 1, 32, 32)).std()
    return net


def smooth(size=(60, 40), channels=3, seed=0):
    """A picture without fine detail: (H, W, C) uint8, between 40 and 215."""
    few = np.random.default_rng(seed).integers(40, 216, (3, 4, channels), dtype=np.uint8)
    bands = [Image.fromarray(few[..., c]).resize(size, Image.Resampling.BILINEAR)
             for c in range(channels)]  # fmt: skip
    return np.stack([np.asarray(band) for band in bands], -1)


def L_of(picture):
    return rgb2lab(np.asarray(picture.convert("RGB")))[..., 0]


def ab_of(picture):
    return rgb2lab(np.asarray(picture.convert("RGB")))[..., 1:].mean((0, 1))


def array(picture):
    return np.asarray(picture).astype(int)


def spying(network):
    """(A network that answers as this one, a list of what it has been shown)"""
    shown = []
    return lambda x: shown.append(x) or network(x), shown


def same(one, other):
    np.testing.assert_array_equal(array(one), array(other))


RGB = Image.fromarray(smooth())
DEEP = np.asarray(RGB.convert("L")).astype(np.uint16) * 257  # (40, 60), 16 bits
MODES = {
    "1": RGB.convert("1"), "L": RGB.convert("L"), "LA": RGB.convert("LA"), "RGB": RGB,
    "RGBA": RGB.convert("RGBA"), "P": RGB.convert("P"), "PA": RGB.convert("P").convert("PA"),
    "CMYK": RGB.convert("CMYK"), "I;16": Image.fromarray(DEEP),
    "F": Image.fromarray((DEEP / 65535).astype(np.float32)),
    "I": Image.fromarray(DEEP.astype(np.int32)), "YCbCr": RGB.convert("YCbCr"),
}  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_keeps_size_and_lightness_and_gets_colour(mode):
    given = MODES[mode].copy()
    assert given.mode == mode
    before = np.array(given)
    coloured = colourise(given, PINK, size=16)
    assert (np.array(given) == before).all()  # the given one is not changed
    assert coloured.mode == ("RGBA" if mode in ("LA", "RGBA", "PA") else "RGB")
    assert coloured.size == given.size and coloured.info == {}
    expected = with_alpha(given)
    assert np.abs(L_of(coloured) - L_of(expected)).max() < 0.8  # a byte of rounding
    if mode != "1":  # black and white have no colour
        np.testing.assert_allclose(ab_of(coloured), [30, 0], atol=1.5)
    if mode in ("I;16", "I", "F"):  # as bright as bytes
        same(colourise(given, GREEN), colourise(MODES["L"], GREEN))


def test_alpha_is_kept_and_the_network_sees_the_picture_on_white():
    pixels = smooth(channels=4)
    pixels[:, 40:, 3] = 0
    pixels[:, 40:, :3] = 0  # black under what cannot be seen
    spy, shown = spying(PINK)
    for given in (pixels, pixels[..., [0, 3]]):  # colours or grey, with alpha
        coloured = colourise(Image.fromarray(given), spy, size=16)
        assert coloured.mode == "RGBA" and shown[-1][..., -6:].min() > 0.95
        same(array(coloured)[..., 3], pixels[..., 3])


def test_a_palette_with_a_see_through_colour_keeps_it(tmp_path):
    picture = Image.fromarray(smooth()[..., 0] // 64).convert("P")
    picture.save(tmp_path / "a.gif", transparency=int(np.asarray(picture)[0, 0]))
    coloured = colourise(tmp_path / "a.gif", PINK)
    assert coloured.mode == "RGBA"
    same(array(coloured)[..., 3] == 0, array(picture) == array(picture)[0, 0])


@pytest.mark.parametrize("kind", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("value", [1, 3, 6, 8])
def test_files_come_out_upright_without_metadata(tmp_path, kind, value):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = value, "at home with Ann"
    path = tmp_path / f"a.{kind}"
    picture = RGB.convert("L") if kind == "tif" else RGB  # a grey TIFF is mapped by Pillow
    picture.save(path, exif=exif, **({"quality": 95} if kind != "tif" else {}))
    coloured = colourise(path, PINK, size=16)
    assert coloured.info == {} and dict(coloured.getexif()) == {}
    assert type(coloured) is Image.Image  # that of a file knows more than its pixels
    with open(path, "rb") as file:
        expected = open_picture(file)
    assert coloured.size == expected.size == ((60, 40) if value in (1, 3) else (40, 60))
    assert np.abs(L_of(coloured) - L_of(expected)).max() < 0.8
    buffer = io.BytesIO()
    coloured.save(buffer, "TIFF")
    assert b"Ann" not in buffer.getvalue()


@needs_lcms
def test_a_profile_counts_and_leaves_alpha_alone(tmp_path):
    Image.new("LA", (40, 40), (55, 90)).save(tmp_path / "a.png", icc_profile=GREY_1_0)
    coloured = array(colourise(tmp_path / "a.png", evaluate.grey))
    assert np.abs(coloured[..., :3] - 128).max() <= 2  # linear light as an sRGB byte
    assert set(coloured[..., 3].flat) == {90}


def test_arrays_and_tensors_are_the_same_picture():
    pixels, grey = smooth(), smooth()[..., 1]
    expected, in_grey = (colourise(Image.fromarray(p), PINK) for p in (pixels, grey))
    as_tensor = torch.from_numpy(pixels).movedim(-1, 0) / 255
    for given in (pixels, pixels / 255, (pixels / 255).astype(np.float32), as_tensor,
                  as_tensor[None], as_tensor.double().requires_grad_()):  # fmt: skip
        same(colourise(given, PINK), expected)
    for given in (grey, grey / 255, torch.from_numpy(grey)[None] / 255,
                  torch.from_numpy(grey)[None, None], np.asfortranarray(grey)):  # fmt: skip
        same(colourise(given, PINK), in_grey)
    assert colourise(smooth(channels=4), PINK).mode == "RGBA"
    assert (smooth() == pixels).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3), (15, 900), (33, 47)])
def test_small_and_long_pictures(net, size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    coloured = colourise(Image.fromarray(pixels), net, size=32)
    assert coloured.size == size
    assert np.abs(L_of(coloured) - rgb2lab(pixels / 255)[..., 0]).max() < 1.5


def test_the_size_at_which_a_picture_is_seen():
    assert seen(4000, 3000, 96) == (128, 96)
    assert seen(30, 40, 96) == (96, 128)  # enlarged
    assert seen(1, 5000, 96) == (16, 768)
    assert seen(20_000, 1000, 96) == (768, 38)
    assert seen(1, 1, 16) == (16, 16)


def test_grey_and_no_saturation_are_the_same_grey(net):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for given in (colourise(levels, evaluate.grey), colourise(levels, net, saturation=0)):
        same(given, levels[..., None].repeat(3, -1))
    photo = colourise(smooth(), net, saturation=0)
    same(photo, colourise(smooth(), evaluate.grey))
    assert np.ptp(array(photo), axis=-1).max() == 0


def test_saturation_multiplies_ab():
    for saturation in (0.5, 1, 1.4):
        coloured = colourise(np.full((20, 20), 128, np.uint8), GREEN, saturation)
        np.testing.assert_allclose(ab_of(coloured), [-30 * saturation, 30 * saturation], atol=1)


def test_own_colours_are_ignored(net):
    other = colourise(colourise(smooth(), evaluate.grey), net)
    again = colourise(other, net)
    assert np.abs(array(again) - array(other)).max() <= 3  # L is rounded to bytes in between
    assert np.ptp(array(other), axis=-1).max() > 10


BAD = [("saturation", value) for value in (-0.1, float("nan"), float("inf"), "1", None)]
BAD += [("size", value) for value in (0, 15, 96.0, "96")]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_wrong_saturation_or_size_is_refused(name, value):
    with pytest.raises(CourseError, match=name):
        colourise(smooth(), GREEN, **{name: value})


def test_numbers_of_numpy_are_numbers():
    for one, size in ((np.float32(1), np.int64(48)), (np.int64(1), np.int32(48))):
        same(colourise(smooth(), GREEN, one, size), colourise(smooth(), GREEN, 1.0, size=48))


def test_the_network_sees_true_L_at_its_size():
    spy, seen = spying(evaluate.grey)
    colourise(np.full((300, 400), 119, np.uint8), spy, size=48)
    assert seen[0].shape == (1, 1, 48, 64) and seen[0].dtype == torch.float32
    assert seen[0].mean().item() == pytest.approx(50.03 / 50 - 1, abs=1e-3)  # L* of byte 119
    colourise(np.full((300, 400), 119, np.uint8), spy)
    assert seen[1].shape == (1, 1, 128, 171)  # where nobody knows better


def test_chroma_lies_where_the_network_put_it():
    def half(x):
        y = torch.zeros(1, 2, *x.shape[2:])
        y[:, 0, :, : x.shape[3] // 2] = 0.3
        return y

    lab = rgb2lab(array(colourise(np.full((200, 300), 128, np.uint8), half, size=32)) / 255)
    np.testing.assert_allclose(lab[:, :140, 1], 33, atol=1)
    np.testing.assert_allclose(lab[:, 160:, 1], 0, atol=1)


def test_a_network_is_used_in_eval_mode_and_left_as_it_was(net):
    expected = colourise(smooth(), net)
    net.train()
    net.down1.eval()  # somebody froze a part of it
    try:
        same(colourise(smooth(), net), expected)
        assert net.training and not net.down1.training and net.deep.training
    finally:
        net.eval()


def test_a_network_in_another_number_format(net):
    half = ColourNet(width=8)
    half.load_state_dict(net.state_dict())
    coloured = array(colourise(smooth(), half.double()))
    assert np.abs(coloured - array(colourise(smooth(), net))).max() <= 1


def test_size_and_saturation_come_from_the_weights_given_or_shipped(net, tmp_path, monkeypatch):
    path = weights.save(tmp_path / "mine.safetensors", net, {"size": 24, "saturation": 0.5})
    coloured = colourise(smooth(), path)
    same(coloured, colourise(smooth(), net, 0.5, 24))
    assert (array(coloured) != array(colourise(smooth(), net, 0.5, 64))).any()
    assert (array(coloured) != array(colourise(smooth(), net, 1.0, 24))).any()
    same(colourise(smooth(), str(path), 2.0, 48), colourise(smooth(), net, 1.0, 48))
    monkeypatch.setattr(module, "SHIPPED", path)
    same(colourise(smooth()), coloured)


def test_a_network_trained_here_is_shown_photos_at_its_own_size(net):
    other = ColourNet(width=8).eval()
    other.load_state_dict(net.state_dict())
    runs.remember(other, "a run", 24)
    same(colourise(smooth(), other), colourise(smooth(), net, size=24))


def test_files_that_are_no_pictures(tmp_path):
    with pytest.raises(CourseError, match="There is no file .*nowhere.jpg"):
        colourise(tmp_path / "nowhere.jpg", GREEN)
    with pytest.raises(CourseError, match="is a folder"):
        colourise(tmp_path, GREEN)
    path = tmp_path / "odd.jpg"
    buffer = io.BytesIO()
    Image.effect_noise((200, 200), 80).save(buffer, "JPEG")
    cut = buffer.getvalue()[: len(buffer.getvalue()) // 2]
    for content in (b"", b"not a picture", b"<html>", b"\xff\xd8\xff\xe0 and then nothing", cut):
        path.write_bytes(content)
        with pytest.raises(CourseError, match=r"^odd\.jpg cannot be read as a picture: it .*\."):
            colourise(path, GREEN)
    path.write_bytes(cut)
    with Image.open(path) as image, pytest.raises(CourseError, match="cannot be read"):
        colourise(image, GREEN)


WRONG_NETWORKS = [
    (lambda x: x, r"maps \(1, 1, 128, 192\) to ab, \(1, 2, 128, 192\).*\(1, 1, 128, 192\)"),
    (lambda x: None, "answered with NoneType"),
    (lambda x: evaluate.grey(x)[0], "answered with"),
    (lambda x: evaluate.grey(x) / 0, "not finite"),
    (ColourNet, r"ColourNet is a class: give a network, ColourNet\(\)"),
]
WRONG_PICTURES = [
    (None, "not NoneType"),
    (b"bytes", "not bytes"),
    (np.zeros((4, 5, 2), np.uint8), r"\(4, 5, 2\)"),
    (np.zeros((0, 5), np.uint8), r"empty.*\(0, 5\)"),
    (np.zeros((4, 5), np.uint16), "uint16"),
    (np.zeros((4, 5), bool), "bool"),
    (np.full((4, 5), 200.0), "to 200"),
    (np.full((4, 5), np.nan), "nan"),
    (torch.zeros(4, 5), r"C = 1 or 3.*\(4, 5\)"),
    (torch.zeros(4, 5, 3), r"\(4, 5, 3\)"),
    (torch.zeros(2, 3, 4, 5), r"\(2, 3, 4, 5\)"),
    (torch.zeros(1, 4, 5).long(), "int64"),
]
WRONG = [(smooth(), network, words) for network, words in WRONG_NETWORKS]
WRONG += [(picture, GREEN, words) for picture, words in WRONG_PICTURES]


@pytest.mark.parametrize(("picture", "network", "words"), WRONG)
def test_what_is_no_picture_or_answers_without_chroma_is_explained(picture, network, words):
    with pytest.raises(CourseError, match=words):
        colourise(picture, network)


def claims(width, height):
    """A PNG of some bytes that claims to be that large."""
    buffer = io.BytesIO()
    Image.new("1", (1, 1)).save(buffer, "PNG")
    png = bytearray(buffer.getvalue())
    png[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    return bytes(png)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_small_file_that_claims_to_be_huge(tmp_path, monkeypatch):
    path = tmp_path / "bomb.png"
    path.write_bytes(claims(30_000, 30_000))
    with pytest.raises(CourseError, match="bomb.png cannot be read .* 178 million pixels"):
        colourise(path, GREEN)
    path.write_bytes(claims(12_000, 12_000))  # Pillow would open it
    monkeypatch.setattr(memory, "free_memory", lambda device: 500_000_000)
    with pytest.raises(CourseError, match="it is too large: 12000 x 12000 .* 1.4 GB .* 500 MB are"):
        colourise(path, GREEN)
    with Image.open(path) as image, pytest.raises(CourseError, match="500 MB are free"):
        colourise(image, GREEN)


def test_large_photos_pass_without_a_warning(tmp_path, monkeypatch):
    RGB.save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 60 * 40 * 2 // 3)  # Pillow warns from there
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert colourise(tmp_path / "a.png", GREEN).size == (60, 40)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 60 * 40 // 3)
    with pytest.raises(CourseError, match="pixels"):
        colourise(tmp_path / "a.png", GREEN)
