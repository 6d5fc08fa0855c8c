"""k-means++ sampling: rows in proportion to their squared distance to the rows chosen before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ladle import seeds
from ladle.metric import Metric, check_metric
from ladle.strategies.distance.centres import Centres
from ladle.strategies.distance.proportional import sample_by_distance
from ladle.strategies.distance.space import Euclidean
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Need


@dataclass(frozen=True, slots=True)
class KMeansPlusPlus(Chooser):
    """Each pick is drawn in proportion to the squared distance to the nearest labelled row or earlier pick (D^2).

    Without labelled rows, the first pick is a uniform draw, of score 0. The draws are exact.

    A query needs `embeddings`. The scores of a selection are the distances at which the rows were picked.

    Parameters
    ----------
    metric : {"sqeuclidean", "cosine"}, default "sqeuclidean"
        Distance between embeddings; "cosine" is half the squared distance of the unit vectors.

    Raises
    ------
    ArgumentError
        The metric is another.
    ZeroVectorError
        At a query, under "cosine": a row of the embeddings is 0.

    Notes
    -----
    Cost: n labelled dim multiply-adds once, then about 3 size^2 dim of rejection sampling instead of n size dim; 20
    bytes a row of the pool and 4 dim bytes a labelled or chosen row.

    Repeatability: set by embeddings and seed.

    References
    ----------
    Arthur & Vassilvitskii 2007, "k-means++: The Advantages of Careful Seeding".
    """

    metric: Metric = "sqeuclidean"
    name: ClassVar[str] = "kmeans++"
    needs: ClassVar[tuple[Need, ...]] = ("embeddings",)
    summary: ClassVar[str] = (
        "Each pick is drawn in proportion to the squared distance to the nearest labelled row or earlier pick (D^2)."
    )
    cost: ClassVar[str] = (
        "n labelled dim multiply-adds once, then about 3 size^2 dim of rejection sampling instead of n size dim; 20 "
        "bytes a row of the pool and 4 dim bytes a labelled or chosen row."
    )
    repeats: ClassVar[str] = "set by embeddings and seed."
    source: ClassVar[str] = 'Arthur & Vassilvitskii 2007, "k-means++: The Advantages of Careful Seeding".'

    def __post_init__(self) -> None:
        check_metric(self.metric)

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        request, size = asked.request, asked.request.size
        free, known = asked.unlabelled, request.labelled
        space = Euclidean(asked.embeddings(), self.metric)
        first = np.empty(0, np.int64)
        if len(known) == 0:
            first = seeds.stream(request.seed, self.name, "first").choice(free, 1)
            free, known, size = free[free != first], first, size - 1
        centres = Centres(space, free, len(known) + size, np.full(len(free), np.inf, np.float32))
        centres.add(known)
        centres.refresh(np.arange(len(free)), asked.progress, "distances to the labelled")
        rows, distances = sample_by_distance(
            centres, size, power=1.0, seed=request.seed, purpose=self.name, progress=asked.progress
        )
        distances = np.concatenate([np.zeros(len(first), np.float32), distances]) * space.unit
        return Choice(np.concatenate([first, rows]), distances, {"metric": self.metric})
