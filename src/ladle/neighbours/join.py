"""One search of the cell join: comparing queries with cells, and testing neighbours of neighbours."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.geometry.frame import Frame, Means
from ladle.memory.fetch import fetch_rows, file_of
from ladle.memory.scratch import Scratch
from ladle.neighbours.coarse import Cells, Int64s, Partition, by_cell
from ladle.neighbours.contract import Candidates
from ladle.neighbours.kernels import (
    WORST,
    JoinLists,
    JoinPoints,
    encode,
    join_neighbours,
    keep_best,
    mark_fresh,
    reverse_lists,
)
from ladle.neighbours.products import Floats, Int32s, Packed, linkages, pack, rounding
from ladle.progress import Reporter

QUERY_BLOCK = 512
MEMBER_BLOCK = 2016  # of one cell: a few cells hold many times the average
# Queries that one thread compares: a sixteenth of all, but not too few and not too many. In a longer block more queries
# are compared with the same cell: products are larger, and the members of fewer cells are fetched again.
PROBE_BLOCKS = 16
LEAST_BLOCK = 16384
MOST_BLOCK = 65536
JOIN_BLOCK = 1024
TABLE_BITS = 12  # size of the neighbour join's hash table: up to 2,048 candidates a row
SPARE_PROBES = 16  # a row may be compared with so many cells more than the average row, up to twice the average
GAPS_SEEN = 1 << 20  # rows from which the tolerance is set


@dataclass(slots=True)
class Join:
    """A running search. Positions are those of `packed`, whose members are sorted by the cells of `main`."""

    packed: Packed
    order: Int64s  # (m,) position among the members given
    main: Partition
    k: int
    scratch: Scratch
    scores: Floats = field(init=False)  # (q, k), descending
    positions: Int32s = field(init=False)  # (q, k)
    rows: Int64s = field(init=False)  # (q,) the queries' positions
    _probed: bool = field(init=False)
    _codes: tuple[npt.NDArray[np.int8], Floats] | None = field(init=False, default=None)  # see kernels.encode
    _joined: Int32s | None = field(init=False, default=None)  # (m, k) the entries whose neighbours have been tested

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
        scratch: Scratch,
    ) -> Join:
        """A search among `members`, each in one `cell` (m,). Large arrays are made in `scratch`."""
        order, starts = by_cell(cell, len(cells))
        main = Partition(cells, np.arange(len(members), dtype=np.int32), starts)
        packed = pack(means, spreads, members[order], np.dtype(np.float32), frame, scratch)
        return cls(packed, order, main, k, scratch)

    def __post_init__(self) -> None:
        self.answer_all()

    def places(self, own: Int64s) -> Int64s:
        """The positions, ascending, of some of the members given, `own` (q,) among them."""
        place = np.empty(len(self.order), np.int64)
        place[self.order] = np.arange(len(self.order))
        return np.sort(place[own])

    def answer_only(self, rows: Int64s) -> None:
        """Begin to answer for the members at these positions, ascending."""
        self.rows = rows
        self.scores = np.full((len(rows), self.k), WORST, np.float32)
        self.positions = np.full((len(rows), self.k), -1, np.int32)
        self._probed = False
        self._joined = None

    def answer_all(self) -> None:
        """Begin to answer for all members."""
        self.answer_only(np.arange(len(self.order)))

    def state(self) -> dict[str, npt.NDArray[Any] | bool]:
        """The answers and the progress of a search of all members, for a checkpoint."""
        joined = np.empty((0, 0), np.int32) if self._joined is None else self._joined
        return {"scores": self.scores, "positions": self.positions, "probed": self._probed, "joined": joined}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a saved `state`."""
        self.scores, self.positions = state["scores"], state["positions"]
        self._probed = bool(state["probed"])
        self._joined = state["joined"] if state["joined"].size else None

    def probe(self, partition: Partition, probes: int, progress: Reporter, *, share: float = 1.0) -> None:
        """Compare queries with their nearest cells of `partition`, `probes` of them on average.

        share: of the queries, those whose k-th neighbour is farthest: they miss most of the missing neighbours.
        A query is compared with the cells whose centroid is nearly as near as the nearest one, with one tolerance for
        all queries: a query deep inside a cell needs few others.
        """
        answers, starts = self._by_cell(partition, self._farthest(share))
        rows = self.rows[answers]
        if partition.near is None:
            cells, gaps = partition.cells.nearest(self.packed.points, rows, starts, most_probes(probes))
        else:
            cells, gaps = partition.near[0][rows], partition.near[1][rows]
        np.subtract(gaps[:, :1], gaps, out=gaps)
        near = gaps <= _tolerance(gaps, probes)
        near &= cells >= 0
        del gaps
        repeats, self._probed = self._probed, True
        block_size = min(max(len(near) // PROBE_BLOCKS, LEAST_BLOCK), MOST_BLOCK)
        with progress.task("nearest neighbours: cells", int(near.sum())) as advance, threads.single_threaded_blas():

            def compare(block: tuple[int, int]) -> None:
                part = slice(*block)
                # The own cell goes first: its members spare most of the insertions that the other cells would make.
                for ranks in (slice(0, 1), slice(1, None)):
                    asking, rank = np.nonzero(near[part, ranks])
                    mine = answers[block[0] + asking]
                    self._compare(partition, mine, cells[part, ranks][asking, rank], repeats)
                    advance(len(asking))

            threads.run_each(compare, threads.ranges(len(near), block_size))

    def _farthest(self, share: float) -> Int64s:
        """This share of the answers: those whose k-th neighbour is farthest."""
        if share == 1.0:
            return np.arange(len(self.rows))
        linkage = self.packed.halves[self.rows] - self.scores[:, self.k - 1]
        return np.flatnonzero(linkage >= np.quantile(linkage, 1 - share))

    def _by_cell(self, partition: Partition, asking: Int64s) -> tuple[Int64s, Int64s]:
        """The answers `asking` (q,) in the order of their query's cell, and where each cell's begin."""
        answer = np.full(len(self.order), -1, np.int64)
        answer[self.rows[asking]] = asking
        answers = answer[partition.order]
        mask = answers >= 0
        before = np.concatenate([[0], np.cumsum(mask)])
        return answers[mask], before[partition.starts]

    def _compare(self, partition: Partition, answers: Int64s, cell: Int32s, repeats: bool) -> None:
        """Compare the queries `answers` (p,) with the members of one `cell` (p,) each, cell by cell.

        repeats: whether a query may meet a member that is in its answer already.
        """
        order = np.argsort(cell, kind="stable")
        bounds = np.flatnonzero(np.diff(cell[order], prepend=-1, append=-1)) if len(cell) else order
        points, halves = self.packed.points, self.packed.halves
        for begin, end in itertools.pairwise(bounds.tolist()):
            whole = partition.members(int(cell[order[begin]]))
            for first, last in threads.ranges(len(whole), MEMBER_BLOCK):
                members = whole[first:last]
                # A view where the members stand together, as in the main partition; elsewhere a copy that fits a cache.
                together = members[-1] - members[0] == len(members) - 1
                theirs = slice(members[0], members[-1] + 1) if together else members
                fetch_rows(points, theirs)
                base = points[theirs].T
                for start in range(begin, end, QUERY_BLOCK):
                    mine = answers[order[start : min(start + QUERY_BLOCK, end)]]
                    rows = self.rows[mine]
                    fetch_rows(points, rows)
                    products = points[rows] @ base
                    keep_best(products, halves[theirs], members, rows, self.scores, self.positions, mine, repeats)

    def join_neighbours(self, progress: Reporter) -> None:
        """Test the neighbours of neighbours once, where one of the two steps is new."""
        m, k = len(self.order), self.k
        known = self.positions.copy()
        fresh = np.ones(known.shape, np.bool_)
        if self._joined is not None:
            before = self._joined
            threads.run_each(lambda block: mark_fresh(known, before, fresh, *block), threads.ranges(m, JOIN_BLOCK))
        self._joined = known
        starts = np.zeros(m + 1, np.int64)
        reverse = np.empty(m * k, np.int32)
        reverse_fresh = np.empty(m * k, np.bool_)
        reverse_lists(known, fresh, starts, reverse, reverse_fresh)
        join_points = JoinPoints(self.packed.points, self.packed.halves, *self._encoded())
        lists = JoinLists(known, fresh, reverse, reverse_fresh, starts)
        with progress.task("nearest neighbours: join", m) as advance:

            def join(block: tuple[int, int]) -> None:
                self._fetch_joined(known, block)
                join_neighbours(join_points, lists, TABLE_BITS, self.scores, self.positions, *block)
                advance(block[1] - block[0])

            threads.run_each(join, threads.ranges(m, JOIN_BLOCK))

    def _fetch_joined(self, known: Int32s, block: tuple[int, int]) -> None:
        """Fetch most of the rows that `join_neighbours` reads for a block: those along the lists one way."""
        points = self.packed.points
        if file_of(points) is None:
            return
        codes, _ = self._encoded()
        rows = np.arange(*block)
        near = _on_lists(known, rows)
        for array, rows_of_array in ((points, (rows, near)), (codes, (rows, near, _on_lists(known, near)))):
            fetch_rows(array, np.concatenate(rows_of_array))

    def _encoded(self) -> tuple[npt.NDArray[np.int8], Floats]:
        if self._codes is None:
            points = self.packed.points
            codes, steps = self.scratch.empty(points.shape, np.int8), np.empty(len(points), np.float32)

            def encode_block(block: tuple[int, int]) -> None:
                fetch_rows(points, slice(*block))
                encode(points, codes, steps, *block)

            threads.run_each(encode_block, threads.ranges(len(points), JOIN_BLOCK))
            self._codes = codes, steps
        return self._codes

    def candidates(self, members: Int32s, queries: Int32s, spreads: npt.NDArray[np.float64]) -> Candidates:
        """The answers, in the order of `queries`."""
        own = members[self.order[self.rows]]
        linkage = linkages(self.packed, self.rows, self.scores[:, self.k - 1], spreads[own])
        reach = (linkage + rounding(self.packed, self.rows, linkage)) / self.packed.frame.scale**2
        ids = self.positions
        reach[ids[:, -1] < 0] = 0.0  # fewer than k: nothing is known to be complete
        if not np.array_equal(own, queries):
            back = np.empty(len(queries), np.int64)
            back[np.searchsorted(queries, own)] = np.arange(len(queries))
            ids, reach = ids[back], reach[back]
        there = ids >= 0
        ids = members[self.order][ids]
        ids[~there] = -1
        return Candidates(ids=ids, reach=reach, proven=np.zeros(len(queries), bool))


def _on_lists(known: Int32s, rows: npt.NDArray[np.integer[Any]]) -> Int32s:
    """The members on the lists `known` (m, k) of these rows, each once."""
    near = np.unique(known[rows])
    return near[near >= 0]


def most_probes(probes: int) -> int:
    """How many cells one query may be compared with, where an average query is compared with `probes`."""
    return min(2 * probes, probes + SPARE_PROBES)


def _tolerance(gaps: Floats, probes: int) -> float:
    """The gap that lets `probes` cells a row through on average; gaps (q, >= probes), ascending in each row."""
    seen = gaps[:: -(-len(gaps) // GAPS_SEEN)]
    last = min(seen.size, len(seen) * probes) - 1
    return float(np.partition(seen, last, axis=None)[last])
