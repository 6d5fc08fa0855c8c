"""What SQLite and PostgreSQL do differently: locks, long lists of values, and many rows at a time."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from ladle.errors import StoreError
from ladle.store.engine import WAIT_SECONDS
from ladle.store.schema import CAMPAIGNS, PREFIX
from ladle.store.upgrade import upgrade

CHUNK_ROWS = 50_000  # written in one call: bounds the memory of their tuples
_SCHEMA_LOCK = 0x1AD1E  # PostgreSQL's advisory lock while tables are made or a campaign is founded

Row = tuple[object, ...]


class Dialect(ABC):
    """How one kind of database is spoken to."""

    @abstractmethod
    def isolation(self, *, writes: bool) -> dict[str, Any]:
        """Execution options of a connection under which a reader sees one moment, and a writer the last."""

    @abstractmethod
    def begin(self, connection: sa.Connection, *, writes: bool) -> None:
        """What a transaction begins with."""

    @abstractmethod
    def hold(self, connection: sa.Connection, campaign: str) -> None:
        """Hold a campaign against other writers until the transaction ends."""

    @abstractmethod
    def hold_schema(self, connection: sa.Connection) -> None:
        """Hold the tables themselves, and the list of campaigns, until the transaction ends."""

    @abstractmethod
    def among(self, column: sa.Column[Any], values: Sequence[object]) -> sa.ColumnElement[bool]:
        """Whether a column's value is among any number of others."""

    @abstractmethod
    def add(self, connection: sa.Connection, table: sa.Table, rows: Iterator[Row], count: int) -> None:
        """Insert rows, each a tuple of all columns."""

    @abstractmethod
    def change(
        self, connection: sa.Connection, table: sa.Table, keys: Sequence[str], rows: Iterator[Row], count: int
    ) -> None:
        """Replace the rows of these keys. Raises: StoreError when one is not there."""

    @abstractmethod
    def problems(self, connection: sa.Connection) -> list[str]:
        """What the database finds wrong with itself."""

    def fetch(self, connection: sa.Connection, query: sa.Select[Any]) -> list[Row]:
        """All rows as plain tuples."""
        cursor: Any = connection.execute(query).cursor  # the driver's own: an object less a row
        return list(cursor.fetchall())


class Sqlite(Dialect):
    """SQLite: one writer a database, by BEGIN IMMEDIATE (see `ladle.store.engine`)."""

    def isolation(self, *, writes: bool) -> dict[str, Any]:
        """See `Dialect`."""
        return {}

    def begin(self, connection: sa.Connection, *, writes: bool) -> None:
        """See `Dialect`."""

    def hold(self, connection: sa.Connection, campaign: str) -> None:
        """See `Dialect`."""

    def hold_schema(self, connection: sa.Connection) -> None:
        """See `Dialect`."""

    def among(self, column: sa.Column[Any], values: Sequence[object]) -> sa.ColumnElement[bool]:
        """See `Dialect`: one parameter, for SQLite takes no more than 32,766."""
        listed = sa.func.json_each(json.dumps(values, ensure_ascii=False)).table_valued("value")
        return column.in_(sa.select(listed.c.value))

    def add(self, connection: sa.Connection, table: sa.Table, rows: Iterator[Row], count: int) -> None:
        """See `Dialect`."""
        statement = str(table.insert().compile(dialect=connection.dialect))
        for chunk in _chunks(rows):
            connection.exec_driver_sql(statement, chunk)

    def change(
        self, connection: sa.Connection, table: sa.Table, keys: Sequence[str], rows: Iterator[Row], count: int
    ) -> None:
        """See `Dialect`."""
        names = [column.name for column in table.c]
        values = [name for name in names if name not in keys]
        given, wanted = (", ".join(f'"{name}" = ?' for name in values), " AND ".join(f'"{name}" = ?' for name in keys))
        statement = f"UPDATE {table.name} SET {given} WHERE {wanted}"
        order = [names.index(name) for name in (*values, *keys)]
        changed = 0
        for chunk in _chunks(rows):
            changed += connection.exec_driver_sql(
                statement, [tuple(row[place] for place in order) for row in chunk]
            ).rowcount
        _check_changed(table, changed, count)

    def problems(self, connection: sa.Connection) -> list[str]:
        """See `Dialect`: SQLite's own check of every page, index and reference; and that the tables are as made."""
        found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        changed = sorted({(kind, name) for kind, name, *_ in _tables(connection) ^ _tables_as_made()})
        strays = [
            f"a row of {row[0]} refers to nothing" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
        ]
        shape = [f"the {kind} {name} is not as this version makes it" for kind, name in changed]
        return [line for line in found if line != "ok"] + strays + shape


class Postgres(Dialect):
    """PostgreSQL: writers of a campaign wait for its row; others go on."""

    def isolation(self, *, writes: bool) -> dict[str, Any]:
        """See `Dialect`."""
        return {"isolation_level": "READ COMMITTED" if writes else "REPEATABLE READ"}

    def begin(self, connection: sa.Connection, *, writes: bool) -> None:
        """See `Dialect`: a bound on waiting, and commits that are on disk, however lax the server's own setting."""
        if not writes:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            return
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT_SECONDS:g}s'")
        connection.exec_driver_sql(
            "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
        )

    def hold(self, connection: sa.Connection, campaign: str) -> None:
        """See `Dialect`."""
        connection.execute(sa.select(CAMPAIGNS.c.number).where(CAMPAIGNS.c.name == campaign).with_for_update())

    def hold_schema(self, connection: sa.Connection) -> None:
        """See `Dialect`."""
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))

    def among(self, column: sa.Column[Any], values: Sequence[object]) -> sa.ColumnElement[bool]:
        """See `Dialect`: one parameter, an array."""
        listed: sa.ColumnElement[bool] = column == sa.any_(sa.bindparam(None, values, type_=ARRAY(column.type)))
        return listed

    def add(self, connection: sa.Connection, table: sa.Table, rows: Iterator[Row], count: int) -> None:
        """See `Dialect`: by COPY."""
        self._copy(connection, table.name, [column.name for column in table.c], rows)

    def change(
        self, connection: sa.Connection, table: sa.Table, keys: Sequence[str], rows: Iterator[Row], count: int
    ) -> None:
        """See `Dialect`: by COPY into a temporary table, and one update from there."""
        names = [column.name for column in table.c]
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE changed (LIKE {table.name}) ON COMMIT DROP")
        self._copy(connection, "changed", names, rows)
        values = ", ".join(f'"{name}" = changed."{name}"' for name in names if name not in keys)
        same = " AND ".join(f'{table.name}."{name}" = changed."{name}"' for name in keys)
        changed = connection.exec_driver_sql(f"UPDATE {table.name} SET {values} FROM changed WHERE {same}").rowcount
        connection.exec_driver_sql("DROP TABLE changed")
        _check_changed(table, changed, count)

    def problems(self, connection: sa.Connection) -> list[str]:
        """See `Dialect`: whether the server guards its pages is its keeper's affair; rows carry seals of their own."""
        return []

    def _copy(self, connection: sa.Connection, table: str, names: Sequence[str], rows: Iterable[Row]) -> None:
        driver: Any = connection.connection.driver_connection
        columns = ", ".join(f'"{name}"' for name in names)
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def dialect_of(url: sa.URL) -> Dialect:
    """How the database of a URL is spoken to."""
    return Sqlite() if url.get_backend_name() == "sqlite" else Postgres()


def _tables(connection: sa.Connection) -> frozenset[tuple[str, str, str, str]]:
    """SQLite's word for each of Ladle's tables and indexes: kind, name, its table, and the SQL that made it."""
    rows = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    told = (tuple(str(value) for value in row) for row in rows)
    return frozenset((kind, name, table, sql) for kind, name, table, sql in told if table.startswith(PREFIX))


@cache
def _tables_as_made() -> frozenset[tuple[str, str, str, str]]:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade(connection)
        made = _tables(connection)
    engine.dispose()
    return made


def _check_changed(table: sa.Table, changed: int, count: int) -> None:
    if changed != count:
        raise StoreError(f"{count:,} rows of {table.name}", wanted="be there to be changed", got=f"{changed:,}")


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, CHUNK_ROWS)):
        yield chunk
