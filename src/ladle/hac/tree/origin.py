"""Which pool a tree was made from, and whether another one is the same.

Rows, dim and the digest of the ids cost nothing to compare. Where ids are row numbers this proves little: other data of
the same shape, or the same rows in another order, pass. So the vectors have a digest too, of a 64-bit hash of each row
in row order. Comparing it takes one pass over the pool, about 1 GB a second on two cores where it lies in memory. That
is less than scoring the pool took, and far less than a batch of wrong examples costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Embeddings, as_matrix
from ladle.errors import MismatchError
from ladle.geometry.collapse import hash_rows, vectors_digest
from ladle.hac.intake import RowSource
from ladle.pool.contract import Pool
from ladle.pool.ids.example_ids import Ids
from ladle.progress import SILENT, Reporter

REMEDY = "Cluster this pool, or name the pool that the tree was made from."


@dataclass(frozen=True, slots=True)
class PoolOrigin:
    """The pool of a tree. A dim of 0 and empty text mean not known, as of trees that an older Ladle wrote."""

    rows: int
    dim: int = 0
    dtype: str = ""  # of the vectors: "float16", "float32" or "float64"
    ids_digest: str = ""  # Pool.digest; "" when the tree was made from a plain array
    vectors_digest: str = ""  # see ladle.geometry.collapse.vectors_digest
    skipped: int = 0  # rows of the source that were left out as unusable

    def check(
        self,
        given: npt.ArrayLike | Pool,
        *,
        subject: str,
        wanted: str = "be the pool the tree was made from",
        remedy: str = REMEDY,
        progress: Reporter = SILENT,
    ) -> bool:
        """Refuse another pool, or embeddings (n, dim) of another one. Returns whether the vectors could be compared.

        Vectors are compared in the dtype of the tree's pool: a copy in a wider dtype is the same pool, a copy that was
        rounded to a narrower dtype is another. subject, wanted, remedy: of the error.
        Raises: MismatchError; what unreadable embeddings raise. Cost: one pass over the vectors, at about 1 GB/s; none
        where rows, dim or ids differ, or nothing is known of the vectors.
        """
        source = RowSource.of(given if isinstance(given, Pool) else as_matrix(given, "embeddings"))
        got = ""
        if source.rows != self.rows:
            got = f"{source.rows:,} rows, where the tree's pool has {self.rows:,} rows"
            if self.skipped and source.rows == self.rows + self.skipped:
                got += f" and left out {self.skipped:,} that could not be used (`skip_invalid`)"
        elif self.dim and source.dim != self.dim:
            got = f"dim {source.dim:,}, where the tree's pool has {self.dim:,}"
        elif isinstance(given, Pool) and self.ids_digest not in ("", given.digest):
            got = "one of other ids, or in another order"
        elif self.vectors_digest and _digest_of(source, np.dtype(self.dtype), progress) != self.vectors_digest:
            got = f"one of other vectors, in another order, or rounded differently from the tree's pool ({self.dtype})"
        elif not self.vectors_digest and _is_reordered(given):
            got = "one in another order than older Ladles read, and one of them may have made the tree"
        if got:
            if isinstance(given, Pool) and given.order_notice and "order" in got:
                got += f" ({given.order_notice})"
            raise MismatchError(subject, wanted=wanted, got=got, remedy=remedy)
        return bool(self.vectors_digest)


def _is_reordered(given: npt.ArrayLike | Pool) -> bool:
    """Whether older Ladles numbered the rows differently: files in text order, with row numbers for ids."""
    return isinstance(given, Pool) and given.order_notice != "" and given.digest == Ids.row_numbers(given.rows).digest


def _digest_of(source: RowSource, dtype: np.dtype[np.floating[Any]], progress: Reporter) -> str:
    hashes = np.empty(source.rows, np.uint64)

    def hash_block(rows: slice, block: Embeddings) -> None:
        with np.errstate(over="ignore"):  # a number too large for the tree's dtype differs
            hashes[rows] = hash_rows(block.astype(dtype, copy=False))

    source.each_block(hash_block, "comparing the pool with the tree's", progress)
    return vectors_digest(hashes, dtype, source.dim)
