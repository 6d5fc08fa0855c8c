"""Columns of text as columns of numbers, times and lists, by strict rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from ladle.errors import DataError
from ladle.formats.fields import TIME, typed_text
from ladle.formats.text.text_files import json_text, strict_json
from ladle.formats.values import UnfitValueError, fit_value
from ladle.iso_times import read_time

_INTEGER = r"^(0|-?[1-9][0-9]{0,18})(\.0+)?$"
_AROUND = " \t"  # a line break in a cell is no space: it may be a quote that is not closed
_WHOLE_PART = r"\.0+$"
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_YES, _NO = ["true", "yes", "1"], ["false", "no", "0"]
_ZONE = r"(Z|[+-][0-9]{2}:?[0-9]{2})$"
_YEAR_1, _YEAR_10000 = -62_135_596_800_000_000, 253_402_300_800_000_000  # in microseconds since 1970
_LIST = r"^\s*\[[^\n]*\]\s*$"


def convert(array: Any, kind: Any, name: str, at: Callable[[int], str]) -> Any:
    """A large_string array as `kind`, nulls kept: decimal integers and numbers, ISO 8601 times (UTC without a zone), or
    JSON lists. Spaces around a number or a time say nothing. at: returns the place of a row in words.

    Raises: DataError that names the place of the first text of another kind.
    """
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if kind == array.type:
        return array
    if len(array) == 0:
        return pa.array([], kind)
    # An empty text is no value of another type.
    array = pc.if_else(pc.equal(pc.utf8_trim_whitespace(array), ""), pa.scalar(None, pa.large_string()), array)
    made = _converted(array, kind)
    if made is not None:
        return made
    row = _first_unfit(array, kind)
    raise DataError(at(row), wanted=f"have {typed_text(kind)} in `{name}`", got=json_text(array[row].as_py()))


def _converted(array: Any, kind: Any) -> Any:
    """The converted array, or None where some text does not fit."""
    if pa.types.is_boolean(kind):
        words = pc.utf8_lower(pc.utf8_trim_whitespace(array))
        known = pc.is_in(words, value_set=pa.array([*_YES, *_NO, None], pa.large_string()))
        if not pc.all(known).as_py():
            return None
        yes = pc.is_in(words, value_set=pa.array(_YES, pa.large_string()))
        return pc.if_else(words.is_valid(), yes, pa.scalar(None, pa.bool_()))
    return _lists(array, kind) if pa.types.is_list(kind) else _plain(array, kind)


def _plain(array: Any, kind: Any) -> Any:
    """The converted array, or None where some text does not fit."""
    array = pc.utf8_trim(array, _AROUND)
    if pa.types.is_timestamp(kind):
        zoned = pc.match_substring_regex(array, _ZONE)
        text = pc.if_else(zoned, array, pc.binary_join_element_wise(array, _text("Z"), _text("")))
    else:
        text = array
        fits = pc.match_substring_regex(array, _INTEGER if pa.types.is_integer(kind) else _NUMBER)
        if not pc.all(pc.fill_null(fits, True)).as_py():
            return None
        if pa.types.is_integer(kind):
            text = pc.replace_substring_regex(text, _WHOLE_PART, "")
    try:
        made = text.cast(TIME if pa.types.is_timestamp(kind) else kind)
    except pa.ArrowInvalid:  # more than 64 bits, or no time that Arrow reads
        if not pa.types.is_timestamp(kind):
            return None
        made = _times_one_by_one(array)
        if made is None:
            return None
    if pa.types.is_timestamp(kind) and not in_calendar(made):
        return None
    if pa.types.is_floating(kind) and not pc.all(pc.fill_null(pc.is_finite(made), True)).as_py():
        return None  # 1e999
    return made


def _times_one_by_one(array: Any) -> Any:
    """The times of texts among which are days alone, or forms of ISO 8601 that Arrow does not read."""
    try:
        known = {text: None if text is None else read_time(text) for text in pc.unique(array).to_pylist()}
    except ValueError:
        return None
    return pa.array([known[text] for text in array.to_pylist()], TIME)


def in_calendar(times: Any) -> bool:
    """Whether all timestamps[us] of an array are in the years 1 to 9999, which Python's dates need."""
    ends = pc.min_max(times.cast(pa.int64())).as_py()
    return ends["min"] is None or (ends["min"] >= _YEAR_1 and ends["max"] < _YEAR_10000)


def _lists(array: Any, kind: Any) -> Any:
    if not pc.all(pc.fill_null(pc.match_substring_regex(array, _LIST), True)).as_py():
        return None
    # All cells are parsed at once, each as a line.
    lines = pc.binary_join_element_wise(_text('{"v":'), pc.fill_null(array, "null"), _text("}\n"), _text(""))
    text = pa.py_buffer("".join(lines.to_pylist()).encode())
    schema = pa.schema([("v", kind)])
    try:
        table = pa.json.read_json(
            pa.BufferReader(text),
            read_options=pa.json.ReadOptions(block_size=max(1 << 20, text.size + 1)),
            parse_options=pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
    except pa.ArrowInvalid:
        return _lists_one_by_one(array, kind)
    made = table.column("v").combine_chunks()
    return made if len(made) == len(array) and made.flatten().null_count == 0 else None


def _lists_one_by_one(array: Any, kind: Any) -> Any:
    """As `_lists`, for lists whose items need a conversion, such as 1.0 for 1."""
    made = []
    try:
        for text in array.to_pylist():
            made.append(None if text is None else fit_value(strict_json(text.encode()), kind))
    except (ValueError, UnfitValueError):
        return None
    return pa.array(made, kind)


def _first_unfit(array: Any, kind: Any) -> int:
    """The first row whose text does not fit. There is one."""
    low, high = 0, len(array)  # the rows before low fit
    while high - low > 1:
        middle = (low + high) // 2
        part = array.slice(low, middle - low)
        fits = _converted(part, kind)
        low, high = (low, middle) if fits is None else (middle, high)
    return low


def _text(value: str) -> Any:
    return pa.scalar(value, pa.large_string())
