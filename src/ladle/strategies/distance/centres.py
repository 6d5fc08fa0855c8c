"""The centres (the rows chosen so far), and for every other row an upper bound of its distance to the nearest one.

The distance to the nearest centre only shrinks as centres are added, so the distance to the first centres is an upper
bound of the distance to all. A greedy strategy needs the true distance only of rows whose bound could decide the next
pick. Their bounds are brought up to date many at a time, against many centres at once, by matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ladle import draws, threads
from ladle.arrays import Rows
from ladle.progress import SILENT, Reporter
from ladle.strategies.distance.space import Floats, Points, Space

ROWS = 1024  # brought up to date by one thread at a time
Longs = npt.NDArray[np.int64]


def square_lengths(space: Space, free: Rows) -> Floats:
    """(m,) the squared lengths of the points of `free` (m,), in a space whose points have them as the last array."""
    lengths = np.empty(len(free), np.float32)

    def measure(block: tuple[int, int]) -> None:
        lengths[slice(*block)] = space.take(free[slice(*block)])[-1]

    threads.run_each(measure, threads.ranges(len(free), ROWS))
    return lengths


def outermost(free: Rows, lengths: Floats, draw_key: np.uint64) -> tuple[Rows, Floats]:
    """The row of `free` (m,) with the largest of `lengths` (m,), ties by lot, and that length: (1,) each."""
    tied = free[lengths == lengths.max()]
    return tied[[np.argmin(draws.priorities(draw_key, tied))]], lengths.max(keepdims=True)


@dataclass(slots=True)
class Centres:
    """The centres, and the bounds of the rows `free` (m,), which may become centres. Positions are places in `free`."""

    space: Space
    free: Rows
    capacity: int
    bounds: Floats  # (m,) upper bound of the distance to the nearest centre
    count: int = 0
    seen: Longs = field(init=False)  # (m,) the number of first centres that a bound accounts for
    _points: Points = field(init=False, default=())

    def __post_init__(self) -> None:
        self.seen = np.zeros(len(self.free), np.int64)

    def add(self, rows: Rows) -> None:
        """These rows (r,) become centres."""
        self.add_points(self.space.take(rows))

    def add_points(self, points: Points) -> None:
        """These points become centres."""
        if not self._points:
            self._points = tuple(np.empty((self.capacity, *part.shape[1:]), part.dtype) for part in points)
        for stored, part in zip(self._points, points, strict=True):
            stored[self.count : self.count + len(part)] = part
        self.count += len(points[0])

    def refresh(self, positions: Longs, progress: Reporter = SILENT, title: str = "") -> None:
        """Replace the bounds of these positions (p,), all different, by distances.

        Cost: p times the centres that the bound of a row does not account for, in distances; ROWS points a thread.
        """
        # Rows whose bounds account for equally many centres share a block, so that few distances are computed again.
        order = positions[np.argsort(self.seen[positions], kind="stable")]
        with progress.task(title, len(order)) as advance, threads.single_threaded_blas():

            def refresh_block(block: tuple[int, int]) -> None:
                mine = order[slice(*block)]
                start = int(self.seen[mine[0]])
                if start < self.count:
                    distances = self.space.nearest(self.space.take(self.free[mine]), self.points(start))
                    self.bounds[mine] = np.minimum(self.bounds[mine], distances)
                advance(len(mine))

            threads.run_each(refresh_block, threads.ranges(len(order), ROWS))
        self.seen[positions] = self.count

    def points(self, start: int = 0) -> Points:
        """The points of the centres from number `start` on."""
        return tuple(part[start : self.count] for part in self._points)
