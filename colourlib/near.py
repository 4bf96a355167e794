"""Find near-duplicates among many fingerprints without comparing every one with every other.

A fingerprint is two 64-bit hashes of one picture, dHash and pHash (`imagehash`); its distance to
another is the number of bits, of 128, in which they differ. A copy that was resized, recompressed
or retouched is up to a dozen bits away, two pictures that have nothing in common about sixty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

COPY = 14  # bits: up to here two pictures are copies of one, on 2,523 photos without exception
ALIKE = 20  # bits: up to here they may be; beyond, photos of one thing, then of different things
BLOCK = 1_000_000  # comparisons at a time: 8 MB


def as_array(fingerprints: Iterable[tuple[int, int]]) -> np.ndarray:
    """(N, 2) uint64 of N fingerprints (dHash, pHash)."""
    return np.array(list(fingerprints), dtype=np.uint64).reshape(-1, 2)


def near_pairs(prints: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of fingerprints at most `limit` bits apart.

    prints: (N, 2) uint64. Returns pairs (K, 2) of indices, the smaller first, in order, and their
    distances (K,). If at most `limit` of 128 bits differ, then in one of the two hashes at most
    limit // 2 do; cut into limit // 2 + 1 bands, that hash agrees in a whole band. So only pictures
    that share a band are compared, and memory stays flat.
    """
    found = [np.empty((0, 2), np.int64)]
    for half in (0, 1):
        for band in _bands(limit // 2 + 1):
            keys = prints[:, half] & band
            order = np.argsort(keys, kind="stable")
            starts = np.flatnonzero(np.diff(keys[order])) + 1
            runs = np.split(order, starts)
            for run in (run for run in runs if len(run) > 1):
                found += [run[pairs] for pairs in _close(prints[run, half], limit // 2)]
    pairs = np.unique(np.sort(np.concatenate(found), axis=1), axis=0)
    differing = prints[pairs[:, 0]] ^ prints[pairs[:, 1]]
    distance = np.bitwise_count(differing).sum(axis=1, dtype=np.int64)
    return pairs[distance <= limit], distance[distance <= limit]


def _close(hashes: np.ndarray, limit: int) -> Iterator[np.ndarray]:
    """Pairs (K, 2) among (M,) uint64 hashes that differ in at most `limit` bits, block by block."""
    rows = max(1, BLOCK // len(hashes))
    for start in range(0, len(hashes) - 1, rows):
        differing = hashes[start : start + rows, None] ^ hashes[None, start + 1 :]
        first, second = np.nonzero(np.bitwise_count(differing) <= limit)
        pairs = np.stack([first + start, second + start + 1], axis=1)
        yield pairs[pairs[:, 0] < pairs[:, 1]]


def near_groups(prints: np.ndarray, limit: int) -> np.ndarray:
    """(N,) group numbers: pictures joined by a chain of near-duplicates share one.

    prints: (N, 2) uint64. Equal fingerprints are joined first, so that a thousand copies of one
    picture are not half a million pairs.
    """
    unique, back = np.unique(prints, axis=0, return_inverse=True)
    pairs, _ = near_pairs(unique, limit)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(unique),) * 2)
    return connected_components(graph, directed=False)[1][back.reshape(-1)]


def _bands(count: int) -> list[np.uint64]:
    """The 64 bits dealt out to `count` masks, evenly and far apart: neighbours are correlated."""
    return [np.uint64(sum(1 << bit for bit in range(start, 64, count))) for start in range(count)]
