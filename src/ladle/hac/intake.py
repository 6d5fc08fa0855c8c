"""From a pool, which may be larger than memory, to the points that are clustered.

Two passes over the source: the first checks every row and finds the equal ones, the second writes the distinct rows
in working precision. Nothing else of the source is held.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.arrays import Embeddings, check_finite, row_blocks
from ladle.compiled import kernel
from ladle.hac.collapse import Distinct, grouped, hash_rows, vectors_digest
from ladle.hac.metric_space import check_norms
from ladle.neighbours import Frame
from ladle.pool.contract import Pool
from ladle.pool.scratch import IN_MEMORY, Scratch
from ladle.progress import Advance, Progress

BLOCK_BYTES = 4 << 20  # of rows read at once by one thread
NAME = "embeddings"

Blocks = Iterator[tuple[slice, Embeddings]]


@dataclass(frozen=True, slots=True)
class Source:
    """Rows to read: an array or a memory map, or a pool that is read block by block."""

    rows: int
    dim: int
    dtype: np.dtype[np.floating[Any]]
    blocks_of: Callable[[int], Blocks]

    @classmethod
    def of(cls, embeddings: Embeddings | Pool) -> Source:
        """The rows of an array that `ladle.arrays.as_matrix` has passed, or of a pool."""
        if isinstance(embeddings, Pool):
            return cls(embeddings.rows, embeddings.dim, embeddings.dtype, embeddings.blocks)
        matrix = np.asarray(embeddings)

        def blocks_of(block_bytes: int) -> Blocks:
            for rows in row_blocks(len(matrix), matrix.shape[1] * matrix.dtype.itemsize, block_bytes):
                yield rows, matrix[rows]

        return cls(len(matrix), matrix.shape[1], matrix.dtype, blocks_of)

    def blocks(self, block_bytes: int = BLOCK_BYTES) -> Blocks:
        """Every row once, in order: (rows as a slice, (rows in the slice, dim) floats)."""
        return self.blocks_of(block_bytes)

    def each_block(self, work: Callable[[slice, Embeddings], None], title: str, progress: Progress) -> None:
        """Call `work(rows, block)` on all blocks, over the threads."""
        with progress.task(title, self.rows) as advance:
            threads.run_each(lambda item: _worked(work, item, advance), self.blocks())


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over a source tells."""

    norms: npt.NDArray[np.float64]  # (n,) Euclidean
    centre: npt.NDArray[np.float64]  # (d,) mean of the rows, of the unit vectors under cosine
    distinct: Distinct
    digest: str  # of all rows in order
    vectors_digest: str  # the same by one hash a row, which a tree carries

    def about(self, source: Source) -> dict[str, int | str]:
        """What tells the rows of `source` from others."""
        return {"data": self.digest, "rows": source.rows, "dim": source.dim}

    def frame(self, metric: str) -> Frame:
        """A frame in which all rows lie inside the unit ball; its scale is a power of two and rounds nothing."""
        largest = 1.0 if metric == "cosine" else float(self.norms.max())
        bound = largest + float(np.sqrt(self.centre @ self.centre))
        return Frame(self.centre, float(2.0 ** -np.ceil(np.log2(bound))) if bound > 0 else 1.0)


def surveyed(source: Source, metric: str, progress: Progress) -> Survey:
    """Check every row and find the equal ones.

    Raises: NonFiniteError, ZeroVectorError (cosine), DataError (squares that would overflow float32), each naming the
    first bad row. Cost: one pass; 24 bytes a row.
    """
    norms = np.empty(source.rows)
    hashes, checks = np.empty(source.rows, np.uint64), np.empty(source.rows, np.uint64)
    sums: dict[int, npt.NDArray[np.float64]] = {}

    def look(rows: slice, block: Embeddings) -> None:
        check_finite(block, NAME, first_row=rows.start)
        points = block.astype(np.float64)
        largest = np.abs(points).max(axis=1, initial=0.0)
        safe = np.where(largest > 0, largest, 1.0)[:, None]
        unit = points / safe  # so that no square overflows or vanishes
        lengths = np.sqrt(np.einsum("ij,ij->i", unit, unit))
        norms[rows] = largest * lengths
        check_norms(norms[rows], metric, name=NAME, first_row=rows.start)
        sums[rows.start] = (unit / lengths[:, None] if metric == "cosine" else points).sum(axis=0)
        hashes[rows] = hash_rows(block)
        checks[rows] = hash_rows(block, seed=1)

    source.each_block(look, "checking the embeddings", progress)
    centre = np.sum([sums[start] for start in sorted(sums)], axis=0) / source.rows
    digest = hashlib.blake2b(f"{source.dtype} {source.rows} {source.dim}".encode(), digest_size=16)
    digest.update(hashes.view(np.uint8).data)
    digest.update(checks.view(np.uint8).data)
    told = digest.hexdigest(), vectors_digest(hashes, source.dtype, source.dim)
    return Survey(norms, centre, grouped(hashes, checks), *told)


def points_of(
    source: Source,
    distinct: Distinct,
    norms: npt.NDArray[np.float64] | None,
    frame: Frame | None,
    dtype: np.dtype[Any],
    progress: Progress,
    scratch: Scratch = IN_MEMORY,
) -> npt.NDArray[Any]:
    """(u, d) the distinct rows, divided by `norms` (n,) if given, put into `frame` if given, rounded to `dtype` once.

    Cost: one pass; u d items of `dtype` in `scratch`.
    """
    places = np.full(source.rows, -1, np.int64)
    places[distinct.rows] = np.arange(len(distinct.rows))
    points = scratch.empty((len(distinct.rows), source.dim), dtype)

    def fill(rows: slice, block: Embeddings) -> None:
        place = places[rows]
        kept = place >= 0
        part = block[kept].astype(np.float64)
        if norms is not None:
            part /= norms[rows][kept, None]
        if frame is not None:
            part -= frame.centre
            part *= frame.scale
        points[place[kept]] = part

    source.each_block(fill, "reading the embeddings", progress)
    return points


@kernel
def reorder(points: Any, order: Any) -> None:
    """Put points[order[i]] into points[i] for all i, in place, along the cycles of the permutation `order` (u,)."""
    done = np.zeros(order.shape[0], np.bool_)
    for start in range(order.shape[0]):
        if done[start] or order[start] == start:
            continue
        held = points[start].copy()
        place = start
        while order[place] != start:
            points[place] = points[order[place]]
            done[place] = True
            place = order[place]
        points[place] = held
        done[place] = True


def _worked(work: Callable[[slice, Embeddings], None], item: tuple[slice, Embeddings], advance: Advance) -> None:
    work(*item)
    advance(item[0].stop - item[0].start)
