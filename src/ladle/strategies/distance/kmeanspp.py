"""k-means++ sampling: rows in proportion to their squared distance to those chosen before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ladle import seeds
from ladle.geometry.points import Metric, check_metric
from ladle.strategies.distance.centres import Centres
from ladle.strategies.distance.proportional import sample_by_distance
from ladle.strategies.distance.space import Euclidean
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Need


@dataclass(frozen=True, slots=True)
class KMeansPlusPlus(Chooser):
    """Each pick is drawn in proportion to the squared distance to the nearest labelled row or earlier pick (D^2).

    Asked with `embeddings`; the scores of a selection are the distances at which the rows were picked. With nothing
    labelled, the first pick is a uniform draw, of score 0.
    metric: "sqeuclidean" or "cosine" (of unit vectors, whose squared distance is twice the cosine distance).
    Cost: n labelled dim multiply-adds once, then about 3 size^2 dim of rejection sampling instead of n size dim; 20
    bytes a row of the pool and 4 dim bytes a labelled or chosen row. Exact draws.
    Repeats: set by embeddings and seed.
    Source: Arthur & Vassilvitskii 2007.
    """

    metric: Metric = "sqeuclidean"
    name: ClassVar[str] = "kmeans++"
    needs: ClassVar[tuple[Need, ...]] = ("embeddings",)

    def __post_init__(self) -> None:
        check_metric(self.metric)

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        request, size = asked.request, asked.request.size
        free, centres = asked.unlabelled, request.labelled
        space = Euclidean(asked.embeddings(), self.metric)
        first = np.empty(0, np.int64)
        if len(centres) == 0:
            first = seeds.stream(request.seed, self.name, "first").choice(free, 1)
            free, centres, size = free[free != first], first, size - 1
        found = Centres(space, free, len(centres) + size, np.full(len(free), np.inf, np.float32))
        found.add(centres)
        found.refresh(np.arange(len(free)), asked.progress, "distances to the labelled")
        rows, distances = sample_by_distance(
            found, size, power=1.0, seed=request.seed, purpose=self.name, progress=asked.progress
        )
        distances = np.concatenate([np.zeros(len(first), np.float32), distances]) * space.unit
        return Choice(np.concatenate([first, rows]), distances, {"metric": self.metric})
