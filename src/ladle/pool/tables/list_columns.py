"""List columns of Arrow as matrices, without a copy where the layout of Arrow allows it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from ladle.arrays import Embeddings, float_of
from ladle.errors import ShapeError
from ladle.pool.tables.fault_codes import LENGTH, NULL, NULL_NUMBER, Codes


def is_number_type(kind: Any) -> bool:
    """Whether a column type holds one float or integer per row."""
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def is_list(kind: Any) -> bool:
    """Whether a column type is a list of numbers: FixedSizeList, List, LargeList, a view of lists, or a 1-D tensor."""
    kind = storage_of(kind)
    lists = pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if not (lists or _is_view(kind)):
        return False
    return is_number_type(kind.value_type)


def holds_floats(kind: Any) -> bool:
    """Whether a column type is a list of float16, float32 or float64."""
    return is_list(kind) and bool(pa.types.is_floating(storage_of(kind).value_type))


def storage_of(kind: Any) -> Any:
    """The plain type behind an extension type such as arrow.fixed_shape_tensor."""
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def item_dtype(kind: Any) -> np.dtype[np.floating[Any]]:
    """The float dtype of the matrices a list column gives."""
    return float_of(np.dtype(storage_of(kind).value_type.to_pandas_dtype()))


def first_length(array: Any) -> int | None:
    """Length of the first list that has any numbers; 0 if no list has any; None if all lists are null."""
    array = array.storage if isinstance(array, pa.ExtensionArray) else array
    lengths = _lengths(array)
    if isinstance(lengths, int):
        return lengths
    valid = lengths[array.is_valid().to_numpy(zero_copy_only=False)]
    filled = valid[valid > 0]
    return int(filled[0]) if filled.size else 0 if valid.size else None


def matrix_of(array: Any, dim: int, *, name: str, first_row: int) -> Embeddings:
    """A list array (with or without offset) as (rows, dim) floats: a view, unless the items are integers.

    first_row: the row of the pool of the first list.
    Raises: ShapeError for a null list, a list of another length or a null item, with the number of the row.
    """
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if array.null_count:
        row = first_row + int(np.argmax(array.is_null().to_numpy(zero_copy_only=False)))
        raise ShapeError(f"`{name}`", wanted="have a vector in every row", got=f"null in row {row:,}")
    lengths = _lengths(array)
    if not isinstance(lengths, int):
        odd = np.flatnonzero(lengths != dim)
        if odd.size:
            raise ShapeError(
                f"`{name}`",
                wanted=f"have {dim} numbers in every row, as in the first",
                got=f"{int(lengths[odd[0]])} in row {first_row + int(odd[0]):,}",
            )
    elif lengths != dim:
        raise ShapeError(f"`{name}`", wanted=f"have {dim} numbers in every row", got=f"lists of {lengths}")
    if _is_view(array.type):
        _check_places(array, dim, name)
    values = array.flatten()
    if len(values) != len(array) * dim:  # only in a damaged file
        raise ShapeError(f"`{name}`", wanted=f"hold {len(array) * dim:,} numbers here", got=f"{len(values):,}")
    if values.null_count:
        position = int(np.argmax(values.is_null().to_numpy(zero_copy_only=False)))
        raise ShapeError(
            f"`{name}`", wanted="have no null numbers", got=f"a null in row {first_row + position // dim:,}"
        )
    numbers: Embeddings = values.to_numpy(zero_copy_only=True).reshape(-1, dim)
    return numbers.astype(item_dtype(array.type), copy=False)


def readable_of(array: Any, dim: int) -> tuple[Embeddings, Codes]:
    """As `matrix_of`, but an unusable list gets zeros and a code: ((rows, dim) floats, codes (rows,) uint8)."""
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    codes = np.zeros(len(array), np.uint8)
    lengths = _lengths(array)
    codes[np.broadcast_to(lengths, codes.shape) != dim] = LENGTH
    codes[~array.is_valid().to_numpy(zero_copy_only=False)] = NULL
    good_pos = np.flatnonzero(codes == 0)
    matrix = np.zeros((len(array), dim), item_dtype(array.type))
    if not good_pos.size:
        return matrix, codes
    values = array.take(pa.array(good_pos)).flatten()
    if values.null_count:
        has_null = values.is_null().to_numpy(zero_copy_only=False).reshape(-1, dim).any(axis=1)
        codes[good_pos[has_null]] = NULL_NUMBER
        good_pos = good_pos[~has_null]
        values = array.take(pa.array(good_pos)).flatten()
    matrix[good_pos] = values.to_numpy(zero_copy_only=True).reshape(-1, dim)
    return matrix, codes


def lengths_of(array: Any) -> dict[int, int]:
    """Length -> the number of lists of that length that are not null."""
    array = array.storage if isinstance(array, pa.ExtensionArray) else array
    lengths = _lengths(array)
    if isinstance(lengths, int):
        return {lengths: len(array) - array.null_count}
    distinct, counts = np.unique(lengths[array.is_valid().to_numpy(zero_copy_only=False)], return_counts=True)
    return dict(zip(distinct.tolist(), counts.tolist(), strict=True))


def _lengths(array: Any) -> Any:
    if pa.types.is_fixed_size_list(array.type):
        return int(array.type.list_size)
    if _is_view(array.type):
        return array.sizes.to_numpy()
    return np.diff(array.offsets.to_numpy())


def _check_places(array: Any, dim: int, name: str) -> None:
    """Refuse views that point outside the numbers, as in a damaged file. Raises: ShapeError."""
    starts = array.offsets.to_numpy().astype(np.int64)
    if len(starts) and (starts.min() < 0 or starts.max() + dim > len(array.values)):
        raise ShapeError(f"`{name}`", wanted="hold the numbers that its lists point to", got="positions outside them")


def _is_view(kind: Any) -> bool:
    return bool(pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind))
