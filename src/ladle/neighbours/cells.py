"""Approximate nearest clusters at scale: the cell join.

Members are put into coarse k-means cells of a few hundred. Each cell's members are compared, in one matrix product a
rank, with the queries whose nearest, second nearest ... cell it is; then neighbours of neighbours are tested. BLAS
reads memory in order where a graph search would walk it at random.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ladle import seeds, threads
from ladle.neighbours.brute import BruteSearch
from ladle.neighbours.coarse import by_cell, centroids_of, nearest_cells
from ladle.neighbours.contract import Candidates, Means
from ladle.neighbours.kernels import WORST, join_neighbours, keep_best, reverse_lists
from ladle.neighbours.packed import Floats, Frame, Int32s, Packed, frame_of, linkages, pack, rounding, top_k
from ladle.progress import Advance, Progress

QUERY_BLOCK = 512
JOIN_BLOCK = 1024
TABLE_BITS = 11  # of the neighbour join's table: up to 1,024 candidates a row
SAMPLE = 400  # rows whose exact neighbours are found, to measure recall
BRUTE_PRODUCTS = 3e8  # query-member pairs up to which the exact search is as quick
REBUILD_SHARE = 0.3  # of the members the cells were made for: with fewer left, make new cells


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard the search tries. The first search of all stops at `recall`, as measured on a sample."""

    recall: float = 0.98
    cell_rows: int = 500  # members a cell, on average
    probes: int = 4  # cells a point is compared with, to begin with
    later_probes: int = 8  # cells a cluster is compared with
    width: int = 10  # neighbours whose neighbours are tested
    most_probes: int = 32
    most_passes: int = 4  # neighbour joins between two rises of the probes


@dataclass(slots=True)
class CellSearch:
    """The cell join as a `NeighbourSearch`. Its cells are kept and follow the clusters from call to call.

    Reach is the k-th linkage found: a belief, not a proof. Few queries or few members go through the exact search,
    whose reach is a proof.
    Cost: about n (probes cell_rows + n / cell_rows) dim multiply-adds for points; 4 n dim bytes. Repeats: identical for
    any number of threads, given the same calls in the same order.
    """

    seed: int = 0
    effort: Effort = field(default_factory=Effort)
    recalls: list[float] = field(default_factory=list)  # measured, one for each stage of the first search
    _frame: Frame | None = None
    _centroids: Packed | None = None
    _cell_of: Int32s | None = None  # (n,) by cluster id; a merge keeps the larger cluster's
    _built_for: int = 0
    _builds: int = 0

    def nearest(
        self,
        means: Means,
        spreads: npt.NDArray[np.float64],
        *,
        members: Int32s,
        queries: Int32s,
        k: int,
        precise: bool,
        progress: Progress,
    ) -> Candidates:
        """See `NeighbourSearch.nearest`."""
        k = min(k, len(members) - 1)
        if precise or float(len(queries)) * len(members) <= BRUTE_PRODUCTS:
            return BruteSearch().nearest(
                means, spreads, members=members, queries=queries, k=k, precise=precise, progress=progress
            )
        if self._frame is None:
            self._frame = frame_of(means, members)
        everybody = len(queries) == len(members)
        cells = None
        if self._centroids is None or len(members) < REBUILD_SHARE * self._built_for:
            with progress.task("coarse cells"):
                packed = pack(means, spreads, members, np.dtype(np.float32), self._frame)
                cells = self._build(packed, members, len(means), self.effort.probes if everybody else 1)
                del packed  # packed again in the order of the cells: quicker than to reorder, and never two copies
        join = self._join(means, spreads, members, k)
        if everybody:
            self._search_all(join, None if cells is None else cells[join.order], progress)
        else:
            self._search_some(join, np.searchsorted(members, queries), progress)
        return join.candidates(members, queries, spreads)

    def _build(self, packed: Packed, members: Int32s, n: int, probes: int) -> Int32s:
        """New cells, and the nearest `probes` of them to each member."""
        count = max(1, len(members) // self.effort.cell_rows)
        self._centroids = centroids_of(packed, count, seeds.stream(self.seed, "cells", self._builds))
        if self._cell_of is None:
            self._cell_of = np.zeros(n, np.int32)
        cells = nearest_cells(self._centroids, packed.points, probes)
        self._cell_of[members] = cells[:, 0]
        self._built_for = len(members)
        self._builds += 1
        return cells

    def _join(self, means: Means, spreads: npt.NDArray[np.float64], members: Int32s, k: int) -> _Join:
        assert self._frame is not None
        assert self._centroids is not None
        assert self._cell_of is not None
        order, starts = by_cell(self._cell_of[members], len(self._centroids.points))
        packed = pack(means, spreads, members[order], np.dtype(np.float32), self._frame)
        return _Join(packed, order, starts, self._centroids, k)

    def _search_all(self, join: _Join, known: Int32s | None, progress: Progress) -> None:
        """Every member is a query: raise the effort until a sample's recall is good enough.

        known (m, probes): the members' nearest cells, if they have just been computed.
        """
        effort = self.effort
        rows = np.arange(len(join.order))
        sample = _Sample.of(join, seeds.stream(self.seed, "sample"))
        most = min(effort.most_probes, len(join.centroids.points))
        probes, done = min(effort.probes, most), 0
        while True:
            cells = known if known is not None else nearest_cells(join.centroids, join.packed.points, probes)
            known = None
            with progress.task("nearest neighbours: cells", len(rows) * (probes - done)) as advance:
                for rank in range(done, probes):
                    join.compare(rows, cells[:, rank], rows, advance)
            done = probes
            self.recalls.append(sample.recall(join))
            for _ in range(effort.most_passes):
                if self.recalls[-1] >= effort.recall:
                    return
                join.join_neighbours(effort.width, progress)
                before = self.recalls[-1]
                self.recalls.append(sample.recall(join))
                if self.recalls[-1] - before < 0.1 * (effort.recall - before):
                    break
            if self.recalls[-1] >= effort.recall or probes == most:
                return
            probes = min(2 * probes, most)

    def _search_some(self, join: _Join, own: npt.NDArray[np.int64], progress: Progress) -> None:
        place = np.empty(len(join.order), np.int64)
        place[join.order] = np.arange(len(join.order))
        rows = place[own]
        join.only(rows)
        cells = nearest_cells(join.centroids, join.packed.points[rows], self.effort.later_probes)
        with progress.task("neighbours of clusters", cells.size) as advance:
            for rank in range(cells.shape[1]):
                join.compare(rows, cells[:, rank], np.arange(len(rows)), advance)


@dataclass(slots=True)
class _Join:
    """One search in the making; positions are those of `packed`, whose members stand sorted by cell."""

    packed: Packed
    order: npt.NDArray[np.int64]  # (m,) position among the members given
    starts: npt.NDArray[np.int64]  # (cells + 1,) where each cell begins
    centroids: Packed
    k: int
    joined: bool = False  # a neighbour join has run: a later comparison may find what it found
    scores: Floats = field(init=False)  # (q, k)
    positions: Int32s = field(init=False)  # (q, k)
    rows: npt.NDArray[np.int64] = field(init=False)  # (q,) the queries' positions

    def __post_init__(self) -> None:
        self.only(np.arange(len(self.order)))

    def only(self, rows: npt.NDArray[np.int64]) -> None:
        """Answer for these positions."""
        self.rows = rows
        self.scores = np.full((len(rows), self.k), WORST, np.float32)
        self.positions = np.full((len(rows), self.k), -1, np.int32)

    def compare(
        self, rows: npt.NDArray[np.int64], cell: Int32s, answers: npt.NDArray[np.int64], advance: Advance
    ) -> None:
        """Compare the queries at positions `rows` (q,) with the members of one `cell` (q,) each.

        A query is in one group only, so its answer, row answers[q], has one writer.
        """
        order, starts = by_cell(cell, len(self.starts) - 1)
        points, halves = self.packed.points, self.packed.halves

        def compare(c: int) -> None:
            first, last = self.starts[c], self.starts[c + 1]
            if first == last or starts[c] == starts[c + 1]:
                return
            base = points[first:last].T
            for start in range(starts[c], starts[c + 1], QUERY_BLOCK):
                mine = order[start : min(start + QUERY_BLOCK, starts[c + 1])]
                products = points[rows[mine]] @ base
                keep_best(
                    products,
                    halves[first:last],
                    first,
                    rows[mine],
                    self.scores,
                    self.positions,
                    answers[mine],
                    self.joined,
                )
            advance(int(starts[c + 1] - starts[c]))

        with threads.single_threaded_blas():
            threads.run_each(compare, range(len(starts) - 1))

    def join_neighbours(self, width: int, progress: Progress) -> None:
        """One pass of testing neighbours of neighbours."""
        self.joined = True
        m = len(self.order)
        width = min(width, self.k)
        known = self.positions.copy()
        starts = np.zeros(m + 1, np.int64)
        reverse = np.empty(m * width, np.int32)
        reverse_lists(known, width, starts, reverse)
        with progress.task("nearest neighbours: join", m) as advance:

            def join(block: tuple[int, int]) -> None:
                join_neighbours(
                    self.packed.points,
                    self.packed.halves,
                    known,
                    reverse,
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
        linkage = linkages(self.packed, self.rows, self.scores[:, -1], spreads[members[self.order[self.rows]]])
        reach = (linkage + rounding(self.packed, self.rows, linkage)) / self.packed.frame.scale**2
        reach[self.positions[:, -1] < 0] = 0.0  # too few found: nothing is known to be complete
        ids = np.where(self.positions >= 0, members[self.order[self.positions]], np.int32(-1))
        back = np.empty(len(queries), np.int64)
        back[np.searchsorted(queries, members[self.order[self.rows]])] = np.arange(len(queries))
        return Candidates(ids=ids[back], reach=reach[back], proven=np.zeros(len(queries), bool))


@dataclass(frozen=True, slots=True)
class _Sample:
    """A few rows and their exact neighbours."""

    rows: npt.NDArray[np.int64]
    exact: Int32s

    @classmethod
    def of(cls, join: _Join, random: np.random.Generator) -> _Sample:
        rows = np.sort(random.choice(len(join.order), min(SAMPLE, len(join.order)), replace=False))
        scores = np.full((len(rows), join.k), WORST, np.float32)
        exact = np.full((len(rows), join.k), -1, np.int32)

        def search(block: tuple[int, int]) -> None:
            part = slice(*block)
            top_k(join.packed, join.packed.points[rows[part]], rows[part], scores[part], exact[part])

        with threads.single_threaded_blas():
            threads.run_each(search, threads.ranges(len(rows), 100))
        return cls(rows, exact)

    def recall(self, join: _Join) -> float:
        """Share of the exact neighbours that the join has found."""
        found = join.positions[self.rows]
        return float(np.mean([np.isin(a, b).mean() for a, b in zip(self.exact, found, strict=True)]))
