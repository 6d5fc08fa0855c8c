"""Farthest first: each pick is the row farthest from all before, exactly, without looking at every row each time.

The front is the rows with the largest distances; to find it, only rows whose bounds reach that far are brought up to
date. Picks are made in the front alone, as long as one of its rows is farther than every bound outside; then comes the
next front. A row near a centre that was found early is never looked at again.
"""

from __future__ import annotations

import numpy as np

from ladle import draws, threads
from ladle.arrays import Rows
from ladle.mixing import Words
from ladle.progress import Reporter
from ladle.strategies.distance.centres import Centres, Longs
from ladle.strategies.distance.space import Floats, Space

FRONT = 4096
AHEAD = 4  # times as many rows are brought up to date at once
PICKED = np.float32(-1.0)
FIRST_CENTRES = 256  # every row is compared with as many of the centres given


def farthest_first(
    space: Space, free: Rows, centres: Rows, size: int, draw_key: np.uint64, progress: Reporter
) -> tuple[Rows, Floats]:
    """`size` of the rows `free` (m,), each the farthest from `centres` (c,) and from all before: rows and distances.

    centres: at least one. Ties go by a seeded draw. Rows at distance 0 come last.
    Cost: at most m (c + size) distances, and FRONT size more for the picks; 12 bytes a row, the points of the centres.
    Source: Gonzalez 1985; as a query strategy, Sener & Savarese 2018. Lazy evaluation after Minoux 1978.
    """
    found = Centres(space, free, len(centres) + size, np.full(len(free), np.inf, np.float32))
    # A few spread over all: the first bounds are good, and rows already near a label are out of the way.
    order = np.argsort(np.arange(len(centres)) % max(1, len(centres) // FIRST_CENTRES), kind="stable")
    found.add(centres[order[:FIRST_CENTRES]])
    found.refresh(np.arange(len(free)), progress, "distances to the labelled")
    if len(centres) > FIRST_CENTRES:
        found.add(centres[order[FIRST_CENTRES:]])
    lots = draws.priorities(draw_key, free)
    picked = np.empty(size, np.int64)
    distances = np.empty(size, np.float32)
    done = 0
    with progress.task("choosing", size) as advance, threads.single_threaded_blas():
        while done < size:
            front, others = _front(found, lots)
            before = done
            done = _walk(found, front, others, lots, picked, distances, done)
            advance(done - before)
    return free[picked], distances


def _walk(found: Centres, front: Longs, others: float, lots: Words, picked: Longs, distances: Floats, done: int) -> int:
    """Pick from the front (f,), which is up to date, while it holds the farthest row of all."""
    points = found.space.take(found.free[front])
    values = found.bounds[front]
    while done < len(picked):
        farthest = values.max()
        if farthest < others or farthest < 0:
            break
        tied = np.flatnonzero(values == farthest)
        best = int(tied[np.argmin(lots[front[tied]])])
        picked[done], distances[done] = front[best], farthest
        done += 1
        new = tuple(part[best : best + 1] for part in points)
        found.add_points(new)
        np.minimum(values, found.space.nearest(points, new), out=values)
        values[best] = PICKED
    found.bounds[front] = values
    found.seen[front] = found.count
    return done


def _front(found: Centres, lots: Words) -> tuple[Longs, float]:
    """Positions of the FRONT rows farthest from all centres, up to date; and the largest bound of all others."""
    while True:
        front, others = _largest(found.bounds, lots, FRONT)
        if (found.seen[front] == found.count).all():
            return front, others
        # Several times as many at once: most turn out to be nearer than their bounds said.
        found.refresh(_largest(found.bounds, lots, AHEAD * FRONT)[0])


def _largest(bounds: Floats, lots: Words, count: int) -> tuple[Longs, float]:
    """Positions of the `count` largest bounds, ties by lot, and the largest of the others."""
    if len(bounds) <= count:
        return np.arange(len(bounds)), -np.inf
    last = len(bounds) - count
    parted = np.partition(bounds, [last - 1, last])
    if parted[last - 1] < parted[last]:
        return np.flatnonzero(bounds >= parted[last]), float(parted[last - 1])
    tied = np.flatnonzero(bounds == parted[last])
    surely = np.flatnonzero(bounds > parted[last])
    drawn = tied[np.argpartition(lots[tied], count - len(surely) - 1)[: count - len(surely)]]
    return np.concatenate([surely, drawn]), float(parted[last])
