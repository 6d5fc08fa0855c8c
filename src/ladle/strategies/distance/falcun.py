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

    The chance is in proportion to relevance^gamma; the relevance is the lower of 1 - margin and of the sum of absolute
    differences between the row's probabilities and those of the nearest pick: rows that the model confuses in the same
    way are chosen once.
    Asked with `probabilities`, and `margins` if they are known; the scores of a selection are the relevances at which
    the rows were picked.
    gamma: 0 or larger; the larger, the closer to always taking the most relevant.
    Cost: about 4 size^2 classes subtractions, most of them cut short, and n classes a few times; 20 bytes a row of the
    pool and 4 classes bytes a chosen row. Exact draws.
    Repeats: set by probabilities and seed.
    Source: Gilhuber et al. 2024, with the relevance of the authors' released code, which needs no rescaling between
    picks.
    """

    gamma: float = 10.0
    name: ClassVar[str] = "falcun"
    needs: ClassVar[tuple[Need, ...]] = ("probabilities",)

    def __post_init__(self) -> None:
        number(self.gamma, "`gamma`", least=0)

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        request, free = asked.request, asked.unlabelled
        probabilities = asked.probabilities()
        unsure = np.clip(1.0 - asked.margins()[free], 0.0, 2.0)
        found = Centres(CityBlock(probabilities), free, request.size, unsure)
        rows, relevances = sample_by_distance(
            found,
            request.size,
            power=self.gamma,
            seed=request.seed,
            purpose=self.name,
            progress=asked.progress,
        )
        return Choice(rows, relevances, {"gamma": float(self.gamma), "relevance_last": float(relevances[-1])})
