"""Opening pictures: every kind of file against values worked out without the code under test."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import (
    EpsImagePlugin,
    Image,
    ImageOps,
    PngImagePlugin,
    UnidentifiedImageError,
    features,
)  # fmt: skip
from skimage.color import lab2rgb, xyz2rgb

from colourlib import colourise, evaluate, show
from colourlib.clean.measures import look
from colourlib.common.pictures import normalise, open_picture

needs_lcms = pytest.mark.skipif(
    not features.check("littlecms2"), reason="this Pillow was built without colour management"
)


def encoded(image: Image.Image, kind: str, **more) -> io.BytesIO:
    image.save(file := io.BytesIO(), kind, **more)
    return io.BytesIO(file.getvalue())


def smooth(size=(96, 64), seed=1) -> Image.Image:
    """A colourful picture without fine detail, no two corners of it alike."""
    noise = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def turned_exif(value: int = 6) -> Image.Exif:
    """EXIF that says how the camera was held."""
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def private(kind: str, turned: int = 6) -> dict:
    """How to save a picture that tells of its owner: in EXIF, by GPS, in a comment."""
    exif = turned_exif(turned)
    exif[0x010E], exif[0x0132] = "at home with Ann", "1999:01:01 00:00:00"
    exif.get_ifd(0x8825)[2] = (47.0, 22.0, 11.0)  # GPS latitude
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "at home with Ann")
    return {"exif": exif, "pnginfo": text} | ({"comment": "Ann"} if kind == "JPEG" else {})


def middle(image: Image.Image) -> np.ndarray:
    """The pixel in the middle as (3,) int."""
    assert image.mode == "RGB"
    return np.array(image.getpixel((image.width // 2, image.height // 2)), dtype=int)


def difference(one, other) -> float:
    """The largest difference of two pictures or arrays of pixels, in grey levels."""
    return np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float)).max()


def off(file: io.BytesIO, pixels) -> float:
    """How far a file, opened, is from these pixels at most, in grey levels."""
    return difference(open_picture(file), pixels)


def profile(space: bytes, pcs: bytes, kind: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile, version 2.1, with these tags."""
    at, table, data = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, at + len(data), len(content))
        data += content
    d50, about = (63190, 65536, 54061), b"\x02\x10\x00\x00" + kind + space + pcs
    header = struct.pack(">I4x16s12x4s28x3i48x", at + len(data), about, b"acsp", *d50)
    return header + table + data


def xyz(*values: float) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *(round(v * 65536) for v in values))


def light(v: np.ndarray) -> np.ndarray:
    """sRGB 0..1 as linear light."""
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


CURVE = struct.pack(">4s4xI", b"curv", 1024)  # that of sRGB
CURVE += (light(np.linspace(0, 1, 1024)) * 65535).round().astype(">u2").tobytes()
# Apple's published numbers of Display P3 (adapted to D50, as a profile wants them).
DISPLAY_P3 = profile(b"RGB ", b"XYZ ", b"mntr", {
    b"wtpt": xyz(0.9505, 1, 1.0891),
    b"rXYZ": xyz(0.51512, 0.24120, -0.00105), b"rTRC": CURVE,
    b"gXYZ": xyz(0.29198, 0.69225, 0.04189), b"gTRC": CURVE,
    b"bXYZ": xyz(0.15710, 0.06657, 0.78407), b"bTRC": CURVE,
})  # fmt: skip
D50 = xyz(0.9642, 1, 0.8249)
LINEAR = {b"wtpt": D50, b"kTRC": struct.pack(">4s4xIH", b"curv", 1, 256)}
GREY_1_0 = profile(b"GRAY", b"XYZ ", b"mntr", LINEAR)  # a gamma of 1


def printer(ink_to_lab, darkest: float = 0, kind=b"prtr") -> bytes:
    """A profile of CMYK whose 16 corners have the Lab values that ink_to_lab(c, m, y, k) gives."""
    corners = [ink_to_lab(*(n >> bit & 1 for bit in (3, 2, 1, 0))) for n in range(16)]
    lab = [(max(L, darkest) * 2.55, a + 128, b + 128) for L, a, b in corners]
    ramp = bytes(range(256))
    lut = struct.pack(">4s4x4B", b"mft1", 4, 3, 2, 0)
    lut += struct.pack(">9i", *(65536 * (n % 4 == 0) for n in range(9))) + ramp * 4
    lut += bytes(round(v) for corner in lab for v in corner) + ramp * 3
    return profile(b"CMYK", b"Lab ", kind, {b"wtpt": D50, b"A2B0": lut, b"A2B1": lut})


def odd_inks(c, m, y, k):
    """Inks that are not what their names say: "cyan" prints a brick red, "magenta" a dull green."""
    return (0, 0, 0) if k or c + m + y > 1 else (100 - 50 * (c + m + y), 30 * (c - m), 20 * c)


@needs_lcms
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("side", [None, 100])
@pytest.mark.parametrize("p3", [(200, 120, 90), (90, 160, 120), (70, 90, 170), (255, 255, 255)])
def test_a_wide_gamut_picture_comes_out_in_srgb(kind, side, p3):
    more = {"JPEG": {"quality": 98}, "WEBP": {"lossless": True}}.get(kind, {})
    file = encoded(Image.new("RGB", (840, 800), p3), kind, icc_profile=DISPLAY_P3, **more)
    to_xyz = [[0.4865709, 0.2656677, 0.1982173], [0.2289746, 0.6917385, 0.0792869],
              [0, 0.0451134, 1.0439444]]  # SMPTE EG 432-1, white D65  # fmt: skip
    expected = xyz2rgb((to_xyz @ light(np.array(p3) / 255))[None, None])[0, 0] * 255
    got = middle(open_picture(file, side))
    assert np.abs(got - expected).max() <= 2
    assert p3[0] == 255 or np.abs(np.array(p3) - expected).max() >= 5  # it did matter


INKS = {  # without a profile ink takes light away
    (0, 0, 0, 0): (255, 255, 255), (0, 255, 255, 0): (255, 0, 0), (0, 0, 0, 255): (0, 0, 0),
    (128, 0, 0, 64): (95, 191, 191),  # 255 * (1 - 128/255) * (1 - 64/255)
}  # fmt: skip
OF_ONE_COLOUR = [  # mode, colour, kind of file, how it is saved, what it becomes, give or take
    ("1", 1, "PNG", {}, 255, 0),
    ("L", 77, "PNG", {}, 77, 0),
    ("L", 7, "PNG", {"transparency": 7}, 255, 0),
    ("RGB", (0, 255, 0), "PNG", {"transparency": (0, 255, 0)}, 255, 0),
    ("RGB", (0, 255, 0), "PNG", {"transparency": (1, 255, 0)}, (0, 255, 0), 0),
    # Pillow holds L* as 0..255, and a*, b* plus 128
    ("LAB", (153, 158, 148), "TIFF", {}, lab2rgb([[[60.0, 30, 20]]])[0, 0] * 255, 6),
    *(("CMYK", inks, "JPEG", {"quality": 100}, rgb, 2) for inks, rgb in INKS.items()),
    *(("CMYK", inks, "TIFF", {}, rgb, 2) for inks, rgb in INKS.items()),
]
# Linear light to sRGB; and the darkest ink is black, though L* 15 would be (38, 38, 38).
PROFILES = {"icc_profile": GREY_1_0}, {"icc_profile": printer(odd_inks, 15, b"scnr")}
WITH_PROFILE = [
    ("L", 55, "PNG", PROFILES[0], 255 * (1.055 * (55 / 255) ** (1 / 2.4) - 0.055), 2),
    ("CMYK", (255, 255, 255, 255), "TIFF", PROFILES[1], 0, 3),
]


@pytest.mark.parametrize(
    ("mode", "value", "kind", "how", "becomes", "give_or_take"),
    OF_ONE_COLOUR + [pytest.param(*case, marks=needs_lcms) for case in WITH_PROFILE],
)
def test_a_picture_of_one_colour(mode, value, kind, how, becomes, give_or_take):
    opened = open_picture(encoded(Image.new(mode, (64, 64), value), kind, **how))
    assert np.abs(middle(opened) - becomes).max() <= give_or_take


@needs_lcms
@pytest.mark.parametrize("side", [None, 100])
@pytest.mark.parametrize("inks", [(255, 0, 0, 0), (0, 255, 0, 0), (0, 0, 0, 0), (128, 0, 0, 0)])
def test_ink_with_a_profile_is_what_the_printer_says(inks, side):
    image = Image.new("CMYK", (840, 800), inks)
    file = encoded(image, "JPEG", quality=100, icc_profile=printer(odd_inks))
    lab = odd_inks(*(ink / 255 for ink in inks))  # half the ink, half the way
    # ICC's Lab is relative to D50, scikit-image's to D65: for mild colours nearly the same.
    expected = lab2rgb([[lab]])[0, 0] * 255
    assert np.abs(middle(open_picture(file, side)) - expected).max() <= 5


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_profile_or_exif_that_makes_no_sense_is_ignored():
    image = smooth()
    for bad in (b"no profile", DISPLAY_P3[:200], b"", printer(odd_inks), GREY_1_0):
        assert off(encoded(image, "PNG", icc_profile=bad), image) == 0
    for exif in (b"Exif\0\0MM\0*\0\0\0\x08\0\xff\x01\x12", b"Exif\0\0" + b"\xff" * 50, b"Exif"):
        assert off(encoded(image, "PNG", exif=exif), image) == 0
        assert open_picture(encoded(image, "JPEG", exif=exif)).size == image.size


def test_what_is_see_through_lies_on_white():
    colour, alpha = np.array([200, 100, 0]), np.arange(256)
    pixels = np.insert(np.tile(colour, (1, 256, 1)), 3, alpha, axis=-1).astype(np.uint8)
    expected = 255 + (colour - 255) * alpha[:, None] / 255
    for kind, more in {"PNG": {}, "WEBP": {"lossless": True, "exact": True}, "TIFF": {}}.items():
        assert off(encoded(Image.fromarray(pixels), kind, **more), expected[None]) <= 1, kind
    grey = Image.fromarray(pixels[:, :, [0, 3]])
    assert grey.mode == "LA" and off(encoded(grey, "PNG"), expected[None, :, :1]) <= 1
    # When it is made smaller the colours of what is see-through do not bleed.
    pixels = np.zeros((400, 400, 4), np.uint8)
    pixels[::2] = 255, 0, 0, 255  # rows of red; between them black that cannot be seen
    got = middle(open_picture(encoded(Image.fromarray(pixels), "PNG"), 100))
    assert np.abs(got - (255, 127, 127)).max() <= 2


def test_palettes_with_and_without_a_transparent_colour_and_those_that_are_averaged():
    image = Image.new("P", (40, 20))
    image.putpalette([200, 100, 0, 250, 20, 40] + [0] * 762)
    image.paste(1, (20, 0, 40, 20))
    see_through = {"transparency": 0}, (255, 255, 255)
    half = {"transparency": bytes([51] + [255] * 255)}, (244, 224, 204)  # 20 %, and 80 % white
    opaque = {}, (200, 100, 0)
    cases = [(kind, *case) for kind in ("PNG", "GIF") for case in (opaque, see_through)]
    for kind, how, left in [*cases, ("PNG", *half)]:
        opened = open_picture(encoded(image, kind, **how))
        assert np.abs(np.subtract(opened.getpixel((5, 5)), left)).max() <= (how is half[0])
        assert opened.getpixel((30, 5)) == (250, 20, 40)
    image = Image.fromarray(np.indices((400, 400)).sum(0).astype(np.uint8) % 2 * 255).convert("P")
    image.putpalette([255, 0, 0] + [9, 9, 9] * 254 + [0, 0, 255])
    got = middle(open_picture(encoded(image, "PNG"), 100))
    assert np.abs(got - (127, 0, 127)).max() <= 1


def png_16_bit(pixels: np.ndarray) -> io.BytesIO:
    """(H, W, C) of 0..65535 as a PNG, written by hand: Pillow writes no such colours."""
    height, width, channels = pixels.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        png += struct.pack(">I", len(data)) + name + data
        png += struct.pack(">I", zlib.crc32(name + data))
    return io.BytesIO(png)


def test_16_bits_keep_their_levels():
    levels = np.arange(0, 65536, 16).reshape(64, 64)
    opaque = [np.full_like(levels, 65535)]
    for channels in ([levels], [levels] * 3, [levels, *opaque], [levels] * 3 + opaque):
        assert off(png_16_bit(np.stack(channels, -1)), levels[..., None] / 257) <= 1


def tiff(pixel: int, bits: int, white_is_zero: bool) -> io.BytesIO:
    """A TIFF of 4 x 4 equal pixels, written by hand: Pillow writes neither kind."""
    if bits == 12:
        row = (pixel << 12 | pixel).to_bytes(3, "big") * 2  # two pixels in three bytes
    else:
        row = pixel.to_bytes(2, "little") * 4
    data, tags = row * 4, [
        (256, 4), (257, 4), (258, bits), (259, 1), (262, 0 if white_is_zero else 1),
        (273, 8), (277, 1), (278, 4), (279, len(row) * 4),
    ]  # fmt: skip
    entries = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags)
    head = b"II*\0" + struct.pack("<I", 8 + len(data))
    return io.BytesIO(head + data + struct.pack("<H", len(tags)) + entries + bytes(4))


@pytest.mark.parametrize(("bits", "white_is_zero"), [(12, False), (16, False), (16, True)])
def test_scans_of_12_and_16_bits_are_white_where_they_are(bits, white_is_zero):
    full = 2**bits - 1
    for level, grey in ((0, 0), (full, 255), (full // 2, 127)):
        pixel = full - level if white_is_zero else level
        image = Image.open(tiff(pixel, bits, white_is_zero))
        assert image.mode == "I;16" and abs(middle(normalise(image)) - grey).max() <= 1


def test_many_bits_and_floats():
    for told in (0, -3, 70000, (), ("x",), None):  # a TIFF that tells nonsense of its bits has 16
        image = Image.new("I;16", (4, 4), 65535)
        image.tag_v2 = {258: told}
        assert middle(normalise(image)).tolist() == [255] * 3
    ramp = np.linspace(0, 1, 256, dtype=np.float32)[None].repeat(8, 0)
    for pixels in (
        ramp, ramp * 255, ramp * 65535, (ramp * 65535).astype(np.uint16),
        (ramp * 65535).astype(np.int32), ramp * 4e6, (ramp * 2e9).astype(np.int32),
    ):  # fmt: skip
        assert off(encoded(Image.fromarray(pixels), "TIFF"), np.arange(256)[:, None]) <= 1
    dark = Image.fromarray(np.full((8, 8), 2570, np.int32))  # not stretched: 16 bits hold it
    assert middle(normalise(dark)).tolist() == [10] * 3
    strange = np.array([[np.nan, -5, 0.5, 1]], np.float32)
    assert np.asarray(normalise(Image.fromarray(strange)))[0, :, 0].tolist() == [0, 0, 128, 255]
    assert middle(normalise(Image.new("I;16", (4, 4)))).tolist() == [0] * 3


def test_of_an_animation_the_first_frame():
    red, *others = [Image.new("RGB", (40, 30), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "PNG", "WEBP"):
        file = encoded(red, kind, save_all=True, append_images=others, lossless=True)
        assert Image.open(file).n_frames == 3 and off(file, red) == 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("side", [None, 50])
@pytest.mark.parametrize("value", range(1, 9))
def test_every_way_to_hold_a_camera(kind, value, side):
    image, exif = smooth((300, 200)), turned_exif(value)
    file = encoded(image, kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {}))
    expected = ImageOps.exif_transpose(Image.open(encoded(image, "PNG", exif=exif)))
    opened = open_picture(file, side)
    assert opened.size == tuple(n // (4 if side else 1) for n in expected.size)
    assert difference(opened, expected.resize(opened.size, Image.Resampling.BOX)) < 40


def test_a_tiff_is_turned_when_it_is_opened_by_its_name(tmp_path):
    for mode in ("L", "RGBA", "RGB"):  # Pillow maps the first two into memory
        smooth().convert(mode).save(tmp_path / "a.tif", exif=turned_exif())
        opened = open_picture(tmp_path / "a.tif")
        assert opened.size == (64, 96)
        assert off(io.BytesIO((tmp_path / "a.tif").read_bytes()), opened) == 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_but_the_pixels_is_left(kind):
    more = {"icc_profile": DISPLAY_P3, "xmp": b"<x>Ann</x>"}
    file = encoded(smooth(), kind, **more, **private(kind, turned=3))
    assert b"Ann" in file.getvalue()
    opened = open_picture(file)
    assert opened.info == {} and dict(opened.getexif()) == {}
    for other in ("JPEG", "PNG", "WEBP", "TIFF"):
        saved = encoded(opened, other)
        assert b"Ann" not in saved.getvalue()
        with Image.open(saved) as again:
            assert "icc_profile" not in again.info
            assert not again.getexif().get_ifd(0x8825) and 0x0112 not in again.getexif()


def test_a_picture_that_is_open_already_is_left_as_it_is():
    with Image.open(encoded(smooth(), "JPEG", exif=turned_exif())) as image:
        upright = normalise(image)
        assert (image.size, upright.size) == ((96, 64), (64, 96))
        assert image.getexif()[0x0112] == 6
    assert difference(normalise(smooth().convert("YCbCr")), smooth()) <= 3
    again = normalise(upright)
    assert again is not upright and difference(again, upright) == 0
    again.paste("red", (0, 0, 96, 96))
    assert difference(again, upright) > 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("size", [(1600, 800), (799, 1203), (4000, 90), (64, 64), (257, 1100)])
def test_no_more_pixels_than_it_takes(kind, size):
    image = smooth(size)
    opened = open_picture(encoded(image, kind), 64)
    assert 64 <= min(opened.size) <= max(128, min(64, *size))
    assert opened.width / opened.height == pytest.approx(size[0] / size[1], rel=0.03)
    means = [np.asarray(picture).mean(axis=(0, 1)) for picture in (opened, image)]
    assert np.abs(means[0] - means[1]).max() < 1.5
    assert open_picture(encoded(image, kind)).size == size


@pytest.mark.parametrize("side", [None, 64])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_a_file_that_is_cut_short_missing_or_no_picture_is_an_error(tmp_path, kind, side):
    noise = np.random.default_rng(0).integers(0, 256, (400, 300, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), kind).getvalue()
    (tmp_path / "cut").write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises((OSError, ValueError, SyntaxError)):
        open_picture(tmp_path / "cut", side)
    for content in (b"", b"<html>", b"<svg xmlns='http://www.w3.org/2000/svg'/>"):
        with pytest.raises(OSError):
            open_picture(io.BytesIO(content))
    with pytest.raises(FileNotFoundError):
        open_picture(tmp_path / "none.jpg")


@pytest.mark.parametrize("start", [b"", bytes.fromhex("c5d0d3c6") + b"\x20\0\0\0" + bytes(24)])
def test_a_program_from_the_web_is_never_run(tmp_path, monkeypatch, start):
    """An EPS is a program, and Pillow has Ghostscript run it, whatever the file is called."""
    asked, path = [], tmp_path / "holiday.jpg"
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *all_, **how: asked.append(all_))
    path.write_bytes(start + b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n%%EndComments\n")
    with pytest.raises(UnidentifiedImageError):
        open_picture(path)
    assert look(path) == {"unreadable": "a PostScript program (EPS), not a picture"}
    assert "PostScript program" in show.photo_or_reason(path)[1]
    assert asked == []


@pytest.mark.parametrize("kind", ["BMP", "PNG", "TIFF", "JPEG"])
def test_the_file_is_read_and_let_go(tmp_path, kind):
    path, image = tmp_path / "a", smooth()
    path.write_bytes(content := encoded(image, kind).getvalue())
    opened = open_picture(str(path))
    before = np.array(opened)
    assert path.read_bytes() == content
    path.write_bytes(bytes(len(content)))  # a file that Pillow had mapped would change the picture
    path.unlink()  # and could not be removed on Windows
    assert (np.asarray(opened) == before).all()
    open_picture(file := io.BytesIO(content))
    assert not file.closed


def test_figures_and_the_colouriser_open_pictures_in_the_same_way(tmp_path):
    smooth().save(tmp_path / "a.jpg", exif=turned_exif(), icc_profile=DISPLAY_P3)
    expected = np.asarray(open_picture(tmp_path / "a.jpg"))
    assert (show.as_array(tmp_path / "a.jpg") == expected).all()
    with Image.open(tmp_path / "a.jpg") as image:
        assert (show.as_array(image) == expected).all()
        from_image = colourise.colourise(image, evaluate.grey, size=64)
    from_file = colourise.colourise(tmp_path / "a.jpg", evaluate.grey, size=64)
    assert from_file.size == (64, 96) and difference(from_file, from_image) == 0
    levels = np.linspace(20_000, 60_000, 32 * 32).reshape(32, 32).astype(np.uint16)
    Image.fromarray(levels).save(tmp_path / "deep.png")
    grey = colourise.colourise(tmp_path / "deep.png", evaluate.grey, size=32)
    assert difference(grey, levels[..., None] / 257) <= 2
