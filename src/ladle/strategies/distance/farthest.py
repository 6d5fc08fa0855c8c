"""Farthest first: each pick is the row farthest from all earlier picks, exactly, without a pass over all rows a pick.

The front holds the rows with the largest distances. To find it, only rows whose bounds reach that far are brought up to
date. Picks come from the front alone while one of its rows is farther than every bound outside; then comes the next
front. The distance of a row near an early centre is never computed again.
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
AHEAD = 4  # rows brought up to date at once, in fronts
PICKED = np.float32(-1.0)
FIRST_CENTRES = 256  # of the centres given, those that every row is compared with


def farthest_first(
    space: Space, free: Rows, centres: Rows, size: int, draw_key: np.uint64, progress: Reporter
) -> tuple[Rows, Floats]:
    """`size` of the rows `free` (m,), each the farthest from `centres` (c,) and all earlier ones: rows and distances.

    centres: at least one. A seeded draw decides ties. Rows at distance 0 come last.
    Cost: at most m (c + size) distances, and FRONT size more for the picks; 12 bytes a row, the points of the centres.
    Source: Gonzalez 1985; as a query strategy, Sener & Savarese 2018. Lazy evaluation after Minoux 1978.
    """
    bounded = Centres(space, free, len(centres) + size, np.full(len(free), np.inf, np.float32))
    # The first centres are evenly spaced among all: their bounds are good, and rows near a label drop out early.
    order = np.argsort(np.arange(len(centres)) % max(1, len(centres) // FIRST_CENTRES), kind="stable")
    bounded.add(centres[order[:FIRST_CENTRES]])
    bounded.refresh(np.arange(len(free)), progress, "distances to the labelled")
    if len(centres) > FIRST_CENTRES:
        bounded.add(centres[order[FIRST_CENTRES:]])
    lots = draws.priorities(draw_key, free)
    picked = np.empty(size, np.int64)
    distances = np.empty(size, np.float32)
    done = 0
    with progress.task("choosing", size) as advance, threads.single_threaded_blas():
        while done < size:
            front, others = _front(bounded, lots)
            before = done
            done = _pick(bounded, front, others, lots, picked, distances, done)
            advance(done - before)
    return free[picked], distances


def _pick(
    centres: Centres, front: Longs, others: float, lots: Words, picked: Longs, distances: Floats, done: int
) -> int:
    """Pick from the front (f,), which is up to date, while it holds the farthest row of all; the number picked by then.

    others: the largest bound outside the front.
    """
    points = centres.space.take(centres.free[front])
    values = centres.bounds[front]
    while done < len(picked):
        farthest = values.max()
        if farthest < others or farthest < 0:
            break
        tied = np.flatnonzero(values == farthest)
        best = int(tied[np.argmin(lots[front[tied]])])
        picked[done], distances[done] = front[best], farthest
        done += 1
        new = tuple(part[best : best + 1] for part in points)
        centres.add_points(new)
        np.minimum(values, centres.space.nearest(points, new), out=values)
        values[best] = PICKED
    centres.bounds[front] = values
    centres.seen[front] = centres.count
    return done


def _front(centres: Centres, lots: Words) -> tuple[Longs, float]:
    """Positions of the FRONT rows farthest from all centres, up to date; and the largest bound of all others."""
    while True:
        front, others = _largest(centres.bounds, lots, FRONT)
        if (centres.seen[front] == centres.count).all():
            return front, others
        # Several fronts at once, because most of these rows are nearer than their bounds.
        centres.refresh(_largest(centres.bounds, lots, AHEAD * FRONT)[0])


def _largest(bounds: Floats, lots: Words, count: int) -> tuple[Longs, float]:
    """Positions of the `count` largest bounds, ties by lot; and the largest of the other bounds."""
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
