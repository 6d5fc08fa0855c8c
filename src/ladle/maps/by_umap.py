"""Positions by UMAP: of a sample of the pool; the other examples lie among their nearest ones of the sample.

L. McInnes, J. Healy and J. Melville, "UMAP: Uniform Manifold Approximation and Projection", 2018, as the package
umap-learn computes it. It is the only file that imports that package.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows, check_finite
from ladle.errors import ArgumentError, MissingDependencyError
from ladle.maps.positions import Positions
from ladle.memory.budget import require
from ladle.pool import Pool
from ladle.progress import SILENT, Reporter
from ladle.seeds import child_seed, stream

SAMPLE = 20_000  # examples that UMAP itself places
NEAREST = 5  # of the sample, between which another example lies
_LEAST = 10  # examples, below which UMAP finds no neighbours
_BLOCK_BYTES = 8 << 20


def require_umap() -> None:
    """Refuse to go on without the package. Raises: MissingDependencyError."""
    if find_spec("umap") is None:
        raise MissingDependencyError(
            "the package umap-learn",
            wanted="be installed for a map by UMAP",
            got="no such package",
            remedy="Run: pip install 'ladle[umap]', or leave UMAP out: then the map has the principal components.",
        )


def umap_positions(pool: Pool, *, sample: int = SAMPLE, progress: Reporter = SILENT) -> Positions:
    """UMAP of the embeddings by Euclidean distance, (n, 2) float32.

    UMAP places `sample` examples, drawn uniformly, or all of a smaller pool. Any other example lies at the mean of its
    5 nearest ones of the sample, weighted by the inverse of their distance.
    Raises: MissingDependencyError; ArgumentError for fewer than 10 examples; NonFiniteError with the row;
    MemoryPlanError before reading; as `Pool.blocks`. Cost: UMAP of the sample, 50 s of one processor for 20,000
    examples of 64 dimensions; then a pass over the pool with sample * dim multiply-adds an example. Memory: 8 bytes a
    row, 8 * sample * dim, what UMAP needs for the sample, and one block. Repeats: the same pool gives the same
    positions on one machine with one version of umap-learn: its seed is set, so it runs on one thread.
    """
    require_umap()
    n, dim = pool.rows, pool.dim
    if n < _LEAST:
        raise ArgumentError("the map", wanted=f"have {_LEAST} examples or more for UMAP", got=f"{n:,}")
    count = min(n, sample)
    memory = 8 * n + 8 * count * dim + 4_000 * count + 4 * _BLOCK_BYTES
    require(memory, f"a UMAP of {count:,} examples", remedy="Give a layout in a file.")
    chosen = np.sort(stream(0, "umap sample").choice(n, count, replace=False))
    vectors = _rows_of(pool, chosen, progress)
    with progress.task("UMAP of the sample", 1) as advance:
        placed = _placed(vectors)
        advance(1)
    if count == n:
        return placed
    positions = np.empty((n, 2), np.float32)
    squares = (vectors**2).sum(axis=1)
    with progress.task("The positions of the map", n) as advance:
        for rows, block in pool.blocks(_BLOCK_BYTES):
            step = max(1, _BLOCK_BYTES // (4 * count))
            for first in range(0, len(block), step):
                part = block[first : first + step].astype(np.float32)
                check_finite(part, "the embeddings", first_row=rows.start + first)
                start = rows.start + first
                positions[start : start + len(part)] = _among(part, vectors, squares, placed)
            advance(rows.stop - rows.start)
    positions[chosen] = placed
    return positions


def _placed(vectors: npt.NDArray[np.float32]) -> Positions:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package: of TensorFlow, and that a seed needs one thread
        import umap

        made = umap.UMAP(n_components=2, random_state=child_seed(0, "umap") % 2**32, n_jobs=1)
        return np.asarray(made.fit_transform(vectors), np.float32)


def _rows_of(pool: Pool, chosen: Rows, progress: Reporter) -> npt.NDArray[np.float32]:
    """(len(chosen), dim) the vectors of some rows, ascending."""
    vectors = np.empty((len(chosen), pool.dim), np.float32)
    with progress.task("The sample of the map", pool.rows) as advance:
        for rows, block in pool.blocks(_BLOCK_BYTES):
            first, last = np.searchsorted(chosen, (rows.start, rows.stop))
            part = block[chosen[first:last] - rows.start].astype(np.float32)
            check_finite(part, "the embeddings", first_row=rows.start)
            vectors[first:last] = part
            advance(rows.stop - rows.start)
    return vectors


def _among(part: Any, vectors: Any, squares: Any, placed: Positions) -> Positions:
    """(p, 2): the mean of the positions of the nearest ones, weighted by the inverse of their distance."""
    distances = squares - 2 * (part @ vectors.T) + (part**2).sum(axis=1)[:, None]
    near = np.argpartition(distances, NEAREST - 1, axis=1)[:, :NEAREST]
    apart = np.sqrt(np.maximum(np.take_along_axis(distances, near, axis=1), 0))
    weights = 1 / (apart + np.float32(1e-6) * (1 + apart.max(axis=1, keepdims=True)))
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray((placed[near] * weights[:, :, None]).sum(axis=1), np.float32)
