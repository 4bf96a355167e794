"""The split: three sides, no leak between any two, and nobody ever moves."""

import itertools
import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from colourlib import CourseError, clean
from colourlib.clean import splitting
from colourlib.prepare import make

SIDES = {"train", "validation", "test"}


def far_apart(seed: int):
    rng = np.random.default_rng(seed)
    while True:
        yield tuple(rng.integers(0, 2**64, 2, dtype=np.uint64).tolist())


@pytest.fixture
def rows_of(synthetic):
    """Rows of these queries, no two alike."""
    prints = far_apart(1)
    return lambda queries: [synthetic(query, *next(prints)) for query in queries]


def dealt(tmp_path, rows):
    return clean.split(tmp_path, clean.judge(tmp_path, rows))


def counts(rows, sides) -> Counter:
    return Counter((row.query, sides[row.sha256]) for row in rows if row.sha256 in sides)


def test_the_split_has_every_query_on_all_sides_and_no_leak_but_planted_ones(tmp_path, rows_of):
    rows = rows_of("a" * 40 + "b" * 7 + "c" * 3)
    verdicts = clean.judge(tmp_path, rows)
    sides = clean.split(tmp_path, verdicts)
    assert counts(rows, sides) == {
        ("a", "train"): 28, ("a", "validation"): 6, ("a", "test"): 6,
        ("b", "train"): 5, ("b", "validation"): 1, ("b", "test"): 1,
        ("c", "train"): 1, ("c", "validation"): 1, ("c", "test"): 1,
    }  # fmt: skip
    assert clean.leaks(verdicts, sides) == []
    assert clean.split(tmp_path, verdicts) == sides
    assert make.SIDES == splitting.SIDES and set(make.SIDES) == SIDES
    first = {side: next(v for v in verdicts if sides[v.photo.sha256] == side) for side in SIDES}
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        at = verdicts.index(first[other])
        dhash, phash = first[one].fingerprint
        planted = replace(first[other], fingerprint=(dhash ^ 0b1011, phash ^ 0b11))
        (pair,) = clean.leaks([*verdicts[:at], planted, *verdicts[at + 1 :]], sides)
        assert {v.photo for v in pair} == {first[one].photo, planted.photo}


@pytest.mark.parametrize(
    ("queries", "train", "validation", "test"),
    [
        ("aaa", 1, 1, 1),
        ("abc", 1, 1, 1),
        ("aab", 1, 1, 1),
        ("aaab", 2, 1, 1),
        ("a" * 10, 6, 2, 2),
        ([f"q{i}" for i in range(40)], 28, 6, 6),  # a photo each
        ([f"q{i // 2}" for i in range(40)], 28, 6, 6),  # two each
        ("a" * 20 + "bcd", 15, 4, 4),
    ],
)
def test_few_photos_are_on_each_side(tmp_path, rows_of, queries, train, validation, test, capsys):
    sides = dealt(tmp_path, rows_of(queries))
    found = Counter(sides.values())
    assert found == {"train": train, "validation": validation, "test": test}
    assert "test set" not in capsys.readouterr().out


@pytest.mark.parametrize(("queries", "count"), [("a", 1), ("aa", 2), ("ab", 2)])
def test_too_few_photos_are_explained_and_nothing_is_remembered(tmp_path, rows_of, queries, count):
    rows = rows_of(queries)
    with pytest.raises(CourseError, match=f"the cleaning: {count}. Three are the least, to train"):
        dealt(tmp_path, rows)
    assert set(dealt(tmp_path, rows + rows_of("ab")).values()) == SIDES


def test_alike_pictures_both_stay_on_one_side(tmp_path, synthetic):
    prints, rows = far_apart(3), []
    for _ in range(30):
        dhash, phash = next(prints)
        rows += [synthetic("a", dhash, phash), synthetic("b", dhash ^ (2**18 - 1), phash)]
    verdicts = clean.judge(tmp_path, rows)
    assert all(v.keep for v in verdicts)
    sides = clean.split(tmp_path, verdicts)
    pairs = zip(rows[::2], rows[1::2], strict=True)
    assert all(sides[one.sha256] == sides[other.sha256] for one, other in pairs)
    assert set(sides.values()) == SIDES


def test_adding_pictures_never_moves_one(tmp_path, synthetic):
    prints, rows, known = far_apart(4), [], {}
    for step in range(12):
        rows = rows + [synthetic(f"q{k % 5}", *next(prints)) for k in range(step + 3)]
        copy = rows[step * 3]  # a larger copy of an old one: it is kept in its place
        dhash, phash = clean.judge(tmp_path, [copy])[0].fingerprint
        rows.append(synthetic(copy.query, dhash ^ 1, phash, side=200 + step))
        verdicts = clean.judge(tmp_path, rows)
        sides = clean.split(tmp_path, verdicts)
        assert all(known.get(sha, side) == side for sha, side in sides.items())
        known |= sides
        assert set(sides) == {v.photo.sha256 for v in verdicts if v.keep}
        assert clean.leaks(verdicts, sides) == []
        share = Counter(sides.values())
        assert set(share) == SIDES and share["train"] >= share["validation"] >= share["test"]
    assert all(0.1 < share[side] / share.total() < 0.2 for side in ("validation", "test"))
    assert {q for q, _ in counts(rows, sides)} == {f"q{k}" for k in range(5)}
    assert len(counts(rows, sides)) == 15, "each query has each side by now"
    assert rows[-1].sha256 in sides and copy.sha256 not in sides
    assert sides[rows[-1].sha256] == known[copy.sha256]


def test_a_split_of_two_sides_is_continued_and_new_photos_test(tmp_path, rows_of, capsys):
    rows = rows_of("a" * 20)
    old = {row.sha256: "validation" if i < 3 else "train" for i, row in enumerate(rows)}
    (tmp_path / "split.json").write_text(json.dumps(old))
    assert dealt(tmp_path, rows) == old
    assert "before there was a test set" in capsys.readouterr().out
    more = rows + rows_of("a" * 10 + "b" * 10)
    sides = dealt(tmp_path, more)
    assert {sha: sides[sha] for sha in old} == old and not capsys.readouterr().out
    new = Counter(side for sha, side in sides.items() if sha not in old)
    assert new == {"train": 5 + 6, "validation": 1 + 2, "test": 4 + 2}
    tests = {sha for sha, side in sides.items() if side == "test"}
    others = dealt(tmp_path, [r for r in more if r.sha256 not in tests])
    assert set(others.values()) == {"train", "validation"}
    assert "No test photo passes the cleaning any more" in capsys.readouterr().out


@pytest.mark.parametrize(("here", "there"), itertools.combinations(splitting.SIDES, 2))
def test_what_joins_two_sides_is_dropped(tmp_path, synthetic, rows_of, here, there):
    dhash, phash = next(far_apart(5))
    ends = [synthetic("a", dhash, phash), synthetic("a", dhash ^ (2**30 - 1), phash)]
    rows = ends + rows_of("a" * 8)
    sides = {ends[0].sha256: here, ends[1].sha256: there}
    (tmp_path / "split.json").write_text(json.dumps(sides))
    before = dealt(tmp_path, rows)
    # A new picture between two sides is on none.
    between = synthetic("a", dhash ^ (2**15 - 1), phash, side=999)
    verdicts = clean.judge(tmp_path, [*rows, between])
    assert not verdicts[-1].keep and "different sides of the split" in verdicts[-1].reason
    assert all(v.keep for v in verdicts[:-1])
    assert clean.split(tmp_path, verdicts) == before
    clean.decide(tmp_path, between.sha256, keep=True)  # not even the hand can make it leak
    verdicts = clean.judge(tmp_path, [*rows, between])
    assert verdicts[-1].keep and clean.split(tmp_path, verdicts) == before
    # A wider limit costs one of the two ends.
    verdicts = clean.judge(tmp_path, rows, limits={"alike": 32})
    after = clean.split(tmp_path, verdicts)
    assert after == {sha: side for sha, side in before.items() if sha != ends[1].sha256}
    assert clean.leaks(verdicts, after, limit=32) == []
