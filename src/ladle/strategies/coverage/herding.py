"""Herding: each chosen row stands for those around it, the less the farther they are; and its twin for unsure rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ladle.geometry.points import Metric
from ladle.strategies.coverage.greedy_cover import Dials, choose_covering
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Need

STEEPEST = 1e30  # of the exponent: float32 holds its product with a squared distance of points in the unit ball


@dataclass(frozen=True, slots=True, kw_only=True)
class Herding(Chooser):
    """MaxHerding: one after the other, the row that raises the pool's mean similarity to its nearest choice most.

    The similarity of two rows is exp(-(distance / bandwidth)^2); labelled rows count as chosen.
    bandwidth: a Euclidean distance, between unit vectors under "cosine" (the paper takes 1 there). None is our own
    rule: the distance within which a row finds, on average over 1,000 drawn ones, as many of the considered rows,
    itself counted, as there are for each row of batch and labelled; no farther than the lists of neighbours see.
    neighbours: beyond 5,000 considered rows each knows this many nearest ones, and who has it among theirs; to all
    others its similarity counts as 0. More see farther, and consider more rows (see
    `ladle.strategies.coverage.greedy_cover`).
    metric: "cosine" or "sqeuclidean", as in `ladle.cluster`.
    Asked with `embeddings`; the scores of a selection are the gains, in rows, 0 where the rest of the batch was drawn
    by lot because nothing was left to gain.
    Raises: ArgumentError; ZeroVectorError (cosine).
    Cost: the neighbour search of `ladle.cluster`, then seconds; for m considered rows m dim numbers, and 16 m
    neighbours bytes. All of a pool is considered once the batch is a sixteenth of it.
    Repeats: set by embeddings and seed; ties by lot; any thread count.
    Source: Bae, Noh & Sutherland 2024, "Generalized Coverage for More Robust Low-Budget Active Learning", algorithm 1.
    """

    name: ClassVar[str] = "herding"
    needs: ClassVar[tuple[Need, ...]] = ("embeddings",)
    bandwidth: float | None = None
    neighbours: int = 32
    metric: Metric = "cosine"

    def __post_init__(self) -> None:
        self._dials().check("bandwidth")

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        return choose_covering(asked, self._dials(), _alike, "bandwidth")

    def _dials(self) -> Dials:
        return Dials(self.bandwidth, self.neighbours, self.metric)


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertaintyHerding(Chooser):
    """Herding in which a row counts by how unsure the model is of it: 1 - margin, or 0 where a margin is above 1.

    bandwidth, neighbours, metric: as in `Herding`. The paper sets the bandwidth anew each round, to the least distance
    between labelled rows, and calibrates the model first; here the rule of `Herding` narrows it as labels come in.
    Asked with `embeddings`, and with `margins` or the `probabilities` they come from; the scores of a selection are
    the gains, 0 where the rest of the batch was drawn by lot because nothing was left to gain.
    Raises: ArgumentError; ZeroVectorError (cosine).
    Cost: as `Herding`.
    Repeats: set by embeddings, margins and seed; ties by lot; any thread count.
    Source: Bae, Oliveira & Sutherland 2025, "Uncertainty Herding: One Active Learning Method for All Label Budgets".
    """

    name: ClassVar[str] = "uncertainty-herding"
    needs: ClassVar[tuple[Need, ...]] = ("scores", "embeddings")
    bandwidth: float | None = None
    neighbours: int = 32
    metric: Metric = "cosine"

    def __post_init__(self) -> None:
        self._dials().check("bandwidth")

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        unsure = np.maximum(1.0 - asked.margins().astype(np.float64), 0.0)
        return choose_covering(asked, self._dials(), _alike, "bandwidth", unsure)

    def _dials(self) -> Dials:
        return Dials(self.bandwidth, self.neighbours, self.metric)


def _alike(squares: npt.NDArray[np.float32], square: float) -> None:
    """The Gaussian of each squared distance, for a squared bandwidth; in place."""
    squares *= -min(1.0 / square, STEEPEST) if square > 0 else -STEEPEST
    np.exp(squares, out=squares)
