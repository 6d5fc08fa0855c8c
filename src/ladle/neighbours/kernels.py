"""Compiled loops of the neighbour searches. Serial, GIL-free; see ladle.threads for why."""

from __future__ import annotations

import numpy as np
from numba import njit

CHUNK = 32  # columns tested at once: their maximum is one vector instruction or two, and rarely beats the k-th best


@njit(nogil=True, cache=True, fastmath={"nnan", "nsz", "reassoc", "contract"})
def keep_best(scores, halves, first, own, best_scores, best_pos):
    """Merge one block of dot products into the running top k of its queries.

    scores (q, t) float, overwritten: query x times column y. halves (t,): subtracted from each column, so that the
    largest score is the smallest linkage. first: member position of column 0. own (q,) int64: member position of
    the query itself, skipped. best_scores (q, k) descending and best_pos (q, k) int32: owned by the caller, updated
    in place. Equal scores keep the one found first, i.e. the lower position.
    """
    k = best_scores.shape[1]
    columns = scores.shape[1]
    for x in range(scores.shape[0]):
        lowest = best_scores[x, k - 1]
        own_column = own[x] - first
        for start in range(0, columns, CHUNK):
            stop = min(columns, start + CHUNK)
            top = scores[x, start] - halves[start]
            for y in range(start, stop):
                score = scores[x, y] - halves[y]
                scores[x, y] = score
                top = max(top, score)
            if top <= lowest:
                continue
            for y in range(start, stop):
                score = scores[x, y]
                if score > lowest and y != own_column:
                    place = k - 1
                    while place > 0 and best_scores[x, place - 1] < score:
                        best_scores[x, place] = best_scores[x, place - 1]
                        best_pos[x, place] = best_pos[x, place - 1]
                        place -= 1
                    best_scores[x, place] = score
                    best_pos[x, place] = np.int32(first + y)
                    lowest = best_scores[x, k - 1]
