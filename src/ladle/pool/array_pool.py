"""Pools of numpy arrays, in memory or mapped from `.npy` files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ladle.arrays import CHECK_BYTES, Embeddings, as_floats, float_of, row_blocks
from ladle.errors import IdError
from ladle.memory.budget import require
from ladle.pool.contract import Pool
from ladle.pool.ids.example_ids import Ids


class ArrayPool(Pool):
    """The rows of one or more (n_i, dim) arrays, in order. Integers are converted to floats block by block."""

    def __init__(
        self, parts: Sequence[np.ndarray[Any, Any]], ids: Ids | None, source: str, order_notice: str = ""
    ) -> None:
        self._parts = tuple(parts)
        self._source = source
        self._order_notice = order_notice
        rows = sum(int(part.shape[0]) for part in parts)
        self._ids = Ids.row_numbers(rows) if ids is None else ids
        if len(self._ids) != rows:
            raise IdError(
                f"the ids of {source}", wanted=f"be one for each of the {rows:,} rows", got=f"{len(self._ids):,} ids"
            )
        self._dtype = float_of(parts[0].dtype)

    def with_row_numbers(self) -> ArrayPool:
        """The same rows with their numbers as ids."""
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
        """Dtype of the vectors that `blocks` gives."""
        return self._dtype

    def blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[slice, Embeddings]]:
        """Every row once, in order. See `Pool.blocks`."""
        start = 0
        for part in self._parts:
            for rows in row_blocks(len(part), self.dim * self._dtype.itemsize, block_bytes):
                yield slice(start + rows.start, start + rows.stop), as_floats(part[rows])
            start += len(part)

    def embeddings(self) -> Embeddings:
        """The array itself, if there is a single one of floats; otherwise a copy. See `Pool.embeddings`."""
        if len(self._parts) == 1 and self._parts[0].dtype == self._dtype:
            return self._parts[0]
        return load_vectors(self)


def load_vectors(pool: Pool) -> Embeddings:
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
