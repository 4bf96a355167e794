"""What is measured of a picture: each measure against values known by arithmetic; streaming."""

import io
import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from colourlib.clean import measures, rules
from colourlib.collect.manifest import Photo
from colourlib.practice import lab_to_rgb
from colourlib.practice.faults.files import jpeg


def painted(L: np.ndarray, ab: np.ndarray) -> Image.Image:
    return Image.fromarray(lab_to_rgb(L.astype(np.float32), ab.astype(np.float32)))


def noisy(size=(160, 120), seed=1, low=0, high=256) -> np.ndarray:
    """(H, W, 3) uint8, every pixel by chance."""
    return np.random.default_rng(seed).integers(low, high, (size[1], size[0], 3), dtype=np.uint8)


def saved(image: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(jpeg(image, quality))).convert("RGB")


def test_chroma_sees_one_lamp_but_not_one_pixel():
    for share, low, high in ((0.02, 100, 110), (0.005, 0, 0.5), (0, 0, 0.5)):
        pixels = np.full((100, 100, 3), 90, np.uint8)
        pixels.reshape(-1, 3)[: round(10_000 * share)] = (255, 0, 0)  # chroma 104.6
        assert low <= measures.chroma(Image.fromarray(pixels)) <= high


def test_coloured_grain_is_no_colour():
    image = Image.open(Path(__file__).parents[2] / "data" / "photos" / "lake.jpg")
    grain = np.random.default_rng(0).normal(0, 14, (image.height, image.width, 3))
    grey = np.asarray(image.convert("L"))[..., None] + grain
    grey = Image.fromarray(grey.clip(0, 255).astype(np.uint8))
    stored = io.BytesIO(jpeg(grey))
    assert measures.look(stored)["grey"] < rules.LIMITS["grey"] < measures.chroma(grey) / 2


def test_stray_is_the_distance_from_the_best_curve_of_colour_over_lightness():
    L, left = np.full((240, 240), 60.0), np.arange(240) < 120
    for a, stray in ((20, 20), (8, 8), (2, 5)):  # below a chroma of 5: as if it were 5
        ab = np.zeros((240, 240, 2))
        ab[..., 0] = np.where(left, a, -a)  # one lightness, two colours: the best curve is grey
        assert measures.stray(painted(L, ab)) == pytest.approx(stray, rel=0.1)
    L = np.linspace(25, 85, 240)[None] + np.zeros((240, 240))
    one_tint = (8 + 0 * L, 12 + 0.1 * L)
    another_for_every_lightness = (14 * np.sin(L / 25), 15 * np.cos(L / 25))
    for curve in (one_tint, another_for_every_lightness):
        ab = np.stack(curve, axis=-1)
        assert measures.stray(painted(L, ab)) < 0.25
        ab[:120, :, 0] += 8  # the best curve is 4 higher: 4 are left in six of seven rows of fields
        assert measures.stray(painted(L, ab)) == pytest.approx(4 * np.sqrt(6 / 7), rel=0.1)


def test_a_toned_photo_stays_one_when_it_is_saved_badly_and_a_colour_photo_does_not():
    # Fine light and shade all over, which JPEG with its coarse colours blurs the tint across.
    grey = Image.fromarray(noisy((256, 192))[..., 0]).filter(ImageFilter.GaussianBlur(1.5))
    grey = Image.eval(grey, lambda value: min(255, max(0, 4 * value - 384)))
    tone = np.array([1.351, 1.203, 0.937])  # the usual sepia; bright places are clipped
    sepia = np.clip(np.asarray(grey, float)[..., None] * tone, 0, 255).astype(np.uint8)
    limit = rules.LIMITS["single tint"]
    for quality in (95, 85, 75):
        assert measures.stray(saved(Image.fromarray(sepia), quality)) < limit
    hand_coloured = sepia.copy()
    hand_coloured[60:110, 80:140, 0] //= 2  # one thing in it has a colour of its own
    assert measures.stray(saved(Image.fromarray(hand_coloured), 85)) > 2 * limit
    # Nor does fog with next to no colour count as toned.
    L = np.linspace(60, 85, 240)[:, None] + np.zeros((240, 240))
    ab = np.zeros((240, 240, 2))
    ab[..., 1] = 1.5 * np.sin(np.arange(240) / 40)  # hardly bluish here, hardly yellowish there
    assert measures.chroma(painted(L, ab)) < 3
    assert measures.stray(painted(L, ab)) > 2 * limit


RED, BLUE = (200, 60, 60), (60, 60, 200)


def halves(left, right) -> np.ndarray:
    pixels = np.empty((256, 256, 3), np.uint8)
    pixels[:, :128], pixels[:, 128:] = left, right
    return pixels


def test_plain_colour_beside_a_hard_edge_is_counted_exactly_and_nothing_else():
    # Columns 127 and 128 are the edge; 8 on each side of them are plain: 16 of 256.
    assert measures.plain(halves(RED, BLUE)) == (pytest.approx(6.25), 0)
    assert measures.plain(halves(RED, (0, 0, 0))) == (pytest.approx(3.125), 0)
    no_edge, soft_edge = halves(RED, RED), halves(RED, (200, 140, 60))
    silhouette = halves((0, 0, 0), (255, 255, 255))
    camera_noise = halves(RED, BLUE) + noisy((256, 256), high=3)
    for pixels in (no_edge, soft_edge, silhouette, camera_noise):
        assert measures.plain(pixels)[0] < 0.3
    pixels = noisy((256, 256))
    pixels[100:140, 100:140] = RED  # 2.4 % of the picture: too rare to count
    assert measures.plain(pixels)[0] == 0
    pixels[100:160, 100:160] = RED  # 5.5 %
    assert measures.plain(pixels)[0] > 1


def test_a_page_of_writing_is_white_around_its_letters_and_a_photo_is_not():
    sheet = Image.new("RGB", (256, 256), (250, 248, 244))
    for x, y in itertools.product(range(8, 240, 12), range(8, 240, 24)):  # letters, say
        ImageDraw.Draw(sheet).rectangle((x, y, x + 3, y + 7), "black")
    for page in (sheet, saved(sheet, 85)):
        assert measures.plain(np.asarray(page))[1] > rules.LIMITS["page of text"]
    snow = Image.new("RGB", (256, 256), "white")  # burnt out, with a skier on it
    ImageDraw.Draw(snow).ellipse((90, 90, 150, 150), fill=(20, 40, 160))
    assert measures.plain(np.asarray(snow))[1] < rules.LIMITS["page of text"] / 2


def framed(top, bottom, left, right, colour=(240, 240, 240), size=(200, 160)) -> np.ndarray:
    width, height = size[0] - left - right, size[1] - top - bottom
    photo = Image.fromarray(noisy((10, 8), low=40, high=200)).resize((width, height))
    sheet = Image.new("RGB", size, colour)
    sheet.paste(photo, (left, top))
    return np.asarray(sheet).copy()


@pytest.mark.parametrize(
    ("margins", "share"),
    [((40, 40, 50, 50), 75), ((40, 20, 10, 30), 50),  # 100 x 160 of 160 x 200
     ((0, 0, 50, 50), 50), ((40, 40, 0, 0), 50), ((40, 0, 50, 50), 50), ((0, 0, 0, 0), 0),
     ((2, 2, 2, 2), 100 - 100 * 156 * 196 / (160 * 200)),
     ((80, 0, 0, 0), 0)],  # a bar on one side alone may be a sky
)  # fmt: skip
def test_the_share_of_a_frame_is_exact(margins, share):
    for colour in ((240, 240, 240), (0, 0, 0), (230, 210, 255)):
        pixels = framed(*margins, colour)
        assert measures.frame(pixels) == pytest.approx(share)
        compressed = np.asarray(saved(Image.fromarray(pixels), 85))
        assert measures.frame(compressed) == pytest.approx(share, abs=2.5)
    assert measures.frame(np.full((90, 160, 3), 77, np.uint8)) == 100


def test_what_is_even_at_the_rim_of_a_photo_is_no_frame():
    def sheet(values):
        return np.broadcast_to(values, (160, 200, 3)).astype(np.uint8)

    moon, far_moon = Image.new("RGB", (200, 160)), Image.new("RGB", (200, 160), (10, 10, 30))
    ImageDraw.Draw(moon).ellipse((50, 30, 150, 130), fill=(200, 195, 180))
    ImageDraw.Draw(far_moon).ellipse((120, 40, 130, 50), fill=(240, 240, 220))
    stars = sheet(255 * (np.random.default_rng(1).random((160, 200, 1)) < 0.002))
    sea = sheet((200, 220, 240))  # the upper half is sky, with a straight horizon
    sea[80:] = noisy((200, 80), high=120)
    dusk = sheet(np.linspace(40, 255, 160)[:, None, None])  # every row is even, none like the next
    rim = np.minimum(np.arange(160), np.arange(160)[::-1])
    fade = sheet(np.minimum(3 * rim, 200)[:, None, None])  # steeper, and on both sides
    lamp = sheet(5)
    lamp[:, 80:100] = 220  # straight edges, but a thing on plain ground
    room = framed(40, 40, 0, 0, (200, 190, 180))  # walls that the light falls off on, not bars
    room[:40] += np.linspace(0, 24, 40).astype(np.uint8)[:, None, None]
    room[120:] += np.linspace(24, 0, 40).astype(np.uint8)[:, None, None]
    hills = framed(40, 40, 0, 0, (220, 230, 240))
    for x in range(200):
        hills[: 40 + int(12 * np.sin(x / 15)), x] = (220, 230, 240)
        hills[120 + int(12 * np.sin(x / 20)) :, x] = (220, 230, 240)
    for photo in (moon, far_moon, stars, sea, dusk, fade, lamp, room, hills):
        assert measures.frame(np.asarray(photo)) == 0


def test_a_look_has_a_number_for_every_rule_and_leaves_the_file_alone(tmp_path):
    path = tmp_path / "a.jpg"
    Image.fromarray(noisy((300, 200))).save(path)
    before = path.read_bytes(), path.stat().st_mtime_ns
    looked = measures.look(path)
    others = {"dhash", "phash", "taken"}
    assert set(looked) - others == set(rules.LIMITS) - {"near-duplicate", "alike"}
    assert (looked["too small"], looked["extreme shape"]) == (200, 1.5)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert measures.look(tmp_path / "b.jpg") == GONE
    path.write_bytes(before[0][:-500])
    assert list(measures.look(path)) == ["unreadable"]
    for size in ((1, 1), (1, 4000), (4000, 2), (3, 5), (16, 16)):
        Image.fromarray(noisy(size)).save(tmp_path / "a.png")
        looked = measures.look(tmp_path / "a.png")
        assert looked["too small"] == min(size) and np.isfinite(looked["single tint"])


def rows(tmp_path, count: int) -> list[Photo]:
    for i in range(count):
        Image.fromarray(noisy((80, 70), i)).save(tmp_path / f"{i}.png")
    names = [(f"u{i}", f"{i}.png", f"{i:064x}") for i in range(count)]
    return [Photo("q", *three, 1, 80, 70, "PNG", "") for three in names]


def test_a_second_run_opens_no_picture(tmp_path, monkeypatch):
    photos = rows(tmp_path, 4)
    (tmp_path / "3.png").write_bytes(b"broken")
    photos.append(Photo("q", "u4", "", "f" * 64, 1, 0, 0, "", "", "a web page"))
    before = list(measures.look_at_all(tmp_path, photos))
    assert before[4] == {"rejected": "a web page"} and "unreadable" in before[3]
    original, looked = measures.look, []
    monkeypatch.setattr(measures, "look", lambda path: looked.append(path.name) or original(path))
    assert list(measures.look_at_all(tmp_path, photos)) == before
    file = tmp_path / measures.NAME
    file.write_bytes(file.read_bytes()[:-25] + b'\n[1]\n{"a": 2}\n\xff')  # a crash, and worse
    assert list(measures.look_at_all(tmp_path, photos)) == before
    assert looked == ["3.png"]
    monkeypatch.setattr(measures, "MEASURING", measures.MEASURING + 1)
    assert list(measures.look_at_all(tmp_path, photos)) == before
    assert len(looked) == 5


GONE = {"unreadable": "gone since the photos were listed", "may pass": True}


def test_a_file_that_is_gone_is_unreadable_until_it_is_back(tmp_path):
    (row,) = rows(tmp_path, 1)
    path = row.path(tmp_path).rename(tmp_path / "away")
    assert list(measures.look_at_all(tmp_path, [row])) == [GONE]
    path.rename(row.path(tmp_path))
    assert "grey" in next(iter(measures.look_at_all(tmp_path, [row])))


def test_no_more_pictures_are_under_way_than_the_threads_can_use(monkeypatch):
    monkeypatch.setattr(measures.os, "cpu_count", lambda: 3)
    drawn = []
    items = (drawn.append(item) or item for item in range(300))
    for taken, result in enumerate(measures.in_threads(lambda item: item * item, items), start=1):
        assert result == (taken - 1) ** 2  # in their order
        assert len(drawn) <= taken + 4 * 3  # though there are many more to do
    assert taken == 300
    with pytest.raises(ZeroDivisionError):  # an error in a thread comes to light
        list(measures.in_threads(lambda item: 1 / item, [2, 1, 0, 1]))
