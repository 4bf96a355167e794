"""Forgetting a picture: all of it goes, it does not come back, and nothing else is touched."""

import contextlib
import hashlib
import io
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colourlib import CourseError, clean, collect, prepare
from colourlib.clean import by_hand
from colourlib.collect import fetch, forgotten, manifest, store
from colourlib.collect.connection import Patience
from colourlib.course import forget as forgetting
from colourlib.course import sources
from colourlib.course.forget import forget
from colourlib.practice.search import Response, results_page, serve


def jpeg(seed: int, size=(80, 64)) -> bytes:
    """A picture that no other is like, but for itself at another size."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 10, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((80, 64), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    picture.resize(size).save(buffer, "JPEG")
    return buffer.getvalue()


URLS = [f"https://a.example/{number}.jpg" for number in range(12)]


class Web:
    """One query with the pictures of URLS; `other` are further addresses and what lies there."""

    def __init__(self, other=()):
        self.other, self.asked = dict(other), []

    def __call__(self, url):
        self.asked.append(url)
        if "www.bing.com" in url:
            return results_page([*URLS, *self.other] if "first=0" in url else [])
        return Response(self.other[url] if url in self.other else jpeg(URLS.index(url)))


def gather(root, web, per_query=12):
    with serve(web):
        return sources.collect(root, "bing", ["x"], per_query)


@pytest.fixture(autouse=True)
def little_patience(monkeypatch):
    monkeypatch.setattr(fetch, "WEB", Patience(1, 3, 60, 1, 0.01))


@pytest.fixture
def root(tmp_path):
    """A workspace with 12 pictures, judged, decided about, split, prepared and trained on."""
    root = tmp_path / "ws"
    rows = gather(root, Web())
    verdicts = clean.judge(root, rows)
    by_hand.decide(root, rows[3].sha256, True, "the one")
    by_hand.decide(root, rows[4].sha256, True)
    split = clean.split(root, verdicts)
    prepared = prepare.prepare(root, verdicts, split, size=32)
    for name, fingerprint in (("colournet", prepared.fingerprint), ("old", "0123456789ab")):
        (root / "runs" / name).mkdir(parents=True)
        story = {"data": {"fingerprint": fingerprint}, "samples": []}
        for i in (3, 5):
            (root / "runs" / name / f"sample-{i}.png").write_bytes(b"coloured")
            (root / "runs" / name / f"truth-{i}.png").write_bytes(b"the picture itself")
            story["samples"].append({"sha256": rows[i].sha256, "file": f"sample-{i}.png"})
        (root / "runs" / name / "run.json").write_text(json.dumps(story))
    return root


def picture_3(root: Path):
    """The row of the picture that is going to be forgotten."""
    return next(row for row in collect.photos(root) if row.url == URLS[3])


def everything(root: Path) -> dict[str, bytes]:
    """What lies in a workspace: name -> content."""
    files = [path for path in root.rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def traces(root: Path, row) -> list[str]:
    """Files in which the picture, its hash or its address can be found."""
    signs = [row.sha256.encode(), row.sha256[:16].encode(), row.url.encode(), jpeg(3)]
    return [
        name
        for name, content in everything(root).items()
        if any(sign in content or sign[:16] in name.encode() for sign in signs)
        and name != forgotten.NAME
    ]


@pytest.mark.parametrize("by", ["url", "sha256", "the start of its sha256"])
def test_nothing_of_it_is_left(root, capsys, by):
    row = picture_3(root)
    assert len(traces(root, row)) >= 6, "the test has to find something first"
    which = {"url": row.url, "sha256": row.sha256}.get(by, row.sha256[:10].upper())
    capsys.readouterr()
    said = forget(root, which)
    assert capsys.readouterr().out.splitlines() == said
    assert traces(root, row) == []
    told = "\n".join(said)
    words = (row.file, "measured", "by hand", "split", "prepared set", "1 row of the manifest")
    assert [word for word in words if word not in told] == []
    assert "Trained with it: colournet. A network cannot forget" in told
    assert "perhaps with it: old" in told
    noted = (root / forgotten.NAME).read_text()
    assert row.url not in noted and row.sha256 in noted
    assert hashlib.sha256(row.url.encode()).hexdigest() in noted
    # and the run that was trained with it shows no picture of it
    assert "The pictures of it in the run colournet are removed." in said
    left = sorted(p.name for p in (root / "runs" / "colournet").glob("*.png"))
    assert left == ["sample-5.png", "truth-5.png"]
    story = json.loads((root / "runs" / "colournet" / "run.json").read_text())
    assert [row["file"] for row in story["samples"]] == ["sample-5.png"]


def test_several_found_again_at_once_are_all_noted(tmp_path):
    hashes = [f"{number:064x}" for number in range(40)]
    forgotten.note(tmp_path, hashes)
    desk = store.Shelf(tmp_path)
    urls = [f"https://b.example/{i}.jpg" for i in range(40)]

    def keep(url, sha256):
        with contextlib.suppress(store.Forgotten):
            desk.keep(manifest.Photo("x", url, "", sha256, 1, 32, 32, "JPEG", "now"), b"x")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(keep, urls, hashes))
    noted = (tmp_path / forgotten.NAME).read_text()
    assert [h for h in hashes + [forgotten.digest(url) for url in urls] if h not in noted] == []


def test_the_others_stay(root):
    rows = collect.photos(root)
    before = everything(root)
    forget(root, URLS[3])
    after = everything(root)
    others = [row for row in rows if row.url != URLS[3]]
    assert collect.photos(root) == others
    assert all(after[row.file] == before[row.file] for row in others)
    assert list(by_hand.decisions(root)) == [rows[4].sha256[:16]]
    lines, kept = (files["measures.jsonl"].splitlines() for files in (before, after))
    assert len(kept) == len(lines) - 1 and set(kept) < set(lines)
    sides, left = (json.loads(files["split.json"]) for files in (before, after))
    assert sides.pop(rows[3].sha256) and left == sides
    assert clean.split(root, clean.judge(root, collect.photos(root)))


def test_it_is_not_collected_again(root):
    gone = picture_3(root)
    forget(root, URLS[3])
    others = ["https://b.example/the-same.jpg", "https://b.example/the-same-too.jpg"]
    web = Web(dict.fromkeys(others, jpeg(3)))
    rows = gather(root, web)
    assert URLS[3] not in web.asked
    assert set(others) < set(web.asked), "that they are the same is known only once they are here"
    assert gone.sha256 not in {row.sha256 for row in rows} and len(rows) == 11
    text = (root / "manifest.jsonl").read_text() + (root / forgotten.NAME).read_text()
    assert "b.example" not in text, "nor is it written down where else it lies"
    assert not list((root / "photos").rglob(f"{gone.sha256[:16]}*"))
    again = Web(dict.fromkeys(others, jpeg(3)))
    gather(root, again)
    assert not set(others) & set(again.asked), "but those addresses are known by now"


def test_copies_under_other_addresses_are_forgotten_with_it(tmp_path):
    copies = ["https://b.example/copy.jpg", "https://c.example/copy.jpg"]
    gather(tmp_path, Web(dict.fromkeys(copies, jpeg(3))), per_query=14)
    said = forget(tmp_path, copies[0])
    assert "3 rows of the manifest removed." in said
    text = (tmp_path / "manifest.jsonl").read_text()
    assert not any(url in text for url in [URLS[3], *copies])
    web = Web(dict.fromkeys(copies, jpeg(3)))
    gather(tmp_path, web, per_query=14)
    assert not {URLS[3], *copies} & set(web.asked)


def test_near_duplicates_that_stay_are_named(tmp_path):
    rows = gather(tmp_path, Web({"https://b.example/small.jpg": jpeg(3, (160, 128))}), 13)
    clean.judge(tmp_path, rows)
    (line,) = [line for line in forget(tmp_path, URLS[3]) if "are like it" in line]
    copy = next(row for row in rows if "small" in row.url)
    assert line.count("photos/") == 1 and copy.file in line
    assert not any("are like it" in line for line in forget(tmp_path, URLS[5]))


def test_an_address_without_a_picture_can_be_forgotten(tmp_path):
    gone = "https://a.example/secret-name.jpg"
    web = Web({gone: b""})
    with serve(lambda url: Response(b"", 404) if url == gone else web(url)):
        sources.collect(tmp_path, "bing", ["x"], 13)
    assert gone in (tmp_path / "manifest.jsonl").read_text()
    forget(tmp_path, gone)
    assert not any(gone.encode() in content for content in everything(tmp_path).values())


STEPS = ["note", "_remove_traces", "_remove_file", "manifest.rewrite", "replace_text"]


@pytest.mark.parametrize("step", STEPS)
def test_interrupted_anywhere_it_can_be_called_again(root, monkeypatch, step):
    row = picture_3(root)

    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        where = manifest if step == "manifest.rewrite" else forgetting
        patch.setattr(where, step.removeprefix("manifest."), interrupted)
        with pytest.raises(KeyboardInterrupt):
            forget(root, URLS[3])
    forget(root, URLS[3])
    assert traces(root, row) == []
    assert forget(root, URLS[3]) == ["It was forgotten before: nothing of it is left here."]
    assert forget(root, row.sha256) == forget(root, URLS[3])


def test_interrupted_while_a_prepared_set_goes_it_can_be_called_again(root, monkeypatch):
    row = picture_3(root)
    (meta,) = (root / "prepared").glob("*/meta.json")
    (meta.parent / ".ipynb_checkpoints").mkdir()  # what an editor leaves is no hindrance
    (meta.parent / ".ipynb_checkpoints" / "meta-checkpoint.json").write_text("{}")
    original, calls = os.unlink, []

    def unlink(path, *arguments, **named):
        if meta.parent in Path(path).parents:
            calls.append(path)
            if len(calls) == 3:
                raise PermissionError("a notebook has it open")
        return original(path, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", unlink)
        with pytest.raises(CourseError, match="a notebook has it open.*then forget once more"):
            forget(root, URLS[3])
    assert meta.exists(), "else nobody could tell what the set holds"
    forget(root, URLS[3])
    assert not meta.parent.exists() and traces(root, row) == []


@pytest.mark.parametrize("which", ["https://a.example/99.jpg", "f" * 64, "12345678", "moon", ""])
def test_what_is_not_here_is_not_forgotten(root, which):
    before = everything(root)
    with pytest.raises(CourseError, match="There is no picture"):
        forget(root, which)
    assert everything(root) == before


def test_the_start_of_several_hashes_is_not_enough(tmp_path):
    row = manifest.Photo("x", "", "", "", 1, 1, 1, "JPEG", "")
    for end in "ab":
        url = f"https://a.example/{end}.jpg"
        manifest.append(tmp_path, replace(row, url=url, sha256="01234567" + end * 56))
    with pytest.raises(CourseError, match="start of several pictures"):
        forget(tmp_path, "01234567")
    assert forget(tmp_path, "01234567a")
    assert [row.sha256[-1] for row in collect.photos(tmp_path)] == ["b"]


@pytest.mark.parametrize("inside", [False, True])
def test_a_manifest_cannot_make_it_remove_what_is_not_ours(tmp_path, inside):
    root = tmp_path / "ws"
    victim = (root if inside else tmp_path) / "thesis.txt"
    root.mkdir()
    victim.write_text("years of work")
    for file in (f"photos/../{'' if inside else '../'}thesis.txt", str(victim)):
        row = manifest.Photo("x", file, file, "0" * 64, 13, 9, 9, "JPEG", "")
        manifest.append(root, row)
        forget(root, file)
        assert victim.read_text() == "years of work"


def test_not_while_somebody_collects(root):
    with store.Shelf(root), pytest.raises(CourseError, match="collecting into ws just now"):
        forget(root, URLS[3])
    assert (root / collect.photos(root)[3].file).exists()
    assert forget(root, URLS[3])
