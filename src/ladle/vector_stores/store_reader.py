"""What every vector store guarantees as the source of a pool, and the reading that all have in common.

1. Rows come in one order, the same in every pass: that of the ids, or that of the store where it keeps one.
2. Each pass scrolls through the store in pieces of fixed rows, with memory of one piece.
3. A pass reads the ids again beside the columns that are wanted. A piece with other ids, or with other vectors than in
   an earlier pass, is refused: the store has changed since the pool was opened.
4. The columns of ids and vectors are those of a table, so that a pool of a store takes, refuses and leaves out the same
   rows as a pool of a Parquet file: see `ladle.pool.column_pool`.

A new store writes `fetch`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ladle.errors import FileError, IdError, LadleError
from ladle.pool.column_pool import ColumnPool
from ladle.pool.contract import Pool
from ladle.pool.fingerprints import PIECE_BYTES, Fingerprints
from ladle.pool.tables.table_readers import TableReader

_MOST_ROWS, _LEAST_ROWS = 10_000, 64  # of a piece


class StoreReader(TableReader):
    """Reads a vector store. key: the column of the ids, or None for a store that keeps an order of its own."""

    def __init__(self, source: str, schema: Any, key: str | None, dim: int | None) -> None:
        self.source = source
        self.schema = schema
        self.rows = None
        self._key = key
        self._piece_rows = min(_MOST_ROWS, max(_LEAST_ROWS, PIECE_BYTES // (4 * max(1, dim or 1))))
        self._fingerprints = Fingerprints(source)

    @abstractmethod
    def fetch(self, names: Sequence[str], piece_rows: int) -> Iterator[Any]:
        """One pass: record batches of these columns in the order of the store, of about `piece_rows` rows."""

    def batches(self, names: Sequence[str], batch_rows: int) -> Iterator[Any]:
        """See `TableReader.batches`. Raises: FileError when the store fails; MismatchError when it has changed."""
        wanted = list(dict.fromkeys([*([self._key] if self._key else []), *names]))
        start = 0
        for piece in _pieces(reading(self.source, self.fetch(wanted, self._piece_rows)), self._piece_rows):
            for name in wanted:
                column = pa.record_batch([piece.column(name)], [name])
                self._fingerprints.check((name, start), column.serialize())
            for first in range(0, len(piece), batch_rows):
                yield piece.slice(first, batch_rows).select(list(names))
            start += len(piece)
        self._fingerprints.check("rows", str(start).encode())


def open_store(reader: StoreReader, *, id_name: str | None, vector: str | None) -> Pool:
    """The pool of a store. Raises: as `ladle.open_pool` for a table; FileError when the store fails."""
    return ColumnPool(reader, id_name=id_name, embedding=vector)


def reading(source: str, batches: Iterator[Any]) -> Iterator[Any]:
    """The same batches; the errors of a client as FileError."""
    while True:
        with client_errors(source):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


@contextmanager
def client_errors(source: str) -> Iterator[None]:
    """Errors of the client of a store as FileError."""
    try:
        yield
    except (LadleError, MemoryError):
        raise
    except Exception as cause:  # each client has errors of its own
        reason = (str(cause) or type(cause).__name__).strip().splitlines()[0][:200]
        raise FileError(source, wanted="be readable", got=f"{type(cause).__name__}: {reason}") from cause


def id_array(ids: Sequence[Any], kind: Any, source: str) -> Any:
    """Ids as an Arrow array of the type `kind`; UUIDs become text. Raises: IdError for ids of another kind."""
    plain = [each if isinstance(each, (int, str)) or each is None else str(each) for each in ids]
    odd = [each for each in plain if each is not None and isinstance(each, str) != pa.types.is_string(kind)]
    if odd or any(isinstance(each, bool) for each in plain):
        raise IdError(
            f"the ids of {source}",
            wanted="be all integers or all text",
            got=f"both, such as {(odd or plain)[0]!r}",
            remedy="Name a field that holds one kind of ids with `id`.",
        )
    return pa.array(plain, kind)


def id_type(first: Any) -> Any:
    """The Arrow type of ids like this one."""
    return pa.int64() if isinstance(first, int) and not isinstance(first, bool) else pa.string()


def vector_array(vectors: Sequence[Any], kind: Any) -> Any:
    """Vectors as an Arrow array of lists; None where a row has none. kind: the type of the numbers."""
    dtype: npt.DTypeLike = kind.to_pandas_dtype()
    rows = [None if each is None else np.asarray(each, dtype).ravel() for each in vectors]
    lengths = [0 if row is None else len(row) for row in rows]
    numbers = np.concatenate([row for row in rows if row is not None] or [np.empty(0, dtype)])
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    absent = pa.array([row is None for row in rows], pa.bool_())
    return pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(numbers, kind), mask=absent)


def _pieces(batches: Iterator[Any], rows: int) -> Iterator[Any]:
    """Record batches of `rows` rows each, the last one of fewer, whatever the sizes of the given ones."""
    waiting: list[Any] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        while count >= rows:
            table = pa.Table.from_batches(waiting)
            yield _as_batch(table.slice(0, rows))
            waiting, count = table.slice(rows).to_batches(), count - rows
    if count:
        yield _as_batch(pa.Table.from_batches(waiting))


def _as_batch(table: Any) -> Any:
    return table.combine_chunks().to_batches()[0]
