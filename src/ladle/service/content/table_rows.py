"""Rows of a table on disk, read one at a time: Parquet and Arrow, CSV, JSON lines.

A table of columns is copied once into a file without a name, as record batches that are mapped: the system holds the
pages that are in use, whatever the size of the table is. JSON lines stay where they are, and their places are kept.
"""

from __future__ import annotations

import json
import mmap
import os
import tempfile
import weakref
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

from ladle.errors import CorruptFileError, FileError, FileFormatError, IdError, did_you_mean
from ladle.formats.text.text_files import numbered_lines, open_text, strict_json
from ladle.pool.files.listing import ARROW_SUFFIXES, PARQUET_SUFFIXES, POOL_FORMATS, list_files
from ladle.pool.ids.example_ids import as_id_array, check_distinct
from ladle.pool.ids.text_files import parse_ids, read_csv_columns
from ladle.pool.tables.list_columns import is_list
from ladle.pool.tables.table_readers import open_reader

BATCH_ROWS = 4096
JSON_LINES = (".jsonl", ".ndjson")
TABLE_SUFFIXES = (*PARQUET_SUFFIXES, *ARROW_SUFFIXES, ".csv", *JSON_LINES)


class TableRows(ABC):
    """A table whose rows are read one at a time.

    Attributes
    ----------
    ids : pyarrow.Array, (n,) int64 or large_string
        The ids, each once.
    """

    ids: Any

    @abstractmethod
    def row(self, place: int) -> Mapping[str, Any]:
        """The cells of a row by the names of their columns, without the id. Raises: CorruptFileError."""


class MappedRows(TableRows):
    """Record batches in a file without a name."""

    def __init__(self, batches: Iterator[Any], schema: Any, ids: Any) -> None:
        self.ids = ids
        with tempfile.TemporaryFile(prefix=".ladle-content-") as file:
            try:
                with pa.ipc.new_file(pa.PythonFile(file, "w"), schema) as writer:
                    for batch in batches:
                        writer.write_batch(batch)
                file.flush()
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except OSError as cause:
                raise FileError(
                    f"the folder of temporary files {tempfile.gettempdir()}",
                    wanted="have room for a copy of the content",
                    got=cause.strerror or str(cause),
                    remedy="Make room, or set TMPDIR to another folder.",
                ) from cause
        self._reader = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped)))
        self._batches = [self._reader.get_batch(number) for number in range(self._reader.num_record_batches)]
        self._ends = np.cumsum([batch.num_rows for batch in self._batches]).tolist()

    def row(self, place: int) -> Mapping[str, Any]:
        """See `TableRows`."""
        number = bisect_right(self._ends, place)
        batch = self._batches[number]
        at = place - (self._ends[number] - batch.num_rows)
        return dict(zip(batch.schema.names, (column[at].as_py() for column in batch.columns), strict=True))


class LineRows(TableRows):
    """The lines of a file of JSON objects, each read when it is needed."""

    def __init__(self, path: Path, id_name: str, kind: str) -> None:
        self._path, self._id_name = path, id_name
        starts, found = [], []
        with open_text(path) as file:
            place = file.tell()
            for number, line in numbered_lines(file):
                if line.strip():
                    starts.append(place)
                    found.append(_id_in(_object(line, f"line {number:,} of {path}"), id_name, kind, f"line {number:,}"))
                place += len(line)
        self._starts = np.array([*starts, place], np.int64)
        self.ids = as_id_array(found, f"the ids of {path}")
        self._descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)

    def row(self, place: int) -> Mapping[str, Any]:
        """See `TableRows`. The id is compared, because someone may have written into the file since."""
        start, end = int(self._starts[place]), int(self._starts[place + 1])
        entry = _object(os.pread(self._descriptor, end - start, start), f"row {place:,} of {self._path}")
        if str(entry.pop(self._id_name, None)) != str(self.ids[place].as_py()):
            raise CorruptFileError(
                str(self._path),
                wanted="be as it was when the service began",
                got="another",
                remedy="Start the service again.",
            )
        return entry


def open_rows(path: Path, *, id_column: str | None, kind: str) -> TableRows:
    """The rows of a table by id. id_column: its name; None for `id`. kind: of the ids, "integer" or "text".

    Raises: FileError and its kinds; IdError for ids that repeat or are of another kind.
    Cost: reads the file once, and writes a copy of a table of columns.
    """
    suffix, name = path.suffix.lower(), id_column or "id"
    if suffix in JSON_LINES:
        rows: TableRows = LineRows(path, name, kind)
    elif suffix == ".csv":
        rows = _csv_rows(path, name, kind)
    else:
        rows = _column_rows(path, name, kind)
    check_distinct(rows.ids, f"the ids of {path}")
    return rows


def _csv_rows(path: Path, id_name: str, kind: str) -> TableRows:
    columns = read_csv_columns(path)
    _check_column(path, id_name, list(columns))
    ids = parse_ids(columns.pop(id_name), f"the ids of {path}", kind)
    table = pa.table(columns) if columns else pa.table({"": pa.nulls(len(ids))})
    return MappedRows(iter(table.to_batches(BATCH_ROWS)), table.schema, as_id_array(ids, f"the ids of {path}"))


def _column_rows(path: Path, id_name: str, kind: str) -> TableRows:
    table_formats = {suffix: family for suffix, family in POOL_FORMATS.items() if family in ("Parquet", "Arrow")}
    reader = open_reader(list_files(path, "the content", formats=table_formats))
    _check_column(path, id_name, reader.schema.names)
    # Vectors are no content, and a pool may be its own content.
    kept = [field for field in reader.schema if field.name != id_name and not _is_vector(field.type)]
    reader.check([id_name, *(field.name for field in kept)])
    chunks = []

    def batches() -> Iterator[Any]:
        for batch in reader.batches([id_name, *(field.name for field in kept)], BATCH_ROWS):
            chunks.append(batch.column(0))
            yield pa.record_batch(batch.columns[1:], names=[field.name for field in kept])

    schema = pa.schema([pa.field(field.name, field.type) for field in kept])
    rows = MappedRows(batches(), schema, None)
    subject = f"the ids `{id_name}` of {path}"
    rows.ids = as_id_array(pa.chunked_array(chunks, reader.schema.field(id_name).type), subject)
    if pa.types.is_integer(rows.ids.type) != (kind == "integer"):
        raise IdError(subject, wanted=f"be of the kind of the pool's ids ({kind})", got=str(rows.ids.type))
    return rows


def _check_column(path: Path, id_name: str, names: list[str]) -> None:
    if id_name not in names:
        raise FileFormatError(
            f"the content {path}",
            wanted=f"have a column `{id_name}` of ids",
            got=f"columns {', '.join(names[:12])}" if names else "no columns",
            remedy=did_you_mean(id_name, names) or "Name the column with --content-id.",
        )


def _is_vector(kind: Any) -> bool:
    return bool(is_list(kind) and pa.types.is_floating(kind.value_type)) if hasattr(kind, "value_type") else False


def _object(line: bytes, place: str) -> dict[str, Any]:
    try:
        entry = strict_json(line)
    except ValueError as cause:
        raise CorruptFileError(place, wanted="be a JSON object", got=str(cause)) from cause
    if not isinstance(entry, dict):
        raise FileFormatError(place, wanted="be a JSON object", got=json.dumps(entry)[:80])
    return entry


def _id_in(entry: Mapping[str, Any], name: str, kind: str, place: str) -> Any:
    found = entry.get(name)
    fits = isinstance(found, int) and not isinstance(found, bool) if kind == "integer" else isinstance(found, str)
    if not fits:
        raise IdError(place, wanted=f"have an id `{name}` of the kind of the pool's ({kind})", got=repr(found)[:80])
    return found


class SortedIds:
    """Ids in order, so that one is found among millions in microseconds."""

    def __init__(self, ids: Any) -> None:
        self._is_integer = pa.types.is_integer(ids.type)
        self._order = pc.sort_indices(ids).to_numpy().astype(np.int64)
        self._values = ids.take(pa.array(self._order))
        self._numbers = self._values.to_numpy() if self._is_integer else None

    def find(self, example_id: str) -> int | None:
        """The place of an example in the array that was given; None for none. An integer is given in digits."""
        if self._numbers is not None:
            try:
                wanted = np.int64(int(example_id))
            except (ValueError, OverflowError):
                return None
            at = int(np.searchsorted(self._numbers, wanted))
            return int(self._order[at]) if at < len(self._numbers) and self._numbers[at] == wanted else None
        low, high = 0, len(self._values)
        while low < high:  # Arrow sorts text by its UTF-8, which is Python's order of code points
            middle = (low + high) // 2
            if self._values[middle].as_py() < example_id:
                low = middle + 1
            else:
                high = middle
        found = low < len(self._values) and self._values[low].as_py() == example_id
        return int(self._order[low]) if found else None
