"""Positions of the examples of a pool in the plane: their first two principal components, or those of a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import check_finite
from ladle.memory.budget import require
from ladle.pool import Pool
from ladle.progress import SILENT, Reporter
from ladle.scores.files.score_file import open_scores

_SAMPLE = 1_000_000  # rows whose second moments give the axes
_BLOCK_BYTES = 8 << 20

COLUMNS = ("x", "y")  # of a file of positions

Positions = npt.NDArray[np.float32]  # (n, 2)


def principal_positions(pool: Pool, *, progress: Reporter = SILENT) -> Positions:
    """The first two principal components of the embeddings, (n, 2) float32.

    Two passes over the pool in blocks: the first gathers mean and second moments in float64, of every k-th row so that
    about a million are used; the second projects every row. The sign of an axis is such that its largest weight is
    positive. A pool of one dimension gets 0 as its second coordinate.
    Raises: NonFiniteError with the row; MemoryPlanError before reading; as `Pool.blocks`.
    Cost: time n * dim^2 for a million rows, then n * dim; memory 8 bytes a row, 8 * dim^2, and one block.
    Repeats: the same pool gives the same positions, for any number of threads up to the rounding of BLAS.
    """
    n, dim = pool.rows, pool.dim
    require(8 * n + 16 * dim * dim + 4 * _BLOCK_BYTES, f"a map of {n:,} examples", remedy="Give a layout in a file.")
    step = max(1, -(-n // _SAMPLE))
    total, moments, used = np.zeros(dim), np.zeros((dim, dim)), 0
    origin: npt.NDArray[np.float64] | None = None  # moments about the first row lose no digits to a large mean
    with progress.task("The axes of the map", n) as advance:
        for rows, block in pool.blocks(_BLOCK_BYTES):
            check_finite(block, "the embeddings", first_row=rows.start)
            chosen = block[-rows.start % step :: step].astype(np.float64)
            if len(chosen):
                origin = chosen[0].copy() if origin is None else origin
                chosen -= origin
                total += chosen.sum(axis=0)
                moments += chosen.T @ chosen
                used += len(chosen)
            advance(rows.stop - rows.start)
    assert origin is not None
    mean = total / used
    axes = _axes(moments / used - np.outer(mean, mean))
    positions = np.zeros((n, 2), np.float32)
    with progress.task("The positions of the map", n) as advance:
        for rows, block in pool.blocks(_BLOCK_BYTES):
            centred = block.astype(np.float32) - (origin + mean).astype(np.float32)
            positions[rows, : axes.shape[1]] = centred @ axes.astype(np.float32)
            advance(rows.stop - rows.start)
    return positions


def _axes(covariance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(dim, 2 or 1): the eigenvectors of the largest eigenvalues, largest first."""
    _, vectors = np.linalg.eigh(covariance)
    axes = vectors[:, ::-1][:, :2]
    largest = np.argmax(np.abs(axes), axis=0)
    signs = np.sign(axes[largest, np.arange(axes.shape[1])])
    return np.asarray(axes * np.where(signs == 0, 1, signs), np.float64)


def given_positions(path: str | os.PathLike[str], pool: Pool, *, progress: Reporter = SILENT) -> Positions:
    """The positions in a file of two numbers for each example, such as a UMAP made elsewhere, (n, 2) float32.

    path: a `.npy` of shape (n, 2) in row order, or a Parquet, Arrow or CSV file with ids in any order and the columns
    x and y. Every example must have a position.
    Raises: as `ladle.scores.files.score_file.open_scores`. Cost: one pass over the file; 8 bytes a row.
    """

    def unchanged(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return values

    is_array = Path(path).suffix in (".npy", ".npz")
    scores = open_scores(path, pool, read_as="logits", classes=2, column=None if is_array else COLUMNS)
    return scores.matrix(unchanged, classes=2, progress=progress)
