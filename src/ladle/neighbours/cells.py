"""Approximate nearest clusters at scale: the cell join.

Members are put into coarse k-means cells of a few hundred. Queries that lie together ask the cells near them in one
matrix product a cell; then neighbours of neighbours are tested. BLAS reads memory in order where a graph search would
walk it at random.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import seeds, threads
from ladle.neighbours.brute import BruteSearch
from ladle.neighbours.coarse import SAMPLE_PER_CELL, Cells, Int64s, by_cell
from ladle.neighbours.contract import Candidates, Means
from ladle.neighbours.join import Join, Sample
from ladle.neighbours.packed import Frame, Int32s, frame_of, pack
from ladle.progress import SILENT, Progress

BRUTE_ROWS = 150_000
BRUTE_PRODUCTS = 3e7
REBUILD_SHARE = 0.3  # of the members the cells were made for: with fewer left, make new cells
SAMPLE = 400  # rows whose exact neighbours are found, to measure recall
LATER_SAMPLE = 200  # the same among clusters, once for each making of cells
ASSIGN_ROWS = 1 << 18  # members put into cells at a time
WORTH = 0.35  # a pass is followed by another if it closed this share of what is missing


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard the search tries: it climbs `steps` until it finds `recall` of a sample's neighbours."""

    recall: float = 0.96
    # Members a cell, on average, or more: where sqrt(n / 4) is more, a member meets as many centroids as members
    # in the first step.
    cell_rows: int = 250
    # (cells a member is compared with on average, neighbours whose neighbours are tested), first with lists of the
    # length asked for, while they find `easy` or more.
    short: tuple[tuple[int, int], ...] = ((4, 12), (8, 12), (16, 12))
    easy: float = 0.9
    # Where it is hard, with lists of twice that length. Measured on hard text: up to 16 cells more cells pay, from
    # there on longer lists do.
    steps: tuple[tuple[int, int], ...] = ((8, 16), (16, 16), (16, 24), (32, 24), (64, 24))
    later_steps: tuple[int, ...] = (8, 16, 32)  # cells a cluster is compared with
    # The exact search is as quick up to so many members whose neighbours are hard to find, and in any case up to so
    # many query-member pairs.
    brute_rows: int = field(default_factory=lambda: BRUTE_ROWS)
    brute_products: float = field(default_factory=lambda: BRUTE_PRODUCTS)


@dataclass(slots=True)
class CellSearch:
    """The cell join as a `NeighbourSearch`. Its cells are kept and follow the clusters from call to call.

    Reach is the k-th linkage found: a belief, not a proof. Few queries or few members go through the exact search,
    whose reach is a proof.
    Cost: about n (probes cell_rows + n / cell_rows) dim multiply-adds for points, n sqrt(n probes) dim for very many;
    4 n dim bytes. Repeats: identical for any number of threads, given the same calls in the same order.
    """

    seed: int = 0
    effort: Effort = field(default_factory=Effort)
    frame: Frame | None = None  # of the means, if they have been put into one already
    recalls: list[float] = field(default_factory=list)  # measured, one for each stage of the first search
    later_recalls: list[float] = field(default_factory=list)  # measured among clusters, one for each trial
    pause: Callable[[], None] = field(default=lambda: None)  # called between two steps of the first search
    _under_way: tuple[int, Join] | None = None  # the next step of the first search, while it runs
    _restored: dict[str, Any] | None = None
    _by_force: bool = False  # every later search is exact, too
    _cells: Cells | None = None
    _cell_of: Int32s | None = None  # (n,) by cluster id; a merge keeps the larger cluster's
    _built_for: int = 0
    _builds: int = 0
    _later_probes: int = 0  # 0 until chosen for the cells there are

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
        if precise or self._by_force or float(len(queries)) * len(members) <= self.effort.brute_products:
            return BruteSearch().nearest(
                means, spreads, members=members, queries=queries, k=k, precise=precise, progress=progress
            )
        if self.frame is None:
            self.frame = frame_of(means, members)
        if self._cells is None or len(members) < REBUILD_SHARE * self._built_for:
            with progress.task("coarse cells"):
                self._build(means, spreads, members)
        assert self._cells is not None
        assert self._cell_of is not None
        join = Join.of(means, spreads, members, self._cells, self._cell_of[members], self.frame, k)
        if len(queries) == len(members):
            if not self._search_all(join, progress):
                del join
                self.recalls.append(1.0)
                self._by_force = True  # means of clusters are harder still than their points
                return BruteSearch().nearest(
                    means, spreads, members=members, queries=queries, k=k, precise=False, progress=progress
                )
        else:
            self._search_some(join, np.searchsorted(members, queries), progress)
        return join.candidates(members, queries, spreads)

    def arrange(self, means: Means, progress: Progress = SILENT) -> Int64s:
        """Make the cells of points, and say in what order they stand by cell: (n,) positions.

        Points put in that order before the first search make every later step walk memory in order: whoever calls
        this must do so.
        """
        everybody = np.arange(len(means), dtype=np.int32)
        if self.frame is None:
            self.frame = frame_of(means, everybody)
        with progress.task("coarse cells"):
            self._build(means, np.zeros(len(means)), everybody)
        assert self._cells is not None
        assert self._cell_of is not None
        order, _ = by_cell(self._cell_of, len(self._cells))
        self._cell_of = self._cell_of[order]
        return order

    def _build(self, means: Means, spreads: npt.NDArray[np.float64], members: Int32s) -> None:
        """New cells, and the cell of each member."""
        assert self.frame is not None
        random = seeds.stream(self.seed, "cells", self._builds)
        rows = max(self.effort.cell_rows, int(np.sqrt(len(members) / self.effort.short[0][0])))
        count = max(1, len(members) // rows)
        drawn = members[np.sort(random.choice(len(members), min(len(members), count * SAMPLE_PER_CELL), replace=False))]
        float32 = np.dtype(np.float32)
        cells = Cells.make(pack(means, spreads, drawn, float32, self.frame).points, count, random, self.frame)
        if self._cell_of is None:
            self._cell_of = np.zeros(len(means), np.int32)
        for start, stop in threads.ranges(len(members), ASSIGN_ROWS):
            part = members[start:stop]
            self._cell_of[part] = cells.own(pack(means, spreads, part, float32, self.frame).points)
        self._cells = cells
        self._built_for = len(members)
        self._builds += 1
        self._later_probes = 0

    def _search_all(self, join: Join, progress: Progress) -> bool:
        """Every member is a query: raise the effort until a sample's recall is good enough.

        Returns whether it is worth it: where it is hard, an exact search of not too many takes no longer.
        """
        effort = self.effort
        sample = Sample.of(join, SAMPLE, seeds.stream(self.seed, "sample"))
        steps, short = (*effort.short, *effort.steps), len(effort.short)
        step = 0
        if self._restored is not None:
            step = int(self._restored.pop("step"))
            join.restore(self._restored)
            self._restored = None
        while step < len(steps):
            if step == short:
                if len(join.order) <= effort.brute_rows:
                    self._under_way = None
                    return False
                join.restart(2 * join.k)
            self._climb(join, sample, *steps[step], progress)
            if self.recalls[-1] >= effort.recall:
                break
            step = short if step < short and self.recalls[-1] < effort.easy else step + 1
            self._under_way = (step, join)
            self.pause()
        self._under_way = None
        return True

    def _climb(self, join: Join, sample: Sample, probes: int, width: int, progress: Progress) -> None:
        """One step of effort: cells, then neighbours of neighbours as long as that pays."""
        wanted = self.effort.recall
        join.probe(probes, progress)
        self.recalls.append(sample.recall(join))
        gain = 1.0
        while self.recalls[-1] < wanted and gain > WORTH * (wanted - self.recalls[-1]):
            before = self.recalls[-1]
            join.join_neighbours(width, progress)
            self.recalls.append(sample.recall(join))
            gain = self.recalls[-1] - before
            if self.recalls[-1] < self.effort.easy and join.width == join.k:
                return  # short lists would not find the rest

    def _search_some(self, join: Join, own: Int64s, progress: Progress) -> None:
        """Some members are queries. How many cells they are compared with is chosen anew for each making of cells."""
        effort = self.effort
        if self._later_probes == 0:
            random = seeds.stream(self.seed, "later sample", self._builds)
            join.only(own[np.sort(random.choice(len(own), min(LATER_SAMPLE, len(own)), replace=False))])
            sample = Sample.of(join, LATER_SAMPLE, random)
            for probes in effort.later_steps:
                self._later_probes = probes
                join.probe(probes, SILENT)
                self.later_recalls.append(sample.recall(join))
                if self.later_recalls[-1] >= effort.recall:
                    break
        join.only(own)
        join.probe(self._later_probes, progress)

    def state(self) -> dict[str, npt.NDArray[Any] | int | float | str | bool | None]:
        """All that later answers depend on: see ladle.hac.checkpoint."""
        kept: dict[str, npt.NDArray[Any] | int | float | str | bool | None] = {
            "recalls": np.array(self.recalls),
            "later_recalls": np.array(self.later_recalls),
            "built_for": self._built_for,
            "builds": self._builds,
            "later_probes": self._later_probes,
            "by_force": self._by_force,
        }
        if self.frame is not None:
            kept |= {"centre": self.frame.centre, "scale": self.frame.scale}
        if self._cells is not None and self._cell_of is not None:
            kept |= {"centroids": self._cells.centroids.points, "cell_of": self._cell_of}
        if self._under_way is not None:
            step, join = self._under_way
            kept |= {f"join.{name}": part for name, part in {"step": step, **join.state()}.items()}
        return kept

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become what `state` was taken of."""
        self.recalls = state["recalls"].tolist()
        self.later_recalls = state["later_recalls"].tolist()
        self._built_for, self._builds = int(state["built_for"]), int(state["builds"])
        self._later_probes = int(state["later_probes"])
        self._by_force = bool(state["by_force"])
        if "centre" in state:
            self.frame = Frame(state["centre"], float(state["scale"]))
        if "centroids" in state and self.frame is not None:
            self._cells = Cells.of(state["centroids"], self.frame)
            self._cell_of = state["cell_of"].copy()
        parts = {name.removeprefix("join."): part for name, part in state.items() if name.startswith("join.")}
        self._restored = parts or None
