"""From a pool, which may be larger than memory, to the points that are clustered.

`survey` reads every row once: it checks them and finds the equal ones. `points_of` reads them once more and writes the
distinct rows in working precision. Nothing else of the source is held.
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
from ladle.geometry.collapse import Distinct, group_rows, hash_rows, vectors_digest
from ladle.geometry.frame import Frame, lengths, robust_centre, sampled, scale_for
from ladle.geometry.metric_space import check_norms, check_small
from ladle.memory.scratch import IN_MEMORY, Scratch
from ladle.pool.contract import Pool
from ladle.progress import Advance, Reporter

BLOCK_BYTES = 4 << 20  # of rows read at once by one thread
CLOSE = 0.25  # rows lie close together if none is farther from their centre than this share of its largest coordinate
NAME = "embeddings"

Blocks = Iterator[tuple[slice, Embeddings]]


@dataclass(frozen=True, slots=True)
class RowSource:
    """Rows to read: an array or a memory map, or a pool that is read block by block."""

    rows: int
    dim: int
    dtype: np.dtype[np.floating[Any]]
    blocks_of: Callable[[int], Blocks]

    @classmethod
    def of(cls, embeddings: Embeddings | Pool) -> RowSource:
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

    def each_block(self, work: Callable[[slice, Embeddings], None], title: str, progress: Reporter) -> None:
        """Call `work(rows, block)` on all blocks, over the threads."""
        with progress.task(title, self.rows) as advance:
            threads.run_each(lambda item: _run_block(work, item, advance), self.blocks())


@dataclass(frozen=True, slots=True)
class PoolSurvey:
    """What one pass over a source has found."""

    norms: npt.NDArray[np.float64]  # (n,) Euclidean
    box: Box  # of the rows, of the unit vectors under cosine
    distinct: Distinct
    typical_distance: float  # of two rows; see `typical_distance`
    digest: str  # of all rows in order
    vectors_digest: str  # the same by one hash a row, which a tree carries

    def about(self, source: RowSource) -> dict[str, int | str]:
        """Values that identify the rows of `source`."""
        return {"data": self.digest, "rows": source.rows, "dim": source.dim}

    def frame(self) -> Frame:
        """A frame in the middle of the rows, for float32: all but rows of huge size lie inside the unit ball."""
        return Frame(self.box.centre, scale_for(self.box.longest(self.box.centre), self.box.typical))

    def exact_frame(self) -> Frame:
        """A frame that rounds no row: a power of two, and a shift where all rows lie together, far from the origin.

        Such a shift is exact, because all coordinates share the digits that it takes away. Means then keep more digits.
        """
        centre = self.box.centre
        far = self.box.longest(centre) < CLOSE * float(np.abs(centre).max(initial=0.0))
        if not far:
            centre = np.zeros_like(centre)
        return Frame(centre, scale_for(self.box.longest(centre), self.box.typical))


@dataclass(frozen=True, slots=True)
class Box:
    """Where the rows lie."""

    centre: npt.NDArray[np.float64]  # (d,) see ladle.geometry.frame
    lengths: npt.NDArray[np.float64]  # (s,) distances of a sample of the rows from the centre
    lowest: npt.NDArray[np.float64]  # (d,) the least of each coordinate
    highest: npt.NDArray[np.float64]  # (d,)

    @property
    def typical(self) -> float:
        """Distance of a typical row from the centre."""
        return float(np.median(self.lengths))

    def longest(self, centre: npt.NDArray[np.float64]) -> float:
        """No row is farther from `centre` than this."""
        return float(lengths(np.maximum(self.highest - centre, centre - self.lowest)[None])[0])


def survey(source: RowSource, metric: str, progress: Reporter) -> PoolSurvey:
    """Check every row and find the equal ones.

    Raises: NonFiniteError, ZeroVectorError (cosine), DataError (squares that would overflow float32 or vanish in
    float64), each naming a row. Cost: one pass; 24 bytes a row.
    """
    norms = np.empty(source.rows)
    hashes, checks = np.empty(source.rows, np.uint64), np.empty(source.rows, np.uint64)
    parts: dict[int, tuple[npt.NDArray[np.float64], ...]] = {}
    spaced = sampled(source.rows).step

    def survey_block(rows: slice, block: Embeddings) -> None:
        check_finite(block, NAME, first_row=rows.start)
        points = block.astype(np.float64)
        largest = np.abs(points).max(axis=1, initial=0.0)
        safe = np.where(largest > 0, largest, 1.0)[:, None]
        unit = points / safe  # so that no square overflows or vanishes
        units = np.sqrt(np.einsum("ij,ij->i", unit, unit))
        norms[rows] = largest * units
        check_norms(norms[rows], metric, name=NAME, first_row=rows.start)
        if metric == "cosine":
            points = unit / units[:, None]
        sample = points[-rows.start % spaced :: spaced].copy()  # a view would keep the whole block
        parts[rows.start] = (points.sum(axis=0), points.min(axis=0), points.max(axis=0), sample)
        hashes[rows] = hash_rows(block)
        checks[rows] = hash_rows(block, seed=1)

    source.each_block(survey_block, "checking the embeddings", progress)
    check_small(norms, metric, name=NAME)
    sums, lowest, highest, samples = zip(*(parts[start] for start in sorted(parts)), strict=True)
    sample = np.concatenate(samples)
    centre = robust_centre(np.sum(sums, axis=0) / source.rows, sample)
    box = Box(centre, lengths(sample - centre), np.min(lowest, axis=0), np.max(highest, axis=0))
    digest = hashlib.blake2b(f"{source.dtype} {source.rows} {source.dim}".encode(), digest_size=16)
    digest.update(hashes.view(np.uint8).data)
    digest.update(checks.view(np.uint8).data)
    digests = digest.hexdigest(), vectors_digest(hashes, source.dtype, source.dim)
    return PoolSurvey(norms, box, group_rows(hashes, checks), typical_distance(sample, metric), *digests)


def typical_distance(sample: npt.NDArray[np.float64], metric: str) -> float:
    """The median distance, in the unit of the metric, of each row to the one that is half of the sample away.

    sample: (s, d) rows from all over the pool, unit vectors under cosine. 0 for a single row.
    """
    half = len(sample) // 2
    one, other = sample[: len(sample) - half], sample[half:]
    difference = one - other
    squared = np.einsum("ij,ij->i", difference, difference)
    return float(np.median(squared / 2 if metric == "cosine" else squared))  # |u - v|^2 = 2 (1 - u v) of unit vectors


def points_of(
    source: RowSource,
    distinct: Distinct,
    norms: npt.NDArray[np.float64] | None,
    frame: Frame,
    dtype: np.dtype[Any],
    progress: Reporter,
    scratch: Scratch = IN_MEMORY,
) -> npt.NDArray[Any]:
    """(u, d) the distinct rows, divided by `norms` (n,) if given, put into `frame`, rounded to `dtype` once.

    Cost: one pass; u d items of `dtype` in `scratch`.
    """
    places = np.full(source.rows, -1, np.int64)
    places[distinct.rows] = np.arange(len(distinct.rows))
    points = scratch.empty((len(distinct.rows), source.dim), dtype)

    def fill(rows: slice, block: Embeddings) -> None:
        place = places[rows]
        distinct_rows = place >= 0
        part = block[distinct_rows].astype(np.float64)
        if norms is not None:
            part /= norms[rows][distinct_rows, None]
        part -= frame.centre
        part *= frame.scale
        points[place[distinct_rows]] = part

    source.each_block(fill, "reading the embeddings", progress)
    return points


@kernel
def reorder(points: Any, order: Any) -> None:
    """Put points[order[i]] into points[i] for all i, in place, along the cycles of the permutation `order` (u,)."""
    done = np.zeros(order.shape[0], np.bool_)
    for start in range(order.shape[0]):
        if done[start] or order[start] == start:
            continue
        first = points[start].copy()
        place = start
        while order[place] != start:
            points[place] = points[order[place]]
            done[place] = True
            place = order[place]
        points[place] = first
        done[place] = True


def _run_block(work: Callable[[slice, Embeddings], None], item: tuple[slice, Embeddings], advance: Advance) -> None:
    work(*item)
    advance(item[0].stop - item[0].start)
