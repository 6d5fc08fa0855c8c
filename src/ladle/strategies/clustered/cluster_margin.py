"""Cluster-Margin: the unsure examples, spread over the clusters of the pool."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, get_args

import numpy as np
import numpy.typing as npt

from ladle import draws
from ladle.arraylikes import as_array
from ladle.arrays import Margins, Rows
from ladle.clusters import PoolClusters, as_clusters
from ladle.frames import check_same_index
from ladle.numbers import choice
from ladle.scores import MultiLabel
from ladle.strategies.clustered.cluster_chooser import ClusterChooser
from ladle.strategies.clustered.crowding import CandidateRatio, Crowding, checked_ratio, crowding
from ladle.strategies.clustered.groups import Groups, GroupSize, in_visiting_order
from ladle.strategies.query.chooser import Asked, Choice, check_multilabel
from ladle.strategies.query.request import Request, as_margins, check_request, rows_described
from ladle.strategies.scored.candidates import smallest, sorted_by_margin


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
    """Choose a batch of unlabelled rows by Cluster-Margin.

    The ceil(candidate_ratio * batch_size) unlabelled rows of smallest margin (all of them, if fewer) are grouped by
    cluster. The groups are visited round after round, the smallest first, and each visit takes one member uniformly
    at random, until the batch is full.

    Parameters
    ----------
    margins : array_like, shape (n,)
        0 or larger, small where the model is unsure. Labelled rows may hold NaN.
    clusters : array_like of int, shape (n,)
        The flat cluster of each row, 0 or larger, not necessarily contiguous.
    batch_size : int
        Rows to choose, from 1 to the number of unlabelled rows.
    candidate_ratio : float or "auto", default 10
        Candidates for each place in the batch, 1 or larger. "auto" measures how often the least sure rows share a
        cluster, against chance: it takes the batch of margin sampling where that is as by chance, and a ratio up to 10
        where they crowd; see `ladle.strategies.clustered.crowding`.
    labelled : array_like, optional
        Distinct rows to leave out, or a boolean mask of shape (n,).
    seed : int, default 0
        From 0 to 2**63 - 1. It decides ties and the draws within clusters.
    group_size : {"candidates", "pool"}, default "candidates"
        What the size of a group is: its candidates, or all rows of its cluster in the pool.

    Returns
    -------
    ndarray of int64, shape (batch_size,)
        Different rows, in the order of choice.

    Raises
    ------
    ArgumentError
        `batch_size` is not between 1 and the number of unlabelled rows, or another argument is out of range.
    MismatchError
        `margins` and `clusters` differ in length.
    ShapeError, NonFiniteError, DataError
        An array has another shape, or a margin is not finite or negative.

    Notes
    -----
    Cost: O(n + k + g log g) for k candidates in g clusters; about 30 bytes a candidate and 5 a row of the pool.

    Repeatability: the arguments decide the result, on any number of threads. Ties among margins and among group sizes
    are seeded draws.

    References
    ----------
    Citovsky et al. 2021, "Batch Active Learning at Scale", algorithm 1.
    """
    check_same_index({"margins": margins, "clusters": clusters})
    margins, clusters = as_array(margins, "margins"), as_array(clusters, "clusters")
    pool_rows = rows_described({"margins": margins, "clusters": clusters})
    request = check_request(batch_size, pool_rows=pool_rows, labelled=labelled, seed=seed, size_name="batch_size")
    candidate_ratio = _checked_options(candidate_ratio, group_size)
    values, pool_clusters = as_margins(margins, labelled=request.labelled), as_clusters(clusters)
    candidates = _candidates(values, pool_clusters, request, candidate_ratio)
    if candidates.is_batch:
        return sorted_by_margin(candidates.rows, values, request)
    groups = in_visiting_order(candidates.rows, pool_clusters, group_size=group_size, seed=request.seed)
    return _round_robin(groups, request)[0]


@dataclass(frozen=True, eq=False, repr=False)  # no slots: `clusters` is kept in the instance's __dict__
class ClusterMargin(ClusterChooser):
    """Small margins spread over the clusters of the pool: cluster once, then query every round.

    The unlabelled rows of smallest margin are grouped by cluster, and the batch takes one of each group in turn, the
    smallest group first; see `cluster_margin`.

    A query needs `margins`, or the `probabilities` they come from. The scores of a selection are margins. An array
    given as `embeddings` is not read, because it may come from another model; a pool given as `embeddings` must be the
    pool of the tree.

    Parameters
    ----------
    tree : Dendrogram or array_like of int, shape (n,)
        A tree of the pool, cut once, here; or the flat cluster of each row, 0 or larger.
    mean_size, threshold, n_clusters : number, optional
        The level at which to cut the tree, at most one of them. Without any, the tree is cut at the level that it was
        made for (a mean size of 10, unless `ladle.cluster` was given another). None with flat clusters.
    candidate_ratio : float or "auto", default 10
        Candidates for each place in the batch; see `cluster_margin`.
    group_size : {"candidates", "pool"}, default "candidates"
        What the size of a group is; see `cluster_margin`.
    multilabel : {"min", "mean"}, optional
        How the margins of yes-or-no classes are combined into one for a row; see `ladle.margin`.

    Attributes
    ----------
    clusters : PoolClusters
        The flat cluster of each row.

    Raises
    ------
    ArgumentError, ShapeError
        A parameter is out of range, or the clusters are not one integer for each row.
    MismatchError
        At a query: the pool is not the one that was clustered.

    Notes
    -----
    Cost: O(n + k + g log g) time after the margins, for k candidates in g clusters; 30 bytes a candidate and 9 a row of
    the pool.

    Repeatability: set by tree, margins and seed.

    References
    ----------
    Citovsky et al. 2021, "Batch Active Learning at Scale", algorithm 1.
    """

    name: ClassVar[str] = "cluster-margin"
    summary: ClassVar[str] = "Small margins spread over the clusters of the pool: cluster once, then query every round."
    cost: ClassVar[str] = (
        "O(n + k + g log g) time after the margins, for k candidates in g clusters; 30 bytes a candidate and 9 a row "
        "of the pool."
    )
    repeats: ClassVar[str] = "set by tree, margins and seed."
    source: ClassVar[str] = 'Citovsky et al. 2021, "Batch Active Learning at Scale", algorithm 1.'
    _: KW_ONLY
    candidate_ratio: CandidateRatio = 10
    group_size: GroupSize = "candidates"
    multilabel: MultiLabel | None = None

    def __post_init__(self) -> None:
        check_multilabel(self.multilabel)
        _checked_options(self.candidate_ratio, self.group_size)
        super().__post_init__()

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        request = asked.request
        margins = asked.margins(multilabel=self.multilabel)
        candidates = _candidates(margins, self.clusters, request, self.candidate_ratio)
        groups = in_visiting_order(candidates.rows, self.clusters, group_size=self.group_size, seed=request.seed)
        cutoff = float(margins[candidates.rows].max())
        rows, rounds = _round_robin(groups, request)
        facts = {
            "candidate_ratio": candidates.ratio,
            "group_size": self.group_size,
            "margin_cutoff": cutoff,
            "groups": len(groups),
            "smallest_group": int(groups.sizes.min()),
            "largest_group": int(groups.sizes.max()),
            "clusters_touched": min(len(groups), request.size),  # the first round visits every group once
            "visits": rounds,  # of the group that was visited most often
        }
        if candidates.crowding is not None:
            facts |= {"shared": candidates.crowding.shared, "shared_by_chance": candidates.crowding.by_chance}
        if candidates.is_batch:
            rows = sorted_by_margin(candidates.rows, margins, request)  # the same rows, in the order of Margin
        return Choice(rows, margins[rows], facts, candidate_rows=len(candidates.rows))

    def restricted(self, rows: Rows) -> ClusterMargin:
        """See `Chooser.restricted`."""
        return ClusterMargin(
            self.clusters.at(rows),
            candidate_ratio=self.candidate_ratio,
            group_size=self.group_size,
            multilabel=self.multilabel,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """The candidates of a query: rows (k,) int64 ascending, their ratio, and the crowding that "auto" measured."""

    rows: Rows
    ratio: float
    crowding: Crowding | None

    @property
    def is_batch(self) -> bool:
        """Whether "auto" found no crowding: the candidates are then the batch, in the order of their margins."""
        return self.crowding is not None and not self.crowding.is_crowded


def _candidates(
    margins: Margins, clusters: PoolClusters, request: Request, candidate_ratio: CandidateRatio
) -> _Candidates:
    if not isinstance(candidate_ratio, str):
        ratio = float(candidate_ratio)
        return _Candidates(smallest(margins, request, _count(request, ratio)), ratio, None)
    batch = smallest(margins, request, request.size)
    crowded = crowding(batch, clusters, request)
    rows = smallest(margins, request, _count(request, crowded.ratio)) if crowded.is_crowded else batch
    return _Candidates(rows, crowded.ratio, crowded)


def _count(request: Request, ratio: float) -> int:
    return min(request.unlabelled_rows, math.ceil(ratio * request.size))


def _round_robin(groups: Groups, request: Request) -> tuple[Rows, int]:
    """The batch in order of choice, and the number of rounds begun. Overwrites `groups.members`."""
    from ladle.strategies.clustered.kernels import round_robin

    batch = np.empty(request.size, np.int64)
    in_play = np.arange(len(groups), dtype=np.int64)
    draw_key = draws.key(request.seed, "members")
    rounds = round_robin(draw_key, groups.names, groups.starts, groups.members, in_play, batch)
    return batch, int(rounds)


def _checked_options(candidate_ratio: CandidateRatio, group_size: str) -> CandidateRatio:
    choice(group_size, "`group_size`", get_args(GroupSize), wanted='be "candidates" or "pool"')
    return checked_ratio(candidate_ratio)
