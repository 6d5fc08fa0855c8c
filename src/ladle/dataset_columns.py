"""Datasets of Hugging Face, and columns of them, as Arrow data; recognised without importing the library.

`datasets.Dataset` keeps Arrow tables. Its own reading makes Python lists of them, which is slow and turns float32 into
float64; as Arrow the numbers stay as they are. A dataset with a transform is refused: the transform makes the values
anew at every reading, and Arrow data would lack it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ladle.errors import ArgumentError


def is_dataset(value: object) -> bool:
    """Whether this is a `datasets.Dataset` or an `IterableDataset`."""
    return all(hasattr(value, name) for name in ("with_format", "column_names", "features"))


def is_dataset_column(value: object) -> bool:
    """Whether this is one column of a dataset, such as `dataset["embedding"]`."""
    return is_dataset(getattr(value, "source", None)) and isinstance(getattr(value, "column_name", None), str)


def arrow_form(value: Any, name: str) -> Any:
    """The dataset with Arrow tables as its format, and the columns of its own format. Nothing is read.

    Raises: ArgumentError for a stream, and for a transform.
    """
    if not hasattr(value, "__len__") or not hasattr(value, "format"):
        raise ArgumentError(
            f"`{name}`",
            wanted="be a dataset whose rows are known",
            got="a stream (IterableDataset)",
            remedy=f"Give datasets.Dataset.from_list(list({name})), or load it without streaming=True.",
        )
    form = value.format
    if form.get("type") == "custom":
        raise ArgumentError(
            f"`{name}`",
            wanted="be a dataset without a transform",
            got="one with a transform",
            remedy=f"Give {name}.map(...), which stores what the transform makes, or {name}.with_format(None).",
        )
    return value.with_format("arrow", columns=form.get("columns"))


def dataset_table(value: Any, name: str) -> Any:
    """All rows of a dataset as a `pyarrow.Table`: views, unless rows were selected or shuffled.

    Raises: as `arrow_form`.
    """
    return arrow_form(value, name)[:]


def column_values(value: Any, name: str) -> Any:
    """A column of a dataset as a `pyarrow.ChunkedArray`. Raises: as `arrow_form`."""
    source = arrow_form(value.source, name)
    return source.with_format("arrow", columns=[value.column_name])[:].column(value.column_name)


def refuse_splits(value: Mapping[Any, Any], name: str) -> None:
    """Refuse a `DatasetDict`, with the name of a split. Raises: ArgumentError."""
    splits = [split for split, each in value.items() if is_dataset(each)]
    if splits:
        listed = ", ".join(map(repr, splits))
        raise ArgumentError(
            f"`{name}`",
            wanted="be one dataset",
            got=f"a {type(value).__name__} with the splits {listed}",
            remedy=f"Give one of them, such as {name}[{splits[0]!r}].",
        )
