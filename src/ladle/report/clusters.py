"""The clusters of the pool in a report, and those that a batch touches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle.arrays import Clusters, Rows

SHOWN_IN_CLUSTER = 20
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class SizeBin:
    """A bin of a histogram: `clusters` clusters have `least` to `most` rows, `rows` rows together."""

    least: int
    most: int
    clusters: int
    rows: int


@dataclass(frozen=True, slots=True)
class ClusterExample:
    """A cluster that the batch touches. rows: some of its rows, the `chosen` ones first."""

    size: int
    chosen_in_all: int
    rows: tuple[int, ...]
    chosen: int


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """The flat clusters of the pool in the first trial.

    Attributes
    ----------
    count, largest, singletons : int
        How many clusters there are, the rows of the largest, and how many have a single row.
    median : float
        Of their sizes.
    bins : tuple of SizeBin
        Sizes in bins that double.
    strategy : str
        The strategy whose first batch the examples are of.
    examples : tuple of ClusterExample
        Some clusters that this batch touches, from the largest to the smallest.
    """

    count: int
    largest: int
    median: float
    singletons: int
    bins: tuple[SizeBin, ...]
    strategy: str
    examples: tuple[ClusterExample, ...]


def cluster_facts(clusters: Clusters, strategy: str, batch_rows: Rows) -> ClusterFacts:
    """Sizes of `clusters` (n,), and examples of those that these rows (b,) touched, the largest first.

    Cost: O(n log n).
    """
    sizes = np.bincount(clusters)
    return ClusterFacts(
        count=len(sizes),
        largest=int(sizes.max()),
        median=float(np.median(sizes)),
        singletons=int((sizes == 1).sum()),
        bins=tuple(_size_bins(sizes)),
        strategy=strategy,
        examples=tuple(_examples(clusters, sizes, batch_rows)),
    )


def _size_bins(sizes: npt.NDArray[np.int64]) -> list[SizeBin]:
    """Bins that double: 1, 2-3, 4-7, ... up to the largest cluster."""
    bins = []
    least = 1
    while least <= sizes.max():
        inside = sizes[(sizes >= least) & (sizes < 2 * least)]
        bins.append(SizeBin(least, 2 * least - 1, len(inside), int(inside.sum())))
        least *= 2
    return bins


def _examples(clusters: Clusters, sizes: npt.NDArray[np.int64], batch_rows: Rows) -> list[ClusterExample]:
    """Clusters touched, from the largest to the smallest, evenly spaced along the sizes' ranks; singletons aside."""
    touched = np.unique(clusters[batch_rows])
    touched = touched[sizes[touched] > 1]
    if len(touched) == 0:
        return []
    by_size = touched[np.argsort(-sizes[touched], kind="stable")]
    ranks = np.unique(np.linspace(0, len(by_size) - 1, min(EXAMPLES, len(by_size))).round().astype(int))
    chosen = np.zeros(len(clusters), bool)
    chosen[batch_rows] = True
    examples = []
    for cluster in by_size[ranks]:
        members = np.flatnonzero(clusters == cluster)
        picked, others = members[chosen[members]], members[~chosen[members]]
        # At most half of the rows shown are chosen ones, so that there are others to compare with.
        first = picked[: max(SHOWN_IN_CLUSTER // 2, SHOWN_IN_CLUSTER - len(others))]
        example_rows = np.concatenate([first, others])[:SHOWN_IN_CLUSTER]
        examples.append(ClusterExample(int(sizes[cluster]), len(picked), tuple(example_rows.tolist()), len(first)))
    return examples
