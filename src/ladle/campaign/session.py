"""An open campaign: its store, its clock, its files and its pool."""

from __future__ import annotations

import getpass
import math
import os
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ladle.campaign.damage import explain_crashes, newest_part
from ladle.campaign.examples import Examples, check_same, reopen
from ladle.campaign.files import CampaignFiles
from ladle.errors import ArgumentError, MismatchError
from ladle.labelling.contract import Store, View, Writer
from ladle.labelling.counted import CountedView
from ladle.labelling.events import Act
from ladle.labelling.labels import holdable
from ladle.labelling.settings import Settings, settings_in_force
from ladle.labelling.tables import MICROSECONDS, ArtefactTable, PoolPartTable
from ladle.numbers import number
from ladle.pool import Pool

CHANGED = "Give the unchanged pool with pool=, or begin a campaign of this one."

Clock = Callable[[], float]
Database = str | os.PathLike[str] | Store  # a URL, the path of a SQLite file, or a store
_LATEST_DAYS = 1_157_407  # since 1970: the latest time is in the year 5138
_DAY_SECONDS = 86_400
LONGEST_ACTOR = 200  # characters


@dataclass(slots=True, eq=False)
class Session:
    """An open campaign.

    settings: those in force; every transaction reads them anew, because others may have changed them. founding: those
    it began with. pool: the caller's; None to open the pool from the place that the campaign has stored. by: who acts.
    """

    store: Store
    settings: Settings
    files: CampaignFiles
    clock: Clock = time.time
    pool: Pool | None = None
    by: str = ""
    founding: Settings = field(init=False)
    _examples: Examples | None = field(default=None)
    _part: int = field(default=0)
    _clusters: Any = field(default=None)

    def __post_init__(self) -> None:
        self.founding = self.settings
        self.by = actor_of(self.by)

    @property
    def name(self) -> str:
        """The campaign's name."""
        return self.settings.name

    @contextmanager
    def reading(self) -> Iterator[View]:
        """The campaign at one moment. Raises: as `Store.reading`; CorruptFileError where damage makes a rule fail."""
        with explain_crashes(self.store, self.settings), self.store.reading(self.name) as view:
            self.settings = settings_in_force(view)
            yield CountedView(view)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """The campaign, locked against other writers. Raises: as `Store.writing`, and as `reading`."""
        with explain_crashes(self.store, self.settings), self.store.writing(self.name) as writer:
            self.settings = settings_in_force(writer)
            yield writer

    def act(self, kind: str, at: int, *, key: str = "", request: str = "") -> Act:
        """A change by whoever acts here, for the log."""
        return Act(kind, at, self.by, key, request)

    def now(self) -> int:
        """The time in microseconds since 1970. Raises: ArgumentError when the clock gives no such time."""
        seconds = float(self.clock())
        if not math.isfinite(seconds) or seconds <= 0:
            raise ArgumentError("the clock", wanted="return seconds since 1970", got=repr(seconds))
        return round(seconds * MICROSECONDS)

    def examples(self, view: View) -> Examples:
        """The pool at this moment. Raises: FileError; MismatchError when it has changed. Cost: opens it once."""
        part = newest_part(view)
        if self._examples is None or self._part != int(part.number[0]):
            self._examples, self._part = self._open_examples(part, view), int(part.number[0])
            self._clusters = None
        return self._examples

    def clusters(self, view: View) -> Any:
        """The campaign's dendrogram or flat clusters; None when it has none.

        Raises: MismatchError when the dendrogram was made from other vectors than the pool has now.
        Cost: loads them and, where the pool can be opened, compares them with it, once for each part of the pool.
        """
        pool = self.examples(view).pool
        if self._clusters is None:
            clusters = self.files.clusters(view.read(ArtefactTable), int(newest_part(view).number[0]))
            if pool is not None and clusters is not None and not isinstance(clusters, np.ndarray):
                clusters.origin.check(pool, subject=f"the pool {pool.source}", remedy=CHANGED)
            self._clusters = clusters
        return self._clusters

    def _open_examples(self, part: PoolPartTable, view: View) -> Examples:
        if self.pool is not None:
            check_same(self.pool, part)
            return Examples(self.pool.id_column, self.pool)
        if part.reopen[0]:
            pool = reopen(part)
            return Examples(pool.id_column, pool)
        return Examples(self.files.ids(int(part.number[0]), view.read(ArtefactTable)))


def actor_of(by: object) -> str:
    """Who acts, for the log: `by`, otherwise LADLE_USER, otherwise the user of the system. Raises: ArgumentError."""
    if not isinstance(by, str):
        raise ArgumentError("`by`", wanted="be a name", got=repr(by)[:80])
    for subject, given in (("`by`", by), ("LADLE_USER", os.environ.get("LADLE_USER", ""))):
        name = " ".join(unicodedata.normalize("NFC", given).split())
        if len(name) > LONGEST_ACTOR or not holdable(name):
            wanted = f"be a name of {LONGEST_ACTOR} characters at most, none of them NUL or half of one"
            raise ArgumentError(subject, wanted=wanted, got=repr(name)[:80])
        if name:
            return name
    try:
        name = getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container may have no user of this number
        name = ""
    return name if name and holdable(name) else f"user {os.getuid()}"


def folder_of(settings: Settings, database: Path | None) -> Path:
    """The folder of a campaign's files: the one in its settings, or one beside its database."""
    if settings.files:
        return Path(settings.files)
    if database is None:
        raise MismatchError("a campaign without a file", wanted="name the folder of its files", got="none")
    return database.with_name(f"{database.name}.files") / settings.name


def microseconds(at: object, name: str = "`told_at`") -> int:
    """A time of the caller, a datetime with a time zone or seconds since 1970. Raises: ArgumentError."""
    wanted, moment = "be a datetime with a time zone, or seconds since 1970", at
    if isinstance(moment, np.datetime64):
        days = int(moment.astype("datetime64[D]").astype(np.int64))  # in microseconds a late time would overflow
        since = int(moment.astype("datetime64[us]").astype(np.int64))
        moment = since / MICROSECONDS if abs(days) < _LATEST_DAYS else math.nan
    elif isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = moment.timestamp()
    try:
        return round(number(moment, name, above=0, below=_LATEST_DAYS * _DAY_SECONDS) * MICROSECONDS)
    except ArgumentError:
        raise ArgumentError(name, wanted=wanted, got=repr(at)) from None
