"""Parquet: typed columns. It is the only one of the formats with checksums, which are written and verified."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BufferedRandom
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from ladle.errors import CorruptFileError, DataError
from ladle.formats.columns import find_columns, no_column_error
from ladle.formats.fields import ID, LABEL, TIME, Form, typed_text
from ladle.formats.foreign import FOREIGN
from ladle.formats.text.text_files import REMEDY
from ladle.formats.text.textcolumns import convert, in_calendar
from ladle.formats.values import UnfitValueError, fit_value
from ladle.pool.tables.table_readers import ParquetReader, read_column


def write(table: Any, file: BufferedRandom, about: Mapping[str, Any]) -> None:
    """Write all columns. `about` goes into the metadata of the file, as JSON under `ladle`."""
    with_metadata = table.replace_schema_metadata({"ladle": json.dumps(dict(about), ensure_ascii=False)})
    # Without checksums of pages, a flipped bit would read as another id.
    pa.parquet.write_table(with_metadata, file, write_page_checksum=True)


def read(path: Path, names: Mapping[str, str], form: Form) -> Any:
    """A table of the fields of `names` (field -> its column) that the file has.

    Raises: FileError and its subclasses; DataError for a column of another type. Cost: a pass over these columns.
    """
    columns = ParquetReader(path)
    there = find_columns(columns.schema.names, names, path)
    columns.check(list(there.values()))
    if not there:
        raise no_column_error(path, "ids", names.get(ID, ID), columns.schema.names)
    made = [
        _fitted(read_column(columns, name), form.type_of(field), name, path, field) for field, name in there.items()
    ]
    if any(len(column) != columns.rows for column in made):
        lengths = ", ".join(f"{len(column):,}" for column in made)
        raise CorruptFileError(str(path), wanted=f"have {columns.rows:,} rows, as it says", got=lengths, remedy=REMEDY)
    return pa.table(made, names=list(there))


def columns_of(path: Path) -> list[str]:
    """The names of the columns of a file that can be read."""
    return list(ParquetReader(path).schema.names)


def places(path: Path, rows: Sequence[int]) -> list[str]:
    """The number of each row from 0, as Arrow counts."""
    return [f"row {row:,}" for row in rows]


def _fitted(column: Any, kind: Any, name: str, path: Path, field: str) -> Any:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if _is_text(column.type) and (kind == TIME or pa.types.is_integer(kind)):
        return convert(column.cast(pa.large_string()), kind, name, lambda row: f"row {row:,} of {path}")
    if _needs_values(column.type, kind, field):
        return _by_values(column, kind, name, path, field)
    if not _may_become(column.type, kind):
        raise DataError(
            f"the column `{name}` of {path}", wanted=f"hold {typed_text(kind)} in every row", got=f"{column.type}"
        )
    if kind == TIME and pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("ms"))
    if pa.types.is_timestamp(column.type) and column.type.tz is None:
        column = column.cast(pa.timestamp(column.type.unit, "UTC"))
    try:
        made = column.cast(kind)
    except pa.ArrowInvalid as cause:  # an unsigned integer beyond 63 bits, nanoseconds beyond microseconds
        raise DataError(f"the column `{name}` of {path}", wanted=f"fit {kind}", got=str(cause)) from cause
    if kind == TIME and not in_calendar(made):
        wanted, got = "be of the years 1 to 9999", "another"
        raise DataError(f"a time in the column `{name}` of {path}", wanted=wanted, got=got)
    if pa.types.is_floating(kind):
        odd = pc.index(pc.is_finite(made), False).as_py()
        if odd >= 0:
            raise DataError(f"row {odd:,} of {path}", wanted=f"have a finite number in `{name}`", got=str(made[odd]))
    return made


def _needs_values(kind: Any, wanted: Any, field: str) -> bool:
    """Whether it depends on each value if it has the wanted type: 1.0 is a whole number, and ["cat"] one class."""
    if field in FOREIGN and pa.types.is_floating(wanted):
        return bool(pa.types.is_floating(kind))  # NaN is no number of seconds: the time is not known
    listed = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if pa.types.is_integer(wanted) and not listed:
        return bool(pa.types.is_floating(kind))
    if pa.types.is_list(wanted) and listed:
        return _needs_values(kind.value_type, wanted.value_type, "")
    if pa.types.is_boolean(wanted):
        return bool(pa.types.is_integer(kind)) or _is_text(kind)
    return (field in (LABEL, "comments") and listed) or (field == "annotator" and pa.types.is_integer(kind))


def _by_values(column: Any, kind: Any, name: str, path: Path, field: str) -> Any:
    """The column by way of its values, one by one. NaN is null. Raises: DataError naming the row."""
    made = []
    for row, value in enumerate(column.to_pylist()):
        try:
            made.append(None if value != value else fit_value(value, kind, field=field))
        except UnfitValueError as unfit:
            raise DataError(
                f"row {row:,} of {path}",
                wanted=f"have {unfit.wanted} in `{name}`",
                got=str(value),
                remedy=unfit.remedy,
            ) from unfit
    return pa.chunked_array([pa.array(made, kind)])


def _may_become(kind: Any, wanted: Any) -> bool:
    """Whether all values of a type have the wanted type too: text that may be a number has not."""
    if pa.types.is_null(kind):
        return True
    if pa.types.is_list(wanted):
        listed = pa.types.is_list(kind) or pa.types.is_large_list(kind)
        return listed and _may_become(kind.value_type, wanted.value_type)
    if pa.types.is_boolean(wanted):
        return bool(pa.types.is_boolean(kind))
    if pa.types.is_integer(wanted):
        return bool(pa.types.is_integer(kind))
    if pa.types.is_floating(wanted):
        return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
    if pa.types.is_timestamp(wanted):
        return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))  # a day is its beginning
    return _is_text(kind)


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view())
