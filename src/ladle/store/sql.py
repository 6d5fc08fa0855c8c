"""The contract of a store on SQL databases: one implementation, and what differs between them in `dialects`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import repeat
from typing import Any

import numpy as np
import sqlalchemy as sa

from ladle.errors import CorruptFileError, MismatchError, NotFoundError
from ladle.labelling.columns import Columns
from ladle.labelling.contract import Kind, Store, View, Writer
from ladle.labelling.tables import Founding, Task
from ladle.store.dialects import Dialect, dialect_of
from ladle.store.engine import WRITES, checked_url, engine_of, require_file
from ladle.store.failures import translated
from ladle.store.schema import CAMPAIGN, CAMPAIGNS, SEAL, SERVED, TABLES, WAITING_TASK
from ladle.store.upgrade import NEWEST, check_version, upgrade, version_of


class SqlStore(Store):
    """Campaigns in the database of a URL. Make one with `create` or `open`."""

    def __init__(self, url: sa.URL) -> None:
        self.url = url
        self._engine = engine_of(url)
        self._dialect = dialect_of(url)

    @classmethod
    def create(cls, url: object) -> SqlStore:
        """The store at `url`; the database gets its tables if it has none.

        Raises: ArgumentError, FileError, FileFormatError, MissingDependencyError, StoreError.
        """
        made = cls(checked_url(url))
        with made._connected(writes=True) as connection:
            made._dialect.hold_schema(connection)
            if not version_of(connection):
                upgrade(connection)
            check_version(connection, made.name)
        return made

    @classmethod
    def open(cls, url: object) -> SqlStore:
        """The store at `url`, which is there. Raises: as `create`."""
        checked = checked_url(url)
        require_file(checked)
        opened = cls(checked)
        with opened._connected(writes=False) as connection:
            check_version(connection, opened.name)
        return opened

    @classmethod
    def migrate(cls, url: object) -> tuple[str, str]:
        """Bring the tables at `url` to the newest version: the versions before and after. Raises: as `create`."""
        checked = checked_url(url)
        require_file(checked)
        store = cls(checked)
        with store._connected(writes=True) as connection:
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
        return self.url.render_as_string(hide_password=True).replace("+pysqlite", "").replace("+psycopg", "")

    def names(self) -> list[str]:
        """See `Store`."""
        with self._connected(writes=False) as connection:
            return sorted(connection.execute(sa.select(CAMPAIGNS.c.name)).scalars())

    @contextmanager
    def founding(self, campaign: str, settings: str) -> Iterator[Writer]:
        """See `Store`."""
        with self._connected(writes=True) as connection:
            self._dialect.hold_schema(connection)
            if self._found(connection, campaign) is not None:
                raise MismatchError(f"the campaign {campaign!r}", wanted="be a new one", got="one of that name")
            number = (
                int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(CAMPAIGNS.c.number), 0))).scalar_one())
                + 1
            )
            seal = int(Founding.of([(campaign, settings)]).seals(number)[0])
            values = {"number": number, "name": campaign, "settings": settings, SEAL: seal}
            connection.execute(sa.insert(CAMPAIGNS), values)
            yield _SqlWriter(connection, self._dialect, self.name, number, settings)

    @contextmanager
    def reading(self, campaign: str) -> Iterator[View]:
        """See `Store`."""
        with self._connected(writes=False) as connection:
            yield _SqlWriter(connection, self._dialect, self.name, *self._there(connection, campaign))

    @contextmanager
    def writing(self, campaign: str) -> Iterator[Writer]:
        """See `Store`."""
        with self._connected(writes=True) as connection:
            self._dialect.hold(connection, campaign)
            yield _SqlWriter(connection, self._dialect, self.name, *self._there(connection, campaign))

    def problems(self) -> list[str]:
        """See `Store`: of the file (SQLite) and of the tables' shape."""
        with self._connected(writes=False) as connection:
            return self._dialect.problems(connection)

    def close(self) -> None:
        """See `Store`."""
        self._engine.dispose()

    @contextmanager
    def _connected(self, *, writes: bool) -> Iterator[sa.Connection]:
        """A connection in a transaction, committed when the block ends well and rolled back otherwise."""
        with translated(self.name), self._engine.connect() as connection:
            held = connection.execution_options(**{WRITES: writes}, **self._dialect.isolation(writes=writes))
            with held.begin() as transaction:
                self._dialect.begin(held, writes=writes)
                yield held
                with translated(self.name, committing=writes):
                    transaction.commit()

    def _found(self, connection: sa.Connection, campaign: str) -> tuple[int, str] | None:
        row = connection.execute(sa.select(CAMPAIGNS).where(CAMPAIGNS.c.name == campaign)).one_or_none()
        if row is None:
            return None
        number, name, settings, seal = row
        if int(Founding.of([(name, settings)]).seals(number)[0]) != seal:
            raise damaged(self.name, f"the settings of campaign {campaign!r} changed")
        return int(number), str(settings)

    def _there(self, connection: sa.Connection, campaign: str) -> tuple[int, str]:
        found = self._found(connection, campaign)
        if found is None:
            names = ", ".join(sorted(connection.execute(sa.select(CAMPAIGNS.c.name)).scalars())) or "none at all"
            raise NotFoundError(
                f"the campaign {campaign!r}", wanted=f"be in {self.name}", got=f"none of that name; there are: {names}"
            )
        return found


class _SqlWriter(Writer):
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
        if field:
            # Sorted here: SQLite would rather read a whole table in order than sort the rows it finds.
            values = list(among)
            query = query.where(self._dialect.among(table.c[field], values))
            if (
                kind,
                field,
            ) in SERVED and "" not in values:  # SQLite, which knows no figures of the tables, would read all of them
                served, held = SERVED[kind, field]
                query = query.where(held).with_hint(table, f"INDEXED BY {served}", "sqlite")
            return self._sound(kind, query, sort=True)
        return self._sound(kind, query.order_by(*(table.c[name] for name in kind.KEY)))

    def last(self, kind: type[Kind]) -> Kind:
        table = TABLES[kind]
        query = sa.select(*table.c[1:]).where(table.c[CAMPAIGN] == self._number)
        return self._sound(kind, query.order_by(table.c[kind.KEY[0]].desc()).limit(1))

    def ranked(self, after: tuple[int, int], limit: int) -> Task:
        table = TABLES[Task]
        later = sa.tuple_(table.c.batch, table.c.place) > sa.tuple_(*after)
        query = sa.select(*table.c[1:]).where(table.c[CAMPAIGN] == self._number, WAITING_TASK, later)
        return self._sound(Task, query.order_by(table.c.batch, table.c.place).limit(limit))

    def add(self, columns: Columns) -> None:
        with translated(self._name):
            self._dialect.add(self._connection, TABLES[type(columns)], self._rows(columns), len(columns))

    def change(self, columns: Columns) -> None:
        with translated(self._name):
            keys = (CAMPAIGN, *columns.KEY)
            self._dialect.change(self._connection, TABLES[type(columns)], keys, self._rows(columns), len(columns))

    def _rows(self, columns: Columns) -> Iterator[tuple[object, ...]]:
        return zip(repeat(self._number), *columns.lists(), columns.seals(self._number).tolist())

    def _sound(self, kind: type[Kind], query: sa.Select[Any], *, sort: bool = False) -> Kind:
        """What a query found, if every row is as it was written. Raises: CorruptFileError."""
        with translated(self._name):
            rows = self._dialect.fetch(self._connection, query)
        *by_field, seals = list(zip(*rows, strict=True)) if rows else [()] * (len(kind.layout()) + 1)
        columns = kind.of_fields(by_field)
        sound = set(map(type, seals)) <= {int} and np.array_equal(columns.seals(self._number), seals)
        if not sound:
            raise damaged(self._name, f"a row of the table {TABLES[kind].name} changed")
        return columns.in_order() if sort else columns


def damaged(name: str, what: str) -> CorruptFileError:
    """The error for a database that is not as it was written."""
    return CorruptFileError(
        f"the database {name}",
        wanted="hold what was written",
        got=f"damage: {what}",
        remedy="Copy it away as it is, then restore a backup: ladle campaign restore.",
    )
