"""Uniform: the baseline every strategy has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ladle.strategies import draws
from ladle.strategies.contract import Selection, Story
from ladle.strategies.request import check_request, rows_described


@dataclass(frozen=True, slots=True)
class Uniform:
    """Unlabelled rows uniformly at random, without replacement.

    Cost: O(n) time, 24 bytes a row of the pool.
    Repeats: set by the seed alone; a smaller batch is the beginning of a larger one.
    """

    name: ClassVar[str] = "uniform"

    def query(
        self,
        size: int,
        *,
        probabilities: npt.ArrayLike | None = None,
        margins: npt.ArrayLike | None = None,
        embeddings: npt.ArrayLike | None = None,
        labelled: npt.ArrayLike | None = None,
        seed: int = 0,
    ) -> Selection:
        """Choose `size` unlabelled rows; of the arrays only the length is used, to know the pool.

        Raises: ArgumentError, MismatchError when the arrays' lengths differ.
        """
        pool_rows = rows_described(probabilities=probabilities, margins=margins, embeddings=embeddings)
        request = check_request(size, pool_rows=pool_rows, labelled=labelled, seed=seed)
        unlabelled = np.ones(pool_rows, bool)
        unlabelled[request.labelled] = False
        rows = draws.sample(draws.key(request.seed, self.name), np.flatnonzero(unlabelled), request.size)
        story = Story(
            strategy=self.name,
            seed=request.seed,
            size=request.size,
            pool_rows=pool_rows,
            labelled_rows=len(request.labelled),
            candidate_rows=request.unlabelled_rows,
        )
        return Selection(rows, np.zeros(len(rows), np.float32), story)
