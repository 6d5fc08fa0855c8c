"""`Dendrogram.assign`: put newcomers into the clusters there are, so that a growing pool needs no re-clustering.

A newcomer joins the cluster of smallest average linkage to it, if that is at most the height where the tree is cut: a
clustering of all rows would have merged the two there, had nothing else come between. Newcomers that are farther from
every cluster found new clusters. The old clusters stay as they are, so that newcomers do not depend on each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from ladle.arrays import Clusters, Embeddings, row_blocks
from ladle.errors import ArgumentError
from ladle.geometry.metric_space import UNITS
from ladle.hac.clustering import cluster
from ladle.hac.newcomers import NewcomerFacts, Newcomers, survey_newcomers
from ladle.hac.plan import require_memory, uses_exact
from ladle.hac.tree.dendrogram import Dendrogram
from ladle.hac.tree.kernels import label_rows
from ladle.hac.tree.level import ROUNDING, Level, largest_equal_height
from ladle.hac.tree.prototypes import Prototypes, prototypes_of_pool
from ladle.neighbours.nearest_cluster import CellOutside, ExactOutside, OutsideSearch
from ladle.numbers import choice, switch
from ladle.pool.contract import Pool
from ladle.progress import SILENT, Reporter
from ladle.seeds import check_seed

New = Literal["cluster", "mark", "nearest"]
NO_CLUSTER = -1

EXACT_PRODUCTS = 2e11  # multiply-adds up to which every newcomer meets every cluster: some seconds
RECALL = 0.98  # of the sample: then the cell search stops widening


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Assignment:
    """The clusters of newcomers, numbered after those of the tree's own rows, which do not change.

    `np.concatenate([tree.cut(), assignment.labels])` are the clusters of the grown pool.

    Attributes
    ----------
    labels : (q,) int32
        0..known-1 are clusters of the cut, known..known+founded-1 are new ones, -1 marks a newcomer far from all.
    linkages : (q,) float32
        Linkage to the cluster joined; for a newcomer far from all, to the nearest cluster of the cut.
    known : int
        Clusters of the cut.
    founded : int
        New clusters, numbered in order of their first row.
    limit : float
        Height up to which newcomers join: where the tree is cut; inf under new="nearest".
    twins : int
        Newcomers that equal a row of the tree's pool, and joined its cluster.
    recall : float or None
        Share of a sample that an exact search puts in the same place; None where the search was exact.
    unresolved : int
        Newcomers whose nearest cluster cannot be told from another one, up to rounding.
    """

    labels: Clusters
    linkages: npt.NDArray[np.float32]
    known: int
    founded: int
    limit: float
    twins: int
    recall: float | None
    unresolved: int

    def __repr__(self) -> str:
        new = f"{self.founded:,} new clusters, {int((self.labels == NO_CLUSTER).sum()):,} marked as far"
        proof = "exact" if self.recall is None else f"recall {self.recall:.1%}"
        return f"<Assignment of {len(self.labels):,} rows to {self.known:,} clusters: {new}; {proof}>"


@dataclass(frozen=True, slots=True)
class AssignRequest:
    """How to assign; see `Dendrogram.assign`."""

    level: Level
    pool: npt.ArrayLike | Pool | None = None
    new: New = "cluster"
    exact: bool | None = None
    seed: int = 0
    progress: Reporter = field(default=SILENT, repr=False)

    def __post_init__(self) -> None:
        choice(self.new, "`new`", get_args(New))
        object.__setattr__(self, "exact", switch(self.exact, "`exact`", undecided=True))
        object.__setattr__(self, "seed", check_seed(self.seed))


def assign(tree: Dendrogram, embeddings: npt.ArrayLike | Pool, request: AssignRequest) -> Assignment:
    """See `Dendrogram.assign`."""
    merges, limit = tree.locate(request.level)
    if request.pool is not None:
        tree.check_pool(request.pool, progress=request.progress)
    prototypes = _prototypes(tree, merges, request)
    newcomers = Newcomers.of(embeddings, dim=len(prototypes.centre), metric=tree.metric)
    facts = survey_newcomers(newcomers, request.progress)
    homes = _homes(prototypes, label_rows(tree.merges, tree.n, merges), facts.fingerprints)
    highest = largest_equal_height(limit, tree.metric, max(tree.rounding, ROUNDING))
    joined = np.inf if request.new == "nearest" else highest / UNITS[tree.metric]
    search, recall = _search(prototypes, newcomers, facts, joined, request)

    labels = np.empty(newcomers.rows, np.int32)
    linkages = np.empty(newcomers.rows)
    unresolved = 0
    far: list[Embeddings] = []
    with request.progress.task("assigning", newcomers.rows) as advance:
        for rows, block, absolute in newcomers.blocks():
            points = np.subtract(absolute, prototypes.centre, out=absolute)
            nearest = search.nearest(points)
            home = homes[rows]
            twins = np.flatnonzero(home != NO_CLUSTER)
            nearest.positions[twins] = home[twins]
            nearest.linkages[twins] = _linkages(prototypes, points[twins], home[twins])
            outside = (nearest.linkages > joined) & (home == NO_CLUSTER)
            nearest.positions[outside] = NO_CLUSTER
            if request.new == "cluster":
                far.append(block[outside])
            unresolved += int((nearest.unresolved & (home == NO_CLUSTER) & ~outside).sum())
            labels[rows], linkages[rows] = nearest.positions, nearest.linkages
            advance(rows.stop - rows.start)

    if request.exact and unresolved and prototypes.rounding:
        raise _unresolved_error(unresolved)
    founded = 0
    outside = labels == NO_CLUSTER
    if request.new == "cluster" and outside.any():
        new = _cluster_far(np.concatenate(far), tree.metric, limit, request)
        labels[outside] = len(prototypes) + new
        founded = int(new.max()) + 1
    return Assignment(
        labels=labels,
        linkages=(linkages * UNITS[tree.metric]).astype(np.float32),
        known=len(prototypes),
        founded=founded,
        limit=limit if request.new != "nearest" else np.inf,
        twins=int((homes != NO_CLUSTER).sum()),
        recall=recall,
        unresolved=unresolved,
    )


def _prototypes(tree: Dendrogram, merges: int, request: AssignRequest) -> Prototypes:
    """The carried prototypes if they are of this cut or a finer one, else from the pool. Raises: ArgumentError."""
    carried = tree.prototypes
    if carried is not None and carried.rounding and request.pool is not None:
        carried = None  # those of the pool are more precise
    if carried is not None and carried.merges == merges:
        return carried
    if carried is not None and carried.merges < merges:
        group = np.empty(len(carried), np.int32)
        # The rows of a fine cluster share a coarse one, so any of them may write it.
        group[label_rows(tree.merges, tree.n, carried.merges)] = label_rows(tree.merges, tree.n, merges)
        return carried.united(merges, group)
    if request.pool is None:
        raise ArgumentError(
            "`pool`",
            wanted="be the pool the tree was made from",
            got="none, and the tree carries no prototypes"
            + ("" if carried is None else f" finer than {len(carried):,} clusters"),
            remedy="Give pool= (--clustered), or have the tree carry them: tree.with_prototypes(pool).",
        )
    labels = label_rows(tree.merges, tree.n, merges)
    return prototypes_of_pool(request.pool, labels, metric=tree.metric, merges=merges, progress=request.progress)


def _homes(prototypes: Prototypes, labels: Clusters, fingerprints: npt.NDArray[np.uint64]) -> Clusters:
    """(q,) the cluster of the pool's row that a newcomer equals; NO_CLUSTER where there is none."""
    order = np.argsort(prototypes.fingerprints, kind="stable")
    places = np.searchsorted(prototypes.fingerprints, fingerprints, sorter=order)
    rows = order[np.minimum(places, len(order) - 1)]
    homes = labels[rows]
    homes[prototypes.fingerprints[rows] != fingerprints] = NO_CLUSTER
    return homes


def _search(
    prototypes: Prototypes, newcomers: Newcomers, facts: NewcomerFacts, limit: float, request: AssignRequest
) -> tuple[OutsideSearch, float | None]:
    """The search, and the share of a sample that it answers correctly: None where it is exact."""
    origin_norm = float(np.sqrt(prototypes.centre @ prototypes.centre))
    about = {"origin_norm": origin_norm, "rounding": prototypes.rounding}
    exact = ExactOutside(prototypes.offsets, prototypes.spreads, **about)
    products = float(newcomers.rows) * len(prototypes) * newcomers.dim
    if request.exact or newcomers.rows == 0 or (request.exact is None and products <= EXACT_PRODUCTS):
        return exact, None
    with request.progress.task("coarse cells"):
        cells = CellOutside(prototypes.offsets, prototypes.spreads, seed=request.seed, **about)
        points = facts.sample - prototypes.centre
        return cells, cells.tune(points, exact.nearest(points).linkages, limit, recall=RECALL)


def _unresolved_error(unresolved: int) -> ArgumentError:
    return ArgumentError(
        "`exact`",
        wanted="be asked of prototypes that tell the clusters apart",
        got=f"{unresolved:,} newcomers about as near to two clusters, whose means an older Ladle has rounded",
        remedy="Give pool= (--clustered), or leave exact= (--exact) out.",
    )


def _linkages(prototypes: Prototypes, points: npt.NDArray[np.float64], labels: Clusters) -> npt.NDArray[np.float64]:
    """(t,) linkages of points (t, d) to the clusters of these labels (t,)."""
    linkages = np.empty(len(points))
    for block in row_blocks(len(points), 8 * len(prototypes.centre)):
        difference = points[block] - prototypes.offsets[labels[block]]
        linkages[block] = np.einsum("ij,ij->i", difference, difference) + prototypes.spreads[labels[block]]
    return linkages


def _cluster_far(far: Embeddings, metric: str, limit: float, request: AssignRequest) -> Clusters:
    """Cluster newcomers that are far from all clusters among themselves, cut at the same height."""
    require_memory(
        *far.shape,
        exact=uses_exact(len(far), None),
        subject=f"clustering {len(far):,} newcomers that are far from every cluster",
        remedy='Give new="mark" and cluster them elsewhere, or assign in parts.',
    )
    tree = cluster(
        far,
        metric=metric,  # type: ignore[arg-type]
        threshold=limit,
        seed=request.seed,
        prototypes=False,
        progress=request.progress,
    )
    return tree.cut()
