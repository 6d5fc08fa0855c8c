"""Pools of tables: Parquet, Arrow and tables in memory, with vectors in one column of lists or many of numbers."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from ladle.arrays import CHECK_BYTES, Embeddings, rows_per_block
from ladle.errors import CorruptFileError, ShapeError
from ladle.pool.array_pool import load_vectors
from ladle.pool.contract import Pool
from ladle.pool.ids.example_ids import Ids
from ladle.pool.ids.table_ids import ID_COLUMN, count_rows, read_row_ids
from ladle.pool.tables.fault_codes import Codes
from ladle.pool.tables.table_readers import TableReader
from ladle.pool.tables.vector_columns import choose_vectors


class ColumnPool(Pool):
    """The rows of a table with the columns of ids and vectors. Opening reads the ids; the vectors are streamed."""

    def __init__(
        self, columns: TableReader, *, id_name: str | None, embedding: str | None, ids: Ids | str | None = None
    ) -> None:
        id_column = id_name or (ID_COLUMN if ID_COLUMN in columns.schema.names else None)
        self._vectors = choose_vectors(columns, embedding, id_column)
        self._columns = columns
        columns.check(self._vectors.names)
        self._id_name, self._ids = read_row_ids(
            columns, id_name, ids, lambda: count_rows(columns, self._vectors.names[0])
        )
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
        """Dtype of the vectors that `blocks` gives."""
        return self._vectors.dtype

    @property
    def column_names(self) -> tuple[str | None, str]:
        """The column of the ids, if there is one, and the column of the embeddings or their pattern."""
        return self._id_name, self._vectors.column

    def blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[slice, Embeddings]]:
        """Every row once, in order; a block also ends where a chunk of the file ends. See `Pool.blocks`."""
        batch_rows = rows_per_block(block_bytes, self._dim * self.dtype.itemsize)
        start = 0
        for batch in self._columns.batches(self._vectors.names, batch_rows):
            yield slice(start, start + batch.num_rows), self._vectors.matrix(batch, self._dim, start)
            start += batch.num_rows
        if start != self.rows:
            raise CorruptFileError(self.source, wanted=f"have {self.rows:,} rows, as its ids do", got=f"{start:,}")

    def readable_blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[slice, Embeddings, Codes]]:
        """See `Pool.readable_blocks`."""
        start = 0
        batch_rows = rows_per_block(block_bytes, self._dim * self.dtype.itemsize)
        for batch in self._columns.batches(self._vectors.names, batch_rows):
            yield (slice(start, start + batch.num_rows), *self._vectors.readable(batch, self._dim))
            start += batch.num_rows

    def lenient(self) -> ColumnPool:
        """See `Pool.lenient`. Cost: one pass over the lengths of the lists, unless their type fixes the length."""
        other = copy.copy(self)
        other._dim = self._vectors.common_dim()
        return other

    def embeddings(self) -> Embeddings:
        """One array: a view if the table is one chunk in memory or in a mapped file. See `Pool.embeddings`."""
        views = self._columns.views and self._vectors.listed
        first = next(self._columns.batches(self._vectors.names, self.rows)) if views else None
        if first is not None and first.num_rows == self.rows:
            return self._vectors.matrix(first, self._dim, 0)
        return load_vectors(self)
