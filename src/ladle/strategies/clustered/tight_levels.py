"""At which level of the tree a batch should hold one example of each cluster.

To pass over near-duplicates costs certainty: their places go to examples of which the model is surer. Three rules bound
that cost, and none depends on the batch's share of the pool, or on how even the clusters are.

- *Reach.* A level fits when the batch fills within the `reach` x size least sure examples: what it takes instead of
  near-duplicates would all be in Margin's next, slightly larger batch. The coarsest level that fits is taken.
- *Width.* Rows that are nearly as far apart as any two rows say little about each other, though they share a cluster. A
  level is not tried where its clusters are wider than `widest` of the typical distance of two rows.
- *Near-copies.* Where the rows of a cluster are apart by less than `alike` of the typical distance of two rows, the
  model cannot tell them apart, and a second one says nothing new. Such clusters are always capped, whatever the reach.

LOG.md has the pools that the rules were chosen on, and names the ones that they are still to be tested on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ladle.arrays import Rows
from ladle.clusters import PoolClusters, clusters_of, is_cuttable
from ladle.errors import ArgumentError

MEAN_SIZES = (1.5, 2.0, 3.0, 5.0, 10.0, 20.0)  # the levels that are tried, finest first


@dataclass(frozen=True, slots=True, eq=False)
class TightLevel:
    """Flat clusters to cap. why: "near-copies", or "reach" where they are capped only as far as the batch reaches."""

    clusters: PoolClusters
    why: str

    @property
    def mean_size(self) -> float:
        """Rows a cluster."""
        return len(self.clusters) / np.count_nonzero(np.bincount(self.clusters.labels))


class TightLevels:
    """The levels of a tree, each cut when it is first looked at: finest first, those of near-copies before the others.

    tree: a dendrogram, or (n,) flat clusters, which are one level. alike, widest: see above. Cost: 4 bytes a row and
    level.
    """

    def __init__(self, tree: Any, alike: float, widest: float) -> None:
        self._tree, self._alike, self._widest = tree, alike, widest
        self._levels: list[TightLevel] = []
        self._rest = self._cuts()

    def __iter__(self) -> Iterator[TightLevel]:
        place = 0
        while True:
            if place == len(self._levels):
                level = next(self._rest, None)
                if level is None:
                    return
                self._levels.append(level)
            yield self._levels[place]
            place += 1

    def _cuts(self) -> Iterator[TightLevel]:
        if not is_cuttable(self._tree):
            yield TightLevel(self._cut(), "reach")
            return
        copies, widest = (cut_within(self._tree, share) for share in (self._alike, self._widest))
        last = None
        if copies is not None and copies.count < len(copies):
            last = copies
            yield TightLevel(copies, "near-copies")
        for mean_size in MEAN_SIZES:
            try:
                clusters = self._cut(mean_size=mean_size)
            except ArgumentError:  # the tree stops short of it
                break
            if widest is not None and clusters.count < widest.count:
                break
            if last is None or clusters.count < last.count:
                last = clusters
                yield TightLevel(clusters, "reach")
        else:
            return
        if widest is None and last is None:
            yield TightLevel(self._cut(), "reach")
        elif widest is not None and (last is None or widest.count < last.count):
            yield TightLevel(widest, "reach")

    def _cut(self, *, mean_size: float | None = None, threshold: float | None = None) -> PoolClusters:
        return clusters_of(self._tree, mean_size=mean_size, threshold=threshold, n_clusters=None)


def cut_within(tree: Any, share: float) -> PoolClusters | None:
    """The clusters narrower than `share` of the typical distance of two rows; None: the tree does not know it.

    Of a tree that stops below this height, they are the clusters of its last merge.
    """
    typical = getattr(tree, "typical_distance", None)
    if typical is None:
        return None
    height = float(share * typical)
    if height < tree.known_below:
        return clusters_of(tree, mean_size=None, threshold=height, n_clusters=None)
    merges = int(np.searchsorted(tree.heights, height, side="right"))
    return clusters_of(tree, mean_size=None, threshold=None, n_clusters=tree.n - merges)


def choose_level(levels: Sequence[TightLevel] | TightLevels, rows: Rows, size: int) -> TightLevel | None:
    """The coarsest level whose clusters, one row each, fill a batch of `size` out of `rows`; None: no level does.

    rows: (k,) the rows within reach. Clusters of near-copies are always taken. Cost: O(k + clusters) a level.
    """
    chosen = None
    for level in levels:
        touched = np.bincount(level.clusters.labels[rows], minlength=1)
        if level.why != "near-copies" and np.count_nonzero(touched) < size:
            break
        chosen = level
    return chosen
