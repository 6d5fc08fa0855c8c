"""`Dendrogram.assign`: newcomers into the clusters there are, so that a growing pool needs no re-clustering.

A newcomer joins the cluster of smallest average linkage to it, as long as that is below the height where the tree is
cut: there a clustering of all would have merged the two, had nothing else come between. What is farther from every
cluster founds new ones. The clusters themselves stay as they are, so that newcomers do not depend on each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from ladle.arrays import Clusters, Embeddings, as_matrix, row_blocks
from ladle.errors import ArgumentError
from ladle.geometry.metric_space import UNITS
from ladle.hac.intake import Source
from ladle.hac.newcomers import Facts, Newcomers, facts_of
from ladle.hac.tree.dendrogram import ROUNDING, Dendrogram, Level, counted_up_to
from ladle.hac.tree.kernels import label_rows
from ladle.hac.tree.prototypes import Prototypes, prototype_bytes, prototypes_of
from ladle.memory.budget import clustering_bytes, require
from ladle.neighbours.nearest_cluster import CellOutside, ExactOutside, OutsideSearch
from ladle.numbers import choice, switch
from ladle.pool.contract import Pool
from ladle.progress import SILENT, Reporter
from ladle.seeds import check_seed

New = Literal["cluster", "mark", "nearest"]
NEW = ("cluster", "mark", "nearest")
NOBODY = -1

EXACT_PRODUCTS = 2e11  # multiply-adds up to which every newcomer meets every cluster: some seconds
RECALL = 0.98  # of the sample, where the cells stop trying
CARRIED_BYTES = 1 << 30  # of prototypes that a tree carries unasked


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """Where newcomers go: labels beside those of the tree's own rows, which do not change.

    np.concatenate([tree.cut(), assignment.labels]) are the clusters of the grown pool.
    """

    labels: Clusters  # (q,) 0..known-1: clusters of the cut; known..known+founded-1: new ones; -1: marked as far off
    linkages: npt.NDArray[np.float32]  # (q,) to the cluster joined; of a newcomer far off, to the nearest of the cut
    known: int  # clusters of the cut
    founded: int  # new clusters, numbered on in order of their first row
    limit: float  # height up to which newcomers join: where the tree is cut; inf: all do
    twins: int  # newcomers equal to a row of the tree's pool, which joined its cluster
    recall: float | None  # share of a sample that an exact search puts in the same place; None where it was exact
    unresolved: int  # newcomers whose nearest cluster rounding leaves as near as another: ties, and nearly so


@dataclass(frozen=True, slots=True)
class Request:
    """How to assign; see `Dendrogram.assign`."""

    level: Level
    pool: npt.ArrayLike | Pool | None = None
    new: New = "cluster"
    exact: bool | None = None
    seed: int = 0
    progress: Reporter = field(default=SILENT, repr=False)

    def __post_init__(self) -> None:
        choice(self.new, "`new`", NEW)
        object.__setattr__(self, "exact", switch(self.exact, "`exact`", undecided=True))
        object.__setattr__(self, "seed", check_seed(self.seed))


def assign(tree: Dendrogram, embeddings: npt.ArrayLike | Pool, request: Request) -> Assignment:
    """See `Dendrogram.assign`."""
    merges, limit = tree.standing(request.level)
    if request.pool is not None:
        tree.check_pool(request.pool, progress=request.progress)
    prototypes = _prototypes(tree, merges, request)
    newcomers = Newcomers.of(embeddings, dim=len(prototypes.centre), metric=tree.metric)
    facts = facts_of(newcomers, request.progress)
    homes = _homes(prototypes, label_rows(tree.merges, tree.n, merges), facts.fingerprints)
    highest = counted_up_to(limit, tree.metric, max(tree.rounding, ROUNDING))
    joined = np.inf if request.new == "nearest" else highest / UNITS[tree.metric]
    search, recall = _search(prototypes, newcomers, facts, joined, request)

    labels = np.empty(newcomers.rows, np.int32)
    linkages = np.empty(newcomers.rows)
    unresolved = 0
    far: list[Embeddings] = []
    with request.progress.task("assigning", newcomers.rows) as advance:
        for rows, block, absolute in newcomers.blocks():
            points = np.subtract(absolute, prototypes.centre, out=absolute)
            found = search.nearest(points)
            home = homes[rows]
            twins = np.flatnonzero(home != NOBODY)
            found.positions[twins] = home[twins]
            found.linkages[twins] = _linkages(prototypes, points[twins], home[twins])
            outside = (found.linkages > joined) & (home == NOBODY)
            found.positions[outside] = NOBODY
            if request.new == "cluster":
                far.append(block[outside])
            unresolved += int((found.unresolved & (home == NOBODY) & ~outside).sum())
            labels[rows], linkages[rows] = found.positions, found.linkages
            advance(rows.stop - rows.start)

    if request.exact and unresolved and prototypes.rounding:
        raise _blurred(unresolved)
    founded = 0
    outside = labels == NOBODY
    if request.new == "cluster" and outside.any():
        new = _founded(np.concatenate(far), tree.metric, limit, request)
        labels[outside] = len(prototypes) + new
        founded = int(new.max()) + 1
    return Assignment(
        labels=labels,
        linkages=(linkages * UNITS[tree.metric]).astype(np.float32),
        known=len(prototypes),
        founded=founded,
        limit=limit if request.new != "nearest" else np.inf,
        twins=int((homes != NOBODY).sum()),
        recall=recall,
        unresolved=unresolved,
    )


def prototypes_at(tree: Dendrogram, pool: npt.ArrayLike | Pool, level: Level, progress: Reporter) -> Prototypes:
    """See `Dendrogram.with_prototypes`."""
    tree.check_pool(pool, progress=progress)
    return _from_pool(tree, pool, tree.standing(level)[0], progress)


def carrying(tree: Dendrogram, pool: npt.ArrayLike | Pool, wanted: bool | None, progress: Reporter) -> Dendrogram:
    """`tree`, new from `pool`, with prototypes of its level if they are wanted; None wants those of up to 1 GiB.

    Most trees then take newcomers without the old embeddings, on another machine, a year later. That is 604 MB for 10
    million rows of dim 64 at mean size 10; only wide embeddings, or many small clusters, make it as large as a pool.
    """
    level = tree.level or Level(mean_size=10)
    rows, dim = np.shape(pool) if not isinstance(pool, Pool) else (pool.rows, pool.dim)
    clusters = tree.n - tree.standing(level)[0]
    if not (prototype_bytes(clusters, dim, rows) <= CARRIED_BYTES if wanted is None else wanted):
        return tree
    return replace(tree, prototypes=_from_pool(tree, pool, tree.standing(level)[0], progress))


def _prototypes(tree: Dendrogram, merges: int, request: Request) -> Prototypes:
    """The carried prototypes if they are of this cut or a finer one, else from the pool. Raises: ArgumentError."""
    carried = tree.prototypes
    if carried is not None and carried.rounding and request.pool is not None:
        carried = None  # the pool tells more
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
    return _from_pool(tree, request.pool, merges, request.progress)


def _from_pool(tree: Dendrogram, pool: npt.ArrayLike | Pool, merges: int, progress: Reporter) -> Prototypes:
    source = Source.of(pool if isinstance(pool, Pool) else as_matrix(pool, "pool"))
    with progress.task("prototypes of the clusters", source.rows) as advance:

        def counted() -> Iterator[tuple[slice, Embeddings]]:
            for part, block in source.blocks():
                yield part, block
                advance(len(block))

        labels = label_rows(tree.merges, tree.n, merges)
        return prototypes_of(counted(), labels, dim=source.dim, metric=tree.metric, merges=merges)


def _homes(prototypes: Prototypes, labels: Clusters, fingerprints: npt.NDArray[np.uint64]) -> Clusters:
    """(q,) the cluster of the pool's row that a newcomer equals; NOBODY where there is none."""
    order = np.argsort(prototypes.fingerprints, kind="stable")
    places = np.searchsorted(prototypes.fingerprints, fingerprints, sorter=order)
    rows = order[np.minimum(places, len(order) - 1)]
    homes = labels[rows]
    homes[prototypes.fingerprints[rows] != fingerprints] = NOBODY
    return homes


def _search(
    prototypes: Prototypes, newcomers: Newcomers, facts: Facts, limit: float, request: Request
) -> tuple[OutsideSearch, float | None]:
    """The search, and the share of a sample it answers rightly: None where it is exact."""
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


def _blurred(unresolved: int) -> ArgumentError:
    return ArgumentError(
        "`exact`",
        wanted="be asked of prototypes that tell the clusters apart",
        got=f"{unresolved:,} newcomers about as near to two clusters, of which an older Ladle kept rounded means",
        remedy="Give pool= (--clustered), or leave exact= (--exact) out.",
    )


def _linkages(prototypes: Prototypes, points: npt.NDArray[np.float64], labels: Clusters) -> npt.NDArray[np.float64]:
    """(t,) of points (t, d) to the clusters of these labels."""
    linkages = np.empty(len(points))
    for block in row_blocks(len(points), 8 * len(prototypes.centre)):
        difference = points[block] - prototypes.offsets[labels[block]]
        linkages[block] = np.einsum("ij,ij->i", difference, difference) + prototypes.spreads[labels[block]]
    return linkages


def _founded(far: Embeddings, metric: str, limit: float, request: Request) -> Clusters:
    """Clusters of newcomers far from all others, among themselves, cut at the same height."""
    from ladle.hac.clustering import cluster

    require(
        clustering_bytes(*far.shape),
        f"clustering {len(far):,} newcomers that are far from every cluster",
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
