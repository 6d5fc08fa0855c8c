"""Neighbours of neighbours of a few queries, along the lists that the clustering keeps of all clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ladle import threads
from ladle.neighbours.coarse import Int64s
from ladle.neighbours.contract import NeighbourHints
from ladle.neighbours.join import Join
from ladle.neighbours.list_walk_kernels import both_ways, follow
from ladle.neighbours.products import Int32s

BLOCK = 256  # queries
PASSES = 2  # a third finds nothing


@dataclass(frozen=True, slots=True)
class Links:
    """The members of a join by position: the members on each one's list, and those on whose list it is."""

    starts: Int64s  # (m + 1,) where each one's begin
    near: Int32s  # positions, -1 for those that are no members

    @classmethod
    def of(cls, join: Join, members: Int32s, hints: NeighbourHints) -> Links:
        """The links among `members`, as the join was given them.

        They go both ways, because a cluster that has run dry has a short list, and is on long ones. Cost: a pass over
        the lists at random; twelve bytes an entry, four for each of n.
        """
        ids = members[join.order]
        place = np.full(len(hints.parents), -1, np.int32)
        place[ids] = np.arange(len(ids), dtype=np.int32)
        return cls(*both_ways(ids, place, hints))

    def walk(self, join: Join) -> None:
        """Test the members near those that `join` has found for its queries, and the members near these.

        A pass follows only members that the pass before has added.
        Cost: k times the entries of both lists times d multiply-adds a query and pass, on rows read at random.
        """
        answer = np.full(len(join.order), -1, np.int32)
        answer[join.rows] = np.arange(len(join.rows), dtype=np.int32)
        points, halves = join.packed.points, join.packed.halves
        earlier = np.full(join.positions.shape, -1, np.int32)
        for _ in range(PASSES):
            before = join.positions.copy()

            def test(block: tuple[int, int], earlier: Int32s = earlier, before: Int32s = before) -> None:
                lists = (self.starts, self.near, answer, earlier, before)
                follow(points, halves, join.rows, *lists, join.scores, join.positions, *block)

            threads.run_each(test, threads.ranges(len(before), BLOCK))
            earlier = before
