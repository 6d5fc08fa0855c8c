"""JSON Lines, the canonical format: one object in each line, UTF-8; labels, numbers and ids keep their JSON types.

A multi-label is a list, a task without a label has no `label` or null, times are ISO 8601 (UTC without a zone). The
format has no checksum; `write` returns the digest of the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import BufferedRandom
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from ladle.errors import CorruptFileError
from ladle.formats.columns import find_columns
from ladle.formats.fields import ID, LABEL, Form
from ladle.formats.text.jsonrows import keys_in_file, table_of_objects
from ladle.formats.text.jsontext import json_lines
from ladle.formats.text.text_files import REMEDY, has_object_a_line, json_text, numbered_lines, open_text, strict_json
from ladle.formats.text.textcolumns import in_calendar
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
    million lines of 100 bytes, five where values need a conversion; memory for the table.
    """
    with open_text(path) as file:
        begin = file.tell()
        lines = has_object_a_line(file)
    if lines == 0:
        raise CorruptFileError(str(path), wanted="hold something", got="blank lines", remedy=REMEDY)
    tried: dict[str, str] = {}
    for searched in ([], list(names.values())):  # names of the first lines, then names of any line
        found = find_columns(keys_in_file(path, searched), names, path)
        fields = {field: name for field, name in names.items() if field in (ID, LABEL)} | found
        if lines is None or fields == tried:
            continue
        absent = [name for name in names.values() if name not in fields.values()]
        table = _read_columns(path, begin, lines, fields, form, absent)
        if table is not None:
            return table
        tried = fields
    return table_of_objects(_objects(path), fields, form, lambda row: f"{places(path, [row])[0]} of {path}")


def columns_of(path: Path) -> list[str]:
    """The names of the first lines of a file that can be read."""
    return keys_in_file(path, [])


def places(path: Path, rows: Sequence[int]) -> list[str]:
    """The line of each row (ascending). Cost: a pass over the lines."""
    found, wanted = [], iter(rows)
    row = next(wanted, None)
    with open_text(path) as file:
        for place, (number, _) in enumerate(numbered_lines(file)):
            while row == place:
                found.append(f"line {number:,}")
                row = next(wanted, None)
            if row is None:
                break
    return found


def _read_columns(
    path: Path, begin: int, lines: int, fields: Mapping[str, str], form: Form, absent: Sequence[str]
) -> Any:
    """The table a column at a time; None where some line is wrong or needs a conversion.

    fields: field -> name. absent: names that no line is to have, of columns that would have to be understood.
    """
    columns = {name: form.type_of(field) for field, name in fields.items()} | dict.fromkeys(absent, pa.null())
    schema = pa.schema(list(columns.items()))
    try:
        with open_native(path, begin) as native:
            table = pa.json.read_json(
                native,
                read_options=pa.json.ReadOptions(block_size=_BLOCK_BYTES),
                parse_options=pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
            )
        table = table.select(list(fields.values())).rename_columns(list(fields))
        if table.num_rows != lines:
            return None
        table.validate(full=True)  # bytes that are not UTF-8
        _check_values(table)
    except _DAMAGE:
        return None
    return table


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    """The object of each line. Raises: CorruptFileError naming the line."""
    with open_text(path) as file:
        for number, line in numbered_lines(file):
            where = f"line {number:,} of {path}"
            if len(line) > _BLOCK_BYTES:
                raise CorruptFileError(where, wanted=f"be shorter than {_BLOCK_BYTES:,} bytes", got=f"{len(line):,}")
            try:
                value = strict_json(line)
            except ValueError as cause:
                raise CorruptFileError(where, wanted="be one JSON object", got=str(cause), remedy=REMEDY) from cause
            if not isinstance(value, dict):
                raise CorruptFileError(where, wanted="be one JSON object", got=json_text(value))
            yield value


def _check_values(table: Any) -> None:
    # The parser accepts NaN and Infinity, which are not JSON, and times of the year 0.
    for column in table.columns:
        if pa.types.is_timestamp(column.type) and not in_calendar(column):
            raise pa.ArrowInvalid("a time beyond the calendar")
        if pa.types.is_floating(column.type) and not pc.all(pc.is_finite(column)).as_py():
            raise pa.ArrowInvalid("NaN or infinity")
