"""What 02 does by hand is what the package does: chroma, dHash, distances, groups, leaks, sides.

Functions are taken out of the notebook's cells with the tag "by-hand". Each comparison counts what
differs, is also made with mistakes in a cell, and has to see them.
"""

from collections import Counter
from functools import partial
from types import SimpleNamespace as Row

import lessons
import numpy as np
import pytest
from PIL import Image, ImageOps

from colourlib import clean, practice
from colourlib.clean import duplicates, measures

lesson = partial(lessons.lesson, "02_clean")
SIDES = ("train", "validation", "test")


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    """Scenes, one of them without colour, and one that is grey but for a lamp."""
    drawn = (practice.scene(query, 7, 200, 150) for query in ("moon", "trees", "fire", "fog"))
    scenes = [Image.fromarray(scene.rgb()) for scene in drawn]
    grey = ImageOps.grayscale(scenes[1]).convert("RGB")
    lamp = grey.copy()
    lamp.paste(scenes[2].crop((80, 60, 105, 85)), (30, 40))
    return [*scenes, grey, lamp]


def unlike_in_chroma(taught, pictures) -> int:
    """How many pictures are measured in another way than by the rule grey."""
    pairs = [(p, p.resize((16, 16), Image.Resampling.BOX)) for p in pictures]
    return sum(abs(taught.colourful(p) - measures.chroma(s)) > 0.01 for p, s in pairs)


def unlike_in_dhash(taught, pictures, folder) -> int:
    """How many pictures have other bits than those that `judge` keeps."""
    found = 0
    for picture in pictures:
        picture.save(folder / "one.png")
        looked = measures.look(folder / "one.png")["dhash"]
        wanted = np.array([int(bit) for bit in f"{int(looked, 16):064b}"], bool)
        given = taught.dhash(picture.resize((64, 64), Image.Resampling.BOX))
        found += given.shape != wanted.shape or taught.apart(given, wanted) > 0
    return found


def fingerprints() -> np.ndarray:
    """(60, 2) uint64: chains of near-duplicates, six bits from one to the next, mixed up."""
    dice, prints = np.random.default_rng(3), []
    for length in (1, 2, 3, 5, 8, 11, 30):
        one = dice.integers(0, 1 << 63, 2, dtype=np.uint64)
        for _ in range(length):
            prints.append(one.copy())
            for place in dice.choice(64, 6, replace=False):
                one[0] ^= np.uint64(1) << np.uint64(place)
    return dice.permutation(np.array(prints))


def unlike_in_pairs(taught) -> int:
    """How many distances differ, pairs that are in one group or not, and pairs called leaks."""
    prints = fingerprints()
    bits = np.unpackbits(prints.astype(">u8").view(np.uint8), axis=1).astype(bool)
    rows = [Row(photo=Row(sha256=str(i)), fingerprint=(int(d), int(p)))
            for i, (d, p) in enumerate(prints)]  # fmt: skip
    wanted = np.array([[clean.distance(a, b) for b in rows] for a in rows])
    pairs, _ = duplicates.near_pairs(prints, duplicates.ALIKE)
    theirs = duplicates.near_groups(prints, duplicates.ALIKE)
    ours = np.asarray(taught.groups_of(pairs, len(prints)))
    joined = (ours[:, None] == ours) != (theirs[:, None] == theirs)
    sides = np.random.default_rng(1).choice(SIDES, len(prints)).tolist()
    crossing = clean.leaks(rows, {str(i): side for i, side in enumerate(sides)})
    torn = {tuple(map(int, pair)) for pair in taught.leaks(pairs, sides)}
    torn ^= {(int(a.photo.sha256), int(b.photo.sha256)) for a, b in crossing}
    return int((taught.distances(bits) != wanted).sum() + joined.sum()) + len(torn)


def unlike_in_sides(taught, root) -> int:
    """How many groups are torn, and how many more or fewer than the package's are on a side."""
    groups, queries = [], []
    for query, count in {"moon": 36, "fog": 20, "rain": 3}.items():
        for number in range(count):
            size = 3 if number % 3 == 2 else 1
            groups += size * [f"{query}-{number}"]
            queries += size * [query]
    rows = [
        Row(keep=True, fingerprint=(1, 1), group=g, photo=Row(sha256=f"{i}", query=queries[i]))
        for i, g in enumerate(groups)
    ]
    split = clean.split(root, rows)
    ours = set(zip(queries, groups, taught.split_by_group(groups, queries), strict=True))
    theirs = {(v.photo.query, v.group, split[v.photo.sha256]) for v in rows}
    count, wanted = (Counter((q, side) for q, _, side in x) for x in (ours, theirs))
    return (count - wanted).total() + (wanted - count).total() + len(ours) - len(set(groups))


def unlike(what, taught, pictures, folder) -> int:
    needs = {unlike_in_chroma: [pictures], unlike_in_dhash: [pictures, folder]}
    return what(taught, *(needs | {unlike_in_sides: [folder]}).get(what, []))


MISTAKES = [
    (unlike_in_chroma, (".quantile(share)", ".mean()")),
    (unlike_in_chroma, ("(ab[0] ** 2)", "ab[0].abs()")),
    (unlike_in_chroma, ("share=0.99", "share=0.95")),
    (unlike_in_dhash, ("grey[:, 1:] > grey[:, :-1]", "grey[:, 1:] >= grey[:, :-1]")),
    (unlike_in_dhash, ("resize((9, 8)", "resize((8, 9)")),
    (unlike_in_dhash, ('.convert("L")', '.getchannel("G")')),
    (unlike_in_pairs, ("(one != bits)", "(one == bits)")),
    (unlike_in_pairs, ("group[group == group[j]] =", "group[j] =")),
    (unlike_in_pairs, ("if sides[i] != sides[j]", "if sides[i] == sides[j]")),
    (unlike_in_sides, ("return [side[group] for group in groups]",
                       "return [side[g] if i % 2 else 'train' for i, g in enumerate(groups)]")),
    (unlike_in_sides, ("SHARE = 0.15", "SHARE = 0.3")),
    (unlike_in_sides, ("place < 2 * few", "place < few")),
    (unlike_in_sides, ("if query_of[group] == query", "")),
]  # fmt: skip


@pytest.mark.parametrize("what", dict.fromkeys(what for what, _ in MISTAKES))
def test_what_is_done_by_hand_is_what_the_package_does(what, pictures, tmp_path):
    assert unlike(what, lesson(), pictures, tmp_path) == 0


@pytest.mark.parametrize(("what", "mistake"), MISTAKES)
def test_a_mistake_is_seen(what, mistake, pictures, tmp_path):
    assert unlike(what, lesson(mistake), pictures, tmp_path) > 0


def test_the_same_pictures_are_dealt_in_the_same_way_again():
    first, again = (lesson().split_by_group([*range(40)], 40 * ["moon"]) for _ in range(2))
    assert first == again
