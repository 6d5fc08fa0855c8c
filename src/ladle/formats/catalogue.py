"""The formats of tasks and labels, and how a table is written to a file and read from one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BufferedRandom
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from ladle.durable import file_digest, writing
from ladle.errors import ArgumentError, FileFormatError, IdError, ShapeError
from ladle.formats import parquet
from ladle.formats.columns import no_column_error
from ladle.formats.fields import ID, LABEL, LABEL_FIELDS, Form, names_in_file
from ladle.formats.text import csvtext, jsonlines
from ladle.formats.text.csvdialect import CsvDialect
from ladle.formats.tools import coco, jsonfile, manifest
from ladle.plain_files import check_plain_file


class Write(Protocol):
    """Write a table into an open file. `about` has facts that some formats store."""

    def __call__(self, table: Any, file: BufferedRandom, about: Mapping[str, Any]) -> None:
        """See each format."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes
    ----------
    name : str
        "jsonl", "parquet", "csv", "coco" or "manifest".
    suffixes : tuple of str
        The endings of its files.
    write, read, places, columns_of : callable
        Write a table, read a table, say where rows (ascending) stand in a file, and which columns a file has.
    """

    name: str
    suffixes: tuple[str, ...]
    write: Write
    read: Callable[[Path, Mapping[str, str], Form], Any]
    places: Callable[[Path, Sequence[int]], list[str]]
    columns_of: Callable[[Path], list[str]]


FORMATS = {
    each.name: each
    for each in (
        Format("jsonl", (".jsonl", ".ndjson"), jsonlines.write, jsonlines.read, jsonlines.places, jsonlines.columns_of),
        Format("parquet", (".parquet",), parquet.write, parquet.read, parquet.places, parquet.columns_of),
        Format("csv", (".csv",), csvtext.write, csvtext.read, csvtext.places, csvtext.columns_of),
        Format("coco", (".json",), coco.write, jsonfile.read, jsonfile.places, jsonfile.columns_of),
        Format("manifest", (".manifest",), manifest.write, manifest.read, jsonlines.places, jsonlines.columns_of),
    )
}
SUFFIXES = tuple(suffix for each in FORMATS.values() for suffix in each.suffixes)


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written.

    Attributes
    ----------
    path : Path
        The file.
    format : str
        The name of its format.
    rows : int
        The rows written.
    size_bytes : int
        The size of the file.
    sha256 : str
        Its SHA-256, as `sha256sum` prints it.
    """

    path: Path
    format: str
    rows: int
    size_bytes: int
    sha256: str


def format_of(path: str | os.PathLike[str], name: str | None = None) -> Format:
    """The format of a file.

    Parameters
    ----------
    path : path
        The file; its ending decides where there is no name.
    name : str, optional
        The name of a format.

    Returns
    -------
    Format

    Raises
    ------
    ArgumentError, FileFormatError
        For an unknown name; for an unknown ending.
    """
    if name is not None:
        if name not in FORMATS:
            raise ArgumentError("`format`", wanted=f"be one of {', '.join(FORMATS)}", got=repr(name))
        return FORMATS[name]
    suffix = Path(path).suffix.lower()
    for each in FORMATS.values():
        if suffix in each.suffixes:
            return each
    raise FileFormatError(
        str(path),
        wanted=f"end in {', '.join(SUFFIXES)}",
        got=Path(path).name,
        remedy=f"Or name its format: {', '.join(FORMATS)}.",
    )


def write(
    table: Any,
    path: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - the word users have for it
    about: Mapping[str, Any] | None = None,
) -> Written:
    """Write tasks or labels to a file, completely or not at all.

    Parameters
    ----------
    table : pyarrow.Table
        With a column `id`. All its columns are written. Labels are text or integers (one class), lists of them
        (multi-labels) or floats (values); null stands for no label yet.
    path : path
        The file.
    format : str, optional
        The name of its format; by default that of the file's ending.
    about : mapping, optional
        Facts for formats that store them. `classes` number the classes of COCO and manifests, `created` dates the
        labels of manifests, and Parquet and COCO store all of it.

    Returns
    -------
    Written

    Raises
    ------
    ArgumentError, NonFiniteError
        For a table without ids, and for a label that the format cannot hold.
    FileError
        When the file cannot be written.

    Notes
    -----
    Cost: see each format. Repeats: the same table gives the same bytes.
    """
    chosen = format_of(path, format)
    if ID not in table.schema.names or len(set(table.schema.names)) < len(table.schema.names):
        raise ArgumentError("the table", wanted=f"have a column `{ID}`, and no two of a name", got=table.schema.names)
    plain = _plain(table)
    try:
        with writing(path) as file:
            chosen.write(plain, file, dict(about or {}))
    except (pa.ArrowException, TypeError) as cause:
        raise ArgumentError("the table", wanted=f"have columns that {chosen.name} can hold", got=str(cause)) from cause
    return Written(Path(path), chosen.name, table.num_rows, Path(path).stat().st_size, file_digest(path))


def read(
    path: str | os.PathLike[str],
    *,
    form: Form,
    fields: Sequence[str] = LABEL_FIELDS,
    names: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users have for it
    dialect: CsvDialect | None = None,
) -> Any:
    """Read fields of tasks or labels from a file.

    Parameters
    ----------
    path : path
        The file.
    form : Form
        The types of ids and labels.
    fields : sequence of str
        The fields to read. All others are ignored.
    names : mapping of str to str, optional
        Field -> its name in the file, for fields with another name there.
    format : str, optional
        The name of the format; by default that of the file's ending.
    dialect : CsvDialect, optional
        How a CSV file is written; by default that is found out.

    Returns
    -------
    pyarrow.Table
        The fields that some row has.

    Raises
    ------
    FileError and its subclasses
        For a file that cannot be read; UnsafeFileError for a pickle.
    ShapeError
        For a file without rows.
    IdError, DataError
        For a missing id and a value of another type; the error names the line.
    ArgumentError
        For a dialect of a file that is not CSV.

    Notes
    -----
    Cost: see each format; memory for the table.
    """
    chosen = with_dialect(format_of(path, format), dialect)
    source = check_plain_file(path)
    in_file = names_in_file(fields, names)
    table = chosen.read(source, in_file, form)
    if table.num_rows == 0:
        raise ShapeError(str(source), wanted="hold a row at least", got="none")
    named = (names or {}).get(ID, ID)
    if ID not in table.schema.names or table.column(ID).null_count == table.num_rows:
        raise no_column_error(source, "ids", named, chosen.columns_of(source))
    for field, name in (names or {}).items():
        if field not in table.schema.names and field != LABEL:
            raise no_column_error(source, f"`{field}`", name, chosen.columns_of(source))
    at: Callable[[int], str] = lambda row: f"{chosen.places(source, [row])[0]} of {source}"  # noqa: E731
    row = _first(pc.is_null(table.column(ID)))
    if row is not None:
        raise IdError(at(row), wanted=f"have an id in `{named}`", got="none")
    if LABEL in table.schema.names and form.kind == "multi":
        _check_whole(table.column(LABEL), at)
    filled = [name for name in table.schema.names if table.column(name).null_count < table.num_rows]
    return table.select(
        [field for field in fields if field in filled or (field == LABEL and LABEL in table.schema.names)]
    )


def with_dialect(chosen: Format, dialect: CsvDialect | None) -> Format:
    """The format with a dialect of CSV. Raises: ArgumentError for a dialect of another format."""
    if dialect is None or dialect == CsvDialect():
        return chosen
    if chosen.name != "csv":
        wanted = "be those of a CSV file"
        raise ArgumentError("the delimiter and the encoding", wanted=wanted, got=f"one of {chosen.name}")
    checked = dialect.checked()
    return replace(
        chosen,
        read=lambda path, names, form: csvtext.read(path, names, form, checked),
        places=lambda path, rows: csvtext.places(path, rows, checked),
        columns_of=lambda path: csvtext.columns_of(path, checked),
    )


def _check_whole(lists: Any, at: Callable[[int], str]) -> None:
    """Refuse a null among the classes of a multi-label. Raises: ShapeError."""
    joined = lists.combine_chunks()
    nulls = pc.is_null(joined.flatten())
    place = _first(nulls)
    if place is not None:
        row = pc.list_parent_indices(joined)[place].as_py()
        raise ShapeError(at(row), wanted="have a class in every place of its list", got="null")


def _first(mask: Any) -> int | None:
    place = pc.index(mask, True).as_py()
    return None if place < 0 else int(place)


def _plain(table: Any) -> Any:
    """The table without dictionaries and views of text, which some writers refuse."""
    for position, field in enumerate(table.schema):
        kind = field.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if kind == pa.string_view() or pa.types.is_string(kind):
            kind = pa.large_string()
        if kind != field.type:
            table = table.set_column(position, field.name, table.column(position).cast(kind))
    return table
