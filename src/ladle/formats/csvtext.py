"""CSV (RFC 4180, with a header): for spreadsheets. An empty cell is null, `""` is empty text, a list is a JSON list.

CSV has no types and no checksum: what a number is the campaign says, and a file cut at the end of a line reads as a
shorter one. Whoever writes one is told its rows and its digest.
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
from ladle.formats.opening import REMEDY, opened_text
from ladle.formats.textcolumns import typed
from ladle.pool.files.opening import open_native

_COUNTED_BYTES = 1 << 20


def write(table: Any, file: BufferedRandom, about: Mapping[str, Any]) -> None:
    """A header and one record a row; lists as JSON lists, times as ISO 8601."""
    for place, field in enumerate(table.schema):
        if pa.types.is_list(field.type) or pa.types.is_large_list(field.type):
            table = table.set_column(place, field.name, list_texts(table.column(place).combine_chunks(), field.name))
        elif pa.types.is_timestamp(field.type):
            table = table.set_column(place, field.name, iso_times(table.column(place).combine_chunks()))
    pa.csv.write_csv(table, file, pa.csv.WriteOptions(quoting_style="needed"))


def read(path: Path, names: Mapping[str, str], form: Form) -> Any:
    """A table of those fields of `names` (field -> its name in the header) that the header has.

    Raises: FileError and its kinds; CorruptFileError, DataError naming the line. Cost: about a second a million
    records; memory of the table.
    """
    header = _header(path)
    there = {field: name for field, name in names.items() if name in header}
    for name in there.values():
        if header.count(name) > 1:
            raise FileFormatError(str(path), wanted=f"have one column `{name}`", got="several")
    if not there:
        told = ", ".join(f"`{name}`" for name in header[:8])
        wanted = f"have a header with columns {', '.join(f'`{name}`' for name in names.values())}"
        raise FileFormatError(str(path), wanted=wanted, got=f"columns {told}", remedy=_separated(header))
    _check_quotes(path)
    table = _parsed(path, list(there.values()))
    columns = [
        typed(table.column(name), form.type_of(field), name, lambda row: f"{place(path, row)} of {path}")
        for field, name in there.items()
    ]
    return pa.table(columns, names=list(there))


def place(path: Path, row: int) -> str:
    """Where a row stands: the line it ends on, for text in quotes may run over several."""
    with opened_text(path) as file, io.TextIOWrapper(file, "utf-8", errors="replace", newline="") as text:
        records = csv.reader(text)
        next(islice((record for record in records if record), row + 1, None))
        return f"line {records.line_num:,}"


def _header(path: Path) -> list[str]:
    with opened_text(path) as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
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


def _separated(header: list[str]) -> str:
    """What to do about a header that seems to be separated by something else than commas."""
    for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if mark in header[0]:
            return f"Its columns seem to be separated by {name}: save it again with commas."
    return ""


def _check_quotes(path: Path) -> None:
    # An odd one is never closed: the parser would take the rest of the file for one cell, without a word.
    with opened_text(path) as file:
        count = sum(block.count(b'"') for block in iter(lambda: file.read(_COUNTED_BYTES), b""))
    if count % 2:
        raise CorruptFileError(str(path), wanted="close every quote", got=f"{count:,} quotes", remedy=REMEDY)


def _parsed(path: Path, names: list[str]) -> Any:
    """The columns as large_string. Raises: CorruptFileError naming the line."""
    try:
        with opened_text(path) as file, open_native(path, file.tell()) as native:
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
        told = str(cause).splitlines()[0]
        if "cannot infer number of columns" in told:  # a header and no end of line
            return pa.table({name: pa.array([], pa.large_string()) for name in names})
        if "invalid UTF8" in told:
            raise _other_encoding(path) from cause
        raise CorruptFileError(
            str(path), wanted="be records of UTF-8 text, all as long as the header", got=told, remedy=REMEDY
        ) from cause
    return table.select(names)
