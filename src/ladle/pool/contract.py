"""What every pool guarantees.

A pool is a fixed list of examples. Each has a row (its position, from 0), an id (the user's own, an integer or a
text, unique in the pool) and an embedding (a vector of `dim` floats). Whoever writes a pool promises:

1. Rows are stable. The same source gives the same ids and vectors at the same rows, however it is chunked.
2. Opening reads the ids and the schema, never all the vectors. Null, duplicate or non-integer, non-text ids are
   refused at opening, before any work.
3. `blocks` yields every row once, in row order, and holds about one block in memory at a time.
4. Vectors keep their precision: float16, float32 and float64 come out as they were stored. Integers come out as
   floats that hold them (float32; float64 for those wider than 32 bits).
5. Rows of another length, null vectors and null items are refused when they are met, naming the row. Whether the
   numbers are finite is checked by `check`, not by `blocks`.
6. Nothing is ever unpickled, and rows are never dropped, unless the user asks for it (`skip_invalid`): the rows left
   out are then listed in `skipped`, ids stay, and `source_rows` tells where each row stood.

A maker of a pool writes the five abstract members; the rest follows from them.
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
from ladle.numbers import choice
from ladle.progress import SILENT, Reporter

if TYPE_CHECKING:
    from ladle.pool.faults import Faults
    from ladle.pool.ids.example_ids import Ids
    from ladle.pool.tables.fault_codes import Codes

METRICS = ("cosine", "sqeuclidean")


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """A pool in figures: where it comes from, rows, dim, dtype of the vectors, "integer" or "text" ids, bytes,
    and what users should know of how it was read (see `Pool.notices`)."""

    source: str
    rows: int
    dim: int
    dtype: str
    id_type: str
    embedding_bytes: int
    notices: tuple[str, ...] = ()


class Pool(ABC):
    """A fixed list of examples with ids and embeddings; the guarantees are in the docstring of this file."""

    @property
    @abstractmethod
    def source(self) -> str:
        """Where the examples come from, for people: a path, or "an array"."""

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
        """float16, float32 or float64: what `blocks` and `embeddings` give."""

    @abstractmethod
    def blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[slice, Embeddings]]:
        """Every row once, in order: (rows as a slice, (rows in the slice, dim) floats).

        A block has at most about `block_bytes` bytes, and at least one row. The arrays may be read-only views; copy
        what you keep. Raises: ShapeError, CorruptFileError. Cost: one pass; memory of about one block.
        """

    @abstractmethod
    def embeddings(self) -> Embeddings:
        """All vectors as one (n, dim) array in row order, possibly read-only, possibly mapped from the file.

        Raises: MemoryPlanError, before reading, when the vectors must be copied and would not fit the memory
        available; ShapeError, CorruptFileError. Cost: nothing where the source is one array or one `.npy` file of
        floats; otherwise one pass and `n * dim * itemsize` bytes.
        """

    @property
    def notices(self) -> tuple[str, ...]:
        """What users should know of how the pool was read, a sentence each; such as the order of its files."""
        return tuple(text for text in (self.order_notice, self.id_column.order_notice, self.id_column.notice) if text)

    @property
    def order_notice(self) -> str:
        """That the files of a folder were read in natural order, where the order of the names as text is another."""
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

        The same for the same ids in the same order, whatever the format, chunking or integer width. A pool whose
        ids are row numbers is known by its number of rows alone. Cost: one pass over the ids, once.
        """
        return self.id_column.digest

    def ids_at(self, rows: npt.ArrayLike) -> Any:
        """The ids at these rows, in this order, as a `pyarrow.Array`. Raises: ArgumentError for a row outside."""
        return self.id_column.at(rows)

    def readable_blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[slice, Embeddings, Codes]]:
        """As `blocks`, of a source some of whose rows hold no vector of `dim` numbers: (rows, block, codes (b,) uint8).

        A code that is not 0 says why a row has none (see `ladle.pool.faults`); the block has any numbers there.
        """
        for rows, block in self.blocks(block_bytes):
            yield rows, block, np.zeros(len(block), np.uint8)

    def lenient(self) -> Pool:
        """This pool, for `readable_blocks`: `dim` is the length of most vectors where not all have the same."""
        return self

    @property
    def source_count(self) -> int:
        """Rows of the source; more than `rows` where some were left out by `skip_invalid`."""
        return self.rows

    @property
    def skipped(self) -> Faults | None:
        """The rows of the source that `skip_invalid` left out, with ids and reasons; None where there are none."""
        return None

    def source_rows(self, rows: npt.ArrayLike) -> Rows:
        """int64 positions in the source of these rows of the pool: the same, unless `skip_invalid` left some out."""
        return np.asarray(rows, np.int64)

    @property
    def source_ids(self) -> Ids:
        """The ids of all rows of the source, those left out too."""
        return self.id_column

    def rows_from_source(self, rows: Rows) -> Rows:
        """int64 rows of the pool at these positions in the source; -1 for a row that was left out."""
        return rows

    def rows_of(self, ids: object) -> Rows:
        """The int64 row of each id, in the order given (a list, a numpy array or a pyarrow array; repeats allowed).

        Raises: IdError when an id is not in the pool, telling how many and the first few.
        Cost: one pass over the pool's ids, and a hash table of the ids asked for.
        """
        return self.id_column.rows_of(ids, pool=self.source)

    def check(self, metric: str | None = None, *, progress: Reporter = SILENT) -> None:
        """Read every vector once and refuse what no strategy could use.

        With `metric="cosine"` an all-zero vector is refused too, for it has no direction.
        Raises: NonFiniteError, ZeroVectorError, ShapeError, telling how many rows, which and why; CorruptFileError.
        Cost: one pass at the speed of the source; memory of one block.
        """
        from ladle.pool.faults import explain  # here, because it stands on this file

        if metric is not None:
            choice(metric, "`metric`", METRICS)
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
        """Rows, dim, dtype, kind of id and size, without reading the vectors."""
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
            wanted="have a direction under the cosine metric",
            got=f"{int(zero.sum()):,} all-zero vectors in one block, the first in row "
            f"{first_row + int(np.argmax(zero)):,}",
            remedy='Fix what produced them, or use metric="sqeuclidean".',
        )
