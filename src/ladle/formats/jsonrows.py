"""JSON objects as the rows of a table, one by one: where a quick parser gives up, and for lists of objects."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from ladle.errors import DataError
from ladle.formats.fields import Form
from ladle.formats.foreign import FOREIGN
from ladle.formats.text_files import json_text, numbered_lines, open_text, strict_json
from ladle.formats.values import UnfitValueError, fit_value

_BLOCK_BYTES = 1 << 20
_SAMPLE = 50


def table_of_objects(objects: Iterable[tuple[str, Mapping[str, Any]]], fields: Mapping[str, str], form: Form) -> Any:
    """A table of the fields (field -> its name in the objects), null where an object has none.

    objects: (place in words, object). Raises: DataError naming the place. Cost: about 5 s for a million objects.
    """
    columns: dict[str, list[Any]] = {field: [] for field in fields}
    kinds = {field: form.type_of(field) for field in fields}
    for where, entry in objects:
        one_control = "annotation_id" in entry
        for field, name in fields.items():
            try:
                value = fit_value(
                    entry.get(name), kinds[field], field=field, one_control=one_control, classes=form.classes
                )
            except UnfitValueError as unfit:
                raise DataError(
                    where,
                    wanted=f"have {unfit.wanted} in `{name}`",
                    got=json_text(entry[name]),
                    remedy=unfit.remedy or ignore_remedy(field, name),
                ) from unfit
            columns[field].append(value)
    return pa.table({field: pa.array(values, kinds[field]) for field, values in columns.items()})


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
