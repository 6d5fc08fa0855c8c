"""`linkage`: SciPy's matrix of all average-linkage merges, for pools whose distances do not fit memory."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from ladle.arrays import as_matrix
from ladle.errors import ShapeError
from ladle.hac.clustering import cluster
from ladle.metric import Metric, check_metric
from ladle.numbers import choice, switch
from ladle.progress import SILENT, Reporter


def linkage(
    X: npt.ArrayLike,
    method: Literal["average"] = "average",
    metric: Metric = "cosine",
    *,
    exact: bool | None = True,
    seed: int = 0,
    progress: Reporter = SILENT,
) -> npt.NDArray[np.float64]:
    """Cluster rows by average linkage and return the matrix that `scipy.cluster.hierarchy.linkage` returns.

    All that takes such a matrix in `scipy.cluster.hierarchy` takes this one: `fcluster`, `dendrogram`, `cophenet`.

    Parameters
    ----------
    X : (n, dim) float array
        The rows, two or more. A vector of pairwise distances is not taken: Ladle works on the rows themselves.
    method
        "average", the only one.
    metric
        "cosine" (1 - cosine similarity) or "sqeuclidean". SciPy's default, "euclidean", makes another tree, and is
        refused.
    exact
        True compares all rows, at any size, and refuses a tree whose exactness rounding leaves unproven. None takes
        nearby rows alone beyond 100,000 rows, which is approximate; `ladle.cluster` then tells how good it is.
    seed
        Of an approximate clustering.
    progress
        Shows the stages; see `ladle.progress`.

    Returns
    -------
    (n - 1, 4) float64
        The two clusters, the height and the number of rows of each merge, by height.

    Raises
    ------
    ArgumentError
        For another method or metric.
    ShapeError, NonFiniteError, ZeroVectorError, DataError
        For rows that cannot be used: pairwise distances, fewer than two rows, a zero vector under cosine.
    MemoryPlanError
        When the clustering would not fit the memory available, before any work.
    PrecisionError
        When exactness was asked for and rounding leaves less than 99% of the merges proven.

    Notes
    -----
    Cost: that of `ladle.cluster`: about n^2 dim multiply-adds, and memory linear in n, where SciPy takes 8 n^2 bytes.
    Repeatability: the same matrix for any number of threads. Up to 5,000 rows ties are broken as SciPy breaks them.
    """
    choice(method, "`method`", ("average",))
    check_metric(metric)
    switch(exact, "`exact`", undecided=True)
    rows = as_matrix(_as_rows(X), "X")
    if len(rows) < 2:
        raise ShapeError("`X`", wanted="have 2 rows or more", got=f"{len(rows):,}")
    return cluster(rows, metric=metric, exact=exact, seed=seed, prototypes=False, progress=progress).to_scipy()


def _as_rows(X: npt.ArrayLike) -> npt.ArrayLike:
    """`X`, unless it is SciPy's other input, a vector of pairwise distances. Raises: ShapeError."""
    if getattr(X, "ndim", 2) == 1:
        raise ShapeError(
            "`X`",
            wanted="have shape (n, dim)",
            got=f"{np.shape(X)}, which SciPy would read as pairwise distances",
            remedy="Give the rows that the distances were computed from.",
        )
    return X
