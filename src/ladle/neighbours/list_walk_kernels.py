"""Compiled loops of the walk along lists. They are serial and release the GIL; `ladle.threads` says why."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from ladle.compiled import kernel
from ladle.neighbours.kernels import AHEAD, FAST, id_of, insert, listed, mark
from ladle.neighbours.prefetch import prefetch_row

MOST = 64  # neighbours of one neighbour that are tested: a hub has thousands
TABLE = 4096  # slots of the hash table: half as many candidates for each query and pass


@register_jitable
def _root(hints: Any, entry: Any) -> Any:
    a = id_of(entry)
    while hints.parents[a] != a:
        a = hints.parents[a]
    return a


@kernel
def both_ways(ids, place, hints):
    """Make `starts` and `near` of a Links, for the clusters ids (m,), which stand at place (n,), -1 for all others."""
    m = len(ids)
    total = 0
    for x in range(m):
        total += hints.lengths[ids[x]]
    forward = np.empty(total, np.int32)
    starts = np.zeros(m + 2, np.int64)
    e = 0
    for x in range(m):
        first = hints.starts[ids[x]]
        for t in range(first, first + hints.lengths[ids[x]]):
            y = place[_root(hints, hints.ids[t])]
            forward[e] = y
            e += 1
            starts[x + 2] += 1
            if y >= 0:
                starts[y + 2] += 1
    for x in range(m):
        starts[x + 2] += starts[x + 1]
    near = np.empty(starts[m + 1], np.int32)
    e = 0
    for x in range(m):
        for _ in range(hints.lengths[ids[x]]):
            y = forward[e]
            e += 1
            near[starts[x + 1]] = y
            starts[x + 1] += 1  # each start moves to the end of its part, which is the next start
            if y >= 0:
                near[starts[y + 1]] = x
                starts[y + 1] += 1
    return starts[:-1], near


@register_jitable
def _collect_near(via, starts, near, answer, before, slots, unmet, count):
    """Append the members near the one at `via` that were not met before to `unmet`. Returns their number."""
    first = starts[via]
    entries = min(starts[via + 1] - first, MOST)
    own = answer[via]
    for t in range(entries + (before.shape[1] if own >= 0 else 0)):
        y = near[first + t] if t < entries else before[own, t - entries]
        if y < 0 or mark(slots, y):
            continue
        unmet[count] = y
        count += 1
        if count == unmet.shape[0]:
            break
    return count


@kernel(fastmath=FAST)
def follow(points, halves, rows, starts, near, answer, earlier, before, scores, positions, start, stop):
    """Ranged over queries. Test the members near those found so far, except where an earlier pass has followed them.

    points (m, d), halves (m,): as in a Packed; rows (q,): the queries' positions; starts and near: see `Links`;
    answer (m,): the query at each position, or -1; before (q, k): the answers when this pass began, earlier (q, k):
    when the pass before began. scores and positions (q, k) are updated in rows start:stop.
    """
    k = before.shape[1]
    slots = np.empty(TABLE, np.int32)
    unmet = np.empty(TABLE // 2 - k - 1, np.int32)
    for x in range(start, stop):
        slots[:] = -1
        mark(slots, np.int32(rows[x]))
        for t in range(k):
            if before[x, t] >= 0:
                mark(slots, before[x, t])
        count = 0
        for t in range(k):
            via = before[x, t]
            if via < 0 or count == unmet.shape[0]:
                break
            if not listed(earlier, x, via):
                count = _collect_near(via, starts, near, answer, before, slots, unmet, count)
        for t in range(min(AHEAD, count)):
            prefetch_row(points, unmet[t])
        for t in range(count):
            if t + AHEAD < count:
                prefetch_row(points, unmet[t + AHEAD])
            y = unmet[t]
            score = -halves[y]
            for a in range(points.shape[1]):
                score += points[rows[x], a] * points[y, a]
            if score > scores[x, k - 1]:
                insert(scores, positions, x, score, y)
