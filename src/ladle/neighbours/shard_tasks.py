"""The work of one task of a sharded search: all comparisons of two blocks of members, or of queries with members.

A task repeats what `ladle.neighbours.brute` does with the same tiles, so its scores are the same to the bit. Its lists
hold the best of the members that it has seen; `merge_lists` makes one list of those of several tasks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.compiled import kernel
from ladle.neighbours.brute import compare_tiles
from ladle.neighbours.kernels import WORST
from ladle.neighbours.products import MEMBER_BLOCK, QUERY_BLOCK, Floats, Int32s, Packed, top_k


def compare_blocks(one: Floats, one_halves: Floats, other: Floats, other_halves: Floats, place: Any) -> Any:
    """Compare all members of two blocks, both ways; a block with itself once.

    one, other: (m, d) float32 points. place: (the positions of the first of each, members in all, k). Returns the
    lists of both blocks: scores (m, k) descending and positions (m, k) int32. A block has whole tiles, but the last.
    """
    first, other_first, members, k = place
    same = first == other_first
    points = one if same else np.concatenate([one, other])
    halves = np.array(one_halves) if same else np.concatenate([one_halves, other_halves])
    scores = np.full((len(points), k), WORST, points.dtype)
    places = np.full((len(points), k), -1, np.int32)
    tiles = threads.ranges(members, MEMBER_BLOCK)
    count = len(tiles)
    ours = range(first // MEMBER_BLOCK, -(-(first + len(one)) // MEMBER_BLOCK))
    theirs = range(other_first // MEMBER_BLOCK, -(-(other_first + len(other)) // MEMBER_BLOCK))
    meetings = sorted((((i + j) % count), i, j) for i in ours for j in theirs if i <= j)

    def local(tile: int, begin: int, offset: int) -> tuple[int, int]:
        start, stop = tiles[tile]
        return start - begin + offset, stop - begin + offset

    offset = 0 if same else len(one)
    with threads.single_threaded_blas():
        for _, i, j in meetings:
            compare_tiles(points, halves, local(i, first, 0), local(j, other_first, offset), scores, places)
    if same:
        return {"scores": scores, "positions": _global(places, first, len(one), other_first)}
    places = _global(places, first, len(one), other_first)
    mine, others = slice(0, len(one)), slice(len(one), None)
    return {
        "scores": scores[mine],
        "positions": places[mine],
        "other_scores": scores[others],
        "other_positions": places[others],
    }


def _global(places: Int32s, first: int, length: int, other_first: int) -> Int32s:
    """Positions among all members, of positions in two blocks that lie end to end; -1 stays."""
    shifted = np.where(places < length, places + first, places - length + other_first)
    return np.where(places < 0, places, shifted).astype(np.int32)


def compare_queries(points: Floats, halves: Floats, queries: Floats, own: npt.NDArray[np.int64], place: Any) -> Any:
    """Compare `queries` (q, d) with the members `points` (m, d).

    own (q,): the queries' positions. place: (the position of the first member, k). Returns scores and positions (q, k).
    """
    first, k = place
    scores = np.full((len(queries), k), WORST, points.dtype)
    places = np.full((len(queries), k), -1, np.int32)
    packed = Packed(points, np.array(halves), np.empty(0), None)  # type: ignore[arg-type]  # top_k reads neither
    with threads.single_threaded_blas():
        for start, stop in threads.ranges(len(queries), QUERY_BLOCK):
            part = slice(start, stop)
            top_k(packed, queries[part], own[part], scores[part], places[part], first)
    return {"scores": scores, "positions": places}


@kernel
def merge_lists(scores: Any, positions: Any, more_scores: Any, more: Any, first: Any, tile: Any, tiles: Any) -> None:
    """Keep the best k of two lists for each row: those of `scores` and `positions` (m, k), updated, and the others.

    Both lists are sorted by score, the best first; among equal scores by the step in which the exact search would meet
    the member, then by position. The step of tiles i and j is (i + j) modulo `tiles`; the rows begin at `first`. With
    one tile all steps are equal. No position is in both lists; -1 stands for none, and comes last.
    """
    k = scores.shape[1]
    best = np.empty(k, scores.dtype)
    places = np.empty(k, positions.dtype)
    for x in range(scores.shape[0]):
        own = (first + x) // tile
        a = 0
        b = 0
        for t in range(k):
            take = scores[x, a] > more_scores[x, b]
            if scores[x, a] == more_scores[x, b]:
                step = (own + positions[x, a] // tile) % tiles
                other_step = (own + more[x, b] // tile) % tiles
                take = step < other_step or (step == other_step and positions[x, a] < more[x, b])
                if more[x, b] < 0:
                    take = True
                elif positions[x, a] < 0:
                    take = False
            if take:
                best[t] = scores[x, a]
                places[t] = positions[x, a]
                a += 1
            else:
                best[t] = more_scores[x, b]
                places[t] = more[x, b]
                b += 1
        for t in range(k):
            scores[x, t] = best[t]
            positions[x, t] = places[t]
