"""`ladle.cluster`: embeddings in, dendrogram out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.arrays import Embeddings, as_matrix, check_finite, row_blocks
from ladle.errors import ArgumentError, DataError, ZeroVectorError
from ladle.hac.collapse import Distinct, distinct_rows
from ladle.hac.dendrogram import Dendrogram, Level
from ladle.hac.rounds import DENSE_CLUSTERS, Merges, Rounds, Stop
from ladle.hac.tree_kernels import lift, number
from ladle.hac.warm import warm
from ladle.neighbours import BruteSearch, CellSearch, Effort
from ladle.pool.budget import WIDE_MEANS_BYTES
from ladle.pool.contract import METRICS, Pool
from ladle.progress import SILENT, Progress
from ladle.seeds import check_seed

Metric = Literal["cosine", "sqeuclidean"]

DENSE_ROWS = 5_000  # up to here the whole pool goes through the dense chain (200 MB): SciPy's own choice among ties
BRUTE_ROWS = 100_000  # up to here the exact search takes half a minute on two cores
RECALLS = {"default": 0.98, "high": 0.995}  # of a sample's true neighbours, where the cell join stops trying
BLOCK_BYTES = 4 << 20
# Squared distances must fit float32, in which heights are kept; a distance is at most twice the largest norm.
LARGEST_NORM = float(np.sqrt(np.finfo(np.float32).max)) / 2


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
    progress: Progress = SILENT,
) -> Dendrogram:
    """Average-linkage hierarchical clustering in memory linear in the number of rows, exact unless the pool is large.

    embeddings: (n, dim) float16/32/64 array or memmap, or a pool from `ladle.open_pool`.
    metric: "cosine" (1 - cosine similarity) or "sqeuclidean"; plain Euclidean average linkage is another tree.
    mean_size, threshold, n_clusters: stop as soon as the tree can be cut there (at most one of them); without any the
    tree is complete. Any level the tree reaches is a `cut` afterwards, never another run.
    engine: how neighbours are found. "brute" compares every cluster with every other by matrix products: exact.
    "cells" compares each with the clusters of nearby cells: approximate, for millions. "auto" takes "brute" up to
    100,000 rows and "cells" beyond. exact=True or False says it in other words.
    quality: how hard "cells" tries, "default" (98% of a sample's true neighbours) or "high" (99.5%).
    seed: of the cells; the exact engine draws nothing.
    progress: shows the stages; see ladle.progress.

    Returns a Dendrogram. Exact: its flat clusters equal SciPy's average linkage up to ties and float64 rounding.
    Approximate: `certified` is the share of merges that are still proven, `recall` that of a sample's neighbours found.
    Raises: ArgumentError; ShapeError, NonFiniteError, ZeroVectorError (cosine) and DataError (values too large)
    before any work.
    Cost: "brute" n^2 dim multiply-adds in float32 for points, about as much again for clusters; "cells" as
    ladle.neighbours.cells says. Memory: 8 n dim bytes for the means (4 n dim when that exceeds 1 GiB), 4 n dim for the
    search, about 470 n for the lists and the tree, and 256 MiB.
    Repeats: the same tree for any number of threads. Ties: by a hash of the pair; up to 5,000 rows as SciPy.
    Source: reciprocal nearest neighbours in rounds after Sumengen et al. 2021 (arXiv 2105.11653), on cluster means with
    certified candidate lists; see ladle.hac.rounds.
    """
    _check_choice("metric", metric, METRICS)
    _check_choice("engine", engine, ("auto", "brute", "cells"))
    _check_choice("quality", quality, tuple(RECALLS))
    _check_exact(engine, exact)
    check_seed(seed)
    level = _level(mean_size, threshold, n_clusters)
    matrix = embeddings.embeddings() if isinstance(embeddings, Pool) else as_matrix(embeddings, "embeddings")
    digest = embeddings.digest if isinstance(embeddings, Pool) else ""
    wanted = level.clusters_of(len(matrix)) if level else 1
    check_finite(matrix, "embeddings")
    norms = _norms(matrix, metric)
    unit = 0.5 if metric == "cosine" else 1.0  # |x - y|^2 = 2 (1 - x.y) for unit vectors

    warm(progress)
    cells = engine == "cells" or exact is False or (engine == "auto" and exact is None and len(matrix) > BRUTE_ROWS)
    dense = len(matrix) <= DENSE_ROWS and not cells
    distinct = _all_rows(len(matrix)) if dense else distinct_rows(matrix)
    search = CellSearch(seed, Effort(recall=RECALLS[quality])) if cells else BruteSearch()
    rounds = Rounds(
        _means(matrix, distinct, norms if metric == "cosine" else None),
        distinct.sizes,
        search,
        progress=progress,
        dense_clusters=len(matrix) if dense else DENSE_CLUSTERS,
    )
    threshold_linkage = np.inf if level is None or level.threshold is None else level.threshold / unit
    merges = rounds.run(Stop(clusters=wanted or 1, linkage=threshold_linkage))
    recall = search.recalls[-1] if isinstance(search, CellSearch) and search.recalls else None
    return _dendrogram(merges, distinct, _Kind(metric, unit, level, digest, recall))


def _check_exact(engine: str, exact: bool | None) -> None:
    if exact not in (None, True, False):
        raise ArgumentError("`exact`", wanted="be True, False or None", got=repr(exact))
    if (engine == "brute" and exact is False) or (engine == "cells" and exact is True):
        raise ArgumentError(
            "`exact`", wanted=f'agree with engine="{engine}"', got=repr(exact), remedy="Give one of the two."
        )


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a dendrogram says of itself besides its merges."""

    metric: str
    unit: float  # height of one unit of linkage
    level: Level | None
    pool_digest: str
    recall: float | None


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ArgumentError(f"`{name}`", wanted=f"be one of {', '.join(choices)}", got=repr(value))


def _level(mean_size: float | None, threshold: float | None, n_clusters: int | None) -> Level | None:
    if mean_size is None and threshold is None and n_clusters is None:
        return None
    return Level(mean_size=mean_size, threshold=threshold, n_clusters=n_clusters)


def _norms(matrix: Embeddings, metric: str) -> npt.NDArray[np.float64]:
    """(n,) Euclidean norms; refuses zero vectors under cosine and values whose squares overflow otherwise."""
    norms = np.empty(len(matrix))
    for block in row_blocks(len(matrix), 8 * matrix.shape[1]):
        rows = matrix[block].astype(np.float64)
        largest = np.abs(rows).max(axis=1, initial=0.0)
        safe = np.where(largest > 0, largest, 1.0)
        rows /= safe[:, None]  # so that no square overflows or vanishes
        norms[block] = largest * np.sqrt(np.einsum("ij,ij->i", rows, rows))
    if metric == "cosine" and not norms.all():
        zeros = np.flatnonzero(norms == 0)
        raise ZeroVectorError(
            "`embeddings`",
            wanted="have no zero vector under the cosine metric",
            got=f"{len(zeros):,}, the first in row {zeros[0]:,}",
            remedy='Find what made them, or use metric="sqeuclidean".',
        )
    if metric == "sqeuclidean" and norms.max() > LARGEST_NORM:
        raise DataError(
            "`embeddings`",
            wanted=f"have norms up to {LARGEST_NORM:.3g}, so that squared distances fit float32",
            got=f"norm {norms.max():.3g} in row {int(norms.argmax()):,}",
            remedy="Divide all of them by one number.",
        )
    return norms


def _all_rows(n: int) -> Distinct:
    rows = np.arange(n, dtype=np.int64)
    return Distinct(rows=rows, sizes=np.ones(n, np.int32), first=rows)


def _means(matrix: Embeddings, distinct: Distinct, norms: npt.NDArray[np.float64] | None) -> npt.NDArray[Any]:
    """The distinct rows in working precision, divided by `norms` if given."""
    rows = distinct.rows
    dtype = np.float64 if 8 * len(rows) * matrix.shape[1] <= WIDE_MEANS_BYTES else np.float32
    means = np.empty((len(rows), matrix.shape[1]), dtype)

    def fill(block: slice) -> None:
        part = matrix[rows[block]].astype(np.float64)
        means[block] = part if norms is None else part / norms[rows[block], None]

    threads.run_each(fill, row_blocks(len(rows), 16 * matrix.shape[1], BLOCK_BYTES))
    return means


def _dendrogram(merges: Merges, distinct: Distinct, kind: _Kind) -> Dendrogram:
    """Equal rows first, then the rounds' merges: raised to be monotone, sorted, numbered."""
    n = len(distinct.first)
    twins = np.flatnonzero(distinct.first != np.arange(n))
    pairs = np.concatenate([np.column_stack([distinct.first[twins], twins]), distinct.rows[merges.pairs]])
    heights = np.concatenate([np.zeros(len(twins)), merges.linkages * kind.unit])
    sure = np.concatenate([np.ones(len(twins), bool), merges.sure])
    lift(pairs, heights, n)
    known_below = merges.level * kind.unit
    known = heights < known_below
    pairs, heights, sure = pairs[known], heights[known], sure[known]
    order = np.argsort(heights, kind="stable")  # a merge found later stays behind those below it
    return Dendrogram(
        n=n,
        merges=number(pairs[order], n),
        heights=heights[order].astype(np.float32),
        metric=kind.metric,
        certified=float(sure.mean()) if len(sure) else 1.0,
        known_below=known_below,
        level=kind.level,
        pool_digest=kind.pool_digest,
        recall=kind.recall,
    )
