"""Batches of photos: what is written and where, what is never overwritten, bad input, Ctrl-C."""

import errno
import io
import os
import signal
import subprocess
import sys
import zlib
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from skimage.color import rgb2lab
from test_pictures import private, turned_exif

from colourlib import CourseError, evaluate
from colourlib.__main__ import main
from colourlib.album import batch, names, save
from colourlib.album.batch import CTRL_C, DISK, colourise_files
from colourlib.common import unreadable
from colourlib.model import ColourNet
from colourlib.runs import weights
from colourlib.show import encoded

tint = evaluate.tint(torch.tensor([0.2, 0.3]))  # the same warm colour everywhere
run = partial(colourise_files, model=tint)


def grey(size=(48, 32)) -> Image.Image:
    ramp = np.linspace(20, 230, size[0] * size[1]).reshape(size[::-1])
    return Image.fromarray(ramp.astype(np.uint8))


def photo(path: Path, image: Image.Image | None = None, **how) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or grey()).save(path, **how)
    return path


def photos(folder: Path, letters: str) -> list[Path]:
    return [photo(folder / f"{letter}.png") for letter in letters]


def files(folder: Path) -> list[str]:
    """All that lies below a folder, hidden files, too."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir())


def is_coloured(path: Path) -> bool:
    return bool(np.ptp(Image.open(path).convert("RGB"), axis=-1).mean() > 10)


def test_a_folder_is_mirrored_and_its_photos_stay_as_they_were(tmp_path, capsys):
    old, out = tmp_path / "old", tmp_path / "new" / "deeper"
    becomes = {"a.JPG": "a.JPG", "aunts/b.png": "aunts/b.png", "aunts/c d/ä.webp": None}
    becomes |= {"scan.gif": "scan.png", "x.tif": None, "y.bmp": "y.png", "z.jfif": "z.jpg"}
    for name in (*becomes, ".hidden.jpg", ".trash/d.jpg"):
        photo(old / name)
    (old / "read me.txt").write_text("hello")
    before = {name: (old / name).read_bytes() for name in files(old)}
    done = run([old], out)
    made = [new or name for name, new in becomes.items()]
    assert files(out) == sorted(made) and all(is_coloured(out / name) for name in made)
    assert sorted(done.coloured) == sorted(out / name for name in made)
    assert (done.code, done.failed, done.skipped, done.left) == (0, [], [], 0)
    assert {name: (old / name).read_bytes() for name in files(old)} == before
    kinds = [Image.open(out / name).format for name in made]
    assert kinds == ["JPEG", "PNG", "WEBP", "PNG", "TIFF", "PNG", "JPEG"]
    printed = capsys.readouterr()
    assert printed.err == "" and ".txt (1)" in printed.out  # left alone, and said so
    last = printed.out.splitlines()[-1]
    assert last.startswith("7 coloured, 0 skipped, 0 failed in ") and str(out) in last


def test_one_photo_may_become_one_file_and_what_has_no_such_ending_is_a_folder(tmp_path):
    one = photo(tmp_path / "old.png")
    kinds = {"jpg": "JPEG", "JPEG": "JPEG", "png": "PNG", "webp": "WEBP", "tif": "TIFF"}
    for ending, kind in kinds.items():
        out = tmp_path / "made" / f"new.{ending}"
        done = run([one], out)
        assert done.coloured == [out] and is_coloured(out) and str(out) in done.summary()
        with Image.open(out) as image:
            assert image.format == kind and image.size == (48, 32)
    (tmp_path / "c.png").mkdir()
    for out in ("a", "b.v2", "c.png", "d.png/"):
        run([one], f"{tmp_path}/{out}")
        assert is_coloured(tmp_path / out / "old.png")


def test_two_that_want_one_name_are_both_kept_and_found_again(tmp_path, capsys):
    old, out = tmp_path / "old", tmp_path / "new"
    wanted = ["x.jpg", "x.jpg", "X.JPG", "y.bmp", "y.gif", "y.png"]
    given = [photo(old / str(i) / name) for i, name in enumerate(wanted)]
    for _ in range(2):
        done = run(given, out)
        assert files(out) == ["X-3.JPG", "x-2.jpg", "x.jpg", "y-2.png", "y-3.png", "y.png"]
    assert len(done.skipped) == 6
    plan = names.plan(given, out)
    assert plan.jobs[5].out.name == "y.png"  # it was called so, the others were not
    assert [job.photo for job in plan.jobs] == given
    assert f"{given[1]}: becomes x-2.jpg" in capsys.readouterr().out


def test_a_photo_given_twice_is_coloured_once_and_out_inside_the_folder_is_not_read(tmp_path):
    one, again = photo(tmp_path / "a.jpg"), tmp_path / ".." / tmp_path.name / "a.jpg"
    done = run([one, tmp_path, one, again], tmp_path / ".new")
    assert len(done.coloured) == 1 and files(tmp_path / ".new") == ["a.jpg"]
    photo(tmp_path / "b" / "c.jpg")
    for _ in range(2):
        done = run([tmp_path], tmp_path / "b" / "new", force=True)
        assert len(done.coloured) == 2
    done = run([tmp_path], tmp_path / "b" / "newer")  # nor is what an earlier call has written
    assert files(tmp_path / "b" / "newer") == ["a.jpg", "b/c.jpg"]
    assert [why for _, why in done.skipped] == [batch.OURS] * 2
    named = run([tmp_path / "b" / "new" / "a.jpg"], tmp_path / "newest")
    assert len(named.coloured) == 1  # but whoever names it means it


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_links_in_a_circle_and_to_nowhere(tmp_path, capsys):
    old = tmp_path / "old"
    photo(old / "a.jpg")
    (old / "round").symlink_to(old, target_is_directory=True)
    (old / "self.jpg").symlink_to(old / "self.jpg")
    (old / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    done = run([old], tmp_path / "new")
    assert files(tmp_path / "new") == ["a.jpg"] and len(done.failed) == 2
    said = capsys.readouterr()
    assert "left out" not in said.out and "gone.jpg: is a link to a file that is not" in said.err


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_each_file_says_that_its_colours_are_estimated_and_nothing_else(tmp_path, ending):
    more = private("JPEG" if ending == "jpg" else ending)
    old = photo(tmp_path / f"a.{ending}", dpi=(300, 300), icc_profile=b"Ann", **more)
    assert b"Ann" in old.read_bytes()
    new = run([old], tmp_path / "new").coloured[0]
    assert b"Ann" not in new.read_bytes() and b"1999" not in new.read_bytes()
    with Image.open(new) as image:
        assert image.size == (32, 48)  # turned upright
        tags = dict(image.getexif())
        if ending == "png":
            assert set(image.info) == {"Description", "Software"}
            words, program = image.info["Description"], image.info["Software"]
        else:
            assert not image.getexif().get_ifd(0x8825) and 0x0112 not in tags
            assert ending == "tif" or set(tags) == {0x010E, 0x0131}
            words, program = tags[0x010E], tags[0x0131]
        assert "olours estimated" in words and "weights: function" in words
        assert program.startswith("colourlib ") and save.is_ours(image)
        assert "icc_profile" not in image.info
    with Image.open(old) as image:
        assert not save.is_ours(image)


def test_the_name_of_the_weights_cannot_break_the_tag():
    for kind in set(names.FORMATS.values()):
        image = Image.open(io.BytesIO(save.encode(grey().convert("RGB"), kind, "Ø\n\0\x1b 色")))
        words = image.info.get("Description") or image.getexif()[save.DESCRIPTION]
        assert "\x1b" not in words and "\n" not in words and "weights: " in words


def test_transparency_is_kept_where_the_format_has_it(tmp_path):
    alpha = Image.linear_gradient("L").resize((48, 32))
    old = photo(tmp_path / "a.png", Image.merge("LA", (grey(), alpha)))
    for ending in ("png", "webp", "tif"):
        run([old], tmp_path / f"b.{ending}")
        with Image.open(tmp_path / f"b.{ending}") as made:
            assert made.mode == "RGBA"
            assert np.abs(np.asarray(made)[..., 3].astype(int) - np.asarray(alpha)).max() <= 1
    done = run([old], tmp_path / "b.jpg")
    assert done.notes[batch.ON_WHITE] == [old]
    with Image.open(tmp_path / "b.jpg") as made:
        assert made.mode == "RGB" and np.asarray(made)[0].min() > 240  # see-through: white


def test_what_is_said_about_photos_that_are_coloured_all_the_same(tmp_path, capsys):
    red, frames = Image.new("RGB", (40, 40), "red"), {"save_all": True, "duration": 10}
    many = Image.fromarray(np.arange(2500, dtype=np.uint16).reshape(50, 50))
    coloured = photo(tmp_path / "a.jpg", red)
    moving = photo(tmp_path / "b.gif", grey().convert("RGB"), append_images=[red], **frames)
    deep = photo(tmp_path / "c.png", many)
    photo(tmp_path / "d.jpg", grey().convert("RGB"))  # grey, though it is stored as RGB
    pages = photo(tmp_path / "e.tif", append_images=[grey()], save_all=True)
    done = run([tmp_path], tmp_path / "new")
    assert done.code == 0 and len(done.coloured) == 5
    assert done.notes[batch.OWN_COLOURS] == [coloured] and done.notes[batch.DEEP] == [deep]
    assert done.notes[batch.FIRST_FRAME] == [moving, pages]
    printed = capsys.readouterr()
    assert printed.err == "" and f"{coloured}: {batch.OWN_COLOURS}\n" in printed.out
    with Image.open(tmp_path / "new" / "b.png") as image:
        assert image.n_frames == 1


def test_saturation_reaches_the_file_and_a_tiff_is_turned(tmp_path):
    """Grey and uncompressed: one that is mapped into memory is turned wrongly by Pillow 13."""
    old = photo(tmp_path / "a.tif", exif=turned_exif(6))
    run([old], tmp_path / "b.png", saturation=0)
    assert not is_coloured(tmp_path / "b.png")
    got = np.asarray(Image.open(tmp_path / "b.png").convert("L")).astype(int)
    assert np.abs(got - np.asarray(grey().transpose(Image.Transpose.ROTATE_270))).max() <= 1
    for wrong in (-0.1, float("nan"), float("inf"), "much"):
        with pytest.raises(CourseError, match="saturation"):
            run([old], tmp_path / "c.png", saturation=wrong)
    assert files(tmp_path) == ["a.tif", "b.png"]


def test_the_home_folder_may_be_written_as_a_tilde(tmp_path, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(photo(tmp_path / "here" / "a.jpg").parent)
    done = run(["~/here/a.jpg"], "~/out/")
    assert [file.parent for file in done.coloured] == [tmp_path / "out"] == [done.out]
    assert not (tmp_path / "here" / "~").exists()
    monkeypatch.setattr(os.path, "lexists", lambda path: False)  # a drive that is not there
    with pytest.raises(CourseError, match="there is no .*choose another place"):
        names.check_place(tmp_path / "out")


def test_what_is_there_stays_without_force(tmp_path, capsys):
    old, out = photo(tmp_path / "a.jpg"), tmp_path / "new"
    run([old], out)
    (out / "a.jpg").write_bytes(b"mine")
    done = run([old], out)
    assert (out / "a.jpg").read_bytes() == b"mine" and done.code == 0
    assert done.skipped == [(old, batch.THERE)] and done.coloured == [] and done.left == 0
    assert "0 coloured, 1 skipped, 0 failed" in capsys.readouterr().out.splitlines()[-1]
    run([old], out, force=True)
    assert is_coloured(out / "a.jpg") and files(out) == ["a.jpg"]


def test_processes_of_a_launcher_share_a_folder_and_one_goes_on_where_they_were_stopped(
    tmp_path, monkeypatch
):
    old, out = [photo(tmp_path / "old" / f"{n}.png") for n in range(24)], tmp_path / "new"
    monkeypatch.setenv("WORLD_SIZE", "2")
    parts = []
    for rank in "01":
        monkeypatch.setenv("RANK", rank)
        parts.append(run([tmp_path / "old"], out).coloured)
    assert sorted(parts[0] + parts[1]) == [out / one.name for one in sorted(old)]
    assert min(map(len, parts)) >= 1 and not {*parts[0]} & {*parts[1]}
    parts[0][0].unlink()
    monkeypatch.setenv("WORLD_SIZE", "1")
    done = run([tmp_path / "old"], out)
    assert done.coloured == parts[0][:1] and (len(done.skipped), done.left) == (23, 0)


@pytest.mark.parametrize("force", [False, True])
def test_a_photo_is_never_overwritten(tmp_path, force, monkeypatch):
    old = photo(tmp_path / "old" / "a.jpg")
    before = old.read_bytes()
    monkeypatch.chdir(old.parent)
    ways = [([old], old.parent), ([old], old), (["a.jpg"], "."), ([old.parent], old.parent)]
    ways.append(([old.parent], tmp_path / "old" / ".." / "old"))
    if os.name != "nt":
        link, hard, links = (tmp_path / name for name in ("link", "hard", "links"))
        hard.mkdir(), links.mkdir()
        link.symlink_to(old.parent, target_is_directory=True)
        os.link(old, hard / "a.jpg")
        (links / "a.jpg").symlink_to(old)
        ways += [([old], link), ([link], old.parent), ([old], hard), ([links], old.parent)]
    gif = photo(tmp_path / "gifs" / "a.gif").parent  # else the next call would read a.png
    with pytest.raises(CourseError, match="is the folder of the photos"):
        run([gif], gif)
    assert files(gif) == ["a.gif"]
    for photos, out in ways:
        with pytest.raises(CourseError, match="choose"):
            run(photos, out, force=force)
        assert old.read_bytes() == before and files(old.parent) == ["a.jpg"]


SVG = b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>"
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90), dtype=np.uint8))


def bomb() -> bytes:
    """A PNG of a few bytes that claims 60,000 x 60,000 pixels."""
    png = bytearray(encoded(Image.new("L", (8, 8)), "PNG"))
    png[16:24] = (60_000).to_bytes(4, "big") * 2
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    return bytes(png)


BAD = {
    "cut.jpg": (encoded(NOISE, "JPEG")[:-900], "is cut short or damaged"),
    "cut.png": (encoded(NOISE, "PNG")[:-900], "is cut short or damaged"),
    "cut.webp": (encoded(NOISE, "WEBP")[:-900], "damaged"),
    "head.jpg": (b"\xff\xd8\xff\xe0 and then nothing", "damaged"),
    "empty.jpg": (b"", "is empty, 0 bytes"),
    "zeros.jpg": (bytes(4000), "holds zeros only"),
    "text.jpg": (b"Dear Ann,\nthe photo is in the other letter.", "is text, not a picture"),
    "page.jpg": (b"\n<!DOCTYPE html><html>404</html>", "is a web page"),
    "drawing.png": (SVG, "is an SVG drawing"),
    "phone.jpg": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is a HEIC photo"),
    "letter.jpg": (b"%PDF-1.7\n%\xe2\xe3", "is a PDF"),
    "noise.jpg": (b"\x89ABC" + bytes(range(256)), "is not a picture that is read here"),
    "bomb.png": (bomb(), "million pixels"),
    "program.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
    "a\x1b[31m\nb\u202e.jpg": (b"", "is empty"),
    "-o.jpg": (b"", "is empty"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_photos_are_told_in_a_line_and_the_others_go_on(tmp_path, name, capsys):
    bytes_, words = BAD[name]
    try:
        (tmp_path / name).write_bytes(bytes_)
    except OSError:
        pytest.skip("this system has no such names")
    good = photo(tmp_path / "~good.jpg")
    done = run([tmp_path], tmp_path / "new")
    assert done.coloured == [tmp_path / "new" / good.name] and done.code == 1
    assert files(tmp_path / "new") == [good.name]
    (failed, why), *others = done.failed
    assert not others and failed == tmp_path / name and words in why
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and why in error and "\x1b" not in error
    assert error.startswith(batch.shown(failed)) and "\u202e" not in error
    with pytest.raises(CourseError, match=words):  # an open file is judged like one on the disk
        unreadable.open_photo(io.BytesIO(bytes_))


def test_files_that_are_not_there_or_not_files(tmp_path, capsys):
    good = photo(tmp_path / "good.jpg")
    (tmp_path / "empty").mkdir(), (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a")
    odd = {tmp_path / "none.jpg": "no such file", tmp_path / "empty": "is empty"}
    odd |= {tmp_path / "texts": ".txt (1)", tmp_path / ("x" * 300): "too long"}
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
        odd[tmp_path / "pipe.jpg"] = "neither a file nor a folder"
    done = run([*odd, good], tmp_path / "new")
    assert len(done.coloured) == 1 and done.code == 1 and len(done.failed) == len(odd)
    assert all(odd[path] in why for path, why in done.failed)
    assert capsys.readouterr().err.count("\n") == len(odd)


def test_a_photo_and_a_folder_without_permission_are_told(tmp_path, monkeypatch, capsys):
    good, bad, locked = photo(tmp_path / "a.jpg"), photo(tmp_path / "b.jpg"), tmp_path / "locked"
    opened, walked, denied = Image.open, os.walk, (errno.EACCES, "Permission denied")

    def refuse(path, *more, **how):
        if path == bad:
            raise PermissionError(*denied, str(path))
        return opened(path, *more, **how)

    def walk(folder, onerror):
        onerror(PermissionError(*denied, str(locked)))
        return walked(folder, onerror=onerror)

    monkeypatch.setattr(unreadable.Image, "open", refuse)
    monkeypatch.setattr(os, "walk", walk)
    done = run([tmp_path], tmp_path / "new")
    assert done.coloured == [tmp_path / "new" / good.name]
    assert done.failed[0] == (locked, "this folder cannot be read: Permission denied")
    assert [photo for photo, _ in done.failed] == [locked, bad]
    assert "may not be opened" in capsys.readouterr().err


@pytest.mark.parametrize("error", [MemoryError(), ValueError("odd\nthing"), CourseError("a\nb")])
def test_a_network_that_fails_at_one_photo(tmp_path, error, capsys):
    def fails_at_wide(x):
        if x.shape[3] > 2 * x.shape[2]:
            raise error
        return tint(x)

    given = [photo(tmp_path / "a.png", grey((90, 20))), photo(tmp_path / "b.png")]
    done = run(given, tmp_path / "new", model=fails_at_wide)
    assert files(tmp_path / "new") == ["b.png"] and len(done.failed) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_very_long_names_and_a_picture_too_long_for_its_format(tmp_path):
    longest = photo(tmp_path / ("x" * 251 + ".png"))  # no room for the name of a scratch file
    longer = tmp_path / ("y" * 255)
    longer.write_bytes(encoded(grey(), "PNG"))  # no room for an ending
    done = run([longest, longer], tmp_path / "new")
    assert files(tmp_path / "new") == [longest.name]
    assert done.failed[0][0] == longer and "too long" in done.failed[0][1].lower()
    done = run([photo(tmp_path / "a.png", grey((17_000, 20)))], tmp_path / "b.webp")
    assert "does not fit into a WEBP file" in done.failed[0][1]
    assert not (tmp_path / "b.webp").exists()


MISTAKES = {  # what the line says, and photos with an OUT of which it says so
    "is a file, not a folder": ["a.jpg file", "a.jpg file/below", "a.jpg file.png/a.jpg"],
    "ends in .jpg": ["a.jpg new.gif", "a.jpg new.heic"],
    "name a folder": ["a.jpg b.jpg new.png", ". new.png"],
    "may not be written to": ["a.jpg closed"],
}


@pytest.mark.parametrize("words, line", [(w, line) for w in MISTAKES for line in MISTAKES[w]])
def test_an_out_that_cannot_be_is_a_mistake(tmp_path, monkeypatch, capsys, words, line):
    monkeypatch.chdir(tmp_path)
    photo(tmp_path / "a.jpg"), photo(tmp_path / "b.jpg")
    for name in ("file", "file.png"):
        (tmp_path / name).write_text("mine")
    *given, out = line.split()
    if out == "closed":
        monkeypatch.setattr(os, "access", lambda path, mode: False)
    before = files(tmp_path)
    assert main(["colourise", *given, "-o", str(tmp_path / out)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("colourlib: ") and words in error and error.count("\n") == 1
    assert files(tmp_path) == before and not (tmp_path / "closed").exists()


def at_second_file(monkeypatch, action) -> None:
    """Do something when the second file of the batch is about to lie on the disk."""
    real, before = os.fsync, iter([lambda: None, action])
    monkeypatch.setattr(os, "fsync", lambda handle: (next(before)(), real(handle)))


def test_a_full_disk_ends_the_batch_and_leaves_nothing_half_written(tmp_path, monkeypatch, capsys):
    given, full = photos(tmp_path, "abcd"), OSError(errno.ENOSPC, "No space left on device")
    at_second_file(monkeypatch, Mock(side_effect=full))
    done = run(given, tmp_path / "new")
    assert files(tmp_path / "new") == ["a.png"]
    assert (len(done.coloured), len(done.failed), done.left) == (1, 1, 2)
    assert done.stopped == DISK and done.code == 1
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1 and "Make room" in printed.err
    assert "2 not begun: there is no room" in printed.out.splitlines()[-1]
    monkeypatch.undo()
    done = run(given, tmp_path / "new")  # the same again, with room
    assert (len(done.coloured), len(done.skipped)) == (3, 1)


def test_files_that_cannot_be_written_do_not_end_the_batch(tmp_path, monkeypatch):
    codes = {"a.png": errno.EFBIG, "b.png": errno.EACCES}
    given, real = photos(tmp_path, "abcd"), os.replace
    (tmp_path / "new" / "c.png").mkdir(parents=True)

    def fails(scratch, path):
        if code := codes.get(path.name):
            raise OSError(code, os.strerror(code))
        real(scratch, path)

    monkeypatch.setattr(os, "replace", fails)
    done = run(given, tmp_path / "new", force=True)
    assert files(tmp_path / "new") == ["d.png"] and [file for file, _ in done.failed] == given[:3]
    words = [*map(os.strerror, codes.values()), "is a folder"]
    assert all(word in why for word, (_, why) in zip(words, done.failed, strict=True))


def test_ctrl_c_lets_the_photo_be_finished_and_a_second_one_does_not(tmp_path, monkeypatch, capsys):
    given = photos(tmp_path, "abc")

    def pressed(x):  # once: after it the batch has ended
        signal.raise_signal(signal.SIGINT)
        return tint(x)

    done = run(given, tmp_path / "new", model=pressed)
    assert files(tmp_path / "new") == ["a.png"] and is_coloured(tmp_path / "new" / "a.png")
    assert (done.code, done.stopped, done.left) == (130, CTRL_C, 2)
    assert capsys.readouterr().out.splitlines()[-1].endswith("2 not begun: stopped by Ctrl-C.")
    at_second_file(monkeypatch, lambda: [signal.raise_signal(signal.SIGINT) for _ in range(2)])
    done = run(given, tmp_path / "newer")
    assert files(tmp_path / "newer") == ["a.png"] and (done.code, done.left) == (130, 2)


def test_the_command(tmp_path, monkeypatch, capsys):
    painted = lambda image: Image.new("RGB", image.size, "red"), "w"
    monkeypatch.setattr(batch, "_painter", painter := Mock(return_value=painted))
    old = [*photos(tmp_path, "a"), photo(tmp_path / "-b.png")]
    out = ["-o", str(tmp_path / "new")]
    assert main(["colourise", *map(str, old), *out, "--saturation", "1.5", "--model", "m"]) == 0
    painter.assert_called_once_with("m", 1.5, False, None, None, old[0])  # for all photos
    assert main(["colourise", *map(str, old), *out]) == 0  # all skipped: all done
    assert painter.call_count == 1  # and nothing loaded
    monkeypatch.chdir(tmp_path)
    assert main(["colourise", "-o", "newer", "--", "-b.png", "none.png"]) == 1
    assert files(tmp_path / "newer") == ["-b.png"]
    assert capsys.readouterr().out.splitlines()[-1].startswith("1 coloured, 0 skipped, 1 failed")
    assert main(["colourise", "a.png", "-o", "newest", "--temperature", "0.4"]) == 2
    assert "--temperature belongs to --vivid" in capsys.readouterr().err
    assert main(["colourise", "a.png", "-o", "vivid", "--vivid", "--temperature", "0.4"]) == 0
    painter.assert_called_with(None, 1.0, True, 0.4, None, Path("a.png"))
    for mistake in ("", "a.jpg", "-o x", "a.jpg -o x --saturation much"):
        with pytest.raises(SystemExit) as stop:
            main(["colourise", *mistake.split()])
        assert stop.value.code == 2 and "usage" in capsys.readouterr().err


@pytest.fixture(scope="module")
def brown(tmp_path_factory) -> Path:
    """Weights of a tiny network that colours everything in the same brown."""
    network = ColourNet(width=4)
    network.head.bias.data[:] = torch.tensor([0.1, 0.3])
    folder = tmp_path_factory.mktemp("weights")
    return weights.save(folder / "brown.safetensors", network, {"size": 32, "saturation": 0.5})


def test_weights_of_ones_own_are_used_and_named(tmp_path, brown, monkeypatch):
    old = [photo(tmp_path / f"{name}.png", Image.new("L", (48, 32), 120)) for name in "ab"]
    ways = [(network := weights.load(brown), "ColourNet"), (network[0], "ColourNet")]
    for number, (model, name) in enumerate([*ways, (brown, brown.name), (str(brown), brown.name)]):
        done = run(old[:1], tmp_path / f"{number}.png", model=model)
        assert f"weights: {name})" in Image.open(done.coloured[0]).text["Description"]
    monkeypatch.setattr(weights, "load", load := Mock(wraps=weights.load))
    out = tmp_path / "new"
    assert main(["colourise", *map(str, old), "-o", str(out), "--model", str(brown)]) == 0
    load.assert_called_once_with(str(brown))  # for both photos
    with Image.open(out / "a.png") as image:
        assert "weights: brown.safetensors" in image.info["Description"]
        assert str(tmp_path) not in image.info["Description"]
        pixel = np.array(image.getpixel((20, 20)), dtype=np.uint8)
    # the network's answer in Lab, times the card's saturation
    ab = rgb2lab(pixel[None, None])[0, 0, 1:]
    assert np.abs(ab - np.array([0.1, 0.3]) * 110 * 0.5).max() < 1.5


BAD_WEIGHTS = {  # made of good ones
    "cut": lambda good: good[:-100],
    "flipped": lambda good: good[:-50] + bytes([good[-50] ^ 0x41]) + good[-49:],
    "text": lambda good: b"these are my weights",
    "other": lambda good: safetensors.torch.save({"w": torch.ones(3)}),
    "edited": lambda good: good.replace(b"ColourNet", b"MyOwnNets"),
}


@pytest.mark.parametrize("kind", [*BAD_WEIGHTS, "folder", "missing"])
def test_bad_weights_are_one_line_and_nothing_is_done(tmp_path, brown, kind, capsys):
    old, bad, out = photo(tmp_path / "a.png"), tmp_path / "bad.safetensors", tmp_path / "new"
    if kind == "folder":
        bad.mkdir()
    elif kind != "missing":
        bad.write_bytes(BAD_WEIGHTS[kind](brown.read_bytes()))
    assert main(["colourise", str(old), "-o", str(out), "--model", str(bad)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("colourlib: ") and bad.name in error and error.count("\n") == 1
    assert not out.exists()


def test_lines_leave_the_bar_whole(tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        encoding, isatty = "ascii", lambda _: True  # it lacks letters that a name may hold

    photos(tmp_path, "aüz")
    (tmp_path / "ä.jpg").write_bytes(b"")
    screen = Terminal()
    for stream in ("stderr", "stdout"):
        monkeypatch.setattr(sys, stream, screen)
    run([tmp_path], tmp_path / "new")
    lines = screen.getvalue().split("\n")
    told = [line.rpartition("\r")[2] for line in lines if "is empty" in line]
    assert told[0].startswith(str(tmp_path)) and "\\xe4.jpg: is empty" in told[0]
    assert any("4/4" in line for line in lines)
    assert lines[-2].startswith("3 coloured")


def test_help_and_mistakes_need_no_torch(tmp_path):
    code = (
        "import sys; from colourlib.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "code = main(['colourise', 'none.jpg', '-o', 'new'])\n"
        "print(code, main(['colourise', 'x', '-o', 'x.gif']))\n"
        "print(sorted({'torch', 'matplotlib', 'scipy'} & set(sys.modules)))"
    )
    env = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    made = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True)
    *_, codes, modules = made.stdout.decode().splitlines()
    assert (codes, modules) == ("1 2", "[]"), made.stderr.decode()
