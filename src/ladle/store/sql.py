"""The contract of a store on SQL databases. The differences between databases are in `dialects`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from ladle import durable
from ladle.errors import CorruptFileError, LadleError, MismatchError, NotFoundError
from ladle.labelling.contract.columns import Columns
from ladle.labelling.contract.store import Kind, Store, View, Writer
from ladle.labelling.contract.tables import KINDS, CampaignTable, EventTable, TaskTable
from ladle.store.dialects import Dialect, dialect_of
from ladle.store.engine import (
    WRITES,
    checked_url,
    engine_of,
    file_of,
    refuse_other_file,
    require_file,
    without_password,
)
from ladle.store.failures import translate
from ladle.store.schema import CAMPAIGN, CAMPAIGNS, DISPUTED_TASK, PAGED, SEAL, SERVED, TABLES, WAITING_TASK, is_short
from ladle.store.upgrade import NEWEST, check_version, upgrade, version_of


class SqlStore(Store):
    """A store of campaigns in a SQLite file or a PostgreSQL database. Make one with `create` or `open`.

    Attributes
    ----------
    url : sqlalchemy.URL
        The database.
    """

    def __init__(self, url: sa.URL) -> None:
        self.url = url
        self._engine = engine_of(url)
        self._dialect = dialect_of(url)

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
    def open(cls, url: object) -> SqlStore:
        """Open the store at a URL.

        Parameters
        ----------
        url : str or path
            As in `create`.

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
        store = cls(checked)
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
        text = self.url.render_as_string(hide_password=True).replace("+pysqlite", "").replace("+psycopg", "")
        return without_password(text)

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
            seal = int(CampaignTable.of([(campaign, settings)]).seals(number)[0])
            values = {"number": number, "name": campaign, "settings": settings, SEAL: seal}
            connection.execute(sa.insert(CAMPAIGNS), values)
            yield _SqlWriter(connection, self._dialect, self.name, number, settings)

    @contextmanager
    def reading(self, campaign: str) -> Iterator[View]:
        """See `Store`."""
        with self._connect(writes=False) as connection:
            yield _SqlView(connection, self._dialect, self.name, *self._existing(connection, campaign))

    @contextmanager
    def writing(self, campaign: str) -> Iterator[Writer]:
        """See `Store`."""
        with self._connect(writes=True) as connection:
            self._dialect.hold(connection, campaign)
            yield _SqlWriter(connection, self._dialect, self.name, *self._existing(connection, campaign))

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
        with translate(self.name), self._engine.connect() as connection:
            held = connection.execution_options(**{WRITES: writes}, **self._dialect.isolation(writes=writes))
            with held.begin() as transaction:
                self._dialect.begin(held, writes=writes)
                yield held
                with translate(self.name, committing=writes):
                    transaction.commit()

    def _find(self, connection: sa.Connection, campaign: str) -> tuple[int, str] | None:
        row = connection.execute(sa.select(CAMPAIGNS).where(CAMPAIGNS.c.name == campaign)).one_or_none()
        if row is None:
            return None
        number, name, settings, seal = row
        if int(CampaignTable.of([(name, settings)]).seals(number)[0]) != seal:
            raise damaged(self.name, f"the settings of campaign {campaign!r} changed")
        return int(number), str(settings)

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


class _SqlView(View):
    def __init__(self, connection: sa.Connection, dialect: Dialect, name: str, number: int, settings: str) -> None:
        self._connection = connection
        self._dialect = dialect
        self._name = name
        self._number = number
        self._settings = settings

    @property
    def settings(self) -> str:
        return self._settings

    def read(self, kind: type[Kind], field: str = "", among: Iterable[object] = ()) -> Kind:
        table = TABLES[kind]
        query = sa.select(*table.c[1:]).where(table.c[CAMPAIGN] == self._number)
        if not field:
            return self._fetch(kind, query.order_by(*(table.c[name] for name in kind.KEY)))
        values = list(among)
        query = query.where(self._dialect.among(table.c[field], values))
        if (kind, field) in SERVED and "" not in values:
            # SQLite has no statistics of the tables: without the hint it would read all rows.
            index_name, condition = SERVED[kind, field]
            query = query.where(condition).with_hint(table, f"INDEXED BY {index_name}", "sqlite")
        # Sorted here: with an ORDER BY, SQLite would read the whole table in order instead of sorting few rows.
        return self._fetch(kind, query, sort=True)

    def last(self, kind: type[Kind]) -> Kind:
        table = TABLES[kind]
        query = sa.select(*table.c[1:]).where(table.c[CAMPAIGN] == self._number)
        return self._fetch(kind, query.order_by(table.c[kind.KEY[0]].desc()).limit(1))

    def counts(self, kinds: Sequence[type[Columns]] = KINDS) -> dict[str, int]:
        tables = [TABLES[kind] for kind in kinds]
        queries = [
            sa.select(sa.func.count()).select_from(each).where(each.c[CAMPAIGN] == self._number) for each in tables
        ]
        with translate(self._name):
            found = [self._connection.execute(each).scalar_one() for each in queries]
        return {kind.NAME: int(count) for kind, count in zip(kinds, found, strict=True)}

    def page(
        self, kind: type[Kind], where: Mapping[str, object], by: Sequence[str], after: Sequence[int], limit: int
    ) -> Kind:
        table = TABLES[kind]
        later = sa.tuple_(*(table.c[name] for name in by)) > sa.tuple_(*after)
        query = sa.select(*table.c[1:]).where(table.c[CAMPAIGN] == self._number, later)
        for name, value in where.items():
            query = query.where(table.c[name] == value)
        index_name, condition = PAGED.get((kind, *where), ("", None))
        if condition is not None and is_short(where):
            query = query.where(condition).with_hint(table, f"INDEXED BY {index_name}", "sqlite")
        return self._fetch(kind, query.order_by(*(table.c[name] for name in by)).limit(limit))

    def ranked(self, after: tuple[int, int], limit: int) -> TaskTable:
        table = TABLES[TaskTable]
        later = sa.tuple_(table.c.batch, table.c.place) > sa.tuple_(*after)
        query = sa.select(*table.c[1:]).where(table.c[CAMPAIGN] == self._number, WAITING_TASK, later)
        return self._fetch(TaskTable, query.order_by(table.c.batch, table.c.place).limit(limit))

    def disputed(self, after: tuple[int, int], limit: int) -> TaskTable:
        table = TABLES[TaskTable]
        later = sa.tuple_(table.c.event, table.c.row) > sa.tuple_(*after)
        query = sa.select(*table.c[1:]).where(table.c[CAMPAIGN] == self._number, DISPUTED_TASK, later)
        return self._fetch(TaskTable, query.order_by(table.c.event, table.c.row).limit(limit))

    def now(self) -> int | None:
        with translate(self._name):
            return self._dialect.now(self._connection)

    def _fetch(self, kind: type[Kind], query: sa.Select[Any], *, sort: bool = False) -> Kind:
        """The rows of a query, once every row has passed its seal. Raises: CorruptFileError."""
        with translate(self._name):
            rows = self._dialect.fetch(self._connection, query)
        *by_field, seals = list(zip(*rows, strict=True)) if rows else [()] * (len(kind.layout()) + 1)
        columns = kind.of_fields(by_field)
        sealed = set(map(type, seals)) <= {int} and np.array_equal(columns.seals(self._number), seals)
        if not sealed:
            raise damaged(self._name, f"a row of the table {TABLES[kind].name} changed")
        return columns.in_order() if sort else columns


class _SqlWriter(Writer):
    def __init__(self, connection: sa.Connection, dialect: Dialect, name: str, number: int, settings: str) -> None:
        self._view = _SqlView(connection, dialect, name, number, settings)
        self._connection = connection
        self._dialect = dialect
        self._name = name
        self._number = number

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
        with translate(self._name):
            self._dialect.add(self._connection, TABLES[type(columns)], self._rows(columns), len(columns))

    def change(self, columns: Columns) -> None:
        with translate(self._name):
            keys = (CAMPAIGN, *columns.KEY)
            self._dialect.change(self._connection, TABLES[type(columns)], keys, self._rows(columns), len(columns))

    def rewrite(self, columns: Columns) -> None:
        table = TABLES[type(columns)]
        with translate(self._name):
            self._connection.execute(sa.delete(table).where(table.c[CAMPAIGN] == self._number))
        self.add(columns)

    def _rows(self, columns: Columns) -> Iterator[tuple[object, ...]]:
        return zip(repeat(self._number), *columns.lists(), columns.seals(self._number).tolist())


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
