"""The contract between nearest-neighbour search and clustering.

Clusters are described by their mean and their spread (the mean squared distance of the members to the mean, 0 for a
point). The average linkage of two clusters under squared Euclidean distance is then

    d(A, B) = |mean_A - mean_B|^2 + spread_A + spread_B            (>= 0, no cancellation)

so "nearest" means smallest |mean_A - mean_B|^2 + spread_B. A search proposes candidates and states a reach; the
caller computes the distances that it keeps, in full precision. Every implementation guarantees:

* a query is never among its own candidates, and no candidate is repeated within a row;
* an exact search states a reach such that EVERY member that is not listed lies at linkage >= reach, including all
  rounding of the search itself;
* the nearest candidate of a precise search lies within its reach;
* the answer does not depend on threads. It may depend on the earlier calls of the same search object, which serves
  one clustering and may follow its clusters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ladle.geometry.frame import Means
from ladle.progress import Reporter


@dataclass(frozen=True, slots=True)
class Candidates:
    """The answer of a search: up to k candidates for each of q queries.

    Attributes
    ----------
    ids : (q, k) int32
        Cluster ids, nearest first as far as the search can tell; -1 for none.
    reach : (q,) float64
        The linkage below which the row is complete; inf when it lists every member.
    proven : (q,) bool
        Whether the reach is a proof or, of an approximate search, a belief.
    """

    ids: npt.NDArray[np.int32]
    reach: npt.NDArray[np.float64]
    proven: npt.NDArray[np.bool_]


class NeighbourHints(NamedTuple):
    """Which clusters lie near which, as far as the caller knows. Any of it may be missing or out of date."""

    ids: npt.NDArray[np.int32]  # lists of ids end to end; ~id counts as id
    starts: npt.NDArray[np.int64]  # (n,) where a cluster's list begins
    lengths: npt.NDArray[np.int32]  # (n,)
    parents: npt.NDArray[np.int32]  # (n,) union-find: parents[i] == i while cluster i exists


class NeighbourSearch(Protocol):
    """A search for the nearest clusters of clusters."""

    def nearest(
        self,
        means: Means,
        spreads: npt.NDArray[np.float64],
        *,
        members: npt.NDArray[np.int32],
        queries: npt.NDArray[np.int32],
        k: int,
        precise: bool,
        progress: Reporter,
        hints: NeighbourHints | None = None,
        remainders: Means | None = None,
        pause: Callable[[], None] | None = None,
    ) -> Candidates:
        """Find candidates for each of `queries` among `members`.

        Parameters
        ----------
        means : (n, d) float32 or float64
            The mean of each cluster, by cluster id.
        spreads : (n,) float64
            The spread of each cluster, by cluster id.
        members : (m,) int32
            The ids of the clusters that exist, ascending.
        queries : (q,) int32
            Some of the members, ascending.
        k
            Candidates for each query; fewer where there are fewer members.
        precise
            Whether to compare differences of means in their own precision, where the rounding of float32 products hides
            the nearest neighbour.
        progress
            Shows the search; see `ladle.progress`.
        hints
            Lists of near clusters, which an approximate search may follow.
        remainders : (n, d), optional
            Added to the means, where these lack digits; an approximate search may ignore them.
        pause
            Called where the state of a resumable search may be taken in the middle of this call.

        Returns
        -------
        Candidates
            One row for each query, in the order of `queries`.
        """
        ...
