"""Exact nearest clusters by blocked matrix products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.neighbours.contract import Candidates, Means
from ladle.neighbours.kernels import WORST
from ladle.neighbours.packed import QUERY_BLOCK, Int32s, frame_of, linkages, pack, rounding, top_k
from ladle.progress import Progress


@dataclass(frozen=True, slots=True)
class BruteSearch:
    """Every query against every member, in blocks. Proven reach: the rounding of the product is bounded per row.

    Cost: q m d multiply-adds at the speed of BLAS; m (4 d + 16) bytes for the packed members (twice that when
    precise) and about 1 MiB a thread. Repeats: identical for any number of threads.
    """

    def nearest(
        self,
        means: Means,
        spreads: npt.NDArray[np.float64],
        *,
        members: Int32s,
        queries: Int32s,
        k: int,
        precise: bool,
        progress: Progress,
    ) -> Candidates:
        """See `NeighbourSearch.nearest`."""
        k = min(k, len(members) - 1)
        dtype = np.dtype(np.float64 if precise else np.float32)
        packed = pack(means, spreads, members, dtype, frame_of(means, members))
        own = np.searchsorted(members, queries)
        scores = np.full((len(queries), k), WORST, dtype)
        positions = np.full((len(queries), k), -1, np.int32)
        with progress.task("nearest neighbours", len(queries)) as advance, threads.single_threaded_blas():

            def search(block: tuple[int, int]) -> None:
                start, stop = block
                mine = own[start:stop]
                top_k(packed, packed.points[mine], mine, scores[start:stop], positions[start:stop])
                advance(stop - start)

            threads.run_each(search, threads.ranges(len(queries), QUERY_BLOCK))
        linkage = linkages(packed, own, scores[:, -1], spreads[queries])
        error = rounding(packed, own, linkage)
        # In float64 a row of ties would fall short of its own reach by a rounding, so there the reach errs the other
        # way, and the row counts as proven only while that rounding is negligible.
        proven = (error <= 1e-9 * linkage) if precise else np.ones(len(queries), bool)
        reach = (linkage + (error if precise else -error)) / packed.frame.scale**2
        if k == len(members) - 1:  # every other member is listed
            reach[:] = np.inf
            proven[:] = True
        return Candidates(ids=np.where(positions >= 0, members[positions], np.int32(-1)), reach=reach, proven=proven)
