"""A table of LanceDB as a pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from ladle.errors import ArgumentError
from ladle.numbers import shown, text
from ladle.pool.contract import Pool
from ladle.pool.ids.table_ids import ID_COLUMN
from ladle.vector_stores.store_reader import StoreReader, client_errors, open_store


def open_lancedb(table: Any, *, id: str | None = None, vector: str | None = None) -> Pool:  # noqa: A002
    """A table of LanceDB as a pool.

    Parameters
    ----------
    table : lancedb.table.Table
        An open table, such as `lancedb.connect("vectors").open_table("images")`.
    id : str, optional
        The column of the ids; by default `id`. A table in which a column of another name looks like ids is refused
        until `id` names it.
    vector : str, optional
        The column of the vectors; by default the one column of float lists.

    Returns
    -------
    Pool
        Its rows are in the order of the table. `ladle.open_pool(pool, skip_invalid=True)` leaves out rows without a
        usable vector.

    Raises
    ------
    ArgumentError
        For another object, and for columns that are missing or ambiguous.
    IdError, ShapeError
        For ids or vectors that cannot be used.
    FileError
        When LanceDB fails.

    Notes
    -----
    Cost: reads the ids; memory of the ids and of one piece of about 4 MiB. A handle of LanceDB stays at its version, so
    writes through other handles change nothing. Writes through the same handle are noticed at the next pass, which
    raises MismatchError; compaction (`optimize`) is no such change.
    """
    if not all(hasattr(table, name) for name in ("search", "schema", "count_rows", "name")):
        remedy = 'Give lancedb.connect("FOLDER").open_table("NAME").'
        raise ArgumentError("`table`", wanted="be a table of LanceDB", got=shown(table)[:200], remedy=remedy)
    text(id, "`id`", undecided=True, wanted="be the name of a column")
    text(vector, "`vector`", undecided=True, wanted="be the name of a column")
    return open_store(_LanceReader(table, id), id_name=id, vector=vector)


class _LanceReader(StoreReader):
    def __init__(self, table: Any, id_name: str | None) -> None:
        source = f"the LanceDB table {table.name}"
        with client_errors(source):
            schema = table.schema
        self._table = table
        key = id_name or (ID_COLUMN if ID_COLUMN in schema.names else None)
        dims = [field.type.list_size for field in schema if pa.types.is_fixed_size_list(field.type)]
        super().__init__(source, schema, key if key in schema.names else None, max(dims, default=None))

    def fetch(self, names: Sequence[str], piece_rows: int) -> Iterator[Any]:
        """Record batches as the table streams them."""
        for batch in self._table.search().select(list(names)).to_batches(piece_rows):
            if batch.num_rows:
                yield batch.select(list(names))
