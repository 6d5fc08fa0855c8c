"""Uniform sampling: the baseline of every comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ladle import draws
from ladle.strategies.query.chooser import Asked, Choice, Chooser


@dataclass(frozen=True, slots=True)
class Uniform(Chooser):
    """Unlabelled rows uniformly at random, without replacement.

    A query needs no array: give `pool_rows`, or any array that has one entry a row. The scores of a selection are 0.

    Notes
    -----
    Cost: O(n) time; 24 bytes a row of the pool.

    Repeatability: set by the seed alone; a smaller batch is the beginning of a larger one.

    References
    ----------
    The baseline of every comparison.
    """

    name: ClassVar[str] = "uniform"
    summary: ClassVar[str] = "Unlabelled rows uniformly at random, without replacement."
    cost: ClassVar[str] = "O(n) time; 24 bytes a row of the pool."
    repeats: ClassVar[str] = "set by the seed alone; a smaller batch is the beginning of a larger one."
    source: ClassVar[str] = "The baseline of every comparison."

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        request = asked.request
        rows = draws.sample(draws.key(request.seed, self.name), asked.unlabelled, request.size)
        return Choice(rows, np.zeros(len(rows), np.float32))
