"""Uniform, Margin, Entropy and LeastConfidence against sorting by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import scipy.stats

import ladle
from ladle import strategies
from ladle.errors import ArgumentError, DataError, MismatchError, NonFiniteError, ProbabilityError

SCORED = {
    "margin": ladle.margin,
    "entropy": lambda P: -ladle.entropy(P),
    "least-confidence": lambda P: -ladle.least_confidence(P),
}


@pytest.mark.parametrize("name", SCORED)
@pytest.mark.parametrize("labelled", [[], list(range(0, 400, 3))])
def test_the_least_sure_come_first(name: str, labelled: list[int]) -> None:
    P = np.random.default_rng(0).dirichlet(np.ones(5), 400)
    ranked = SCORED[name](P)
    order = [row for row in np.argsort(ranked, kind="stable").tolist() if row not in set(labelled)]
    selection = strategies.create(name).query(50, probabilities=P, labelled=labelled)
    assert selection.rows.tolist() == order[:50]
    np.testing.assert_array_equal(np.abs(ranked[selection.rows]), selection.scores)
    everything = strategies.create(name).query(len(order), probabilities=P, labelled=labelled)
    assert everything.rows.tolist() == order


def test_margins_already_computed_do_as_well() -> None:
    P = np.random.default_rng(0).dirichlet(np.ones(5), 400)
    margins = ladle.margin(P)
    wanted = ladle.Margin().query(30, probabilities=P)
    np.testing.assert_array_equal(ladle.Margin().query(30, margins=margins).rows, wanted.rows)
    # Given both, the margins count: here they say the opposite of the probabilities.
    np.testing.assert_array_equal(
        ladle.Margin().query(400, margins=1 - margins, probabilities=P).rows,
        ladle.Margin().query(400, margins=1 - margins).rows,
    )


@pytest.mark.parametrize("name", ["uniform", "margin"])
def test_equal_rows_are_equally_likely_wherever_they_stand(name: str) -> None:
    first, anywhere = Counter(), Counter()
    for seed in range(4000):
        rows = strategies.create(name).query(3, margins=np.full(12, 0.5), labelled=[4, 7], seed=seed).rows.tolist()
        first[rows[0]] += 1
        anywhere.update(rows)
    unlabelled = [row for row in range(12) if row not in (4, 7)]
    assert set(anywhere) == set(unlabelled)
    assert scipy.stats.chisquare([first[row] for row in unlabelled]).pvalue > 0.01
    # Rows of one batch exclude each other, which narrows the counts: too even is not tested, too uneven is.
    assert scipy.stats.chisquare([anywhere[row] for row in unlabelled]).pvalue > 0.01


def test_minus_zero_is_a_tie_with_zero() -> None:
    margins = np.array([0.0, -0.0] * 50, np.float32)
    seen = Counter(row % 2 for seed in range(200) for row in ladle.Margin().query(5, margins=margins, seed=seed).rows)
    assert scipy.stats.chisquare([seen[0], seen[1]]).pvalue > 0.01


@pytest.mark.parametrize("name", ["uniform", "margin", "entropy", "least-confidence"])
def test_a_smaller_batch_is_the_beginning_of_a_larger_one(name: str) -> None:
    P = np.random.default_rng(0).integers(1, 4, (300, 3)).astype(float)  # few distinct rows: ties everywhere
    P /= P.sum(axis=1, keepdims=True)
    strategy = strategies.create(name)
    largest = strategy.query(300, probabilities=P, seed=5).rows
    for size in (1, 2, 50, 299):
        np.testing.assert_array_equal(strategy.query(size, probabilities=P, seed=5).rows, largest[:size])


def test_uniform_needs_only_the_pool_length() -> None:
    wanted = ladle.Uniform().query(5, embeddings=np.zeros((50, 3)), seed=3).rows
    np.testing.assert_array_equal(ladle.Uniform().query(5, margins=np.full(50, np.nan), seed=3).rows, wanted)
    with pytest.raises(ArgumentError, match="`probabilities` or `margins` or `embeddings` or `votes`; got none"):
        ladle.Uniform().query(5)


def test_what_is_needed_and_missing_or_bad() -> None:
    for name in ("entropy", "least-confidence"):
        with pytest.raises(ArgumentError, match="`probabilities`; got none"):
            strategies.create(name).query(1, margins=np.zeros(5))
    with pytest.raises(ArgumentError, match="`margins` or the `probabilities`"):
        ladle.Margin().query(1, embeddings=np.zeros((5, 2)))
    with pytest.raises(NonFiniteError, match="row 2"):
        ladle.Margin().query(1, margins=np.array([0, 0, np.nan]))
    with pytest.raises(ProbabilityError, match="row 0"):
        ladle.Margin().query(1, probabilities=np.array([[3.0, -1.0]]))
    with pytest.raises(MismatchError, match=r"`probabilities` and `embeddings`.*3 and 4 rows"):
        ladle.Margin().query(1, probabilities=np.full((3, 2), 0.5), embeddings=np.zeros((4, 2)))
    with pytest.raises(ArgumentError, match=r"`size` must be between 1 and the unlabelled pool \(3 rows\); got 4\."):
        ladle.Margin().query(4, margins=np.zeros(3))


def test_margins_beyond_float32_are_refused_as_such():
    with pytest.raises(DataError, match=r"fit float32.*1e\+39 in row 1.*Divide all"):
        ladle.Margin().query(1, margins=np.array([1.0, 1e39, 2.0]))
