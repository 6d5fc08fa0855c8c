"""What the rounds come to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle.hac.engine.state import Int32s


@dataclass(slots=True)
class Tally:
    """What the rounds did, for reports and benchmarks."""

    rounds: int = 0
    searches: int = 0
    searched: int = 0
    told: int = 0
    precise: int = 0
    dense: int = 0


@dataclass(slots=True)
class Merges:
    """Merges in an order in which every cluster is made before it is merged on; linkages may still be unsorted."""

    pairs: Int32s  # (m, 2) cluster ids (kept, gone)
    linkages: npt.NDArray[np.float64]  # (m,)
    sure: npt.NDArray[np.bool_]  # (m,)
    level: float  # every merge at a linkage below this is among them
    tally: Tally
