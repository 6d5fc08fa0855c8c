"""A pool over numpy arrays: in memory, or mapped from `.npy` files, one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ladle.arrays import CHECK_BYTES, FLOATS, Embeddings, from_bfloat16, is_bfloat16, row_blocks
from ladle.errors import IdError, MismatchError, ShapeError
from ladle.memory.budget import require
from ladle.pool.contract import Pool
from ladle.pool.ids.example_ids import Ids


class ArrayPool(Pool):
    """Rows of one or more (n_i, dim) arrays, in order. Integer arrays are turned into floats block by block."""

    def __init__(
        self, parts: Sequence[np.ndarray[Any, Any]], ids: Ids | None, source: str, order_notice: str = ""
    ) -> None:
        self._parts = tuple(parts)
        self._source = source
        self._order_notice = order_notice
        rows = sum(len(part) for part in parts)
        self._ids = Ids.row_numbers(rows) if ids is None else ids
        if len(self._ids) != rows:
            raise IdError(
                f"the ids of {source}", wanted=f"be one for each of the {rows:,} rows", got=f"{len(self._ids):,} ids"
            )
        self._dtype = float_of(parts[0].dtype)

    def numbered(self) -> ArrayPool:
        """The same rows under their numbers, whatever ids they had."""
        return ArrayPool(self._parts, None, self._source, self._order_notice)

    @property
    def source(self) -> str:
        """A path, or "an array"."""
        return self._source

    @property
    def id_column(self) -> Ids:
        """The ids in row order."""
        return self._ids

    @property
    def order_notice(self) -> str:
        """See `Pool.order_notice`."""
        return self._order_notice

    @property
    def dim(self) -> int:
        """Length of one embedding."""
        return int(self._parts[0].shape[1])

    @property
    def dtype(self) -> np.dtype[np.floating[Any]]:
        """Dtype of the vectors given out."""
        return self._dtype

    def blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[slice, Embeddings]]:
        """Every row once, in order. See `Pool.blocks`."""
        start = 0
        for part in self._parts:
            for rows in row_blocks(len(part), self.dim * self._dtype.itemsize, block_bytes):
                yield slice(start + rows.start, start + rows.stop), as_floats(part[rows])
            start += len(part)

    def embeddings(self) -> Embeddings:
        """The array itself where there is one of floats; otherwise a copy. See `Pool.embeddings`."""
        if len(self._parts) == 1 and self._parts[0].dtype == self._dtype:
            return self._parts[0]
        return loaded(self)


def loaded(pool: Pool) -> Embeddings:
    """All vectors of a pool copied into one new array. Raises: MemoryPlanError before anything is read."""
    needed = pool.rows * pool.dim * pool.dtype.itemsize
    require(
        needed,
        f"loading the embeddings of {pool.source}",
        remedy="Free memory, use float16, or store the pool as one .npy file, which is mapped rather than loaded.",
    )
    matrix = np.empty((pool.rows, pool.dim), pool.dtype)
    for rows, block in pool.blocks():
        matrix[rows] = block
    return matrix


def as_floats(block: np.ndarray[Any, Any]) -> Embeddings:
    """A block of a stored array in the dtype of `float_of`: the block itself where it has that."""
    if is_bfloat16(block.dtype):
        return from_bfloat16(block)
    return np.asarray(block).astype(float_of(block.dtype), copy=False)


def float_of(dtype: np.dtype[Any]) -> np.dtype[np.floating[Any]]:
    """The float dtype that stands for a stored one: itself, or for integers and bfloat16 the float that holds them."""
    if is_bfloat16(dtype):
        return np.dtype(np.float32)
    if dtype.type in FLOATS:
        return dtype.newbyteorder("=")
    return np.dtype(np.float64 if dtype.itemsize > 4 else np.float32)


def is_number(dtype: np.dtype[Any]) -> bool:
    """Whether Ladle reads numbers of this dtype: bfloat16, floats of 16 to 64 bits, integers, booleans."""
    if dtype.kind == "f":
        return dtype.newbyteorder("=").type in FLOATS
    return dtype.kind in "iub" or is_bfloat16(dtype)


def check_matrix(shape: tuple[int, ...], dtype: np.dtype[Any], name: str) -> None:
    """Refuse what cannot be embeddings, before any of it is read. Raises: ShapeError."""
    if not is_number(dtype):
        raise ShapeError(name, wanted="hold float16, float32, float64 or bfloat16 numbers", got=f"dtype {dtype}")
    if len(shape) != 2 or 0 in shape:
        raise ShapeError(name, wanted="have shape (n, dim), with at least one row and one column", got=f"shape {shape}")


def check_alike(shapes: Sequence[tuple[int, ...]], dtypes: Sequence[np.dtype[Any]], names: Sequence[str]) -> None:
    """Refuse shards of unlike dim or dtype. Raises: ShapeError, MismatchError, naming the first odd one."""
    for shape, dtype, name in zip(shapes, dtypes, names, strict=True):
        if shape[1] != shapes[0][1]:
            raise ShapeError(name, wanted=f"have dim {shapes[0][1]} like {names[0]}", got=f"dim {shape[1]}")
        if dtype != dtypes[0]:
            raise MismatchError(name, wanted=f"have dtype {dtypes[0]} like {names[0]}", got=f"dtype {dtype}")
