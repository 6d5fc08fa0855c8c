"""Room in the candidate lists, by closing the gaps that old lists left."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.compiled import kernel
from ladle.geometry.blocks import spread
from ladle.hac.engine.state import NONE, Clusters, Int32s, Int64s, Lists, new_lists


def compacted(clusters: Clusters, lists: Lists, active: Int32s, entries: int) -> tuple[Lists, int]:
    """The lists of `active` (m,) without gaps, with room for `entries` more; and the entries in use.

    Of `active` those count that exist, and the partners whose lists are still to be united with theirs. list_start is
    set anew. Cost: a pass over the live lists; amortised O(1) an entry written, as a third of the room is always free.
    """
    live = active[clusters.parents[active] == active]
    partners = clusters.partner[live]
    live = np.concatenate([live, partners[partners != NONE]])
    lengths = clusters.list_length[live].astype(np.int64)
    offsets = np.cumsum(lengths) - lengths
    needed = int(lengths.sum()) + entries
    # Half as much again as is needed, or closing gaps would soon be all it does.
    fresh = new_lists(max(len(lists.ids), needed + needed // 2), lists.linkages.dtype)
    spread(
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
