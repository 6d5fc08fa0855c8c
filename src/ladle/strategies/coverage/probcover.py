"""ProbCover: balls of one radius around the labelled rows, covering as much of the pool as they can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ladle.geometry.points import Metric
from ladle.strategies.coverage.greedy_cover import Dials, choose_covering
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Need

# Float32 keeps six digits of a distance: whoever is at the radius up to these is within it.
SLACK = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbCover(Chooser):
    """One after the other, the row whose ball holds the most rows that no ball around a labelled or chosen row holds.

    radius: the Euclidean distance, between unit vectors under "cosine", up to which a row covers another. None is our
    own rule, not the paper's (which asks for pure balls, by clusters of its own): the distance within which a row
    finds, on average over 1,000 drawn ones, as many of the considered rows, itself counted, as there are for each row
    of batch and labelled; no farther than the lists of neighbours see.
    neighbours: beyond 5,000 considered rows each knows this many nearest ones, and who has it among theirs, so a ball
    that holds more is cut short. More see farther, and consider more rows (see
    `ladle.strategies.coverage.greedy_cover`).
    metric: "cosine" or "sqeuclidean", as in `ladle.cluster`.
    Asked with `embeddings`; the scores of a selection count the rows newly covered, 0 where the rest of the batch was
    drawn by lot because nothing was left to cover.
    Raises: ArgumentError; ZeroVectorError (cosine).
    Cost: the neighbour search of `ladle.cluster`, then seconds; for m considered rows m dim numbers, and 16 m
    neighbours bytes. All of a pool is considered once the batch is a sixteenth of it.
    Repeats: set by embeddings and seed; ties by lot; any thread count.
    Source: Yehuda et al. 2022, "Active Learning Through a Covering Lens", algorithm 1.
    """

    name: ClassVar[str] = "probcover"
    needs: ClassVar[tuple[Need, ...]] = ("embeddings",)
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
    """1 up to the radius, 0 beyond; in place."""
    squares[:] = squares <= min((1 + SLACK) ** 2 * square, float(np.finfo(np.float32).max))
