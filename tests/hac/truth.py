"""Independent truths for average linkage: SciPy, and a plain replay that knows about ties."""

from __future__ import annotations

import numpy as np
import scipy.cluster.hierarchy
from scipy.spatial.distance import pdist, squareform

from ladle import Dendrogram


def scipy_linkage(embeddings: np.ndarray, metric: str) -> np.ndarray:
    return scipy.cluster.hierarchy.linkage(pdist(embeddings.astype(np.float64), metric), "average")


def same_clusters(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two flat clusterings are equal up to the names of the clusters."""
    pairs = np.unique(np.column_stack([one, other]), axis=0)
    return len(pairs) == len(np.unique(one)) == len(np.unique(other))


def assert_average_linkage(tree: Dendrogram, embeddings: np.ndarray, *, rtol: float = 1e-5) -> None:
    """Replay the merges one by one: each joins the two closest clusters there are (ties free), at its true height.

    The linkage is the plain mean over all pairs of members, updated by its definition, not by the engine's means.
    """
    n = len(embeddings)
    matrix = squareform(pdist(embeddings.astype(np.float64), tree.metric))
    atol = 1e-6 * matrix.max() + 1e-300
    np.fill_diagonal(matrix, np.inf)
    sums_of = {row: row for row in range(n)}  # cluster id -> its line in the matrix
    sizes = np.ones(n)
    for step, ((a, b), height) in enumerate(zip(tree.merges, tree.heights, strict=True)):
        x, y = sums_of.pop(int(a)), sums_of.pop(int(b))
        closest = matrix.min()
        np.testing.assert_allclose(height, closest, rtol=rtol, atol=atol, err_msg=f"merge {step} is not the closest")
        np.testing.assert_allclose(matrix[x, y], closest, rtol=rtol, atol=atol)
        joined = (sizes[x] * matrix[x] + sizes[y] * matrix[y]) / (sizes[x] + sizes[y])
        matrix[x], matrix[:, x] = joined, joined
        matrix[x, x] = np.inf
        matrix[y], matrix[:, y] = np.inf, np.inf
        sizes[x] += sizes[y]
        sums_of[n + step] = x
