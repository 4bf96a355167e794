"""A folder of one's own photos: read in place, and only where it has changed."""

import contextlib
import io
import json
import os
import warnings
from pathlib import Path

import pytest
from PIL import Image
from test_collect import picture

from colourlib import CourseError, clean, collect, open_workspace, practice, show
from colourlib.collect import own_photos as folders
from colourlib.course import sources
from colourlib.course.forget import forget

posix = pytest.mark.skipif(os.name == "nt", reason="links, and names that Windows does not have")


@pytest.fixture
def folder(tmp_path):
    here = tmp_path / "my photos"
    for number, name in enumerate(["cats/a.jpg", "cats/b.PNG", "dogs/old/c.jpeg", "d.jpg"]):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_bytes(picture(number, kind="PNG" if "PNG" in name else "JPEG"))
    (here / ".hidden.jpg").write_bytes(picture(2))
    (here / "notes.txt").write_text("not a picture")
    return here


@pytest.fixture
def collected(tmp_path, folder):
    return lambda: sources.collect(tmp_path / "ws", str(folder), per_query=1)


def named(rows) -> dict:
    return {Path(row.file).name: row for row in rows}


def test_a_folder_is_read_in_place_and_once(tmp_path, folder, monkeypatch, collected):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    rows = collected()
    assert collect.summary(rows) == [("cats", 2, 2, 0), ("dogs", 1, 1, 0), ("my photos", 1, 1, 0)]
    assert all(row.path(tmp_path / "ws").is_absolute() for row in rows)
    assert [row.format for row in rows] == ["JPEG", "PNG", "JPEG", "JPEG"]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    (manifest,) = (tmp_path / "ws").iterdir()
    row = json.loads(manifest.read_text(encoding="utf-8").splitlines()[0])
    keys = "query url file sha256 bytes width height format time rejected credit"
    assert manifest.name == "manifest.jsonl" and list(row) == keys.split()
    assert row["bytes"] == os.path.getsize(row["file"])
    # It is read again only where it has changed.
    (folder / "d.jpg").write_bytes(picture(9, (64, 64)))
    (folder / "cats" / "a.jpg").unlink()
    (folder / "cats" / "new.jpg").write_bytes(picture(10))
    read, original = [], folders._row_of_file
    monkeypatch.setattr(folders, "_row_of_file", lambda *a: read.append(a[0].name) or original(*a))
    again = collected()
    assert sorted(read) == ["d.jpg", "new.jpg"]
    assert [Path(row.file).name for row in again] == ["b.PNG", "new.jpg", "c.jpeg", "d.jpg"]
    assert again[-1].width == 64 and rows[-1].width == 48
    assert collect.photos(tmp_path / "ws") == again


def test_bad_files_of_a_folder_are_rows_with_a_reason(tmp_path, folder, collected):
    (folder / "cats" / "copy.jpg").write_bytes((folder / "cats" / "a.jpg").read_bytes())
    (folder / "small.jpg").write_bytes(picture(4, (10, 10)))
    (folder / "page.jpg").write_text("<html>no</html>")
    rows = named(collected())
    assert "same bytes as" in rows["copy.jpg"].rejected
    assert "smaller than 16" in rows["small.jpg"].rejected
    assert "web page" in rows["page.jpg"].rejected
    (folder / "cats" / "a.jpg").unlink()  # now the copy is the only one
    assert named(collected())["copy.jpg"].rejected == ""


def test_a_folder_without_pictures_says_what_it_holds(tmp_path):
    files = {"empty": [], "texts": ["a.txt", "b.heic"], "broken": ["a.jpg"]}
    for folder, names in files.items():
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_text("x")
    for path, words in {
        "empty": "no file at all", "texts": r"no picture, but \.heic \(1\), \.txt \(1\)",
        "broken": r"a\.jpg': text, not a picture", "texts/a.txt": "is a file. Give the folder",
        "nowhere": "There is no source",
    }.items():  # fmt: skip
        with pytest.raises(CourseError, match=words):
            sources.collect(tmp_path / "ws", str(tmp_path / path))
    assert not (tmp_path / "ws").exists()


def test_the_courses_own_pictures_inside_the_folder_are_not_part_of_it(folder, monkeypatch):
    home, root = folder / "data", folder / "workspace"
    monkeypatch.setenv("COLOURLIB_HOME", str(home))
    for place in (home / "practice-quick" / "photos", root / "photos"):
        place.mkdir(parents=True)
        (place / "x.jpg").write_bytes(picture(8))
    rows = sources.collect(root, str(folder))
    assert len(rows) == 4 and not any(row.file.endswith("x.jpg") for row in rows)


@posix
def test_odd_entries_do_not_spoil_the_folder(tmp_path, folder, collected):
    (folder / "cats" / "gone.png").symlink_to(tmp_path / "no such file.png")
    try:
        Path(os.fsdecode(os.fsencode(folder) + b"/\xe9.png")).write_bytes(picture(7, kind="PNG"))
        more = 1
    except OSError:  # a file system that takes UTF-8 alone
        more = 0
    rows = collected()
    assert len(rows) == 5 + more and [Path(r.file).name for r in rows if r.rejected] == ["gone.png"]
    assert collected() == rows
    rows = [row for row in rows if not row.rejected]
    assert all(v.photo.path(tmp_path).is_file() for v in clean.judge(tmp_path / "ws", rows))


def test_what_cannot_be_read_is_told_and_tried_again(folder, monkeypatch, capsys, collected):
    real = Path.read_bytes

    def fail(path):
        if path.name == "a.jpg":
            raise PermissionError(13, "Permission denied")
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", fail)
        assert "unreadable: " in named(collected())["a.jpg"].rejected
    assert not any(row.rejected for row in collected())
    capsys.readouterr()

    def walk(top, onerror):
        onerror(PermissionError(13, "Permission denied", str(top if whole else folder / "dogs")))
        return iter([(str(folder), [], [] if whole else ["d.jpg"])])

    monkeypatch.setattr(os, "walk", walk)
    whole = False
    assert len(collected()) == 1
    assert capsys.readouterr().out.count("Left out because it cannot be read:") == 1
    whole = True
    with pytest.raises(CourseError, match="cannot be read: Permission denied"):
        collected()


def test_a_forgotten_photo_stays_where_it_is_out_of_the_set(tmp_path, folder, capsys, collected):
    root, row = tmp_path / "ws", named(collected())["d.jpg"]
    said = forget(root, row.sha256[:12])
    assert any("is a file of your own: it is left where it is" in line for line in said)
    (folder / "dogs" / "the same once more.jpg").write_bytes((folder / "d.jpg").read_bytes())
    capsys.readouterr()
    rows = collected()
    assert "5" not in capsys.readouterr().out[:1]
    assert (folder / "d.jpg").exists() and row.sha256 not in {r.sha256 for r in rows}
    assert collect.photos(root) == rows and len(rows) == 3


SMALL = {"too small": 16}  # pixels, as the pictures of the tests are
SUBJECTS = {  # files: the subjects that they are of
    "train/cats/a train/dogs/b val/cats/c": {"cats", "dogs"},
    "all/cats/a all/dogs/old/b": {"cats", "dogs"},
    "all/Images/train/cats/a all/Images/test/dogs/b": {"cats", "dogs"},
    "train/cats/a extra/b c": {"cats", "extra", "here"},
    "all/cats/a all/b": {"all"},
    "train/a val/b": {"here"},
    "cats/train/a dogs/b": {"cats", "dogs"},
    "my\x1b[31mcats/a b\nc/d": {"my\ufffd[31mcats", "b\ufffdc"},
}


@posix
@pytest.mark.parametrize("names", SUBJECTS)
def test_the_shares_of_a_data_set_and_a_wrapper_are_no_subjects(names, tmp_path, capsys):
    for number, name in enumerate(names.split(" ")):
        file = tmp_path / "here" / f"{name}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(picture(number))
    rows = sources.collect(tmp_path / "ws", str(tmp_path / "here"))
    assert {row.query for row in rows} == SUBJECTS[names]
    told = capsys.readouterr().out
    assert all(f"{subject} (" in told for subject in SUBJECTS[names])


@pytest.mark.parametrize("seconds", [910_000_000_000, -910_000_000_000, -5, 1 << 62])
def test_impossible_dates_do_not_matter(folder, collected, seconds):
    assert folders.manifest.utc(seconds)[:4] in ("1970", "9999")
    with contextlib.suppress(OSError, OverflowError):  # a disk may not keep it
        os.utime(folder / "d.jpg", (seconds, seconds))
    assert collected() == collected() and not any(row.rejected for row in collected())


def test_a_file_that_vanishes_is_a_row_with_a_reason(folder, collected, monkeypatch):
    real = folders.manifest.read  # asked when the files are listed, before the first is looked at
    gone = [folder / "d.jpg"]
    monkeypatch.setattr(
        folders.manifest, "read", lambda at: [p.unlink() for p in gone] and real(at)
    )
    assert named(collected())["d.jpg"].rejected == "unreadable: No such file or directory"
    gone.clear()
    monkeypatch.setattr(folders.manifest, "read", real)
    assert len(collected()) == 3


def test_a_photo_that_went_after_it_was_collected_is_kept_by_nobody(tmp_path, folder, collected):
    root, rows = tmp_path / "ws", collected()
    assert sum(verdict.keep for verdict in clean.judge(root, rows, SMALL)) == 4  # measured
    (folder / "d.jpg").unlink()
    verdicts = clean.judge(root, rows, SMALL)  # of the rows that a cell still has
    (reason,) = (verdict.reason for verdict in verdicts if not verdict.keep)
    assert reason == "unreadable: gone since the photos were listed"
    counts = {sum(not r.rejected for r in some) for some in (collect.photos(root), collected())}
    assert counts == {sum(v.keep for v in verdicts)} == {3}


def test_a_picture_too_large_for_the_web_is_taken_from_a_folder(tmp_path, folder, monkeypatch):
    """100 megapixels, as phones take them; Pillow warns from 89 on, which nobody can act on."""
    Image.fromarray(practice.scene("beaches", 1, 400, 300).rgb()).save(folder / "big.png")
    monkeypatch.setattr(folders.fetch, "MAX_PIXELS", 1000)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 400 * 300 * 2 // 3)  # Pillow warns from there
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = sources.collect(tmp_path / "ws", str(folder))
        verdicts = clean.judge(tmp_path / "ws", rows)
    assert named(v.photo for v in verdicts if v.keep)["big.png"].width == 400


def test_what_was_turned_away_is_taken_once_it_can_be_read(folder, collected, monkeypatch):
    Image.new("RGB", (32, 32)).save(folder / "other.png")
    with monkeypatch.context() as without:
        without.setattr(folders.fetch, "FORMATS", {"PNG": ".png"})
        assert named(collected())["d.jpg"].rejected
    assert not named(collected())["d.jpg"].rejected


def test_a_photo_cut_short_is_a_verdict(tmp_path, folder, collected):
    whole = (folder / "cats" / "a.jpg").read_bytes()
    (folder / "cats" / "a.jpg").write_bytes(whole[: len(whole) // 2])
    verdicts = clean.judge(tmp_path / "ws", collected(), SMALL)
    (bad,) = (v for v in verdicts if not v.keep)
    assert "cut short or damaged" in bad.reason and bad.photo.file.endswith("a.jpg")


@posix
def test_names_that_are_no_utf_8_are_read_and_can_be_shown(tmp_path, fresh_home, capsys):
    here = os.fsencode(tmp_path) + b"/Fotos_\xf1"
    try:
        os.makedirs(here + b"/Men\xfc")
    except OSError:
        pytest.skip("a file system that takes UTF-8 alone")
    for number, name in enumerate([b"/a\xe9.jpg", b"/Men\xfc/b\xe9.jpg", b"/Men\xfc/c.jpg"]):
        Path(os.fsdecode(here + name)).write_bytes(picture(min(number, 1)))  # the last is a copy
    ws = open_workspace(os.fsdecode(here))
    rows = ws.photos()
    verdicts = clean.judge(ws.root, rows)
    assert {row.query for row in rows} == {"Fotos_\ufffd", "Men\ufffd"} and len(rows) == 3
    said = capsys.readouterr().out + "".join(v.reason for v in verdicts)
    assert open_workspace().source == ws.source and "same bytes as" in said
    (tmp_path / "said.txt").write_text(said, encoding="utf-8")  # as a notebook is written
    files = [row.path(ws.root) for row in rows]
    names = [os.fsdecode(b"\xf1")] * 3
    assert show.grid(files, names, title="t", alt="three").alt == "three"
    with pytest.raises(CourseError, match=r"Fotos_.udcf1") as error:
        ws.choose(os.fsdecode(here))
    str(error.value).encode()


XMP = "<dc:creator><rdf:Seq><rdf:li>Ann &amp; B\u00f6</rdf:li></rdf:Seq></dc:creator><dc:rights>"
XMP += "<rdf:Alt><rdf:li xml:lang='x-default'>CC BY</rdf:li></rdf:Alt></dc:rights>"
IPTC = b"\x1c\x02\x50\0\x03Zo\xeb\x1c\x02\x50\0\x03J\xc3\xb3\x1c\x02\x74\0\x03(c)"
IPTC = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x18" + IPTC


def noted(kind="JPEG", artist=None, rights=None, **how) -> bytes:
    tags, out = Image.Exif(), io.BytesIO()
    given = {0x013B: artist, 0x8298: rights, 0x0110: "Nikon"}  # the camera
    tags.update({tag: value for tag, value in given.items() if value})
    how = {"exif": tags} | how
    Image.effect_noise((40, 30), 50).convert("RGB").save(out, kind, **how)
    return out.getvalue()


NOTICES = {
    "EXIF": (noted(artist="Ann", rights="2024 Ann"), "Ann; 2024 Ann"),
    "UTF-8 in EXIF": (noted(artist="B\u00f6".encode()), "B\u00f6"),
    "XMP": (noted(xmp=XMP.encode()), "Ann & B\u00f6; CC BY"),
    "XMP of WEBP": (noted("WEBP", xmp=XMP.encode()), "Ann & B\u00f6; CC BY"),
    "IPTC": (
        noted().replace(b"\xff\xdb", b"\xff\xed\0\x34" + IPTC + b"\xff\xdb", 1),
        "Zo\u00eb; J\u00f3; (c)",
    ),
    "said twice": (
        noted(artist="Ann & B\u00f6".encode(), xmp=XMP.encode()),
        "Ann & B\u00f6; CC BY",
    ),
    "hostile": (noted(artist=f"\x1b[2J\u202e\n{900 * 'x'}".encode()), "[2J " + 196 * "x"),
    "broken": (noted(exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", xmp=b"<dc:rights>\xff"), ""),
}


def test_the_notices_of_author_and_copyright_stay_in_the_manifest(tmp_path, folder, collected):
    for name, (data, _) in NOTICES.items():
        (folder / f"{name}.jpg").write_bytes(data)
    rows, file = named(collected()), tmp_path / "ws" / "manifest.jsonl"
    assert [(rows[f"{n}.jpg"].credit, n) for n in NOTICES] == [
        (c, n) for n, (_, c) in NOTICES.items()
    ]
    assert "Nikon" not in file.read_text() and collect.photos(tmp_path / "ws") == [*rows.values()]
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    older = ({key: line[key] for key in line if key != "credit"} for line in lines)
    file.write_text("".join(json.dumps(line) + "\n" for line in older))
    assert {row.credit for row in collect.photos(tmp_path / "ws")} == {""}
