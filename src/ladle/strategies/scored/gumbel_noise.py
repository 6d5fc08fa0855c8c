"""Stochastic batches: scores with Gumbel noise, so that a large batch is a sample and not the top of a ranking.

The largest scores after Gumbel noise is added are a sample without replacement. Its probabilities are proportional to
exp(beta s) ("softmax"), s^beta ("power") or rank^-beta ("softrank"). The top of a ranking ignores that each new label
changes the scores; a sample depends less on scores that are out of date, and takes no longer.
Source: Kirsch et al. 2023, "Stochastic batch acquisition", table 1; the method of sampling: Kool, van Hoof & Welling
2019.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from ladle import draws
from ladle.arrays import Rows
from ladle.errors import ArgumentError
from ladle.mixing import Words
from ladle.numbers import choice, number
from ladle.strategies.query.request import Request
from ladle.strategies.scored.candidates import least_sure_first

Noise = Literal["none", "power", "softmax", "softrank"]
LOWEST = -1e30  # stands for the log of a score of 0: below every other, and finite, so that it can be ranked


def check_noise(noise: str, beta: float) -> None:
    """Refuse an unknown noise, and a beta that is not above 0. Raises: ArgumentError."""
    choice(noise, "`noise`", get_args(Noise))
    number(beta, "`beta`", above=0)


def largest_first(unsure: npt.NDArray[np.float32], request: Request, noise: Noise, beta: float) -> Rows:
    """`request.size` unlabelled rows by score and noise, largest sum first: (size,) int64.

    unsure: (n,) float32, large = unsure; 0 or larger for "power".
    Raises: ArgumentError for negative scores under "power". Cost: O(n + size log size), O(n log n) for "softrank".
    """
    if noise == "none":
        return least_sure_first(-unsure, request)
    free = request.free
    keys = np.zeros(len(unsure))
    keys[free] = beta * _logits(unsure[free], noise, request)
    keys += _gumbel(draws.priorities(draws.key(request.seed, "noise"), np.arange(len(unsure))))
    return least_sure_first(np.maximum(keys, LOWEST).astype(np.float32) * np.float32(-1.0), request)


def _logits(unsure: npt.NDArray[np.float32], noise: Noise, request: Request) -> npt.NDArray[np.float64]:
    if noise == "softmax":
        return unsure.astype(np.float64)
    if noise == "softrank":
        lots = draws.priorities(draws.key(request.seed, "ranks"), np.arange(len(unsure)))
        rank = np.empty(len(unsure))
        rank[np.lexsort((lots, -unsure))] = np.arange(1, len(unsure) + 1)
        return -np.log(rank)
    if len(unsure) and unsure.min() < 0:
        raise ArgumentError('`noise="power"`', wanted="have scores of 0 or larger", got=f"{float(unsure.min()):.4g}")
    return np.log(np.maximum(unsure, np.finfo(np.float32).tiny), dtype=np.float64)


def _gumbel(words: Words) -> npt.NDArray[np.float64]:
    """(n,) draws of the standard Gumbel distribution, from random words."""
    uniform = ((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    noise: npt.NDArray[np.float64] = -np.log(-np.log(uniform))
    return noise
