"""CSV (RFC 4180, with a header) for spreadsheets. An empty cell is null, `""` is empty text, a list is a JSON list.

It is written with commas, as UTF-8. What spreadsheets write instead is found out, see `csvdialect`.

CSV has no types and no checksum: the campaign says whether a cell is a number, and a file that was cut at the end of a
line reads as a shorter file. `write` therefore returns the number of rows and the digest.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from io import BufferedRandom
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from ladle.counts import counted
from ladle.errors import CorruptFileError, DataError, FileFormatError
from ladle.formats.columns import find_columns, no_column_error, plain_name
from ladle.formats.fields import ABSENT, ID, LABEL, Form
from ladle.formats.foreign import FOREIGN
from ladle.formats.text.csvdialect import CsvDialect, CsvText, read_dialect, read_legacy
from ladle.formats.text.jsontext import iso_times, list_texts
from ladle.formats.text.text_files import REMEDY, json_text
from ladle.formats.text.textcolumns import convert
from ladle.formats.values import UnfitValueError, fit_value
from ladle.notices import notice

_PLAIN = CsvDialect()
_COUNTED_CHARACTERS = 1 << 20


def write(table: Any, file: BufferedRandom, about: Mapping[str, Any]) -> None:
    """Write a header and one record for each row; lists as JSON lists, times as ISO 8601."""
    for place, field in enumerate(table.schema):
        if pa.types.is_list(field.type) or pa.types.is_large_list(field.type):
            table = table.set_column(place, field.name, list_texts(table.column(place).combine_chunks(), field.name))
        elif pa.types.is_timestamp(field.type):
            table = table.set_column(place, field.name, iso_times(table.column(place).combine_chunks()))
    pa.csv.write_csv(table, file, pa.csv.WriteOptions(quoting_style="needed"))


def read(path: Path, names: Mapping[str, str], form: Form, dialect: CsvDialect = _PLAIN) -> Any:
    """A table of the fields of `names` (field -> its name in the header) that the header has.

    Raises: FileError and its subclasses; CorruptFileError and DataError that name the line. Cost: about a second for a
    million records; memory for the table.
    """
    text = read_dialect(path, names, dialect)
    try:
        columns, table = _columns(text, names)
    except UnicodeDecodeError as cause:
        if text.content is not None or dialect.encoding is not None:
            raise FileFormatError(str(path), wanted="be UTF-8 text", got="other bytes") from cause
        text = read_legacy(path, names, dialect.delimiter)
        columns, table = _columns(text, names)
    for each in text.notices:
        notice(each)
    for field, name in columns.items():
        if field in FOREIGN or field == LABEL:
            table = _without_absent(table, field, name, form, path)
    at = lambda row: f"{places(path, [row], dialect)[0]} of {path}"  # noqa: E731
    made = {field: table.column(name) for field, name in columns.items()}
    of_label_studio = any(plain_name(name) == "annotation_id" for name in text.header)
    for field, name in columns.items():
        kind = form.type_of(field)
        if field == LABEL and of_label_studio and form.kind != "value":
            made[field] = _choices(made[field], kind, name, at)
        else:
            made[field] = convert(made[field], kind, name, at)
    return pa.table(made)


def _choices(cells: Any, kind: Any, name: str, at: Callable[[int], str]) -> Any:
    """Cells of Label Studio as labels: one choice is plain text, several are {"choices": [...]}. Raises: DataError."""
    made = []
    for row, cell in enumerate(cells.to_pylist()):
        try:
            made.append(fit_value(cell or None, kind, field=LABEL, one_control=True))
        except UnfitValueError as unfit:
            wanted = f"have {unfit.wanted} in `{name}`"
            raise DataError(at(row), wanted=wanted, got=json_text(cell), remedy=unfit.remedy) from unfit
    return pa.array(made, kind)


def _without_absent(table: Any, field: str, name: str, form: Form, path: Path) -> Any:
    """The table with null for words such as `NA` in a column that is no text, but not for `nan` among labels."""
    if pa.types.is_large_string(form.type_of(field)):
        return table
    words = [word for word in ABSENT if field != LABEL or form.kind != "value" or word != "nan"]
    cells = table.column(name)
    absent = pc.is_in(pc.utf8_lower(cells), value_set=pa.array(words, pa.large_string()))
    count = pc.sum(absent).as_py()
    if not count:
        return table
    if field == LABEL:
        notice(f"{counted(count, 'label')} in {path} taken for nothing, such as `NA`: these rows have no label.")
    made = pc.if_else(absent, pa.scalar(None, pa.large_string()), cells)
    return table.set_column(table.schema.get_field_index(name), name, made)


def columns_of(path: Path, dialect: CsvDialect = _PLAIN) -> list[str]:
    """The names of the columns of a file that can be read."""
    return read_dialect(path, {ID: ID}, dialect).header


def places(path: Path, rows: Sequence[int], dialect: CsvDialect = _PLAIN) -> list[str]:
    """The line on which each row (ascending) ends: text in quotes may extend over several lines. Cost: a pass."""
    text, found, wanted = read_dialect(path, {ID: ID}, dialect), [], iter(rows)
    row = next(wanted, None)
    with text.lines("replace") as lines, suppress(csv.Error):  # a cell that Python's reader does not take
        records = csv.reader(lines, delimiter=text.delimiter, skipinitialspace=text.has_spaces)
        for number, _ in enumerate((record for record in records if record), -1):
            while row == number:
                found.append(f"line {records.line_num + text.skipped:,}")
                row = next(wanted, None)
            if row is None:
                break
    return found + [f"record {row + 1:,}" for row in rows[len(found) :]]


def _columns(text: CsvText, names: Mapping[str, str]) -> tuple[dict[str, str], Any]:
    """(field -> column, the columns as large_string). Raises: UnicodeDecodeError; as `read`."""
    columns = find_columns(text.header, names, text.path)
    if not columns:
        raise no_column_error(text.path, "ids", names.get(ID, ID), text.header)
    _check_quotes(text)
    wanted = list(columns.values())
    if text.has_spaces:
        try:
            return columns, _parsed_by_lines(text, wanted)
        except csv.Error as cause:
            raise CorruptFileError(str(text.path), wanted="be records", got=str(cause), remedy=REMEDY) from cause
    try:
        return columns, _parsed(text, wanted)
    except pa.ArrowInvalid as cause:
        message = str(cause).splitlines()[0]
        if "cannot infer number of columns" in message:  # a header without an end of line
            return columns, pa.table({name: pa.array([], pa.large_string()) for name in wanted})
        if "invalid UTF8" in message:
            raise UnicodeDecodeError("utf-8", b"", 0, 1, message) from cause
        if "columns, got" in message:
            try:
                table = _parsed_by_lines(text, wanted)
            except csv.Error:
                table = None
            if table is not None:
                notice(f"{text.path} has more separators than columns: empty cells at the ends of lines are left out.")
                return columns, table
        wanted_text = "be records of UTF-8 text, all as long as the header"
        raise CorruptFileError(str(text.path), wanted=wanted_text, got=message, remedy=REMEDY) from cause


def _check_quotes(text: CsvText) -> None:
    # With an odd number of quotes, the parser would silently read the rest of the file as one cell.
    with text.lines("replace") as lines:
        count = sum(block.count('"') for block in iter(lambda: lines.read(_COUNTED_CHARACTERS), ""))
    if count % 2:
        raise CorruptFileError(str(text.path), wanted="close every quote", got=f"{count:,} quotes", remedy=REMEDY)


def _parsed(text: CsvText, names: list[str]) -> Any:
    """The columns as large_string. Raises: pyarrow.ArrowInvalid naming the row."""
    with text.native() as native:
        table = pa.csv.read_csv(
            native,
            read_options=pa.csv.ReadOptions(use_threads=False),  # with threads, errors do not name the row
            parse_options=pa.csv.ParseOptions(newlines_in_values=True, delimiter=text.delimiter),
            convert_options=pa.csv.ConvertOptions(
                include_columns=names,
                column_types=dict.fromkeys(names, pa.large_string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                null_values=[""],
            ),
        )
    return table.select(names)


def _parsed_by_lines(text: CsvText, names: list[str]) -> Any:
    """As `_parsed`, for lines with empty cells beyond the header, or with spaces after separators.

    None where lines are wrong in another way. An empty text in quotes is null here. Cost: 2 s for a million lines.
    """
    width, cells = len(text.header), []
    with text.lines() as lines:
        records = csv.reader(lines, delimiter=text.delimiter, skipinitialspace=text.has_spaces)
        next(record for record in records if record)
        places = [text.header.index(name) for name in names]
        for record in records:
            if record and (len(record) < width or any(record[width:])):
                if text.has_spaces:
                    raise CorruptFileError(
                        f"line {records.line_num:,} of {text.path}",
                        wanted=f"have {width:,} columns, as the header",
                        got=f"{len(record):,}",
                        remedy=REMEDY,
                    )
                return None
            if record:
                cells.append([record[place] or None for place in places])
    columns = zip(*cells, strict=True) if cells else [()] * len(names)
    return pa.table({name: pa.array(column, pa.large_string()) for name, column in zip(names, columns, strict=True)})
