"""`ladle.cluster`: embeddings in, dendrogram out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ladle.arrays import Embeddings, as_matrix
from ladle.compute import Executor
from ladle.errors import ArgumentError, NonFiniteError, ShapeError, ZeroVectorError
from ladle.geometry.collapse import Distinct
from ladle.geometry.metric_space import UNITS
from ladle.hac.checkpoint import Checkpoints
from ladle.hac.compile_kernels import prepare_kernels
from ladle.hac.engine.merges import Merges, StopRule, lift
from ladle.hac.engine.rounds import DENSE_CLUSTERS, Rounds
from ladle.hac.engine.snapshot import Scalar
from ladle.hac.intake import NAME, PoolSurvey, RowSource, points_of, reorder, survey
from ladle.hac.plan import (
    SMALL_MEANS_BYTES,
    WIDE_MEANS_BYTES,
    carried_bytes,
    goes_to_disk,
    require_memory,
    uses_exact,
)
from ladle.hac.ray_plan import ray_plan, require_cluster_room, require_local_room
from ladle.hac.resolution import check_resolution
from ladle.hac.tree.dendrogram import Dendrogram
from ladle.hac.tree.fields import Checks
from ladle.hac.tree.kernels import label_rows, number_merges
from ladle.hac.tree.level import ROUNDING, Level, largest_equal_height
from ladle.hac.tree.origin import PoolOrigin
from ladle.hac.tree.prototypes import prototypes_of_pool
from ladle.memory.scratch import IN_MEMORY, Scratch
from ladle.metric import Metric, check_metric
from ladle.neighbours import BruteSearch, CellSearch, Effort, Frame
from ladle.neighbours.sharded import ShardedSearch
from ladle.numbers import choice, path_of, switch
from ladle.pool.contract import Pool
from ladle.pool.faults import explain
from ladle.pool.open import open_if_path, open_pool
from ladle.progress import SILENT, Reporter
from ladle.seeds import check_seed
from ladle.threads import thread_count

DENSE_ROWS = 5_000  # up to here the whole pool goes through the dense chain (200 MB): SciPy's own choice among ties
QUALITIES = ("default", "high")
ENGINES = ("auto", "brute", "cells", "ray")
SHARDS = "shards"  # the folder of the outputs of tasks, in that of the checkpoint


def cluster(
    embeddings: npt.ArrayLike | Pool,
    *,
    metric: Metric = "cosine",
    mean_size: float | None = None,
    threshold: float | None = None,
    n_clusters: int | None = None,
    seed: int = 0,
    engine: Literal["auto", "brute", "cells", "ray"] = "auto",
    exact: bool | None = None,
    quality: Literal["default", "high"] = "default",
    checkpoint: str | os.PathLike[str] | None = None,
    scratch: str | os.PathLike[str] | None = None,
    prototypes: bool | None = None,
    skip_invalid: bool = False,
    ray: str | None = None,
    progress: Reporter = SILENT,
) -> Dendrogram:
    """Cluster embeddings by average linkage, in memory linear in the number of rows.

    The tree is exact up to 100,000 rows, and approximate beyond unless exactness is asked for. Give at most one level
    (`mean_size`, `threshold`, `n_clusters`): the clustering stops as soon as the tree can be cut there. Without any the
    tree is complete. Any level that the tree reaches is a `cut` afterwards, never another run.

    Parameters
    ----------
    embeddings : (n, dim) float16, float32 or float64 array or memmap, or Pool
        The pool, read in blocks. A pool from `ladle.open_pool` may be larger than memory.
    metric
        "cosine" (1 - cosine similarity) or "sqeuclidean". Plain Euclidean average linkage is another tree.
    mean_size
        Stop at this many rows a cluster, on average.
    threshold
        Stop at this height, in the unit of the metric.
    n_clusters
        Stop at this many clusters.
    seed
        Of the cells; the exact engine draws nothing.
    engine
        How neighbours are found. "brute" compares every cluster with every other by matrix products: exact. "cells"
        compares each with the clusters of nearby cells: approximate, for millions. "auto" takes "brute" up to 100,000
        rows and "cells" beyond. "ray" is "brute" with its products on the workers of a Ray cluster: the same tree.
    exact
        True is engine="brute" (or "ray"), and refuses a tree whose exactness rounding leaves unproven; False is
        engine="cells".
    quality
        How hard "cells" tries: "default" finds 97% of a sample's neighbours, or 98% where they are hard to find; "high"
        finds 99.5%.
    checkpoint
        A folder in which the state is kept every two minutes. The same call after a crash goes on from there and ends
        in the same tree; another call is refused. Remove the folder when the tree is saved.
    scratch
        A folder for the vectors of an approximate clustering that does not fit memory (see `ladle.hac.plan`); None is
        the system's temporary folder. The tree is the same, but comes later. Nothing is left in the folder.
    prototypes
        Whether the tree carries the prototypes that `Dendrogram.assign` needs. None: where they take up to 1 GiB.
    skip_invalid
        Cluster without the rows that cannot be used; see `ladle.open_pool`. `tree.skipped_rows` lists them.
    ray
        Of engine="ray": the HOST:PORT of the cluster's head; "auto" (the default) is the cluster that RAY_ADDRESS names
        or that runs on this machine; "local" starts one on this machine. See docs/scale.md.
    progress
        Shows the stages; see `ladle.progress`.

    Returns
    -------
    Dendrogram
        An exact one has the flat clusters of SciPy's average linkage, up to ties and float64 rounding. Of an
        approximate one, `certified` is the share of merges that are still proven, `recall` the share of a sample's
        neighbours that were found, and `checks` counts the mistakes of its own that it has noticed.

    Raises
    ------
    ArgumentError
        For impossible options.
    MemoryPlanError
        When the clustering would not fit the memory available, or the limit that LADLE_MEMORY sets, before any work.
        An array that is loaded, or a pool that is read from files, does not count. Also where a Ray cluster has less
        memory than its part of the work needs.
    MissingDependencyError, WorkersError
        With engine="ray", when ray is not installed, or the cluster does not answer. Before any work; WorkersError also
        when the cluster is lost. The same call then goes on from its checkpoint.
    ShapeError, NonFiniteError, ZeroVectorError, DataError
        For embeddings that cannot be used: a zero vector under cosine, values too large or too small. Before any work.
    MismatchError, CorruptFileError
        For a checkpoint of another clustering, or one whose bytes have changed.
    PrecisionError
        After the work, when exactness was asked for and rounding leaves less than 99% of the merges proven. Otherwise
        that is a PrecisionWarning.

    Notes
    -----
    Cost: three passes over the pool: one checks the rows, one reads them, one makes the prototypes. A fourth reads the
    rows again where vectors go to files. "brute" takes n^2 dim multiply-adds in float32 for points and about as many
    for clusters; for "cells" see `ladle.neighbours.cells`. Memory: 8 n dim bytes for the means (4 n dim beyond 1 GiB,
    and in "cells"), 4 n dim for the search (in "cells", of the clusters left), 470 n (in "cells", 730 n) for the lists
    and the tree, and 256 MiB.

    Repeatability: the same tree for any number of threads. Up to 5,000 rows ties are broken as SciPy breaks them.
    Beyond, a hash of the pair breaks them: the flat clusters may differ from SciPy's, and are as good.

    References
    ----------
    Reciprocal nearest neighbours in rounds: Sumengen et al. 2021 (arXiv 2105.11653). Here they run on cluster means
    with certified candidate lists; see `ladle.hac.engine.rounds`.
    """
    metric, seed = check_metric(metric), check_seed(seed)
    exact = switch(exact, "`exact`", undecided=True)
    path_of(checkpoint, "`checkpoint`", undecided=True), path_of(scratch, "`scratch`", undecided=True)
    exact_engine = _checked_engine(engine, exact, quality)
    address = _checked_address(engine, ray)
    prototypes = switch(prototypes, "`prototypes`", undecided=True)
    pool = _pool_of(embeddings, skip_invalid, metric)
    source = RowSource.of(pool)
    level = Level.of(mean_size, threshold, n_clusters)
    fewest = 1 if level is None else level.clusters_of(source.rows) or 1
    cells = not uses_exact(source.rows, exact_engine)
    require_memory(source.rows, source.dim, exact=not cells)
    with _workers(address, source) as executor:
        facts = _survey_pool(pool, source, metric, progress)
        prepare_kernels(progress, cells=cells)
        about: dict[str, Scalar] = {"metric": metric, "level": repr(level), "seed": seed, "quality": quality}
        about |= facts.about(source) | {"engine": "cells" if cells else "brute"}
        if cells:
            room = _room(source, scratch)
            start = _start_cells(source, facts, metric, seed, _effort(quality), room, progress)
        else:
            room = IN_MEMORY
            start = _start_brute(source, facts, metric, _exact_search(executor, checkpoint), progress)
        unit = UNITS[metric] / start.scale**2
        highest = np.inf if level is None or level.threshold is None else level.threshold
        stop = StopRule(fewest, largest_equal_height(highest, metric, ROUNDING) / unit)
        checkpoints = _checkpoints(checkpoint, about, room, pool)
        dense = max(DENSE_CLUSTERS, 0 if cells else _dense(source.rows))
        rounds = Rounds(start.means, start.distinct.sizes, start.search, progress, dense, checkpoints, room)
        with checkpoints.lock() if checkpoints else nullcontext():
            merges = rounds.run(stop)
            if isinstance(start.search, ShardedSearch):
                start.search.close()
    tree = _dendrogram(merges, start, unit, metric, level, facts, _origin(source, facts, pool))
    tree = check_resolution(tree, facts.box, insisted=exact is True)
    if isinstance(pool, Pool) and pool.skipped is not None:
        tree = replace(tree, skipped_rows=pool.skipped.rows)
    return carry_prototypes(tree, pool, prototypes, progress)


def carry_prototypes(
    tree: Dendrogram, pool: Embeddings | Pool, prototypes: bool | None, progress: Reporter
) -> Dendrogram:
    """`tree`, new from `pool`, with prototypes of its level if they are wanted; None wants them up to 1 GiB.

    Most trees can then take newcomers without the old embeddings, on another machine, a year later. Prototypes take
    604 MB for 10 million rows of dim 64 at mean size 10; only wide embeddings, or many small clusters, make them as
    large as a pool.
    """
    merges = tree.merges_at(tree.level or Level.default())
    if not carried_bytes(tree.n - merges, tree.dim, tree.n, prototypes):
        return tree
    labels = label_rows(tree.merges, tree.n, merges)
    made = prototypes_of_pool(pool, labels, metric=tree.metric, merges=merges, progress=progress)
    return replace(tree, prototypes=made)


def _pool_of(embeddings: npt.ArrayLike | Pool, skip_invalid: bool, metric: str) -> Embeddings | Pool:
    if switch(skip_invalid, "`skip_invalid`"):
        return open_pool(embeddings, skip_invalid=True, metric=metric)
    placed = open_if_path(embeddings)
    return placed if isinstance(placed, Pool) else as_matrix(placed, NAME)


def _survey_pool(pool: Embeddings | Pool, source: RowSource, metric: str, progress: Reporter) -> PoolSurvey:
    """The survey of a pool. Raises: as `survey`; the error names how many rows cannot be used, which and why."""
    try:
        return survey(source, metric, progress)
    except (NonFiniteError, ShapeError, ZeroVectorError) as error:
        raise explain(error, open_pool(pool), metric) from error


def _checkpoints(
    folder: str | os.PathLike[str] | None, about: dict[str, Scalar], room: Scratch, pool: Embeddings | Pool
) -> Checkpoints | None:
    if folder is None:
        return None
    order = pool.order_notice if isinstance(pool, Pool) else ""
    return Checkpoints(Path(folder), about, scratch=room, order_notice=order)


def _effort(quality: str) -> Effort:
    # Where neighbours are hard to find, clusters of the same recall agree less with the exact ones.
    return Effort(hard_recall=0.98) if quality == "default" else Effort(recall=0.995, hard_cost=2.4e13)


def _room(source: RowSource, scratch: str | os.PathLike[str] | None) -> Scratch:
    """Where the vectors of an approximate clustering go."""
    if not goes_to_disk(source.rows, source.dim, exact=False):
        return IN_MEMORY
    return Scratch(Path(tempfile.gettempdir() if scratch is None else scratch))


def _dense(rows: int) -> int:
    return rows if rows <= DENSE_ROWS else 0


@dataclass(frozen=True, slots=True)
class _Start:
    """What the rounds start from."""

    means: npt.NDArray[Any]  # (u, d)
    distinct: Distinct
    scale: float  # of the means' unit to the metric's
    search: BruteSearch | CellSearch | ShardedSearch


def _start_brute(
    source: RowSource, facts: PoolSurvey, metric: str, search: BruteSearch | ShardedSearch, progress: Reporter
) -> _Start:
    """The distinct rows, or all rows of a small pool, for the exact search."""
    norms = facts.norms if metric == "cosine" else None
    distinct = _all_rows(source.rows) if _dense(source.rows) else facts.distinct
    wide = 8 * len(distinct.rows) * source.dim <= WIDE_MEANS_BYTES
    frame = facts.exact_frame()
    dtype = np.dtype(np.float64 if wide else np.float32)
    return _Start(points_of(source, distinct, norms, frame, dtype, progress), distinct, frame.scale, search)


def _start_cells(
    source: RowSource,
    facts: PoolSurvey,
    metric: str,
    seed: int,
    effort: Effort,
    room: Scratch,
    progress: Reporter,
) -> _Start:
    """The distinct rows in one frame and in the order of the search's cells, so that the search needs no copy."""
    norms = facts.norms if metric == "cosine" else None
    small = 8 * len(facts.distinct.rows) * source.dim <= SMALL_MEANS_BYTES
    dtype = np.dtype(np.float64 if small else np.float32)
    frame = facts.exact_frame() if small else facts.frame()
    search = CellSearch(seed, effort, frame=None if small else Frame.identity(source.dim), scratch=room)
    means = points_of(source, facts.distinct, norms, frame, dtype, progress, room)
    order = search.arrange(means, progress)
    arranged = Distinct(facts.distinct.rows[order], facts.distinct.sizes[order], facts.distinct.first)
    if room.folder is None:
        reorder(means, order)
    else:  # swapping the rows of a file would read and write it at random
        means = points_of(source, arranged, norms, frame, dtype, progress, room)
    return _Start(means, arranged, frame.scale, search)


def _checked_engine(engine: str, exact: bool | None, quality: str) -> bool | None:
    """Which engine is asked for: the exact one, the approximate one, or None for either. Raises: ArgumentError."""
    choice(quality, "`quality`", QUALITIES)
    choice(engine, "`engine`", ENGINES)
    if (engine in ("brute", "ray") and exact is False) or (engine == "cells" and exact is True):
        raise ArgumentError(
            "`exact`", wanted=f'agree with engine="{engine}"', got=repr(exact), remedy="Give one of the two."
        )
    return exact if engine == "auto" else engine != "cells"


def _checked_address(engine: str, ray: str | None) -> str | None:
    """The address of the Ray cluster; None without one. Raises: ArgumentError."""
    if engine == "ray":
        from ladle.compute.ray_cluster import AUTO, check_address

        return check_address(AUTO if ray is None else ray)
    if ray is not None:
        raise ArgumentError(
            "`ray`", wanted='be left out, or come with engine="ray"', got=f"{ray!r} with engine={engine!r}"
        )
    return None


@contextmanager
def _workers(address: str | None, source: RowSource) -> Iterator[Executor | None]:
    """The Ray cluster at `address`, which has room for this clustering; None without an address.

    Raises: as `RayCluster`; MemoryPlanError.
    """
    if address is None:
        yield None
        return
    from ladle.compute.ray_cluster import LOCAL, RayCluster

    plan = ray_plan(source.rows, source.dim)
    workers = thread_count()
    if address == LOCAL:
        require_local_room(plan, workers, source.rows, source.dim)
    with RayCluster(address, workers, store_bytes=plan.store_bytes(workers)) as cluster:
        require_cluster_room(plan, cluster.room(), source.rows, source.dim)
        yield cluster


def _exact_search(executor: Executor | None, checkpoint: str | os.PathLike[str] | None) -> BruteSearch | ShardedSearch:
    if executor is None:
        return BruteSearch()
    return ShardedSearch(executor, None if checkpoint is None else Path(checkpoint) / SHARDS)


def _origin(source: RowSource, facts: PoolSurvey, pool: Embeddings | Pool) -> PoolOrigin:
    ids_digest = pool.digest if isinstance(pool, Pool) else ""
    return PoolOrigin(source.rows, source.dim, source.dtype.name, ids_digest, facts.vectors_digest)


def _all_rows(n: int) -> Distinct:
    rows = np.arange(n, dtype=np.int64)
    return Distinct(rows=rows, sizes=np.ones(n, np.int32), first=rows)


def _dendrogram(
    merges: Merges,
    start: _Start,
    unit: float,
    metric: str,
    level: Level | None,
    facts: PoolSurvey,
    origin: PoolOrigin,
) -> Dendrogram:
    """Equal rows first, then the merges of the rounds: raised to be monotone, sorted, numbered.

    unit: the height of one unit of linkage.
    """
    distinct, search = start.distinct, start.search
    n = len(distinct.first)
    twins = np.flatnonzero(distinct.first != np.arange(n))
    pairs = np.concatenate([np.column_stack([distinct.first[twins], twins]), distinct.rows[merges.pairs]])
    heights = np.concatenate([np.zeros(len(twins)), merges.linkages * unit])
    sure = np.concatenate([np.ones(len(twins), bool), merges.sure])
    inversions = lift(pairs, heights, n)
    known_below = merges.level * unit
    known = heights < known_below
    known[: len(twins)] = True  # also where the rounds had nothing to do
    pairs, heights, sure = pairs[known], heights[known], sure[known]
    order = np.argsort(heights, kind="stable")  # a merge found later stays behind those below it
    return Dendrogram(
        n=n,
        merges=number_merges(pairs[order], n),
        heights=heights[order],
        # All merges on the matrix, summed as SciPy sums: nothing else rounds the heights of squared distances.
        typical_distance=facts.typical_distance,
        rounding=0.0 if merges.tally.dense == n and metric == "sqeuclidean" else ROUNDING,
        metric=metric,
        certified=float(sure.mean()) if len(sure) else 1.0,
        known_below=known_below,
        level=level,
        pool_digest=origin.ids_digest,
        dim=origin.dim,
        dtype=origin.dtype,
        vectors_digest=origin.vectors_digest,
        recall=search.recalls[-1] if isinstance(search, CellSearch) and search.recalls else None,
        checks=Checks(inversions, merges.tally.told),
    )
