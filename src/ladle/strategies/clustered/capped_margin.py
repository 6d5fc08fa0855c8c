"""Capped margin: the order of margin sampling, with at most a few examples of each tight cluster."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from ladle.arrays import Rows
from ladle.numbers import whole
from ladle.scores import MultiLabel
from ladle.strategies.clustered.capping import capped
from ladle.strategies.clustered.cluster_chooser import ClusterChooser
from ladle.strategies.query.chooser import Asked, Choice, check_multilabel

TIGHT = 3.0  # the mean size of a tight cluster, unless another level is given


@dataclass(frozen=True, eq=False, repr=False)  # no slots: `clusters` is kept in the instance's __dict__
class CappedMargin(ClusterChooser):
    """Small margins, smallest first, with at most `cap` examples of each tight cluster of the pool.

    The unlabelled rows are taken in the order of their margins. A row is passed over where `cap` rows of its cluster
    are in the batch already. Where every cluster has reached the cap and the batch is not full, the rows that were
    passed over are gone through in the same way, `cap` more of each cluster. Unlike Cluster-Margin, the batch keeps the
    order of the margins: it takes no example of which the model is surer unless a surer one of another cluster replaces
    a near-duplicate.

    A query needs `margins`, or the `probabilities` they come from. The scores of a selection are margins. An array
    given as `embeddings` is not read, because it may come from another model; a pool given as `embeddings` must be the
    pool of the tree.

    Parameters
    ----------
    tree : Dendrogram or array_like of int, shape (n,)
        A tree of the pool, cut once, here; or the flat cluster of each row, 0 or larger.
    cap : int, default 1
        Rows of one cluster before it has to wait for the others, 1 or larger.
    mean_size, threshold, n_clusters : number, optional
        The level at which to cut the tree, at most one of them. Without any, a mean size of 3. None with flat clusters.
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
    Cost: O(n + k log k) time after the margins, for the k rows that are looked at; 40 bytes each and 13 a row of the
    pool. k is little more than the batch and what is passed over; it is the pool where the clusters are few.

    Repeatability: set by tree, margins and seed; a smaller batch is the beginning of a larger one.

    References
    ----------
    Ours; LOG.md compares it with margin sampling and Cluster-Margin.
    """

    name: ClassVar[str] = "capped-margin"
    summary: ClassVar[str] = (
        "Small margins, smallest first, with at most `cap` examples of each tight cluster of the pool."
    )
    cost: ClassVar[str] = (
        "O(n + k log k) time after the margins, for the k rows that are looked at; 40 bytes each and 13 a row of the "
        "pool."
    )
    repeats: ClassVar[str] = "set by tree, margins and seed; a smaller batch is the beginning of a larger one."
    source: ClassVar[str] = "Ours; LOG.md compares it with margin sampling and Cluster-Margin."
    usual_size: ClassVar[float | None] = TIGHT
    _: KW_ONLY
    cap: int = 1
    multilabel: MultiLabel | None = None

    def __post_init__(self) -> None:
        whole(self.cap, "`cap`", least=1)
        check_multilabel(self.multilabel)
        super().__post_init__()

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        request = asked.request
        margins = asked.margins(multilabel=self.multilabel)
        batch = capped(margins, self.clusters, request, self.cap)
        facts = {"cap": self.cap} | batch.facts(margins, self.clusters, request)
        return Choice(batch.rows, margins[batch.rows], facts, candidate_rows=batch.looked_at)

    def restricted(self, rows: Rows) -> CappedMargin:
        """See `Chooser.restricted`."""
        return CappedMargin(self.clusters.at(rows), cap=self.cap, multilabel=self.multilabel)
