"""Lists of ids in text files: `.txt` with one id per line, `.csv` with a header, `.jsonl` with one object per line.

Files are read as editors and spreadsheets of all systems write them: with or without a byte-order mark, with lines
ended by LF, CRLF or CR, with blank lines at the end. An empty file, or a header alone, is a list of no ids.
"""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from ladle.errors import CorruptFileError, FileFormatError, IdError
from ladle.pool.files.opening import open_file
from ladle.pool.ids.example_ids import as_id_array

_PLAIN_INTEGER = r"^(0|-?[1-9][0-9]{0,18})$"
_FLAG = r"(?i)^(true|false)$"
_LINE_END = re.compile("\r\n|\r|\n")


def read_lines(path: Path) -> Any:
    """The lines of a text file as a pyarrow array of text. Raises: FileError, CorruptFileError, IdError."""
    lines = _read_text(path).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return refuse_empty(pa.array(lines, pa.large_string()), path)


def read_header(path: Path) -> list[str]:
    """The names of the columns of a CSV; none for an empty file. Raises: FileError, CorruptFileError."""
    return _read_names(_read_text(path))


def read_csv_columns(path: Path) -> dict[str, Any]:
    """The columns of a CSV as pyarrow arrays of text, by name; none for an empty file.

    Raises: FileError and its kinds, FileFormatError for two columns of one name.
    """
    text = _read_text(path)
    if not text.strip():
        return {}
    table = _parse(text, path)
    twice = sorted({name for name in table.column_names if table.column_names.count(name) > 1})
    if twice:
        raise FileFormatError(str(path), wanted=f"have one column `{twice[0]}`", got="several")
    return {name: table.column(name).combine_chunks() for name in table.column_names}


def parse_ids(text: Any, name: str, like: str | None) -> Any:
    """Ids that were read as text, converted to the kind `like`.

    like: "integer", "text", or None for integers if all ids are integers.
    Raises: IdError for the first id of another kind.
    """
    text = as_id_array(text, name)
    if like == "text":
        return text
    plain = pc.match_substring_regex(text, _PLAIN_INTEGER)
    if pc.all(plain, min_count=0).as_py():
        try:
            return text.cast(pa.int64())
        except pa.ArrowInvalid:  # a number of 19 digits that needs more than 64 bits
            plain = pa.array([-(2**63) <= int(each) < 2**63 for each in text.to_pylist()])
    if like is None:
        return text
    odd = text.filter(pc.invert(plain))[0].as_py()
    raise IdError(name, wanted="be integers, as the pool's ids are", got=repr(odd))


def parse_flags(text: Any) -> Any:
    """The texts as booleans, if all of them are true or false in any case; else None."""
    if len(text) == 0 or not pc.all(pc.match_substring_regex(text, _FLAG)).as_py():
        return None
    return pc.equal(pc.utf8_lower(text), "true")


def _read_text(path: Path) -> str:
    with open_file(path) as file:
        raw = file.read()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise CorruptFileError(str(path), wanted="be UTF-8 text with one id a line", got=str(cause)) from cause


def _parse(text: str, path: Path) -> Any:
    """The CSV as a table of text. Arrow gets the bytes, not a file: see `ladle.pool.files.opening`."""
    names = _read_names(text)
    try:
        return pa.csv.read_csv(
            pa.BufferReader(f"{text}\n".encode()),  # Arrow needs the end of the line, also after a header alone
            read_options=pa.csv.ReadOptions(use_threads=False, block_size=max(1 << 20, 4 * len(text) + 1)),
            parse_options=pa.csv.ParseOptions(newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as cause:
        got = str(cause).splitlines()[0]
        raise CorruptFileError(str(path), wanted="be a CSV with a header", got=got) from cause


def _read_names(text: str) -> list[str]:
    return next((record for record in csv.reader(io.StringIO(text, newline="")) if record), [])


def refuse_empty(ids: Any, path: Path) -> Any:
    """The ids, after a check that none is empty. Raises: IdError."""
    empty = pc.index(ids, "").as_py()
    if empty >= 0:
        raise IdError(f"the ids in {path}", wanted="have no empty lines", got=f"one at position {empty:,}")
    return ids


def read_jsonl(path: Path) -> dict[str, Any]:
    """The fields that every line has, as arrays of integers, texts or booleans by name; none for an empty file.

    Raises: FileError; CorruptFileError with the line; IdError for an integer of more than 64 bits.
    """
    with open_file(path) as file:
        raw = file.read()
    rows: list[dict[str, Any]] = []
    try:
        lines = _LINE_END.split(raw.decode("utf-8-sig"))  # a text in JSON may hold U+2028, which is no end of a line
    except UnicodeDecodeError as cause:
        raise CorruptFileError(str(path), wanted="be UTF-8 text", got=str(cause)) from cause
    for number, line in enumerate(lines, 1):
        if line.strip():
            rows.append(_object(line, f"line {number:,} of {path}"))
    names = [name for name in rows[0] if all(name in row for row in rows)] if rows else []
    arrays = {name: _array([row[name] for row in rows], f"`{name}` of {path}") for name in names}
    return {name: array for name, array in arrays.items() if array is not None}


def _object(line: str, place: str) -> dict[str, Any]:
    def refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            raise CorruptFileError(place, wanted="name each field once", got="a name twice")
        return fields

    try:
        value = json.loads(line, object_pairs_hook=refuse_repeats)
    except (ValueError, RecursionError) as cause:  # also a number of too many digits
        raise CorruptFileError(place, wanted="be one JSON object", got=str(cause)[:200]) from cause
    if not isinstance(value, dict):
        raise CorruptFileError(place, wanted="be one JSON object", got=type(value).__name__)
    return value


def _array(values: list[Any], name: str) -> Any:
    """The values as an array of booleans, integers or texts; None if they are of another kind, or of several."""
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {str}:
        return pa.array(values, pa.large_string())
    if kinds == {int}:
        try:
            return pa.array(values, pa.int64())
        except (OverflowError, pa.ArrowInvalid) as cause:
            raise IdError(name, wanted="be integers of 64 bits", got=str(cause)[:200]) from cause
    return None
