"""`ladle.cluster`: embeddings in, dendrogram out."""

from __future__ import annotations

import os
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ladle.arrays import Embeddings, as_matrix
from ladle.errors import ArgumentError, NonFiniteError, ShapeError, ZeroVectorError
from ladle.geometry.collapse import Distinct
from ladle.geometry.metric_space import UNITS
from ladle.hac.checkpoint import Checkpoints
from ladle.hac.compile_kernels import warm
from ladle.hac.engine.merges import Merges, StopRule, lift
from ladle.hac.engine.rounds import DENSE_CLUSTERS, Rounds
from ladle.hac.engine.snapshot import Scalar
from ladle.hac.intake import NAME, Source, Survey, points_of, reorder, surveyed
from ladle.hac.resolution import check_resolution
from ladle.hac.tree.dendrogram import ROUNDING, Checks, Dendrogram, Level, counted_up_to
from ladle.hac.tree.kernels import number
from ladle.hac.tree.origin import Origin
from ladle.memory.budget import SMALL_MEANS_BYTES, WIDE_MEANS_BYTES, goes_to_disk
from ladle.memory.scratch import Scratch
from ladle.neighbours import BruteSearch, CellSearch, Effort, Frame
from ladle.numbers import choice, switch
from ladle.pool.contract import METRICS, Pool
from ladle.pool.faults import explain
from ladle.pool.open import open_if_path, open_pool
from ladle.progress import SILENT, Reporter
from ladle.seeds import check_seed

Metric = Literal["cosine", "sqeuclidean"]

DENSE_ROWS = 5_000  # up to here the whole pool goes through the dense chain (200 MB): SciPy's own choice among ties
BRUTE_ROWS = 100_000  # up to here the exact search takes half a minute on two cores
QUALITIES = ("default", "high")
ENGINES = ("auto", "brute", "cells")


def cluster(
    embeddings: npt.ArrayLike | Pool,
    *,
    metric: Metric = "cosine",
    mean_size: float | None = None,
    threshold: float | None = None,
    n_clusters: int | None = None,
    seed: int = 0,
    engine: Literal["auto", "brute", "cells"] = "auto",
    exact: bool | None = None,
    quality: Literal["default", "high"] = "default",
    checkpoint: str | os.PathLike[str] | None = None,
    scratch: str | os.PathLike[str] | None = None,
    prototypes: bool | None = None,
    skip_invalid: bool = False,
    progress: Reporter = SILENT,
) -> Dendrogram:
    """Average-linkage hierarchical clustering in memory linear in the number of rows, exact unless the pool is large.

    embeddings: (n, dim) float16/32/64 array or memmap, or a pool from `ladle.open_pool`; read in blocks.
    metric: "cosine" (1 - cosine similarity) or "sqeuclidean"; plain Euclidean average linkage is another tree.
    mean_size, threshold, n_clusters: stop as soon as the tree can be cut there (at most one of them); without any the
    tree is complete. Any level the tree reaches is a `cut` afterwards, never another run.
    engine: how neighbours are found. "brute" compares every cluster with every other by matrix products: exact.
    "cells" compares each with the clusters of nearby cells: approximate, for millions. "auto" takes "brute" up to
    100,000 rows and "cells" beyond. exact=True or False says it in other words.
    quality: how hard "cells" tries: "default" finds 97% of a sample's neighbours, 98% if that is hard, "high" 99.5%.
    seed: of the cells; the exact engine draws nothing. progress: shows the stages; see ladle.progress.
    checkpoint: a folder in which the state is kept every two minutes. The same call after a crash goes on from there,
    to the same tree; another call is refused. Remove the folder when the tree is saved.
    scratch: a folder for the vectors of an approximate clustering that memory has no room for, `pool.budget` says when;
    None: the system's temporary folder. Nothing is left there. The tree is the same, later.
    prototypes: whether the tree carries what `assign` needs; None: where that takes up to 1 GiB.
    skip_invalid: cluster without the rows that cannot be used, see `ladle.open_pool`; `tree.skipped_rows` are these.

    Returns a Dendrogram. Exact: its flat clusters equal SciPy's average linkage up to ties and float64 rounding.
    Approximate: `certified` is the share of merges that are still proven, `recall` that of a sample's neighbours found,
    `checks` what it noticed of its own mistakes.
    Raises: ArgumentError; ShapeError, NonFiniteError, ZeroVectorError (cosine) and DataError (values too large
    or small) before any work; MismatchError and CorruptFileError for a checkpoint; after the work, PrecisionError
    where exactness was asked for and rounding leaves less than 99% of the merges proven; else that is a warning.
    Cost: "brute" n^2 dim multiply-adds in float32 for points, about as much again for clusters; "cells" as
    ladle.neighbours.cells says. Memory: 8 n dim bytes for the means (4 n dim when that exceeds 1 GiB, and in "cells"),
    4 n dim for the search (of the clusters left, in "cells"), 470 n (730 n) for the lists and the tree, 256 MiB.
    Repeats: the same tree for any number of threads. Ties: up to 5,000 rows as SciPy; beyond, by a hash of the pair:
    other flat clusters than SciPy's, as right as those.
    Source: reciprocal nearest neighbours in rounds after Sumengen et al. 2021 (arXiv 2105.11653), on cluster means with
    certified candidate lists; see ladle.hac.engine.rounds.
    """
    choice(metric, "`metric`", METRICS)
    exact, seed = _checked_exact(engine, exact, quality), check_seed(seed)
    prototypes = switch(prototypes, "`prototypes`", undecided=True)
    pool = _pool_of(embeddings, skip_invalid, metric)
    source = Source.of(pool)
    level = _level(mean_size, threshold, n_clusters, source.rows)
    survey = _surveyed(pool, source, metric, progress)

    cells = engine == "cells" or exact is False or (engine == "auto" and exact is None and source.rows > BRUTE_ROWS)
    warm(progress, cells=cells)
    room = _room(source, cells, scratch)
    search = CellSearch(seed, _effort(quality), scratch=room) if cells else BruteSearch()
    about: dict[str, Scalar] = {"metric": metric, "level": repr(level), "seed": seed, "quality": quality}
    about |= survey.about(source) | {"engine": "cells" if cells else "brute"}
    points = _arranged(source, survey, metric, search, room, progress)
    unit = UNITS[metric] / points.scale**2
    checkpoints = _checkpoints(checkpoint, about, room, pool)
    dense = max(DENSE_CLUSTERS, 0 if cells else _dense(source.rows))
    rounds = Rounds(points.means, points.distinct.sizes, search, progress, dense, checkpoints, room)
    with checkpoints.held() if checkpoints else nullcontext():
        merges = rounds.run(_stop(level, source.rows, metric, unit))
    tree = _dendrogram(merges, points.distinct, _Kind.of(metric, unit, level, _origin(source, survey, pool), search))
    return _carrying(check_resolution(tree, survey.box, insisted=exact is True), pool, prototypes, progress)


def _pool_of(embeddings: npt.ArrayLike | Pool, skip_invalid: bool, metric: str) -> Embeddings | Pool:
    if switch(skip_invalid, "`skip_invalid`"):
        return open_pool(embeddings, skip_invalid=True, metric=metric)
    placed = open_if_path(embeddings)
    return placed if isinstance(placed, Pool) else as_matrix(placed, NAME)


def _surveyed(pool: Embeddings | Pool, source: Source, metric: str, progress: Reporter) -> Survey:
    """The survey of a pool. Raises: what cannot be used, telling how many rows, which and why."""
    try:
        return surveyed(source, metric, progress)
    except (NonFiniteError, ShapeError, ZeroVectorError) as error:
        raise explain(error, open_pool(pool), metric) from error


def _carrying(tree: Dendrogram, pool: Embeddings | Pool, prototypes: bool | None, progress: Reporter) -> Dendrogram:
    from ladle.hac.assign import carrying  # here, because it stands on this file

    if isinstance(pool, Pool) and pool.skipped is not None:
        tree = replace(tree, skipped_rows=pool.skipped.rows)
    return carrying(tree, pool, prototypes, progress)


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


def _room(source: Source, cells: bool, scratch: str | os.PathLike[str] | None) -> Scratch:
    """Where the vectors go."""
    if not goes_to_disk(source.rows, source.dim, exact=not cells):
        return Scratch()
    return Scratch(Path(tempfile.gettempdir() if scratch is None else scratch))


def _dense(rows: int) -> int:
    return rows if rows <= DENSE_ROWS else 0


@dataclass(frozen=True, slots=True)
class _Points:
    """What the rounds start from."""

    means: npt.NDArray[Any]  # (u, d)
    distinct: Distinct
    scale: float  # of the means' unit to the metric's


def _arranged(
    source: Source, survey: Survey, metric: str, search: BruteSearch | CellSearch, room: Scratch, progress: Reporter
) -> _Points:
    """The distinct rows; for the cell join in one frame and in the order of its cells, so that no copy is needed."""
    norms = survey.norms if metric == "cosine" else None
    if isinstance(search, CellSearch):
        small = 8 * len(survey.distinct.rows) * source.dim <= SMALL_MEANS_BYTES
        dtype = np.dtype(np.float64 if small else np.float32)
        frame = survey.exact_frame() if small else survey.frame()
        means = points_of(source, survey.distinct, norms, frame, dtype, progress, room)
        search.frame = None if small else Frame.identity(source.dim)
        order = search.arrange(means, progress)
        arranged = Distinct(survey.distinct.rows[order], survey.distinct.sizes[order], survey.distinct.first)
        if room.folder is None:
            reorder(means, order)
        else:  # swapping the rows of a file would read and write it at random
            means = points_of(source, arranged, norms, frame, dtype, progress, room)
        return _Points(means, arranged, frame.scale)
    distinct = _all_rows(source.rows) if _dense(source.rows) else survey.distinct
    wide = 8 * len(distinct.rows) * source.dim <= WIDE_MEANS_BYTES
    dtype = np.dtype(np.float64 if wide else np.float32)
    frame = survey.exact_frame()
    return _Points(points_of(source, distinct, norms, frame, dtype, progress), distinct, frame.scale)


def _checked_exact(engine: str, exact: bool | None, quality: str) -> bool | None:
    choice(quality, "`quality`", QUALITIES)
    choice(engine, "`engine`", ENGINES)
    exact = switch(exact, "`exact`", undecided=True)
    if (engine == "brute" and exact is False) or (engine == "cells" and exact is True):
        raise ArgumentError(
            "`exact`", wanted=f'agree with engine="{engine}"', got=repr(exact), remedy="Give one of the two."
        )
    return exact


def _origin(source: Source, survey: Survey, pool: Embeddings | Pool) -> Origin:
    ids_digest = pool.digest if isinstance(pool, Pool) else ""
    return Origin(source.rows, source.dim, source.dtype.name, ids_digest, survey.vectors_digest)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a dendrogram says of itself besides its merges."""

    metric: str
    unit: float  # height of one unit of linkage
    level: Level | None
    origin: Origin
    recall: float | None

    @classmethod
    def of(
        cls, metric: str, unit: float, level: Level | None, origin: Origin, search: BruteSearch | CellSearch
    ) -> _Kind:
        """After the search."""
        recall = search.recalls[-1] if isinstance(search, CellSearch) and search.recalls else None
        return cls(metric, unit, level, origin, recall)


def _level(mean_size: float | None, threshold: float | None, n_clusters: int | None, rows: int) -> Level | None:
    """The level asked for, which so many rows can reach; None for a full tree. Raises: ArgumentError."""
    if mean_size is None and threshold is None and n_clusters is None:
        return None
    level = Level(mean_size=mean_size, threshold=threshold, n_clusters=n_clusters)
    level.clusters_of(rows)
    return level


def _stop(level: Level | None, rows: int, metric: str, unit: float) -> StopRule:
    """Where the rounds may end; `unit` is the height of one unit of linkage."""
    if level is None:
        return StopRule()
    highest = np.inf if level.threshold is None else counted_up_to(level.threshold, metric, ROUNDING)
    return StopRule(level.clusters_of(rows) or 1, highest / unit)


def _all_rows(n: int) -> Distinct:
    rows = np.arange(n, dtype=np.int64)
    return Distinct(rows=rows, sizes=np.ones(n, np.int32), first=rows)


def _dendrogram(merges: Merges, distinct: Distinct, kind: _Kind) -> Dendrogram:
    """Equal rows first, then the rounds' merges: raised to be monotone, sorted, numbered."""
    n = len(distinct.first)
    twins = np.flatnonzero(distinct.first != np.arange(n))
    pairs = np.concatenate([np.column_stack([distinct.first[twins], twins]), distinct.rows[merges.pairs]])
    heights = np.concatenate([np.zeros(len(twins)), merges.linkages * kind.unit])
    sure = np.concatenate([np.ones(len(twins), bool), merges.sure])
    inversions = lift(pairs, heights, n)
    known_below = merges.level * kind.unit
    known = heights < known_below
    known[: len(twins)] = True  # even where the rounds had nothing to do
    pairs, heights, sure = pairs[known], heights[known], sure[known]
    order = np.argsort(heights, kind="stable")  # a merge found later stays behind those below it
    return Dendrogram(
        n=n,
        merges=number(pairs[order], n),
        heights=heights[order],
        # All on the matrix, summed as SciPy sums: nothing else rounds the heights of squared distances.
        rounding=0.0 if merges.tally.dense == n and kind.metric == "sqeuclidean" else ROUNDING,
        metric=kind.metric,
        certified=float(sure.mean()) if len(sure) else 1.0,
        known_below=known_below,
        level=kind.level,
        pool_digest=kind.origin.ids_digest,
        dim=kind.origin.dim,
        dtype=kind.origin.dtype,
        vectors_digest=kind.origin.vectors_digest,
        recall=kind.recall,
        checks=Checks(inversions, merges.tally.told),
    )
