"""One point for each k-means cluster: the one nearest to its mean."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.neighbours.coarse import Cells, Int64s, by_cell
from ladle.neighbours.packed import Floats, Frame

ROWS = 1 << 16


def nearest_to_centroids(points: Floats, count: int, random: np.random.Generator) -> Int64s:
    """Positions of the points nearest to the centroids of `count` k-means clusters, ascending; empty ones give none.

    points (m, d) float32. Cost: 5 m count d multiply-adds. Repeats: by `random`.
    """
    longest = float(np.sqrt(np.einsum("ij,ij->i", points, points, dtype=np.float64).max(initial=0.0)))
    points = points / np.float32(longest) if longest > 0 else points  # no square overflows or vanishes
    cells = Cells.make(points, count, random, Frame.identity(points.shape[1]))
    cell = np.concatenate([cells.own(points[start:stop]) for start, stop in threads.ranges(len(points), ROWS)])
    distance: npt.NDArray[np.float32] = np.empty(len(points), np.float32)

    def measure(block: tuple[int, int]) -> None:
        part = slice(*block)
        apart = points[part] - cells.centroids.points[cell[part]]
        distance[part] = np.einsum("ij,ij->i", apart, apart)

    threads.run_each(measure, threads.ranges(len(points), ROWS))
    nearest_first = np.argsort(distance, kind="stable")
    order, starts = by_cell(cell[nearest_first], count)
    return np.sort(nearest_first[order[starts[:-1][np.diff(starts) > 0]]])
