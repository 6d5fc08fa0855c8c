"""Transactions of one process on one SQLite file take turns, in the order in which they came.

SQLite lets a writer wait for readers, and readers for a writer, by trying again after a sleep of up to a tenth of a
second. With many threads most of the time is slept, and a writer may starve. Here readers go together, a writer goes
alone, and who comes first is first. Other processes are still waited for as SQLite does it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ladle.errors import StoreBusyError
from ladle.store.engine import WAIT_SECONDS, file_of


class Turns:
    """The transactions of one file. A thread that has a turn may begin further transactions inside it.

    name: of the database, for errors.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._queue: deque[_Ticket] = deque()
        self._readers = 0
        self._writing = False
        self._own = threading.local()

    @contextmanager
    def taken(self, *, writes: bool) -> Iterator[None]:
        """A turn. Raises: StoreBusyError when others take longer than `WAIT_SECONDS`."""
        if getattr(self._own, "has_one", False):
            yield
            return
        self._wait(_Ticket(writes))
        self._own.has_one = True
        try:
            yield
        finally:
            self._own.has_one = False
            with self._lock:
                if writes:
                    self._writing = False
                else:
                    self._readers -= 1
                self._call()

    def _wait(self, ticket: _Ticket) -> None:
        with self._lock:
            self._queue.append(ticket)
            self._call()
        if ticket.called.wait(WAIT_SECONDS):
            return
        with self._lock:
            if ticket.called.is_set():
                return
            self._queue.remove(ticket)
            self._call()
        wanted = "be free for a moment"
        raise StoreBusyError(f"the database {self._name}", wanted=wanted, got="others before", remedy="Try again.")

    def _call(self) -> None:
        """Let those at the head of the queue begin, as far as they go together. Under the lock."""
        while self._queue and not self._writing and not (self._queue[0].writes and self._readers):
            ticket = self._queue.popleft()
            if ticket.writes:
                self._writing = True
            else:
                self._readers += 1
            ticket.called.set()


class _Ticket:
    """Somebody who waits for a turn."""

    def __init__(self, writes: bool) -> None:
        self.writes = writes
        self.called = threading.Event()


_TURNS: dict[str, Turns] = {}
_ADDING = threading.Lock()


def turns_of(url: sa.URL) -> Turns | None:
    """The turns of the file of a database, the same for all of a process; None for a server."""
    path = file_of(url)
    if path is None:
        return None
    with _ADDING:
        return _TURNS.setdefault(str(path), Turns(str(path)))
