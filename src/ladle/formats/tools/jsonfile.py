"""Files that end in `.json`: COCO, a list of objects (Label Studio's JSON-MIN, doccano, pandas), Label Studio's JSON.

Other exports in JSON whose labels are nested are refused by the name of their tool.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ladle.errors import DataError, FileFormatError
from ladle.formats.columns import find_columns, no_column_error
from ladle.formats.fields import ID, LABEL, Form
from ladle.formats.text.jsonrows import keys_of, table_of_objects
from ladle.formats.text.text_files import json_text
from ladle.formats.tools import coco
from ladle.formats.tools.labelstudio import annotation_objects, is_label_studio, refuse_other_tasks

# Names at the top of JSON documents that say which tool wrote them.
_TOOLS = (
    ({"shapes", "imagePath"}, "LabelMe"),
    ({"items", "categories"}, "Datumaro (CVAT)"),
    ({"_via_img_metadata"}, "the VGG Image Annotator"),
    ({"data_row", "projects"}, "Labelbox"),
    ({"data", "annotations"}, "one task of Label Studio"),
)
_REMEDY = "Export a table of ids and labels as CSV or JSON lines."


def read(path: Path, names: Mapping[str, str], form: Form) -> Any:
    """A table of the fields of `names` (field -> its name in the objects), see `coco.read` for COCO.

    Raises: FileError and its subclasses; DataError that names the entry; ArgumentError for values in COCO.
    Cost: about 10 s and 1.5 GB for a million objects: one JSON document is parsed as a whole.
    """
    document = coco.read_document(path)
    if isinstance(document, dict) and isinstance(document.get("images"), list):
        return coco.read(document, names, form, path)
    if not isinstance(document, list) or not document:
        raise _other_json(document, path)
    if is_label_studio(document):
        multi = form.kind == "multi"
        objects = list(annotation_objects(document, names.get(LABEL, LABEL), path, multi=multi))
    else:
        refuse_other_tasks(document, path)
        objects = [(f"entry {number:,} of {path}", entry) for number, entry in enumerate(document, 1)]
    for where, entry in objects:
        if not isinstance(entry, dict):
            raise DataError(where, wanted="be a JSON object", got=json_text(entry))
    header = keys_of(entry for _, entry in objects)
    found = find_columns(header, names, path)
    if ID not in found:
        raise no_column_error(path, "ids", names.get(ID, ID), header)
    fields = {field: name for field, name in names.items() if field == LABEL} | found
    return table_of_objects((entry for _, entry in objects), fields, form, lambda row: objects[row][0])


def columns_of(path: Path) -> list[str]:
    """The names that the entries of a file have."""
    document = coco.read_document(path)
    entries = document if isinstance(document, list) else document.get("annotations", [])
    if isinstance(document, list) and is_label_studio(document):
        entries = [entry["data"] for entry in document]
    return keys_of(entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else []


def places(path: Path, rows: Sequence[int]) -> list[str]:
    """The place of each row: labels of COCO count in the order of annotations, others in the order of the list."""
    return [f"label {row + 1:,}" for row in rows]


def _other_json(document: Any, path: Path) -> FileFormatError:
    got = "an empty list" if document == [] else "other JSON"
    for marks, tool in _TOOLS:
        if isinstance(document, dict) and marks <= set(document):
            got = f"an export of {tool}"
    wanted = "be COCO (an object with a list `images`), a list of objects, or an export of Label Studio"
    return FileFormatError(str(path), wanted=wanted, got=got, remedy=_REMEDY)
