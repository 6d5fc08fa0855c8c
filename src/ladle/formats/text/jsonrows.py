"""JSON objects as the rows of a table, one by one: where a quick parser gives up, and for lists of objects."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from ladle.errors import DataError
from ladle.formats.fields import ID, LABEL, Form
from ladle.formats.foreign import FOREIGN
from ladle.formats.text.text_files import json_text, numbered_lines, open_text, strict_json
from ladle.formats.text.textcolumns import convert
from ladle.formats.values import UnfitValueError, fit_value

_BLOCK_BYTES = 1 << 20
_SAMPLE = 50


def table_of_objects(
    entries: Iterable[Mapping[str, Any]], fields: Mapping[str, str], form: Form, at: Callable[[int], str]
) -> Any:
    """A table of the fields (field -> its name in the objects), null where an object has none.

    at: the place of an object in words. Raises: DataError naming the place. Cost: about 4 s for a million objects.
    """
    columns: dict[str, list[Any]] = {field: [] for field in fields}
    of_label_studio = own_id = False
    for entry in entries:
        of_label_studio = of_label_studio or "annotation_id" in entry
        own_id = own_id or (fields.get(ID) == ID and "ladle_id" in entry)
        for field, name in fields.items():
            columns[field].append(entry.get(name))
    made = {}
    for field, values in columns.items():
        kind = form.type_of(field)
        array = None if field == LABEL and of_label_studio else _as_they_are(values, kind, fields[field])
        if array is None:
            array = _one_by_one(values, field, fields[field], form, at, of_label_studio, own_id)
        made[field] = array
    return pa.table(made)


def _as_they_are(values: list[Any], kind: Any, name: str) -> Any:
    """The values as an array where all have the type of the field in JSON; None where one needs a conversion."""
    used = set(map(type, values)) - {type(None)}
    try:
        if pa.types.is_timestamp(kind) and used <= {str}:
            return convert(pa.array(values, pa.large_string()), kind, name, str)
        for plain, wanted in ((str, pa.large_string()), (int, pa.int64()), (bool, pa.bool_())):
            if kind == wanted and used <= {plain}:
                return pa.array(values, kind)
    except (DataError, OverflowError, pa.ArrowException):
        return None
    return None


def _one_by_one(
    values: list[Any],
    field: str,
    name: str,
    form: Form,
    at: Callable[[int], str],
    of_label_studio: bool,
    own_id: bool,
) -> Any:
    kind, made = form.type_of(field), []
    for row, value in enumerate(values):
        try:
            made.append(fit_value(value, kind, field=field, one_control=of_label_studio, classes=form.classes))
        except UnfitValueError as unfit:
            remedy = unfit.remedy or ignore_remedy(field, name)
            if field == ID and own_id:
                remedy = "A tool may have written numbers of its own into `id`: then the ids are in `ladle_id`."
            wanted = f"have {unfit.wanted} in `{name}`"
            raise DataError(at(row), wanted=wanted, got=json_text(value), remedy=remedy) from unfit
    return pa.array(made, kind)


def ignore_remedy(field: str, name: str) -> str:
    """What to do about a column that means something elsewhere and has other values; "" for a field of Ladle's own."""
    if field not in FOREIGN:
        return ""
    return f"`{name}` means something in other tools ({FOREIGN[field].says}). Where it does not, ignore the column."


def keys_in_file(path: Path, names: Iterable[str]) -> list[str]:
    """The names of the first objects of JSON lines, and those of `names` that occur in any line.

    Cost: a pass over the bytes, some seconds for a gigabyte.
    """
    found: dict[str, None] = {}
    with open_text(path) as file:
        begin = file.tell()
        for number, (_, line) in enumerate(numbered_lines(file)):
            if number == _SAMPLE:
                break
            try:
                entry = strict_json(line)
            except ValueError:
                continue
            found |= dict.fromkeys(entry if isinstance(entry, dict) else ())
        file.seek(begin)
        missing = {json.dumps(name, ensure_ascii=False).encode(): name for name in names if name not in found}
        longest, tail = max(map(len, missing), default=1), b""
        for block in iter(lambda: file.read(_BLOCK_BYTES), b""):
            if not missing:
                break
            joined = tail + block
            for text in [text for text in missing if text in joined]:
                found[missing.pop(text)] = None
            tail = joined[-longest:]
    return list(found)


def keys_of(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of all entries, in order of their first occurrence."""
    found: dict[str, None] = {}
    for entry in entries:
        found |= dict.fromkeys(entry)
    return list(found)
