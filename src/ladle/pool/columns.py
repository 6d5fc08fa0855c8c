"""Pools in columns: Parquet, Arrow and tables in memory, the vectors in one column of lists or many of numbers."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from ladle.arrays import CHECK_BYTES, Embeddings
from ladle.errors import ArgumentError, CorruptFileError, ShapeError, did_you_mean
from ladle.pool.arrow_files import Columns
from ladle.pool.contract import Pool
from ladle.pool.faults import Codes
from ladle.pool.id_kinds import plain
from ladle.pool.ids import Ids
from ladle.pool.memory import loaded
from ladle.pool.vectors import choose_vectors, listed_names

ID_COLUMN = "id"
_ID_BATCH_ROWS = 1 << 17


class ColumnPool(Pool):
    """Rows of a table: an id column and the columns of the vectors. Opening reads the ids; vectors are streamed."""

    def __init__(self, columns: Columns, *, id_name: str | None, embedding: str | None) -> None:
        id_name = choose_id(columns, id_name)
        self._id_name = id_name
        self._vectors = choose_vectors(columns, embedding, id_name)
        self._columns = columns
        columns.check([id_name, *self._vectors.names])
        self._ids = read_id_column(columns, id_name)
        if len(self._ids) == 0:
            raise ShapeError(columns.source, wanted="have at least one row", got="no rows")
        self._dim = self._vectors.find_dim()

    @property
    def source(self) -> str:
        """A path, or "a table"."""
        return self._columns.source

    @property
    def id_column(self) -> Ids:
        """The ids in row order."""
        return self._ids

    @property
    def order_notice(self) -> str:
        """See `Pool.order_notice`."""
        return self._columns.order_notice

    @property
    def dim(self) -> int:
        """Length of one embedding."""
        return self._dim

    @property
    def dtype(self) -> np.dtype[np.floating[Any]]:
        """Dtype of the vectors given out."""
        return self._vectors.dtype

    @property
    def column_names(self) -> tuple[str, str]:
        """The column of the ids, and that of the embeddings or their pattern: they open this pool again."""
        return self._id_name, self._vectors.given

    def blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[slice, Embeddings]]:
        """Every row once, in order; the blocks end where the file's own chunks end. See `Pool.blocks`."""
        batch_rows = max(1, block_bytes // (self._dim * self.dtype.itemsize))
        start = 0
        for batch in self._columns.batches(self._vectors.names, batch_rows):
            yield slice(start, start + batch.num_rows), self._vectors.matrix(batch, self._dim, start)
            start += batch.num_rows
        if start != self.rows:
            raise CorruptFileError(self.source, wanted=f"have {self.rows:,} rows, as its ids do", got=f"{start:,}")

    def readable_blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[slice, Embeddings, Codes]]:
        """See `Pool.readable_blocks`."""
        start = 0
        batch_rows = max(1, block_bytes // (self._dim * self.dtype.itemsize))
        for batch in self._columns.batches(self._vectors.names, batch_rows):
            yield (slice(start, start + batch.num_rows), *self._vectors.readable(batch, self._dim))
            start += batch.num_rows

    def lenient(self) -> ColumnPool:
        """See `Pool.lenient`. Cost: one pass over the lengths of the lists, unless they are of one length by type."""
        other = copy.copy(self)
        other._dim = self._vectors.common_dim()
        return other

    def embeddings(self) -> Embeddings:
        """One array: a view where the table is one chunk in memory or in a mapped file. See `Pool.embeddings`."""
        views = self._columns.views and self._vectors.listed
        first = next(self._columns.batches(self._vectors.names, self.rows)) if views else None
        if first is not None and first.num_rows == self.rows:
            return self._vectors.matrix(first, self._dim, 0)
        return loaded(self)


def choose_id(columns: Columns, name: str | None) -> str:
    """The id column: the one named, else `id`. Raises: ArgumentError, listing the columns there are."""
    wanted = name or ID_COLUMN
    if wanted not in columns.schema.names:
        raise ArgumentError(
            columns.source,
            wanted=f"have {'the' if name else 'an'} id column `{wanted}`",
            got=f"columns {listed_names(columns.schema.names)}",
            remedy=did_you_mean(wanted, columns.schema.names) or "Name the column that holds the ids with `id`.",
        )
    return wanted


def read_id_column(columns: Columns, name: str) -> Ids:
    """The ids of a table, whole. Raises: IdError, CorruptFileError."""
    return Ids(read_column(columns, name), f"the ids `{name}` of {columns.source}")


def read_column(columns: Columns, name: str) -> Any:
    """One plain column as a `pyarrow.ChunkedArray`. Raises: CorruptFileError; as `Columns.check`."""
    columns.check([name])
    chunks = [batch.column(0) for batch in columns.batches([name], _ID_BATCH_ROWS)]
    for chunk in chunks:
        try:
            chunk.validate(full=True)  # a damaged offset in a mapped file would be read as an address
        except pa.ArrowInvalid as cause:
            raise CorruptFileError(columns.source, wanted="be whole", got=str(cause)) from cause
    if any(chunk.type != chunks[0].type for chunk in chunks):  # files that store the same kind in several layouts
        chunks = [plain(chunk, f"the column `{name}` of {columns.source}") for chunk in chunks]
    return pa.chunked_array(chunks, chunks[0].type if chunks else columns.schema.field(name).type)
