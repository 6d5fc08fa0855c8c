"""CoreSet: cover the pool, by k-center greedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ladle import draws
from ladle.geometry.points import Metric, check_metric
from ladle.strategies.distance.centres import outermost, square_lengths
from ladle.strategies.distance.farthest import farthest_first
from ladle.strategies.distance.space import Euclidean
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Need


@dataclass(frozen=True, slots=True)
class CoreSet(Chooser):
    """Each pick is the unlabelled row farthest from all labelled rows and from all picks before (k-center greedy).

    Asked with `embeddings`; the scores of a selection are the distances at which the rows were picked, descending. With
    nothing labelled, the first pick is the row farthest from the pool's mean.
    metric: "sqeuclidean" (the order of Euclidean distance) or "cosine".
    Cost: at most n (labelled + size) dim multiply-adds in blocked matrix products, and less where rows are soon near a
    pick; 12 bytes a row of the pool and 4 dim bytes a labelled or chosen row. Exact for any size, nothing is sampled.
    Repeats: set by embeddings; the seed tells ties apart. A smaller batch is the beginning of a larger one.
    Source: Sener & Savarese 2018, algorithm 1.
    """

    metric: Metric = "sqeuclidean"
    name: ClassVar[str] = "coreset"
    needs: ClassVar[tuple[Need, ...]] = ("embeddings",)

    def __post_init__(self) -> None:
        check_metric(self.metric)

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        request = asked.request
        space = Euclidean(asked.embeddings(), self.metric)
        free, centres, size = asked.unlabelled, request.labelled, request.size
        draw_key = draws.key(request.seed, self.name)
        first, reach = np.empty(0, np.int64), np.empty(0, np.float32)
        if len(centres) == 0:
            first, reach = outermost(free, square_lengths(space, free), draw_key)
            free, centres, size = free[free != first], first, size - 1
        rows, distances = farthest_first(space, free, centres, size, draw_key, asked.progress)
        distances = np.concatenate([reach, distances]) * space.unit
        facts = {"metric": self.metric, "distance_last": float(distances[-1])}
        return Choice(np.concatenate([first, rows]), distances, facts)
