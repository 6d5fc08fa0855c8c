"""Approximate nearest clusters at scale: the cell join.

Members are put into coarse cells of a few hundred, in several partitions of space. Queries that lie together ask the
cells near them in one matrix product a cell; then neighbours of neighbours are tested. BLAS reads memory in order where
a graph search would walk it at random.
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
from ladle.neighbours.sample import Sample
from ladle.progress import SILENT, Reporter

# An exact search may cost so many multiply-adds as `Effort.brute_cost` says;
HARD = 12.0  # times as much where neighbours are hard to find
REBUILD = 8.0  # times as much where new cells would have to be made
WALKED = 0.25  # times as much where the clustering's own lists are walked along
REBUILD_SHARE = 0.3  # of the members the cells were made for: with fewer left, make new cells
SAMPLE = 400  # rows whose exact neighbours are found, to measure recall
LATER_SAMPLE = 200  # the same among clusters, once for each making of cells
ASSIGN_BYTES = 256 << 20  # of members put into cells at a time


@dataclass(frozen=True, slots=True)
class Placed:
    """A partition that follows the clusters."""

    cells: Cells
    cell: Int32s  # (n,) by cluster id; a merge keeps the larger cluster's


@dataclass(slots=True)
class CellSearch:
    """The cell join as a `NeighbourSearch`. Its cells are kept and follow the clusters from call to call.

    Reach is the k-th linkage found: a belief, not a proof. Few queries or few members go through the exact search,
    whose reach is a proof.
    Cost: for each partition about n (probes cell_rows + n / cell_rows) dim multiply-adds for points, n sqrt(n probes)
    dim for very many; 5 n dim bytes. Repeats: identical for any number of threads, given the same calls in the same
    order.
    """

    seed: int = 0
    effort: Effort = field(default_factory=Effort)
    frame: Frame | None = None  # of the means, if they have been put into one already
    scratch: Scratch = IN_MEMORY  # where copies of means are made
    recalls: list[float] = field(default_factory=list)  # measured, one for each stage of the first search
    later_recalls: list[float] = field(default_factory=list)  # measured among clusters, one for each trial
    _under_way: tuple[int, Join] | None = None  # the next turn of the first search, while it runs
    _restored: dict[str, Any] | None = None
    _placed: list[Placed] = field(default_factory=list)  # the first by k-means, the others around random members
    _built_for: int = 0
    _builds: int = 0
    _hard: bool = False
    _by_force: bool = False  # every search is exact
    _later: int = -1  # of effort.rungs; -1 until chosen for the cells there are

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
        dearer = max(HARD if self._hard else 1.0, REBUILD if stale else 1.0)
        if len(queries) < len(members) and hints is not None and not self._hard:
            dearer *= WALKED  # where neighbours are hard to find, time is not saved at the cost of exactness

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

        if precise or self._by_force or cost <= self.effort.brute_cost * dearer:
            return by_force()
        if self.frame is None:
            self.frame = frame_of(means, members)
        if not self._placed or stale:
            with progress.task("coarse cells"):
                self._build(means, spreads, members)
        main = self._placed[0]
        join = Join.of(means, spreads, members, main.cells, main.cell[members], self.frame, k, self.scratch)
        if len(queries) == len(members):
            if not self._search_all(join, members, progress, pause):
                del join
                self.recalls.append(1.0)
                self._by_force = True  # means of clusters are harder still than their points
                return by_force()
        else:
            self._search_some(join, members, np.searchsorted(members, queries), hints, progress)
        return join.candidates(members, queries, spreads)

    def arrange(self, means: Means, progress: Reporter = SILENT) -> Int64s:
        """Make the cells of points, and say in what order they stand by cell: (n,) positions.

        Points put in that order before the first search make every later step walk memory in order: whoever calls
        this must do so.
        """
        everybody = np.arange(len(means), dtype=np.int32)
        if self.frame is None:
            self.frame = frame_of(means, everybody)
        with progress.task("coarse cells"):
            self._build(means, np.zeros(len(means)), everybody)
        main = self._placed[0]
        order, _ = by_cell(main.cell, len(main.cells))
        self._placed[0] = Placed(main.cells, main.cell[order])
        return order

    def _build(self, means: Means, spreads: npt.NDArray[np.float64], members: Int32s) -> None:
        """New cells, and the cell of each member."""
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
        self._placed = [Placed(cells, cell)]
        self._built_for = len(members)
        self._builds += 1
        self._later = -1

    def _partition(self, number: int, join: Join, members: Int32s, near: int = 1) -> Partition:
        """The partition of this number; made if it is the next one, with every member's `near` nearest cells then.

        Cost: m cells d multiply-adds for a new one.
        """
        if number == 0:
            return join.main
        own = members[join.order]
        if number == len(self._placed):
            points, random = join.packed.points, seeds.stream(self.seed, "pivots", self._builds, number)
            pivots = np.sort(random.choice(len(points), len(self._placed[0].cells), replace=False))
            cells = Cells.of(points[pivots], join.packed.frame)
            cell = np.zeros_like(self._placed[0].cell)
            nearest = cells.nearest_of_all(points, near)
            cell[own] = nearest[0][:, 0]
            self._placed.append(Placed(cells, cell))
            return Partition.of(cells, cell[own], nearest if near > 1 else None)
        placed = self._placed[number]
        return Partition.of(placed.cells, placed.cell[own])

    def _search_all(self, join: Join, members: Int32s, progress: Reporter, pause: Callable[[], None] | None) -> bool:
        """Every member is a query: turn to more partitions until a sample's recall is good enough.

        Returns whether it is worth it: where it is hard, an exact search of not too many takes hardly longer.
        """
        effort = self.effort
        sample = Sample.of(join, SAMPLE, seeds.stream(self.seed, "sample"))
        turn, probes = 0, effort.probes
        if self._restored is not None:
            turn = int(self._restored.pop("turn"))
            join.restore(self._restored)
            self._restored = None
        else:
            found = sample.first_found(join, probes)
            exact_cost = float(len(members)) ** 2 * (join.packed.points.shape[1] + PICKING_DIMS)
            if found < effort.easy and exact_cost <= effort.hard_cost:
                self._hard = True
                self.recalls.append(found)
                return False
            while found < effort.easy and 2 * probes < 3 * effort.probes:
                probes += 1
                found = sample.first_found(join, probes)
            self._hard = found < effort.hard
            join.everybody()
        cells = len(self._placed[0].cells)
        while turn < effort.most_partitions:
            share = 1.0
            if turn:
                share, probes = effort.further(self.recalls[-1], len(members), cells)
            partition = self._partition(turn, join, members, most_probes(probes))
            join.probe(partition, probes, progress, share=share)
            self.recalls.append(sample.recall(join))
            if self.recalls[-1] >= effort.enough(len(members), cells):
                self._walk(join, sample, progress)
            if self.recalls[-1] >= self._wanted:
                break
            turn += 1
            self._under_way = (turn, join)
            if pause is not None:
                pause()
        self._under_way = None
        return True

    @property
    def _wanted(self) -> float:
        """The recall to reach."""
        return max(self.effort.recall, self.effort.hard_recall) if self._hard else self.effort.recall

    def _walk(self, join: Join, sample: Sample, progress: Reporter) -> None:
        """Test neighbours of neighbours, as long as that pays."""
        gain = 1.0
        while (missing := self._wanted - self.recalls[-1]) > 0 and gain > self.effort.worth * missing:
            before = self.recalls[-1]
            join.join_neighbours(progress)
            self.recalls.append(sample.recall(join))
            gain = self.recalls[-1] - before

    def _search_some(
        self, join: Join, members: Int32s, own: Int64s, hints: NeighbourHints | None, progress: Reporter
    ) -> None:
        """Some members are queries. How many cells they are compared with is chosen anew for each making of cells."""
        rungs = self.effort.rungs(self._built_for, len(self._placed[0].cells))
        own = join.places(own)
        links = None if hints is None else Links.of(join, members, hints)

        def search(rows: Int64s, rung: int, shown: Reporter) -> None:
            join.only(rows)
            partitions, probes = rungs[rung]
            for number in range(partitions):
                join.probe(self._partition(number, join, members), probes, shown)
            if links is not None:
                links.walk(join)

        if self._later < 0:
            random = seeds.stream(self.seed, "later sample", self._builds)
            join.only(own)
            sample = Sample.of(join, LATER_SAMPLE, random)
            for rung in range(len(rungs)):
                self._later = rung
                search(sample.rows, rung, SILENT)
                self.later_recalls.append(sample.recall(join))
                if self.later_recalls[-1] >= self._wanted:
                    break
        search(own, self._later, progress)

    def state(self) -> dict[str, npt.NDArray[Any] | int | float | str | bool | None]:
        """All that later answers depend on: see ladle.hac.checkpoint."""
        kept: dict[str, npt.NDArray[Any] | int | float | str | bool | None] = {
            "recalls": np.array(self.recalls),
            "later_recalls": np.array(self.later_recalls),
            "built_for": self._built_for,
            "builds": self._builds,
            "hard": self._hard,
            "by_force": self._by_force,
            "later": self._later,
            "partitions": len(self._placed),
        }
        if self.frame is not None:
            kept |= {"centre": self.frame.centre, "scale": self.frame.scale}
        for number, placed in enumerate(self._placed):
            kept |= {f"centroids.{number}": placed.cells.centroids.points, f"cell.{number}": placed.cell}
        if self._under_way is not None:
            turn, join = self._under_way
            kept |= {f"join.{name}": part for name, part in {"turn": turn, **join.state()}.items()}
        return kept

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become what `state` was taken of."""
        self.recalls = state["recalls"].tolist()
        self.later_recalls = state["later_recalls"].tolist()
        self._built_for, self._builds = int(state["built_for"]), int(state["builds"])
        self._hard, self._by_force = bool(state["hard"]), bool(state["by_force"])
        self._later = int(state["later"])
        if "centre" in state:
            self.frame = Frame(state["centre"], float(state["scale"]))
            self._placed = [
                Placed(Cells.of(state[f"centroids.{number}"], self.frame), state[f"cell.{number}"].copy())
                for number in range(int(state["partitions"]))
            ]
        parts = {name.removeprefix("join."): part for name, part in state.items() if name.startswith("join.")}
        self._restored = parts or None
