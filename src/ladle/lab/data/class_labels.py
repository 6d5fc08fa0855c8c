"""Labels as files hold them: one class a row, or a matrix of yes-or-no classes; rows without a label are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import as_labels
from ladle.errors import ArgumentError, ShapeError

_REMEDY = "Leave out rows without a label. If it is a class, name it by text, or number classes from 0."


def as_single(labels: npt.NDArray[Any], named: str) -> npt.NDArray[Any]:
    """`labels` as (n,) whole numbers, booleans or text, with a class in every row.

    Negative numbers, nulls and blank texts mark rows that have no label. As classes of their own they would be learnt,
    chosen and measured, so they are refused.
    Raises: ShapeError; ArgumentError, naming the first such row.
    """
    if labels.dtype == object and labels.ndim == 1:
        _refuse(np.array([label is None for label in labels], bool), labels, named)
    known = as_labels(labels, named)
    if known.dtype.kind == "i":
        _refuse(known < 0, known, named)
    elif known.dtype.kind not in "bu":
        _refuse(np.array([not str(label).strip() for label in known], bool), known, named)
    return known


def as_classes(labels: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Labels (n,) as numbers of classes (n,), and the classes' names: the distinct labels in order."""
    values, encoded = np.unique(labels.astype(np.str_) if labels.dtype == object else labels, return_inverse=True)
    return encoded.astype(np.int64), tuple(str(value) for value in values)


def as_several(labels: npt.NDArray[Any], named: str) -> npt.NDArray[np.int8]:
    """`labels` as (n, classes) int8: 1 where a class is there, 0 where it is not, -1 where nobody looked.

    Raises: ShapeError for fewer than two classes; ArgumentError, naming the first row with another value.
    """
    if labels.shape[1] < 2:
        wanted = "be one label a row, shape (n,), or yes-or-no classes, shape (n, classes) with two or more"
        raise ShapeError(f"`{named}`", wanted=wanted, got=f"shape {labels.shape}", remedy="Give labels[:, 0].")
    wanted = "hold 1 (there), 0 (not there) or -1 (nobody looked) for yes-or-no classes"
    if labels.dtype.kind not in "biu":
        remedy = "Give whole numbers, as labels.astype(int8); for one class a row, shape (n,)."
        raise ArgumentError(f"`{named}`", wanted=wanted, got=f"dtype {labels.dtype}", remedy=remedy)
    strange = (labels > 1) | (labels < -1) if labels.dtype.kind == "i" else labels > 1
    if strange.any():
        row, column = (int(place[0]) for place in np.nonzero(strange))
        got = f"{labels[row, column]} in row {row:,}, class {column:,}"
        raise ArgumentError(f"`{named}`", wanted=wanted, got=got)
    return labels.astype(np.int8)


def _refuse(is_missing: npt.NDArray[np.bool_], labels: npt.NDArray[Any], named: str) -> None:
    if is_missing.any():
        row, count = int(np.argmax(is_missing)), int(is_missing.sum())
        more = f", and {count - 1:,} more such rows" if count > 1 else ""
        value = "null" if labels[row] is None else repr(labels[row].item() if labels.dtype != object else labels[row])
        raise ArgumentError(
            f"`{named}`", wanted="hold a class in every row", got=f"{value} in row {row:,}{more}", remedy=_REMEDY
        )
