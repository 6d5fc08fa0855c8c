"""Random streams: one root seed, and child streams by name.

A stream belongs to a named piece of work, or to a block of its rows, and never to a thread. So a result does not depend
on the number of threads.
"""

from __future__ import annotations

import hashlib

import numpy as np

from ladle.numbers import whole

MAX_SEED = 2**63 - 1


def check_seed(seed: int) -> int:
    """`seed` as a plain int between 0 and 2**63 - 1. Raises: ArgumentError."""
    return whole(seed, "`seed`", least=0, most=MAX_SEED, wanted="be a whole number from 0 to 2**63 - 1")


def child_seed(seed: int, *path: str | int) -> int:
    """A 64-bit seed for the piece of work named by `path`: BLAKE2b of the path, so independent of every other.

    It may exceed `MAX_SEED`; mask it before it is used as a root seed.
    """
    text = "\x1f".join([str(check_seed(seed)), *(str(part) for part in path)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def stream(seed: int, *path: str | int) -> np.random.Generator:
    """NumPy's PCG64 generator for the piece of work named by `path`."""
    return np.random.Generator(np.random.PCG64(child_seed(seed, *path)))
