"""Transactions of one process on one SQLite file take turns, in the order in which they came.

A writer that waits for another process gives its turn back between its tries, so that readers go on.

SQLite lets a writer wait for readers, and readers for a writer, by trying again after a sleep of up to a tenth of a
second. With many threads most of the time is slept, and a writer may starve. Here readers go together, a writer goes
alone, and who comes first is first. Other processes are still waited for as SQLite does it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import sqlalchemy as sa

from ladle.errors import StoreBusyError
from ladle.store.engine import BRIEF, WAIT, WAIT_SECONDS, WRITES, file_of

PAUSE_SECONDS = 0.02  # between two tries of a writer, for readers


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
    def taken(self, *, writes: bool, wait_seconds: float | None = None) -> Iterator[None]:
        """A turn. Raises: StoreBusyError when others take longer than so many seconds, by default `WAIT_SECONDS`."""
        if getattr(self._own, "has_one", False):
            yield
            return
        self._wait(_Ticket(writes), WAIT_SECONDS if wait_seconds is None else wait_seconds)
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

    def _wait(self, ticket: _Ticket, seconds: float) -> None:
        with self._lock:
            self._queue.append(ticket)
            self._call()
        if ticket.called.wait(seconds):
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


@contextmanager
def transaction(
    engine: sa.Engine, turns: Turns | None, *, writes: bool, alone: bool = False, **options: Any
) -> Iterator[tuple[sa.Connection, sa.Transaction]]:
    """A connection in a transaction, which is committed when the block ends and rolled back when it raises.

    turns: those of its file; without them SQLite waits as it does. alone: whether a reader goes alone too. options: of
    execution, for `sa.Connection.execution_options`.
    Raises: StoreBusyError; errors of the driver.
    """
    options |= {WRITES: writes, BRIEF: writes and turns is not None and engine.url.database is not None}
    wait_seconds = float(engine.get_execution_options().get(WAIT, WAIT_SECONDS))
    until = time.monotonic() + wait_seconds
    while True:
        with ExitStack() as stack:
            if turns is not None:
                left = max(0.0, until - time.monotonic())
                stack.enter_context(turns.taken(writes=writes or alone, wait_seconds=left))
            connection = stack.enter_context(engine.connect()).execution_options(**options)
            try:
                begun = stack.enter_context(connection.begin())
            except sa.exc.OperationalError as error:
                is_locked = "database is locked" in str(error.orig)
                if not (options[BRIEF] and is_locked and time.monotonic() < until):
                    raise
            else:
                held = stack.pop_all()
                break
        time.sleep(PAUSE_SECONDS)
    with held:
        yield connection, begun
