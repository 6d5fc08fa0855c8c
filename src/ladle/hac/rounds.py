"""Average linkage in rounds: merge every certified reciprocal pair at once, search again only where a list ran dry.

Average linkage is reducible, so reciprocal nearest pairs may merge in any order, all at once too, and the tree is the
one the textbook's one-by-one algorithm builds. A pair is certified when its linkage is within the reach of both ends
(see state.Clusters): then each is provably the other's nearest. When no pair is left, the clusters whose list ran dry
and whose reach is shortest ask the neighbour search again, among the clusters there are by then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.hac import dense, kernels, pairing
from ladle.hac.state import NONE, Clusters, Int32s, Int64s, Lists, new_clusters, new_lists
from ladle.neighbours import NeighbourSearch
from ladle.neighbours.contract import Means
from ladle.progress import SILENT, Advance, Progress

FIRST_NEIGHBOURS = 12  # of points; more costs memory, fewer costs searches
LATER_NEIGHBOURS = 20  # of clusters; fewer clusters run dry again when each search brings more
BLOCK = 256  # clusters a thread takes at a time
DENSE_CLUSTERS = 2_000  # with this many left, finish on a matrix (32 MB)
SHOWN_QUERIES = 10_000  # a search for fewer is over before its bar is read
DRY_SHARE = 0.5  # of the dry clusters, those with the shortest reach are searched for in one go


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the tree may end: once at most `clusters` remain, and all merges up to `linkage` are known."""

    clusters: int = 1
    linkage: float = np.inf


@dataclass(slots=True)
class Tally:
    """What the rounds did, for reports and benchmarks."""

    rounds: int = 0
    searches: int = 0
    searched: int = 0
    told: int = 0
    precise: int = 0
    dense: int = 0


@dataclass(slots=True)
class Merges:
    """Merges in an order in which every cluster is made before it is merged on; linkages may still be unsorted."""

    pairs: Int32s  # (m, 2) cluster ids (kept, gone)
    linkages: npt.NDArray[np.float64]  # (m,)
    sure: npt.NDArray[np.bool_]  # (m,)
    level: float  # every merge at a linkage below this is among them
    tally: Tally


@dataclass(slots=True)
class Rounds:
    """One clustering in the making. Takes over `means` (n, d); `sizes` (n,) points stand behind each row."""

    means: Means
    sizes: Int32s
    search: NeighbourSearch
    progress: Progress = SILENT
    dense_clusters: int = DENSE_CLUSTERS
    clusters: Clusters = field(init=False)
    lists: Lists = field(init=False)
    used: int = field(init=False, default=0)  # entries of `lists` in use, gaps included
    active: Int32s = field(init=False)  # ids of the clusters there are, ascending
    work: Int32s = field(init=False)  # (2 n,) clusters whose nearest is new
    offsets: Int64s = field(init=False)  # (n,) where their new lists go
    now: int = field(init=False, default=0)
    tally: Tally = field(init=False, default_factory=Tally)
    _pairs: list[Int32s] = field(init=False, default_factory=list)
    _linkages: list[npt.NDArray[np.float64]] = field(init=False, default_factory=list)
    _sure: list[npt.NDArray[np.bool_]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        n = len(self.means)
        self.clusters = new_clusters(self.means, self.sizes)
        self.lists = new_lists(int(1.6 * FIRST_NEIGHBOURS * n) + 1024, self.means.dtype)
        self.active = np.arange(n, dtype=np.int32)
        self.work = np.empty(2 * n, np.int32)
        self.offsets = np.empty(n, np.int64)

    def run(self, stop: Stop) -> Merges:
        """Merge until `stop` allows an end. Cost: see `ladle.cluster`."""
        n = len(self.means)
        due, level = self.active, 0.0
        with self.progress.task("merging clusters", max(1, n - stop.clusters)) as advance:
            while len(self.active) > max(1, self.dense_clusters) and not self._may_stop(stop, level):
                # Some list ran dry, or a pair would be left: of all (linkage, tie order) the smallest points both ways.
                assert len(due) > 0
                self._search(due)
                self._merge_all(due, advance)
                due, level = self._dry()
            if len(self.active) > 1 and not self._may_stop(stop, level):
                self._finish(advance)
            if len(self.active) == 1:
                level = np.inf
        return Merges(
            pairs=np.concatenate([np.empty((0, 2), np.int32), *self._pairs]),
            linkages=np.concatenate([np.empty(0), *self._linkages]),
            sure=np.concatenate([np.empty(0, bool), *self._sure]),
            level=float(level),
            tally=self.tally,
        )

    def _may_stop(self, stop: Stop, level: float) -> bool:
        below = sum(int(np.count_nonzero(part < level)) for part in self._linkages)
        return len(self.means) - below <= stop.clusters or level > stop.linkage

    def _search(self, due: Int32s) -> None:
        """Fresh lists for `due`: the fast way, then precisely where rounding hid the nearest, then come what may."""
        k = FIRST_NEIGHBOURS if self.now == 0 else LATER_NEIGHBOURS
        self.tally.searches += 1
        self.tally.searched += len(due)
        self._install(due, k, precise=False)
        hidden = due[self.clusters.nearest[due] == NONE]
        if len(hidden) > 0:
            self.tally.precise += len(hidden)
            self._install(hidden, k, precise=True)

    def _install(self, due: Int32s, k: int, *, precise: bool) -> None:
        c = self.clusters
        found = self.search.nearest(
            c.means,
            c.spreads,
            members=self.active,
            queries=due,
            k=k,
            precise=precise,
            progress=self.progress if len(due) >= SHOWN_QUERIES else SILENT,
        )
        entries = found.ids.size
        self._reserve(entries)
        base = self.used
        self.used += entries

        def install(start: int, stop: int) -> None:
            kernels.install(
                c, self.lists, due, found.ids, found.reach, found.proven, base, precise, self.now, start, stop
            )

        _spread(install, len(due))

    def _merge_all(self, due: Int32s, advance: Advance) -> None:
        """Rounds until no certified reciprocal pair is left; `due` are the clusters whose nearest is new."""
        c = self.clusters
        self.work[: len(due)] = due
        count = len(due)
        while True:
            count, told = pairing.relink(c, self.work, count)
            self.tally.told += told
            self.now += 1
            pairs = np.empty((count, 2), np.int32)
            linkages = np.empty(count)
            sure = np.empty(count, bool)
            found = pairing.find_pairs(c, self.work, count, self.now, pairs, linkages, sure)
            if found == 0:
                break
            self._keep(pairs[:found], linkages[:found], sure[:found], advance)
            self.tally.rounds += 1
            count = self._merge(pairs[:found])
        self.active = self.active[c.parents[self.active] == self.active]

    def _merge(self, pairs: Int32s) -> int:
        """Merge `pairs` and find anew the nearest of all they disturb: those are work[: the number returned]."""
        c = self.clusters
        count, entries = pairing.harvest(c, pairs, len(pairs), self.work, self.offsets)
        _spread(lambda start, stop: pairing.merge_pairs(c, pairs, start, stop), len(pairs))
        self._reserve(entries)
        self.offsets[:count] += self.used
        self.used += entries
        _spread(
            lambda start, stop: kernels.refresh(c, self.lists, self.work, self.offsets, self.now, start, stop), count
        )
        return int(count)

    def _keep(
        self, pairs: Int32s, linkages: npt.NDArray[np.float64], sure: npt.NDArray[np.bool_], advance: Advance
    ) -> None:
        self._pairs.append(pairs)
        self._linkages.append(linkages.copy())  # slices would hold the whole scratch array
        self._sure.append(sure.copy())
        advance(len(pairs))

    def _dry(self) -> tuple[Int32s, float]:
        """The clusters to search for next, and the level below which no merge is missing.

        The next merge of all joins two clusters at a linkage no reach covers, or it would have been found: so it lies
        at the shortest reach among the dry, or above.
        """
        dry = self.active[self.clusters.nearest[self.active] == NONE]
        if len(dry) == 0:
            return dry, np.inf
        reach = self.clusters.reach[dry]
        limit = np.quantile(reach, DRY_SHARE, method="higher")
        return dry[reach <= limit], float(reach.min())

    def _finish(self, advance: Advance) -> None:
        c = self.clusters
        self.tally.dense = len(self.active)
        pairs, linkages = dense.finish(c.means, c.spreads, c.sizes, self.active)
        self._keep(pairs, linkages, np.ones(len(pairs), bool), advance)
        self.active = self.active[:1]

    def _reserve(self, entries: int) -> None:
        """Make room for `entries` more list entries, by closing the gaps and, if need be, growing."""
        if self.used + entries <= len(self.lists.ids):
            return
        c = self.clusters
        live = self.active[c.parents[self.active] == self.active]
        partners = c.partner[live]
        live = np.concatenate([live, partners[partners != NONE]])
        lengths = c.list_length[live].astype(np.int64)
        offsets = np.cumsum(lengths) - lengths
        needed = int(lengths.sum()) + entries
        # Half as much again as is needed, or closing gaps would soon be all it does.
        fresh = new_lists(max(len(self.lists.ids), needed + needed // 2), self.means.dtype)
        old = self.lists
        _spread(
            lambda start, stop: kernels.move_lists(c, old, fresh.ids, fresh.linkages, live, offsets, start, stop),
            len(live),
        )
        self.lists = fresh
        self.used = int(lengths.sum())


def _spread(work: Callable[[int, int], object], total: int) -> None:
    """A ranged kernel over [0, total): on this thread when small, else in blocks over all threads."""
    if total <= BLOCK:
        work(0, total)
    else:
        threads.run_each(lambda block: work(*block), threads.ranges(total, BLOCK))
