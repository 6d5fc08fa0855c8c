"""The nearest cluster of points that are not clusters themselves: newcomers, which come in blocks.

Nearest is smallest |x - mean|^2 + spread. Linkages are compared in float64. Each linkage has a doubt: a bound on how
far the rounding of the point, of the mean and of the sum may have moved it. Where two linkages differ by less than
their doubts the point is unresolved, and the first of the clusters that float64 cannot tell from the nearest wins.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ladle import seeds, threads
from ladle.geometry.frame import Means, frame_of
from ladle.neighbours.coarse import SAMPLE_PER_CELL, Cells, by_cell
from ladle.neighbours.kernels import WORST, keep_best
from ladle.neighbours.nearest_cluster_kernels import ROUNDINGS, UNIT, Blur, choose, doubt
from ladle.neighbours.products import QUERY_BLOCK, Floats, Int32s, Packed, pack, top_k

Floats64 = npt.NDArray[np.float64]

CANDIDATES = 4  # nearest by products, then compared in float64
# Beyond this many times the members' radius, products could overflow float32.
FARTHEST = 1e15
CELL_ROWS = 500  # clusters a cell, on average
PROBES = 4  # cells that a newcomer is compared with at first
MOST_PROBES = 64
CHOICE_BLOCK = 1024
DIRECT_BLOCK = 4  # points compared with all clusters at once


class NearestClusters(NamedTuple):
    """The answer for q points."""

    positions: Int32s  # (q,) of the nearest cluster
    linkages: Floats64  # (q,) to it
    unresolved: npt.NDArray[np.bool_]  # (q,) whether another cluster is as near, up to rounding

    @classmethod
    def none(cls, points: int) -> NearestClusters:
        """No answer yet."""
        return cls(np.full(points, -1, np.int32), np.full(points, np.inf), np.zeros(points, bool))


class OutsideSearch(Protocol):
    """A search for the nearest of m clusters, for points from outside. Threads do not change the answer."""

    def nearest(self, points: Floats64) -> NearestClusters:
        """For each of `points` (q, d), in the space of the means."""
        ...


class ExactOutside:
    """Compare every point with every cluster, by matrix products; the answer is proven, rounding included.

    Products in float32 propose clusters, and products in float64 where the rounding of float32 could hide the nearest.
    Clusters that even those cannot tell apart (ties) are compared one by one; what is unresolved then is a tie to all
    digits there are. Neither the order nor the blocks of the points change the answer.
    origin_norm: of the vector that was subtracted from means and points. rounding: the share by which means were
    rounded.
    Cost: q m d multiply-adds at the speed of BLAS; 4 m d bytes, and 8 m d once float64 is needed.
    """

    def __init__(self, means: Means, spreads: Floats64, *, origin_norm: float = 0.0, rounding: float = 0.0) -> None:
        self._blur = Blur.of(means, origin_norm, rounding)
        self._means = means
        self._spreads = spreads
        self._members = np.arange(len(means), dtype=np.int32)
        self._frame = frame_of(means, self._members)
        self._packed: dict[str, Packed] = {}

    def nearest(self, points: Floats64) -> NearestClusters:
        """See `OutsideSearch.nearest`."""
        nearest = NearestClusters.none(len(points))
        pending = np.arange(len(points))
        for name in ("float32", "float64"):
            if len(pending):
                pending = pending[~self._by_products(points, pending, name, nearest)]
        all_members = np.tile(self._members, (min(DIRECT_BLOCK, len(pending)), 1))

        def compare_all(block: tuple[int, int]) -> None:
            mine = pending[slice(*block)]
            choose(points, self._means, self._spreads, self._blur, mine, all_members[: len(mine)], *nearest)

        threads.run_each(compare_all, threads.ranges(len(pending), DIRECT_BLOCK))
        return nearest

    def _by_products(
        self, points: Floats64, pending: npt.NDArray[np.int64], name: str, nearest: NearestClusters
    ) -> npt.NDArray[np.bool_]:
        """Answer for the points at `pending` (p,). Returns whether each answer is proven, (p,) bool."""
        if name not in self._packed:
            self._packed[name] = pack(self._means, self._spreads, self._members, np.dtype(name), self._frame)
        packed = self._packed[name]
        proven = np.zeros(len(pending), bool)

        def search(block: tuple[int, int]) -> None:
            mine = pending[slice(*block)]
            shifted = (points[mine] - packed.frame.centre) * packed.frame.scale
            norms = np.sqrt(np.einsum("ij,ij->i", shifted, shifted))
            shifted[norms > FARTHEST] = 0.0
            scores, positions = _no_answers(len(mine), min(CANDIDATES, len(self._means)), packed)
            no_own = np.full(len(mine), -1, np.int64)
            top_k(packed, shifted.astype(packed.points.dtype), no_own, scores, positions)
            choose(points, self._means, self._spreads, self._blur, mine, positions, *nearest)
            if len(self._means) <= CANDIDATES:
                proven[slice(*block)] = norms <= FARTHEST
                return
            unlisted = _least_unlisted(packed, norms, scores[:, -1]) / packed.frame.scale**2
            blur = self._blur.most + self._blur.origin + ROUNDINGS * UNIT * norms / packed.frame.scale
            best = nearest.linkages[mine]
            dim = self._means.shape[1]
            room = doubt(best, blur, dim) + doubt(np.maximum(unlisted, 0.0), blur, dim)
            proven[slice(*block)] = (best + room < unlisted) & (norms <= FARTHEST)

        with threads.single_threaded_blas():
            threads.run_each(search, threads.ranges(len(pending), QUERY_BLOCK))
        return proven


class CellOutside:
    """Compare each point with the clusters of its nearest coarse cells: approximate, for millions of both.

    Cost: q (m / CELL_ROWS + probes CELL_ROWS) d multiply-adds and, once, the cells; 4 m d bytes.
    Repeatability: by its seed. The blocks of the points matter only where rounding swaps two equally near cells.
    """

    def __init__(
        self, means: Means, spreads: Floats64, *, seed: int, origin_norm: float = 0.0, rounding: float = 0.0
    ) -> None:
        self._blur = Blur.of(means, origin_norm, rounding)
        self._means = means
        self._spreads = spreads
        members = np.arange(len(means), dtype=np.int32)
        packed = pack(means, spreads, members, np.dtype(np.float32), frame_of(means, members))
        cells = max(1, len(means) // CELL_ROWS)
        random = seeds.stream(seed, "outside cells")
        drawn = np.sort(random.choice(len(means), min(len(means), cells * SAMPLE_PER_CELL), replace=False))
        self._cells = Cells.make(packed.points[drawn], cells, random, packed.frame)
        self._order, self._starts = by_cell(self._cells.own(packed.points), len(self._cells))
        self._packed = Packed(
            packed.points[self._order], packed.halves[self._order], packed.norms[self._order], packed.frame
        )
        self.probes = min(PROBES, len(self._cells))

    def tune(self, points: Floats64, exact: Floats64, limit: float, *, recall: float) -> float:
        """Raise `probes` until the share of a sample that is answered correctly is `recall`, or `probes` cannot rise.

        points (s, d) with the linkages `exact` (s,) to their nearest clusters; beyond `limit` any answer is right.
        Returns the share.
        """
        most = min(MOST_PROBES, len(self._cells))
        while True:
            nearest = self.nearest(points)
            share = float(np.mean((nearest.linkages <= exact) | (exact > limit)))
            if share >= recall or self.probes == most:
                return share
            self.probes = min(2 * self.probes, most)

    def nearest(self, points: Floats64) -> NearestClusters:
        """See `OutsideSearch.nearest`."""
        frame, packed = self._packed.frame, self._packed
        queries = np.empty(points.shape, np.float32)

        def fill(block: tuple[int, int]) -> None:
            shifted = (points[slice(*block)] - frame.centre) * frame.scale
            norms = np.sqrt(np.einsum("ij,ij->i", shifted, shifted))
            # A point so far away is as near to one cluster as to another, to all digits of float32.
            queries[slice(*block)] = shifted * np.minimum(1.0, FARTHEST / np.maximum(norms, 1.0))[:, None]

        threads.run_each(fill, threads.ranges(len(points), CHOICE_BLOCK))
        own_order, own_starts = by_cell(self._cells.own(queries), len(self._cells))
        cells = np.empty((len(points), self.probes), np.int32)
        cells[own_order], _ = self._cells.nearest(queries, own_order, own_starts, self.probes)
        pairs = cells.ravel()  # one for each point and cell, so that each answer has one writer
        order, starts = by_cell(pairs, len(self._starts) - 1)
        scores, positions = _no_answers(len(pairs), 1, packed)

        def compare(cell: int) -> None:
            first, last = self._starts[cell], self._starts[cell + 1]
            if first == last:
                return
            base, halves = packed.points[first:last].T, packed.halves[first:last]
            ids = np.arange(first, last, dtype=np.int32)
            for start in range(starts[cell], starts[cell + 1], QUERY_BLOCK):
                mine = order[start : min(start + QUERY_BLOCK, starts[cell + 1])]
                products = queries[mine // cells.shape[1]] @ base
                keep_best(products, halves, ids, np.full(len(mine), -1), scores, positions, mine, False)

        with threads.single_threaded_blas():
            threads.run_each(compare, range(len(starts) - 1))
        candidates = np.where(positions >= 0, self._order[positions], -1).astype(np.int32).reshape(cells.shape)
        nearest = NearestClusters.none(len(points))

        def choose_block(block: tuple[int, int]) -> None:
            rows = np.arange(*block)
            choose(points, self._means, self._spreads, self._blur, rows, candidates[slice(*block)], *nearest)

        threads.run_each(choose_block, threads.ranges(len(points), CHOICE_BLOCK))
        return nearest


def _no_answers(queries: int, k: int, packed: Packed) -> tuple[Floats, Int32s]:
    return np.full((queries, k), WORST, packed.points.dtype), np.full((queries, k), -1, np.int32)


def _least_unlisted(packed: Packed, norms: Floats64, last: Floats) -> Floats64:
    """(q,) a linkage below which no cluster is missing from lists that end at the scores `last`, in the frame's unit.

    The bound of ladle.neighbours.products.rounding, for points of these norms (q,) that are not members.
    """
    unit = float(np.finfo(packed.points.dtype).eps) / 2
    linkage = np.maximum(norms * norms - 2.0 * last.astype(np.float64), 0.0)
    reach = np.minimum(norms + np.sqrt(linkage), 1.0)  # of a cluster that is as near; all lie in the unit ball
    error = 2.0 * unit * ((packed.points.shape[1] + 4) * norms * reach + 2.0 * (reach * reach + linkage))
    bound: Floats64 = linkage - error
    return bound
