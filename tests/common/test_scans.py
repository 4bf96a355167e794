"""Scans: thumbnails before the picture, floats, 12 bits in 16, and codecs not read here."""

import io
import struct

import numpy as np
import pytest
from PIL import Image
from test_pictures import difference, encoded, png_16_bit, smooth

from colourlib import CourseError, colourise, evaluate, show
from colourlib.album import batch
from colourlib.clean.measures import look
from colourlib.collect import fetch
from colourlib.common.opening import opened
from colourlib.common.pictures import THUMBNAIL, open_picture, unusual
from colourlib.common.unreadable import open_photo

RAMP = np.linspace(0, 1, 256, dtype=np.float32)[None].repeat(8, 0)  # what becomes 0 to 255
DEEP = (RAMP * 4095).round().astype(np.uint16)  # 12 bits
SIZES = (72, 48), (144, 96), (288, 192), (300, 900)
SMALL, MIDDLE, LARGE, TALL = (np.asarray(smooth(size)) for size in SIZES)
LIT = np.where(RAMP > 0.9, RAMP * 8, RAMP)  # a tenth of it is brighter than white
LAST = np.arange(RAMP.size).reshape(RAMP.shape) == RAMP.size - 1  # one of them
UPPER = (DEEP >> 8) / np.float32(15)  # of the 12 bits in each colour Pillow reads 4


def tiff(*pages: tuple) -> bytes:
    """A TIFF of pages (pixels, further tags, and if need be a sub-page, the same), by hand."""
    out, link = bytearray(b"II*\0" + bytes(4)), 4  # link: four bytes that point to the next page

    def put(link: int, pixels: np.ndarray, more: dict[int, int], *below) -> int:
        if below:
            out.extend(bytes(4))
            put(start := len(out) - 4, *below[0])
            more = more | {330: struct.unpack_from("<I", out, start)[0]}
        (height, width, *bands), kind = pixels.shape, " uif".index(pixels.dtype.kind)
        tags = {256: width, 257: height, 258: pixels.itemsize * 8, 259: 1, 262: 1 + len(bands),
                273: len(out), 277: [1, *bands][-1], 278: height, 279: pixels.nbytes,
                339: kind} | more  # fmt: skip
        out.extend(pixels.tobytes())
        out[link : link + 4] = struct.pack("<I", len(out))
        rows = [struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags)]
        out.extend(struct.pack("<H", len(tags)) + b"".join(rows) + bytes(4))
        return len(out) - 4

    for page in pages:
        link = put(link, *page)
    return bytes(out)


@pytest.mark.parametrize("pages", [
    [(SMALL, {254: 1}), (LARGE, {254: 0})], [(SMALL, {255: 2}), (LARGE, {255: 1})],
    [(SMALL, {254: 1}, (LARGE, {254: 0}))], [(SMALL, {}), (LARGE, {})], [(SMALL, {}, (LARGE, {}))],
    [(SMALL, {254: 1}), (MIDDLE, {}), (LARGE, {}), (TALL, {254: 1})],
    [(LARGE[..., 0].copy(), {254: 4}), (LARGE, {})],  # a mask
])  # fmt: skip
def test_every_opener_takes_the_full_page_behind_a_thumbnail(tmp_path, pages):
    path, content = tmp_path / "a.tif", tiff(*pages)
    path.write_bytes(content)
    for picture in (open_photo(path)[0], open_photo(io.BytesIO(content))[0], opened(path),
                    open_picture(path), show.as_array(path)):  # fmt: skip
        assert np.array_equal(np.asarray(picture), LARGE)
    assert open_picture(path, 50).size == (96, 64)
    assert colourise(path, evaluate.grey, size=32).size == (288, 192)
    assert fetch.measure(content, True)[:2] == (288, 192) and look(path)["too small"] == 192
    done = batch.colourise_files([path], tmp_path / "b.png", evaluate.grey)
    assert Image.open(done.coloured[0]).size == (288, 192)
    assert done.notes == {batch.OWN_COLOURS: [path], THUMBNAIL: [path]}


@pytest.mark.parametrize("pages", [
    [(LARGE, {254: 0}), (MIDDLE, {254: 1})], [(MIDDLE, {254: 2}), (TALL, {254: 2})],
    [(SMALL, {254: 1})], [(SMALL, {254: 1, 330: 10**6})], [(MIDDLE, {}), (MIDDLE[::-1], {})],
])  # fmt: skip
def test_a_first_page_that_is_no_thumbnail_stays(pages):
    photo, _ = open_photo(io.BytesIO(tiff(*pages)))
    assert np.array_equal(np.asarray(photo), pages[0][0]) and not unusual(photo)


@pytest.mark.parametrize(("pixels", "tags", "becomes", "said"), [
    (np.where(LAST, 1.02, RAMP), {}, RAMP, "values above 1 are white, too"),
    (np.where(LAST, 3, RAMP), {}, RAMP, "above 1 "), (LIT, {}, LIT.clip(0, 1), "above 1 "),
    (RAMP * 3, {}, (RAMP * 3).clip(0, 1), "above 1 "),  # an open sky fills two thirds
    (np.where(LAST, np.inf, RAMP), {}, RAMP, ""), ((RAMP * 9).round(), {}, RAMP * 9 / 255, "black"),
    (np.where(LAST, 5000, RAMP * 255), {}, RAMP, "above 255 "),
    (np.where(LAST, 4e9, RAMP * 4e6), {}, RAMP, "above"),
    (DEEP, {281: 4095}, RAMP, ""), (DEEP[..., None].repeat(3, -1), {281: 4095}, UPPER, ""),
    (DEEP * 16, {281: 1023}, RAMP / 1.0002, ""),  # a tag that is wrong
    (DEEP * 3, {281: 4095 * 3}, RAMP * 0.1875, ""),  # this photo's brightest: no full level
    (DEEP, {}, RAMP / 16, "nearly black"), ((RAMP * 32767).astype(np.int16), {}, RAMP, ""),
])  # fmt: skip
def test_outliers_never_decide_what_is_white_and_a_tag_may(pixels, tags, becomes, said):
    photo, _ = open_photo(io.BytesIO(tiff((pixels, tags))))
    assert said in unusual(photo) and bool(unusual(photo)) == bool(said)
    got = np.asarray(open_picture(io.BytesIO(tiff((pixels, tags)))))[..., 0]
    assert difference(got, becomes * 255) <= 1.1


def test_a_dark_png_stays_dark_and_is_told():  # its 16 bits are full; so is what sBIT tells
    assert difference(open_picture(png_16_bit(DEEP[..., None])), DEEP[..., None] / 257) <= 1
    assert "nearly black" in unusual(open_photo(png_16_bit(DEEP[..., None]))[0])


@pytest.mark.parametrize("content", [
    struct.pack("<2s3I", b"BM", 400, 0, 66)  # ten bits a colour
    + struct.pack("<3I2H9I", 40, 8, 8, 1, 32, 3, 0, 0, 0, 0, 0, 1023 << 20, 1023 << 10, 1023),
    *(tiff((SMALL, {259: codec})) for codec in (50002, 52546, 34712, 32809)),  # JPEG-XL and others
    tiff((SMALL, {254: 1}), (LARGE, {259: 34712})), tiff((SMALL, {254: 1}, (DEEP, {262: 32803}))),
    tiff((LIT[..., None].repeat(3, -1), {})), tiff((np.zeros((8, 8, 5), np.uint8), {262: 1})),
    b"\xff\x0a\xfa\x1f\x41\x90", b"\0\0\0\x0cJXL \r\n\x87\n", b"8BPS\0\1",
])  # fmt: skip
def test_a_codec_that_is_not_read_here_is_not_damage(tmp_path, content):
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(CourseError, match=r"^(?!.*damaged).*not read here.* as JPEG or PNG\.$"):
        opened(tmp_path / "a.tif")
    assert "not read here" in look(tmp_path / "a.tif")["unreadable"]
    with pytest.raises(fetch.Rejected, match="^a kind of picture that is not read here"):
        fetch.measure(content, True)


@pytest.mark.parametrize("codec", ["tiff_lzw", "tiff_adobe_deflate", "raw", "jpeg"])
def test_a_tiff_that_is_cut_short_is_still_damaged(codec):
    content = encoded(smooth((300, 200)), "TIFF", compression=codec).getvalue()
    with pytest.raises(CourseError, match="cut short or damaged"):
        open_photo(io.BytesIO(content[: len(content) // 2]))
