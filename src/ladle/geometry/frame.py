"""The frame in which matrix products are taken: a shift and a power of two.

A product in float32 tells two points apart only while their distance is large beside their lengths. So the frame is
centred where most of the points are: at the mean, unless a few rows of huge size pull it away from the others. Then the
frame is centred at the coordinate-wise median of a sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.arrays import row_blocks

Means = npt.NDArray[np.floating[Any]]

SAMPLED_ROWS = 256  # rows of a sample that shows where most of the points are
PULLED = 8.0  # the centre is not the mean where that is so many typical distances away from the median
DROWNING = 2.0**20  # the farthest point sets the scale up to so many times the typical length
LONGEST = 2.0**40  # length of the farthest point where the typical one sets the scale: its powers still fit float32
SAFE_SQUARE = 1e-280  # a square below this may have lost digits
BLOCK_BYTES = 4 << 20  # of means read at once


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of products: packed = (mean - centre) * scale.

    All packed points have length at most 1. Where the longest is DROWNING times longer than most, most points have
    length at most 1, and the longest at most LONGEST.
    """

    centre: npt.NDArray[np.float64]  # (d,)
    scale: float  # a power of two: it rounds nothing

    @classmethod
    def identity(cls, dim: int) -> Frame:
        """The frame that changes nothing, for means that are in a frame already."""
        return cls(np.zeros(dim), 1.0)


def sampled(rows: int) -> slice:
    """Up to SAMPLED_ROWS of `rows` rows, evenly spaced."""
    return slice(0, rows, -(-rows // SAMPLED_ROWS))


def robust_centre(mean: npt.NDArray[np.float64], sample: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(d,) the mean, or the median of `sample` (s, d) where a few rows pull the mean away from the others."""
    median: npt.NDArray[np.float64] = np.median(sample, axis=0)
    typical = float(np.median(lengths(sample - median)))
    pulled = float(lengths((mean - median)[None])[0])
    return median if pulled > PULLED * typical > 0 else mean


def scale_for(longest: float, typical: float) -> float:
    """The scale for points of length `longest` at most, most of them of about `typical` length: a power of two."""
    if longest == 0.0:
        return 1.0
    if 0.0 < typical < longest / DROWNING:
        longest = max(typical, longest / LONGEST)
    return float(2.0 ** -np.ceil(np.log2(longest)))


def lengths(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(m,) Euclidean lengths of `points` (m, d), whatever their size: no square overflows or vanishes."""
    largest = np.abs(points).max(axis=1, initial=0.0)
    unit = points / np.where(largest > 0, largest, 1.0)[:, None]
    return np.asarray(largest * np.sqrt(np.einsum("ij,ij->i", unit, unit)))


def frame_of(means: Means, members: npt.NDArray[np.int32]) -> Frame:
    """The frame of `members` (m,) of `means` (n, d). Cost: two passes over the members."""
    blocks = list(row_blocks(len(members), 8 * means.shape[1], BLOCK_BYTES))
    sums = np.empty((len(blocks), means.shape[1]))
    longest = np.empty(len(blocks))

    def add(block_pos: int) -> None:
        sums[block_pos] = means[members[blocks[block_pos]]].sum(axis=0, dtype=np.float64)

    threads.run_each(add, range(len(blocks)))
    sample = means[members[sampled(len(members))]].astype(np.float64)
    centre = robust_centre(sums.sum(axis=0) / len(members), sample)

    def measure(block_pos: int) -> None:
        shifted = means[members[blocks[block_pos]]] - centre
        square = float(np.einsum("ij,ij->i", shifted, shifted).max())
        longest[block_pos] = np.sqrt(square) if SAFE_SQUARE < square < np.inf else lengths(shifted).max()

    threads.run_each(measure, range(len(blocks)))
    return Frame(centre, scale_for(float(longest.max()), float(np.median(lengths(sample - centre)))))
