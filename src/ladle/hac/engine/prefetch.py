"""Which means a step of the rounds is about to read: fetched together, where the means are in a file."""

from __future__ import annotations

import numpy as np

from ladle.hac.engine.state import Clusters, Int32s, Lists
from ladle.memory.fetch import fetch_rows, file_of


def fetch_listed(c: Clusters, lists: Lists, dirty: Int32s) -> None:
    """What `kernels.refresh` may read for the clusters `dirty` (r,): they, and all on their lists and their partners'.

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
