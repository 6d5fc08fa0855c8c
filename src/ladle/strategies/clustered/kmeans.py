"""The k-means of the strategies: four iterations on a sample, in two levels for many clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import seeds
from ladle.progress import Reporter

AT_ONCE = 2_000  # clusters made in one level

Longs = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.floating[Any]]


def k_means(points: Matrix, count: int, seed: int, progress: Reporter) -> npt.NDArray[np.int32]:
    """(n,) clusters 0..count-1 of points (n, dim) in the unit ball, few of them empty.

    Beyond `AT_ONCE` clusters there are two levels: sqrt(count) coarse clusters, each divided into its share of `count`.
    """
    from ladle.geometry.frame import Frame
    from ladle.neighbours.coarse import SAMPLE_PER_CELL, Cells, by_cell

    frame = Frame.identity(points.shape[1])
    points = points.astype(np.float32, copy=False)

    def make(part: Matrix, wanted: int, *path: str | int) -> npt.NDArray[np.int32]:
        random = seeds.stream(seed, "k-means", *path)
        drawn = random.choice(len(part), min(len(part), wanted * SAMPLE_PER_CELL), replace=False)
        return Cells.make(part[np.sort(drawn)], wanted, random, frame).own(part)

    with progress.task("k-means", len(points)) as advance:
        if count <= AT_ONCE:
            return make(points, count)
        coarse = make(points, round(count**0.5))
        order, starts = by_cell(coarse, int(coarse.max()) + 1)
        labels = np.empty(len(points), np.int32)
        shares = _shares(np.diff(starts), count)
        offsets = np.cumsum(shares) - shares
        for cell in np.flatnonzero(shares).tolist():
            rows = order[starts[cell] : starts[cell + 1]]
            labels[rows] = offsets[cell] + make(points[rows], int(shares[cell]), cell)
            advance(len(rows))
    return labels


def _shares(sizes: Longs, count: int) -> Longs:
    """`count` in proportion to `sizes` (c,): whole numbers, at most the size, and at least 1 where it is not 0.

    Each is rounded by the running total, so the sum may exceed `count` by up to one a cell.
    """
    ends = np.floor(np.cumsum(sizes) * (count / sizes.sum()) + 0.5).astype(np.int64)
    shares: Longs = np.minimum(np.maximum(np.diff(ends, prepend=0), 1), sizes)
    return shares


def nearest_to_means(points: Matrix, labels: npt.NDArray[np.int32]) -> Longs:
    """The point nearest to the mean of its cluster, for each cluster 0..c-1 of `labels` (n,) that is not empty.

    points (n, dim). Cost: n dim; a copy of the points.
    """
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    gathered = points[order]
    means = np.add.reduceat(gathered, starts, axis=0) / sizes[:, None].astype(points.dtype)
    gathered -= np.repeat(means, sizes, axis=0)
    square = np.einsum("ij,ij->i", gathered, gathered)
    nearest_first = np.lexsort((square, np.repeat(np.arange(len(starts)), sizes)))
    return order[nearest_first[starts]]
