"""Entropy and least-confidence sampling: the ranking of margin sampling, by two other scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ladle import scores
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Need
from ladle.strategies.query.request import Request
from ladle.strategies.scored.gumbel_noise import Noise, check_noise, largest_first


@dataclass(frozen=True, slots=True)
class Entropy(Chooser):
    """The unlabelled rows of largest entropy, largest first; a seeded draw decides ties.

    A query needs `probabilities`. The scores of a selection are entropies in nats.

    Parameters
    ----------
    noise : {"none", "power", "softmax", "softrank"}, default "none"
        With noise the batch is a random sample by score instead of the top of the ranking; see
        `ladle.strategies.scored.gumbel_noise`.
    beta : float, default 1.0
        Weight of the score against the noise, above 0.

    Raises
    ------
    ArgumentError
        A parameter is out of range.

    Notes
    -----
    Cost: O(n + size log size) time after the scores; about 9 bytes a row of the pool.

    Repeatability: set by probabilities and seed; a smaller batch is the beginning of a larger one.

    References
    ----------
    Settles & Craven 2008, "An analysis of active learning strategies for sequence labeling tasks".
    """

    noise: Noise = "none"
    beta: float = 1.0
    name: ClassVar[str] = "entropy"
    needs: ClassVar[tuple[Need, ...]] = ("probabilities",)
    summary: ClassVar[str] = "The unlabelled rows of largest entropy, largest first; a seeded draw decides ties."
    cost: ClassVar[str] = "O(n + size log size) time after the scores; about 9 bytes a row of the pool."
    repeats: ClassVar[str] = "set by probabilities and seed; a smaller batch is the beginning of a larger one."
    source: ClassVar[str] = (
        'Settles & Craven 2008, "An analysis of active learning strategies for sequence labeling tasks".'
    )

    def __post_init__(self) -> None:
        check_noise(self.noise, self.beta)

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        unsure = scores.entropy(asked.raw_probabilities(), labelled=asked.request.labelled)
        return _largest_first(unsure, asked.request, self.noise, self.beta)


@dataclass(frozen=True, slots=True)
class LeastConfidence(Chooser):
    """The unlabelled rows whose most likely class is least likely, least likely first; a seeded draw decides ties.

    A query needs `probabilities`. The scores of a selection are 1 - max(p).

    Parameters
    ----------
    noise : {"none", "power", "softmax", "softrank"}, default "none"
        With noise the batch is a random sample by score instead of the top of the ranking; see
        `ladle.strategies.scored.gumbel_noise`.
    beta : float, default 1.0
        Weight of the score against the noise, above 0.

    Raises
    ------
    ArgumentError
        A parameter is out of range.

    Notes
    -----
    Cost: O(n + size log size) time after the scores; about 9 bytes a row of the pool.

    Repeatability: set by probabilities and seed; a smaller batch is the beginning of a larger one.

    References
    ----------
    Lewis & Gale 1994, "A sequential algorithm for training text classifiers".
    """

    noise: Noise = "none"
    beta: float = 1.0
    name: ClassVar[str] = "least-confidence"
    needs: ClassVar[tuple[Need, ...]] = ("probabilities",)
    summary: ClassVar[str] = (
        "The unlabelled rows whose most likely class is least likely, least likely first; a seeded draw decides ties."
    )
    cost: ClassVar[str] = "O(n + size log size) time after the scores; about 9 bytes a row of the pool."
    repeats: ClassVar[str] = "set by probabilities and seed; a smaller batch is the beginning of a larger one."
    source: ClassVar[str] = 'Lewis & Gale 1994, "A sequential algorithm for training text classifiers".'

    def __post_init__(self) -> None:
        check_noise(self.noise, self.beta)

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        unsure = scores.least_confidence(asked.raw_probabilities(), labelled=asked.request.labelled)
        return _largest_first(unsure, asked.request, self.noise, self.beta)


def _largest_first(unsure: npt.NDArray[np.float32], request: Request, noise: Noise, beta: float) -> Choice:
    rows = largest_first(unsure, request, noise, beta)
    chosen = unsure[rows]
    return Choice(rows, chosen, {"score_largest": float(chosen.max()), "score_cutoff": float(chosen.min())})
