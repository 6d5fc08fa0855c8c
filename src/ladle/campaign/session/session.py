"""An open campaign: its store, its clock, its files and its pool."""

from __future__ import annotations

import getpass
import json
import math
import os
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ladle.campaign.session.clocks import CampaignClock, Clock
from ladle.campaign.session.damage import explain_crashes, newest_part
from ladle.campaign.session.examples import Examples, TakenOut, check_same, reopen
from ladle.campaign.session.files import CampaignFiles
from ladle.errors import ArgumentError, LadleError, MismatchError
from ladle.labelling.contract.counted import CountedView
from ladle.labelling.contract.events import Act, replaced_parts
from ladle.labelling.contract.store import Store, View, Writer
from ladle.labelling.contract.tables import (
    LATEST_DAYS,
    MICROSECONDS,
    ArtefactTable,
    EventTable,
    ExclusionTable,
    PoolPartTable,
)
from ladle.labelling.id_words import id_words
from ladle.labelling.labels import holdable
from ladle.labelling.settings import Settings, settings_in_force
from ladle.notices import notice
from ladle.numbers import number, shown
from ladle.pool import Pool
from ladle.store.engine import file_of
from ladle.store.sql import SqlStore

CHANGED = (
    "Give the unchanged pool with pool=. If its vectors were made anew: Campaign.extend(..., replace=True), with a "
    "new tree or without."
)

Database = str | os.PathLike[str] | Store  # a URL, the path of a SQLite file, or a store
_DAY_SECONDS = 86_400
COUNTED_SECONDS = 60.0  # a count of all rows holds so long for answers about one example, in a service
LONGEST_ACTOR = 200  # characters


@dataclass(frozen=True, slots=True, eq=False)
class _OpenPool:
    """What is large of one part of the pool, as far as it is needed as yet. part: its number and its event."""

    examples: Examples
    part: tuple[int, int]
    clusters: Any = None
    derived: Any = None
    words: npt.NDArray[np.uint64] | None = None


@dataclass(slots=True, eq=False)
class Session:
    """An open campaign.

    settings: those in force; every transaction reads them anew, because others may have changed them. founding: those
    it began with. clock: the caller's; None for that of the store, otherwise of this machine. pool: the caller's; None
    to open the pool from the place that the campaign has stored. by: who acts. notes: what users should know of their
    input, each once.
    """

    store: Store
    settings: Settings
    files: CampaignFiles
    clock: Clock | None = None
    pool: Pool | None = None
    by: str = ""
    founding: Settings = field(init=False)
    times: CampaignClock = field(init=False)
    notes: dict[str, None] = field(default_factory=dict)
    _opened: list[_OpenPool] = field(default_factory=list)  # at most one; sessions of one campaign share the list
    _counted: list[float] = field(default_factory=list)  # when all tables were counted, at most one; shared as well
    _last_part: int = field(default=0)  # the part whose rows were looked up last; 0 for none
    _used_part: int = field(default=0)  # the part whose rows this call has looked up; 0 for none

    def __post_init__(self) -> None:
        self.founding = self.settings
        self.times = CampaignClock(self.clock)
        self.by = actor_of(self.by)

    def acting(self, by: str) -> Session:
        """The same campaign in the name of another person, for another thread. Cost: nothing that grows with the pool.

        The two share the store and what is open of the pool, and nothing else that changes.
        """
        other = Session(self.store, self.settings, self.files, self.clock, self.pool, by)
        other._opened, other._counted = self._opened, self._counted
        other.founding = self.founding
        return other

    @property
    def name(self) -> str:
        """The campaign's name."""
        return self.settings.name

    @contextmanager
    def reading(self, *, whole: bool = False, of_example: bool = False) -> Iterator[View]:
        """The campaign at one moment. whole: refuse lost rows of every table, for answers about the campaign.

        of_example: the same for answers about one example. Where a store keeps its connections, which is in a service,
        a count of the last `COUNTED_SECONDS` stands, because that of a million tasks takes longer than the answer.
        Without `whole`, lost rows are refused in tables that are read whole. Raises: as `Store.reading`;
        CorruptFileError for lost rows, and where damage makes a rule fail. Cost: `whole` counts the rows of all tables.
        """
        with explain_crashes(self.store, self.settings), self.store.reading(self.name) as stored:
            view = CountedView(stored)
            if whole or (of_example and not self._is_counted()):
                view.check()
                self._counted[:] = [time.monotonic()]
            self.settings = settings_in_force(view)
            self.times.look(view)
            self._used_part = 0
            yield view

    def _is_counted(self) -> bool:
        """Whether the rows of all tables were counted a short time ago, by a process that serves many calls."""
        if not (isinstance(self.store, SqlStore) and self.store.keeps_connections and self._counted):
            return False
        return time.monotonic() - self._counted[0] < COUNTED_SECONDS

    def read_settings(self) -> Settings:
        """The settings in force now. Raises: as `reading`."""
        with self.reading():
            return self.settings

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """The campaign, locked against other writers.

        Raises: as `Store.writing`, and as `reading`; MismatchError when rows that were looked up have other numbers.
        """
        with explain_crashes(self.store, self.settings), self.store.writing(self.name) as writer:
            self.settings = settings_in_force(CountedView(writer))
            self.times.look(writer, writes=True)
            self._check_rows(writer)
            yield writer
            self._used_part = 0

    def note(self, text: str) -> None:
        """Tell users what they should know of their input."""
        self.notes[text] = None
        notice(text)

    @property
    def part_number(self) -> int:
        """The part of the pool whose examples were looked up last; 0 for none."""
        return self._last_part

    def act(self, kind: str, at: int, *, key: str = "", request: str = "") -> Act:
        """A change by whoever acts here, for the log."""
        return Act(kind, at, self.by, key, request)

    def now(self) -> int:
        """The time in microseconds since 1970. Raises: ArgumentError when the clock gives no such time."""
        if not self.times.is_set:
            with self.store.reading(self.name) as view:
                self.times.look(view)
        return self.times.now()

    def examples(self, view: View) -> Examples:
        """The pool at this moment: its ids, and the pool itself when it is needed.

        Raises: MismatchError for another pool of the caller; FileError and MismatchError for ids that are kept nowhere
        but in a pool that is gone, or has changed. Cost: reads the ids once.
        """
        return self._open_pool(view).examples

    def pool_with_gaps(self, view: View) -> Pool | None:
        """The pool, if rows of its source were left out and it can be read. Raises: MismatchError."""
        how = str(newest_part(view).reopen[0])
        if self.pool is None and "skip_invalid" not in (json.loads(how) if how else {}):
            return None
        pool = self.examples(view).pool_if_there()
        return pool if pool is not None and pool.skipped is not None else None

    def pool_problem(self, view: View) -> str:
        """Why the pool cannot be read, or is not the campaign's any more; "" for no problem."""
        try:
            self.examples(view).pool  # noqa: B018 - opens it
        except LadleError as error:
            return str(error)
        return ""

    def clusters(self, view: View) -> Any:
        """The campaign's dendrogram or flat clusters; None when it has none.

        Raises: MismatchError when the pool has changed, or the dendrogram was made from other vectors than it has now.
        Cost: loads them and, where the pool can be opened, compares them with it, once for each part of the pool.
        """
        opened = self._open_pool(view)
        if opened.clusters is None:
            clusters = self.files.clusters(view.read(ArtefactTable), int(newest_part(view).number[0]))
            pool = None if clusters is None else opened.examples.pool_if_there()
            if pool is not None and clusters is not None and not isinstance(clusters, np.ndarray):
                clusters.origin.check(pool, subject=f"the pool {pool.source}", remedy=CHANGED)
            self._opened[:] = [opened := replace(opened, clusters=clusters)]
        return opened.clusters

    def kept_with_clusters(self, view: View, make: Callable[[Any], Any]) -> Any:
        """What `make` derives from the clusters, kept as long as they are; None without clusters.

        make: always the same function. Cost: that of `make`, once for each part of the pool.
        """
        clusters = self.clusters(view)
        opened = self._open_pool(view)
        if opened.derived is None and clusters is not None:
            self._opened[:] = [opened := replace(opened, derived=make(clusters))]
        return opened.derived

    def control_words(self, view: View) -> npt.NDArray[np.uint64]:
        """(n,) the order of the pool in which the control takes it. Cost: about a microsecond for each id, once."""
        opened = self._open_pool(view)
        if opened.words is None:
            ids = opened.examples.texts_at(np.arange(len(opened.examples), dtype=np.int64))
            words = id_words(self.founding.seed, "control", ids)
            self._opened[:] = [replace(opened, words=words)]
            return words
        return opened.words

    def _open_pool(self, view: View) -> _OpenPool:
        """What is open of the pool at this moment. Raises: as `examples`."""
        part = newest_part(view)
        number, event = int(part.number[0]), int(part.event[0])  # a pool that moved has the event of its move
        opened = self._opened[0] if self._opened else None
        if opened is None or opened.part != (number, event):
            opened = _OpenPool(self._open_examples(part, view), (number, event))
            self._opened[:] = [opened]
        self._last_part = self._used_part = number
        return opened

    def _open_examples(self, part: PoolPartTable, view: View) -> Examples:
        has_others = int(part.number[0]) > 1  # an example is taken out by a later part alone
        taken_out = TakenOut.of(view.read(ExclusionTable) if has_others else ExclusionTable.empty())
        given = self._given_pool(part)
        if given is not None:
            return Examples(given.id_column, lambda: given, taken_out)
        ids = self.files.ids(part, view.read(ArtefactTable))
        opener = partial(reopen, part) if part.reopen[0] else None
        if ids is None:  # an older Ladle kept the ids in the pool alone
            pool = reopen(part)
            return Examples(pool.id_column, lambda: pool, taken_out)
        return Examples(ids, opener, taken_out)

    def _given_pool(self, part: PoolPartTable) -> Pool | None:
        """The caller's pool; None where it was the campaign's until others changed that. Raises: MismatchError."""
        if self.pool is not None:
            try:
                check_same(self.pool, part)
            except MismatchError:
                if not self._opened:
                    raise
                self.pool = None
        return self.pool

    def _check_rows(self, view: View) -> None:
        """Refuse to write to rows that were looked up before others renumbered the pool. Raises: MismatchError."""
        used, self._used_part = self._used_part, 0
        self.check_part(view, used)

    def check_part(self, view: View, used: int) -> None:
        """Refuse rows of part `used` of the pool once it was renumbered; 0 for no rows. Raises: MismatchError."""
        number = int(newest_part(view).number[0])
        if used in (0, number):
            return
        if any(used < part <= number for part in replaced_parts(view.read(EventTable, "kind", ["replace"]))):
            raise MismatchError(
                "the pool",
                wanted="stay as it is during a change",
                got="another one, which replaced it meanwhile",
                remedy="Repeat the change.",
            )


class HasSession(Protocol):
    """An open campaign, for functions that are methods of `Reader` and stand in earlier files."""

    _session: Session


def actor_of(by: object) -> str:
    """Who acts, for the log: `by`, otherwise LADLE_USER, otherwise the user of the system. Raises: ArgumentError."""
    if not isinstance(by, str):
        raise ArgumentError("`by`", wanted="be a name", got=shown(by)[:80])
    for subject, given in (("`by`", by), ("LADLE_USER", os.environ.get("LADLE_USER", ""))):
        name = " ".join(unicodedata.normalize("NFC", given).split())
        if len(name) > LONGEST_ACTOR or not holdable(name):
            wanted = f"be a name of {LONGEST_ACTOR} characters at most, none of them NUL or half of one"
            raise ArgumentError(subject, wanted=wanted, got=shown(name)[:80])
        if name:
            return name
    try:
        name = getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container may have no user of this number
        name = ""
    return name if name and holdable(name) else f"user {os.getuid()}"


def database_file(store: Store) -> Path | None:
    """The file of a store in SQLite; None for any other store."""
    return file_of(store.url) if isinstance(store, SqlStore) else None


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
        moment = since / MICROSECONDS if abs(days) < LATEST_DAYS else math.nan
    elif isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = moment.timestamp()
    try:
        return round(number(moment, name, above=0, below=LATEST_DAYS * _DAY_SECONDS) * MICROSECONDS)
    except ArgumentError:
        raise ArgumentError(name, wanted=wanted, got=shown(at)) from None
