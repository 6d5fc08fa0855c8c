"""Uniform: the baseline every strategy has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ladle import draws
from ladle.strategies.query.chooser import Asked, Choice, Chooser


@dataclass(frozen=True, slots=True)
class Uniform(Chooser):
    """Unlabelled rows uniformly at random, without replacement.

    Of the arrays it is asked with, only the length is used, to know the pool; its scores are 0.
    Cost: O(n) time, 24 bytes a row of the pool.
    Repeats: set by the seed alone; a smaller batch is the beginning of a larger one.
    Source: the baseline of every comparison.
    """

    name: ClassVar[str] = "uniform"

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        request = asked.request
        rows = draws.sample(draws.key(request.seed, self.name), asked.unlabelled, request.size)
        return Choice(rows, np.zeros(len(rows), np.float32))
