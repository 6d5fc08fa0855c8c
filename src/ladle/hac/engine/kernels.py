"""Compiled loops over the candidate lists. They are serial over a range and release the GIL; `ladle.threads` says why.

`c` is a state.Clusters and `lists` a state.Lists throughout. Kernels marked "ranged" may run on several threads at
once over disjoint ranges: each writes only the clusters of its range, and reads only what no other range writes.
"""

from __future__ import annotations

import math

import numpy as np
from numba.extending import register_jitable

from ladle.compiled import kernel
from ladle.hac.engine.state import NONE
from ladle.mixing import mix_word
from ladle.neighbours.kernels import id_of, linkage_of

LONG = 256  # entries of a list that merges may make; only searches make longer ones
SLACK = 1.0 - 1e-5  # of a bound, for the rounding of the linkages it is the mean of


@register_jitable
def tie_order(a, b):
    """The order among equal linkages: a symmetric hash of the pair (the finaliser of SplitMix64).

    A rule such as "smallest id" would let a star of equal points merge one pair a round. A hash pairs them at random.
    """
    low = np.uint64(min(a, b))
    high = np.uint64(max(a, b))
    return mix_word((low << np.uint64(32)) | high)


@register_jitable
def resolved(wide, norm_a, norm_b, linkage):
    """Whether rounding of two means moves their linkage by a millionth at most, or by a ten-thousandth in float32.

    wide: whether the means are in float64. norm_a, norm_b: lengths of the means. Means in float64 that are nearer than
    their own rounding are equal, as far as the data shows.
    """
    unit = 2.0**-53 if wide else 2.0**-24
    moved = 4.0 * unit * (norm_a + norm_b)
    return moved <= 0.5 * (1e-6 if wide else 1e-4) * math.sqrt(linkage) or (wide and linkage <= moved * moved)


@register_jitable
def nearer_admirer(c, a, best, best_linkage):
    """The nearest within a's reach among `best` and the clusters that point at a.

    They list a even where a's own list missed them, as with a tie at the reach, or after an approximate search.
    """
    b = c.admirer[a]
    while b >= 0:
        d = c.nearest_linkage[b]
        if d <= c.reach[a] and (d < best_linkage or (d == best_linkage and tie_order(a, b) < tie_order(a, best))):
            best = b
            best_linkage = d
        b = c.next_admirer[b]
    return best, best_linkage


@kernel
def install(c, lists, queries, ids, reach, proven, offset, now, start, stop):
    """Ranged. Give queries[start:stop] fresh lists from a search.

    ids (q, k) int32, reach (q,), proven (q,): as in contract.Candidates. Query x writes at offset + x * k. Entries
    beyond the reach are dropped.
    """
    k = ids.shape[1]
    for x in range(start, stop):
        a = queries[x]
        base = offset + x * k
        limit = reach[x]
        best = NONE
        best_linkage = np.inf
        for t in range(k):
            b = ids[x, t]
            lists.ids[base + t] = b
            if b >= 0:
                lists.linkages[base + t] = linkage_of(c.means, c.remainders, c.spreads, a, b)
                d = lists.linkages[base + t]  # as rounded to the lists' dtype, so that both ends see one number
                if d < best_linkage or (d == best_linkage and tie_order(a, b) < tie_order(a, best)):
                    best = b
                    best_linkage = d
        length = 0
        for t in range(k):
            b = lists.ids[base + t]
            if b >= 0 and lists.linkages[base + t] <= limit:
                lists.ids[base + length] = b
                lists.linkages[base + length] = lists.linkages[base + t]
                length += 1
        c.list_start[a] = base
        c.list_length[a] = length
        c.partner[a] = NONE
        c.reach[a] = limit
        c.proven[a] = proven[x]
        c.scanned[a] = now
        if length == 0:
            best = NONE
            best_linkage = np.inf
        best, best_linkage = nearer_admirer(c, a, best, best_linkage)
        c.nearest[a] = best
        c.nearest_linkage[a] = best_linkage


@register_jitable
def _unite_lists(c, lists, a, partner, base, slots, others):
    """Unite the lists of `a` and its `partner` (or NONE) at `base`: follow merges, drop repeats. Returns the length.

    A repeat keeps the smaller linkage. By reducibility it is a lower bound of the linkage to the union, as is any
    linkage to a cluster that has merged since. Negative ids (~b) mark such bounds. With a partner, every entry is a
    bound: the linkage to `a` as it was goes to the list, the linkage to the partner goes to `others`. For a cluster
    that is on one list only, the reach of the other list is its bound.
    """
    mask = slots.shape[0] - 1  # open addressing: the hash of a cluster leads to its slot
    slots[:] = NONE
    length = 0
    source = a
    for side in range(2):
        first = c.list_start[source]
        for place in range(first, first + c.list_length[source]):
            sure = lists.ids[place] >= 0
            b = id_of(lists.ids[place])
            while c.parents[b] != b:
                b = c.parents[b]
            if b == a:
                continue
            d = lists.linkages[place]
            slot = (b * np.int32(-1640531527)) & mask
            while slots[slot] != NONE and id_of(lists.ids[base + slots[slot]]) != b:
                slot = (slot + 1) & mask
            if slots[slot] != NONE:
                at = slots[slot]
                lists.ids[base + at] = ~b
                if side == 0:
                    lists.linkages[base + at] = min(lists.linkages[base + at], d)
                else:
                    others[at] = min(others[at], d)
                continue
            slots[slot] = length
            sure = sure and partner < 0 and c.changed[b] <= c.scanned[a]
            lists.ids[base + length] = b if sure else ~b
            lists.linkages[base + length] = d if side == 0 else c.reach[a]
            if partner >= 0:
                others[length] = c.reach[partner] if side == 0 else d
            length += 1
        if partner < 0:
            break
        source = partner
    return length


@register_jitable
def _weigh(c, lists, a, partner, base, length, others):
    """Bound the linkages to `a`, which has taken in its `partner`: average linkage is the weighted mean of both."""
    share = c.sizes[partner] / np.float64(c.sizes[a])
    whole = c.reach[a] < np.inf and c.reach[partner] < np.inf
    for t in range(base, base + length):
        one = lists.linkages[t]
        other = others[t - base]
        lists.linkages[t] = SLACK * (one + share * (other - one) if whole else min(one, other))


@register_jitable
def joint_reach(c, a, partner):
    """The reach of `a` with its `partner`: a cluster on neither list is beyond both reaches, so beyond their mean."""
    low = min(c.reach[a], c.reach[partner])
    high = max(c.reach[a], c.reach[partner])
    if high == np.inf:  # one of them lists every cluster
        return high
    share = c.sizes[partner] / np.float64(c.sizes[a])
    if c.reach[partner] < c.reach[a]:
        share = 1.0 - share
    return low + share * (high - low)  # just `low` where both are equal: ties at the reach stay within it


@register_jitable
def _shorten(c, lists, a, base, length, most):
    """Keep the `most` entries of the list at `base` with the least bounds; the reach ends where the others begin.

    Where reaches are wide, as among ties, unions of unions would otherwise grow without end. Returns the length.
    """
    ordered = np.sort(lists.linkages[base : base + length])
    cut = ordered[most]
    ties = most - np.searchsorted(ordered, cut)  # so many of the entries at the cut itself stay
    kept = base
    for t in range(base, base + length):
        d = lists.linkages[t]
        if d > cut or (d == cut and ties == 0):
            continue
        if d == cut:
            ties -= 1
        lists.ids[kept] = lists.ids[t]
        lists.linkages[kept] = d
        kept += 1
    c.reach[a] = min(c.reach[a], cut)
    return kept - base


@register_jitable
def _evaluate(c, lists, a, base, length, limit):
    """Compute the linkages of the list at `base` that may be the least. Returns (length, nearest, its linkage).

    Entries beyond `limit` are dropped. The other entries keep their bounds: most linkages are never computed.
    """
    best = NONE
    best_linkage = np.inf
    kept = base
    lowest = np.inf
    lowest_at = base
    for t in range(base, base + length):
        b = lists.ids[t]
        d = lists.linkages[t]
        if d > limit:
            continue
        lists.ids[kept] = b
        lists.linkages[kept] = d
        if b < 0:
            if d < lowest:
                lowest = d
                lowest_at = kept
        elif d < best_linkage or (d == best_linkage and tie_order(a, b) < tie_order(a, best)):
            best = b
            best_linkage = d
        kept += 1
    t = lowest_at  # the most promising first: it rules out most others
    for _ in range(kept - base):
        b = lists.ids[t]
        if b < 0 and lists.linkages[t] <= best_linkage:
            b = ~b
            lists.ids[t] = b
            lists.linkages[t] = linkage_of(c.means, c.remainders, c.spreads, a, b)
            d = lists.linkages[t]  # as rounded to the lists' dtype, so that both ends see one number
            if d > limit:
                lists.ids[t] = a  # no longer an entry: beyond the reach it would bound nothing
            elif d < best_linkage or (d == best_linkage and tie_order(a, b) < tie_order(a, best)):
                best = b
                best_linkage = d
        t += 1
        if t == kept:
            t = base
    return kept - base, best, best_linkage


@kernel
def refresh(c, lists, dirty, offsets, now, start, stop):
    """Ranged. Bring the lists of dirty[start:stop] up to date and find the nearest.

    Cluster dirty[x] writes from offsets[x], where list_length of itself and of its partner is reserved. A linkage is
    computed only where its bound leaves it a chance to be the least.
    """
    slots = np.empty(64, np.int32)
    others = np.empty(32)
    for x in range(start, stop):
        a = dirty[x]
        partner = c.partner[a]
        entries = c.list_length[a] + (c.list_length[partner] if partner >= 0 else 0)
        while slots.shape[0] < 2 * entries:
            slots = np.empty(2 * slots.shape[0], np.int32)
            others = np.empty(slots.shape[0] // 2)
        used = 64
        while used < 2 * entries:
            used *= 2
        base = offsets[x]
        length = _unite_lists(c, lists, a, partner, base, slots[:used], others)
        if partner >= 0:
            _weigh(c, lists, a, partner, base, length, others)
            c.reach[a] = joint_reach(c, a, partner)
            c.proven[a] = c.proven[a] and c.proven[partner]
            most = max(LONG, c.list_length[a], c.list_length[partner])
            if length > most:
                length = _shorten(c, lists, a, base, length, most)
        length, best, best_linkage = _evaluate(c, lists, a, base, length, c.reach[a])
        best, best_linkage = nearer_admirer(c, a, best, best_linkage)
        c.list_start[a] = base
        c.list_length[a] = length
        c.partner[a] = NONE
        c.nearest[a] = best
        c.nearest_linkage[a] = best_linkage
        c.scanned[a] = now
