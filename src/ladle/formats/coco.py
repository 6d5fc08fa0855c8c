"""COCO classification: `images`, `categories` and `annotations` without boxes, in one JSON file.

- Integer ids are the ids of images. Text ids stand in `file_name`, and images are numbered from 1.
- A class is a category by its name. A multi-label is several annotations of one image (by one annotator, where the
  annotations name them).
- The other columns stand in each annotation; those of a table in which nothing is labelled yet, in each image.
- An image without annotations has no label yet. Where it is known that no class applies, the label stands in the list
  `empty_annotations`, which COCO has not: tools that drop it leave the image unlabelled, and nothing is invented.

Numbers as labels have no place in it.
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

from ladle.formats.coco_reading import read
from ladle.formats.fields import ID, LABEL
from ladle.formats.jsontext import json_lines
from ladle.formats.labelled import is_listed, numbered, refuse_values

__all__ = ["place", "read", "write"]


def write(table: Any, file: BufferedRandom, about: Mapping[str, Any]) -> None:
    """One file for a table of labels or of tasks; `about["classes"]`, where given, are the categories in order.

    Raises: ArgumentError for labels that are numbers. Cost: about 2 s a million labels; memory of two copies.
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
        found = pc.index_in(items.cast(pa.large_string()), value_set=categories.column("name").combine_chunks())
        annotated = pa.table(
            {
                "id": pa.array(np.arange(1, len(rows) + 1)),
                "image_id": images.column("id").take(places[rows]),
                "category_id": categories.column("id").take(found),
            }
        )
        parts["annotations"] = _with(annotated, table, others, rows)
        if is_listed(labels.type):
            empty = np.flatnonzero(pc.fill_null(pc.list_value_length(labels), -1).to_numpy() == 0)
            about_empty = pa.table({"image_id": images.column("id").take(places[empty])})
            parts["empty_annotations"] = _with(about_empty, table, others, empty)
    _write(parts, file, about)


def place(path: Path, row: int) -> str:
    """Where a row stands: in the order of the annotations, those of one multi-label together."""
    return f"label {row + 1:,}"


def _images(table: Any) -> tuple[Any, Any]:
    """The images, each once, and the position of each row's image among them."""
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
    """The categories: those given, then whatever else there is, in order of name."""
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
    """JSON objects between commas: line breaks stand nowhere but between rows, for text has them escaped."""
    lead = b"\n"
    for block in json_lines(table):
        yield lead + bytes(block)[:-1].replace(b"}\n", b"},\n")
        lead = b",\n"
