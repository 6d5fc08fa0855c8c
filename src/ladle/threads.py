"""Threads for kernels that release the GIL.

Kernels are serial and take a range of rows; this file distributes ranges over threads. Numba's own parallel loops
compile several times slower, and their default threading layer aborts the process when two Python threads enter it at
once, which a library must survive. Ranges are cut by the work alone, never by the number of threads, and each range
owns its outputs, so results do not depend on the number of threads.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from ladle.errors import ArgumentError
from ladle.numbers import whole

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
THREADS_VARIABLE = "LADLE_THREADS"
BLOCK = 256  # rows of a ranged kernel that a thread takes at a time
_MOST_DIGITS = 20  # beyond what any machine has; Python refuses to read numbers of thousands of digits


def thread_count() -> int:
    """Threads to use: `LADLE_THREADS` if set, else the processors this process may run on."""
    text = os.environ.get(THREADS_VARIABLE, "").strip()
    if text:
        subject = f"the environment variable {THREADS_VARIABLE}"
        if not (text.isascii() and text.isdecimal()):
            raise ArgumentError(subject, wanted="be 1 or more", got=repr(text))
        return whole(int(text[:_MOST_DIGITS]), subject, least=1, wanted="be 1 or more")
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def ranges(total: int, size: int) -> list[tuple[int, int]]:
    """[0, total) cut into consecutive (start, stop) ranges of `size`, the last one shorter."""
    return [(start, min(total, start + size)) for start in range(0, total, size)]


def run_ranged(work: Callable[[int, int], object], total: int) -> None:
    """Run a ranged kernel over [0, total): on this thread when that is small, else in blocks over all threads."""
    if total <= BLOCK:
        work(0, total)
    else:
        run_each(lambda block: work(*block), ranges(total, BLOCK))


def run_each(work: Callable[[Item], object], items: Iterable[Item]) -> None:
    """Call `work` on every item, on `thread_count()` threads.

    Items are begun in order, and taken from a generator only then: no more are alive than there are threads. Once a
    call raises, no further item is begun. When all threads have stopped, the exception of the first item in order is
    raised:
    the one that a single thread would meet, whichever thread was faster.
    Cost: some microseconds an item, as each thread takes the next one itself.
    """
    workers = thread_count()
    if isinstance(items, Sized):
        workers = min(workers, len(items))
    waiting = enumerate(items)
    if workers <= 1:
        for _, item in waiting:
            work(item)
        return
    taking = Lock()  # generators must not be entered by two threads at once
    failures: dict[int, BaseException] = {}

    def drain() -> None:
        place = -1
        while not failures:
            try:
                with taking:
                    place, item = next(waiting)
            except StopIteration:
                return
            except BaseException as failure:  # from the iterable itself, after all its items
                failures.setdefault(sys.maxsize, failure)
                return
            try:
                work(item)
            except BaseException as failure:  # raised below, once every earlier item is done
                failures[place] = failure

    with ThreadPoolExecutor(workers, thread_name_prefix="ladle") as executor:
        futures = [executor.submit(drain) for _ in range(workers)]
        try:
            for future in futures:
                future.result()
        except BaseException as failure:  # Ctrl-C reaches this thread, not the workers
            failures.setdefault(sys.maxsize, failure)
            raise
    if failures:
        raise failures[min(failures)]


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Limit BLAS to one thread inside, for code that runs one BLAS call per Ladle thread."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """The thread pools of the loaded libraries. Finding them takes milliseconds, and searches need them often."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
