"""Augmented manifests of SageMaker Ground Truth: JSON lines with `source-ref`, a label attribute and its metadata.

- The id stands in `id`, a field that Ground Truth passes through; where there is none, `source-ref` is the id. Writing
  puts the id into `source-ref` unless the table has a column of that name.
- A class is a number in the label attribute and a name in `<attribute>-metadata`: `class-name`, or `class-map` for
  multi-labels. The attribute is `label` when written; when read, the one with metadata, unless it is named.
- Where a label comes from (the field `source`) stands in `label-source`: `source` is Ground Truth's own.

Classification of images and of text is read; boxes, masks and numbers are refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from io import BufferedRandom
from pathlib import Path
from typing import Any

import pyarrow as pa

from ladle.connect.fields import ID, LABEL, TIME, Form, typed_text
from ladle.connect.jsonlines import place
from ladle.connect.jsontext import iso_times
from ladle.connect.labelled import is_listed, numbered, refuse_kind, refuse_values
from ladle.connect.opening import REMEDY, is_a, numbered_lines, opened_text, said, strict_json
from ladle.connect.textcolumns import typed
from ladle.errors import CorruptFileError, DataError, FileFormatError

__all__ = ["place", "read", "write"]

_REFERENCE = "source-ref"
_METADATA = "-metadata"
_OWN = {"source": "label-source"}
_TYPE = "groundtruth/image-classification"
_BLOCK_ROWS = 1 << 14


def write(table: Any, file: BufferedRandom, about: Mapping[str, Any]) -> None:
    """One line a row. `about`: `classes` in the order of their numbers, `created` (ISO 8601) for rows without told_at.

    Raises: ArgumentError for labels that are numbers. Cost: 10 s a million lines.
    """
    name_of, number_of = _numbers(table, about.get("classes"))
    for position, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(position, field.name, iso_times(table.column(position).combine_chunks()))
    for block in table.to_batches(max_chunksize=_BLOCK_ROWS):
        lines = (_line(row, name_of, number_of, about.get("created")) for row in block.to_pylist())
        file.write("".join(f"{json.dumps(line, ensure_ascii=False, allow_nan=False)}\n" for line in lines).encode())


def _numbers(table: Any, classes: Any) -> tuple[dict[Any, str], dict[Any, int]]:
    """The name and the number of each class: an integer is its own number."""
    if LABEL not in table.schema.names:
        return {}, {}
    labels = table.column(LABEL).combine_chunks()
    refuse_values(labels, "a manifest")
    items = labels.flatten() if is_listed(labels.type) else labels
    found = numbered(classes, items).to_pylist()
    whole = pa.types.is_integer(items.type)
    return {each: str(each) for each in found}, {each: each if whole else at for at, each in enumerate(found)}


def _line(row: dict[str, Any], name_of: Any, number_of: Any, created: str | None) -> dict[str, Any]:
    label = row.pop(LABEL, None)
    line = {_REFERENCE: str(row[ID])} | {_OWN.get(name, name): value for name, value in row.items()}
    if label is None:
        return line
    when = row.get("told_at") or created
    about = {"human-annotated": "yes", "job-name": "ladle", **({} if when is None else {"creation-date": when})}
    sure = row.get("share") or 1.0  # of the votes, where labels were resolved
    if isinstance(label, list):
        line[LABEL] = [number_of[each] for each in label]
        about |= {
            "type": f"{_TYPE}-multilabel",
            "class-map": {str(number_of[each]): name_of[each] for each in label},
            "confidence-map": {str(number_of[each]): sure for each in label},
        }
    else:
        line[LABEL] = number_of[label]
        about |= {"type": _TYPE, "class-name": name_of[label], "confidence": sure}
    return line | {LABEL + _METADATA: about}


def read(path: Path, names: Mapping[str, str], form: Form) -> Any:
    """A table of the fields of `names` (field -> its name in the lines), null where a line has none.

    Raises: ArgumentError for a campaign of numbers; FileError and its kinds, DataError naming the line.
    Cost: 14 s a million lines; memory of their values.
    """
    refuse_kind(form.kind, "a manifest")
    asked = {field: _OWN.get(name, name) for field, name in names.items()}
    found: dict[str, list[Any]] = {field: [] for field in names}
    attribute = None if names.get(LABEL, LABEL) == LABEL else names[LABEL]
    for where, line in _objects(path):
        if LABEL in names:
            attribute = attribute or _attribute(line, where)
            found[LABEL].append(_label(line, attribute, form, where) if attribute else None)
        for field, name in asked.items():
            if field == LABEL:
                continue
            value = line.get(name, line.get(_REFERENCE)) if field == ID and name == ID else line.get(name)
            kind = form.type_of(field)
            if field == ID and form.ids == "integer" and isinstance(value, str) and value.isdecimal():
                value = int(value)  # a source-ref is always text
            if not is_a(value, kind):
                raise DataError(where, wanted=f"have {typed_text(kind)} in `{name}`", got=said(value))
            found[field].append(value)
    at: Callable[[int], str] = lambda row: f"{place(path, row)} of {path}"  # noqa: E731
    return pa.table({field: _column(values, form.type_of(field), asked[field], at) for field, values in found.items()})


def _objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(where it stands, the object) of each line. Raises: CorruptFileError, FileFormatError."""
    with opened_text(path) as file:
        for number, text in numbered_lines(file):
            where = f"line {number:,} of {path}"
            try:
                line = strict_json(text)
            except ValueError as cause:
                raise CorruptFileError(where, wanted="be one JSON object", got=str(cause), remedy=REMEDY) from cause
            if not isinstance(line, dict) or not (_REFERENCE in line or "source" in line):
                raise FileFormatError(where, wanted="be an object with `source-ref` or `source`", got=said(line))
            yield where, line


def _attribute(line: dict[str, Any], where: str) -> str | None:
    found = [name for name in line if name + _METADATA in line]
    if len(found) > 1:
        raise DataError(
            where, wanted="have one label attribute", got=", ".join(found), remedy="Name the one that holds the labels."
        )
    return found[0] if found else None


def _label(line: dict[str, Any], attribute: str, form: Form, where: str) -> Any:
    """The label of a line, or None. Raises: DataError."""
    value, about = line.get(attribute), line.get(attribute + _METADATA)
    if value is None:
        return None
    if not isinstance(about, dict):
        raise DataError(where, wanted=f"have an object in `{attribute}{_METADATA}`", got=said(about))
    multi = form.kind == "multi"
    kind, ending = str(about.get("type", "")), "classification-multilabel" if multi else "classification"
    if kind and not kind.endswith(ending):
        raise DataError(where, wanted=f"be of a type that ends in {ending}", got=kind)
    numbers = value if multi else [value]
    if not isinstance(numbers, list) or not all(isinstance(each, int) for each in numbers):
        wanted = f"have {'a list of class numbers' if multi else 'a class number'} in `{attribute}`"
        raise DataError(where, wanted=wanted, got=said(value))
    if form.items == "integer":
        return numbers if multi else value
    named = about.get("class-map") if multi else {str(value): about.get("class-name")}
    try:
        labels = [named[str(each)] for each in numbers] if isinstance(named, dict) else [None]
    except KeyError as unknown:
        raise DataError(where, wanted="name every class in `class-map`", got=f"no {unknown}") from unknown
    if numbers and not all(isinstance(label, str) for label in labels):
        wanted = f"name its classes in `{'class-map' if multi else 'class-name'}` of `{attribute}{_METADATA}`"
        raise DataError(where, wanted=wanted, got=said(named))
    return labels if multi and numbers else [] if multi else labels[0]


def _column(values: list[Any], kind: Any, name: str, at: Callable[[int], str]) -> Any:
    if kind == TIME:
        return typed(pa.array(values, pa.large_string()), kind, name, at)
    return pa.array(values, kind)
