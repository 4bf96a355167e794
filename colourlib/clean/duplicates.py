"""Find near-duplicates among fingerprints, each compared with each; and photos of one series.

A fingerprint is two 64-bit hashes of one picture, dHash and pHash (`imagehash`); its distance to
another is the number of bits, of 128, in which they differ. A copy that was resized, recompressed
or retouched is up to a dozen bits away, two pictures that have nothing in common about sixty.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import chain, pairwise
from operator import or_

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

COPY = 14  # bits: up to here two pictures are copies of one, on 2,523 photos without exception
ALIKE = 20  # bits: up to here they may be: from 18 on, two shots of one Moon are as near
SERIES = 10  # seconds from one photo to the next of a series: nobody walks far in them
ODD = np.uint64(0x5555555555555555)  # of pHash, the patterns that a mirror turns over
BLOCK = 1 << 17  # comparisons at a time: 1 MB, which stays in the processor's cache


def as_array(fingerprints: Iterable[tuple[int, int]]) -> np.ndarray:
    """(N, 2) uint64 of N fingerprints (dHash, pHash)."""
    return np.array(list(fingerprints), dtype=np.uint64).reshape(-1, 2)


def mirrored(prints: np.ndarray) -> np.ndarray:
    """The fingerprints that the mirrored pictures have, (N, 2) uint64, but for a few bits.

    Lighter to the right is darker to the left: each row of dHash turned round, and its bits turned
    over. Of pHash's patterns every other column changes its sign. Of 500 photos and their mirrored
    copies, saved anew at 70 % of the size, half are within 5 bits of that, and all within 20.
    """
    rows = prints[:, 0].astype(">u8").view(np.uint8).reshape(-1, 8, 1)
    turned = np.packbits(~np.unpackbits(rows, axis=2)[..., ::-1] & 1, axis=2)
    return np.stack([turned.reshape(-1, 8).view(">u8")[:, 0], prints[:, 1] ^ ODD], axis=1)


def near_pairs(
    prints: np.ndarray, limit: int, mirror: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of fingerprints at most `limit` bits apart, and no other.

    prints: (N, 2) uint64; mirror: also those of which one is near the other mirrored. Returns pairs
    (K, 2) of indices, the smaller first, in order, and their distances (K,).
    """
    found = [np.empty((3, 0), np.int64), *_close(prints, limit, mirror)]
    *pairs, distances = np.concatenate(found, axis=1)
    return np.stack(pairs, axis=1), distances


def near_groups(prints: np.ndarray, limit: int, shots: np.ndarray | None = None) -> np.ndarray:
    """(N,) group numbers from 0: pictures joined by a chain of near-duplicates share one.

    prints: (N, 2) uint64. shots: (N,) numbers of series, whose pictures are together as well; and
    then so are pictures of which one is near the other mirrored. Groups are joined block by block,
    because ten thousand photos of the night, all alike, are one group, but fifty million pairs.
    """
    prints, back = np.unique(prints, axis=0, return_inverse=True)
    groups, back = np.arange(len(prints)), back.reshape(-1)
    pairs = _close(prints, limit, mirror=shots is not None)
    if shots is not None:
        _, first, number = np.unique(shots, return_index=True, return_inverse=True)
        pairs = chain([(back, back[first[number]])], pairs)
    for i, j, *_ in pairs:
        links = np.stack([groups[i], groups[j]])
        links = links[:, links[0] != links[1]]
        if links.size:
            graph = coo_array((np.ones(links.shape[1]), links), shape=(groups.max() + 1,) * 2)
            groups = connected_components(graph, directed=False)[1][groups]
    return groups[back]


def series(taken: Sequence[int | None]) -> np.ndarray:
    """(N,) numbers: photos that one camera took at most SERIES after each other share one.

    taken: of each photo what `measures.taken` says. Whoever crops a photo or turns it by 90
    degrees leaves that as it was, and no fingerprint knows it again.
    """
    numbers = np.arange(len(taken))
    order = sorted((i for i, when in enumerate(taken) if when), key=lambda i: taken[i])
    for before, i in pairwise(order):
        if taken[i] - taken[before] <= SERIES:
            numbers[i] = numbers[before]
    return numbers


def _close(prints: np.ndarray, limit: int, mirror: bool) -> Iterator[np.ndarray]:
    """(3, M) int64 at a time: pairs i < j at most `limit` bits apart, in order, and the bits.

    At most BLOCK pairs are compared at a time, or one picture with all that come after it.
    """
    ways, start = [prints, mirrored(prints)] if mirror else [prints], 0
    phash, others = prints[:, 1].copy(), [way[:, 1].copy() for way in ways]
    while start < len(prints):
        stop = start + max(1, BLOCK // (len(prints) - start))
        # pHash alone rules out nearly all; only what is left is compared as a whole.
        some = phash[start:stop, None]
        near = reduce(or_, (np.bitwise_count(some ^ other[start:]) <= limit for other in others))
        i, j = start + np.argwhere(np.triu(near, 1)).T
        bits = [np.bitwise_count(prints[i] ^ way[j]).sum(axis=1, dtype=np.int64) for way in ways]
        bits = np.minimum(bits[0], bits[-1])
        yield np.stack([i, j, bits])[:, bits <= limit]
        start = stop
