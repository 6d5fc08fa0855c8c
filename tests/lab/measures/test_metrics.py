import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, average_precision_score, f1_score

from ladle.errors import ArgumentError, DataError, NonFiniteError, ShapeError
from ladle.lab.measures.metrics import average_precision, known, measure


def test_the_names_are_those_of_the_protocols():
    assert known() == ("accuracy", "macro_f1", "pooled_ap")
    with pytest.raises(ArgumentError, match="accuracy, macro_f1, pooled_ap"):
        measure("f1", [0], [[1.0]])


@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(2, 7), st.sampled_from([np.float32, np.float64]))
def test_single_labels_agree_with_scikit_learn(seed, examples, classes, dtype):
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=examples)
    scores = random.integers(0, 6, (examples, classes)).astype(dtype)  # many ties
    guesses = scores.argmax(axis=1)
    present = np.unique(labels)
    f1 = f1_score(labels, guesses, labels=present, average="macro", zero_division=0)
    assert measure("accuracy", labels, scores) == pytest.approx(accuracy_score(labels, guesses))
    assert measure("macro_f1", labels, scores) == pytest.approx(f1)
    one_hot = np.eye(classes, dtype=int)[labels]
    assert measure("pooled_ap", labels, scores) == pytest.approx(
        average_precision_score(one_hot.ravel(), scores.ravel())
    )


@given(st.integers(0, 10_000), st.booleans())
def test_pooled_precision_is_that_of_the_verified_pairs(seed, ties):
    random = np.random.default_rng(seed)
    truth = random.integers(-1, 2, (40, 5)).astype(np.int8)
    truth[0, 0] = 1
    scores = random.integers(0, 9, truth.shape) / 8 if ties else random.random(truth.shape)
    verified = truth >= 0
    expected = average_precision_score(truth[verified], scores[verified])
    assert measure("pooled_ap", truth, scores) == pytest.approx(expected)
    # What nobody looked at decides nothing.
    assert measure("pooled_ap", truth, np.where(verified, scores, 1.0)) == pytest.approx(expected)


def test_by_hand():
    # Ranked: yes, no, yes: precision 1 at recall 1/2, 2/3 at recall 1.
    assert average_precision(np.array([True, False, True]), np.array([0.9, 0.8, 0.1])) == pytest.approx(5 / 6)
    # Class 0: 1 hit of 2 examples and 1 guess; class 1: 1 hit of 1 and 2; class 2 has no example.
    scores = np.eye(3)[[0, 1, 1]]
    assert measure("macro_f1", [0, 0, 1], scores) == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match="pooled_ap"):
        measure("accuracy", [[0, 1]], [[0.5, 0.5]])
    with pytest.raises(ShapeError, match="labels"):
        measure("pooled_ap", [[0, 1, 1]], [[0.5, 0.5]])
    with pytest.raises(ShapeError):
        measure("accuracy", [0.0], [[0.5, 0.5]])
    with pytest.raises(DataError, match="0 to 1"):
        measure("macro_f1", [2], [[0.5, 0.5]])
    with pytest.raises(DataError, match="positive"):
        measure("pooled_ap", [[0, -1]], [[0.5, 0.5]])
    with pytest.raises(NonFiniteError):
        measure("accuracy", [0], [[np.nan, 0.5]])
