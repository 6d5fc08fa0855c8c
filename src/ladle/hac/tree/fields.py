"""What a tree holds, and which of its merges make the flat clusters of a level."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.errors import ArgumentError
from ladle.hac.tree.level import Level, largest_equal_height

if TYPE_CHECKING:
    from ladle.hac.tree.prototypes import Prototypes


@dataclass(frozen=True, slots=True)
class Checks:
    """Mistakes of its own that an approximate clustering has noticed: the fewer, the closer it is to the exact tree.

    Attributes
    ----------
    inversions
        Merges that came out below a merge they stand on, and were raised to its height. Exact average linkage makes
        none.
    pushes
        Clusters whose candidate list had missed a nearer neighbour, which that neighbour's own list named.
    """

    inversions: int
    pushes: int


@dataclass(frozen=True, slots=True, eq=False)
class TreeFields:
    """The fields of a `Dendrogram`, as its file keeps them."""

    n: int  # rows of the pool
    # (m, 2), smaller id first. Row i joins two clusters into cluster n + i: SciPy's numbering.
    merges: npt.NDArray[np.int64]
    heights: npt.NDArray[np.float64]  # (m,) ascending, in the metric's unit: 1 - cosine, or squared Euclidean distance
    metric: str  # "cosine" or "sqeuclidean"
    certified: float  # share of the merges proven to be those of exact average linkage, 0..1
    # Share of a sample's true nearest neighbours that an approximate search found; None where the search was exact.
    recall: float | None = None
    checks: Checks | None = None  # None for a file of an older Ladle
    known_below: float = np.inf  # every merge below this height is known; inf when the tree is complete
    level: Level | None = None  # where the clustering was asked to stop; `cut()` cuts there
    # Share of a height by which another order of float64 sums may change it; for a file of an older Ladle, float32's.
    rounding: float = 0.0
    # The median distance of two rows from all over the pool; None for a file of an older Ladle.
    typical_distance: float | None = None
    pool_digest: str = ""  # of the ids of the pool, "" where the pool was a plain array
    dim: int = 0  # of the vectors; 0 for a file of an older Ladle
    dtype: str = ""  # of the vectors
    vectors_digest: str = ""  # of the vectors in row order; "" for a file of an older Ladle
    # (s,) positions in the source of the rows that `skip_invalid` left out; None where none were.
    skipped_rows: Rows | None = field(default=None, repr=False)
    # What `assign` compares newcomers with, for one cut and all coarser ones; saved with the tree.
    prototypes: Prototypes | None = field(default=None, repr=False)

    @property
    def complete(self) -> bool:
        """Whether all rows end in one cluster."""
        return len(self.merges) == self.n - 1

    def locate(self, level: Level) -> tuple[int, float]:
        """How many of the merges, in order, make the flat clusters of `level`, and the height up to which they reach.

        That height is the threshold, or the first merge left undone; at the end of the tree, `known_below`.
        Raises: ArgumentError when the tree stops short of the level.
        """
        merges = self.merges_at(level)
        if level.threshold is not None:
            return merges, level.threshold
        return merges, float(self.heights[merges]) if merges < len(self.heights) else float(self.known_below)

    def merges_at(self, level: Level) -> int:
        """How many of the merges, in order, make the flat clusters of `level`. Raises: ArgumentError, as `locate`."""
        clusters = level.clusters_of(self.n)
        if clusters is not None:
            if self.n - clusters > len(self.merges):
                raise ArgumentError(
                    "the level of a cut",
                    wanted=f"leave at least {self.n - len(self.merges):,} clusters, where this tree stops",
                    got=f"{clusters:,} clusters",
                    remedy="Cluster again with a larger mean_size, or without a level for the full tree.",
                )
            return self.n - clusters
        assert level.threshold is not None
        threshold = float(level.threshold)
        if threshold >= self.known_below:
            raise ArgumentError(
                "`threshold`",
                wanted=f"be below {self.known_below:.6g}, where this tree stops",
                got=f"{threshold:.6g}",
                remedy="Cluster again with a larger threshold, or without a level for the full tree.",
            )
        highest = largest_equal_height(threshold, self.metric, self.rounding)
        return int(np.searchsorted(self.heights, highest, side="right"))
