"""Coarse cells: k-means in two levels, so that neither making the cells nor finding a point's cell meets them all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.neighbours.kernels import WORST, keep_best
from ladle.neighbours.packed import Floats, Frame, Int32s, Packed, top_k

SAMPLE_PER_CELL = 40
ITERATIONS = 6
FLAT_CELLS = 800  # up to so many, one level
GROUPS_VISITED = 2
POLISHES = 2  # Lloyd iterations over all cells, after those within groups
LEAST_AROUND = 32
AROUND = 8  # times as many cells as asked for are looked at, around a point's own
LEAST_BLOCK, MOST_BLOCK = 512, 16_384  # points assigned at a time: many share a group, and the gathers stay in cache

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cells:
    """Centroids, and the groups they lie in."""

    centroids: Packed  # (cells, d) sorted by group
    groups: Packed  # (g, d)
    starts: Int64s  # (g + 1,) where each group's cells begin

    @classmethod
    def of(cls, centroids: Floats, groups: Floats, starts: Int64s, frame: Frame) -> Cells:
        """Cells of these centroids, sorted by group."""
        return cls(_bare(centroids, frame), _bare(groups, frame), starts)

    @classmethod
    def make(cls, sample: Floats, cells: int, random: np.random.Generator, frame: Frame) -> Cells:
        """`cells` cells or a few less, by Lloyd's iterations on `sample` (s, d), drawn from the points of `frame`.

        Cost: s (groups + GROUPS_VISITED cells / groups) d ITERATIONS multiply-adds, for s = SAMPLE_PER_CELL cells.
        """
        if cells <= FLAT_CELLS:
            centroids = _lloyd(sample, cells, random)
            starts = np.array([0, cells], np.int64)
            return cls.of(centroids, centroids.mean(axis=0, keepdims=True), starts, frame)
        count = int(np.sqrt(GROUPS_VISITED * cells))
        few = min(len(sample), SAMPLE_PER_CELL * count)
        part = sample if few == len(sample) else sample[np.sort(random.choice(len(sample), few, replace=False))]
        groups = _lloyd(part, count, random)
        order, bounds = by_cell(_nearest(_bare(groups), sample), count)
        sizes = np.diff(bounds)
        shares = np.minimum(sizes, np.maximum(1, np.rint(cells * sizes / len(sample)).astype(np.int64)))
        starts = np.concatenate([[0], np.cumsum(shares)])
        centroids = np.empty((starts[-1], sample.shape[1]), sample.dtype)
        streams = random.spawn(count)

        def split(group: int) -> None:
            own = sample[order[bounds[group] : bounds[group + 1]]]
            centroids[starts[group] : starts[group + 1]] = _lloyd(own, int(shares[group]), streams[group])

        with threads.single_threaded_blas():
            threads.run_each(split, range(count))
        for _ in range(POLISHES):
            own = cls.of(centroids, groups, starts, frame).own(sample)
            centroids = _means(sample, own, centroids)
        return cls.of(centroids, groups, starts, frame)

    def __len__(self) -> int:
        return len(self.centroids.points)

    def own(self, points: Floats) -> Int32s:
        """(q,) the nearest cell of each of `points` (q, d), or in some hundredths of cases one nearly as near.

        Cost: groups + GROUPS_VISITED cells / groups products a point.
        """
        scores = np.full((len(points), 1), WORST, points.dtype)
        cells = np.full((len(points), 1), -1, np.int32)
        size = min(MOST_BLOCK, max(LEAST_BLOCK, len(points) // 16))

        def assign(block: tuple[int, int]) -> None:
            part = slice(*block)
            self._assign(points[part], scores[part], cells[part])

        with threads.single_threaded_blas():
            threads.run_each(assign, threads.ranges(len(points), size))
        if len(self.groups.points) == 1:
            return cells[:, 0]
        order, starts = by_cell(cells[:, 0], len(self))
        better = np.empty(len(points), np.int32)
        better[order] = self.nearest(points[order], starts, 1)[0][:, 0]
        return better

    def _assign(self, points: Floats, scores: Floats, cells: Int32s) -> None:
        count = len(self.groups.points)
        nobody = np.full(len(points), -1, np.int64)
        if count == 1:
            top_k(self.centroids, points, nobody, scores, cells)
            return
        near = np.full((len(points), min(count, GROUPS_VISITED)), -1, np.int32)
        top_k(self.groups, points, nobody, np.full(near.shape, WORST, points.dtype), near)
        for rank in range(near.shape[1]):
            order, bounds = by_cell(near[:, rank], count)
            for group in np.flatnonzero(np.diff(bounds)):
                mine = order[bounds[group] : bounds[group + 1]]
                own = slice(self.starts[group], self.starts[group + 1])
                products = points[mine] @ self.centroids.points[own].T
                keep_best(products, self.centroids.halves[own], own.start, nobody, scores, cells, mine, False)

    def around(self, cells: int) -> Int32s:
        """(len(self), cells) the nearest cells of each cell, itself first or nearly so."""
        points = self.centroids.points
        near = np.full((len(points), min(cells, len(points))), -1, np.int32)

        def search(block: tuple[int, int]) -> None:
            part = slice(*block)
            scores = np.full(near[part].shape, WORST, points.dtype)
            top_k(self.centroids, points[part], np.full(len(scores), -1, np.int64), scores, near[part])

        with threads.single_threaded_blas():
            threads.run_each(search, threads.ranges(len(points), LEAST_BLOCK))
        return near

    def nearest(self, points: Floats, starts: Int64s, probes: int) -> tuple[Int32s, Floats]:
        """The nearest cells of points that stand sorted by their own cell, nearest first, and their scores.

        points (q, d); starts (cells + 1,): where each cell's own points begin. Returns two arrays (q, probes). Only
        cells around the own one are looked at.
        """
        probes = min(probes, len(self))
        around = np.sort(self.around(max(LEAST_AROUND, AROUND * probes)), axis=1)
        cells = np.full((len(points), probes), -1, np.int32)
        scores = np.full((len(points), probes), WORST, points.dtype)

        def assign(cell: int) -> None:
            near = around[cell]
            halves = self.centroids.halves[near]
            base = self.centroids.points[near].T
            for start in range(starts[cell], starts[cell + 1], LEAST_BLOCK):
                part = slice(start, min(start + LEAST_BLOCK, starts[cell + 1]))
                products = points[part] @ base
                rows = np.arange(len(products))
                nobody = np.full(len(products), -1, np.int64)
                keep_best(products, halves, 0, nobody, scores[part], cells[part], rows, False)
                cells[part] = near[cells[part]]

        with threads.single_threaded_blas():
            threads.run_each(assign, np.flatnonzero(np.diff(starts)).tolist())
        return cells, scores


def by_cell(cell: Int32s, cells: int) -> tuple[Int64s, Int64s]:
    """Positions sorted by cell, and where each cell's begin: (m,) and (cells + 1,)."""
    order = np.argsort(cell, kind="stable")
    starts = np.zeros(cells + 1, np.int64)
    np.cumsum(np.bincount(cell, minlength=cells), out=starts[1:])
    return order, starts


def _lloyd(sample: Floats, cells: int, random: np.random.Generator) -> Floats:
    centroids = sample[np.sort(random.choice(len(sample), cells, replace=False))]
    if cells == 1:
        centroids[0] = sample.mean(axis=0)
        return centroids
    for _ in range(ITERATIONS):
        # An empty cell moves onto a random point: most likely one of a crowded cell, which it then shares.
        spare = sample[random.integers(0, len(sample), cells)]
        centroids = _means(sample, _nearest(_bare(centroids), sample), spare)
    return centroids


def _means(sample: Floats, cell: Int32s, spare: Floats) -> Floats:
    """(cells, d) the mean of each cell's points, or its `spare` (cells, d) if it has none."""
    order, starts = by_cell(cell, len(spare))
    counts = np.diff(starts)
    filled = counts > 0
    means = spare.copy()
    means[filled] = np.add.reduceat(sample[order], starts[:-1][filled], axis=0)
    means[filled] /= counts[filled, None].astype(sample.dtype)
    return means


def _nearest(centroids: Packed, points: Floats) -> Int32s:
    """(len(points),) the nearest centroid of each point, by all products."""
    scores = np.full((len(points), 1), WORST, points.dtype)
    cells = np.full((len(points), 1), -1, np.int32)

    def assign(block: tuple[int, int]) -> None:
        part = slice(*block)
        nobody = np.full(block[1] - block[0], -1, np.int64)
        top_k(centroids, points[part], nobody, scores[part], cells[part])

    blocks = threads.ranges(len(points), LEAST_BLOCK)
    if len(blocks) > 1:
        with threads.single_threaded_blas():
            threads.run_each(assign, blocks)
    else:
        assign(blocks[0])
    return cells[:, 0]


def _bare(points: Floats, frame: Frame | None = None) -> Packed:
    """Bare points, of spread 0."""
    squares = np.einsum("ij,ij->i", points, points, dtype=np.float64)
    frame = Frame(np.zeros(points.shape[1]), 1.0) if frame is None else frame
    return Packed(points, (0.5 * squares).astype(points.dtype), np.sqrt(squares), frame)
