"""Compiled loops that find and merge reciprocal pairs, and keep track of which cluster points at which.

`c` is a state.Clusters, `lists` a state.Lists and `merges` a state.MergeLog throughout. All loops are serial except
`merge_pairs`, which may run on several threads at once over disjoint ranges of pairs.
"""

from __future__ import annotations

import math

import numpy as np
from numba.extending import register_jitable

from ladle.compiled import kernel
from ladle.hac.engine.kernels import refresh, resolved, tie_order
from ladle.hac.engine.state import NONE, STALE
from ladle.neighbours.kernels import LAWFUL

# What `proceed` leaves to its caller.
DONE, BREATHE, REFRESH, MERGE = 0, 1, 2, 3
# The cursor of `proceed`, int64: the part of `work` in hand, list entries and merges so far, the round, two tallies.
BEGIN, END, USED, MERGED, NOW, PUSHED, ROUNDS, CURSOR = 0, 1, 2, 3, 4, 5, 6, 7


@register_jitable
def unlink(c, a):
    """Take `a` out of the chain of the cluster it points at."""
    b = c.nearest[a]
    if b < 0:
        return
    before = c.previous_admirer[a]
    after = c.next_admirer[a]
    if before >= 0:
        c.next_admirer[before] = after
    else:
        c.admirer[b] = after
    if after >= 0:
        c.previous_admirer[after] = before
    c.nearest[a] = NONE


@register_jitable
def link(c, a, b, d):
    """Point `a` at `b`, at linkage d, and chain it there."""
    first = c.admirer[b]
    c.nearest[a] = b
    c.nearest_linkage[a] = d
    c.next_admirer[a] = first
    c.previous_admirer[a] = NONE
    if first >= 0:
        c.previous_admirer[first] = a
    c.admirer[b] = a


@register_jitable(fastmath=LAWFUL)
def _move_mean(means, a, b, share):
    """Move means[a] by a `share` of its way to means[b]. Returns the square of the way."""
    square = 0.0
    for t in range(means.shape[1]):
        difference = means[b, t] - means[a, t]
        square += difference * difference
        # a + share * (b - a) stays exact for equal means, where a weighted sum would drift by a rounding
        means[a, t] += share * difference
    return square


@register_jitable
def _move_sum(means, remainders, a, b, share):
    """As `_move_mean` for means[a] + remainders[a]: the digits that rounding takes from the mean go to the remainder.

    Source: the two-sum of Knuth (The Art of Computer Programming, volume 2, section 4.2.2); no fast maths.
    """
    square = 0.0
    for t in range(means.shape[1]):
        difference = (means[b, t] - means[a, t]) + (remainders[b, t] - remainders[a, t])
        square += difference * difference
        before = means[a, t]
        step = share * difference
        after = before + step
        taken = after - before
        means[a, t] = after
        remainders[a, t] += (before - (after - taken)) + (step - taken)
    return square


@kernel
def merge_pairs(c, pairs, start, stop):
    """Ranged. Merge pairs[start:stop] (kept, gone): weighted mean, spread, size."""
    for x in range(start, stop):
        a = pairs[x, 0]
        b = pairs[x, 1]
        whole = np.float64(c.sizes[a]) + np.float64(c.sizes[b])
        share_a = c.sizes[a] / whole
        share_b = c.sizes[b] / whole
        if c.remainders.shape[0] > 0:
            between = _move_sum(c.means, c.remainders, a, b, share_b)
        else:
            between = _move_mean(c.means, a, b, share_b)
        c.spreads[a] = share_a * c.spreads[a] + share_b * c.spreads[b] + share_a * share_b * between
        c.sizes[a] += c.sizes[b]
        c.parents[b] = a
        c.partner[a] = b


@kernel
def relink(c, work, start, stop):
    """Chain work[start:stop], whose nearest is new, and push it to nearest clusters that missed it. Returns the new
    end.

    A cluster may have missed a nearer one within its own reach: a tie at the reach, or a neighbour that an approximate
    search lost. It then points back, and is appended to `work`: at most one for each of work[start:stop].
    """
    for x in range(start, stop):
        a = work[x]
        b = c.nearest[a]
        if b >= 0:
            link(c, a, b, c.nearest_linkage[a])
    end = stop
    for x in range(start, stop):
        a = work[x]
        b = c.nearest[a]
        if b < 0 or c.nearest[b] == a or c.nearest[b] == STALE:
            continue
        d = c.nearest_linkage[a]
        if d > c.reach[b]:
            continue
        other = c.nearest[b]
        known = c.nearest_linkage[b]
        if other < 0 or d < known or (d == known and tie_order(a, b) < tie_order(b, other)):
            unlink(c, b)
            link(c, b, a, d)
            work[end] = b
            end += 1
    return end


@kernel
def collect_stale(c, work, start, stop, offsets):
    """Append the stale clusters that work[start:stop] point at to `work`. Returns (their number, entries reserved).

    offsets are written for them, counted from 0. They are no longer stale, but their nearest is still to be found.
    """
    end = stop
    entries = 0
    for x in range(start, stop):
        b = c.nearest[work[x]]
        if b >= 0 and c.nearest[b] == STALE:
            c.nearest[b] = NONE
            work[end] = b
            offsets[end - stop] = entries
            entries += c.list_length[b]
            end += 1
    return end - stop, entries


@register_jitable
def _resolved(c, a, b, linkage):
    """Whether the linkage of clusters a and b exceeds the rounding of their means; means of points are not rounded."""
    wide = c.means.itemsize == 8
    if c.remainders.shape[0] > 0 or (wide and c.spreads[a] == 0.0 and c.spreads[b] == 0.0):
        return True
    square_a = 0.0
    square_b = 0.0
    for t in range(c.means.shape[1]):
        square_a += np.float64(c.means[a, t]) * c.means[a, t]
        square_b += np.float64(c.means[b, t]) * c.means[b, t]
    return resolved(wide, math.sqrt(square_a), math.sqrt(square_b), linkage)


@kernel
def any_unresolved(c, active):
    """Whether float64 means would blur the linkage of any of `active` (m,) points to its nearest, once they merge."""
    if c.means.itemsize < 8:
        return False
    for x in range(active.shape[0]):
        a = active[x]
        square = 0.0
        for t in range(c.means.shape[1]):
            square += np.float64(c.means[a, t]) * c.means[a, t]
        if c.nearest[a] >= 0 and not resolved(True, math.sqrt(square), math.sqrt(square), c.nearest_linkage[a]):
            return True
    return False


@kernel
def find_pairs(c, work, count, now, merges, start):
    """Append every reciprocal pair that work[:count] takes part in to `merges`, from `start`. Returns their number."""
    pairs = 0
    for x in range(count):
        a = work[x]
        if c.changed[a] == now:
            continue
        b = c.nearest[a]
        if b < 0 or c.nearest[b] != a:
            continue
        # The larger cluster keeps its id, so that chains of `parents` stay logarithmic.
        at = start + pairs
        if c.sizes[a] > c.sizes[b] or (c.sizes[a] == c.sizes[b] and a < b):
            merges.pairs[at, 0] = a
            merges.pairs[at, 1] = b
        else:
            merges.pairs[at, 0] = b
            merges.pairs[at, 1] = a
        merges.linkages[at] = c.nearest_linkage[a]
        merges.sure[at] = c.proven[a] and c.proven[b] and _resolved(c, a, b, c.nearest_linkage[a])
        c.changed[a] = now
        c.changed[b] = now
        pairs += 1
    return pairs


@kernel
def harvest(c, pairs, start, stop, dirty, offsets):
    """List the kept clusters of the pairs that find_pairs has found, for refresh. Returns the entries reserved.

    A cluster that pointed at either of a pair turns stale: it is unchained, its nearest is unknown, and
    `nearest_linkage` is a lower bound, because a union is no nearer than its nearer part. If they were refreshed
    instead, a hub that takes in its satellites one by one would refresh all of them each time. offsets count from 0.
    """
    entries = 0
    for x in range(start, stop):
        kept = pairs[x, 0]
        gone = pairs[x, 1]
        for side in range(2):
            b = c.admirer[pairs[x, side]]
            while b >= 0:
                after = c.next_admirer[b]
                c.nearest[b] = STALE
                b = after
            c.admirer[pairs[x, side]] = NONE
        dirty[x - start] = kept
        offsets[x - start] = entries
        entries += c.list_length[kept] + c.list_length[gone]
    return entries


@kernel
def proceed(c, lists, merges, work, offsets, cursor, few, steps):
    """Run rounds until no certified reciprocal pair is left or a step is large. Returns (what to do, count, entries).

    Late rounds are thousands of single pairs: here a round costs its own work, and no call from Python.

    work[cursor[BEGIN]:cursor[END]] are clusters whose nearest is new; work[:cursor[BEGIN]] those chained in this round.
    DONE: no pair is left. BREATHE: `steps` are done, call again. Otherwise the step concerns more than `few` clusters,
    or needs more room in the lists, and is left to the caller, with offsets that count from 0. REFRESH: the `count`
    clusters after cursor[END], whose lists need `entries`. MERGE: the `count` pairs after cursor[MERGED], then refresh
    work[:count].
    """
    for _ in range(steps):
        end = relink(c, work, cursor[BEGIN], cursor[END])
        cursor[PUSHED] += end - cursor[END]
        count, entries = collect_stale(c, work, cursor[BEGIN], end, offsets)
        cursor[BEGIN] = end
        cursor[END] = end
        if count > 0:
            if count > few or cursor[USED] + entries > lists.ids.shape[0]:
                return REFRESH, count, entries
            for x in range(count):
                offsets[x] += cursor[USED]
            refresh(c, lists, work[end:], offsets, cursor[NOW], 0, count)
            cursor[USED] += entries
            cursor[END] += count
            continue
        cursor[NOW] += 1
        count = find_pairs(c, work, end, cursor[NOW], merges, cursor[MERGED])
        if count == 0:
            return DONE, 0, 0
        first = cursor[MERGED]
        entries = harvest(c, merges.pairs, first, first + count, work, offsets)
        if count > few or cursor[USED] + entries > lists.ids.shape[0]:
            return MERGE, count, entries
        merge_pairs(c, merges.pairs, first, first + count)
        for x in range(count):
            offsets[x] += cursor[USED]
        refresh(c, lists, work, offsets, cursor[NOW], 0, count)
        cursor[USED] += entries
        cursor[MERGED] += count
        cursor[ROUNDS] += 1
        cursor[BEGIN] = 0
        cursor[END] = count
    return BREATHE, 0, 0
