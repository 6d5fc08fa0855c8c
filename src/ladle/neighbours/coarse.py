"""Coarse cells: k-means on a sample, by matrix products."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.neighbours.kernels import WORST
from ladle.neighbours.packed import Floats, Int32s, Packed, top_k

SAMPLE_PER_CELL = 40
ITERATIONS = 6
ASSIGN_BLOCK = 512


def centroids_of(packed: Packed, cells: int, random: np.random.Generator) -> Packed:
    """`cells` centroids of the packed points, by Lloyd's iterations on a sample, packed in the same frame.

    Cost: cells^2 SAMPLE_PER_CELL d ITERATIONS multiply-adds.
    """
    m = len(packed.points)
    sample = packed.points[np.sort(random.choice(m, min(m, cells * SAMPLE_PER_CELL), replace=False))]
    centroids = sample[np.sort(random.choice(len(sample), cells, replace=False))]
    for _ in range(ITERATIONS):
        cell = nearest_cells(as_packed(centroids, packed), sample, 1)[:, 0]
        counts = np.bincount(cell, minlength=cells)
        order = np.argsort(cell, kind="stable")
        starts = np.cumsum(counts) - counts
        filled = counts > 0
        sums = np.add.reduceat(sample[order], starts[filled], axis=0)
        centroids = centroids.copy()
        centroids[filled] = sums / counts[filled, None].astype(sample.dtype)
        # An empty cell moves onto a random point: most likely one of a crowded cell, which it then shares.
        centroids[~filled] = sample[random.integers(0, len(sample), int((~filled).sum()))]
    return as_packed(centroids, packed)


def as_packed(points: Floats, like: Packed) -> Packed:
    """Bare points, of spread 0, in the frame of `like`."""
    squares = np.einsum("ij,ij->i", points, points, dtype=np.float64)
    return Packed(points, (0.5 * squares).astype(points.dtype), np.sqrt(squares), like.frame)


def nearest_cells(centroids: Packed, points: Floats, probes: int) -> Int32s:
    """(len(points), probes) the nearest centroids of each point, nearest first."""
    probes = min(probes, len(centroids.points))
    scores = np.full((len(points), probes), WORST, points.dtype)
    cells = np.full((len(points), probes), -1, np.int32)

    def assign(block: tuple[int, int]) -> None:
        start, stop = block
        nobody = np.full(stop - start, -1, np.int64)
        top_k(centroids, points[start:stop], nobody, scores[start:stop], cells[start:stop])

    with threads.single_threaded_blas():
        threads.run_each(assign, threads.ranges(len(points), ASSIGN_BLOCK))
    return cells


def by_cell(cell: npt.NDArray[np.int32], cells: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Positions sorted by cell, and where each cell's begin: (m,) and (cells + 1,)."""
    order = np.argsort(cell, kind="stable")
    starts = np.zeros(cells + 1, np.int64)
    np.cumsum(np.bincount(cell, minlength=cells), out=starts[1:])
    return order, starts
