"""Cluster-Margin: the unsure examples, spread over the clusters of the pool."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, get_args

import numpy as np
import numpy.typing as npt

from ladle import draws
from ladle.arraylikes import as_array
from ladle.arrays import Margins, Rows
from ladle.clusters import Cuttable, PoolClusters, as_clusters, check_clustered, check_origin, clusters_of
from ladle.frames import check_same_index
from ladle.numbers import choice
from ladle.pool import Pool
from ladle.scores import MultiLabel
from ladle.strategies.clustered.crowding import CandidateRatio, Crowding, checked_ratio, crowding
from ladle.strategies.clustered.groups import Groups, GroupSize, in_visiting_order
from ladle.strategies.query.chooser import Asked, Choice, Chooser, check_multilabel
from ladle.strategies.query.contract import Need
from ladle.strategies.query.request import Request, as_margins, check_request, rows_described
from ladle.strategies.scored.candidates import least_sure_first, smallest


def cluster_margin(
    margins: npt.ArrayLike,
    clusters: npt.ArrayLike,
    batch_size: int,
    *,
    candidate_ratio: CandidateRatio = 10,
    labelled: npt.ArrayLike | None = None,
    seed: int = 0,
    group_size: GroupSize = "candidates",
) -> Rows:
    """Choose `batch_size` unlabelled rows by Cluster-Margin: (batch_size,) int64, all different, in order of choice.

    The ceil(candidate_ratio * batch_size) unlabelled rows of smallest margin (all of them, if fewer) are grouped by
    cluster. The groups are visited round after round, the smallest first, and each visit takes one member uniformly
    at random, until the batch is full.

    margins: (n,) numbers from 0, small = unsure; labelled rows may hold NaN.
    clusters: (n,) non-negative integers, not necessarily contiguous.
    candidate_ratio: 1 or larger; or "auto", which takes Margin's batch where the least sure rows lie in clusters as by
    chance, and up to 10 where they crowd: see `ladle.strategies.clustered.crowding`.
    labelled: distinct rows to leave out, or a boolean mask (n,).
    group_size: whether the smallest group is that with the fewest "candidates", or the cluster with the fewest rows
    in the whole "pool".
    Raises: ArgumentError when `batch_size` is not between 1 and the unlabelled pool, or another argument is out of
    range; MismatchError when margins and clusters differ in length; ShapeError; NonFiniteError; DataError for negative
    margins.
    Cost: O(n + k + g log g) for k candidates in g clusters; about 30 bytes a candidate and 5 a row of the pool.
    Repeats: set by the arguments; ties among margins and among group sizes are seeded draws; any thread count.
    Source: Citovsky et al. 2021, "Batch Active Learning at Scale", algorithm 1.
    """
    check_same_index({"margins": margins, "clusters": clusters})
    margins, clusters = as_array(margins, "margins"), as_array(clusters, "clusters")
    pool_rows = rows_described(margins=margins, clusters=clusters)
    request = check_request(batch_size, pool_rows=pool_rows, labelled=labelled, seed=seed, size_name="batch_size")
    candidate_ratio = _checked_options(candidate_ratio, group_size)
    known, labels = as_margins(margins, labelled=request.labelled), as_clusters(clusters)
    ratio, found = _ratio(known, labels, request, candidate_ratio)
    if found is not None and not found.is_crowded:
        return least_sure_first(known, request)
    return _round_robin(_groups(known, labels, request, ratio, group_size), request)[0]


@dataclass(frozen=True, slots=True, eq=False, init=False)
class ClusterMargin(Chooser):
    """Cluster-Margin as a strategy: cluster once, then query every round.

    tree: a `ladle.Dendrogram`, cut once here at `mean_size`, `threshold` or `n_clusters`, or at the level it was made
    for when none of them is given (a mean size of 10, unless said otherwise when clustering); or (n,) flat clusters,
    any non-negative integers, and none of the three.
    candidate_ratio, group_size: as `cluster_margin`. multilabel: as `ladle.margin`.
    Asked with `margins`, or with the `probabilities` they come from; the scores of a selection are margins.
    An array of embeddings is not read: it may be another model's. A pool given as `embeddings` must be the tree's.
    Raises: ArgumentError, ShapeError; at a query also MismatchError for another pool.
    Cost: O(n + k + g log g) for k candidates in g clusters, after the margins; 30 bytes a candidate and 9 a
    row of the pool.
    Repeats: set by tree, margins and seed.
    Source: Citovsky et al. 2021, algorithm 1.
    """

    name: ClassVar[str] = "cluster-margin"
    needs: ClassVar[tuple[Need, ...]] = ("scores",)
    clusters: PoolClusters
    candidate_ratio: CandidateRatio
    group_size: GroupSize
    multilabel: MultiLabel | None

    def __init__(
        self,
        tree: Cuttable | npt.ArrayLike | PoolClusters,
        *,
        mean_size: float | None = None,
        threshold: float | None = None,
        n_clusters: int | None = None,
        candidate_ratio: CandidateRatio = 10,
        group_size: GroupSize = "candidates",
        multilabel: MultiLabel | None = None,
    ) -> None:
        candidate_ratio = _checked_options(candidate_ratio, group_size)
        check_multilabel(multilabel)
        clusters = clusters_of(tree, mean_size=mean_size, threshold=threshold, n_clusters=n_clusters)
        object.__setattr__(self, "clusters", clusters)
        object.__setattr__(self, "candidate_ratio", candidate_ratio)
        object.__setattr__(self, "group_size", group_size)
        object.__setattr__(self, "multilabel", multilabel)

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        request = asked.request
        known = asked.margins(multilabel=self.multilabel)
        ratio, found = _ratio(known, self.clusters, request, self.candidate_ratio)
        groups = _groups(known, self.clusters, request, ratio, self.group_size)
        cutoff = float(known[groups.members].max())
        rows, rounds = _round_robin(groups, request)
        facts = {
            "candidate_ratio": ratio,
            "group_size": self.group_size,
            "margin_cutoff": cutoff,
            "groups": len(groups),
            "smallest_group": int(groups.sizes.min()),
            "largest_group": int(groups.sizes.max()),
            "clusters_touched": min(len(groups), request.size),  # the first round visits every group once
            "visits": rounds,  # the most that any one group was visited
        }
        if found is not None:
            facts |= {"shared": found.shared, "shared_by_chance": found.by_chance}
            if not found.is_crowded:
                rows = least_sure_first(known, request)  # the same ones, in Margin's order
        return Choice(rows, known[rows], facts, candidate_rows=len(groups.members))

    def check_pool(self, pool_rows: int) -> None:
        """See `Chooser.check_pool`."""
        check_clustered(len(self.clusters), pool_rows)

    def check_embeddings(self, embeddings: npt.ArrayLike | Pool) -> None:
        """See `Chooser.check_embeddings`: it uses none, but a pool shows whether the tree is of another."""
        if isinstance(embeddings, Pool):
            check_origin(
                self.clusters,
                embeddings,
                subject="`embeddings`",
                wanted="be the pool that the tree was made from",
                remedy="Cluster this pool, or leave it out: cluster-margin reads no embeddings.",
            )

    def restricted(self, rows: Rows) -> ClusterMargin:
        """See `Chooser.restricted`."""
        return ClusterMargin(
            self.clusters.at(rows),
            candidate_ratio=self.candidate_ratio,
            group_size=self.group_size,
            multilabel=self.multilabel,
        )


def _ratio(
    margins: Margins, clusters: PoolClusters, request: Request, candidate_ratio: CandidateRatio
) -> tuple[float, Crowding | None]:
    """The ratio in numbers, and what "auto" went by."""
    if isinstance(candidate_ratio, str):
        found = crowding(margins, clusters, request)
        return found.ratio, found
    return float(candidate_ratio), None


def _groups(
    margins: Margins, clusters: PoolClusters, request: Request, candidate_ratio: float, group_size: GroupSize
) -> Groups:
    wanted = math.ceil(candidate_ratio * request.size)
    rows = smallest(margins, request, min(request.unlabelled_rows, wanted))
    return in_visiting_order(rows, clusters, group_size=group_size, seed=request.seed)


def _round_robin(groups: Groups, request: Request) -> tuple[Rows, int]:
    """The batch in order of choice, and the number of rounds begun. Uses up `groups.members`."""
    from ladle.strategies.clustered.kernels import round_robin

    batch = np.empty(request.size, np.int64)
    in_play = np.arange(len(groups), dtype=np.int64)
    draw_key = draws.key(request.seed, "members")
    rounds = round_robin(draw_key, groups.names, groups.starts, groups.members, in_play, batch)
    return batch, int(rounds)


def _checked_options(candidate_ratio: CandidateRatio, group_size: str) -> CandidateRatio:
    choice(group_size, "`group_size`", get_args(GroupSize), wanted='be "candidates" or "pool"')
    return checked_ratio(candidate_ratio)
