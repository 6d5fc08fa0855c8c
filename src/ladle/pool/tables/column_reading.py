"""One plain column of a table, whole."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from ladle.errors import CorruptFileError
from ladle.pool.tables.id_types import plain
from ladle.pool.tables.table_readers import Columns

_BATCH_ROWS = 1 << 17


def read_column(columns: Columns, name: str) -> Any:
    """One plain column as a `pyarrow.ChunkedArray`. Raises: CorruptFileError; as `Columns.check`."""
    columns.check([name])
    chunks = [batch.column(0) for batch in columns.batches([name], _BATCH_ROWS)]
    for chunk in chunks:
        try:
            chunk.validate(full=True)  # a damaged offset in a mapped file would be read as an address
        except pa.ArrowInvalid as cause:
            raise CorruptFileError(columns.source, wanted="be whole", got=str(cause)) from cause
    if any(chunk.type != chunks[0].type for chunk in chunks):  # files that store the same kind in several layouts
        chunks = [plain(chunk, f"the column `{name}` of {columns.source}") for chunk in chunks]
    return pa.chunked_array(chunks, chunks[0].type if chunks else columns.schema.field(name).type)
