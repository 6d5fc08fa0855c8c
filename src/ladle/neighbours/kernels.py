"""Compiled loops of the neighbour searches. Serial, GIL-free; see ladle.threads for why."""

from __future__ import annotations

import numpy as np
from numba import njit
from numba.extending import register_jitable

CHUNK = 16  # columns tested at once: their maximum rarely beats the k-th best
WORST = -3e38  # below every score; finite, because these loops are compiled without NaN
FAST = {"nnan", "nsz", "reassoc", "contract"}


@register_jitable
def _insert(scores, positions, x, score, position):
    """Put a score better than the last into row x, which stays descending."""
    place = scores.shape[1] - 1
    while place > 0 and scores[x, place - 1] < score:
        scores[x, place] = scores[x, place - 1]
        positions[x, place] = positions[x, place - 1]
        place -= 1
    scores[x, place] = score
    positions[x, place] = position


@register_jitable
def _listed(positions, x, position):
    """Whether row x holds `position`."""
    for t in range(positions.shape[1]):  # noqa: SIM110 - numba compiles loops, and generators slowly
        if positions[x, t] == position:
            return True
    return False


@njit(nogil=True, cache=True, fastmath=FAST)
def keep_best(products, halves, first, own, best_scores, best_pos, best_rows, repeats):
    """Merge one block of dot products into the running top k of its queries.

    products (q, t) float, overwritten: query x times column y. halves (t,): subtracted from each column, so that the
    largest score is the smallest linkage. first: member position of column 0. own (q,) int64: member position of
    the query itself, skipped. best_scores (., k) descending and best_pos (., k) int32: owned by the caller, row
    best_rows[x] updated in place. Equal scores keep the one found first. With `repeats`, a column may be in the row
    already, and is then left alone.
    """
    k = best_scores.shape[1]
    columns = products.shape[1]
    whole = columns - columns % CHUNK
    for x in range(products.shape[0]):
        row = best_rows[x]
        lowest = best_scores[row, k - 1]
        own_column = own[x] - first
        line = products[x]
        for start in range(0, whole, CHUNK):  # a trip count known to the compiler is twice as fast
            top = np.float32(WORST)
            for y in range(start, start + CHUNK):
                score = line[y] - halves[y]
                line[y] = score
                top = score if score > top else top
            if top <= lowest:
                continue
            for y in range(start, start + CHUNK):
                if line[y] > lowest and y != own_column and not (repeats and _listed(best_pos, row, first + y)):
                    _insert(best_scores, best_pos, row, line[y], np.int32(first + y))
                    lowest = best_scores[row, k - 1]
        for y in range(whole, columns):
            score = line[y] - halves[y]
            if score > lowest and y != own_column and not (repeats and _listed(best_pos, row, first + y)):
                _insert(best_scores, best_pos, row, score, np.int32(first + y))
                lowest = best_scores[row, k - 1]


@njit(nogil=True, cache=True, fastmath=FAST)
def join_neighbours(
    points,
    halves,
    known,
    fresh,
    reverse,
    reverse_fresh,
    reverse_start,
    width,
    table_bits,
    scores,
    positions,
    start,
    stop,
):
    """Ranged over rows. Test the neighbours of each row's neighbours, both ways along the lists.

    points (m, d) float32 and halves (m,) as in a Packed. known (m, k) int32: the lists as they were, read only; fresh
    (m, k) bool: which of their entries no earlier pass has seen. Two steps that an earlier pass has seen both are not
    taken again. reverse, reverse_fresh: rows that have row i among their first `width`, nearest first, at
    reverse_start[i]:reverse_start[i + 1]. scores and positions (m, k) are updated in rows start:stop.
    """
    k = known.shape[1]
    slots = np.empty(1 << table_bits, np.int32)
    mask = slots.shape[0] - 1
    room = slots.shape[0] // 2  # a fuller table would probe too long; what is left is skipped
    for x in range(start, stop):
        slots[:] = -1
        used = 1
        slots[(np.int32(x) * np.int32(-1640531527)) & mask] = x
        for t in range(k):
            y = positions[x, t]
            if y >= 0:
                slot = (y * np.int32(-1640531527)) & mask
                while slots[slot] != -1:
                    slot = (slot + 1) & mask
                slots[slot] = y
                used += 1
        own_reverse = min(width, reverse_start[x + 1] - reverse_start[x])
        for t in range(width + own_reverse):
            if t < width:
                via = known[x, t]
                first_fresh = fresh[x, t]
            else:
                via = reverse[reverse_start[x] + t - width]
                first_fresh = reverse_fresh[reverse_start[x] + t - width]
            if via < 0:
                continue
            via_reverse = min(width, reverse_start[via + 1] - reverse_start[via])
            for u in range(-1, width + via_reverse):
                if u < 0:
                    y = via  # who has me among its nearest may be among mine
                    second_fresh = False
                elif u < width:
                    y = known[via, u]
                    second_fresh = fresh[via, u]
                else:
                    y = reverse[reverse_start[via] + u - width]
                    second_fresh = reverse_fresh[reverse_start[via] + u - width]
                if y < 0 or used >= room or not (first_fresh or second_fresh):
                    continue
                slot = (y * np.int32(-1640531527)) & mask
                while slots[slot] != -1 and slots[slot] != y:
                    slot = (slot + 1) & mask
                if slots[slot] == y:
                    continue
                slots[slot] = y
                used += 1
                score = -halves[y]
                for a in range(points.shape[1]):
                    score += points[x, a] * points[y, a]
                if score > scores[x, k - 1]:
                    _insert(scores, positions, x, score, y)


@njit(nogil=True, cache=True)
def mark_fresh(known, before, fresh, start, stop):
    """Ranged. fresh (m, k) bool: which entries of `known` (m, k) are not in the same row of `before` (m, .)."""
    for x in range(start, stop):
        for t in range(known.shape[1]):
            fresh[x, t] = not _listed(before, x, known[x, t])


@njit(nogil=True, cache=True)
def reverse_lists(known, fresh, width, start, reverse, reverse_fresh):
    """For each row, the rows that have it among their first `width`, nearest first, and whether that entry is fresh.

    known (m, k) int32, fresh (m, k) bool; start (m + 1,) int64 zeros, filled with where each row's part of `reverse`
    begins.
    """
    m = known.shape[0]
    for x in range(m):
        for t in range(width):
            if known[x, t] >= 0:
                start[known[x, t] + 1] += 1
    for x in range(m):
        start[x + 1] += start[x]
    for t in range(width):
        for x in range(m):
            y = known[x, t]
            if y >= 0:
                reverse[start[y]] = x
                reverse_fresh[start[y]] = fresh[x, t]
                start[y] += 1
    for x in range(m, 0, -1):  # each start has moved to its part's end: the next one's start
        start[x] = start[x - 1]
    start[0] = 0
