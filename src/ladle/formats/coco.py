"""COCO classification: `images`, `categories` and `annotations` without boxes, in one JSON file.

- Integer ids are the ids of images. Text ids are in `file_name`, and images are numbered from 1.
- A class is a category by its name. A multi-label is several annotations of one image (and of one annotator, where the
  annotations name annotators).
- The other columns are in each annotation; those of a table without any label are in each image.
- An image without annotations has no label yet. A multi-label without classes is in the list `empty_annotations`, which
  is no part of COCO: a tool that drops it leaves the image unlabelled.

COCO cannot hold numbers as labels.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from io import BufferedRandom
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ladle.errors import CorruptFileError, DataError, FileFormatError
from ladle.formats.classes import is_listed, numbered, refuse_kind, refuse_values
from ladle.formats.fields import ID, LABEL, TIME, Form, typed_text
from ladle.formats.jsontext import json_lines
from ladle.formats.text_files import REMEDY, fits_type, json_text, open_text, strict_json
from ladle.formats.textcolumns import convert

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


def place(path: Path, row: int) -> str:
    """The place of a row: labels count in the order of annotations, a multi-label as one."""
    return f"label {row + 1:,}"


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


def read(path: Path, names: Mapping[str, str], form: Form) -> Any:
    """A table of id, label and those fields of `names` that annotations have; images without labels come last.

    Raises: ArgumentError for a campaign of numbers; FileError and its subclasses; DataError that names the entry.
    Cost: 10 s and 1.4 GB for a million annotations: one JSON document is parsed as a whole.
    """
    refuse_kind(form.kind, "COCO")
    document = _document(path)
    images = _by_id(document, "images", path)
    ids = {key: _example_id(image, form, path) for key, image in images.items()}
    if LABEL not in names:  # tasks: all fields are those of the images
        entries = [(image_id, None, images[image_id]) for image_id in images]
    else:
        entries = _labels(document, images, names, form, path)
        annotated = {image_id for image_id, _, _ in entries}
        entries += [(image_id, None, {}) for image_id in images if image_id not in annotated]
    columns: dict[str, Any] = {ID: pa.array([ids[image_id] for image_id, _, _ in entries], form.type_of(ID))}
    if LABEL in names:
        columns[LABEL] = pa.array([label for _, label, _ in entries], form.type_of(LABEL))
    for field, name in names.items():
        if field not in (ID, LABEL) and any(name in entry for _, _, entry in entries):
            columns[field] = _others([entry.get(name) for _, _, entry in entries], form.type_of(field), name, path)
    return pa.table(columns)


def _document(path: Path) -> Entry:
    with open_text(path) as file:
        try:
            document = strict_json(file.read())
        except json.JSONDecodeError as cause:
            where = f"line {cause.lineno:,} of {path}"
            raise CorruptFileError(where, wanted="go on as JSON", got=cause.msg, remedy=REMEDY) from cause
        except ValueError as cause:
            raise CorruptFileError(str(path), wanted="be COCO, as JSON in UTF-8", got=str(cause)) from cause
    if not isinstance(document, dict) or not isinstance(document.get("images"), list):
        raise FileFormatError(str(path), wanted="be COCO, an object with a list `images`", got="other JSON")
    return document


def _by_id(document: Entry, part: str, path: Path) -> dict[int, Entry]:
    """The entries of a list by their id, in order. Raises: DataError."""
    entries: dict[int, Entry] = {}
    for number, entry in enumerate(_listed(document, part, path), 1):
        key = entry.get("id") if isinstance(entry, dict) else None
        if type(key) is not int:
            raise DataError(_where((part, number, path)), wanted="have an integer `id`", got=json_text(entry))
        if key in entries:
            raise DataError(_where((part, number, path)), wanted="have an `id` of its own", got=f"{key} again")
        entries[key] = entry
    return entries


def _listed(document: Entry, part: str, path: Path) -> list[Any]:
    listed = document.get(part, [])
    if not isinstance(listed, list):
        raise DataError(f"`{part}` in {path}", wanted="be a list", got=json_text(listed))
    return listed


def _example_id(image: Entry, form: Form, path: Path) -> Any:
    if form.ids == "integer":
        return image["id"]
    name = image.get("file_name")
    if not isinstance(name, str):
        raise DataError(f"image {image['id']} in {path}", wanted="have text in `file_name`", got=json_text(name))
    return name


def _labels(
    document: Entry, images: Mapping[int, Entry], names: Mapping[str, str], form: Form, path: Path
) -> list[tuple[int, Any, Entry]]:
    """(image id, label, annotation) of each label. A multi-label joins the annotations of one annotator."""
    classes = {key: _class(entry, form, path) for key, entry in _by_id(document, "categories", path).items()}
    annotator_field = names.get("annotator")
    gathered: dict[tuple[int, str | None], tuple[list[Any], Entry]] = {}
    for number, entry in enumerate(_listed(document, "annotations", path), 1):
        at = ("annotations", number, path)
        image_id = _reference(entry, "image_id", images, at)
        label = classes[_reference(entry, "category_id", classes, at)]
        labels = gathered.setdefault((image_id, _annotator_of(entry, annotator_field, at)), ([], entry))[0]
        if labels and (form.kind == "single" or label in labels):
            wanted = "be the only label of its image" if form.kind == "single" else "name a class once"
            raise DataError(_where(at), wanted=wanted, got=f"another for image {image_id}: {json_text(label)}")
        labels.append(label)
    for number, entry in enumerate(_listed(document, "empty_annotations", path) if form.kind == "multi" else [], 1):
        at = ("empty_annotations", number, path)
        image_id = _reference(entry, "image_id", images, at)
        if gathered.setdefault((image_id, _annotator_of(entry, annotator_field, at)), ([], entry))[0]:
            got = f"image {image_id}, which has some"
            raise DataError(_where(at), wanted="be of an image without annotations", got=got)
    return [
        (image_id, labels if form.kind == "multi" else labels[0], entry)
        for (image_id, _), (labels, entry) in gathered.items()
    ]


def _where(at: _At) -> str:
    return f"entry {at[1]:,} of `{at[0]}` in {at[2]}"


def _reference(entry: Any, name: str, known: Mapping[int, Any], at: _At) -> int:
    key = entry.get(name) if isinstance(entry, dict) else None
    if type(key) is int and key in known:
        return key
    kind = "an image" if name == "image_id" else "a category"
    raise DataError(_where(at), wanted=f"have the id of {kind} in `{name}`", got=json_text(key))


def _annotator_of(entry: Entry, field: str | None, at: _At) -> str | None:
    annotator = entry.get(field) if field else None
    if annotator is None or isinstance(annotator, str):
        return annotator
    raise DataError(_where(at), wanted=f"have text in `{field}`", got=json_text(annotator))


def _class(entry: Entry, form: Form, path: Path) -> Any:
    where, name = f"category {entry['id']} in {path}", entry.get("name")
    if not isinstance(name, str):
        raise DataError(where, wanted="have text in `name`", got=json_text(name))
    if form.items == "text":
        return name
    return convert(pa.array([name], pa.large_string()), pa.int64(), "name", lambda row: where)[0].as_py()


def _others(values: list[Any], kind: Any, name: str, path: Path) -> Any:
    at: Callable[[int], str] = lambda row: f"label {row + 1:,} of {path}"  # noqa: E731
    for row, value in enumerate(values):
        if value is not None and not fits_type(value, kind):
            raise DataError(at(row), wanted=f"have {typed_text(kind)} in `{name}`", got=json_text(value))
    if kind == TIME:
        return convert(pa.array(values, pa.large_string()), kind, name, at)
    return pa.array(values, kind)
