"""Prototypes of flat clusters, which newcomers are compared with: the mean, the spread and the size of each.

The average linkage of a point x and a cluster A is |x - mean_A|^2 + spread_A, where the spread is the mean squared
distance of A's members to its mean: no member is needed. The prototype of a union follows from those of its parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Clusters, Embeddings, as_matrix, row_blocks
from ladle.compiled import kernel
from ladle.geometry.collapse import hash_rows
from ladle.geometry.metric_space import in_metric
from ladle.hac.intake import RowSource
from ladle.neighbours.kernels import FAST
from ladle.pool.contract import Pool
from ladle.progress import Reporter

Floats64 = npt.NDArray[np.float64]
BLOCK_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Prototypes:
    """The prototypes of the m flat clusters that a tree's first `merges` merges make of its n rows.

    They are in the metric's space: of unit vectors under cosine.
    """

    merges: int
    centre: Floats64  # (d,) mean of all rows
    offsets: Floats64  # (m, d) mean of each cluster, less the centre
    spreads: Floats64  # (m,) mean squared distance of the members to the mean
    sizes: npt.NDArray[np.int32]  # (m,)
    fingerprints: npt.NDArray[np.uint64]  # (n,) a hash of each row: newcomers that equal a row join its cluster
    rounding: float = 0.0  # share of the offsets by which an older Ladle's file rounded them

    def __repr__(self) -> str:
        return f"<Prototypes of {len(self):,} clusters, dim {len(self.centre):,}>"

    def __len__(self) -> int:
        return len(self.sizes)

    def united(self, merges: int, group: Clusters) -> Prototypes:
        """The prototypes of a coarser cut, where each cluster is part of `group` (m,), labels 0..k-1.

        Cost: O(m d) time, 8 k d bytes beside the result's 8 k d.
        """
        sums = _ClusterSums.empty(int(group.max()) + 1, len(self.centre))
        for block in row_blocks(len(self), 8 * len(self.centre), BLOCK_BYTES):
            sums.add(self.offsets[block], group[block], self.sizes[block].astype(np.float64), self.spreads[block])
        return replace(sums.prototypes(merges, self.centre, self.fingerprints), rounding=self.rounding)


def prototypes_of(
    blocks: Iterable[tuple[slice, Embeddings]], labels: Clusters, *, dim: int, metric: str, merges: int
) -> Prototypes:
    """The prototypes of flat clusters `labels` (n,) 0..m-1, in one pass over the rows' embeddings.

    blocks: every row once, in order, as of Pool.blocks. merges: how many of the tree's merges made the labels.
    Raises: NonFiniteError, ZeroVectorError, DataError.
    Cost: n d multiply-adds; 8 m d bytes, which become the result, and 8 n. Repeats: the same for any blocks.
    """
    sums = _ClusterSums.empty(int(labels.max()) + 1, dim)
    fingerprints = np.empty(len(labels), np.uint64)
    for rows, block in blocks:
        fingerprints[rows] = fingerprints_of(block)
        points = in_metric(block, metric, name="embeddings", first_row=rows.start)
        sums.add(points, labels[rows], np.ones(len(points)), np.zeros(len(points)))
    return sums.prototypes(merges, np.zeros(dim), fingerprints)


def prototypes_of_pool(
    pool: npt.ArrayLike | Pool, labels: Clusters, *, metric: str, merges: int, progress: Reporter
) -> Prototypes:
    """As `prototypes_of`, for the rows of a pool or of embeddings (n, dim)."""
    source = RowSource.of(pool if isinstance(pool, Pool) else as_matrix(pool, "pool"))
    with progress.task("prototypes of the clusters", source.rows) as advance:

        def counted() -> Iterator[tuple[slice, Embeddings]]:
            for rows, block in source.blocks():
                yield rows, block
                advance(len(block))

        return prototypes_of(counted(), labels, dim=source.dim, metric=metric, merges=merges)


def fingerprints_of(block: Embeddings) -> npt.NDArray[np.uint64]:
    """(b,) a 64-bit hash of each row's values. Rows that are equal number by number share it, whatever their dtype."""
    return hash_rows(block.astype(np.float64))


@dataclass(frozen=True, slots=True)
class _ClusterSums:
    """Running means and sums of squared distances to them (Welford 1962, with weights), in float64."""

    means: Floats64  # (m, d)
    squares: Floats64  # (m,)
    weights: Floats64  # (m,)

    @classmethod
    def empty(cls, clusters: int, dim: int) -> _ClusterSums:
        return cls(np.zeros((clusters, dim)), np.zeros(clusters), np.zeros(clusters))

    def add(self, points: Floats64, labels: Clusters, weights: Floats64, spreads: Floats64) -> None:
        """Points (b, d) of these weights and spreads (b,) into the clusters `labels` (b,)."""
        _add(points, labels, weights, spreads, self.means, self.squares, self.weights)

    def prototypes(self, merges: int, origin: Floats64, fingerprints: npt.NDArray[np.uint64]) -> Prototypes:
        """The prototypes of all points added, which were relative to `origin` (d,)."""
        whole = _ClusterSums.empty(1, self.means.shape[1])  # not by BLAS, whose sums depend on its threads
        whole.add(self.means, np.zeros(len(self.means), np.int32), self.weights, self.squares)
        centre = whole.means[0]
        return Prototypes(
            merges=merges,
            centre=origin + centre,
            offsets=np.subtract(self.means, centre, out=self.means),  # the sums are not used again
            spreads=self.squares / self.weights,
            sizes=self.weights.astype(np.int32),
            fingerprints=fingerprints,
        )


@kernel(fastmath=FAST)
def _add(points: Any, labels: Any, weights: Any, spreads: Any, means: Any, squares: Any, totals: Any) -> None:
    """Add one row after another, so that blocks do not matter. points (b, d), the rest (b,); updates the last three."""
    for x in range(points.shape[0]):
        a = labels[x]
        totals[a] += weights[x]
        share = weights[x] / totals[a]
        between = 0.0
        for t in range(points.shape[1]):
            difference = points[x, t] - means[a, t]
            means[a, t] += share * difference
            between += difference * difference
        squares[a] += weights[x] * (spreads[x] + (1.0 - share) * between)
