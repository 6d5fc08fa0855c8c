"""Exact nearest clusters by blocked matrix products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.arrays import row_blocks
from ladle.neighbours.contract import Candidates, Means
from ladle.neighbours.kernels import keep_best
from ladle.progress import Progress

QUERY_BLOCK = 256
MEMBER_BLOCK = 1024  # a block of products is 1 MiB in float32: it stays in a core's cache until its top k is taken
WORST = -3e38  # below every score; finite, because the kernel is compiled without infinities

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Packed:
    """Members made ready for the matrix product: centred, scaled to the unit ball, in the product's dtype."""

    points: Floats  # (m, d)
    halves: Floats  # (m,) half of |point|^2 + spread
    norms: npt.NDArray[np.float64]  # (m,) |point|
    scale: float  # packed = (mean - centre) * scale


@dataclass(frozen=True, slots=True)
class BruteSearch:
    """Every query against every member, in blocks. Proven reach: the rounding of the product is bounded per row.

    Cost: q m d multiply-adds at the speed of BLAS; m (4 d + 16) bytes for the packed members (twice that when
    precise) and about 1 MiB a thread. Repeats: identical for any number of threads.
    Source: the bound is the textbook one for a dot product, |fl(x.y) - x.y| <= d u |x| |y| (Higham 2002, 3.5).
    """

    def nearest(
        self,
        means: Means,
        spreads: npt.NDArray[np.float64],
        *,
        members: npt.NDArray[np.int32],
        queries: npt.NDArray[np.int32],
        k: int,
        precise: bool,
        progress: Progress,
    ) -> Candidates:
        """See `NeighbourSearch.nearest`."""
        k = min(k, len(members) - 1)
        packed = pack(means, spreads, members, np.dtype(np.float64 if precise else np.float32))
        own = np.searchsorted(members, queries)
        scores = np.full((len(queries), k), WORST, packed.points.dtype)
        positions = np.full((len(queries), k), -1, np.int32)
        with progress.task("nearest neighbours", len(queries)) as advance, threads.single_threaded_blas():

            def search(block: tuple[int, int]) -> None:
                start, stop = block
                top_k(packed, own[start:stop], scores[start:stop], positions[start:stop])
                advance(stop - start)

            threads.run_each(search, threads.ranges(len(queries), QUERY_BLOCK))
        reach, error = _reach(packed, own, scores[:, -1], spreads[queries])
        if k == len(members) - 1:  # every other member is listed
            reach[:] = np.inf
        # In float64 a row of ties would fall short of its own reach by a rounding, so there the reach errs the other
        # way, and the row counts as proven only while that rounding is negligible.
        reach += error if precise else -error
        proven = (error <= 1e-9 * reach) if precise else np.ones(len(queries), bool)
        return Candidates(ids=np.where(positions >= 0, members[positions], np.int32(-1)), reach=reach, proven=proven)


def pack(
    means: Means, spreads: npt.NDArray[np.float64], members: npt.NDArray[np.int32], dtype: np.dtype[Any]
) -> Packed:
    """Centre, scale and convert the members' means, block by block."""
    centre = np.zeros(means.shape[1])
    for block in row_blocks(len(members), 8 * means.shape[1]):
        centre += means[members[block]].sum(axis=0, dtype=np.float64)
    centre /= len(members)
    squares = np.empty(len(members))
    for block in row_blocks(len(members), 8 * means.shape[1]):
        shifted = means[members[block]] - centre
        squares[block] = np.einsum("ij,ij->i", shifted, shifted)
    # The scale keeps squares inside float32's range whatever the unit of the data; a power of two rounds nothing.
    largest = float(np.sqrt(squares.max()))
    scale = float(2.0 ** -np.ceil(np.log2(largest))) if largest > 0 else 1.0
    points = np.empty((len(members), means.shape[1]), dtype)
    for block in row_blocks(len(members), 8 * means.shape[1]):
        points[block] = (means[members[block]] - centre) * scale
    halves = (0.5 * scale * scale * (squares + spreads[members])).astype(dtype)
    return Packed(points, halves, scale * np.sqrt(squares), scale)


def top_k(packed: Packed, own: npt.NDArray[np.int64], scores: Floats, positions: npt.NDArray[np.int32]) -> None:
    """Fill `scores` (q, k) and `positions` (q, k) with the best members for the queries at positions `own` (q,)."""
    block = packed.points[own]
    products = np.empty((len(own), MEMBER_BLOCK), packed.points.dtype)
    for start, stop in threads.ranges(len(packed.points), MEMBER_BLOCK):
        part = (
            products[:, : stop - start]
            if stop - start == MEMBER_BLOCK
            else np.empty((len(own), stop - start), products.dtype)
        )
        np.matmul(block, packed.points[start:stop].T, out=part)
        keep_best(part, packed.halves[start:stop], start, own, scores, positions)


def _reach(
    packed: Packed, own: npt.NDArray[np.int64], last: Floats, spreads: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The k-th linkage of each query as the product saw it, and how far rounding may have moved any closer one.

    A member closer than the k-th, at linkage a, has |y| <= |x| + sqrt(a): so the bound is local to the query, and one
    outlier of huge norm does not spoil everybody's.
    """
    dim = packed.points.shape[1]
    unit = float(np.finfo(packed.points.dtype).eps) / 2
    x = packed.norms[own]
    linkage = np.maximum(x * x + packed.scale**2 * spreads - 2.0 * last.astype(np.float64), 0.0)
    y = x + np.sqrt(linkage)
    # d roundings of the product, 4 more of packing (two coordinates each rounded once, twice for safety); then the
    # rounding of `halves` and of its subtraction.
    error = 2.0 * unit * ((dim + 4) * x * y + 2.0 * (y * y + linkage))
    return linkage / packed.scale**2, error / packed.scale**2
