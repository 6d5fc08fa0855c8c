"""Stochastic batches: the distributions of the paper, and the rankings they leave alone."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import scipy.stats

from ladle import strategies
from ladle.errors import ArgumentError

UNSURE = np.array([0.9, 0.5, 0.3, 0.1, 0.0], np.float32)


@pytest.mark.parametrize(
    ("noise", "beta", "weights"),
    [
        ("softmax", 2.0, np.exp(2.0 * UNSURE.astype(float))),
        ("power", 2.0, UNSURE.astype(float) ** 2),
        ("softrank", 0.5, np.arange(1.0, 6.0) ** -0.5),
    ],
)
def test_rows_are_drawn_in_proportion(noise: str, beta: float, weights: np.ndarray) -> None:
    strategy = strategies.create("margin", noise=noise, beta=beta)
    draws = 4000
    first, second = Counter(), Counter()
    for seed in range(draws):
        rows = strategy.query(2, margins=1 - UNSURE, seed=seed).rows.tolist()
        first[rows[0]] += 1
        second[rows[1]] += 1
    chance = weights / weights.sum()
    then = sum(
        chance[row] * np.where(np.arange(5) == row, 0, weights) / (weights.sum() - weights[row]) for row in range(5)
    )
    for counts, wanted in ((first, chance), (second, then)):
        possible = wanted > 0
        assert sum(counts[row] for row in np.flatnonzero(~possible)) == 0
        seen = [counts[row] for row in np.flatnonzero(possible)]
        assert scipy.stats.chisquare(seen, wanted[possible] * draws).pvalue > 0.001


@pytest.mark.parametrize("name", ["margin", "entropy", "least-confidence"])
def test_much_weight_on_the_score_leaves_the_ranking(name: str) -> None:
    P = np.random.default_rng(0).dirichlet(np.ones(3), 200)
    plain = strategies.create(name).query(20, probabilities=P, labelled=[7])
    for noise in ("softmax", "softrank"):
        sharp = strategies.create(name, noise=noise, beta=1e6).query(20, probabilities=P, labelled=[7])
        assert sharp.rows.tolist() == plain.rows.tolist()
    soft = strategies.create(name, noise="power", beta=1).query(20, probabilities=P, labelled=[7])
    assert soft.rows.tolist() != plain.rows.tolist()
    assert 7 not in soft.rows
    everything = strategies.create(name, noise="power").query(199, probabilities=P, labelled=[7])
    assert len(set(everything.rows.tolist())) == 199


def test_bad_options_are_refused() -> None:
    for options in ({"noise": "gauss"}, {"noise": "power", "beta": 0}, {"noise": "power", "beta": True}):
        with pytest.raises(ArgumentError):
            strategies.create("margin", **options)
    with pytest.raises(ArgumentError, match="0 or larger"):
        strategies.create("margin", noise="power").query(1, margins=[0.2, 1.5])
