"""Readers of tables, batch by batch: Parquet files, Arrow IPC files and streams, tables in memory.

`TableReader` is their common interface: a schema, and record batches of some of its columns in row order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from ladle.errors import CorruptFileError, FileError, FileFormatError, MismatchError, first_line
from ladle.pool.files.listing import Listing
from ladle.pool.tables.id_types import are_alike, as_id_type
from ladle.pool.tables.list_columns import is_list, storage_of

_REMEDY = "Write it again; it may be a copy cut short."
_ARROW_MAGIC = b"ARROW1"
_STREAM_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_PARQUET_MAGIC = b"PAR1"
# Pages are decoded from a stream of this size, so a row group of any size is never held whole.
_STREAM_BYTES = 1 << 20
_COLUMN_BATCH_ROWS = 1 << 17
# The errors of pyarrow for damaged bytes; SystemError if even the name in its message is damaged.
_DAMAGE = (pa.ArrowException, OSError, EOFError, UnicodeDecodeError, SystemError)


class TableReader(ABC):
    """Reads a table on disk or in memory.

    Attributes
    ----------
    source : str
        The table, for people.
    schema : pyarrow.Schema
        Its columns.
    rows : int or None
        Its number of rows; None if that is not known before reading.
    views : bool
        Whether batches are views of memory or of a mapped file.
    order_notice : str
        As `Pool.order_notice`.
    """

    views = False
    order_notice = ""
    source: str
    schema: Any
    rows: int | None

    @property
    def parts(self) -> Sequence[TableReader]:
        """Readers of the single files; itself for a single table."""
        return [self]

    @abstractmethod
    def batches(self, names: Sequence[str], batch_rows: int) -> Iterator[Any]:
        """Record batches of these columns in row order, of 1 to `batch_rows` rows. Raises: CorruptFileError."""

    def check(self, names: Sequence[str]) -> None:
        """Refuse a table that has one of these columns twice. Raises: FileFormatError, MismatchError."""
        for name in names:
            if self.schema.names.count(name) > 1:
                raise FileFormatError(self.source, wanted=f"have one column `{name}`", got="several")


class MemoryReader(TableReader):
    """Reads a `pyarrow.Table` in memory; batches are views."""

    views = True

    def __init__(self, table: Any, source: str) -> None:
        self._table = table
        self.source = source
        self.schema = table.schema
        self.rows = table.num_rows

    def batches(self, names: Sequence[str], batch_rows: int) -> Iterator[Any]:
        """Views of the table's chunks."""
        for batch in self._table.select(list(names)).to_batches(max_chunksize=batch_rows):
            if batch.num_rows:
                yield batch


class ParquetReader(TableReader):
    """Reads one Parquet file; page checksums are verified if the file has them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.source = str(path)
        with _open_errors(path, "Parquet", (_PARQUET_MAGIC,)), self._open() as file:
            self.schema = _with_names(file.schema_arrow)
            self.rows = file.metadata.num_rows

    def batches(self, names: Sequence[str], batch_rows: int) -> Iterator[Any]:
        """Batches decoded from a stream, with memory of one batch and a few pages."""
        with _read_errors(self._path), self._open() as file:
            for batch in file.iter_batches(batch_rows, columns=list(names), use_threads=False):
                if batch.num_rows:
                    yield batch.select(list(names))

    def _open(self) -> Any:
        return pq.ParquetFile(self._path, pre_buffer=False, buffer_size=_STREAM_BYTES, page_checksum_verification=True)


class IpcReader(TableReader):
    """Reads one mapped Arrow IPC file (Feather version 2) or stream; batches are views of the file."""

    views = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self.source = str(path)
        self.rows = None
        with _open_errors(path, "Arrow", (_ARROW_MAGIC, _STREAM_END[:4])), self._open() as reader:
            self.schema = _with_names(reader.schema)
            stream = not isinstance(reader, pa.ipc.RecordBatchFileReader)
        if stream:
            _check_stream_end(path)

    def batches(self, names: Sequence[str], batch_rows: int) -> Iterator[Any]:
        """Views of the record batches, cut to `batch_rows`."""
        with _read_errors(self._path), self._open() as reader:
            for batch in _record_batches(reader):
                batch.validate()
                chosen = batch.select(list(names))
                for start in range(0, batch.num_rows, batch_rows):
                    yield chosen.slice(start, batch_rows)

    @contextmanager
    def _open(self) -> Iterator[Any]:
        with pa.memory_map(str(self._path)) as mapped:
            is_file = mapped.read(len(_ARROW_MAGIC)) == _ARROW_MAGIC
            mapped.seek(0)
            with pa.ipc.open_file(mapped) if is_file else pa.ipc.open_stream(mapped) as reader:
                yield reader


class FilesReader(TableReader):
    """Reads several files with one schema, in order."""

    def __init__(self, parts: Sequence[TableReader], source: str, order_notice: str = "") -> None:
        self._parts = parts
        self.source = source
        self.order_notice = order_notice
        self.schema = parts[0].schema
        counts = [part.rows for part in parts]
        self.rows = None if None in counts else sum(count or 0 for count in counts)

    @property
    def parts(self) -> Sequence[TableReader]:
        """The files."""
        return self._parts

    def batches(self, names: Sequence[str], batch_rows: int) -> Iterator[Any]:
        """The batches of each file, in order."""
        for part in self._parts:
            yield from part.batches(names, batch_rows)

    def check(self, names: Sequence[str]) -> None:
        """Refuse a file without these columns, or with other types than in the first. Raises: MismatchError."""
        for part in self._parts:
            part.check(names)
            for name in names:
                _check_same_column(part, name, self.schema.field(name).type, self._parts[0].source)


def open_reader(listing: Listing) -> TableReader:
    """A reader of the Parquet or Arrow files of a listing. Raises: FileError and its kinds."""
    kind = ParquetReader if listing.family == "Parquet" else IpcReader
    from ladle.pool.tables.partitions import add_partition_columns  # here, because that file imports this one

    parts = add_partition_columns([kind(file) for file in listing.files], listing)
    return FilesReader(parts, str(listing.path), listing.order_notice) if listing.is_folder else parts[0]


def read_column(columns: TableReader, name: str) -> Any:
    """A whole column, not of lists, as a `pyarrow.ChunkedArray`. Raises: CorruptFileError; as `TableReader.check`."""
    columns.check([name])
    chunks = [batch.column(0) for batch in columns.batches([name], _COLUMN_BATCH_ROWS)]
    for chunk in chunks:
        try:
            chunk.validate(full=True)  # a damaged offset in a mapped file would be used as an address
        except pa.ArrowInvalid as cause:
            raise CorruptFileError(columns.source, wanted="be whole", got=str(cause)) from cause
    if any(chunk.type != chunks[0].type for chunk in chunks):  # files may store one kind in several types
        chunks = [as_id_type(chunk, f"the column `{name}` of {columns.source}") for chunk in chunks]
    return pa.chunked_array(chunks, chunks[0].type if chunks else columns.schema.field(name).type)


def _check_same_column(part: TableReader, name: str, kind: Any, first: str) -> None:
    if name not in part.schema.names:
        raise MismatchError(part.source, wanted=f"have a column `{name}` like {first}", got="none")
    if not _alike(part.schema.field(name).type, kind):
        raise MismatchError(
            f"the column `{name}` of {part.source}",
            wanted=f"be {kind} like {first}",
            got=str(part.schema.field(name).type),
        )


def _alike(kind: Any, first: Any) -> bool:
    """Whether two column types hold the same kind of values."""
    if is_list(kind) and is_list(first):  # the layout of lists does not matter, the type of their numbers does
        return bool(storage_of(kind).value_type == storage_of(first).value_type)
    return bool(kind == first) or are_alike(kind, first)


def _with_names(schema: Any) -> Any:
    schema.names  # noqa: B018 - decoded at every use, so damaged names must raise an error here
    return schema


def _check_stream_end(path: Path) -> None:
    # A stream cut between two batches reads as a shorter stream; only the end mark shows that it is whole.
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(_STREAM_END)))
        if file.read() != _STREAM_END:
            raise CorruptFileError(
                str(path), wanted="end with the mark of a whole Arrow stream", got="none", remedy=_REMEDY
            )


def _record_batches(reader: Any) -> Iterator[Any]:
    if isinstance(reader, pa.ipc.RecordBatchFileReader):
        for place in range(reader.num_record_batches):
            yield reader.get_batch(place)
    else:
        yield from reader


@contextmanager
def _open_errors(path: Path, kind: str, magics: tuple[bytes, ...]) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as cause:
        raise FileError(str(path), wanted="be a readable file", got="No such file or directory") from cause
    except _DAMAGE as cause:
        reason = first_line(cause)
        with path.open("rb") as file:
            first_bytes = file.read(len(_ARROW_MAGIC))
        if not first_bytes.startswith(magics):
            raise FileFormatError(str(path), wanted=f"be a {kind} file", got=reason) from cause
        raise CorruptFileError(str(path), wanted=f"be a whole {kind} file", got=reason, remedy=_REMEDY) from cause


@contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileError:
        raise
    except _DAMAGE as cause:
        raise CorruptFileError(
            str(path), wanted="be readable to the end", got=first_line(cause), remedy=_REMEDY
        ) from cause
