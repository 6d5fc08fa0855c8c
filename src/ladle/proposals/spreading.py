"""Fan-out: the label of a few representatives, proposed for the rest of their tight clusters.

What comes out are proposals, each with a cautious confidence, never labels; a random audit sample says how good they
are once people have checked it. Like a strategy, it keeps no state and needs only a few numbers a row.
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

AUDIT = 300  # their 95% interval is at most 11.3 points wide, and about 5 points where 95% are right
CERTAINTY = 0.95  # of the one-sided bound on the pooled agreement
SHRINKAGE = 2.0  # labels that the pooled agreement is worth inside a cluster: the weight of Laplace's 1/2
ALIKE = 30  # clusters with two labels or more that must be pooled before a range of sizes stands for itself


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Proposed labels, and the rows to check before they are believed.

    rows: (p,) int64 unlabelled positions in the pool, ascending. labels: (p,) proposed for them, in the dtype of the
    labels given. confidences: (p,) float32, see `spread`. clusters: (p,) int64, where each comes from.
    audit: (a,) int64, some of `rows`, drawn uniformly, in random order.
    facts: what there is to tell, as numbers that JSON can carry.
    """

    rows: Rows
    labels: Labels
    confidences: npt.NDArray[np.float32]
    clusters: Longs
    audit: Rows
    facts: Mapping[str, int | float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def precision(self, truth: npt.ArrayLike, *, confidence: float = 0.95) -> Precision:
        """How many proposals are right, by what people say of `audit`, with Wilson's interval.

        truth: (k,) labels of the first k audit rows; as they stand in random order, any first k are a fair sample.
        confidence: of the two-sided interval. It takes the audit for a small share of the proposals; where it is a
        large one, the interval is wider than it need be.
        Raises: ArgumentError for no or too many labels, or of another kind than those proposed; ShapeError.
        Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
        """
        told = as_labels(truth, "truth")
        if not 1 <= len(told) <= len(self.audit):
            raise ArgumentError(
                "`truth`",
                wanted=f"label 1 to {len(self.audit):,} rows, the first of the audit",
                got=f"{len(told):,} labels",
            )
        if _is_text(told) != _is_text(self.labels):
            raise ArgumentError(
                "`truth`", wanted=f"be labels as those proposed ({self.labels.dtype})", got=f"dtype {told.dtype}"
            )
        proposed = self.labels[np.searchsorted(self.rows, self.audit[: len(told)])]
        return precision_of(int(np.count_nonzero(proposed == told)), len(told), confidence)


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
    """Propose, for every unlabelled row of a cluster with labelled rows, the label that most of those bear.

    labels: a pair of arrays (rows, labels), (l,) each: positions in the pool, and what they are labelled, whole
    numbers, booleans or text. A row named twice must bear the same label both times, and counts once.
    tree: a `ladle.Dendrogram`, cut at one of the dials, or at its own level when none is given; choose a lower
    threshold (a smaller mean size) than for selecting. Or (n,) flat clusters, and no dial.
    pool: the pool, or its embeddings (n, dim), that the rows count in: refused where the tree was made from another.
    audit: how many of the proposed rows to draw for checking; all, if fewer; 0 for none.

    No label is proposed where two are equally common among a cluster's labelled rows: such clusters are counted.

    The confidence of a proposal that m of the cluster's t labelled rows support is

        (m - 1 + 2 L) / (t - 1 + 2)

    with L the lower end of Wilson's interval (one-sided, 95%) of how often two members of a cluster share a label,
    each cluster of two labelled rows or more counting once, with the share of its pairs that agree. Clusters of alike
    size are pooled: those between two powers of two, joined with the next until there are 30. So the first label is
    what is tested, each further one a test, and L weighs as much as two tests: a single label is trusted as far as
    labels in such clusters were found to agree, and not at all (0) where no cluster has two. It is meant on average
    over clusters, and takes a cluster's labelled rows for a fair sample of it; the audit needs no such belief.

    Raises: ArgumentError when a row is outside the pool of the tree, bears two labels, or an option is out of range;
    ShapeError when the arrays do not fit; MismatchError when the tree is of another pool.
    Cost: O(n + l log l) time, and one pass over `pool`; about 30 bytes a row of the pool and 60 a label.
    Repeats: set by labels and clusters; the seed draws the audit, and a smaller audit begins a larger one.
    Source: Wilson 1927, for a mean of shares, whose variance is at most that of yes and no; Laplace's rule of
    succession, with the pooled agreement in place of 1/2.
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

    voted = np.full(clusters.count, -1, np.int32)  # where in `votes` each cluster stands; a tie stands nowhere
    voted[votes.clusters[~votes.tied]] = np.flatnonzero(~votes.tied)
    vote_pos = voted[clusters.labels]
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
    """What the labelled rows of v clusters say; every array (v,), clusters ascending.

    winners: code of the most common label (the first of several); winning: rows that bear it; total: labelled rows;
    tied: whether several labels are most common; alike: ordered pairs of labelled rows of one label.
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
    """For each voting cluster, the lower bound (v,) of how often members of clusters of its size share a label."""
    tested = votes.total >= 2
    agreement = votes.alike[tested] / (votes.total[tested] * (votes.total[tested] - 1))
    octave = np.frexp(sizes)[1]  # 1 for size 1, 2 for 2 and 3, 3 for 4 to 7, ...
    found = np.bincount(octave[tested], minlength=int(octave.max()) + 1)
    group = np.zeros(len(found), np.int64)
    number = gathered = 0
    for size_pos, count in enumerate(found):
        if gathered >= ALIKE and found[size_pos:].sum() >= ALIKE:  # what is left over stays with the last group
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
        "tied_rows": int((sizes[votes.clusters] - votes.total)[votes.tied].sum()),  # left without a proposal
    }
    if tested.any():
        pairs = votes.total[tested] * (votes.total[tested] - 1)
        facts["agreement"] = math.fsum(votes.alike[tested] / pairs) / int(np.count_nonzero(tested))
    return facts


def _as_pair(labels: Any, pool_rows: int) -> tuple[Rows, Longs, Labels]:
    """Rows (l,), ascending and distinct, the code of each one's label (l,), and the label of each code."""
    if not isinstance(labels, (tuple, list)) or len(labels) != 2:
        raise ArgumentError(
            "`labels`",
            wanted="be a pair of arrays (rows, labels)",
            got=f"a {type(labels).__name__}",
            remedy="Of a mapping, give (list(mapping), list(mapping.values())).",
        )
    check_same_index({"the rows of `labels`": labels[0], "labels": labels[1]})
    named = as_array(labels[0], "the rows of `labels`", by_index=False)
    told = as_labels(labels[1], "labels", by_index=False)
    if named.shape != told.shape:
        raise ShapeError(
            "the rows and labels of `labels`", wanted="have one length", got=f"shapes {named.shape} and {told.shape}"
        )
    if len(told) == 0:
        raise ArgumentError("`labels`", wanted="hold a label to spread", got="none")
    if named.dtype.kind not in "iu":
        raise ArgumentError("the rows of `labels`", wanted="be row numbers", got=f"dtype {named.dtype}")
    values, codes = np.unique(told, return_inverse=True)
    order = np.argsort(named, kind="stable")
    named, codes = named[order], codes[order].astype(np.int64)
    again = np.flatnonzero(named[1:] == named[:-1])
    torn = again[codes[again] != codes[again + 1]]
    if len(torn):
        first = torn[0]
        raise ArgumentError(
            "`labels`",
            wanted="give each row one label",
            got=f"{str(values[codes[first]])!r} and {str(values[codes[first + 1]])!r} for row {int(named[first]):,}",
            remedy="Settle what annotators disagree on first.",
        )
    once = np.concatenate([[True], named[1:] != named[:-1]])
    return as_rows(named[once], "the rows of `labels`", pool_rows=pool_rows), codes[once], values


def _is_text(labels: Labels) -> bool:
    return labels.dtype.kind not in "iub"
