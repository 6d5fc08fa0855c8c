"""Names of shapes and index spaces, and the one border at which arrays from outside are checked.

Axes: n = examples in the pool (rows), d = dim of an embedding, c = classes, m = merges, k = neighbours.
A variable names its index space: `rows` are positions in the pool, `candidate_pos` positions among the candidates of
one round, `batch_pos` positions in a batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arraylikes import as_array
from ladle.errors import ArgumentError, NonFiniteError, ShapeError
from ladle.frames import check_index
from ladle.numbers import whole
from ladle.sparse_rows import DENSE_BYTES

Embeddings = npt.NDArray[np.floating[Any]]  # (n, d)
Probabilities = npt.NDArray[np.floating[Any]]  # (n, c)
Margins = npt.NDArray[np.float32]  # (n,), small = unsure
Rows = npt.NDArray[np.int64]  # positions in the pool
Labels = npt.NDArray[Any]  # (l,), whole numbers, booleans or text; the dtype is the caller's
Clusters = npt.NDArray[np.int32]  # (n,), the flat cluster of each row, labels 0..m-1

FLOATS = (np.float16, np.float32, np.float64)
CHECK_BYTES = 32 << 20  # size of a block in the streaming checks: large enough for bandwidth, small beside any pool


def rows_per_block(block_bytes: int, bytes_per_row: int) -> int:
    """How many rows make a block of at most about `block_bytes` bytes, at least one. Raises: ArgumentError."""
    return max(1, whole(block_bytes, "`block_bytes`", least=1) // max(1, bytes_per_row))


def row_blocks(rows: int, bytes_per_row: int, block_bytes: int = CHECK_BYTES) -> Iterator[slice]:
    """Cut `rows` rows into slices of at most about `block_bytes` bytes each, at least one row."""
    step = rows_per_block(block_bytes, bytes_per_row)
    for start in range(0, rows, step):
        yield slice(start, min(rows, start + step))


def is_bfloat16(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype is bfloat16: the one of ml_dtypes, or the two unnamed bytes that a `.npy` file stores for it."""
    return dtype.kind == "V" and dtype.itemsize == 2 and dtype.names is None and dtype.subdtype is None


def from_bfloat16(array: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """A bfloat16 array as float32, which holds every bfloat16 number exactly. Cost: a copy of twice the size."""
    return (np.asarray(array).view(np.uint16).astype(np.uint32) << np.uint32(16)).view(np.float32)


def as_floats(block: np.ndarray[Any, Any]) -> Embeddings:
    """A block of a stored array in the dtype of `float_of`; the block itself if it has that dtype."""
    if is_bfloat16(block.dtype):
        return from_bfloat16(block)
    return np.asarray(block).astype(float_of(block.dtype), copy=False)


def float_of(dtype: np.dtype[Any]) -> np.dtype[np.floating[Any]]:
    """The float dtype in which a stored dtype is read: itself, or for integers and bfloat16 the float that holds them.

    Integers of up to 32 bits become float32, wider ones float64.
    """
    if is_bfloat16(dtype):
        return np.dtype(np.float32)
    if dtype.type in FLOATS:
        return dtype.newbyteorder("=")
    return np.dtype(np.float64 if dtype.itemsize > 4 else np.float32)


def is_number_dtype(dtype: np.dtype[Any]) -> bool:
    """Whether Ladle reads numbers of this dtype: bfloat16, float16 to float64, integers, booleans."""
    if dtype.kind == "f":
        return dtype.newbyteorder("=").type in FLOATS
    return dtype.kind in "iub" or is_bfloat16(dtype)


def as_matrix(
    value: npt.ArrayLike, name: str, *, axes: tuple[str, str] = ("n", "dim"), dense_bytes: int = DENSE_BYTES
) -> Embeddings:
    """`value` as a 2-D float array with at least one row and one column; memmaps and views are not copied.

    float16, float32 and float64 keep their dtype; the others are converted as `float_of` says. The numbers themselves
    are checked by `check_finite`, not here. dense_bytes: the largest array that a sparse matrix may become.
    Raises: ShapeError for ragged, empty or wrongly shaped input, ArgumentError for a dtype that is not a number;
    MemoryPlanError for a sparse matrix over the budget.
    """
    array = as_numbers(value, name, dense_bytes=dense_bytes)
    if array.ndim != 2:
        raise ShapeError(f"`{name}`", wanted=f"have shape ({axes[0]}, {axes[1]})", got=f"shape {array.shape}")
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise ShapeError(f"`{name}`", wanted="have at least one row and one column", got=f"shape {array.shape}")
    return array


def as_numbers(value: npt.ArrayLike, name: str, *, dense_bytes: int = DENSE_BYTES) -> npt.NDArray[np.floating[Any]]:
    """`value` as a float array of any shape, converted and refused as in `as_matrix`."""
    array = as_array(value, name, dense_bytes=dense_bytes)
    if is_bfloat16(array.dtype):
        return from_bfloat16(array)
    if array.dtype == object or array.dtype.kind not in "fiub":
        raise ArgumentError(
            f"`{name}`",
            wanted="hold float16, float32, float64 or bfloat16 numbers",
            got=f"dtype {array.dtype}",
            remedy="Convert it to float32, rows of one length.",
        )
    return array if array.dtype.type in FLOATS else array.astype(float_of(array.dtype))


def check_finite(array: Embeddings, name: str, *, first_row: int = 0) -> None:
    """Refuse NaN and infinity, naming the first bad row (`first_row` is the row number of `array[0]`).

    Cost: one pass in blocks of `CHECK_BYTES`.
    """
    for block in row_blocks(len(array), array[:1].nbytes):
        # A finite sum has finite terms only. So good blocks, the usual case, cost one cheap pass.
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.sum(array[block], dtype=np.float64)
        if np.isfinite(total):
            continue
        bad = ~np.isfinite(array[block]).reshape(len(array[block]), -1).all(axis=1)
        if bad.any():
            row = first_row + block.start + int(np.argmax(bad))
            raise NonFiniteError(
                f"`{name}`",
                wanted="hold finite numbers only",
                got=f"NaN or infinity in row {row:,}",
                remedy="Find what produced it; Ladle never drops rows silently.",
            )


def as_rows(value: npt.ArrayLike | None, name: str, *, pool_rows: int) -> Rows:
    """`value` as distinct int64 positions in a pool of `pool_rows` rows; None means no rows.

    A set of rows and a boolean mask of length `pool_rows` are taken too.
    Raises: ArgumentError when a row is repeated, outside the pool, or not an integer.
    """
    if value is None:
        return np.empty(0, np.int64)
    array = as_array(list(value) if isinstance(value, Set) else value, name, by_index=False)
    if array.dtype == bool and array.shape == (pool_rows,):
        if hasattr(value, "iloc"):
            check_index(value, name)
        return np.flatnonzero(array).astype(np.int64)
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ArgumentError(
            f"`{name}`",
            wanted=f"be a 1-D array of row numbers, or a mask of {pool_rows:,} booleans",
            got=f"dtype {array.dtype}, shape {array.shape}",
        )
    rows = array.astype(np.int64)
    low, high = int(rows.min()), int(rows.max())
    if low < 0 or high >= pool_rows:
        raise ArgumentError(
            f"`{name}`", wanted=f"hold rows 0 to {pool_rows - 1:,}", got=f"row {low if low < 0 else high:,}"
        )
    seen = np.zeros(pool_rows, bool)
    seen[rows] = True
    if int(seen.sum()) != rows.size:
        raise _repeat_error(rows, name, pool_rows)
    return rows


def _repeat_error(rows: Rows, name: str, pool_rows: int) -> ArgumentError:
    """The error for repeated rows, which may be a mask written as 0 and 1."""
    if len(rows) == pool_rows and rows.max() <= 1:
        return ArgumentError(
            f"`{name}`",
            wanted="name each row once, or be a boolean mask",
            got=f"{pool_rows:,} numbers, all 0 or 1, for a pool of {pool_rows:,} rows: the rows 0 and 1 repeated, "
            "or a mask",
            remedy="Give booleans (`mask.astype(bool)`), or each row once.",
        )
    _, first_pos = np.unique(rows, return_index=True)
    repeats = np.setdiff1d(np.arange(len(rows)), first_pos)
    got = f"{len(repeats):,} repeats, the first of them row {rows[repeats[0]]:,} at position {repeats[0]:,}"
    return ArgumentError(f"`{name}`", wanted="name each row once", got=got)


def as_labels(value: npt.ArrayLike, name: str, *, by_index: bool = True) -> Labels:
    """`value` as (l,) labels: whole numbers, booleans or text (an object array of strings counts as text).

    Raises: ShapeError when not one-dimensional, ArgumentError for any other dtype.
    """
    array = as_array(value, name, by_index=by_index)
    if array.ndim != 1:
        raise ShapeError(f"`{name}`", wanted="be one label a row, shape (l,)", got=f"shape {array.shape}")
    texts = array.dtype == object and all(isinstance(label, str) for label in array)
    if len(array) and not texts and array.dtype.kind not in "iubUST":
        raise ArgumentError(
            f"`{name}`",
            wanted="be whole numbers, booleans or text",
            got=f"dtype {array.dtype}",
            remedy="Leave out rows without a label; for probabilities, give the most likely class.",
        )
    return array
