"""Herding: a chosen row stands for the rows near it, by a similarity that falls with distance; once also by margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ladle.metric import Metric
from ladle.strategies.coverage.greedy_cover import Dials, choose_covering
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Need

STEEPEST = 1e30  # of the exponent: float32 holds its product with a squared distance of points in the unit ball


@dataclass(frozen=True, slots=True, kw_only=True)
class Herding(Chooser):
    """Each pick is the row that raises the pool's mean similarity to its nearest choice most (MaxHerding).

    The similarity of two rows is exp(-(distance / bandwidth)^2). Labelled rows count as chosen.

    A query needs `embeddings`. The scores of a selection are the gains, in rows; they are 0 for the rows drawn at
    random once nothing is left to gain.

    Parameters
    ----------
    bandwidth : float, optional
        The distance at which the similarity falls to 1/e, above 0, between unit vectors under "cosine". The paper takes
        1 there. Without it, our own rule: the distance within which a row has, on average over 1,000 drawn rows, as
        many considered rows, itself included, as there are for each row of the batch and each labelled row; at most the
        distance that the lists of neighbours reach.
    neighbours : int, default 32
        Length of the lists of nearest rows that are used beyond 5,000 considered rows, 4 or more. The similarity
        of two rows that are on neither's list counts as 0. Longer lists reach farther, and more rows are considered;
        see `ladle.strategies.coverage.greedy_cover`.
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
    Bae, Noh & Sutherland 2024, "Generalized Coverage for More Robust Low-Budget Active Learning", algorithm 1.
    """

    name: ClassVar[str] = "herding"
    needs: ClassVar[tuple[Need, ...]] = ("embeddings",)
    summary: ClassVar[str] = (
        "Each pick is the row that raises the pool's mean similarity to its nearest choice most (MaxHerding)."
    )
    cost: ClassVar[str] = (
        "the neighbour search of `ladle.cluster`, then seconds; m dim numbers and 16 m neighbours bytes for m "
        "considered rows. The whole pool is considered from a batch of a sixteenth of it on."
    )
    repeats: ClassVar[str] = "set by embeddings and seed; a seeded draw decides ties; any number of threads."
    source: ClassVar[str] = (
        'Bae, Noh & Sutherland 2024, "Generalized Coverage for More Robust Low-Budget Active Learning", algorithm 1.'
    )
    bandwidth: float | None = None
    neighbours: int = 32
    metric: Metric = "cosine"

    def __post_init__(self) -> None:
        self._dials().check("bandwidth")

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        return choose_covering(asked, self._dials(), _similarities, "bandwidth")

    def _dials(self) -> Dials:
        return Dials(self.bandwidth, self.neighbours, self.metric)


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertaintyHerding(Chooser):
    """Herding in which each row counts by how unsure the model is of it: 1 - margin, or 0 for a margin above 1.

    The paper sets the bandwidth anew each round, to the least distance between labelled rows, and calibrates the model
    first. Here the rule of `Herding` narrows the bandwidth as labels come in.

    A query needs `embeddings`, and `margins` or the `probabilities` they come from. The scores of a selection are the
    gains; they are 0 for the rows drawn at random once nothing is left to gain.

    Parameters
    ----------
    bandwidth : float, optional
        The distance at which the similarity falls to 1/e, above 0, between unit vectors under "cosine". Without it, our
        own rule: the distance within which a row has, on average over 1,000 drawn rows, as many considered rows, itself
        included, as there are for each row of the batch and each labelled row; at most the distance that the lists of
        neighbours reach.
    neighbours : int, default 32
        Length of the lists of nearest rows that are used beyond 5,000 considered rows, 4 or more. The similarity
        of two rows that are on neither's list counts as 0. Longer lists reach farther, and more rows are considered;
        see `ladle.strategies.coverage.greedy_cover`.
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

    Repeatability: set by embeddings, margins and seed; a seeded draw decides ties; any number of threads.

    References
    ----------
    Bae, Oliveira & Sutherland 2025, "Uncertainty Herding: One Active Learning Method for All Label Budgets".
    """

    name: ClassVar[str] = "uncertainty-herding"
    needs: ClassVar[tuple[Need, ...]] = ("scores", "embeddings")
    summary: ClassVar[str] = (
        "Herding in which each row counts by how unsure the model is of it: 1 - margin, or 0 for a margin above 1."
    )
    cost: ClassVar[str] = (
        "the neighbour search of `ladle.cluster`, then seconds; m dim numbers and 16 m neighbours bytes for m "
        "considered rows. The whole pool is considered from a batch of a sixteenth of it on."
    )
    repeats: ClassVar[str] = "set by embeddings, margins and seed; a seeded draw decides ties; any number of threads."
    source: ClassVar[str] = (
        'Bae, Oliveira & Sutherland 2025, "Uncertainty Herding: One Active Learning Method for All Label Budgets".'
    )
    bandwidth: float | None = None
    neighbours: int = 32
    metric: Metric = "cosine"

    def __post_init__(self) -> None:
        self._dials().check("bandwidth")

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        unsure = np.maximum(1.0 - asked.margins().astype(np.float64), 0.0)
        return choose_covering(asked, self._dials(), _similarities, "bandwidth", unsure)

    def _dials(self) -> Dials:
        return Dials(self.bandwidth, self.neighbours, self.metric)


def _similarities(squares: npt.NDArray[np.float32], square: float) -> None:
    """Replace each squared distance (e,) by its similarity, for a squared bandwidth."""
    squares *= -min(1.0 / square, STEEPEST) if square > 0 else -STEEPEST
    np.exp(squares, out=squares)
