"""Augmented manifests of SageMaker Ground Truth: JSON lines with `source-ref`, a label attribute and its metadata.

- The id is in `id`, a field that Ground Truth copies; without it, `source-ref` is the id. A written line has the id in
  `source-ref` too, unless the table has a column of that name. Jobs on text have their text in `source`.
- A class is a number in the label attribute and a name in `<attribute>-metadata`: `class-name`, or `class-map` for
  multi-labels. The attribute is `label` when written. When read, it is the one with metadata, unless it is named.
- The field `source` of a label is in `label-source`, because Ground Truth has another field `source`.
- `creation-date` of the metadata is when the label was told, where a line has no `told_at`. `human-annotated` says
  whether a machine labelled.

Classifications of images and of text are read. Boxes, masks and numbers are refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from io import BufferedRandom
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from ladle.errors import CorruptFileError, DataError, FileFormatError
from ladle.formats.columns import find_columns
from ladle.formats.fields import EMPTY_IS_NONE, ID, LABEL, TIME, Form
from ladle.formats.text.jsonlines import places
from ladle.formats.text.jsonrows import keys_in_file, table_of_objects
from ladle.formats.text.jsontext import iso_times, json_lines
from ladle.formats.text.text_files import (
    REMEDY,
    has_object_a_line,
    json_text,
    numbered_lines,
    open_text,
    strict_json,
)
from ladle.formats.text.textcolumns import convert, in_calendar
from ladle.formats.tools.classes import is_listed, numbered, refuse_kind, refuse_values
from ladle.formats.tools.filenames import as_known_ids
from ladle.formats.values import UnfitValueError, fit_value
from ladle.pool.files.opening import open_native

REFERENCE, METADATA = "source-ref", "-metadata"
_BLOCK_BYTES = 1 << 24
MACHINE = "human-annotated"
_ABOUT = pa.struct([(name, pa.large_string()) for name in ("class-name", "type", "creation-date", MACHINE)])
_OWN = {"source": "label-source"}
_TYPE = "groundtruth/image-classification"
_BLOCK_ROWS = 1 << 14


def write(table: Any, file: BufferedRandom, about: Mapping[str, Any]) -> None:
    """Write one line for each row.

    about: `classes` in the order of their numbers; `created` (ISO 8601) for rows without told_at.

    Raises: ArgumentError for labels that are numbers.
    Cost: 4 s for a million lines of one class; 10 s for multi-labels.
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
    """The classes in the order of their numbers; empty without labels. Raises: ArgumentError."""
    if labels is None:
        return pa.array([], pa.large_string())
    refuse_values(labels, "a manifest")
    return numbered(given, labels.flatten() if is_listed(labels.type) else labels)


def _numbers(classes: Any) -> Any:
    """The number of each class: an integer class is its own number."""
    return classes if pa.types.is_integer(classes.type) else pa.array(range(len(classes)), pa.int64())


def _is_dated(table: Any) -> bool:
    return "told_at" in table.schema.names and table.column("told_at").null_count == 0


def _as_columns(table: Any, labels: Any, classes: Any) -> Any:
    """The lines as columns, equal to those of `_line`, for a table whose rows all have a label and a time."""
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

    Raises: ArgumentError for a campaign of numbers; FileError and its subclasses; DataError that names the line.
    Cost: about 3 s for a million lines of one class; 14 s for multi-labels; memory for the values.
    """
    refuse_kind(form.kind, "a manifest")
    named = {field: _OWN.get(field, name) if field == name else name for field, name in names.items()}
    always = (ID, LABEL, "told_at", MACHINE)
    if named.get(LABEL) == LABEL:
        attributes = (_attribute(line, where) for where, line in _objects(path))
        named[LABEL] = next((name for name in attributes if name), LABEL)
    others = {field: name for field, name in named.items() if field not in always}
    table, fields = None, dict[str, str]()
    for searched in ([], list(named.values())):  # names of the first lines, then names of any line
        before = fields
        fields = {field: name for field, name in named.items() if field in always}
        fields |= find_columns(keys_in_file(path, searched), others, path)
        if (form.kind == "single" or LABEL not in fields) and fields != before:
            absent = [name for field, name in others.items() if field not in fields]
            table = _read_columns(path, fields, fields.get(LABEL, LABEL), form, absent)
        if table is not None:
            break
    if table is None:
        table = _read_lines(path, fields, form)
    if fields.get(ID) in (ID, REFERENCE) and form.ids == "text" and table.column(ID).null_count == 0:
        ids = as_known_ids(table.column(ID).to_pylist(), form.known_ids, path) if form.known_ids is not None else None
        if ids is not None:
            table = table.set_column(table.schema.get_field_index(ID), ID, pa.array(ids, form.type_of(ID)))
    return table.replace_schema_metadata(EMPTY_IS_NONE)  # metadata stand beside each label, an empty one too


def _read_lines(path: Path, fields: Mapping[str, str], form: Form) -> Any:
    plain = {field: name for field, name in fields.items() if field not in (LABEL, MACHINE)}
    labels: list[Any] = []
    machine: list[Any] = []

    def lines() -> Iterator[dict[str, Any]]:
        for where, line in _objects(path):
            about = line.get(f"{fields.get(LABEL, LABEL)}{METADATA}")
            labels.append(_label(line, fields[LABEL], form, where) if LABEL in fields else None)
            machine.append(_human(about) if isinstance(about, dict) else None)
            more: dict[str, Any] = {}
            if fields.get(ID) == ID and line.get(ID) is None:
                more[ID] = line.get(REFERENCE)
            if "told_at" in fields and line.get(fields["told_at"]) is None and isinstance(about, dict):
                more[fields["told_at"]] = about.get("creation-date") if labels[-1] is not None else None
            yield line | more

    table = table_of_objects(lines(), plain, form, lambda row: f"{places(path, [row])[0]} of {path}")
    columns = {field: table.column(field) for field in plain}
    if LABEL in fields:
        columns[LABEL] = pa.array(labels, form.type_of(LABEL))
    if MACHINE in fields:
        columns[MACHINE] = pa.array(machine, pa.bool_())
    return pa.table({field: columns[field] for field in fields})


def _human(about: Mapping[str, Any]) -> bool | None:
    """Whether a person labelled, by the metadata of a label; None where they do not say."""
    return {"yes": True, "no": False}.get(str(about.get(MACHINE)))


def _objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, object) of each line. Raises: CorruptFileError, FileFormatError."""
    with open_text(path) as file:
        for number, text in numbered_lines(file):
            where = f"line {number:,} of {path}"
            try:
                line = strict_json(text)
            except ValueError as cause:
                raise CorruptFileError(where, wanted="be one JSON object", got=str(cause), remedy=REMEDY) from cause
            if not isinstance(line, dict) or not (REFERENCE in line or "source" in line):
                raise FileFormatError(where, wanted="be an object with `source-ref` or `source`", got=json_text(line))
            yield where, line


def _attribute(line: dict[str, Any], where: str) -> str | None:
    """The label attribute of a line, or None. Raises: DataError for several."""
    names = [name for name in line if name + METADATA in line]
    if len(names) > 1:
        raise DataError(
            where, wanted="have one label attribute", got=", ".join(names), remedy="Name the one that holds the labels."
        )
    return names[0] if names else None


def _label(line: dict[str, Any], attribute: str, form: Form, where: str) -> Any:
    """The label of a line, or None. Raises: DataError."""
    value, about = line.get(attribute), line.get(attribute + METADATA)
    if value is None:
        return None
    if not isinstance(about, dict):
        raise DataError(where, wanted=f"have an object in `{attribute}{METADATA}`", got=json_text(about))
    multi = form.kind == "multi"
    kind, ending = str(about.get("type", "")), "classification-multilabel" if multi else "classification"
    if kind and not kind.endswith(ending):
        raise DataError(where, wanted=f"be of a type that ends in {ending}", got=kind)
    wanted = f"have {'a list of class numbers' if multi else 'a class number'} in `{attribute}`"
    try:
        numbers = fit_value(value, pa.list_(pa.int64())) if multi else [fit_value(value, pa.int64())]
    except UnfitValueError as unfit:
        raise DataError(where, wanted=wanted, got=json_text(value)) from unfit
    if form.items == "integer":
        return numbers if multi else numbers[0]
    named = about.get("class-map") if multi else {str(numbers[0]): about.get("class-name")}
    try:
        labels = [named[str(each)] for each in numbers] if isinstance(named, dict) else [None]
    except KeyError as unknown:
        raise DataError(where, wanted="name every class in `class-map`", got=f"no {unknown}") from unknown
    if numbers and not all(isinstance(label, str) for label in labels):
        wanted = f"name its classes in `{'class-map' if multi else 'class-name'}` of `{attribute}{METADATA}`"
        raise DataError(where, wanted=wanted, got=json_text(named))
    return labels if multi and numbers else [] if multi else labels[0]


def _read_columns(path: Path, fields: Mapping[str, str], attribute: str, form: Form, absent: Sequence[str] = ()) -> Any:
    """As `read`, a column at a time; None where a line is wrong or unusual: then the lines are read one by one.

    fields: field -> its name in the lines. attribute: that of the labels. absent: names that no line is to have.
    Cost: 2 s for a million lines of 300 bytes; memory for the columns.
    """
    schema = {name: form.type_of(field) for field, name in fields.items() if field not in (LABEL, MACHINE)}
    schema |= {name: pa.null() for name in absent if name not in schema}
    schema |= {REFERENCE: pa.large_string(), "source": pa.large_string()}
    if LABEL in fields:
        schema |= {attribute: pa.int64(), attribute + METADATA: _ABOUT}
    try:
        with open_text(path) as file:
            begin = file.tell()
            lines = has_object_a_line(file)
            if not lines:
                return None
        with open_native(path, begin) as native:
            table = pa.json.read_json(
                native,
                read_options=pa.json.ReadOptions(block_size=_BLOCK_BYTES),
                parse_options=pa.json.ParseOptions(
                    explicit_schema=pa.schema(list(schema.items())), unexpected_field_behavior="ignore"
                ),
            )
        if table.num_rows != lines:
            return None
        table.validate(full=True)
        if any(pa.types.is_timestamp(column.type) and not in_calendar(column) for column in table.columns):
            return None
        columns = {field: table.column(name) for field, name in fields.items() if field not in (LABEL, MACHINE)}
        if fields.get(ID) == ID:
            columns[ID] = pc.coalesce(columns[ID], convert(table.column(REFERENCE), form.type_of(ID), REFERENCE, str))
        if LABEL in fields:
            columns[LABEL] = _labels(table, attribute, form)
            columns = _with_metadata(columns, table.column(attribute + METADATA), fields)
    except (pa.ArrowException, UnicodeDecodeError, DataError):
        return None
    sourced = pc.or_(table.column(REFERENCE).is_valid(), table.column("source").is_valid())
    if (LABEL in columns and columns[LABEL] is None) or not pc.all(sourced).as_py():
        return None
    return pa.table({field: columns[field] for field in fields if field in columns})


def _with_metadata(columns: dict[str, Any], about: Any, fields: Mapping[str, str]) -> dict[str, Any]:
    """The columns with what the metadata of the labels say of them. Raises: DataError, pyarrow.ArrowException."""
    labelled = about.is_valid() if columns[LABEL] is None else columns[LABEL].is_valid()
    if "told_at" in fields:
        dates = pc.if_else(labelled, pc.struct_field(about, "creation-date"), pa.scalar(None, pa.large_string()))
        columns["told_at"] = pc.coalesce(columns["told_at"], convert(dates, TIME, "creation-date", str))
    if MACHINE in fields:
        words = pc.struct_field(about, MACHINE)
        known = pc.is_in(words, value_set=pa.array(["yes", "no"], pa.large_string()))
        columns[MACHINE] = pc.if_else(known, pc.equal(words, "yes"), pa.scalar(None, pa.bool_()))
    return columns


def _labels(table: Any, attribute: str, form: Form) -> Any:
    """The labels, or None where those of some line are wrong."""
    numbers, about = table.column(attribute), table.column(attribute + METADATA)
    labelled = numbers.is_valid()
    kinds = pc.unique(pc.drop_null(pc.struct_field(about, "type").filter(labelled)))
    if not all(kind.endswith("classification") for kind in kinds.to_pylist()):
        return None
    if about.filter(labelled).null_count:
        return None
    if form.items == "integer":
        return numbers
    named = pc.struct_field(about, "class-name")
    if named.filter(labelled).null_count:
        return None
    return pc.if_else(labelled, named, pa.scalar(None, pa.large_string()))
