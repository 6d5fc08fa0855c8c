"""Figures that take long: worked out once for each state of the campaign, on threads beside those that answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

WORKERS = 2  # figures that are worked out at a time
PAGE_SECONDS = 0.15  # how long a page waits for a figure before it is sent without it
LONGEST_SECONDS = 300.0  # how long a request that asks for a figure alone waits


@dataclass(slots=True)
class _Entry:
    """A figure, or the work on it. key: the state of the campaign that it is of."""

    key: Hashable
    future: Future[Any] = field(default_factory=Future)


class Remembered:
    """Figures by name, of the newest state that was asked for.

    A figure is worked out once for each key, however many ask for it at a time. While that lasts, nothing else is begun
    under its name. Only the last figure of each name is kept.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="ladle-figures")
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def get(self, name: str, key: Hashable, work: Callable[[], Any], *, seconds: float = LONGEST_SECONDS) -> Any:
        """The figure; `work` is called for it unless it is known for this key.

        Raises: what `work` raises, anew at every call, and the work is then tried again; TimeoutError when it is not
        done within so many seconds (it goes on).
        """
        entry = self._entry(name, key, work)
        if entry.key != key:  # an older state, being worked out
            try:
                entry.future.exception(seconds)
            except FutureTimeoutError as cause:
                raise TimeoutError(name) from cause
            entry = self._entry(name, key, work)
        try:
            return entry.future.result(seconds)
        except FutureTimeoutError as cause:
            raise TimeoutError(name) from cause

    def peek(self, name: str, key: Hashable, work: Callable[[], Any], *, seconds: float = PAGE_SECONDS) -> Any:
        """As `get` for a page that cannot wait: None while the figure is being worked out."""
        try:
            return self.get(name, key, work, seconds=seconds)
        except TimeoutError:
            return None

    def known(self, name: str) -> Any:
        """The last figure of this name, whatever its state; None where there is none."""
        entry = self._entries.get(name)
        is_there = entry is not None and entry.future.done() and entry.future.exception() is None
        return entry.future.result() if entry is not None and is_there else None

    def _entry(self, name: str, key: Hashable, work: Callable[[], Any]) -> _Entry:
        """The entry of this key, begun if need be, or that of another key that is still being worked out."""
        with self._lock:
            entry = self._entries.get(name)
            if entry is None or (entry.future.done() and (entry.key != key or entry.future.exception() is not None)):
                entry = self._entries[name] = _Entry(key, self._threads.submit(work))
            return entry

    def close(self) -> None:
        """End the threads. Work that has not begun is left out."""
        self._threads.shutdown(wait=True, cancel_futures=True)


def remembered_of(request: Request) -> Remembered:
    """The figures of the application that answers this request."""
    found: Remembered = request.app.state.remembered
    return found
