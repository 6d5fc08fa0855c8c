"""The Z-order of cells: the bits of x and y by turns, so that every square tile is one range of codes.

G. M. Morton, "A computer oriented geodetic data base and a new technique in file sequencing", IBM, 1966. A cell has two
coordinates of 16 bits, x to the right and y downwards, and a code of 32 bits: y has the upper bit of each pair.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

BITS = 16  # of one coordinate
CELLS = 1 << BITS  # along one side

Words = npt.NDArray[np.uint32]


def codes_of(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> Words:
    """(n,) uint32: the codes of cells. x, y: (n,) whole numbers from 0 to 65,535."""
    return _spread(x) | (_spread(y) << np.uint32(1))


def cells_of(codes: npt.NDArray[Any]) -> tuple[Words, Words]:
    """x and y of codes, (n,) uint32 each."""
    words = codes.astype(np.uint32)
    return _gather(words), _gather(words >> np.uint32(1))


def _spread(numbers: npt.NDArray[Any]) -> Words:
    """Put a zero before every bit of the lower 16."""
    word = numbers.astype(np.uint32)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        word = (word | (word << np.uint32(shift))) & np.uint32(mask)
    return word


def _gather(word: Words) -> Words:
    """Take every second bit, from the lowest on: what `_spread` undoes."""
    word = word & np.uint32(0x55555555)
    for shift, mask in ((1, 0x33333333), (2, 0x0F0F0F0F), (4, 0x00FF00FF), (8, 0x0000FFFF)):
        word = (word | (word >> np.uint32(shift))) & np.uint32(mask)
    return word
