"""Sampling rows in proportion to a power of their distance to the rows chosen before, without updating every row.

A row is proposed in proportion to its bound, and kept with probability (distance / bound)^power: that is a draw in
proportion to the distance itself, whatever the bounds, as long as none is too small. Proposals are made many at a time,
and only their distances are computed. When too many are turned down, all bounds are brought up to date.
Source: rejection sampling (von Neumann 1951); for k-means++ with other bounds, Bachem et al. 2016.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ladle import seeds, threads
from ladle.arrays import Rows
from ladle.progress import Reporter
from ladle.strategies.distance.centres import Centres, Longs
from ladle.strategies.distance.space import Floats

MOST_PROPOSED = 2048
LEAST_PROPOSED = 16
PART = 4  # proposals at once: a share of the centres there are, because fresh centres lower the bounds most
REFRESH_RATIO = 1.0


def sample_by_distance(
    found: Centres, size: int, *, power: float, seed: int, purpose: str, progress: Reporter
) -> tuple[Rows, Floats]:
    """`size` of the rows `found.free`, one after another in proportion to distance^power: rows and distances.

    found: with its first centres and bounds, finite upper bounds of the distances to them; the picks become centres.
    Rows at distance 0 are drawn uniformly once nothing else is left.
    Cost: about 3 size^2 distances (more for a power above 1), and m times the centres so far each time the bounds are
    brought up to date, at most some log(size) times; 20 bytes a row, and the points of the centres.
    Repeats: by `seed` and `purpose`; exact sampling, not an approximation.
    """
    random = seeds.stream(seed, purpose)
    picked = np.empty(size, np.int64)
    distances = np.empty(size, np.float32)
    done, proposed, accepted = 0, 0, 0
    with progress.task("choosing", size) as advance, threads.single_threaded_blas():
        while done < size:
            cumulative = _cumulative(found.bounds, power)
            if cumulative[-1] == 0:
                rest = _rest(found, picked[:done], size - done, random)
                picked[done:], distances[done:] = rest, 0.0
                advance(size - done)
                break
            wanted = min(MOST_PROPOSED, max(LEAST_PROPOSED, found.count // PART))
            proposals = np.searchsorted(cumulative, random.random(wanted) * cumulative[-1], side="right")
            proposals = np.minimum(proposals, len(found.free) - 1)
            before = done
            done = _settle(found, proposals, random.random(wanted), power, picked, distances, done)
            proposed, accepted = proposed + wanted, accepted + done - before
            advance(done - before)
            # Turned-down proposals to come, by the rate so far, would cost more than looking at every row once.
            turned_down = (size - done) * (proposed / max(accepted, 0.5) - 1.0)
            if turned_down > REFRESH_RATIO * len(found.free):
                found.refresh(np.arange(len(found.free)))
                proposed, accepted = 0, 0
    return found.free[picked], distances


def _cumulative(bounds: Floats, power: float) -> npt.NDArray[np.float64]:
    """Running sums of bounds^power (m,), in the unit of the largest, so that no power overflows; 0 stays 0."""
    largest = float(bounds.max(initial=0.0))
    if largest == 0:
        return np.zeros(1)
    weights = (bounds.astype(np.float64) / largest) ** power
    weights[bounds == 0] = 0.0  # where the power is 0, too
    return np.cumsum(weights)


def _settle(
    found: Centres,
    proposals: Longs,
    lots: npt.NDArray[np.float64],
    power: float,
    picked: Longs,
    distances: Floats,
    done: int,
) -> int:
    """Turn down or accept `proposals` (p,) one after another, until `picked` is full; how many are picked then.

    A proposal's distance counts the centres accepted just before it.
    """
    space = found.space
    offered = found.bounds[proposals].astype(np.float64)
    distinct, place = np.unique(proposals, return_inverse=True)
    found.refresh(distinct)
    points = space.take(found.free[distinct])
    mutual = space.apart(points, points)
    values = found.bounds[distinct]
    fresh = []
    for proposal, lot in enumerate(lots):
        at = place[proposal]
        if done == len(picked):
            break
        if values[at] > 0 and lot < (values[at] / offered[proposal]) ** power:
            picked[done], distances[done] = distinct[at], values[at]
            done += 1
            fresh.append(at)
            np.minimum(values, mutual[at], out=values)
            values[at] = 0.0
    found.bounds[distinct] = values
    if fresh:
        found.add(found.free[distinct[fresh]])
    found.seen[distinct] = found.count
    return done


def _rest(found: Centres, picked: Longs, count: int, random: np.random.Generator) -> Longs:
    """`count` positions not yet picked, uniformly."""
    left = np.ones(len(found.free), bool)
    left[picked] = False
    return random.choice(np.flatnonzero(left), count, replace=False)
