"""A sample of queries whose exact neighbours are known, to measure the recall of a search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ladle import threads
from ladle.neighbours.coarse import Int64s
from ladle.neighbours.join import Join
from ladle.neighbours.kernels import WORST
from ladle.neighbours.products import Int32s, top_k
from ladle.progress import SILENT


@dataclass(frozen=True, slots=True)
class RecallSample:
    """A few queries of a join and their exact neighbours."""

    rows: Int64s
    exact: Int32s

    @classmethod
    def of(cls, join: Join, size: int, random: np.random.Generator) -> RecallSample:
        """Cost: size m d multiply-adds."""
        rows = join.rows[np.sort(random.choice(len(join.rows), min(size, len(join.rows)), replace=False))]
        scores = np.full((len(rows), join.k), WORST, np.float32)
        exact = np.full((len(rows), join.k), -1, np.int32)

        def search(block: tuple[int, int]) -> None:
            part = slice(*block)
            top_k(join.packed, join.packed.points[rows[part]], rows[part], scores[part], exact[part])

        with threads.single_threaded_blas():
            threads.run_each(search, threads.ranges(len(rows), 100))
        return cls(rows, exact)

    def recall(self, join: Join) -> float:
        """The share of the exact neighbours that the join has found."""
        positions = join.positions[np.searchsorted(join.rows, self.rows)]
        return float(np.mean([np.isin(a, b).mean() for a, b in zip(self.exact, positions, strict=True)]))

    def first_recall(self, join: Join, probes: int) -> float:
        """The recall of a search with `probes` cells of the first partition; `join` then answers for the sample."""
        join.answer_only(self.rows)
        join.probe(join.main, probes, SILENT)
        return self.recall(join)
