"""SplitMix64's finaliser: 64-bit words mixed so that each bit of the input moves every bit of the output.

It is a bijection, so different words stay different. Two twins give the same bits: `mix` for NumPy arrays, and
`mix_word` for one word inside a kernel. This file does not import numba, because a campaign needs `mix` alone;
`ladle.compiled` makes `mix_word` known to numba.
Source: Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators", with Stafford's mix 13.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]

GAMMA = np.uint64(0x9E3779B97F4A7C15)  # odd, so that GAMMA * k is different for every 64-bit k
MIX_1, MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
S27, S30, S31 = np.uint64(27), np.uint64(30), np.uint64(31)


def mix(words: Words) -> Words:
    """Mix each of `words` (uint64, any shape) in place, and return the same array. Cost: one array of their size."""
    words ^= words >> S30
    words *= MIX_1
    words ^= words >> S27
    words *= MIX_2
    words ^= words >> S31
    return words


def mix_word(word: np.uint64) -> np.uint64:
    """Mix one uint64, in a kernel."""
    word = (word ^ (word >> S30)) * MIX_1
    word = (word ^ (word >> S27)) * MIX_2
    return word ^ (word >> S31)
