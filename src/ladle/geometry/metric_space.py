"""Embeddings in the space of the metric: float64, and of unit length under cosine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ladle.arrays import Embeddings, check_finite
from ladle.errors import DataError, ZeroVectorError

# Height of one unit of squared distance: |x - y|^2 = 2 (1 - x.y) for unit vectors.
UNITS = {"cosine": 0.5, "sqeuclidean": 1.0}
# Squared distances must fit float32, in which neighbours are searched; a distance is at most twice the largest norm.
LARGEST_NORM = float(np.sqrt(np.finfo(np.float32).max)) / 2
# Squared distances must keep their digits in float64: the largest norm of all rows is at least this.
SMALLEST_NORM = 1e-140


def check_norms(norms: npt.NDArray[np.float64], metric: str, *, name: str, first_row: int) -> None:
    """Refuse rows by their Euclidean norms (b,). name, first_row: for errors, of the rows and the number of the first.

    Raises: ZeroVectorError (cosine); DataError when squared distances would not fit float32.
    """
    if metric == "cosine" and not norms.all():
        raise ZeroVectorError(
            f"`{name}`",
            wanted="have no zero vector under the cosine metric",
            got=f"one in row {first_row + int(np.argmin(norms)):,}",
            remedy='Find what produced it, or cluster with metric="sqeuclidean".',
        )
    if metric == "sqeuclidean" and len(norms) and norms.max() > LARGEST_NORM:
        raise DataError(
            f"`{name}`",
            wanted=f"have norms up to {LARGEST_NORM:.3g}, so that squared distances fit float32",
            got=f"norm {norms.max():.3g} in row {first_row + int(norms.argmax()):,}",
            remedy="Divide all embeddings, those of a tree's pool too, by one number.",
        )


def check_small(norms: npt.NDArray[np.float64], metric: str, *, name: str) -> None:
    """Refuse a pool, by the Euclidean norms (n,) of its rows, in which all squared distances would vanish.

    Raises: DataError.
    """
    largest = norms.max(initial=0.0)
    if metric == "sqeuclidean" and 0.0 < largest < SMALLEST_NORM:
        raise DataError(
            f"`{name}`",
            wanted=f"have a row of norm {SMALLEST_NORM:.3g} or more, so that squared distances fit float64",
            got=f"norms up to {largest:.3g}",
            remedy="Multiply all embeddings, those of a tree's pool too, by one number.",
        )


def in_metric(block: Embeddings, metric: str, *, name: str, first_row: int) -> npt.NDArray[np.float64]:
    """The rows of `block` (b, dim) whose squared distances, times UNITS[metric], are the metric's; a new array.

    name, first_row: for errors, of the rows and the number of the first.
    Raises: NonFiniteError, and as `check_norms`.
    """
    check_finite(block, name, first_row=first_row)
    rows = block.astype(np.float64)
    if metric == "cosine":
        largest = np.abs(rows).max(axis=1)
        check_norms(largest, metric, name=name, first_row=first_row)  # zero where the norm is
        rows /= largest[:, None]  # so that no square overflows or vanishes
        rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
        return rows
    with np.errstate(over="ignore"):
        norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    check_norms(norms, metric, name=name, first_row=first_row)
    return rows
