"""Ranged kernels over all threads."""

from __future__ import annotations

from collections.abc import Callable

from ladle import threads

BLOCK = 256  # clusters a thread takes at a time


def spread(work: Callable[[int, int], object], total: int) -> None:
    """A ranged kernel over [0, total): on this thread when small, else in blocks over all threads."""
    if total <= BLOCK:
        work(0, total)
    else:
        threads.run_each(lambda block: work(*block), threads.ranges(total, BLOCK))
