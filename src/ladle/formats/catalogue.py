"""The formats of tasks and labels, and the two ways through them: a table to a file, a file to a table."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from ladle.durable import file_digest, writing
from ladle.errors import ArgumentError, FileFormatError, IdError, ShapeError
from ladle.formats import coco, csvtext, jsonlines, manifest, parquet
from ladle.formats.fields import ID, LABEL, LABEL_FIELDS, Form, names_in_file
from ladle.plain_files import check_plain_file


class Write(Protocol):
    """Write a table into an open file; `about` is what the format may say of it."""

    def __call__(self, table: Any, file: BufferedRandom, about: Mapping[str, Any]) -> None:
        """See each format."""


@dataclass(frozen=True, slots=True)
class Format:
    """One of the formats: its name, the endings of its files, and how it is written, read and pointed into."""

    name: str
    suffixes: tuple[str, ...]
    write: Write
    read: Callable[[Path, Mapping[str, str], Form], Any]
    place: Callable[[Path, int], str]


FORMATS = {
    each.name: each
    for each in (
        Format("jsonl", (".jsonl", ".ndjson"), jsonlines.write, jsonlines.read, jsonlines.place),
        Format("parquet", (".parquet",), parquet.write, parquet.read, parquet.place),
        Format("csv", (".csv",), csvtext.write, csvtext.read, csvtext.place),
        Format("coco", (".json",), coco.write, coco.read, coco.place),
        Format("manifest", (".manifest",), manifest.write, manifest.read, manifest.place),
    )
}
SUFFIXES = tuple(suffix for each in FORMATS.values() for suffix in each.suffixes)


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it was written: `sha256` is what `sha256sum` says of it."""

    path: Path
    format: str
    rows: int
    size_bytes: int
    sha256: str


def format_of(path: str | os.PathLike[str], name: str | None = None) -> Format:
    """The format called `name`, else that of the file's ending. Raises: ArgumentError, FileFormatError."""
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
    """Write tasks or labels (a `pyarrow.Table` with a column `id`) to a file: whole, or not at all.

    Every column is kept. Labels are text or integers (single), lists of them (multi) or floats (value); null is no
    label yet. `about` goes where the format has a place for it: `classes` number the classes of COCO and manifests,
    `created` dates the labels of manifests, Parquet and COCO keep all of it.

    Raises: ArgumentError for a table without ids or a label the format cannot hold, NonFiniteError, FileError.
    Cost: see each format. Repeats: the same table gives the same bytes.
    """
    found = format_of(path, format)
    if ID not in table.schema.names or len(set(table.schema.names)) < len(table.schema.names):
        raise ArgumentError("the table", wanted=f"have a column `{ID}`, and no two of a name", got=table.schema.names)
    plain = _plain(table)
    try:
        with writing(path) as file:
            found.write(plain, file, dict(about or {}))
    except (pa.ArrowException, TypeError) as cause:
        raise ArgumentError("the table", wanted=f"have columns that {found.name} can hold", got=str(cause)) from cause
    return Written(Path(path), found.name, table.num_rows, Path(path).stat().st_size, file_digest(path))


def read(
    path: str | os.PathLike[str],
    *,
    form: Form,
    fields: Sequence[str] = LABEL_FIELDS,
    names: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users have for it
) -> Any:
    """The `fields` of each row of a file as a `pyarrow.Table`, typed as `form` says; those no row has are left out.

    names: field -> its name in the file, where that is another. Fields not asked for are ignored.
    Raises: FileError and its kinds (UnsafeFileError for a pickle); ShapeError for a file without rows; IdError and
    DataError naming the line of what is missing or of another type. Cost: see each format; memory of the table.
    """
    found = format_of(path, format)
    source = check_plain_file(path)
    table = found.read(source, names_in_file(fields, names), form)
    if table.num_rows == 0:
        raise ShapeError(str(source), wanted="hold a row at least", got="none")
    if ID not in table.schema.names:
        named = (names or {}).get(ID, ID)
        raise FileFormatError(str(source), wanted=f"have ids in `{named}`", got="none", remedy="Name their column.")
    row = _first(pc.is_null(table.column(ID)))
    if row is not None:
        named = (names or {}).get(ID, ID)
        raise IdError(f"{found.place(source, row)} of {source}", wanted=f"have an id in `{named}`", got="none")
    if LABEL in table.schema.names and form.kind == "multi":
        _check_whole(table.column(LABEL), lambda row: f"{found.place(source, row)} of {source}")
    said = [name for name in table.schema.names if table.column(name).null_count < table.num_rows]
    return table.select(
        [field for field in fields if field in said or (field == LABEL and LABEL in table.schema.names)]
    )


def _check_whole(lists: Any, at: Callable[[int], str]) -> None:
    """Refuse null among the classes of a multi-label. Raises: ShapeError."""
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
    """The table without dictionaries and views of text, which not every writer takes."""
    for position, field in enumerate(table.schema):
        kind = field.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if kind == pa.string_view() or pa.types.is_string(kind):
            kind = pa.large_string()
        if kind != field.type:
            table = table.set_column(position, field.name, table.column(position).cast(kind))
    return table
