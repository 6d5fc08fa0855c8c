"""Fetch rows of an array in a file before they are used: many at a time, and not each one when it is needed.

By default the system reads files ahead, and random access uses hardly any of that. With the advice that access is
random, it waits for each page on its own. So arrays in files carry that advice, and code that will read rows of one,
next to each other or not, asks for them first.
"""

from __future__ import annotations

import mmap
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]

MOST_BYTES = 128 << 10  # asked for at once: Linux cuts what is longer than its device's longest request


def file_of(array: npt.NDArray[Any]) -> mmap.mmap | None:
    """The file that `array` is a view of, mapped; None for an array in memory."""
    base: Any = array.base
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, mmap.mmap) else None


def read_at_random(array: npt.NDArray[Any]) -> None:
    """Advise the system to read only the pages of this array's file that are used or asked for."""
    file = file_of(array)
    if file is not None:
        _advise(file, "MADV_RANDOM")


def fetch_rows(array: npt.NDArray[Any], rows: slice | npt.NDArray[np.integer[Any]]) -> None:
    """Ask the system to read array[rows] in the background. Does nothing for an array in memory.

    array: C-contiguous. rows: a slice, or (r,) positions in any order, repeats allowed.
    Cost: some microseconds for each run of neighbouring pages, where waiting for a page takes seven times that or more.
    """
    file = file_of(array)
    if file is None:
        return
    start = array.ctypes.data - np.frombuffer(file, np.uint8).ctypes.data
    if isinstance(rows, slice):
        first, stop, _ = rows.indices(len(array))
        begins, length = np.array([first] if first < stop else [], np.int64), stop - first
    else:
        begins, length = np.unique(rows).astype(np.int64), 1
    width = array.strides[0]
    for first, size in page_runs(start + begins * width, length * width):
        for begin in range(first, first + size, MOST_BYTES):
            _advise(file, "MADV_WILLNEED", begin, min(MOST_BYTES, first + size - begin))


def page_runs(begins: Int64s, length: int) -> list[tuple[int, int]]:
    """(first byte, bytes) of each run of neighbouring pages that hold the `length` bytes from each of `begins` on.

    begins: ascending. length: at least 1.
    """
    if len(begins) == 0:
        return []
    first, last = begins // mmap.PAGESIZE, (begins + length - 1) // mmap.PAGESIZE
    gaps = np.flatnonzero(first[1:] > last[:-1] + 1)
    first, last = first[np.concatenate([[0], gaps + 1])], last[np.concatenate([gaps, [-1]])]
    return [
        (a * mmap.PAGESIZE, (b + 1 - a) * mmap.PAGESIZE) for a, b in zip(first.tolist(), last.tolist(), strict=True)
    ]


def _advise(file: mmap.mmap, name: str, *part: int) -> None:
    """Give advice where the system takes it; without it, reading only takes longer."""
    if hasattr(mmap, name):
        with suppress(OSError):
            file.madvise(getattr(mmap, name), *part)
