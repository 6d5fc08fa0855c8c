"""Examples that the tree was not made from, read in blocks and checked before any work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle.arrays import Embeddings, as_matrix
from ladle.errors import NonFiniteError, ShapeError, ZeroVectorError
from ladle.geometry.metric_space import in_metric
from ladle.hac.intake import Source
from ladle.hac.tree.prototypes import fingerprints_of
from ladle.pool.contract import Pool
from ladle.pool.faults import explain
from ladle.pool.open import open_pool
from ladle.progress import Reporter

BLOCK_BYTES = 128 << 20  # of newcomers in float64 at a time
LEAST_ROW_BYTES = 1024  # what the cells' candidates take, where vectors take less
SAMPLE = 400  # newcomers that are searched for exactly too, to measure recall


@dataclass(frozen=True, slots=True)
class Newcomers:
    """An array or a pool, as blocks of rows."""

    source: Source
    metric: str
    given: Embeddings | Pool

    @classmethod
    def of(cls, embeddings: npt.ArrayLike | Pool, *, dim: int, metric: str) -> Newcomers:
        """The newcomers of an array or a pool. Raises: ShapeError for another `dim` than the tree's."""
        given: Embeddings | Pool
        if isinstance(embeddings, Pool):
            given = embeddings
        elif _is_empty(embeddings, dim):
            given = np.empty((0, dim), np.float32)
        else:
            given = as_matrix(embeddings, "embeddings")
        source = Source.of(given)
        if source.dim != dim:
            raise ShapeError("`embeddings`", wanted=f"have dim {dim:,} like the tree's pool", got=f"dim {source.dim:,}")
        return cls(source, metric, given)

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.source.rows

    @property
    def dim(self) -> int:
        """Length of one embedding."""
        return self.source.dim

    def blocks(self) -> Iterator[tuple[slice, Embeddings, npt.NDArray[np.float64]]]:
        """(rows, the block as it was given, the same in the metric's space).

        Raises: as `in_metric`, telling how many rows cannot be used, which and why.
        """
        block_rows = BLOCK_BYTES // max(8 * self.dim, LEAST_ROW_BYTES)
        try:
            for rows, block in self.source.blocks(block_rows * self.dim * self.source.dtype.itemsize):
                yield rows, block, in_metric(block, self.metric, name="embeddings", first_row=rows.start)
        except (NonFiniteError, ShapeError, ZeroVectorError) as error:
            raise explain(error, open_pool(self.given), self.metric) from error


def _is_empty(value: npt.ArrayLike, dim: int) -> bool:
    return (isinstance(value, list) and not value) or getattr(value, "shape", None) in ((0,), (0, dim))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a first look at the newcomers tells."""

    fingerprints: npt.NDArray[np.uint64]  # (q,)
    sample: npt.NDArray[np.float64]  # (s, d) in the metric's space: those of least fingerprint, in whatever order


def facts_of(newcomers: Newcomers, progress: Reporter) -> Facts:
    """Check every newcomer before any work, and take a sample that their order does not change."""
    fingerprints = np.empty(newcomers.rows, np.uint64)
    sample, marks = np.empty((0, newcomers.dim)), np.empty(0, np.uint64)
    with progress.task("checking the newcomers", newcomers.rows) as advance:
        for rows, block, points in newcomers.blocks():
            fingerprints[rows] = fingerprints_of(block)
            marks, first = np.unique(np.concatenate([marks, fingerprints[rows]]), return_index=True)
            kept, marks = first[:SAMPLE], marks[:SAMPLE]
            old = len(sample)
            sample = np.stack([sample[x] if x < old else points[x - old] for x in kept])
            advance(len(block))
    return Facts(fingerprints, sample)
