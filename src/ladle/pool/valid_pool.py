"""A pool without the rows that cannot be used, which knows the position of every row in its source.

Row i of such a pool is the i-th usable row of its source. The ids stay those of the source; if they are row numbers,
they are row numbers of the source. Scores by position have an entry for every row of the source.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ladle.arrays import CHECK_BYTES, Embeddings, Rows
from ladle.errors import ShapeError
from ladle.notices import notice
from ladle.pool.array_pool import load_vectors
from ladle.pool.contract import Pool
from ladle.pool.faults import Faults, find_faults
from ladle.pool.ids.example_ids import Ids
from ladle.progress import SILENT, Reporter


class ValidPool(Pool):
    """The usable rows of `pool`; `faults` lists its other rows."""

    def __init__(self, pool: Pool, faults: Faults, metric: str) -> None:
        usable = np.ones(pool.rows, bool)
        usable[faults.rows] = False
        self._pool = pool
        self._usable = usable
        self._faults = faults
        self._places = np.flatnonzero(usable)
        self._ids = pool.id_column.subset(self._places)
        self.metric = metric  # decides whether zero vectors are usable

    @property
    def source(self) -> str:
        """The source of the whole pool."""
        return self._pool.source

    @property
    def whole(self) -> Pool:
        """The pool with all its rows."""
        return self._pool

    @property
    def id_column(self) -> Ids:
        """The ids of the usable rows."""
        return self._ids

    @property
    def dim(self) -> int:
        """Length of one embedding."""
        return self._pool.dim

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """Dtype of the vectors that `blocks` gives."""
        return self._pool.dtype

    @property
    def order_notice(self) -> str:
        """See `Pool.order_notice`."""
        return self._pool.order_notice

    @property
    def notices(self) -> tuple[str, ...]:
        """See `Pool.notices`; one of them lists the rows left out."""
        return (*self._pool.notices, skipped_notice(self._faults))

    @property
    def source_count(self) -> int:
        """See `Pool.source_count`."""
        return self._pool.rows

    @property
    def skipped(self) -> Faults:
        """The rows left out."""
        return self._faults

    def source_rows(self, rows: npt.ArrayLike) -> Rows:
        """See `Pool.source_rows`."""
        return self._places[np.asarray(rows, np.int64)]

    @property
    def source_ids(self) -> Ids:
        """See `Pool.source_ids`."""
        return self._pool.id_column

    def rows_from_source(self, rows: Rows) -> Rows:
        """See `Pool.rows_from_source`. Cost: 8 bytes a row of the source."""
        places = np.full(self.source_count, -1, np.int64)
        places[self._places] = np.arange(len(self._places))
        return places[rows]

    def blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[slice, Embeddings]]:
        """Every usable row once, in order. See `Pool.blocks`."""
        start = 0
        for rows, block, _ in self._pool.readable_blocks(block_bytes):
            usable = self._usable[rows]
            if usable.any():
                vectors = block if usable.all() else block[usable]
                yield slice(start, start + len(vectors)), vectors
                start += len(vectors)

    def embeddings(self) -> Embeddings:
        """One array, copied. See `Pool.embeddings`."""
        return load_vectors(self)


def leave_out_invalid(pool: Pool, metric: str, *, progress: Reporter = SILENT) -> Pool:
    """`pool` if all its rows can be used, else a `ValidPool` of those that can.

    metric: "cosine" leaves out zero vectors too. Raises: ShapeError when no row can be used; CorruptFileError.
    Cost: one pass.
    """
    if isinstance(pool, ValidPool):  # begin again with the whole pool, so that positions are those in the source
        more_faults = find_faults(pool, metric, progress=progress)
        return leave_out_invalid(pool.whole, "cosine", progress=progress) if len(more_faults) else pool
    lenient = pool.lenient()
    faults = find_faults(lenient, metric, progress=progress)
    if not len(faults):
        return pool
    if len(faults) == pool.rows:
        raise ShapeError(pool.source, wanted="have at least one row that can be used", got=f"none: {faults.describe()}")
    notice(skipped_notice(faults))
    return ValidPool(lenient, faults, metric)


def skipped_notice(faults: Faults) -> str:
    """The notice that lists the rows left out."""
    return f"left out of {faults.source}: {faults.describe()}"
