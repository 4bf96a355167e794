"""Data sets from torchvision: its real download, checks and readers, on small made archives."""

import hashlib
import io
import json
import pickle
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from test_collect import Web
from torchvision import datasets

from colourlib import CourseError, clean, collect, open_workspace
from colourlib.clean import by_hand
from colourlib.collect import published
from colourlib.common.pictures import encoded
from colourlib.course import sources, workspace
from colourlib.course.forget import forget
from colourlib.practice.search import Response, serve


def pixels(seed: int, side: int) -> np.ndarray:
    """A random picture that near-duplicate search takes for no other: (side, side, 3) uint8."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


def jpeg(seed: int, side: int) -> bytes:
    return encoded(Image.fromarray(pixels(seed, side)), "JPEG")


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def tgz(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def web(monkeypatch):
    """The four sets, each with three pictures in each of its classes (Flowers102: of two)."""
    web = Web({}, first=lambda url: None if url in web.files else Response(b"not here", 404))
    for make in (_imagenette, _flowers, _stl10, _cifar10):
        make(web, monkeypatch)
    with serve(web):
        yield web


def _serve_archive(web, monkeypatch, data_set, folder, parts):
    """Let torchvision's address give these parts in a folder, and its checksums be theirs."""
    archive = tgz({f"{folder}/{name}": data for name, data in parts.items()})
    web.files[data_set.url] = archive
    monkeypatch.setattr(data_set, "tgz_md5", md5(archive))
    for group in ("train_list", "test_list"):
        checked = [[name, md5(parts[name])] for name, _ in getattr(data_set, group)]
        monkeypatch.setattr(data_set, group, checked)


def _imagenette(web, monkeypatch, files=None):
    names = datasets.Imagenette._WNID_TO_CLASS
    files = files or {
        f"{wnid}/{wnid}_{n}.JPEG": jpeg(10 * c + n, 160)
        for c, wnid in enumerate(names) for n in range(3)
    }  # fmt: skip
    files = {f"imagenette2-160/train/{name}": data for name, data in files.items()}
    url, _ = datasets.Imagenette._ARCHIVES["160px"]
    web.files[url] = tgz(files | {"imagenette2-160/noisy_imagenette.csv": b"path,labels\n"})
    monkeypatch.setattr(datasets.Imagenette, "_ARCHIVES", {"160px": (url, md5(web.files[url]))})


def _flowers(web, monkeypatch):
    def mat(**content):
        buffer = io.BytesIO()
        savemat(buffer, {name: np.array([values]) for name, values in content.items()})
        return buffer.getvalue()

    images = tgz({f"jpg/image_{n:05d}.jpg": jpeg(200 + n, 96) for n in range(1, 7)})
    parts = {  # labels: of image_00001.jpg to image_00006.jpg; classes count from 1
        "image": ("102flowers.tgz", images),
        "label": ("imagelabels.mat", mat(labels=[1, 2, 1, 2, 1, 2])),
        "setid": ("setid.mat", mat(trnid=[1, 2], valid=[3, 4], tstid=[5, 6])),
    }
    prefix = datasets.Flowers102._download_url_prefix
    web.files |= {prefix + name: data for name, data in parts.values()}
    constants = {kind: (name, md5(data)) for kind, (name, data) in parts.items()}
    monkeypatch.setattr(datasets.Flowers102, "_file_dict", constants)


def _stl10(web, monkeypatch):
    def columns(seeds):  # as in the set: channels first, column by column
        return b"".join(pixels(seed, 96).transpose(2, 1, 0).tobytes() for seed in seeds)

    parts = {
        "train_X.bin": columns(range(300, 330)), "train_y.bin": bytes([*range(1, 11)] * 3),
        "unlabeled_X.bin": columns([400]), "test_X.bin": columns([401]), "test_y.bin": b"\x01",
        "class_names.txt": b"airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n",
    }  # fmt: skip
    _serve_archive(web, monkeypatch, datasets.STL10, "stl10_binary", parts)


def _cifar10(web, monkeypatch):
    parts = {"batches.meta": pickle.dumps({"label_names": [*"abcd", "deer", *"fghij"]})}
    batches = datasets.CIFAR10.train_list + datasets.CIFAR10.test_list
    for number, (name, _) in enumerate(batches):  # five pictures of 32 x 32 in each batch
        seeds = range(500 + 5 * number, 505 + 5 * number)
        data = np.stack([pixels(seed, 32).transpose(2, 0, 1).ravel() for seed in seeds])
        parts[name] = pickle.dumps({"data": data, "labels": [s % 10 for s in seeds]})
    _serve_archive(web, monkeypatch, datasets.CIFAR10, "cifar-10-batches-py", parts)
    meta = datasets.CIFAR10.meta | {"md5": md5(parts["batches.meta"])}
    monkeypatch.setattr(datasets.CIFAR10, "meta", meta)


def collect_set(root, name, per_query):
    return sources.collect(root, f"torchvision:{name}", per_query=per_query)


WHAT_COMES = {  # side, format, classes, pictures a class at most, an address, its class
    "Imagenette": (160, "JPEG", 10, 3, "Imagenette/train/0", "tench"),
    "Flowers102": (96, "JPEG", 2, 3, "Flowers102/test/1", "hard-leaved pocket orchid"),
    "STL10": (96, "PNG", 10, 3, "STL10/train/12", "car"),
    "CIFAR10": (32, "PNG", 10, 3, "CIFAR10/train/24", "deer"),
}


@pytest.mark.parametrize("name", published.SETS)
def test_a_set_arrives_with_its_origin(tmp_path, web, capsys, name):
    side, kind, classes, most, address, query = WHAT_COMES[name]
    rows = collect_set(tmp_path, name, per_query=2)
    found = collect.summary(rows)
    assert len(found) == classes and all(kept == 2 for _, _, kept, _ in found)
    assert {(row.width, row.height, row.format) for row in rows} == {(side, side, kind)}
    for row in rows:
        data = row.path(tmp_path).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row.sha256
        assert row.file.startswith("photos/") and row.time
    more = collect_set(tmp_path, name, per_query=100)
    assert all(kept <= most for _, _, kept, _ in collect.summary(more))
    assert [row.query for row in more if row.url == f"torchvision:{address}"] == [query]
    said = capsys.readouterr().out
    assert f"Download: {published.SETS[name].megabytes} MB" in said
    assert published.SETS[name].homepage in said and published.SETS[name].terms in said


def test_files_are_copied_byte_for_byte_and_numbers_become_the_same_pixels(tmp_path, web):
    rows = collect_set(tmp_path / "a", "Imagenette", per_query=1)
    assert rows[0].path(tmp_path / "a").read_bytes() in [jpeg(seed, 160) for seed in range(100)]
    for name, side, first in (("CIFAR10", 32, 500), ("STL10", 96, 300)):
        for row in collect_set(tmp_path / name, name, per_query=1):
            with Image.open(row.path(tmp_path / name)) as image:
                seed = first + int(row.url.rsplit("/", 1)[1])
                assert np.array_equal(np.asarray(image), pixels(seed, side))


def test_it_goes_on_where_it_was_and_downloads_nothing_twice(tmp_path, web, monkeypatch, capsys):
    first = collect_set(tmp_path, "CIFAR10", per_query=1)
    asked, lost = len(web.asked), first[0]
    lost.path(tmp_path).unlink()
    rows = collect_set(tmp_path, "CIFAR10", per_query=2)
    assert {row.file for row in first} < {row.file for row in rows}
    assert lost.path(tmp_path).exists() and len(rows) == 20
    assert len(web.asked) == asked, "nothing is downloaded for that"
    assert capsys.readouterr().out.count("Download:") == 1
    # Complete, it does not even open the set, which for some takes long.
    monkeypatch.setattr(published, "_open_parts", None)
    shutil.rmtree(tmp_path / "download")
    assert collect_set(tmp_path, "CIFAR10", per_query=2) == rows
    assert capsys.readouterr().out == ""


def test_killed_while_it_copies_or_unpacks_it_goes_on(tmp_path, web, monkeypatch):
    def killed(data, number, path):
        if len(copied) == 7:
            raise KeyboardInterrupt
        copied.append(path)
        return original(data, number, path)

    original, copied = published._bytes_of, []
    monkeypatch.setattr(published, "_bytes_of", killed)
    with pytest.raises(KeyboardInterrupt):
        collect_set(tmp_path, "Imagenette", per_query=2)
    before = collect.photos(tmp_path)
    assert len(before) == 7 and not (tmp_path / "scratch").exists()
    monkeypatch.setattr(published, "_bytes_of", original)
    rows = collect_set(tmp_path, "Imagenette", per_query=2)
    assert len(rows) == 20 and set(before) <= set(rows)
    download = tmp_path / "download"
    (download / "Imagenette-complete").unlink()  # as if killed while it unpacked
    for folder in sorted((download / "imagenette2-160" / "train").iterdir())[2:]:
        shutil.rmtree(folder)
    asked = len(web.asked)
    rows = collect_set(tmp_path, "Imagenette", per_query=3)
    assert all(kept == 3 for _, _, kept, _ in collect.summary(rows)), "half a set was taken"
    assert len(web.asked) == asked, "the archive was whole"


def test_the_same_picture_twice_is_kept_once(tmp_path, web, monkeypatch):
    wnid = next(iter(datasets.Imagenette._WNID_TO_CLASS))
    files = {f"{wnid}/{wnid}_{n}.JPEG": jpeg(n // 2, 160) for n in range(4)}
    files[f"{wnid}/broken.JPEG"] = b"\xff\xd8\xff no picture"
    _imagenette(web, monkeypatch, files)
    rows = collect_set(tmp_path, "Imagenette", per_query=5)
    assert collect.summary(rows) == [("tench", 5, 2, 3)]
    *copies, broken = sorted(row.rejected for row in rows if row.rejected)
    assert "not a picture" in broken
    assert all(reason.startswith("same bytes as torchvision:") for reason in copies)


def test_small_pictures_are_let_through_once_and_it_is_said(tmp_path, web, capsys):
    verdicts = clean.judge(tmp_path, collect_set(tmp_path, "CIFAR10", per_query=2))
    assert all(verdict.rule != "too small" for verdict in verdicts)
    assert any(verdict.keep for verdict in verdicts)
    said = capsys.readouterr().out
    assert "32 pixels on the shorter side" in said and "limit too small 32" in said
    assert by_hand.limits(tmp_path) == {"too small": 32}
    by_hand.set_limit(tmp_path, "too small", None)  # the student thinks better of it
    collect_set(tmp_path, "CIFAR10", per_query=3)
    assert by_hand.limits(tmp_path) == {}
    collect_set(tmp_path / "other", "STL10", per_query=1)
    assert by_hand.limits(tmp_path / "other") == {}


@pytest.mark.parametrize("name", published.SETS)
def test_without_a_network_the_offline_source_is_named(tmp_path, web, monkeypatch, name):
    web.files.clear()
    with pytest.raises(CourseError, match=rf"{name} could not.*HTTP 404(.|\n)*source='practice'"):
        collect_set(tmp_path, name, per_query=1)
    monkeypatch.setattr(published, "STALLED", 0.3)  # a server that says nothing is given up
    says = "timed out(.|\n)*source='practice'"
    with serve(lambda url: Response(b"", wait=60)), pytest.raises(CourseError, match=says):
        collect_set(tmp_path, name, per_query=1)
    assert collect.photos(tmp_path) == []


def test_what_is_not_what_was_published_is_turned_away(tmp_path, web):
    whole = web.files[datasets.CIFAR10.url]
    web.files[datasets.CIFAR10.url] = whole + b"and more"
    with pytest.raises(CourseError, match="the checksum differs"):
        collect_set(tmp_path, "CIFAR10", per_query=1)
    web.files[datasets.CIFAR10.url] = whole
    assert len(collect_set(tmp_path, "CIFAR10", per_query=1)) == 10


def test_room_on_the_disk_is_checked_before_the_download(tmp_path, web, monkeypatch):
    little = shutil.disk_usage(tmp_path)._replace(free=5_000_000_000)
    monkeypatch.setattr(published.shutil, "disk_usage", lambda path: little)
    with pytest.raises(CourseError, match=r"need 6600 MB.*has 5000 MB left.*COLOURLIB_HOME"):
        collect_set(tmp_path / "new", "STL10", per_query=1)
    assert web.asked == [] and not (tmp_path / "new" / "download").exists()
    assert collect_set(tmp_path / "new", "CIFAR10", per_query=1)


@pytest.mark.parametrize(
    ("source", "says"),
    [("torchvision:cifar10", "Did you mean 'torchvision:CIFAR10'"),
     ("torchvision:Imagenet", "Did you mean 'torchvision:Imagenette'"),
     ("torchvision:", "There are: torchvision:Imagenette, torchvision:Flowers102"),
     ("torchvision:../../etc", "There is no data set"),
     ("torchvison:CIFAR10", "Did you mean 'torchvision:'")],
)  # fmt: skip
def test_a_wrong_name_is_explained(fresh_home, tmp_path, source, says):
    with pytest.raises(CourseError, match=says):
        open_workspace(source)
    with pytest.raises(CourseError, match=says):
        sources.collect(tmp_path / "new", source)
    assert not fresh_home.exists() and not (tmp_path / "new").exists()


def test_a_set_has_a_workspace_until_it_is_no_more(fresh_home, monkeypatch, capsys):
    ws = open_workspace("torchvision:CIFAR10", "quick")
    assert ws.root == fresh_home / "torchvision-CIFAR10-quick"
    assert (ws.size, ws.practice) == (32, False), "no larger than its pictures"
    assert open_workspace().source == "torchvision:CIFAR10"
    assert open_workspace("torchvision:Flowers102", "full").size == 256
    for name, chosen in published.SETS.items():
        for setting in workspace.SETTINGS:
            assert open_workspace(f"torchvision:{name}", setting).size % 16 == 0
        assert chosen.megabytes > 50 and chosen.homepage.startswith("https://")
        assert isinstance(getattr(datasets, name), type)
    monkeypatch.delitem(published.SETS, "CIFAR10")  # the last one that was opened
    capsys.readouterr()
    assert open_workspace().source == "practice"
    assert "torchvision:CIFAR10 is gone" in capsys.readouterr().out


def test_a_forgotten_picture_does_not_come_back(tmp_path, web):
    rows = collect_set(tmp_path, "Imagenette", per_query=1)
    said = forget(tmp_path, rows[0].url)
    assert any("download/ still holds it" in line for line in said)
    again = collect_set(tmp_path, "Imagenette", per_query=3)
    assert rows[0].sha256 not in {row.sha256 for row in again} and len(again) == 29
    assert json.loads((tmp_path / "set.json").read_text()) == {"per_query": 3}
    assert not Path(rows[0].path(tmp_path)).exists()
