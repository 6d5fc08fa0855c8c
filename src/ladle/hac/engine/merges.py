"""The merges of a clustering: what the rounds return, and when they may end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.compiled import kernel
from ladle.hac.engine.state import Int32s, Int64s

ROUNDING = 1e-6  # of a height, relative


@dataclass(slots=True)
class Tally:
    """What the rounds did, for reports and benchmarks."""

    rounds: int = 0
    searches: int = 0
    searched: int = 0  # clusters, all searches together
    told: int = 0  # clusters that had missed a nearer one, which pointed at them; see pairing.relink
    precise: int = 0  # clusters that were searched for precisely
    dense: int = 0  # clusters on the matrix at the end


@dataclass(slots=True)
class Merges:
    """Merges in an order in which every cluster is made before it is merged on; linkages may still be unsorted."""

    pairs: Int32s  # (m, 2) cluster ids (kept, gone)
    linkages: npt.NDArray[np.float64]  # (m,)
    sure: npt.NDArray[np.bool_]  # (m,)
    level: float  # every merge at a linkage below this is among them
    tally: Tally


@dataclass(frozen=True, slots=True)
class StopRule:
    """The rounds may end once at most `clusters` remain, or once all merges up to `linkage` are known."""

    clusters: int = 1
    linkage: float = np.inf

    def reached(self, n: int, pairs: Int32s, linkages: npt.NDArray[np.float64], level: float) -> bool:
        """Whether these merges of n points suffice, if none is missing below `level`; merges above it do not count.

        pairs (m, 2), linkages (m,), in the order in which they were made. Cost: O(m).
        """
        if level > self.linkage:
            return True
        enough = n - self.clusters
        if np.count_nonzero(linkages < level) < enough:
            return False
        # An approximate search may find a merge below one it stands on. The tree raises it, perhaps past the level.
        raised = linkages.copy()
        lift(pairs.astype(np.int64), raised, n)
        return bool(np.count_nonzero(raised < level) >= enough)


def lift(pairs: Int64s, heights: npt.NDArray[np.float64], n: int) -> int:
    """Raise each height to those of the merges it stands on, in place: this undoes inversions.

    Rounding makes them, and approximate searches do. pairs (m, 2): rows (kept, gone), every cluster made before it is
    merged on. Returns how many heights were raised by more than a rounding.
    """
    return int(_lift(pairs, heights, np.zeros(n), ROUNDING))


@kernel
def _lift(pairs: Any, heights: Any, top: Any, rounding: float) -> int:
    raised = 0
    for x in range(pairs.shape[0]):
        kept = pairs[x, 0]
        below = max(top[kept], top[pairs[x, 1]])
        if heights[x] < below:
            raised += heights[x] < below * (1 - rounding)
            heights[x] = below
        top[kept] = heights[x]
    return raised
