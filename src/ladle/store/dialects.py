"""The differences between SQLite and PostgreSQL: locks, long lists of values, and writing many rows."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from ladle.errors import StoreError
from ladle.store.engine import WAIT, WAIT_SECONDS
from ladle.store.queries import Wording, insertion, update
from ladle.store.schema import CAMPAIGNS, PREFIX, SERVICE_PREFIX
from ladle.store.upgrade import upgrade

CHUNK_ROWS = 50_000  # rows written in one call: limits the memory of their tuples
FEW_ROWS = 20  # rows that PostgreSQL changes one by one
FETCHED_ROWS = 8_000  # rows read at a time
_SCHEMA_LOCK = 0x1AD1E  # PostgreSQL's advisory lock while tables or a campaign are created

Row = tuple[object, ...]

_LISTED = "IN (SELECT value FROM json_each(?))"
_SQLITE = Wording("?", names_indexes=True, among=(("number", _LISTED), ("text", _LISTED)))
_POSTGRES = Wording("%s", names_indexes=False, among=(("number", "= ANY(%s::bigint[])"), ("text", "= ANY(%s::text[])")))


class Dialect(ABC):
    """The statements of one kind of database."""

    @abstractmethod
    def isolation(self, *, writes: bool) -> dict[str, Any]:
        """Execution options of a connection: a reader sees one moment, a writer the newest rows."""

    @abstractmethod
    def begin(self, connection: sa.Connection, *, writes: bool) -> None:
        """Execute the first statements of a transaction."""

    @abstractmethod
    def hold(self, connection: sa.Connection, campaign: str) -> None:
        """Lock a campaign against other writers until the transaction ends."""

    @abstractmethod
    def hold_schema(self, connection: sa.Connection) -> None:
        """Lock the schema and the list of campaigns until the transaction ends."""

    @property
    @abstractmethod
    def wording(self) -> Wording:
        """How this database words queries."""

    @abstractmethod
    def values(self, values: Sequence[object]) -> object:
        """Any number of values as the one parameter of the condition that `wording` has for them."""

    @abstractmethod
    def add(self, connection: sa.Connection, table: sa.Table, rows: Iterator[Row], count: int) -> None:
        """Insert rows, each a tuple of all columns."""

    @abstractmethod
    def change(
        self, connection: sa.Connection, table: sa.Table, keys: Sequence[str], rows: Iterator[Row], count: int
    ) -> None:
        """Replace the rows of these keys. Raises: StoreError when one does not exist."""

    @abstractmethod
    def problems(self, connection: sa.Connection) -> list[str]:
        """The problems that the database finds in itself, one line each."""

    def now(self, connection: sa.Connection) -> int | None:
        """The time by the clock of the database, in microseconds since 1970; None where it has none of its own."""
        return None

    def _update(
        self, connection: sa.Connection, table: sa.Table, keys: Sequence[str], rows: Iterator[Row], count: int
    ) -> None:
        """As `change`, row by row."""
        names = [column.name for column in table.c]
        values = [name for name in names if name not in keys]
        statement = update(self.wording, table.name, tuple(values), tuple(keys))
        in_order = itemgetter(*(names.index(name) for name in (*values, *keys)))
        changed = 0
        for chunk in _chunks(rows):
            changed += connection.exec_driver_sql(statement, list(map(in_order, chunk))).rowcount
        _check_changed(table, changed, count)

    def fetch(self, connection: sa.Connection, query: str, parameters: tuple[object, ...]) -> Iterator[list[Row]]:
        """All rows as plain tuples, some thousands at a time: so many stay in the processor's cache."""
        # The driver's own cursor: SQLAlchemy's takes longer than the query of one row, and an object more for each row.
        driver: Any = connection.connection.driver_connection
        cursor = driver.execute(query, parameters)
        while rows := cursor.fetchmany(FETCHED_ROWS):
            yield rows


class Sqlite(Dialect):
    """SQLite: one writer for each database, by BEGIN IMMEDIATE (see `ladle.store.engine`)."""

    def isolation(self, *, writes: bool) -> dict[str, Any]:
        """See `Dialect`."""
        return {}

    def begin(self, connection: sa.Connection, *, writes: bool) -> None:
        """See `Dialect`."""

    def hold(self, connection: sa.Connection, campaign: str) -> None:
        """See `Dialect`."""

    def hold_schema(self, connection: sa.Connection) -> None:
        """See `Dialect`."""

    @property
    def wording(self) -> Wording:
        """See `Dialect`."""
        return _SQLITE

    def values(self, values: Sequence[object]) -> object:
        """See `Dialect`: one JSON text, because SQLite accepts 32,766 parameters at most."""
        return json.dumps(values, ensure_ascii=False)

    def add(self, connection: sa.Connection, table: sa.Table, rows: Iterator[Row], count: int) -> None:
        """See `Dialect`."""
        statement = insertion(table.name, tuple(column.name for column in table.c))
        for chunk in _chunks(rows):
            connection.exec_driver_sql(statement, chunk)

    def change(
        self, connection: sa.Connection, table: sa.Table, keys: Sequence[str], rows: Iterator[Row], count: int
    ) -> None:
        """See `Dialect`."""
        self._update(connection, table, keys, rows, count)

    def problems(self, connection: sa.Connection) -> list[str]:
        """See `Dialect`: SQLite's check of every page, index and reference, and a comparison of the schema."""
        checked = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        changed = sorted({(kind, name) for kind, name, *_ in _tables(connection) ^ _tables_as_made()})
        strays = [
            f"a row of {row[0]} refers to nothing" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
        ]
        shape = [f"the {kind} {name} is not as this version makes it" for kind, name in changed]
        return [line for line in checked if line != "ok"] + strays + shape


class Postgres(Dialect):
    """PostgreSQL: writers of one campaign wait for its row; writers of others do not."""

    def isolation(self, *, writes: bool) -> dict[str, Any]:
        """See `Dialect`."""
        return {"isolation_level": "READ COMMITTED" if writes else "REPEATABLE READ"}

    def begin(self, connection: sa.Connection, *, writes: bool) -> None:
        """See `Dialect`: limits the waiting, and makes commits synchronous whatever the server's setting is."""
        if not writes:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            return
        wait_seconds = connection.get_execution_options().get(WAIT, WAIT_SECONDS)
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{int(1000 * wait_seconds)}ms'")
        connection.exec_driver_sql(
            "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
        )

    def hold(self, connection: sa.Connection, campaign: str) -> None:
        """See `Dialect`."""
        connection.execute(sa.select(CAMPAIGNS.c.number).where(CAMPAIGNS.c.name == campaign).with_for_update())

    def hold_schema(self, connection: sa.Connection) -> None:
        """See `Dialect`."""
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))

    @property
    def wording(self) -> Wording:
        """See `Dialect`."""
        return _POSTGRES

    def values(self, values: Sequence[object]) -> object:
        """See `Dialect`: one array."""
        return values

    def add(self, connection: sa.Connection, table: sa.Table, rows: Iterator[Row], count: int) -> None:
        """See `Dialect`: by COPY."""
        self._copy(connection, table.name, [column.name for column in table.c], rows)

    def change(
        self, connection: sa.Connection, table: sa.Table, keys: Sequence[str], rows: Iterator[Row], count: int
    ) -> None:
        """See `Dialect`: by COPY into a temporary table and one UPDATE from it, which costs too much for few rows."""
        if count <= FEW_ROWS:
            self._update(connection, table, keys, rows, count)
            return
        names = [column.name for column in table.c]
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE changed (LIKE {table.name}) ON COMMIT DROP")
        self._copy(connection, "changed", names, rows)
        values = ", ".join(f'"{name}" = changed."{name}"' for name in names if name not in keys)
        same = " AND ".join(f'{table.name}."{name}" = changed."{name}"' for name in keys)
        changed = connection.exec_driver_sql(f"UPDATE {table.name} SET {values} FROM changed WHERE {same}").rowcount
        connection.exec_driver_sql("DROP TABLE changed")
        _check_changed(table, changed, count)

    def now(self, connection: sa.Connection) -> int | None:
        """See `Dialect`: the clock of the server as it is now, not at the beginning of the transaction."""
        query = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint"
        return int(connection.exec_driver_sql(query).scalar_one())

    def problems(self, connection: sa.Connection) -> list[str]:
        """See `Dialect`: none. The checksums of pages are a setting of the server; rows have their own seals."""
        return []

    def _copy(self, connection: sa.Connection, table: str, names: Sequence[str], rows: Iterable[Row]) -> None:
        driver: Any = connection.connection.driver_connection
        columns = ", ".join(f'"{name}"' for name in names)
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def dialect_of(url: sa.URL) -> Dialect:
    """The dialect of the database of a URL."""
    return Sqlite() if url.get_backend_name() == "sqlite" else Postgres()


def _tables(connection: sa.Connection) -> frozenset[tuple[str, str, str, str]]:
    """SQLite's entry for each of Ladle's tables and indexes: kind, name, table, and the SQL that created it."""
    rows = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    entries = [tuple(str(value) for value in row) for row in rows]
    return frozenset((kind, name, table, sql) for kind, name, table, sql in entries if _is_of_campaigns(table))


def _is_of_campaigns(table: str) -> bool:
    return table.startswith(PREFIX) and not table.startswith(SERVICE_PREFIX)


@cache
def _tables_as_made() -> frozenset[tuple[str, str, str, str]]:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade(connection)
        entries = _tables(connection)
    engine.dispose()
    return entries


def _check_changed(table: sa.Table, changed: int, count: int) -> None:
    if changed != count:
        raise StoreError(f"{count:,} rows of {table.name}", wanted="be there to be changed", got=f"{changed:,}")


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, CHUNK_ROWS)):
        yield chunk
