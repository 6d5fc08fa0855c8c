"""BADGE for yes-or-no classes, against gradients that are taken numerically of the loss of the likeliest label."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies.distance.test_greedy import chances, check_frequencies, embedded, squares

from ladle import strategies
from ladle.errors import ArgumentError, NonFiniteError, ProbabilityError
from ladle.strategies.distance.space import Gradient

STEP = 1e-6


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


def loss(label: np.ndarray, weights: np.ndarray, embedding: np.ndarray) -> float:
    """Minus the logarithm of the chance of a whole label, under a last layer of `weights` (classes, dim)."""
    there = sigmoid(weights @ embedding)
    return -float(np.log(np.where(label == 1, there, 1 - there)).sum())


def numerical_gradients(weights: np.ndarray, embeddings: np.ndarray) -> np.ndarray:
    """(n, classes dim): of each row the slope, along each weight, of the loss if its likeliest label were true.

    The likeliest label is found among all of them, and slopes are differences.
    """
    classes, dim = weights.shape
    labels = [np.array(each) for each in itertools.product((0, 1), repeat=classes)]
    slopes = np.empty((len(embeddings), classes * dim))
    for row, embedding in enumerate(embeddings):
        label = min(labels, key=lambda each: loss(each, weights, embedding))
        for place in range(classes * dim):
            step = np.zeros(classes * dim)
            step[place] = STEP
            ends = [loss(label, weights + sign * step.reshape(classes, dim), embedding) for sign in (1, -1)]
            slopes[row, place] = (ends[0] - ends[1]) / (2 * STEP)
    return slopes


@given(seed=st.integers(0, 1000), n=st.integers(1, 12), classes=st.integers(1, 4), dim=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_distances_are_those_of_the_gradients_of_the_loss(seed: int, n: int, classes: int, dim: int) -> None:
    weights = np.random.default_rng(seed).normal(size=(classes, dim))
    E = embedded(seed, n, dim)
    P = sigmoid(E @ weights.T)
    space = Gradient(P, E, multilabel=True)
    points = space.take(np.arange(n))
    wanted = squares(numerical_gradients(weights, E.astype(np.float64)))
    np.testing.assert_allclose(space.apart(points, points), wanted, atol=1e-4 * max(1.0, wanted.max()))


def several(seed: int, n: int, classes: int) -> np.ndarray:
    return np.random.default_rng(seed).random((n, classes)).astype(np.float32)


def test_picks_are_drawn_by_squared_distance_after_the_longest() -> None:
    P, E = several(5, 6, 3), embedded(5, 6, 2)
    residual = np.where(P > 0.5, P - 1, P).astype(np.float64)
    full = (residual[:, :, None] * E[:, None, :]).reshape(6, -1)
    longest, apart = int(np.argmax((full**2).sum(axis=1))), squares(full)

    def weights(picks: tuple[int, ...]) -> np.ndarray:
        return apart[list(picks)].min(axis=0) if picks else (np.arange(6) == longest).astype(float)

    wanted = {picks: chance for picks, chance in chances(weights, list(range(6)), 3).items() if picks[0] == longest}
    check_frequencies("badge", wanted, options={"multilabel": True}, probabilities=P, embeddings=E)


def test_the_pick_is_unsure_of_most_classes() -> None:
    P = np.array([[0.99, 0.01, 0.98], [0.55, 0.4, 0.5], [0.9, 0.5, 0.1], [0.01, 0.02, 0.01]], np.float32)
    found = strategies.Badge(multilabel=True).query(1, probabilities=P, embeddings=np.ones((4, 2)))
    assert found.rows.tolist() == [1]
    assert found.story.facts["longest_gradient"] == pytest.approx(np.sqrt(2 * (0.45**2 + 0.4**2 + 0.5**2)), rel=1e-5)


def test_parts_and_labelled_rows_take_any_sum_too() -> None:
    P, E = several(1, 60, 4), embedded(1, 60, 3)
    P[[3, 9]] = np.nan
    query = {"probabilities": P, "embeddings": E, "labelled": [3, 9]}
    whole = strategies.create("badge", multilabel=True).query(20, **query)
    parts = strategies.create("badge", multilabel=True, partitions=4).query(20, **query)
    for found in (whole, parts):
        assert len(set(found.rows.tolist()) - {3, 9}) == 20


def test_what_is_no_probability_is_refused() -> None:
    P, E = several(2, 9, 3), embedded(2, 9, 3)
    badge = strategies.Badge(multilabel=True)
    with pytest.raises(ProbabilityError):
        strategies.Badge().query(2, probabilities=P, embeddings=E)
    for value, error in ((1.5, ProbabilityError), (-0.5, ProbabilityError), (np.nan, NonFiniteError)):
        with pytest.raises(error, match="row 4"):
            badge.query(2, probabilities=np.where(np.arange(9)[:, None] == 4, value, P), embeddings=E)
    for option in ("binary", "normalise"):
        with pytest.raises(ArgumentError):
            badge.query(2, probabilities=P, embeddings=E, **{option: True})
    with pytest.raises(ArgumentError, match="give `probabilities`"):
        badge.query(2, embeddings=E)
    with pytest.raises(ArgumentError, match="`multilabel`"):
        strategies.Badge(multilabel="min")  # type: ignore[arg-type]


def test_for_two_outputs_of_one_question_it_is_the_usual_badge() -> None:
    """A softmax of two classes and a sigmoid are one model: by two logits gradients are longer by the root of 2."""
    p, E = several(7, 200, 1), embedded(7, 200, 4)
    one = strategies.Badge(multilabel=True).query(40, probabilities=p, embeddings=E, seed=3)
    two = strategies.Badge().query(40, probabilities=np.hstack([1 - p, p]), embeddings=E, seed=3)
    np.testing.assert_array_equal(one.rows, two.rows)
    np.testing.assert_allclose(2 * one.scores, two.scores, rtol=1e-3, atol=1e-5)
