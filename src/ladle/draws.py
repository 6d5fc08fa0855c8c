"""Counter-based random numbers: a draw is a hash of its purpose, so there is no stream to share or to advance.

The hash is the finaliser of SplitMix64 (`ladle.mixing`), a bijection of 64-bit words. Priorities below therefore never
tie, whatever the rows, and do not depend on threads, on block sizes, on the order of the work or on NumPy's release.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.mixing import GAMMA, Words, mix
from ladle.seeds import child_seed


def key(seed: int, *path: str) -> np.uint64:
    """The 64-bit key of the draws for the purpose named by `path`."""
    return np.uint64(child_seed(seed, *path))


def priorities(draw_key: np.uint64, names: npt.NDArray[np.integer[Any]]) -> Words:
    """A random word for each of `names` ((k,) non-negative, distinct integers): (k,) uint64, all different.

    Sorting by them is a uniform shuffle; the t smallest are a uniform sample of t.
    """
    words = names.astype(np.uint64)
    words += np.uint64(1)
    words *= GAMMA
    words += draw_key
    return mix(words)


def sample(draw_key: np.uint64, rows: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """`count` of `rows`, uniformly at random without replacement, in random order: (count,) int64.

    With the same key, a smaller sample is the beginning of a larger one.
    Cost: O(k + count log count).
    """
    words = priorities(draw_key, rows)
    if count == 0:
        return rows[:0]
    if count < len(rows):
        smallest_pos = np.flatnonzero(words <= np.partition(words, count - 1)[count - 1])
        rows, words = rows[smallest_pos], words[smallest_pos]
    return rows[np.argsort(words)]
