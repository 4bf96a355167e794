"""Find near-duplicates among many fingerprints without comparing every one with every other.

A fingerprint is two 64-bit hashes of one picture, dHash and pHash (`imagehash`); its distance to
another is the number of bits, of 128, in which they differ. A copy that was resized, recompressed
or retouched is up to a dozen bits away, two pictures that have nothing in common about sixty.

The trick: cut the 128 bits into limit + 2 bands. Fingerprints that differ in at most `limit` bits
differ in at most `limit` bands, so at least two whole bands agree. For each pair of bands the
pictures are sorted by what those two say, and only those that say the same are compared: at 20 bits
a 3,000th of all pairs, 231 times over, where a table of all pairs would not fit into memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

COPY = 14  # bits: up to here two pictures are copies of one, on 2,523 photos without exception
ALIKE = 20  # bits: up to here they may be: from 18 on, two shots of one Moon are as near
BLOCK = 1 << 16  # comparisons at a time: 2 MB, which stays in the processor's cache
FEW = 256  # pictures: up to here each is simply compared with each, in one block
FAR = 27  # bits: beyond, bands are so narrow that comparing each with each is quicker, too


def as_array(fingerprints: Iterable[tuple[int, int]]) -> np.ndarray:
    """(N, 2) uint64 of N fingerprints (dHash, pHash)."""
    return np.array(list(fingerprints), dtype=np.uint64).reshape(-1, 2)


def near_pairs(prints: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of fingerprints at most `limit` bits apart, and no other.

    prints: (N, 2) uint64. Returns pairs (K, 2) of indices, the smaller first, in order, and their
    distances (K,). Memory: 2 MB of comparisons at a time, and what is returned.
    """
    bands, alone = _bands(prints, limit), np.arange(len(prints))
    found = [np.empty((0, 2), np.int64)]
    for a, b in combinations(range(len(bands)), 2):
        keys = _keys(bands[a], bands[b])
        for i, j in _close(prints, np.argsort(keys, kind="stable"), keys, alone, limit):
            # Pairs that agree in more than two bands come up again: only the first time counts.
            new = (bands[:b, i] == bands[:b, j]).sum(axis=0) == 1
            found.append(np.sort(np.stack([i[new], j[new]], axis=1), axis=1))
    pairs = np.concatenate(found)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return pairs, _distances(prints, pairs[:, 0], pairs[:, 1])


def near_groups(prints: np.ndarray, limit: int) -> np.ndarray:
    """(N,) group numbers from 0: pictures joined by a chain of near-duplicates share one.

    prints: (N, 2) uint64. Pictures that are in one group already are not compared again. So a quick
    first round joins what lies side by side: ten thousand photos of the night, all alike, are one
    group after it, and not fifty million pairs.
    """
    prints, back = np.unique(prints, axis=0, return_inverse=True)
    bands, groups = _bands(prints, limit), np.arange(len(prints))
    for one, other in pairwise(bands):
        order = np.argsort(_keys(one, other), kind="stable")
        i, j = order[:-1], order[1:]
        near = _distances(prints, i, j) <= limit
        groups = _joined(groups, i[near], j[near])
    by_group = np.argsort(groups, kind="stable")
    for a, b in combinations(range(len(bands)), 2):
        keys = _keys(bands[a], bands[b])
        order = by_group[np.argsort(keys[by_group], kind="stable")]
        for i, j in _close(prints, order, keys, groups, limit):
            groups = _joined(groups, i, j)
    return np.unique(groups, return_inverse=True)[1][back.reshape(-1)]


def _bands(prints: np.ndarray, limit: int) -> np.ndarray:
    """(limit + 2, N) uint8: each fingerprint's bits, dealt out one by one to the bands.

    Neighbouring bits are correlated; dealt out, they come to lie in different bands, and each band
    has some of either hash. No band has more than 8 bits: where that leaves bits over, they are
    left out, for limit + 2 bands are enough. Two empty bands, in which all agree, where each is
    compared with each.
    """
    if len(prints) <= FEW or limit > FAR:
        return np.zeros((2, len(prints)), np.uint8)
    bits = np.unpackbits(np.ascontiguousarray(prints).view(np.uint8), axis=1)  # (N, 128)
    bands = np.zeros((limit + 2, len(prints)), np.uint8)
    for band in range(limit + 2):
        for bit in range(band, 128, max(limit + 2, 16)):
            bands[band] = bands[band] << 1 | bits[:, bit]
    return bands


def _keys(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(N,) uint16, what two bands (N,) say together. Numpy sorts 16 bits in linear time."""
    return one.astype(np.uint16) << 8 | other


def _close(
    prints: np.ndarray, order: np.ndarray, keys: np.ndarray, groups: np.ndarray, limit: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs i (M,), j (M,) of equal keys, at most `limit` bits apart, but for one group's own.

    order: (N,), the pictures sorted by key, and best those of one key by group: only a group's
    members that lie side by side are known not to need a comparison. At most BLOCK pairs are
    compared at a time, and those of one more picture.
    """
    # Each picture is compared with those from the end of its group to the end of its key.
    next_key = np.diff(keys[order]) != 0
    starts = _ends(next_key | (np.diff(groups[order]) != 0))
    counts = _ends(next_key) - starts  # (N,)
    total = np.cumsum(counts)
    phash = prints[order, 1]
    start = done = 0
    while done < total[-1]:
        stop = int(np.searchsorted(total, done + BLOCK, side="right")) + 1
        some, ends = counts[start:stop], total[start:stop] - done
        second = np.arange(ends[-1]) + np.repeat(starts[start:stop] - (ends - some), some)
        # pHash alone rules out nearly all; only what is left is compared as a whole.
        differing = np.repeat(phash[start:stop], some) ^ phash[second]
        near = np.flatnonzero(np.bitwise_count(differing) <= limit)
        i = order[start + np.searchsorted(ends, near, side="right")]
        j = order[second[near]]
        near = _distances(prints, i, j) <= limit
        yield i[near], j[near]
        start, done = start + len(some), done + int(ends[-1])


def _ends(changes: np.ndarray) -> np.ndarray:
    """(N,): for each place the end of its run; changes: (N - 1,), whether the next one differs."""
    ends = np.flatnonzero(np.append(changes, True)) + 1
    return np.repeat(ends, np.diff(ends, prepend=0))


def _distances(prints: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """(K,) int64: in how many of 128 bits the fingerprints i (K,) and j (K,) differ."""
    return np.bitwise_count(prints[i] ^ prints[j]).sum(axis=-1, dtype=np.int64)


def _joined(groups: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """The groups (N,), those of pictures i (M,) and j (M,) made one."""
    links = np.stack([groups[i], groups[j]])
    links = links[:, links[0] != links[1]]
    if not links.size:
        return groups
    names, links = np.unique(links, return_inverse=True)
    one, other = links.reshape(2, -1)
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(len(names),) * 2)
    component = connected_components(graph, directed=False)[1]
    renamed = np.arange(len(groups))
    renamed[names] = names[component]  # any names will do, one for each
    return renamed[groups]
