"""Compiled loops of the distances in `space`. Serial, GIL-free."""

from __future__ import annotations

from typing import Any

import numpy as np

from ladle.compiled import kernel

FAST = {"nnan", "nsz", "reassoc", "contract"}
CLASSES = 32  # classes summed between two tests of whether any sum can still be the least


@kernel(fastmath=FAST)
def nearest(products: Any, one: Any, other: Any, rounding: Any, out: Any) -> None:
    """Lower out (a,) float32 to the least squared distance of each row.

    products (a, b) float32; one (a,) and other (b,) float32: squared lengths. A distance below `rounding` times the
    row's squared length counts as 0.
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


@kernel(fastmath=FAST)
def city_block(one: Any, columns: Any, out: Any) -> None:
    """out (a, b) float32: the sum of absolute differences of each row of `one` (a, c) and column of `columns` (c, b).

    The inner loop goes over columns, because few classes would leave vector instructions idle.
    """
    for x in range(one.shape[0]):
        line = out[x]
        line[:] = np.float32(0.0)
        for t in range(one.shape[1]):
            value = one[x, t]
            for y in range(columns.shape[1]):
                line[y] += abs(value - columns[t, y])


@kernel(fastmath=FAST)
def city_block_nearest(one: Any, columns: Any, out: Any) -> None:
    """Lower out (a,) float32 to the least of `city_block` over the columns (c, b).

    The columns are left together, once all sums exceed the least: with many classes, most do so early.
    """
    sums = np.empty(columns.shape[1], np.float32)
    for x in range(one.shape[0]):
        sums[:] = np.float32(0.0)
        least = np.float32(0.0)
        t = 0
        while t < one.shape[1] and least < out[x]:
            stop = min(t + CLASSES, one.shape[1])
            while t < stop:
                value = one[x, t]
                for y in range(columns.shape[1]):
                    sums[y] += abs(value - columns[t, y])
                t += 1
            least = sums.min()
        out[x] = min(out[x], least)
