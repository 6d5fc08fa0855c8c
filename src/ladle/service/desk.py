"""The open campaign of a process: given to each request in the name of its sender, and changed by one at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request

from ladle.campaign import Campaign
from ladle.errors import StoreBusyError
from ladle.labelling import Store
from ladle.service.config import ServiceConfig
from ladle.service.gate.identity import SignedIn
from ladle.store.sql import SqlStore


class Desk:
    """The campaign of a process.

    A `Campaign` serves one call at a time, so every request gets its own view of it (`Campaign.acting`), which costs
    nothing. They share what is large: the ids of the pool, its clusters.
    """

    def __init__(self, config: ServiceConfig) -> None:
        given = config.database
        wait = config.wait_seconds
        store = given if isinstance(given, Store) else SqlStore.open(given, keeps_connections=True, wait_seconds=wait)
        self._campaign = Campaign.open(
            store, name=config.name, pool=config.pool, clock=config.campaign_clock, by="service"
        )
        self._wait_seconds = config.wait_seconds
        self._lock = threading.Lock()
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
        self._waiting += 1
        try:
            if not self._lock.acquire(timeout=self._wait_seconds):
                raise self._busy()
            try:
                yield
            finally:
                self._lock.release()
        finally:
            self._waiting -= 1

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
TheDesk = Annotated[Desk, Depends(_one_writer)]  # `with desk.one_writer():` around a change
