"""Compiled loops over one block of rows, and the deviations from probabilities that they allow.

In all of them P is (r, c), C-contiguous, float32 or float64, read-only. `out` is (r,) float32, owned by the caller and
written for every row before the first bad one. `bits` is the number of significant bits of the dtype in which the
numbers were given: 11 (float16), 24 or 53. `waived` is (r,) bool, or (0,) for none: rows that need no score. They may
hold NaN and then get the score of a sure row. Each kernel returns the first row that is not a row of probabilities, or
-1. NaN and infinity need no test of their own: they spoil the sum or exceed the limit. Sums are float64, so the
rounding of twenty thousand classes stays far below the tolerance.

A row is first compared with the limits of its dtype. Only a row that fails is examined for the precision that its
numbers show (`allowance`), so good rows cost nothing more. The answer depends on the row alone, not on its block.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

from ladle.compiled import kernel

Block = npt.NDArray[Any]
Out = npt.NDArray[np.float32]
Waived = npt.NDArray[np.bool_]


@register_jitable
def sum_tolerance(bits: int) -> float:
    """How far the sum of a row may be off 1, by the significant bits of its dtype.

    Rounding c numbers that sum to 1 to float16 moves the sum by at most about 2**-12, plus c * 2**-25 of underflow. The
    tolerance allows that and still refuses logits and independent sigmoids.
    """
    if bits <= 11:
        return 1e-2
    return 1e-3 if bits <= 24 else 1e-4


@register_jitable
def dust(bits: int) -> float:
    """How far below 0 or above 1 a probability may lie: four steps of rounding at 1."""
    return 4.0 * 2.0 ** (1 - bits)


@register_jitable
def _fits(p: float, bits: int) -> bool:
    """Whether the float64 `p` has at most `bits` significant bits: Veltkamp's splitting leaves no remainder."""
    scaled = p * (2.0 ** (53 - bits) + 1.0)
    return scaled - (scaled - p) == p


@register_jitable
def _shows_bits(row: Any, bits: int) -> bool:
    for column in range(row.size):
        p = np.float64(row[column])
        if not _fits(p, bits):
            return False
        if bits == 11 and p * 2.0**24 != math.floor(p * 2.0**24):  # the least step of float16
            return False
    return True


@register_jitable
def _shows_decimals(row: Any, digits: int, bits: int) -> bool:
    """Whether each number is a decimal of `digits` digits after the point, rounded to `bits` significant bits."""
    scale = 10.0**digits
    rounding = 2.0 ** (1 - bits) * scale
    if rounding > 0.05:
        return False  # the dtype is too coarse to show it
    for column in range(row.size):
        shifted = np.float64(row[column]) * scale
        if not abs(shifted - math.floor(shifted + 0.5)) <= rounding * (abs(shifted) / scale + 1e-3):
            return False
    return True


@register_jitable
def allowance(row: Any, bits: int) -> tuple[float, float]:
    """How far values may lie outside [0, 1], and their sum from 1, by the precision that the row (c,) shows.

    A softmax computed in bfloat16 or float16 and stored in a wider dtype, and values rounded to 2 to 6 decimals,
    deviate by the rounding of their own precision. For bfloat16 that is 2**-8 if only the result is rounded, and about
    sqrt(classes) times as much if the sum is taken in bfloat16 too. For decimals it is at most half a step a class;
    with many classes most of that cancels.
    """
    classes = row.size
    edge, off = dust(bits), sum_tolerance(bits)
    for narrow in (24, 11):
        if narrow < bits and _shows_bits(row, narrow):
            edge, off = dust(narrow), sum_tolerance(narrow)
    if _shows_bits(row, 8):
        return dust(8), max(off, min(2.0**-4, 2.0**-8 * (2.0 + 1.5 * math.sqrt(classes))))
    for digits in range(2, 7):
        if _shows_decimals(row, digits, bits):
            step = min(0.5 * classes, 3.0 * math.sqrt(classes)) * 10.0**-digits
            return edge, max(off, min(0.25, step) + 0.1 * off)
    return edge, off


@register_jitable
def _verdict(row: Any, bits: int, free_sum: bool, waived: bool) -> int:
    """The class of a row that failed the limits of its dtype: 1 probabilities after all, 0 no score needed, -1 bad."""
    finite, missing = True, False
    for column in range(row.size):
        finite = finite and math.isfinite(row[column])
        missing = missing or math.isnan(row[column])
    if not finite:
        return 0 if missing and waived else -1
    edge, off = allowance(row, bits)
    total = 0.0
    for column in range(row.size):
        p = np.float64(row[column])
        if p < -edge or p > 1.0 + edge:
            return -1
        total += p
    return 1 if free_sum or abs(total - 1.0) <= off else -1


@kernel
def leading(P: Block, bits: int, runner_up: bool, waived: Waived, out: Out) -> int:
    """The largest value minus the second largest (`runner_up`), or 1 minus the largest value."""
    edge, off = dust(bits), sum_tolerance(bits)
    for row in range(P.shape[0]):
        first = second = low = P.dtype.type(0)
        total = 0.0
        for column in range(P.shape[1]):
            p = P[row, column]
            total += p
            low = min(low, p)
            # Branch-free: which class leads is unpredictable, and a mispredicted branch costs more than the row.
            second = max(second, min(first, p))
            first = max(first, p)
        if not (low >= -edge and first <= 1.0 + edge and abs(total - 1.0) <= off):
            verdict = _verdict(P[row], bits, False, waived.size > 0 and waived[row])
            if verdict < 0:
                return row
            if verdict == 0:
                out[row] = 1.0 if runner_up else 0.0
                continue
        out[row] = min(first, P.dtype.type(1)) - second if runner_up else max(0.0, 1.0 - first)
    return -1


@kernel
def entropies(P: Block, bits: int, waived: Waived, out: Out) -> int:
    """Shannon entropy in nats, with 0 log 0 = 0."""
    edge, off = dust(bits), sum_tolerance(bits)
    for row in range(P.shape[0]):
        low = high = total = entropy = 0.0
        for column in range(P.shape[1]):
            p = np.float64(P[row, column])
            total += p
            low = min(low, p)
            high = max(high, p)
            if p > 0.0:
                entropy -= p * np.log(p)
        if not (low >= -edge and high <= 1.0 + edge and abs(total - 1.0) <= off):
            verdict = _verdict(P[row], bits, False, waived.size > 0 and waived[row])
            if verdict < 0:
                return row
            if verdict == 0:
                out[row] = 0.0
                continue
        out[row] = max(0.0, entropy)  # a single p just above 1 would make it negative
    return -1


@kernel
def labelwise(P: Block, bits: int, mean: bool, waived: Waived, out: Out) -> int:
    """Smallest, or mean, of abs(2p - 1) over the row's classes."""
    edge = dust(bits)
    for row in range(P.shape[0]):
        valid = True
        total, least = 0.0, 1.0
        for column in range(P.shape[1]):
            p = np.float64(P[row, column])
            if not (p >= -edge and p <= 1.0 + edge):  # written so that NaN fails it too
                valid = False
            lead = min(1.0, abs(2.0 * p - 1.0))
            total += lead
            least = min(least, lead)
        if not valid:
            verdict = _verdict(P[row], bits, True, waived.size > 0 and waived[row])
            if verdict < 0:
                return row
            if verdict == 0:
                out[row] = 1.0
                continue
        out[row] = min(1.0, total / P.shape[1]) if mean else least
    return -1
