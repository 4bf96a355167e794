"""Cleaning: every rule against pictures that break it and others, the hand."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from colourlib import CourseError, clean, practice
from colourlib.clean import by_hand, measures, rules
from colourlib.collect import manifest
from colourlib.common import queries
from colourlib.course import sources
from colourlib.practice.faults import FAULTS
from colourlib.practice.faults.files import Origin, jpeg


def photo_like(seed: int, size=(192, 144), chroma=1.0) -> Image.Image:
    """A picture with structure at several scales; `chroma` below 1 takes colour out."""
    rng = np.random.default_rng(seed)
    grids = [rng.integers(0, 256, (n, n, 3), dtype=np.uint8) for n in (5, 16)]
    image = Image.blend(*[Image.fromarray(grid).resize(size, 3) for grid in grids], 0.35)
    return Image.blend(image.convert("L").convert("RGB"), image, chroma)


def judged(tmp_path, files: dict[str, bytes | Image.Image], **more) -> dict[str, rules.Verdict]:
    """Write files into a folder, collect and judge them: verdicts by file name."""
    for name, content in files.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else jpeg(content))
    rows = sources.collect(tmp_path / "ws", str(tmp_path / "in"))
    verdicts = clean.judge(tmp_path / "ws", rows, **more)
    return {Path(verdict.photo.file).name: verdict for verdict in verdicts}


def keeps(tmp_path) -> list[bool]:
    """Which of the pictures that are there already are kept."""
    return [verdict.keep for verdict in judged(tmp_path, {}).values()]


def judged_as(tmp_path, pictures: dict[str, tuple]) -> dict[str, rules.Verdict]:
    """The verdicts on (picture, rule) by name, where that rule has decided each."""
    found = judged(tmp_path, {name: picture for name, (picture, _) in pictures.items()})
    assert {name: v.rule for name, v in found.items()} == {n: r for n, (_, r) in pictures.items()}
    return found


def test_each_rule_catches_what_it_is_for_and_says_what_it_measured(tmp_path):
    marked = photo_like(2)
    ImageDraw.Draw(marked).text((60, 125), "example.com", fill="white")
    pictures = {
        "good.jpg": (photo_like(1), ""),
        "marked.jpg": (marked, "near-duplicate"),
        "original.jpg": (photo_like(2, (384, 288)), ""),
        "recompressed.jpg": (jpeg(photo_like(2), 35), "near-duplicate"),
        "broken.jpg": (jpeg(photo_like(3))[:-700], "unreadable"),
        "small.jpg": (photo_like(4, (90, 63)), "too small"),
        "strip.jpg": (photo_like(5, (640, 80)), "extreme shape"),
        "grey.jpg": (photo_like(6).convert("L"), "grey"),
        "grey_rgb.png": (photo_like(7).convert("L").convert("RGB"), "grey"),
        "fog.jpg": (photo_like(8, chroma=0.06), ""),
    }
    found = judged_as(tmp_path, pictures)
    assert all(v.keep == (v.reason == "") for v in found.values())
    assert found["small.jpg"].value == 63 and "63 pixels" in found["small.jpg"].reason
    assert found["strip.jpg"].value == 8
    assert found["grey.jpg"].value < 0.5 < 2 < found["fog.jpg"].measures["grey"] < 8
    assert "truncated" in found["broken.jpg"].reason
    assert "original.jpg" in found["marked.jpg"].reason
    assert found["marked.jpg"].value == clean.distance(found["marked.jpg"], found["original.jpg"])
    assert len({found[n].group for n in ("marked.jpg", "original.jpg", "recompressed.jpg")}) == 1
    assert len({v.group for v in found.values()}) == 8  # "" for the broken one
    counts = {"passed": 3, "near-duplicate": 2, "grey": 2}
    counts |= dict.fromkeys(("unreadable", "too small", "extreme shape"), 1)
    assert dict(clean.tally(found.values())) == counts


def test_what_was_turned_away_at_collection_stays_a_row(tmp_path):
    found = judged(tmp_path, {"a.jpg": photo_like(1), "b.jpg": photo_like(1), "c.jpg": b"<html>"})
    assert [v.rule for v in found.values()] == ["", "at collection", "at collection"]
    assert "same bytes as" in found["b.jpg"].reason


def drawing(size=(320, 240)) -> Image.Image:
    """Plain colours, hard outlines, a word."""
    image = Image.new("RGB", size, (120, 190, 235))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 150, 320, 240), fill=(90, 170, 80))
    draw.ellipse((200, 20, 280, 100), fill=(250, 210, 60), outline=(20, 20, 40), width=3)
    draw.polygon([(40, 160), (100, 60), (160, 160)], fill=(190, 70, 50), outline=(20, 20, 40))
    draw.text((30, 180), "OUR SUMMER", fill=(250, 250, 240), font_size=36)
    return image


def toned(image: Image.Image, dark="#2a1a08", light="#f4e4c8") -> Image.Image:
    return ImageOps.colorize(image.convert("L"), dark, light)


def test_the_rules_for_pictures_that_are_no_photos(tmp_path):
    pictures = {
        "photo.jpg": (photo_like(1, (240, 180)), ""),
        "sepia.jpg": (jpeg(toned(photo_like(2)), 80), "single tint"),
        "blueprint.jpg": (jpeg(toned(photo_like(3), "#081848", "#ecf2f0"), 80), "single tint"),
        "drawing.jpg": (drawing(), "drawing or poster"),
        "framed.jpg": (ImageOps.expand(photo_like(4), 40, (30, 60, 90)), "mostly border"),
        "film.jpg": (ImageOps.pad(photo_like(5, (100, 180)), (320, 180)), "mostly border"),
        "passepartout.jpg": (ImageOps.expand(photo_like(6), 8, "white"), ""),
    }
    found = judged_as(tmp_path, pictures)
    for v in found.values():
        assert set(v.measures) == set(rules.LIMITS) - {"near-duplicate", "alike"}
        assert v.keep or v.value == v.measures[v.rule]
    assert "plain colour beside a hard edge" in found["drawing.jpg"].reason
    assert "stray" in found["sepia.jpg"].reason
    assert "% of it is frame, over 25 %" in found["framed.jpg"].reason


def test_every_kind_of_practice_scene_passes(tmp_path):
    scenes = {
        f"{query}-{seed}.jpg": Image.fromarray(practice.scene(query, seed, *size).rgb())
        for seed, size in ((10_001, (160, 160)), (10_003, (192, 160)))
        for query in queries.QUERIES
    }
    found = judged(tmp_path, {name: jpeg(image, 95) for name, image in scenes.items()})
    assert clean.tally(found.values()) == [("passed", 76)]


@pytest.mark.parametrize(
    ("fault", "rule", "at_least"),
    [("greyscale", "grey", 19), ("sepia", "single tint", 17), ("cyanotype", "single tint", 18),
     ("tiny", "too small", 19), ("panorama strip", "extreme shape", 19),
     ("framed", "mostly border", 17), ("poster with text", "drawing or poster", 16),
     ("cartoon", "drawing or poster", 14)],
)  # fmt: skip
def test_the_practice_webs_faults_fall_to_their_rule(tmp_path, fault, rule, at_least):
    files = {
        f"{query}.jpg": FAULTS[fault].answer(Origin(query, 12_000 + i, 192, 160))
        for i, query in enumerate(queries.QUERIES[::2])
    }
    rules = Counter(v.rule for v in judged(tmp_path, files).values())
    assert rules[rule] >= at_least, rules


def test_which_side_of_a_limit_is_the_bad_one():
    sides = {
        "too small": (63, 64), "extreme shape": (3.1, 3.0), "grey": (1.9, 2.0),
        "single tint": (0.4, 0.43), "mostly border": (26, 25), "drawing or poster": (2.1, 2.0),
        "page of text": (15.1, 15.0),
        "near-duplicate": (14, 15), "alike": (20, 21),
    }  # fmt: skip
    assert set(sides) == set(rules.LIMITS)
    for rule, (bad, good) in sides.items():
        limit = rules.LIMITS[rule]
        assert rules.rejects(rule, bad, limit) and not rules.rejects(rule, good, limit)


def test_limits_can_be_moved_in_a_call_and_by_hand_until_that_is_taken_back(tmp_path):
    def rules(**more):
        return [v.rule for v in judged(tmp_path, {}, **more).values()]

    files = {"fog.jpg": photo_like(8, chroma=0.06), "good.jpg": photo_like(1, (300, 120))}
    assert all(v.keep for v in judged(tmp_path, files).values())
    assert rules(limits={"grey": 20, "extreme shape": 2}) == ["grey", "extreme shape"]
    for wrong, says in (({"gray": 3}, "gray.*Choose from"), ({"grey": "3"}, "grey.*give a number")):
        with pytest.raises(CourseError, match=says):
            rules(limits=wrong)
    by_hand.set_limit(tmp_path / "ws", "grey", 20)
    assert rules() == ["grey", ""]
    assert rules(limits={"grey": 1}) == ["", ""]
    by_hand.set_limit(tmp_path / "ws", "grey", None)
    assert rules() == ["", ""]


def test_the_hand_overrules_the_rule_and_can_be_undone(tmp_path):
    files = {"good.jpg": photo_like(1), "grey.jpg": photo_like(6).convert("L")}
    root, found = tmp_path / "ws", judged(tmp_path, files)
    clean.decide(root, found["good.jpg"].photo.sha256, keep=False, note="a poster\nreally")
    clean.decide(root, found["grey.jpg"].photo.sha256, keep=True)
    again = judged(tmp_path, {})
    assert (again["good.jpg"].keep, again["grey.jpg"].keep) == (False, True)
    assert again["good.jpg"].rule == again["grey.jpg"].rule == "by hand"
    assert "against the rule: grey" in again["grey.jpg"].reason
    assert clean.tally(again.values()) == [("by hand", 1), ("by hand, kept", 1)]
    text = (root / "decisions.txt").read_text(encoding="utf-8")
    assert f"reject {found['good.jpg'].photo.sha256[:16]}  # a poster really\n" in text
    clean.decide(root, found["good.jpg"].photo.sha256, keep=None)
    clean.decide(root, found["grey.jpg"].photo.sha256, keep=False)
    assert list(clean.decisions(root).values()) == [False]
    last = judged(tmp_path, {})
    assert last["good.jpg"] == found["good.jpg"]
    assert last["grey.jpg"].reason.startswith("by hand: rejected, like the rule: grey")


def test_the_hand_chooses_among_copies(tmp_path):
    files = {"big.jpg": photo_like(2, (384, 288)), "small.jpg": photo_like(2)}
    root, found = tmp_path / "ws", judged(tmp_path, files)
    assert [v.keep for v in found.values()] == [True, False]
    big, small = (verdict.photo.sha256 for verdict in found.values())
    clean.decide(root, small, keep=True)
    assert keeps(tmp_path) == [False, True]
    clean.decide(root, big, keep=True)
    both = judged(tmp_path, {})
    assert [v.keep for v in both.values()] == [True, True]
    with pytest.raises(CourseError, match="passed the cleaning: 1. Three are the least"):
        clean.split(root, both.values())
    clean.decide(root, small, keep=None)
    clean.decide(root, big, keep=False)
    assert keeps(tmp_path) == [False, True]


def test_a_decision_that_fits_two_pictures_or_none(tmp_path, synthetic):
    rows = [synthetic("a", 1, 0, sha="12345678aa"), synthetic("a", 2**40 - 1, 0, sha="12345678bb")]
    (tmp_path / "decisions.txt").write_text("reject 99999999\n")
    assert all(v.keep for v in clean.judge(tmp_path, rows))
    (tmp_path / "decisions.txt").write_text("reject 12345678\n")
    with pytest.raises(CourseError, match="fits several pictures"):
        clean.judge(tmp_path, rows)


def test_nothing_to_judge_and_what_is_no_row_and_no_split(tmp_path):
    assert clean.judge(tmp_path, []) == manifest.read(tmp_path) == []
    assert clean.split(tmp_path, []) == {}
    with pytest.raises(CourseError, match="the rows of ws.photos.., not str"):
        clean.judge(tmp_path, ["a.jpg"])
    for text in ('{"abc": "tra', "[]", '{"abc": "exam"}', '{"abc": ["train"]}'):
        (tmp_path / "split.json").write_text(text)
        with pytest.raises(CourseError, match="put back an older copy"):
            clean.judge(tmp_path, [])


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), MemoryError()])
def test_a_fault_that_may_pass_is_not_remembered(tmp_path, monkeypatch, error):
    def fail(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(measures, "open_picture", fail)
        (verdict,) = judged(tmp_path, {"good.jpg": photo_like(1)}).values()
        assert (verdict.keep, verdict.rule) == (False, "unreadable")
    assert judged(tmp_path, {})["good.jpg"].keep


def test_a_photo_and_its_mirror_image_both_stay_on_one_side_of_the_split(tmp_path):
    files = {}
    for path in sorted((Path(__file__).parents[2] / "data" / "photos").glob("*.jpg")):
        photo = Image.open(path)
        files |= {path.name: photo, f"mirror {path.name}": ImageOps.mirror(photo).reduce(2)}
    verdicts = judged(tmp_path, files)
    assert len(files) == 28 and all(v.keep for v in verdicts.values())
    sides = clean.split(tmp_path / "ws", list(verdicts.values()))
    side = {name: sides[v.photo.sha256] for name, v in verdicts.items()}
    twins = [name for name in side if name.startswith("mirror ")]
    assert all(side[name] == side[name.removeprefix("mirror ")] for name in twins)
    assert len({v.group for v in verdicts.values()}) == 14 and len(set(side.values())) == 3
    one, other = verdicts["lake.jpg"], verdicts["mirror lake.jpg"]
    apart = sides | {one.photo.sha256: "train", other.photo.sha256: "test"}
    assert clean.leaks([one, other], apart) == [(one, other)]


def shot(image: Image.Image, when: str, camera=("Canon", "EOS")) -> bytes:
    """A JPEG that says when it was taken, and by which camera."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = camera
    exif.get_ifd(0x8769)[0x9003] = when
    return jpeg(image, exif=exif.tobytes())


def test_a_series_and_edited_copies_are_on_one_side_of_the_split(tmp_path):
    lake = Image.open(Path(__file__).parents[2] / "data" / "photos" / "lake.jpg")
    files = {
        "lake.jpg": shot(lake, "2024:05:01 12:00:00"),
        "turned.jpg": shot(lake.transpose(Image.Transpose.ROTATE_90), "2024:05:01 12:00:00"),
        "crop.jpg": shot(lake.crop((0, 0, 300, 200)), "2024:05:01 12:00:00"),
        "moved.jpg": shot(photo_like(0), "2024:05:01 12:00:09"),
        "moved again.jpg": shot(photo_like(1), "2024:05:01 12:00:18\0"),
        # Not of the series: later, by another camera, with a date that is none, without a date.
        "later.jpg": shot(photo_like(2), "2024:05:01 12:00:40"),
        "other.jpg": shot(photo_like(3), "2024:05:01 12:00:00", ("Canon", "R5")),
        "zero.jpg": shot(photo_like(4), "0000:00:00 00:00:00"),
        "zero too.jpg": shot(photo_like(5), "0000:00:00 00:00:00"),
        "bare.jpg": photo_like(6),
    }
    verdicts = judged(tmp_path, files)
    assert all(v.keep for v in verdicts.values())
    groups = [verdicts[name].group for name in files]
    assert len(set(groups[:5])) == 1 and len(set(groups)) == 6
    sides = clean.split(tmp_path / "ws", list(verdicts.values()))
    assert len({sides[verdicts[name].photo.sha256] for name in [*files][:5]}) == 1
    text = (tmp_path / "ws" / measures.NAME).read_text()
    assert "Canon" not in text and text.count('"taken": null') == 3


def test_a_copy_by_way_of_others_is_told_as_that(tmp_path, synthetic):
    rows = [synthetic("a", 2**bits - 1, side=100 - bits) for bits in (0, 12, 24)]
    reasons = [verdict.reason for verdict in clean.judge(tmp_path, rows)]
    assert reasons[0] == "" and reasons[1].endswith("12 of 128 bits differ")
    assert reasons[2].endswith("24 of 128 bits differ, by way of others that are nearer")
