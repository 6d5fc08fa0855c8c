"""The labels that the formats for classes accept, and how these formats number classes."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ladle.errors import ArgumentError


def is_listed(kind: Any) -> bool:
    """Whether labels of this type are lists: multi-labels."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def refuse_values(labels: Any, name: str) -> None:
    """Refuse labels that are values. Raises: ArgumentError."""
    if pa.types.is_floating(labels.type):
        raise ArgumentError(
            f"labels in {name}", wanted="be classes", got="numbers", remedy="Write JSONL, Parquet or CSV."
        )


def refuse_kind(kind: str, name: str) -> None:
    """Refuse to read values from a format for classes. Raises: ArgumentError."""
    if kind == "value":
        raise ArgumentError(
            f"labels in {name}", wanted="be of a campaign of classes", got="one of numbers", remedy="Use JSONL or CSV."
        )


def numbered(classes: Any, items: Any) -> Any:
    """The classes in order: the given ones, then the others among `items` by name."""
    used = pc.drop_null(pc.unique(items))
    given = pa.array(classes or [], used.type)
    more = used.filter(pc.invert(pc.is_in(used, value_set=given)))
    return pa.concat_arrays([given, more.take(pc.sort_indices(more))])
