"""How much a pool repeats itself, as far as it can be known before anything is labelled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.errors import ArgumentError
from ladle.hac import Dendrogram
from ladle.strategies.clustered.auto import Auto
from ladle.strategies.clustered.tight_levels import cut_within

ALIKE = Auto.alike  # near-copies are apart by less than this share of the typical distance
RELATIVES = 3  # rows of a cluster whose width is looked at


@dataclass(frozen=True, slots=True)
class Repetition:
    """Numbers that do not depend on the model's classes or on the unit of the distances.

    Attributes
    ----------
    share : float
        The size of the batch as a share of the pool, above 0 and at most 1.
    copies : float
        The share of the pool's rows that are near-copies of another row: 0 where no two are, .9 where each is there
        ten times.
    batch_copies : float
        The same within the batch that margin sampling would choose.
    width : float
        How far apart the rows of a cluster of three are, as a share of what two rows usually are; about 1 where no row
        has relatives.
    """

    share: float
    copies: float
    batch_copies: float
    width: float


def repetition(tree: Dendrogram, batch: Rows) -> Repetition:
    """Measure a pool by its tree, and the batch that margin sampling chooses from it.

    batch: (k,) int64, distinct rows. Raises: ArgumentError for a tree that does not know the typical distance of two
    rows, or stops short of clusters of three. Cost: two cuts of the tree.
    """
    copies = cut_within(tree, ALIKE)
    if copies is None:
        raise ArgumentError(
            "`tree`",
            wanted="know how far two rows of the pool usually are apart",
            got="a tree of an older Ladle",
            remedy="Cluster the pool again.",
        )
    heights, rows = np.sort(tree.heights), tree.n
    merges = int(rows * (1 - 1 / RELATIVES))
    if len(heights) < merges or rows < RELATIVES:
        raise ArgumentError(
            "`tree`",
            wanted=f"be made for clusters of mean size {RELATIVES} or larger",
            got=f"{len(heights):,} merges of {rows:,} rows",
            remedy=f"Cluster the pool with a mean size of {RELATIVES} or more.",
        )
    typical = float(tree.typical_distance or 0.0)
    width = float(heights[merges - 1]) / typical if typical else 0.0
    return Repetition(len(batch) / rows, repeats(copies.labels), repeats(copies.labels[batch]), width)


def repeats(clusters: npt.NDArray[np.int32]) -> float:
    """The share of these rows, by their clusters, that are not the first of their cluster among them."""
    return 1 - len(np.unique(clusters)) / len(clusters)
