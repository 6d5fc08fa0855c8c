"""ProbCover: balls of one radius around labelled and chosen rows, covering as much of the pool as possible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ladle.metric import Metric
from ladle.strategies.coverage.greedy_cover import Dials, choose_covering
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Need

# Float32 keeps six digits of a distance: a row at the radius up to these digits is inside the ball.
SLACK = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbCover(Chooser):
    """Each pick is the row whose ball holds the most rows outside the balls of all labelled and chosen rows.

    A query needs `embeddings`. The scores of a selection are the numbers of newly covered rows; they are 0 for the
    rows drawn at random once nothing is left to cover.

    Parameters
    ----------
    radius : float, optional
        The Euclidean distance up to which a row covers another, above 0; between unit vectors under "cosine". Without
        it, our own rule (the paper asks for pure balls, by clusters of its own): the distance within which a row has,
        on average over 1,000 drawn rows, as many considered rows, itself included, as there are for each row of the
        batch and each labelled row; at most the distance that the lists of neighbours reach.
    neighbours : int, default 32
        Length of the lists of nearest rows that are used beyond 5,000 considered rows, 4 or more. A ball that
        holds more rows is cut short. Longer lists reach farther, and more rows are considered; see
        `ladle.strategies.coverage.greedy_cover`.
    metric : {"cosine", "sqeuclidean"}, default "cosine"
        Distance between embeddings, as in `ladle.cluster`.

    Raises
    ------
    ArgumentError
        A parameter is out of range.
    ZeroVectorError
        At a query, under "cosine": a row of the embeddings is 0.

    Notes
    ----- Cost: the neighbour search of `ladle.cluster`, then seconds; m dim numbers and 16 m neighbours bytes for m
    considered rows. The whole pool is considered from a batch of a sixteenth of it on.

    Repeatability: set by embeddings and seed; a seeded draw decides ties; any number of threads.

    References
    ----------
    Yehuda et al. 2022, "Active Learning Through a Covering Lens", algorithm 1.
    """

    name: ClassVar[str] = "probcover"
    needs: ClassVar[tuple[Need, ...]] = ("embeddings",)
    summary: ClassVar[str] = (
        "Each pick is the row whose ball holds the most rows outside the balls of all labelled and chosen rows."
    )
    cost: ClassVar[str] = (
        "the neighbour search of `ladle.cluster`, then seconds; m dim numbers and 16 m neighbours bytes for m "
        "considered rows. The whole pool is considered from a batch of a sixteenth of it on."
    )
    repeats: ClassVar[str] = "set by embeddings and seed; a seeded draw decides ties; any number of threads."
    source: ClassVar[str] = 'Yehuda et al. 2022, "Active Learning Through a Covering Lens", algorithm 1.'
    radius: float | None = None
    neighbours: int = 32
    metric: Metric = "cosine"

    def __post_init__(self) -> None:
        self._dials().check("radius")

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        return choose_covering(asked, self._dials(), _within, "radius")

    def _dials(self) -> Dials:
        return Dials(self.radius, self.neighbours, self.metric)


def _within(squares: npt.NDArray[np.float32], square: float) -> None:
    """Replace each squared distance (e,) by 1 up to the radius and 0 beyond, for a squared radius."""
    squares[:] = squares <= min((1 + SLACK) ** 2 * square, float(np.finfo(np.float32).max))
