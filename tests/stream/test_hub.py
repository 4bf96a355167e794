"""A set in the Hub's layout, made here and served from disk: cleaned on the fly, without leaks."""

import io
from itertools import islice

import datasets
import numpy as np
import pytest
from PIL import Image

from colourlib import clean, practice
from colourlib.common.errors import CourseError
from colourlib.course.workspace import open_workspace
from colourlib.stream import feed, hub


def encoded(picture, kind="PNG", **more):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **more)
    return buffer.getvalue()


def written(folder, pictures):
    kinds, text = datasets.ClassLabel(names=["cars", "moon"]), datasets.Value("string")
    features = datasets.Features({"text": text, "photo": datasets.Image(), "kind": kinds})
    cells = [p if isinstance(p, dict) else {"bytes": p, "path": None} for p in pictures]
    columns = {
        "text": ["x"] * len(cells),
        "photo": cells,
        "kind": [i % 2 for i in range(len(cells))],
    }
    (folder / "data").mkdir(parents=True)
    made = datasets.Dataset.from_dict(columns, features=features)
    made.to_parquet(folder / "data" / "train-00000-of-00001.parquet")
    return folder


@pytest.fixture(scope="module")
def scenes():
    return [Image.fromarray(practice.scene("cars", 900 + i, 96, 96).rgb()) for i in range(24)]


@pytest.fixture
def kept(tmp_path, scenes, fresh_home, monkeypatch):
    """(the set's folder, its data): 24 photos, a smaller copy of each, and what has to go."""
    monkeypatch.setattr(hub, "FEW", 4)
    monkeypatch.setattr(feed, "AHEAD", 1)
    copies = [encoded(p.resize((90, 90)), "JPEG", quality=97) for p in scenes]
    grey, small = encoded(scenes[0].convert("L")), encoded(scenes[1].resize((40, 40)))
    bad = [b"", b"no picture", grey, small]
    folder = written(tmp_path / "set", bad + [encoded(p) for p in scenes] + copies)
    return folder, open_workspace(f"hub:{folder}", "quick").prepared()


def fingerprint(L):
    small = Image.fromarray(L).resize((64, 64), Image.Resampling.BOX)
    return clean.measures.imagehash.phash(small)


def test_it_is_cleaned_as_it_streams_and_nothing_leaks(kept, scenes, capsys):
    _, data = kept
    assert len(data.validation) == len(data.test) == 4
    assert {row["query"] for row in data.validation.rows} == {"cars", "moon"}
    source, away = data.train.stream, data.train.stream.turned_away
    away.clear()
    pass_ = list(source.new(source.rows))
    assert len(pass_) == 24 - 8, "each of the others once, as a photo or as its copy"
    assert away["near-duplicate"] == 16 and away["like one that judges"] == 16
    assert (away["unreadable"], away["grey"], away["too small"]) == (2, 1, 1)
    trained = {str(fingerprint(L)) for L, _ in pass_}
    assert not trained & {str(fingerprint(L)) for L in [*data.validation.L, *data.test.L]}
    x, y = next(iter(data.loader(8, seed=1)))
    assert x.shape == (8, 1, 128, 128) and y.shape == (8, 2, 128, 128)
    (L, ab), (*_, (L_, ab_)) = next(source(1, 0, 3)), islice(source(1, 0, 0), 4)
    assert (L == L_).all() and (ab == ab_).all(), "what a stopped run has seen is left out"


def test_what_it_cannot_find_is_said_and_a_decision_counts(kept, capsys):
    folder, data = kept
    row = data.validation.rows[0]
    ws = open_workspace(f"hub:{folder}", "quick")
    clean.decide(ws.root, row["sha256"], keep=False)
    other = ws.prepared()
    assert row["sha256"] not in {r["sha256"] for r in other.validation.rows}
    assert other.fingerprint != data.fingerprint
    said = capsys.readouterr().out
    assert "Not found: a copy more than 200,000 photos back" in said and "grey (1)" in said


def test_no_pictures_no_network_and_too_few_photos(tmp_path, fresh_home, monkeypatch):
    (tmp_path / "text/data").mkdir(parents=True)
    made = datasets.Dataset.from_dict({"text": ["a"], "number": [1]})
    made.to_parquet(tmp_path / "text/data/train-00000-of-00001.parquet")
    with pytest.raises(CourseError, match="has no column of images: it has text, number"):
        open_workspace(f"hub:{tmp_path / 'text'}", "quick").prepared()
    grey = written(tmp_path / "grey", [encoded(Image.new("L", (80, 80), 90))] * 3)
    with pytest.raises(CourseError, match=r"too few photos: turned away .*\(3\)"):
        open_workspace(f"hub:{grey}", "quick").prepared()

    def offline(*_, **__):
        raise ConnectionError("Couldn't reach 'nobody/nothing' on the Hub")

    monkeypatch.setattr(datasets, "load_dataset", offline)
    with pytest.raises(CourseError, match="cannot be opened.*reach.*Is there a network"):
        open_workspace("hub:nobody/nothing", "quick").prepared()


def test_the_index_of_fingerprints_finds_what_is_near_and_forgets_the_oldest():
    known = hub.Known(3)
    prints = np.random.default_rng(0).integers(0, 2**63, (4, 2)).tolist()
    list(map(known.add, prints))
    assert known.near((prints[3][0] ^ 0b111, prints[3][1] ^ 1), 4)
    assert not known.near((prints[3][0] ^ 0b111, prints[3][1] ^ 0b11), 4)
    assert not known.near(prints[0], 14), "the fourth took its place"


def test_a_row_reads_files_of_its_own_set_and_no_others(kept, tmp_path):
    folder, data = kept
    source = data.train.stream
    (folder / "mine.png").write_bytes(b"mine")
    (tmp_path / "secret.png").write_bytes(b"secret")
    assert source._content({"bytes": None, "path": str(folder / "mine.png")}) == b"mine"
    for path in (tmp_path / "secret.png", f"{folder}/../secret.png", "https://example.com/a", None):
        with pytest.raises(hub.Rejected, match="outside the set"):
            source._content({"bytes": None, "path": path})
