"""The one walk over a folder of photos, as those who use it see it; pasted paths; a closed home."""

import io
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from PIL import Image

from colourlib import CourseError, open_workspace
from colourlib.__main__ import main
from colourlib.album import names
from colourlib.common import files, folders, pictures, unreadable
from colourlib.common.folders import Walk
from colourlib.course import sources
from colourlib.runs import weights

posix = pytest.mark.skipif(os.name == "nt", reason="links and names that Windows does not have")
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def photo(path: Path, kind: str = "JPEG") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.linear_gradient("L").convert("RGB").save(path, kind)
    return path


def walked(folder: Path, *skip: Path) -> tuple[list[str], str]:
    """(what is taken, what is said of the rest), proved to be the same for both who walk."""
    walk = Walk(folder, skip)
    found = [path.relative_to(folder).as_posix() for path in walk]
    jobs = names.plan([folder], folder.parent / "out").jobs
    assert skip or sorted(str(j.photo.relative_to(folder)) for j in jobs) == sorted(found)
    if found and not skip:
        rows = sources.collect(folder.parent / "ws", str(folder))
        assert sorted(row.file for row in rows) == sorted(str(folder / one) for one in found)
    return found, walk.left_out()


@posix
def test_links_to_folders_are_followed_each_folder_once(tmp_path):
    real, here = tmp_path / "real", tmp_path / "here"
    for file in (real / "cats" / "a.jpg", real / "cats" / "old" / "b.jpg", here / "z" / "c.jpg"):
        photo(file)
    links = {"cats": real / "cats", "again": here / "z", "once more": real / "cats" / "old"}
    links |= {"up": tmp_path, "self": here, "z/up": here, "z/away": real, "z/none": tmp_path / "no"}
    for name, target in links.items():
        (here / name).symlink_to(target, target_is_directory=True)
    found, left = walked(here)
    assert sorted(Path(name).name for name in found) == ["a.jpg", "b.jpg", "c.jpg"]
    assert {"cats/a.jpg", "z/c.jpg"} < set(found)
    assert left == "neither files nor folders (1)"
    assert walked(here, tmp_path / "real")[0] == ["z/c.jpg"], "nor by a link to what is skipped"


def test_folders_of_systems_and_programs_are_left_out_in_a_line(tmp_path):
    here = tmp_path / "here"
    system = "$RECYCLE.BIN/System Volume Information/@eaDir/#recycle/__MACOSX/lost+found"
    for name in (*system.split("/"), "node_modules", ".git", "venv", "old/.trash", "old", "#best"):
        photo(here / name / "a.jpg")
    (here / "venv" / "pyvenv.cfg").touch()
    found, left = walked(here)
    assert found == ["#best/a.jpg", "old/a.jpg"]
    assert "the folders #recycle, $RECYCLE.BIN" in left and "4 more" in left and "\n" not in left


@posix
def test_odd_names_are_read_by_content_and_the_rest_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "NAMED", 20)
    here = tmp_path / "here"
    odd = {"a.jpg?w=600": "JPEG", "b.jpg_large": "PNG", "c": "WEBP", "d.jpg ": "GIF"}
    odd |= {"e.JPG.1": "BMP", "St. Anne": "TIFF", "f.txt": "JPEG", "upload.tmp": "JPEG"}
    alien = dict.fromkeys(["raw.NEF", "half.jpg.part", "film.thm"], "JPEG")  # so they begin
    for name, kind in (odd | alien).items():
        photo(here / name, kind)
    others = {"IMG_1": HEIC, "x.zip": b"PK\x03\x04", "BMW": b"BMW is a car", "n.jpg.json": b"{}"}
    for name, content in (others | {"y.heic": HEIC}).items():
        (here / name).write_bytes(content)
    os.mkfifo(here / "pipe.jpg")  # whoever opens it waits for ever
    (here / "zero.jpg").symlink_to("/dev/zero")  # and this never ends
    (here / "scan.pdf").write_bytes(b"%PDF-1.4")
    found, left = walked(here)
    heic = ".heic" in pictures.ENDINGS
    assert sorted(found) == sorted([*odd, *["y.heic", "IMG_1"] * heic])
    assert "neither files nor folders (2)" in left and "To use .pdf: save the pictures in" in left
    for kind in (".nef", ".part", ".thm", ".json", ".zip", "without an ending"):
        assert f"{kind} (1)" in left
    assert "To use .nef: save them as JPEG" in left and "To use .zip: unpack them" in left
    assert heic or (".heic (2)" in left and "To use .heic: `pip install pillow-heif`" in left)
    monkeypatch.setattr(folders, "NAMED", 2)


@pytest.mark.skipif("AVIF" not in pictures.FORMATS, reason="this Pillow has no AVIF")
def test_avif_is_a_photo_like_others(tmp_path):
    photo(tmp_path / "here" / "a.avif", "AVIF"), photo(tmp_path / "here" / "b.jpg", "AVIF")
    assert len(walked(tmp_path / "here")[0]) == 2
    (row, other) = sources.collect(tmp_path / "ws", str(tmp_path / "here"))
    assert row.format == "AVIF" and other.rejected.startswith("same bytes")
    assert unreadable.open_photo(tmp_path / "here" / "b.jpg")[0].size == (256, 256)


HEIF = """
import sys
from types import ModuleType
fake = ModuleType("pillow_heif")
fake.register_heif_opener = lambda: print("registered")
sys.modules["pillow_heif"] = fake
from colourlib.common import pictures
print(pictures.FORMATS["HEIF"], {".heic", ".heif"} <= set(pictures.ENDINGS), pictures.READ)
"""


def test_heic_is_read_where_its_package_is_installed():
    said = subprocess.run([sys.executable, "-c", HEIF], capture_output=True, text=True)
    assert said.stdout.startswith("registered\n.heic True JPEG, PNG"), said.stderr
    assert said.stdout.endswith("HEIF\n")
    with pytest.raises(CourseError, match="HEIC photo, .* `pip install pillow-heif`"):
        unreadable.open_photo(io.BytesIO(HEIC))


WAYS = ['"{}"', "'{}'", " {}\n", "“{}”", "& '{}'", "file://{}", "FILE://localhost{}", '"file://{}"']


@posix
@pytest.mark.parametrize("way", [*WAYS, "bars", "percent", "~", "$HOME", "url"])
def test_a_path_may_be_pasted_in_many_ways(way, tmp_path, monkeypatch):
    here = photo(tmp_path / "my photos" / "a b.jpg").parent
    monkeypatch.setenv("HOME", str(tmp_path))
    other = {"bars": str(here).replace(" ", "\\ "), "percent": str(here).replace(" ", "%20")}
    other |= {"~": "~/my%20photos", "$HOME": "$HOME/my photos", "url": here.as_uri()}
    text = other.get(way) or way.format(here)
    assert sources.check_source(text) == str(here)
    assert files.pasted(text.replace("photos", "photos/a b.jpg", 1)) == here / "a b.jpg"
    assert names.plan([text], tmp_path / "out").jobs[0].photo.name == "a b.jpg"
    with pytest.raises(CourseError, match="no trained run in .*my photos:"):
        weights.load(text)


@posix
def test_a_file_that_is_really_called_so_comes_first(tmp_path):
    for name in ("'90s", "50%20off", "a\\ b", "x "):
        (tmp_path / name).mkdir()
        assert files.pasted(str(tmp_path / name)) == tmp_path / name
    assert files.pasted(f'"{tmp_path}/none"') == tmp_path / "none"


def test_a_file_where_a_folder_is_due_is_told(tmp_path, capsys):
    file = photo(tmp_path / "a.zip")
    with pytest.raises(CourseError, match="is a file. Give the folder .* unpack an archive first"):
        sources.check_source(f'"{file}"')
    assert main(["course", "--photos", str(file)]) == 2
    assert "is a file. Give the folder" in capsys.readouterr().err


def test_a_home_that_cannot_be_written_is_named_with_what_to_set(fresh_home, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("COLOURLIB_HOME", str(tmp_path / "file" / "data"))
    with pytest.raises(CourseError, match="to .*file.data.practice-quick .*set COLOURLIB_HOME"):
        open_workspace()
    monkeypatch.setenv("COLOURLIB_HOME", str(fresh_home))

    denied = PermissionError(13, "Permission denied")
    monkeypatch.setattr(files.tempfile, "TemporaryFile", Mock(side_effect=denied))
    with pytest.raises(CourseError, match=r"\(Permission denied\): set COLOURLIB_HOME"):
        open_workspace()
    with pytest.raises(CourseError, match="name another folder"):
        files.writable(tmp_path / "executed")
