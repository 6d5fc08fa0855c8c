"""Compiled loops that find and merge reciprocal pairs, and keep track of who points at whom.

`c` is a state.Clusters throughout. All are serial but `merge_pairs`, which may run on several threads at once over
disjoint ranges of pairs.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numba.extending import register_jitable

from ladle.hac.kernels import FAST, NONE, tie_order


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
    head = c.admirer[b]
    c.nearest[a] = b
    c.nearest_linkage[a] = d
    c.next_admirer[a] = head
    c.previous_admirer[a] = NONE
    if head >= 0:
        c.previous_admirer[head] = a
    c.admirer[b] = a


@njit(nogil=True, cache=True)
def relink(c, work, count):
    """Chain work[:count], whose nearest is new; tell a nearest cluster that did not know. Returns (count, told).

    A cluster within its own reach of a nearer one may still have missed it: a tie at the reach, or a neighbour that
    an approximate search lost. Those told are appended to `work`, which has room for twice `count`.
    """
    told = 0
    for x in range(count):
        a = work[x]
        b = c.nearest[a]
        if b >= 0:
            link(c, a, b, c.nearest_linkage[a])
    end = count
    for x in range(count):
        a = work[x]
        b = c.nearest[a]
        if b < 0 or c.nearest[b] == a:
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
            told += 1
    return end, told


@njit(nogil=True, cache=True)
def find_pairs(c, work, count, now, pairs, linkages, sure):
    """Claim every reciprocal pair that work[:count] takes part in. Returns their number.

    pairs (count, 2) int32: (kept, gone); linkages (count,); sure (count,) bool: both reaches were proofs.
    """
    found = 0
    for x in range(count):
        a = work[x]
        if c.changed[a] == now:
            continue
        b = c.nearest[a]
        if b < 0 or c.nearest[b] != a:
            continue
        # The larger cluster keeps its id, so that chains of `parents` stay logarithmic.
        if c.sizes[a] > c.sizes[b] or (c.sizes[a] == c.sizes[b] and a < b):
            pairs[found, 0] = a
            pairs[found, 1] = b
        else:
            pairs[found, 0] = b
            pairs[found, 1] = a
        linkages[found] = c.nearest_linkage[a]
        sure[found] = c.proven[a] and c.proven[b]
        c.changed[a] = now
        c.changed[b] = now
        found += 1
    return found


@njit(nogil=True, cache=True)
def harvest(c, pairs, count, dirty, offsets):
    """After find_pairs: list the clusters whose nearest must be found anew. Returns (number, entries reserved).

    Those are the kept ones and whoever pointed at either of a pair. dirty and offsets have room for all of them;
    offsets count from 0. All of them are unchained.
    """
    end = 0
    entries = 0
    for x in range(count):
        kept = pairs[x, 0]
        gone = pairs[x, 1]
        for side in range(2):
            b = c.admirer[pairs[x, side]]
            while b >= 0:
                after = c.next_admirer[b]
                c.nearest[b] = NONE
                if b != kept and b != gone:
                    dirty[end] = b
                    offsets[end] = entries
                    entries += c.list_length[b]
                    end += 1
                b = after
            c.admirer[pairs[x, side]] = NONE
        dirty[end] = kept
        offsets[end] = entries
        entries += c.list_length[kept] + c.list_length[gone]
        end += 1
    return end, entries


@njit(nogil=True, cache=True, fastmath=FAST)
def merge_pairs(c, pairs, start, stop):
    """Ranged. Merge pairs[start:stop] (kept, gone): weighted mean, spread, size, smaller reach."""
    for x in range(start, stop):
        a = pairs[x, 0]
        b = pairs[x, 1]
        whole = np.float64(c.sizes[a]) + np.float64(c.sizes[b])
        share_a = c.sizes[a] / whole
        share_b = c.sizes[b] / whole
        between = 0.0
        for t in range(c.means.shape[1]):
            difference = c.means[b, t] - c.means[a, t]
            between += difference * difference
            # a + share_b * (b - a) stays exact for equal means, where a weighted sum would drift by a rounding
            c.means[a, t] += share_b * difference
        c.spreads[a] = share_a * c.spreads[a] + share_b * c.spreads[b] + share_a * share_b * between
        c.sizes[a] += c.sizes[b]
        c.parents[b] = a
        c.partner[a] = b
        c.reach[a] = min(c.reach[a], c.reach[b])
        c.proven[a] = c.proven[a] and c.proven[b]
