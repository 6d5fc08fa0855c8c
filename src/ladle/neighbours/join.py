"""One search of the cell join in the making: comparing with cells, and neighbours of neighbours."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.neighbours.coarse import Cells, Int64s, by_cell
from ladle.neighbours.contract import Candidates, Means
from ladle.neighbours.kernels import WORST, join_neighbours, keep_best, mark_fresh, reverse_lists
from ladle.neighbours.packed import Floats, Frame, Int32s, Packed, linkages, pack, rounding, top_k
from ladle.progress import Progress

QUERY_BLOCK = 512
PROBE_BLOCK = 8192  # queries one thread compares: neighbours by cell, they share most of the cells they ask
JOIN_BLOCK = 1024
TABLE_BITS = 12  # of the neighbour join's table: up to 2,048 candidates a row
SPARE_PROBES = 16  # a row may be compared with so many cells more than the average row, and twice the average
GAPS_SEEN = 1 << 20  # rows from which the tolerance is set


@dataclass(slots=True)
class Join:
    """Positions are those of `packed`, whose members stand sorted by cell."""

    packed: Packed
    order: Int64s  # (m,) position among the members given
    starts: Int64s  # (cells + 1,) where each cell begins
    cells: Cells
    k: int
    scores: Floats = field(init=False)  # (q, k or more), descending
    positions: Int32s = field(init=False)  # (q, k or more)
    rows: Int64s = field(init=False)  # (q,) the queries' positions
    _compared: npt.NDArray[np.uint8] = field(init=False)  # (q,) so many nearest cells have been compared with
    _probes: int = field(init=False)  # cells a query has been compared with on average
    _joined: Int32s | None = field(init=False, default=None)  # (m, width) the entries whose neighbours have been tested

    @classmethod
    def of(
        cls,
        means: Means,
        spreads: npt.NDArray[np.float64],
        members: Int32s,
        cells: Cells,
        cell: Int32s,
        frame: Frame,
        k: int,
    ) -> Join:
        """A search among `members`, of which each is in one `cell` (m,)."""
        order, starts = by_cell(cell, len(cells))
        return cls(pack(means, spreads, members[order], np.dtype(np.float32), frame), order, starts, cells, k)

    def __post_init__(self) -> None:
        self._answer(np.arange(len(self.order)), self.k)

    def only(self, own: Int64s) -> None:
        """Answer for these members (positions among the members given), from scratch."""
        place = np.empty(len(self.order), np.int64)
        place[self.order] = np.arange(len(self.order))
        self._answer(np.sort(place[own]), self.k)

    def restart(self, width: int) -> None:
        """Begin again with lists of `width`, of which the first k will be the answer."""
        self._answer(self.rows, max(self.k, min(width, len(self.order) - 1)))

    @property
    def width(self) -> int:
        """Length of the lists during the search."""
        return int(self.positions.shape[1])

    def _answer(self, rows: Int64s, width: int) -> None:
        self.rows = rows
        self.scores = np.full((len(rows), width), WORST, np.float32)
        self.positions = np.full((len(rows), width), -1, np.int32)
        self._compared = np.zeros(len(rows), np.uint8)
        self._probes = 0
        self._joined = None

    def state(self) -> dict[str, npt.NDArray[Any] | int]:
        """What a search of all members has found and done so far."""
        joined = np.empty((0, 0), np.int32) if self._joined is None else self._joined
        return {
            "scores": self.scores,
            "positions": self.positions,
            "compared": self._compared,
            "probes": self._probes,
            "joined": joined,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` was taken of."""
        self.scores, self.positions = state["scores"], state["positions"]
        self._compared, self._probes = state["compared"], int(state["probes"])
        self._joined = state["joined"] if state["joined"].size else None

    def probe(self, probes: int, progress: Progress) -> None:
        """Compare each query with its nearest cells, `probes` of them on average; fewer than before is no work.

        A query deep inside a cell has few others to fear: it is compared with those cells whose centroid is nearly as
        near as its nearest one's, the same tolerance for all. Called again with more, it goes on where it stopped.
        """
        if probes <= self._probes:
            return
        self._probes = probes
        everybody = len(self.rows) == len(self.order)
        points = self.packed.points if everybody else self.packed.points[self.rows]
        starts = self.starts if everybody else np.searchsorted(self.rows, self.starts)
        cells, gaps = self.cells.nearest(points, starts, min(2 * probes, probes + SPARE_PROBES))
        del points
        np.subtract(gaps[:, :1], gaps, out=gaps)
        near = gaps <= _tolerance(gaps, probes)
        near &= cells >= 0
        near &= self._compared[:, None] <= np.arange(cells.shape[1])
        repeats = self._joined is not None or bool(self._compared.any())
        with progress.task("nearest neighbours: cells", int(near.sum())) as advance, threads.single_threaded_blas():

            def compare(block: tuple[int, int]) -> None:
                part = slice(*block)
                # The own cell goes first: what it finds spares most of the insertions that the others would make.
                for ranks in (slice(0, 1), slice(1, None)):
                    asking, rank = np.nonzero(near[part, ranks])
                    self._compare(block[0] + asking, cells[part, ranks][asking, rank], repeats)
                    advance(len(asking))

            threads.run_each(compare, threads.ranges(len(near), PROBE_BLOCK))
        self._compared += near.sum(axis=1, dtype=np.uint8)

    def _compare(self, answers: Int64s, cell: Int32s, repeats: bool) -> None:
        """Compare the queries `answers` (p,) with the members of one `cell` (p,) each, cell by cell.

        `repeats`: a query may meet what it has found already.
        """
        order = np.argsort(cell, kind="stable")
        bounds = np.flatnonzero(np.diff(cell[order], prepend=-1, append=-1)) if len(cell) else order
        points, halves = self.packed.points, self.packed.halves
        for begin, end in itertools.pairwise(bounds.tolist()):
            first, last = self.starts[cell[order[begin]]], self.starts[cell[order[begin]] + 1]
            if first == last:
                continue
            base = points[first:last].T
            for start in range(begin, end, QUERY_BLOCK):
                mine = answers[order[start : min(start + QUERY_BLOCK, end)]]
                rows = self.rows[mine]
                products = points[rows] @ base
                keep_best(products, halves[first:last], first, rows, self.scores, self.positions, mine, repeats)

    def join_neighbours(self, width: int, progress: Progress) -> None:
        """One pass of testing the first `width` neighbours of neighbours, where one of the two steps is new."""
        m = len(self.order)
        width = min(width, self.width)
        known = self.positions.copy()
        fresh = np.ones(known.shape, np.bool_)
        if self._joined is not None:
            before = self._joined
            threads.run_each(lambda block: mark_fresh(known, before, fresh, *block), threads.ranges(m, JOIN_BLOCK))
        self._joined = known[:, :width].copy()
        starts = np.zeros(m + 1, np.int64)
        reverse = np.empty(m * width, np.int32)
        reverse_fresh = np.empty(m * width, np.bool_)
        reverse_lists(known, fresh, width, starts, reverse, reverse_fresh)
        with progress.task("nearest neighbours: join", m) as advance:

            def join(block: tuple[int, int]) -> None:
                join_neighbours(
                    self.packed.points,
                    self.packed.halves,
                    known,
                    fresh,
                    reverse,
                    reverse_fresh,
                    starts,
                    width,
                    TABLE_BITS,
                    self.scores,
                    self.positions,
                    *block,
                )
                advance(block[1] - block[0])

            threads.run_each(join, threads.ranges(m, JOIN_BLOCK))

    def candidates(self, members: Int32s, queries: Int32s, spreads: npt.NDArray[np.float64]) -> Candidates:
        """The answers, in the order of `queries`."""
        own = members[self.order[self.rows]]
        linkage = linkages(self.packed, self.rows, self.scores[:, self.k - 1], spreads[own])
        reach = (linkage + rounding(self.packed, self.rows, linkage)) / self.packed.frame.scale**2
        ids = self.positions[:, : self.k]
        reach[ids[:, -1] < 0] = 0.0  # too few found: nothing is known to be complete
        if not np.array_equal(own, queries):
            back = np.empty(len(queries), np.int64)
            back[np.searchsorted(queries, own)] = np.arange(len(queries))
            ids, reach = ids[back], reach[back]
        found = ids >= 0
        ids = members[self.order][ids]
        ids[~found] = -1
        return Candidates(ids=ids, reach=reach, proven=np.zeros(len(queries), bool))


@dataclass(frozen=True, slots=True)
class Sample:
    """A few queries of a join and their exact neighbours."""

    answers: Int64s
    exact: Int32s

    @classmethod
    def of(cls, join: Join, size: int, random: np.random.Generator) -> Sample:
        """Cost: size m d multiply-adds."""
        answers = np.sort(random.choice(len(join.rows), min(size, len(join.rows)), replace=False))
        rows = join.rows[answers]
        scores = np.full((len(rows), join.k), WORST, np.float32)
        exact = np.full((len(rows), join.k), -1, np.int32)

        def search(block: tuple[int, int]) -> None:
            part = slice(*block)
            top_k(join.packed, join.packed.points[rows[part]], rows[part], scores[part], exact[part])

        with threads.single_threaded_blas():
            threads.run_each(search, threads.ranges(len(rows), 100))
        return cls(answers, exact)

    def recall(self, join: Join) -> float:
        """Share of the exact neighbours that the join has found."""
        found = join.positions[self.answers, : join.k]
        return float(np.mean([np.isin(a, b).mean() for a, b in zip(self.exact, found, strict=True)]))


def _tolerance(gaps: Floats, probes: int) -> float:
    """The gap that lets `probes` cells a row through on average; gaps (q, >= probes), ascending in each row."""
    seen = gaps[:: -(-len(gaps) // GAPS_SEEN)]
    last = min(seen.size, len(seen) * probes) - 1
    return float(np.partition(seen, last, axis=None)[last])
