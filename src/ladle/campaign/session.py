"""What every act of a campaign needs at hand: its store, its clock, its files, its pool."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ladle.campaign.damage import explained, newest_part
from ladle.campaign.examples import Examples, check_same, reopened
from ladle.campaign.files import Files
from ladle.errors import ArgumentError, MismatchError
from ladle.labelling.contract import Store, View, Writer
from ladle.labelling.settings import Settings
from ladle.labelling.tables import MICROSECONDS, Artefact, PoolPart
from ladle.pool import Pool

CHANGED = "Give the pool as it was with pool=, or begin a campaign of this one."

Clock = Callable[[], float]
_LATEST_DAYS = 1_157_407  # since 1970: times up to the year 5138 are taken
_DAY_SECONDS = 86_400


@dataclass(slots=True, eq=False)
class Desk:
    """A campaign at work. pool: as the caller gave it; None to open it as the campaign remembers it."""

    store: Store
    settings: Settings
    files: Files
    clock: Clock = time.time
    pool: Pool | None = None
    _examples: Examples | None = field(default=None)
    _part: int = field(default=0)
    _clusters: Any = field(default=None)

    @property
    def name(self) -> str:
        """The campaign's name."""
        return self.settings.name

    @contextmanager
    def reading(self) -> Iterator[View]:
        """The campaign as it is at one moment. Raises: as `Store.reading`; CorruptFileError for a crash over damage."""
        with explained(self.store, self.settings), self.store.reading(self.name) as view:
            yield view

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """The campaign, held against other writers. Raises: as `Store.writing`, and as `reading`."""
        with explained(self.store, self.settings), self.store.writing(self.name) as writer:
            yield writer

    def now(self) -> int:
        """The time in microseconds. Raises: ArgumentError when the clock is none."""
        seconds = float(self.clock())
        if not math.isfinite(seconds) or seconds <= 0:
            raise ArgumentError("the clock", wanted="tell seconds since 1970", got=repr(seconds))
        return round(seconds * MICROSECONDS)

    def examples(self, view: View) -> Examples:
        """The pool as it is at this moment. Raises: FileError, MismatchError when it has changed. Cost: opened once."""
        part = newest_part(view)
        if self._examples is None or self._part != int(part.number[0]):
            self._examples, self._part = self._opened(part, view), int(part.number[0])
            self._clusters = None
        return self._examples

    def clusters(self, view: View) -> Any:
        """The campaign's dendrogram or flat clusters; None when it has none.

        Raises: MismatchError where the pool has other vectors by now than the dendrogram was made from.
        Cost: loaded, and compared with a pool that can be opened, once for each pool part.
        """
        pool = self.examples(view).pool
        if self._clusters is None:
            clusters = self.files.clusters(view.read(Artefact), int(newest_part(view).number[0]))
            if pool is not None and clusters is not None and not isinstance(clusters, np.ndarray):
                clusters.origin.check(pool, subject=f"the pool {pool.source}", remedy=CHANGED)
            self._clusters = clusters
        return self._clusters

    def _opened(self, part: PoolPart, view: View) -> Examples:
        if self.pool is not None:
            check_same(self.pool, part)
            return Examples(self.pool.id_column, self.pool)
        if part.reopen[0]:
            pool = reopened(part)
            return Examples(pool.id_column, pool)
        return Examples(self.files.ids(int(part.number[0]), view.read(Artefact)))


def folder_of(settings: Settings, database: Path | None) -> Path:
    """Where a campaign's files lie: where it was told, or in a folder beside its database."""
    if settings.files:
        return Path(settings.files)
    if database is None:
        raise MismatchError("a campaign without a file", wanted="name the folder of its files", got="none")
    return database.with_name(f"{database.name}.files") / settings.name


def microseconds(at: object, name: str = "`told_at`") -> int:
    """A moment from outside: a datetime with a time zone, or seconds since 1970. Raises: ArgumentError."""
    moment = at.item() if isinstance(at, np.generic) and not isinstance(at, np.datetime64) else at
    if isinstance(moment, np.datetime64):
        days = int(moment.astype("datetime64[D]").astype(np.int64))  # in microseconds a late one would come out early
        since = int(moment.astype("datetime64[us]").astype(np.int64))
        moment = since / MICROSECONDS if abs(days) < _LATEST_DAYS else math.nan
    elif isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = moment.timestamp()
    if isinstance(moment, (int, float)) and not isinstance(moment, bool) and 0 < moment < _LATEST_DAYS * _DAY_SECONDS:
        return round(moment * MICROSECONDS)
    raise ArgumentError(name, wanted="be a datetime with a time zone, or seconds since 1970", got=repr(at))
