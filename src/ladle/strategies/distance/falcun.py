"""FALCUN: unsure and different, among the predicted probabilities alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ladle.numbers import number
from ladle.strategies.distance.centres import Centres
from ladle.strategies.distance.proportional import sample_by_distance
from ladle.strategies.distance.space import CityBlock
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Need


@dataclass(frozen=True, slots=True)
class Falcun(Chooser):
    """Each pick is drawn by how unsure a row is or, if that is less, how far its probabilities are from every pick's.

    The chance of a row is proportional to relevance^gamma. The relevance is the smaller of 1 - margin and the sum of
    absolute differences between the row's probabilities and those of the nearest pick. So rows that the model confuses
    in the same way are chosen once. The draws are exact.

    A query needs `probabilities`, and takes `margins` if they were computed before. The scores of a selection are the
    relevances at which the rows were picked.

    Parameters
    ----------
    gamma : float, default 10.0
        0 or larger; the larger, the more often the most relevant row is drawn.

    Raises
    ------
    ArgumentError
        `gamma` is out of range.

    Notes
    -----
    Cost: about 4 size^2 classes subtractions, most of them left out, and n classes a few times; 20 bytes a row of the
    pool and 4 classes bytes a chosen row.

    Repeatability: set by probabilities and seed.

    References
    ----------
    Gilhuber et al. 2024, "FALCUN: A Simple and Efficient Deep Active Learning Strategy", with the relevance of the
    authors' code, which needs no rescaling between picks.
    """

    gamma: float = 10.0
    name: ClassVar[str] = "falcun"
    needs: ClassVar[tuple[Need, ...]] = ("probabilities",)
    summary: ClassVar[str] = (
        "Each pick is drawn by how unsure a row is or, if that is less, how far its probabilities are from every "
        "pick's."
    )
    cost: ClassVar[str] = (
        "about 4 size^2 classes subtractions, most of them left out, and n classes a few times; 20 bytes a row of the "
        "pool and 4 classes bytes a chosen row."
    )
    repeats: ClassVar[str] = "set by probabilities and seed."
    source: ClassVar[str] = (
        'Gilhuber et al. 2024, "FALCUN: A Simple and Efficient Deep Active Learning Strategy", with the relevance of '
        "the authors' code, which needs no rescaling between picks."
    )

    def __post_init__(self) -> None:
        number(self.gamma, "`gamma`", least=0)

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        request, free = asked.request, asked.unlabelled
        probabilities = asked.probabilities()
        unsure = np.clip(1.0 - asked.margins()[free], 0.0, 2.0)
        centres = Centres(CityBlock(probabilities), free, request.size, unsure)
        rows, relevances = sample_by_distance(
            centres,
            request.size,
            power=self.gamma,
            seed=request.seed,
            purpose=self.name,
            progress=asked.progress,
        )
        return Choice(rows, relevances, {"gamma": float(self.gamma), "relevance_last": float(relevances[-1])})
