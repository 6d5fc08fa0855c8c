"""CoreSet: cover the pool, by k-center greedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ladle import draws
from ladle.metric import Metric, check_metric
from ladle.strategies.distance.centres import outermost, square_lengths
from ladle.strategies.distance.farthest import farthest_first
from ladle.strategies.distance.space import Euclidean
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Need


@dataclass(frozen=True, slots=True)
class CoreSet(Chooser):
    """Each pick is the unlabelled row farthest from all labelled rows and from all earlier picks (k-center greedy).

    Without labelled rows, the first pick is the row farthest from the pool's mean. The picks are exact for any size;
    nothing is sampled.

    A query needs `embeddings`. The scores of a selection are the distances at which the rows were picked, descending.

    Parameters
    ----------
    metric : {"sqeuclidean", "cosine"}, default "sqeuclidean"
        Distance between embeddings; "sqeuclidean" ranks as the Euclidean distance does.

    Raises
    ------
    ArgumentError
        The metric is another.
    ZeroVectorError
        At a query, under "cosine": a row of the embeddings is 0.

    Notes
    -----
    Cost: at most n (labelled + size) dim multiply-adds in blocked matrix products, fewer where rows are soon near a
    pick; 12 bytes a row of the pool and 4 dim bytes a labelled or chosen row.

    Repeatability: set by embeddings, and by the seed among ties; a smaller batch is the beginning of a larger one.

    References
    ----------
    Sener & Savarese 2018, "Active Learning for Convolutional Neural Networks: A Core-Set Approach", algorithm 1.
    """

    metric: Metric = "sqeuclidean"
    name: ClassVar[str] = "coreset"
    needs: ClassVar[tuple[Need, ...]] = ("embeddings",)
    summary: ClassVar[str] = (
        "Each pick is the unlabelled row farthest from all labelled rows and from all earlier picks (k-center greedy)."
    )
    cost: ClassVar[str] = (
        "at most n (labelled + size) dim multiply-adds in blocked matrix products, fewer where rows are soon near a "
        "pick; 12 bytes a row of the pool and 4 dim bytes a labelled or chosen row."
    )
    repeats: ClassVar[str] = (
        "set by embeddings, and by the seed among ties; a smaller batch is the beginning of a larger one."
    )
    source: ClassVar[str] = (
        'Sener & Savarese 2018, "Active Learning for Convolutional Neural Networks: A Core-Set Approach", algorithm 1.'
    )

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
