"""JSON Lines, the canonical format: one object in each line, UTF-8; labels, numbers and ids keep their JSON types.

A multi-label is a list, a task without a label has no `label` or null, times are ISO 8601 (UTC without a zone). The
format has no checksum; `write` returns the digest of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BufferedRandom
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from ladle.errors import CorruptFileError, DataError
from ladle.formats.fields import Form, typed_text
from ladle.formats.jsontext import json_lines
from ladle.formats.text_files import (
    REMEDY,
    fits_type,
    has_object_a_line,
    json_text,
    numbered_lines,
    open_text,
    strict_json,
)
from ladle.formats.textcolumns import convert, in_calendar
from ladle.pool.files.opening import open_native

_BLOCK_BYTES = 1 << 24  # a longer line is refused
_DAMAGE = (pa.ArrowException, UnicodeDecodeError)


def write(table: Any, file: BufferedRandom, about: Mapping[str, Any]) -> None:
    """Write one line for each row. Raises: NonFiniteError, ArgumentError, see `json_lines`."""
    for lines in json_lines(table):
        file.write(lines)


def read(path: Path, names: Mapping[str, str], form: Form) -> Any:
    """A table of the fields of `names` (field -> its name in the file), null where a line has none.

    Raises: FileError and its subclasses; CorruptFileError and DataError that name the line. Cost: a second for a
    million lines of 100 bytes; memory for the table.
    """
    schema = pa.schema([(name, form.type_of(field)) for field, name in names.items()])
    try:
        with open_text(path) as file:
            begin = file.tell()
            lines = has_object_a_line(file)
            if lines is None:
                raise pa.ArrowInvalid("a line that is no object")
            if lines == 0:
                raise CorruptFileError(str(path), wanted="hold something", got="blank lines", remedy=REMEDY)
        with open_native(path, begin) as native:
            table = pa.json.read_json(
                native,
                read_options=pa.json.ReadOptions(block_size=_BLOCK_BYTES),
                parse_options=pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
            )
        table = table.select(list(names.values())).rename_columns(list(names))
        if table.num_rows != lines:
            raise pa.ArrowInvalid(f"{table.num_rows:,} objects in {lines:,} lines")
        table.validate(full=True)  # bytes that are not UTF-8
        _check_values(table)
    except _DAMAGE as cause:
        raise _first_error(path, names, form, str(cause).splitlines()[0]) from cause
    return table


def place(path: Path, row: int) -> str:
    """The line of a row."""
    with open_text(path) as file:
        number, _ = next(islice(numbered_lines(file), row, None))
    return f"line {number:,}"


def _check_values(table: Any) -> None:
    # The parser accepts NaN and Infinity, which are not JSON, and times of the year 0.
    for column in table.columns:
        if pa.types.is_timestamp(column.type) and not in_calendar(column):
            raise pa.ArrowInvalid("a time beyond the calendar")
        if pa.types.is_floating(column.type) and not pc.all(pc.is_finite(column)).as_py():
            raise pa.ArrowInvalid("NaN or infinity")


def _fits(value: Any, kind: Any) -> bool:
    if not pa.types.is_timestamp(kind) or not isinstance(value, str):
        return fits_type(value, kind)
    try:
        convert(pa.array([value], pa.large_string()), kind, "", str)
    except DataError:
        return False
    return True


def _first_error(path: Path, names: Mapping[str, str], form: Form, message: str) -> Exception:
    """The error of the first wrong line, by reading the lines one by one."""
    with open_text(path) as file:
        for number, line in numbered_lines(file):
            where = f"line {number:,} of {path}"
            try:
                value = strict_json(line)
            except ValueError as cause:
                return CorruptFileError(where, wanted="be one JSON object", got=str(cause), remedy=REMEDY)
            if not isinstance(value, dict):
                return CorruptFileError(where, wanted="be one JSON object", got=json_text(value))
            for field, name in names.items():
                kind = form.type_of(field)
                if not _fits(value.get(name), kind):
                    return DataError(where, wanted=f"have {typed_text(kind)} in `{name}`", got=json_text(value[name]))
            if len(line) > _BLOCK_BYTES:
                return CorruptFileError(where, wanted=f"be shorter than {_BLOCK_BYTES:,} bytes", got=f"{len(line):,}")
    return CorruptFileError(str(path), wanted="hold JSON objects, one a line", got=message, remedy=REMEDY)
