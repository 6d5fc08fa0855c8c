"""Compiled loops over one block of rows.

All: P is (r, c), C-contiguous, float32 or float64, read-only; `out` is (r,) float32, owned by the caller and
written for every row before the first bad one. Each returns the first row that is not a row of probabilities, or
-1. NaN and infinity need no test of their own: they spoil the sum or exceed `highest`. Sums are kept in float64,
so twenty thousand classes add no rounding worth a tolerance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.compiled import kernel

Block = npt.NDArray[Any]
Out = npt.NDArray[np.float32]


@kernel
def leading(P: Block, highest: float, tolerance: float, runner_up: bool, out: Out) -> int:
    """Lead of the largest value over the second largest (`runner_up`), or the largest value's distance to 1."""
    for row in range(P.shape[0]):
        first = second = low = P.dtype.type(0)
        total = 0.0
        for column in range(P.shape[1]):
            p = P[row, column]
            total += p
            low = min(low, p)
            # Branch-free: which class leads is unpredictable, and a mispredicted jump costs more than the row.
            second = max(second, min(first, p))
            first = max(first, p)
        if not (low >= 0.0 and first <= highest and abs(total - 1.0) <= tolerance):
            return row
        out[row] = first - second if runner_up else max(0.0, 1.0 - first)
    return -1


@kernel
def surprise(P: Block, highest: float, tolerance: float, out: Out) -> int:
    """Shannon entropy in nats, with 0 log 0 = 0."""
    for row in range(P.shape[0]):
        low = high = total = entropy = 0.0
        for column in range(P.shape[1]):
            p = np.float64(P[row, column])
            total += p
            low = min(low, p)
            high = max(high, p)
            if p > 0.0:
                entropy -= p * np.log(p)
        if not (low >= 0.0 and high <= highest and abs(total - 1.0) <= tolerance):
            return row
        out[row] = max(0.0, entropy)  # a lone p just above 1 would make it negative
    return -1


@kernel
def labelwise(P: Block, highest: float, mean: bool, out: Out) -> int:
    """Smallest, or mean, of abs(2p - 1) over the row's classes."""
    for row in range(P.shape[0]):
        valid = True
        total, least = 0.0, 1.0
        for column in range(P.shape[1]):
            p = np.float64(P[row, column])
            if not (p >= 0.0 and p <= highest):  # so written, NaN fails it too
                valid = False
            lead = abs(2.0 * p - 1.0)
            total += lead
            least = min(least, lead)
        if not valid:
            return row
        out[row] = min(1.0, total / P.shape[1]) if mean else least
    return -1
