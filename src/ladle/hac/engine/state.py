"""The state of the rounds: arrays indexed by cluster id, candidate lists, and the log of merges.

A cluster's id is the row of one of its points; a merge keeps the id of the larger cluster.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ladle.compiled import kernel
from ladle.geometry.frame import Means
from ladle.memory.fetch import fetch_rows, file_of
from ladle.threads import run_ranged

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
# In `nearest` and the chains; int32, because kernels compare them with ids.
NONE = np.int32(-1)  # no cluster
STALE = np.int32(-2)  # the nearest cluster that was known has merged


class Clusters(NamedTuple):
    """One entry for each cluster; passed whole to the kernels (numba unpacks named tuples)."""

    means: Means  # (n, d)
    # The digits that the means lack: a mean is the sum of both. (n, d) where clusters lie so far from the origin, and
    # so near each other, that float64 means would blur their linkages; else (0, d).
    remainders: Means
    spreads: npt.NDArray[np.float64]  # (n,) mean squared distance of the members to the mean
    sizes: Int32s  # (n,)
    parents: Int32s  # (n,) union-find: parents[i] == i while cluster i exists
    # The certificate: EVERY cluster B with d(A, B) < reach[A] is on A's list. A merge takes the union of the lists and
    # the weighted mean of the reaches: average linkage to a union is the weighted mean of the linkages to its parts.
    reach: npt.NDArray[np.float64]  # (n,)
    proven: npt.NDArray[np.bool_]  # (n,) whether the reach is a proof
    # Nearest listed cluster within reach; NONE: the list ran dry; STALE: it has merged, and the next is not known yet.
    nearest: Int32s  # (n,)
    nearest_linkage: npt.NDArray[np.floating[Any]]  # (n,) in the lists' dtype; when STALE a lower bound
    changed: Int32s  # (n,) round in which the cluster last merged
    scanned: Int32s  # (n,) round in which its list was last brought up to date
    list_start: Int64s  # (n,) where its list begins in Lists
    list_length: Int32s  # (n,)
    partner: Int32s  # (n,) absorbed cluster whose list is still to be united with this one, or NONE
    # The clusters that point at a cluster, whose `nearest` it is: a doubly linked chain, so that a merge finds the
    # clusters it disturbs without a scan of all.
    admirer: Int32s  # (n,) first of the chain
    next_admirer: Int32s  # (n,)
    previous_admirer: Int32s  # (n,)


class Lists(NamedTuple):
    """Candidate lists of all clusters, end to end, with gaps where old lists were; `close_gaps` removes these."""

    ids: Int32s  # ~id where the linkage is only a lower bound
    linkages: npt.NDArray[np.floating[Any]]  # as of `scanned`; lower bounds once an end has merged


class MergeLog(NamedTuple):
    """Merges in an order in which every cluster is made before it is merged on; linkages may be unsorted."""

    pairs: Int32s  # (m, 2) cluster ids (kept, gone)
    linkages: npt.NDArray[np.float64]  # (m,)
    sure: npt.NDArray[np.bool_]  # (m,) both reaches were proofs, and rounding of the means hides nothing


def new_clusters(means: Means, sizes: Int32s) -> Clusters:
    """Make every row of `means` (n, d) a cluster, of `sizes` (n,) equal points. Takes over `means`."""
    n = len(means)
    return Clusters(
        means=means,
        remainders=np.empty((0, means.shape[1]), means.dtype),
        spreads=np.zeros(n),
        sizes=sizes.copy(),
        parents=np.arange(n, dtype=np.int32),
        reach=np.zeros(n),
        proven=np.ones(n, bool),
        nearest=np.full(n, NONE, np.int32),
        nearest_linkage=np.full(n, np.inf, means.dtype),
        changed=np.full(n, -1, np.int32),
        scanned=np.full(n, -1, np.int32),
        list_start=np.zeros(n, np.int64),
        list_length=np.zeros(n, np.int32),
        partner=np.full(n, NONE, np.int32),
        admirer=np.full(n, NONE, np.int32),
        next_admirer=np.full(n, NONE, np.int32),
        previous_admirer=np.full(n, NONE, np.int32),
    )


def new_lists(capacity: int, dtype: np.dtype[Any]) -> Lists:
    """Empty lists with room for `capacity` entries."""
    return Lists(np.empty(capacity, np.int32), np.empty(capacity, dtype))


def new_merge_log(capacity: int) -> MergeLog:
    """An empty log with room for `capacity` merges."""
    return MergeLog(np.empty((capacity, 2), np.int32), np.empty(capacity), np.empty(capacity, bool))


def close_gaps(clusters: Clusters, lists: Lists, active: Int32s, entries: int) -> tuple[Lists, int]:
    """The lists of `active` (m,) without gaps, with room for `entries` more, and the number of entries in use.

    Only clusters that exist count, and their partners, whose lists are still to be united with theirs. Writes
    list_start. Cost: a pass over the live lists; amortised O(1) an entry, because a third of the room is always free.
    """
    live = active[clusters.parents[active] == active]
    partners = clusters.partner[live]
    live = np.concatenate([live, partners[partners != NONE]])
    lengths = clusters.list_length[live].astype(np.int64)
    offsets = np.cumsum(lengths) - lengths
    needed = int(lengths.sum()) + entries
    # Half as much again as is needed, or closing gaps would soon take most of the time.
    fresh = new_lists(max(len(lists.ids), needed + needed // 2), lists.linkages.dtype)
    run_ranged(
        lambda start, stop: move_lists(clusters, lists, fresh.ids, fresh.linkages, live, offsets, start, stop),
        len(live),
    )
    return fresh, int(lengths.sum())


@kernel
def move_lists(
    c: Clusters,
    lists: Lists,
    new_ids: Int32s,
    new_linkages: npt.NDArray[np.floating[Any]],
    live: Int32s,
    offsets: Int64s,
    start: int,
    stop: int,
) -> None:
    """Ranged. Copy the lists of live[start:stop] to offsets[start:stop] of the new arrays."""
    for x in range(start, stop):
        a = live[x]
        first = c.list_start[a]
        for t in range(c.list_length[a]):
            new_ids[offsets[x] + t] = lists.ids[first + t]
            new_linkages[offsets[x] + t] = lists.linkages[first + t]
        c.list_start[a] = offsets[x]


def fetch_listed(c: Clusters, lists: Lists, dirty: Int32s) -> None:
    """Fetch the means that `kernels.refresh` may read for the clusters `dirty` (r,), where means are in a file.

    These are the clusters, and all clusters on their lists and on their partners' lists.

    Cost: a pass over these lists; nothing where the means are in memory.
    """
    if file_of(c.means) is None:
        return
    partners = c.partner[dirty]
    owners = np.concatenate([dirty, partners[partners >= 0]])
    lengths = c.list_length[owners].astype(np.int64)
    ends = np.cumsum(lengths)
    entries = np.repeat(c.list_start[owners] - ends + lengths, lengths) + np.arange(lengths.sum())
    named = lists.ids[entries]
    clusters = _roots(c.parents, np.where(named < 0, ~named, named))
    fetch_rows(c.means, np.concatenate([dirty, clusters]))


def _roots(parents: Int32s, clusters: Int32s) -> Int32s:
    while True:
        above = parents[clusters]
        if np.array_equal(above, clusters):
            return clusters
        clusters = above
