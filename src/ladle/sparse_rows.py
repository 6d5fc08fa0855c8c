"""Rows of sparse matrices as dense arrays, within a budget of memory that is stated.

A sparse matrix of SciPy, and a pandas frame of sparse columns, may be a thousand times larger when it is dense. So the
size is computed first, and a matrix over the budget is refused with the numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError, MemoryPlanError

DENSE_BYTES = 1 << 30  # the budget where the caller states none


def is_sparse(value: object) -> bool:
    """Whether this is a sparse matrix or array of SciPy, or a library that follows it."""
    return hasattr(value, "toarray") and hasattr(value, "nnz")


def is_sparse_frame(value: object) -> bool:
    """Whether this is a pandas DataFrame whose columns are all sparse."""
    if not hasattr(value, "iloc") or not hasattr(value, "dtypes") or not hasattr(value, "columns"):
        return False
    kinds = list(value.dtypes)
    return bool(kinds) and all(hasattr(kind, "subtype") and hasattr(kind, "fill_value") for kind in kinds)


def dense_size(value: Any) -> int:
    """Bytes of a sparse matrix or frame when it is dense."""
    return math.prod(int(length) for length in value.shape) * _itemsize(value)


def check_dense(value: Any, name: str, dense_bytes: int) -> None:
    """Refuse a sparse matrix or frame that would be larger than `dense_bytes` when dense. Raises: MemoryPlanError."""
    needed = dense_size(value)
    if needed > dense_bytes:
        raise MemoryPlanError(
            f"`{name}`",
            wanted=f"fit {dense_bytes:,} bytes as a dense array",
            got=f"{needed:,} bytes needed for shape {tuple(value.shape)}, {_itemsize(value)} bytes a number",
            remedy="Give fewer columns, such as those of sklearn.decomposition.TruncatedSVD; or allow more memory: "
            f"ladle.open_pool({name}, dense_bytes={needed}) for embeddings, {name}.toarray() for other arrays.",
        )


def dense_rows(value: Any, name: str, dense_bytes: int = DENSE_BYTES) -> npt.NDArray[Any]:
    """A sparse matrix as a dense array in C order.

    Raises: as `check_dense`, before any copy; ArgumentError for a matrix of CuPy.
    """
    if hasattr(value, "get") and hasattr(value, "device"):
        raise ArgumentError(f"`{name}`", wanted="be an array", got="a matrix on a GPU", remedy=f"Give {name}.get().")
    check_dense(value, name, dense_bytes)
    return np.asarray(value.toarray(order="C"))


def _itemsize(value: Any) -> int:
    """Bytes of one number, of the widest column of a frame."""
    kinds = [kind.subtype for kind in value.dtypes] if is_sparse_frame(value) else [value.dtype]
    return max(int(np.dtype(kind).itemsize) for kind in kinds)
