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
import re
from collections.abc import Callable, Iterator, Mapping
from io import BufferedRandom
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ladle.errors import CorruptFileError, DataError, FileFormatError
from ladle.formats.fields import ID, LABEL, TIME, Form, typed_text
from ladle.formats.jsonlines import place
from ladle.formats.jsontext import iso_times, json_lines
from ladle.formats.labelled import is_listed, numbered, refuse_kind, refuse_values
from ladle.formats.manifest_columns import METADATA, REFERENCE, read_columns
from ladle.formats.opening import REMEDY, is_a, numbered_lines, opened_text, said, strict_json
from ladle.formats.textcolumns import typed

__all__ = ["place", "read", "write"]

_OWN = {"source": "label-source"}
_TYPE = "groundtruth/image-classification"
_BLOCK_ROWS = 1 << 14
_DIGITS = re.compile(r"0|-?[1-9][0-9]*")


def write(table: Any, file: BufferedRandom, about: Mapping[str, Any]) -> None:
    """One line a row. `about`: `classes` in the order of their numbers, `created` (ISO 8601) for rows without told_at.

    Raises: ArgumentError for labels that are numbers.
    Cost: 4 s a million lines of one class each; 10 s of multi-labels.
    """
    labels = table.column(LABEL).combine_chunks() if LABEL in table.schema.names else None
    classes = _classes(labels, about.get("classes"))
    for position, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(position, field.name, iso_times(table.column(position).combine_chunks()))
    if labels is None or (not is_listed(labels.type) and labels.null_count == 0 and _is_dated(table)):
        for lines in json_lines(_as_columns(table, labels, classes)):
            file.write(lines)
        return
    names = dict(zip(classes.to_pylist(), _numbers(classes).to_pylist(), strict=True))
    for block in table.to_batches(max_chunksize=_BLOCK_ROWS):
        lines = (_line(row, names, about.get("created")) for row in block.to_pylist())
        file.write("".join(f"{json.dumps(line, ensure_ascii=False, allow_nan=False)}\n" for line in lines).encode())


def _classes(labels: Any, given: Any) -> Any:
    """The classes in the order of their numbers; none where there are no labels. Raises: ArgumentError."""
    if labels is None:
        return pa.array([], pa.large_string())
    refuse_values(labels, "a manifest")
    return numbered(given, labels.flatten() if is_listed(labels.type) else labels)


def _numbers(classes: Any) -> Any:
    """The number of each class: an integer is its own."""
    return classes if pa.types.is_integer(classes.type) else pa.array(range(len(classes)), pa.int64())


def _is_dated(table: Any) -> bool:
    return "told_at" in table.schema.names and table.column("told_at").null_count == 0


def _as_columns(table: Any, labels: Any, classes: Any) -> Any:
    """Lines as columns: what `_line` makes of each row, where all are labelled and dated."""
    others = [name for name in table.schema.names if name != LABEL]
    columns = {REFERENCE: table.column(ID).cast(pa.large_string())}
    columns |= {_OWN.get(name, name): table.column(name) for name in others}
    if labels is None:
        return pa.table(columns)
    count = table.num_rows
    share = table.column("share") if "share" in others else pa.array([1.0] * count)
    about = {
        "human-annotated": pa.repeat("yes", count),
        "job-name": pa.repeat("ladle", count),
        "creation-date": table.column("told_at").combine_chunks(),
        "type": pa.repeat(_TYPE, count),
        "class-name": labels.cast(pa.large_string()),
        "confidence": share.combine_chunks() if isinstance(share, pa.ChunkedArray) else share,
    }
    number = _numbers(classes).take(pc.index_in(labels, value_set=classes))
    return pa.table(
        columns | {LABEL: number, LABEL + METADATA: pa.StructArray.from_arrays(about.values(), about.keys())}
    )


def _line(row: dict[str, Any], number_of: Mapping[Any, int], created: str | None) -> dict[str, Any]:
    label = row.pop(LABEL, None)
    line = {REFERENCE: str(row[ID])} | {_OWN.get(name, name): value for name, value in row.items()}
    if label is None:
        return line
    when = row.get("told_at") or created
    about = {"human-annotated": "yes", "job-name": "ladle", **({} if when is None else {"creation-date": when})}
    sure = row.get("share") or 1.0  # of the votes, where labels were resolved
    if isinstance(label, list):
        line[LABEL] = [number_of[each] for each in label]
        about |= {
            "type": f"{_TYPE}-multilabel",
            "class-map": {str(number_of[each]): str(each) for each in label},
            "confidence-map": {str(number_of[each]): sure for each in label},
        }
    else:
        line[LABEL] = number_of[label]
        about |= {"type": _TYPE, "class-name": str(label), "confidence": sure}
    return line | {LABEL + METADATA: about}


def read(path: Path, names: Mapping[str, str], form: Form) -> Any:
    """A table of the fields of `names` (field -> its name in the lines), null where a line has none.

    Raises: ArgumentError for a campaign of numbers; FileError and its kinds, DataError naming the line.
    Cost: some 3 s a million lines of one class each; 14 s of multi-labels; memory of the values.
    """
    refuse_kind(form.kind, "a manifest")
    asked = {field: _OWN.get(name, name) for field, name in names.items()}
    if LABEL in asked and asked[LABEL] == LABEL:
        found = next((found for where, line in _objects(path) if (found := _attribute(line, where))), LABEL)
        asked[LABEL] = found
    if form.kind == "single" or LABEL not in asked:
        table = read_columns(path, asked, asked.get(LABEL, LABEL), form)
        if table is not None:
            return table
    return _read_lines(path, asked, form)


def _read_lines(path: Path, asked: Mapping[str, str], form: Form) -> Any:
    columns: dict[str, list[Any]] = {field: [] for field in asked}
    for where, line in _objects(path):
        for field, name in asked.items():
            if field == LABEL:
                columns[LABEL].append(_label(line, name, form, where))
                continue
            value, kind = line.get(name), form.type_of(field)
            if field == ID and name == ID and value is None:
                value = line.get(REFERENCE)
            if field == ID and form.ids == "integer" and isinstance(value, str) and _DIGITS.fullmatch(value):
                value = int(value)  # a source-ref is always text
            if not is_a(value, kind):
                raise DataError(where, wanted=f"have {typed_text(kind)} in `{name}`", got=said(value))
            columns[field].append(value)
    at: Callable[[int], str] = lambda row: f"{place(path, row)} of {path}"  # noqa: E731
    return pa.table(
        {field: _column(values, form.type_of(field), asked[field], at) for field, values in columns.items()}
    )


def _objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(where it stands, the object) of each line. Raises: CorruptFileError, FileFormatError."""
    with opened_text(path) as file:
        for number, text in numbered_lines(file):
            where = f"line {number:,} of {path}"
            try:
                line = strict_json(text)
            except ValueError as cause:
                raise CorruptFileError(where, wanted="be one JSON object", got=str(cause), remedy=REMEDY) from cause
            if not isinstance(line, dict) or not (REFERENCE in line or "source" in line):
                raise FileFormatError(where, wanted="be an object with `source-ref` or `source`", got=said(line))
            yield where, line


def _attribute(line: dict[str, Any], where: str) -> str | None:
    found = [name for name in line if name + METADATA in line]
    if len(found) > 1:
        raise DataError(
            where, wanted="have one label attribute", got=", ".join(found), remedy="Name the one that holds the labels."
        )
    return found[0] if found else None


def _label(line: dict[str, Any], attribute: str, form: Form, where: str) -> Any:
    """The label of a line, or None. Raises: DataError."""
    value, about = line.get(attribute), line.get(attribute + METADATA)
    if value is None:
        return None
    if not isinstance(about, dict):
        raise DataError(where, wanted=f"have an object in `{attribute}{METADATA}`", got=said(about))
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
        wanted = f"name its classes in `{'class-map' if multi else 'class-name'}` of `{attribute}{METADATA}`"
        raise DataError(where, wanted=wanted, got=said(named))
    return labels if multi and numbers else [] if multi else labels[0]


def _column(values: list[Any], kind: Any, name: str, at: Callable[[int], str]) -> Any:
    if kind == TIME:
        return typed(pa.array(values, pa.large_string()), kind, name, at)
    return pa.array(values, kind)
