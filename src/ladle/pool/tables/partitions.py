"""Columns in the names of folders: `label=cat/part-0.parquet`, as Hive, Spark and DuckDB write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

from ladle.errors import MismatchError
from ladle.pool.files.listing import Listing
from ladle.pool.tables.table_readers import TableReader

_NULL = "__HIVE_DEFAULT_PARTITION__"  # stands for a null in the name of a folder
_PLAIN_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")

Values = dict[str, str | None]


class PartitionReader(TableReader):
    """Reads one file, with a column of one value for each `name=value` among the folders above it."""

    def __init__(self, part: TableReader, values: dict[str, Any]) -> None:
        self._part = part
        self._values = values
        self.source = part.source
        self.rows = part.rows
        self.views = part.views
        self.schema = part.schema
        for name, value in values.items():
            self.schema = self.schema.append(pa.field(name, value.type))

    def batches(self, names: Sequence[str], batch_rows: int) -> Iterator[Any]:
        """The batches of the file, with the values of its folders as columns."""
        stored = [name for name in names if name not in self._values]
        # If none of the columns wanted is in the file, any column of it gives the number of rows.
        for batch in self._part.batches(stored or self._part.schema.names[:1], batch_rows):
            columns = {name: batch.column(place) for place, name in enumerate(stored)}
            columns |= {name: pa.repeat(value, batch.num_rows) for name, value in self._values.items() if name in names}
            yield pa.RecordBatch.from_arrays([columns[name] for name in names], names=list(names))


def add_partition_columns(parts: Sequence[TableReader], listing: Listing) -> list[TableReader]:
    """The files of a listing with the columns that their folders name; a column of the files themselves has priority.

    Raises: MismatchError for folders that name other columns.
    """
    folder_values = [_values_of(file, listing.path) for file in listing.files] if listing.is_folder else []
    if not any(folder_values):
        return list(parts)
    for values, file in zip(folder_values, listing.files, strict=True):
        if list(values) != list(folder_values[0]):
            raise MismatchError(
                f"the folder of {file}",
                wanted=f"name the columns {', '.join(folder_values[0]) or '(none)'}, like that of {listing.files[0]}",
                got=", ".join(values) or "none",
            )
    kinds = {name: _kind_of([values[name] for values in folder_values]) for name in folder_values[0]}
    readers: list[TableReader] = []
    for part, values in zip(parts, folder_values, strict=True):
        typed = {
            name: pa.scalar(value, pa.string()).cast(kinds[name])
            for name, value in values.items()
            if name not in part.schema.names
        }
        readers.append(PartitionReader(part, typed))
    return readers


def _values_of(file: Path, top: Path) -> Values:
    values: Values = {}
    for folder in file.relative_to(top).parts[:-1]:
        name, equals, value = folder.partition("=")
        if name and equals:
            values[unquote(name)] = None if value == _NULL else unquote(value)
    return values


def _kind_of(values: list[str | None]) -> Any:
    """int64 if every value is an integer in plain decimal form, else text."""
    texts = [value for value in values if value is not None]
    return pa.int64() if texts and all(_PLAIN_INTEGER.fullmatch(value) for value in texts) else pa.string()
