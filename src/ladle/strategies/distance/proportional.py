"""Sampling rows in proportion to a power of their distance to the rows chosen before, without updating every row.

A row is proposed in proportion to its bound, and accepted with probability (distance / bound)^power. The accepted rows
are drawn in proportion to the distance itself, for any bounds that are not too small. Many proposals are made at once,
and only their distances are computed. When too many are rejected, all bounds are brought up to date.
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
PART = 4  # centres for each proposal made at once: while there are few centres, each new one lowers many bounds
REFRESH_RATIO = 1.0


def sample_by_distance(
    centres: Centres, size: int, *, power: float, seed: int, purpose: str, progress: Reporter
) -> tuple[Rows, Floats]:
    """`size` of the rows `centres.free`, one after another in proportion to distance^power: rows and distances.

    centres: with the first centres, and bounds that are finite upper bounds of the distances to them. The picks become
    centres. Rows at distance 0 are drawn uniformly when no others are left.
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
            cumulative = _cumulative(centres.bounds, power)
            if cumulative[-1] == 0:
                rest = _rest(centres, picked[:done], size - done, random)
                picked[done:], distances[done:] = rest, 0.0
                advance(size - done)
                break
            wanted = min(MOST_PROPOSED, max(LEAST_PROPOSED, centres.count // PART))
            proposals = np.searchsorted(cumulative, random.random(wanted) * cumulative[-1], side="right")
            proposals = np.minimum(proposals, len(centres.free) - 1)
            before = done
            done = _accept(centres, proposals, random.random(wanted), power, picked, distances, done)
            proposed, accepted = proposed + wanted, accepted + done - before
            advance(done - before)
            # At the rate so far, the proposals still to be rejected would cost more than bringing all rows up to date.
            rejected = (size - done) * (proposed / max(accepted, 0.5) - 1.0)
            if rejected > REFRESH_RATIO * len(centres.free):
                centres.refresh(np.arange(len(centres.free)))
                proposed, accepted = 0, 0
    return centres.free[picked], distances


def _cumulative(bounds: Floats, power: float) -> npt.NDArray[np.float64]:
    """Running sums (m,) of (bounds / largest bound)^power, so that no power overflows; the power of a 0 is 0."""
    largest = float(bounds.max(initial=0.0))
    if largest == 0:
        return np.zeros(1)
    weights = (bounds.astype(np.float64) / largest) ** power
    weights[bounds == 0] = 0.0  # 0^0 is 1
    return np.cumsum(weights)


def _accept(
    centres: Centres,
    proposals: Longs,
    lots: npt.NDArray[np.float64],
    power: float,
    picked: Longs,
    distances: Floats,
    done: int,
) -> int:
    """Accept or reject `proposals` (p,) one after another, until `picked` is full; the number picked by then.

    The distance of a proposal takes in the centres accepted just before it.
    """
    space = centres.space
    offered = centres.bounds[proposals].astype(np.float64)
    distinct, place = np.unique(proposals, return_inverse=True)
    centres.refresh(distinct)
    points = space.take(centres.free[distinct])
    mutual = space.apart(points, points)
    values = centres.bounds[distinct]
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
    centres.bounds[distinct] = values
    if fresh:
        centres.add(centres.free[distinct[fresh]])
    centres.seen[distinct] = centres.count
    return done


def _rest(centres: Centres, picked: Longs, count: int, random: np.random.Generator) -> Longs:
    """`count` positions not yet picked, uniformly."""
    left = np.ones(len(centres.free), bool)
    left[picked] = False
    return random.choice(np.flatnonzero(left), count, replace=False)
