"""TypiClust: as many clusters as there will be labels, and the most typical row of each that has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ladle import draws
from ladle.arrays import Rows
from ladle.clusters import Cuttable, PoolClusters, as_clusters, check_clustered, is_cuttable
from ladle.errors import ArgumentError
from ladle.geometry.points import Metric, Points, check_metric, check_placeable
from ladle.strategies.clustered.kmeans import k_means
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Need

NEAREST = 20  # neighbours whose mean distance says how typical a row is
TOO_SMALL = 5  # rows: a cluster of fewer is rather a few outliers, in the paper, where 100 are usual
USUAL = 100
REFERENCE = 2_000  # of a larger cluster, so many drawn rows stand for all when neighbours are looked for
SOFTENING = 1e-5  # of a mean distance, so that the typicality of equal rows is finite

Longs = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False, init=False)
class TypiClust(Chooser):
    """From cluster after cluster, those with the fewest labelled rows first and then the largest, the most typical row.

    The pool is in labelled + size clusters: a `tree` (a `ladle.Dendrogram`) is cut there in every query, or, where it
    stops at fewer merges, at the level it was made for; (n,) flat clusters are taken as they are; without either,
    k-means makes them, in two levels beyond 2,000. A row is the more typical the nearer its 20 nearest neighbours
    within its cluster are, labelled ones too: 1 / (mean Euclidean distance + 1e-5); in a cluster of more than 2,000
    rows, the nearest among 2,000 drawn ones. When all clusters have been visited and the batch is not full, they are
    visited again, in the same order, for the next most typical. Two choices of ours, for large batches: the number of
    clusters is not held to 500; and those of fewer than 5 rows are not left out but wait until the others have no
    unlabelled row left, where 5 is for clusters of 100 on average, and less for smaller ones in proportion, down to 2.
    metric: "cosine" (distance of unit vectors) or "sqeuclidean" (of the rows as they are), as in `ladle.cluster`.
    Asked with `embeddings`; the scores of a selection are typicalities, 0 for the only row of a cluster.
    Raises: ArgumentError, ShapeError; MismatchError when the pool has not as many rows as were clustered;
    ZeroVectorError (cosine).
    Cost: n min(cluster size, 2,000) dim multiply-adds at most; for k-means (80 k + n) k dim more up to k = 2,000
    clusters, and about 6 n sqrt(k) dim beyond; n dim numbers, twice for a moment.
    Repeats: set by embeddings, clusters and seed; ties by lot; any thread count.
    Source: Hacohen, Dekel & Weinshall 2022, "Active Learning on a Budget", algorithm 1.
    """

    name: ClassVar[str] = "typiclust"
    needs: ClassVar[tuple[Need, ...]] = ("embeddings",)
    tree: Cuttable | PoolClusters | None
    metric: Metric
    rows: Rows | None  # of the tree's pool, those that the pool asked about is; None for all

    def __init__(
        self, tree: Cuttable | npt.ArrayLike | PoolClusters | None = None, *, metric: Metric = "cosine"
    ) -> None:
        check_metric(metric)
        known = tree is None or isinstance(tree, PoolClusters) or is_cuttable(tree)
        object.__setattr__(self, "tree", tree if known else as_clusters(tree))  # type: ignore[arg-type]
        object.__setattr__(self, "metric", metric)
        object.__setattr__(self, "rows", None)

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        request = asked.request
        given = self._given_clusters(len(request.labelled) + request.size)
        if given is not None:
            check_clustered(len(given), request.pool_rows)
        embeddings = asked.embeddings()
        check_placeable(embeddings, self.metric)
        points = Points.of(embeddings, np.arange(request.pool_rows), self.metric)
        if given is None:
            given = k_means(points.points, len(request.labelled) + request.size, request.seed, asked.progress)
        members = Members.of(given, request.labelled)
        points = Points(points.points[members.order], points.scale)  # a cluster's rows lie together from here on
        ranked = members.visited(request.seed)
        rank, turn = visits(members.free[ranked.clusters], ranked.large, request.size)
        rows, typicality = self._most_typical(asked, members, points, ranked.clusters[: rank.max() + 1])
        starts = np.concatenate(([0], np.cumsum(members.free[ranked.clusters])))
        picks = starts[rank] + turn
        facts: dict[str, int | float | str] = {
            "metric": self.metric,
            "clustered_by": "k-means" if self.tree is None else "what was given",
            "clusters": len(np.unique(given)),
            "clusters_touched": len(np.unique(rank)),
            "small_clusters": len(ranked.clusters) - ranked.large,  # with an unlabelled row, but set last
            "largest_cluster": int(members.sizes.max()),
            "visits": int(turn.max()) + 1,  # the most that any one cluster was visited
        }
        return Choice(rows[picks], typicality[picks].astype(np.float32), facts)

    def check_pool(self, pool_rows: int) -> None:
        """See `Chooser.check_pool`; a tree that does not say of how many rows it is, `choose` cuts and sees."""
        clustered = self.tree if isinstance(self.tree, PoolClusters) else self.rows
        count = getattr(self.tree, "n", None) if clustered is None else len(clustered)
        if count is not None:
            check_clustered(count, pool_rows)

    def restricted(self, rows: Rows) -> TypiClust:
        """See `Chooser.restricted`."""
        if self.tree is None:
            return self
        if isinstance(self.tree, PoolClusters):
            return TypiClust(self.tree.at(rows), metric=self.metric)
        narrowed = TypiClust(self.tree, metric=self.metric)
        object.__setattr__(narrowed, "rows", rows if self.rows is None else self.rows[rows])
        return narrowed

    def _given_clusters(self, wanted: int) -> npt.NDArray[np.int32] | None:
        """(n,) the clusters of the rows asked about, as near to `wanted` as what was given allows; None for k-means."""
        if self.tree is None:
            return None
        if isinstance(self.tree, PoolClusters):
            return self.tree.labels
        try:
            labels = self.tree.cut(n_clusters=wanted)
        except ArgumentError:  # it stops short of so few: the level it was made for has more
            labels = self.tree.cut()
        return labels if self.rows is None else labels[self.rows]

    def _most_typical(
        self, asked: Asked, members: Members, points: Points, clusters: Longs
    ) -> tuple[Rows, npt.NDArray[np.float64]]:
        """The unlabelled rows of `clusters` in turn, the most typical of each first; and how typical they are."""
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
class Ranked:
    """Clusters with an unlabelled row, first visited first: `large` of them, then those too small."""

    clusters: Longs
    large: int


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """A pool by cluster. order: (n,) rows, cluster after cluster; cluster: (n,) that of each, in that order."""

    order: Rows
    cluster: npt.NDArray[np.int32]
    starts: Longs  # (clusters + 1,)
    sizes: Longs  # (clusters,)
    free: Longs  # (clusters,) the unlabelled among them

    @classmethod
    def of(cls, labels: npt.NDArray[np.int32], labelled: Rows) -> Members:
        """From the cluster of each row (n,)."""
        from ladle.neighbours.coarse import by_cell

        order, starts = by_cell(labels, int(labels.max()) + 1)
        sizes = np.diff(starts)
        return cls(order, labels[order], starts, sizes, sizes - np.bincount(labels[labelled], minlength=len(sizes)))

    def visited(self, seed: int) -> Ranked:
        """In order of visit: the fewest labelled first, then the largest, ties by lot; those too small last."""
        present = np.flatnonzero(self.free)
        mean_size = len(self.order) / np.count_nonzero(self.sizes)
        small = self.sizes[present] < min(TOO_SMALL, max(2, TOO_SMALL * mean_size / USUAL))
        # By first rows, not numbers: these are the caller's own, or depend on how the clusters were made.
        lots = draws.priorities(draws.key(seed, "cluster order"), self.order[self.starts[present]])
        labelled = self.sizes[present] - self.free[present]
        ranking = np.lexsort((lots, -self.sizes[present], labelled, small))
        return Ranked(present[ranking], int(np.count_nonzero(~small)))

    def references(self, clusters: Longs, seed: int) -> tuple[Longs, Longs, Longs]:
        """Among whom neighbours are looked for: first and last (clusters,), and the places in `order` they bound."""
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
    """Which clusters are visited in turn, and how often each was before: two arrays (size,).

    free: (c,) unlabelled rows of each, in order of visit; the first `large` go until they are used up.
    """
    ranks, turns = [], []
    for start, stop in ((0, large), (large, len(free))):
        counts = free[start:stop]
        wanted = min(size, int(counts.sum()))
        size -= wanted
        rounds, most = 0, int(counts.max(initial=0))
        while rounds < most:  # the fewest rounds that give as many
            middle = (rounds + most) // 2
            rounds, most = (rounds, middle) if np.minimum(counts, middle).sum() >= wanted else (middle + 1, most)
        taken = np.minimum(counts, rounds)
        rank = np.repeat(np.arange(start, stop), taken)
        turn = np.arange(len(rank)) - np.repeat(np.cumsum(taken) - taken, taken)
        order = np.argsort(turn, kind="stable")[:wanted]
        ranks.append(rank[order])
        turns.append(turn[order])
    return np.concatenate(ranks), np.concatenate(turns)
