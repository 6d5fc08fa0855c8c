"""Fan-out: the label of a few representatives, proposed for the other rows of their tight clusters.

The results are proposals with a cautious confidence, not labels. People check a random audit sample, which then shows
how many proposals are right. As with a strategy, no state is kept, and memory is a few numbers a row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import draws
from ladle.arraylikes import as_array
from ladle.arrays import Labels, Rows, as_labels, as_rows
from ladle.clusters import Cuttable, PoolClusters, check_origin, clusters_of
from ladle.errors import ArgumentError, ShapeError
from ladle.frames import check_same_index
from ladle.numbers import whole
from ladle.proposals.audit import Precision, precision_of, wilson
from ladle.seeds import check_seed

Longs = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]

AUDIT = 300  # rows: their 95% interval is at most 11.3 points wide, and about 5 points where 95% are right
CERTAINTY = 0.95  # confidence of the one-sided bound on the pooled agreement
SHRINKAGE = 2.0  # weight of the pooled agreement inside a cluster, in labels: that of Laplace's 1/2
ALIKE = 30  # the fewest clusters with two or more labels from which the agreement of a range of sizes is measured


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Proposed labels, and the rows to check before anybody relies on them.

    Attributes
    ----------
    rows : ndarray of int64, shape (p,)
        Unlabelled positions in the pool, ascending.
    labels : ndarray, shape (p,)
        The label proposed for each, in the dtype of the labels given.
    confidences : ndarray of float32, shape (p,)
        The confidence of each proposal, 0 to 1; see `spread`.
    clusters : ndarray of int64, shape (p,)
        The cluster of each row.
    audit : ndarray of int64, shape (a,)
        Rows to check: drawn uniformly from `rows`, in random order.
    facts : mapping of str to int or float
        Counts of clusters and proposals, in values that JSON can hold.
    """

    rows: Rows
    labels: Labels
    confidences: npt.NDArray[np.float32]
    clusters: Longs
    audit: Rows
    facts: Mapping[str, int | float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<Spread: labels proposed for {len(self):,} rows, {len(self.audit):,} of them to check>"

    def precision(self, truth: npt.ArrayLike, *, confidence: float = 0.95) -> Precision:
        """Estimate the share of right proposals from the labels that people gave to the audit.

        Parameters
        ----------
        truth : array_like, shape (k,)
            Labels of the first k rows of `audit`. The rows are in random order, so the first k are a fair sample.
        confidence : float, default 0.95
            Confidence of the two-sided interval, between 0 and 1.

        Returns
        -------
        Precision
            The share, with Wilson's interval. The interval is wider than necessary where the audit is a large part of
            the proposals.

        Raises
        ------
        ArgumentError
            There are no labels or more than audit rows, their kind is not that of the proposals, or `confidence` is out
            of range.
        ShapeError
            `truth` has another number of axes.

        References
        ----------
        Wilson 1927, "Probable inference, the law of succession, and statistical inference".
        """
        answers = as_labels(truth, "truth")
        if not 1 <= len(answers) <= len(self.audit):
            raise ArgumentError(
                "`truth`",
                wanted=f"label 1 to {len(self.audit):,} rows, the first of the audit",
                got=f"{len(answers):,} labels",
            )
        if _is_text(answers) != _is_text(self.labels):
            raise ArgumentError(
                "`truth`", wanted=f"be labels as those proposed ({self.labels.dtype})", got=f"dtype {answers.dtype}"
            )
        proposed = self.labels[np.searchsorted(self.rows, self.audit[: len(answers)])]
        return precision_of(int(np.count_nonzero(proposed == answers)), len(answers), confidence)


def spread(
    labels: tuple[npt.ArrayLike, npt.ArrayLike],
    tree: Cuttable | npt.ArrayLike | PoolClusters,
    *,
    threshold: float | None = None,
    mean_size: float | None = None,
    n_clusters: int | None = None,
    pool: Any = None,
    audit: int = AUDIT,
    seed: int = 0,
) -> Spread:
    """Propose, for each unlabelled row of a cluster with labelled rows, the most common of their labels.

    Where two labels are equally common among a cluster's labelled rows, no label is proposed; `facts` counts such
    clusters.

    Parameters
    ----------
    labels : pair of array_like, shape (l,) each
        Rows of the pool, and their labels: whole numbers, booleans or text. A row that is named twice must have the
        same label both times, and counts once.
    tree : Dendrogram or array_like of int, shape (n,)
        A tree of the pool; or the flat cluster of each row, 0 or larger.
    threshold, mean_size, n_clusters : number, optional
        The level at which to cut the tree, at most one of them; without any, the level that it was made for. Fan-out
        needs a lower threshold (a smaller mean size) than selection. None with flat clusters.
    pool : Pool or array_like, shape (n, dim), optional
        The pool, or its embeddings; refused if the tree was made from another.
    audit : int, default 300
        Proposed rows to draw for checking; all of them, if there are fewer; 0 for none.
    seed : int, default 0
        Seed of the audit, from 0 to 2**63 - 1.

    Returns
    -------
    Spread
        The proposals, with a confidence for each, and the audit.

    Raises
    ------
    ArgumentError
        A row is outside the pool of the tree, a row has two labels, or an option is out of range.
    ShapeError
        The arrays have other shapes.
    MismatchError
        The tree is of another pool.

    Notes
    -----
    The confidence of a proposal that m of the cluster's t labelled rows support is

        (m - 1 + 2 L) / (t - 1 + 2)

    L is the lower end of Wilson's interval (one-sided, 95%) of the probability that two members of a cluster share a
    label. Each cluster with two or more labelled rows counts once in it, with the share of its pairs that agree.
    Clusters of similar size are pooled: those between two powers of two, together with the next such range until there
    are 30 clusters. So the first label is the proposal, each further label is a test of it, and L weighs as much as two
    tests. The confidence of a single label is the agreement found in clusters of its size, and 0 where no cluster has
    two labels. It holds on average over clusters, and assumes that a cluster's labelled rows are a fair sample of it;
    the audit does not assume that.

    Cost: O(n + l log l) time, and one pass over `pool`; about 30 bytes a row of the pool and 60 a label.

    Repeatability: set by labels and clusters. The seed draws the audit; a smaller audit begins a larger one.

    References
    ----------
    Wilson 1927, "Probable inference, the law of succession, and statistical inference", for a mean of shares, whose
    variance is at most that of yes and no; Laplace's rule of succession, with the pooled agreement in place of 1/2.
    """
    seed, audit = check_seed(seed), whole(audit, "`audit`", least=0)
    clusters = clusters_of(tree, mean_size=mean_size, threshold=threshold, n_clusters=n_clusters)
    check_origin(
        clusters,
        pool,
        subject="`pool`",
        wanted="be the pool the tree was made from",
        remedy="Give the tree of this pool.",
    )
    labelled, codes, values = _as_pair(labels, len(clusters))
    sizes = np.bincount(clusters.labels, minlength=clusters.count)
    votes = _count_votes(clusters.labels[labelled], codes, len(values))
    pooled = _pooled_agreement(votes, sizes[votes.clusters])
    trust = (votes.winning - 1 + SHRINKAGE * pooled) / (votes.total - 1 + SHRINKAGE)

    place = np.full(clusters.count, -1, np.int32)  # of each cluster in `votes`; -1 for a tie and for no votes
    place[votes.clusters[~votes.tied]] = np.flatnonzero(~votes.tied)
    vote_pos = place[clusters.labels]
    vote_pos[labelled] = -1
    rows = np.flatnonzero(vote_pos >= 0)
    vote_pos = vote_pos[rows]
    return Spread(
        rows=rows,
        labels=values[votes.winners[vote_pos]],
        confidences=np.clip(trust, 0, 1).astype(np.float32)[vote_pos],
        clusters=clusters.names[clusters.labels[rows]],
        audit=draws.sample(draws.key(seed, "audit"), rows, min(audit, len(rows))),
        facts=_facts(votes, sizes, len(labelled), len(rows)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Votes:
    """The labels of v clusters, counted; every array (v,), clusters ascending.

    winners: code of the most common label (the first of several); winning: rows with that label; total: labelled rows;
    tied: whether several labels are most common; alike: ordered pairs of labelled rows with the same label.
    """

    clusters: Longs
    winners: Longs
    winning: Longs
    total: Longs
    tied: npt.NDArray[np.bool_]
    alike: Longs


def _count_votes(clusters: npt.NDArray[np.int32], codes: Longs, n_values: int) -> _Votes:
    """Count the labels of each cluster. clusters, codes: (l,), of the labelled rows."""
    cells, counts = np.unique(clusters.astype(np.int64) * n_values + codes, return_counts=True)
    cell_clusters = cells // n_values
    starts = np.flatnonzero(np.diff(cell_clusters, prepend=-1))
    winning = np.maximum.reduceat(counts, starts)
    most_common = counts == np.repeat(winning, np.diff(starts, append=len(cells)))
    ties = np.add.reduceat(most_common, starts, dtype=np.int64)
    first = np.flatnonzero(most_common)[np.cumsum(ties) - ties]
    return _Votes(
        clusters=cell_clusters[starts],
        winners=cells[first] % n_values,
        winning=winning,
        total=np.add.reduceat(counts, starts),
        tied=ties > 1,
        alike=np.add.reduceat(counts * (counts - 1), starts),
    )


def _pooled_agreement(votes: _Votes, sizes: Longs) -> Reals:
    """(v,) for each cluster of `votes`, the lower bound of how often members of clusters of its size share a label."""
    tested = votes.total >= 2
    agreement = votes.alike[tested] / (votes.total[tested] * (votes.total[tested] - 1))
    octave = np.frexp(sizes)[1]  # 1 for size 1, 2 for 2 and 3, 3 for 4 to 7, ...
    per_octave = np.bincount(octave[tested], minlength=int(octave.max()) + 1)
    group = np.zeros(len(per_octave), np.int64)
    number = gathered = 0
    for size_pos, count in enumerate(per_octave):
        if gathered >= ALIKE and per_octave[size_pos:].sum() >= ALIKE:  # fewer than that stay in the last group
            number, gathered = number + 1, 0
        group[size_pos] = number
        gathered += int(count)
    groups = group[octave]
    trials = np.bincount(groups[tested], minlength=number + 1)
    sums = np.bincount(groups[tested], weights=agreement, minlength=number + 1)
    low, _ = wilson(np.minimum(sums / np.maximum(trials, 1), 1), trials, NormalDist().inv_cdf(CERTAINTY))
    return low[groups]


def _facts(votes: _Votes, sizes: Longs, labelled_rows: int, proposed: int) -> dict[str, int | float]:
    unlabelled = int(sizes.sum()) - labelled_rows
    tested = votes.total >= 2
    facts: dict[str, int | float] = {
        "proposed": proposed,
        "coverage": proposed / unlabelled if unlabelled else 0.0,  # of the unlabelled rows
        "labelled": labelled_rows,
        "clusters": int(np.count_nonzero(sizes)),
        "labelled_clusters": len(votes.clusters),
        "tested_clusters": int(np.count_nonzero(tested)),  # with two labelled rows or more
        "conflicted_clusters": int(np.count_nonzero(votes.winning < votes.total)),
        "tied_clusters": int(np.count_nonzero(votes.tied)),
        "tied_rows": int((sizes[votes.clusters] - votes.total)[votes.tied].sum()),  # unlabelled, without a proposal
    }
    if tested.any():
        pairs = votes.total[tested] * (votes.total[tested] - 1)
        facts["agreement"] = math.fsum(votes.alike[tested] / pairs) / int(np.count_nonzero(tested))
    return facts


def _as_pair(labels: Any, pool_rows: int) -> tuple[Rows, Longs, Labels]:
    """Rows (l,), ascending and distinct; the code of the label of each (l,); the label of each code."""
    if not isinstance(labels, (tuple, list)) or len(labels) != 2:
        raise ArgumentError(
            "`labels`",
            wanted="be a pair of arrays (rows, labels)",
            got=f"a {type(labels).__name__}",
            remedy="Of a mapping, give (list(mapping), list(mapping.values())).",
        )
    check_same_index({"the rows of `labels`": labels[0], "labels": labels[1]})
    rows = as_array(labels[0], "the rows of `labels`", by_index=False)
    answers = as_labels(labels[1], "labels", by_index=False)
    if rows.shape != answers.shape:
        raise ShapeError(
            "the rows and labels of `labels`", wanted="have one length", got=f"shapes {rows.shape} and {answers.shape}"
        )
    if len(answers) == 0:
        raise ArgumentError("`labels`", wanted="hold a label to spread", got="none")
    if rows.dtype.kind not in "iu":
        raise ArgumentError("the rows of `labels`", wanted="be row numbers", got=f"dtype {rows.dtype}")
    values, codes = np.unique(answers, return_inverse=True)
    order = np.argsort(rows, kind="stable")
    rows, codes = rows[order], codes[order].astype(np.int64)
    repeated = np.flatnonzero(rows[1:] == rows[:-1])
    conflicts = repeated[codes[repeated] != codes[repeated + 1]]
    if len(conflicts):
        first = conflicts[0]
        raise ArgumentError(
            "`labels`",
            wanted="give each row one label",
            got=f"{str(values[codes[first]])!r} and {str(values[codes[first + 1]])!r} for row {int(rows[first]):,}",
            remedy="Settle what annotators disagree on first.",
        )
    once = np.concatenate([[True], rows[1:] != rows[:-1]])
    return as_rows(rows[once], "the rows of `labels`", pool_rows=pool_rows), codes[once], values


def _is_text(labels: Labels) -> bool:
    return labels.dtype.kind not in "iub"
