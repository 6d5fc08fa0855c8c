"""CSV (RFC 4180, with a header) for spreadsheets. An empty cell is null, `""` is empty text, a list is a JSON list.

CSV has no types and no checksum: the campaign says whether a cell is a number, and a file that was cut at the end of a
line reads as a shorter file. `write` therefore returns the number of rows and the digest.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from io import BufferedRandom
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from ladle.errors import CorruptFileError, FileFormatError
from ladle.formats.fields import Form
from ladle.formats.jsontext import iso_times, list_texts
from ladle.formats.text_files import REMEDY, open_text
from ladle.formats.textcolumns import convert
from ladle.pool.files.opening import open_native

_COUNTED_BYTES = 1 << 20


def write(table: Any, file: BufferedRandom, about: Mapping[str, Any]) -> None:
    """Write a header and one record for each row; lists as JSON lists, times as ISO 8601."""
    for place, field in enumerate(table.schema):
        if pa.types.is_list(field.type) or pa.types.is_large_list(field.type):
            table = table.set_column(place, field.name, list_texts(table.column(place).combine_chunks(), field.name))
        elif pa.types.is_timestamp(field.type):
            table = table.set_column(place, field.name, iso_times(table.column(place).combine_chunks()))
    pa.csv.write_csv(table, file, pa.csv.WriteOptions(quoting_style="needed"))


def read(path: Path, names: Mapping[str, str], form: Form) -> Any:
    """A table of the fields of `names` (field -> its name in the header) that the header has.

    Raises: FileError and its subclasses; CorruptFileError and DataError that name the line. Cost: about a second for a
    million records; memory for the table.
    """
    header = _header(path)
    there = {field: name for field, name in names.items() if name in header}
    for name in there.values():
        if header.count(name) > 1:
            raise FileFormatError(str(path), wanted=f"have one column `{name}`", got="several")
    if not there:
        first = ", ".join(f"`{name}`" for name in header[:8])
        wanted = f"have a header with columns {', '.join(f'`{name}`' for name in names.values())}"
        raise FileFormatError(str(path), wanted=wanted, got=f"columns {first}", remedy=_separator_remedy(header))
    _check_quotes(path)
    table = _parsed(path, list(there.values()))
    columns = [
        convert(table.column(name), form.type_of(field), name, lambda row: f"{place(path, row)} of {path}")
        for field, name in there.items()
    ]
    return pa.table(columns, names=list(there))


def place(path: Path, row: int) -> str:
    """The line on which a row ends: text in quotes may extend over several lines."""
    with open_text(path) as file, io.TextIOWrapper(file, "utf-8", errors="replace", newline="") as text:
        records = csv.reader(text)
        next(islice((record for record in records if record), row + 1, None))
        return f"line {records.line_num:,}"


def _header(path: Path) -> list[str]:
    with open_text(path) as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
        try:
            return next(record for record in csv.reader(text) if record)
        except UnicodeDecodeError as cause:
            raise _other_encoding(path) from cause
        except (StopIteration, csv.Error) as cause:
            raise CorruptFileError(
                str(path), wanted="begin with a header", got=str(cause) or "blank lines", remedy=REMEDY
            ) from cause


def _other_encoding(path: Path) -> FileFormatError:
    return FileFormatError(str(path), wanted="be UTF-8 text", got="other bytes", remedy="Save it again as UTF-8.")


def _separator_remedy(header: list[str]) -> str:
    """The remedy for a header with another separator than commas; "" for none."""
    for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if mark in header[0]:
            return f"Its columns seem to be separated by {name}: save it again with commas."
    return ""


def _check_quotes(path: Path) -> None:
    # With an odd number of quotes, the parser would silently read the rest of the file as one cell.
    with open_text(path) as file:
        count = sum(block.count(b'"') for block in iter(lambda: file.read(_COUNTED_BYTES), b""))
    if count % 2:
        raise CorruptFileError(str(path), wanted="close every quote", got=f"{count:,} quotes", remedy=REMEDY)


def _parsed(path: Path, names: list[str]) -> Any:
    """The columns as large_string. Raises: CorruptFileError naming the line."""
    try:
        with open_text(path) as file, open_native(path, file.tell()) as native:
            table = pa.csv.read_csv(
                native,
                read_options=pa.csv.ReadOptions(use_threads=False),  # with threads, errors do not name the row
                parse_options=pa.csv.ParseOptions(newlines_in_values=True),
                convert_options=pa.csv.ConvertOptions(
                    include_columns=names,
                    column_types=dict.fromkeys(names, pa.large_string()),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                    null_values=[""],
                ),
            )
    except pa.ArrowInvalid as cause:
        message = str(cause).splitlines()[0]
        if "cannot infer number of columns" in message:  # a header without an end of line
            return pa.table({name: pa.array([], pa.large_string()) for name in names})
        if "invalid UTF8" in message:
            raise _other_encoding(path) from cause
        raise CorruptFileError(
            str(path), wanted="be records of UTF-8 text, all as long as the header", got=message, remedy=REMEDY
        ) from cause
    return table.select(names)
