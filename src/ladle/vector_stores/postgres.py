"""A table of PostgreSQL with a column of pgvector as a pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from ladle.errors import ArgumentError, did_you_mean
from ladle.numbers import text
from ladle.packages import need
from ladle.pool.contract import Pool
from ladle.vector_stores.store_reader import StoreReader, client_errors, id_array, open_store, vector_array

_NUMBERS = {"vector": pa.float32(), "halfvec": pa.float16()}
_IDS = {
    **dict.fromkeys(("int2", "int4", "int8"), pa.int64()),
    **dict.fromkeys(("text", "varchar", "bpchar", "uuid"), pa.string()),
}
_TEXTS = ("text", "varchar", "bpchar")


def open_pgvector(url: str, table: str, *, id: str = "id", vector: str | None = None) -> Pool:  # noqa: A002
    """A table, or a view, of PostgreSQL with a column of pgvector as a pool.

    Parameters
    ----------
    url : str
        The database: "postgresql://user@host/name", or a connection string of libpq.
    table : str
        The table, with its schema if it is not on the search path: "images" or "lab.images".
    id : str, default "id"
        The column of the ids: integers, text or UUIDs.
    vector : str, optional
        The column of the vectors, of the type vector or halfvec. It may be left out where there is one.

    Returns
    -------
    Pool
        Its rows are in the order of the ids, of text by its bytes. Vectors of halfvec are float16. Rows with a null
        vector are refused with their number; `ladle.open_pool(pool, skip_invalid=True)` leaves them out.

    Raises
    ------
    ArgumentError
        For columns that are missing, ambiguous, or of another type.
    IdError, ShapeError
        For ids or vectors that cannot be used.
    FileError
        When PostgreSQL fails, and for a table that is not there.
    MissingDependencyError
        Without the packages of `pip install ladle[pgvector]`.

    Notes
    -----
    Each pass reads by a cursor of the server, in one transaction that sees one state (REPEATABLE READ, read-only).
    Cost: reads the ids; memory of the ids and of one piece of about 4 MiB; an index on `id` spares the server a sort.
    Rows that are written between two passes are noticed at the next pass, which raises MismatchError.
    """
    for value, name in ((url, "`url`"), (table, "`table`"), (id, "`id`")):
        text(value, name, wanted="be text")
    text(vector, "`vector`", undecided=True, wanted="be the name of a column")
    reader = _PostgresReader(url, table, id, vector)
    return open_store(reader, id_name=id, vector=reader.vector)


class _PostgresReader(StoreReader):
    def __init__(self, url: str, table: str, id_name: str, vector: str | None) -> None:
        self._psycopg = need("psycopg", package="psycopg[binary]", purpose="read a table of PostgreSQL")
        self._pgvector = need("pgvector.psycopg", package="pgvector", purpose="read vectors of pgvector")
        self._url, self._id = url, id_name
        sql = self._psycopg.sql
        self._table = sql.Identifier(*table.split("."))
        source = f"the table {table} of PostgreSQL"
        with client_errors(source), self._snapshot() as connection:
            kinds = self._columns(connection)
        self.vector = _choose(kinds, id_name, vector, source)
        with client_errors(source), self._snapshot() as connection:
            query = sql.SQL("SELECT vector_dims({0}) FROM {1} WHERE {0} IS NOT NULL LIMIT 1")
            first = connection.execute(query.format(sql.Identifier(self.vector), self._table)).fetchone()
        self._id_kind = kinds[id_name]
        self._numbers = _NUMBERS[kinds[self.vector]]
        schema = pa.schema([(id_name, _IDS[self._id_kind]), (self.vector, pa.large_list(self._numbers))])
        super().__init__(source, schema, id_name, first[0] if first else None)

    def fetch(self, names: Sequence[str], piece_rows: int) -> Iterator[Any]:
        """Rows by a cursor of the server, in the order of the ids."""
        sql = self._psycopg.sql
        order = sql.SQL(' COLLATE "C"') if self._id_kind in _TEXTS else sql.SQL("")
        listed = sql.SQL(", ").join(map(sql.Identifier, names))
        query = sql.SQL("SELECT {} FROM {} ORDER BY {}{}").format(listed, self._table, sql.Identifier(self._id), order)
        with self._snapshot() as connection, connection.cursor(name="ladle", binary=True) as cursor:
            cursor.execute(query)
            while rows := cursor.fetchmany(piece_rows):
                values = list(zip(*rows, strict=True))
                columns = [self._column(name, values[place]) for place, name in enumerate(names)]
                yield pa.record_batch(columns, list(names))

    def _column(self, name: str, values: Sequence[Any]) -> Any:
        if name == self._id:
            return id_array(values, _IDS[self._id_kind], self.source)
        return vector_array([None if each is None else each.to_numpy() for each in values], self._numbers)

    @contextmanager
    def _snapshot(self) -> Iterator[Any]:
        """A connection in one read-only transaction."""
        with self._psycopg.connect(self._url) as connection:
            connection.isolation_level = self._psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            self._pgvector.register_vector(connection)
            connection.rollback()  # the transaction in which the types were looked up
            yield connection

    def _columns(self, connection: Any) -> dict[str, str]:
        """Column -> the name of its type, of the whole table."""
        cursor = connection.execute(self._psycopg.sql.SQL("SELECT * FROM {} LIMIT 0").format(self._table))
        codes = {column.name: column.type_code for column in cursor.description}
        found = connection.execute("SELECT oid, typname FROM pg_type WHERE oid = ANY(%s)", [list(codes.values())])
        words = dict(found.fetchall())
        return {name: words[code] for name, code in codes.items()}


def _choose(kinds: dict[str, str], id_name: str, vector: str | None, source: str) -> str:
    """The column of the vectors, once the columns are known to be usable. Raises: ArgumentError."""
    for name in (id_name, *([vector] if vector else [])):
        if name not in kinds:
            got = ", ".join(kinds)
            raise ArgumentError(source, wanted=f"have a column `{name}`", got=got, remedy=did_you_mean(name, kinds))
    if kinds[id_name] not in _IDS:
        wanted = f"have integers, text or UUIDs in the column `{id_name}`"
        raise ArgumentError(source, wanted=wanted, got=f"the type {kinds[id_name]}", remedy="Name the ids with `id`.")
    likely = [name for name, kind in kinds.items() if kind in _NUMBERS]
    if vector is None and len(likely) == 1:
        return likely[0]
    if vector is None:
        wanted = "have one column of the type vector or halfvec, or one that `vector` names"
        raise ArgumentError(source, wanted=wanted, got=", ".join(likely) or "none", remedy="Name it with `vector`.")
    if kinds[vector] not in _NUMBERS:
        raise ArgumentError(
            source,
            wanted=f"have the type vector or halfvec in the column `{vector}`",
            got=kinds[vector],
            remedy=f"Make a view with `{vector}::vector AS {vector}`, and give its name as `table`.",
        )
    return vector
