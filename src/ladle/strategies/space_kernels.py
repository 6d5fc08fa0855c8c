"""Compiled loops of the distances that greedy strategies ask for. Serial, GIL-free."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

FAST = {"nnan", "nsz", "reassoc", "contract"}
COLUMNS = 128  # of a row held in cache while many others pass by


@njit(nogil=True, cache=True, fastmath=FAST)
def nearest(products: Any, one: Any, other: Any, rounding: Any, out: Any) -> None:
    """Lower out (a,) float32 to the least squared distance of each row.

    products (a, b) float32; one (a,) and other (b,) float32: squared lengths. What is below `rounding` of the row's
    squared length counts as 0.
    """
    for x in range(products.shape[0]):
        low = np.float32(3e38)
        for y in range(products.shape[1]):
            value = other[y] - np.float32(2.0) * products[x, y]
            low = value if value < low else low
        least = low + one[x]
        if least < rounding * one[x]:
            least = np.float32(0.0)
        out[x] = min(out[x], least)


@njit(nogil=True, cache=True, fastmath=FAST)
def city_block(one: Any, other: Any, out: Any) -> None:
    """out (a, b) float32: the sum of absolute differences of rows of `one` (a, c) and of `other` (b, c)."""
    for x in range(one.shape[0]):
        for y in range(other.shape[0]):
            total = np.float32(0.0)
            for t in range(one.shape[1]):
                total += abs(one[x, t] - other[y, t])
            out[x, y] = total


@njit(nogil=True, cache=True, fastmath=FAST)
def city_block_nearest(one: Any, other: Any, out: Any) -> None:
    """Lower out (a,) float32 to each row's least sum of absolute differences to the rows of `other` (b, c).

    A sum that is past the least before its end is given up: most are, after the first columns.
    """
    for x in range(one.shape[0]):
        least = out[x]
        for y in range(other.shape[0]):
            total = np.float32(0.0)
            start = 0
            while start < one.shape[1] and total < least:
                stop = min(start + COLUMNS, one.shape[1])
                for t in range(start, stop):
                    total += abs(one[x, t] - other[y, t])
                start = stop
            if total < least:
                least = total
        out[x] = least
