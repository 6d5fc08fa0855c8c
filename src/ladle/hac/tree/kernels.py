"""Compiled passes over a finished tree. Scratch and output arrays come from outside, which halves the compile time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Clusters
from ladle.compiled import kernel

Int64s = npt.NDArray[np.int64]


def number_merges(pairs: Int64s, n: int) -> Int64s:
    """Turn `pairs` (m, 2) of rows (kept, gone), sorted by height, into SciPy's numbering: (m, 2), smaller id first."""
    merges = np.empty((len(pairs), 2), np.int64)
    _number_merges(pairs, n, np.arange(n), merges)
    return merges


def label_rows(merges: Int64s, n: int, count: int) -> Clusters:
    """The flat clusters (n,) after the first `count` merges, numbered in order of their first row."""
    labels = np.empty(n, np.int32)
    _label_rows(merges, count, np.arange(n + count), np.full(n + count, -1, np.int32), labels)
    return labels


def merged_sizes(merges: Int64s, n: int) -> Int64s:
    """(m,) the number of rows under each merge."""
    sizes = np.ones(n + len(merges), np.int64)
    _add_sizes(merges, n, sizes)
    return sizes[n:]


def is_tree(merges: Int64s, n: int) -> bool:
    """Whether each merge joins two clusters that exist and were not merged before."""
    ids, ascending = merges.ravel(), np.arange(len(merges))
    return bool(
        np.all(merges[:, 0] < merges[:, 1])
        and np.all(merges[:, 1] < n + ascending)
        and np.all(merges[:, 0] >= 0)
        and len(np.unique(ids)) == len(ids)
    )


@kernel
def _number_merges(pairs: Any, n: int, ids: Any, merges: Any) -> None:
    for x in range(pairs.shape[0]):
        a = ids[pairs[x, 0]]
        b = ids[pairs[x, 1]]
        merges[x, 0] = min(a, b)
        merges[x, 1] = max(a, b)
        ids[pairs[x, 0]] = n + x


@kernel
def _label_rows(merges: Any, count: int, root: Any, names: Any, labels: Any) -> None:
    n = labels.shape[0]
    for x in range(count - 1, -1, -1):  # a merge comes after those below it: top down
        root[merges[x, 0]] = root[n + x]
        root[merges[x, 1]] = root[n + x]
    used = 0
    for row in range(n):
        r = root[row]
        if names[r] < 0:
            names[r] = used
            used += 1
        labels[row] = names[r]


@kernel
def _add_sizes(merges: Any, n: int, sizes: Any) -> None:
    for x in range(merges.shape[0]):
        sizes[n + x] = sizes[merges[x, 0]] + sizes[merges[x, 1]]
