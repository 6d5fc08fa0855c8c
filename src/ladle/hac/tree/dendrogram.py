"""The tree of all merges, and the flat clusterings it holds."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import numpy.typing as npt

from ladle.arrays import Clusters, Rows
from ladle.errors import ArgumentError
from ladle.numbers import number, whole
from ladle.progress import SILENT, Reporter

if TYPE_CHECKING:
    from ladle.hac.assign import Assignment
    from ladle.hac.tree.origin import Origin
    from ladle.hac.tree.prototypes import Prototypes
    from ladle.pool import Pool


ROUNDING = 1e-12  # share of a height by which two orders of float64 sums may differ
COSINE_ROUNDING = 4e-15  # of 1 - cosine, where that is computed from a product near 1


@dataclass(frozen=True, slots=True)
class Level:
    """Where to cut a tree: exactly one of the three is set."""

    mean_size: float | None = None  # mean rows a cluster; the clusters number n / mean_size, rounded down
    threshold: float | None = None  # largest height merged
    n_clusters: int | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("mean_size", "threshold", "n_clusters") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ArgumentError(
                "a level", wanted="be exactly one of mean_size, threshold, n_clusters", got=", ".join(given) or "none"
            )
        if self.mean_size is not None:
            object.__setattr__(self, "mean_size", number(self.mean_size, "`mean_size`", least=1, wanted="be 1 or more"))
        if self.threshold is not None:
            object.__setattr__(self, "threshold", number(self.threshold, "`threshold`", least=0, wanted="be 0 or more"))
        if self.n_clusters is not None:
            object.__setattr__(
                self,
                "n_clusters",
                whole(self.n_clusters, "`n_clusters`", least=1, wanted="be a whole number, 1 or more"),
            )

    def clusters_of(self, n: int) -> int | None:
        """How many clusters n rows make at this level; None where only the heights can tell. Raises: ArgumentError."""
        if self.mean_size is not None:
            return max(1, int(n / self.mean_size))
        if self.n_clusters is not None and self.n_clusters > n:
            raise ArgumentError("`n_clusters`", wanted=f"be at most the {n:,} rows", got=f"{self.n_clusters:,}")
        return None if self.n_clusters is None else int(self.n_clusters)


def counted_up_to(threshold: float, metric: str, rounding: float) -> float:
    """The largest height that counts as at most `threshold`, where heights are rounded by this share of them.

    Up to 5,000 rows under squared Euclidean distance, heights are those of SciPy to the last bit, and `rounding` is 0.
    Elsewhere two right sums of float64 differ by less than 1e-12 of a height. Cosine distances that others compute are
    1 less a product, whose rounding is up to 4e-15 whatever the distance.
    """
    absolute = min(COSINE_ROUNDING, threshold) if metric == "cosine" else 0.0
    return threshold + rounding * threshold + absolute


@dataclass(frozen=True, slots=True)
class Checks:
    """What an approximate clustering found of its own mistakes; the fewer, the nearer the tree is to the exact one.

    inversions: merges that came out below one they stand on, and were raised to it: average linkage makes none.
    pushes: clusters that had overlooked a neighbour nearer than they knew, and were told of it.
    """

    inversions: int
    pushes: int


@dataclass(frozen=True, slots=True, eq=False)
class Dendrogram:
    """Average-linkage merges of n rows, sorted by height.

    Row i of `merges` joins two clusters into cluster n + i, in SciPy's numbering: 0..n-1 are the rows themselves. The
    tree may stop early: it then holds every merge below `known_below`, and can be cut anywhere up to there.
    """

    n: int
    merges: npt.NDArray[np.int64]  # (m, 2), smaller id first
    heights: npt.NDArray[np.float64]  # (m,) ascending, in the metric's unit: 1 - cosine, or squared Euclidean distance
    metric: str  # "cosine" or "sqeuclidean"
    certified: float  # share of the merges proven to be those of exact average linkage, 0..1
    # Share of a sample's true nearest neighbours that an approximate search found; None where the search was exact.
    recall: float | None = None
    checks: Checks | None = None  # None for a file that an older Ladle wrote
    known_below: float = np.inf  # inf when the tree is complete
    level: Level | None = None  # where it was asked to stop; cut() cuts there
    # Share of a height by which another order of float64 sums may change it; of a file of an older Ladle, float32's.
    rounding: float = 0.0
    pool_digest: str = ""  # of the ids of the pool it was made from, "" when that was a plain array
    dim: int = 0  # of its vectors; 0 for a file that an older Ladle wrote
    dtype: str = ""  # of its vectors
    vectors_digest: str = ""  # of its vectors in row order; "" for a file that an older Ladle wrote
    # (s,) positions in the source of the rows that `skip_invalid` left out; None where none were.
    skipped_rows: Rows | None = field(default=None, repr=False)
    # What `assign` goes by, for one cut and all coarser ones; saved with the tree.
    prototypes: Prototypes | None = field(default=None, repr=False)

    @property
    def complete(self) -> bool:
        """Whether all rows end in one cluster."""
        return len(self.merges) == self.n - 1

    @property
    def origin(self) -> Origin:
        """What is known of the pool it was made from."""
        from ladle.hac.tree.origin import Origin

        skipped = 0 if self.skipped_rows is None else len(self.skipped_rows)
        return Origin(self.n, self.dim, self.dtype, self.pool_digest, self.vectors_digest, skipped)

    def check_pool(self, pool: npt.ArrayLike | Pool, *, progress: Reporter = SILENT) -> bool:
        """Refuse a pool, or embeddings (n, dim), that the tree was not made from: other data, or another order.

        Returns whether the vectors could be compared: the files of an older Ladle carry no digest of them.
        Raises: MismatchError; what unreadable embeddings raise.
        Cost: one pass over the vectors, about 1 GB a second on two cores; none where rows, dim or ids differ.
        """
        return self.origin.check(pool, subject="`pool`", progress=progress)

    def cut(
        self, *, mean_size: float | None = None, threshold: float | None = None, n_clusters: int | None = None
    ) -> Clusters:
        """Flat clusters: int32 (n,), labels 0..m-1 in order of their first row.

        Give one of: `mean_size` (n / mean_size clusters, rounded down), `threshold` (every merge at a height <= it)
        or `n_clusters`; without any, the level the tree was made for, or mean_size=10 for a full tree.
        A height that exceeds the threshold by rounding alone counts as equal to it: see `counted_up_to`.
        Raises: ArgumentError when the tree stops short of the level asked for.
        Cost: O(n) time, 12 n bytes.
        """
        from ladle.hac.tree.kernels import label_rows

        return label_rows(self.merges, self.n, self._merges_at(self._level(mean_size, threshold, n_clusters)))

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
        """Put examples the tree was not made from into the clusters of a cut; the clusters stay as they are.

        Each joins the cluster of smallest average linkage to it, if that is at most the height of the cut: the
        threshold, or the first merge that the cut leaves undone. One that equals a row of the tree's pool joins that
        row's cluster.
        embeddings: (q, dim) float array or memmap, or a pool, read in blocks, twice; no rows are fine.
        mean_size, threshold, n_clusters: the cut, as in `cut`.
        pool: the one the tree was made from; needed unless the tree carries prototypes of this cut or a finer one.
        new: what becomes of examples far from every cluster: "cluster" clusters them among themselves, cut at the same
        height; "mark" labels them -1; "nearest" has them join the nearest cluster however far.
        exact: whether each is compared with every cluster; False compares it with those of nearby coarse cells, trying
        harder until a sample of 400 is 98% right. None is exact up to 2e11 multiply-adds (q x clusters x dim).
        seed: of the cells, and of a large clustering of new ones.

        Returns an Assignment: labels as int32 (q,), linkages, the recall of an approximate search, and how many are
        unresolved: as near to a second cluster, up to the rounding of float64. All others are proven where it is exact.
        Raises: ArgumentError, MismatchError (another pool); ShapeError, NonFiniteError, ZeroVectorError (cosine) and
        DataError before any work.
        Cost: q m dim multiply-adds for m clusters, or by cells about q (m / 500 + 500 probes) dim. Memory: 20 m dim
        bytes, 16 n, 12 q, 512 MiB for blocks, and those far off.
        Repeats: the order of the examples and the threads change nothing but the numbers of new clusters; by cells,
        rounding may swap two equally near ones.
        """
        from ladle.hac.assign import Request, assign
        from ladle.pool.open import open_if_path

        level = self._level(mean_size, threshold, n_clusters)
        return assign(self, open_if_path(embeddings), Request(level, open_if_path(pool), new, exact, seed, progress))

    def with_prototypes(
        self,
        pool: npt.ArrayLike | Pool,
        *,
        mean_size: float | None = None,
        threshold: float | None = None,
        n_clusters: int | None = None,
        progress: Reporter = SILENT,
    ) -> Self:
        """This tree, carrying what `assign` goes by at a cut (as in `cut`) and all coarser ones.

        pool: the one the tree was made from. Raises: ArgumentError, MismatchError, and what unusable embeddings raise.
        Cost: one pass over the pool; then 8 m dim bytes for m clusters, and 8 n, in memory and in the file.
        """
        from ladle.hac.assign import prototypes_at
        from ladle.pool.open import open_if_path

        level = self._level(mean_size, threshold, n_clusters)
        return replace(self, prototypes=prototypes_at(self, open_if_path(pool), level, progress))

    def _level(self, mean_size: float | None, threshold: float | None, n_clusters: int | None) -> Level:
        if mean_size is None and threshold is None and n_clusters is None:
            return self.level or Level(mean_size=10)
        return Level(mean_size=mean_size, threshold=threshold, n_clusters=n_clusters)

    def standing(self, level: Level) -> tuple[int, float]:
        """How many of the merges, in order, make the flat clusters of `level`; the height up to which these would grow.

        That is the threshold, or the first merge left undone; where the tree ends, as far as it knows.
        Raises: ArgumentError when the tree stops short of the level.
        """
        merges = self._merges_at(level)
        if level.threshold is not None:
            return merges, level.threshold
        return merges, float(self.heights[merges]) if merges < len(self.heights) else float(self.known_below)

    def _merges_at(self, level: Level) -> int:
        """How many of the merges, in order, make the flat clusters of `level`."""
        wanted = level.clusters_of(self.n)
        if wanted is not None:
            if self.n - wanted > len(self.merges):
                raise ArgumentError(
                    "the level of a cut",
                    wanted=f"leave at least {self.n - len(self.merges):,} clusters, where this tree stops",
                    got=f"{wanted:,} clusters",
                    remedy="Cluster again with a larger mean_size, or without a level for the full tree.",
                )
            return self.n - wanted
        threshold = float(level.threshold)  # type: ignore[arg-type]
        if threshold >= self.known_below:
            raise ArgumentError(
                "`threshold`",
                wanted=f"be below {self.known_below:.6g}, where this tree stops",
                got=f"{threshold:.6g}",
                remedy="Cluster again with a larger threshold, or without a level for the full tree.",
            )
        return int(np.searchsorted(self.heights, counted_up_to(threshold, self.metric, self.rounding), side="right"))

    def to_scipy(self) -> npt.NDArray[np.float64]:
        """The linkage matrix (n - 1, 4) of scipy.cluster.hierarchy. Raises: ArgumentError on an incomplete tree."""
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
        """Write the tree to one .npz file, whole or not at all; see ladle.hac.tree.file."""
        from ladle.hac.tree.file import save_tree

        save_tree(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote, and check every byte of it. Raises: FileError and its kinds."""
        from ladle.hac.tree.file import load_tree

        return load_tree(cls, path)
