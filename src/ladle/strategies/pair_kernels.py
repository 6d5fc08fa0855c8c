"""The compiled loop that reads all pairs of an example and a class. Serial, GIL-free."""

from __future__ import annotations

from typing import Any

import numpy as np

from ladle.compiled import kernel


@kernel
def collect(P: Any, cutoff: float, skipped: Any, names: Any, margins: Any) -> Any:
    """Collect the pairs of a block with margin abs(2p - 1) up to `cutoff`, and return their number.

    P (r, c) float32 or float64, checked; skipped (s,) int64 ascending: numbers row * c + class to leave out. names
    (r c,) int64 and margins (r c,) float32 are owned by the caller and written from their beginning.
    """
    count = 0
    skip = 0
    for row in range(P.shape[0]):
        for column in range(P.shape[1]):
            p = np.float64(P[row, column])
            name = row * P.shape[1] + column
            if skip < skipped.size and skipped[skip] == name:
                skip += 1
                continue
            margin = np.float32(min(1.0, abs(2.0 * p - 1.0)))
            if margin <= cutoff:
                names[count] = name
                margins[count] = margin
                count += 1
    return count
