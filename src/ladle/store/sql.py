"""The contract of a store on SQL databases. The differences between databases are in `dialects`."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import repeat
from pathlib import Path

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from ladle import durable
from ladle.errors import CorruptFileError, LadleError, MismatchError, NotFoundError
from ladle.labelling.contract.columns import Columns
from ladle.labelling.contract.store import Kind, Store, View, Writer
from ladle.labelling.contract.tables import KINDS, CampaignTable, EventTable, TaskTable
from ladle.store import queries
from ladle.store.dialects import Dialect, Row, dialect_of
from ladle.store.engine import (
    WAIT_SECONDS,
    checked_url,
    do_alongside,
    engine_of,
    file_of,
    refuse_other_file,
    require_file,
    without_password,
)
from ladle.store.failures import translate
from ladle.store.joined import joining, part
from ladle.store.schema import CAMPAIGN, CAMPAIGNS, SEAL, TABLES, is_short
from ladle.store.turns import transaction, turns_of
from ladle.store.upgrade import NEWEST, check_version, upgrade, version_of

KEPT_ROWS = 1_000  # of a whole table that a view keeps, because the rules read it again


class SqlStore(Store):
    """A store of campaigns in a SQLite file or a PostgreSQL database. Make one with `create` or `open`.

    Attributes
    ----------
    url : sqlalchemy.URL
        The database.
    keeps_connections : bool
        As in `open`.
    """

    def __init__(self, url: sa.URL, *, keeps_connections: bool = False, wait_seconds: float = WAIT_SECONDS) -> None:
        self.url, self.keeps_connections = url, keeps_connections
        text = url.render_as_string(hide_password=True).replace("+pysqlite", "").replace("+psycopg", "")
        self._shown = without_password(text)
        self._engine = engine_of(url, keeps_connections=keeps_connections, wait_seconds=wait_seconds)
        self._turns = turns_of(url) if keeps_connections else None
        self._dialect = dialect_of(url)
        weakref.finalize(self, self._engine.dispose)  # closes what is open where nobody calls `close`
        self._own = threading.local()  # the view and the campaign of the block `together` of a thread

    @classmethod
    def create(cls, url: object) -> SqlStore:
        """Open the store at a URL. A database without Ladle's tables gets them, and so does an empty file.

        Parameters
        ----------
        url : str or path
            `sqlite:///birds.db`, `postgresql://user@host/database`, or the path of a SQLite file.

        Returns
        -------
        SqlStore

        Raises
        ------
        ArgumentError
            For any other URL.
        FileError, FileFormatError
            When the folder of the file is missing; when the file is no SQLite database, or the tables are of another
            version.
        MissingDependencyError
            For PostgreSQL without psycopg.
        StoreError, StoreBusyError
            When the database fails or is locked.
        """
        checked = checked_url(url)
        refuse_other_file(checked)
        store = cls(checked)
        with store._connect(writes=True) as connection:
            store._dialect.hold_schema(connection)
            if not version_of(connection):
                upgrade(connection)
            check_version(connection, store.name)
        return store

    @classmethod
    @contextmanager
    def creating(cls, url: object) -> Iterator[SqlStore]:
        """As `create`, for a block that adds a campaign: if it raises, a file that was not there before is removed.

        A file in which another process has put a campaign, or is about to put one, stays.
        """
        path = file_of(checked_url(url))
        with durable.shared(None if path is None else path.parent) as is_alone:
            is_new = path is not None and not path.exists()
            try:
                store = cls.create(url)
                yield store
            except BaseException:
                if is_new and path is not None and path.exists() and is_alone():
                    _remove_without_campaigns(cls(checked_url(url)), path)
                raise

    @classmethod
    def open(cls, url: object, *, keeps_connections: bool = False, wait_seconds: float = WAIT_SECONDS) -> SqlStore:
        """Open the store at a URL.

        Parameters
        ----------
        url : str or path
            As in `create`.
        keeps_connections : bool, default False
            Whether connections stay open for later transactions: for a process that serves many and never forks.
        wait_seconds : float, default 60
            How long a transaction waits for others.

        Returns
        -------
        SqlStore

        Raises
        ------
        FileError
            When there is no database. Also what `create` raises.
        """
        checked = checked_url(url)
        require_file(checked)
        store = cls(checked, keeps_connections=keeps_connections, wait_seconds=wait_seconds)
        with store._connect(writes=False) as connection:
            check_version(connection, store.name)
        return store

    @classmethod
    def migrate(cls, url: object) -> tuple[str, str]:
        """Bring the tables at a URL to the newest version, in one transaction.

        Parameters
        ----------
        url : str or path
            As in `create`.

        Returns
        -------
        tuple of two str
            The versions before and after.

        Raises
        ------
        FileError, FileFormatError
            When there is no database; when it is of a newer Ladle. Also what `create` raises.
        """
        checked = checked_url(url)
        require_file(checked)
        store = cls(checked)
        with store._connect(writes=True) as connection:
            store._dialect.hold_schema(connection)
            before = version_of(connection)
            if before and before < NEWEST:
                upgrade(connection)
            check_version(connection, store.name)
            after = version_of(connection)
        store.close()
        return before, after

    @property
    def name(self) -> str:
        """See `Store`."""
        return self._shown

    def names(self) -> list[str]:
        """See `Store`."""
        with self._connect(writes=False) as connection:
            self._refuse_nameless(connection)
            return sorted(connection.execute(sa.select(CAMPAIGNS.c.name)).scalars())

    @contextmanager
    def founding(self, campaign: str, settings: str) -> Iterator[Writer]:
        """See `Store`."""
        with self._connect(writes=True) as connection:
            self._dialect.hold_schema(connection)
            if self._find(connection, campaign) is not None:
                raise MismatchError(f"the campaign {campaign!r}", wanted="be a new one", got="one of that name")
            self._refuse_nameless(connection)
            last = sa.select(sa.func.coalesce(sa.func.max(CAMPAIGNS.c.number), 0))
            number = int(connection.execute(last).scalar_one()) + 1
            seal = _founding_seal(number, campaign, settings)
            values = {"number": number, "name": campaign, "settings": settings, SEAL: seal}
            connection.execute(sa.insert(CAMPAIGNS), values)
            yield _SqlWriter(_SqlView(connection, self._dialect, self.name, number, settings))

    @contextmanager
    def reading(self, campaign: str) -> Iterator[View]:
        """See `Store`."""
        view = self._together(campaign)
        if view is not None:
            with translate(self.name):
                yield view
            return
        with self._connect(writes=False) as connection:
            yield self._view(connection, campaign)

    @contextmanager
    def writing(self, campaign: str) -> Iterator[Writer]:
        """See `Store`."""
        view = self._together(campaign)
        if view is not None:
            try:
                with translate(self.name), part(view.connection, self.name):
                    do_alongside(view.connection)
                    yield _SqlWriter(view)
            except BaseException:
                view.forget()
                raise
            return
        with self._connect(writes=True) as connection:
            self._dialect.hold(connection, campaign)
            do_alongside(connection)
            yield _SqlWriter(self._view(connection, campaign))

    @contextmanager
    def together(self, campaign: str) -> Iterator[None]:
        """See `Store`: one transaction, in which each change is a savepoint. They share what they read."""
        with self._connect(writes=True) as connection:
            self._dialect.hold(connection, campaign)
            self._own.view, self._own.campaign = self._view(connection, campaign), campaign
            try:
                with joining(self.url, connection, self.name):
                    yield
            finally:
                self._own.view = None

    def problems(self) -> list[str]:
        """See `Store`: problems of the file (SQLite) and of the definitions of the tables."""
        with self._connect(writes=False) as connection:
            return self._dialect.problems(connection)

    def close(self) -> None:
        """See `Store`."""
        self._engine.dispose()

    @contextmanager
    def _connect(self, *, writes: bool) -> Iterator[sa.Connection]:
        """A connection in a transaction, which is committed when the block ends and rolled back when it raises."""
        options = self._dialect.isolation(writes=writes)
        with (
            translate(self.name),
            transaction(self._engine, self._turns, writes=writes, **options) as (connection, begun),
        ):
            self._dialect.begin(connection, writes=writes)
            yield connection
            with translate(self.name, committing=writes):
                begun.commit()

    def _view(self, connection: sa.Connection, campaign: str) -> _SqlView:
        return _SqlView(connection, self._dialect, self.name, *self._existing(connection, campaign))

    def _together(self, campaign: str) -> _SqlView | None:
        """What this thread reads in its block `together` of this campaign; None outside of one."""
        view: _SqlView | None = getattr(self._own, "view", None)
        return view if view is not None and self._own.campaign == campaign else None

    def _find(self, connection: sa.Connection, campaign: str) -> tuple[int, str] | None:
        query = f"SELECT number, name, settings, seal FROM {CAMPAIGNS.name} WHERE name = {self._dialect.wording.mark}"
        rows = [row for part in self._dialect.fetch(connection, query, (campaign,)) for row in part]
        if not rows:
            return None
        number, name, settings, seal = rows[0]
        if _founding_seal(int(str(number)), name, settings) != seal:
            raise damaged(self.name, f"the settings of campaign {campaign!r} changed")
        return int(str(number)), str(settings)

    def _refuse_nameless(self, connection: sa.Connection) -> None:
        """Refuse a log without its campaign, whose row is lost. Raises: CorruptFileError. Cost: a pass over the log."""
        numbers, log = sa.select(CAMPAIGNS.c.number), TABLES[EventTable]
        nameless = sa.select(log.c[CAMPAIGN]).where(log.c[CAMPAIGN].not_in(numbers)).limit(1)
        if connection.execute(nameless).first() is not None:
            raise damaged(self.name, "the row of a campaign is lost, with its name and settings")

    def _existing(self, connection: sa.Connection, campaign: str) -> tuple[int, str]:
        row = self._find(connection, campaign)
        if row is None:
            self._refuse_nameless(connection)
            names = ", ".join(sorted(connection.execute(sa.select(CAMPAIGNS.c.name)).scalars())) or "none at all"
            raise NotFoundError(
                f"the campaign {campaign!r}", wanted=f"be in {self.name}", got=f"none of that name; there are: {names}"
            )
        return row


_SHARE, _LEAST = 4, 100  # a table of less than a quarter as many rows as values are looked up, of many, is read whole


class _SqlView(View):
    def __init__(self, connection: sa.Connection, dialect: Dialect, name: str, number: int, settings: str) -> None:
        self.connection = connection
        self.dialect = dialect
        self.name = name
        self.number = number
        self._settings = settings
        self._wording = dialect.wording
        self._known: dict[tuple[object, ...], Columns] = {}  # what was read by a field: the rules ask for it again

    @property
    def settings(self) -> str:
        return self._settings

    def read(self, kind: type[Kind], field: str = "", among: Iterable[object] = ()) -> Kind:
        if not field:
            return self._whole(kind)
        values = list(among)
        if not values:
            return kind.empty()
        known = (kind, field, tuple(values))
        if known not in self._known and self._is_small(kind, len(values) // _SHARE):
            # To pass so many values to the database and look each one up takes longer.
            whole = self._fetch(kind, queries.whole(self._wording, kind.NAME))
            self._known[known] = whole.take(_is_among(whole, field, values))
        if known not in self._known:
            # The index of a field leaves out the empty text.
            text = queries.by_field(
                self._wording, kind.NAME, field, is_single=len(values) == 1, is_served="" not in values
            )
            wanted = values[0] if len(values) == 1 else self.dialect.values(values)
            # Sorted here: with an ORDER BY, SQLite would read the whole table in order instead of sorting few rows.
            self._known[known] = self._fetch(kind, text, wanted, sort=True)
        found: Kind = self._known[known]  # type: ignore[assignment]
        return found

    def _whole(self, kind: type[Kind]) -> Kind:
        if (kind,) in self._known:
            known: Kind = self._known[kind,]  # type: ignore[assignment]
            return known
        found = self._fetch(kind, queries.whole(self._wording, kind.NAME))
        if len(found) <= KEPT_ROWS:
            self._known[kind,] = found
        return found

    def last(self, kind: type[Kind]) -> Kind:
        if (kind, "") not in self._known:
            self._known[kind, ""] = self._fetch(kind, queries.last(self._wording, kind.NAME))
        found: Kind = self._known[kind, ""]  # type: ignore[assignment]
        return found

    def counts(self, kinds: Sequence[type[Columns]] = KINDS) -> dict[str, int]:
        with translate(self.name):
            return {
                kind.NAME: int(str(next(self.dialect.fetch(self.connection, text, (self.number,)))[0][0]))
                for kind in kinds
                for text in [queries.count(self._wording, kind.NAME)]
            }

    def page(
        self, kind: type[Kind], where: Mapping[str, object], by: Sequence[str], after: Sequence[int], limit: int
    ) -> Kind:
        text = queries.page(self._wording, kind.NAME, tuple(where), tuple(by), is_served=is_short(where))
        return self._fetch(kind, text, *where.values(), *after, limit)

    def ranked(self, after: tuple[int, int], limit: int) -> TaskTable:
        return self._fetch(TaskTable, queries.listed_tasks(self._wording, disputed=False), *after, limit)

    def disputed(self, after: tuple[int, int], limit: int) -> TaskTable:
        return self._fetch(TaskTable, queries.listed_tasks(self._wording, disputed=True), *after, limit)

    def _is_small(self, kind: type[Columns], limit: int) -> bool:
        """Whether a table has fewer rows than this."""
        if limit < _LEAST:
            return False
        with translate(self.name):
            text = queries.count_up_to(self._wording, kind.NAME)
            rows = next(self.dialect.fetch(self.connection, text, (self.number, limit)))[0][0]
        return int(str(rows)) < limit

    def forget(self, kind: type[Columns] | None = None) -> None:
        """Read this table anew from now on, because it is written to; without a kind, all tables."""
        for known in [each for each in self._known if kind is None or each[0] is kind]:
            del self._known[known]

    def now(self) -> int | None:
        with translate(self.name):
            return self.dialect.now(self.connection)

    def _fetch(self, kind: type[Kind], query: str, *parameters: object, sort: bool = False) -> Kind:
        """The rows of a query, once every row has passed its seal. Raises: CorruptFileError."""
        with translate(self.name):
            parts = [
                self._checked(kind, rows)
                for rows in self.dialect.fetch(self.connection, query, (self.number, *parameters))
            ]
        columns = parts[0] if len(parts) == 1 else kind.joined(parts)
        return columns.in_order() if sort else columns

    def _checked(self, kind: type[Kind], rows: list[Row]) -> Kind:
        """These rows as columns, once each has passed its seal. Raises: CorruptFileError."""
        *by_field, seals = list(zip(*rows, strict=True))
        columns = kind.of_fields(by_field)
        if not (set(map(type, seals)) <= {int} and np.array_equal(columns.seals(self.number), seals)):
            raise damaged(self.name, f"a row of the table {TABLES[kind].name} changed")
        return columns


class _SqlWriter(Writer):
    def __init__(self, view: _SqlView) -> None:
        self._view = view
        self._connection, self._dialect = view.connection, view.dialect
        self._name, self._number = view.name, view.number

    @property
    def settings(self) -> str:
        return self._view.settings

    def read(self, kind: type[Kind], field: str = "", among: Iterable[object] = ()) -> Kind:
        return self._view.read(kind, field, among)

    def last(self, kind: type[Kind]) -> Kind:
        return self._view.last(kind)

    def counts(self, kinds: Sequence[type[Columns]] = KINDS) -> dict[str, int]:
        return self._view.counts(kinds)

    def page(
        self, kind: type[Kind], where: Mapping[str, object], by: Sequence[str], after: Sequence[int], limit: int
    ) -> Kind:
        return self._view.page(kind, where, by, after, limit)

    def now(self) -> int | None:
        return self._view.now()

    def ranked(self, after: tuple[int, int], limit: int) -> TaskTable:
        return self._view.ranked(after, limit)

    def disputed(self, after: tuple[int, int], limit: int) -> TaskTable:
        return self._view.disputed(after, limit)

    def add(self, columns: Columns) -> None:
        self._view.forget(type(columns))
        with translate(self._name):
            self._dialect.add(self._connection, TABLES[type(columns)], self._rows(columns), len(columns))

    def change(self, columns: Columns) -> None:
        self._view.forget(type(columns))
        with translate(self._name):
            keys = (CAMPAIGN, *columns.KEY)
            self._dialect.change(self._connection, TABLES[type(columns)], keys, self._rows(columns), len(columns))

    def rewrite(self, columns: Columns) -> None:
        table = TABLES[type(columns)]
        self._view.forget(type(columns))
        with translate(self._name):
            self._connection.execute(sa.delete(table).where(table.c[CAMPAIGN] == self._number))
        self.add(columns)

    def _rows(self, columns: Columns) -> Iterator[tuple[object, ...]]:
        return zip(repeat(self._number), *columns.lists(), columns.seals(self._number).tolist())


def _is_among(columns: Columns, field: str, values: list[object]) -> npt.NDArray[np.bool_]:
    """(rows,) whether a field has one of these values."""
    column = columns.column(field)
    if columns.layout()[field] == "number":
        return np.isin(column, np.array(values, np.int64))
    wanted = set(values)
    return np.array([each in wanted for each in column.tolist()], bool)


@lru_cache(maxsize=64)
def _founding_seal(number: int, name: object, settings: object) -> int:
    """The seal of the row of a campaign. Raises: CorruptFileError for values that are no text."""
    return int(CampaignTable.of([(name, settings)]).seals(number)[0])


def _remove_without_campaigns(store: SqlStore, path: Path) -> None:
    """Remove a new SQLite file, under its lock, if it has no campaign."""
    with suppress(LadleError), store._connect(writes=True) as connection:
        if not version_of(connection) or not connection.execute(sa.select(CAMPAIGNS.c.name)).first():
            path.unlink()


def damaged(name: str, what: str) -> CorruptFileError:
    """The error for a damaged database."""
    return CorruptFileError(
        f"the database {name}",
        wanted="hold what was written",
        got=f"damage: {what}",
        remedy="Copy it away as it is, then restore a backup in a new database: ladle campaign restore.",
    )
