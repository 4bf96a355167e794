"""Near-duplicates: all pairs against brute force, groups, clumps of alike pictures, memory."""

import tracemalloc
from collections import Counter

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from colourlib.clean import duplicates


def brute_force(prints, limit):
    distance = np.bitwise_count(prints[:, None] ^ prints[None]).sum(-1, dtype=int)
    return {(i, j, distance[i, j]) for i, j in np.argwhere(np.triu(distance <= limit, 1)).tolist()}


def flipped(prints, rng, flips):
    """The fingerprints, in each of them `flips` bits chosen at random turned over."""
    prints, every = prints.copy(), np.arange(len(prints))
    for _ in range(flips):
        bit = np.uint64(1) << rng.integers(0, 64, len(prints), np.uint64)
        prints[every, rng.integers(0, 2, len(prints))] ^= bit
    return prints


def clusters(seed, limit, count):
    """Fingerprints about `limit` bits apart in clusters of six, in no order."""
    rng = np.random.default_rng([seed, limit])
    centres = rng.integers(0, 2**64, (max(1, count // 6), 2), dtype=np.uint64)
    return flipped(centres[rng.integers(0, len(centres), count)], rng, limit // 2 + 1)


def as_sets(groups):
    return {frozenset(np.flatnonzero(groups == group).tolist()) for group in set(groups.tolist())}


@pytest.mark.parametrize("limit", [0, 1, 2, 5, 13, 14, 15, 20, 21, 30, 40])
@pytest.mark.parametrize(("seed", "count"), [(1, 2), (2, 30), (3, 60), (4, 300)])
def test_all_pairs_that_are_near_are_found_and_groups_are_what_they_join(seed, count, limit):
    prints = clusters(seed, limit, count)
    pairs, distance = duplicates.near_pairs(prints, limit)
    found = [(i, j, d) for (i, j), d in zip(pairs.tolist(), distance.tolist(), strict=True)]
    assert found == sorted(brute_force(prints, limit))
    i, j, _ = np.array(found, int).reshape(-1, 3).T
    graph = coo_array((np.ones(len(i)), (i, j)), shape=(count, count))
    groups = duplicates.near_groups(prints, limit)
    assert as_sets(groups) == as_sets(connected_components(graph, directed=False)[1])
    assert set(groups.tolist()) == set(range(groups.max() + 1))


@pytest.mark.parametrize("hash_", [0, 1])
def test_all_the_bits_that_differ_may_be_in_one_hash_and_anywhere(hash_):
    rng = np.random.default_rng(hash_)
    centre = rng.integers(0, 2**64, 2, dtype=np.uint64)
    for _ in range(20):
        limit = int(rng.integers(1, 31))
        bits = rng.choice(64, limit, replace=False).astype(np.uint64)
        copy = centre.copy()
        copy[hash_] ^= np.bitwise_or.reduce(np.uint64(1) << bits)
        prints = np.stack([centre, copy])
        pairs, distance = duplicates.near_pairs(prints, limit)
        assert (pairs.tolist(), distance.tolist()) == ([[0, 1]], [limit])
        assert duplicates.near_groups(prints, limit).tolist() == [0, 0]
        assert duplicates.near_pairs(prints, limit - 1)[0].size == 0
        assert duplicates.near_groups(prints, limit - 1).max() == 1


def test_groups_are_chains_and_no_more():
    ones = [0, 2**10 - 1, 2**20 - 1, 2**40 - 1]  # 10, 10 and 20 bits from one to the next
    prints = duplicates.as_array((value, 7) for value in ones)
    assert duplicates.near_groups(prints, 10).tolist() == [0, 0, 0, 1]
    prints = duplicates.as_array([(5, 5)] * 30_000 + [(2**50 - 1, 9)])
    assert Counter(duplicates.near_groups(prints, 20).tolist()) == {0: 30_000, 1: 1}
    prints = duplicates.as_array([(0, 0), (2**64 - 1, 2**64 - 1), (0, 2**63)] + [(1, 1)] * 300)
    for limit in (127, 128):  # nearly any two pictures, or all
        pairs, distance = duplicates.near_pairs(prints, limit)
        assert len(pairs) == 303 * 302 // 2 - (limit < 128)
        assert (distance.max(), distance.min()) == (limit, 0)
        assert set(duplicates.near_groups(prints, limit).tolist()) == {0}
    for count in (0, 1):
        prints = duplicates.as_array([(5, 6)] * count)
        pairs, distance = duplicates.near_pairs(prints, 20)
        assert (pairs.shape, distance.shape) == ((0, 2), (0,))
        assert duplicates.near_groups(prints, 20).tolist() == [0] * count


@pytest.mark.parametrize("flips", [8, 13])  # most pairs of the clump are near; one in ten is
def test_a_clump_of_alike_pictures_is_one_group_in_little_memory(flips):
    rng = np.random.default_rng(3)
    one, *others = np.split(rng.integers(0, 2**64, (2001, 2), dtype=np.uint64), [1, 1001])
    clump = flipped(one.repeat(4000, axis=0), rng, flips)  # each a few bits from one and the same
    prints = np.concatenate([others[0], clump, others[1]])
    tracemalloc.start()
    try:
        groups = duplicates.near_groups(prints, 20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    sizes = Counter(groups.tolist())
    assert sizes == {groups[1000]: 4000} | dict.fromkeys(set(sizes) - {groups[1000]}, 1)
    assert len(sizes) == 2001
    # The clump alone has 8 million pairs: as a table of distances, 64 MB, as index pairs 128.
    assert peak < 20e6


def test_comparisons_come_in_bounded_blocks(monkeypatch):
    monkeypatch.setattr(duplicates, "BLOCK", 1000)
    blocks, bitwise_count = [], np.bitwise_count

    def noting(differing):
        blocks.append(differing.size)
        return bitwise_count(differing)

    prints = np.random.default_rng(5).integers(0, 2**64, (1500, 2), dtype=np.uint64)
    prints[:, 0] = 0  # dark photos: one of the two hashes says nothing
    with monkeypatch.context() as patch:
        patch.setattr(np, "bitwise_count", noting)
        pairs, _ = duplicates.near_pairs(prints, 20)
    assert len(blocks) > 1000 and max(blocks) <= len(prints)
    assert {(i, j) for i, j, _ in brute_force(prints, 20)} == {tuple(p) for p in pairs.tolist()}


def test_a_mirror_image_is_near_where_that_is_asked_for():
    rng = np.random.default_rng(7)
    prints = rng.integers(0, 2**64, (40, 2), dtype=np.uint64)
    assert (duplicates.mirrored(duplicates.mirrored(prints)) == prints).all()
    assert duplicates.mirrored(np.array([[0b1101, 0]], np.uint64)).tolist() == [
        [0xFFFFFFFFFFFFFF4F, 0x5555555555555555]
    ]
    both = np.concatenate([prints, flipped(duplicates.mirrored(prints), rng, 9)])
    pairs, bits = duplicates.near_pairs(both, 20, mirror=True)
    assert pairs.tolist() == [[i, i + 40] for i in range(40)] and 0 < bits.max() <= 9
    assert as_sets(duplicates.near_groups(both, 20, np.arange(len(both)))) == {
        frozenset({i, i + 40}) for i in range(40)
    }
    assert not len(duplicates.near_pairs(both, 20)[0])
