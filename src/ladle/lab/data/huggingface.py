"""Data sets of the package `datasets`, from its hub or from local files; code that comes with a data set is not run."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError
from ladle.lab.data.class_labels import as_classes, as_single
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.ngrams import as_texts
from ladle.lab.data.splits import assemble, split_share
from ladle.packages import need


def hugging_face(
    *,
    path: str,
    input: str,  # noqa: A002 - the field's name, as is `label`
    label: str = "label",
    config: str = "",
    split: str = "train",
    test_split: str = "test",
    files: dict[str, str] | None = None,
    revision: str = "",
    pixels: int = 32,
    test_share: float = 0.2,
) -> Dataset:
    """The data set that `datasets.load_dataset(path, config)` loads: images, texts or lists of numbers, with one class
    each.

    input, label: columns. Images become uint8 (n, pixels, pixels, 3), texts UTF-8 of dtype S, lists float32 features.
    split, test_split: the pool and the test split; with test_split="", `test_share` of the pool's rows, drawn by seed,
    is tested on. files: for the formats "json", "csv", "parquet", ..., the file of each split. revision: of the hub;
    give one, so that an experiment can be repeated. `ids` are positions in the split.
    Raises: MissingDependencyError, ArgumentError; and what the package raises.
    Cost: reads and decodes every example once.
    """
    if split == test_split:
        raise ArgumentError("`test_split`", wanted="be another split than the pool's", got=repr(test_split))
    loader = need("datasets", package="datasets", purpose="read Hugging Face data sets")
    options: dict[str, Any] = {"data_files": files} if files else {}
    stored = loader.load_dataset(path, config or None, revision=revision or None, **options)
    used = [name for name in (split, test_split) if name]
    tables = [_table(stored, name) for name in used]
    for table in tables:
        missing = [column for column in (input, label) if column not in table.column_names]
        if missing:
            got = ", ".join(table.column_names)
            raise ArgumentError(f"the data set {path}", wanted=f"have the columns {', '.join(missing)}", got=got)
    inputs = _joined([_inputs(table[input], pixels) for table in tables])
    columns = {f"{label} of split {name}": table[label] for name, table in zip(used, tables, strict=True)}
    labels, names = _labels(columns, tables[0].features[label])
    count = len(tables[0])
    if test_split:
        rows = np.arange(count), np.arange(count, len(inputs))
    else:
        rows = split_share(count, test_share, "hugging-face")
    origin = f"{path} {config}".strip() + (f" at {revision}" if revision else "")
    tested = f"split {test_split}" if test_split else f"{test_share:.0%} drawn by seed"
    return assemble(
        path,
        inputs,
        labels,
        rows,
        class_names=names,
        licence=str(getattr(tables[0].info, "license", "") or "unstated"),
        source=f"{origin}, split {split}; tested on {tested}",
    )


def _table(stored: Any, name: str) -> Any:
    if name not in stored:
        raise ArgumentError("the split", wanted=f"be one of {', '.join(stored)}", got=repr(name))
    return stored[name]


def _inputs(column: Any, pixels: int) -> npt.NDArray[Any]:
    """The examples as an array; the first decides their kind."""
    first = column[0]
    if isinstance(first, str):
        return as_texts(list(column))
    if hasattr(first, "convert") and hasattr(first, "resize"):  # a picture of Pillow's
        images = np.empty((len(column), pixels, pixels, 3), np.uint8)
        for row, picture in enumerate(column):
            images[row] = np.asarray(picture.convert("RGB").resize((pixels, pixels)))
        return images
    try:
        return np.asarray(list(column), np.float32)
    except (ValueError, TypeError) as cause:
        raise ArgumentError(
            "`input`", wanted="name a column of images, texts or lists of one length", got=type(first).__name__
        ) from cause


def _joined(parts: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    if len({part.shape[1:] for part in parts}) > 1:
        got = " and ".join(str(part.shape[1:]) for part in parts)
        raise ArgumentError("the splits", wanted="hold examples of one shape", got=got)
    return np.concatenate(parts)


def _labels(columns: dict[str, Any], feature: Any) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """All labels as classes, and the classes' names: those the data set states, else its distinct values in order."""
    parts = []
    for named, column in columns.items():
        try:
            values = np.asarray(list(column))
        except ValueError as cause:  # lists of several lengths
            raise ArgumentError("`label`", wanted="name a column of one class each", got="lists") from cause
        if values.ndim != 1:
            raise ArgumentError("`label`", wanted="name a column of one class each", got=f"shape {values.shape}")
        parts.append(as_single(values, named))  # a split that nobody labelled has -1 in every row
    together = np.concatenate(parts)
    stated = getattr(feature, "names", None)
    if stated:
        return together.astype(np.int64), tuple(str(name) for name in stated)
    return as_classes(together)
