"""What the rounds of the clustering know, as arrays indexed by cluster id.

A cluster's id is the row of one of its points; a merge keeps the id of the larger cluster.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ladle.geometry.frame import Means

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
NONE = -1  # in `nearest` and the chains: no cluster
STALE = -2  # in `nearest`: what it was has merged


class Clusters(NamedTuple):
    """One entry a cluster; passed whole to the kernels (numba unpacks named tuples)."""

    means: Means  # (n, d)
    # What the means lack in digits: a mean is the sum of both. (n, d) where clusters lie so far from the origin, and so
    # near each other, that float64 means would blur their linkages; else (0, d).
    remainders: Means
    spreads: npt.NDArray[np.float64]  # (n,) mean squared distance of the members to the mean
    sizes: Int32s  # (n,)
    parents: Int32s  # (n,) union-find: parents[i] == i while cluster i exists
    # The certificate: EVERY cluster B with d(A, B) < reach[A] is on A's list. A merge takes the union of the lists and
    # the weighted mean of the reaches: average linkage to a union is the weighted mean of the linkages to its parts.
    reach: npt.NDArray[np.float64]  # (n,)
    proven: npt.NDArray[np.bool_]  # (n,) whether the reach is a proof
    # Nearest listed cluster within reach; NONE: the list ran dry; STALE: it has merged, and nobody has asked since.
    nearest: Int32s  # (n,)
    nearest_linkage: npt.NDArray[np.floating[Any]]  # (n,) in the lists' dtype; when STALE a lower bound
    changed: Int32s  # (n,) round in which the cluster last merged
    scanned: Int32s  # (n,) round in which its list was last brought up to date
    list_start: Int64s  # (n,) where its list begins in Lists
    list_length: Int32s  # (n,)
    partner: Int32s  # (n,) absorbed cluster whose list is still to be united with this one, or NONE
    # Who points at me: a doubly linked chain through the clusters whose `nearest` I am, so that a merge finds those it
    # disturbs without a scan of all clusters.
    admirer: Int32s  # (n,) first of the chain
    next_admirer: Int32s  # (n,)
    previous_admirer: Int32s  # (n,)


class Lists(NamedTuple):
    """Candidate lists of all clusters, end to end, with gaps where old lists were; see Rounds._reserve."""

    ids: Int32s  # ~id where the linkage is only a lower bound
    linkages: npt.NDArray[np.floating[Any]]  # as of `scanned`; lower bounds once an end has merged


class MergeLog(NamedTuple):
    """Merges in an order in which every cluster is made before it is merged on; linkages may be unsorted."""

    pairs: Int32s  # (m, 2) cluster ids (kept, gone)
    linkages: npt.NDArray[np.float64]  # (m,)
    sure: npt.NDArray[np.bool_]  # (m,) both reaches were proofs, and rounding of the means hides nothing


def new_clusters(means: Means, sizes: Int32s) -> Clusters:
    """Every row of `means` (n, d) a cluster of its own, standing for `sizes` (n,) equal points. Takes over `means`."""
    n = len(means)
    return Clusters(
        means=means,
        remainders=np.empty((0, means.shape[1]), means.dtype),
        spreads=np.zeros(n),
        sizes=sizes.copy(),
        parents=np.arange(n, dtype=np.int32),
        reach=np.zeros(n),
        proven=np.ones(n, bool),
        nearest=np.full(n, NONE, np.int32),
        nearest_linkage=np.full(n, np.inf, means.dtype),
        changed=np.full(n, -1, np.int32),
        scanned=np.full(n, -1, np.int32),
        list_start=np.zeros(n, np.int64),
        list_length=np.zeros(n, np.int32),
        partner=np.full(n, NONE, np.int32),
        admirer=np.full(n, NONE, np.int32),
        next_admirer=np.full(n, NONE, np.int32),
        previous_admirer=np.full(n, NONE, np.int32),
    )


def new_lists(capacity: int, dtype: np.dtype[Any]) -> Lists:
    """Room for `capacity` entries."""
    return Lists(np.empty(capacity, np.int32), np.empty(capacity, dtype))


def new_merge_log(capacity: int) -> MergeLog:
    """Room for `capacity` merges."""
    return MergeLog(np.empty((capacity, 2), np.int32), np.empty(capacity), np.empty(capacity, bool))
