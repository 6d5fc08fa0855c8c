"""Lists of ids in JSON Lines: one object a line, as batches are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from ladle.errors import CorruptFileError, IdError
from ladle.pool.files.npy_format import opened


def read_jsonl(path: Path) -> dict[str, Any]:
    """The fields of whole numbers, texts or booleans that every line has, as arrays by name; none for an empty file.

    Raises: FileError, CorruptFileError naming the line, IdError for a number that is no 64-bit integer.
    """
    with opened(path) as file:
        raw = file.read()
    rows: list[dict[str, Any]] = []
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as cause:
        raise CorruptFileError(str(path), wanted="be UTF-8 text", got=str(cause)) from cause
    for number, line in enumerate(lines, 1):
        if line.strip():
            rows.append(_object(line, f"line {number:,} of {path}"))
    names = [name for name in rows[0] if all(name in row for row in rows)] if rows else []
    arrays = {name: _array([row[name] for row in rows], f"`{name}` of {path}") for name in names}
    return {name: array for name, array in arrays.items() if array is not None}


def _object(line: str, place: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            raise CorruptFileError(place, wanted="name each field once", got="a name twice")
        return fields

    try:
        value = json.loads(line, object_pairs_hook=once)
    except (ValueError, RecursionError) as cause:  # also a number of too many digits
        raise CorruptFileError(place, wanted="be one JSON object", got=str(cause)[:200]) from cause
    if not isinstance(value, dict):
        raise CorruptFileError(place, wanted="be one JSON object", got=type(value).__name__)
    return value


def _array(values: list[Any], name: str) -> Any:
    """The values as an array of booleans, integers or texts; None where they are of other or several kinds."""
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
