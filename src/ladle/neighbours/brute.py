"""Exact nearest clusters by blocked matrix products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.geometry.frame import Frame, Means, frame_of
from ladle.neighbours.contract import Candidates, NeighbourHints
from ladle.neighbours.kernels import WORST, keep_best
from ladle.neighbours.precise import PACKED_ROWS, ClusterArrays, nearest_by_differences
from ladle.neighbours.products import MEMBER_BLOCK, QUERY_BLOCK, Floats, Int32s, Packed, linkages, rounding, top_k
from ladle.progress import Advance, Reporter


@dataclass(frozen=True, slots=True)
class BruteSearch:
    """Compare every query with every member, in blocks. The reach is proven: rounding is bounded for each row.

    Parameters
    ----------
    frame
        The frame to take products in; None is that of the members.

    Notes
    -----
    Cost: q m d multiply-adds at the speed of BLAS, or half of that when all members are queries. Memory: m (4 d + 16)
    bytes for the packed members when all are queries, else as much for the queries and for PACKED_ROWS members; about
    1 MiB a thread. For a precise search see `nearest_by_differences`.

    Repeatability: the same for any number of threads.
    """

    frame: Frame | None = None

    def nearest(
        self,
        means: Means,
        spreads: npt.NDArray[np.float64],
        *,
        members: Int32s,
        queries: Int32s,
        k: int,
        precise: bool,
        progress: Reporter,
        hints: NeighbourHints | None = None,
        remainders: Means | None = None,
        pause: Callable[[], None] | None = None,
    ) -> Candidates:
        """See `NeighbourSearch.nearest`."""
        k = min(k, len(members) - 1)
        frame = frame_of(means, members) if self.frame is None else self.frame
        with progress.task("nearest neighbours", len(queries)) as advance, threads.single_threaded_blas():
            clusters = ClusterArrays.of(means, remainders, spreads)
            search = nearest_by_differences if precise else _by_products
            return search(clusters, members, queries, k, frame, advance)


def _by_products(
    clusters: ClusterArrays, members: Int32s, queries: Int32s, k: int, frame: Frame, advance: Advance
) -> Candidates:
    """The k nearest by products in float32; the reach is shortened by a bound on their rounding."""
    single = np.dtype(np.float32)
    asking = clusters.packed(queries, single, frame)
    scores = np.full((len(queries), k), WORST, single)
    positions = np.full((len(queries), k), -1, np.int32)
    if len(queries) == len(members):
        _every_pair(asking, scores, positions, advance)
    else:
        own = np.searchsorted(members, queries)
        for first, last in threads.ranges(len(members), PACKED_ROWS):
            part = clusters.packed(members[first:last], single, frame)
            _each_query(part, first, asking.points, own, scores, positions)
            advance(len(queries) * (last - first) / len(members))
    return proven_candidates(asking, scores, positions, members, clusters.spreads[queries])


def proven_candidates(
    asking: Packed, scores: Floats, positions: Int32s, members: Int32s, spreads: npt.NDArray[np.float64]
) -> Candidates:
    """The answer for queries that were compared with every other of `members` (m,).

    asking: the queries. scores, positions (q, k): of their nearest among the members. spreads (q,): of the queries.
    """
    rows, frame = np.arange(len(scores)), asking.frame
    linkage = linkages(asking, rows, scores[:, -1], spreads)
    reach = (linkage - rounding(asking, rows, linkage)) / frame.scale**2
    if scores.shape[1] == len(members) - 1:  # every other member is listed
        reach[:] = np.inf
    ids = np.where(positions >= 0, members[positions], np.int32(-1))
    return Candidates(ids=ids, reach=reach, proven=np.ones(len(scores), bool))


def _each_query(
    packed: Packed, first: int, points: Floats, own: npt.NDArray[np.int64], scores: Floats, positions: Int32s
) -> None:
    """Merge the best of these members for the queries `points` (q, d); the first member stands at `first`."""

    def search(block: tuple[int, int]) -> None:
        part = slice(*block)
        top_k(packed, points[part], own[part], scores[part], positions[part], first)

    threads.run_each(search, threads.ranges(len(own), QUERY_BLOCK))


def _every_pair(packed: Packed, scores: Floats, positions: Int32s, advance: Advance) -> None:
    """Find the best members for every member. Each product serves its rows and its columns, which halves the work.

    Tiles meet as in a tournament: in step s, tile i meets tile s - i. Within a step no two meetings share a tile, so
    each answer has one writer. The order of meetings, and so any choice among ties, is fixed.
    """
    tiles = threads.ranges(len(packed.points), MEMBER_BLOCK)
    for step in range(len(tiles)):
        meetings = [(i, (step - i) % len(tiles)) for i in range(len(tiles)) if i <= (step - i) % len(tiles)]

        def meet(meeting: tuple[int, int]) -> None:
            one, other = tiles[meeting[0]], tiles[meeting[1]]
            compare_tiles(packed.points, packed.halves, one, other, scores, positions)

        threads.run_each(meet, meetings)
        advance(len(packed.points) / len(tiles))


def compare_tiles(
    points: Floats, halves: Floats, one: tuple[int, int], other: tuple[int, int], scores: Floats, positions: Int32s
) -> None:
    """Compare members one[0]:one[1] with members other[0]:other[1], both ways; once where the tile meets itself.

    points (m, d), halves (m,): as in a Packed. scores, positions (m, k): of all members, updated.
    """
    columns = np.arange(*other)
    ids = columns.astype(np.int32)
    for start in range(one[0], one[1], QUERY_BLOCK):
        stop = min(start + QUERY_BLOCK, one[1])
        rows = np.arange(start, stop)
        products = points[start:stop] @ points[other[0] : other[1]].T
        if one != other:
            mirrored = np.ascontiguousarray(products.T)
            mine = rows.astype(np.int32)
            keep_best(mirrored, halves[start:stop], mine, columns, scores, positions, columns, False)
        keep_best(products, halves[other[0] : other[1]], ids, rows, scores, positions, rows, False)
