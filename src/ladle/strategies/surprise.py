"""Entropy and least-confidence sampling: two other readings of "unsure", on the same ranking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ladle import scores
from ladle.errors import ArgumentError
from ladle.strategies.candidates import least_sure_first
from ladle.strategies.contract import Selection, Story
from ladle.strategies.request import Request, check_request, rows_described

Score = Callable[[npt.ArrayLike], npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Entropy:
    """The unlabelled rows of largest entropy, largest first; ties by a seeded draw.

    Cost: O(n + size log size) time after the scores; about 9 bytes a row of the pool.
    Repeats: set by probabilities and seed; a smaller batch is the beginning of a larger one.
    Source: Settles & Craven 2008.
    """

    name: ClassVar[str] = "entropy"

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
        """Choose `size` rows by `probabilities`, which are needed; `margins` and `embeddings` are ignored.

        `Selection.scores` are entropies in nats. Raises: as the contract.
        """
        pool_rows = rows_described(probabilities=probabilities, margins=margins, embeddings=embeddings)
        request = check_request(size, pool_rows=pool_rows, labelled=labelled, seed=seed)
        return _largest_first(self.name, scores.entropy, probabilities, request)


@dataclass(frozen=True, slots=True)
class LeastConfidence:
    """The unlabelled rows whose most likely class is least likely, least first; ties by a seeded draw.

    Cost: O(n + size log size) time after the scores; about 9 bytes a row of the pool.
    Repeats: set by probabilities and seed; a smaller batch is the beginning of a larger one.
    Source: Lewis & Gale 1994.
    """

    name: ClassVar[str] = "least-confidence"

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
        """Choose `size` rows by `probabilities`, which are needed; `margins` and `embeddings` are ignored.

        `Selection.scores` are 1 - max(p). Raises: as the contract.
        """
        pool_rows = rows_described(probabilities=probabilities, margins=margins, embeddings=embeddings)
        request = check_request(size, pool_rows=pool_rows, labelled=labelled, seed=seed)
        return _largest_first(self.name, scores.least_confidence, probabilities, request)


def _largest_first(name: str, score: Score, probabilities: npt.ArrayLike | None, request: Request) -> Selection:
    if probabilities is None:
        raise ArgumentError(f"a query of {name}", wanted="give `probabilities`", got="none")
    unsure = score(probabilities)
    rows = least_sure_first(-unsure, request)
    story = Story(
        strategy=name,
        seed=request.seed,
        size=request.size,
        pool_rows=request.pool_rows,
        labelled_rows=len(request.labelled),
        candidate_rows=request.unlabelled_rows,
        facts={"score_largest": float(unsure[rows[0]]), "score_cutoff": float(unsure[rows[-1]])},
    )
    return Selection(rows, unsure[rows], story)
