"""Coarse cells: k-means on a sample, by matrix products.

Cells are found exactly, by all products. Two levels, groups of cells first, took a third of the time at a million rows
but missed the nearest cell of every fourth point: pools with hundreds of topics have no coarser structure to go by.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.neighbours.kernels import WORST, keep_best
from ladle.neighbours.packed import Floats, Frame, Int32s, Packed, top_k

SAMPLE_PER_CELL = 20
ITERATIONS = 4
BLOCK = 512  # points assigned at a time
# A point's next cells are looked for among so many times as many around its own, and at least so many.
AROUND = 8
LEAST_AROUND = 32

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cells:
    """A coarse partition of space by nearest centroid."""

    centroids: Packed  # (cells, d)
    _around: dict[int, Int32s] = field(default_factory=dict)  # by their number: searches ask for the same again

    @classmethod
    def of(cls, centroids: Floats, frame: Frame) -> Cells:
        """Cells of these centroids (cells, d), bare points in `frame`."""
        squares = np.einsum("ij,ij->i", centroids, centroids, dtype=np.float64)
        return cls(Packed(centroids, (0.5 * squares).astype(centroids.dtype), np.sqrt(squares), frame))

    @classmethod
    def make(cls, sample: Floats, count: int, random: np.random.Generator, frame: Frame) -> Cells:
        """`count` cells by Lloyd's iterations on `sample` (s, d), drawn from the points of `frame`.

        Cost: s count d ITERATIONS multiply-adds.
        """
        cells = cls.of(sample[np.sort(random.choice(len(sample), count, replace=False))], frame)
        for _ in range(ITERATIONS):
            # An empty cell moves onto a random point: most likely one of a crowded cell, which it then shares.
            spare = sample[random.integers(0, len(sample), count)]
            cells = cls.of(_means(sample, cells.own(sample), spare), frame)
        return cells

    def __len__(self) -> int:
        return len(self.centroids.points)

    def own(self, points: Floats) -> Int32s:
        """(q,) the nearest cell of each of `points` (q, d). Cost: q cells d multiply-adds."""
        return self._nearest(points, 1)[:, 0]

    def around(self, count: int) -> Int32s:
        """(cells, count) the nearest cells of each cell, itself among them, ascending."""
        count = min(count, len(self))
        if count not in self._around:
            self._around[count] = np.sort(self._nearest(self.centroids.points, count), axis=1)
        return self._around[count]

    def nearest(self, points: Floats, rows: Int64s, starts: Int64s, probes: int) -> tuple[Int32s, Floats]:
        """The nearest cells of some points, nearest first, and their scores.

        rows (q,): where they stand in `points` (m, d), sorted by their own cell; starts (cells + 1,): where each cell's
        begin among them. Returns two arrays (q, probes). Only cells around the own one are looked at. Cost: AROUND
        probes d multiply-adds a point.
        """
        probes = min(probes, len(self))
        around = self.around(max(LEAST_AROUND, AROUND * probes))
        cells = np.full((len(rows), probes), -1, np.int32)
        scores = np.full((len(rows), probes), WORST, points.dtype)

        def assign(cell: int) -> None:
            near = around[cell]
            halves = self.centroids.halves[near]
            base = self.centroids.points[near].T
            for start in range(starts[cell], starts[cell + 1], BLOCK):
                part = slice(start, min(start + BLOCK, starts[cell + 1]))
                products = points[rows[part]] @ base
                nobody = np.full(len(products), -1, np.int64)
                mine = np.arange(len(products))
                keep_best(products, halves, near, nobody, scores[part], cells[part], mine, False)

        with threads.single_threaded_blas():
            threads.run_each(assign, np.flatnonzero(np.diff(starts)).tolist())
        return cells, scores

    def _nearest(self, points: Floats, count: int) -> Int32s:
        near = np.full((len(points), count), -1, np.int32)

        def assign(block: tuple[int, int]) -> None:
            part = slice(*block)
            scores = np.full(near[part].shape, WORST, points.dtype)
            top_k(self.centroids, points[part], np.full(len(scores), -1, np.int64), scores, near[part])

        with threads.single_threaded_blas():
            threads.run_each(assign, threads.ranges(len(points), BLOCK))
        return near


@dataclass(frozen=True, slots=True)
class Partition:
    """Members put into cells."""

    cells: Cells
    order: Int32s  # (m,) positions of the members, by cell
    starts: Int64s  # (cells + 1,) where each cell's begin

    def members(self, cell: int) -> Int32s:
        """The positions of its members, ascending."""
        return self.order[self.starts[cell] : self.starts[cell + 1]]

    @classmethod
    def of(cls, cells: Cells, cell: Int32s) -> Partition:
        """Of members that are in these cells, `cell` (m,)."""
        order, starts = by_cell(cell, len(cells))
        return cls(cells, order.astype(np.int32), starts)


def by_cell(cell: Int32s, cells: int) -> tuple[Int64s, Int64s]:
    """Positions sorted by cell, and where each cell's begin: (m,) and (cells + 1,)."""
    order = np.argsort(cell, kind="stable")
    starts = np.zeros(cells + 1, np.int64)
    np.cumsum(np.bincount(cell, minlength=cells), out=starts[1:])
    return order, starts


def _means(sample: Floats, cell: Int32s, spare: Floats) -> Floats:
    """(cells, d) the mean of each cell's points, or its `spare` (cells, d) if it has none."""
    order, starts = by_cell(cell, len(spare))
    counts = np.diff(starts)
    filled = counts > 0
    means = spare.copy()
    means[filled] = np.add.reduceat(sample[order], starts[:-1][filled], axis=0)
    means[filled] /= counts[filled, None].astype(sample.dtype)
    return means
