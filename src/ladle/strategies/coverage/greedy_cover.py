"""Coverage of a pool: greedily choose the rows that represent the other rows best.

ProbCover, Herding and UncertaintyHerding are one algorithm. It maximises, one row after the other,

    F(S) = sum over considered rows x of  worth(x) * max over s in S of  w(x, s)

S begins as the labelled rows, and w(x, s), which is 1 at distance 0, is the weight with which s represents x. A gain
never grows as S does (F is submodular), so an earlier gain is an upper bound, and most gains are not computed again at
each choice.

Considered rows. Up to `FEW_ROWS` rows, every pair is considered. Beyond, w is 0 for a pair if neither row is among the
`neighbours` nearest of the other. Such lists cannot hold balls of thousands of rows. So where the batch is small
against the pool, a uniform sample replaces the unlabelled rows. The sample is so large that a ball around each row of
the batch and each labelled row would hold half a list on average; it has at most max(20,000, neighbours * size) rows,
and at least `FEW_ROWS` together with the labelled rows. At most max(20,000, neighbours * size) labelled rows are
considered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ladle import draws, threads
from ladle.arrays import Rows
from ladle.geometry.points import FEW_ROWS, Points, check_distance, check_placeable
from ladle.metric import Metric, check_metric
from ladle.numbers import whole
from ladle.progress import Reporter
from ladle.strategies.query.chooser import Asked, Choice
from ladle.strategies.query.request import Request

if TYPE_CHECKING:
    from ladle.neighbours.cells import CellSearch

Singles = npt.NDArray[np.float32]
Weigh = Callable[[Singles, float], None]  # replaces squared distances (e,) by weights, for a squared dial

BRUTE_ROWS = 30_000  # the most rows for which the search is exact, in two or three seconds
SAMPLE_ROWS = 20_000  # rows considered for the smallest batch
DIAL_ROWS = 1_000  # rows whose balls set the dial
TURN = 1_000  # choices between two reports of progress
EVERY_PAIR_BLOCK = 64
FARTHEST = 1e15  # larger than any distance between points in the unit ball


@dataclass(frozen=True, slots=True)
class Dials:
    """The options of the three strategies. distance: the radius or bandwidth, None to measure it on the pool."""

    distance: float | None
    neighbours: int
    metric: Metric

    def check(self, distance_name: str) -> None:
        """Refuse options out of range, with the strategy's name of the distance. Raises: ArgumentError."""
        check_distance(distance_name, self.distance)
        check_metric(self.metric)
        whole(self.neighbours, "`neighbours`", least=4)


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A symmetric graph of m points: the neighbours of point x, itself included, are ids[starts[x]:starts[x + 1]].

    values: (entries,) float32, the squared distance of each entry, and later its weight.
    """

    starts: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int32]
    values: Singles

    @classmethod
    def of(cls, points: Points, neighbours: int, search: CellSearch | None, progress: Reporter) -> Graph:
        """Every pair of few points; of many, the nearest of each, by `search` or, without one, exactly.

        Cost: the search, then 8 bytes an entry: up to 2 m neighbours of them, m m when every pair.
        """
        from ladle.neighbours.brute import BruteSearch

        matrix = points.points
        if len(matrix) <= FEW_ROWS:
            return cls._every_pair(matrix)
        everybody = np.arange(len(matrix), dtype=np.int32)
        near = (search or BruteSearch()).nearest(
            matrix,
            np.zeros(len(matrix)),
            members=everybody,
            queries=everybody,
            k=neighbours,
            precise=False,
            progress=progress,
        )
        return cls._united(matrix, np.ascontiguousarray(near.ids))

    @classmethod
    def _every_pair(cls, matrix: npt.NDArray[np.floating[Any]]) -> Graph:
        from ladle.strategies.coverage.kernels import every_square

        count = len(matrix)
        squares = np.empty((count, count), np.float32)
        blocks = threads.ranges(count, EVERY_PAIR_BLOCK)
        threads.run_each(lambda block: every_square(matrix, squares, *block), blocks)
        ids = np.tile(np.arange(count, dtype=np.int32), count)
        return cls(np.arange(count + 1, dtype=np.int64) * count, ids, squares.ravel())

    @classmethod
    def _united(cls, matrix: npt.NDArray[np.floating[Any]], near: npt.NDArray[np.int32]) -> Graph:
        from ladle.strategies.coverage.kernels import listed_squares, union_sizes, unite
        from ladle.threads import run_ranged

        squares = np.empty(near.shape, np.float32)
        mutual = np.zeros(near.shape, bool)
        run_ranged(lambda start, stop: listed_squares(matrix, near, squares, mutual, start, stop), len(near))
        sizes = np.ones(len(near), np.int64)
        union_sizes(near, mutual, sizes)
        starts = np.zeros(len(near) + 1, np.int64)
        np.cumsum(sizes, out=starts[1:])
        ids = np.empty(starts[-1], np.int32)
        values = np.empty(starts[-1], np.float32)
        unite(near, squares, mutual, starts[:-1].copy(), ids, values)
        return cls(starts, ids, values)

    def without_zeros(self) -> Graph:
        """The same graph without entries of value 0. Each point keeps the entry of itself, whose weight is 1."""
        is_edge = self.values != 0
        sizes = np.add.reduceat(is_edge, self.starts[:-1], dtype=np.int64)
        return Graph(np.concatenate(([0], np.cumsum(sizes))), self.ids[is_edge], self.values[is_edge])

    def ball(self, wanted: float, sizes: npt.NDArray[np.int64], chosen: Rows) -> float:
        """The squared radius within which the points `chosen` (q,) have `wanted` rows on average, among those listed.

        sizes: (m,) the number of rows at each point. Returns 1 where all rows are equal, since any radius serves there.
        """
        spans = [np.arange(self.starts[x], self.starts[x + 1]) for x in chosen.tolist()]
        entries = np.concatenate(spans)
        owners = np.repeat(chosen, [len(span) for span in spans])
        squares = self.values[entries]
        order = np.argsort(squares, kind="stable")
        reached = np.cumsum((sizes[owners] * sizes[self.ids[entries]])[order])
        place = int(np.searchsorted(reached, wanted * float(sizes[chosen].sum())))
        square = float(squares[order[min(place, len(order) - 1)]])
        above = squares[squares > 0]
        return square if square > 0 else float(above.min()) if len(above) else 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Considered:
    """The considered rows, and their points.

    Equal rows are one point: once one of them is chosen, the others gain nothing.
    """

    rows: Rows  # (r,) ascending
    labelled: npt.NDArray[np.bool_]  # (r,)
    point: npt.NDArray[np.int64]  # (r,) the point of each row
    points: Points  # (m, dim)
    search: CellSearch | None  # the search that has arranged the points, if they are many

    @classmethod
    def of(cls, asked: Asked, dials: Dials) -> Considered:
        """Choose the rows to consider, as the top of this file says, and gather their points."""
        from ladle.geometry.collapse import distinct_rows
        from ladle.geometry.frame import Frame
        from ladle.neighbours.cells import CellSearch

        embeddings = asked.embeddings()
        check_placeable(embeddings, dials.metric)
        rows, labelled = considered_rows(asked, int(dials.neighbours))
        points = Points.of(embeddings, rows, dials.metric)
        distinct = distinct_rows(points.points)
        point = np.searchsorted(distinct.rows, distinct.first)
        if len(distinct.rows) < len(rows):
            points = Points(points.points[distinct.rows], points.scale)
        if len(distinct.rows) <= BRUTE_ROWS:
            return cls(rows, labelled, point, points, None)
        search = CellSearch(seed=asked.request.seed, frame=Frame.identity(embeddings.shape[1]))
        order = search.arrange(points.points, asked.progress)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        return cls(rows, labelled, place[point], Points(points.points[order], points.scale), search)

    def best_of_equals(self, request: Request) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
        """The row to choose at each point: (m,) its place among the rows, drawn from the unlabelled, and (m,) its lot.

        -1 where a point has no unlabelled row, and where it has a labelled one, so that nothing is left to gain.
        """
        free = np.flatnonzero(~self.labelled)
        lots = draws.priorities(draws.key(request.seed, "ties"), self.rows[free])
        last_first = np.argsort(lots)[::-1]
        row_pos = np.full(len(self.points.points), -1, np.int64)
        ties = np.zeros(len(row_pos), np.uint64)
        row_pos[self.point[free[last_first]]] = free[last_first]  # the last one written stays
        ties[self.point[free[last_first]]] = lots[last_first]
        row_pos[self.point[self.labelled]] = -1
        return row_pos, ties


def considered_rows(asked: Asked, neighbours: int) -> tuple[Rows, npt.NDArray[np.bool_]]:
    """(r,) the considered rows, ascending, and (r,) whether each is labelled; see the top of this file."""
    request = asked.request
    most = max(SAMPLE_ROWS, neighbours * request.size)
    labelled = request.labelled
    if len(labelled) > most:
        labelled = draws.sample(draws.key(request.seed, "considered labelled"), labelled, most)
    seen = neighbours // 2 * (request.size + len(labelled)) - len(labelled)
    wanted = max(FEW_ROWS - len(labelled), min(most, seen))
    free = asked.unlabelled
    if wanted < len(free):
        free = draws.sample(draws.key(request.seed, "considered"), free, wanted)
    rows = np.concatenate([free, labelled])
    order = np.argsort(rows)
    return rows[order], order >= len(free)


def choose_covering(
    asked: Asked, dials: Dials, weigh: Weigh, distance_name: str, worth: npt.NDArray[np.float64] | None = None
) -> Choice:
    """The batch that covers most, and its gains. worth: (n,) of each row of the pool, 0 or larger; None is 1 for all.

    A seeded draw decides ties, and fills the batch once nothing is left to gain.
    """
    request = asked.request
    considered = Considered.of(asked, dials)
    points, point = considered.points, considered.point
    graph = Graph.of(points, dials.neighbours, considered.search, asked.progress)
    every_pair = len(points.points) <= FEW_ROWS
    if dials.distance is None:
        everybody = np.arange(len(points.points))
        some = draws.sample(draws.key(request.seed, "dial"), everybody, min(DIAL_ROWS, len(everybody)))
        centres = request.size + int(considered.labelled.sum())
        square = graph.ball(len(point) / centres, np.bincount(point), some)
    else:
        square = min(float(dials.distance) * points.scale, FARTHEST) ** 2
    weigh(graph.values, square)
    graph = graph.without_zeros()
    own = np.ones(len(point)) if worth is None else worth[considered.rows]
    chosen, gains, covered = _greedily(
        graph, considered, np.bincount(point, own).astype(np.float64), request, asked.progress
    )
    rest = np.ones(len(point), bool)
    rest[chosen] = False
    missing = request.size - len(chosen)
    left = considered.rows[rest & ~considered.labelled]
    lots = draws.sample(draws.key(request.seed, "lot"), left, missing)
    facts: dict[str, int | float | str] = {
        distance_name: float(np.sqrt(square)) / points.scale,
        "metric": dials.metric,
        "neighbours": "every pair" if every_pair else int(dials.neighbours),
        "considered_rows": len(point),
        "covered_share": covered,
        "drawn_by_lot": missing,
    }
    rows = np.concatenate([considered.rows[chosen], lots])
    scores = np.concatenate([gains, np.zeros(missing)]).astype(np.float32)
    return Choice(rows, scores, facts, candidate_rows=int(np.count_nonzero(~considered.labelled)))


def _greedily(
    graph: Graph, considered: Considered, worth: npt.NDArray[np.float64], request: Request, progress: Reporter
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], float]:
    """Places among the considered rows, in order of choice (b,); their gains (b,); the share of worth covered."""
    from ladle.strategies.coverage.kernels import all_gains, cover_by, greedy, order_heap
    from ladle.threads import run_ranged

    row_pos, ties = considered.best_of_equals(request)
    edges = (graph.starts, graph.ids, graph.values)
    cover = np.zeros(len(row_pos), np.float32)
    cover_by(*edges, np.unique(considered.point[considered.labelled]), cover)
    gains = np.zeros(len(row_pos))
    run_ranged(lambda start, stop: all_gains(*edges, worth, cover, gains, start, stop), len(row_pos))
    heap = np.flatnonzero(row_pos >= 0).astype(np.int32)
    order_heap(heap, gains, ties)
    chosen = np.empty(min(request.size, len(heap)), np.int64)
    count = 0
    with progress.task("choosing", len(chosen)) as advance:
        for start, stop in threads.ranges(len(chosen), TURN):
            left = len(heap) - start
            count = greedy(*edges, worth, cover, gains, ties, heap, left, chosen, start, stop)
            advance(count - start)
            if count < stop:
                break
    total = float(worth.sum())
    covered = float(worth @ cover) / total if total > 0 else 1.0
    return row_pos[chosen[:count]], gains[chosen[:count]], covered
