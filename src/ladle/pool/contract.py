"""What every pool guarantees.

A pool is a fixed list of examples. Each example has a row (its position, from 0), an id (the user's own, an integer or
a text, unique in the pool) and an embedding (a vector of `dim` floats). Every class of pools guarantees:

1. Rows are stable. The same source gives the same ids and vectors at the same rows, however it is chunked.
2. Opening reads the ids and the schema, never all the vectors. Ids that are null, duplicate, or neither integers nor
   texts are refused at opening, before any work.
3. `blocks` yields every row once, in row order, and holds about one block in memory at a time.
4. Vectors keep their precision: float16, float32 and float64 are given out as they are stored. Integers are given out
   as floats that hold them (float32; float64 for integers wider than 32 bits).
5. A row of another length, a null vector and a null item are refused when they are read, with the number of the row.
   `check` tests whether the numbers are finite, `blocks` does not.
6. Nothing is ever unpickled. Rows are left out only if the user asks for it (`skip_invalid`): `skipped` then lists the
   rows that were left out, the ids stay, and `source_rows` gives the position of each row in the source.

A new class of pools writes the five abstract members; the others follow from them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import CHECK_BYTES, Embeddings, Rows, check_finite
from ladle.errors import DataError, ZeroVectorError
from ladle.metric import check_metric
from ladle.progress import SILENT, Reporter

if TYPE_CHECKING:
    from ladle.pool.faults import Faults
    from ladle.pool.ids.example_ids import Ids
    from ladle.pool.tables.fault_codes import Codes


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """A pool in figures.

    Attributes
    ----------
    source : str
        Where the examples come from: a path, or "an array".
    rows, dim : int
        The number of examples, and the length of one embedding.
    dtype : str
        The dtype of the vectors.
    id_type : str
        "integer" or "text".
    embedding_bytes : int
        Bytes of all vectors together.
    notices : tuple of str
        What users should know about how the pool was read; see `Pool.notices`.
    """

    source: str
    rows: int
    dim: int
    dtype: str
    id_type: str
    embedding_bytes: int
    notices: tuple[str, ...] = ()


class Pool(ABC):
    """A fixed list of examples with ids and embeddings, as `ladle.open_pool` returns it.

    Attributes
    ----------
    source : str
        Where the examples come from.
    rows, dim : int
        The number of examples, and the length of one embedding.
    dtype : numpy.dtype
        The dtype of the vectors: float16, float32 or float64.
    ids : pyarrow.Array
        The ids in row order, int64 or large_string.
    digest : str
        What ties a tree or a batch to this pool.
    notices : tuple of str
        What users should know about how the pool was read.
    skipped : Faults or None
        The rows that `skip_invalid` left out.

    Notes
    -----
    The guarantees of every pool are in the docstring of `ladle.pool.contract`.
    """

    @property
    @abstractmethod
    def source(self) -> str:
        """Where the examples come from, for people: a path, "an array" or "a table"."""

    @property
    @abstractmethod
    def id_column(self) -> Ids:
        """The ids in row order, as `ladle.pool.ids.example_ids.Ids`."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Length of one embedding."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[np.floating[Any]]:
        """The dtype that `blocks` and `embeddings` give: float16, float32 or float64."""

    @abstractmethod
    def blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[slice, Embeddings]]:
        """Read every row once, in order.

        Parameters
        ----------
        block_bytes : int, default 32 MiB
            A block has at most about this many bytes, and at least one row.

        Yields
        ------
        rows : slice
            The rows of the block.
        vectors : ndarray, (rows in the slice, dim) float
            Their embeddings. The array may be a read-only view that is valid until the next block; copy what you keep.

        Raises
        ------
        ArgumentError
            For a wrong `block_bytes`.
        ShapeError
            For a vector that is null, ragged or holds a null.
        CorruptFileError
            For a damaged source.

        Notes
        -----
        Cost: one pass; memory of about one block.
        """

    @abstractmethod
    def embeddings(self) -> Embeddings:
        """All vectors as one array.

        Returns
        -------
        ndarray, (n, dim) float
            In row order; possibly read-only, possibly mapped from the file.

        Raises
        ------
        MemoryPlanError
            Before reading, if the vectors must be copied and would not fit the available memory.
        ShapeError, CorruptFileError
            As `blocks`.

        Notes
        -----
        Cost: nothing for one array or one `.npy` file of floats; otherwise one pass and n * dim * itemsize bytes.
        """

    @property
    def notices(self) -> tuple[str, ...]:
        """What users should know about how the pool was read, such as the order of its files; one sentence each."""
        return tuple(text for text in (self.order_notice, self.id_column.order_notice, self.id_column.notice) if text)

    @property
    def order_notice(self) -> str:
        """A sentence that says so, if the files of a folder were read in another order than that of their names."""
        return ""

    @property
    def rows(self) -> int:
        """n, the number of examples."""
        return len(self.id_column)

    def __len__(self) -> int:
        return self.rows

    @property
    def ids(self) -> Any:
        """The ids in row order as one `pyarrow.Array`, int64 or large_string."""
        return self.id_column.values

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the ids in row order: what ties a tree or a batch to this pool.

        Equal ids in the same order give the same digest, whatever the format, the chunks or the width of the integers.
        For a pool whose ids are row numbers, the digest depends on the number of rows only. Cost: one pass over the
        ids, once.
        """
        return self.id_column.digest

    def ids_at(self, rows: npt.ArrayLike) -> Any:
        """The ids at some rows.

        Parameters
        ----------
        rows : array_like, (r,) int
            Rows of the pool; repeats are allowed.

        Returns
        -------
        pyarrow.Array, (r,) int64 or large_string
            The ids in the order of `rows`.

        Raises
        ------
        ArgumentError
            For a row outside the pool.
        """
        return self.id_column.at(rows)

    def readable_blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[slice, Embeddings, Codes]]:
        """As `blocks`, for a source in which some rows have no vector of `dim` numbers.

        Yields
        ------
        rows : slice
        vectors : ndarray, (b, dim) float
            Any numbers in rows whose code is not 0.
        codes : ndarray, (b,) uint8
            0, or why the row has no vector (see `ladle.pool.tables.fault_codes`).
        """
        for rows, block in self.blocks(block_bytes):
            yield rows, block, np.zeros(len(block), np.uint8)

    def lenient(self) -> Pool:
        """This pool for `readable_blocks`; if vectors differ in length, its `dim` is the length of most of them."""
        return self

    @property
    def source_count(self) -> int:
        """Rows of the source: more than `rows` if `skip_invalid` left some out."""
        return self.rows

    @property
    def skipped(self) -> Faults | None:
        """The rows of the source that `skip_invalid` left out, with ids and reasons; None if there are none."""
        return None

    def source_rows(self, rows: npt.ArrayLike) -> Rows:
        """The positions of some rows in the source, (r,) int64: `rows` itself, unless `skip_invalid` left rows out."""
        return np.asarray(rows, np.int64)

    @property
    def source_ids(self) -> Ids:
        """The ids of all rows of the source, also of those that were left out."""
        return self.id_column

    def rows_from_source(self, rows: Rows) -> Rows:
        """The rows of the pool at some positions in the source, (r,) int64; -1 for a row that was left out."""
        return rows

    def rows_of(self, ids: object) -> Rows:
        """The rows of some ids.

        Parameters
        ----------
        ids : list, ndarray, pyarrow.Array or column of a table
            Ids of the pool; repeats are allowed.

        Returns
        -------
        ndarray, (r,) int64
            The row of each id, in the order of `ids`.

        Raises
        ------
        IdError
            If ids are not in the pool, or are of another kind; with their number and the first of them.

        Notes
        -----
        Cost: one pass over the ids of the pool, and a hash table of `ids`.
        """
        return self.id_column.rows_of(ids, pool=self.source)

    def check(self, metric: str | None = None, *, progress: Reporter = SILENT) -> None:
        """Read every vector once and refuse vectors that no strategy can use.

        Parameters
        ----------
        metric : {None, "cosine", "sqeuclidean"}, default None
            With "cosine" an all-zero vector is refused too, because it has no direction.
        progress : Reporter, optional
            Is told how many rows are done.

        Raises
        ------
        NonFiniteError, ZeroVectorError, ShapeError
            With the number of bad rows, the first of them, and the reasons.
        CorruptFileError
            For a damaged source.

        Notes
        -----
        Cost: one pass at the speed of the source; memory of one block.
        """
        from ladle.pool.faults import explain  # here, because that file imports this one

        if metric is not None:
            check_metric(metric)
        with progress.task("Checking the pool", self.rows) as advance:
            try:
                for rows, block in self.blocks():
                    check_finite(block, "the embeddings", first_row=rows.start)
                    if metric == "cosine":
                        _check_directions(block, rows.start)
                    advance(rows.stop - rows.start)
            except DataError as error:
                raise explain(error, self, metric) from error

    def describe(self) -> PoolFacts:
        """The pool in figures, as `PoolFacts`; the vectors are not read."""
        return PoolFacts(
            source=self.source,
            rows=self.rows,
            dim=self.dim,
            dtype=self.dtype.name,
            id_type=self.id_column.kind,
            embedding_bytes=self.rows * self.dim * self.dtype.itemsize,
            notices=self.notices,
        )

    def __repr__(self) -> str:
        return f"<Pool {self.source}: {self.rows:,} rows, dim {self.dim}, {self.dtype.name}>"


def _check_directions(block: Embeddings, first_row: int) -> None:
    zero = ~block.any(axis=1)
    if zero.any():
        raise ZeroVectorError(
            "the embeddings",
            wanted="have a direction, as the cosine metric needs",
            got=f"{int(zero.sum()):,} all-zero vectors in one block, the first in row "
            f"{first_row + int(np.argmax(zero)):,}",
            remedy='Fix what produced them, or use metric="sqeuclidean".',
        )
