"""Compiled loops of the theory: walks in a version space, and the greedy cover of pairs. All are serial."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.compiled import kernel
from ladle.mixing import GAMMA, mix_word

Vectors = npt.NDArray[np.float64]

ONE = np.uint64(1)
S11 = np.uint64(11)
UNIT = 2.0**-53
FAR = 1e300  # farther than any border


@kernel(fastmath={"nnan", "nsz"})
def walk_cone(
    draw_key: np.uint64, points: Vectors, slacks: Vectors, directions: Vectors, rises: Vectors, steps: int
) -> None:
    """Move every point by hit-and-run in {w: |w| <= 1, constraints w > 0}, along directions of a fixed list.

    points: (m, d) float64, strictly inside, overwritten; slacks: (m, s) = points constraints^T, overwritten;
    directions: (D, d) float64; rises: (D, s) = directions constraints^T. Cost: O(m steps (s + d)).
    """
    count, dim = points.shape
    kinds = np.uint64(directions.shape[0])
    for place in range(count):
        for step in range(steps):
            word = mix_word(draw_key + GAMMA * (np.uint64(place * steps + step) + ONE))
            kind = np.int64(word % kinds)
            uniform = ((mix_word(word + GAMMA) >> S11) + 0.5) * UNIT
            across = square = 0.0
            for axis in range(dim):
                across += points[place, axis] * directions[kind, axis]
                square += directions[kind, axis] * directions[kind, axis]
            norm = 0.0
            for axis in range(dim):
                norm += points[place, axis] * points[place, axis]
            root = np.sqrt(max(0.0, across * across + square * (1.0 - norm)))
            low, high = (-across - root) / square, (-across + root) / square
            # Without branches, so that the compiler takes several borders at a time. A rise of 0 stops no walk.
            for border in range(slacks.shape[1]):
                rise = rises[kind, border]
                end = -slacks[place, border] / (rise if rise != 0 else 1.0)
                behind, ahead = end if rise > 0 else -FAR, end if rise < 0 else FAR
                low = behind if behind > low else low
                high = ahead if ahead < high else high
            if high > low:
                length = low + (high - low) * uniform
                for axis in range(dim):
                    points[place, axis] += length * directions[kind, axis]
                for border in range(slacks.shape[1]):
                    slacks[place, border] += length * rises[kind, border]


@kernel
def cover_pairs(separated, weights, covered, chosen, wanted):
    """Choose examples greedily, each of which separates the largest weight of pairs that no chosen one separates.

    separated: (n, p) uint8, whether example i separates pair j; weights: (p,) float64, 0 or larger; covered: (p,)
    uint8, overwritten; chosen: (k,) int64, its first entries are written; wanted: the most to choose. Returns how many
    were chosen: fewer than wanted when no example separates a further pair. Ties: the first example. The gain of an
    example only shrinks, so that an old gain bounds it from above.
    Cost: O(n p) and O(p + log n) for each gain that is computed again.
    """
    count, pairs = separated.shape
    queue: Any = [(0.0, np.int64(0)) for _ in range(0)]
    for row in range(count):
        gain = 0.0
        for pair in range(pairs):
            if separated[row, pair] and not covered[pair]:
                gain += weights[pair]
        if gain > 0:
            queue.append((-gain, np.int64(row)))
    heapq.heapify(queue)
    done = 0
    while done < wanted and len(queue) > 0:
        row = heapq.heappop(queue)[1]
        gain = 0.0
        for pair in range(pairs):
            if separated[row, pair] and not covered[pair]:
                gain += weights[pair]
        if gain <= 0:
            continue
        if len(queue) > 0 and (-gain, row) > queue[0]:
            heapq.heappush(queue, (-gain, row))
            continue
        chosen[done] = row
        done += 1
        for pair in range(pairs):
            if separated[row, pair]:
                covered[pair] = 1
    return done
