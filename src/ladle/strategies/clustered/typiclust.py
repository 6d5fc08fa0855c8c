"""TypiClust: one cluster for each label there will be, and the most typical row of each cluster without a label."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ladle import draws
from ladle.arrays import Rows
from ladle.clusters import Cuttable, PoolClusters, as_clusters, check_clustered, is_cuttable
from ladle.errors import ArgumentError
from ladle.geometry.points import Points, check_placeable
from ladle.metric import Metric, check_metric
from ladle.strategies.clustered.kmeans import k_means
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Need

NEAREST = 20  # neighbours whose mean distance measures how typical a row is
TOO_SMALL = 5  # rows of a cluster below which the paper takes them for outliers, where clusters have `USUAL` rows
USUAL = 100
REFERENCE = 2_000  # rows drawn from a larger cluster, among which the neighbours are searched
SOFTENING = 1e-5  # of a mean distance, so that the typicality of equal rows is finite

Longs = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TypiClust(Chooser):
    """The most typical row of each cluster in turn: clusters with the fewest labelled rows first, then the largest.

    There are labelled + size clusters: a tree is cut there in every query, or at the level that it was made for if it
    does not reach so few; flat clusters are taken as they are; without either, k-means makes them, in two levels beyond
    2,000. The typicality of a row is 1 / (d + 1e-5), d being its mean Euclidean distance to the 20 nearest rows of its
    cluster, labelled ones included; in a cluster of more than 2,000 rows, to the nearest of 2,000 drawn ones. When all
    clusters have been visited and the batch is not full, they are visited again, in the same order, for the next most
    typical row.

    Two rules differ from the paper's, for large batches. The number of clusters is not limited to 500. A cluster of
    fewer than 5 rows is not left out, but waits until the others have no unlabelled row; the limit is 5 for clusters of
    100 rows on average and in proportion for smaller ones, down to 2.

    A query needs `embeddings`. The scores of a selection are typicalities, 0 for the only row of a cluster.

    Parameters
    ----------
    tree : Dendrogram or array_like of int, shape (n,), optional
        A tree of the pool, or the flat cluster of each row, 0 or larger.
    metric : {"cosine", "sqeuclidean"}, default "cosine"
        Distance of unit vectors, or of the rows as they are, as in `ladle.cluster`.

    Raises
    ------
    ArgumentError, ShapeError
        A parameter is out of range, or the clusters are not one integer for each row.
    MismatchError
        At a query: the pool has another number of rows than were clustered.
    ZeroVectorError
        At a query, under "cosine": a row of the embeddings is 0.

    Notes
    -----
    Cost: n min(cluster size, 2,000) dim multiply-adds at most, and for k-means (80 k + n) k dim more up to k = 2,000
    clusters, about 6 n sqrt(k) dim beyond; n dim numbers, for a moment twice.

    Repeatability: set by embeddings, clusters and seed, which decides ties; any number of threads.

    References
    ----------
    Hacohen, Dekel & Weinshall 2022, "Active Learning on a Budget", algorithm 1.
    """

    name: ClassVar[str] = "typiclust"
    needs: ClassVar[tuple[Need, ...]] = ("embeddings",)
    summary: ClassVar[str] = (
        "The most typical row of each cluster in turn: clusters with the fewest labelled rows first, then the largest."
    )
    cost: ClassVar[str] = (
        "n min(cluster size, 2,000) dim multiply-adds at most, and for k-means (80 k + n) k dim more up to k = 2,000 "
        "clusters, about 6 n sqrt(k) dim beyond; n dim numbers, for a moment twice."
    )
    repeats: ClassVar[str] = "set by embeddings, clusters and seed, which decides ties; any number of threads."
    source: ClassVar[str] = 'Hacohen, Dekel & Weinshall 2022, "Active Learning on a Budget", algorithm 1.'
    tree: Cuttable | npt.ArrayLike | PoolClusters | None = None
    _: KW_ONLY
    metric: Metric = "cosine"

    def __post_init__(self) -> None:
        check_metric(self.metric)
        self._flat_clusters()  # refuses what are no clusters

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        request = asked.request
        labels = self._cut(len(request.labelled) + request.size)
        if labels is not None:
            check_clustered(len(labels), request.pool_rows)
        embeddings = asked.embeddings()
        check_placeable(embeddings, self.metric)
        points = Points.of(embeddings, np.arange(request.pool_rows), self.metric)
        if labels is None:
            labels = k_means(points.points, len(request.labelled) + request.size, request.seed, asked.progress)
        members = Members.of(labels, request.labelled)
        points = Points(points.points[members.order], points.scale)  # from here on, cluster after cluster
        ranked = members.visited(request.seed)
        rank, turn = visits(members.free[ranked.clusters], ranked.large, request.size)
        rows, typicality = self._most_typical(asked, members, points, ranked.clusters[: rank.max() + 1])
        starts = np.concatenate(([0], np.cumsum(members.free[ranked.clusters])))
        picks = starts[rank] + turn
        facts: dict[str, int | float | str] = {
            "metric": self.metric,
            "clustered_by": "k-means" if self.tree is None else "what was given",
            "clusters": len(np.unique(labels)),
            "clusters_touched": len(np.unique(rank)),
            "small_clusters": len(ranked.clusters) - ranked.large,  # with an unlabelled row, but visited last
            "largest_cluster": int(members.sizes.max()),
            "visits": int(turn.max()) + 1,  # of the cluster that was visited most often
        }
        return Choice(rows[picks], typicality[picks].astype(np.float32), facts)

    def check_pool(self, pool_rows: int) -> None:
        """See `Chooser.check_pool`. A tree without its number of rows, `n`, is checked by `choose`, after the cut."""
        clusters = self._flat_clusters()
        count = getattr(self.tree, "n", None) if clusters is None else len(clusters)
        if count is not None:
            check_clustered(count, pool_rows)

    def restricted(self, rows: Rows) -> TypiClust:
        """See `Chooser.restricted`."""
        if self.tree is None:
            return self
        clusters = self._flat_clusters()
        return replace(self, tree=TreeOfRows(self._tree(), rows) if clusters is None else clusters.at(rows))

    def _tree(self) -> Cuttable:
        assert is_cuttable(self.tree)
        return self.tree

    def _flat_clusters(self) -> PoolClusters | None:
        """The flat clusters, if some were given: None for a tree and for k-means. Raises: as `as_clusters`."""
        if self.tree is None or is_cuttable(self.tree):
            return None
        return self.tree if isinstance(self.tree, PoolClusters) else as_clusters(self.tree)  # type: ignore[arg-type]

    def _cut(self, count: int) -> npt.NDArray[np.int32] | None:
        """(n,) int32, flat clusters, as near to `count` of them as the tree allows; None for k-means."""
        if self.tree is None:
            return None
        clusters = self._flat_clusters()
        if clusters is not None:
            return clusters.labels
        try:
            return self._tree().cut(n_clusters=count)
        except ArgumentError:  # the tree does not reach so few clusters: it has more at the level it was made for
            return self._tree().cut()

    def _most_typical(
        self, asked: Asked, members: Members, points: Points, clusters: Longs
    ) -> tuple[Rows, npt.NDArray[np.float64]]:
        """The unlabelled rows of `clusters`, cluster after cluster, the most typical first; and their typicalities."""
        from ladle.strategies.coverage.kernels import mean_nearest
        from ladle.threads import run_ranged

        seed = asked.request.seed
        rank = np.full(len(members.sizes), -1, np.int64)
        rank[clusters] = np.arange(len(clusters))
        free = np.ones(len(members.order), bool)
        free[asked.request.labelled] = False
        queries = np.flatnonzero(free[members.order] & (rank[members.cluster] >= 0))
        first, last, others = members.references(clusters, seed)
        cluster = members.cluster[queries]
        first, last = first[cluster], last[cluster]
        means = np.empty(len(queries))
        with asked.progress.task("typicality", len(queries)) as advance:

            def measure(start: int, stop: int) -> None:
                mean_nearest(points.points, queries, first, last, others, NEAREST, means, start, stop)
                advance(stop - start)

            run_ranged(measure, len(queries))
        rows = members.order[queries]
        lots = draws.priorities(draws.key(seed, "ties"), rows)
        best = np.lexsort((lots, means, rank[cluster]))
        return rows[best], 1.0 / (means[best] / points.scale + SOFTENING)


@dataclass(frozen=True, slots=True, eq=False)
class TreeOfRows:
    """A tree, seen as one of the pool that these rows (r,) of its own pool are."""

    tree: Cuttable
    rows: Rows

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.rows)

    def cut(
        self, *, mean_size: float | None = None, threshold: float | None = None, n_clusters: int | None = None
    ) -> npt.NDArray[np.int32]:
        """(r,) int32, the flat clusters of these rows; see `Cuttable.cut`."""
        return self.tree.cut(mean_size=mean_size, threshold=threshold, n_clusters=n_clusters)[self.rows]


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Clusters with an unlabelled row, in order of visit: `large` of them, then those that are too small."""

    clusters: Longs
    large: int


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """A pool by cluster. order: (n,) rows, cluster after cluster; cluster: (n,) the cluster of each, in that order."""

    order: Rows
    cluster: npt.NDArray[np.int32]
    starts: Longs  # (clusters + 1,)
    sizes: Longs  # (clusters,)
    free: Longs  # (clusters,) unlabelled rows

    @classmethod
    def of(cls, labels: npt.NDArray[np.int32], labelled: Rows) -> Members:
        """From the cluster of each row (n,)."""
        from ladle.neighbours.coarse import by_cell

        order, starts = by_cell(labels, int(labels.max()) + 1)
        sizes = np.diff(starts)
        return cls(order, labels[order], starts, sizes, sizes - np.bincount(labels[labelled], minlength=len(sizes)))

    def visited(self, seed: int) -> Ranked:
        """In order of visit: the fewest labelled rows first, then the largest; small clusters last; ties by lot."""
        present = np.flatnonzero(self.free)
        mean_size = len(self.order) / np.count_nonzero(self.sizes)
        small = self.sizes[present] < min(TOO_SMALL, max(2, TOO_SMALL * mean_size / USUAL))
        # Lots go by first rows, because the clusters' numbers are the caller's, or depend on how they were made.
        lots = draws.priorities(draws.key(seed, "cluster order"), self.order[self.starts[present]])
        labelled = self.sizes[present] - self.free[present]
        ranking = np.lexsort((lots, -self.sizes[present], labelled, small))
        return Ranked(present[ranking], int(np.count_nonzero(~small)))

    def references(self, clusters: Longs, seed: int) -> tuple[Longs, Longs, Longs]:
        """Where neighbours are searched: others[first[c]:last[c]], places in `order`, for each cluster c.

        Returns first and last, (clusters,) each, and others.
        """
        first, last = self.starts[:-1].copy(), self.starts[1:].copy()
        others = [np.arange(len(self.order))]
        filled = len(self.order)
        for cluster in clusters[self.sizes[clusters] > REFERENCE].tolist():
            places = others[0][first[cluster] : last[cluster]]
            drawn = draws.sample(draws.key(seed, "reference", str(self.order[places[0]])), places, REFERENCE)
            others.append(np.sort(drawn))
            first[cluster], last[cluster] = filled, filled + REFERENCE
            filled += REFERENCE
        return first, last, np.concatenate(others)


def visits(free: Longs, large: int, size: int) -> tuple[Longs, Longs]:
    """The cluster of each visit, and the number of earlier visits to it: two arrays (size,).

    free: (c,) unlabelled rows of each cluster, in order of visit; the first `large` are emptied before the others.
    """
    ranks, turns = [], []
    for start, stop in ((0, large), (large, len(free))):
        counts = free[start:stop]
        wanted = min(size, int(counts.sum()))
        size -= wanted
        rounds, most = 0, int(counts.max(initial=0))
        while rounds < most:  # search for the fewest rounds that give `wanted` rows
            middle = (rounds + most) // 2
            rounds, most = (rounds, middle) if np.minimum(counts, middle).sum() >= wanted else (middle + 1, most)
        taken = np.minimum(counts, rounds)
        rank = np.repeat(np.arange(start, stop), taken)
        turn = np.arange(len(rank)) - np.repeat(np.cumsum(taken) - taken, taken)
        order = np.argsort(turn, kind="stable")[:wanted]
        ranks.append(rank[order])
        turns.append(turn[order])
    return np.concatenate(ranks), np.concatenate(turns)
