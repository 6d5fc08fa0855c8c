# mypy: disallow-untyped-decorators=False, disallow-untyped-calls=False
"""Compiled loops of the covering strategies. Serial, GIL-free, most over a range of rows; see ladle.threads.

A graph is in compressed rows: the neighbours of row x are ids[starts[x]:starts[x + 1]], x itself included.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.compiled import kernel
from ladle.neighbours.kernels import rounded, square_distance

Longs = npt.NDArray[np.int64]
Ids = npt.NDArray[np.int32]
Singles = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]
Points = npt.NDArray[np.floating[Any]]


@kernel
def every_square(points: Points, squares: Singles, start: int, stop: int) -> None:
    """Compute the squared distances between all points; each range writes the pairs whose later point is in it.

    points: (m, dim) float; squares: (m, m) float32, written at [x, y] and [y, x] for x in start:stop, y <= x.
    """
    for x in range(start, stop):
        squares[x, x] = 0.0
        for y in range(x):
            square = np.float32(square_distance(points, x, points, y))
            squares[x, y] = square
            squares[y, x] = square


@kernel
def listed_squares(
    points: Points, near: Ids, squares: Singles, mutual: npt.NDArray[np.bool_], start: int, stop: int
) -> None:
    """For each entry of the lists in start:stop, compute its squared distance, and whether the entry is in both lists.

    points: (m, dim) float; near: (m, k) int32, -1 for no entry; squares (m, k) float32 and mutual (m, k) bool: rows
    start:stop are written, but not where there is no entry.
    """
    for x in range(start, stop):
        for t in range(near.shape[1]):
            y = near[x, t]
            if y < 0:
                continue
            squares[x, t] = square_distance(points, x, points, y)
            back = False
            for u in range(near.shape[1]):
                back = back or near[y, u] == x
            mutual[x, t] = back


@kernel
def union_sizes(near: Ids, mutual: npt.NDArray[np.bool_], sizes: Longs) -> None:
    """Add to `sizes` (m,) int64 the number of entries of each row of the symmetric graph, without the row itself."""
    for x in range(near.shape[0]):
        for t in range(near.shape[1]):
            y = near[x, t]
            if y >= 0:
                sizes[x] += 1
                if not mutual[x, t]:
                    sizes[y] += 1


@kernel
def unite(near: Ids, squares: Singles, mutual: npt.NDArray[np.bool_], cursors: Longs, ids: Ids, out: Singles) -> None:
    """Write the symmetric graph of the lists; the first entry of each row is the row itself.

    cursors: (m,) int64, where each row begins, overwritten; ids int32 and out float32 (entries,): written whole.
    """
    for x in range(near.shape[0]):
        ids[cursors[x]] = x
        out[cursors[x]] = 0.0
        cursors[x] += 1
    for x in range(near.shape[0]):
        for t in range(near.shape[1]):
            y = near[x, t]
            if y < 0:
                continue
            ids[cursors[x]] = y
            out[cursors[x]] = squares[x, t]
            cursors[x] += 1
            if not mutual[x, t]:
                ids[cursors[y]] = x
                out[cursors[y]] = squares[x, t]
                cursors[y] += 1


@kernel
def gain(starts: Longs, ids: Ids, weights: Singles, worth: Doubles, cover: Singles, x: int) -> float:
    """The gain of choosing x: the worth of its neighbours, times the amount by which x covers each better.

    Rounded to 44 bits, so that gains that differ by the order of summation alone are ties. Every step of the sum is
    monotone in `cover`, so a gain never grows, rounding included.
    """
    total = 0.0
    for entry in range(starts[x], starts[x + 1]):
        more = weights[entry] - cover[ids[entry]]
        if more > 0:
            total += worth[ids[entry]] * np.float64(more)
    return rounded(total)  # type: ignore[no-any-return]


@kernel
def all_gains(
    starts: Longs, ids: Ids, weights: Singles, worth: Doubles, cover: Singles, gains: Doubles, start: int, stop: int
) -> None:
    """Write the gain of each row in start:stop to `gains` (m,) float64."""
    for x in range(start, stop):
        gains[x] = gain(starts, ids, weights, worth, cover, x)


@kernel
def cover_by(starts: Longs, ids: Ids, weights: Singles, chosen: Longs, cover: Singles) -> None:
    """Raise `cover` (m,) float32 to the weights with which the rows `chosen` (c,) int64 represent their neighbours."""
    for place in range(chosen.size):
        for entry in range(starts[chosen[place]], starts[chosen[place] + 1]):
            cover[ids[entry]] = max(cover[ids[entry]], weights[entry])


@kernel
def _sift(heap: Ids, size: int, place: int, gains: Doubles, ties: Words) -> None:
    """Move heap[place] down until no child comes before it: larger gains first, then smaller ties."""
    moving = heap[place]
    while 2 * place + 1 < size:
        child = 2 * place + 1
        left = heap[child]
        if child + 1 < size:
            right = heap[child + 1]
            if gains[right] > gains[left] or (gains[right] == gains[left] and ties[right] < ties[left]):
                child += 1
        below = heap[child]
        if gains[moving] > gains[below] or (gains[moving] == gains[below] and ties[moving] < ties[below]):
            break
        heap[place] = below
        place = child
    heap[place] = moving


@kernel
def order_heap(heap: Ids, gains: Doubles, ties: Words) -> None:
    """Make `heap` (h,) int32 rows a heap by `gains` (m,) float64 and `ties` (m,) uint64, in place."""
    for place in range(heap.size // 2 - 1, -1, -1):
        _sift(heap, heap.size, place, gains, ties)


@kernel
def greedy(
    starts: Longs,
    ids: Ids,
    weights: Singles,
    worth: Doubles,
    cover: Singles,
    gains: Doubles,
    ties: Words,
    heap: Ids,
    size: int,
    chosen: Longs,
    first: int,
    last: int,
) -> int:
    """Choose chosen[first:last], each the row of largest gain, and return the number of `chosen` that are filled.

    heap: (h,) int32, the rows not chosen yet in its first `size` places; gains: (m,) float64, upper bounds, because a
    gain never grows. The gain of the row on top is computed again: if the row stays on top, no true gain comes before
    it. cover, gains, heap and chosen are updated in place; the next call continues with a `size` smaller by the rows
    chosen. Stops early when the largest gain is 0.
    """
    count = first
    while count < last and size > 0:
        top = heap[0]
        true = gain(starts, ids, weights, worth, cover, top)
        if true < gains[top]:
            gains[top] = true
            _sift(heap, size, 0, gains, ties)
            continue
        if true <= 0:
            break
        chosen[count] = top
        count += 1
        for entry in range(starts[top], starts[top + 1]):
            cover[ids[entry]] = max(cover[ids[entry]], weights[entry])
        size -= 1
        heap[0] = heap[size]
        _sift(heap, size, 0, gains, ties)
    return count


@kernel
def mean_nearest(
    points: Points,
    queries: Longs,
    first: Longs,
    last: Longs,
    others: Longs,
    nearest: int,
    means: Doubles,
    start: int,
    stop: int,
) -> None:
    """The mean distance of each query to its nearest others, `nearest` of them at most; infinite without others.

    points: (m, dim) float; queries, first, last: (q,) int64; query i is compared with others[first[i]:last[i]], but not
    with itself; means: (q,) float64, start:stop are written.
    """
    best = np.empty(nearest, np.float64)
    for i in range(start, stop):
        x = queries[i]
        count = 0
        for entry in range(first[i], last[i]):
            y = others[entry]
            if y == x:
                continue
            square = square_distance(points, x, points, y)
            if count == nearest and square >= best[nearest - 1]:
                continue
            count = min(count + 1, nearest)
            place = count - 1
            while place > 0 and best[place - 1] > square:
                best[place] = best[place - 1]
                place -= 1
            best[place] = square
        total = 0.0
        for place in range(count):
            total += np.sqrt(best[place])
        means[i] = total / count if count > 0 else np.inf
