"""The open campaign of a process: given to each request in the name of its sender, and changed by one at a time.

Changes that wait at the same time are stored by one commit (`Store.together`): the disk takes longer over a commit than
the rules over a label. Each has its own answer or error.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from ladle.campaign import Campaign
from ladle.errors import StoreBusyError
from ladle.labelling import Store
from ladle.service.config import ServiceConfig
from ladle.service.gate.identity import SignedIn
from ladle.store.sql import SqlStore

Result = TypeVar("Result")
MOST_TOGETHER = 32  # changes of one commit: those that come later wait for all of them


@dataclass(slots=True, eq=False)
class _Change:
    """A change that waits, is being made, or is done. work: None for a block that makes it itself, alone."""

    work: Callable[[], Any] | None = None
    context: Context = field(default_factory=copy_context)  # of the request
    is_done: bool = False
    result: Any = None
    error: BaseException | None = None

    def make(self) -> None:
        """Do the work. Its error is that of this change alone."""
        if self.work is None:
            raise AssertionError("unreachable")
        try:
            self.result = self.context.run(self.work)
        except BaseException as error:
            self.error = error


class Desk:
    """The campaign of a process.

    A `Campaign` serves one call at a time, so every request gets its own view of it (`Campaign.acting`), which costs
    nothing. They share what is large: the ids of the pool, its clusters.
    """

    def __init__(self, config: ServiceConfig) -> None:
        given = config.database
        wait = config.wait_seconds
        store = given if isinstance(given, Store) else SqlStore.open(given, keeps_connections=True, wait_seconds=wait)
        self._store = store
        self._campaign = Campaign.open(
            store, name=config.name, pool=config.pool, clock=config.campaign_clock, by="service"
        )
        self._wait_seconds = config.wait_seconds
        self._turn = threading.Condition()
        self._queue: deque[_Change] = deque()
        self._is_held = False
        self._waiting = 0

    @property
    def campaign(self) -> Campaign:
        """The campaign in the name of the service itself."""
        return self._campaign.acting("service")

    def acting(self, name: str) -> Campaign:
        """The campaign in the name of a person, for one request."""
        return self._campaign.acting(name)

    @property
    def waiting(self) -> int:
        """How many changes wait for others or are being made."""
        return self._waiting

    @contextmanager
    def one_writer(self) -> Iterator[None]:
        """A block that changes the campaign: one at a time in this process, in the order in which they came.

        SQLite has one writer, and threads that wait for its lock would sleep and try again. Raises: StoreBusyError when
        others take too long.
        """
        own = _Change()
        self._wait(own)
        try:
            yield
        finally:
            self._end([own])

    def change(self, work: Callable[[], Result]) -> Result:
        """Make a change of the campaign, together with others that wait: the answer of `work`, once it is stored.

        work: makes the change, and reads what it depends on. It may run in the thread of another request, in the
        context of its own. Raises: as `work`, which changes nothing then; StoreBusyError; StoreError when the commit
        fails, for all changes of it.
        """
        own = _Change(work)
        if not self._wait(own):
            with self._turn:
                group = self._followers(own)
            try:
                with self._store.together(self._campaign.name):
                    for each in group:
                        each.make()
            except BaseException as error:
                for each in group:
                    each.error = each.error or error
            finally:
                self._end(group)
        if own.error is not None:
            raise own.error
        found: Result = own.result
        return found

    def _wait(self, own: _Change) -> bool:
        """Wait for the turn of a change; True when another thread has made it meanwhile. Raises: StoreBusyError."""
        with self._turn:
            self._waiting += 1
            self._queue.append(own)

            def may_go() -> bool:
                return own.is_done or (not self._is_held and bool(self._queue) and self._queue[0] is own)

            if not self._turn.wait_for(may_go, self._wait_seconds):
                if own in self._queue:
                    self._queue.remove(own)
                    busy = self._busy()
                    self._waiting -= 1
                    self._turn.notify_all()
                    raise busy
                self._turn.wait_for(lambda: own.is_done)  # it is being made: only its end says what became of it
            if own.is_done:
                return True
            self._queue.popleft()
            self._is_held = True
            return False

    def _followers(self, first: _Change) -> list[_Change]:
        """A change, and those next in the queue that can be made with it. Under the lock."""
        group = [first]
        while self._queue and self._queue[0].work is not None and len(group) < MOST_TOGETHER:
            group.append(self._queue.popleft())
        return group

    def _end(self, group: list[_Change]) -> None:
        with self._turn:
            for each in group:
                each.is_done = True
            self._is_held = False
            self._waiting -= len(group)
            self._turn.notify_all()

    def _busy(self) -> StoreBusyError:
        return StoreBusyError(
            "the campaign",
            wanted=f"be free for a change within {self._wait_seconds:g} seconds",
            got=f"{self._waiting:,} changes that wait",
            remedy="Nothing was changed: try again.",
        )

    def close(self) -> None:
        """Close the database."""
        self._campaign.close()


def desk_of(request: Request) -> Desk:
    """The desk of the application that answers this request."""
    desk: Desk = request.app.state.desk
    return desk


def _acting(identity: SignedIn, request: Request) -> Campaign:
    return desk_of(request).acting(identity.name)


def _one_writer(request: Request) -> Desk:
    return desk_of(request)


OpenCampaign = Annotated[Campaign, Depends(_acting)]  # in the name of the person who is signed in
TheDesk = Annotated[Desk, Depends(_one_writer)]  # `desk.change(...)`, or `with desk.one_writer():` around a long change
