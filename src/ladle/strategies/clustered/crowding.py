"""How crowded the least sure examples are, and how many candidates Cluster-Margin should therefore have.

A batch spread over clusters has examples of which the model is less unsure. That pays where the least sure examples are
near-duplicates, and costs accuracy where they are not. So `candidate_ratio="auto"` first measures the batch that Margin
would choose. A member is *shared* if another member lies in its cluster. A uniform batch has shared members too, by
chance. The crowding is the share of such members against their share by chance. Below 1.15, Margin's batch is taken
as it is; from there on the ratio is 1.25 times the crowding, at most 10, the paper's. docs/results/experiments has the
experiments that the rule was chosen on, others that test it, and the earlier rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.clusters import PoolClusters
from ladle.numbers import number
from ladle.strategies.query.request import Request

CandidateRatio = float | Literal["auto"]
CROWDED = 1.15  # the least crowding; it was chosen on pools without copies, up to 1.11, and with copies, from 1.24
LEAST, MOST = 1.25, 10.0  # the paper's ratios for small sets of images, and for large batches
SLACK = 0.05  # a share of shared members that costs little, however rare it is by chance


@dataclass(frozen=True, slots=True)
class Crowding:
    """The share of members with another member in their cluster: of Margin's batch, and of a uniform batch."""

    shared: float
    by_chance: float

    @property
    def times_chance(self) -> float:
        """The crowding: the first share by the second, `SLACK` added to both; about 1 in a pool without copies."""
        return (self.shared + SLACK) / (self.by_chance + SLACK)

    @property
    def is_crowded(self) -> bool:
        """Whether to spread the batch over clusters; if not, Margin's batch is taken as it is."""
        return self.times_chance >= CROWDED

    @property
    def ratio(self) -> float:
        """Candidates for each place in the batch: 1, or from `LEAST` x `CROWDED` to `MOST`."""
        return min(MOST, LEAST * self.times_chance) if self.is_crowded else 1.0


def crowding(batch: Rows, clusters: PoolClusters, request: Request) -> Crowding:
    """The crowding of `batch` (b,), the `request.size` unlabelled rows of smallest margin. Cost: O(n + clusters)."""
    in_batch = np.bincount(clusters.labels[batch], minlength=clusters.count)
    alone = int(np.count_nonzero(in_batch == 1))
    in_pool = np.bincount(clusters.labels, minlength=clusters.count)
    in_pool -= np.bincount(clusters.labels[request.labelled], minlength=clusters.count)
    return Crowding(1 - alone / request.size, _shared_by_chance(in_pool, request))


def checked_ratio(candidate_ratio: CandidateRatio) -> CandidateRatio:
    """The ratio as a plain number, or "auto". Raises: ArgumentError when it is neither, or below 1."""
    if isinstance(candidate_ratio, str) and candidate_ratio == "auto":
        return "auto"
    return number(candidate_ratio, "`candidate_ratio`", least=1, wanted='be a number, 1 or larger, or "auto"')


def _shared_by_chance(sizes: npt.NDArray[np.int64], request: Request) -> float:
    """The expected share of a uniform batch with another member in its cluster; sizes: unlabelled rows of each cluster.

    A member of a cluster of s rows is alone if none of the other size - 1 members, drawn from N - 1 rows, is among the
    other s - 1: prod over i < s - 1 of (1 - (size - 1) / (N - 1 - i)), by logarithms of gamma functions.
    """
    from scipy.special import gammaln

    others, drawn = request.unlabelled_rows - 1, request.size - 1
    kinds, counts = np.unique(sizes[sizes > 0], return_counts=True)  # few sizes, many clusters
    mates = kinds - 1.0
    left = others - drawn - mates  # rows that are neither drawn nor mates: none left, never alone
    logs = gammaln(others - drawn + 1) - gammaln(np.maximum(left, 0) + 1)
    logs += gammaln(others - mates + 1) - gammaln(others + 1)
    alone = np.where(left >= 0, np.exp(logs), 0.0)
    return float((counts * kinds * (1 - alone)).sum() / request.unlabelled_rows)
