"""Reading COCO classification: images, categories and annotations as rows of labels, see `ladle.formats.coco`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from ladle.errors import CorruptFileError, DataError, FileFormatError
from ladle.formats.fields import ID, LABEL, TIME, Form, typed_text
from ladle.formats.labelled import refuse_kind
from ladle.formats.opening import REMEDY, is_a, opened_text, said, strict_json
from ladle.formats.textcolumns import typed

Entry = dict[str, Any]


def read(path: Path, names: Mapping[str, str], form: Form) -> Any:
    """A table of id, label and those other fields of `names` that annotations have; images without labels come last.

    Raises: ArgumentError for a campaign of numbers; FileError and its kinds, DataError naming the entry.
    Cost: 10 s and 1.4 GB a million annotations: JSON in one piece is read in one piece.
    """
    refuse_kind(form.kind, "COCO")
    document = _document(path)
    images = _by_id(document, "images", path)
    ids = {key: _example_id(image, form, path) for key, image in images.items()}
    if LABEL not in names:  # tasks: whatever the images say
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
    with opened_text(path) as file:
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
    found: dict[int, Entry] = {}
    for number, entry in enumerate(_listed(document, part, path), 1):
        key = entry.get("id") if isinstance(entry, dict) else None
        if type(key) is not int:
            raise DataError(_where((part, number, path)), wanted="have an integer `id`", got=said(entry))
        if key in found:
            raise DataError(_where((part, number, path)), wanted="have an `id` of its own", got=f"{key} again")
        found[key] = entry
    return found


def _listed(document: Entry, part: str, path: Path) -> list[Any]:
    found = document.get(part, [])
    if not isinstance(found, list):
        raise DataError(f"`{part}` in {path}", wanted="be a list", got=said(found))
    return found


def _example_id(image: Entry, form: Form, path: Path) -> Any:
    if form.ids == "integer":
        return image["id"]
    name = image.get("file_name")
    if not isinstance(name, str):
        raise DataError(f"image {image['id']} in {path}", wanted="have text in `file_name`", got=said(name))
    return name


def _labels(
    document: Entry, images: Mapping[int, Entry], names: Mapping[str, str], form: Form, path: Path
) -> list[tuple[int, Any, Entry]]:
    """(image id, label, the annotation) of each label: for multi-labels, of the annotations of one annotator."""
    classes = {key: _class(entry, form, path) for key, entry in _by_id(document, "categories", path).items()}
    by_whom = names.get("annotator")
    gathered: dict[tuple[int, str | None], tuple[list[Any], Entry]] = {}
    for number, entry in enumerate(_listed(document, "annotations", path), 1):
        at = ("annotations", number, path)
        image_id = _reference(entry, "image_id", images, at)
        label = classes[_reference(entry, "category_id", classes, at)]
        labels = gathered.setdefault((image_id, _whom(entry, by_whom, at)), ([], entry))[0]
        if labels and (form.kind == "single" or label in labels):
            wanted = "be the only label of its image" if form.kind == "single" else "name a class once"
            raise DataError(_where(at), wanted=wanted, got=f"another for image {image_id}: {said(label)}")
        labels.append(label)
    for number, entry in enumerate(_listed(document, "empty_annotations", path) if form.kind == "multi" else [], 1):
        at = ("empty_annotations", number, path)
        image_id = _reference(entry, "image_id", images, at)
        if gathered.setdefault((image_id, _whom(entry, by_whom, at)), ([], entry))[0]:
            got = f"image {image_id}, which has some"
            raise DataError(_where(at), wanted="be of an image without annotations", got=got)
    return [
        (image_id, labels if form.kind == "multi" else labels[0], entry)
        for (image_id, _), (labels, entry) in gathered.items()
    ]


_At = tuple[str, int, Path]  # the list, the number of the entry in it, the file: put into words only when needed


def _where(at: _At) -> str:
    return f"entry {at[1]:,} of `{at[0]}` in {at[2]}"


def _reference(entry: Any, name: str, known: Mapping[int, Any], at: _At) -> int:
    key = entry.get(name) if isinstance(entry, dict) else None
    if type(key) is int and key in known:
        return key
    kind = "an image" if name == "image_id" else "a category"
    raise DataError(_where(at), wanted=f"have the id of {kind} in `{name}`", got=said(key))


def _whom(entry: Entry, by_whom: str | None, at: _At) -> str | None:
    found = entry.get(by_whom) if by_whom else None
    if found is None or isinstance(found, str):
        return found
    raise DataError(_where(at), wanted=f"have text in `{by_whom}`", got=said(found))


def _class(entry: Entry, form: Form, path: Path) -> Any:
    where, name = f"category {entry['id']} in {path}", entry.get("name")
    if not isinstance(name, str):
        raise DataError(where, wanted="have text in `name`", got=said(name))
    if form.items == "text":
        return name
    return typed(pa.array([name], pa.large_string()), pa.int64(), "name", lambda row: where)[0].as_py()


def _others(values: list[Any], kind: Any, name: str, path: Path) -> Any:
    at: Callable[[int], str] = lambda row: f"label {row + 1:,} of {path}"  # noqa: E731
    for row, value in enumerate(values):
        if value is not None and not is_a(value, kind):
            raise DataError(at(row), wanted=f"have {typed_text(kind)} in `{name}`", got=said(value))
    if kind == TIME:
        return typed(pa.array(values, pa.large_string()), kind, name, at)
    return pa.array(values, kind)
