"""Candidates grouped by cluster, in the order in which the round-robin visits the groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ladle import draws
from ladle.arrays import Rows
from ladle.clusters import PoolClusters

GroupSize = Literal["candidates", "pool"]


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """g groups of candidates, in the order of visit.

    members: (k,) int64 rows, group after group, ascending within each; starts: (g + 1,) int64, where in `members`
    each group starts; names: (g,) int64, the cluster each group belongs to.
    """

    members: Rows
    starts: npt.NDArray[np.int64]
    names: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """(g,) int64, the number of candidates of each group."""
        return np.diff(self.starts)


def in_visiting_order(rows: Rows, clusters: PoolClusters, *, group_size: GroupSize, seed: int) -> Groups:
    """Group candidate `rows` ((k,) ascending) by cluster, smallest group first; the seed shuffles groups of one size.

    `group_size`: the size of a group is its candidates, or its cluster's rows in the whole pool.
    Cost: O(n + k + g log g): a counting sort.
    """
    from ladle.strategies.clustered.kernels import scatter

    every_row = len(rows) == len(clusters)
    labels = clusters.labels if every_row else clusters.labels[rows]
    counts = np.bincount(labels, minlength=clusters.count)
    present = np.flatnonzero(counts)
    names = clusters.names[present]
    if group_size == "pool" and not every_row:
        ranked_by = np.bincount(clusters.labels, minlength=clusters.count)[present]
    else:
        ranked_by = counts[present]
    order = np.lexsort((draws.priorities(draws.key(seed, "group order"), names), ranked_by))
    present, names = present[order], names[order]

    starts = np.zeros(len(present) + 1, np.int64)
    np.cumsum(counts[present], out=starts[1:])
    cursors = counts  # the same array, from here on the place of the next member of each label
    cursors[present] = starts[:-1]
    members = np.empty(len(rows), np.int64)
    scatter(rows, labels, cursors, members)
    return Groups(members, starts, names)
