"""Approximate nearest clusters at scale: the cell join.

Members are put into coarse cells of a few hundred, in several partitions of space. Queries that lie together are
compared with the cells near them in one matrix product for each cell; then neighbours of neighbours are tested. BLAS
reads memory in order where a graph search would walk it at random.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import seeds, threads
from ladle.geometry.frame import Frame, Means, frame_of
from ladle.memory.scratch import IN_MEMORY, Scratch
from ladle.neighbours.brute import BruteSearch
from ladle.neighbours.coarse import BLOCK, SAMPLE_PER_CELL, Cells, Int64s, Partition, by_cell
from ladle.neighbours.contract import Candidates, NeighbourHints
from ladle.neighbours.effort import PICKING_DIMS, Effort
from ladle.neighbours.join import Join, most_probes
from ladle.neighbours.list_walk import Links
from ladle.neighbours.products import Int32s, pack
from ladle.neighbours.sample import RecallSample
from ladle.progress import SILENT, Reporter

# An exact search is taken up to `Effort.brute_cost` multiply-adds, times one of these:
HARD = 12.0  # where neighbours are hard to find
REBUILD = 8.0  # where new cells would have to be made
WALKED = 0.25  # where the search can walk along the clustering's own lists
REBUILD_SHARE = 0.3  # of the members that the cells were made for: with fewer left, new cells are made
SAMPLE = 400  # rows whose exact neighbours are found, to measure recall
LATER_SAMPLE = 200  # the same among clusters, once for each set of cells
ASSIGN_BYTES = 256 << 20  # of members put into cells at a time


@dataclass(frozen=True, slots=True)
class ClusterCells:
    """The cells of a partition, and the cell of each cluster; the clusters may merge on."""

    cells: Cells
    cell: Int32s  # (n,) by cluster id; a merge keeps the larger cluster's


@dataclass(slots=True)
class CellSearch:
    """The cell join as a `NeighbourSearch`. Its cells are kept from call to call and follow the clusters.

    The reach is the k-th linkage found: a belief, not a proof. Few queries or few members go through the exact search,
    whose reach is a proof.

    Parameters
    ----------
    seed
        Of the cells and samples.
    effort
        How hard the search tries.
    frame
        The frame of the means, if they are in one already.
    scratch
        Where copies of means are made.

    Attributes
    ----------
    recalls : list of float
        Measured on a sample of points, one for each stage of the first search.
    later_recalls : list of float
        Measured on a sample of clusters, one for each trial of a later search.

    Notes
    -----
    Cost: for each partition about n (probes cell_rows + n / cell_rows) dim multiply-adds for points, n sqrt(n probes)
    dim for very many; 5 n dim bytes.

    Repeatability: the same for any number of threads, given the same calls in the same order.
    """

    seed: int = 0
    effort: Effort = field(default_factory=Effort)
    frame: Frame | None = None
    scratch: Scratch = IN_MEMORY
    recalls: list[float] = field(default_factory=list)
    later_recalls: list[float] = field(default_factory=list)
    _running: tuple[int, Join] | None = None  # the next turn of the first search, while it runs
    _restored: dict[str, Any] | None = None
    _partitions: list[ClusterCells] = field(default_factory=list)  # the first by k-means, others around random members
    _built_for: int = 0
    _builds: int = 0
    _hard: bool = False
    _by_force: bool = False  # every search is exact
    _later: int = -1  # which of effort.rungs later searches take; -1 until it is chosen for these cells

    def nearest(
        self,
        means: Means,
        spreads: npt.NDArray[np.float64],
        *,
        members: Int32s,
        queries: Int32s,
        k: int,
        precise: bool,
        progress: Reporter,
        hints: NeighbourHints | None = None,
        remainders: Means | None = None,
        pause: Callable[[], None] | None = None,
    ) -> Candidates:
        """See `NeighbourSearch.nearest`."""
        k = min(k, len(members) - 1)
        cost = float(len(queries)) * len(members) * means.shape[1]
        stale = len(members) < REBUILD_SHARE * self._built_for
        allowance = max(HARD if self._hard else 1.0, REBUILD if stale else 1.0)
        if len(queries) < len(members) and hints is not None and not self._hard:
            allowance *= WALKED  # not where neighbours are hard to find: there exactness is worth more than time

        def by_force() -> Candidates:
            return BruteSearch(self.frame).nearest(
                means,
                spreads,
                members=members,
                queries=queries,
                k=k,
                precise=precise,
                progress=progress,
                remainders=remainders,
            )

        if precise or self._by_force or cost <= self.effort.brute_cost * allowance:
            return by_force()
        if self.frame is None:
            self.frame = frame_of(means, members)
        if not self._partitions or stale:
            with progress.task("coarse cells"):
                self._build(means, spreads, members)
        main = self._partitions[0]
        join = Join.of(means, spreads, members, main.cells, main.cell[members], self.frame, k, self.scratch)
        if len(queries) == len(members):
            if not self._search_all(join, members, progress, pause):
                del join
                self.recalls.append(1.0)
                self._by_force = True  # means of clusters are still harder than their points
                return by_force()
        else:
            self._search_some(join, members, np.searchsorted(members, queries), hints, progress)
        return join.candidates(members, queries, spreads)

    def arrange(self, means: Means, progress: Reporter = SILENT) -> Int64s:
        """Make the cells of points before the first search, so that the points can be put in their order.

        The caller must do so. Every later step then walks memory in order.

        Parameters
        ----------
        means : (n, d) float32 or float64
            The points, in the frame of this search if it was given one.
        progress
            Shows the stage; see `ladle.progress`.

        Returns
        -------
        (n,) int64
            The positions of the points in the order of their cells.

        Notes
        -----
        Cost: n cells d multiply-adds, and k-means on 20 points a cell.
        """
        all_members = np.arange(len(means), dtype=np.int32)
        if self.frame is None:
            self.frame = frame_of(means, all_members)
        with progress.task("coarse cells"):
            self._build(means, np.zeros(len(means)), all_members)
        main = self._partitions[0]
        order, _ = by_cell(main.cell, len(main.cells))
        self._partitions[0] = ClusterCells(main.cells, main.cell[order])
        return order

    def _build(self, means: Means, spreads: npt.NDArray[np.float64], members: Int32s) -> None:
        """Make new cells, and find the cell of each member."""
        assert self.frame is not None
        random = seeds.stream(self.seed, "cells", self._builds)
        rows = max(self.effort.cell_rows, int(np.sqrt(len(members) / self.effort.probes)))
        count = max(1, len(members) // rows)
        drawn = members[np.sort(random.choice(len(members), min(len(members), count * SAMPLE_PER_CELL), replace=False))]
        float32 = np.dtype(np.float32)
        cells = Cells.make(pack(means, spreads, drawn, float32, self.frame).points, count, random, self.frame)
        cell = np.zeros(len(means), np.int32)
        at_a_time = max(1, ASSIGN_BYTES // (4 * means.shape[1] * BLOCK)) * BLOCK
        for start, stop in threads.ranges(len(members), at_a_time):
            part = members[start:stop]
            cell[part] = cells.own(pack(means, spreads, part, float32, self.frame).points)
        self._partitions = [ClusterCells(cells, cell)]
        self._built_for = len(members)
        self._builds += 1
        self._later = -1

    def _partition(self, number: int, join: Join, members: Int32s, near: int = 1) -> Partition:
        """The partition of this number. The next number makes a new one, with every member's `near` nearest cells.

        Cost: m cells d multiply-adds for a new one.
        """
        if number == 0:
            return join.main
        own = members[join.order]
        if number == len(self._partitions):
            points, random = join.packed.points, seeds.stream(self.seed, "pivots", self._builds, number)
            pivots = np.sort(random.choice(len(points), len(self._partitions[0].cells), replace=False))
            cells = Cells.of(points[pivots], join.packed.frame)
            cell = np.zeros_like(self._partitions[0].cell)
            nearest = cells.nearest_of_all(points, near)
            cell[own] = nearest[0][:, 0]
            self._partitions.append(ClusterCells(cells, cell))
            return Partition.of(cells, cell[own], nearest if near > 1 else None)
        made = self._partitions[number]
        return Partition.of(made.cells, made.cell[own])

    def _search_all(self, join: Join, members: Int32s, progress: Reporter, pause: Callable[[], None] | None) -> bool:
        """Search for every member: add partitions until a sample's recall is good enough.

        Returns False where an exact search takes hardly longer: neighbours are hard to find, and members not too many.
        """
        effort = self.effort
        sample = RecallSample.of(join, SAMPLE, seeds.stream(self.seed, "sample"))
        turn, probes = 0, effort.probes
        if self._restored is not None:
            turn = int(self._restored.pop("turn"))
            join.restore(self._restored)
            self._restored = None
        else:
            recall = sample.first_recall(join, probes)
            exact_cost = float(len(members)) ** 2 * (join.packed.points.shape[1] + PICKING_DIMS)
            if recall < effort.easy and exact_cost <= effort.hard_cost:
                self._hard = True
                self.recalls.append(recall)
                return False
            while recall < effort.easy and 2 * probes < 3 * effort.probes:
                probes += 1
                recall = sample.first_recall(join, probes)
            self._hard = recall < effort.hard
            join.answer_all()
        cells = len(self._partitions[0].cells)
        while turn < effort.most_partitions:
            share = 1.0
            if turn:
                share, probes = effort.further(self.recalls[-1], len(members), cells)
            partition = self._partition(turn, join, members, most_probes(probes))
            join.probe(partition, probes, progress, share=share)
            self.recalls.append(sample.recall(join))
            if self.recalls[-1] >= effort.ready_recall(len(members), cells):
                self._walk(join, sample, progress)
            if self.recalls[-1] >= self._wanted:
                break
            turn += 1
            self._running = (turn, join)
            if pause is not None:
                pause()
        self._running = None
        return True

    @property
    def _wanted(self) -> float:
        """The recall that the search aims at."""
        return max(self.effort.recall, self.effort.hard_recall) if self._hard else self.effort.recall

    def _walk(self, join: Join, sample: RecallSample, progress: Reporter) -> None:
        """Test neighbours of neighbours as long as that adds enough recall."""
        gain = 1.0
        while (missing := self._wanted - self.recalls[-1]) > 0 and gain > self.effort.worth * missing:
            before = self.recalls[-1]
            join.join_neighbours(progress)
            self.recalls.append(sample.recall(join))
            gain = self.recalls[-1] - before

    def _search_some(
        self, join: Join, members: Int32s, own: Int64s, hints: NeighbourHints | None, progress: Reporter
    ) -> None:
        """Search for some members. How many cells they are compared with is chosen once for each set of cells."""
        rungs = self.effort.rungs(self._built_for, len(self._partitions[0].cells))
        own = join.places(own)
        links = None if hints is None else Links.of(join, members, hints)

        def search(rows: Int64s, rung: int, reporter: Reporter) -> None:
            join.answer_only(rows)
            partitions, probes = rungs[rung]
            for number in range(partitions):
                join.probe(self._partition(number, join, members), probes, reporter)
            if links is not None:
                links.walk(join)

        if self._later < 0:
            random = seeds.stream(self.seed, "later sample", self._builds)
            join.answer_only(own)
            sample = RecallSample.of(join, LATER_SAMPLE, random)
            for rung in range(len(rungs)):
                self._later = rung
                search(sample.rows, rung, SILENT)
                self.later_recalls.append(sample.recall(join))
                if self.later_recalls[-1] >= self._wanted:
                    break
        search(own, self._later, progress)

    def state(self) -> dict[str, npt.NDArray[Any] | int | float | str | bool | None]:
        """Everything that later answers depend on, for a checkpoint."""
        state: dict[str, npt.NDArray[Any] | int | float | str | bool | None] = {
            "recalls": np.array(self.recalls),
            "later_recalls": np.array(self.later_recalls),
            "built_for": self._built_for,
            "builds": self._builds,
            "hard": self._hard,
            "by_force": self._by_force,
            "later": self._later,
            "partitions": len(self._partitions),
        }
        if self.frame is not None:
            state |= {"centre": self.frame.centre, "scale": self.frame.scale}
        for number, partition in enumerate(self._partitions):
            state |= {f"centroids.{number}": partition.cells.centroids.points, f"cell.{number}": partition.cell}
        if self._running is not None:
            turn, join = self._running
            state |= {f"join.{name}": part for name, part in {"turn": turn, **join.state()}.items()}
        return state

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a saved `state`."""
        self.recalls = state["recalls"].tolist()
        self.later_recalls = state["later_recalls"].tolist()
        self._built_for, self._builds = int(state["built_for"]), int(state["builds"])
        self._hard, self._by_force = bool(state["hard"]), bool(state["by_force"])
        self._later = int(state["later"])
        if "centre" in state:
            self.frame = Frame(state["centre"], float(state["scale"]))
            self._partitions = [
                ClusterCells(Cells.of(state[f"centroids.{number}"], self.frame), state[f"cell.{number}"].copy())
                for number in range(int(state["partitions"]))
            ]
        parts = {name.removeprefix("join."): part for name, part in state.items() if name.startswith("join.")}
        self._restored = parts or None
