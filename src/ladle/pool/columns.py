"""Pools in columns: Parquet, Arrow and tables in memory, the vectors in a FixedSizeList, List or LargeList column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from ladle.arrays import CHECK_BYTES, Embeddings
from ladle.errors import ArgumentError, CorruptFileError, ShapeError
from ladle.pool.arrow_files import Columns
from ladle.pool.contract import Pool
from ladle.pool.id_kinds import plain
from ladle.pool.ids import Ids
from ladle.pool.lists import first_length, holds_floats, is_list, item_dtype, matrix_of
from ladle.pool.memory import loaded

ID_COLUMN = "id"
_ID_BATCH_ROWS = 1 << 17


class ColumnPool(Pool):
    """Rows of a table: an id column and a list column. Opening reads the ids; vectors are streamed."""

    def __init__(self, columns: Columns, *, id_name: str | None, embedding: str | None) -> None:
        id_name = choose_id(columns, id_name)
        self._id_name = id_name
        self._name = _choose_embedding(columns, embedding, id_name)
        self._columns = columns
        columns.check([id_name, self._name])
        self._dtype = item_dtype(columns.schema.field(self._name).type)
        self._ids = read_id_column(columns, id_name)
        if len(self._ids) == 0:
            raise ShapeError(columns.source, wanted="have at least one row", got="no rows")
        self._dim = self._find_dim()

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
        return self._dtype

    @property
    def column_names(self) -> tuple[str, str]:
        """The columns of the ids and of the embeddings: with them `open_pool` gives this pool again."""
        return self._id_name, self._name

    def blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[slice, Embeddings]]:
        """Every row once, in order; the blocks end where the file's own chunks end. See `Pool.blocks`."""
        batch_rows = max(1, block_bytes // (self._dim * self._dtype.itemsize))
        start = 0
        for batch in self._columns.batches([self._name], batch_rows):
            yield (
                slice(start, start + batch.num_rows),
                matrix_of(batch.column(0), self._dim, name=self._name, first_row=start),
            )
            start += batch.num_rows
        if start != self.rows:
            raise CorruptFileError(self.source, wanted=f"have {self.rows:,} rows, as its ids do", got=f"{start:,}")

    def embeddings(self) -> Embeddings:
        """One array: a view where the table is one chunk in memory or in a mapped file. See `Pool.embeddings`."""
        first = next(self._columns.batches([self._name], self.rows)) if self._columns.views else None
        if first is not None and first.num_rows == self.rows:
            return matrix_of(first.column(0), self._dim, name=self._name, first_row=0)
        return loaded(self)

    def _find_dim(self) -> int:
        for batch in self._columns.batches([self._name], 64):
            dim = first_length(batch.column(0))
            if dim is None:
                continue
            if dim <= 0:
                raise ShapeError(f"`{self._name}`", wanted="hold vectors", got="lists of no numbers")
            return dim
        raise ShapeError(f"`{self._name}`", wanted="hold vectors", got="nulls only")


def choose_id(columns: Columns, name: str | None) -> str:
    """The id column: the one named, else `id`. Raises: ArgumentError, listing the columns there are."""
    wanted = name or ID_COLUMN
    if wanted not in columns.schema.names:
        raise ArgumentError(
            columns.source,
            wanted=f"have {'the' if name else 'an'} id column `{wanted}`",
            got=f"columns {_listed(columns.schema.names)}",
            remedy="Name the column that holds the ids with `id`.",
        )
    return wanted


def read_id_column(columns: Columns, name: str) -> Ids:
    """The ids of a table, whole. Raises: IdError, CorruptFileError."""
    return Ids(read_column(columns, name), f"the ids `{name}` of {columns.source}")


def read_column(columns: Columns, name: str) -> Any:
    """One plain column as a `pyarrow.ChunkedArray`. Raises: CorruptFileError."""
    chunks = [batch.column(0) for batch in columns.batches([name], _ID_BATCH_ROWS)]
    for chunk in chunks:
        try:
            chunk.validate(full=True)  # a damaged offset in a mapped file would be read as an address
        except pa.ArrowInvalid as cause:
            raise CorruptFileError(columns.source, wanted="be whole", got=str(cause)) from cause
    if any(chunk.type != chunks[0].type for chunk in chunks):  # files that store the same kind in several layouts
        chunks = [plain(chunk, f"the column `{name}` of {columns.source}") for chunk in chunks]
    return pa.chunked_array(chunks, chunks[0].type if chunks else columns.schema.field(name).type)


def _choose_embedding(columns: Columns, name: str | None, id_name: str) -> str:
    if name is None:
        candidates = [field.name for field in columns.schema if field.name != id_name and holds_floats(field.type)]
        if len(candidates) != 1:
            raise ArgumentError(
                columns.source,
                wanted="have one column of float lists, or be told which holds the embeddings",
                got=f"columns {_listed(candidates or columns.schema.names)}",
                remedy="Name the column with `embedding`.",
            )
        return str(candidates[0])
    if name not in columns.schema.names:
        raise ArgumentError(
            columns.source, wanted=f"have a column `{name}`", got=f"columns {_listed(columns.schema.names)}"
        )
    kind = columns.schema.field(name).type
    if not is_list(kind):
        raise ArgumentError(
            f"the column `{name}` of {columns.source}",
            wanted="hold lists of numbers (FixedSizeList, List or LargeList)",
            got=str(kind),
        )
    return name


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"
