"""One JSON value as the type of its field: the strict rules of all formats, and the few conversions that lose nothing.

A whole float is an integer (`1.0`, as spreadsheets and pandas write it). Decimal text is an integer (of tools that went
through CSV), with or without spaces around it. A list of one class is that class (doccano). 0 and 1, or yes and no, are
booleans.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import pyarrow as pa

from ladle.formats.fields import TIME, typed_text
from ladle.iso_times import read_time

_AROUND = " \t"  # what may stand around a number or a time
_WHOLE = 2.0**53  # beyond it, a float is not one integer
_BEYOND_DOUBLES = 2**1024
_INTEGER = re.compile(r"(0|-?[1-9][0-9]{0,18})(\.0+)?")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_SPANS = "Spans of a text and nested lists are no classes: name a column of classes."


class UnfitValueError(Exception):
    """A value has not the type of its field. wanted, remedy: for the error, which names the place."""

    def __init__(self, wanted: str, remedy: str = "") -> None:
        super().__init__(wanted)
        self.wanted, self.remedy = wanted, remedy


def fit_value(
    value: Any,
    kind: Any,
    *,
    field: str = "",
    one_control: bool = False,
    classes: tuple[str | int, ...] | None = None,
) -> Any:
    """The value as an Arrow type of `ladle.formats.fields`; None stays None.

    one_control: text is a list of one class, and {"choices": [...]} a list, as Label Studio writes its choices.
    classes: the known classes, of which one may be written as `true` or `false`.

    Raises: UnfitValueError.
    """
    if value is None:
        return None
    if one_control and isinstance(value, str) and value.startswith('{"choices"'):
        value = _parsed(value)
    if one_control and isinstance(value, dict) and set(value) == {"choices"}:
        value = value["choices"]
    if pa.types.is_list(kind):
        return _as_list([value] if one_control and isinstance(value, str) else value, kind)
    if isinstance(value, list) and field == "comments" and all(isinstance(each, str) for each in value):
        return "\n".join(value) or None
    if isinstance(value, list) and field == "label":
        return _only(value, kind)
    if pa.types.is_boolean(kind):
        return _as_boolean(value)
    if pa.types.is_integer(kind):
        return _as_integer(value)
    if pa.types.is_floating(kind):
        if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _BEYOND_DOUBLES:
            return float(value)
        raise UnfitValueError(typed_text(kind))
    if kind == TIME:
        return _as_time(value)
    if field == "annotator" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # Label Studio numbers its users
    if isinstance(value, bool) and field == "label":
        alike = [each for each in classes or () if isinstance(each, str) and each.lower() == str(value).lower()]
        if len(alike) == 1:
            return alike[0]
    if not isinstance(value, str):
        raise UnfitValueError(typed_text(kind))
    return value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _as_list(value: Any, kind: Any) -> list[Any]:
    if not isinstance(value, list):
        raise UnfitValueError(typed_text(kind))
    if any(isinstance(item, (list, dict)) for item in value):
        raise UnfitValueError(typed_text(kind), _SPANS)
    if any(item is None for item in value):
        raise UnfitValueError(typed_text(kind))
    try:
        return [fit_value(item, kind.value_type) for item in value]
    except UnfitValueError as unfit:
        raise UnfitValueError(typed_text(kind)) from unfit


def _only(value: list[Any], kind: Any) -> Any:
    """The label of a list of one; None of an empty list: in a campaign of single labels it can only be unlabelled."""
    if any(isinstance(item, (list, dict)) for item in value):
        raise UnfitValueError(typed_text(kind), _SPANS)
    if len(value) > 1:
        raise UnfitValueError("have one class in `label`", "This campaign takes one class for each example.")
    return fit_value(value[0], kind) if value else None


def _as_boolean(value: Any) -> bool | None:
    if isinstance(value, str) and not value.strip():
        return None
    word = str(value).strip().lower() if isinstance(value, (bool, int, str)) else ""
    if word not in _BOOLEANS:
        raise UnfitValueError("yes or no")
    return _BOOLEANS[word]


def _as_integer(value: Any) -> int:
    made: int | None = None
    if isinstance(value, bool):
        made = None
    elif isinstance(value, int):
        made = value
    elif isinstance(value, float) and value.is_integer() and abs(value) <= _WHOLE:
        made = int(value)
    elif isinstance(value, str) and _INTEGER.fullmatch(value.strip(_AROUND)):
        made = int(value.strip(_AROUND).partition(".")[0])
    if made is None or not -(2**63) <= made < 2**63:
        raise UnfitValueError("an integer")
    return made


def _as_time(value: Any) -> datetime:
    """ISO 8601 text; UTC without a zone."""
    if not isinstance(value, str):
        raise UnfitValueError(typed_text(TIME))
    try:
        return read_time(value)
    except ValueError as cause:
        raise UnfitValueError(typed_text(TIME)) from cause
