"""Shards hold the photos and the split of the folder; the stream is exact and hard to fool."""

import io
import json
import os
import shutil
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset

from colourlib import practice, stream
from colourlib.__main__ import main
from colourlib.album.batch import colourise_files
from colourlib.collect.manifest import Photo
from colourlib.common.errors import CourseError
from colourlib.course.workspace import open_workspace
from colourlib.model import ColourNet
from colourlib.prepare import make
from colourlib.runs.fit import fit
from colourlib.stream import feed, opening, shards, write

QUERIES = ("cars", "beaches", "moon", "cats")
LAST = "007"  # the number of the last shard


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(the folder's workspace, its shards): JPEG, WebP and PNG of four subjects, and a copy."""
    with pytest.MonkeyPatch.context() as patch:
        top = tmp_path_factory.mktemp("shards")
        patch.setenv("COLOURLIB_HOME", str(top / "home"))
        patch.setattr(write, "FEWEST", 6)
        for i in range(56):
            query = QUERIES[i % 4]
            file = top / "photos" / query / f"{i}.{('jpg', 'webp', 'png')[i % 3]}"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(practice.scene("cars", 800 + i, 112, 96).rgb()).save(file, quality=92)
        with Image.open(top / "photos/cars/0.jpg") as photo:
            photo.resize((84, 72)).save(top / "photos/cars/copy.jpg")
        assert main(["shard", str(top / "photos"), "-o", str(top / "out")]) == 0
        yield open_workspace(top / "photos", "quick"), top / "out"


@pytest.fixture
def copied(made, tmp_path, fresh_home):
    """The shards in a folder of the test's own."""
    return shutil.copytree(made[1], tmp_path / "copy")


def read(folder, side):
    index = json.loads((folder / "index.json").read_text())
    names = [str(folder / n) for n, entry in index["shards"].items() if entry["side"] == side]
    return [(json.loads(s["json"]), shards.picture_in(s)[0]) for s in shards.samples(names)]


def test_the_same_photos_and_the_same_split_as_from_the_folder(made):
    ws, out = made
    verdicts, split = ws.cleaned()
    assert len(split) < len(verdicts), "a near-duplicate was there to be turned away"
    for side in make.SIDES:
        found = read(out, side)
        assert {about["sha256"] for about, _ in found} == {s for s in split if split[s] == side}
        for about, content in found:
            assert write.sha256_of(content) == about["sha256"] and about["side"] == side
            assert about["verdict"] == "passed" and "/" not in about["file"] + about["url"]
    arrays = ws.prepared()
    data = stream.data(f"shards:{out}/{{000..{LAST}}}.tar", ws.root, ws.size)
    for one, other in ((data.validation, arrays.validation), (data.test, arrays.test)):
        place = [[row["sha256"] for row in other.rows].index(row["sha256"]) for row in one.rows]
        assert len(one) == len(other) and (other.L[place] == one.L).all()
        assert (one.ab == other.ab[place]).all() and one.rows[0]["query"] in QUERIES
    assert len(data.train) == len(arrays.train) and data.train.crop == arrays.train.crop
    assert torch.allclose(data.mean_tint, arrays.mean_tint, atol=0.01)
    photos = data.train.stream(0, 0, 0)
    L, ab = zip(*(next(photos) for _ in range(len(data.train))), strict=True)
    order = [int(np.abs(arrays.train.L - one.astype(int)).sum((1, 2)).argmin()) for one in L]
    assert sorted(order) == list(range(len(order))) and order != sorted(order), "each once, mixed"
    assert np.abs(np.stack(L) - arrays.train.L[order].astype(int)).max() <= 1
    assert np.abs(np.stack(ab) - arrays.train.ab[order].astype(int)).max() <= 1


def test_an_epoch_goes_on_exactly_and_training_takes_the_stream_for_prepared_photos(made, tmp_path):
    data = stream.data(f"shards:{made[1]}", tmp_path, 64)
    whole, again = data.loader(5, seed=3), data.loader(5, seed=3)
    expected = [*whole, *whole]
    assert expected[0][0].shape == (5, 1, 64, 64)
    assert not torch.equal(expected[0][0], expected[len(whole)][0]), "another order each epoch"
    again.batch_sampler.epoch, again.batch_sampler.first = 1, 3
    rest = list(again)
    for (x, y), (x_, y_) in zip(rest, expected[len(whole) + 3 :], strict=True):
        assert torch.equal(x, x_) and torch.equal(y, y_)
    run = fit(ColourNet(), data, steps=3, batch_size=5, quiet=True)
    assert run.state == "finished" and run.story()["data"]["train"] == len(data.train)
    with pytest.raises(CourseError, match="have no numbers"):
        data.train[0]


class Workers(IterableDataset):
    """What a worker of a DataLoader sees of one pass."""

    def __init__(self, photos, number):
        self.photos, self.number = photos, number

    def __iter__(self):
        photos = self.photos(1, 0, 0)
        return (int(next(photos)[0].sum()) for _ in range(self.number))


def test_processes_and_workers_share_the_shards(made, tmp_path, monkeypatch):
    data = stream.data(f"shards:{made[1]}", tmp_path, 64)
    monkeypatch.setenv("WORLD_SIZE", "2")
    shares = []
    for rank in "01":
        monkeypatch.setenv("RANK", rank)
        photos = data.train.stream(1, 0, 0)
        shares.append({next(photos)[0].tobytes() for _ in range(18)})  # of three shards each
    assert len(shares[0] | shares[1]) == 36, "no photo is in both"
    monkeypatch.setenv("WORLD_SIZE", "99")
    monkeypatch.setenv("RANK", "98")
    with pytest.raises(CourseError, match="too few for so many processes"):
        next(data.train.stream(1, 0, 0))
    monkeypatch.delenv("WORLD_SIZE")
    monkeypatch.delenv("RANK")
    seen = list(DataLoader(Workers(data.train.stream, 6), batch_size=None, num_workers=2))
    assert len(set(seen[::2]) & set(seen[1::2])) == 0, "each worker has shards of its own"


def test_stopped_it_goes_on_and_what_is_there_stays(made, tmp_path, monkeypatch, fresh_home):
    ws, out, real = made[0], tmp_path / "out", write._shard
    made_now = []

    def stopped(file, *rest):
        if len(made_now) == 2:
            raise KeyboardInterrupt
        made_now.append(file)
        return real(file, *rest)

    monkeypatch.setattr(write, "_shard", stopped)
    monkeypatch.setattr(write, "FEWEST", 6)
    with pytest.raises(KeyboardInterrupt):
        write.write(ws.root, *ws.cleaned(), out)
    with pytest.raises(CourseError, match="not all made yet"):
        stream.data(f"shards:{out}", tmp_path, 64)
    before = [file.stat().st_mtime_ns for file in made_now]
    monkeypatch.setattr(write, "_shard", real)
    write.write(ws.root, *ws.cleaned(), out)
    assert before == [file.stat().st_mtime_ns for file in made_now]
    assert (out / "index.json").read_text() == (made[1] / "index.json").read_text()
    verdicts, split = ws.cleaned()
    fewer = dict(list(split.items())[1:])
    with pytest.raises(CourseError, match="holds other photos or another split"):
        write.write(ws.root, verdicts, fewer, out)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.tmp").write_text("dear")
    with pytest.raises(CourseError, match="holds letter.tmp: name an empty folder"):
        write.write(ws.root, verdicts, split, tmp_path / "mine")
    assert (tmp_path / "mine/letter.tmp").exists()


def edit(folder, change):
    index = json.loads((folder / "index.json").read_text())
    change(index)
    (folder / "index.json").write_text(json.dumps(index))


BAD = [
    (lambda f: os.truncate(f / "002.tar", 9000), "", "002.tar is cut short or changed: it has"),
    (lambda f: (f / "001.tar").unlink(), "", "001.tar is missing: No such file"),
    (lambda f: (f / "index.json").unlink(), "", "index.json cannot be read: No such.*made by"),
    (lambda f: (f / "index.json").write_text("{"), "", "index.json is damaged"),
    (lambda f: edit(f, lambda i: i["shards"].update({"../x.tar": i["shards"]["000.tar"]})), "",
     "index.json is damaged.*a shard called '../x.tar'"),
    (lambda f: None, "/{000..077}.tar", "077.tar is not one of the shards|not one of the shards"),
    (lambda f: None, "/002.tar", "None of the 1 shards is for validation: name 000.tar to 000.tar"),
]  # fmt: skip


@pytest.mark.parametrize(("harm", "named", "said"), BAD, ids=[said[:30] for *_, said in BAD])
def test_bad_shards_are_named_in_a_sentence_before_anything_is_trained(copied, harm, named, said):
    harm(copied)
    with pytest.raises(CourseError, match=said) as error:
        open_workspace(f"shards:{copied}{named}", "quick").prepared()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("shards:pipe:touch x", "not from 'pipe:'"),
        ("shards:s3://bucket/{000..001}.tar", "not from 's3:'"),
        ("shards:file:///etc/{0..1}.tar", "not from 'file:'"),
        ("shards:http://127.0.0.1:9/{000..001}.tar", "cannot be read: Connection refused"),
        ("hub:nobody", "neither a set of the Hub"),
        ("shard:/x", "Did you mean 'shards:'"),
    ],
)
def test_bad_addresses(source, said, fresh_home, monkeypatch):
    monkeypatch.setattr(opening, "PAUSES", (0,))
    with pytest.raises(CourseError, match=said):
        open_workspace(source, "quick").prepared()


def test_what_is_not_installed_is_named(copied, monkeypatch):
    monkeypatch.setattr(feed.importlib.util, "find_spec", lambda name: None)
    for source, package in (f"shards:{copied}", "webdataset"), ("hub:a/b", "datasets and webdata"):
        with pytest.raises(CourseError, match=f"need {package}.*pip install -e"):
            open_workspace(source, "quick")
    with pytest.raises(CourseError, match="need webdataset"):
        write.write(copied, [], {}, copied)


def test_a_stream_is_not_collected_and_a_folder_keeps_its_name(copied):
    ws = open_workspace(f"shards:{copied}/{{000..002}}.tar", "full")
    with pytest.raises(CourseError, match=r"Go on with data = ws.prepared\(\)"):
        ws.cleaned()
    assert open_workspace().source == ws.source, "it is remembered"


class Shaky(SimpleHTTPRequestHandler):
    """A server that knows no ranges and hangs up in the middle of every second answer."""

    served = 0

    def copyfile(self, source, out):
        content = source.read()
        Shaky.served += 1
        out.write(content[: len(content) // 2] if Shaky.served % 2 == 0 else content)

    def log_message(self, *_):
        pass


def test_http_streams_the_same_and_a_broken_connection_is_taken_up_again(copied, monkeypatch):
    monkeypatch.setattr(opening, "PAUSES", (0, 0, 0))
    local = stream.data(f"shards:{copied}/{{000..{LAST}}}.tar", copied, 128)
    monkeypatch.chdir(copied)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shaky)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"shards:http://127.0.0.1:{server.server_port}/{{000..{LAST}}}.tar"
        data = open_workspace(address, "quick").prepared()
        assert (data.validation.L == local.validation.L).all()
        photos = data.train.stream(0, 0, 0)
        seen = [next(photos)[0].tobytes() for _ in range(len(local.train))]
        photos = local.train.stream(0, 0, 0)
        assert sorted(seen) == sorted(next(photos)[0].tobytes() for _ in seen)
        assert Shaky.served > 6
        (copied / "001.tar").unlink()
        with pytest.raises(CourseError, match="001.tar is missing: HTTP 404"):
            stream.data(address, copied, 128)
    finally:
        server.shutdown()
        server.server_close()


def test_photos_in_shards_are_coloured_each_process_its_own_shards(copied, tmp_path, monkeypatch):
    paint = partial(colourise_files, model=lambda x: x.new_full((1, 2, *x.shape[2:]), 0.2))
    index = json.loads((copied / "index.json").read_text())
    monkeypatch.setenv("WORLD_SIZE", "2")
    parts = []
    for rank in "01":
        monkeypatch.setenv("RANK", rank)
        parts.append(paint(f"shards:{copied}", tmp_path / "new").coloured)
    assert len({*parts[0], *parts[1]}) == len(parts[0]) + len(parts[1]) >= 56
    assert len(parts[0] + parts[1]) == sum(entry["photos"] for entry in index["shards"].values())
    assert not {path.parent for path in parts[0]} & {path.parent for path in parts[1]}
    monkeypatch.setenv("WORLD_SIZE", "1")
    parts[0][0].unlink()
    done = paint([f"shards:{copied}"], tmp_path / "new")
    assert done.coloured == parts[0][:1] and done.left == 0
    with pytest.raises(CourseError, match="coloured alone"):
        paint([f"shards:{copied}", "x.jpg"], tmp_path / "new")
    hostile(copied)
    done = paint([f"shards:{copied}"], tmp_path / "third")
    assert done.failed and all(tmp_path / "third" in path.parents for path in done.coloured)


def hostile(folder):
    """The first training shard, as somebody who means harm would write it."""
    index = json.loads((folder / "index.json").read_text())
    name = next(n for n, entry in index["shards"].items() if entry["side"] == "train")
    good = read(folder, "train")[0][1]
    bomb = io.BytesIO()
    Image.new("1", (14_000, 14_000)).save(bomb, "PNG")
    with tarfile.open(folder / name, "w") as tar:
        for inside, content in {
            "../../evil.jpg": good, "/tmp/evil2.jpg": b"\xff\xd8\xff", "a.png": bomb.getvalue(),
            "b.py": b"print()", "c": b"x", "d.pkl": b"cos\nsystem\n",
        }.items():  # fmt: skip
            info = tarfile.TarInfo(inside)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("e.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    edit(folder, lambda i: i["shards"][name].update(bytes=(folder / name).stat().st_size))
    return folder / name


def test_what_a_stranger_put_into_a_shard_does_no_harm(copied, monkeypatch, capsys):
    file = hostile(copied)
    data = stream.data(f"shards:{copied}", copied, 64)
    before = {path for path in copied.parent.rglob("*")}
    photos = shards.Stream({str(file): {"photos": 5}}, 80)(0, 0, 0)
    assert next(photos)[0].shape == (80, 80), "the one good photo among them"
    assert {path for path in copied.parent.rglob("*")} == before
    assert not Path("/tmp/evil2.jpg").exists()
    monkeypatch.setattr(shards, "MAX_BYTES", 100)
    with pytest.raises(CourseError, match="Not one photo is left to train on: copy the shards"):
        next(data.train.stream(0, 0, 0))
    monkeypatch.undo()
    file.write_bytes(file.read_bytes()[:1000])  # cut while the network trains
    assert next(data.train.stream(0, 0, 0))[0].shape == (80, 80)
    assert "broke off" in capsys.readouterr().out


def test_a_photo_that_changed_since_it_was_cleaned_is_not_written(tmp_path):
    Image.new("RGB", (80, 80)).save(tmp_path / "a.png")
    photo = Photo("cars", "", "a.png", "0" * 64, format="PNG")
    with pytest.raises(CourseError, match=r"a.png passed the cleaning.*changed.*clean.decide"):
        write._sample(tmp_path, ("train", type("V", (), {"photo": photo})))


def test_bytes_are_those_of_prepare():
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8))
    arrays = {"L": np.empty((1, 40, 40), np.uint8), "ab": np.empty((1, 2, 10, 10), np.uint8)}
    make.store(arrays, 0, picture, None)
    for ours, theirs in zip(feed.as_bytes(picture), (arrays["L"][0], arrays["ab"][0]), strict=True):
        assert np.abs(ours - theirs.astype(int)).max() <= 1
        assert (ours != theirs).mean() < 0.05
