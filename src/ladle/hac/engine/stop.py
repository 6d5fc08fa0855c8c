"""Where a tree may end before all is one cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle.hac.engine.state import Int32s
from ladle.hac.tree.kernels import lift


@dataclass(frozen=True, slots=True)
class Stop:
    """Once at most `clusters` remain, and all merges up to `linkage` are known."""

    clusters: int = 1
    linkage: float = np.inf

    def reached(self, n: int, pairs: Int32s, linkages: npt.NDArray[np.float64], level: float) -> bool:
        """Whether these merges of n points suffice, if none is missing below `level`: those above it do not count.

        pairs (m, 2), linkages (m,), in the order in which they were made. Cost: O(m).
        """
        if level > self.linkage:
            return True
        wanted = n - self.clusters
        if np.count_nonzero(linkages < level) < wanted:
            return False
        # An approximate search may find a merge below one it stands on: the tree raises it, perhaps past the level.
        raised = linkages.copy()
        lift(pairs.astype(np.int64), raised, n)
        return bool(np.count_nonzero(raised < level) >= wanted)
