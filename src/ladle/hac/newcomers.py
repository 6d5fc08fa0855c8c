"""Examples that the tree was not made from, read in blocks and checked before any work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle.arrays import Embeddings, as_matrix
from ladle.errors import NonFiniteError, ShapeError, ZeroVectorError
from ladle.geometry.metric_space import in_metric
from ladle.hac.intake import RowSource
from ladle.hac.tree.prototypes import fingerprints_of
from ladle.pool.contract import Pool
from ladle.pool.faults import explain
from ladle.pool.open import open_pool
from ladle.progress import Reporter

BLOCK_BYTES = 128 << 20  # of newcomers in float64 at a time
LEAST_ROW_BYTES = 1024  # the candidates from the cells take so much, where vectors take less
SAMPLE = 400  # newcomers whose nearest cluster is also searched for exactly, to measure recall


@dataclass(frozen=True, slots=True)
class Newcomers:
    """An array or a pool, as blocks of rows."""

    source: RowSource
    metric: str
    embeddings: Embeddings | Pool  # as the caller gave them

    @classmethod
    def of(cls, embeddings: npt.ArrayLike | Pool, *, dim: int, metric: str) -> Newcomers:
        """The newcomers of an array or a pool. Raises: ShapeError for a `dim` that is not the tree's."""
        readable: Embeddings | Pool
        if isinstance(embeddings, Pool):
            readable = embeddings
        elif _is_empty(embeddings, dim):
            readable = np.empty((0, dim), np.float32)
        else:
            readable = as_matrix(embeddings, "embeddings")
        source = RowSource.of(readable)
        if source.dim != dim:
            raise ShapeError("`embeddings`", wanted=f"have dim {dim:,} like the tree's pool", got=f"dim {source.dim:,}")
        return cls(source, metric, readable)

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

        Raises: as `in_metric`; the error names how many rows cannot be used, which and why.
        """
        block_rows = BLOCK_BYTES // max(8 * self.dim, LEAST_ROW_BYTES)
        try:
            for rows, block in self.source.blocks(block_rows * self.dim * self.source.dtype.itemsize):
                yield rows, block, in_metric(block, self.metric, name="embeddings", first_row=rows.start)
        except (NonFiniteError, ShapeError, ZeroVectorError) as error:
            raise explain(error, open_pool(self.embeddings), self.metric) from error


def _is_empty(value: npt.ArrayLike, dim: int) -> bool:
    return (isinstance(value, list) and not value) or getattr(value, "shape", None) in ((0,), (0, dim))


@dataclass(frozen=True, slots=True)
class NewcomerFacts:
    """What a first pass over the newcomers has found."""

    fingerprints: npt.NDArray[np.uint64]  # (q,)
    sample: npt.NDArray[np.float64]  # (s, d) in the metric's space: the rows of least fingerprint


def survey_newcomers(newcomers: Newcomers, progress: Reporter) -> NewcomerFacts:
    """Check every newcomer before any work, and take a sample that their order does not change."""
    fingerprints = np.empty(newcomers.rows, np.uint64)
    sample, marks = np.empty((0, newcomers.dim)), np.empty(0, np.uint64)
    with progress.task("checking the newcomers", newcomers.rows) as advance:
        for rows, block, points in newcomers.blocks():
            fingerprints[rows] = fingerprints_of(block)
            marks, first = np.unique(np.concatenate([marks, fingerprints[rows]]), return_index=True)
            marks = marks[:SAMPLE]
            old = len(sample)
            sample = np.stack([sample[x] if x < old else points[x - old] for x in first[:SAMPLE]])
            advance(len(block))
    return NewcomerFacts(fingerprints, sample)
