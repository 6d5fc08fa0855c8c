"""Compiled loops of the neighbour searches. They are serial and release the GIL; `ladle.threads` says why."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.extending import register_jitable

from ladle.compiled import kernel
from ladle.neighbours.prefetch import prefetch_row

AHEAD = 8  # rows that are asked of memory before they are read
# Columns tested at once: it is rare that one of them beats the k-th best. A loop whose length the compiler knows
# becomes a few vector instructions.
WIDE_CHUNK = 64
CHUNK = 16  # columns tested next, where one of the wide chunk does
WORST = -3e38  # below every score; finite, because these loops are compiled without NaN
FAST = {"nnan", "nsz", "reassoc", "contract"}
LAWFUL = {"nsz", "reassoc", "contract"}  # lets the loop over dimensions use vector instructions; infinities stay right


class JoinPoints(NamedTuple):
    """The points of a neighbour join; passed whole to the kernel (numba unpacks named tuples)."""

    points: Any  # (m, d) float32, as in a Packed
    halves: Any  # (m,) float32, as in a Packed
    codes: Any  # (m, d) int8, from `encode`
    steps: Any  # (m,) float32, from `encode`


class JoinLists(NamedTuple):
    """The lists of a neighbour join as they were when the pass began, both ways; they are only read."""

    ids: Any  # (m, k) int32, -1 where there is none
    fresh: Any  # (m, k) bool: the entries that no earlier pass has followed
    reverse: Any  # int32: the rows that have row i on their list, nearest first, at starts[i]:starts[i + 1]
    reverse_fresh: Any  # bool, one for each of `reverse`
    starts: Any  # (m + 1,) int64


@register_jitable(fastmath=LAWFUL)
def square_distance(points: Any, x: Any, others: Any, y: Any) -> Any:
    """The squared distance of points[x] and others[y]."""
    total = 0.0
    for t in range(points.shape[1]):
        difference = points[x, t] - others[y, t]
        total += difference * difference
    return total


@register_jitable
def rounded(linkage: Any) -> Any:
    """Round to 44 bits (by Veltkamp's splitting), so that linkages which differ by rounding alone are ties.

    Equal points at equal distances would otherwise all prefer the same cluster, and join it one a round.
    """
    shifted = linkage * 257.0
    return shifted - (shifted - linkage)


@register_jitable
def square_distance_of_sums(means: Any, remainders: Any, a: Any, b: Any) -> Any:
    """The squared distance of means[a] + remainders[a] and means[b] + remainders[b].

    Without fast maths, which would add mean and remainder up first.
    """
    total = 0.0
    for t in range(means.shape[1]):
        difference = (means[a, t] - means[b, t]) + (remainders[a, t] - remainders[b, t])
        total += difference * difference
    return total


@register_jitable
def linkage_of(means: Any, remainders: Any, spreads: Any, a: Any, b: Any) -> Any:
    """Average linkage of clusters a and b, rounded; to the bit the same for b and a.

    remainders: (n, d) what the means lack in digits; or (0, d) where they lack nothing that matters.
    """
    if remainders.shape[0] > 0:
        square = square_distance_of_sums(means, remainders, a, b)
    else:
        square = square_distance(means, a, means, b)
    return rounded(square + (spreads[a] + spreads[b]))


@register_jitable
def id_of(entry):
    """The cluster that a list entry names; `~` marks entries whose linkage is only a lower bound."""
    return entry if entry >= 0 else ~entry


@register_jitable
def insert(scores, positions, x, score, position):
    """Put a score better than the last into row x, which stays descending."""
    place = scores.shape[1] - 1
    while place > 0 and scores[x, place - 1] < score:
        scores[x, place] = scores[x, place - 1]
        positions[x, place] = positions[x, place - 1]
        place -= 1
    scores[x, place] = score
    positions[x, place] = position


@register_jitable
def listed(positions, x, position):
    """Whether row x holds `position`."""
    for t in range(positions.shape[1]):  # noqa: SIM110 - numba compiles loops, and generators slowly
        if positions[x, t] == position:
            return True
    return False


@kernel(fastmath=FAST)
def keep_best(products, halves, ids, own, best_scores, best_ids, best_rows, repeats):
    """Merge one block of dot products into the running top k of its queries.

    products (q, t) float: query x times column y. halves (t,): subtracted from each column, so that the largest score
    is the smallest linkage. ids (t,) int32: who stands behind each column. own (q,) int64: the query's own id, skipped.
    best_scores (., k) descending and best_ids (., k) int32: owned by the caller, row best_rows[x] updated in place.
    Equal scores keep the one that came first. With `repeats`, a column may be in the row already, and is then skipped.
    """
    k = best_scores.shape[1]
    columns = products.shape[1]
    whole = columns - columns % WIDE_CHUNK
    for x in range(products.shape[0]):
        row = best_rows[x]
        lowest = best_scores[row, k - 1]
        line = products[x]
        for wide_start in range(0, whole, WIDE_CHUNK):
            above = np.int32(0)  # a flag for each lane of a vector, where a maximum would combine all lanes
            for y in range(wide_start, wide_start + WIDE_CHUNK):
                above |= np.int32(line[y] - halves[y] > lowest)
            if above == 0:
                continue
            for start in range(wide_start, wide_start + WIDE_CHUNK, CHUNK):
                above = np.int32(0)
                for y in range(start, start + CHUNK):
                    above |= np.int32(line[y] - halves[y] > lowest)
                if above == 0:
                    continue
                for y in range(start, start + CHUNK):
                    score = line[y] - halves[y]
                    if score > lowest and ids[y] != own[x] and not (repeats and listed(best_ids, row, ids[y])):
                        insert(best_scores, best_ids, row, score, ids[y])
                        lowest = best_scores[row, k - 1]
        for y in range(whole, columns):
            score = line[y] - halves[y]
            if score > lowest and ids[y] != own[x] and not (repeats and listed(best_ids, row, ids[y])):
                insert(best_scores, best_ids, row, score, ids[y])
                lowest = best_scores[row, k - 1]


@kernel
def encode(points, codes, steps, start, stop):
    """Ranged over rows. Write a byte for each coordinate: codes (m, d) int8 are points / steps, steps (m,) float32."""
    for x in range(start, stop):
        largest = np.float32(0.0)
        for a in range(points.shape[1]):
            largest = max(largest, abs(points[x, a]))
        steps[x] = largest / np.float32(127.0)
        scale = np.float32(127.0) / largest if largest > 0 else np.float32(0.0)
        for a in range(points.shape[1]):
            codes[x, a] = np.int8(np.rint(points[x, a] * scale))


@register_jitable
def mark(slots, member):
    """Put `member` into `slots`, a hash table whose size is a power of two. Returns whether it was there."""
    mask = slots.shape[0] - 1
    slot = (member * np.int32(-1640531527)) & mask
    while slots[slot] != -1 and slots[slot] != member:
        slot = (slot + 1) & mask
    met = slots[slot] == member
    slots[slot] = member
    return met


@register_jitable
def _collect_unmet(lists, positions, x, slots, unmet):
    """Write the neighbours of x's neighbours that no earlier pass has met to `unmet`. Returns their number."""
    k = lists.ids.shape[1]
    slots[:] = -1
    mark(slots, np.int32(x))
    met = 1
    count = 0
    for t in range(positions.shape[1]):
        if positions[x, t] >= 0:
            mark(slots, positions[x, t])
            met += 1
    own_reverse = min(k, lists.starts[x + 1] - lists.starts[x])
    for t in range(k + own_reverse):
        if t < k:
            via = lists.ids[x, t]
            first_fresh = lists.fresh[x, t]
        else:
            via = lists.reverse[lists.starts[x] + t - k]
            first_fresh = lists.reverse_fresh[lists.starts[x] + t - k]
        if via < 0:
            continue
        via_reverse = min(k, lists.starts[via + 1] - lists.starts[via])
        for u in range(-1, k + via_reverse):
            if u < 0:
                y = via  # a row that has x among its nearest may be among the nearest of x
                second_fresh = False
            elif u < k:
                y = lists.ids[via, u]
                second_fresh = lists.fresh[via, u]
            else:
                y = lists.reverse[lists.starts[via] + u - k]
                second_fresh = lists.reverse_fresh[lists.starts[via] + u - k]
            if y < 0 or not (first_fresh or second_fresh) or mark(slots, y):
                continue
            unmet[count] = y
            count += 1
            if met + count >= unmet.shape[0]:  # a fuller table would probe too long; the rest is skipped
                return count
    return count


@kernel(fastmath=FAST)
def join_neighbours(join_points, lists, table_bits, scores, positions, start, stop):
    """Ranged over rows. Test the neighbours of each row's neighbours, both ways along the lists.

    join_points: a JoinPoints. A pair whose codes put it well below the row's last entry is dropped without reading its
    points: codes take a quarter of the bytes, and a test costs what it reads. lists: a JoinLists. Two steps that an
    earlier pass has both followed are not followed again; of the rows that have a row on their list, k count.
    scores and positions (m, k) are updated in rows start:stop.
    """
    points, halves, codes, steps = join_points
    k = lists.ids.shape[1]
    slots = np.empty(1 << table_bits, np.int32)
    unmet = np.empty(slots.shape[0] // 2, np.int32)
    for x in range(start, stop):
        count = _collect_unmet(lists, positions, x, slots, unmet)
        for t in range(min(AHEAD, count)):
            prefetch_row(codes, unmet[t])
        for t in range(count):
            if t + AHEAD < count:
                prefetch_row(codes, unmet[t + AHEAD])
            y = unmet[t]
            product = np.int32(0)
            for a in range(codes.shape[1]):
                product = np.int32(product + np.int32(np.int32(codes[x, a]) * np.int32(codes[y, a])))
            # Points lie in the unit ball, so a step more or less is three standard deviations of the rounding.
            if steps[x] * steps[y] * product - halves[y] + steps[x] + steps[y] <= scores[x, k - 1]:
                continue
            score = -halves[y]
            for a in range(points.shape[1]):
                score += points[x, a] * points[y, a]
            if score > scores[x, k - 1]:
                insert(scores, positions, x, score, y)


@kernel
def mark_fresh(known, before, fresh, start, stop):
    """Ranged. Write which entries of `known` (m, k) are not in the same row of `before` (m, .) to fresh (m, k) bool."""
    for x in range(start, stop):
        for t in range(known.shape[1]):
            fresh[x, t] = not listed(before, x, known[x, t])


@kernel
def reverse_lists(known, fresh, start, reverse, reverse_fresh):
    """List for each row the rows that have it on their list, nearest first, and whether that entry is fresh.

    known (m, k) int32, fresh (m, k) bool. Fills reverse and reverse_fresh (m k,), and start (m + 1,) int64, which comes
    as zeros, with the place where each row's part of `reverse` begins.
    """
    m, k = known.shape
    for x in range(m):
        for t in range(k):
            if known[x, t] >= 0:
                start[known[x, t] + 1] += 1
    for x in range(m):
        start[x + 1] += start[x]
    for t in range(k):
        for x in range(m):
            y = known[x, t]
            if y >= 0:
                reverse[start[y]] = x
                reverse_fresh[start[y]] = fresh[x, t]
                start[y] += 1
    for x in range(m, 0, -1):  # each start has moved to its part's end: the next one's start
        start[x] = start[x - 1]
    start[0] = 0
