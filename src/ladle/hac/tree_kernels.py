"""Compiled passes over a finished tree."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def lift(pairs, heights, n):  # type: ignore[no-untyped-def]
    """Raise each height to its children's: undoes inversions by a rounding, or by an approximate search, in place.

    pairs (m, 2) int64 rows (kept, gone), every cluster made before it is merged on. Returns how many were raised.
    """
    top = np.zeros(n, heights.dtype)
    raised = 0
    for x in range(pairs.shape[0]):
        kept = pairs[x, 0]
        below = max(top[kept], top[pairs[x, 1]])
        if heights[x] < below:
            heights[x] = below
            raised += 1
        top[kept] = heights[x]
    return raised


@njit(nogil=True, cache=True)
def number(pairs, n):  # type: ignore[no-untyped-def]
    """(kept, gone) rows, sorted by height, to SciPy's numbering: (m, 2) int64, smaller id first."""
    ids = np.arange(n)
    merges = np.empty((pairs.shape[0], 2), np.int64)
    for x in range(pairs.shape[0]):
        a = ids[pairs[x, 0]]
        b = ids[pairs[x, 1]]
        merges[x, 0] = min(a, b)
        merges[x, 1] = max(a, b)
        ids[pairs[x, 0]] = n + x
    return merges


@njit(nogil=True, cache=True)
def label_rows(merges, n, count):  # type: ignore[no-untyped-def]
    """Flat clusters (n,) int32 after the first `count` merges, numbered in order of their first row."""
    root = np.arange(n + count)
    for x in range(count - 1, -1, -1):  # parents come after their children: top down
        root[merges[x, 0]] = root[n + x]
        root[merges[x, 1]] = root[n + x]
    names = np.full(n + count, -1, np.int32)
    labels = np.empty(n, np.int32)
    used = 0
    for row in range(n):
        r = root[row]
        if names[r] < 0:
            names[r] = used
            used += 1
        labels[row] = names[r]
    return labels


@njit(nogil=True, cache=True)
def merged_sizes(merges, n):  # type: ignore[no-untyped-def]
    """(m,) int64 rows under each merge."""
    sizes = np.ones(n + merges.shape[0], np.int64)
    for x in range(merges.shape[0]):
        sizes[n + x] = sizes[merges[x, 0]] + sizes[merges[x, 1]]
    return sizes[n:]


@njit(nogil=True, cache=True)
def is_tree(merges, n):  # type: ignore[no-untyped-def]
    """Whether each merge joins two clusters that exist and were not merged before."""
    taken = np.zeros(n + merges.shape[0], np.bool_)
    for x in range(merges.shape[0]):
        a = merges[x, 0]
        b = merges[x, 1]
        if a < 0 or b <= a or b >= n + x or taken[a] or taken[b]:
            return False
        taken[a] = True
        taken[b] = True
    return True
