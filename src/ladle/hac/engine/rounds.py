"""Average linkage in rounds: merge every certified reciprocal pair at once, search again only where a list ran dry.

Average linkage is reducible, so reciprocal nearest pairs may merge in any order, or all at once, and the tree is the
same as that of the textbook's algorithm, which merges them one by one. A pair is certified when its linkage is within
the reach of both ends (see `state.Clusters`): then each is provably the other's nearest. When no pair is left, the
clusters whose list ran dry and whose reach is shortest search for neighbours again, among the clusters there are by
then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import numpy as np

from ladle.geometry.frame import Means
from ladle.hac.engine import dense, kernels, pairing
from ladle.hac.engine.merges import Merges, StopRule, Tally
from ladle.hac.engine.snapshot import (
    SEARCH,
    Resumable,
    Stage,
    StateKeeper,
    array_of,
    number_of,
    restore_state,
    take_state,
)
from ladle.hac.engine.state import (
    NONE,
    STALE,
    Clusters,
    Int32s,
    Int64s,
    Lists,
    MergeLog,
    close_gaps,
    fetch_listed,
    new_clusters,
    new_lists,
    new_merge_log,
)
from ladle.memory.fetch import fetch_rows
from ladle.memory.scratch import IN_MEMORY, Scratch
from ladle.neighbours import NeighbourSearch
from ladle.neighbours.contract import NeighbourHints
from ladle.progress import SILENT, Advance, Reporter
from ladle.threads import run_ranged

FIRST_NEIGHBOURS = 12  # of points; more costs memory, fewer costs searches
LATER_NEIGHBOURS = 20  # of clusters; fewer clusters run dry again when each search brings more
MOST_NEIGHBOURS = 1_000  # of a few clusters
SEARCHED_ENTRIES = 50_000  # candidates of a search for few clusters, all together
FEW = 256  # a step with so few clusters or pairs runs on one thread
STEPS = 4_096  # compiled rounds between two chances for Ctrl-C
DENSE_CLUSTERS = 2_000  # with this many left, finish on a matrix (32 MB)
SHOWN_QUERIES = 10_000  # a search for fewer is over before its bar is read
TALLY = "tally."  # before the names of the tally in a checkpoint
DRY_SHARE = 0.5  # of the dry clusters: those with the shortest reach search in one go


@dataclass(slots=True)
class Rounds:
    """A running clustering. Takes over `means` (n, d), whose rows stand for `sizes` (n,) equal points each."""

    means: Means
    sizes: Int32s
    search: NeighbourSearch
    progress: Reporter = SILENT
    dense_clusters: int = DENSE_CLUSTERS
    checkpoints: StateKeeper | None = None
    scratch: Scratch = IN_MEMORY
    clusters: Clusters = field(init=False)
    lists: Lists = field(init=False)
    log: MergeLog = field(init=False)
    active: Int32s = field(init=False)  # ids of the clusters there are, ascending
    work: Int32s = field(init=False)  # (2 n,) clusters whose nearest is new
    offsets: Int64s = field(init=False)  # (n,) where their new lists go
    cursor: Int64s = field(init=False)  # see pairing.proceed
    tally: Tally = field(init=False, default_factory=Tally)

    def __post_init__(self) -> None:
        n = len(self.means)
        self.clusters = new_clusters(self.means, self.sizes)
        self.lists = new_lists(int(1.6 * FIRST_NEIGHBOURS * n) + 1024, self.means.dtype)
        self.log = new_merge_log(max(0, n - 1))
        self.active = np.arange(n, dtype=np.int32)
        self.work = np.empty(2 * n, np.int32)
        self.offsets = np.empty(n, np.int64)
        self.cursor = np.zeros(pairing.CURSOR, np.int64)

    def run(self, stop: StopRule) -> Merges:
        """Merge until `stop` allows an end. Cost: see `ladle.cluster`."""
        n = len(self.means)
        stage = self._resume()
        level = stage.level
        with self.progress.task("merging clusters", max(1, n - stop.clusters)) as advance:
            advance(float(self.cursor[pairing.MERGED]))
            while len(self.active) > max(1, self.dense_clusters) and not self._may_stop(stop, level):
                if not stage.searched:
                    self._search(stage.due)
                    # The first search takes the longest, so its result is saved at once.
                    self._save(Stage(stage.due, level, searched=True), at_once=self.tally.searches == 1)
                due, level = self._merge_all(stage.due, advance)
                stage = Stage(due, level, searched=False)
                self._save(stage)
            if len(self.active) > 1 and not self._may_stop(stop, level):
                self._finish(advance)
            if len(self.active) == 1:
                level = np.inf
        merged = self.cursor[pairing.MERGED]
        self.tally.told = int(self.cursor[pairing.PUSHED])
        self.tally.rounds = int(self.cursor[pairing.ROUNDS])
        return Merges(
            pairs=self.log.pairs[:merged],
            linkages=self.log.linkages[:merged],
            sure=self.log.sure[:merged],
            level=float(level),
            tally=self.tally,
        )

    def _may_stop(self, stop: StopRule, level: float) -> bool:
        merged = self.cursor[pairing.MERGED]
        return stop.reached(len(self.means), self.log.pairs[:merged], self.log.linkages[:merged], level)

    def _search(self, due: Int32s) -> None:
        """Give `due` fresh lists: by the fast search, and by the precise one where rounding hid the nearest."""
        first = self.tally.searches == 0
        k = FIRST_NEIGHBOURS if first else self._wanted(len(due))
        pause = (lambda: self._save(Stage(due, 0.0, searched=False))) if first else None
        self._install(due, k, precise=False, pause=pause)
        self.tally.searches += 1
        self.tally.searched += len(due)
        hidden = due[self.clusters.nearest[due] == NONE]
        if len(hidden) > 0:
            self.tally.precise += len(hidden)
            self._install(hidden, k, precise=True)
        if first and pairing.any_unresolved(self.clusters, self.active):
            self.clusters = self.clusters._replace(remainders=np.zeros_like(self.means))

    def _wanted(self, queries: int) -> int:
        """How many neighbours to search for: more for few queries, as a search costs a pass over all clusters anyway.

        A hub takes in its satellites one by one, and searches again after each list of them. The root keeps the k^2
        steps of inserting into a list of k below the dim x clusters of the pass.
        """
        root = int(np.sqrt(self.means.shape[1] * len(self.active))) // 6
        return max(LATER_NEIGHBOURS, min(MOST_NEIGHBOURS, SEARCHED_ENTRIES // queries, root))

    def _install(self, due: Int32s, k: int, *, precise: bool, pause: Callable[[], None] | None = None) -> None:
        c = self.clusters
        candidates = self.search.nearest(
            c.means,
            c.spreads,
            members=self.active,
            queries=due,
            k=k,
            precise=precise,
            remainders=c.remainders if len(c.remainders) else None,
            progress=self.progress if len(due) >= SHOWN_QUERIES else SILENT,
            hints=NeighbourHints(self.lists.ids, c.list_start, c.list_length, c.parents),
            pause=pause,
        )
        self._reserve(candidates.ids.size)
        base, now = self.cursor[pairing.USED], self.cursor[pairing.NOW]
        self.cursor[pairing.USED] += candidates.ids.size

        answer = candidates.ids, candidates.reach, candidates.proven

        def install(start: int, stop: int) -> None:
            kernels.install(c, self.lists, due, *answer, base, now, start, stop)

        run_ranged(install, len(due))

    def _merge_all(self, due: Int32s, advance: Advance) -> tuple[Int32s, float]:
        """Merge as far as the lists lead; `due` are the clusters whose nearest is new.

        Returns the clusters to search for next, and the level below which no merge is missing. The next merge of all
        joins two clusters at a linkage that no reach covers, or the lists would have shown it. So it lies at the
        shortest reach among the dry clusters, or above; or it joins two stale clusters, at the bound of either or
        above.
        """
        c = self.clusters
        while True:
            self._pair_up(due, advance)
            self.active = self.active[c.parents[self.active] == self.active]
            nearest = c.nearest[self.active]
            dry = self.active[nearest == NONE]
            stale = self.active[nearest == STALE]
            lowest = c.nearest_linkage[stale]
            bounds = c.reach[dry] if len(dry) else lowest
            limit = np.quantile(bounds, DRY_SHARE, method="higher") if len(bounds) else np.inf
            # Clusters beyond the next searches wait for these, which would disturb them again. So do satellites that
            # stand at a hub's reach, hence the slack: one search of the hub shows it all of them, and a search of each
            # of them shows one.
            due = stale[lowest < kernels.SLACK * limit] if len(dry) else stale[lowest <= limit]
            if len(due) == 0:
                return dry[bounds <= limit], float(min(bounds.min(initial=np.inf), lowest.min(initial=np.inf)))
            self._refresh_stale(due)

    def _pair_up(self, due: Int32s, advance: Advance) -> None:
        """Rounds until no certified reciprocal pair is left."""
        cursor = self.cursor
        self.work[: len(due)] = due
        cursor[pairing.BEGIN], cursor[pairing.END] = 0, len(due)
        while True:
            before = cursor[pairing.MERGED]
            todo, count, entries = pairing.proceed(
                self.clusters, self.lists, self.log, self.work, self.offsets, cursor, FEW, STEPS
            )
            if todo == pairing.REFRESH:
                self._refresh_lists(self.work[cursor[pairing.END] :], count, entries)
                cursor[pairing.END] += count
            elif todo == pairing.MERGE:
                self._merge(count, entries)
            advance(float(cursor[pairing.MERGED] - before))
            if todo == pairing.DONE:
                return

    def _merge(self, count: int, entries: int) -> None:
        """Merge the `count` pairs that wait at the end of the log, and find their nearest."""
        c, cursor = self.clusters, self.cursor
        first = cursor[pairing.MERGED]
        pairs = self.log.pairs[first : first + count]

        def merge(start: int, stop: int) -> None:
            fetch_rows(c.means, pairs[start:stop].ravel())
            pairing.merge_pairs(c, pairs, start, stop)

        run_ranged(merge, count)
        self._refresh_lists(self.work, count, entries)
        cursor[pairing.MERGED] += count
        cursor[pairing.ROUNDS] += 1
        cursor[pairing.BEGIN], cursor[pairing.END] = 0, count

    def _refresh_stale(self, stale: Int32s) -> None:
        lengths = self.clusters.list_length[stale].astype(np.int64)
        self.offsets[: len(stale)] = np.cumsum(lengths) - lengths
        self._refresh_lists(stale, len(stale), int(lengths.sum()))

    def _refresh_lists(self, dirty: Int32s, count: int, entries: int) -> None:
        """Find the nearest of dirty[:count] again, from their lists; `offsets` hold their places, counted from 0."""
        c, now = self.clusters, self.cursor[pairing.NOW]
        self._reserve(entries)
        self.offsets[:count] += self.cursor[pairing.USED]
        self.cursor[pairing.USED] += entries

        def refresh(start: int, stop: int) -> None:
            fetch_listed(c, self.lists, dirty[start:stop])
            kernels.refresh(c, self.lists, dirty, self.offsets, now, start, stop)

        run_ranged(refresh, count)

    def _finish(self, advance: Advance) -> None:
        c = self.clusters
        self.tally.dense = len(self.active)
        pairs, linkages, sure = dense.finish(c, self.active)
        merged = self.cursor[pairing.MERGED]
        rest = slice(merged, merged + len(pairs))
        self.log.pairs[rest] = pairs
        self.log.linkages[rest] = linkages
        self.log.sure[rest] = sure
        self.cursor[pairing.MERGED] += len(pairs)
        self.active = self.active[:1]
        advance(len(pairs))

    def _reserve(self, entries: int) -> None:
        """Make room for `entries` more list entries."""
        if self.cursor[pairing.USED] + entries > len(self.lists.ids):
            self.lists, self.cursor[pairing.USED] = close_gaps(self.clusters, self.lists, self.active, entries)

    def _save(self, stage: Stage, *, at_once: bool = False) -> None:
        """Save the state where that is possible: between a search and the rounds, and between steps of the first
        search."""
        if self.checkpoints is None or not (at_once or self.checkpoints.due()):
            return
        self.lists, self.cursor[pairing.USED] = close_gaps(self.clusters, self.lists, self.active, 0)
        used, merged = (int(self.cursor[part]) for part in (pairing.USED, pairing.MERGED))
        state = take_state(self.clusters, self.lists, self.log, self.cursor, used, merged, self.scratch)
        state |= {"due": stage.due, "level": stage.level, "found": stage.searched}
        state |= {TALLY + name: value for name, value in asdict(self.tally).items()}
        if isinstance(self.search, Resumable):
            state |= {SEARCH + name: value for name, value in self.search.state().items()}
        self.checkpoints.save(state)

    def _resume(self) -> Stage:
        """The stage to go on from: that of the checkpoint if there is one, else the beginning."""
        state = self.checkpoints.load() if self.checkpoints is not None else None
        if state is None:
            return Stage(self.active, 0.0, searched=False)
        if len(array_of(state, "clusters.remainders")):
            self.clusters = self.clusters._replace(remainders=np.zeros_like(self.means))
        self.lists = restore_state(state, self.clusters, self.log, self.cursor, len(self.lists.ids))
        self.active = self.active[self.clusters.parents == self.active]
        self.tally = Tally(**{name: int(number_of(state, TALLY + name)) for name in asdict(self.tally)})
        if isinstance(self.search, Resumable):
            parts = {name.removeprefix(SEARCH): part for name, part in state.items() if name.startswith(SEARCH)}
            self.search.restore(parts)
        return Stage(array_of(state, "due"), number_of(state, "level"), searched=bool(state["found"]))
