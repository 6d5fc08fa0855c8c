"""The tree of all merges, and the flat clusterings it holds."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import numpy.typing as npt

from ladle.arrays import Clusters
from ladle.errors import ArgumentError
from ladle.hac.tree.fields import TreeFields
from ladle.hac.tree.file import load_tree, save_tree
from ladle.hac.tree.level import Level
from ladle.progress import SILENT, Reporter

if TYPE_CHECKING:
    from ladle.hac.assign import Assignment
    from ladle.hac.tree.origin import PoolOrigin
    from ladle.pool import Pool


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dendrogram(TreeFields):
    """Average-linkage merges of n rows, sorted by height.

    Row i of `merges` joins two clusters into cluster n + i, in SciPy's numbering: 0..n-1 are the rows themselves. The
    tree may stop early: it then holds every merge below `known_below`, and can be cut anywhere up to there.

    Attributes
    ----------
    n : int
        Rows of the pool.
    merges : (m, 2) int64
        The two clusters that each merge joins, smaller id first.
    heights : (m,) float64
        The linkage of each merge, ascending, in the unit of the metric: 1 - cosine similarity, or squared Euclidean
        distance.
    metric : str
        "cosine" or "sqeuclidean".
    certified : float
        Share of the merges that are proven to be those of exact average linkage, 0 to 1.
    recall : float or None
        Share of a sample's true nearest neighbours that an approximate search found; None where it was exact.
    checks : Checks or None
        Mistakes of its own that the clustering has noticed; None for a file of an older Ladle.
    known_below : float
        Every merge below this height is in the tree; inf when it is complete.
    level : Level or None
        Where the clustering was asked to stop; `cut()` without a level cuts there.
    rounding : float
        Share of a height by which rounding may have moved it.
    typical_distance : float or None
        The median distance of two rows from all over the pool, in the unit of the heights: what is far below it is
        near. None for a file of an older Ladle.
    pool_digest, vectors_digest, dim, dtype : str, str, int, str
        The pool it was made from: digests of its ids and of its vectors in row order, and their dim and dtype. Empty
        or 0 where they are not known.
    skipped_rows : (s,) int64 or None
        Positions in the source of the rows that `skip_invalid` left out.
    prototypes : Prototypes or None
        Mean, spread and size of the clusters of one cut: what `assign` compares newcomers with.
    """

    def __repr__(self) -> str:
        size = f"{self.n:,} rows" + (f" of dim {self.dim:,}" if self.dim else "")
        end = "complete" if self.complete else f"known below height {self.known_below:.4g}"
        proof = f"{self.certified:.1%} certified" + ("" if self.recall is None else f", recall {self.recall:.1%}")
        return f"<Dendrogram of {size}, {self.metric}: {len(self.merges):,} merges, {end}; {proof}>"

    @property
    def origin(self) -> PoolOrigin:
        """What is known of the pool it was made from."""
        from ladle.hac.tree.origin import PoolOrigin

        skipped = 0 if self.skipped_rows is None else len(self.skipped_rows)
        return PoolOrigin(self.n, self.dim, self.dtype, self.pool_digest, self.vectors_digest, skipped)

    def check_pool(self, pool: npt.ArrayLike | Pool, *, progress: Reporter = SILENT) -> bool:
        """Refuse a pool that the tree was not made from: other data, or the same rows in another order.

        Parameters
        ----------
        pool : Pool or (n, dim) array
            The pool to compare with.
        progress
            Shows the pass over the vectors; see `ladle.progress`.

        Returns
        -------
        bool
            Whether the vectors could be compared: files of an older Ladle carry no digest of them.

        Raises
        ------
        MismatchError
            For another pool.
        LadleError
            Whatever unreadable embeddings raise.

        Notes
        -----
        Cost: one pass over the vectors, about 1 GB a second on two cores; none where rows, dim or ids differ.
        """
        return self.origin.check(pool, subject="`pool`", progress=progress)

    def cut(
        self, *, mean_size: float | None = None, threshold: float | None = None, n_clusters: int | None = None
    ) -> Clusters:
        """Cut the tree into flat clusters.

        Give at most one level. Without any, the tree is cut at the level it was made for; a full tree at mean_size=10.

        Parameters
        ----------
        mean_size
            Mean rows a cluster: the clusters number n / mean_size, rounded down.
        threshold
            Every merge at a height of at most this is made. A height that exceeds it by rounding alone counts as equal.
        n_clusters
            The number of clusters.

        Returns
        -------
        (n,) int32
            Labels 0..m-1, numbered in order of their first row.

        Raises
        ------
        ArgumentError
            For a level that cannot be, or when the tree stops short of it.

        Notes
        -----
        Cost: O(n) time, 12 n bytes.
        """
        from ladle.hac.tree.kernels import label_rows

        return label_rows(self.merges, self.n, self.merges_at(self._level(mean_size, threshold, n_clusters)))

    def assign(
        self,
        embeddings: npt.ArrayLike | Pool,
        *,
        mean_size: float | None = None,
        threshold: float | None = None,
        n_clusters: int | None = None,
        pool: npt.ArrayLike | Pool | None = None,
        new: Literal["cluster", "mark", "nearest"] = "cluster",
        exact: bool | None = None,
        seed: int = 0,
        progress: Reporter = SILENT,
    ) -> Assignment:
        """Put examples that the tree was not made from into the clusters of a cut; the clusters stay as they are.

        Each example joins the cluster of smallest average linkage to it, if that is at most the height of the cut: the
        threshold, or the first merge that the cut leaves undone. An example that equals a row of the tree's pool joins
        that row's cluster.

        Parameters
        ----------
        embeddings : (q, dim) float array or memmap, or Pool
            The newcomers, read in blocks, twice. No rows are fine.
        mean_size, threshold, n_clusters
            The cut, as in `cut`.
        pool : Pool or (n, dim) array, optional
            The pool that the tree was made from. Needed unless the tree carries prototypes of this cut or a finer one.
        new
            What becomes of examples far from every cluster. "cluster" clusters them among themselves, cut at the same
            height; "mark" labels them -1; "nearest" has them join the nearest cluster however far.
        exact
            Whether each example is compared with every cluster. False compares it with those of nearby coarse cells,
            and with more cells until a sample of 400 is 98% right. None is exact up to 2e11 multiply-adds
            (q x clusters x dim).
        seed
            Of the cells, and of an approximate clustering of new examples.
        progress
            Shows the stages; see `ladle.progress`.

        Returns
        -------
        Assignment
            Labels (q,) int32 and linkages (q,) float32, the recall of an approximate search, and how many examples are
            unresolved: as near to a second cluster, up to the rounding of float64. All others are proven where the
            search is exact.

        Raises
        ------
        ArgumentError
            For impossible options; when `pool` is needed; when exactness was asked for and rounded prototypes leave
            examples unresolved.
        MismatchError
            For another pool.
        ShapeError, NonFiniteError, ZeroVectorError, DataError
            For embeddings that cannot be used, before any work.
        MemoryPlanError
            When clustering the new examples would not fit the memory available.

        Notes
        -----
        Cost: q m dim multiply-adds for m clusters, or by cells about q (m / 500 + 500 probes) dim. Memory: 20 m dim
        bytes, 16 n, 12 q, 512 MiB for blocks, and the examples that are far from every cluster.

        Repeatability: the order of the examples and the number of threads change only the numbers of new clusters; by
        cells, rounding may swap two equally near ones.
        """
        from ladle.hac.assign import AssignRequest, assign
        from ladle.pool.open import open_if_path

        level = self._level(mean_size, threshold, n_clusters)
        request = AssignRequest(level, open_if_path(pool), new, exact, seed, progress)
        return assign(self, open_if_path(embeddings), request)

    def with_prototypes(
        self,
        pool: npt.ArrayLike | Pool,
        *,
        mean_size: float | None = None,
        threshold: float | None = None,
        n_clusters: int | None = None,
        progress: Reporter = SILENT,
    ) -> Self:
        """Return this tree with the prototypes that `assign` needs at a cut, and at all coarser ones.

        Parameters
        ----------
        pool : Pool or (n, dim) array
            The pool that the tree was made from.
        mean_size, threshold, n_clusters
            The cut, as in `cut`.
        progress
            Shows the pass over the pool; see `ladle.progress`.

        Returns
        -------
        Dendrogram
            A new tree that shares all other fields with this one.

        Raises
        ------
        ArgumentError
            For a level that cannot be, or when the tree stops short of it.
        MismatchError
            For another pool.
        LadleError
            Whatever unusable embeddings raise.

        Notes
        -----
        Cost: two passes over the pool, of which the first compares it with the tree's; then 8 m dim bytes for m
        clusters, and 8 n, in memory and in the file.
        """
        from ladle.hac.tree.kernels import label_rows
        from ladle.hac.tree.prototypes import prototypes_of_pool
        from ladle.pool.open import open_if_path

        merges = self.merges_at(self._level(mean_size, threshold, n_clusters))
        opened = open_if_path(pool)
        self.check_pool(opened, progress=progress)
        labels = label_rows(self.merges, self.n, merges)
        prototypes = prototypes_of_pool(opened, labels, metric=self.metric, merges=merges, progress=progress)
        return replace(self, prototypes=prototypes)

    def _level(self, mean_size: float | None, threshold: float | None, n_clusters: int | None) -> Level:
        return Level.of(mean_size, threshold, n_clusters) or self.level or Level.default()

    def to_scipy(self) -> npt.NDArray[np.float64]:
        """Return the linkage matrix of `scipy.cluster.hierarchy`.

        Returns
        -------
        (n - 1, 4) float64
            The two clusters, the height and the number of rows of each merge.

        Raises
        ------
        ArgumentError
            When the tree is not complete.

        Notes
        -----
        Cost: O(n) time, 32 n bytes.
        """
        if not self.complete:
            raise ArgumentError(
                "the tree",
                wanted="be complete",
                got=f"{len(self.merges):,} of {self.n - 1:,} merges",
                remedy="Cluster without a level for the full tree.",
            )
        from ladle.hac.tree.kernels import merged_sizes

        matrix = np.empty((self.n - 1, 4))
        matrix[:, :2] = self.merges
        matrix[:, 2] = self.heights
        matrix[:, 3] = merged_sizes(self.merges, self.n)
        return matrix

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the tree to one .npz file, whole or not at all.

        Parameters
        ----------
        path
            The file, which is replaced if it is there.

        Raises
        ------
        FileError
            When it cannot be written.

        Notes
        -----
        Cost: 24 bytes a merge on disk, and what the prototypes take. See `ladle.hac.tree.file` for the format.
        """
        save_tree(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote, and check every byte of it.

        Parameters
        ----------
        path
            The file.

        Returns
        -------
        Dendrogram
            The tree.

        Raises
        ------
        FileError
            When the file cannot be read.
        FileFormatError
            When it is something else, or newer than this Ladle.
        CorruptFileError
            When any byte has changed, or the contents are impossible.

        Notes
        -----
        Cost: one pass over the file.
        """
        return load_tree(cls, path)
