"""Average linkage as an estimator of scikit-learn, for as many rows as Ladle clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from ladle.arrays import Clusters
from ladle.errors import ArgumentError, MissingDependencyError
from ladle.hac import Dendrogram, cluster
from ladle.metric import Metric
from ladle.numbers import number, switch

try:
    from sklearn.base import BaseEstimator, ClusterMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise MissingDependencyError(
        "scikit-learn",
        wanted="be installed to use Ladle's estimators",
        got="none",
        remedy="Run: pip install scikit-learn",
    ) from error

if TYPE_CHECKING:
    from numpy.random import RandomState

__all__ = ["AverageLinkage"]

CLUSTERS = 2  # where no level is given, as in scikit-learn


class AverageLinkage(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Average-linkage clustering as an estimator: `AgglomerativeClustering(linkage="average")` without a matrix.

    Give one of `n_clusters`, `distance_threshold` and `mean_size`; without any there are two clusters.

    Parameters
    ----------
    n_clusters : int, optional
        The number of clusters.
    distance_threshold : float, optional
        Every merge below this height is made, as in scikit-learn. (`Dendrogram.cut` makes those at it too.) A height
        that is this one up to rounding is not below it.
    mean_size : float, optional
        Mean rows a cluster.
    metric : {"sqeuclidean", "cosine"}, default "sqeuclidean"
        Squared Euclidean distance, or 1 - cosine similarity. "euclidean" makes another tree, and is refused.
    compute_full_tree : bool, default True
        Whether `children_` and `distances_` hold all merges. False stops at the level that was asked for, which is
        quicker for large pools; up to 5,000 rows the tree is full all the same.
    exact : bool, optional
        True compares all rows, at any size; False only those nearby, which is approximate. None is exact up to 100,000
        rows.
    random_state : int, RandomState or None, default 0
        Of an approximate clustering; the exact one draws nothing.

    Attributes
    ----------
    labels_ : (n,) int32
        The cluster of each row, numbered in order of their first row.
    n_clusters_ : int
        The number of clusters.
    n_leaves_ : int
        The number of rows.
    n_connected_components_ : int
        1: there is no connectivity graph.
    children_ : (m, 2) int64
        The two clusters that each merge joins; merge i makes cluster n + i. m is n - 1 for a full tree.
    distances_ : (m,) float64
        The height of each merge, ascending.
    tree_ : Dendrogram
        The tree: other cuts, its file, and how much of it is proven.
    n_features_in_ : int
        Columns seen by `fit`.
    feature_names_in_ : (n_features_in_,) object
        Their names, where they are all texts.

    Notes
    -----
    Cost: about n^2 n_features multiply-adds where it is exact, and memory linear in n; see `ladle.cluster`.
    scikit-learn keeps n^2 / 2 distances.
    Repeats: the same labels for any number of threads.
    """

    def __init__(
        self,
        n_clusters: int | None = None,
        *,
        distance_threshold: float | None = None,
        mean_size: float | None = None,
        metric: Metric = "sqeuclidean",
        compute_full_tree: bool = True,
        exact: bool | None = None,
        random_state: int | RandomState | None = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.distance_threshold = distance_threshold
        self.mean_size = mean_size
        self.metric = metric
        self.compute_full_tree = compute_full_tree
        self.exact = exact
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: Any = None) -> Self:
        """Cluster rows.

        Parameters
        ----------
        X : (n, n_features) float array
            The rows, two or more. Sparse matrices are refused.
        y
            Ignored.

        Returns
        -------
        Self
            This estimator.

        Raises
        ------
        ArgumentError
            For impossible options, or more than one level.
        ValueError
            For rows that cannot be used, of scikit-learn's own checks and of `ladle.cluster`.
        MemoryPlanError
            When the clustering would not fit the memory available, before any work.
        """
        rows = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        level = self._level()
        stop = {} if switch(self.compute_full_tree, "`compute_full_tree`") else level
        tree = cluster(rows, metric=self.metric, exact=self.exact, seed=self._seed(), prototypes=False, **stop)
        if "threshold" in level:
            level = {"n_clusters": tree.n - _merges_below(tree, level["threshold"])}
        self.labels_: Clusters = tree.cut(**level)
        self.tree_: Dendrogram = tree.with_prototypes(rows, **level)
        self.n_clusters_ = int(self.labels_.max()) + 1
        self.n_leaves_ = tree.n
        self.n_connected_components_ = 1
        self.children_ = tree.merges
        self.distances_ = tree.heights
        return self

    def predict(self, X: npt.ArrayLike) -> Clusters:
        """Put rows into the clusters that `fit` found: each joins the one of smallest average linkage to it.

        Parameters
        ----------
        X : (q, n_features) float array
            The rows. One that equals a row of `fit` gets that row's cluster.

        Returns
        -------
        (q,) int32
            Labels, as in `labels_`.

        Raises
        ------
        ValueError
            For rows that cannot be used. sklearn.exceptions.NotFittedError, which is one, before `fit`.

        Notes
        -----
        Cost: q n_clusters n_features multiply-adds; see `Dendrogram.assign`.
        """
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return self.tree_.assign(rows, new="nearest", n_clusters=self.n_clusters_, seed=self._seed()).labels

    def _level(self) -> dict[Literal["n_clusters", "threshold", "mean_size"], Any]:
        """The one level that was asked for, as `Dendrogram.cut` takes it. Raises: ArgumentError for several."""
        given: dict[Literal["n_clusters", "threshold", "mean_size"], Any] = {}
        if self.n_clusters is not None:
            given["n_clusters"] = self.n_clusters
        if self.distance_threshold is not None:
            given["threshold"] = number(self.distance_threshold, "`distance_threshold`", least=0)
        if self.mean_size is not None:
            given["mean_size"] = self.mean_size
        if len(given) > 1:
            raise ArgumentError(
                "AverageLinkage",
                wanted="get one of `n_clusters`, `distance_threshold` and `mean_size`",
                got=f"{len(given)} of them",
            )
        return given or {"n_clusters": CLUSTERS}

    def _seed(self) -> int:
        """`random_state` as a seed of Ladle's: itself where it is a number, else drawn from it."""
        if isinstance(self.random_state, int | np.integer) and not isinstance(self.random_state, bool):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31))


def _merges_below(tree: Dendrogram, threshold: float) -> int:
    """How many merges of the tree are below this height, by more than rounding."""
    return int(np.searchsorted(tree.heights, threshold * (1 - tree.rounding), side="left"))
