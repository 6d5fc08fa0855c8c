"""Coarse cells: k-means on a sample, by matrix products.

The nearest cell of a point is exact, by all products. Two levels, groups of cells first, took a third of the time at a
million rows, but missed the nearest cell of every fourth point: pools with hundreds of topics have no coarser
structure.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.geometry.frame import Frame, scale_for
from ladle.memory.fetch import fetch_rows
from ladle.neighbours.kernels import WORST, keep_best
from ladle.neighbours.products import Floats, Int32s, Packed, top_k

SAMPLE_PER_CELL = 20
ITERATIONS = 4
BLOCK = 512  # points assigned at a time
# The next cells of a point are searched among AROUND + AROUND_EACH probes cells around its own.
AROUND = 192
AROUND_EACH = 8
POWER_STEPS = 8  # of the power method, to the direction in which points vary most; a rough one orders as well

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cells:
    """A coarse partition of space by nearest centroid."""

    centroids: Packed  # (cells, d)
    _around: dict[int, Int32s] = field(default_factory=dict)  # by their number, which searches repeat

    @classmethod
    def of(cls, centroids: Floats, frame: Frame) -> Cells:
        """Cells of these centroids (cells, d), which are points in `frame`."""
        squares = np.einsum("ij,ij->i", centroids, centroids, dtype=np.float64)
        return cls(Packed(centroids, (0.5 * squares).astype(centroids.dtype), np.sqrt(squares), frame))

    @classmethod
    def make(cls, sample: Floats, count: int, random: np.random.Generator, frame: Frame) -> Cells:
        """Make `count` cells by Lloyd's iterations on `sample` (s, d), drawn from the points of `frame`.

        Cost: s count d ITERATIONS multiply-adds.
        """
        cells = cls.of(sample[np.sort(random.choice(len(sample), count, replace=False))], frame)
        for _ in range(ITERATIONS):
            # An empty cell moves onto a random point, most likely one of a crowded cell, which it then splits.
            spare = sample[random.integers(0, len(sample), count)]
            cells = cls.of(_means(sample, cells.own(sample), spare), frame)
        with threads.single_threaded_blas():  # whose sums are the same for any number of threads
            order = along(cells.centroids.points)
        return cls.of(cells.centroids.points[order], frame)

    def __len__(self) -> int:
        return len(self.centroids.points)

    def own(self, points: Floats) -> Int32s:
        """(q,) the nearest cell of each of `points` (q, d). Cost: q cells d multiply-adds."""
        return self.nearest_of_all(points, 1)[0][:, 0]

    def around(self, count: int) -> Int32s:
        """(cells, count) the nearest cells of each cell, itself among them, ascending."""
        count = min(count, len(self))
        if count not in self._around:
            near = np.empty((len(self), count), np.int32)
            points, halves = self.centroids.points, self.centroids.halves
            with threads.single_threaded_blas():
                for start, stop in threads.ranges(len(self), BLOCK):
                    farness = halves - points[start:stop] @ points.T
                    near[start:stop] = np.argpartition(farness, count - 1, axis=1)[:, :count]
            self._around[count] = np.sort(near, axis=1)
        return self._around[count]

    def nearest(self, points: Floats, rows: Int64s, starts: Int64s, probes: int) -> tuple[Int32s, Floats]:
        """The nearest cells of some points, nearest first, and their scores.

        rows (q,): where they stand in `points` (m, d), sorted by their own cell; starts (cells + 1,): where each cell's
        begin among them. Returns two arrays (q, probes). Only cells around the own one are compared. Cost:
        AROUND + AROUND_EACH probes times d multiply-adds a point.
        """
        probes = min(probes, len(self))
        around = self.around(AROUND + AROUND_EACH * probes)
        cells = np.full((len(rows), probes), -1, np.int32)
        scores = np.full((len(rows), probes), WORST, points.dtype)

        def assign(cell: int) -> None:
            near = around[cell]
            halves = self.centroids.halves[near]
            base = self.centroids.points[near].T
            for start in range(starts[cell], starts[cell + 1], BLOCK):
                part = slice(start, min(start + BLOCK, starts[cell + 1]))
                fetch_rows(points, rows[part])
                products = points[rows[part]] @ base
                no_own = np.full(len(products), -1, np.int64)
                mine = np.arange(len(products))
                keep_best(products, halves, near, no_own, scores[part], cells[part], mine, False)

        with threads.single_threaded_blas():
            threads.run_each(assign, np.flatnonzero(np.diff(starts)).tolist())
        return cells, scores

    def nearest_of_all(self, points: Floats, count: int) -> tuple[Int32s, Floats]:
        """The nearest cells of `points` (q, d), nearest first, and their scores: two arrays (q, count or all cells).

        Cost: q cells d multiply-adds.
        """
        cells = np.full((len(points), min(count, len(self))), -1, np.int32)
        scores = np.full(cells.shape, WORST, points.dtype)

        def assign(block: tuple[int, int]) -> None:
            part = slice(*block)
            fetch_rows(points, part)
            top_k(self.centroids, points[part], np.full(len(scores[part]), -1, np.int64), scores[part], cells[part])

        with threads.single_threaded_blas():
            threads.run_each(assign, threads.ranges(len(points), BLOCK))
        return cells, scores


@dataclass(frozen=True, slots=True)
class Partition:
    """Members in cells."""

    cells: Cells
    order: Int32s  # (m,) positions of the members, by cell
    starts: Int64s  # (cells + 1,) where each cell's begin
    near: tuple[Int32s, Floats] | None = None  # two (m, .): every member's nearest cells, if known, and their scores

    def members(self, cell: int) -> Int32s:
        """The positions of its members, ascending."""
        return self.order[self.starts[cell] : self.starts[cell + 1]]

    @classmethod
    def of(cls, cells: Cells, cell: Int32s, near: tuple[Int32s, Floats] | None = None) -> Partition:
        """The partition of members that are in these cells, `cell` (m,)."""
        order, starts = by_cell(cell, len(cells))
        return cls(cells, order.astype(np.int32), starts, near)


def along(points: Floats) -> Int64s:
    """(m,) an order of `points` (m, d) in which points that follow each other lie together.

    They are halved again and again across the direction in which they vary most. A search that goes through cells in
    this order reads their members while they are still in a cache.
    """
    order = np.arange(len(points))
    if len(points) <= 2:
        return order
    centred = points - points.mean(axis=0)
    centred *= scale_for(float(np.abs(centred).max()), 0.0)  # so that the steps below do not overflow
    direction = centred[np.argmax(np.einsum("ij,ij->i", centred, centred))]
    for _ in range(POWER_STEPS):
        length = float(np.linalg.norm(direction))
        if length == 0.0:
            return order
        direction = (centred @ (direction / length)) @ centred
    order = np.argsort(centred @ direction, kind="stable")
    half = len(order) // 2
    return np.concatenate([part[along(points[part])] for part in (order[:half], order[half:])])


def by_cell(cell: Int32s, cells: int) -> tuple[Int64s, Int64s]:
    """Positions sorted by cell, and where each cell's begin: (m,) and (cells + 1,)."""
    order = np.argsort(cell, kind="stable")
    starts = np.zeros(cells + 1, np.int64)
    np.cumsum(np.bincount(cell, minlength=cells), out=starts[1:])
    return order, starts


def _means(sample: Floats, cell: Int32s, spare: Floats) -> Floats:
    """(cells, d) the mean of each cell's points, or its row of `spare` (cells, d) if it has none."""
    order, starts = by_cell(cell, len(spare))
    counts = np.diff(starts)
    filled = counts > 0
    means = spare.copy()
    means[filled] = np.add.reduceat(sample[order], starts[:-1][filled], axis=0)
    means[filled] /= counts[filled, None].astype(sample.dtype)
    return means
