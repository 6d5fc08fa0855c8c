"""Equal rows become one weighted row before any search.

Pools hold exact duplicates by the thousand. A group larger than the neighbour lists would fill them with ties at
distance zero and hide all other neighbours.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import row_blocks

Matrix = npt.NDArray[np.floating[Any]]
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Distinct:
    """The distinct rows of a matrix."""

    rows: npt.NDArray[np.int64]  # (u,) first row of each group of equal rows, ascending
    sizes: npt.NDArray[np.int32]  # (u,)
    first: npt.NDArray[np.int64]  # (n,) the first row that equals each row; itself where it is the first


def distinct_rows(matrix: Matrix) -> Distinct:
    """Group the equal rows of `matrix` (n, d). Cost: two hashes of each row and one sort of n numbers."""
    return group_rows(hash_rows(matrix), hash_rows(matrix, seed=1))


def group_rows(hashes: Hashes, checks: Hashes) -> Distinct:
    """Group the rows (n,) whose two hashes are the same.

    The 128 bits stand for the row itself: in a pool of ten million rows, two rows that differ share them once in 10^24
    pools. Rows that share only the first hash stay apart.
    """
    n = len(hashes)
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    leader = np.repeat(order[starts], np.diff(np.r_[starts, n]))  # stable sort: the lowest row of equal hashes
    first = np.arange(n, dtype=np.int64)
    equal = checks[order] == checks[leader]
    first[order[equal]] = leader[equal]
    rows = np.flatnonzero(first == np.arange(n))
    sizes = np.bincount(first, minlength=n)[rows].astype(np.int32)
    return Distinct(rows=rows.astype(np.int64), sizes=sizes, first=first)


def hash_rows(matrix: Matrix, *, seed: int = 0) -> Hashes:
    """(n,) one 64-bit hash a row: its bits times odd random multipliers, summed modulo 2^64."""
    bits = np.dtype(f"u{matrix.dtype.itemsize}")
    random = np.random.Generator(np.random.PCG64(0x1AD1E + seed))
    multipliers = random.integers(0, 2**63, matrix.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    hashes = np.empty(len(matrix), np.uint64)
    for block in row_blocks(len(matrix), 16 * matrix.shape[1], 4 << 20):
        # Adding zero turns -0.0 into 0.0: the two compare equal, so they must hash equal.
        words = (np.ascontiguousarray(matrix[block]) + matrix.dtype.type(0)).view(bits).astype(np.uint64)
        words ^= words >> np.uint64(29)
        words *= multipliers
        words ^= words >> np.uint64(32)
        hashes[block] = words.sum(axis=1, dtype=np.uint64)
    return hashes


def vectors_digest(hashes: npt.NDArray[np.uint64], dtype: np.dtype[Any], dim: int) -> str:
    """The digest of vectors (n, dim) of this dtype whose rows have these hashes (n,), in row order."""
    digest = hashlib.blake2b(f"{dtype.name} {len(hashes)} {dim}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(hashes).view(np.uint8).data)
    return digest.hexdigest()
