"""COCO classification: `images`, `categories` and `annotations` without boxes, in one JSON file.

- Integer ids are the ids of images. Text ids are in `file_name`, and images are numbered from 1. When read, a file may
  have its base name alone, and the ids of images may be text: they are the ids if the pool knows all of them.
- A class is a category by its name. A multi-label is several annotations of one image (and of one annotator, where the
  annotations name annotators).
- The other columns are in each annotation; those of a table without any label are in each image.
- An image without annotations has no label yet. A multi-label without classes is in the list `empty_annotations`, which
  is no part of COCO: a tool that drops it leaves the image unlabelled.

COCO cannot hold numbers as labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from io import BufferedRandom
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ladle.counts import counted
from ladle.errors import CorruptFileError, DataError
from ladle.formats.columns import find_columns
from ladle.formats.fields import EMPTY_IS_NONE, ID, LABEL, Form, typed_text
from ladle.formats.text.jsonrows import keys_of, table_of_objects
from ladle.formats.text.jsontext import json_lines
from ladle.formats.text.text_files import REMEDY, json_text, open_text, strict_json
from ladle.formats.tools.classes import is_listed, numbered, refuse_kind, refuse_values
from ladle.formats.tools.filenames import as_known_ids
from ladle.formats.values import UnfitValueError, fit_value
from ladle.notices import notice

Entry = dict[str, Any]
_At = tuple[str, int, Path]  # a list, the number of an entry in it, the file: made into words only for an error


def write(table: Any, file: BufferedRandom, about: Mapping[str, Any]) -> None:
    """Write a table of labels or tasks. about["classes"]: the categories in order, where they are known.

    Raises: ArgumentError for labels that are numbers. Cost: about 2 s for a million labels; memory for two copies.
    """
    images, places = _images(table)
    labels = table.column(LABEL).combine_chunks() if LABEL in table.schema.names else None
    others = [name for name in table.schema.names if name not in (ID, LABEL)]
    parts: dict[str, Any] = {"images": images}
    if labels is None or labels.null_count == len(labels):
        first = pc.index_in(pa.array(np.arange(len(images))), value_set=pa.array(places)).to_numpy()
        for name in others:
            images = images.append_column(name, table.column(name).take(first))
        parts["images"] = images
        others = []
    if labels is not None:
        refuse_values(labels, "COCO")
        rows, items = _flat(labels)
        categories = _categories(items, about.get("classes"))
        parts["categories"] = categories
        category = pc.index_in(items.cast(pa.large_string()), value_set=categories.column("name").combine_chunks())
        annotated = pa.table(
            {
                "id": pa.array(np.arange(1, len(rows) + 1)),
                "image_id": images.column("id").take(places[rows]),
                "category_id": categories.column("id").take(category),
            }
        )
        parts["annotations"] = _with(annotated, table, others, rows)
        if is_listed(labels.type):
            empty = np.flatnonzero(pc.fill_null(pc.list_value_length(labels), -1).to_numpy() == 0)
            about_empty = pa.table({"image_id": images.column("id").take(places[empty])})
            parts["empty_annotations"] = _with(about_empty, table, others, empty)
    _write(parts, file, about)


def _images(table: Any) -> tuple[Any, Any]:
    """The distinct images, and the position of each row's image among them."""
    coded = table.column(ID).combine_chunks().dictionary_encode()
    ids, places = coded.dictionary, coded.indices.to_numpy()
    image_ids = ids if pa.types.is_integer(ids.type) else pa.array(np.arange(1, len(ids) + 1))
    return pa.table({"id": image_ids, "file_name": ids.cast(pa.large_string())}), places.astype(np.int64)


def _flat(labels: Any) -> tuple[Any, Any]:
    """(row (k,), class) of each annotation."""
    if is_listed(labels.type):
        return pc.list_parent_indices(labels).to_numpy(), labels.flatten()
    rows = np.flatnonzero(labels.is_valid().to_numpy(zero_copy_only=False))
    return rows, labels.take(rows)


def _categories(items: Any, classes: Any) -> Any:
    """The categories: the given classes, then the others by name."""
    named = numbered(classes, items)
    numbers = named if pa.types.is_integer(named.type) else pa.array(np.arange(1, len(named) + 1))
    return pa.table({"id": numbers, "name": named.cast(pa.large_string())})


def _with(made: Any, table: Any, others: list[str], rows: Any) -> Any:
    for name in others:
        made = made.append_column(name, table.column(name).take(rows))
    return made


def _write(parts: Mapping[str, Any], file: BufferedRandom, about: Mapping[str, Any]) -> None:
    info = {"description": "Labels from Ladle", **{name: about[name] for name in about if name != "classes"}}
    file.write(b'{"info": ' + json.dumps(info, ensure_ascii=False).encode())
    for name, table in parts.items():
        file.write(f',\n"{name}": ['.encode())
        for block in _separated(table):
            file.write(block)
        file.write(b"]")
    file.write(b"}\n")


def _separated(table: Any) -> Iterator[bytes]:
    """JSON objects between commas. A line break ends a row, because line breaks in text are escaped."""
    lead = b"\n"
    for block in json_lines(table):
        yield lead + bytes(block)[:-1].replace(b"}\n", b"},\n")
        lead = b",\n"


def read(document: Entry, names: Mapping[str, str], form: Form, path: Path) -> Any:
    """A table of id, label and those fields of `names` that annotations have; images without labels come last.

    Raises: ArgumentError for a campaign of numbers; FileError and its subclasses; DataError that names the entry.
    """
    refuse_kind(form.kind, "COCO")
    images = _by_id(document, "images", path)
    ids = _example_ids(images, names, form, path)
    if LABEL not in names:  # tasks: all fields are those of the images
        entries = [(key, None, images[key]) for key in images]
    else:
        entries = _labels(document, images, names, form, path)
        annotated = {key for key, _, _ in entries}
        entries += [(key, None, {}) for key in images if key not in annotated]
    columns: dict[str, Any] = {ID: pa.array([ids[key] for key, _, _ in entries], form.type_of(ID))}
    if LABEL in names:
        columns[LABEL] = pa.array([label for _, label, _ in entries], form.type_of(LABEL))
    header = keys_of(entry for _, _, entry in entries)
    others = {field: name for field, name in names.items() if field not in (ID, LABEL)}
    found = find_columns(header, others, path)
    objects = (entry for _, _, entry in entries)
    table = table_of_objects(objects, found, form, lambda row: f"label {row + 1:,} of {path}")
    made = pa.table(columns | {field: table.column(field) for field in found})
    return made.replace_schema_metadata(EMPTY_IS_NONE)  # an empty list is an entry of `empty_annotations`


def read_document(path: Path) -> Any:
    """The JSON document of a file. Raises: CorruptFileError naming the line; as `open_text`."""
    with open_text(path) as file:
        try:
            return strict_json(file.read())
        except json.JSONDecodeError as cause:
            where = f"line {cause.lineno:,} of {path}"
            raise CorruptFileError(where, wanted="go on as JSON", got=cause.msg, remedy=REMEDY) from cause
        except ValueError as cause:
            raise CorruptFileError(str(path), wanted="be JSON in UTF-8", got=str(cause)) from cause


def _key(value: Any) -> str | None:
    """An id as text: 7, 7.0 and "7" are one id. None where it is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else None


def _by_id(document: Entry, part: str, path: Path) -> dict[str, Entry]:
    """The entries of a list by their id as text, in order. Raises: DataError."""
    entries: dict[str, Entry] = {}
    for number, entry in enumerate(_listed(document, part, path), 1):
        key = _key(entry.get("id")) if isinstance(entry, dict) else None
        if key is None:
            wanted = "have an integer or a text in `id`"
            raise DataError(_where((part, number, path)), wanted=wanted, got=json_text(entry))
        if key in entries:
            raise DataError(_where((part, number, path)), wanted="have an `id` of its own", got=f"{key} again")
        entries[key] = entry
    return entries


def _listed(document: Entry, part: str, path: Path) -> list[Any]:
    listed = document.get(part, [])
    if not isinstance(listed, list):
        raise DataError(f"`{part}` in {path}", wanted="be a list", got=json_text(listed))
    return listed


def _example_ids(images: Mapping[str, Entry], names: Mapping[str, str], form: Form, path: Path) -> dict[str, Any]:
    """The example of each image: by its id where ids are integers, else by its file, or by its id if that is text.

    Raises: DataError, IdError.
    """
    named = names.get(ID, ID)
    if form.ids == "integer" or named not in (ID, "file_name"):
        column = "id" if named in (ID, "file_name") else named
        return {key: _fitted(image, column, form.type_of(ID), key, path) for key, image in images.items()}
    if named == ID and _are_known([image["id"] for image in images.values()], form):
        return {key: image["id"] for key, image in images.items()}
    files = [_fitted(image, "file_name", form.type_of(ID), key, path) for key, image in images.items()]
    return dict(zip(images, as_known_ids(files, form.known_ids, path), strict=True))


def _are_known(ids: list[Any], form: Form) -> bool:
    """Whether the ids of images are text, and the pool knows all of them."""
    if form.known_ids is None or not all(isinstance(each, str) for each in ids):
        return False
    return bool(pc.all(pc.is_in(pa.array(ids, pa.large_string()), value_set=form.known_ids)).as_py())


def _fitted(image: Entry, name: str, kind: Any, key: str, path: Path) -> Any:
    try:
        value = fit_value(image.get(name), kind)
    except UnfitValueError as unfit:
        value, wanted = None, unfit.wanted
    else:
        wanted = typed_text(kind)
    if value is None:
        raise DataError(f"image {key} in {path}", wanted=f"have {wanted} in `{name}`", got=json_text(image.get(name)))
    return value


def _labels(
    document: Entry, images: Mapping[str, Entry], names: Mapping[str, str], form: Form, path: Path
) -> list[tuple[str, Any, Entry]]:
    """(image, label, annotation) of each label. A multi-label joins the annotations of one annotator.

    A class that an image has twice (two boxes of cats) is one label.
    """
    classes = {key: _class(entry, form, path) for key, entry in _by_id(document, "categories", path).items()}
    annotator_field = names.get("annotator")
    gathered: dict[tuple[str, str | None], tuple[list[Any], Entry]] = {}
    repeated = 0
    for number, entry in enumerate(_listed(document, "annotations", path), 1):
        at = ("annotations", number, path)
        key = _reference(entry, "image_id", images, at)
        label = classes[_reference(entry, "category_id", classes, at)]
        labels = gathered.setdefault((key, _annotator_of(entry, annotator_field, at)), ([], entry))[0]
        if label in labels:
            repeated += 1
            continue
        if labels and form.kind == "single":
            got = f"another for image {key}: {json_text(label)}"
            raise DataError(_where(at), wanted="be the only label of its image", got=got)
        labels.append(label)
    if repeated:
        notice(f"{counted(repeated, 'repetition')} of a class of an image in {path}: each class counts once.")
    for number, entry in enumerate(_listed(document, "empty_annotations", path) if form.kind == "multi" else [], 1):
        at = ("empty_annotations", number, path)
        key = _reference(entry, "image_id", images, at)
        if gathered.setdefault((key, _annotator_of(entry, annotator_field, at)), ([], entry))[0]:
            got = f"image {key}, which has some"
            raise DataError(_where(at), wanted="be of an image without annotations", got=got)
    return [
        (key, labels if form.kind == "multi" else labels[0], entry) for (key, _), (labels, entry) in gathered.items()
    ]


def _where(at: _At) -> str:
    return f"entry {at[1]:,} of `{at[0]}` in {at[2]}"


def _reference(entry: Any, name: str, known: Mapping[str, Any], at: _At) -> str:
    value = entry.get(name) if isinstance(entry, dict) else None
    key = _key(value)
    if key is not None and key in known:
        return key
    kind = "an image" if name == "image_id" else "a category"
    raise DataError(_where(at), wanted=f"have the id of {kind} in `{name}`", got=json_text(value))


def _annotator_of(entry: Entry, field: str | None, at: _At) -> str | None:
    annotator = entry.get(field) if field else None
    if isinstance(annotator, int) and not isinstance(annotator, bool):
        return str(annotator)
    if annotator is None or isinstance(annotator, str):
        return annotator
    raise DataError(_where(at), wanted=f"have text in `{field}`", got=json_text(annotator))


def _class(entry: Entry, form: Form, path: Path) -> Any:
    where, name = f"category {entry['id']} in {path}", entry.get("name")
    try:
        value = fit_value(name, pa.int64() if form.items == "integer" else pa.large_string())
    except UnfitValueError as unfit:
        raise DataError(where, wanted=f"have {unfit.wanted} in `name`", got=json_text(name)) from unfit
    if value is None:
        raise DataError(where, wanted="have text in `name`", got="null")
    return value
